"""Live events by SSE: one task reads the catalogue's outbox and hands each event to every client's buffer.

A client that comes back with Last-Event-ID first gets what it missed from the outbox. A client that is too slow
loses the oldest events of its buffer; it, and one whose event is no longer in the outbox, is told by ``reset`` to
fetch everything again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import structlog
from aiohttp import web
from aiohttp_sse import EventSourceResponse

from streamproc.catalogue import Catalogue, EventRow
from streamproc.catalogue.findings import FOUND
from streamproc.channel import Channel, ChannelClosed, WhenFull
from streamproc.errors import CatalogueError
from streamproc.telemetry import Telemetry
from streamproc.timebase import Clock
from streamproc.web.answers import (
    Notice,
    Subject,
    alarm_answer,
    clip_answer,
    cue_answer,
    delivery_answer,
    finding_answer,
    learning_answer,
    notice,
    order_answer,
    piece_answer,
    segment_answer,
)

POLL_S = 0.25
HEARTBEAT_S = 15.0
WELCOME_S = 15.0
SEND_TIMEOUT_S = 30.0
RETRY_MS = 2000
BUFFER = 256
PAGE = 200
QUEUE = "sse"
log = structlog.get_logger()


class EventHub:
    """Reads the outbox and feeds the clients."""

    def __init__(self, catalogue: Catalogue, telemetry: Telemetry, clock: Clock) -> None:
        self._catalogue = catalogue
        self._telemetry = telemetry
        self._clock = clock
        self._clients: set[Channel[Notice]] = set()
        self._newest = 0
        self._wanted = asyncio.Event()

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """Read the outbox as long as the application runs."""
        task = asyncio.create_task(self._run(), name="web.events")
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def close(self, _app: web.Application) -> None:
        """End every client's stream, so that the server can stop."""
        for client in self._clients:
            client.close()

    async def stream(self, request: web.Request, is_welcome: Callable[[], Awaitable[bool]]) -> web.StreamResponse:
        """Answer a client for as long as it stays and is welcome, which is asked every few seconds."""
        response = EventSourceResponse(ping_interval=HEARTBEAT_S, send_timeout=SEND_TIMEOUT_S)
        _, newest = await asyncio.to_thread(self._catalogue.event_range)
        if not self._clients:
            self._newest = newest  # nobody has listened, so nobody has read on
        with self._client() as client:
            await response.prepare(request)
            asking = asyncio.create_task(self._ask(client, is_welcome), name="web.events.welcome")
            try:
                with contextlib.suppress(ConnectionResetError, TimeoutError):  # it went away, or takes nothing any more
                    async with response:
                        await self._feed(response, client, request.headers.get("Last-Event-ID"))
            finally:
                asking.cancel()
        return response

    async def _ask(self, client: Channel[Notice], is_welcome: Callable[[], Awaitable[bool]]) -> None:
        """End a client's stream when whoever listens has signed out or is kept out."""
        while True:
            await self._clock.sleep(WELCOME_S)
            with contextlib.suppress(CatalogueError):  # it can't be known now; it will be asked again
                if not await is_welcome():
                    client.close()
                    return

    async def _feed(self, response: EventSourceResponse, client: Channel[Notice], last_event_id: str | None) -> None:
        sent = self._newest
        if last_event_id is None:
            await response.send("{}", event="hello", id=str(sent), retry=RETRY_MS)
        else:
            await response.send("{}", event="hello", retry=RETRY_MS)
            sent = await self._catch_up(response, last_event_id, sent)
        dropped = 0
        async for item in client:
            if client.dropped > dropped:
                dropped = client.dropped
                await response.send("{}", event="reset")
            if item.id > sent:
                await _send(response, item)

    async def _catch_up(self, response: EventSourceResponse, last_event_id: str, until: int) -> int:
        """Send what a returning client missed; returns the number up to which it has everything."""
        oldest, _ = await asyncio.to_thread(self._catalogue.event_range)
        after = int(last_event_id) if last_event_id.isdecimal() else -1
        if not oldest - 1 <= after <= until:
            await response.send("{}", event="reset", id=str(until))
            return until
        while after < until:
            items = await asyncio.to_thread(self._notices, after)
            if not items:
                break
            for item in items:
                await _send(response, item)
            after = items[-1].id
        return max(after, until)

    @contextlib.contextmanager
    def _client(self) -> Iterator[Channel[Notice]]:
        dropped, depth = (
            self._telemetry.daemon.queue_dropped.labels(QUEUE),
            self._telemetry.daemon.queue_depth.labels(QUEUE),
        )
        client: Channel[Notice] = Channel(
            QUEUE,
            capacity=BUFFER,
            when_full=WhenFull.DROP_OLDEST,
            on_drop=dropped.inc,
            on_depth=lambda _: depth.set(max(map(len, self._clients), default=0)),
        )
        self._clients.add(client)
        self._wanted.set()
        try:
            yield client
        finally:
            client.close()
            self._clients.discard(client)

    async def _run(self) -> None:
        failing = False
        while True:
            if not self._clients:
                self._wanted.clear()
                await self._wanted.wait()
            try:
                items = await asyncio.to_thread(self._notices, self._newest)
                failing = False
            except CatalogueError as error:
                if not failing:
                    log.error("web.events_failed", error=str(error))
                failing, items = True, []
            for item in items:
                self._newest = item.id
                for client in list(self._clients):
                    with contextlib.suppress(ChannelClosed):
                        await client.put(item)
            if len(items) < PAGE:
                await self._clock.sleep(POLL_S)

    def _notices(self, after: int) -> list[Notice]:
        """Return the next events; of several on one subject only the last, for each shows what is there now."""
        rows = self._catalogue.events(after, PAGE)
        last = {(row.type, row.subject_id): row.id for row in rows}
        return [describe(self._catalogue, row) for row in rows if last[row.type, row.subject_id] == row.id]


def describe(catalogue: Catalogue, row: EventRow) -> Notice:
    """Show an event, with what it is about as that is now. Raises CatalogueError."""
    return notice(row, _subject(catalogue, row))


def _subject(catalogue: Catalogue, row: EventRow) -> Subject | None:
    if row.type == "alarm":
        alarm = catalogue.alarm(row.subject_id)
        return None if alarm is None else alarm_answer(alarm)
    if row.type == "segment":
        segment = catalogue.segment(row.subject_id)
        return None if segment is None else segment_answer(segment)
    if row.type == "clip":
        clip = catalogue.clip(row.subject_id)
        return None if clip is None else clip_answer(clip)
    if row.type == "piece":
        piece = catalogue.pieces.get(row.subject_id)
        return None if piece is None else piece_answer(piece)
    if row.type == "order":
        order = catalogue.orders.get(row.subject_id)
        return None if order is None else order_answer(order)
    if row.type == "delivery":
        delivery = catalogue.deliveries.get(row.subject_id)
        return None if delivery is None else delivery_answer(delivery)
    if row.type == "learning":
        learning = catalogue.learnings.get(row.subject_id)
        return None if learning is None else learning_answer(learning)
    if row.type in ("finding", FOUND):
        finding = catalogue.findings.get(row.subject_id)
        return None if finding is None else finding_answer(finding)
    if row.type == "cue":
        cue = catalogue.cues.get(row.subject_id)
        return None if cue is None else cue_answer(cue)
    return None


async def _send(response: EventSourceResponse, item: Notice) -> None:
    await response.send(item.model_dump_json(), event=item.type, id=str(item.id))
