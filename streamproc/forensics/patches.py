"""The patch-based method: finds holes that were filled with pieces from elsewhere in the same picture.

An exemplar inpainter (Criminisi, Pérez, Toyama 2004) fills a hole with many small pieces, each copied from another
place. So a hole is where repeats lie side by side whose partners are scattered: connected as a region, with offsets
that are constant piece by piece. After Chang, Yu, Chang 2013 ("A forgery detection algorithm for exemplar-based
inpainting images using multi-region relation") and Liang and others 2015 ("An efficient forgery detection algorithm
for object removal by exemplar-based image inpainting"); the nearest-neighbour field and its clean-up by offsets are
in the manner of Cozzolino, Poggi, Verdoliva 2015 ("Efficient dense-field copy-move forgery detection").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.bars import within_bars
from streamproc.forensics.nearest import Repeats, busy_share, repeats
from streamproc.forensics.traces import Map, Mask, Picture, Reliability, Traces, boxes_of, refuse_small

_SIZES: Final = (3, 4), (4, 3)
"""Windows: two of 3×3 side by side whose offsets agree."""
_ROUNDS = 3  # of telling a copy from its source; nothing changes after that
_TILE, _OVERLAP = 2048, 256  # pixels: larger pictures are looked at piece by piece, for bounded memory
_CLOSED, _OPENED = 4, 3  # radii of disks: gaps between pieces, and what is too thin for a hole


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How repeats become a mask; chosen on photographs that the benchmark does not measure on."""

    least_range: int = 5
    """Grey levels between the darkest and the lightest pixel of a window, below which it repeats by chance."""
    window: int = 13
    """Side of the square in which repeats are counted."""
    density: float = 0.25
    """Share of that square which must be repeats."""
    least_area: int = 30
    """Repeated pixels of a part; smaller ones are dropped."""
    sure_area: int = 120
    """Repeated pixels from which on a part is sure."""
    least_busy: float = 0.1
    """Share of windows that are not flat, below which nothing can be told."""


class Patches:
    """Finds what was copied patch by patch (Criminisi and relatives) on lossless pictures. Needs no model."""

    def __init__(self, how: Rules | None = None) -> None:
        self._how = Rules() if how is None else how

    @property
    def name(self) -> str:
        """Short name."""
        return "patches"

    def examine(self, picture: Picture) -> Traces:
        """Look at a picture, (H, W, 3) uint8 RGB. Raises PictureError when it is smaller than 16×16."""
        refuse_small(picture)
        shape = picture.shape[:2]
        heat, mask, copied = np.zeros(shape, np.float32), np.zeros(shape, bool), np.zeros(shape, bool)
        untold = True
        for tile in _tiles(within_bars(picture)):
            looked = _looked(np.ascontiguousarray(picture[tile]), self._how)
            np.maximum(heat[tile], _density(looked.copied, self._how.window), out=heat[tile])
            mask[tile] |= looked.mask
            copied[tile] |= looked.copied
            untold &= looked.untold
        areas = _areas(mask, copied)
        return Traces(
            heat=heat,
            mask=mask,
            boxes=boxes_of(mask),
            score=1 - 2 ** (-max(areas) / self._how.sure_area) if areas else 0.0,
            reliability=_reliability(areas, untold, self._how),
        )


def _reliability(areas: Sequence[int], untold: bool, how: Rules) -> Reliability:
    if not areas:
        return Reliability.UNDECIDABLE if untold else Reliability.GOOD
    return Reliability.GOOD if max(areas) >= how.sure_area else Reliability.WEAK


def _tiles(window: tuple[slice, slice]) -> Iterator[tuple[slice, slice]]:
    """Yield tiles of a window that overlap, none of them too small to be looked at."""

    def along(line: slice) -> list[slice]:
        length = line.stop - line.start
        if length < _SMALLEST:
            return []
        starts = range(0, max(length - _OVERLAP, 1), _TILE - _OVERLAP)
        return [slice(line.start + one, min(line.start + one + _TILE, line.stop)) for one in starts]

    for rows in along(window[0]):
        for columns in along(window[1]):
            yield rows, columns


_SMALLEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What was seen on a tile."""

    copied: Mask
    mask: Mask
    untold: bool
    """Whether it is flat, or repeats itself, so that copies could not be told."""


def _looked(picture: Picture, how: Rules) -> _Looked:
    found = [repeats(picture, size, how.least_range) for size in _SIZES]
    copied = _copied(picture, found, how)
    mask = _parts(copied, how)
    kept = mask & ~_repeating_itself(mask, copied, found)
    flat = all(busy_share(picture, size, how.least_range) < how.least_busy for size in _SIZES)
    return _Looked(copied=copied, mask=kept, untold=flat or bool((mask & ~kept).any()))


def _repeating_itself(mask: Mask, copied: Mask, found: Sequence[Repeats]) -> Mask:
    """Return the parts of a mask more than half of whose copies have their partner in the same part.

    A hole's pieces come from outside of it.
    """
    count, numbers = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    inside = []
    for one in found:
        first, second = (numbers[side[:, 0] + 1, side[:, 1] + 1] for side in (one.first, one.second))
        inside.append(np.asarray((first == second) & (first > 0)))
    itself = _covered(copied.shape, found, [(both, both) for both in inside])
    repeated, within = (np.bincount(numbers[one], minlength=count) for one in (copied, itself))
    return np.asarray((within > repeated / 2)[numbers] & mask)


def _copied(picture: Picture, found: Sequence[Repeats], how: Rules) -> Mask:
    """Return the pixels of repeats that are the copies.

    Of two equal windows that is the copy around which more is repeated: a hole is repeats all over, while what it was
    filled from are islands. Where there is as much around either, both count.
    """
    chosen = [(np.ones(len(one.first), bool), np.ones(len(one.first), bool)) for one in found]
    copied = _covered(picture.shape[:2], found, chosen)
    for _ in range(_ROUNDS):
        density = _density(copied, how.window)
        chosen = [_denser(one, density) for one in found]
        copied = _covered(picture.shape[:2], found, chosen)
    return copied


def _covered(shape: tuple[int, ...], found: Sequence[Repeats], chosen: Sequence[tuple[Mask, Mask]]) -> Mask:
    covered = np.zeros(shape, bool)
    for one, sides in zip(found, chosen, strict=True):
        covered |= one.cover((shape[0], shape[1]), *sides)
    return covered


def _denser(one: Repeats, density: Map) -> tuple[Mask, Mask]:
    first, second = (density[side[:, 0] + 1, side[:, 1] + 1] for side in (one.first, one.second))
    return np.asarray(first >= second), np.asarray(second >= first)


def _density(covered: Mask, window: int) -> Map:
    counted = cv2.boxFilter(covered.astype(np.float32), -1, (window, window), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(np.clip(counted, 0, 1), np.float32)


def _parts(copied: Mask, how: Rules) -> Mask:
    """Return regions of copies that lie close together, without what is too thin or too small."""
    dense = (copied & (_density(copied, how.window) >= how.density)).astype(np.uint8)
    margin = 2 * _CLOSED  # or closing would leave the picture's rim out
    framed = cv2.copyMakeBorder(dense, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
    closed = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, _disk(_CLOSED))[margin:-margin, margin:-margin]
    mask = cv2.morphologyEx(closed, cv2.MORPH_OPEN, _disk(_OPENED)) > 0
    count, numbers = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    kept = np.bincount(numbers[copied], minlength=count) >= how.least_area
    kept[0] = False
    return np.asarray(kept[numbers])


def _areas(mask: Mask, copied: Mask) -> list[int]:
    """Return how many copied pixels each part of a mask has."""
    count, numbers = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return [int(area) for area in np.bincount(numbers[copied], minlength=count)[1:]]


def _disk(radius: int) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(rows**2 + columns**2 <= (radius + 0.3) ** 2, np.uint8)
