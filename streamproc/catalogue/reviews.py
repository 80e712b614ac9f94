"""The book of reviews: what nobody is sure of, and what people said of it.

A boundary less sure than its channel's ``clips.min_confidence``, a name less sure than SURE_NAME, a split without a
break: each waits until somebody accepts it, and what is to be cut at it waits with it. Accepting queues the clip in the
same transaction. Nothing is taken out of the recording by it, nor by not doing it.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from streamproc.catalogue import queries
from streamproc.catalogue.finishing import (
    Order,
    OrderState,
    Programme,
    ProgrammePart,
    ProgrammeState,
    Review,
    Verdict,
)
from streamproc.catalogue.ledger import Ledger
from streamproc.catalogue.models import Boundary, Channel, Epoch, Role, Segment
from streamproc.errors import CatalogueConflict, CatalogueError
from streamproc.messages import BoundaryState, Kind, Note

SURE_NAME = 0.9
"""A name from the schedule of at least this confidence needs nobody's look; benchmarks/naming.py holds it to that."""


class Doubt(StrEnum):
    """What is not sure."""

    BOUNDARY = "boundary"  # whether it is on the right frame
    NAME = "name"  # whether the programme is what the schedule says
    SPLIT = "split"  # whether one programme ends and the next begins here; there may be no break between them


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Where to look."""

    epoch: int
    """The epoch's number in the recording."""
    time: Fraction
    """Seconds in the epoch."""
    frame: int | None
    """Number of the first frame from there on; None when not known."""
    utc_ns: int | None
    """Wall time of it."""
    before: Kind
    """What is on air before it."""
    after: Kind
    """What is on air from it on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRow:
    """Something that waits for somebody's look."""

    doubt: Doubt
    """What is not sure."""
    subject_id: int
    """The boundary's number, or the programme's for a name or a split."""
    channel: str
    """The channel's short name."""
    title: str | None
    """The programme's name; None for a boundary."""
    programme_id: int | None
    """The programme that it is about; None for a boundary where none begins or ends."""
    look: Look
    """Where to look."""
    confidence: float
    """In [0, 1]."""
    note: Note
    """What is to be looked at, in words."""
    orders: tuple[int, ...]
    """The orders that wait for it."""
    until_ns: int
    """Until when the recording is kept for it, wall time."""


class Settling(Protocol):
    """A transaction that can settle segments: see Catalogue."""

    session: Session
    now_ns: int

    def tell(self, channel: str, type_: str, subject_id: int) -> None:
        """Add an event."""
        ...

    def settle(self, segment: Segment) -> None:
        """Tell that a segment changed, and queue its clip if it is due."""
        ...


