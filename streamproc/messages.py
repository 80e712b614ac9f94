"""What flows between the stages: frozen values, each field a sentence."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


class Kind(StrEnum):
    """What is on air."""

    PROGRAMME = "programme"
    ADVERT = "advert"
    UNKNOWN = "unknown"


class BoundaryState(StrEnum):
    """How settled a boundary is."""

    PROVISIONAL = "provisional"
    FINAL = "final"
    WITHDRAWN = "withdrawn"


class Method(StrEnum):
    """What put a boundary where it is."""

    SAMPLE = "sample"  # provisional: between two samples, nothing re-read yet
    CUT = "cut"  # a shot cut next to the bug's change
    BLACK = "black"  # black frames next to the bug's change
    FADE = "fade"  # the middle of a dissolve next to the bug's change
    BUG = "bug"  # the bug's own change; nothing else near it
    EPOCH = "epoch"  # the feed began or ended here


class AlarmKind(StrEnum):
    """Why a channel's model no longer seems to fit."""

    UNSURE = "unsure"  # its scores have slid towards the middle
    VANISHED = "vanished"  # it has seen no bug for hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of one epoch, [start, end)."""

    epoch: int
    """The epoch's number in the recording."""
    start: Fraction
    """Time of its first frame, seconds in the epoch."""
    end: Fraction
    """Time after its last frame, seconds in the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochStarted:
    """The samples that follow belong to this epoch."""

    epoch: int
    """Its number in the footage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochEnded:
    """The epoch has no more samples and never will."""

    epoch: int
    """Its number in the footage."""
    end: Fraction
    """The time after its last frame, seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The logo's region of one decoded frame."""

    epoch: int
    """The epoch it belongs to."""
    time: Fraction
    """Presentation time in the epoch, seconds."""
    crop: NDArray[np.uint8]
    """(H, W, 3) RGB, the region at the frame's own resolution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What the model says of one sample."""

    epoch: int
    """The epoch it belongs to."""
    time: Fraction
    """Presentation time in the epoch, seconds."""
    probability: float
    """Calibrated probability in [0, 1] that the bug is on the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The hysteresis changed its mind: the new state holds from ``first_new`` on."""

    epoch: int
    """The epoch it belongs to."""
    before: Kind
    """The state until now; UNKNOWN for the first decision of an epoch."""
    after: Kind
    """The state from now on."""
    last_old: Fraction | None
    """Time of the last sample that spoke for the old state; None when there was none."""
    first_new: Fraction
    """Time of the first sample of the run that decided for the new state."""
    decided: Fraction
    """Time of the sample that completed the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a reader of the recording is, and all it must remember to go on from there."""

    epoch: int
    """The epoch it reads."""
    time: Fraction | None
    """Presentation time of the last sample it has taken in; None before the first."""
    memory: str
    """The decision's own state, JSON; opaque to everybody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where refining put a boundary."""

    time: Fraction
    """Presentation time of the first frame after the boundary, seconds in the epoch."""
    frame: int | None
    """That frame's number in the epoch in presentation order, from 0; None when not known."""
    confidence: float
    """In [0, 1]; how sure we are that a change is here and on this frame."""
    method: Method
    """What put it there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """How well a model fits what it sees, over the last stretch of samples."""

    sureness: float
    """In [0, 1]: 1 when the model is sure of every sample, 0 when each is a coin toss."""
    usual: float
    """In (0, 1]: what its sureness was when it was new on this channel; 1 while that is not known yet."""
    unsure_share: float
    """In [0, 1]: share of the time whose samples the decision passes over because they are too unsure."""
    absent_s: float
    """Seconds of footage since the bug was last plainly there."""
