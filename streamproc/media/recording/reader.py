"""Reads a channel's recording from any process, while it grows: the live ``Footage``.

The index says what is there; the bytes are fetched from the files at its word, without libavformat. To ask for news
costs two system calls, and a keyframe one read.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from operator import itemgetter
from pathlib import Path

from streamproc.errors import RecordingError
from streamproc.media.footage import Format, MediaPacket, Track
from streamproc.media.recording import fmp4
from streamproc.media.recording.index import (
    INDEX_NAME,
    CueRow,
    EpochRow,
    FileRow,
    Index,
    KeyframeRow,
    file_path,
    format_from_json,
)
from streamproc.messages import CueKind, CueMessage, CueOrigin
from streamproc.timebase import to_ns

AUDIO_LEAD_S = Fraction(1, 10)
"""So much audio before the keyframe comes with it: enough for a decoder to settle."""
_KEYFRAME_BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFile:
    """One file of an epoch, as it is now."""

    number: int
    """Its number in the epoch."""
    path: Path
    """Where it is."""
    header_bytes: int
    """Bytes before the first fragment: what HLS calls the map."""
    size_bytes: int
    """Bytes of header and whole fragments."""
    start: Fraction
    """Time of its first keyframe, seconds in the epoch."""
    end: Fraction
    """Time after its last frame."""
    closed: bool
    """Whether it will not grow any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRun:
    """Bytes of one file that begin with a keyframe and end before another: what a player can be given alone."""

    file: int
    """The file's number."""
    offset: int
    """Where it begins in the file, bytes."""
    size_bytes: int
    """How long it is."""
    start: Fraction
    """Time of its keyframe, seconds in the epoch."""
    end: Fraction
    """Time of the keyframe that follows, or after its last frame where none does."""


class _LiveIndex:
    """The index as it is now; opened when it appears, opened anew when the recorder has replaced it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / INDEX_NAME
        self._lock = threading.Lock()
        self._index: Index | None = None
        self._inode = 0
        self._generation = 0

    def get(self) -> Index | None:
        """Return the index, or None while there is none. Raises RecordingError."""
        try:
            inode = self._path.stat().st_ino
        except FileNotFoundError:
            return None
        with self._lock:
            if self._index is None or inode != self._inode:
                index = Index(self._path, create=False)
                if not index.is_ready:
                    index.close()
                    return None
                self._index = index  # another thread may still read the old one, so nobody closes it here
                self._inode = inode
                self._generation += 1
            return self._index

    def version(self) -> tuple[int, int]:
        """Return what changes whenever the index has."""
        index = self.get()
        return (0, 0) if index is None else (self._generation, index.version())

    def need(self) -> Index:
        """Return the index. Raises RecordingError when there is none."""
        index = self.get()
        if index is None:
            raise RecordingError(f"{self.folder}: there is no recording here")
        return index


class RecordingFootage:
    """The recording of one channel, as it grows; implements ``Footage``. Methods may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        """Read the recording in ``folder``, which need not exist yet."""
        self._index = _LiveIndex(folder)
        self._epochs: dict[int, RecordingEpoch] = {}
        self._version: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def epochs(self) -> Sequence["RecordingEpoch"]:
        """Return the epochs that are there now, oldest first. Raises RecordingError."""
        with self._lock:
            version = self._index.version()
            if version != self._version:
                index = self._index.get()
                rows = [] if index is None else index.rows(EpochRow, "ORDER BY id")
                self._epochs = {row.id: self._epochs.get(row.id) or RecordingEpoch(self._index, row) for row in rows}
                self._version = version
            return list(self._epochs.values())

    def epoch(self, number: int) -> "RecordingEpoch":
        """Return one epoch. Raises RecordingError when it is not there (any more)."""
        for epoch in self.epochs():
            if epoch.id == number:
                return epoch
        raise RecordingError(f"{self._index.folder}: there is no epoch {number}; it may have been deleted by retention")

    def has_ended(self) -> bool:
        """Return False: a channel may always begin another epoch."""
        return False


