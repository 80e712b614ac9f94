"""The book of programmes: what was on air, by name, with its parts and the breaks between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import Select, select
from sqlalchemy.orm import selectinload

from streamproc.catalogue import queries
from streamproc.catalogue.finishing import Programme, ProgrammePart, ProgrammeState
from streamproc.catalogue.ledger import Ledger, Telling, Writing
from streamproc.catalogue.models import Channel, Epoch
from streamproc.messages import Kind, Span
from streamproc.timebase import to_ns

_LATEST = 1000  # programmes that since() looks among: a week of short ones


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    """One stretch of a programme, without a break."""

    number: int
    """From 0."""
    epoch: int
    """The epoch's number in the recording."""
    start: Fraction
    """Time of its first frame, seconds in the epoch."""
    end: Fraction | None
    """Time after its last frame; None while it is on air."""
    start_utc_ns: int | None
    """Wall time of the start."""
    end_utc_ns: int | None
    """Wall time of the end."""
    start_id: int | None
    """The boundary it begins at; None where two programmes were split without a break."""
    end_id: int | None
    """The boundary it ends at; None while it is on air, and where two programmes were split without a break."""
    start_sure: bool
    """Whether the start may be cut at without anybody having looked at it."""
    end_sure: bool
    """Whether the end may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeRow:
    """A programme."""

    id: int
    """Number in the catalogue; stays while the programme does."""
    channel: str
    """The channel's short name."""
    state: ProgrammeState
    """RUNNING while its last part may grow, or another may follow."""
    title: str | None
    """Its name; None where no listing fits."""
    description: str | None
    """What it is about, one paragraph."""
    confidence: float
    """In [0, 1]: how sure we are of the name."""
    title_author: str | None
    """Who gave it its name by hand; None while the schedule did."""
    shape_author: str | None
    """Who said by splitting or merging where it begins and ends; None while the schedule did."""
    scheduled_start_ns: int | None
    """When the schedule has it begin, wall time."""
    scheduled_stop_ns: int | None
    """When the schedule has it end, wall time."""
    parts: tuple[PartRow, ...]
    """In time order; at least one."""
    updated_ns: int
    """When it last changed, wall time."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """The stretches that a join is made of; a part that is still on air is left out."""
        return tuple(
            Span(epoch=part.epoch, start=part.start, end=part.end) for part in self.parts if part.end is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPart:
    """One stretch of a programme, as it is found to be."""

    epoch: int
    """The epoch's number in the recording."""
    start: Fraction
    """Time of its first frame, seconds in the epoch."""
    end: Fraction | None
    """Time after its last frame; None while it is on air."""
    start_id: int | None
    """The boundary it begins at; None where two programmes were split without a break."""
    end_id: int | None
    """The boundary it ends at."""
    start_sure: bool
    """Whether the start may be cut at without anybody having looked at it."""
    end_sure: bool
    """Whether the end may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A programme as it is found to be."""

    id: int | None
    """The programme that it was until now; None for a new one."""
    state: ProgrammeState
    """How far it is."""
    title: str | None
    """Its name, by the schedule."""
    description: str | None
    """What it is about, by the schedule."""
    confidence: float
    """In [0, 1]: how sure the name is."""
    scheduled_start_ns: int | None
    """When the schedule has it begin, wall time."""
    scheduled_stop_ns: int | None
    """When the schedule has it end, wall time."""
    parts: tuple[DraftPart, ...]
    """In time order; at least one."""


class Programmes:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def get(self, programme_id: int) -> ProgrammeRow | None:
        """Return one programme; None when there is none."""
        rows = self._rows(_query().where(Programme.id == programme_id))
        return rows[0] if rows else None

    def of_channel(self, channel: str, *, before_id: int | None = None, limit: int | None = None) -> list[ProgrammeRow]:
        """Return the channel's programmes, newest first, with numbers below ``before_id``, at most ``limit``."""
        query = _query().where(Channel.name == channel).order_by(Programme.id.desc()).limit(limit)
        return self._rows(query if before_id is None else query.where(Programme.id < before_id))

    def name_by_hand(self, programme_id: int, title: str, description: str | None, author: str) -> ProgrammeRow | None:
        """Give a programme the title that a person wants, which no schedule overwrites; None when there is none."""
        with self._ledger.write() as write:
            programme = write.session.get(Programme, programme_id)
            if programme is not None:
                programme.title, programme.title_author, programme.confidence = title, author, 1.0
                programme.description = programme.description if description is None else description
                programme.updated_ns = write.now_ns
                write.tell(programme.channel.name, "programme", programme.id)
        return self.get(programme_id)

    def since(self, channel: str, moment_ns: int) -> list[ProgrammeRow]:
        """Return the channel's programmes that end later than a moment, or are running, in time order."""
        rows = self.of_channel(channel, limit=_LATEST)
        later = [row for row in rows if row.parts[-1].end is None or (row.parts[-1].end_utc_ns or 0) > moment_ns]
        return sorted(later, key=lambda row: (row.parts[0].epoch, row.parts[0].start))

    def rewrite(self, channel: str, drafts: Sequence[Draft], gone: Sequence[int]) -> None:
        """Bring programmes to what they are found to be by now, add new ones, take back those that are gone.

        What a person has named keeps its name; when it is complete as well, or a person has split or merged it, nothing
        of it changes and it can't go.
        What is as it was is not written, nor told.
        """
        known = {draft.id: self.get(draft.id) for draft in drafts if draft.id is not None}
        changed = [draft for draft in drafts if draft.id is None or not _says(known[draft.id], draft)]
        if not changed and not gone:
            return
        with self._ledger.write() as write:
            feed = queries.find_channel(write.session, channel)
            for number in gone:
                programme = write.session.get(Programme, number)
                if programme is not None and not _is_settled(programme):
                    write.session.delete(programme)
                    write.tell(channel, "programme", number)
            write.session.flush()
            written = []
            for draft in changed:
                programme = None if draft.id is None else write.session.get(Programme, draft.id)
                if programme is None and draft.id is not None:
                    continue  # a person has merged it into another meanwhile
                if programme is None:
                    programme = Programme(channel=feed, created_ns=write.now_ns)
                    write.session.add(programme)
                elif _is_settled(programme):
                    continue
                _fill(write, programme, draft)
                write.tell(channel, "programme", programme.id)
                written.append(draft)
            for draft in written:
                name_segments(write, channel, draft.title, draft.parts)

    def _rows(self, query: Select[Programme, str]) -> list[ProgrammeRow]:
        loaded = query.options(selectinload(Programme.parts).joinedload(ProgrammePart.epoch))
        with self._ledger.read() as session:
            return [_row(programme, channel) for programme, channel in session.execute(loaded)]


