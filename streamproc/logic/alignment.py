"""Which programme of the printed schedule is on air when: a monotone alignment over a day.

What is known: stretches of programme footage with breaks between, to the frame, and a schedule whose times are rounded
and drift. What is not: which break lies inside a programme and which between two, where two programmes met without a
break, what was cancelled, what overran. So every way to lay the listings over the day, in their order, gets a
probability, and all ways are summed (the forward-backward algorithm of a semi-Markov chain, over listings and places
where a programme may begin):

* a programme begins near its printed time, and lasts about as long as the schedule says; both rarely are far off;
* it has about as many breaks as is usual on this day, and is not much shorter than printed;
* two programmes seldom meet without a break, a listing is seldom left out, and footage seldom is in no listing;
* what is known of a series from earlier days (:class:`Habit`) takes the place of what holds in general.

The likeliest way gives the names and parts; the share of all ways that agree with a name becomes its confidence, by a
table that benchmarks/naming.py fits on some days and tests on others.

Times are seconds on one clock (wall time, or that of the footage), as floats: a second's accuracy is more than the
schedule has. Which frame a programme begins with is the stretches' affair, or that of :mod:`streamproc.logic.splits`.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TRAILER_S = 45.0
"""Footage with the bug that is shorter than this, between two breaks, is a trailer and belongs to no programme."""
CONFIDENCE = ((0.0, 0.0), (0.3, 0.1), (0.5, 0.4), (0.7, 0.65), (0.8, 0.75), (0.9, 0.85), (0.9997, 0.9), (1.0, 1.0))
"""From the share of all ways that agree with a name to how sure it is. Above 0.9 only where none was wrong."""
SURE = 0.9
"""A name that is surer than this was never wrong in benchmarks/naming.py; see the table of confidence."""
SURE_JOINT = 0.8
"""A joint that is surer than this needs nobody to look at it."""
STEP_S = 60.0
"""Inside a stretch a programme may begin every so many seconds; the picture then says when exactly."""
_EARLIEST_S = 40 * 60.0
_LATEST_S = 150 * 60.0
"""How far from its printed start a programme is looked for."""
_LONGEST_FACTOR = 2.5
_PARTS_S = (540.0, 840.0, 1260.0, 36000.0)
"""How long a part may usually be; the one that explains a day best is taken."""
_PART_SHAPE = 4.0
"""Of the gamma distribution of a part's length: how evenly breaks are spaced."""
_JOINT_S = 600.0
_NO_BREAK_S = 300.0
"""So shortly before a programme's end there is no break."""
_SEEN_OFTEN = 3
_LEAST_SPREAD_S = 60.0
_NEVER = -1e9
_LIVE = re.compile(
    r"прям\w+ (эфир|трансляц)|трансляция|\blive\b|футбол|хоккей|баскетбол|биатлон|\bматч\b", re.IGNORECASE
)
_SPORT = re.compile(r"спорт|sport", re.IGNORECASE)
_LATENESS_S = np.array([0, 8, 16, 24, 32, 42, 54]) * 60.0
"""How late everything may be after an overrun."""
_NOT_WORTH = 0.2
"""Footage gets a name when in more than this share of all ways it is that programme's."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Programme footage without a break, [start, end)."""

    start: float
    """Seconds."""
    end: float
    """Seconds; of the last one while it runs, until when is known."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A listing, as the alignment needs it."""

    start: float
    """Printed start, seconds."""
    stop: float
    """Printed end, seconds."""
    habit: str = ""
    """What its series is known by among the habits."""
    is_live: bool = False
    """Whether it goes out live, and so may overrun."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What is known of a series from earlier days."""

    drift_s: float
    """How much later than printed it usually begins."""
    spread_s: float
    """How much that varies."""


def goes_out_live(title: str, category: str | None) -> bool:
    """Tell whether a listing says that its programme goes out live, so that it may overrun: sport mostly."""
    return _LIVE.search(title) is not None or (category is not None and _SPORT.search(category) is not None)


