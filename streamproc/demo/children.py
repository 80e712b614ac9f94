"""The demo's other processes: they stop with it, however it ends."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_STOP_S = 12.0


@contextlib.asynccontextmanager
async def child(
    command: Sequence[str], *, stdout: int | IO[bytes], stderr: int | IO[bytes]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command; stop it with SIGTERM, at last with SIGKILL, when the block is left.

    It has a session of its own, so that Ctrl-C reaches the demo alone, and the kernel stops it when the demo is killed.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        preexec_fn=_dying_with_parent(),
    )
    try:
        yield process
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _STOP_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _dying_with_parent() -> Callable[[], None] | None:
    """Return what a new process does to be sent SIGTERM when its parent dies; None where that is not to be had."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    parent = os.getpid()

    def ask() -> None:
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask


def tail(log: Path, lines: int = 8) -> str:
    """Return the last lines of a log file."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
