"""Whether a model still fits its channel: a watch over its scores that raises an alarm, and takes it back.

A redesign, a holiday logo, a mourning ribbon, a move by a few pixels: the model either becomes unsure, or surely sees
no bug any more, or surely takes something else for it. Two figures of footage that was seen (a lost feed counts as no
time at all) tell of the former, and what people say of the latter:

- *sureness*, over the last ``window_s``: the mean over time of min(\\|log odds\\|, 4) / 4. It is 1 when every sample is
  sure (beyond 98 %), 0.25 when each is at 73 %, 0 when each is a coin toss. It is compared with what was *usual* when
  the model was new here: the mean of its first day, and until that is over 1, which is what a model that fits has.
- *absence*: how long the bug was not plainly there for ``seen_s`` on end; so a promo that shows the bug does not count.
- *dispute*: of how much footage that this model decided people have labelled the contrary.

At the end of each bucket (a thirtieth of the window) the figures are taken for one piece of evidence: WRONG (disputed
for ``disputed_s``), else LITTLE (less than half a window was seen so far), VAGUE (sureness below ``sureness`` × usual),
GONE (absent for ``vanished_after_s``), SURE (sureness at least halfway from there to usual), else BETWEEN. What
happens is all in this table:

========== =========== =========== =========== =========== =========== ===========
state      LITTLE      VAGUE       GONE        BETWEEN     SURE        WRONG
========== =========== =========== =========== =========== =========== ===========
STEADY     STAY        UNSURE      VANISHED    STAY        STAY        DISPUTED
UNSURE     STAY        STAY        VANISHED    STAY        CLEAR       DISPUTED
VANISHED   STAY        STAY        STAY        STAY        CLEAR       DISPUTED
DISPUTED   CLEAR       UNSURE      VANISHED    CLEAR       CLEAR       STAY
========== =========== =========== =========== =========== =========== ===========

UNSURE, VANISHED and DISPUTED raise that alarm (and take back another), CLEAR takes it back. Between raising and taking
back lies a gap that the figures must cross, so that an alarm does not come and go.

All of it is remembered, exactly, in a snapshot of some kB. Whoever restores it says which alarm stands, for that is
kept elsewhere; without a snapshot the watch only needs half a window to judge again, and counts absence anew.
"""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction
from math import log
from typing import Any

from streamproc.logic.labels import Label
from streamproc.messages import AlarmKind, Footing, Score

BUCKETS = 30
"""Parts of the window."""
LONGEST_S = 10.0
"""A sample stands for the time since the one before it, but for no more than this."""
SETTLE_S = 24 * 3600.0
"""So much footage tells what is usual."""
LEAST_USUAL = 0.7
"""Nothing below this counts as usual: a model that never fitted is no measure."""
_SURE = 4.0  # log odds, about 98 %; beyond it more makes no difference


class State(Enum):
    """Which alarm stands."""

    STEADY = auto()
    UNSURE = auto()
    VANISHED = auto()
    DISPUTED = auto()


class Evidence(Enum):
    """What the figures say."""

    LITTLE = auto()
    VAGUE = auto()
    GONE = auto()
    BETWEEN = auto()
    SURE = auto()
    WRONG = auto()


class Action(Enum):
    """What a state does with evidence."""

    STAY = auto()
    UNSURE = auto()
    VANISHED = auto()
    DISPUTED = auto()
    CLEAR = auto()


TABLE: dict[tuple[State, Evidence], Action] = {
    (State.STEADY, Evidence.LITTLE): Action.STAY,
    (State.STEADY, Evidence.VAGUE): Action.UNSURE,
    (State.STEADY, Evidence.GONE): Action.VANISHED,
    (State.STEADY, Evidence.BETWEEN): Action.STAY,
    (State.STEADY, Evidence.SURE): Action.STAY,
    (State.STEADY, Evidence.WRONG): Action.DISPUTED,
    (State.UNSURE, Evidence.LITTLE): Action.STAY,
    (State.UNSURE, Evidence.VAGUE): Action.STAY,
    (State.UNSURE, Evidence.GONE): Action.VANISHED,
    (State.UNSURE, Evidence.BETWEEN): Action.STAY,
    (State.UNSURE, Evidence.SURE): Action.CLEAR,
    (State.UNSURE, Evidence.WRONG): Action.DISPUTED,
    (State.VANISHED, Evidence.LITTLE): Action.STAY,
    (State.VANISHED, Evidence.VAGUE): Action.STAY,
    (State.VANISHED, Evidence.GONE): Action.STAY,
    (State.VANISHED, Evidence.BETWEEN): Action.STAY,
    (State.VANISHED, Evidence.SURE): Action.CLEAR,
    (State.VANISHED, Evidence.WRONG): Action.DISPUTED,
    (State.DISPUTED, Evidence.LITTLE): Action.CLEAR,
    (State.DISPUTED, Evidence.VAGUE): Action.UNSURE,
    (State.DISPUTED, Evidence.GONE): Action.VANISHED,
    (State.DISPUTED, Evidence.BETWEEN): Action.CLEAR,
    (State.DISPUTED, Evidence.SURE): Action.CLEAR,
    (State.DISPUTED, Evidence.WRONG): Action.STAY,
}

