"""What a stage is, and the one place that starts, stops and names it."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol, TypeVar

import structlog

from streamproc.errors import StreamprocError
from streamproc.telemetry import Telemetry
from streamproc.timebase import Clock

log = structlog.get_logger()

CANCEL_AGAIN_S = 2.0
"""How long a stage may take to clean up before it is cancelled once more."""

RETRY_INITIAL_S = 1.0
"""How long after its first error a stage is run again; doubles from error to error."""
RETRY_MAX_S = 30.0
"""The longest such wait; a stage that ran for longer than this starts from the initial one again."""

T = TypeVar("T")


class Stage(Protocol):
    """One worker of the flow. ``run`` returns when its work has ended and cleans up when it is cancelled.

    It may be called again after it has raised a StreamprocError, and takes up its work from what is on disk.
    """

    async def run(self) -> None:
        """Work until the end of the input, or until cancelled."""
        ...


class Stages:
    """The running stages of a role, inside one TaskGroup.

    An error that a stage raises on purpose (a StreamprocError: an index that is locked, a database that is away) stops
    that stage alone: it is logged, and after a pause the stage is run again, for nobody sits beside it who would.
    Anything else is a bug: it ends the role, and the supervisor starts it again from what is on disk.
    """

    def __init__(self, group: asyncio.TaskGroup, telemetry: Telemetry, clock: Clock) -> None:
        self._group = group
        self._telemetry = telemetry
        self._clock = clock
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, stage: Stage) -> None:
        """Start a stage under a name that is free."""
        task = self._group.create_task(self._run(name, stage), name=name)
        self._running[name] = task
        task.add_done_callback(lambda done: self._forget(name, done))

    async def stop(self, names: Iterable[str]) -> None:
        """Cancel the named stages and wait until they have cleaned up; one that goes on all the same is told again."""
        tasks = {self._running[name] for name in names if name in self._running}
        while tasks:
            for task in tasks:
                task.cancel()
            _, tasks = await asyncio.wait(tasks, timeout=CANCEL_AGAIN_S)
            for task in tasks:
                log.warning("stage.slow_to_stop", stage=task.get_name())

    async def stop_where(self, chosen: Callable[[str], bool]) -> None:
        """Stop the stages whose names are chosen."""
        await self.stop([name for name in self._running if chosen(name)])

    def _forget(self, name: str, done: asyncio.Task[None]) -> None:
        if self._running.get(name) is done:
            del self._running[name]

    async def _run(self, name: str, stage: Stage) -> None:
        wait_s = RETRY_INITIAL_S
        while True:
            began_s = self._clock.monotonic_s()
            try:
                await stage.run()
            except StreamprocError as error:
                if self._clock.monotonic_s() - began_s > RETRY_MAX_S:
                    wait_s = RETRY_INITIAL_S
                self._telemetry.daemon.errors.labels(name.partition(".")[0], type(error).__name__).inc()
                log.error("stage.failed", stage=name, kind=type(error).__name__, error=str(error), again_in_s=wait_s)
            else:
                return
            await self._clock.sleep(wait_s)
            wait_s = min(wait_s * 2, RETRY_MAX_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every stage of one channel is given."""

    channel: str
    """The channel's short name."""
    telemetry: Telemetry
    """Where it counts."""
    clock: Clock
    """Where it reads the time."""
    executor: Executor
    """Where it decodes and writes: threads that all channels of the role share."""

    async def call(self, function: Callable[[], T]) -> T:
        """Call a function that blocks in one of the threads, and wait for what it returns."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, function)
