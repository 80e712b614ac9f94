"""Our own method: networks' heat, made into a mask, a score, and whether the surroundings can tell.

The networks (streamproc/training/forensics/network.py) give a heat; everything from there on is here, and pure. What
is hot falls into parts; how sure a part is comes from how hot it and the ring around it are, from how large and how
compact it is, and from the texture around it and in it, weighed as in logistic regression.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.bars import within_bars
from streamproc.forensics.odds import likelihood
from streamproc.forensics.traces import Box, Map, Picture, Reliability, Traces

_RING: Final = np.ones((17, 17), np.uint8)
_REACH: Final = len(_RING) // 2
_MOST_PARTS: Final = 64  # the largest: a picture that is hot in more places is noise
_COLDEST: Final = 1e-4
SMALL: Final = 400
"""Pixels of a part, below which it is small."""
FEATURES: Final = (
    "logit, mean",
    "logit, highest",
    "logit around, mean",
    "pixels, log2",
    "heat of the picture, mean, log2",
    "texture around, log2",
    "texture within, log2",
    "touches the rim",
    "hot elsewhere, share, log2",
)
"""What a part's sureness is computed from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How heat becomes a mask; chosen by measurement, kept in the model's card."""

    edge: float = 0.5
    """A part reaches as far as pixels are at least so hot."""
    least_area: int = 32
    """Pixels of a part; smaller ones are dropped."""
    least_texture: float = 1.0
    """Mean |Laplacian| of luma, grey levels, in the ring around a part, below which nothing can be told."""
    weights: tuple[float, ...] = (0.0, 1.0, *[0.0] * (len(FEATURES) - 2))
    """Of :data:`FEATURES`."""
    bias: float = 0.0
    """Added to their weighed sum; the logistic function of it is how sure a part is."""
    small_weights: tuple[float, ...] = (0.0, 1.0, *[0.0] * (len(FEATURES) - 2))
    """The same of parts smaller than :data:`SMALL`, which other things tell from noise."""
    small_bias: float = 0.0
    """The same of such parts."""
    sure: float = 0.5
    """Parts less sure than this are dropped."""
    certain: float = 0.9
    """From here on a picture's reliability is good; below it is weak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A connected part of what is hot."""

    number: int
    """Its label."""
    box: Box
    area: int
    """Pixels."""
    texture: float
    """Mean |Laplacian| of luma in the ring around it."""
    features: tuple[float, ...]
    """See :data:`FEATURES`."""


