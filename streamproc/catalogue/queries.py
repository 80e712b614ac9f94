"""From tables to rows; nothing here writes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from threading import Lock
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, func, inspect, select
from sqlalchemy.orm import Session, aliased, configure_mappers, joinedload

from streamproc.catalogue.models import (
    Alarm,
    Boundary,
    BoundaryVersion,
    Channel,
    Clip,
    ClipState,
    Epoch,
    Event,
    Gap,
    Label,
    Segment,
)
from streamproc.catalogue.rows import (
    AlarmRow,
    BoundaryRow,
    ChannelRow,
    ClipJob,
    ClipRow,
    EpochRow,
    EventRow,
    GapRow,
    LabelRow,
    SegmentRow,
    VersionRow,
)
from streamproc.errors import CatalogueError
from streamproc.logic import labels
from streamproc.messages import BoundaryState, Change, Footing, Kind, Placement
from streamproc.timebase import to_ns

Start = aliased(Boundary)
End = aliased(Boundary)
_Begin, _Segment, _Epoch = aliased(Boundary), aliased(Segment), aliased(Epoch)
_ALIASES: tuple[Any, ...] = (Start, End, _Begin, _Segment, _Epoch)
_settling = Lock()
SegmentQuery: TypeAlias = "Select[Segment, Boundary, Boundary, Epoch, Channel, Clip]"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFilter:
    """Which segments are asked for."""

    epoch: int | None = None
    """Only this epoch's."""
    kind: Kind | None = None
    """Only this kind."""
    state: BoundaryState | None = None
    """Only FINAL, or only PROVISIONAL ones."""
    from_ns: int | None = None
    """Only what ends after this wall time; a running one always does."""
    until_ns: int | None = None
    """Only what begins before this wall time."""
    before_id: int | None = None
    """Only those that begin before the segment of this number: the next page, newest first."""
    newest_first: bool = False
    """Order; oldest first when left out."""
    limit: int | None = None
    """At most so many; all when left out."""


def settle() -> None:
    """Have SQLAlchemy work out once what an alias's columns are, before several threads ask at a time.

    It does so when a column is first used, and not safely: of two threads that come at once the second may get a query
    that joins the wrong tables.
    """
    with _settling:
        configure_mappers()
        for alias in _ALIASES:
            for attribute in inspect(alias).mapper.column_attrs:
                getattr(alias, attribute.key).expression.compile()
        str(segments_query())


def find_channel(session: Session, name: str) -> Channel:
    """Return the channel. Raises CatalogueError when there is none."""
    channel = session.scalar(select(Channel).where(Channel.name == name))
    if channel is None:
        raise CatalogueError(f"the catalogue knows no channel '{name}'; put_channel comes first")
    return channel


def find_epoch(session: Session, channel: str, number: int) -> Epoch:
    """Return the epoch. Raises CatalogueError when there is none."""
    epoch = session.scalar(select(Epoch).join(Channel).where(Channel.name == channel, Epoch.number == number))
    if epoch is None:
        raise CatalogueError(f"the catalogue knows no epoch {number} of channel '{channel}'; begin_epoch comes first")
    return epoch


def find_boundary(session: Session, boundary_id: int) -> Boundary:
    """Return the boundary. Raises CatalogueError when there is none."""
    boundary = session.get(Boundary, boundary_id, options=[joinedload(Boundary.epoch).joinedload(Epoch.channel)])
    if boundary is None:
        raise CatalogueError(f"the catalogue knows no boundary {boundary_id}")
    return boundary


def standing(session: Session, epoch: Epoch) -> list[Boundary]:
    """Return the boundaries of an epoch that are not withdrawn, in time order."""
    query = select(Boundary).where(Boundary.epoch_id == epoch.id, Boundary.state != BoundaryState.WITHDRAWN)
    return list(session.scalars(query.order_by(Boundary.time_ns)))


def around(session: Session, epoch: Epoch, start: Fraction, end: Fraction | None) -> list[Boundary]:
    """Return the boundaries that stand in [start, end] of an epoch, with one on each side, in time order.

    Without an end: all from there on. An epoch may have thousands; an edit is about a few.
    """
    stands = (Boundary.epoch_id == epoch.id, Boundary.state != BoundaryState.WITHDRAWN)
    first = session.scalar(select(func.max(Boundary.time_ns)).where(*stands, Boundary.time_ns < to_ns(start)))
    query = select(Boundary).where(*stands, Boundary.time_ns >= (to_ns(start) if first is None else first))
    if end is not None:
        last = session.scalar(select(func.min(Boundary.time_ns)).where(*stands, Boundary.time_ns > to_ns(end)))
        query = query.where(Boundary.time_ns <= (to_ns(end) if last is None else last))
    return list(session.scalars(query.order_by(Boundary.time_ns)))