class Reviews:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger, write: Callable[[], AbstractContextManager[Settling]]) -> None:
        """write: opens a transaction that can settle segments."""
        self._ledger = ledger
        self._write = write

    def accept_boundary(self, boundary_id: int, author: str) -> int:
        """Write down that a boundary is right, and queue the clips that waited for it; returns the review's number.

        Said again, it is the first review. Raises CatalogueError: no such boundary; CatalogueConflict: it is not final.
        """
        with self._write() as write:
            boundary = queries.find_boundary(write.session, boundary_id)
            if boundary.state is not BoundaryState.FINAL:
                raise CatalogueConflict(f"boundary {boundary_id} is {boundary.state}; only a final one can be accepted")
            said = write.session.scalar(select(Review.id).where(Review.boundary_id == boundary_id).limit(1))
            if said is not None:
                return said
            review = _added(write, Review(boundary_id=boundary_id), boundary.epoch.channel, author)
            touching = or_(Segment.start_id == boundary_id, Segment.end_id == boundary_id)
            for segment in write.session.scalars(select(Segment).where(touching).order_by(Segment.id)).all():
                write.settle(segment)
            return review

    def accept_programme(self, programme_id: int, author: str) -> int:
        """Write down that a programme's name and splits are right; returns the review's number.

        Said again, it is the first review. Raises CatalogueError: no such programme; CatalogueConflict: it is on air.
        """
        with self._write() as write:
            programme = write.session.get(Programme, programme_id)
            if programme is None:
                raise CatalogueError(f"the catalogue knows no programme {programme_id}")
            if programme.state is ProgrammeState.RUNNING:
                raise CatalogueConflict(f"programme {programme_id} is still on air; accept it when it has ended")
            said = write.session.scalar(select(Review.id).where(Review.programme_id == programme_id).limit(1))
            if said is not None:
                return said
            review = _added(write, Review(programme_id=programme_id), programme.channel, author)
            write.tell(programme.channel.name, "programme", programme_id)
            return review

    def waiting(self, channel: str) -> list[WaitingRow]:
        """Return what of a channel waits, most urgent first: what an order waits for, then what is deleted soonest."""
        with self._ledger.read() as session:
            feed = session.scalar(select(Channel).where(Channel.name == channel))
            if feed is None:
                return []
            now_ns = self._ledger.now_ns()
            orders = _orders_of(session, feed)
            rows = [*_boundaries(session, feed, orders, now_ns), *_programmes(session, feed, orders, now_ns)]
        return sorted(rows, key=lambda row: (not row.orders, row.until_ns, row.subject_id))

    def counts(self) -> dict[str, int]:
        """Return how many things wait, by channel; every channel is there."""
        with self._ledger.read() as session:
            names = session.scalars(select(Channel.name).order_by(Channel.name)).all()
        return {name: len(self.waiting(name)) for name in names}


def unsure(session: Session, boundaries: Iterable[Boundary], min_confidence: float) -> list[Boundary]:
    """Return those changes that nobody is sure of: neither the machine nor a person who looked.

    Where an epoch begins and ends is no question: there is nothing recorded on the other side.
    """
    low = [one for one in boundaries if one.role is Role.CHANGE and one.confidence < min_confidence]
    if not low:
        return []
    said = select(Review.boundary_id).where(Review.boundary_id.in_([boundary.id for boundary in low]))
    accepted = set(session.scalars(said))
    return [boundary for boundary in low if boundary.id not in accepted]


def doubts(session: Session, programmes: Sequence[Programme]) -> dict[int, list[Note]]:
    """Return, by programme, what must be looked at before it is cut by itself; in three queries for all of them."""
    numbers = [programme.id for programme in programmes]
    placed = _unsurely_placed(session, programmes)
    doubted = {one.id for one in unsure(session, [one for ends in placed.values() for one in ends], 1.0)}
    accepted = set(session.scalars(select(Review.programme_id).where(Review.programme_id.in_(numbers))))
    found: dict[int, list[Note]] = {}
    for programme in programmes:
        ends = placed[programme.id]
        found[programme.id] = [_boundary_note(boundary) for boundary in ends if boundary.id in doubted]
        if programme.id not in accepted:
            asked = _of_programme(programme, {boundary.id for boundary in ends})
            found[programme.id] += [_programme_note(doubt, programme) for doubt in asked]
    return found


def _unsurely_placed(session: Session, programmes: Sequence[Programme]) -> dict[int, list[Boundary]]:
    """Return, by programme, those of its ends that are less sure of their frame than the channel asks for."""
    rules = {programme.id: programme.channel.min_confidence for programme in programmes}
    touching = or_(ProgrammePart.start_id == Boundary.id, ProgrammePart.end_id == Boundary.id)
    query = (
        select(ProgrammePart.programme_id, Boundary)
        .join(Boundary, touching)
        .where(ProgrammePart.programme_id.in_(rules), Boundary.confidence < max(rules.values(), default=0.0))
        .order_by(Boundary.time_ns, Boundary.id)
    )
    found: dict[int, dict[int, Boundary]] = {number: {} for number in rules}
    for number, boundary in session.execute(query):
        if boundary.role is Role.CHANGE and boundary.confidence < rules[number]:
            found[number][boundary.id] = boundary
    return {number: list(ends.values()) for number, ends in found.items()}


