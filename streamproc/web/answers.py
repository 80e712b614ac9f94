"""What the API answers with: one model an object, made from the catalogue's rows. They are also the OpenAPI schemas."""

from enum import StrEnum
from fractions import Fraction
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from streamproc.catalogue import (
    AlarmRow,
    BoundaryRow,
    ClipRow,
    ClipState,
    EpochRow,
    EventRow,
    GapRow,
    Role,
    SegmentRow,
    VersionRow,
)
from streamproc.catalogue.cues import CueRow
from streamproc.catalogue.deliveries import DeliveryRow
from streamproc.catalogue.findings import FindingRow
from streamproc.catalogue.finishing import DeliveryState, Mode, OrderState, PieceState
from streamproc.catalogue.forensics import FindingKind, FindingVerdict
from streamproc.catalogue.learnings import OFFERED, LearningRow
from streamproc.catalogue.orders import OrderRow
from streamproc.catalogue.people import LearningState
from streamproc.catalogue.pieces import PieceRow
from streamproc.messages import (
    AlarmKind,
    BoundaryState,
    CueKind,
    CueOrigin,
    Kind,
    Method,
    Note,
    Placement,
    Reliability,
    Span,
    Wanted,
)
from streamproc.timebase import NS, iso_utc

T = TypeVar("T")


class Answer(BaseModel):
    """A JSON object; every key is always there, unknown values are null."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class FeedState(StrEnum):
    """How a channel is."""

    RECORDING = "recording"  # all is well
    BEHIND = "behind"  # recorded, but analysed late
    CONNECTING = "connecting"
    WAITING = "waiting"  # for a push, or until the next attempt
    STALLED = "stalled"  # connected, but nothing comes
    FAILING = "failing"  # it comes, but can't be recorded
    UNSUPPORTED = "unsupported"  # it comes, but not as anything we can read
    FINISHED = "finished"  # it was a file, and is over
    STOPPED = "stopped"  # by its settings
    DOWN = "down"  # no recorder works on it
    NOT_CONFIGURED = "not-configured"


class Health(Answer):
    """How a channel's feed is."""

    state: FeedState
    """In one word: recording is what it should be; behind is recorded but analysed late; down has no recorder."""
    ready: bool
    """True when it is as it should be."""
    message: str
    """The same in English words."""
    since_utc: str | None
    """Since when."""
    lag_s: float | None
    """How far the analysis is behind the recording, seconds of media."""


class Model(Answer):
    """The model that knows a channel's bug."""

    name: str
    """Its name."""
    sha256: str | None
    """SHA-256 of the model file."""


class Edge(Answer):
    """One end of a segment."""

    boundary_id: int
    """The boundary that lies here."""
    time: str
    """Exact seconds in the epoch, a fraction in lowest terms: 801/25."""
    time_s: float
    """The same, rounded."""
    frame: int | None
    """Number of the first frame after it, in presentation order from 0 in the epoch."""
    utc: str | None
    """Wall time; null for a file."""
    confidence: float
    """In [0, 1]."""
    method: Method
    """What put it here; hand: a person."""
    state: BoundaryState
    """How settled it is."""
    version: int
    """Number of the boundary's newest version; in quotes what If-Match wants."""


class Version(Answer):
    """Where a boundary was, from when to when the next version was written."""

    number: int
    """1 for the oldest."""
    time: str
    """Exact seconds in the epoch."""
    time_s: float
    """The same, rounded."""
    frame: int | None
    """Number of the first frame after it."""
    confidence: float
    """In [0, 1]."""
    method: Method
    """What put it here."""
    state: BoundaryState
    """How settled it was."""
    author: str | None
    """Who put it there; null for the analysis."""
    created_utc: str
    """When it was written."""


class Boundary(Answer):
    """A boundary with all its versions."""

    id: int
    """Its number."""
    channel: str
    """The channel's short name."""
    epoch: int
    """The stretch of recording that it lies in."""
    version: int
    """Number of its newest version; in quotes its ETag, and what If-Match wants."""
    role: Role
    """The epoch's start, its end, or a change."""
    before: Kind
    """What is on air before it."""
    after: Kind
    """What is on air from it on."""
    created_utc: str
    """When it was found."""
    at: Edge
    """Where it is."""
    versions: list[Version]
    """Where it was, oldest first."""


