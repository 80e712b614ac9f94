"""How right a method is: masks and heat against the truth."""

import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.traces import Map, Mask


def f1(found: Mask, true: Mask) -> float:
    """Return 2 · TP / (found + true), the published score; 1 when there is nothing and nothing was found."""
    total = int(found.sum() + true.sum())
    return 1.0 if total == 0 else 2 * float((found & true).sum()) / total


def iou(found: Mask, true: Mask) -> float:
    """Return the intersection's share of the union; 1 when there is nothing and nothing was found."""
    union = int((found | true).sum())
    return 1.0 if union == 0 else float((found & true).sum()) / union


def average_precision(heat: Map, true: Mask) -> float:
    """Return the mean of precision over the painted pixels, the hottest first. ``true`` must not be empty."""
    hits = true.ravel()[np.argsort(-heat.ravel(), kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def auc(painted: NDArray[np.float64], untouched: NDArray[np.float64]) -> float:
    """Return the probability that a painted picture's score is above an untouched one's; ties count half."""
    above = (painted[:, None] > untouched[None]).mean()
    return float(above + (painted[:, None] == untouched[None]).mean() / 2)
