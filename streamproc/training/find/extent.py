"""How far a mark reaches, once it is known when it is there.

What is found first are edges that stay. Of a bug with a light and a dark part, or with a part as bright as most
grounds, they are but a piece. All of a bug covers what lies behind it, though, whatever its colour, and only while it
is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.training.cutout import FEWEST, cut_out
from streamproc.training.find.candidates import groups, grown, overlap, union
from streamproc.training.find.gradients import Field
from streamproc.training.find.samples import LUMA, Box, Samples

_SURE = 0.95  # probability of pictures that count as with the mark; 1 less it of those that count as without
_PRESENT, _ABSENT = 100, 60  # pictures that are looked at, at most
_PIXELS = 1_000_000  # of either kind together: `cut_out` holds them some ten times as floats
_LOOKS = 3  # farther and farther around
_MARGIN, _LEAST_MARGIN = 0.6, 24  # around the mark: of its longer side, and in pixels
_ROOM = 4  # pixels that must be free around it
_OPAQUE = 0.08  # from which on a pixel may be the mark's
_SHARE = 0.25  # the same, of the opacity of the mark's most opaque pixels
_CORE = 0.35  # of it, that each part must reach somewhere
_BAR = 0.85  # share of a row or column that is opaque where there is a letterbox or a caption band
_EDGE = 3  # rows or columns beside a bar that are as good as on it
_STILL = 6.0  # spread, grey levels, up to which a bar is of one colour all the time
_DRAWN = 12.0  # grey levels by which what is drawn on a bar differs from it
_LEAST_PIXELS = 6
_RIM = 2  # pixels by which edges may lie outside of a mark
_CLUTTER = (
    0.1  # of the window that is opaque beside the mark, from which on too few pictures tell, or all show the same
)
_AROUND = 7  # pixels across, around a part, that show its shape
_SAME_SHAPE = 0.7  # correlation
_LARGEST = 20.0  # times the area that was known before


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a mark."""

    box: Box
    """Where edges of it stay."""
    probability: NDArray[np.float64]
    """(N,) that it is there."""


def reach(samples: Samples, seen: Seen, others: Sequence[Box]) -> Box:
    """Return the box of all that covers the picture with a mark, and goes with it; as it was when that can't be told.

    others: marks of their own; what is opaque there is not this one's.
    """
    box = seen.box
    for _ in range(_LOOKS):
        margin = max(_LEAST_MARGIN, round(_MARGIN * max(box[2] - box[0], box[3] - box[1])))
        window = grown(box, margin, margin, samples.shape)
        found = _within(samples, seen, window, others)
        if found is None or _area(found) > _LARGEST * _area(seen.box):
            return seen.box
        if not _touches(found, window, samples.shape):
            return found
        box = union(box, found)
    return seen.box


def _within(samples: Samples, seen: Seen, window: Box, others: Sequence[Box]) -> Box | None:
    """Return the box of what belongs to a mark in a window; None when nothing can be told."""
    opacity = _opacity(samples, seen, window)
    if opacity is None:
        return None
    own = _inside(seen.box, window)
    usual = float(np.percentile(opacity[own], 90))
    mask = opacity > max(_OPAQUE, _SHARE * usual)
    bars = _bars(mask)
    mask = np.where(bars, _on_bars(samples, seen, window, bars), mask)
    for other in others:
        mask &= ~_inside(grown(other, _RIM, _RIM, samples.shape), window)
    parts = [part for part in _parts(mask) if opacity[part].max() >= _CORE * usual]
    whole = np.logical_or.reduce([part for part in parts if (part & own).any()] or [np.zeros_like(own)])
    beside = [part for part in parts if not (part & own).any()]
    without = _opacity_without(samples, seen, window) if beside else None
    for part in beside:
        if without is None or not _remains(opacity, without, part):
            whole |= part
    pieces = [piece for piece, _ in groups(whole) if overlap(_moved(piece, window), seen.box)]
    if not pieces:
        return None
    found = pieces[0]
    for piece in pieces[1:]:
        found = union(found, piece)
    clutter = mask.copy()
    clutter[found[1] : found[3], found[0] : found[2]] = False
    if clutter.mean() > _CLUTTER:
        return None
    # A part may be too faint for this: of what was known only the rim is in doubt.
    return union(_moved(found, window), _core(seen.box))


