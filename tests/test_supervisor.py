import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from streamproc.errors import InstanceError
from streamproc.supervisor import FolderLock, Supervisor
from streamproc.telemetry import Telemetry
from streamproc.timebase import ManualClock

WRITE_PID_AND_WAIT = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(60)"


async def lines(path: Path, count: int) -> list[str]:
    async with asyncio.timeout(20):
        while not path.exists() or len(path.read_text().splitlines()) < count:
            await asyncio.sleep(0.02)
    return path.read_text().splitlines()


@contextlib.asynccontextmanager
async def supervised(script: str, log: Path) -> AsyncIterator[CollectorRegistry]:
    registry = CollectorRegistry()
    supervisor = Supervisor({"recorder": [sys.executable, "-c", script, str(log)]}, Telemetry(registry), ManualClock())
    stop = asyncio.Event()
    task = asyncio.create_task(supervisor.run(stop))
    try:
        yield registry
    finally:
        stop.set()
        await task


async def test_a_role_that_is_killed_is_started_again(tmp_path: Path) -> None:
    log = tmp_path / "pids"
    async with supervised(WRITE_PID_AND_WAIT, log) as registry:
        (first,) = await lines(log, 1)
        os.kill(int(first), signal.SIGKILL)
        _, second = await lines(log, 2)
        assert second != first
        assert registry.get_sample_value("streamproc_role_restarts_total", {"role": "recorder"}) == 1


async def test_a_role_gives_freed_pictures_back_to_the_system(tmp_path: Path) -> None:
    log = tmp_path / "threshold"
    say = "import os, sys, time; open(sys.argv[1], 'a').write(os.environ['MALLOC_MMAP_THRESHOLD_']); time.sleep(60)"
    async with supervised(say, log):
        assert await lines(log, 1) == ["262144"]


async def test_stopping_ends_the_roles_before_it_returns(tmp_path: Path) -> None:
    log = tmp_path / "pids"
    async with supervised(WRITE_PID_AND_WAIT, log):
        (pid,) = await lines(log, 1)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


async def test_a_second_daemon_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with FolderLock(tmp_path / "lock"):
        with pytest.raises(InstanceError, match="another streamproc works on this data folder"):
            async with FolderLock(tmp_path / "lock"):
                pass


async def test_a_lock_can_be_waited_for(tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as group, FolderLock(tmp_path / "lock"):

        async def wait() -> None:
            async with FolderLock(tmp_path / "lock", wait_s=10):
                pass

        group.create_task(wait())
        await asyncio.sleep(0.2)