class Clip(Answer):
    """A clip, cut or to be cut."""

    id: int
    """Its number."""
    channel: str
    """The channel's short name."""
    segment_id: int
    """The segment that it shows."""
    title: str | None
    """The segment's title."""
    state: ClipState
    """How far it is."""
    start_utc: str | None
    """Wall time of its first frame."""
    end_utc: str | None
    """Wall time after its last frame."""
    duration_s: float
    """Its length."""
    size_bytes: int | None
    """Size of the file."""
    sha256: str | None
    """SHA-256 of the file."""
    message: str | None
    """Why the last attempt failed."""
    download: str | None
    """Where to get it; null until it is ready, and when its file was deleted."""
    removed_utc: str | None
    """When its file was deleted because it was old; null while it is kept."""


class Delivery(Answer):
    """A finished file on its way to a target."""

    id: int
    """Its number."""
    channel: str
    """The channel's short name."""
    target: str
    """The target's name in the configuration."""
    clip_id: int | None
    """The clip that is sent; null for a piece."""
    piece_id: int | None
    """The piece that is sent; null for a clip."""
    state: DeliveryState
    """How far it is. A failed one is over, for its file is gone; all others are tried until they are done."""
    attempts: int
    """How often sending was begun."""
    next_utc: str | None
    """When it is tried next; null unless it is queued."""
    sent_bytes: int
    """How much has arrived, as far as it is known."""
    size_bytes: int | None
    """Size of the file; null until it is ready."""
    sha256: str | None
    """SHA-256 of the file; null until it is ready."""
    remote_path: str | None
    """Where it lies at the target; null until it is done."""
    message: str | None
    """Why the last attempt failed; once it is done, what was verified."""
    created_utc: str
    """When it was asked for."""
    updated_utc: str
    """When its state last changed."""


class Segment(Answer):
    """A stretch of one kind; [start, end)."""

    id: int
    """Its number."""
    channel: str
    """The channel's short name."""
    epoch: int
    """The stretch of recording that it lies in."""
    kind: Kind
    """What is on air."""
    state: BoundaryState
    """final when both ends are."""
    start: Edge
    """Where it begins."""
    end: Edge | None
    """Where it ends; null while it is on air."""
    duration_s: float | None
    """Its length; null while it is on air."""
    frame_rate: str | None
    """Frames a second, a fraction: 25/1."""
    confidence: float
    """That of its less certain end."""
    title: str | None
    """What it is called."""
    clip: Clip | None
    """Its clip."""


class SegmentDetail(Segment):
    """A segment with the whole story of its boundaries."""

    boundaries: list[Boundary]
    """Its start, and its end once it has one."""


class Epoch(Answer):
    """An unbroken stretch of recording."""

    id: int
    """Its number, over all channels."""
    channel: str
    """The channel's short name."""
    epoch: int
    """Its number in the channel's recording."""
    start_utc: str | None
    """Wall time of its first frame."""
    end_utc: str | None
    """Wall time after its last frame; null while it runs."""
    duration_s: float | None
    """Its length; null while it runs."""
    frames: int | None
    """How many frames it has; null while it runs or when not known."""
    frame_rate: str | None
    """Frames a second, a fraction."""
    description: str
    """Its format in words."""
    end_reason: str | None
    """Why it ended."""


class Gap(Answer):
    """Time of which nothing is recorded."""

    id: int
    """Its number."""
    channel: str
    """The channel's short name."""
    before_epoch: int
    """The epoch before it."""
    after_epoch: int
    """The epoch after it."""
    start_utc: str | None
    """When the feed broke off."""
    end_utc: str | None
    """When it was back."""
    reason: str | None
    """Why it broke off."""


