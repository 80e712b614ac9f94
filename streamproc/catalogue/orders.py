"""The book of orders: the lines of the desk's lists, and what has become of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from streamproc.catalogue import queries
from streamproc.catalogue.finishing import (
    Listing,
    Order,
    OrderState,
    Programme,
    ProgrammePart,
    ProgrammeState,
)
from streamproc.catalogue.ledger import Ledger, Writing
from streamproc.catalogue.models import Channel
from streamproc.catalogue.reviews import doubts
from streamproc.errors import CatalogueConflict, CatalogueError
from streamproc.logic.order_lines import Wanting
from streamproc.logic.orders import Show, Slot
from streamproc.messages import Note, Span, Wanted
from streamproc.timebase import NS

OPEN: Final = (OrderState.WAITING, OrderState.FOUND, OrderState.WORKING)
MISSING_LOOKED_AT_NS: Final = 7 * 86_400 * NS
"""What is missing is looked for again for so long: a programme may be named by hand."""
_AIR_MARGIN_NS: Final = 86_400 * NS
_MOST_SHOWS: Final = 2000
_NEW: Final = Note(en="not looked at yet", ru="ещё не рассмотрен")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An order."""

    id: int
    """Number in the catalogue."""
    text: str
    """The line, as given."""
    kind: Wanted
    """A programme, or a range."""
    channel: str | None
    """Short name of the channel; None while that is not known."""
    title: str | None
    """The name that is looked for, or that the range shall have; None: what is on air then."""
    start_ns: int
    """See :class:`streamproc.logic.order_lines.Wanting`."""
    end_ns: int | None
    """See there."""
    due_ns: int | None
    """Until when it is wanted."""
    target: str | None
    """The target it goes to besides those of its channel."""
    state: OrderState
    """How far it is."""
    programme_id: int | None
    """The programme that it means, as far as is known now; it may be named otherwise yet."""
    is_chosen: bool
    """Whether a person has said that it means this programme."""
    piece_id: int | None
    """Its piece, once there is one."""
    note: Note
    """What it waits for, or why it can't be had, in words."""
    author: str
    """Who gave it."""
    created_ns: int
    """When that was, wall time."""
    updated_ns: int
    """When it last changed, wall time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a person changes of an order; None leaves it as it is."""

    channel: str | None = None
    """Short name of a channel that there is."""
    title: str | None = None
    """The name that is looked for."""
    start_ns: int | None = None
    """Its beginning."""
    end_ns: int | None = None
    """Its end."""
    target: str | None = None
    """The target."""
    programme_id: int | None = None
    """The programme that it means."""


