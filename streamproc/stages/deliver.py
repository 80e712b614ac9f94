"""Sends finished files to targets, so many at a time, until they have arrived.

The catalogue is the queue, so a kill costs nothing but the part that was under way. A target that fails is asked again
with one file, after a pause that doubles up to ten minutes, and the others wait with it; the wait has no end.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog

from streamproc.catalogue.deliveries import DeliveryRow
from streamproc.catalogue.store import Catalogue
from streamproc.config import Settings, TargetSettings
from streamproc.errors import DeliveryError, DeliveryImpossible, DeliveryRefused
from streamproc.logic import backoff
from streamproc.storage import Interrupted, Parcel, Receipt, Target, Watch, open_target
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, Clock

log = structlog.get_logger()

POLL_S: Final = 1.0
"""How often the queue is looked at while nothing is due."""
PROGRESS_S: Final = 2.0
"""How often the catalogue is told how much has arrived."""
ASK_S: Final = 5.0
"""How often it is looked whether somebody has asked again, while a target rests."""
COUNT_S: Final = 15.0
"""How often what waits is counted."""

T = TypeVar("T")


class DeliverStage:
    """Sends what is queued for one target."""

    def __init__(
        self, settings: TargetSettings, catalogue: Catalogue, folder: Path, telemetry: Telemetry, clock: Clock
    ) -> None:
        """folder: where finished files lie."""
        self._settings = settings
        self._book = catalogue.deliveries
        self._folder = folder
        self._telemetry = telemetry
        self._clock = clock
        self._stop = threading.Event()
        self._alone = asyncio.Lock()
        self._failures = 0
        self._failed_ns = 0
        self._paused_until_s = 0.0

    async def run(self) -> None:
        """Send files until cancelled. Raises CatalogueError."""
        self._stop.clear()
        name, at_once = self._settings.name, self._settings.at_once
        with ThreadPoolExecutor(at_once, thread_name_prefix=f"deliver-{name}") as executor:
            requeued = await self._call(executor, partial(self._book.requeue, name))
            if requeued:
                log.info("delivery.resumed", target=name, requeued=requeued)
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(at_once):
                        group.create_task(self._work(executor))
            except ExceptionGroup as errors:  # one is enough to say what is wrong, and to begin again
                raise errors.exceptions[0] from errors

    async def _work(self, executor: ThreadPoolExecutor) -> None:
        connection = _Connection(self._settings)
        try:
            while True:
                if self._failures:
                    async with self._alone:  # one sender finds out whether the target is well again
                        await self._step(executor, connection)
                else:
                    await self._step(executor, connection)
        finally:
            connection.close()

    async def _step(self, executor: ThreadPoolExecutor, connection: "_Connection") -> None:
        """Send the next file that is due; wait a moment where none is, or while the target rests."""
        name, pause_s = self._settings.name, self._paused_until_s - self._clock.monotonic_s()
        if pause_s > 0 and await self._call(executor, partial(self._book.is_asked_for_again, name, self._failed_ns)):
            pause_s = 0.0
        if pause_s <= 0:
            row = await self._call(executor, partial(self._book.take, name))
            if row is not None:
                await self._call(executor, partial(self._deliver, connection, row))
                return
        await self._call(executor, connection.close)
        await self._clock.sleep(min(max(pause_s, POLL_S), ASK_S))

    async def _call(self, executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        """Do blocking work in a thread; when cancelled, have it stop and wait until it has."""
        running = asyncio.get_running_loop().run_in_executor(executor, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self._stop.set()
            await asyncio.wait([running])
            if not running.cancelled():
                running.exception()
            raise

    def _deliver(self, connection: "_Connection", row: DeliveryRow) -> None:
        began_s = self._clock.monotonic_s()
        try:
            receipt = self._send(connection.open(), row)
        except Interrupted:
            return  # it is queued again at the next start
        except DeliveryError as error:
            connection.close()
            self._fail(row, error)
        else:
            self._book.done(row.id, receipt.remote_path, f"verified: {receipt.verified}")
            self._count(row, receipt, self._clock.monotonic_s() - began_s)

    def _send(self, target: Target, row: DeliveryRow) -> Receipt:
        if row.path is None or row.size_bytes is None or row.sha256 is None:
            raise DeliveryImpossible(f"{row.what} has no file")
        path = self._folder / row.path  # an absolute path stays what it is
        watch = Watch(
            resume=row.resume,
            remember=partial(self._book.remember, row.id),
            progress=_Progress(partial(self._book.progress, row.id), self._clock),
            stopping=self._stop.is_set,
        )
        parcel = Parcel(path=path, size_bytes=row.size_bytes, sha256=row.sha256)
        return target.send(parcel, _remote_path(row.channel, row.path), watch)

    def _fail(self, row: DeliveryRow, error: DeliveryError) -> None:
        """Write down why, and when to try again; never, when there is nothing to send any more."""
        again_in_s = None if isinstance(error, DeliveryImpossible) else self._pause(error)
        again_ns = None if again_in_s is None else self._clock.utc_ns() + round(again_in_s * NS)
        self._book.failed(row.id, str(error), again_ns=again_ns)
        self._telemetry.outbound.deliveries.labels(row.target, "failed" if again_ns is None else "retried").inc()
        self._telemetry.daemon.errors.labels(row.channel, type(error).__name__).inc()
        log.error(
            "delivery.failed",
            channel=row.channel,
            target=row.target,
            what=str(row.what),
            attempt=row.attempts,
            again_in_s=again_in_s,
            error=str(error),
        )

    def _pause(self, error: DeliveryError) -> float:
        """Let the target rest; what others of its senders find out meanwhile does not make that longer."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._paused_until_s:
            self._failures += 1
            wait_s = backoff.wait_s(self._failures, refused=isinstance(error, DeliveryRefused))
            self._paused_until_s = now_s + wait_s
        self._failed_ns = self._clock.utc_ns()
        self._telemetry.outbound.target_failing.labels(self._settings.name).set(1)
        return self._paused_until_s - now_s

    def _count(self, row: DeliveryRow, receipt: Receipt, took_s: float) -> None:
        self._failures = 0
        self._telemetry.outbound.target_failing.labels(row.target).set(0)
        self._telemetry.outbound.deliveries.labels(row.target, "done").inc()
        self._telemetry.outbound.delivered_bytes.labels(row.target).inc(receipt.size_bytes)
        log.info(
            "delivery.done",
            channel=row.channel,
            target=row.target,
            what=str(row.what),
            file=receipt.remote_path,
            size_bytes=receipt.size_bytes,
            resumed_at=receipt.resumed_at or None,
            took_s=round(took_s, 3),
            verified=receipt.verified,
        )