def habits(seen: Iterable[tuple[str, float]]) -> dict[str, Habit]:
    """Return what is known of series that were seen often enough, from (name, seconds after its printed start)."""
    by_name: dict[str, list[float]] = {}
    for name, drift_s in seen:
        by_name.setdefault(name, []).append(drift_s)
    found = {}
    for name, drifts in by_name.items():
        if len(drifts) >= _SEEN_OFTEN:
            usual = float(np.median(drifts))
            spread = float(np.mean(np.abs(np.array(drifts) - usual)))
            found[name] = Habit(usual, max(_LEAST_SPREAD_S, 1.5 * spread))
    return found


@dataclass(frozen=True, slots=True)
class Weights:
    """What the probabilities of the chain are; fitted by benchmarks/naming.py."""

    drift_s: float = 380.0
    """Scale of a start's distance from the printed time, or from how late everything is."""
    adrift: float = 0.042
    """Share of programmes that begin far from it."""
    adrift_s: float = 1750.0
    """Scale of that."""
    length_s: float = 450.0
    """Scale of a programme's length against the printed one."""
    stretched: float = 0.093
    """Share of programmes whose length is far from it: what overruns, or is cut short."""
    stretched_s: float = 2050.0
    """Scale of that."""
    short: float = 2.6
    """How much it counts when a programme lasts less than half of what is printed."""
    live_stretched: float = 0.3
    """Share of those among live ones."""
    overrun: float = 0.008
    """Share of programmes after which what follows is late, or later."""
    live_overrun: float = 0.25
    """Share of those among live ones."""
    easing: float = 0.29
    """Share of late programmes after which what follows is less late."""
    caught_up: float = 0.15
    """Share of late programmes after which nothing is late any more."""
    split: float = 0.08
    """Share of joints without a break."""
    skipped: float = 0.005
    """Share of listings that are not shown."""
    unlisted: float = 0.0037
    """Share of joints after which something is shown that is in no listing."""
    unlisted_s: float = 900.0
    """Usual length of that."""
    breaks: float = 1.3
    """How much the number of a programme's breaks counts."""
    joint_s: float = 325.0
    """How much footage a joint at its likeliest place is worth."""


DEFAULT = Weights()


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a programme without a break."""

    stretch: int
    """Number of the stretch that it is, or lies in."""
    start: float
    """Seconds."""
    end: float
    """Seconds."""
    begins_inside: bool
    """Whether it begins inside the stretch: a split without a break, only about here."""
    ends_inside: bool
    """Whether it ends inside the stretch."""


@dataclass(frozen=True, slots=True)
class Named:
    """A programme that was found."""

    slot: int | None
    """Number of its listing; None for what is in no listing."""
    parts: tuple[Part, ...]
    """Its parts in order, at least one."""
    confidence: float
    """In [0, 1]: how sure its name is; 0 without a listing."""
    agreement: float
    """In [0, 1]: the share of all ways to lay the day that agree; what confidence is made from."""
    begins: float
    """In [0, 1]: the share in which its listing begins just here."""
    ends: float
    """In [0, 1]: the share in which it ends just here."""


@dataclass(frozen=True, slots=True)
class Day:
    """What is to be aligned."""

    stretches: Sequence[Stretch]
    """In order, not overlapping."""
    slots: Sequence[Slot]
    """By start."""
    barriers: Sequence[float] = ()
    """Times over which no programme reaches: what lies there is taken by one that is settled."""
    begins_whole: bool = False
    """Whether a programme begins with the first stretch; else the first may have begun before."""
    is_running: bool = False
    """Whether the last stretch goes on."""
    habits: Mapping[str, Habit] = field(default_factory=dict)
    """What is known of series."""


def align(day: Day, weights: Weights = DEFAULT) -> list[Named]:
    """Return the day's programmes in order; footage that is only trailers is in none."""
    kept = [number for number, stretch in enumerate(day.stretches) if not _is_trailer(day, number)]
    if not kept:
        return []
    places = _places(day, kept)
    found: list[Named] = []
    place = 0
    chains = [_Chain(day, places, weights, part_s) for part_s in _PARTS_S]
    for one in max(chains, key=lambda chain: chain.evidence).best():
        found += _unlisted(day, kept, places, (place, one.first))
        parts = _parts(day, kept, float(places.after[one.first]), float(places.before[one.last]))
        found.append(Named(one.slot, parts, confidence(one.agreement), one.agreement, one.begins, one.ends))
        place = one.last
    return found + _unlisted(day, kept, places, (place, len(places.after) - 1))