def luma(picture: Picture) -> NDArray[np.float32]:
    """Return the luma, (H, W) in [0, 255], of (H, W, 3) RGB."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def texture(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the absolute Laplacian of luma: how much goes on at each pixel, noise included."""
    return np.asarray(np.abs(cv2.Laplacian(light, cv2.CV_32F, borderType=cv2.BORDER_REPLICATE)), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hot:
    """What is hot in a picture."""

    window: tuple[slice, slice]
    """Rows and columns that hold all of it, and the rings around it."""
    labels: NDArray[np.int32]
    """(h, w) of the window: which part each pixel belongs to; 0 for none."""
    parts: tuple[Part, ...]
    """The largest first, without those that are too small."""


def judged(heat: Map, picture: Picture, how: Verdict) -> Traces:
    """Return what a heat map says. heat: (H, W) in [0, 1]; picture: (H, W, 3)."""
    busy = texture(luma(picture))
    hot = hot_parts(heat, picture, busy, how)
    flat = any(part.texture < how.least_texture for part in hot.parts)
    sure = {part.number: sureness(part, how) for part in hot.parts if part.texture >= how.least_texture}
    kept = [part for part in hot.parts if sure.get(part.number, 0.0) >= how.sure]
    mask = np.zeros(heat.shape, bool)
    if kept:
        chosen = np.zeros(int(hot.labels.max()) + 1, bool)
        chosen[[part.number for part in kept]] = True
        mask[hot.window] = chosen[hot.labels]
    score = max((sure[part.number] for part in kept), default=0.0)
    return Traces(
        heat=heat,
        mask=mask,
        boxes=tuple(part.box for part in kept),
        score=score,
        reliability=_reliability(score, flat, busy, how),
    )


def sureness(part: Part, how: Verdict) -> float:
    """Return how sure it is that a part was painted, in [0, 1]."""
    small = part.area < SMALL
    weights, bias = (how.small_weights, how.small_bias) if small else (how.weights, how.bias)
    odds = bias + sum(weight * value for weight, value in zip(weights, part.features, strict=True))
    return float(likelihood(np.asarray(odds, np.float64)))


def hot_parts(heat: Map, picture: Picture, busy: NDArray[np.float32], how: Verdict) -> Hot:
    """Return the parts of what is hot, bars left out. busy: the texture, (H, W)."""
    hot = np.zeros(heat.shape, np.uint8)
    inside = within_bars(picture)
    hot[inside] = heat[inside] >= how.edge
    left, top, width, height = cv2.boundingRect(hot)
    if not width:
        return Hot(window=np.s_[:0, :0], labels=np.zeros((0, 0), np.int32), parts=())
    window = _grown(np.s_[top : top + height, left : left + width])
    _, labels, stats, _ = cv2.connectedComponentsWithStats(hot[window], connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    largest = [int(number) for number in np.argsort(-areas, kind="stable")[:_MOST_PARTS] + 1]
    seen = _Seen(heat[window], busy[window], labels, (window[0].start, window[1].start), inside, _warmth(heat))
    parts = tuple(
        seen.part(number, stats[number], int(areas.sum() - areas[number - 1]) / heat.size)
        for number in largest
        if areas[number - 1] >= how.least_area
    )
    return Hot(window=window, labels=np.asarray(labels, np.int32), parts=parts)


def _grown(window: tuple[slice, slice]) -> tuple[slice, slice]:
    """Return the window with room for a ring around what is in it."""
    rows, columns = (slice(max(one.start - _REACH, 0), one.stop + _REACH) for one in window)
    return rows, columns


@dataclass(frozen=True, slots=True)
class _Seen:
    """A window of a picture in which parts are looked at."""

    heat: Map
    busy: NDArray[np.float32]
    labels: NDArray[np.int32]
    corner: tuple[int, int]
    """Its first row and column in the picture."""
    inside: tuple[slice, slice]
    """The picture's rows and columns without bars."""
    warmth: float
    """Mean heat of the whole picture, log2: a picture that is warm all over tells little."""

    def part(self, number: int, stats: NDArray[np.int32], hot: float) -> Part:
        """Return a part. stats: OpenCV's; hot: how much of the picture is, beside this part."""
        x, y, width, height, area = (int(value) for value in stats)
        window = _grown(np.s_[y : y + height, x : x + width])
        within = self.labels[window] == number
        ring = (cv2.dilate(within.astype(np.uint8), _RING) > 0) & ~within
        odds = _logit(self.heat[window])
        busy = self.busy[window]
        around = float(busy[ring].mean()) if ring.any() else 0.0
        top, left = self.corner
        box = Box(left=left + x, top=top + y, right=left + x + width, bottom=top + y + height)
        rows, columns = self.inside
        rim = box.top <= rows.start + 1 or box.left <= columns.start + 1
        rim = rim or box.bottom >= rows.stop - 1 or box.right >= columns.stop - 1
        features = (
            float(odds[within].mean()),
            float(odds[within].max()),
            float(odds[ring].mean()) if ring.any() else 0.0,
            float(np.log2(area)),
            self.warmth,
            float(np.log2(around + 0.1)),
            float(np.log2(float(busy[within].mean()) + 0.1)),
            float(rim),
            float(np.log2(hot + 1e-4)),
        )
        return Part(number=number, box=box, area=area, texture=around, features=features)


def _warmth(heat: Map) -> float:
    return float(np.log2(float(heat.mean()) + 1e-3))


def _logit(heat: Map) -> NDArray[np.float32]:
    bounded = np.clip(heat, _COLDEST, 1 - _COLDEST)
    return np.asarray(np.log(bounded / (1 - bounded)), np.float32)


def _reliability(score: float, flat: bool, busy: NDArray[np.float32], how: Verdict) -> Reliability:
    if score > 0:
        return Reliability.GOOD if score >= how.certain else Reliability.WEAK
    undecidable = flat or float(busy.mean()) < how.least_texture
    return Reliability.UNDECIDABLE if undecidable else Reliability.GOOD