def _of_programme(programme: Programme, unsurely_placed: Container[int]) -> list[Doubt]:
    found = []
    if programme.title is not None and programme.title_author is None and programme.confidence < SURE_NAME:
        found.append(Doubt.NAME)
    if any(_unsure_ends(part, unsurely_placed) for part in programme.parts):
        found.append(Doubt.SPLIT)
    return found


def _unsure_ends(part: ProgrammePart, unsurely_placed: Container[int]) -> list[Fraction]:
    """Return at which ends of a part it is not sure that the programme ends there.

    Where only the frame is not sure, that is the boundary's affair.
    """
    ends = [(part.start, part.start_id, part.start_sure), (part.end, part.end_id, part.end_sure)]
    return [
        time
        for time, boundary, is_sure in ends
        if time is not None and not is_sure and (boundary is None or boundary not in unsurely_placed)
    ]


def _added(write: Settling, review: Review, channel: Channel, author: str) -> int:
    review.verdict, review.author, review.created_ns = Verdict.ACCEPTED, author, write.now_ns
    write.session.add(review)
    write.session.flush()
    write.tell(channel.name, "review", review.id)
    return review.id


def _orders_of(session: Session, feed: Channel) -> Mapping[tuple[str, int], tuple[int, ...]]:
    """Return which open orders wait for ("programme", id) and for ("boundary", id)."""
    waiting: dict[tuple[str, int], list[int]] = defaultdict(list)
    query = (
        select(Order.id, Order.programme_id, ProgrammePart.start_id, ProgrammePart.end_id)
        .join(Programme, Programme.id == Order.programme_id)
        .join(ProgrammePart, ProgrammePart.programme_id == Programme.id)
        .where(Programme.channel_id == feed.id, Order.state == OrderState.FOUND)
        .order_by(Order.id)
    )
    for order, programme, start, end in session.execute(query):
        for what, number in (("programme", programme), ("boundary", start), ("boundary", end)):
            if number is not None and order not in waiting[what, number]:
                waiting[what, number].append(order)
    return {key: tuple(orders) for key, orders in waiting.items()}


def _boundaries(
    session: Session, feed: Channel, orders: Mapping[tuple[str, int], tuple[int, ...]], now_ns: int
) -> list[WaitingRow]:
    query = (
        select(Boundary, Epoch)
        .join(Epoch)
        .where(
            Epoch.channel_id == feed.id,
            Boundary.state == BoundaryState.FINAL,
            Boundary.role == Role.CHANGE,
            Boundary.confidence < feed.min_confidence,
            or_(Boundary.before == Kind.PROGRAMME, Boundary.after == Kind.PROGRAMME),
            ~exists().where(Review.boundary_id == Boundary.id),
            or_(
                Boundary.created_ns > now_ns - feed.review_ns,
                Boundary.id.in_([number for what, number in orders if what == "boundary"]),
            ),
        )
    )
    found = session.execute(query).all()
    programmes = _programmes_at(session, [boundary.id for boundary, _ in found])
    return [
        WaitingRow(
            doubt=Doubt.BOUNDARY,
            subject_id=boundary.id,
            channel=feed.name,
            title=None,
            programme_id=programmes.get(boundary.id),
            look=_at_boundary(boundary, epoch),
            confidence=boundary.confidence,
            note=_boundary_note(boundary),
            orders=orders.get(("boundary", boundary.id), ()),
            until_ns=boundary.created_ns + feed.review_ns,
        )
        for boundary, epoch in found
    ]


def _programmes_at(session: Session, boundaries: Sequence[int]) -> dict[int, int]:
    """Return, by boundary, the programme that ends there, or else begins there."""
    ends, starts = ProgrammePart.end_id, ProgrammePart.start_id
    found: dict[int, int] = {}
    for edge in (starts, ends):  # the later overwrites the earlier
        query = select(edge, ProgrammePart.programme_id).where(edge.in_(boundaries))
        found |= {boundary: programme for boundary, programme in session.execute(query) if boundary is not None}
    return found


