"""Works off a queue that is kept in the catalogue: jobs that block for long, done in threads, retried, never lost."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Generic, Protocol, TypeVar

from streamproc.errors import ClipError, ClipStorageError, RecordingError, SourceError, StreamprocError
from streamproc.timebase import Clock

POLL_S: Final = 0.25
"""How often the queue is looked at while it is empty."""
RETRY_S: Final = 30.0
"""Pause while the folder of finished files can't be written to."""
MAX_ATTEMPTS: Final = 3
"""What fails so often has failed; a folder that can't be written to is waited for without end."""


class GoneError(ClipError):
    """What is to be cut is gone; trying again will not bring it back."""


class Job(Protocol):
    """What a queue gives out."""

    @property
    def attempts(self) -> int:
        """How often it was begun, this time included."""
        ...


J = TypeVar("J", bound=Job)
R = TypeVar("R")
T = TypeVar("T")


class Queue(Protocol[J, R]):
    """Jobs in the catalogue. Every method blocks, and may be called from several threads."""

    def prepare(self) -> None:
        """Queue again what a process that is gone was doing, and remove what it left."""
        ...

    def take(self) -> J | None:
        """Take the next job; None when there is none."""
        ...

    def work(self, job: J, stop: threading.Event) -> R:
        """Do the job; soon after ``stop`` is set, give up. Raises StreamprocError."""
        ...

    def done(self, job: J, result: R) -> None:
        """Write down what came of it."""
        ...

    def failed(self, job: J, error: StreamprocError, *, retry: bool) -> None:
        """Write down why it failed; with ``retry`` it goes back into the queue."""
        ...


class Workshop(Generic[J, R]):
    """One or more workers on one queue."""

    def __init__(self, queue: Queue[J, R], clock: Clock, *, workers: int = 1) -> None:
        self._queue = queue
        self._clock = clock
        self._workers = workers
        self._stop = threading.Event()
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="cut")

    async def run(self) -> None:
        """Work until cancelled; may be called again after a StreamprocError."""
        self._stop.clear()
        await self._call(self._queue.prepare)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._workers):
                    group.create_task(self._go_on())
        except ExceptionGroup as errors:
            expected, bugs = errors.split(StreamprocError)
            if expected is None or bugs is not None:
                raise
            raise expected.exceptions[0] from errors

    async def run_until_empty(self) -> None:
        """Do what is queued; a job that fails is tried again at most MAX_ATTEMPTS times, also for want of space."""
        await self._call(self._queue.prepare)
        while await self._step(waits=False):
            pass

    async def _go_on(self) -> None:
        while True:
            if not await self._step():
                await self._clock.sleep(POLL_S)

    async def _step(self, *, waits: bool = True) -> bool:
        """Do one job; tell whether there was one."""
        job = await self._call(self._queue.take)
        if job is None:
            return False
        try:
            result = await self._call(partial(self._queue.work, job, self._stop))
        except StreamprocError as error:
            retry = _is_worth_retrying(error, job) and (waits or job.attempts < MAX_ATTEMPTS)
            await self._call(partial(self._queue.failed, job, error, retry=retry))
            if retry and waits and isinstance(error, ClipStorageError):
                await self._clock.sleep(RETRY_S)
        else:
            await self._call(partial(self._queue.done, job, result))
        return True

    async def _call(self, work: Callable[[], T]) -> T:
        """Do blocking work in a thread; when cancelled, have it stop and wait until it has."""
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self._stop.set()
            await asyncio.wait([running])
            if not running.cancelled():
                running.exception()
            raise


def _is_worth_retrying(error: StreamprocError, job: Job) -> bool:
    if isinstance(error, ClipStorageError):
        return True
    may_pass = isinstance(error, ClipError | RecordingError | SourceError) and not isinstance(error, GoneError)
    return may_pass and job.attempts < MAX_ATTEMPTS