def _is_trailer(day: Day, number: int) -> bool:
    stretch = day.stretches[number]
    runs = day.is_running and number == len(day.stretches) - 1
    return stretch.end - stretch.start < TRAILER_S and not runs


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a programme may end and the next begin, in order; the first begins the day, the last ends it."""

    before: Floats
    """(P,) where the footage before the place ends, seconds."""
    after: Floats
    """(P,) where the footage after it begins; the same inside a stretch."""
    inside: NDArray[np.bool_]
    """(P,) whether it lies inside a stretch."""
    net: Floats
    """(P,) seconds of footage before it."""
    owner_before: NDArray[np.int64]
    """(P,) the number, among those kept, of the stretch that ends there or lies before it."""
    owner_after: NDArray[np.int64]
    """(P,) that of the stretch that begins there or lies after it."""
    taken: Floats
    """(P,) seconds from the beginning of the stretch before it."""
    left: Floats
    """(P,) seconds to the end of the stretch after it."""
    lengths: Floats
    """(S,) of the stretches that are kept."""
    room_before: NDArray[np.int64]
    """(P,) the number of barriers before the footage that ends there."""
    room_after: NDArray[np.int64]
    """(P,) the number of barriers before the footage that begins there."""

    def full_before(self, worth: Callable[[Floats], Floats]) -> Floats:
        """Return (S + 2,): what all stretches before the one of that number are worth together."""
        return np.concatenate([[0.0], np.cumsum(worth(self.lengths)), [0.0]])


def _places(day: Day, kept: Sequence[int]) -> _Places:
    spans = [(day.stretches[number].start, day.stretches[number].end) for number in kept]
    rows: list[tuple[float, float, bool, float, int, int]] = []
    net, last_end = 0.0, spans[0][0]
    for owner, (start, end) in enumerate(spans):
        rows.append((last_end, start, False, net, owner - 1, owner))
        steps = int((end - start) / STEP_S - 1e-9)
        times = (start + step * STEP_S for step in range(1, steps + 1))
        rows += [(at, at, True, net + at - start, owner, owner) for at in times]
        net, last_end = net + end - start, end
    rows.append((last_end, last_end, False, net, len(spans) - 1, len(spans) - 1))
    columns = list(zip(*rows, strict=True))
    before, after = np.array(columns[0]), np.array(columns[1])
    starts, ends = np.array([start for start, _ in spans]), np.array([end for _, end in spans])
    owner_before, owner_after = np.array(columns[4]), np.array(columns[5])
    return _Places(
        before=before,
        after=after,
        inside=np.array(columns[2]),
        net=np.array(columns[3]),
        owner_before=owner_before,
        owner_after=owner_after,
        taken=before - starts[owner_before],
        left=ends[owner_after] - after,
        lengths=ends - starts,
        room_before=np.searchsorted(np.array(sorted(day.barriers)), before),
        room_after=np.searchsorted(np.array(sorted(day.barriers)), after),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """Footage between two places that is taken by a listing."""

    slot: int
    first: int
    last: int
    agreement: float
    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class _Window:
    """The ways to lay one listing: it begins at a place of ``starts`` and ends at one of ``ends``."""

    starts: slice
    ends: slice
    drift: Floats
    """(R, starts) logarithms: what beginning there says, for how late everything is."""
    ways: Floats
    """(starts, ends) how likely everything else is, over ``scale``."""
    scale: float
    """Logarithm."""
    regimes: Floats
    """(R, R): from how late it began to how late the next one begins."""


class _Chain:
    """All ways to lay the listings over the places, and how likely they are.

    A layer is (R, P) logarithms: with so many listings done and so late, what leads to a place.
    """

    def __init__(self, day: Day, places: _Places, weights: Weights, part_s: float) -> None:
        """part_s: how long a part between two breaks usually is."""
        self._day = day
        self._places = places
        self._weights = weights
        self._part_s = part_s
        self._whole = np.flatnonzero(~places.inside)
        self._unlisted = self._unlisted_ways()
        self._regimes = [_regimes(weights, weights.overrun), _regimes(weights, weights.live_overrun)]
        self._windows = [self._window(slot) for slot in day.slots]
        self._skips = [self._skip(slot) for slot in day.slots]
        self._forward = self._run_forward()
        self._total = self.evidence = float(np.logaddexp.reduce(self._forward[-1][:, -1]))

    # What a way to lay one listing costs

    def _window(self, slot: Slot) -> _Window:
        places = self._places
        count = len(places.after)
        first = int(np.searchsorted(places.after, slot.start - _EARLIEST_S))
        last = int(np.searchsorted(places.after, slot.start + _LATEST_S, side="right"))
        joined_late = not self._day.begins_whole and slot.start < places.after[0]
        first = 0 if joined_late else first
        starts = slice(first, max(first, min(last, count - 1)))
        length = slot.stop - slot.start
        reach = slot.start + _LATEST_S + max(_LONGEST_FACTOR * length, length + _EARLIEST_S)
        ends = slice(first + 1, max(first + 1, int(np.searchsorted(places.before, reach, side="right"))))
        drift = self._drift(slot, places.after[starts])
        if joined_late:
            drift[:, :1] = 0.0  # it may have begun before the footage did: its start says nothing
        score = self._score(slot, starts, ends, joined_late=joined_late)
        scale = float(score.max(initial=_NEVER))
        return _Window(starts, ends, drift, np.exp(score - scale), scale, self._regimes[slot.is_live])

    def _score(self, slot: Slot, starts: slice, ends: slice, *, joined_late: bool) -> Floats:
        places, weights = self._places, self._weights
        begin, end = places.after[starts], places.after[ends]
        whole = slot.stop - slot.start
        lasted = end[None, :] - begin[:, None]
        score = self._length(lasted, slot) - weights.short * np.maximum(0, 0.5 - lasted / max(whole, 1.0))
        if joined_late:
            score[:1] = self._length(end - slot.start, slot)
        if ends.start < ends.stop == len(places.after):
            score[:, -1] = _outlasts(lasted[:, -1] - whole, weights)  # the footage breaks off in it
        net = places.net[ends][None, :] - places.net[starts][:, None]
        score = score + weights.breaks * self._division(starts, ends) + self._joint(starts)[:, None]
        impossible = (net <= 0) | (places.room_before[ends][None, :] != places.room_after[starts][:, None])
        return np.where(impossible, _NEVER, score)

    def _drift(self, slot: Slot, begin: Floats) -> Floats:
        habit = self._day.habits.get(slot.habit)
        weights = self._weights
        usual, scale = (0.0, weights.drift_s) if habit is None else (habit.drift_s, habit.spread_s)
        off = begin - slot.start - usual
        in_time = _laplace(off, scale, (weights.adrift, weights.adrift_s)) + math.log(weights.drift_s / scale)
        late = off[None, :] - _LATENESS_S[1:, None]
        return np.vstack([in_time, _laplace(late, weights.drift_s, (weights.adrift, weights.adrift_s))])

    def _length(self, lasted: Floats, slot: Slot) -> Floats:
        weights = self._weights
        share = weights.live_stretched if slot.is_live else weights.stretched
        return _laplace(lasted - (slot.stop - slot.start), weights.length_s, (share, weights.stretched_s))

    def _joint(self, starts: slice) -> Floats:
        """Return what beginning at a place says: at a break, or at one of the steps inside a stretch without one."""
        share = self._weights.split
        return np.where(self._places.inside[starts], math.log(share * STEP_S / 600), math.log(1 - share))

    def _division(self, starts: slice, ends: slice) -> Floats:
        """Return what the breaks inside say: parts are about as long as is usual; the last one may be shorter."""
        places = self._places
        begin, end = starts, ends
        alone = places.net[end][None, :] - places.net[begin][:, None]
        more = places.owner_before[end][None, :] - places.owner_after[begin][:, None]  # stretches begun after the first
        first = self._part(places.left[begin])
        between = places.full_before(self._part)
        among = between[places.owner_before[end]][None, :] - between[places.owner_after[begin] + 1][:, None]
        divided = first[:, None] + among + self._last(places.taken[end])[None, :]
        return np.where(more > 0, divided, self._last(alone))

    def _part(self, length: Floats) -> Floats:
        """Return the logarithm of how likely a break is after so long, against a joint at its printed time."""
        ratio = np.maximum(length, 1.0) / self._part_s
        shape = _PART_SHAPE
        density = shape * math.log(shape) - math.lgamma(shape) + (shape - 1) * np.log(ratio) - shape * ratio
        return np.asarray(density + math.log(_JOINT_S / self._part_s))

    def _last(self, length: Floats) -> Floats:
        """Return the logarithm of the share of parts that are longer than this, and a little more."""
        ratio = _PART_SHAPE * np.maximum(length - _NO_BREAK_S, 0.0) / self._part_s
        terms = sum(ratio**k / math.factorial(k) for k in range(int(_PART_SHAPE)))
        return np.asarray(np.log(terms) - ratio)

    def _skip(self, slot: Slot) -> float:
        """Return what leaving a listing out costs: nothing where there is no footage of its time."""
        stretches = self._day.stretches
        seen = sum(max(0.0, min(one.end, slot.stop) - max(one.start, slot.start)) for one in stretches)
        share = min(1.0, 1.5 * seen / max(slot.stop - slot.start, 1.0))
        return share * math.log(self._weights.skipped)

    def _unlisted_ways(self) -> Floats:
        """Return (W, W): how likely it is to come from one break to a later one with footage in no listing, or none."""
        places, whole, weights = self._places, self._whole, self._weights
        net = places.net[whole][None, :] - places.net[whole][:, None]
        same = places.room_before[whole][None, :] == places.room_after[whole][:, None]
        once = np.where((net > 0) & same, weights.unlisted * np.exp(-np.maximum(net, 0) / weights.unlisted_s), 0.0)
        return np.asarray(np.linalg.inv(np.eye(len(whole)) - once))  # once, twice, …: a geometric series

    # Summing over all ways

    def _run_forward(self) -> list[Floats]:
        layer = np.full((len(_LATENESS_S), len(self._places.after)), _NEVER)
        layer[:, 0] = np.log(np.r_[0.9, np.full(len(_LATENESS_S) - 1, 0.1 / (len(_LATENESS_S) - 1))])
        layers = [self._on_with_unlisted(layer)]
        for window, skip in zip(self._windows, self._skips, strict=True):
            following = layers[-1] + skip
            shown = _through(layers[-1][:, window.starts] + window.drift, window.ways) + window.scale
            following[:, window.ends] = np.logaddexp(following[:, window.ends], _through(shown.T, window.regimes).T)
            layers.append(self._on_with_unlisted(following))
        return layers

    def _run_backward(self) -> list[Floats]:
        """Return what leads on from each place to the end of the day."""
        layer = np.full((len(_LATENESS_S), len(self._places.after)), _NEVER)
        layer[:, -1] = 0.0
        layers = [self._back_with_unlisted(layer)]
        for window, skip in zip(reversed(self._windows), reversed(self._skips), strict=True):
            leading = layers[-1] + skip
            onward = self._onward(window, layers[-1])
            shown = _through(onward, window.ways.T) + window.scale + window.drift
            leading[:, window.starts] = np.logaddexp(leading[:, window.starts], shown)
            layers.append(self._back_with_unlisted(leading))
        return layers[::-1]

    def _onward(self, window: _Window, layer: Floats) -> Floats:
        """Return what leads on from the ends of a window, by how late its programme began."""
        return _through(layer[:, window.ends].T, window.regimes.T).T

    def _on_with_unlisted(self, layer: Floats) -> Floats:
        result = layer.copy()
        result[:, self._whole] = _through(layer[:, self._whole], self._unlisted)
        return result

    def _back_with_unlisted(self, layer: Floats) -> Floats:
        result = layer.copy()
        result[:, self._whole] = _through(layer[:, self._whole], self._unlisted.T)
        return result

    # What comes of it

    def shares(self, slot: int) -> Floats:
        """Return (starts, ends): the share of all ways in which a listing lies just so."""
        window = self._windows[slot]
        leading = self._forward[slot][:, window.starts] + window.drift
        onward = self._onward(window, self._backward[slot + 1])
        top, after = leading.max(initial=_NEVER), onward.max(initial=_NEVER)
        joined = np.exp(leading - top).T @ np.exp(onward - after)
        return np.asarray(joined * window.ways * math.exp(min(600.0, top + after + window.scale - self._total)))

    def best(self) -> list[_Found]:
        """Return where the listings lie: what gets the most footage, and joints, right on an average of all ways."""
        places, count = self._places, len(self._places.after)
        worth = np.zeros(count)
        came_from: list[NDArray[np.int64]] = []
        self._backward = self._run_backward()
        all_shares = [self.shares(number) for number in range(len(self._windows))]
        for window, shares in zip(self._windows, all_shares, strict=True):
            worth, origin = self._extended(worth, window, shares)
            came_from.append(origin)
        found: list[_Found] = []
        place = count - 1
        for number in range(len(self._windows) - 1, -1, -1):
            first, last = _unpacked(int(came_from[number][place]), count)
            if first >= 0:
                found.append(_judged(places.net, self._windows[number], all_shares[number], (number, first, last)))
                place = first
        return found[::-1]

    def _extended(self, worth: Floats, window: _Window, shares: Floats) -> tuple[Floats, NDArray[np.int64]]:
        """Return what is best worth up to each place with one more listing, and where that listing lies then."""
        net, count = self._places.net, len(worth)
        held = np.zeros(count)
        held[window.starts] += shares.sum(axis=1)
        begins = held.copy()
        ends = np.zeros(count)
        ends[window.ends] = shares.sum(axis=0)
        held = np.cumsum(held - ends)  # the share in which the listing is on from each place to the next
        gained = np.concatenate([[0.0], np.cumsum(np.diff(net) * (held[:-1] - _NOT_WORTH))])
        bonus = self._weights.joint_s
        entering = worth - gained + bonus * begins
        best_start = np.maximum.accumulate(entering)
        start = np.maximum.accumulate(np.where(entering >= best_start, np.arange(count), 0))
        shown = np.full(count, -np.inf)
        shown[1:] = best_start[:-1] + (gained + bonus * ends)[1:]
        better = shown > worth
        reached = np.where(better, shown, worth)
        top = np.maximum.accumulate(reached)
        at = np.maximum.accumulate(np.where(reached >= top, np.arange(count), 0))
        origin = np.where(better[at], start[np.maximum(at - 1, 0)] * count + at, -1)
        return top, origin


def _unpacked(packed: int, count: int) -> tuple[int, int]:
    return (-1, -1) if packed < 0 else divmod(packed, count)


def _judged(net: Floats, window: _Window, shares: Floats, found: tuple[int, int, int]) -> _Found:
    """Say in what share of all ways a found listing takes at least half of its footage, and begins and ends so."""
    slot, first, last = found
    latest_start = np.maximum(net[window.starts], net[first])[:, None]
    common = np.minimum(net[window.ends], net[last])[None, :] - latest_start
    agreeing = shares[common >= 0.5 * (net[last] - net[first])].sum()
    begins, ends = shares[first - window.starts.start].sum(), shares[:, last - window.ends.start].sum()
    return _Found(slot, first, last, float(min(1.0, agreeing)), float(min(1.0, begins)), float(min(1.0, ends)))


def _regimes(weights: Weights, overrun: float) -> Floats:
    """Return (R, R): from how late everything was to how late it is after one more programme, by probability."""
    count = len(_LATENESS_S)
    table = np.zeros((count, count))
    for now in range(count):
        later, less = count - now - 1, max(now - 1, 0)
        if later:
            table[now, now + 1 :] = overrun / later
        if now:
            table[now, 0] = weights.caught_up
        if less:
            table[now, 1:now] = weights.easing / less
        table[now, now] = max(0.05, 1 - table[now].sum())
    return np.asarray(table / table.sum(axis=1, keepdims=True))


def _through(layer: Floats, ways: Floats) -> Floats:
    """Return log(exp(layer) @ ways), row by row without running over."""
    if layer.shape[-1] == 0:
        return np.full((*layer.shape[:-1], ways.shape[-1]), _NEVER)
    top = layer.max(axis=-1, keepdims=True)
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(np.log(np.exp(layer - top) @ ways) + top, _NEVER))


def _laplace(distance: Floats, near_s: float, far: tuple[float, float]) -> Floats:
    """Return the logarithm of how likely a distance is, against none at all: near 0 mostly, far away rarely.

    far: the share of what is far away, and its scale.
    """
    share, far_s = far
    near = math.log(1 - share) - np.abs(distance) / near_s
    return np.asarray(np.logaddexp(near, math.log(share * near_s / far_s) - np.abs(distance) / far_s))


def _outlasts(beyond: Floats, weights: Weights) -> Floats:
    """Return the logarithm of the share of programmes that last so much longer than printed, or more."""
    late = np.maximum(beyond, 0)
    near = math.log(1 - weights.stretched) - late / weights.length_s
    far = math.log(weights.stretched) - late / weights.stretched_s
    return np.asarray(np.logaddexp(near, far))


def _unlisted(day: Day, kept: Sequence[int], places: _Places, between: tuple[int, int]) -> list[Named]:
    """Return what lies between two places and is in no listing; barriers divide it."""
    first, last = between
    if first == last:
        return []
    cuts = [first, *(at for at in range(first + 1, last) if places.room_before[at] != places.room_after[at]), last]
    found = [_parts(day, kept, float(places.after[a]), float(places.before[b])) for a, b in pairwise(cuts)]
    return [Named(None, parts, 0.0, 0.0, 0.0, 0.0) for parts in found if parts]


def _parts(day: Day, kept: Sequence[int], start: float, end: float) -> tuple[Part, ...]:
    return tuple(
        Part(
            stretch=number,
            start=max(start, day.stretches[number].start),
            end=min(end, day.stretches[number].end),
            begins_inside=start > day.stretches[number].start,
            ends_inside=end < day.stretches[number].end,
        )
        for number in kept
        if day.stretches[number].start < end and day.stretches[number].end > start
    )


def confidence(agreement: float) -> float:
    """Return what an agreement is worth, by the table; benchmarks/naming.py fits it."""
    table = np.array(CONFIDENCE)
    return float(np.interp(agreement, table[:, 0], table[:, 1]))