class Alarm(Answer):
    """A time in which a channel's model did not seem to fit."""

    id: int
    """Its number; greater is later."""
    channel: str
    """The channel's short name."""
    kind: AlarmKind
    """unsure: the scores have slid towards the middle; vanished: no bug was seen for hours; disputed: people have
    labelled the contrary of what was decided."""
    model_sha256: str | None
    """SHA-256 of the model that it is about."""
    since_utc: str
    """From when on what the model said is in doubt."""
    raised_utc: str
    """When it was raised."""
    cleared_utc: str | None
    """When it was cleared; null while it stands."""
    reason: str | None
    """Why it was cleared."""
    message: str
    """What is wrong and what to do, in English words."""
    command: str
    """What to type to have the model learnt again."""
    sureness: float
    """When it was raised: 1 for a model that is sure of every sample, 0 when each is a coin toss."""
    usual: float
    """How sure the model was when it was new here."""
    unsure_share: float
    """Share of the time whose samples were too unsure to count."""
    absent_s: float
    """Seconds of footage since the bug was last plainly there."""
    pictures: list[str]
    """Where its pictures are (JPEG): a whole one first, then the bug's corner."""


class Channel(Answer):
    """A feed."""

    name: str
    """Short name."""
    title: str
    """Name for people."""
    source: str | None
    """Where the feed comes from, without any key; null when it is no longer configured."""
    model: Model | None
    """The model that knows its bug; null when it is only recorded."""
    clips: bool
    """Whether finished programmes are cut."""
    inspect: bool
    """Whether it is searched for what was painted over."""
    inspected_utc: str | None
    """Wall time up to which it was searched; null where it never was."""
    health: Health
    """How it is."""
    on_air: Segment | None
    """What is on air now; null when nothing is."""
    alarm: Alarm | None
    """The alarm over its model that stands; null when none does."""


class Page(Answer, Generic[T]):
    """A part of a list, newest first."""

    # Docstrings of a generic model can't be read from its source, hence the descriptions.
    model_config = ConfigDict(use_attribute_docstrings=False)

    items: list[T] = Field(description="The part.")
    next: str | None = Field(description="Address of the next part; null when there is none.")

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Return SegmentPage for Page[Segment]: the name of the schema."""
        return f"{params[0].__name__}Page"


class Readiness(Answer):
    """Whether the daemon does its work."""

    ready: bool
    """True when nothing is wrong."""
    reasons: list[str]
    """What is wrong, one sentence each."""
    channels: dict[str, Health]
    """How each configured channel is."""


class Liveness(Answer):
    """The process answers."""

    status: str
    """Always "alive"."""


class Problem(Answer):
    """Why a request failed (RFC 9457)."""

    type: str = "about:blank"
    """Always about:blank: the status says what kind it is."""
    title: str
    """The status in words."""
    status: int
    """The HTTP status."""
    detail: str
    """What is wrong, and what to do."""


class Cue(Answer):
    """An SCTE-35 cue."""

    id: int
    """Its number."""
    channel: str
    """The channel's short name."""
    epoch: int
    """Its epoch's number in the recording."""
    kind: CueKind
    """out where a break begins, in where it ends, other for anything else."""
    time: str
    """Of which frame it speaks: exact seconds in the epoch, a fraction; may be below 0."""
    time_s: float
    """The same, rounded."""
    utc: str | None
    """Wall time of that frame."""
    event_id: int | None
    """Number of the event in the message; a break's out and in mostly have the same."""
    duration_s: float | None
    """Length of the break, where it is told."""
    origin: CueOrigin
    """stream and hls come with the feed; found was written for a boundary that was found."""
    payload: str | None
    """The splice_info_section as base64; null where a playlist only had a plain tag. The splice time of a found one
    counts from the epoch's first frame."""
    created_utc: str
    """When it was entered."""


class Words(Answer):
    """A sentence for people."""

    en: str
    """In English."""
    ru: str
    """In Russian."""


class Stretch(Answer):
    """A stretch of the recording, [start, end)."""

    epoch: int
    """The epoch's number."""
    start: str
    """Exact seconds in the epoch."""
    end: str
    """Exact seconds in the epoch."""


