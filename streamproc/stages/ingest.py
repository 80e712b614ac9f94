"""Holds on to a channel's feed: connects, hands packets to the recorder, and when it is lost connects again.

The only place in streamproc where something is tried again. A session is one connection: it runs in a thread of its
own, since libavformat blocks; the event loop watches it, and lets go of a thread that does not come back.
"""

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from json import dumps
from pathlib import Path
from typing import Final, Protocol

import structlog

from streamproc.addresses import redact
from streamproc.config import ChannelSettings
from streamproc.errors import SourceError, SourceLost, SourceUnsupported, StreamprocError
from streamproc.media.cues import HeardCue
from streamproc.media.probe import AudioStream, Packet, VideoStream
from streamproc.media.source import Ending, NoPush, Source, open_source
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, Clock

log = structlog.get_logger()

STATUS_FILE: Final = "status.json"
_WATCH_S: Final = 0.5  # how often a session is looked at
_STATUS_S: Final = 2.0  # how old the status file may be
_GRACE_S: Final = 2.0  # the connection's own time-out comes first; past this the thread is given up
_STOP_S: Final = 5.0  # how long closing the recording may take before it is left to the next start's repair
_REPEAT_S: Final = 60.0  # how often the same complaint is logged
_UNSUPPORTED_RETRY_S: Final = 60.0  # an encoder is not set right within seconds