def latest(session: Session, epoch: Epoch) -> Boundary:
    """Return the last boundary of an epoch that stands."""
    stands = (Boundary.epoch_id == epoch.id, Boundary.state != BoundaryState.WITHDRAWN)
    return session.scalars(select(Boundary).where(*stands).order_by(Boundary.time_ns.desc()).limit(1)).one()


def segments_query() -> SegmentQuery:
    """Return the query of segments with all that belongs to them, to be narrowed and ordered."""
    return (
        select(Segment, Start, End, Epoch, Channel, Clip)
        .join(Start, Segment.start_id == Start.id)
        .outerjoin(End, Segment.end_id == End.id)
        .join(Epoch, Segment.epoch_id == Epoch.id)
        .join(Channel, Epoch.channel_id == Channel.id)
        .outerjoin(Clip, (Clip.segment_id == Segment.id) & (Clip.state != ClipState.WITHDRAWN))
        .where(Start.state != BoundaryState.WITHDRAWN)
    )


def narrowed(query: SegmentQuery, where: SegmentFilter) -> SegmentQuery:
    """Keep the segments that the filter asks for, in its order."""
    if where.epoch is not None:
        query = query.where(Epoch.number == where.epoch)
    if where.kind is not None:
        query = query.where(Start.after == where.kind)
    final = (Start.state == BoundaryState.FINAL) & (End.state == BoundaryState.FINAL)
    if where.state is BoundaryState.FINAL:
        query = query.where(final)
    elif where.state is BoundaryState.PROVISIONAL:
        query = query.where((Segment.end_id.is_(None)) | ~final)
    if where.from_ns is not None:
        query = query.where((Segment.end_id.is_(None)) | (Epoch.utc_zero_ns + End.time_ns > where.from_ns))
    if where.until_ns is not None:
        query = query.where(Epoch.utc_zero_ns + Start.time_ns < where.until_ns)
    if where.before_id is not None:
        query = query.where(_earlier_than(where.before_id))
    order = (Epoch.number.desc(), Start.time_ns.desc()) if where.newest_first else (Epoch.number, Start.time_ns)
    return query.order_by(*order).limit(where.limit)


def _earlier_than(segment_id: int) -> ColumnElement[bool]:
    """Tell what begins before a segment of the same channel, as far as is known also before one that is gone."""
    begins = select(_Epoch.number, _Begin.time_ns).join(_Segment, _Segment.epoch_id == _Epoch.id)
    begins = begins.join(_Begin, _Segment.start_id == _Begin.id).where(_Segment.id == segment_id)
    found = begins.subquery()
    number, time_ns = select(found.c.number).scalar_subquery(), select(found.c.time_ns).scalar_subquery()
    before = (Epoch.number < number) | ((Epoch.number == number) & (Start.time_ns < time_ns))
    return func.coalesce(before, Segment.id < segment_id)


def segment_rows(session: Session, query: SegmentQuery) -> list[SegmentRow]:
    """Run a query of segments."""
    return [
        segment_row(segment, start, end, epoch, channel.name, clip)
        for segment, start, end, epoch, channel, clip in session.execute(query)
    ]


def segment_row(
    segment: Segment, start: Boundary, end: Boundary | None, epoch: Epoch, channel: str, clip: Clip | None
) -> SegmentRow:
    """Put a segment together."""
    final = end is not None and {start.state, end.state} == {BoundaryState.FINAL}
    return SegmentRow(
        id=segment.id,
        channel=channel,
        epoch=epoch.number,
        kind=start.after,
        state=BoundaryState.FINAL if final else BoundaryState.PROVISIONAL,
        start=boundary_row(start, epoch, channel),
        end=None if end is None else boundary_row(end, epoch, channel),
        frame_rate=epoch.frame_rate,
        title=segment.title,
        clip=None if clip is None or end is None else clip_row(clip, segment, (start, end), epoch, channel),
    )


def boundary_row(boundary: Boundary, epoch: Epoch, channel: str) -> BoundaryRow:
    """Put a boundary together."""
    change = None
    if boundary.first_new is not None and boundary.decided is not None:
        change = Change(
            epoch=epoch.number,
            before=boundary.before,
            after=boundary.after,
            last_old=boundary.last_old,
            first_new=boundary.first_new,
            decided=boundary.decided,
        )
    return BoundaryRow(
        id=boundary.id,
        channel=channel,
        epoch=epoch.number,
        role=boundary.role,
        state=boundary.state,
        before=boundary.before,
        after=boundary.after,
        change=change,
        placement=placement(boundary),
        version=boundary.version,
        utc_ns=utc(epoch, boundary.time),
        created_ns=boundary.created_ns,
    )


