"""The writer of one channel's recording: opens it, begins epochs, and waits for each epoch's first keyframe."""

import fcntl
import os
import time
from collections import deque
from pathlib import Path

from streamproc.errors import InstanceError, RecordingError
from streamproc.media.cues import WAITING, HeardCue
from streamproc.media.footage import Format
from streamproc.media.probe import Packet
from streamproc.media.recording.fragments import TIMELESS, FragmentWriter, Place, Start
from streamproc.media.recording.index import INDEX_NAME
from streamproc.media.recording.repair import open_index, repair
from streamproc.media.recording.tracks import (
    AudioStream,
    AudioTrack,
    VideoStream,
    VideoTrack,
    can_begin_without_packet,
    check_supported,
    mux_header,
)
from streamproc.timebase import Clock

_AUDIO_WAIT_S = 1  # how long a beginning epoch waits for audio whose header can't be written without a packet
_LOCK_WAIT_S = 5.0  # a recorder whose supervisor was killed needs a moment to end
_LOCK_POLL_S = 0.02
_EARLY_AUDIO_PACKETS = 512  # audio kept while the first keyframe is awaited; older packets are let go


class RecordingWriter:
    """The one writer of a channel's recording, for one thread at a time."""

    def __init__(self, folder: Path, *, file_s: float, fragment_s: float, clock: Clock) -> None:
        """Open the recording in ``folder`` (made if missing) and repair what a kill left open.

        file_s: a file is closed at the first keyframe after so many seconds. fragment_s: what is received reaches the
        disk at the latest after so many seconds. Raises RecordingError (read-only, damaged beyond repair) and
        InstanceError when another process records here.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise RecordingError(f"{folder}: can't record here ({error.strerror})") from error
        try:
            _take(self._lock, folder)
            index = open_index(folder / INDEX_NAME)
            repair(folder, index, reason="killed")
        except BaseException:
            os.close(self._lock)
            raise
        self._place = Place(folder, index, file_s, fragment_s, clock)

    def begin_epoch(self, video: VideoStream, audio: AudioStream | None) -> "EpochWriter":
        """Begin an unbroken stretch of recording of these streams of a source.

        Raises SourceUnsupported when a codec can't be recorded, RecordingError when the index can't be written.
        """
        check_supported(video, audio)
        if self._place.stale:
            repair(self._place.folder, self._place.index, reason="failed")
            self._place.stale = False
        return EpochWriter(self._place, video, audio)

    def close(self) -> None:
        """Let the recording go; close the epoch first."""
        self._place.index.close()
        os.close(self._lock)


class EpochWriter:
    """Records one epoch. Packets before its first keyframe are dropped, and so is what is presented before that."""

    def __init__(self, place: Place, video: VideoStream, audio: AudioStream | None) -> None:
        self._place = place
        self._video_stream, self._audio_stream = video, audio
        self._early: deque[tuple[Packet, int]] = deque(maxlen=_EARLY_AUDIO_PACKETS)
        self._held: list[tuple[Packet, int]] = []
        self._cues: deque[HeardCue] = deque(maxlen=WAITING)  # that came before the epoch's first keyframe
        self._writer: FragmentWriter | None = None
        self._is_over = False

    @property
    def id(self) -> int | None:
        """The epoch's number; None until its first keyframe has come."""
        return None if self._writer is None else self._writer.id

    @property
    def format(self) -> Format | None:
        """The epoch's format; None until its first keyframe has come."""
        return None if self._writer is None else self._writer.format

    @property
    def recorded_bytes(self) -> int:
        """Bytes written so far."""
        return 0 if self._writer is None else self._writer.recorded_bytes

    def write(self, packet: Packet) -> None:
        """Take in one packet of either stream; a stream's dts rise from packet to packet, and no pts is before it.

        Raises RecordingError when it can't be written, and SourceUnsupported when the first packets show that they
        can't be recorded. The epoch is over then: close it, and begin another when there is hope.
        """
        if self._is_over:
            raise RecordingError(f"{self._place.folder}: this epoch is over; begin another")
        now_ns = self._place.clock.utc_ns()
        if self._writer is None:
            if packet.size:
                self._await_start(packet, now_ns)
        else:
            self._write(self._writer, packet, now_ns)

    def write_cue(self, cue: HeardCue) -> None:
        """Take in a cue; one of a time before the epoch's first picture is kept, too."""
        if self._writer is None:
            self._cues.append(cue)
        else:
            self._writer.write_cue(cue)

    def close(self, reason: str) -> None:
        """Write what waits and end the epoch. reason: one word. Raises RecordingError when that can't be done.

        Closing an epoch that an error has ended, or that never began, does nothing more than let go.
        """
        if self._writer is None and self._held and not self._is_over:
            self._start()
        is_over, self._is_over = self._is_over, True
        if self._writer is None:
            return
        if is_over:
            self._writer.abandon()
        else:
            self._writer.close(reason)

    def _await_start(self, packet: Packet, now_ns: int) -> None:
        """Hold packets until the first keyframe is there and the files' header can be written."""
        if self._held:
            self._held.append((packet, now_ns))
        elif not _is_video(packet):
            self._early.append((packet, now_ns))
        elif packet.is_keyframe:
            self._held = [*self._early, (packet, now_ns)]
            self._early.clear()
        if self._held and self._can_start():
            self._start()

    def _can_start(self) -> bool:
        audio = self._audio_stream
        if audio is None or can_begin_without_packet(audio) or self._first(is_video=False) is not None:
            return True
        dts = [(held.dts or 0) * held.time_base for held, _ in self._held if _is_video(held)]
        return dts[-1] - dts[0] >= _AUDIO_WAIT_S

    def _first(self, *, is_video: bool) -> Packet | None:
        return next((held for held, _ in self._held if _is_video(held) == is_video), None)

    def _start(self) -> None:
        held, keyframe = self._held, self._first(is_video=True)
        sample = self._first(is_video=False)
        self._held, self._is_over = [], True
        if keyframe is None or keyframe.pts is None or keyframe.dts is None:
            raise RecordingError(TIMELESS)
        video = VideoTrack(self._video_stream, keyframe)
        audio = None
        if self._audio_stream is not None and (sample is not None or can_begin_without_packet(self._audio_stream)):
            audio = AudioTrack(self._audio_stream, sample, keyframe.pts * keyframe.time_base)
        start = Start(
            video=video,
            audio=audio,
            muxed=mux_header(video, keyframe, audio, sample),
            first_pts=keyframe.pts * video.factor,
            first_dts=keyframe.dts * video.factor,
            arrival_ns=next(arrival_ns for packet, arrival_ns in held if packet is keyframe),
        )
        self._writer = FragmentWriter(self._place, self._place.next_epoch(start.arrival_ns), start)
        self._is_over = False
        for cue in self._cues:
            self._writer.write_cue(cue)
        self._cues.clear()
        for packet, arrival_ns in held:
            self._write(self._writer, packet, arrival_ns)

    def _write(self, writer: FragmentWriter, packet: Packet, now_ns: int) -> None:
        try:
            if _is_video(packet):
                writer.write_video(packet, now_ns)
            else:
                writer.write_audio(packet)
        except RecordingError:
            self._is_over = True
            raise


def _take(lock: int, folder: Path) -> None:
    """Lock an open file. Raises InstanceError when another process keeps it locked."""
    until_s = time.monotonic() + _LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= until_s:
                raise InstanceError(f"{folder}: another process already records here; stop it first") from error
        time.sleep(_LOCK_POLL_S)


def _is_video(packet: Packet) -> bool:
    # Not by the stream's number: after a change of format the streams are described anew, and count anew.
    return isinstance(packet.stream, VideoStream)
