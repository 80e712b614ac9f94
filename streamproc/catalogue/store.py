"""The catalogue: what was found, and what is to be done about it.

Every call is one short transaction; calls may come from any thread and any process. What a call changes, it also
tells in the outbox, in the same transaction, so a reader of :meth:`Catalogue.events` misses nothing.

What always holds, whatever is called in whatever order and wherever a process is killed:

* the segments of an epoch are contiguous and in order, the first begins at 0, each has a place of its own;
* a call that is made again changes nothing (a reader that was killed comes back and says it again);
* a boundary that is final stays where it is, unless a person moves it or takes it out;
* a programme segment gets exactly one clip, when both its ends are final and sure enough, or accepted by a person; a
  clip whose segment an edit has changed is cut anew, one whose segment an edit has taken away is withdrawn;
* versions of boundaries are only ever added.

docs/decisions/0006-catalogue.md and 0016-edits.md have the reasons.
"""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import joinedload

from streamproc.catalogue import queries
from streamproc.catalogue.audit import AuditLog
from streamproc.catalogue.cues import Cues
from streamproc.catalogue.curves import Curves
from streamproc.catalogue.database import Database
from streamproc.catalogue.deliveries import Deliveries
from streamproc.catalogue.edits import Edits
from streamproc.catalogue.findings import Findings
from streamproc.catalogue.finishing import Delivery, DeliveryState
from streamproc.catalogue.handouts import Handouts
from streamproc.catalogue.holding import held_ranges
from streamproc.catalogue.hooks import Hooks
from streamproc.catalogue.keys import Keys
from streamproc.catalogue.learnings import Learnings
from streamproc.catalogue.ledger import Ledger, Writing
from streamproc.catalogue.listings import Listings
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
    Outbox,
    Reader,
    Role,
    Segment,
    Watch,
)
from streamproc.catalogue.orders import Orders
from streamproc.catalogue.pieces import Pieces
from streamproc.catalogue.programmes import Programmes
from streamproc.catalogue.queries import SegmentFilter, Start
from streamproc.catalogue.queues import Queues
from streamproc.catalogue.reviews import Reviews, unsure
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
from streamproc.catalogue.searching import Search
from streamproc.catalogue.sightings import Sightings
from streamproc.catalogue.signing import People
from streamproc.catalogue.timeline import Timeline
from streamproc.errors import CatalogueConflict, CatalogueError
from streamproc.logic import labels
from streamproc.messages import AlarmKind, BoundaryState, Change, Footing, Kind, Method, Placement, Position
from streamproc.timebase import NS, Clock, to_ns