def placement(at: Boundary | BoundaryVersion) -> Placement:
    """Return where a boundary, or a version of one, is."""
    return Placement(time=at.time, frame=at.frame, confidence=at.confidence, method=at.method)


def utc(epoch: Epoch, time: Fraction) -> int | None:
    """Return the wall time of a moment of an epoch; None when the epoch has none."""
    return None if epoch.utc_zero_ns is None else epoch.utc_zero_ns + to_ns(time)


def clip_row(clip: Clip, segment: Segment, ends: tuple[Boundary, Boundary], epoch: Epoch, channel: str) -> ClipRow:
    """Put a clip together."""
    start, end = ends
    return ClipRow(
        id=clip.id,
        channel=channel,
        segment_id=segment.id,
        epoch=epoch.number,
        start=start.time,
        end=end.time,
        start_utc_ns=utc(epoch, start.time),
        end_utc_ns=utc(epoch, end.time),
        title=segment.title,
        state=clip.state,
        attempts=clip.attempts,
        path=clip.path,
        size_bytes=clip.size_bytes,
        sha256=clip.sha256,
        message=clip.message,
        updated_ns=clip.updated_ns,
        removed_ns=clip.removed_ns,
    )


def clip_job(clip: Clip) -> ClipJob:
    """Return what a cutter must know of a clip."""
    segment, epoch = clip.segment, clip.segment.epoch
    assert segment.end is not None  # a clip is queued only once both ends are final
    return ClipJob(
        id=clip.id,
        channel=epoch.channel.name,
        segment_id=segment.id,
        epoch=epoch.number,
        start=segment.start.time,
        end=segment.end.time,
        start_utc_ns=utc(epoch, segment.start.time),
        title=segment.title,
        attempts=clip.attempts,
        queued_ns=clip.created_ns,
    )


def channel_row(channel: Channel) -> ChannelRow:
    """Put a channel together."""
    return ChannelRow(
        name=channel.name,
        title=channel.title,
        model_name=channel.model_name,
        model_sha256=channel.model_sha256,
        clips=channel.clips,
        created_ns=channel.created_ns,
    )


def epoch_row(epoch: Epoch, channel: str) -> EpochRow:
    """Put an epoch together."""
    return EpochRow(
        id=epoch.id,
        channel=channel,
        epoch=epoch.number,
        utc_zero_ns=epoch.utc_zero_ns,
        frame_rate=epoch.frame_rate,
        description=epoch.description,
        end=epoch.end,
        end_frame=epoch.end_frame,
        end_reason=epoch.end_reason,
    )


def gap_row(gap: Gap, channel: str) -> GapRow:
    """Put a gap together; its times are those of its epochs, also when these learn them later."""
    return GapRow(
        id=gap.id,
        channel=channel,
        before_epoch=gap.before.number,
        after_epoch=gap.after.number,
        start_utc_ns=None if gap.before.end is None else utc(gap.before, gap.before.end),
        end_utc_ns=gap.after.utc_zero_ns,
        reason=gap.before.end_reason,
    )


def version_rows(versions: Iterable[BoundaryVersion]) -> list[VersionRow]:
    """Put versions together."""
    return [
        VersionRow(number=v.number, state=v.state, placement=placement(v), author=v.author, created_ns=v.created_ns)
        for v in versions
    ]


def label_row(row: Label, epoch: Epoch, channel: str) -> LabelRow:
    """Put a label together."""
    return LabelRow(
        id=row.id,
        channel=channel,
        label=labels.Label(epoch=epoch.number, start=row.start, end=row.end, kind=row.kind),
        author=row.author,
        created_ns=row.created_ns,
    )


def standing_alarm(session: Session, channel: Channel) -> Alarm | None:
    """Return the channel's alarm that is not cleared; there is one at most."""
    query = select(Alarm).where(Alarm.channel_id == channel.id, Alarm.cleared_ns.is_(None))
    return session.scalar(query.order_by(Alarm.id.desc()).limit(1))


def alarm_row(alarm: Alarm, channel: str) -> AlarmRow:
    """Put an alarm together."""
    return AlarmRow(
        id=alarm.id,
        channel=channel,
        kind=alarm.kind,
        model_sha256=alarm.model_sha256,
        since_ns=alarm.since_ns,
        raised_ns=alarm.raised_ns,
        cleared_ns=alarm.cleared_ns,
        reason=alarm.reason,
        footing=Footing(
            sureness=alarm.sureness, usual=alarm.usual, unsure_share=alarm.unsure_share, absent_s=alarm.absent_s
        ),
        pictures=tuple(json.loads(alarm.pictures)),
    )


def event_row(event: Event) -> EventRow:
    """Put an event together."""
    return EventRow(
        id=event.id,
        created_ns=event.created_ns,
        channel=event.channel,
        type=event.type,
        subject_id=event.subject_id,
    )
