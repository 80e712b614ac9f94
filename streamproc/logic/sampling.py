"""Which frames are looked at.

Decoding is the cost of a channel, so in the steady state only keyframes are decoded (or as many frames as were asked
for). While a change is suspected the plan is *dense*: frames between keyframes are taken too, so that n samples that
must agree cost n short steps and not n groups of pictures. Density is bounded: a suspicion that neither comes true nor
goes away (a picture the model can't judge for minutes) may not cost a full decode for ever.

docs/decisions/0005-where-a-boundary-is-put.md tells why.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

DENSE_LIMIT_S = 8
"""A suspicion is followed densely for so long; after that at the usual pace, until it is settled."""


@dataclass(frozen=True, slots=True)
class NextSample:
    """What to look at next."""

    at: Fraction
    """Take the first frame presented at or after this time, seconds in the epoch."""
    keyframe_first: bool
    """Take a keyframe before ``at`` instead, if there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How far the decision has come; a value, so that what is read after it is never older than it."""

    epoch: int | None
    """The epoch that is being decided; None before the first."""
    until: Fraction | None
    """Time of the last sample there that agreed with the state; None before the first."""
    has_ended: bool
    """Whether the epoch has no more samples."""

    def covers(self, epoch: int, time: Fraction) -> bool:
        """Tell whether the decision up to ``time`` of an epoch is made and nothing there is in doubt."""
        if self.epoch is None or epoch > self.epoch:
            return False
        if epoch < self.epoch or self.has_ended:
            return True
        return self.until is not None and time <= self.until


class SamplingPlan:
    """One channel's plan: the one who samples asks it, the one who decides tells it what came of it."""

    def __init__(self, *, rate_hz: float | None, max_gap_s: float, dense_rate_hz: float) -> None:
        self._step = None if rate_hz is None else 1 / Fraction(rate_hz).limit_denominator(1000)
        self._max_gap = Fraction(max_gap_s).limit_denominator(1000)
        self._dense_step = 1 / Fraction(dense_rate_hz).limit_denominator(1000)
        self._suspected_since: Fraction | None = None
        self._dense = False
        self._settled = Settled(epoch=None, until=None, has_ended=False)

    @property
    def dense(self) -> bool:
        """Whether a change is suspected and followed closely."""
        return self._dense

    @property
    def settled(self) -> Settled:
        """Up to where the decision is made and nothing is in doubt, at this moment."""
        return self._settled

    def begin_epoch(self, epoch: int) -> None:
        """Suspect everything: nothing is known of a new epoch."""
        self._suspected_since, self._dense = None, True
        self._settled = Settled(epoch=epoch, until=None, has_ended=False)

    def end_epoch(self) -> None:
        """Take in that the epoch has no more samples, and that this is written down."""
        self._settled = replace(self._settled, has_ended=True)

    def observe(self, time: Fraction, *, suspicious: bool) -> None:
        """Take in what came of the sample at ``time``, after it was written down."""
        if not suspicious:
            self._suspected_since, self._dense = None, False
            self._settled = replace(self._settled, until=time)
            return
        if self._suspected_since is None:
            self._suspected_since = time
        self._dense = time - self._suspected_since < DENSE_LIMIT_S

    def next(self, last: Fraction) -> NextSample:
        """Return what to look at after the sample at ``last``."""
        if self._dense:
            step = self._dense_step if self._step is None else min(self._step, self._dense_step)
            return NextSample(last + step, keyframe_first=False)
        if self._step is not None:
            return NextSample(last + self._step, keyframe_first=False)
        return NextSample(last + self._max_gap, keyframe_first=True)
