"""Works off the desk's orders: finds what each means, has it cut, and ticks it off when it is delivered.

The catalogue is the queue: whatever is open there is looked at when something has happened in the outbox, and from time
to time, for time itself brings what an order waits for. Deciding is pure (:mod:`streamproc.logic.orders`); a piece is
wished for under its order's key, so a kill between two steps makes no second one.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import tzinfo
from fractions import Fraction
from typing import Final

import structlog

from streamproc.catalogue.deliveries import DeliveryFilter, Finished
from streamproc.catalogue.finishing import DeliveryState, OrderState, PieceState
from streamproc.catalogue.orders import OrderRow
from streamproc.catalogue.pieces import Wish
from streamproc.catalogue.store import Catalogue
from streamproc.logic.orders import Air, Outcome, Query, Recorded, Step, decide, gone, wall_times
from streamproc.media.footage import Epoch, Footage
from streamproc.messages import Note, Span
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, Clock, to_ns

log = structlog.get_logger()

POLL_S: Final = 1.0
"""How often the outbox is looked at."""
ROUND_S: Final = 10.0
"""How often orders are looked at while nothing happens."""
_GOP_S: Final = Fraction(60)
"""A keyframe before a stretch is looked for so far back."""
_BEFORE_NS: Final = 86_400 * NS
_AHEAD_NS: Final = 8 * 86_400 * NS
_STATES: Final[Mapping[Step, OrderState]] = {
    Step.WAIT: OrderState.WAITING,
    Step.ASK: OrderState.WAITING,
    Step.FOUND: OrderState.FOUND,
    Step.CUT: OrderState.WORKING,
    Step.MISSING: OrderState.MISSING,
}


class OrdersStage:
    """See the module; ``run`` goes on until cancelled."""

    def __init__(
        self,
        catalogue: Catalogue,
        footage_for: Callable[[str], Footage],
        zone_of: Callable[[str | None], tzinfo],
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        """footage_for: gives a channel's footage by its short name. zone_of: gives the time zone of its clock."""
        self._catalogue = catalogue
        self._footage_for = footage_for
        self._zone_of = zone_of
        self._telemetry = telemetry
        self._clock = clock

    async def run(self) -> None:
        """Look at the orders until cancelled."""
        seen, looked_s, counted_s = -1, 0.0, -ROUND_S
        while True:
            _, newest = await asyncio.to_thread(self._catalogue.event_range)
            now_s = self._clock.monotonic_s()
            if newest != seen or now_s - looked_s >= ROUND_S:
                seen, looked_s = newest, now_s  # what the round itself tells is looked at in the next one
                await asyncio.to_thread(self.settle_round)
            if now_s - counted_s >= ROUND_S:
                counted_s = now_s
                await asyncio.to_thread(self._count)
            await self._clock.sleep(POLL_S)

    def settle_round(self) -> None:
        """Look at every open order once."""
        orders = self._catalogue.orders.open()
        undecided = [order for order in orders if order.piece_id is None]
        air = self._air(undecided) if undecided else None
        for order in orders:
            if order.piece_id is not None:
                self._follow(order)
            elif air is not None:
                self._decide(order, air)

    def _decide(self, order: OrderRow, air: Air) -> None:
        zone = self._zone_of(order.channel)
        outcome = decide(_query(order), air, zone)
        piece = None
        if outcome.step is Step.CUT and outcome.channel is not None:
            recorded = [part for part in air.recorded if part.channel == outcome.channel]
            lost = wall_times(self._lost(outcome.channel, outcome.spans), recorded)
            if lost:
                outcome = gone(outcome, lost, zone)
            else:
                piece = self._catalogue.pieces.want(_wish(order, outcome))
        state = _STATES[outcome.step]
        self._catalogue.orders.settle(
            order.id,
            state,
            outcome.note,
            channel=None if piece is None else outcome.channel,  # until then it may be on another one yet
            programme_id=None if outcome.show is None else outcome.show.id,
            piece_id=piece,
        )
        if (state, outcome.note) != (order.state, order.note):
            log.info("order.settled", order=order.id, channel=outcome.channel, state=state, message=outcome.note.en)

    def _follow(self, order: OrderRow) -> None:
        """See how far the piece of an order is."""
        assert order.piece_id is not None  # the caller has looked
        piece = self._catalogue.pieces.get(order.piece_id)
        if piece is None or piece.state is PieceState.FAILED:
            said = "" if piece is None else piece.message or ""
            note = Note(en=f"it could not be cut: {said}", ru=f"не удалось вырезать: {said}")
            self._end(order, OrderState.MISSING, note)
        elif piece.state is PieceState.READY:
            if order.target is None:
                self._end(order, OrderState.DELIVERED, order.note)
                return
            self._follow_delivery(order, order.target, Finished(piece_id=piece.id))

    def _follow_delivery(self, order: OrderRow, target: str, what: Finished) -> None:
        """See how far a piece is on its way to the order's own target; send it off first."""
        deliveries = self._catalogue.deliveries.all(DeliveryFilter(target=target, what=what, limit=1))
        if not deliveries:
            self._catalogue.deliveries.want(target, what)
        elif deliveries[0].state is DeliveryState.DONE:
            self._end(order, OrderState.DELIVERED, order.note)
        elif deliveries[0].state is DeliveryState.FAILED:
            why = deliveries[0].message or ""
            note = Note(en=f"it could not be sent to '{target}': {why}", ru=f"не удалось отправить в «{target}»: {why}")
            self._end(order, OrderState.MISSING, note)

    def _end(self, order: OrderRow, state: OrderState, note: Note) -> None:
        self._catalogue.orders.settle(order.id, state, note)
        log.info("order.settled", order=order.id, channel=order.channel, state=state, message=note.en)

    def _air(self, orders: list[OrderRow]) -> Air:
        """Return what is known of the air from the earliest order on."""
        now_ns = self._clock.utc_ns()
        since_ns = min(order.start_ns for order in orders) - _BEFORE_NS
        channels = tuple(row.name for row in self._catalogue.channels())
        chosen = [order.programme_id for order in orders if order.is_chosen and order.programme_id is not None]
        return Air(
            now_ns=now_ns,
            channels=channels,
            shows=tuple(self._catalogue.orders.shows(since_ns, chosen)),
            slots=tuple(self._catalogue.orders.slots(since_ns, now_ns + _AHEAD_NS)),
            recorded=tuple(part for name in channels for part in self._recorded(name) if part.end_ns > since_ns),
        )

    def _recorded(self, channel: str) -> list[Recorded]:
        rows = [row for row in self._catalogue.epochs(channel) if row.utc_zero_ns is not None]
        running = {row.epoch for row in rows if row.end is None}
        live = {epoch.id: epoch.end() for epoch in self._epochs(channel)} if running else {}
        found = []
        for row in rows:
            end = live.get(row.epoch, Fraction(0)) if row.end is None else row.end
            zero_ns = row.utc_zero_ns or 0
            found.append(
                Recorded(
                    channel=channel,
                    epoch=row.epoch,
                    start_ns=zero_ns,
                    end_ns=zero_ns + to_ns(end),
                    is_running=row.epoch in running,
                )
            )
        return found

    def _epochs(self, channel: str) -> list[Epoch]:
        return list(self._footage_for(channel).epochs())

    def _lost(self, channel: str, spans: tuple[Span, ...]) -> list[Span]:
        """Return what of the stretches is recorded no more: the oldest goes first."""
        epochs = {epoch.id: epoch for epoch in self._epochs(channel)}
        lost = []
        for span in spans:
            epoch = epochs.get(span.epoch)
            keys = [] if epoch is None else epoch.keyframe_times(max(Fraction(0), span.start - _GOP_S), span.end)
            if not keys:
                lost.append(span)
            elif keys[0] > span.start:
                lost.append(Span(epoch=span.epoch, start=span.start, end=keys[0]))
        return lost

    def _count(self) -> None:
        for state, count in self._catalogue.orders.counts().items():
            self._telemetry.people.orders.labels(state).set(count)
        for channel, count in self._catalogue.reviews.counts().items():
            self._telemetry.people.reviews_waiting.labels(channel).set(count)


def _query(order: OrderRow) -> Query:
    return Query(
        kind=order.kind,
        channel=order.channel,
        name=order.title,
        start_ns=order.start_ns,
        end_ns=order.end_ns,
        programme_id=order.programme_id if order.is_chosen else None,
    )


def _wish(order: OrderRow, outcome: Outcome) -> Wish:
    show = outcome.show
    assert outcome.channel is not None  # what is cut is on a channel
    return Wish(
        channel=outcome.channel,
        spans=outcome.spans,
        title=order.title if show is None or show.title is None else show.title,
        description=outcome.description,
        programme_id=None if show is None else show.id,
        author=order.author,
        key=f"order-{order.id}",
    )