class RecordingEpoch:
    """One epoch of a channel's recording; implements ``Epoch``."""

    def __init__(self, index: _LiveIndex, row: EpochRow) -> None:
        self._index = index
        self._row = row
        self._version: tuple[int, int] | None = None
        self._quiet: tuple[tuple[int, int], int] | None = None  # there was no keyframe after this, in that version
        self._format = format_from_json(row.format)
        self._tick = self._format.video.time_base

    @property
    def id(self) -> int:
        """Its number."""
        return self._row.id

    @property
    def format(self) -> Format:
        """How it is coded."""
        return self._format

    @property
    def utc_zero_ns(self) -> int:
        """Wall time of media time 0, by the least delayed packet so far."""
        return self._fresh().utc_zero_ns

    def end(self) -> Fraction:
        """Return the time up to which every frame is there, in presentation order."""
        self._fresh()
        return self._end()

    def _end(self) -> Fraction:
        row = self._row
        complete = row.end_pts if row.ended_ns is not None else row.next_dts  # no later packet has a pts before it
        return max(0, min(row.end_pts, complete)) * self._tick

    def has_ended(self) -> bool:
        """Tell whether nothing will be added."""
        return self._fresh().ended_ns is not None

    def end_reason(self) -> str | None:
        """Return why it ended in one word; None while it grows."""
        return self._fresh().end_reason

    def _fresh(self) -> EpochRow:
        version = self._index.version()
        if version != self._version:
            index = self._index.get()
            row = None if index is None else index.row(EpochRow, "WHERE id = ?", (self.id,))
            if row is not None:
                self._row = row
            elif index is not None and self._row.ended_ns is None:
                # All its files are gone: what it was stays true, but nobody may wait for more of it.
                self._row = replace(
                    self._row, ended_ns=self._row.utc_zero_ns + to_ns(self._end()), end_reason="deleted"
                )
            self._version = version
        return self._row

    def keyframes(self, after: Fraction | None = None) -> Iterator[MediaPacket]:
        """Yield the keyframes presented later than ``after`` (all when None); each costs one read of its bytes.

        Those that retention deletes meanwhile are left out. Raises RecordingError.
        """
        bound = -1 if after is None else floor(after / self._tick)
        version = self._index.version()
        if self._quiet == (version, bound):
            return
        index = self._index.need()
        while True:
            rest = "WHERE epoch = ? AND pts > ? ORDER BY pts LIMIT ?"
            rows = index.rows(KeyframeRow, rest, (self.id, bound, _KEYFRAME_BATCH))
            if not rows:
                self._quiet = (version, bound)
                return
            for row in rows:
                packet = self._read_keyframe(row)
                if packet is not None:
                    yield packet
            bound = rows[-1].pts

    def keyframe_times(self, start: Fraction, end: Fraction) -> list[Fraction]:
        """Return the presentation times of the keyframes within [start, end). Raises RecordingError."""
        values = (self.id, ceil(start / self._tick), ceil(end / self._tick))
        sql = "SELECT pts FROM keyframes WHERE epoch = ? AND pts >= ? AND pts < ? ORDER BY pts"
        return [pts * self._tick for (pts,) in self._index.need().execute(sql, values)]

    def keyframe_before(self, time: Fraction) -> Fraction:
        """Return the time of the last keyframe at or before ``time``. Raises RecordingError where it was deleted."""
        return self._keyframe_at(time).pts * self._tick

    def frame_number(self, time: Fraction) -> int:
        """Return how many frames are presented before ``time``. Raises RecordingError where they were deleted."""
        if time <= 0:
            return 0
        bound = ceil(time / self._tick)
        key = self._keyframe_at(time)
        # Everything decoded before a keyframe is presented before it, but for pictures that lead it; they follow it.
        count = key.frames_before
        for _, _, fragment in self._fragments(key.file, key.fragment_offset):
            for sample in fragment.video:
                if sample.dts >= bound:
                    return count
                count += sample.pts < bound
        return count

    def times_until(self, number: int, count: int) -> list[Fraction]:
        """Return the times of at most ``count`` consecutive frames, of which the last has that number.

        Fewer come where their group of pictures begins, since to decode those before it is another reading. Raises
        IndexError for a frame that is not recorded, or not yet, and RecordingError for one that was deleted.
        """
        index = self._index.need()
        rest = "WHERE epoch = ? AND frames_before <= ? ORDER BY number DESC"
        file = index.row(FileRow, rest, (self.id, number))
        key = None
        if file is not None:
            rest = "WHERE epoch = ? AND file = ? AND frames_before <= ? ORDER BY pts DESC"
            key = index.row(KeyframeRow, rest, (self.id, file.number, number))
        if key is None:
            raise RecordingError(f"{self._index.folder}: frame {number} of epoch {self.id} was deleted by retention")
        # All frames decoded before a keyframe are presented before those decoded from it on; see frame_number.
        group = sorted(self._group(key))
        place = number - key.frames_before
        last = index.row(FileRow, "WHERE epoch = ? ORDER BY number DESC", (self.id,))
        if place >= len(group) and last is not None and key.file < last.number:
            raise RecordingError(f"{self._index.folder}: frame {number} of epoch {self.id} was deleted by retention")
        if place >= len(group) or group[place] * self._tick >= self.end():
            raise IndexError(number)
        return [pts * self._tick for pts in group[max(0, place + 1 - count) : place + 1]]

    def _group(self, key: KeyframeRow) -> Iterator[int]:
        """Yield the presentation times, ticks, of the frames decoded from a keyframe on, before the next one."""
        for place, _, fragment in self._fragments(key.file, key.fragment_offset):
            is_next = bool(fragment.video) and fragment.video[0].is_keyframe
            if is_next and place != (key.file, key.fragment_offset):
                return
            yield from (sample.pts for sample in fragment.video)

    def runs(self, start: Fraction, end: Fraction, least: Fraction, *, whole: bool = False) -> list[RecordedRun]:
        """Return the runs that hold any of [start, end), in order. Raises RecordingError.

        least: a run ends at the first keyframe so long after its own, and with its file. The last one of a file that
        grows is left out until that keyframe has come, so that what was returned once stays. whole: a file that lies
        within [start, end) and is closed is one run.
        """
        files = self.files(start, end)
        if not files:
            return []
        sql = "SELECT file, pts, fragment_offset FROM keyframes WHERE epoch = ? AND file BETWEEN ? AND ? ORDER BY pts"
        keys: dict[int, list[tuple[int, int]]] = {file.number: [] for file in files}
        for number, pts, offset in self._index.need().execute(sql, (self.id, files[0].number, files[-1].number)):
            if number in keys:
                keys[number].append((pts, offset))
        starts = {file.number: file.start for file in files}
        found: list[RecordedRun] = []
        for file in files:
            until = starts.get(file.number + 1, file.end)
            whole_one = whole and file.closed and start <= file.start and file.end <= end
            ticks = None if whole_one else ceil(least / self._tick)
            found += self._runs_of(file, keys[file.number], until, ticks)
        return [run for run in found if run.start < end and run.end > start]

    def _runs_of(
        self, file: RecordedFile, keys: Sequence[tuple[int, int]], until: Fraction, least: int | None
    ) -> Iterator[RecordedRun]:
        """Yield a file's runs. keys: its keyframes' times and places; least: ticks, None for one run."""
        begun: tuple[int, int] | None = None
        for pts, offset in keys:
            if begun is None:
                begun = (pts, offset)
            elif least is not None and pts - begun[0] >= least:
                yield self._run(file, begun, pts * self._tick, offset)
                begun = (pts, offset)
        if begun is not None and file.closed:
            yield self._run(file, begun, until, file.size_bytes)

    def _run(self, file: RecordedFile, begun: tuple[int, int], end: Fraction, stop: int) -> RecordedRun:
        pts, offset = begun
        return RecordedRun(file=file.number, offset=offset, size_bytes=stop - offset, start=pts * self._tick, end=end)

    def first_kept(self) -> Fraction | None:
        """Return when the first keyframe that is still there is presented; None when there is none."""
        row = self._index.need().row(FileRow, "WHERE epoch = ? ORDER BY number", (self.id,))
        return None if row is None else row.first_pts * self._tick

    def header(self) -> bytes:
        """Return what a player must have before any of the epoch's runs: the beginning of one of its files.

        It says the same in all of them. Raises RecordingError when none is left.
        """
        row = self._index.need().row(FileRow, "WHERE epoch = ? ORDER BY number DESC", (self.id,))
        if row is not None:
            with _opened(file_path(self._index.folder, self.id, row.number)) as fd:
                if fd is not None:
                    return _read(fd, row.header_size, 0)
        raise RecordingError(f"{self._index.folder}: epoch {self.id} was deleted by retention")

    def files(self, start: Fraction, end: Fraction) -> list[RecordedFile]:
        """Return the files that hold any of [start, end) and are there now, in order. Raises RecordingError."""
        values = (self.id, floor(start / self._tick), ceil(end / self._tick))
        rows = self._index.need().rows(
            FileRow, "WHERE epoch = ? AND end_pts > ? AND first_pts < ? ORDER BY number", values
        )
        return [
            RecordedFile(
                number=row.number,
                path=file_path(self._index.folder, self.id, row.number),
                header_bytes=row.header_size,
                size_bytes=row.size,
                start=row.first_pts * self._tick,
                end=row.end_pts * self._tick,
                closed=bool(row.closed),
            )
            for row in rows
        ]

    def begins(self) -> Fraction:
        """Return the time of the first frame that is still there. Raises RecordingError."""
        rows = self._index.need().execute("SELECT MIN(first_pts) FROM files WHERE epoch = ?", (self.id,))
        return (rows[0][0] or 0) * self._tick

    def bytes_after(self, start: Fraction) -> int:
        """Return the size of the files that hold anything from ``start`` on. Raises RecordingError."""
        values = (self.id, floor(start / self._tick))
        return int(
            self._index.need().execute("SELECT SUM(size) FROM files WHERE epoch = ? AND end_pts > ?", values)[0][0] or 0
        )

    def cues(self, after: int | None = None) -> Sequence[CueMessage]:
        """Return the cues that have come by now; only those of a number above ``after``. Raises RecordingError."""
        index = self._index.get()
        if index is None or not index.has_cues():
            return ()
        rest = "WHERE epoch = ? AND number > ? ORDER BY number"
        return [self._message(row) for row in index.rows(CueRow, rest, (self.id, -1 if after is None else after))]

    def _message(self, row: CueRow) -> CueMessage:
        return CueMessage(
            number=row.number,
            sent=row.sent * self._tick,
            pts_zero=row.pts_zero,
            at=None if row.at is None else row.at * self._tick,
            kind=None if row.kind is None else CueKind(row.kind),
            duration=None if row.duration is None else Fraction(row.duration),
            origin=CueOrigin(row.origin),
            payload=row.payload,
        )

    def packets(self, start: Fraction = Fraction(0)) -> Iterator[MediaPacket]:
        """Yield what is there, in decoding order, from the last keyframe presented at or before ``start``.

        Audio begins ``AUDIO_LEAD_S`` before that keyframe. A part that retention has deleted is left out, unless
        ``start`` lies in it. Raises RecordingError then, and when the bytes can't be read.
        """
        key = self._keyframe_at(start)
        audio = self._format.audio
        first = key
        audio_from = 0
        if audio is not None:
            audio_from = floor((key.pts * self._tick - AUDIO_LEAD_S) / audio.time_base)
            first = self._audio_start(key, audio_from)
        for (file, offset), fd, fragment in self._fragments(first.file, first.fragment_offset):
            video = fragment.video if (file, offset) >= (key.file, key.fragment_offset) else []
            heard = [sample for sample in fragment.audio if sample.pts + sample.duration > audio_from]
            yield from self._read_samples(fd, offset, video, heard)

    def sound(self, start: Fraction = Fraction(0)) -> Iterator[MediaPacket]:
        """Yield the audio packets that are there, from a little before ``start``; the video's bytes are not read.

        Raises RecordingError as ``packets`` does.
        """
        key = self._keyframe_at(start)
        audio = self._format.audio
        if audio is None:
            return
        audio_from = floor((start - AUDIO_LEAD_S) / audio.time_base)
        first = self._audio_start(key, audio_from)
        for (_, offset), fd, fragment in self._fragments(first.file, first.fragment_offset):
            heard = [sample for sample in fragment.audio if sample.pts + sample.duration > audio_from]
            yield from self._read_samples(fd, offset, [], heard)

    def _audio_start(self, key: KeyframeRow, audio_from: int) -> KeyframeRow:
        """Return the keyframe at whose fragment reading begins, to miss no audio from ``audio_from`` on."""
        rest = "WHERE epoch = ? AND pts <= ? AND audio_pts <= ? AND file >= ? ORDER BY pts DESC"
        index = self._index.need()
        row = index.row(KeyframeRow, rest, (self.id, key.pts, audio_from, key.file - 1))
        if row is None:
            rest = "WHERE epoch = ? AND pts <= ? AND file >= ? ORDER BY pts"
            row = index.row(KeyframeRow, rest, (self.id, key.pts, key.file - 1))
        return row or key

    def _keyframe_at(self, time: Fraction) -> KeyframeRow:
        """Return the last keyframe presented at or before ``time``, or the epoch's first."""
        index = self._index.need()
        rest = "WHERE epoch = ? AND pts <= ? ORDER BY pts DESC"
        row = index.row(KeyframeRow, rest, (self.id, max(0, floor(time / self._tick))))
        if row is None or self._is_in_hole(index, row, time):
            raise RecordingError(
                f"{self._index.folder}: epoch {self.id} at {float(time):.3f} s was deleted by retention"
            )
        return row

    def _is_in_hole(self, index: Index, key: KeyframeRow, time: Fraction) -> bool:
        following = index.row(FileRow, "WHERE epoch = ? AND number > ? ORDER BY number", (self.id, key.file))
        if following is None or following.number == key.file + 1:
            return False
        file = index.row(FileRow, "WHERE epoch = ? AND number = ?", (self.id, key.file))
        return file is None or time >= file.end_pts * self._tick

    def _fragments(self, number: int, offset: int) -> Iterator[tuple[tuple[int, int], int, fmp4.Fragment]]:
        """Yield (file number, offset), open file and content of each fragment from there on, over the files' ends."""
        index = self._index.need()
        time = fmp4.VideoTime(self._tick.denominator, self._row.video_shift)
        row = index.row(FileRow, "WHERE epoch = ? AND number = ?", (self.id, number))
        while row is not None:
            with _opened(file_path(self._index.folder, self.id, row.number)) as fd:
                while fd is not None:
                    for begin, fragment in fmp4.fragments(fd, offset, row.size, time):
                        yield (row.number, begin), fd, fragment
                        offset = begin + fragment.size
                    if row.closed:
                        break
                    grown = index.row(FileRow, "WHERE epoch = ? AND number = ?", (self.id, row.number))
                    if grown is None or (grown.size == row.size and not grown.closed):
                        break
                    row = grown
            row = index.row(FileRow, "WHERE epoch = ? AND number > ? ORDER BY number", (self.id, row.number))
            offset = 0 if row is None else row.header_size

    def _read_keyframe(self, row: KeyframeRow) -> MediaPacket | None:
        with _opened(file_path(self._index.folder, self.id, row.file)) as fd:
            if fd is None:
                return None
            data = _read(fd, row.data_size, row.data_offset)
        return MediaPacket(Track.VIDEO, row.pts, row.dts, row.duration, True, data)

    def _read_samples(
        self, fd: int, offset: int, video: list[fmp4.Sample], audio: list[fmp4.Sample]
    ) -> Iterator[MediaPacket]:
        """Read the samples of a fragment that begins at ``offset`` and yield them in decoding order."""
        if not video and not audio:
            return
        begin = (video or audio)[0].offset
        last = (audio or video)[-1]  # the audio lies behind the video
        data = _read(fd, last.offset + last.size - begin, offset + begin)
        video_scale = self._tick.denominator
        audio_scale = video_scale if self._format.audio is None else self._format.audio.time_base.denominator
        order = [(s.dts * audio_scale, Track.VIDEO, s) for s in video]
        order += [(s.dts * video_scale, Track.AUDIO, s) for s in audio]
        order.sort(key=itemgetter(0))
        for _, track, s in order:
            at = s.offset - begin
            yield MediaPacket(track, s.pts, s.dts, s.duration, s.is_keyframe, data[at : at + s.size])


@contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    """Open a file for reading; None when retention has deleted it."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise RecordingError(f"{path}: can't be read ({error.strerror})") from error
    try:
        yield fd
    finally:
        os.close(fd)


def _read(fd: int, size: int, offset: int) -> bytes:
    try:
        data = os.pread(fd, size, offset)
    except OSError as error:
        raise RecordingError(f"the recording can't be read: {error.strerror}") from error
    if len(data) != size:
        raise RecordingError(f"the recording is cut off: {size} bytes expected, {len(data)} found")
    return data
