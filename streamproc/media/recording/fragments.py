"""The running part of an epoch's writing: packets gather into fragments, fragments go into files and the index.

The rule that makes it safe: a fragment is first written to its file with one call and then entered into the index
in one transaction. A kill between the two leaves bytes that the index doesn't know, which the next start finds; a
kill within the first leaves part of a fragment, which the next start cuts off. What a kill loses is what waits in
memory: less than ``fragment_s`` and one packet.
"""

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from operator import add
from pathlib import Path

from streamproc.errors import RecordingError
from streamproc.media.cues import HeardCue
from streamproc.media.probe import Packet
from streamproc.media.recording import fmp4
from streamproc.media.recording.index import CueRow, EpochRow, FileRow, Index, KeyframeRow, file_path, format_to_json
from streamproc.media.recording.tracks import AudioTrack, VideoTrack, format_in_files
from streamproc.media.timestamps import MPEGTS_WRAP
from streamproc.timebase import NS, Clock

_MAX_WAITING_BYTES = 16_000_000  # bounds memory for a source whose time stands still
TIMELESS = "a packet without pts or dts came to the recorder, which its source should have mended"
_AUDIO_PATIENCE = 2  # audio alone makes a fragment only after so many times fragment_s: the video has stopped


@dataclass(slots=True)
class Place:
    """What the writers of a recording's epochs share."""

    folder: Path
    index: Index
    file_s: float
    fragment_s: float
    clock: Clock
    stale: bool = False
    """True when the files may hold what the index doesn't say, so that a repair is due."""

    def next_epoch(self, now_ns: int) -> int:
        """Return the number of an epoch that begins now: the second it begins in, but above all there were.

        So a number never comes back, even if somebody deletes the recording while the catalogue still speaks of it.
        """
        last = self.index.execute("SELECT max(id) FROM epochs")[0][0]
        return max(now_ns // NS, 0 if last is None else last + 1)


@dataclass(frozen=True, slots=True)
class Start:
    """How an epoch begins."""

    video: VideoTrack
    audio: AudioTrack | None
    muxed: bytes
    """What libavformat made of its first packets; files get their header from it."""
    first_pts: int
    """Presentation time of the first keyframe in the video track's ticks, as the source counts: the epoch's zero."""
    first_dts: int
    """Its decoding time."""
    arrival_ns: int
    """Wall time of its arrival."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a file says of itself, so that an index can be rebuilt from the files alone."""

    epoch: int
    started_ns: int
    video_shift: int
    frames_before: int
    format: str

    def to_bytes(self) -> bytes:
        """Return it as it stands in the file."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Description":
        """Read it back. Raises RecordingError."""
        try:
            return cls(**json.loads(raw))
        except (ValueError, TypeError) as error:
            raise RecordingError(f"the description in a recorded file is damaged: {error}") from error


class _OutputFile:
    """A file that grows by whole fragments."""

    def __init__(self, path: Path, header: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        self._fd = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._header = header
        self.size = 0
        self.fragments = 0

    def append(self, fragment: bytes) -> int:
        """Write the whole fragment, or nothing, and return where it begins. Raises OSError."""
        header = b"" if self.fragments else self._header  # with the first fragment, so that no file is without one
        rest = memoryview(header + fragment)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._fd, self.size)
            raise
        begin = self.size + len(header)
        self.size = begin + len(fragment)
        self.fragments += 1
        return begin

    def close(self) -> None:
        os.close(self._fd)


class FragmentWriter:
    """Writes the packets of one epoch that has begun with a keyframe; any error it raises ends the epoch."""

    def __init__(self, place: Place, epoch: int, start: Start) -> None:
        video, audio = start.video, start.audio
        self._place = place
        self._start = start
        self._time = fmp4.VideoTime(video.timescale, start.first_pts - start.first_dts)
        self._audio_timescale = None if audio is None else audio.timescale
        self._fragment_ticks = round(place.fragment_s * video.timescale)
        self._file_ticks = round(place.file_s * video.timescale)
        self._patience_ticks = round(_AUDIO_PATIENCE * place.fragment_s * (self._audio_timescale or 0))
        self._video_run, self._audio_run = fmp4.Run(), fmp4.Run()
        self._waiting_bytes = 0
        self._video_duration = 0  # of the newest packet, in case none follows
        self._audio_end = 0
        self._file: _OutputFile | None = None
        header = fmp4.build_header(start.muxed, self._time, self._audio_timescale, b"")
        self.format = format_in_files(video, audio, header)
        self.recorded_bytes = 0
        self._frames = 0
        self._epoch = EpochRow(
            id=epoch,
            started_ns=start.arrival_ns,
            utc_zero_ns=start.arrival_ns,
            format=format_to_json(self.format),
            video_shift=self._time.shift,
            next_dts=-self._time.shift,
            end_pts=0,
            ended_ns=None,
            end_reason=None,
        )
        self._utc_zero_ns = start.arrival_ns
        self._file_row = FileRow(epoch, 0, 0, 0, 0, 0, 0, 1)
        self._file_dts = -self._time.shift
        self._cues: list[CueRow] = []  # not in the index yet
        self._cue_count = 0

    @property
    def id(self) -> int:
        """The epoch's number."""
        return self._epoch.id

    def write_video(self, packet: Packet, now_ns: int) -> None:
        """Take in a video packet that arrived at ``now_ns``. Raises RecordingError."""
        video, run = self._start.video, self._video_run
        pts, dts = packet.pts, packet.dts
        if pts is None or dts is None:
            raise RecordingError(TIMELESS)
        dts = dts * video.factor - self._start.first_pts
        pts = pts * video.factor - self._start.first_pts
        if pts < 0:
            return  # a leading picture of the first keyframe: nothing can decode it
        is_key = packet.is_keyframe
        if run.data and (
            is_key or dts - run.dts[0] >= self._fragment_ticks or self._waiting_bytes > _MAX_WAITING_BYTES
        ):
            self._flush(dts, closes=is_key and dts - self._file_dts >= self._file_ticks)
        data = video.convert(packet)
        run.dts.append(dts)
        run.pts.append(pts)
        run.keys.append(is_key)
        run.data.append(data)
        self._waiting_bytes += len(data)
        self._video_duration = (packet.duration or 0) * video.factor
        zero_ns = now_ns - pts * NS // video.timescale
        if zero_ns < self._utc_zero_ns:
            self._utc_zero_ns = zero_ns

    def write_audio(self, packet: Packet) -> None:
        """Take in an audio packet. Raises RecordingError."""
        audio, run = self._start.audio, self._audio_run
        if audio is None:
            return
        if packet.pts is None:
            raise RecordingError(TIMELESS)
        pts = packet.pts * audio.factor - audio.zero
        if pts < 0:
            return  # heard before the first picture is seen
        # A file begins with a keyframe, so sound that came before the first one must wait for it.
        if run.data and pts - run.dts[0] >= self._patience_ticks and (self._file or self._video_run.data):
            self._flush(self._video_end(), closes=False)
        data = audio.convert(packet)
        run.dts.append(pts)
        run.data.append(data)
        self._waiting_bytes += len(data)
        self._audio_end = pts + (packet.duration or 0) * audio.factor

    def write_cue(self, cue: HeardCue) -> None:
        """Take in a cue; it reaches the index with the next fragment."""
        factor, zero = self._start.video.factor, self._start.first_pts
        offset = cue.count_offset
        row = CueRow(
            epoch=self.id,
            number=self._cue_count,
            sent=cue.sent * factor - zero,
            pts_zero=None if offset is None else (zero // factor - offset) % MPEGTS_WRAP,
            at=None if cue.at is None else cue.at * factor - zero,
            kind=cue.kind,
            duration=None if cue.duration is None else str(cue.duration),
            origin=cue.origin,
            payload=b64encode(cue.section).decode(),
        )
        self._cues.append(row)
        self._cue_count += 1

    def close(self, reason: str) -> None:
        """Write what waits and end the epoch. Raises RecordingError; the next epoch's beginning mends it then."""
        try:
            self._flush(self._video_end(), closes=True)
            with self._translated(), self._place.index.transaction():
                ended = replace(self._epoch, ended_ns=self._place.clock.utc_ns(), end_reason=reason)
                self._place.index.put(ended)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let the open file go as it is."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _video_end(self) -> int:
        """Return where the next video packet would begin, as far as can be told."""
        dts = self._video_run.dts
        if not dts:
            return self._epoch.next_dts
        before = dts[-1] - dts[-2] if len(dts) > 1 else 0
        return dts[-1] + (self._video_duration or before)

    def _flush(self, next_dts: int, *, closes: bool) -> None:
        """Write what waits as one fragment, then enter it into the index."""
        keyframe = None
        with self._translated():
            if self._video_run.data or self._audio_run.data:
                keyframe = self._write_fragment(next_dts)
            self._file_row = replace(self._file_row, closed=int(closes))
            with self._place.index.transaction():
                self._place.index.put(self._epoch)
                self._place.index.put(self._file_row)
                if keyframe is not None:
                    self._place.index.put(keyframe)
                for cue in self._cues:
                    self._place.index.put(cue)
        self._cues.clear()
        if closes:
            self.abandon()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._place.stale = True
            raise RecordingError(f"{self._place.folder}: can't record: {error.strerror}") from error
        except RecordingError:
            self._place.stale = True
            raise

    def _write_fragment(self, next_dts: int) -> KeyframeRow | None:
        """Write the waiting samples, account for them, and return the keyframe's row if they begin with one."""
        video, audio = self._video_run, self._audio_run
        if self._file is None:
            self._file = self._open_file(video)
        fragment = fmp4.build_fragment(
            self._file.fragments + 1, self._time, self._utc_zero_ns, (video, next_dts), (audio, self._audio_end)
        )
        before = self._file.size
        begin = self._file.append(fragment)
        self.recorded_bytes += self._file.size - before
        keyframe = self._keyframe_row(fragment, begin, next_dts) if video.keys and video.keys[0] else None
        if video.data:
            durations = video.durations(next_dts)
            end_pts = max(map(add, video.pts, durations))
            self._epoch = replace(self._epoch, next_dts=next_dts, end_pts=max(end_pts, self._epoch.end_pts))
        self._epoch = replace(self._epoch, utc_zero_ns=self._utc_zero_ns)
        self._file_row = replace(self._file_row, size=self._file.size, end_pts=self._epoch.end_pts)
        self._frames += len(video.data)
        video.clear()
        audio.clear()
        self._waiting_bytes = 0
        return keyframe

    def _open_file(self, video: fmp4.Run) -> _OutputFile:
        """Open the next file; the waiting samples begin with its first keyframe."""
        description = Description(
            epoch=self.id,
            started_ns=self._epoch.started_ns,
            video_shift=self._epoch.video_shift,
            frames_before=self._frames,
            format=self._epoch.format,
        )
        header = fmp4.build_header(self._start.muxed, self._time, self._audio_timescale, description.to_bytes())
        number = self._file_row.number + 1
        self._file_row = FileRow(self.id, number, len(header), 0, video.pts[0], 0, self._frames, 0)
        self._file_dts = video.dts[0]
        return _OutputFile(file_path(self._place.folder, self.id, number), header)

    def _keyframe_row(self, fragment: bytes, begin: int, next_dts: int) -> KeyframeRow:
        video, audio = self._video_run, self._audio_run
        head_size = fmp4.fragment_head_size(fragment)
        assert head_size is not None  # a built fragment is whole
        return KeyframeRow(
            epoch=self.id,
            pts=video.pts[0],
            dts=video.dts[0],
            duration=(video.dts[1] if len(video.dts) > 1 else next_dts) - video.dts[0],
            file=self._file_row.number,
            fragment_offset=begin,
            data_offset=begin + head_size,
            data_size=len(video.data[0]),
            frames_before=self._frames,
            audio_pts=None if self._start.audio is None else (audio.dts[0] if audio.dts else self._audio_end),
        )
