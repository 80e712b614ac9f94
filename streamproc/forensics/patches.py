"""The patch-based method: finds holes that were filled with pieces from elsewhere in the same picture.

An exemplar inpainter (Criminisi, Pérez, Toyama 2004) fills a hole with many small pieces, each copied from another
place. So a hole is where repeats lie side by side whose partners are scattered: connected as a region, with offsets
that are constant piece by piece. After Chang, Yu, Chang 2013 ("A forgery detection algorithm for exemplar-based
inpainting images using multi-region relation") and Liang and others 2015 ("An efficient forgery detection algorithm
for object removal by exemplar-based image inpainting"); the nearest-neighbour field and its clean-up by offsets are
in the manner of Cozzolino, Poggi, Verdoliva 2015 ("Efficient dense-field copy-move forgery detection").
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.bars import within_bars
from streamproc.forensics.nearest import Repeats, busy_share, repeats
from streamproc.forensics.pieces import matched
from streamproc.forensics.residual import luma
from streamproc.forensics.traces import Map, Mask, Picture, Reliability, Traces, boxes_of, refuse_small

_SIZES: Final = (3, 4), (4, 3)
"""Windows of exact repeats: two of 3×3 side by side whose offsets agree."""
_ROUNDS = 3  # of telling a copy from its source; nothing changes after that
_TILE, _OVERLAP = 2048, 256  # pixels: larger pictures are looked at piece by piece, for bounded memory
_NEAR_TILE, _NEAR_OVERLAP = 640, 128  # the same where near repeats are looked for
_NEAR_PIXELS = 2_200_000  # larger pictures are reduced before near repeats are looked for, which takes 13 s a megapixel
_SMALLEST = 16  # pixels: narrower tiles are left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """How repeats are joined to regions."""

    window: int
    """Side of the square in which repeats are counted."""
    density: float
    """Share of that square which must be repeats."""
    closed: int
    """Radius of the gaps between pieces that are closed."""
    opened: int
    """Radius of what is too thin for a hole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How repeats become a mask; chosen on photographs that the benchmark does not measure on."""

    exact: Grouping = Grouping(window=13, density=0.25, closed=4, opened=3)
    least_range: int = 5
    """Grey levels between the darkest and the lightest pixel of a window, below which it repeats by chance."""
    least_area: int = 30
    """Repeated pixels of a part; smaller ones are dropped."""
    sure_area: int = 120
    """Repeated pixels from which on a part is sure."""
    least_busy: float = 0.1
    """Share of windows that are not flat, below which nothing can be told."""
    near: Grouping = Grouping(window=17, density=0.35, closed=5, opened=3)
    piece: float = 25.0
    """Nats of evidence that a near repeat of one offset must have."""
    least_evidence: float = 200.0
    """Nats of a part's near repeats together; weaker ones are dropped."""
    sure_evidence: float = 600.0
    """Nats from which on it is sure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What was seen on a picture or a tile of it."""

    heat: Map
    mask: Mask
    sureness: float
    """Of the surest part, where 1 is sure; 0 without any."""
    untold: bool
    """Whether it is flat, or repeats itself, so that copies could not be told."""


class Patches:
    """Finds what was copied patch by patch (Criminisi and relatives). Needs no model.

    On lossless pictures every piece is the same as its source in every bit, however small. Where pieces were blended,
    or coding has changed them, only larger ones are found.
    """

    def __init__(self, how: Rules | None = None) -> None:
        self._how = Rules() if how is None else how

    @property
    def name(self) -> str:
        """Short name."""
        return "patches"

    def examine(self, picture: Picture) -> Traces:
        """Look at a picture, (H, W, 3) uint8 RGB. Raises PictureError when it is smaller than 16×16."""
        refuse_small(picture)
        exact, near = _looked_at(picture, self._how), _nearly(picture, self._how)
        looked = _Looked(
            heat=np.maximum(exact.heat, near.heat),
            mask=exact.mask | near.mask,
            sureness=max(exact.sureness, near.sureness),
            untold=exact.untold or near.untold,
        )
        return Traces(
            heat=looked.heat,
            mask=looked.mask,
            boxes=boxes_of(looked.mask),
            score=1 - math.pow(2, -looked.sureness),
            reliability=_reliability(looked),
        )