class Orders:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def add(self, wanted: Sequence[tuple[Wanting, str]], author: str) -> list[tuple[OrderRow, bool]]:
        """Add orders, all or none; each with its key: one that is there under that key is the same order.

        Returns each as it is in the catalogue, and whether it is new. Raises CatalogueError: an unknown channel.
        """
        with self._ledger.write() as write:
            found = [_put(write, wanting, key, author) for wanting, key in wanted]
            return [(_row(order), new) for order, new in found]

    def get(self, order_id: int) -> OrderRow | None:
        """Return one order; None when there is none."""
        rows = self._rows(select(Order).where(Order.id == order_id))
        return rows[0] if rows else None

    def find(
        self, *, states: Sequence[OrderState] = (), before_id: int | None = None, limit: int | None = None
    ) -> list[OrderRow]:
        """Return orders, newest first, of these states (all when empty), with numbers below ``before_id``."""
        query = select(Order).order_by(Order.id.desc()).limit(limit)
        query = query.where(Order.state.in_(states)) if states else query
        return self._rows(query if before_id is None else query.where(Order.id < before_id))

    def open(self) -> list[OrderRow]:
        """Return the orders that something may still become of: those that are due first, then the oldest."""
        recent = self._ledger.now_ns() - MISSING_LOOKED_AT_NS
        missing = (Order.state == OrderState.MISSING) & Order.piece_id.is_(None) & (Order.created_ns > recent)
        rows = self._rows(select(Order).where(or_(Order.state.in_(OPEN), missing)).order_by(Order.id))
        return sorted(rows, key=lambda row: (row.due_ns is None, row.due_ns or 0, row.id))

    def settle(
        self,
        order_id: int,
        state: OrderState,
        note: Note,
        *,
        channel: str | None = None,
        programme_id: int | None = None,
        piece_id: int | None = None,
    ) -> None:
        """Write down what has become of an order; a cancelled one stays so, and the same again changes nothing.

        channel, piece_id: None keeps what is there. programme_id: the one that it means now; None: none is known. What
        a person has chosen stays, and with a piece the programme is settled.
        """
        with self._ledger.write() as write:
            order = _find(write.session, order_id)
            if order.state is OrderState.CANCELLED:
                return
            feed = order.channel_id if channel is None else queries.find_channel(write.session, channel).id
            settled = order.chosen or order.piece_id is not None
            programme = order.programme_id if settled else programme_id
            wanted = (state, note.en, note.ru, feed, programme, piece_id or order.piece_id)
            there = (order.state, order.message, order.message_ru, order.channel_id, order.programme_id, order.piece_id)
            if wanted == there:
                return
            order.state, order.message, order.message_ru, order.channel_id, order.programme_id, order.piece_id = wanted
            _touch(write, order)

    def change(self, order_id: int, change: Change) -> OrderRow:
        """Change what an order asks for; it is looked at anew.

        Raises CatalogueError: there is no such order, channel or programme; CatalogueConflict: it is past changing.
        """
        with self._ledger.write() as write:
            order = _find(write.session, order_id)
            if order.piece_id is not None or order.state is OrderState.CANCELLED:
                raise CatalogueConflict(
                    f"order {order_id} is {order.state}; what it asks for can't be changed any more"
                )
            if change.channel is not None:
                order.channel = queries.find_channel(write.session, change.channel)
            if change.programme_id is not None:
                programme = write.session.get(Programme, change.programme_id)
                if programme is None:
                    raise CatalogueError(f"the catalogue knows no programme {change.programme_id}")
                order.channel, order.programme_id, order.chosen = programme.channel, programme.id, True
            elif any(value is not None for value in (change.channel, change.title, change.start_ns)):
                order.programme_id, order.chosen = None, False
            order.title = order.title if change.title is None else change.title
            order.wanted_start_ns = order.wanted_start_ns if change.start_ns is None else change.start_ns
            order.wanted_end_ns = order.wanted_end_ns if change.end_ns is None else change.end_ns
            order.target = order.target if change.target is None else change.target
            order.state, order.message, order.message_ru = OrderState.WAITING, _NEW.en, _NEW.ru
            _touch(write, order)
            return _row(order)

    def cancel(self, order_id: int) -> OrderRow:
        """Take an order back; its piece, if it has one by now, stays. Said again, it changes nothing.

        Its key is free again, so that the same line can be ordered anew. Raises CatalogueError: there is no such
        order; CatalogueConflict: it is delivered.
        """
        with self._ledger.write() as write:
            order = _find(write.session, order_id)
            if order.state is OrderState.DELIVERED:
                raise CatalogueConflict(f"order {order_id} is delivered; it can't be taken back")
            if order.state is not OrderState.CANCELLED:
                order.state, order.key = OrderState.CANCELLED, None
                order.message, order.message_ru = "taken back", "отменён"
                _touch(write, order)
            return _row(order)

    def counts(self) -> dict[OrderState, int]:
        """Return how many orders there are, by how far they are."""
        query = select(Order.state, func.count()).group_by(Order.state)
        with self._ledger.read() as session:
            found = {row[0]: row[1] for row in session.execute(query)}
        return {state: found.get(state, 0) for state in OrderState}

    def shows(self, since_ns: int, also: Sequence[int] = ()) -> list[Show]:
        """Return the programmes on air since about a moment, in time order, and those of some numbers.

        Those of files have no wall time and are left out.
        """
        query = (
            select(Programme)
            .where(or_(Programme.created_ns > since_ns - _AIR_MARGIN_NS, Programme.id.in_(also)))
            .order_by(Programme.id.desc())
            .limit(_MOST_SHOWS)
            .options(joinedload(Programme.channel), selectinload(Programme.parts).joinedload(ProgrammePart.epoch))
        )
        with self._ledger.read() as session:
            programmes, now_ns = session.scalars(query).all(), self._ledger.now_ns()
            open_questions = doubts(session, programmes)
            found = [_show(programme, open_questions[programme.id], now_ns) for programme in programmes]
        return sorted((show for show in found if show is not None), key=lambda show: (show.start_ns, show.id))

    def slots(self, from_ns: int, until_ns: int) -> list[Slot]:
        """Return the entries of the printed schedule that begin in [from, until), in time order."""
        query = select(Listing, Channel.name).join(Channel, Listing.channel_id == Channel.id)
        query = query.where(Listing.start_ns >= from_ns, Listing.start_ns < until_ns).order_by(Listing.start_ns)
        with self._ledger.read() as session:
            return [
                Slot(
                    channel=channel,
                    title=listing.title,
                    start_ns=listing.start_ns,
                    stop_ns=listing.start_ns if listing.stop_ns is None else listing.stop_ns,
                    description=listing.description,
                )
                for listing, channel in session.execute(query)
            ]

    def _rows(self, query: Select[Order]) -> list[OrderRow]:
        with self._ledger.read() as session:
            return [_row(order) for order in session.scalars(query.options(joinedload(Order.channel)))]


