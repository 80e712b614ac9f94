"""What keyframes say together: a place that looks painted while the picture under it changes, and goes on doing so.

An erased logo stays where it is, over a shot and over its cuts. What only looks painted either moves with the picture
(a smooth wall, a face out of focus) and leaves the place, or is part of it and never changes (a caption, a bug, a
studio's set, a black bar). So each cell of 8×8 pixels keeps a sum of the log odds of its heat, never below nothing, to
which keyframes add in full that show other content there than the one before, and for less where the scene stands
still. Where sums are high there is a candidate. The best few candidates are filled from their own borders, as erasers
of logos do. A candidate is an event where the method by itself has a box on keyframe after keyframe, and where such a
fill fits much better than it does beside the place.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.looks import Look, box_of, log_odds, looked, ring_of
from streamproc.forensics.odds import likelihood
from streamproc.forensics.refill import Fit, Sample, best_fit, fits, sampled
from streamproc.forensics.traces import Box, Map, Mask, Picture, Reliability, Traces


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRules:
    """From when on keyframes are evidence together; chosen by measurement (python -m benchmarks.broadcast)."""

    even: float = 0.05
    """Heat of the picture's usual (median) cell, at least, that a cell's is compared with."""
    above: float = 0.7
    """Log odds by which a cell must be hotter than that, and quieter than what is around it, to speak for paint."""
    most_odds: float = 2.5
    """What a single keyframe can say at most, log odds either way."""
    least_change: float = 3.0
    """Grey levels by which a cell's light must have changed since it last counted, to count again."""
    still: float = 0.3
    """Share of what a keyframe says that counts where its light has not changed, nor that around it."""
    opens: float = 3.0
    """Summed log odds from which on there is a candidate."""
    closes: float = 1.5
    """And below which it is no more."""
    most: float = 8.0
    """What a sum can reach: what was long there is over as soon as what was briefly there."""
    least_cells: int = 8
    """Cells of a candidate; smaller ones are none."""
    least_texture: float = 1.2
    """Mean |Laplacian| of luma, grey levels, in the ring around an event, below which nothing can be told."""
    most_candidates: int = 12
    """Followed at a time; of more, the surest are kept."""
    sampled: int = 8
    """Candidates of which a sample is kept on each keyframe, the surest first."""
    filled: int = 2
    """Candidates that are filled on a keyframe at most: filling one takes as long as a network's look."""
    least_samples: int = 3
    """Keyframes that a candidate must have been sampled on, each with another picture, to be filled; and as many more
    before it is filled again."""
    most_samples: int = 8
    """Kept of a candidate; newer ones take the place of the oldest."""
    most_fills: int = 4
    """Times that a candidate is filled; by then it is known."""
    least_score: float = 0.73
    """From which on a candidate is an event."""


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
    refill: float = 0.0
    """How much better the best of the fills fits there than beside: a log ratio, below 0 where better."""


_REMEMBERED: Final = 32  # keyframes, among which a candidate's first and last ones are looked for
_LEAST_USUAL: Final = 0.1  # log odds with which a keyframe's are compared at least
_REDUCED: Final = 0.5  # of a remembered keyframe's size
_AROUND: Final = (11, 11)  # cells around one, among which it is asked whether the picture has changed there
_CHANGED: Final = 0.5  # share of a candidate's cells that show something new, from which on a keyframe counts
_ELSEWHERE: Final = 0.35  # share of their union below which a candidate's box has nothing to do with its samples
_AGAIN: Final = 0.15  # share of their union, from which on two of a method's boxes are the same one
_HOPEFUL: Final = -0.5  # misfit below which a fill has found the box, about,
_FOUND: Final = -1.2  # and below which exactly
_BOXED: Final = 0.5  # share of the smaller of two boxes that lies in the other, from which on they are of one place
# A logistic regression, on the stretches and untouched films for choosing, of what is to be said of a candidate: a
# fill's misfit below 0 times the log odds of heat, and the share of its keyframes that the method by itself has a box
# on. Each counts up to a most, so that the first alone makes no event: smooth parts of a picture fit their fills, too.
_WEIGHTS: Final = (3.41, 21.96)
_BIAS: Final = -2.28
_MOST: Final = (0.5, 0.6)


