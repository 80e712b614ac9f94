"""A method's figures over a folder of pictures and masks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from streamproc.forensics.scoring import auc, average_precision, f1, iou
from streamproc.forensics.traces import Mask, Method, Picture, Reliability


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One picture against its truth."""

    name: str
    painted: bool
    """Whether anything in it is."""
    score: float
    reliability: Reliability
    f1: float
    iou: float
    average_precision: float | None
    """None for an untouched picture."""
    flagged: float
    """Share of the untouched pixels taken for painted."""


def examined(method: Method, pictures: Iterable[tuple[str, Picture, Mask]]) -> list[Examined]:
    """Return what a method makes of pictures whose truth is known. Raises PictureError."""
    found = []
    for name, picture, true in pictures:
        traces = method.examine(picture)
        clear = ~true
        found.append(
            Examined(
                name=name,
                painted=bool(true.any()),
                score=traces.score,
                reliability=traces.reliability,
                f1=f1(traces.mask, true),
                iou=iou(traces.mask, true),
                average_precision=average_precision(traces.heat, true) if true.any() else None,
                flagged=float(traces.mask[clear].mean()) if clear.any() else 0.0,
            )
        )
    return found


def figures(found: Sequence[Examined]) -> dict[str, Any]:
    """Return the means that evaluation.json holds; what there is no picture for is None."""
    painted, untouched = ([one for one in found if one.painted is kind] for kind in (True, False))
    scores = [np.array([one.score for one in side]) for side in (painted, untouched)]
    return {
        "painted": len(painted),
        "untouched": len(untouched),
        "f1": _mean([one.f1 for one in painted]),
        "iou": _mean([one.iou for one in painted]),
        "average_precision": _mean([one.average_precision for one in painted if one.average_precision is not None]),
        "auc": round(auc(*scores), 4) if painted and untouched else None,
        "untouched_with_a_box": _mean([float(one.flagged > 0) for one in untouched]),
        "untouched_pixels_flagged": _mean([one.flagged for one in found]),
        "undecidable": _mean([float(one.reliability is Reliability.UNDECIDABLE) for one in found]),
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None