class Piece(Answer):
    """A finished file, made or to be made."""

    id: int
    """Its number."""
    channel: str
    """The channel's short name."""
    programme_id: int | None
    """The programme that it shows; null for any other range."""
    title: str | None
    """What it is called."""
    description: str | None
    """What it is about."""
    mode: Mode
    """How it is cut."""
    state: PieceState
    """How far it is."""
    spans: list[Stretch]
    """What it is made of, in this order."""
    start_utc: str | None
    """Wall time of its first frame."""
    duration_s: float
    """Its length."""
    size_bytes: int | None
    """Size of the file."""
    sha256: str | None
    """SHA-256 of the file."""
    message: str | None
    """Why the last attempt failed."""
    author: str
    """Who wanted it."""
    created_utc: str
    """When that was."""
    download: str | None
    """Where to get it; null until it is ready."""
    outdated: bool
    """Whether the programme that it shows has been corrected, or has gone on, since it was wished for."""


class Order(Answer):
    """A line of the desk's list."""

    id: int
    """Its number."""
    text: str
    """The line, as given."""
    kind: Wanted
    """A programme by its name or time, or a range."""
    channel: str | None
    """The channel's short name; null while that is not known."""
    title: str | None
    """The name that is looked for, or that the range has."""
    start_utc: str
    """Of a range its in point; of a programme about when it begins, or the beginning of its day."""
    end_utc: str | None
    """Of a range its out point; of a programme the end of its day; null where its time is known."""
    due_utc: str | None
    """Until when it is wanted."""
    target: str | None
    """A target it goes to besides those of its channel."""
    state: OrderState
    """How far it is."""
    message: Words
    """What it means, what it waits for, or why it can't be had."""
    programme_id: int | None
    """The programme that it means, once that is known."""
    piece_id: int | None
    """Its piece, once there is one."""
    download: str | None
    """Where to get its file; null until it has a piece."""
    author: str
    """Who gave it."""
    created_utc: str
    """When that was."""
    updated_utc: str
    """When it last changed."""


class Learning(Answer):
    """The learning of a model."""

    id: int
    """Its number."""
    channel: str
    """The channel's short name."""
    state: LearningState
    """How far it is; used is the channel's model."""
    share: float | None
    """How much is done, in [0, 1]; null while it is not at work."""
    message: str | None
    """What is being done, what came of it, or why it failed."""
    from_utc: str
    """Where what it learns from begins."""
    to_utc: str
    """Where it ends."""
    region: str | None
    """The part of the picture that is searched."""
    choose: int | None
    """The number of the mark that was chosen."""
    author: str
    """Who wants it."""
    created_utc: str
    """When it was wished for."""
    updated_utc: str
    """When it last changed."""
    report: str | None
    """Address of the report, for people; null while there is none."""
    mask: str | None
    """Address of the bug as it was found, PNG with alpha."""
    frame: str | None
    """Address of a picture of the channel with the bug in a box, JPEG."""
    marks: str | None
    """Address of a picture with the numbered marks, where it can't be told which is the bug."""


class FindingBox(Answer):
    """A rectangle of the picture; its right and bottom edges are exclusive."""

    left: int
    """Pixels."""
    top: int
    """Pixels."""
    right: int
    """Pixels."""
    bottom: int
    """Pixels."""


