"""Our own method: a small network's heat on luma, made into a mask, a score, and whether the surroundings can tell.

The network (streamproc/training/forensics/network.py) gives a heat; everything from there on is here, and pure.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.bars import within_bars
from streamproc.forensics.traces import Map, Mask, Picture, Reliability, Traces, boxes_of

_RING: Final = np.ones((17, 17), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How heat becomes a mask; chosen by measurement, kept in the model's card."""

    sure: float = 0.5
    """A part must have a pixel at least so hot."""
    edge: float = 0.5
    """And it reaches as far as pixels are at least so hot."""
    least_area: int = 32
    """Pixels of a part; smaller ones are dropped."""
    least_texture: float = 1.2
    """Mean |Laplacian| of luma, grey levels, in the ring around a part, below which nothing can be told."""


def luma(picture: Picture) -> NDArray[np.float32]:
    """Return the luma, (H, W) in [0, 255], of (H, W, 3) RGB."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def texture(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the absolute Laplacian of luma: how much goes on at each pixel, noise included."""
    return np.asarray(np.abs(cv2.Laplacian(light, cv2.CV_32F, borderType=cv2.BORDER_REPLICATE)), np.float32)


def judged(heat: Map, picture: Picture, how: Verdict) -> Traces:
    """Return what a heat map says. heat: (H, W) in [0, 1]; picture: (H, W, 3)."""
    busy = texture(luma(picture))
    hot = np.zeros(heat.shape, np.uint8)
    window = within_bars(picture)
    hot[window] = heat[window] >= how.edge
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(hot, connectivity=8)
    kept, scores, flat = np.zeros(count, bool), [0.0], False
    for number in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[number])
        reach = len(_RING) // 2
        window = np.s_[max(top - reach, 0) : top + height + reach, max(left - reach, 0) : left + width + reach]
        part = numbers[window] == number
        hottest = float(heat[window][part].max())
        if area < how.least_area or hottest < how.sure:
            continue
        if _around(busy[window], part) < how.least_texture:
            flat = True
            continue
        kept[number] = True
        scores.append(hottest)
    mask = np.asarray(kept[numbers])
    return Traces(
        heat=heat,
        mask=mask,
        boxes=boxes_of(mask),
        score=max(scores),
        reliability=_reliability(mask, scores, flat, busy, how),
    )


def _around(busy: NDArray[np.float32], part: Mask) -> float:
    ring = (cv2.dilate(part.astype(np.uint8), _RING) > 0) & ~part
    return float(busy[ring].mean()) if ring.any() else 0.0


def _reliability(mask: Mask, scores: list[float], flat: bool, busy: NDArray[np.float32], how: Verdict) -> Reliability:
    if mask.any():
        return Reliability.GOOD if max(scores) >= (1 + how.sure) / 2 else Reliability.WEAK
    undecidable = flat or float(busy.mean()) < how.least_texture
    return Reliability.UNDECIDABLE if undecidable else Reliability.GOOD