UNSETTLED_MARGIN_S = Fraction(10)
"""What refining may re-read on either side of a provisional boundary."""
_SAME_RECORDING_NS = 3600 * NS
_EVERYTHING = SegmentFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What of a channel is cut by itself."""

    min_confidence: float = 0.0
    """A segment with a less certain end waits until a person has accepted that end."""
    review_ns: int = 0
    """The recording is kept so long for what waits."""


_ALL_SURE = Rules()


class Catalogue:
    """See the module. Every call raises CatalogueError when the database fails, or when the call makes no sense."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.ledger = Ledger(database, clock)
        self.listings = Listings(self.ledger)
        self.programmes = Programmes(self.ledger)
        self.pieces = Pieces(self.ledger)
        self.deliveries = Deliveries(self.ledger)
        self.hooks = Hooks(self.ledger)
        self.cues = Cues(self.ledger)
        self.orders = Orders(self.ledger)
        self.learnings = Learnings(self.ledger)
        self.queues = Queues(self.ledger)
        self.reviews = Reviews(self.ledger, self._write)
        self.people = People(self.ledger)
        self.keys = Keys(self.ledger)
        self.audit = AuditLog(self.ledger)
        self.timeline = Timeline(self.ledger)
        self.curves = Curves(self.ledger)
        self.findings = Findings(self.ledger)
        self.edits = Edits(self.ledger, self._write)
        self.handouts = Handouts(self.ledger)
        self.sightings = Sightings(self.ledger)
        self.search = Search(self.ledger)

    @classmethod
    def open(cls, url: str, *, clock: Clock) -> "Catalogue":
        """Open the database at an SQLAlchemy address and bring its tables up to date.

        Several processes may do so at once: one migrates, the others wait. Raises CatalogueError: it can't be
        reached or written, or a newer version of this program wrote it.
        """
        queries.settle()
        return cls(Database(url), clock)

    def close(self) -> None:
        """Let go of the database."""
        self.ledger.close()

    # What the daemon writes

    def put_channel(
        self,
        name: str,
        title: str,
        model_name: str | None,
        model_sha256: str | None,
        *,
        clips: bool = True,
        rules: Rules = _ALL_SURE,
    ) -> None:
        """Add a channel, or bring what is known of it up to date; ``clips``: whether finished programmes are cut.

        Under laxer rules than before, what waited and is sure enough now is queued.
        """
        wanted = (title, model_name, model_sha256, clips, rules.min_confidence, rules.review_ns)
        with self._write() as write:
            channel = write.session.scalar(select(Channel).where(Channel.name == name))
            if channel is None:
                channel = Channel(name=name, min_confidence=rules.min_confidence, created_ns=write.now_ns)
                write.session.add(channel)
            elif wanted == (
                channel.title,
                channel.model_name,
                channel.model_sha256,
                channel.clips,
                channel.min_confidence,
                channel.review_ns,
            ):
                return
            strict = channel.min_confidence
            channel.title, channel.clips = title, clips
            channel.model_name, channel.model_sha256 = model_name, model_sha256
            channel.min_confidence, channel.review_ns = rules.min_confidence, rules.review_ns
            write.session.flush()
            write.tell(name, "channel", channel.id)
            if rules.min_confidence < strict:
                write.relax(channel, strict)

    def begin_epoch(
        self,
        channel: str,
        epoch: int,
        *,
        utc_zero_ns: int | None,
        frame_rate: Fraction | None,
        description: str,
    ) -> None:
        """Add an epoch and the gap before it, and open a segment of unknown kind at its time 0.

        Said again, it only takes over what is known better by now: the wall time, the rate. Raises CatalogueError
        when an epoch of this number began at quite another time: the recording is not the one catalogued here.
        """
        with self._write() as write:
            feed = queries.find_channel(write.session, channel)
            of_feed = select(Epoch).where(Epoch.channel_id == feed.id)
            known = write.session.scalar(of_feed.where(Epoch.number == epoch))
            if known is not None:
                _check_same_recording(known, channel, utc_zero_ns)
                known.utc_zero_ns = known.utc_zero_ns if utc_zero_ns is None else utc_zero_ns
                known.frame_rate = known.frame_rate if frame_rate is None else frame_rate
                known.description = description
                return
            latest = write.session.scalar(of_feed.order_by(Epoch.number.desc()).limit(1))
            if latest is not None and latest.number > epoch:
                raise CatalogueError(f"channel '{channel}': epoch {epoch} can't begin after epoch {latest.number}")
            row = Epoch(channel=feed, number=epoch, utc_zero_ns=utc_zero_ns, frame_rate=frame_rate)
            row.description, row.created_ns = description, write.now_ns
            write.session.add(row)
            write.session.flush()
            write.tell(channel, "epoch", row.id)
            if latest is not None:
                gap = Gap(channel_id=feed.id, before=latest, after=row)
                write.session.add(gap)
                write.session.flush()
                write.tell(channel, "gap", gap.id)
            at = Placement(time=Fraction(0), frame=0, confidence=1.0, method=Method.EPOCH)
            start = write.boundary(row, Role.START, (Kind.UNKNOWN, Kind.UNKNOWN), at)
            write.segment(row, start)

    def end_epoch(self, channel: str, epoch: int, end: Fraction, end_frame: int | None, reason: str) -> None:
        """Close an epoch and its last segment; nothing happens when it is closed already.

        A boundary at or past the end is withdrawn if it is provisional, or was put there by a person: what it was seen
        in is not in the recording.
        """
        with self._write() as write:
            row = queries.find_epoch(write.session, channel, epoch)
            if row.end is not None:
                return
            while (last := write.running(row).start).time_ns >= to_ns(end):
                if last.role is Role.START:
                    break  # not one frame was recorded: the only segment there is has no length
                if last.state is not BoundaryState.PROVISIONAL and last.method is not Method.HAND:
                    raise CatalogueError(
                        f"channel '{channel}': epoch {epoch} can't end at {float(end):.3f} s, "
                        f"its boundary at {float(last.time):.3f} s is final"
                    )
                write.drop_last(last)
            row.end, row.end_frame, row.end_reason = end, end_frame, reason
            at = Placement(time=end, frame=end_frame, confidence=1.0, method=Method.EPOCH)
            boundary = write.boundary(row, Role.END, (last.after, Kind.UNKNOWN), at)
            segment = write.segment_from(last)
            segment.end = boundary
            write.tell(channel, "epoch", row.id)
            write.settle(segment)

    def position(self, channel: str) -> Position | None:
        """Return where the channel's analysis is; None before its first."""
        with self.ledger.read() as session:
            reader = session.scalar(select(Reader).join(Channel).where(Channel.name == channel))
            if reader is None:
                return None
            return Position(epoch=reader.epoch, time=reader.time, memory=reader.memory)

    def save_position(self, channel: str, position: Position) -> None:
        """Remember where the channel's analysis is."""
        with self._write() as write:
            write.position(queries.find_channel(write.session, channel), position)

    def add_change(self, channel: str, change: Change, at: Placement, position: Position) -> int | None:
        """Add a provisional boundary, split the running segment at it, and save the position, all or nothing.

        The epoch's first decision, placed at time 0 by Method.EPOCH, names the segment that is running since its
        start; that boundary is final. A placement that is not after the boundary before it, which refining may
        have moved, is taken as one frame after that. Returns the boundary's number, or None when there is nothing
        new: the change is known (none is decided earlier than a known one), or it says what is on air already. Where a
        person has marked a stretch and the change says that it began inside, the stretch goes on: its end is withdrawn.
        Raises CatalogueError when the epoch has ended.
        """
        with self._write() as write:
            row = queries.find_epoch(write.session, channel, change.epoch)
            if write.knows(row, change):
                return None
            if row.end is not None:
                raise CatalogueError(f"channel '{channel}': epoch {change.epoch} has ended; nothing can change in it")
            write.position(row.channel, position)
            segment = write.running(row)
            last = segment.start
            if last.after is change.after:
                return None
            if _continues(last, change, at):
                write.drop_last(last)
                return None
            if at.method is Method.EPOCH:
                return write.name_start(segment, change, at)
            kinds = (last.after, change.after)
            boundary = write.boundary(row, Role.CHANGE, kinds, _after(at, last, row.frame_rate), change)
            segment.end = boundary
            write.settle(segment)
            write.segment(row, boundary)
            return boundary.id

    def add_version(self, boundary_id: int, at: Placement) -> None:
        """Move a provisional boundary; it stays provisional. The same place again changes nothing."""
        with self._write() as write:
            write.move(queries.find_boundary(write.session, boundary_id), at, BoundaryState.PROVISIONAL)

    def finalize(self, boundary_id: int, at: Placement) -> None:
        """Put a boundary where it stays; the same place again changes nothing.

        Segments between final boundaries become final with it, and a final programme queues its clip. Raises
        CatalogueError when it is final elsewhere or is withdrawn, CatalogueConflict when it would pass a neighbour.
        """
        with self._write() as write:
            write.move(queries.find_boundary(write.session, boundary_id), at, BoundaryState.FINAL)

    def withdraw(self, first_id: int, second_id: int) -> None:
        """Take back two neighbouring boundaries, with the segment between them; their neighbours become one.

        One of the two may be the epoch's start or end: that one stays, and the segment next to the short one
        reaches to it. Their versions stay on record. Said again, it changes nothing. Raises CatalogueConflict when
        they are not neighbours, one is final, or what would become one is of different kinds.
        """
        with self._write() as write:
            first = queries.find_boundary(write.session, first_id)
            second = queries.find_boundary(write.session, second_id)
            gone = [b for b in (first, second) if b.role is Role.CHANGE]
            if gone and all(boundary.state is BoundaryState.WITHDRAWN for boundary in gone):
                return
            write.merge(first, second)

    # What people say, and what is said of models

    def add_label(self, channel: str, label: labels.Label, author: str) -> int:
        """Write down what a person says is on air in a stretch of an epoch; returns the label's number.

        A label is never changed: say it anew, and the later one holds where they overlap. Raises CatalogueError: the
        epoch is not known, or the stretch is empty, says neither programme nor advert, or reaches past the epoch's end.
        """
        with self._write() as write:
            epoch = queries.find_epoch(write.session, channel, label.epoch)
            _check_label(channel, label, epoch)
            row = Label(epoch=epoch, kind=label.kind, start=label.start, end=label.end, author=author)
            row.created_ns = write.now_ns
            write.session.add(row)
            write.session.flush()
            write.tell(channel, "label", row.id)
            return row.id

    def labels(self, channel: str) -> list[LabelRow]:
        """Return all that people said of the channel, oldest first; see :func:`streamproc.logic.labels.effective`."""
        query = select(Label, Epoch).join(Epoch).join(Channel).where(Channel.name == channel).order_by(Label.id)
        with self.ledger.read() as session:
            return [queries.label_row(label, epoch, channel) for label, epoch in session.execute(query)]

    def raise_alarm(
        self, channel: str, kind: AlarmKind, footing: Footing, *, since_ns: int, pictures: Sequence[str]
    ) -> int:
        """Raise an alarm over the channel's present model; returns its number.

        While one of this kind stands nothing changes; one of another kind is cleared, for it became this one.
        """
        with self._write() as write:
            feed = queries.find_channel(write.session, channel)
            standing = queries.standing_alarm(write.session, feed)
            if standing is not None and standing.kind is kind:
                return standing.id
            if standing is not None:
                write.clear(standing, f"it became '{kind}'")
            row = Alarm(channel=feed, kind=kind, model_sha256=feed.model_sha256, raised_ns=write.now_ns)
            row.since_ns, row.pictures = min(since_ns, write.now_ns), json.dumps(list(pictures))
            row.sureness, row.usual = footing.sureness, footing.usual
            row.unsure_share, row.absent_s = footing.unsure_share, footing.absent_s
            write.session.add(row)
            write.session.flush()
            write.tell(channel, "alarm", row.id)
            return row.id

    def clear_alarm(self, channel: str, reason: str) -> int | None:
        """Clear the channel's standing alarm and return its number; None when there is none."""
        with self._write() as write:
            standing = queries.standing_alarm(write.session, queries.find_channel(write.session, channel))
            if standing is not None:
                write.clear(standing, reason)
            return None if standing is None else standing.id

    def alarms(self, channel: str, *, before_id: int | None = None, limit: int | None = None) -> list[AlarmRow]:
        """Return the channel's alarms, newest first, with numbers below ``before_id``, at most ``limit``."""
        query = select(Alarm).join(Channel).where(Channel.name == channel).order_by(Alarm.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(Alarm.id < before_id)
        with self.ledger.read() as session:
            return [queries.alarm_row(alarm, channel) for alarm in session.scalars(query)]

    def alarm(self, alarm_id: int) -> AlarmRow | None:
        """Return one alarm; None when there is none."""
        with self.ledger.read() as session:
            alarm = session.get(Alarm, alarm_id, options=[joinedload(Alarm.channel)])
            return None if alarm is None else queries.alarm_row(alarm, alarm.channel.name)

    def standing_alarm(self, channel: str) -> AlarmRow | None:
        """Return the channel's alarm that is not cleared; None when there is none."""
        newest = self.alarms(channel, limit=1)
        return newest[0] if newest and newest[0].cleared_ns is None else None

    def watch(self, channel: str) -> str | None:
        """Return what the watch over the channel's model remembers; None before its first word."""
        with self.ledger.read() as session:
            return session.scalar(select(Watch.memory).join(Channel).where(Channel.name == channel))

    def save_watch(self, channel: str, memory: str) -> None:
        """Remember it."""
        with self._write() as write:
            feed = queries.find_channel(write.session, channel)
            row = write.session.get(Watch, feed.id)
            if row is None:
                row = Watch(channel_id=feed.id)
                write.session.add(row)
            row.memory, row.updated_ns = memory, write.now_ns

    # What the daemon asks

    def provisional(self, channel: str) -> list[BoundaryRow]:
        """Return the channel's provisional boundaries, in time order."""
        query = (
            select(Boundary, Epoch)
            .join(Epoch)
            .join(Channel)
            .where(Channel.name == channel, Boundary.state == BoundaryState.PROVISIONAL)
            .order_by(Epoch.number, Boundary.time_ns)
        )
        with self.ledger.read() as session:
            return [queries.boundary_row(boundary, epoch, channel) for boundary, epoch in session.execute(query)]

    def boundaries(self, channel: str, epoch: int) -> list[BoundaryRow]:
        """Return the boundaries of an epoch that stand, its start and end among them, in time order."""
        with self.ledger.read() as session:
            row = queries.find_epoch(session, channel, epoch)
            return [queries.boundary_row(boundary, row, channel) for boundary in queries.standing(session, row)]

    def held(self, channel: str) -> list[tuple[int, Fraction, Fraction]]:
        """Return (epoch, start, end) of the recording that work still to be done needs.

        That is: programmes whose clip is queued, being cut, or will be queued once both ends are final; what lies
        around provisional boundaries; what pieces that are to be cut are made of; and, for as long as the channel's
        rules say, what waits for a person's look. A programme that still runs does not hold what age or space would
        delete.
        """
        with self.ledger.read() as session:
            return held_ranges(session, channel, UNSETTLED_MARGIN_S, self.ledger.now_ns())

    def next_clip(self) -> ClipJob | None:
        """Take the oldest queued clip for cutting; None when none is queued."""
        with self._write() as write:
            queued = select(Clip).where(Clip.state == ClipState.QUEUED).order_by(Clip.updated_ns, Clip.id)
            clip = write.session.scalar(queued.limit(1))
            if clip is None:
                return None
            clip.attempts += 1
            write.clip(clip, ClipState.CUTTING)
            return queries.clip_job(clip)

    def requeue_clips(self) -> int:
        """Queue again what a process that is gone was cutting; returns how many."""
        with self._write() as write:
            left = write.session.scalars(select(Clip).where(Clip.state == ClipState.CUTTING).order_by(Clip.id)).all()
            for clip in left:
                write.clip(clip, ClipState.QUEUED)
            return len(left)

    def clip_ready(self, clip_id: int, path: str, size_bytes: int, sha256: str) -> str | None:
        """Offer a clip: its file is whole and checked; returns the file that is of no use now, if there is one.

        That is the one from before an edit; or this one, where an edit has come while it was cut.
        """
        with self._write() as write:
            clip = write.find_clip(clip_id)
            if clip.state is not ClipState.CUTTING:
                return path
            replaced = clip.path if clip.path != path else None
            clip.path, clip.size_bytes, clip.sha256, clip.message = path, size_bytes, sha256, None
            clip.removed_ns = None
            write.clip(clip, ClipState.READY)
            return replaced

    def clip_failed(self, clip_id: int, message: str, *, retry: bool) -> None:
        """Write down why cutting failed; with ``retry`` it goes to the end of the queue.

        It says nothing where an edit has queued the clip again, or taken it back, in the meantime.
        """
        with self._write() as write:
            clip = write.find_clip(clip_id)
            if clip.state is not ClipState.CUTTING:
                return
            clip.message = message
            write.clip(clip, ClipState.QUEUED if retry else ClipState.FAILED)

    # What readers ask

    def channels(self) -> list[ChannelRow]:
        """Return all channels, by name."""
        with self.ledger.read() as session:
            return [queries.channel_row(channel) for channel in session.scalars(select(Channel).order_by(Channel.name))]

    def epochs(self, channel: str) -> list[EpochRow]:
        """Return the channel's epochs, oldest first."""
        query = select(Epoch).join(Channel).where(Channel.name == channel).order_by(Epoch.number)
        with self.ledger.read() as session:
            return [queries.epoch_row(epoch, channel) for epoch in session.scalars(query)]

    def gaps(self, channel: str) -> list[GapRow]:
        """Return the channel's gaps, oldest first."""
        query = select(Gap).join(Channel, Gap.channel_id == Channel.id).where(Channel.name == channel).order_by(Gap.id)
        loaded = query.options(joinedload(Gap.before), joinedload(Gap.after))
        with self.ledger.read() as session:
            return [queries.gap_row(gap, channel) for gap in session.scalars(loaded)]

    def segments(self, channel: str, where: SegmentFilter = _EVERYTHING) -> list[SegmentRow]:
        """Return the channel's segments, by default all of them, in time order."""
        query = queries.narrowed(queries.segments_query().where(Channel.name == channel), where)
        with self.ledger.read() as session:
            return queries.segment_rows(session, query)

    def segment(self, segment_id: int) -> SegmentRow | None:
        """Return one segment; None when there is none, or it was merged into another."""
        with self.ledger.read() as session:
            rows = queries.segment_rows(session, queries.segments_query().where(Segment.id == segment_id))
            return rows[0] if rows else None

    def segment_at(self, boundary_id: int) -> SegmentRow | None:
        """Return the segment that begins at a boundary; None when none does."""
        with self.ledger.read() as session:
            rows = queries.segment_rows(session, queries.segments_query().where(Start.id == boundary_id))
            return rows[0] if rows else None

    def boundary(self, boundary_id: int) -> BoundaryRow | None:
        """Return one boundary, also one that was withdrawn; None when there is none."""
        query = select(Boundary, Epoch, Channel.name).join(Epoch, Boundary.epoch_id == Epoch.id).join(Channel)
        with self.ledger.read() as session:
            found = session.execute(query.where(Boundary.id == boundary_id)).first()
            return None if found is None else queries.boundary_row(*found)

    def versions(self, boundary_id: int) -> list[VersionRow]:
        """Return all versions of a boundary, oldest first; also of one that was withdrawn."""
        query = select(BoundaryVersion).where(BoundaryVersion.boundary_id == boundary_id)
        with self.ledger.read() as session:
            return queries.version_rows(session.scalars(query.order_by(BoundaryVersion.number)))

    def clips(self, channel: str, *, before_id: int | None = None, limit: int | None = None) -> list[ClipRow]:
        """Return the channel's clips, newest first, with numbers below ``before_id``, at most ``limit``."""
        query = queries.segments_query().where(Channel.name == channel, Clip.id.is_not(None))
        if before_id is not None:
            query = query.where(Clip.id < before_id)
        with self.ledger.read() as session:
            rows = queries.segment_rows(session, query.order_by(Clip.id.desc()).limit(limit))
            return [row.clip for row in rows if row.clip is not None]

    def clip(self, clip_id: int) -> ClipRow | None:
        """Return one clip; None when there is none."""
        with self.ledger.read() as session:
            rows = queries.segment_rows(session, queries.segments_query().where(Clip.id == clip_id))
            return rows[0].clip if rows else None

    def events(self, after_id: int, limit: int = 100) -> list[EventRow]:
        """Return what happened after an event, oldest first; the newest 10,000 are kept."""
        query = select(Event).where(Event.id > after_id).order_by(Event.id).limit(limit)
        with self.ledger.read() as session:
            return [queries.event_row(event) for event in session.scalars(query)]

    def event_range(self) -> tuple[int, int]:
        """Return the numbers of the oldest event kept and of the newest; (1, 0) while there is none."""
        with self.ledger.read() as session:
            newest = session.scalar(select(Outbox.last_event_id)) or 0
            return session.scalar(select(func.min(Event.id))) or newest + 1, newest

    def _write(self) -> AbstractContextManager["_Write"]:
        return self.ledger.writing(_Write)


class _Write(Writing):
    """One transaction that changes segments and what belongs to them."""

    def position(self, channel: Channel, position: Position) -> None:
        reader = self.session.get(Reader, channel.id)
        if reader is None:
            reader = Reader(channel_id=channel.id)
            self.session.add(reader)
        reader.epoch, reader.time, reader.memory = position.epoch, position.time, position.memory
        reader.updated_ns = self.now_ns

    def knows(self, epoch: Epoch, change: Change) -> bool:
        """Tell whether a change is a replay: changes are decided, and so numbered, in order; a new one is last."""
        reader = self.session.get(Reader, epoch.channel_id)
        at = None if reader is None else reader.time
        if reader is not None and at is not None and (reader.epoch, at) >= (epoch.number, change.decided):
            return True  # also one that brought nothing new, of which no boundary tells
        decided = select(Boundary.decided).where(Boundary.epoch_id == epoch.id, Boundary.decided.is_not(None))
        newest = self.session.scalar(decided.order_by(Boundary.id.desc()).limit(1))
        return newest is not None and newest >= change.decided

    def boundary(
        self, epoch: Epoch, role: Role, kinds: tuple[Kind, Kind], at: Placement, change: Change | None = None
    ) -> Boundary:
        """Add a boundary and its first version."""
        boundary = Boundary(epoch=epoch, role=role, before=kinds[0], after=kinds[1], created_ns=self.now_ns)
        boundary.state = BoundaryState.PROVISIONAL if role is Role.CHANGE else BoundaryState.FINAL
        if change is not None:
            boundary.last_old, boundary.first_new, boundary.decided = change.last_old, change.first_new, change.decided
        self.place(boundary, at)
        return boundary

    def segment(self, epoch: Epoch, start: Boundary) -> None:
        """Open a segment."""
        segment = Segment(epoch=epoch, start=start)
        self.session.add(segment)
        self.session.flush()
        self.tell(epoch.channel.name, "segment", segment.id)

    def running(self, epoch: Epoch) -> Segment:
        """Return the last segment of an epoch that has not ended."""
        query = select(Segment).join(Boundary, Segment.start_id == Boundary.id)
        open_ = query.where(Segment.epoch_id == epoch.id, Segment.end_id.is_(None))
        return self.session.scalars(open_.where(Boundary.state != BoundaryState.WITHDRAWN)).one()

    def segment_from(self, boundary: Boundary) -> Segment:
        """Return the segment that begins at a boundary."""
        return self.session.scalars(select(Segment).where(Segment.start_id == boundary.id)).one()

    def segment_to(self, boundary: Boundary) -> Segment:
        """Return the segment that ends at a boundary."""
        return self.session.scalars(select(Segment).where(Segment.end_id == boundary.id)).one()

    def name_start(self, running: Segment, change: Change, at: Placement) -> int:
        """Give the first segment of an epoch its kind."""
        start = running.start
        if start.role is not Role.START or at.time != 0:
            raise CatalogueError(f"epoch {change.epoch}: only its first change can be placed at its start")
        start.after = change.after
        start.last_old, start.first_new, start.decided = change.last_old, change.first_new, change.decided
        self.place(start, at)
        self.settle(running)
        return start.id

    def move(self, boundary: Boundary, at: Placement, state: BoundaryState) -> None:
        """Put a boundary at a place, if it may still be moved, and settle what lies at it."""
        same = queries.placement(boundary) == at
        if same and boundary.state is state:
            return
        if boundary.state is not BoundaryState.PROVISIONAL:
            raise CatalogueError(f"boundary {boundary.id} is {boundary.state} and can't be moved any more")
        before, following = self.segment_to(boundary), self.segment_from(boundary)
        passes_end = following.end is not None and to_ns(at.time) >= following.end.time_ns
        if passes_end or to_ns(at.time) <= before.start.time_ns:
            raise CatalogueConflict(f"boundary {boundary.id} would pass its neighbour at {float(at.time):.3f} s")
        boundary.state = state
        self.place(boundary, at)
        self.settle(before)
        self.settle(following)

    def merge(self, first: Boundary, second: Boundary) -> None:
        """Take out the segment between two boundaries."""
        middle = self.segment_from(first)
        if middle.end is not second:
            raise CatalogueConflict(f"boundaries {first.id} and {second.id} are not neighbours")
        if any(b.role is Role.CHANGE and b.state is not BoundaryState.PROVISIONAL for b in (first, second)):
            raise CatalogueConflict(f"boundary {first.id} or {second.id} is final and can't be withdrawn")
        if first.role is Role.START and second.role is Role.END:
            raise CatalogueConflict(f"boundaries {first.id} and {second.id} are the ends of an epoch")
        if second.role is Role.END:
            self.drop_last(first)
        elif first.role is Role.START:
            self._drop_after_start(first, middle, second)
        else:
            self._drop_pair(first, middle, second)

    def drop_last(self, boundary: Boundary) -> None:
        """Take back the last change of an epoch: what was on air before it goes on."""
        before, gone = self.segment_to(boundary), self.segment_from(boundary)
        self._join(before, gone, [gone], [boundary])
        if before.end is not None:
            before.end.before = before.start.after
        self.settle(before)

    def _drop_after_start(self, start: Boundary, middle: Segment, second: Boundary) -> None:
        following = self.segment_from(second)
        start.after = second.after
        self._join(middle, following, [following], [second])
        self.settle(middle)

    def _drop_pair(self, first: Boundary, middle: Segment, second: Boundary) -> None:
        before, following = self.segment_to(first), self.segment_from(second)
        if before.start.after is not second.after:
            raise CatalogueConflict(
                f"boundaries {first.id} and {second.id} can't be withdrawn: "
                f"{before.start.after} before them and {second.after} after them don't make one segment"
            )
        self._join(before, following, [middle, following], [first, second])
        self.settle(before)

    def _join(self, segment: Segment, last: Segment, gone: list[Segment], boundaries: list[Boundary]) -> None:
        end = last.end
        for lost in gone:
            self.remove(lost)
        self.session.flush()  # the end is free only once the segment that had it is gone
        segment.end = end
        for boundary in boundaries:
            boundary.state = BoundaryState.WITHDRAWN
            self.place(boundary, queries.placement(boundary))

    def remove(self, segment: Segment) -> None:
        """Take a segment away; the row of one that has a clip stays for the clip's sake, see Segment."""
        self.tell(segment.epoch.channel.name, "segment-removed", segment.id)
        clip = self.session.scalar(select(Clip).where(Clip.segment_id == segment.id))
        if clip is None:
            self.session.delete(segment)
        else:
            segment.end = None
            self.withdraw_clip(clip)

    def settle(self, segment: Segment) -> None:
        """Tell that a segment changed; queue its clip if it is a finished programme without one, or take it back."""
        self.session.flush()
        channel, end = segment.epoch.channel, segment.end
        self.tell(channel.name, "segment", segment.id)
        clip = self.session.scalar(select(Clip).where(Clip.segment_id == segment.id))
        final = end is not None and {segment.start.state, end.state} == {BoundaryState.FINAL}
        if end is None or not final or segment.start.after is not Kind.PROGRAMME:
            if clip is not None:
                self.withdraw_clip(clip)
            return
        if not channel.clips or unsure(self.session, (segment.start, end), channel.min_confidence):
            return  # until somebody has looked at it: see Reviews
        if clip is None:
            clip = Clip(segment=segment, attempts=0, created_ns=self.now_ns)
            self.session.add(clip)
            self.clip(clip, ClipState.QUEUED)
        elif clip.state is ClipState.WITHDRAWN:
            self.recut(clip)

    def recut(self, clip: Clip) -> None:
        """Queue a clip again, for its segment is another one now; where it was delivered it is delivered again."""
        clip.attempts, clip.message, clip.created_ns = 0, None, self.now_ns
        self.clip(clip, ClipState.QUEUED)
        done = select(Delivery).where(Delivery.clip_id == clip.id, Delivery.state == DeliveryState.DONE)
        for delivery in self.session.scalars(done.order_by(Delivery.id)).all():
            delivery.state, delivery.next_ns, delivery.updated_ns = DeliveryState.QUEUED, self.now_ns, self.now_ns
            self.tell(clip.segment.epoch.channel.name, "delivery", delivery.id)

    def withdraw_clip(self, clip: Clip) -> None:
        """Take a clip back: what it shows is no programme segment any more."""
        if clip.state is not ClipState.WITHDRAWN:
            self.clip(clip, ClipState.WITHDRAWN)

    def relax(self, channel: Channel, strict: float) -> None:
        """Settle what waited because its ends were less sure than the channel's rules once asked for."""
        query = (
            select(Segment)
            .join(Epoch, Segment.epoch_id == Epoch.id)
            .join(Boundary, or_(Segment.start_id == Boundary.id, Segment.end_id == Boundary.id))
            .where(Epoch.channel_id == channel.id, Boundary.confidence < strict, Segment.end_id.is_not(None))
            .where(Boundary.confidence >= channel.min_confidence, ~exists().where(Clip.segment_id == Segment.id))
            .order_by(Segment.id)
        )
        for segment in self.session.scalars(query).unique().all():
            self.settle(segment)

    def clear(self, alarm: Alarm, reason: str) -> None:
        """Take an alarm back."""
        alarm.cleared_ns, alarm.reason = self.now_ns, reason
        self.session.flush()
        self.tell(alarm.channel.name, "alarm", alarm.id)

    def find_clip(self, clip_id: int) -> Clip:
        clip = self.session.get(Clip, clip_id)
        if clip is None:
            raise CatalogueError(f"the catalogue knows no clip {clip_id}")
        return clip

    def clip(self, clip: Clip, state: ClipState) -> None:
        """Set a clip's state."""
        clip.state, clip.updated_ns = state, self.now_ns
        self.session.flush()
        self.tell(clip.segment.epoch.channel.name, "clip", clip.id)

    def place(self, boundary: Boundary, at: Placement, author: str | None = None) -> None:
        """Write a place into a boundary, and a version with it."""
        of_boundary = select(func.max(BoundaryVersion.number)).where(BoundaryVersion.boundary_id == boundary.id)
        boundary.version = 1 + (0 if boundary.id is None else self.session.scalar(of_boundary) or 0)
        boundary.time, boundary.time_ns, boundary.frame = at.time, to_ns(at.time), at.frame
        boundary.confidence, boundary.method = at.confidence, at.method
        self.session.add(boundary)
        self.session.flush()
        version = BoundaryVersion(boundary_id=boundary.id, number=boundary.version, author=author)
        version.state, version.created_ns = boundary.state, self.now_ns
        version.time, version.frame, version.confidence, version.method = at.time, at.frame, at.confidence, at.method
        self.session.add(version)
        self.tell(boundary.epoch.channel.name, "boundary", boundary.id)


def _continues(last: Boundary, change: Change, at: Placement) -> bool:
    """Tell whether a change only says that what a person has marked up to ``last`` goes on after it."""
    is_inside = to_ns(at.time) <= last.time_ns
    return last.method is Method.HAND and last.before is change.after and is_inside and at.method is not Method.EPOCH


def _after(at: Placement, last: Boundary, frame_rate: Fraction | None) -> Placement:
    """Return the placement, or one a frame after the last boundary where it is not after that."""
    if to_ns(at.time) > last.time_ns:
        return at
    frame = None if last.frame is None else last.frame + 1
    later = last.time + (Fraction(1, 25) if frame_rate is None else 1 / frame_rate)
    return Placement(time=later, frame=frame, confidence=at.confidence, method=at.method)


def _check_same_recording(known: Epoch, channel: str, utc_zero_ns: int | None) -> None:
    if known.utc_zero_ns is None or utc_zero_ns is None:
        return
    if abs(known.utc_zero_ns - utc_zero_ns) > _SAME_RECORDING_NS:
        raise CatalogueError(
            f"channel '{channel}': the catalogue's epoch {known.number} began at another time than the recording's; "
            "the two don't belong together: move both away, or restore the one that is missing"
        )


def _check_label(channel: str, label: labels.Label, epoch: Epoch) -> None:
    where = f"channel '{channel}', epoch {label.epoch}: {float(label.start):.3f} to {float(label.end):.3f} s"
    if label.kind is Kind.UNKNOWN:
        raise CatalogueError(f"{where}: a label says programme or advert, not unknown")
    if not 0 <= label.start < label.end:
        raise CatalogueError(f"{where}: this is no stretch; the end must lie after the start")
    if epoch.end is not None and label.end > epoch.end:
        raise CatalogueError(f"{where}: the epoch ends at {float(epoch.end):.3f} s")