class Finding(Answer):
    """A place of the picture that looks painted over, from when to when."""

    id: int
    """Its number; greater is later."""
    channel: str
    """The channel's short name."""
    epoch: int
    """The stretch of recording that it lies in."""
    start_s: float
    """The first keyframe that shows it, seconds in the epoch."""
    end_s: float
    """The last one."""
    start_utc: str | None
    """Wall time of the first."""
    end_utc: str | None
    """Wall time of the last."""
    shown: str
    """The keyframe that shows it best: exact seconds in the epoch, a fraction."""
    shown_s: float
    """The same, rounded."""
    shown_utc: str | None
    """Wall time of it."""
    open: bool
    """Whether it goes on."""
    kind: FindingKind
    """erased: something was painted over."""
    box: FindingBox
    """Where it is, in pixels of the picture as it is coded."""
    width: int
    """Width of that picture, pixels."""
    height: int
    """Height of it."""
    score: float
    """In [0, 1]: how sure it is."""
    reliability: Reliability
    """Whether that can be told there: good, weak or undecidable."""
    keyframes: int
    """How many keyframes were looked at while it was there."""
    model: Model
    """What found it."""
    heat: str
    """Address of how much each place looks painted over: an 8-bit grey PNG, at most 480 pixels wide."""
    verdict: FindingVerdict | None
    """What a person says of it; null while nobody has."""
    verdict_version: int
    """How often that was said, changed or taken back; in quotes what If-Match wants."""
    verdict_by: str | None
    """Who says so."""
    verdict_at: str | None
    """When."""
    note: str | None
    """In their own words."""


Subject: TypeAlias = Segment | Clip | Delivery | Alarm | Cue | Piece | Order | Learning | Finding
"""What an event can bring along."""


class Notice(Answer):
    """The data of one live event."""

    id: int
    """Its number; also the event's id for Last-Event-ID."""
    type: str
    """channel, epoch, gap, segment, segment-removed, boundary, clip, label, alarm, programme, piece, order, delivery,
    cue, review, edit, handout, learning, finding or finding.found."""
    channel: str
    """The channel's short name."""
    created_utc: str
    """When it happened."""
    subject_id: int
    """Number of what is new or has changed."""
    subject: Subject | None = Field(union_mode="left_to_right")
    """For segment, clip, delivery, alarm, cue, piece, order, learning, finding and finding.found: the object as it is
    now; else null."""


def segment_answer(row: SegmentRow) -> Segment:
    """Show a segment."""
    return Segment(**segment_fields(row))


def segment_fields(row: SegmentRow) -> dict[str, object]:
    """Return what Segment and SegmentDetail share."""
    return {
        "id": row.id,
        "channel": row.channel,
        "epoch": row.epoch,
        "kind": row.kind,
        "state": row.state,
        "start": edge(row.start),
        "end": None if row.end is None else edge(row.end),
        "duration_s": None if row.end is None else float(row.end.time - row.start.time),
        "frame_rate": None if row.frame_rate is None else fraction(row.frame_rate),
        "confidence": row.confidence,
        "title": row.title,
        "clip": None if row.clip is None else clip_answer(row.clip),
    }


def edge(row: BoundaryRow) -> Edge:
    """Show a boundary as the end of a segment."""
    return Edge(
        **_place(row.placement), boundary_id=row.id, utc=shown(row.utc_ns), state=row.state, version=row.version
    )


def boundary_answer(row: BoundaryRow, versions: list[VersionRow]) -> Boundary:
    """Show a boundary with its versions."""
    return Boundary(
        id=row.id,
        channel=row.channel,
        epoch=row.epoch,
        version=row.version,
        role=row.role,
        before=row.before,
        after=row.after,
        created_utc=iso_utc(row.created_ns),
        at=edge(row),
        versions=[
            Version(
                **_place(v.placement),
                number=v.number,
                state=v.state,
                author=v.author,
                created_utc=iso_utc(v.created_ns),
            )
            for v in versions
        ],
    )


def _place(at: Placement) -> dict[str, object]:
    return {
        "time": fraction(at.time),
        "time_s": float(at.time),
        "frame": at.frame,
        "confidence": at.confidence,
        "method": at.method,
    }


def clip_answer(row: ClipRow) -> Clip:
    """Show a clip."""
    return Clip(
        id=row.id,
        channel=row.channel,
        segment_id=row.segment_id,
        title=row.title,
        state=row.state,
        start_utc=shown(row.start_utc_ns),
        end_utc=shown(row.end_utc_ns),
        duration_s=float(row.end - row.start),
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        message=row.message,
        removed_utc=shown(row.removed_ns),
        download=f"/api/v1/clips/{row.id}/download" if row.state is ClipState.READY and not row.removed_ns else None,
    )