def _bars(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (h, w): where what is opaque (h, w) goes across, with what coding leaves at its edge.

    Between two bars is a ticker's text.
    """
    found = []
    for along in (mask.mean(axis=1) > _BAR, mask.mean(axis=0) > _BAR):
        band = np.zeros_like(along)
        places = np.flatnonzero(along)
        if len(places):
            band[max(0, places[0] - _EDGE) : places[-1] + 1 + _EDGE] = True
        found.append(band)
    return np.asarray(found[0][:, None] | found[1][None])


def _on_bars(samples: Samples, seen: Seen, window: Box, bars: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (h, w): where something is drawn on a bar; behind it nothing changes that could tell how opaque it is."""
    # Brightness alone: colour is spread over a bar's edge by the way it is coded.
    pictures = samples.chosen(_some(seen.probability > _SURE, _PRESENT)).plane(LUMA, window).astype(np.float32)
    still = bars & (pictures.std(axis=0) < _STILL)
    mean = pictures.mean(axis=0)
    usual = np.median(mean[still]) if still.any() else mean
    return np.asarray(still & (np.abs(mean - usual) > _DRAWN))


def _opacity(samples: Samples, seen: Seen, window: Box) -> Field | None:
    """Return (h, w): how opaque each pixel is while the mark is there, as far as two halves of the scenes agree."""
    halves = []
    # At random: two cameras of a studio may take turns.
    side = np.random.default_rng(0).permutation(int(samples.scenes.max()) + 1)[samples.scenes] % 2
    for half in (0, 1):
        mine = side == half
        present = _some(mine & (seen.probability > _SURE), _PRESENT)
        absent = _some(mine & (seen.probability < 1 - _SURE), _ABSENT)
        opacity = _cut_out(samples, window, present, absent)
        if opacity is None:
            return None
        halves.append(opacity)
    return np.asarray(np.minimum(*halves), np.float32)


def _opacity_without(samples: Samples, seen: Seen, window: Box) -> Field | None:
    """Return (h, w): how opaque each pixel is while the mark is away; None when it hardly ever is."""
    absent = _some(seen.probability < 1 - _SURE, _PRESENT)
    return _cut_out(samples, window, absent, absent[:0])


def _cut_out(samples: Samples, window: Box, present: NDArray[np.int64], absent: NDArray[np.int64]) -> Field | None:
    if len(present) < FEWEST:
        return None
    most = max(3 * FEWEST, _PIXELS // _area(window))
    present, absent = _spread(present, most), _spread(absent, most)
    try:
        ground = samples.chosen(absent).coloured(window) if len(absent) >= FEWEST else None
        layer = cut_out(samples.chosen(present).coloured(window), ground)
    except ModelError:
        return None
    return np.asarray(layer[:, :, 3] / np.float32(255), np.float32)


def _remains(opacity: Field, without: Field, part: NDArray[np.bool_]) -> bool:
    """Tell whether a part (h, w) is there while the mark is away, too: whether it is opaque in the same shape."""
    near = cv2.dilate(part.astype(np.uint8), np.ones((_AROUND, _AROUND), np.uint8)) > 0
    one, other = opacity[near] - opacity[near].mean(), without[near] - without[near].mean()
    return float(one @ other) > _SAME_SHAPE * float(np.linalg.norm(one) * np.linalg.norm(other))


def _parts(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    large = [number for number in range(1, count) if stats[number, cv2.CC_STAT_AREA] >= _LEAST_PIXELS]
    return [labels == number for number in large]


def _some(which: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
    return _spread(np.flatnonzero(which), most)


def _spread(indices: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    if len(indices) <= most:
        return indices
    return np.asarray(indices[np.linspace(0, len(indices) - 1, most).astype(int)])


def _inside(box: Box, window: Box) -> NDArray[np.bool_]:
    """Return (h, w) of a window: which pixels lie in a box."""
    inside = np.zeros((window[3] - window[1], window[2] - window[0]), bool)
    left, top = max(0, box[0] - window[0]), max(0, box[1] - window[1])
    inside[top : max(0, box[3] - window[1]), left : max(0, box[2] - window[0])] = True
    return inside


def _moved(box: Box, window: Box) -> Box:
    return box[0] + window[0], box[1] + window[1], box[2] + window[0], box[3] + window[1]


def _core(box: Box) -> Box:
    across, down = (min(_RIM, (box[end] - box[start]) // 4) for start, end in ((0, 2), (1, 3)))
    return box[0] + across, box[1] + down, box[2] - across, box[3] - down


def _touches(box: Box, window: Box, shape: tuple[int, int]) -> bool:
    """Tell whether a box ends so near its window's border that there may be more of it beyond."""
    whole = 0, 0, shape[1], shape[0]
    room = box[0] - window[0], box[1] - window[1], window[2] - box[2], window[3] - box[3]
    return any(free < _ROOM and side != end for free, side, end in zip(room, window, whole, strict=True))


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
