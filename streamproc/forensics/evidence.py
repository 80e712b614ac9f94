"""What keyframes say together: a place that looks painted while the picture under it changes, and goes on doing so.

An erased logo stays where it is, over a shot and over its cuts. What only looks painted either moves with the picture
(a smooth wall, a face out of focus) and leaves the place, or is part of it and never changes (a caption, a bug, a
studio's set, a black bar). So each cell of 8×8 pixels keeps a sum of the log odds of its heat, never below nothing, to
which only keyframes add that show other content there than the one before. Where sums are high there is a candidate.
The best few candidates are filled from their own borders, as erasers of logos do: where such a fill fits much better
than it does beside the place, keyframe for keyframe, a candidate is an event.
"""

from dataclasses import dataclass, field
from fractions import Fraction

import cv2
import numpy as np

from streamproc.forensics.looks import Look, box_of, log_odds, looked
from streamproc.forensics.refill import Fit, Sample, best_fit, sampled
from streamproc.forensics.traces import Box, Map, Mask, Picture, Reliability, Traces


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRules:
    """From when on keyframes are evidence together; chosen by measurement (python -m benchmarks.broadcast)."""

    even: float = 0.15
    """A cell's mean heat that speaks neither for paint nor against it, at least;"""
    above: float = 0.4
    """and at least so far above the picture's median cell, log odds."""
    most_odds: float = 2.5
    """What a single keyframe's heat can say at most, log odds either way."""
    quiet: float = 0.5
    """How much less there must be going on in a cell than around it to speak for paint, a log ratio;"""
    most_quiet: float = 1.0
    """and what that can say at most."""
    least_change: float = 3.0
    """Grey levels by which a cell's light must have changed since it last counted, to count again."""
    opens: float = 3.0
    """Summed log odds from which on there is a candidate."""
    closes: float = 1.5
    """And below which it is no more."""
    most: float = 16.0
    """What a sum can reach: what was long there is over as soon as what was briefly there."""
    least_cells: int = 12
    """Cells of a candidate; smaller ones are none."""
    least_texture: float = 1.2
    """Mean |Laplacian| of luma, grey levels, in the ring around an event, below which nothing can be told."""
    most_candidates: int = 12
    """Followed at a time; of more, the surest are kept."""
    sampled: int = 4
    """Candidates of which a sample is kept on each keyframe, the surest first."""
    least_samples: int = 3
    """Keyframes that a candidate must have been sampled on, each with another picture, to be filled; and as many more
    before it is filled again."""
    most_samples: int = 6
    """Kept of a candidate; newer ones take the place of the oldest."""
    most_fills: int = 4
    """Times that a candidate is filled; by then it is known."""
    least_score: float = 0.5
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
    sure: float = 0.0
    """The highest mean of its cells' sums, of the most that they can reach."""
    best: float = -1.0
    """Heat of the keyframe that shows it best."""
    keyframes: int = 0
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
        return ended + self._follow(look, fresh)

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
        self._since = np.zeros(look.heat.shape, np.int64)
        """Index into the times of the keyframe from which on a cell's sum has been above nothing."""
        self._times: list[Fraction] = []

    def _weighed(self, look: Look) -> Mask:
        """Add to each cell's sum what the keyframe says of it; return the cells that show something new."""
        how = self._how
        fresh = look.seen & (np.abs(look.light - self._light) >= how.least_change)
        odds = log_odds(look.heat)
        usual = float(np.median(odds[look.seen])) if look.seen.any() else 0.0
        even = max(float(log_odds(np.array(how.even, np.float32))), usual + how.above)
        said = np.clip(cv2.blur(odds, (3, 3)) - even, -how.most_odds, how.most_odds)
        said = said + np.clip(look.quiet - how.quiet, -how.most_quiet, how.most_quiet)
        before = self._sums > 0
        self._sums = np.clip(self._sums + np.where(fresh, said, 0), 0, how.most).astype(np.float32)
        self._light = np.where(fresh, look.light, self._light)
        self._since[~(before & (self._sums > 0))] = len(self._times)
        self._times.append(look.time)
        self._forget()
        return np.asarray(fresh, bool)

    def _forget(self) -> None:
        """Keep only the times that a cell has been hot since."""
        if len(self._times) <= 2 * self._since.size + 64:
            return
        kept, places = np.unique(self._since, return_inverse=True)
        self._times = [self._times[index] for index in kept]
        self._since = places.reshape(self._since.shape)

    def _follow(self, look: Look, fresh: Mask) -> tuple[Event, ...]:
        """Carry on the candidates, end those that cooled down, find new ones, and fill the surest."""
        parts = self._parts()
        told, going, showing = [], [], []
        for one in self._followed:
            if (part := _overlapping(one.cells, parts)) is None:
                told += [self._event(one, over=True)] if one.told else []
                continue
            parts = [other for other in parts if other is not part]
            one.cells = part
            going.append(one)
            showing += [one] if self._grown(one, look) else []
        for cells in sorted(parts, key=lambda part: -float(self._sums[part].sum())):
            if len(going) < self._how.most_candidates and self._opens(cells):
                going.append(self._opened(cells, look))
                showing.append(going[-1])
        self._followed = going
        self._sample(showing, look, fresh)
        return (*told, *(self._event(one, over=False) for one in showing if self._is_event(one)))

    def _parts(self) -> list[Mask]:
        """Return the connected parts of the cells whose sums are high, without those that are too small."""
        hot = (self._sums >= self._how.closes).astype(np.uint8)
        count, numbers, stats, _ = cv2.connectedComponentsWithStats(hot, connectivity=8)
        large = [number for number in range(1, count) if stats[number, cv2.CC_STAT_AREA] >= self._how.least_cells]
        return [np.asarray(numbers == number) for number in large]

    def _opens(self, cells: Mask) -> bool:
        return int((self._sums[cells] >= self._how.opens).sum()) >= self._how.least_cells

    def _opened(self, cells: Mask, look: Look) -> _Candidate:
        self._numbers += 1
        start = self._times[int(np.median(self._since[cells]))]
        nothing = np.zeros(look.heat.shape, np.float32)
        one = _Candidate(
            number=self._numbers, start=start, end=look.time, shown=look.time, heat=nothing, cells=cells, extent=cells
        )
        self._grown(one, look)
        return one

    def _grown(self, one: _Candidate, look: Look) -> bool:
        """Add a keyframe to a candidate; tell whether it shows it."""
        one.keyframes += 1
        one.heat = one.heat + look.heat
        one.ring += look.around(one.cells)
        sure = float(self._sums[one.cells].mean()) / self._how.most
        mean = float(look.heat[one.cells].mean())
        if mean > one.best:
            one.best, one.shown = mean, look.time
        shows = sure >= one.sure * 0.75 or mean >= one.best * 0.75
        if shows:
            one.end, one.extent = look.time, one.cells
        one.sure = max(one.sure, sure)
        return shows

    def _sample(self, showing: list[_Candidate], look: Look, fresh: Mask) -> None:
        """Keep samples of the surest candidates whose picture has changed, and fill one that has enough of them."""
        assert self._shape is not None
        how = self._how
        changed = [one for one in showing if fresh[one.cells].mean() >= 0.5]
        surest = sorted(changed, key=lambda one: -float(self._sums[one.cells].sum()))[: how.sampled]
        for one in surest:
            box = box_of(one.cells, self._shape)
            if one.place is None or _shared(one.place, box) < 0.6:
                one.place, one.samples, one.new, one.fills = box, [], 0, 0
            one.samples = [*one.samples[-how.most_samples + 1 :], sampled(look.luma, one.place)]
            one.new += 1
        due = [one for one in surest if one.new >= how.least_samples and one.fills < how.most_fills]
        if due:  # one a keyframe: filling takes as long as the network does
            first = min(due, key=lambda one: one.fills)
            assert first.place is not None
            first.fit = best_fit(first.samples, first.place) or first.fit
            first.new, first.fills = 0, first.fills + 1

    def _is_event(self, one: _Candidate) -> bool:
        one.told = one.told or (one.fit is not None and _sure(one) >= self._how.least_score)
        return one.told

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
            box=box_of(one.extent, self._shape) if one.fit is None else one.fit.box,
            score=0.0 if flat else sure,
            reliability=_reliability(sure, flat),
            keyframes=one.keyframes,
            heat=np.asarray(heat, np.float32),
            over=over,
            refill=0.0 if one.fit is None else one.fit.misfit,
        )


def _overlapping(cells: Mask, parts: list[Mask]) -> Mask | None:
    """Return the part that shares the most cells with those, or None."""
    shared = [int((cells & part).sum()) for part in parts]
    return parts[int(np.argmax(shared))] if any(shared) else None


def _shared(one: Box, other: Box) -> float:
    """Return the intersection's share of the union of two boxes."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    both = max(0, across) * max(0, down)
    return both / (one.area + other.area - both)


def _sure(one: _Candidate) -> float:
    """Return how sure a candidate is, in [0, 1], its surroundings left out of account."""
    misfit = 0.0 if one.fit is None else one.fit.misfit
    return float(1 / (1 + np.exp(6 * (misfit + 0.9) - 3 * (one.sure - 0.25))))


def _reliability(sure: float, flat: bool) -> Reliability:
    if flat:
        return Reliability.UNDECIDABLE
    return Reliability.GOOD if sure >= 0.8 else Reliability.WEAK
