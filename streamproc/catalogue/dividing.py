"""Splits a programme in two, and makes one of two: what an editor says of programmes, whatever the schedule does.

Both halves of a split, and what is merged, are the person's from then on (``shape_author``): once they are complete the
naming leaves them alone.
"""

from fractions import Fraction

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from streamproc.catalogue import queries
from streamproc.catalogue.finishing import Listing, Order, Piece, Programme, ProgrammePart, ProgrammeState, Review
from streamproc.catalogue.models import Epoch
from streamproc.catalogue.programmes import draft_parts, name_segments
from streamproc.catalogue.renewing import Memory, copied, fill, remembered
from streamproc.catalogue.reshaping import Shaping
from streamproc.errors import CatalogueConflict, CatalogueError
from streamproc.timebase import NS

_GUESSED = 0.5
"""Confidence of the name that the schedule has for the second half of a split: somebody should look at it."""

_LONGEST_NS = 12 * 3600 * NS


def split(write: Shaping, programme: Programme, epoch: Epoch, time: Fraction, author: str) -> tuple[Memory, Memory]:
    """Divide a programme where its second half begins; return what both are now, in order.

    The first half keeps number and name. The second gets the name that the schedule has for its time, if that is free.
    Raises CatalogueConflict where the programme is not on at that time, or only begins.
    """
    first, second = _halves(programme, epoch, time)
    if not first or not second:
        raise CatalogueConflict(
            f"programme {programme.id} can't be split at {float(time):.3f} s of epoch {epoch.number}: "
            "it is not on air before and after that"
        )
    running = programme.state is ProgrammeState.RUNNING
    new = Programme(channel=programme.channel, state=programme.state, confidence=0.0, created_ns=write.now_ns)
    new.updated_ns = write.now_ns
    _name(write.session, new, programme, second)
    write.session.add(new)
    programme.state, programme.shape_author = ProgrammeState.COMPLETE, author
    new.shape_author = None if running else author
    for one, parts in ((programme, first), (new, second)):
        fill(write, one, parts)
        name_segments(write, programme.channel.name, one.title, draft_parts(one))
    return remembered(programme), remembered(new)


def merge(write: Shaping, first: Programme, second: Programme, author: str) -> Memory:
    """Make one programme of two that follow each other; the first keeps number and name. Returns what it is now.

    What belonged to the second, pieces, orders, reviews, is the first's now. Raises CatalogueConflict where one is
    still on air, or another programme lies between.
    """
    for one in (first, second):
        if one.state is ProgrammeState.RUNNING:
            raise CatalogueConflict(f"programme {one.id} is still on air; merge it when it has ended")
    if first.channel_id != second.channel_id or first.id == second.id:
        raise CatalogueConflict(f"programmes {first.id} and {second.id} are not two programmes of one channel")
    parts = sorted([copied(part) for one in (first, second) for part in one.parts], key=_place)
    _check_neighbours(write.session, first, second, parts)
    for table in (Piece, Order, Review):
        write.session.execute(update(table).where(table.programme_id == second.id).values(programme_id=first.id))
    if first.title is None:
        first.title, first.description, first.confidence = second.title, second.description, second.confidence
        first.title_author = second.title_author
    first.shape_author = author
    fill(write, second, [])
    fill(write, first, _joined(parts))
    name_segments(write, first.channel.name, first.title, draft_parts(first))
    return remembered(first)


def belongings(session: Session, programme: Programme) -> dict[str, list[int]]:
    """Return the numbers of what points at a programme, by table, to be given back when a merge is undone."""
    return {
        table.__tablename__: list(session.scalars(select(table.id).where(table.programme_id == programme.id)))
        for table in (Piece, Order, Review)
    }


def give_back(session: Session, memory: Memory) -> None:
    """Have what belonged to a programme belong to it again."""
    for table in (Piece, Order, Review):
        numbers = memory.get("belongings", {}).get(table.__tablename__, [])
        if numbers:
            session.execute(update(table).where(table.id.in_(numbers)).values(programme_id=memory["id"]))


def find(session: Session, number: int) -> Programme:
    """Return a programme. Raises CatalogueError when there is none."""
    programme = session.get(Programme, number)
    if programme is None:
        raise CatalogueError(f"the catalogue knows no programme {number}")
    return programme


def _halves(programme: Programme, epoch: Epoch, time: Fraction) -> tuple[list[ProgrammePart], list[ProgrammePart]]:
    first: list[ProgrammePart] = []
    second: list[ProgrammePart] = []
    for part in programme.parts:
        if part.epoch_id != epoch.id:
            (first if part.epoch_id < epoch.id else second).append(copied(part))
        elif part.end is not None and part.end <= time:
            first.append(copied(part))
        elif part.start >= time:
            second.append(copied(part))
        else:
            left, right = copied(part), copied(part)
            left.end, left.end_id, left.end_sure = time, None, True
            right.start, right.start_id, right.start_sure = time, None, True
            first.append(left)
            second.append(right)
    return first, second


def _name(session: Session, new: Programme, old: Programme, parts: list[ProgrammePart]) -> None:
    """Name the second half by the listing that shares most time with it, of those that no programme has."""
    start = queries.utc(session.get_one(Epoch, parts[0].epoch_id), parts[0].start)
    last = session.get_one(Epoch, parts[-1].epoch_id)
    end = None if parts[-1].end is None else queries.utc(last, parts[-1].end)
    if start is None or end is None:
        return
    of_channel = (Programme.channel_id == old.channel_id, Programme.scheduled_start_ns.is_not(None))
    taken = set(session.scalars(select(Programme.scheduled_start_ns).where(*of_channel)))
    near = (Listing.channel_id == old.channel_id, Listing.start_ns.between(start - _LONGEST_NS, end))
    listings = session.scalars(select(Listing).where(*near).order_by(Listing.start_ns)).all()
    stops = [one.start_ns for one in listings[1:]] + [end]
    shares = {
        one: min(one.stop_ns or stop, end) - max(one.start_ns, start)
        for one, stop in zip(listings, stops, strict=False)
        if one.start_ns not in taken
    }
    best = max((one for one in shares if shares[one] > 0), key=lambda one: shares[one], default=None)
    if best is not None:
        new.title, new.description, new.confidence = best.title, best.description or best.subtitle, _GUESSED
        new.scheduled_start_ns, new.scheduled_stop_ns = best.start_ns, best.stop_ns


def _place(part: ProgrammePart) -> tuple[int, Fraction]:
    return part.epoch_id, part.start


def _joined(parts: list[ProgrammePart]) -> list[ProgrammePart]:
    """Make one part of two that meet without a break."""
    joined = parts[:1]
    for part in parts[1:]:
        last = joined[-1]
        if (last.epoch_id, last.end) == (part.epoch_id, part.start):
            last.end, last.end_id, last.end_sure = part.end, part.end_id, part.end_sure
        else:
            joined.append(part)
    return joined


def _check_neighbours(session: Session, first: Programme, second: Programme, parts: list[ProgrammePart]) -> None:
    """Raise CatalogueConflict where another programme lies between two."""
    query = select(ProgrammePart).join(Programme).where(Programme.channel_id == first.channel_id)
    query = query.where(Programme.id.not_in([first.id, second.id]))
    query = query.where(ProgrammePart.epoch_id.between(parts[0].epoch_id, parts[-1].epoch_id))
    for part in session.scalars(query):
        if _place(parts[0]) < _place(part) < _place(parts[-1]):
            raise CatalogueConflict(
                f"programme {part.programme_id} lies between programmes {first.id} and {second.id}; "
                "merge with that one first"
            )