def _query() -> Select[Programme, str]:
    return select(Programme, Channel.name).join(Channel, Programme.channel_id == Channel.id)


def _row(programme: Programme, channel: str) -> ProgrammeRow:
    return ProgrammeRow(
        id=programme.id,
        channel=channel,
        state=programme.state,
        title=programme.title,
        description=programme.description,
        confidence=programme.confidence,
        title_author=programme.title_author,
        shape_author=programme.shape_author,
        scheduled_start_ns=programme.scheduled_start_ns,
        scheduled_stop_ns=programme.scheduled_stop_ns,
        parts=_parts(programme.parts),
        updated_ns=programme.updated_ns,
    )


def _parts(parts: Sequence[ProgrammePart]) -> tuple[PartRow, ...]:
    return tuple(_part(part, part.epoch) for part in parts)


def _part(part: ProgrammePart, epoch: Epoch) -> PartRow:
    return PartRow(
        number=part.number,
        epoch=epoch.number,
        start=part.start,
        end=part.end,
        start_utc_ns=queries.utc(epoch, part.start),
        end_utc_ns=None if part.end is None else queries.utc(epoch, part.end),
        start_id=part.start_id,
        end_id=part.end_id,
        start_sure=part.start_sure,
        end_sure=part.end_sure,
    )


def draft_parts(programme: Programme) -> tuple[DraftPart, ...]:
    """Return a programme's parts as a draft has them."""
    return _drafted(_parts(programme.parts))


def _drafted(parts: Sequence[PartRow]) -> tuple[DraftPart, ...]:
    return tuple(
        DraftPart(
            epoch=part.epoch,
            start=part.start,
            end=part.end,
            start_id=part.start_id,
            end_id=part.end_id,
            start_sure=part.start_sure,
            end_sure=part.end_sure,
        )
        for part in parts
    )


def _is_settled(programme: Programme) -> bool:
    by_hand = programme.title_author is not None or programme.shape_author is not None
    return by_hand and programme.state is ProgrammeState.COMPLETE


def _says(row: ProgrammeRow | None, draft: Draft) -> bool:
    """Tell whether a programme is as the draft has it."""
    if row is None:
        return False
    by_hand = row.title_author is not None
    named = by_hand or (row.title, row.description, row.confidence) == (
        draft.title,
        draft.description,
        draft.confidence,
    )
    scheduled = (row.scheduled_start_ns, row.scheduled_stop_ns) == (draft.scheduled_start_ns, draft.scheduled_stop_ns)
    return row.state is draft.state and named and scheduled and _drafted(row.parts) == draft.parts


def _fill(write: Writing, programme: Programme, draft: Draft) -> None:
    if programme.title_author is None:
        programme.title, programme.description = draft.title, draft.description
        programme.confidence = draft.confidence
    programme.state, programme.updated_ns = draft.state, write.now_ns
    programme.scheduled_start_ns, programme.scheduled_stop_ns = draft.scheduled_start_ns, draft.scheduled_stop_ns
    programme.parts = []
    write.session.flush()
    channel = programme.channel.name
    programme.parts = [
        ProgrammePart(
            number=number,
            epoch=queries.find_epoch(write.session, channel, part.epoch),
            start=part.start,
            end=part.end,
            start_id=part.start_id,
            end_id=part.end_id,
            start_sure=part.start_sure,
            end_sure=part.end_sure,
        )
        for number, part in enumerate(draft.parts)
    ]
    write.session.flush()


def name_segments(write: Telling, channel: str, title: str | None, parts: Sequence[DraftPart]) -> None:
    """Give the segments that a programme has most of its name."""
    for part in parts:
        query = queries.segments_query().where(
            Channel.name == channel,
            Epoch.number == part.epoch,
            queries.Start.after == Kind.PROGRAMME,
            queries.End.time_ns.is_(None) | (queries.End.time_ns > to_ns(part.start)),
        )
        if part.end is not None:
            query = query.where(queries.Start.time_ns < to_ns(part.end))
        for segment, start, end, *_ in write.session.execute(query):
            if segment.title != title and _has_most(part, start.time, None if end is None else end.time):
                segment.title = title
                write.tell(channel, "segment", segment.id)


def _has_most(part: DraftPart, start: Fraction, end: Fraction | None) -> bool:
    """Tell whether a part has more than half of a segment; of one that is on air, whether it is on air as well."""
    if end is None:
        return part.end is None
    until = end if part.end is None else min(end, part.end)
    return 2 * (until - max(start, part.start)) > end - start
