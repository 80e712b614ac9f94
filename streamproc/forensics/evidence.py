"""What keyframes say together: a place that looks painted while the picture under it changes, and goes on doing so.

An erased logo stays where it is, over a shot and over its cuts. What only looks painted either moves with the picture
(a smooth wall, a face out of focus) and leaves the place, or is part of it and never changes (a caption, a bug, a
studio's set, a black bar). So each cell of 8×8 pixels keeps a sum of the log odds of its heat, never below nothing, to
which only keyframes add that show other content there than the one before. Where sums are high, an event is open.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import cv2
import numpy as np

from streamproc.forensics.bars import within_bars
from streamproc.forensics.residual import luma, texture
from streamproc.forensics.traces import Box, Map, Mask, Picture, Reliability, Traces

CELL: Final = 8
"""Pixels, the height and the width of a cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRules:
    """From when on keyframes are evidence together; chosen by measurement (python -m benchmarks.broadcast)."""

    even: float = 0.4
    """A cell's mean heat that speaks neither for paint nor against it."""
    most_odds: float = 2.5
    """What a single keyframe can say at most, log odds either way."""
    least_change: float = 3.0
    """Grey levels by which a cell's light must have changed since it last counted, to count again."""
    opens: float = 8.0
    """Summed log odds from which on an event is open."""
    closes: float = 3.0
    """And below which it is over."""
    most: float = 16.0
    """What a sum can reach: what was long there is over as soon as what was briefly there."""
    least_cells: int = 16
    """Cells of an event; smaller ones are no events."""
    least_texture: float = 1.2
    """Mean |Laplacian| of luma, grey levels, in the ring around an event, below which nothing can be told."""
    most_events: int = 8
    """Open at a time; of more, the largest are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something painted over, that stays in its place."""

    number: int
    """Of this Evidence; the same event comes again as it grows."""
    start: Fraction
    """The first and"""
    end: Fraction
    """the last keyframe that show it, source time."""
    shown: Fraction
    """The keyframe that shows it best."""
    box: Box
    """Pixels of the picture."""
    score: float
    """In [0, 1]: how sure it is."""
    reliability: Reliability
    """Whether that can be told there."""
    keyframes: int
    """How many were looked at while it was there."""
    heat: Map
    """(H, W): the mean heat of its keyframes, for people to look at."""
    over: bool
    """Nothing will change it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A keyframe, a value a cell: (h, w) float32 each."""

    time: Fraction
    size: tuple[int, int]
    heat: Map
    light: Map
    texture: Map
    seen: Mask
    """Cells of the picture, not of its black bars."""


@dataclass(slots=True, kw_only=True)
class _Open:
    """An event that is going on."""

    number: int
    start: Fraction
    end: Fraction
    shown: Fraction
    cells: Mask
    """Where sums are high now; it shrinks while the event cools down."""
    extent: Mask
    """And where they were when a keyframe last showed it."""
    sure: float = 0.0
    """The highest mean of its cells' sums, of the most that they can reach."""
    best: float = -1.0
    keyframes: int = 0
    heat: Map = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    ring: float = 0.0
    """Texture around it, summed over its keyframes."""