def _reliability(looked: _Looked) -> Reliability:
    if not looked.mask.any():
        return Reliability.UNDECIDABLE if looked.untold else Reliability.GOOD
    return Reliability.GOOD if looked.sureness >= 1 else Reliability.WEAK


def _looked_at(picture: Picture, how: Rules) -> _Looked:
    """Look for exact repeats."""
    tiles = _tiles(within_bars(picture), _TILE, _OVERLAP)
    return _whole(picture.shape[:2], [(tile, _exactly(np.ascontiguousarray(picture[tile]), how)) for tile in tiles])


def _nearly(picture: Picture, how: Rules) -> _Looked:
    """Look for near repeats, on a smaller picture where this one is large."""
    height, width = picture.shape[:2]
    scale = min(1.0, (_NEAR_PIXELS / (height * width)) ** 0.5)
    small = picture
    if scale < 1:
        size = round(width * scale), round(height * scale)
        small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    tiles = _tiles(within_bars(small), _NEAR_TILE, _NEAR_OVERLAP)
    seen = _whole(small.shape[:2], [(tile, _roughly(np.ascontiguousarray(small[tile]), how)) for tile in tiles])
    if scale == 1:
        return seen
    heat = np.asarray(cv2.resize(seen.heat, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    mask = cv2.resize(seen.mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    return _Looked(heat=heat, mask=np.asarray(mask), sureness=seen.sureness, untold=seen.untold)


_Tile = tuple[slice, slice]


def _whole(shape: tuple[int, ...], looked: Sequence[tuple[_Tile, _Looked]]) -> _Looked:
    """Put tiles together."""
    heat, mask = np.zeros(shape, np.float32), np.zeros(shape, bool)
    for tile, one in looked:
        np.maximum(heat[tile], one.heat, out=heat[tile])
        mask[tile] |= one.mask
    sureness = max((one.sureness for _, one in looked), default=0.0)
    return _Looked(heat=heat, mask=mask, sureness=sureness, untold=all(one.untold for _, one in looked))


def _tiles(window: _Tile, side: int, overlap: int) -> Iterator[_Tile]:
    """Yield tiles of a window that overlap, none of them too small to be looked at."""

    def along(line: slice) -> list[slice]:
        length = line.stop - line.start
        if length < _SMALLEST:
            return []
        starts = range(0, max(length - overlap, 1), side - overlap)
        return [slice(line.start + one, min(line.start + one + side, line.stop)) for one in starts]

    for rows in along(window[0]):
        for columns in along(window[1]):
            yield rows, columns


def _exactly(picture: Picture, how: Rules) -> _Looked:
    found = [repeats(picture, size, how.least_range) for size in _SIZES]
    copied = _copied(picture.shape[:2], found, how.exact.window)
    mask = _regions(copied, how.exact)
    rows, columns = np.nonzero(copied)
    areas = _summed(mask, rows, columns, np.ones(len(rows)))
    kept = _Kept.of(areas, how.least_area, _repeating_itself(mask, copied, found))
    flat = all(busy_share(picture, size, how.least_range) < how.least_busy for size in _SIZES)
    return _Looked(
        heat=_density(copied, how.exact.window),
        mask=kept.mask,
        sureness=kept.most / how.sure_area,
        untold=flat or kept.left_out,
    )


def _roughly(picture: Picture, how: Rules) -> _Looked:
    found = matched(luma(picture), how.piece)
    copied = _copied(picture.shape[:2], [found.repeats], how.near.window)
    mask = _regions(copied, how.near)
    evidence = _summed(mask, *_middles(found.repeats.first, found.repeats), found.worth)
    kept = _Kept.of(evidence, how.least_evidence, _repeating_itself(mask, copied, [found.repeats]))
    return _Looked(
        heat=_density(copied, how.near.window),
        mask=kept.mask,
        sureness=kept.most / how.sure_evidence,
        untold=kept.left_out,
    )


@dataclass(frozen=True, slots=True)
class _Sums:
    """What each part of a mask amounts to; part 0 is what is outside."""

    numbers: NDArray[np.signedinteger[Any]]
    sums: NDArray[np.float64]


def _summed(mask: Mask, rows: NDArray[np.intp], columns: NDArray[np.intp], worth: NDArray[np.float64]) -> _Sums:
    count, numbers = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return _Sums(numbers, np.asarray(np.bincount(numbers[rows, columns], worth, count), np.float64))


@dataclass(frozen=True, slots=True)
class _Kept:
    """The parts that are left."""

    mask: Mask
    most: float
    """What the best of them amounts to."""
    left_out: bool
    """Whether there was one that only repeats itself."""

    @classmethod
    def of(cls, parts: _Sums, least: float, itself: Mask) -> Self:
        """Keep the parts that amount to so much, without those that repeat themselves."""
        enough = parts.sums >= least
        enough[0] = False
        own = np.zeros_like(enough)
        own[np.unique(parts.numbers[itself])] = True
        kept = enough & ~own
        most = float(parts.sums[kept].max()) if kept.any() else 0.0
        return cls(np.asarray(kept[parts.numbers]), most, bool((enough & own).any()))


def _repeating_itself(mask: Mask, copied: Mask, found: Sequence[Repeats]) -> Mask:
    """Return the parts of a mask more than half of whose copies have their partner in the same part.

    A hole's pieces come from outside of it.
    """
    count, numbers = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    inside = []
    for one in found:
        first, second = (numbers[_middles(side, one)] for side in (one.first, one.second))
        inside.append(np.asarray((first == second) & (first > 0)))
    itself = _covered(copied.shape, found, [(both, both) for both in inside])
    repeated, within = (np.bincount(numbers[one], minlength=count) for one in (copied, itself))
    return np.asarray((within > repeated / 2)[numbers] & mask)


def _copied(shape: tuple[int, ...], found: Sequence[Repeats], window: int) -> Mask:
    """Return the pixels of repeats that are the copies.

    Of two equal windows that is the copy around which more is repeated: a hole is repeats all over, while what it was
    filled from are islands. Where there is as much around either, both count.
    """
    chosen = [(np.ones(len(one.first), bool), np.ones(len(one.first), bool)) for one in found]
    copied = _covered(shape, found, chosen)
    for _ in range(_ROUNDS):
        density = _density(copied, window)
        chosen = [_denser(one, density) for one in found]
        copied = _covered(shape, found, chosen)
    return copied


def _covered(shape: tuple[int, ...], found: Sequence[Repeats], chosen: Sequence[tuple[Mask, Mask]]) -> Mask:
    covered = np.zeros(shape, bool)
    for one, sides in zip(found, chosen, strict=True):
        covered |= one.cover((shape[0], shape[1]), *sides)
    return covered


def _middles(side: NDArray[np.int64], one: Repeats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and columns of windows' middles."""
    return side[:, 0] + (one.size[0] - 1) // 2, side[:, 1] + (one.size[1] - 1) // 2


def _denser(one: Repeats, density: Map) -> tuple[Mask, Mask]:
    first, second = (density[_middles(side, one)] for side in (one.first, one.second))
    return np.asarray(first >= second), np.asarray(second >= first)


def _density(covered: Mask, window: int) -> Map:
    counted = cv2.boxFilter(covered.astype(np.float32), -1, (window, window), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(np.clip(counted, 0, 1), np.float32)


def _regions(copied: Mask, how: Grouping) -> Mask:
    """Return regions of copies that lie close together, without what is too thin."""
    dense = (copied & (_density(copied, how.window) >= how.density)).astype(np.uint8)
    margin = 2 * how.closed  # or closing would leave the picture's rim out
    framed = cv2.copyMakeBorder(dense, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
    closed = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, _disk(how.closed))[margin:-margin, margin:-margin]
    return np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, _disk(how.opened)) > 0)


def _disk(radius: int) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(rows**2 + columns**2 <= (radius + 0.3) ** 2, np.uint8)
