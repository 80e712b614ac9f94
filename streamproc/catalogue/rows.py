"""What the catalogue gives out: frozen values, free of any session."""

from dataclasses import dataclass
from fractions import Fraction

from streamproc.catalogue.models import ClipState, Role
from streamproc.logic.labels import Label
from streamproc.messages import AlarmKind, BoundaryState, Change, Footing, Kind, Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow:
    """A feed."""

    name: str
    """Short name."""
    title: str
    """Name for people."""
    model_name: str | None
    """Name of the model that knows its bug; None when it is only recorded."""
    model_sha256: str | None
    """SHA-256 of that model, hex."""
    clips: bool
    """Whether final programme segments get a clip."""
    created_ns: int
    """When it was first seen, wall time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRow:
    """One unbroken stretch of recording."""

    id: int
    """Number in the catalogue, unique over all channels."""
    channel: str
    """The channel's short name."""
    epoch: int
    """Its number in the recording."""
    utc_zero_ns: int | None
    """Wall time of media time 0; None for a file."""
    frame_rate: Fraction | None
    """Nominal frames a second."""
    description: str
    """The format in words."""
    end: Fraction | None
    """The time after its last frame, seconds; None while it runs."""
    end_frame: int | None
    """How many frames it has; None while it runs or when not known."""
    end_reason: str | None
    """Why it ended; None while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    """Time of which nothing is recorded."""

    id: int
    """Number in the catalogue."""
    channel: str
    """The channel's short name."""
    before_epoch: int
    """The epoch before it."""
    after_epoch: int
    """The epoch after it."""
    start_utc_ns: int | None
    """When the feed broke off; None when not known."""
    end_utc_ns: int | None
    """When it was back; None when not known."""
    reason: str | None
    """Why the epoch before it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryRow:
    """A boundary with the values of its newest version."""

    id: int
    """Number in the catalogue."""
    channel: str
    """The channel's short name."""
    epoch: int
    """Its epoch's number in the recording."""
    role: Role
    """Whether it is the epoch's start, its end, or a change."""
    state: BoundaryState
    """How settled it is."""
    before: Kind
    """What is on air before it."""
    after: Kind
    """What is on air from it on."""
    change: Change | None
    """What the hysteresis said; None for an epoch's end, and for its start while nothing was decided."""
    placement: Placement
    """Where it is."""
    version: int
    """Number of its newest version."""
    utc_ns: int | None
    """Wall time of it."""
    created_ns: int
    """When it was found, wall time."""

    @property
    def time(self) -> Fraction:
        """Presentation time of the first frame after it, seconds in the epoch."""
        return self.placement.time


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """Where a boundary was at some time."""

    number: int
    """1 for the oldest."""
    state: BoundaryState
    """How settled it was."""
    placement: Placement
    """Where it was."""
    author: str | None
    """Who put it there; None for the analysis."""
    created_ns: int
    """When that was written, wall time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRow:
    """A clip, cut or to be cut."""

    id: int
    """Number in the catalogue."""
    channel: str
    """The channel's short name."""
    segment_id: int
    """The segment it shows."""
    epoch: int
    """That segment's epoch."""
    start: Fraction
    """First frame's time, seconds in the epoch."""
    end: Fraction
    """Time after the last frame."""
    start_utc_ns: int | None
    """Wall time of the first frame."""
    end_utc_ns: int | None
    """Wall time after the last frame."""
    title: str | None
    """The segment's title."""
    state: ClipState
    """How far it is."""
    attempts: int
    """How often cutting was begun."""
    path: str | None
    """The file, as its writer named it; None until it is ready."""
    size_bytes: int | None
    """Its size."""
    sha256: str | None
    """Its SHA-256, hex."""
    message: str | None
    """Why the last attempt failed, one line."""
    updated_ns: int
    """When its state last changed, wall time."""
    removed_ns: int | None = None
    """When its file was deleted, wall time; None while it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipJob:
    """A clip that the taker must cut now."""

    id: int
    """The clip's number."""
    channel: str
    """The channel's short name."""
    segment_id: int
    """The segment to show."""
    epoch: int
    """The segment's epoch."""
    start: Fraction
    """First frame's time, seconds in the epoch."""
    end: Fraction
    """Time after the last frame."""
    start_utc_ns: int | None
    """Wall time of the first frame."""
    title: str | None
    """The segment's title."""
    attempts: int
    """This attempt's number, from 1."""
    queued_ns: int
    """When the clip was first queued, wall time: the moment its segment became final."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """A stretch of one kind."""

    id: int
    """Number in the catalogue; an edit may put one between others, so numbers do not tell the order."""
    channel: str
    """The channel's short name."""
    epoch: int
    """Its epoch's number in the recording."""
    kind: Kind
    """What is on air."""
    state: BoundaryState
    """FINAL when both ends are, else PROVISIONAL."""
    start: BoundaryRow
    """Where it begins."""
    end: BoundaryRow | None
    """Where it ends, exclusive; None while it is on air."""
    frame_rate: Fraction | None
    """Nominal frames a second of its epoch."""
    title: str | None
    """What it is called."""
    clip: ClipRow | None
    """Its clip."""

    @property
    def confidence(self) -> float:
        """That of its less certain end."""
        sure = self.start.placement.confidence
        return sure if self.end is None else min(sure, self.end.placement.confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """What a person says is on air."""

    id: int
    """Number in the catalogue; greater is later, and a later one overrides."""
    channel: str
    """The channel's short name."""
    label: Label
    """Where, and what."""
    author: str
    """Who says so."""
    created_ns: int
    """When it was said, wall time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """A time in which a channel's model did not seem to fit."""

    id: int
    """Number in the catalogue; greater is later."""
    channel: str
    """The channel's short name."""
    kind: AlarmKind
    """Why it was raised."""
    model_sha256: str | None
    """SHA-256 of the model it speaks of, hex."""
    since_ns: int
    """From when on what the model said is in doubt, wall time; before ``raised_ns``."""
    raised_ns: int
    """When it was raised, wall time."""
    cleared_ns: int | None
    """When it was cleared, wall time; None while it stands."""
    reason: str | None
    """Why it was cleared; None while it stands."""
    footing: Footing
    """The figures when it was raised."""
    pictures: tuple[str, ...]
    """Its JPEG files, as their writer named them, the whole picture first; old alarms' files are deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """Something that happened."""

    id: int
    """Greater is later; without holes."""
    created_ns: int
    """When, wall time."""
    channel: str
    """The channel's short name."""
    type: str
    """channel, epoch, gap, segment, segment-removed, boundary, clip, label, alarm, piece, delivery, cue and others."""
    subject_id: int
    """Catalogue number of what is new or has changed, in its table."""
