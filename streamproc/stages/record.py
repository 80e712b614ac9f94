"""Records what ingest hands over, and keeps the recording within its bounds."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

import structlog

from streamproc.config import RecordSettings, Settings
from streamproc.errors import InstanceError, RecordingError, StreamprocError
from streamproc.media.cues import HeardCue
from streamproc.media.footage import Track
from streamproc.media.probe import Packet
from streamproc.media.recording.retention import Held, RetentionReport, apply_retention
from streamproc.media.recording.tracks import AudioStream, VideoStream
from streamproc.media.recording.writer import EpochWriter, RecordingWriter
from streamproc.telemetry import Telemetry
from streamproc.timebase import Clock

_log = structlog.get_logger()
RETRY_S = 5.0
"""How long after a failed write recording is tried again."""
RETENTION_S = 10.0
"""How often old recording is deleted."""
_PUBLISH_S = 1.0  # a counter shared between processes is too dear to be touched at every packet


class RecordStage:
    """The recording side of one channel, called by ingest in its own thread: begin, write, write …, end.

    A disk that is full or can't be written to doesn't cost the connection: what comes in is dropped, one line is
    logged, and every ``RETRY_S`` a new epoch is tried.
    """

    def __init__(
        self, channel: str, folder: Path, settings: RecordSettings, telemetry: Telemetry, clock: Clock
    ) -> None:
        """channel: its short name. folder: where its recording lies, or will lie."""
        self._channel = channel
        self._folder = folder
        self._settings = settings
        self._telemetry = telemetry
        self._clock = clock
        self._writer: RecordingWriter | None = None
        self._streams: tuple[VideoStream, AudioStream | None] | None = None
        self._epoch: EpochWriter | None = None
        self._counts = _Counts(channel, telemetry)
        self._retry_at_s = 0.0
        self._publish_at_s = 0.0
        self.problem: str | None = None
        """Why nothing is recorded at the moment, in one line; None while all is well."""

    def open(self) -> None:
        """Open the recording, which repairs what a kill left; ``begin`` does it too, but that may be long in coming."""
        if self._writer is not None:
            return
        try:
            self._writer = RecordingWriter(
                self._folder, file_s=self._settings.file_s, fragment_s=self._settings.fragment_s, clock=self._clock
            )
        except (RecordingError, InstanceError) as error:
            self._fail(error)

    def begin(self, video: VideoStream, audio: AudioStream | None) -> None:
        """Begin an epoch of these streams. Raises SourceUnsupported when a codec can't be recorded."""
        self.end("lost")
        self._streams = video, audio
        self._begin_epoch()

    def write(self, packet: Packet) -> None:
        """Record one packet of the streams. Raises SourceUnsupported when it shows that they can't be recorded."""
        self._counts.count(packet)
        now_s = self._clock.monotonic_s()
        if now_s >= self._publish_at_s:
            self._publish_at_s = now_s + _PUBLISH_S
            self._counts.publish(self._epoch)
        if self._epoch is None and now_s >= self._retry_at_s:
            self._begin_epoch()
        if self._epoch is None:
            return
        try:
            self._epoch.write(packet)
        except RecordingError as error:
            self._fail(error)

    def cue(self, cue: HeardCue) -> None:
        """Record a cue of the present epoch."""
        if self._epoch is not None:
            self._epoch.write_cue(cue)

    def end(self, reason: str) -> None:
        """End the epoch, if one is open. reason: one word, which the index keeps."""
        epoch, self._epoch, self._streams = self._epoch, None, None
        if epoch is None:
            return
        try:
            epoch.close(reason)
        except RecordingError as error:
            self._fail(error)
        self._counts.publish(epoch)
        if epoch.id is not None:
            _log.info("epoch.ended", channel=self._channel, epoch=epoch.id, reason=reason)

    def close(self) -> None:
        """Let the recording go; end the epoch first."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _begin_epoch(self) -> None:
        self.open()
        if self._writer is None or self._streams is None:
            return
        try:
            self._epoch = self._writer.begin_epoch(*self._streams)
        except RecordingError as error:
            self._fail(error)
            return
        if self.problem is not None:
            _log.info("recording.resumed", channel=self._channel)
            self.problem = None

    def _fail(self, error: RecordingError | InstanceError) -> None:
        self._telemetry.daemon.errors.labels(self._channel, type(error).__name__).inc()
        if self.problem != str(error):
            _log.error("recording.failed", channel=self._channel, error=str(error))
        self.problem = str(error)
        self._retry_at_s = self._clock.monotonic_s() + RETRY_S
        epoch, self._epoch = self._epoch, None
        if epoch is not None:
            epoch.close("failed")
            self._counts.publish(epoch)


class _Counts:
    """Counts in plain integers, and adds them to the metrics now and then."""

    def __init__(self, channel: str, telemetry: Telemetry) -> None:
        tracks = Track.VIDEO, Track.AUDIO
        self._packet_counters = [telemetry.feed.packets.labels(channel, track) for track in tracks]
        self._byte_counters = [telemetry.feed.received_bytes.labels(channel, track) for track in tracks]
        self._recorded_counter = telemetry.recording.recorded_bytes.labels(channel)
        self._epoch_counter = telemetry.recording.epochs.labels(channel)
        self._packets = [0, 0]
        self._bytes = [0, 0]
        self._recorded = 0  # of the present epoch
        self._epoch: int | None = None  # the newest one that was counted

    def count(self, packet: Packet) -> None:
        """Count a packet that was received."""
        track = not isinstance(packet.stream, VideoStream)
        self._packets[track] += 1
        self._bytes[track] += packet.size

    def publish(self, epoch: EpochWriter | None) -> None:
        """Add to the metrics what was counted since the last time, and what the epoch has recorded since."""
        for counts, counters in ((self._packets, self._packet_counters), (self._bytes, self._byte_counters)):
            for track, counter in enumerate(counters):
                counter.inc(counts[track])
                counts[track] = 0
        if epoch is None or epoch.id is None:
            return
        if epoch.id != self._epoch:
            self._epoch, self._recorded = epoch.id, 0
            self._epoch_counter.inc()
        self._recorded_counter.inc(epoch.recorded_bytes - self._recorded)
        self._recorded = epoch.recorded_bytes


class RetentionStage:
    """Deletes old recording of all channels, every ``RETENTION_S``; needed in the process that records.

    The channel with the oldest recording comes first, so that free space is made at the expense of the oldest.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        held: Callable[[str], Held],
        telemetry: Telemetry,
        clock: Clock,
        executor: Executor,
    ) -> None:
        """settings: gives the present ones. held: gives what of a channel's recording must stay; may block."""
        self._settings = settings
        self._held = held
        self._telemetry = telemetry
        self._clock = clock
        self._executor = executor
        self._oldest_ns: dict[str, int] = {}
        self._short: set[str] = set()

    async def run(self) -> None:
        """Work until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await loop.run_in_executor(self._executor, self.run_once)
            await self._clock.sleep(RETENTION_S)

    def run_once(self) -> None:
        """Apply the retention of each channel once; what fails is logged and left for the next time."""
        settings = self._settings()
        for channel in sorted(settings.channels, key=lambda channel: self._oldest_ns.get(channel.name, 0)):
            folder = settings.recording_dir / channel.name
            try:
                report = apply_retention(
                    folder, channel.retention, clock=self._clock, held=partial(self._held, channel.name)
                )
            except StreamprocError as error:
                self._telemetry.daemon.errors.labels(channel.name, type(error).__name__).inc()
                _log.error("retention.failed", channel=channel.name, error=str(error))
            else:
                self._report(channel.name, report)

    def _report(self, channel: str, report: RetentionReport) -> None:
        self._oldest_ns[channel] = report.oldest_ns or 0
        self._telemetry.recording.recording_bytes.labels(channel).set(report.recording_bytes)
        self._telemetry.recording.deleted_bytes.labels(channel).inc(report.deleted_bytes)
        self._telemetry.recording.disk_free_bytes.set(report.free_bytes)
        if report.deleted_files:
            _log.info("retention.deleted", channel=channel, files=report.deleted_files, bytes=report.deleted_bytes)
        if report.missing_bytes and channel not in self._short:
            _log.warning("retention.disk_short", channel=channel, missing_bytes=report.missing_bytes)
        (self._short.add if report.missing_bytes else self._short.discard)(channel)