@dataclass(slots=True, kw_only=True)
class _Candidate:
    """A place that is followed."""

    number: int
    start: Fraction
    end: Fraction
    shown: Fraction
    heat: Map
    """Of its keyframes, summed; (h, w)."""
    cells: Mask
    """Where sums are high now; it shrinks while the place cools down."""
    extent: Mask
    """And where they were when a keyframe last showed it."""
    warm: float = 0.0
    """How much hotter than the picture's usual cell its cells were, log odds, summed over"""
    warmed: float = 0.0
    """the keyframes, those that showed the same picture there as the one before counting less."""
    boxed: int = 0
    """Keyframes on which the method by itself put a box there once more, in the same place,"""
    own: Box | None = None
    """and the last of these boxes."""
    best: float = -np.inf
    """The highest of a keyframe, of the one that shows it best."""
    keyframes: int = 0
    besides: int = 0
    """Keyframes that show it, and came before it was followed; below nothing where it was followed too early."""
    ring: float = 0.0
    """Texture around it, summed over its keyframes."""
    place: Box | None = None
    """Where it was when it was first sampled."""
    samples: list[Sample] = field(default_factory=list)
    new: int = 0
    """Samples since it was last filled."""
    fills: int = 0
    fit: Fit | None = None
    """How the last fill fitted."""
    told: bool = False
    """Whether it has been an event."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A keyframe of late."""

    time: Fraction
    warm: NDArray[np.float16]
    """By how much each cell was hotter than usual, log odds."""
    light: NDArray[np.uint8]
    """Luma, reduced."""