class Recorder(Protocol):
    """What ingest hands packets to; called from one thread at a time."""

    problem: str | None

    def open(self) -> None:
        """Repair what a kill left behind, before there is a feed."""
        ...

    def begin(self, video: VideoStream, audio: AudioStream | None) -> None:
        """Begin an epoch."""
        ...

    def write(self, packet: Packet) -> None:
        """Record a packet."""
        ...

    def cue(self, cue: HeardCue) -> None:
        """Record a cue."""
        ...

    def end(self, reason: str) -> None:
        """End the epoch, if there is one."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class IngestState(StrEnum):
    """How it is with the feed."""

    CONNECTING = "connecting"
    WAITING = "waiting"  # for a push, or until the next attempt
    CONNECTED = "connected"
    STALLED = "stalled"  # connected, but nothing has come for a while
    FAILING = "failing"  # packets come, but can't be recorded
    UNSUPPORTED = "unsupported"
    FINISHED = "finished"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestStatus:
    """What the other processes are told in ``status.json``."""

    state: IngestState
    """How it is."""
    since_ns: int
    """Since when, wall time."""
    updated_ns: int
    """When this was written, wall time."""
    message: str = ""
    """Why, in one line; never holds a stream key."""


class IngestStage:
    """The feed of one channel; see the module."""

    def __init__(
        self, settings: ChannelSettings, folder: Path, recorder: Recorder, telemetry: Telemetry, clock: Clock
    ) -> None:
        """folder: the channel's recording, for ``status.json``."""
        self._settings = settings
        self._folder = folder
        self._recorder = recorder
        self._telemetry = telemetry
        self._clock = clock
        self._lock = threading.Lock()  # whoever holds it may use the recorder
        self._connections = 0
        self._said: tuple[str, float] = ("", 0.0)
        self._written_s = -_STATUS_S
        now_ns = clock.utc_ns()
        self.status = IngestStatus(state=IngestState.CONNECTING, since_ns=now_ns, updated_ns=now_ns)
        """How it is now."""

    async def run(self) -> None:
        """Hold on to the feed until cancelled, or until it is a file and has ended."""
        failures = 0
        await asyncio.to_thread(self._recorder.open)
        try:
            while True:
                session = await self.run_once()
                if session.failure is None:
                    await self._tell(IngestState.FINISHED)
                    return
                if not isinstance(session.failure, SourceError):
                    raise session.failure  # it is not the feed's fault, so another attempt is no remedy
                failures = 0 if session.packets else failures + 1
                await self._wait_after(session.failure, failures)
        finally:
            await self._close()

    async def run_once(self) -> "Session":
        """Hold one connection until it ends; return the session, whose ``failure`` says why."""
        doing = "waiting for a push on" if self._settings.url is None else "connecting to"
        await self._tell(IngestState.CONNECTING, f"{doing} {redact(self._address)}")
        session = Session(self._settings, self._recorder, self._lock, self._clock)
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        session.start(lambda: loop.call_soon_threadsafe(ended.set))
        try:
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), _WATCH_S)
                if await self._watch(session):
                    break
        finally:
            await _in_time(session.abandon)
            self._telemetry.feed.connected.labels(self._settings.name).set(0)
        if session.bug:
            raise RuntimeError(f"the thread of channel {self._settings.name} died; its traceback is in the log")
        return session

    @property
    def _address(self) -> str:
        return self._settings.url or self._settings.listen or ""

    async def _watch(self, session: "Session") -> bool:
        """Take note of how a session is; tell whether it must be given up."""
        name, telemetry = self._settings.name, self._telemetry
        telemetry.feed.timestamp_repairs.labels(name).inc(session.take_repairs())
        if not session.is_connected:
            await self._tell(self.status.state, self.status.message)
            return False
        if not session.counted:
            session.counted = True
            self._connections += 1
            telemetry.feed.reconnects.labels(name).inc(1 if self._connections > 1 else 0)
        telemetry.feed.last_packet.labels(name).set(session.last_packet_ns / NS)
        silent_s = self._clock.monotonic_s() - session.last_video_s
        problem = self._recorder.problem
        if silent_s > session.stall_timeout_s:
            await self._tell(IngestState.STALLED, f"no picture for {silent_s:.0f} s")
        elif problem is not None:
            await self._tell(IngestState.FAILING, problem)
        else:
            await self._tell(IngestState.CONNECTED)
        telemetry.feed.connected.labels(name).set(int(silent_s <= session.stall_timeout_s))
        if silent_s <= session.stall_timeout_s + _GRACE_S:
            return False
        # Beyond hope, as when sound goes on coming but pictures don't.
        session.bug = False
        session.failure = SourceLost(f"{redact(self._address)}: no picture for {silent_s:.0f} s: the feed has stalled")
        return True

    async def _wait_after(self, failure: SourceError, failures: int) -> None:
        """Say why the feed was lost, and wait before the next attempt."""
        settings = self._settings.ingest
        if isinstance(failure, NoPush):
            await self._tell(IngestState.WAITING, str(failure))
            return
        unsupported = isinstance(failure, SourceUnsupported)
        wait_s = min(settings.retry_initial_s * 2.0 ** min(failures, 30), settings.retry_max_s)
        if unsupported:
            wait_s = _UNSUPPORTED_RETRY_S
        wait_s *= random.uniform(0.75, 1.25)  # so that a hundred channels don't come back at the same moment
        self._telemetry.daemon.errors.labels(self._settings.name, type(failure).__name__).inc()
        self._complain(str(failure), wait_s)
        await self._tell(IngestState.UNSUPPORTED if unsupported else IngestState.WAITING, str(failure))
        end_s = self._clock.monotonic_s() + wait_s
        while (left_s := end_s - self._clock.monotonic_s()) > 0:
            await self._clock.sleep(min(left_s, _STATUS_S))
            await self._tell(self.status.state, self.status.message)

    def _complain(self, message: str, wait_s: float) -> None:
        now_s = self._clock.monotonic_s()
        said, at_s = self._said
        if message != said or now_s - at_s >= _REPEAT_S:
            self._said = (message, now_s)
            log.warning("feed.lost", channel=self._settings.name, error=message, retry_in_s=round(wait_s, 1))

    async def _tell(self, state: IngestState, message: str = "") -> None:
        """Change the status; write it at once if it has changed, else when the file has grown old."""
        before, now_ns, now_s = self.status, self._clock.utc_ns(), self._clock.monotonic_s()
        changed = (before.state, before.message) != (state, message)
        if not changed and now_s - self._written_s < _STATUS_S:
            return
        since_ns = before.since_ns if state is before.state else now_ns
        self.status = IngestStatus(state=state, since_ns=since_ns, updated_ns=now_ns, message=message)
        self._written_s = now_s
        await asyncio.to_thread(_write_status, self._folder, self.status)

    async def _close(self) -> None:
        """Close the recording, though the session's thread may still hang in a read."""
        await _in_time(self._close_recorder)
        if self.status.state is not IngestState.FINISHED:
            await self._tell(IngestState.STOPPED)

    def _close_recorder(self) -> None:
        with self._lock:
            self._recorder.close()


