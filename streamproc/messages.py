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
    HAND = "hand"  # a person


class CueKind(StrEnum):
    """What a cue says about the programme."""

    OUT = "out"  # a break begins
    IN = "in"  # the programme goes on, or begins
    OTHER = "other"


class CueOrigin(StrEnum):
    """Where a cue comes from."""

    STREAM = "stream"  # a section in a transport stream
    HLS = "hls"  # a tag in a playlist
    FOUND = "found"  # written by us, for a boundary that was found


class AlarmKind(StrEnum):
    """Why a channel's model no longer seems to fit."""

    UNSURE = "unsure"  # its scores have slid towards the middle
    VANISHED = "vanished"  # it has seen no bug for hours
    DISPUTED = "disputed"  # people have labelled the contrary of what it decided


class Reliability(StrEnum):
    """Whether what is said of paint on a picture counts there."""

    GOOD = "good"
    WEAK = "weak"
    UNDECIDABLE = "undecidable"


class Wanted(StrEnum):
    """What an order asks for."""

    PROGRAMME = "programme"  # by its name, its time or its day
    RANGE = "range"  # from one moment to another


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is said to an editor, one sentence, in both languages that there are."""

    en: str
    """In English."""
    ru: str
    """In Russian."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle of pixels, the right and bottom edges exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        """Pixels in it."""
        return (self.right - self.left) * (self.bottom - self.top)

    def shared(self, other: "Box") -> int:
        """Return the pixels that lie in both."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, across) * max(0, down)

    def overlap(self, other: "Box") -> float:
        """Return the intersection's share of the union of both; 0 where they do not meet."""
        both = self.shared(other)
        return both / (self.area + other.area - both) if both else 0.0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CueMessage:
    """A cue as it came, not yet read: nobody has looked whether it is whole."""

    number: int
    """Counts the messages of its epoch, from 0, as they came."""
    sent: Fraction
    """Time in the epoch up to which video had come before it, seconds; may be below 0."""
    pts_zero: int | None
    """What the source counts at the epoch's time 0, ticks of 90 kHz in 33 bits; None where its count is another."""
    at: Fraction | None
    """Time in the epoch of which it speaks, where that is told beside it (by a playlist)."""
    kind: CueKind | None
    """What it says, where that is told beside it."""
    duration: Fraction | None
    """How long the break will be, seconds, where that is told beside it."""
    origin: CueOrigin
    """Where it comes from."""
    payload: str
    """The splice_info_section as base64; empty when a playlist only has a plain tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """What a cue announces, on the timeline of its epoch."""

    kind: CueKind
    """Out of the programme, back into it, or something else."""
    time: Fraction
    """Of which frame it speaks: presentation time in the epoch, seconds; may be below 0."""
    exact: bool
    """Whether the time is the one it names; else it says "now", and this is when it came."""
    sent: Fraction
    """Time in the epoch up to which video had come before it, seconds."""
    event_id: int | None
    """Number of the event; the same number again is a repetition, a return or a withdrawal."""
    duration: Fraction | None
    """Length of the break, seconds; None when not told."""
    returns: bool
    """Whether the break ends by itself after its duration."""
    cancels: bool
    """Whether what was announced under this number is taken back."""
    name: str
    """What the standard calls it."""
    origin: CueOrigin
    """Where it comes from."""
    payload: str
    """The splice_info_section as base64; empty when there is none."""
