"""The desk that has pictures of the recording made, by processes of its own, and keeps what was made.

Decoding never happens in this process: a codec that crashes or hangs costs a process that is started again, and
nobody's connection. docs/decisions/0017-pictures.md has the figures.
"""

import asyncio
import multiprocessing
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import dropwhile
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final, TypeAlias

import structlog
from aiohttp import web

from streamproc.errors import RecordingError, StreamprocError
from streamproc.media.pictures import FramesWish, Made, Wish, serve
from streamproc.telemetry import Telemetry
from streamproc.web.services import SERVICES

MOST_WAITING: Final = 64
"""Wishes that wait for a process; more are told to come back."""
TIMEOUT_S: Final = 20.0
"""A process that takes longer for one wish hangs, and is ended."""
CACHE_BYTES: Final = 64_000_000
"""Made pictures that are kept; the one that was not asked for longest goes first."""
_START_S: Final = 60.0  # more is allowed for the first wish: libraries are loaded

log = structlog.get_logger()
Key: TypeAlias = tuple[Path, int, Fraction, int]
"""Recording, epoch, time and width of a picture."""


class PictureLostError(RecordingError):
    """The process that made a picture crashed or hung, twice."""


class Maker:
    """One process that makes pictures; it is started when it is needed and has ended. For one thread at a time."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._stopped = False
        self.last: tuple[Path, int] | None = None
        """Of which recording and epoch it made its last picture: there it goes on cheaply."""

    @property
    def pid(self) -> int | None:
        """Number of its process."""
        return None if self._process is None else self._process.pid

    def make(self, wish: Wish) -> Made:
        """Return what is wished for. Raises what making raises, and PictureLostError."""
        self.last = wish.folder, wish.epoch
        for _ in range(2):
            try:
                answer = self._ask(wish)
            except (EOFError, OSError, TimeoutError) as error:
                self._bury(isinstance(error, TimeoutError))
                if self._stopped:
                    break
                continue
            if isinstance(answer, StreamprocError):
                raise answer
            return answer
        raise PictureLostError("the picture can't be made: its decoder crashed or hung; the log has more")

    def stop(self) -> None:
        """End the process for good, from any thread: whoever waits for it is told that it is gone."""
        self._stopped = True
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Let go of the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None

    def _ask(self, wish: Wish) -> Made | StreamprocError:
        pipe, wait_s = self._pipe, TIMEOUT_S
        if pipe is None:
            pipe, wait_s = self._start(), _START_S
        pipe.send(wish)
        if not pipe.poll(wait_s):
            raise TimeoutError
        answer: Made | StreamprocError = pipe.recv()
        return answer

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs,), daemon=True, name="pictures")
        process.start()
        theirs.close()  # so that the end of the process is the end of the pipe
        self._process, self._pipe = process, ours
        return ours

    def _bury(self, hung: bool) -> None:
        """Take note of a process that has ended; one that was idle ends by itself, with 0."""
        process = self._process
        if process is not None:
            if not hung:
                process.join(1)
            if process.exitcode != 0 and not self._stopped:
                self._telemetry.daemon.errors.labels("", PictureLostError.__name__).inc()
                log.error("web.pictures_lost", exit_code=process.exitcode, hung=hung)
        self.close()


@dataclass(slots=True)
class _Kept:
    """Pictures by what they show, bounded by their size."""

    pictures: OrderedDict[Key, bytes]
    size_bytes: int = 0

    def get(self, key: Key) -> bytes | None:
        found = self.pictures.get(key)
        if found is not None:
            self.pictures.move_to_end(key)
        return found

    def put(self, key: Key, picture: bytes) -> None:
        before = self.pictures.pop(key, b"")
        self.pictures[key] = picture
        self.size_bytes += len(picture) - len(before)
        while self.size_bytes > CACHE_BYTES:
            _, oldest = self.pictures.popitem(last=False)
            self.size_bytes -= len(oldest)


class Desk:
    """Hands out pictures: kept ones at once, others when a process has made them. For one event loop."""

    def __init__(self, telemetry: Telemetry, processes: int) -> None:
        self._telemetry = telemetry
        self._idle = [Maker(telemetry) for _ in range(processes)]
        self._all = list(self._idle)
        self._free = asyncio.Semaphore(processes)
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="pictures")
        self._kept = _Kept(OrderedDict())
        self._waiting = 0

    @property
    def pids(self) -> list[int]:
        """Numbers of the processes that run now."""
        return [maker.pid for maker in self._all if maker.pid is not None]

    def kept(self, key: Key) -> bytes | None:
        """Return a picture that was made before; None when it has to be made."""
        return self._kept.get(key)

    async def picture(self, key: Key, wish: Wish, is_wanted: Callable[[], bool]) -> bytes | None:
        """Return the picture of a key, made by a wish that holds it; None when it can't be decoded.

        is_wanted: whether anybody still waits for it when its turn has come. Raises HTTPTooManyRequests,
        RecordingError, SourceUnsupported.
        """
        if self._waiting >= MOST_WAITING:
            raise web.HTTPTooManyRequests(
                reason="too many pictures are being made; ask again in a moment", headers={"Retry-After": "1"}
            )
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        found = self._kept.get(key)  # somebody before us in the queue may have wished for it
        if found is not None or not is_wanted():
            self._free.release()
            return found
        made = await self._made(self._without_kept(key, wish))
        for time, jpeg in made.items():
            self._kept.put((key[0], key[1], time, key[3]), jpeg)
        return made.get(key[2])

    def _without_kept(self, key: Key, wish: Wish) -> Wish:
        """Leave out the first frames of a wish as far as they are kept: the process goes on behind them."""
        if not isinstance(wish, FramesWish):
            return wish
        times = list(dropwhile(lambda time: (key[0], key[1], time, key[3]) in self._kept.pictures, wish.times))
        return replace(wish, times=tuple(times))

    async def _made(self, wish: Wish) -> Made:
        """Have a wish made by the process that did the like last, or another; the semaphore is held."""
        maker = next((maker for maker in self._idle if maker.last == (wish.folder, wish.epoch)), self._idle[0])
        self._idle.remove(maker)
        loop = asyncio.get_running_loop()
        work = self._threads.submit(maker.make, wish)
        # Also when nobody waits for it any more: only then is the process free.
        work.add_done_callback(partial(self._done, loop, maker))
        return await asyncio.wrap_future(work)

    def _done(self, loop: asyncio.AbstractEventLoop, maker: Maker, _work: "Future[Made]") -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._take_back, maker)

    def _take_back(self, maker: Maker) -> None:
        self._idle.append(maker)
        self._free.release()

    def close(self) -> None:
        """End the processes, and so what they are doing."""
        for maker in self._all:
            maker.stop()
        self._threads.shutdown(cancel_futures=True)
        for maker in self._all:
            maker.close()


DESK: Final = web.AppKey("pictures", Desk)


async def desk(app: web.Application) -> AsyncIterator[None]:
    """Set up the desk for as long as the application runs."""
    services = app[SERVICES]
    app[DESK] = made = Desk(services.telemetry, services.settings.web.picture_processes)
    yield
    await asyncio.to_thread(made.close)