async def _in_time(act: Callable[[], None]) -> None:
    """Do what may wait for the disk, but not for ever: what is left open, the next start repairs."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.to_thread(act), _STOP_S)


class Session:
    """One connection, in a thread of its own that nobody need wait for."""

    def __init__(self, settings: ChannelSettings, recorder: Recorder, lock: threading.Lock, clock: Clock) -> None:
        self._settings = settings
        self._recorder = recorder
        self._lock = lock
        self._clock = clock
        self._abandoned = False
        self._repairs = (0, 0)  # counted by the thread, taken by the stage
        self.packets = 0
        """Packets received."""
        self.is_connected = False
        """Whether the source is open."""
        self.counted = False
        """Whether the stage has counted this connection."""
        self.stall_timeout_s = settings.ingest.stall_timeout_s
        """How long the source may be silent."""
        self.last_packet_ns = 0
        """Wall time of the last packet."""
        self.last_video_s = 0.0
        """The clock's time at the last packet of video."""
        self.failure: StreamprocError | None = None
        """Why the connection ended; None for the end of a file."""
        self.bug = True
        """Whether the thread ended otherwise than it should."""

    def start(self, when_ended: Callable[[], object]) -> None:
        """Begin; ``when_ended`` is called from the thread."""
        thread = threading.Thread(
            target=self._run, args=(when_ended,), name=f"ingest-{self._settings.name}", daemon=True
        )
        thread.start()

    def abandon(self) -> None:
        """Take the recorder from the thread, which ends when its read comes back.

        The epoch ends here, under the lock: once the thread has closed the source, its streams are dangling pointers.
        """
        with self._lock:
            self._abandoned = True
            self._recorder.end("stopped" if self.failure is None else "lost")

    def take_repairs(self) -> int:
        """Return how many timestamps were mended since this was last asked."""
        counted, taken = self._repairs
        self._repairs = (counted, counted)
        return counted - taken

    def _run(self, when_ended: Callable[[], object]) -> None:
        try:
            self._hold()
            self.bug = False
        except StreamprocError as error:
            self.failure, self.bug = error, False
        finally:
            with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
                when_ended()

    def _hold(self) -> None:
        settings = self._settings
        source = open_source(
            settings.url or settings.listen or "",
            listen=settings.url is None,
            connect_timeout_s=settings.ingest.connect_timeout_s,
            stall_timeout_s=settings.ingest.stall_timeout_s,
            playlist_cues=settings.cues.use,
        )
        try:
            self.stall_timeout_s = source.stall_timeout_s
            self.last_packet_ns, self.last_video_s = self._clock.utc_ns(), self._clock.monotonic_s()
            self.is_connected = True
            _log_source(settings.name, source)
            self._record(source)
        finally:
            source.close()

    def _record(self, source: Source) -> None:
        reason = "lost"
        try:
            while self._with_recorder(lambda: self._recorder.begin(source.video, source.audio)):
                for packet in source.packets():
                    self._received(is_video=packet.stream.type == "video")
                    if not self._write(packet):
                        return
                    self._write_cues(source)
                self._write_cues(source)
                reason = source.ending.value
                self._repairs = (source.repairs, self._repairs[1])
                if source.ending is Ending.FINISHED:
                    return
                log.info("feed.epoch_ended", channel=self._settings.name, reason=reason)
                self._with_recorder(lambda: self._recorder.end(source.ending.value))
                reason = "lost"
        finally:
            self._with_recorder(lambda: self._recorder.end(reason))

    def _received(self, *, is_video: bool) -> None:
        self.packets += 1
        self.last_packet_ns = self._clock.utc_ns()
        if is_video:
            self.last_video_s = self._clock.monotonic_s()

    def _write(self, packet: Packet) -> bool:
        with self._lock:
            if self._abandoned:
                return False
            self._recorder.write(packet)
        return True

    def _write_cues(self, source: Source) -> None:
        for cue in source.take_cues():
            with self._lock:
                if not self._abandoned:
                    self._recorder.cue(cue)

    def _with_recorder(self, act: Callable[[], None]) -> bool:
        """Do something with the recorder, unless this thread has been given up; tell whether it was done."""
        with self._lock:
            if self._abandoned:
                return False
            act()
        return True


def _log_source(channel: str, source: Source) -> None:
    video, audio = source.video.codec_context, source.audio
    log.info(
        "feed.connected",
        channel=channel,
        video=f"{video.name} {video.width}x{video.height}",
        audio="none" if audio is None else audio.codec_context.name,
    )
    if source.dropped_audio is not None:
        log.warning("feed.audio_left_out", channel=channel, codec=source.dropped_audio, why="MP4 can't hold it")


def _write_status(folder: Path, status: IngestStatus) -> None:
    """Replace the status file at once, so that a reader never sees half of it."""
    new = folder / f"{STATUS_FILE}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        new.write_text(dumps(asdict(status)), encoding="utf-8")
        new.replace(folder / STATUS_FILE)
    except OSError as error:
        # On a full or read-only disk the file grows stale, which the health page shows; recording says it too.
        log.debug("status.not_written", path=str(folder), error=error.strerror)
