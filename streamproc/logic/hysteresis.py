"""The n-sample hysteresis: what is on air, from one score at a time.

A single picture may mislead the model: a white sky hides a translucent bug, an advert shows a logo in the same corner.
So a state changes only when ``n`` samples in a row speak against it. How many differs by direction (``n_enter`` samples
with the bug make a programme, ``n_leave`` without it make an advert break), for the two mistakes have different costs.

A score is *evidence* of one of three sorts: the bug is THERE, it is NOT_THERE, or the model is UNSURE, which it is when
the probability of the likelier class is below ``min_certainty``. What happens is all in this table:

========== =========== =========== ========
state      THERE       NOT_THERE   UNSURE
========== =========== =========== ========
UNKNOWN    COUNT       COUNT       PASS
PROGRAMME  AFFIRM      COUNT       PASS
ADVERT     COUNT       AFFIRM      PASS
========== =========== =========== ========

- COUNT: the sample speaks for another state. It lengthens the run of such samples, or begins one (UNKNOWN can be left
  both ways: evidence of the other sort begins the run anew). A run that is long enough is a change, dated to its first
  sample.
- AFFIRM: the sample speaks for the state. The run, if there was one, is forgotten.
- PASS: as if the sample had not been taken: it neither counts nor resets.

From this follow the laws that the tests hold it to: two changes are never closer than n certain samples; the same
scores always give the same changes; and a copy made from a snapshot goes on as the original does. So a process that was
killed can repeat the samples since its last snapshot and comes to the same changes.
"""

import json
from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction

from streamproc.messages import Change, Kind, Score


class Evidence(Enum):
    """What one score says."""

    THERE = auto()
    NOT_THERE = auto()
    UNSURE = auto()


class Action(Enum):
    """What a state does with evidence."""

    COUNT = auto()
    AFFIRM = auto()
    PASS = auto()


TABLE: dict[tuple[Kind, Evidence], Action] = {
    (Kind.UNKNOWN, Evidence.THERE): Action.COUNT,
    (Kind.UNKNOWN, Evidence.NOT_THERE): Action.COUNT,
    (Kind.UNKNOWN, Evidence.UNSURE): Action.PASS,
    (Kind.PROGRAMME, Evidence.THERE): Action.AFFIRM,
    (Kind.PROGRAMME, Evidence.NOT_THERE): Action.COUNT,
    (Kind.PROGRAMME, Evidence.UNSURE): Action.PASS,
    (Kind.ADVERT, Evidence.THERE): Action.COUNT,
    (Kind.ADVERT, Evidence.NOT_THERE): Action.AFFIRM,
    (Kind.ADVERT, Evidence.UNSURE): Action.PASS,
}

_SPEAKS_FOR = {Evidence.THERE: Kind.PROGRAMME, Evidence.NOT_THERE: Kind.ADVERT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How much it takes to change."""

    n_enter: int
    """Samples in a row with the bug that make a programme, at least 1."""
    n_leave: int
    """Samples in a row without it that make an advert break, at least 1."""
    min_certainty: float
    """Samples whose likelier class is less probable do not count; 0.5 lets all count."""


class Hysteresis:
    """The decision of one epoch; begin a new one for the next."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._needed = {Kind.PROGRAMME: thresholds.n_enter, Kind.ADVERT: thresholds.n_leave}
        self._min_certainty = thresholds.min_certainty
        self.state = Kind.UNKNOWN
        """What is on air."""
        self._last_old: Fraction | None = None
        self._run_for = Kind.UNKNOWN
        self._run = 0
        self._first_new: Fraction | None = None

    @property
    def suspicious(self) -> bool:
        """Whether a change may be under way: something counts against the state, or none is known yet."""
        return self._run > 0 or self.state is Kind.UNKNOWN

    def evidence(self, probability: float) -> Evidence:
        """Tell what a probability that the bug is there says."""
        if max(probability, 1 - probability) < self._min_certainty:
            return Evidence.UNSURE
        return Evidence.THERE if probability >= 0.5 else Evidence.NOT_THERE

    def step(self, score: Score) -> Change | None:
        """Take in one score, later than all before it; return the change that it completes, if any."""
        evidence = self.evidence(score.probability)
        action = TABLE[self.state, evidence]
        if action is Action.COUNT:
            return self._count(_SPEAKS_FOR[evidence], score)
        if action is Action.AFFIRM:
            self._run, self._first_new = 0, None
            self._last_old = score.time
        return None

    def snapshot(self) -> str:
        """Return all that is remembered, as JSON."""
        return json.dumps(
            {
                "state": self.state,
                "last_old": _text(self._last_old),
                "run_for": self._run_for,
                "run": self._run,
                "first_new": _text(self._first_new),
            }
        )

    def restore(self, memory: str) -> None:
        """Go on from a snapshot. Raises ValueError or KeyError when the text is none."""
        remembered = json.loads(memory)
        self.state = Kind(remembered["state"])
        self._last_old = _time(remembered["last_old"])
        self._run_for = Kind(remembered["run_for"])
        self._run = int(remembered["run"])
        self._first_new = _time(remembered["first_new"])

    def _count(self, kind: Kind, score: Score) -> Change | None:
        if self._run == 0 or kind is not self._run_for:
            self._run_for, self._run, self._first_new = kind, 0, score.time
        self._run += 1
        first_new = self._first_new
        if self._run < self._needed[kind] or first_new is None:
            return None
        change = Change(
            epoch=score.epoch,
            before=self.state,
            after=kind,
            last_old=self._last_old,
            first_new=first_new,
            decided=score.time,
        )
        self.state, self._last_old = kind, score.time
        self._run, self._first_new = 0, None
        return change


def _text(time: Fraction | None) -> str | None:
    return None if time is None else str(time)


def _time(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
