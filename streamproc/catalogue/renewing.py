"""Brings programmes to what an edit makes of them, and keeps what they were, so that it can be taken back."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from streamproc.catalogue import queries
from streamproc.catalogue.finishing import Piece, Programme, ProgrammePart, ProgrammeState
from streamproc.catalogue.ledger import Telling
from streamproc.catalogue.models import Channel, Epoch
from streamproc.logic.editing import Held, Stretch, reassigned
from streamproc.messages import Kind

Memory: TypeAlias = dict[str, Any]
"""A programme as JSON: its columns by name, and its parts."""
_KEPT = (
    "id", "title", "description", "confidence", "title_author", "shape_author", "scheduled_start_ns",
    "scheduled_stop_ns", "created_ns",
)  # fmt: skip


def renew(write: Telling, epoch: Epoch, changed: Sequence[tuple[Stretch, Kind]]) -> tuple[list[Memory], list[Memory]]:
    """Bring the parts of programmes to what an epoch's boundaries say; return the programmes it touched, as they were
    and as they are.

    A programme of which nothing is left is taken back.
    """
    if not changed:
        return [], []
    of_epoch = select(ProgrammePart.programme_id).where(ProgrammePart.epoch_id == epoch.id)
    query = select(Programme).where(Programme.id.in_(of_epoch)).options(selectinload(Programme.parts))
    programmes = write.session.scalars(query.order_by(Programme.id)).all()
    was = [_held(part) for one in programmes for part in one.parts if part.epoch_id == epoch.id]
    now = reassigned(was, changed)
    places = _places(write.session, epoch, changed)
    before, after = [], []
    for programme in programmes:
        if not any(_touches(part, epoch, changed) for part in programme.parts):
            continue
        rows = _renewed(programme, epoch, [part for part in now if part.owner == programme.id], places)
        memory = remembered(programme)
        if [_part_memory(part) for part in rows] == memory["parts"]:
            continue
        before.append(memory)
        fill(write, programme, rows)
        if rows:
            after.append(remembered(programme))
    return before, after


def _touches(part: ProgrammePart, epoch: Epoch, changed: Sequence[tuple[Stretch, Kind]]) -> bool:
    """Tell whether a part has anything of what is different now, or lies beside it."""
    return part.epoch_id == epoch.id and any(
        (end is None or part.start <= end) and (part.end is None or start <= part.end) for (start, end), _ in changed
    )


def _places(session: Session, epoch: Epoch, changed: Sequence[tuple[Stretch, Kind]]) -> dict[Fraction, int]:
    """Return the boundaries in and beside what is different now, by time."""
    last = changed[-1][0][1]
    found = queries.around(session, epoch, changed[0][0][0], last)
    return {boundary.time: boundary.id for boundary in found}


def remembered(programme: Programme) -> Memory:
    """Return a programme as JSON."""
    memory = {name: getattr(programme, name) for name in _KEPT}
    return memory | {"state": programme.state.value, "parts": [_part_memory(part) for part in programme.parts]}


def restore(write: Telling, channel: Channel, memories: Iterable[Memory], gone: Iterable[int]) -> None:
    """Bring programmes back to what they were, those that are gone too; take back those that were not there."""
    for number in gone:
        programme = write.session.get(Programme, number)
        if programme is not None:
            fill(write, programme, [])
    for memory in memories:
        programme = write.session.get(Programme, memory["id"])
        if programme is None:
            programme = Programme(channel=channel)
        for name in _KEPT:
            setattr(programme, name, memory[name])
        programme.state, programme.updated_ns = ProgrammeState(memory["state"]), write.now_ns
        write.session.add(programme)
        fill(write, programme, [_part(part) for part in memory["parts"]])


def fill(write: Telling, programme: Programme, parts: Sequence[ProgrammePart]) -> None:
    """Give a programme its parts, and tell of it and of the pieces that show it; without any it is taken back."""
    channel, number = programme.channel.name, programme.id
    pieces = [] if number is None else write.session.scalars(select(Piece.id).where(Piece.programme_id == number)).all()
    if not parts:
        write.session.delete(programme)
    else:
        programme.updated_ns, programme.parts = write.now_ns, []
        write.session.flush()
        for place, part in enumerate(parts):
            part.number = place
        programme.parts = list(parts)
    write.session.flush()
    write.tell(channel, "programme", programme.id if number is None else number)
    for piece in pieces:
        write.tell(channel, "piece", piece)


def copied(part: ProgrammePart) -> ProgrammePart:
    """Return a part that is the same stretch."""
    row = ProgrammePart(epoch_id=part.epoch_id, start=part.start, end=part.end, start_id=part.start_id)
    row.end_id, row.start_sure, row.end_sure = part.end_id, part.start_sure, part.end_sure
    return row


def _held(part: ProgrammePart) -> Held:
    return Held(
        owner=part.programme_id,
        start=part.start,
        end=part.end,
        start_sure=part.start_sure,
        end_sure=part.end_sure,
    )


def _renewed(
    programme: Programme, epoch: Epoch, now: Sequence[Held], places: Mapping[Fraction, int]
) -> list[ProgrammePart]:
    """Return a programme's parts: those of other epochs as they are, those of this one as they are now.

    places: the boundaries where something is different; elsewhere those that there were stand.
    """
    known = {part.start: part.start_id for part in programme.parts if part.epoch_id == epoch.id}
    known |= {part.end: part.end_id for part in programme.parts if part.epoch_id == epoch.id and part.end is not None}
    earlier = [copied(part) for part in programme.parts if part.epoch_id < epoch.id]
    later = [copied(part) for part in programme.parts if part.epoch_id > epoch.id]
    here = []
    for part in now:
        row = ProgrammePart(epoch_id=epoch.id, start=part.start, end=part.end)
        row.start_id = places.get(part.start, _beyond(known, places, part.start))
        row.end_id = None if part.end is None else places.get(part.end, _beyond(known, places, part.end))
        row.start_sure, row.end_sure = part.start_sure, part.end_sure
        here.append(row)
    return [*earlier, *here, *later]


def _beyond(known: Mapping[Fraction, int | None], places: Mapping[Fraction, int], time: Fraction) -> int | None:
    """Return the boundary that a part had at a time outside what is different."""
    return None if min(places) <= time <= max(places) else known.get(time)


def _part_memory(part: ProgrammePart) -> Memory:
    return {
        "epoch_id": part.epoch_id,
        "start": str(part.start),
        "end": None if part.end is None else str(part.end),
        "start_id": part.start_id,
        "end_id": part.end_id,
        "start_sure": part.start_sure,
        "end_sure": part.end_sure,
    }


def _part(memory: Memory) -> ProgrammePart:
    row = ProgrammePart(epoch_id=memory["epoch_id"], start=Fraction(memory["start"]))
    row.end = None if memory["end"] is None else Fraction(memory["end"])
    row.start_id, row.end_id = memory["start_id"], memory["end_id"]
    row.start_sure, row.end_sure = memory["start_sure"], memory["end_sure"]
    return row