def epoch_answer(row: EpochRow) -> Epoch:
    """Show an epoch."""
    ended = row.utc_zero_ns is not None and row.end is not None
    return Epoch(
        id=row.id,
        channel=row.channel,
        epoch=row.epoch,
        start_utc=shown(row.utc_zero_ns),
        end_utc=iso_utc((row.utc_zero_ns or 0) + round((row.end or 0) * NS)) if ended else None,
        duration_s=None if row.end is None else float(row.end),
        frames=row.end_frame,
        frame_rate=None if row.frame_rate is None else fraction(row.frame_rate),
        description=row.description,
        end_reason=row.end_reason,
    )


def gap_answer(row: GapRow) -> Gap:
    """Show a gap."""
    return Gap(
        id=row.id,
        channel=row.channel,
        before_epoch=row.before_epoch,
        after_epoch=row.after_epoch,
        start_utc=shown(row.start_utc_ns),
        end_utc=shown(row.end_utc_ns),
        reason=row.reason,
    )


def alarm_answer(row: AlarmRow) -> Alarm:
    """Show an alarm."""
    footing = row.footing
    return Alarm(
        id=row.id,
        channel=row.channel,
        kind=row.kind,
        model_sha256=row.model_sha256,
        since_utc=iso_utc(row.since_ns),
        raised_utc=iso_utc(row.raised_ns),
        cleared_utc=shown(row.cleared_ns),
        reason=row.reason,
        message=_alarm_message(row),
        command=f"streamproc logo retrain {row.channel} --config streamproc.toml",
        sureness=round(footing.sureness, 4),
        usual=round(footing.usual, 4),
        unsure_share=round(footing.unsure_share, 4),
        absent_s=round(footing.absent_s, 1),
        pictures=[f"/api/v1/alarms/{row.id}/pictures/{number}" for number in range(1, len(row.pictures) + 1)],
    )


def _alarm_message(row: AlarmRow) -> str:
    footing = row.footing
    if row.kind is AlarmKind.DISPUTED:
        return (
            "what the model decided is the contrary of what people say (streamproc logo label) for a minute or more; "
            "retrain it, or, if the labels are wrong, say it anew"
        )
    if row.kind is AlarmKind.UNSURE:
        what = f"the model is sure of {footing.sureness:.0%} of what it sees, where {footing.usual:.0%} is usual"
    else:
        what = f"the model has not seen the bug for {footing.absent_s / 3600:.1f} h"
    return (
        f"{what}; look at the picture: if the bug looks different, label where it is (streamproc logo label) and "
        "retrain; if it has moved, learn it anew (streamproc logo learn)"
    )


def delivery_answer(row: DeliveryRow) -> Delivery:
    """Show a delivery."""
    return Delivery(
        id=row.id,
        channel=row.channel,
        target=row.target,
        clip_id=row.what.clip_id,
        piece_id=row.what.piece_id,
        state=row.state,
        attempts=row.attempts,
        next_utc=iso_utc(row.next_ns) if row.state is DeliveryState.QUEUED else None,
        sent_bytes=row.sent_bytes,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        remote_path=row.remote_path,
        message=row.message,
        created_utc=iso_utc(row.created_ns),
        updated_utc=iso_utc(row.updated_ns),
    )


def cue_answer(row: CueRow) -> Cue:
    """Show a cue."""
    return Cue(
        id=row.id,
        channel=row.channel,
        epoch=row.epoch,
        kind=row.kind,
        time=fraction(row.time),
        time_s=float(row.time),
        utc=shown(row.utc_ns),
        event_id=row.event_id,
        duration_s=None if row.duration is None else float(row.duration),
        origin=row.origin,
        payload=row.payload or None,
        created_utc=iso_utc(row.created_ns),
    )


def words(note: Note) -> Words:
    """Show a sentence."""
    return Words(en=note.en, ru=note.ru)