class Evidence:
    """What the keyframes of one stretch of one feed say together. Its memory depends on the picture's size alone."""

    def __init__(self, how: EvidenceRules | None = None) -> None:
        self._how = EvidenceRules() if how is None else how
        self._numbers = 0
        self._shape: tuple[int, int] | None = None
        self._followed: list[_Candidate] = []

    def add(self, time: Fraction, picture: Picture, traces: Traces) -> tuple[Event, ...]:
        """Take in the next keyframe; return the events that it began, showed again, or ended.

        time: source time, later than the one before. picture: (H, W, 3). A picture of another size ends what is open.
        """
        shape = picture.shape[0], picture.shape[1]
        ended = self.end() if self._shape not in (None, shape) else ()
        look = looked(time, picture, traces)
        if self._shape is None:
            self._begin(shape, look)
        fresh = self._weighed(look)
        return ended + self._follow(look, fresh, traces.boxes)

    def end(self) -> tuple[Event, ...]:
        """End what is open, and return it; the next keyframe begins anew."""
        ended = tuple(self._event(one, over=True) for one in self._followed if one.told)
        self._followed = []
        self._shape = None
        return ended

    def _begin(self, shape: tuple[int, int], look: Look) -> None:
        self._shape = shape
        self._sums = np.zeros(look.heat.shape, np.float32)
        self._light = np.full(look.heat.shape, -np.inf, np.float32)
        self._recent: deque[_Remembered] = deque(maxlen=_REMEMBERED)

    def _weighed(self, look: Look) -> Mask:
        """Add to each cell's sum what the keyframe says of it; return the cells that show something new."""
        how = self._how
        fresh = look.seen & (np.abs(look.light - self._light) >= how.least_change)
        usual = float(np.median(look.odds[look.seen])) if look.seen.any() else 0.0
        self._usual = max(usual, float(log_odds(np.array(how.even, np.float32))))
        said = np.clip(look.odds - self._usual + look.quiet - how.above, -how.most_odds, how.most_odds)
        around = cv2.blur(fresh.astype(np.float32), _AROUND)
        counts = np.where(fresh, 1, how.still * look.seen * (around < _CHANGED))
        self._sums = np.clip(self._sums + counts * said, 0, how.most).astype(np.float32)
        self._light = np.where(fresh, look.light, self._light)
        light = cv2.resize(look.luma, None, fx=_REDUCED, fy=_REDUCED, interpolation=cv2.INTER_AREA)
        warm = (look.odds - self._usual).astype(np.float16)
        self._recent.append(_Remembered(look.time, warm, np.rint(light).astype(np.uint8)))
        return np.asarray(fresh, bool)

    def _follow(self, look: Look, fresh: Mask, boxes: Sequence[Box]) -> tuple[Event, ...]:
        """Carry on the candidates, end those that cooled down, find new ones, and fill the surest."""
        parts = self._parts()
        told, going, showing = [], [], []
        for one in self._followed:
            if (part := _overlapping(one.cells, parts)) is None:
                if one.told:
                    one.end = self._ended(one)
                    told.append(self._event(one, over=True))
                continue
            parts = [other for other in parts if other is not part]
            one.cells = part
            going.append(one)
            showing += [one] if self._grown(one, look, fresh) else []
            self._boxed(one, fresh, boxes)
        for cells in sorted(parts, key=lambda part: -float(self._sums[part].sum())):
            if len(going) < self._how.most_candidates and self._opens(cells):
                going.append(self._opened(cells, look, fresh))
                showing.append(going[-1])
        self._followed = going
        self._sample(showing, look, fresh)
        return (*told, *(self._event(one, over=False) for one in showing if self._is_event(one)))

    def _boxed(self, one: _Candidate, fresh: Mask, boxes: Sequence[Box]) -> None:
        """Take note of the method's own boxes that lie on a candidate, unless only what is around it has changed."""
        assert self._shape is not None
        if _is_new(ring_of(one.cells), fresh) and not _is_new(one.cells, fresh):
            return
        there = [box for box in boxes if _covered(box, box_of(one.cells, self._shape)) >= _BOXED]
        again = [box for box in there if one.own is not None and box.overlap(one.own) >= _AGAIN]
        one.boxed += bool(again)
        if there:
            one.own = max(again or there, key=lambda box: box.area)

    def _parts(self) -> list[Mask]:
        """Return the connected parts of the cells whose sums are high, without those that are too small."""
        hot = (self._sums >= self._how.closes).astype(np.uint8)
        count, numbers, stats, _ = cv2.connectedComponentsWithStats(hot, connectivity=8)
        large = [number for number in range(1, count) if stats[number, cv2.CC_STAT_AREA] >= self._how.least_cells]
        return [np.asarray(numbers == number) for number in large]

    def _opens(self, cells: Mask) -> bool:
        return int((self._sums[cells] >= self._how.opens).sum()) >= self._how.least_cells

    def _opened(self, cells: Mask, look: Look, fresh: Mask) -> _Candidate:
        self._numbers += 1
        nothing = np.zeros(look.heat.shape, np.float32)
        one = _Candidate(
            number=self._numbers,
            start=look.time,
            end=look.time,
            shown=look.time,
            heat=nothing,
            cells=cells,
            extent=cells,
        )
        self._grown(one, look, fresh)
        return one

    def _grown(self, one: _Candidate, look: Look, fresh: Mask) -> bool:
        """Add a keyframe to a candidate; tell whether it shows it."""
        one.keyframes += 1
        one.heat = one.heat + look.heat
        one.ring += look.around(one.cells)
        warm = float(look.odds[one.cells].mean()) - self._usual
        counts = 1.0 if _is_new(one.cells, fresh) else self._how.still
        one.warm += counts * warm
        one.warmed += counts
        if warm > one.best:
            one.best, one.shown = warm, look.time
        shows = warm > 0 and warm >= one.warm / max(one.warmed, 0.1) / 2
        if shows:
            one.end, one.extent = look.time, self._core(one.cells)
        return shows

    def _sample(self, showing: list[_Candidate], look: Look, fresh: Mask) -> None:
        """Keep samples of the surest candidates whose picture has changed, and fill one that has enough of them."""
        assert self._shape is not None
        how = self._how
        changed = [
            one for one in showing if _is_new(one.cells, fresh) or (how.still and len(one.samples) < how.least_samples)
        ]
        surest = sorted(changed, key=lambda one: -float(self._sums[one.cells].sum()))[: how.sampled]
        for one in surest:
            box = self._likely(one)
            if one.place is None or (not one.told and one.place.overlap(box) < _ELSEWHERE):
                one.place, one.samples, one.new, one.fills, one.fit = box, [], 0, 0, None
            one.samples = [*one.samples[-how.most_samples + 1 :], sampled(look.luma, one.place)]
            one.new += 1
        due = [one for one in showing if one.new >= how.least_samples and one.fills < how.most_fills]
        for first in sorted(due, key=lambda one: one.fills)[: how.filled]:
            fit = first.fit
            start = self._likely(first) if fit is None or fit.misfit > _HOPEFUL else fit.box
            first.fit = best_fit(first.samples, start) or fit
            first.new, first.fills = 0, first.fills + 1

    def _likely(self, one: _Candidate) -> Box:
        """Return where a fill should be looked for: where the method sees it, or else where it is hottest."""
        assert self._shape is not None
        return box_of(self._core(one.cells), self._shape) if one.own is None else one.own

    def _box_now(self, one: _Candidate) -> Box:
        """Return where it is: where a fill fits well, or else where the method sees it, or where it is hot."""
        assert self._shape is not None
        if one.fit is not None and (one.fit.misfit < _FOUND or one.own is None):
            return one.fit.box
        return box_of(one.extent, self._shape) if one.own is None else one.own

    def _core(self, cells: Mask) -> Mask:
        """Return the largest part of a candidate's cells whose sums are at least half of its highest."""
        hot = cells & (self._sums >= float(np.quantile(self._sums[cells], 0.95)) / 2)
        count, numbers, stats, _ = cv2.connectedComponentsWithStats(hot.astype(np.uint8), connectivity=8)
        largest = 1 + int(np.argmax(stats[1:count, cv2.CC_STAT_AREA]))
        return np.asarray(numbers == largest)

    def _speaks(self, one: _Candidate) -> NDArray[np.float64]:
        """Return, of each keyframe of late, how much it speaks for the candidate's being there: from −1 to 1.

        Its cells are as hot as on the keyframes that the candidate was followed on, and its fill fits as well, or not.
        """
        usual = max(one.warm / one.warmed, _LEAST_USUAL)
        said = []
        for keyframe in self._recent:
            shares = [float(keyframe.warm[one.extent].mean()) / usual]
            if one.fit is not None and one.fit.misfit < _HOPEFUL:
                misfit = fits(sampled(keyframe.light, one.fit.box, _REDUCED), one.fit)
                shares += [misfit / one.fit.misfit] if misfit is not None else []
            said.append(2 * float(np.mean(np.clip(shares, 0, 1))) - 1)
        return np.array(said)

    def _began(self, one: _Candidate) -> Fraction:
        """Return the keyframe from which on they speak for it: the likeliest change from nothing to what it is."""
        after = np.cumsum(self._speaks(one)[::-1])[::-1]
        return self._recent[int(np.argmax(after))].time

    def _ended(self, one: _Candidate) -> Fraction:
        """Return the keyframe up to which they speak for it, likewise."""
        since = [number for number, keyframe in enumerate(self._recent) if keyframe.time >= one.start]
        before = np.cumsum(self._speaks(one)[since])
        return self._recent[since[int(np.argmax(before))]].time

    def _is_event(self, one: _Candidate) -> bool:
        if not one.told and _sure(one) >= self._how.least_score and not self._is_known(one):
            one.told, one.start = True, self._began(one)
            one.besides = sum(keyframe.time >= one.start for keyframe in self._recent) - one.keyframes
        return one.told

    def _is_known(self, one: _Candidate) -> bool:
        """Tell whether an event that was told lies there already."""
        here = self._box_now(one)
        return any(_covered(here, self._box_now(other)) >= _BOXED for other in self._followed if other.told)

    def _event(self, one: _Candidate, *, over: bool) -> Event:
        assert self._shape is not None
        height, width = self._shape
        flat = one.ring / one.keyframes < self._how.least_texture
        sure = _sure(one)
        heat = cv2.resize(one.heat / np.float32(one.keyframes), (width, height), interpolation=cv2.INTER_LINEAR)
        return Event(
            number=one.number,
            start=one.start,
            end=one.end,
            shown=one.shown,
            box=self._box_now(one),
            score=0.0 if flat else sure,
            reliability=_reliability(sure, flat),
            keyframes=one.keyframes + one.besides,
            heat=np.asarray(heat, np.float32),
            over=over,
            refill=0.0 if one.fit is None else one.fit.misfit,
        )