_LEADS_TO = {
    Action.UNSURE: State.UNSURE,
    Action.VANISHED: State.VANISHED,
    Action.DISPUTED: State.DISPUTED,
    Action.CLEAR: State.STEADY,
}
_ALARMS = {
    State.STEADY: None,
    State.UNSURE: AlarmKind.UNSURE,
    State.VANISHED: AlarmKind.VANISHED,
    State.DISPUTED: AlarmKind.DISPUTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to raise an alarm."""

    window_s: float
    """Sureness is that of the last so many seconds of footage."""
    sureness: float
    """In (0, 1): an alarm is raised when sureness falls below so much of what is usual."""
    vanished_after_s: float
    """An alarm is raised when the bug was not plainly there for so many seconds of footage."""
    min_certainty: float
    """In [0.5, 1): a sample whose likelier class is less probable is unsure; the decision's own."""
    seen_s: float = 60.0
    """The bug is plainly there when it was seen for so many seconds on end."""
    disputed_s: float = 60.0
    """An alarm is raised when people have labelled so many seconds the contrary of what was decided."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A place in the footage."""

    epoch: int
    """The epoch's number."""
    time: Fraction
    """Seconds in the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the end of a bucket brought."""

    action: Action
    """What is to be done."""
    alarm: AlarmKind | None
    """The alarm that stands from now on; None for none."""
    footing: Footing
    """The figures."""
    since: Moment
    """From where on the model is in doubt: the window's beginning; when the bug has vanished, where it was last; when
    people dispute what was decided, where they begin to."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """Where people say the contrary of what was decided."""

    seconds: float = 0.0
    """Of how much footage, in all."""
    since: Moment | None = None
    """Where that begins; None when nothing is disputed."""


def dispute(said: Sequence[Label], decided: Sequence[Label], began: Moment) -> Dispute:
    """Return where what people said contradicts what was decided from some moment on.

    said: as :func:`streamproc.logic.labels.effective` returns it. decided: away from boundaries.
    """
    contrary: list[tuple[int, Fraction, Fraction]] = []
    for label in said:
        earliest = began.time if label.epoch == began.epoch else Fraction(0)
        for other in decided:
            if other.epoch != label.epoch or other.epoch < began.epoch or other.kind is label.kind:
                continue
            start, end = max(label.start, other.start, earliest), min(label.end, other.end)
            if start < end:
                contrary.append((label.epoch, start, end))
    if not contrary:
        return Dispute()
    epoch, first, _ = min(contrary)
    return Dispute(float(sum(end - start for _, start, end in contrary)), Moment(epoch, first))


@dataclass(slots=True)
class _Bucket:
    start: Moment
    seconds: float = 0.0
    sure: float = 0.0
    unsure: float = 0.0


class Drift:
    """The watch over one model on one channel."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.state = State.STEADY
        """Which alarm stands."""
        self.began: Moment | None = None
        """The first sample of this model; None before it."""
        self.dispute = Dispute()
        """What people say against its decisions; whoever knows it puts it here, and no snapshot holds it."""
        self._buckets: deque[_Bucket] = deque(maxlen=BUCKETS)
        self._open: _Bucket | None = None
        self._last: Moment | None = None
        self._seen: Moment | None = None
        self._absent_s = 0.0
        self._run_s = 0.0
        self._settled_s = 0.0
        self._settled_sure = 0.0

    @property
    def alarm(self) -> AlarmKind | None:
        """The alarm that stands; None for none."""
        return _ALARMS[self.state]

    def step(self, score: Score) -> Finding | None:
        """Take in one score, later than all before it; return a finding at the end of a bucket.

        A score that is not later (a reader that was killed says some again) is passed over.
        """
        now = Moment(score.epoch, score.time)
        last = self._last
        if last is not None and (now.epoch, now.time) <= (last.epoch, last.time):
            return None
        self._last = now
        self.began = self.began or now
        seconds = 0.0
        if last is not None and last.epoch == now.epoch:
            seconds = min(float(now.time - last.time), LONGEST_S)
        if self._open is None:
            self._open = _Bucket(now)
        self._weigh(self._open, score.probability, seconds)
        self._look_for_bug(now, score.probability, seconds)
        if self._open.seconds < self._limits.window_s / BUCKETS:
            return None
        self._buckets.append(self._open)
        self._open = None
        return self._judge()

    def footing(self) -> Footing:
        """Return the figures as they are now."""
        seconds = sum(bucket.seconds for bucket in self._buckets)
        sure = sum(bucket.sure for bucket in self._buckets)
        unsure = sum(bucket.unsure for bucket in self._buckets)
        usual = self._settled_sure / self._settled_s if self._settled_s >= SETTLE_S else 1.0
        return Footing(
            sureness=sure / seconds if seconds else 1.0,
            usual=max(usual, LEAST_USUAL),
            unsure_share=unsure / seconds if seconds else 0.0,
            absent_s=self._absent_s,
        )

    def snapshot(self) -> str:
        """Return all that is remembered but the state, as JSON."""
        return json.dumps(
            {
                "buckets": [_bucket_text(bucket) for bucket in self._buckets],
                "open": None if self._open is None else _bucket_text(self._open),
                "began": _moment_text(self.began),
                "last": _moment_text(self._last),
                "seen": _moment_text(self._seen),
                "absent_s": self._absent_s,
                "run_s": self._run_s,
                "settled_s": self._settled_s,
                "settled_sure": self._settled_sure,
            }
        )

    def restore(self, memory: str | None, standing: AlarmKind | None) -> None:
        """Go on from a snapshot, if there is one, with the alarm that stands.

        Raises ValueError, KeyError or TypeError when the text is no snapshot.
        """
        self.state = next(state for state, alarm in _ALARMS.items() if alarm is standing)
        if memory is None:
            return
        known = json.loads(memory)
        self._buckets.extend(_bucket(part) for part in known["buckets"])
        self._open = None if known["open"] is None else _bucket(known["open"])
        self.began = _moment(known["began"])
        self._last, self._seen = _moment(known["last"]), _moment(known["seen"])
        self._absent_s, self._run_s = float(known["absent_s"]), float(known["run_s"])
        self._settled_s, self._settled_sure = float(known["settled_s"]), float(known["settled_sure"])

    def _weigh(self, bucket: _Bucket, probability: float, seconds: float) -> None:
        inside = min(max(probability, 1e-6), 1 - 1e-6)
        bucket.seconds += seconds
        bucket.sure += seconds * min(abs(log(inside / (1 - inside))), _SURE) / _SURE
        if max(inside, 1 - inside) < self._limits.min_certainty:
            bucket.unsure += seconds

    def _look_for_bug(self, now: Moment, probability: float, seconds: float) -> None:
        if self._seen is None:
            self._seen = now
        if probability >= self._limits.min_certainty:
            self._run_s += seconds
        elif probability <= 1 - self._limits.min_certainty:
            self._run_s = 0.0
        if self._run_s >= self._limits.seen_s:
            self._seen, self._absent_s = now, 0.0
        else:
            self._absent_s += seconds

    def _judge(self) -> Finding:
        footing = self.footing()
        evidence = self._evidence(footing)
        action = TABLE[self.state, evidence]
        self.state = _LEADS_TO.get(action, self.state)
        if self.state is State.STEADY and evidence is not Evidence.LITTLE and self._settled_s < SETTLE_S:
            self._settled_s += self._buckets[-1].seconds
            self._settled_sure += self._buckets[-1].sure
        since = self._buckets[0].start
        if self.state is State.VANISHED and self._seen is not None:
            since = self._seen
        if self.state is State.DISPUTED and self.dispute.since is not None:
            since = self.dispute.since
        return Finding(action=action, alarm=self.alarm, footing=footing, since=since)

    def _evidence(self, footing: Footing) -> Evidence:
        least = self._limits.sureness
        if self.dispute.seconds >= self._limits.disputed_s:
            return Evidence.WRONG
        if len(self._buckets) < BUCKETS // 2:
            return Evidence.LITTLE
        if footing.sureness < least * footing.usual:
            return Evidence.VAGUE
        if footing.absent_s >= self._limits.vanished_after_s:
            return Evidence.GONE
        return Evidence.SURE if footing.sureness >= (1 + least) / 2 * footing.usual else Evidence.BETWEEN


def _moment_text(moment: Moment | None) -> list[Any] | None:
    return None if moment is None else [moment.epoch, str(moment.time)]


def _moment(parts: Sequence[Any] | None) -> Moment | None:
    return None if parts is None else Moment(int(parts[0]), Fraction(parts[1]))


def _bucket_text(bucket: _Bucket) -> list[Any]:
    return [bucket.start.epoch, str(bucket.start.time), bucket.seconds, bucket.sure, bucket.unsure]


def _bucket(parts: Sequence[Any]) -> _Bucket:
    return _Bucket(Moment(int(parts[0]), Fraction(parts[1])), *(float(value) for value in parts[2:5]))