def _put(write: Writing, wanting: Wanting, key: str, author: str) -> tuple[Order, bool]:
    known = write.session.scalar(select(Order).where(Order.key == key))
    if known is not None:
        return known, False
    order = Order(text=wanting.text, kind=wanting.kind, title=wanting.name, author=author, key=key)
    if wanting.channel is not None:
        order.channel = queries.find_channel(write.session, wanting.channel)
    order.wanted_start_ns, order.wanted_end_ns = wanting.start_ns, wanting.end_ns
    order.due_ns, order.target, order.chosen = wanting.due_ns, wanting.target, False
    order.state, order.message, order.message_ru = OrderState.WAITING, _NEW.en, _NEW.ru
    order.created_ns = write.now_ns
    write.session.add(order)
    _touch(write, order)
    return order, True


def _touch(write: Writing, order: Order) -> None:
    order.updated_ns = write.now_ns
    write.session.flush()
    write.session.refresh(order, ["channel"])
    write.tell("" if order.channel is None else order.channel.name, "order", order.id)


def _find(session: Session, order_id: int) -> Order:
    order = session.get(Order, order_id)
    if order is None:
        raise CatalogueError(f"the catalogue knows no order {order_id}")
    return order


def _row(order: Order) -> OrderRow:
    return OrderRow(
        id=order.id,
        text=order.text,
        kind=order.kind,
        channel=None if order.channel is None else order.channel.name,
        title=order.title,
        start_ns=order.wanted_start_ns or 0,
        end_ns=order.wanted_end_ns,
        due_ns=order.due_ns,
        target=order.target,
        state=order.state,
        programme_id=order.programme_id,
        is_chosen=order.chosen,
        piece_id=order.piece_id,
        note=Note(en=order.message or "", ru=order.message_ru or ""),
        author=order.author,
        created_ns=order.created_ns,
        updated_ns=order.updated_ns,
    )


def _show(programme: Programme, open_questions: Sequence[Note], now_ns: int) -> Show | None:
    parts = programme.parts
    start = queries.utc(parts[0].epoch, parts[0].start) if parts else None
    if start is None:
        return None
    last = parts[-1]
    end = now_ns if last.end is None else queries.utc(last.epoch, last.end)
    return Show(
        id=programme.id,
        channel=programme.channel.name,
        title=programme.title,
        description=programme.description,
        start_ns=start,
        end_ns=start if end is None else end,
        printed_start_ns=programme.scheduled_start_ns,
        printed_stop_ns=programme.scheduled_stop_ns,
        is_complete=programme.state is ProgrammeState.COMPLETE,
        doubts=tuple(open_questions),
        spans=tuple(
            Span(epoch=part.epoch.number, start=part.start, end=part.end) for part in parts if part.end is not None
        ),
    )