def _overlapping(cells: Mask, parts: list[Mask]) -> Mask | None:
    """Return the part that shares the most cells with those, or None."""
    shared = [int((cells & part).sum()) for part in parts]
    return parts[int(np.argmax(shared))] if any(shared) else None


def _covered(one: Box, other: Box) -> float:
    """Return the intersection's share of the smaller of two boxes."""
    return one.shared(other) / min(one.area, other.area)


def _is_new(cells: Mask, fresh: Mask) -> bool:
    """Tell whether most of these cells show something new."""
    return bool(fresh[cells].mean() >= _CHANGED)


def _sure(one: _Candidate) -> float:
    """Return how sure a candidate is, in [0, 1], its surroundings left out of account."""
    if not one.fills or not one.warmed:
        return 0.0
    fit = 0.0 if one.fit is None else max(0.0, -one.fit.misfit)
    seen = (fit * one.warm / one.warmed, one.boxed / (one.keyframes + 1))  # few keyframes tell little
    odds = _BIAS + sum(
        weight * min(max(value, 0), most) for weight, value, most in zip(_WEIGHTS, seen, _MOST, strict=True)
    )
    return float(likelihood(np.array(odds, np.float64)))


def _reliability(sure: float, flat: bool) -> Reliability:
    if flat:
        return Reliability.UNDECIDABLE
    return Reliability.GOOD if sure >= 0.98 else Reliability.WEAK
