"""How good found boxes are: average precision, overlap of what was matched, recall at a rate of false ones.

Average precision as COCO defines it: the mean, over 101 recalls from 0 to 1, of the best precision at that recall or
beyond; a found box is right when it overlaps a bug that no better-scored box has taken. Bugs that nobody can see
count neither way, nor does a box that overlaps one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamproc.inference.detector import iou

Boxes = NDArray[np.float32]
OVERLAPS = tuple(float(value) for value in np.arange(0.5, 0.96, 0.05).round(2))


@dataclass(frozen=True, slots=True)
class Judged:
    """A picture's boxes."""

    boxes: Boxes
    """(N, 4) found: left, top, right, bottom, fractions of the picture."""
    scores: NDArray[np.float32]
    """(N,), 0 to 1."""
    bugs: Boxes
    """(M, 4) that are to be found."""
    ignored: Boxes
    """(K, 4) that count neither way."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Found boxes of all pictures, best score first, at one required overlap."""

    scores: NDArray[np.float32]
    """(N,)."""
    right: NDArray[np.bool_]
    """(N,), whether each is a bug."""
    overlaps: NDArray[np.float32]
    """(N,), with the bug it was matched with; 0 for a wrong one."""
    bugs: int
    """How many there are to find."""
    pictures: int
    """How many were looked at."""


def curve(pictures: Sequence[Judged], overlap: float = 0.5) -> Curve:
    """Match found boxes with bugs, picture by picture, the best-scored first."""
    rows = [row for judged in pictures for row in _matched(judged, overlap)]
    rows.sort(key=lambda row: -row[0])
    table = np.array(rows, np.float32).reshape(-1, 3)
    bugs = sum(len(judged.bugs) for judged in pictures)
    return Curve(table[:, 0], table[:, 1] > 0, table[:, 2], bugs, len(pictures))


def average_precision(of: Curve) -> float:
    """Return the average precision, 0 to 1; 0 when there is nothing to find."""
    if of.bugs == 0 or of.scores.size == 0:
        return 0.0
    hits = np.cumsum(of.right)
    precision = hits / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(hits / of.bugs, np.linspace(0, 1, 101))
    return float(np.append(best, 0)[at].mean())


def recall_at(of: Curve, false_a_picture: float) -> tuple[float, float]:
    """Return the recall when so many false boxes a picture are borne, and the least score that keeps to it."""
    allowed = false_a_picture * of.pictures
    kept = np.cumsum(~of.right) <= allowed
    if of.bugs == 0 or not kept.any():
        return 0.0, 1.0
    return float(of.right[kept].sum() / of.bugs), float(of.scores[kept][-1])


def mean_overlap(of: Curve, threshold: float) -> float:
    """Return the mean overlap of the right boxes from a score on; 0 when there are none."""
    chosen = of.right & (of.scores >= threshold)
    return float(of.overlaps[chosen].mean()) if chosen.any() else 0.0


def summary(pictures: Sequence[Judged], threshold: float) -> dict[str, float | int]:
    """Return the figures that are published for a lot of pictures."""
    at_half = curve(pictures)
    return {
        "pictures": len(pictures),
        "bugs": at_half.bugs,
        "map_50": round(average_precision(at_half), 4),
        "map_50_95": round(float(np.mean([average_precision(curve(pictures, least)) for least in OVERLAPS])), 4),
        "recall_at_0.1_false_a_picture": round(recall_at(at_half, 0.1)[0], 4),
        "recall_at_threshold": round(_recall(at_half, threshold), 4),
        "false_a_picture_at_threshold": round(_false(at_half, threshold), 4),
        "mean_iou_of_found": round(mean_overlap(at_half, threshold), 4),
    }


def _recall(of: Curve, threshold: float) -> float:
    return float(of.right[of.scores >= threshold].sum() / max(1, of.bugs))


def _false(of: Curve, threshold: float) -> float:
    return float((~of.right[of.scores >= threshold]).sum() / max(1, of.pictures))


def _matched(judged: Judged, overlap: float) -> list[tuple[float, float, float]]:
    """Return (score, 1 or 0, overlap) of each found box that counts."""
    with_bugs, with_ignored = iou(judged.boxes, judged.bugs), iou(judged.boxes, judged.ignored)
    free = np.ones(len(judged.bugs), bool)
    rows: list[tuple[float, float, float]] = []
    for index in np.argsort(-judged.scores, kind="stable"):
        overlaps = np.where(free, with_bugs[index], 0)
        best = int(overlaps.argmax()) if overlaps.size else -1
        if best >= 0 and overlaps[best] >= overlap:
            free[best] = False
            rows.append((float(judged.scores[index]), 1.0, float(overlaps[best])))
        elif not (with_ignored[index] > 0.2).any():
            rows.append((float(judged.scores[index]), 0.0, 0.0))
    return rows