class Evidence:
    """What the keyframes of one stretch of one feed say together. Its memory depends on the picture's size alone."""

    def __init__(self, how: EvidenceRules | None = None) -> None:
        self._how = EvidenceRules() if how is None else how
        self._numbers = 0
        self._shape: tuple[int, int] | None = None
        self._open: list[_Open] = []

    def add(self, time: Fraction, picture: Picture, traces: Traces) -> tuple[Event, ...]:
        """Take in the next keyframe; return the events that it began, showed again, or ended.

        time: source time, later than the one before. picture: (H, W, 3). A picture of another size ends what is open.
        """
        shape = picture.shape[0], picture.shape[1]
        ended = self.end() if self._shape not in (None, shape) else ()
        look = _looked(time, picture, traces)
        if self._shape is None:
            self._begin(shape, look)
        before = self._sums > 0
        self._weigh(look)
        self._since[~(before & (self._sums > 0))] = len(self._times)
        self._times.append(time)
        self._forget()
        return ended + self._follow(look)

    def end(self) -> tuple[Event, ...]:
        """End what is open, and return it; the next keyframe begins anew."""
        ended = tuple(self._told(one, over=True) for one in self._open)
        self._open = []
        self._shape = None
        return ended

    def _begin(self, shape: tuple[int, int], look: _Look) -> None:
        self._shape = shape
        self._sums = np.zeros(look.heat.shape, np.float32)
        self._light = np.full(look.heat.shape, -np.inf, np.float32)
        self._since = np.zeros(look.heat.shape, np.int64)
        """Index into the times of the keyframe from which on a cell's sum has been above nothing."""
        self._times: list[Fraction] = []

    def _weigh(self, look: _Look) -> None:
        """Add to each cell's sum what the keyframe says of it, where it shows something else than before."""
        how = self._how
        fresh = look.seen & (np.abs(look.light - self._light) >= how.least_change)
        said = np.clip(_log_odds(look.heat) - _log_odds(np.float32(how.even)), -how.most_odds, how.most_odds)
        self._sums = np.clip(self._sums + np.where(fresh, said, 0), 0, how.most).astype(np.float32)
        self._light = np.where(fresh, look.light, self._light)

    def _forget(self) -> None:
        """Keep only the times that a cell has been hot since."""
        if len(self._times) <= 2 * self._since.size + 64:
            return
        kept, places = np.unique(self._since, return_inverse=True)
        self._times = [self._times[index] for index in kept]
        self._since = places.reshape(self._since.shape)

    def _follow(self, look: _Look) -> tuple[Event, ...]:
        """Carry on the open events, end those that cooled down, open new ones."""
        parts = list(_parts(self._sums >= self._how.closes))
        told, going = [], []
        for one in self._open:
            if (part := _overlapping(one.cells, parts)) is None:
                told.append(self._told(one, over=True))
                continue
            parts.remove(part)
            one.cells = part[1]
            going.append(one)
            if self._grown(one, look):
                told.append(self._told(one, over=False))
        self._open = going
        for cells in self._begun([cells for _, cells in parts]):
            self._numbers += 1
            start = self._times[int(self._since[cells].min())]
            one = _Open(number=self._numbers, start=start, end=look.time, shown=look.time, cells=cells, extent=cells)
            self._open.append(one)
            self._grown(one, look)
            told.append(self._told(one, over=False))
        return tuple(told)

    def _begun(self, parts: list[Mask]) -> list[Mask]:
        """Return the parts that are events from now on, the largest first."""
        how = self._how
        sure = [cells for cells in parts if ((self._sums >= how.opens) & cells).sum() >= how.least_cells]
        return sorted(sure, key=lambda cells: -int(cells.sum()))[: how.most_events - len(self._open)]

    def _grown(self, one: _Open, look: _Look) -> bool:
        """Add a keyframe to an open event; tell whether it shows it."""
        if one.heat.shape != look.heat.shape:
            one.heat = np.zeros(look.heat.shape, np.float32)
        one.keyframes += 1
        one.heat = one.heat + look.heat
        one.ring += _around(look, one.cells)
        one.sure = max(one.sure, float(self._sums[one.cells].mean()) / self._how.most)
        mean = float(look.heat[one.cells].mean())
        if mean > one.best:
            one.best, one.shown = mean, look.time
        if mean >= self._how.even:
            one.end, one.extent = look.time, one.cells
            return True
        return False

    def _told(self, one: _Open, *, over: bool) -> Event:
        assert self._shape is not None
        height, width = self._shape
        flat = one.ring / one.keyframes < self._how.least_texture
        heat = cv2.resize(one.heat / np.float32(one.keyframes), (width, height), interpolation=cv2.INTER_LINEAR)
        return Event(
            number=one.number,
            start=one.start,
            end=one.end,
            shown=one.shown,
            box=_box(one.extent, self._shape),
            score=0.0 if flat else one.sure,
            reliability=_reliability(one.sure, flat),
            keyframes=one.keyframes,
            heat=np.asarray(heat, np.float32),
            over=over,
        )


def _looked(time: Fraction, picture: Picture, traces: Traces) -> _Look:
    height, width = picture.shape[:2]
    cells = -(-height // CELL), -(-width // CELL)
    light = luma(picture)
    inside = np.zeros((height, width), np.float32)
    inside[within_bars(picture)] = 1
    return _Look(
        time=time,
        size=(height, width),
        heat=_reduced(traces.heat, cells),
        light=_reduced(light, cells),
        texture=_reduced(texture(light), cells),
        seen=_reduced(inside, cells) == 1,
    )


def _reduced(values: Map, cells: tuple[int, int]) -> Map:
    """Return the mean of each cell; the last row and column of cells may be of fewer pixels, repeated."""
    below, beside = (many * CELL - have for many, have in zip(cells, values.shape, strict=True))
    whole = cv2.copyMakeBorder(values, 0, below, 0, beside, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(whole, (cells[1], cells[0]), interpolation=cv2.INTER_AREA), np.float32)


def _log_odds(heat: Map | np.float32) -> Map:
    sure = np.clip(heat, 0.01, 0.99)
    return np.asarray(np.log(sure / (1 - sure)), np.float32)


def _parts(mask: Mask) -> Iterator[tuple[int, Mask]]:
    """Yield number and cells of each connected part."""
    count, numbers = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    for number in range(1, count):
        yield number, np.asarray(numbers == number)


def _overlapping(cells: Mask, parts: list[tuple[int, Mask]]) -> tuple[int, Mask] | None:
    """Return the part that shares the most cells with those, or None."""
    shared = [int((cells & part).sum()) for _, part in parts]
    return parts[int(np.argmax(shared))] if any(shared) else None


def _around(look: _Look, cells: Mask) -> float:
    """Return the mean texture of the cells next to those."""
    ring = (cv2.dilate(cells.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & ~cells & look.seen
    return float(look.texture[ring].mean()) if ring.any() else 0.0


def _box(cells: Mask, shape: tuple[int, int]) -> Box:
    rows, columns = np.nonzero(cells)
    return Box(
        left=int(columns.min()) * CELL,
        top=int(rows.min()) * CELL,
        right=min((int(columns.max()) + 1) * CELL, shape[1]),
        bottom=min((int(rows.max()) + 1) * CELL, shape[0]),
    )


def _reliability(sure: float, flat: bool) -> Reliability:
    if flat:
        return Reliability.UNDECIDABLE
    return Reliability.GOOD if sure >= 0.5 else Reliability.WEAK