def _remote_path(channel: str, path: str) -> str:
    """Return where a file goes: as it lies here; below its channel, where it lies outside the folder of clips."""
    return f"{channel}/{Path(path).name}" if Path(path).is_absolute() else Path(path).as_posix()


class _Connection:
    """A target that is opened when it is needed and closed when it is not."""

    def __init__(self, settings: TargetSettings) -> None:
        self._settings = settings
        self._target: Target | None = None

    def open(self) -> Target:
        """Return the open target. Raises DeliveryError."""
        if self._target is None:
            self._target = open_target(self._settings)
        return self._target

    def close(self) -> None:
        """Let go of it."""
        if self._target is not None:
            self._target.close()
            self._target = None


class _Progress:
    """Passes on how much has arrived, now and then."""

    def __init__(self, tell: Callable[[int], None], clock: Clock) -> None:
        self._tell = tell
        self._clock = clock
        self._told_s = clock.monotonic_s()

    def __call__(self, sent_bytes: int) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._told_s >= PROGRESS_S:
            self._told_s = now_s
            self._tell(sent_bytes)


class OfferStage:
    """Queues what is ready for the targets of its channel, and counts what waits."""

    def __init__(
        self, settings: Callable[[], Settings], catalogue: Catalogue, telemetry: Telemetry, clock: Clock
    ) -> None:
        """settings: the newest, for channels come and go."""
        self._settings = settings
        self._catalogue = catalogue
        self._telemetry = telemetry
        self._clock = clock
        self._seen: object = None
        self._counted_s = float("-inf")

    async def run(self) -> None:
        """Queue what becomes ready until cancelled. Raises CatalogueError."""
        while True:
            more = await asyncio.to_thread(self._offer)
            if not more:
                await self._clock.sleep(POLL_S)

    def _offer(self) -> bool:
        """Queue what is ready, if anything has happened since; tell whether there may be more."""
        settings = self._settings()
        wanted = [(channel.name, channel.deliver) for channel in settings.channels if channel.deliver]
        _, newest = self._catalogue.event_range()
        found = 0
        if (wanted, newest) != self._seen:
            found = sum(self._catalogue.deliveries.want_all(name, targets) for name, targets in wanted)
            self._seen = (wanted, newest)
        if self._clock.monotonic_s() - self._counted_s >= COUNT_S:
            self._counted_s = self._clock.monotonic_s()
            self._count(settings.targets)
        return found > 0

    def _count(self, targets: Sequence[TargetSettings]) -> None:
        for target in targets:
            waiting = self._catalogue.deliveries.waiting(target.name)
            age_s = 0.0 if waiting.oldest_ns is None else (self._clock.utc_ns() - waiting.oldest_ns) / NS
            self._telemetry.outbound.deliveries_waiting.labels(target.name).set(waiting.files)
            self._telemetry.outbound.delivery_age.labels(target.name).set(max(age_s, 0.0))
