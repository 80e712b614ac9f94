"""Starts, watches and stops the roles, each a process of its own.

A role that dies is started again, after a wait that doubles while it keeps dying. A role learns that its supervisor
is gone when its standard input ends, and stops by itself: no orphan keeps a folder busy.
"""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from prometheus_client import CollectorRegistry

from streamproc.config import Settings
from streamproc.errors import ConfigError, InstanceError
from streamproc.telemetry import Telemetry
from streamproc.timebase import Clock, SystemClock

ROLES = ("recorder", "analyser", "web")
STOP_TIMEOUT_S = 8.0
RESTART_INITIAL_S = 0.2
RESTART_MAX_S = 10.0
HEALTHY_S = 10.0
_ALLOCATOR = {
    # glibc raises its threshold to the largest block ever freed; pictures and packets that are gone then leave holes
    # between small things that live: 5 MB a channel in the recorder, 10 in the analyser. A fixed one leaves none.
    "MALLOC_MMAP_THRESHOLD_": str(256 * 1024),
    "MALLOC_ARENA_MAX": "2",  # the recorder has a thread a channel, and each would get a heap of its own
}

log = structlog.get_logger()


class FolderLock:
    """Sees to it that one process at a time owns something in the data folder; the kernel lets go when it dies."""

    def __init__(self, path: Path, wait_s: float = 0.0) -> None:
        self._path = path
        self._wait_s = wait_s
        self._fd = -1

    async def __aenter__(self) -> Self:
        """Take the lock. Raises InstanceError when it is held, ConfigError when the folder can't be used."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ConfigError(
                f"data_dir {self._path.parent}: {error.strerror}; give a folder that streamproc may write to"
            ) from error
        attempts = max(1, round(self._wait_s / 0.1))
        for attempt in range(attempts):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return self
            if attempt + 1 < attempts:
                await asyncio.sleep(0.1)
        os.close(self._fd)
        raise InstanceError(
            f"{self._path.parent}: another streamproc works on this data folder; stop it, or give each its own data_dir"
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go."""
        os.close(self._fd)


class Supervisor:
    """Keeps one process a role running until it is told to stop."""

    def __init__(self, commands: Mapping[str, Sequence[str]], telemetry: Telemetry, clock: Clock) -> None:
        self._commands = commands
        self._telemetry = telemetry
        self._clock = clock
        self._processes: dict[str, asyncio.subprocess.Process] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Start every role, keep them up, and return when all have stopped after ``stop`` was set."""
        async with asyncio.TaskGroup() as group:
            keepers = [
                group.create_task(self._keep(role, command), name=f"keep.{role}")
                for role, command in self._commands.items()
            ]
            await stop.wait()
            for keeper in keepers:
                keeper.cancel()

    def forward(self, number: signal.Signals) -> None:
        """Pass a signal (SIGHUP: read the configuration again) on to every role."""
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)

    async def _keep(self, role: str, command: Sequence[str]) -> None:
        wait_s = RESTART_INITIAL_S
        while True:
            started_s = self._clock.monotonic_s()
            status = await self._run_once(role, command)
            if self._clock.monotonic_s() - started_s > HEALTHY_S:
                wait_s = RESTART_INITIAL_S
            log.error("role.died", role=role, status=status, restart_in_s=wait_s)
            self._telemetry.daemon.role_restarts.labels(role).inc()
            await self._clock.sleep(wait_s)
            wait_s = min(wait_s * 2, RESTART_MAX_S)

    async def _run_once(self, role: str, command: Sequence[str]) -> int:
        environment = _ALLOCATOR | os.environ
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, env=environment)
        self._processes[role] = process
        self._telemetry.daemon.role_up.labels(role).set(1)
        log.info("role.started", role=role, pid=process.pid)
        try:
            return await process.wait()
        finally:
            self._telemetry.daemon.role_up.labels(role).set(0)
            await _stop(process)
            del self._processes[role]


async def supervise(
    settings: Settings,
    commands: Mapping[str, Sequence[str]],
    reload: Callable[[], Settings],
    signals: Callable[[], asyncio.Queue[signal.Signals]],
) -> None:
    """Run the roles on a data folder until SIGTERM or SIGINT; SIGHUP is passed on when the configuration is valid.

    Raises InstanceError when another supervisor has the folder, ConfigError when it can't be used.
    """
    async with FolderLock(settings.data_dir / "lock"):
        metrics = settings.data_dir / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)  # of processes that are gone
        metrics.mkdir()
        supervisor = Supervisor(commands, Telemetry(CollectorRegistry()), SystemClock())
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(supervisor.run(stop), name="supervisor")
            queue = signals()
            while await queue.get() is signal.SIGHUP:
                try:
                    reload()
                except ConfigError as error:
                    log.error("config.refused", error=str(error), running="with the former one")
                else:
                    supervisor.forward(signal.SIGHUP)
            log.info("daemon.stopping")
            stop.set()
    log.info("daemon.stopped")


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End a process: politely, and after a while not politely."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        log.error("role.killed", pid=process.pid, after_s=STOP_TIMEOUT_S)
        process.kill()
        await process.wait()