def _programmes(
    session: Session, feed: Channel, orders: Mapping[tuple[str, int], tuple[int, ...]], now_ns: int
) -> list[WaitingRow]:
    unsure_end = exists().where(
        ProgrammePart.programme_id == Programme.id,
        or_(~ProgrammePart.start_sure, and_(ProgrammePart.end.is_not(None), ~ProgrammePart.end_sure)),
    )
    named = and_(Programme.title.is_not(None), Programme.title_author.is_(None), Programme.confidence < SURE_NAME)
    query = (
        select(Programme)
        .where(
            Programme.channel_id == feed.id,
            Programme.state == ProgrammeState.COMPLETE,
            or_(named, unsure_end),
            ~exists().where(Review.programme_id == Programme.id),
            or_(
                Programme.created_ns > now_ns - feed.review_ns,
                Programme.id.in_([number for what, number in orders if what == "programme"]),
            ),
        )
        .options(joinedload(Programme.channel), selectinload(Programme.parts).joinedload(ProgrammePart.epoch))
    )
    programmes = session.scalars(query).all()
    placed = {number: {end.id for end in ends} for number, ends in _unsurely_placed(session, programmes).items()}
    return [
        WaitingRow(
            doubt=doubt,
            subject_id=programme.id,
            channel=feed.name,
            title=programme.title,
            programme_id=programme.id,
            look=_where(session, programme, doubt, placed[programme.id]),
            confidence=programme.confidence,
            note=_programme_note(doubt, programme),
            orders=orders.get(("programme", programme.id), ()),
            until_ns=programme.created_ns + feed.review_ns,
        )
        for programme in programmes
        for doubt in _of_programme(programme, placed[programme.id])
    ]


def _where(session: Session, programme: Programme, doubt: Doubt, unsurely_placed: Container[int]) -> Look:
    """Return where to look: at the first unsure end, or at the programme's beginning."""
    part = programme.parts[0]
    time = part.start
    if doubt is Doubt.SPLIT:
        part, time = next((one, end) for one in programme.parts for end in _unsure_ends(one, unsurely_placed))
    boundary_id = part.start_id if time == part.start else part.end_id
    if boundary_id is not None:
        return _at_boundary(session.get_one(Boundary, boundary_id), part.epoch)
    rate = part.epoch.frame_rate
    return Look(
        epoch=part.epoch.number,
        time=time,
        frame=None if rate is None else round(time * rate),
        utc_ns=queries.utc(part.epoch, time),
        before=Kind.PROGRAMME,  # two programmes without a break between them
        after=Kind.PROGRAMME,
    )


def _at_boundary(boundary: Boundary, epoch: Epoch) -> Look:
    return Look(
        epoch=epoch.number,
        time=boundary.time,
        frame=boundary.frame,
        utc_ns=queries.utc(epoch, boundary.time),
        before=boundary.before,
        after=boundary.after,
    )


def _boundary_note(boundary: Boundary) -> Note:
    kinds = {Kind.PROGRAMME: "программа", Kind.ADVERT: "реклама", Kind.UNKNOWN: "неизвестно"}
    share = f"{boundary.confidence:.0%}"
    return Note(
        en=f"from {boundary.before} to {boundary.after}: is it on the right frame ({share} sure)?",
        ru=f"{kinds[boundary.before]} → {kinds[boundary.after]}: тот ли кадр (уверенность {share})?",
    )


def _programme_note(doubt: Doubt, programme: Programme) -> Note:
    if doubt is Doubt.NAME:
        share = f"{programme.confidence:.0%}"
        return Note(
            en=f"is this «{programme.title}» ({share} sure)?", ru=f"это «{programme.title}» (уверенность {share})?"
        )
    return Note(
        en="is it divided from the programme beside it in the right place?",
        ru="там ли граница с соседней программой?",
    )