def piece_answer(row: PieceRow) -> Piece:
    """Show a piece."""
    return Piece(
        id=row.id,
        channel=row.channel,
        programme_id=row.programme_id,
        title=row.title,
        description=row.description,
        mode=row.mode,
        state=row.state,
        spans=[_stretch(span) for span in row.spans],
        start_utc=shown(row.start_utc_ns),
        duration_s=float(sum(span.end - span.start for span in row.spans)),
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        message=row.message,
        author=row.author,
        created_utc=iso_utc(row.created_ns),
        download=f"/api/v1/pieces/{row.id}/download" if row.state is PieceState.READY else None,
        outdated=row.is_outdated,
    )


def _stretch(span: Span) -> Stretch:
    return Stretch(epoch=span.epoch, start=fraction(span.start), end=fraction(span.end))


def order_answer(row: OrderRow) -> Order:
    """Show an order."""
    return Order(
        id=row.id,
        text=row.text,
        kind=row.kind,
        channel=row.channel,
        title=row.title,
        start_utc=iso_utc(row.start_ns),
        end_utc=shown(row.end_ns),
        due_utc=shown(row.due_ns),
        target=row.target,
        state=row.state,
        message=words(row.note),
        programme_id=row.programme_id,
        piece_id=row.piece_id,
        download=None if row.piece_id is None else f"/api/v1/pieces/{row.piece_id}/download",
        author=row.author,
        created_utc=iso_utc(row.created_ns),
        updated_utc=iso_utc(row.updated_ns),
    )


def notice(row: EventRow, subject: Subject | None) -> Notice:
    """Show an event."""
    return Notice(
        id=row.id,
        type=row.type,
        channel=row.channel,
        created_utc=iso_utc(row.created_ns),
        subject_id=row.subject_id,
        subject=subject,
    )


def fraction(value: Fraction) -> str:
    """Return ``numerator/denominator``."""
    return f"{value.numerator}/{value.denominator}"


def learning_answer(row: LearningRow) -> Learning:
    """Show a learning."""

    def address(name: str, *states: LearningState) -> str | None:
        return f"/api/v1/learnings/{row.id}/{name}" if row.state in states and row.folder is not None else None

    lesson = row.lesson
    return Learning(
        id=row.id,
        channel=lesson.channel,
        state=row.state,
        share=row.share,
        message=row.message,
        from_utc=iso_utc(lesson.start_ns),
        to_utc=iso_utc(lesson.end_ns),
        region=lesson.region,
        choose=lesson.choose,
        author=lesson.author,
        created_utc=iso_utc(row.created_ns),
        updated_utc=iso_utc(row.updated_ns),
        report=address("report", *OFFERED),
        mask=address("mask.png", *OFFERED),
        frame=address("frame.jpg", *OFFERED),
        marks=address("marks.png", LearningState.FAILED),
    )


def finding_answer(row: FindingRow) -> Finding:
    """Show a finding."""
    box = row.box
    return Finding(
        id=row.id,
        channel=row.channel,
        epoch=row.epoch,
        start_s=float(row.start),
        end_s=float(row.end),
        start_utc=shown(row.start_utc_ns),
        end_utc=shown(row.end_utc_ns),
        shown=fraction(row.shown),
        shown_s=float(row.shown),
        shown_utc=shown(row.shown_utc_ns),
        open=row.open,
        kind=row.kind,
        box=FindingBox(left=box.left, top=box.top, right=box.right, bottom=box.bottom),
        width=row.width,
        height=row.height,
        score=row.score,
        reliability=row.reliability,
        keyframes=row.keyframes,
        model=Model(name=row.examiner.name, sha256=row.examiner.sha256),
        heat=f"/api/v1/findings/{row.id}/heat.png",
        verdict=row.verdict,
        verdict_version=row.verdict_version,
        verdict_by=row.verdict_author,
        verdict_at=shown(row.verdict_ns),
        note=row.note,
    )


def shown(utc_ns: int | None) -> str | None:
    """Return wall time for people and programs; null when there is none."""
    return None if utc_ns is None else iso_utc(utc_ns)
