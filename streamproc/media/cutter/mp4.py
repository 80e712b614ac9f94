"""A small writer of MP4 files (ISO/IEC 14496-12, -14, -15): one video track, at most one audio track.

It exists because a clip needs three things at once that libavformat does not offer through PyAV: several parameter
sets in one sample entry, edit lists that are exact to the sample, and the index in front without writing the whole
file twice. Samples go to the disk as they come, in chunks of about half a second; only their sizes and times stay in
memory, some twenty bytes a sample.
"""

import os
import shutil
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np

_CHUNK_S = Fraction(1, 2)
_MATRIX = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_MDAT_HEADER = 16
_OBJECT_TYPES = {"aac": 0x40, "mp3": 0x6B}
_COPY_BYTES = 1 << 20
_LIMIT_32 = 1 << 32
_UNSPECIFIED = 2
AUDIO_CODECS = frozenset({"aac", "mp3", "opus"})
"""What the writer has sample entries for, and every browser can play."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoEntry:
    """What the video track says of its samples."""

    width: int
    """Pixels."""
    height: int
    """Pixels."""
    sample_aspect: Fraction
    """Pixel width / height."""
    colour: tuple[int, int, int, bool]
    """Primaries, transfer, matrix (ITU-T H.273; 2 where not stated), and whether the full range is used."""
    avcc: bytes
    """Content of the avcC box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioEntry:
    """What the audio track says of its samples."""

    codec: str
    """One of AUDIO_CODECS."""
    channels: int
    """How many."""
    rate: int
    """Samples a second."""
    header: bytes
    """AudioSpecificConfig for AAC, OpusHead for Opus, else empty."""


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def _full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(kind, bytes([version]), flags.to_bytes(3, "big"), *parts)


def _u16(*values: int) -> bytes:
    return b"".join([value.to_bytes(2, "big") for value in values])


def _u32(*values: int) -> bytes:
    return b"".join([value.to_bytes(4, "big") for value in values])


def _table(values: Sequence[int]) -> bytes:
    return np.asarray(values, dtype=">u4").tobytes()


def _runs(values: Iterable[int]) -> list[int]:
    """Return run-length pairs (count, value), flat."""
    pairs: list[int] = []
    for value in values:
        if pairs and pairs[-1] == value:
            pairs[-2] += 1
        else:
            pairs += (1, value)
    return pairs


@dataclass(slots=True)
class Mp4Track:
    """The samples of one track, and how they are presented."""

    timescale: int
    """Ticks a second of all its times."""
    entry: VideoEntry | AudioEntry | None = None
    """Must be there when the file is finished."""
    shown_from: int = 0
    """Presentation tick, on the samples' own scale, that is shown at the clip's time 0 or first after it."""
    shown_for: Fraction | None = None
    """Seconds shown; None for all."""
    delay: Fraction = Fraction(0)
    """Seconds of the clip before anything of this track is shown."""
    sizes: "array[int]" = field(default_factory=lambda: array("I"))
    decode_times: "array[int]" = field(default_factory=lambda: array("q"))
    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    sync: "array[int]" = field(default_factory=lambda: array("I"))
    last_duration: int = 0
    chunk_places: "array[int]" = field(default_factory=lambda: array("Q"))
    chunk_counts: "array[int]" = field(default_factory=lambda: array("I"))
    _pending: list[bytes] = field(default_factory=list)
    _pending_from: int = 0
    _chunk: int = 0

    def __post_init__(self) -> None:
        self._chunk = int(_CHUNK_S * self.timescale)

    def add(self, data: bytes, pts: int, dts: int, *, is_sync: bool) -> bool:
        """Take a sample; tell whether a chunk is full and should be written."""
        if not self._pending:
            self._pending_from = dts
        self._pending.append(data)
        self.sizes.append(len(data))
        self.decode_times.append(dts)
        self.offsets.append(pts - dts)
        if is_sync:
            self.sync.append(len(self.sizes))
        return dts - self._pending_from >= self._chunk

    def flush(self, out: BinaryIO) -> None:
        """Write the samples that wait, as one chunk."""
        if not self._pending:
            return
        self.chunk_places.append(out.tell())
        self.chunk_counts.append(len(self._pending))
        out.write(b"".join(self._pending))
        self._pending.clear()

    @property
    def duration(self) -> Fraction:
        """Seconds shown, the delay before included."""
        if self.shown_for is not None:
            return self.delay + self.shown_for
        media = self.decode_times[-1] + self.last_duration - self.decode_times[0]
        shift = self.shown_from - self.decode_times[0]
        return self.delay + Fraction(media - shift, self.timescale)

    def trak(self, number: int, movie_timescale: int, shift: int) -> bytes:
        """Return the trak box; chunks lie ``shift`` bytes further into the file than where they were written."""
        duration = round(self.duration * movie_timescale)
        video = isinstance(self.entry, VideoEntry)
        width, height = 0, 0
        if isinstance(self.entry, VideoEntry):
            width = round(self.entry.width * self.entry.sample_aspect * 65536)
            height = self.entry.height << 16
        head = _full(
            b"tkhd",
            1,
            3,
            bytes(16) + _u32(number, 0) + duration.to_bytes(8, "big") + bytes(8),
            _u16(0, 0 if video else 1, 0 if video else 0x100, 0) + _u32(*_MATRIX, width, height),
        )
        return _box(b"trak", head, self._edits(movie_timescale), self._mdia(shift))

    def _edits(self, movie_timescale: int) -> bytes:
        entries = []
        wait = round(self.delay * movie_timescale)
        shown = round(self.duration * movie_timescale) - wait
        if wait:
            entries.append(wait.to_bytes(8, "big") + (_LIMIT_32 * _LIMIT_32 - 1).to_bytes(8, "big") + _u16(1, 0))
        entries.append(
            shown.to_bytes(8, "big") + (self.shown_from - self.decode_times[0]).to_bytes(8, "big") + _u16(1, 0)
        )
        return _box(b"edts", _full(b"elst", 1, 0, _u32(len(entries)), *entries))

    def _mdia(self, shift: int) -> bytes:
        video = isinstance(self.entry, VideoEntry)
        media = self.decode_times[-1] + self.last_duration - self.decode_times[0]
        mdhd = _full(b"mdhd", 1, 0, bytes(16) + _u32(self.timescale) + media.to_bytes(8, "big") + _u16(0x55C4, 0))
        name = b"VideoHandler\0" if video else b"SoundHandler\0"
        hdlr = _full(b"hdlr", 0, 0, bytes(4) + (b"vide" if video else b"soun") + bytes(12) + name)
        kind = _full(b"vmhd", 0, 1, bytes(8)) if video else _full(b"smhd", 0, 0, bytes(4))
        dinf = _box(b"dinf", _full(b"dref", 0, 0, _u32(1), _full(b"url ", 0, 1)))
        return _box(b"mdia", mdhd, hdlr, _box(b"minf", kind, dinf, self._stbl(shift)))

    def _stbl(self, shift: int) -> bytes:
        times = self.decode_times
        steps = [following - this for this, following in pairwise(times)]
        steps.append(self.last_duration)
        stts = _runs(steps)
        boxes = [
            _full(b"stsd", 0, 0, _u32(1), self._sample_entry()),
            _full(b"stts", 0, 0, _u32(len(stts) // 2), _table(stts)),
        ]
        if any(self.offsets):
            ctts = _runs(self.offsets)
            boxes.append(_full(b"ctts", 0, 0, _u32(len(ctts) // 2), _table(ctts)))
        if isinstance(self.entry, VideoEntry) and len(self.sync) < len(self.sizes):
            boxes.append(_full(b"stss", 0, 0, _u32(len(self.sync)), _table(self.sync)))
        stsc: list[int] = []
        for number, count in enumerate(self.chunk_counts, 1):
            if not stsc or stsc[-2] != count:
                stsc += (number, count, 1)
        places = [place + shift for place in self.chunk_places]
        boxes += [
            _full(b"stsc", 0, 0, _u32(len(stsc) // 3), _table(stsc)),
            _full(b"stsz", 0, 0, _u32(0, len(self.sizes)), _table(self.sizes)),
            _full(b"co64", 0, 0, _u32(len(places)), np.asarray(places, dtype=">u8").tobytes()),
        ]
        return _box(b"stbl", *boxes)

    def _sample_entry(self) -> bytes:
        entry = self.entry
        assert entry is not None
        if isinstance(entry, AudioEntry):
            return _audio_entry(entry)
        visual = bytes(6) + _u16(1) + bytes(16) + _u16(entry.width, entry.height) + _u32(0x480000, 0x480000)
        boxes = [_box(b"avcC", entry.avcc)]
        if entry.sample_aspect != 1:
            boxes.append(_box(b"pasp", _u32(entry.sample_aspect.numerator, entry.sample_aspect.denominator)))
        if any(value != _UNSPECIFIED for value in entry.colour[:3]):
            boxes.append(_box(b"colr", b"nclx", _u16(*entry.colour[:3]), bytes([entry.colour[3] << 7])))
        return _box(b"avc1", visual, bytes(4) + _u16(1) + bytes(32) + _u16(24, 0xFFFF), *boxes)


def _descriptor(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    return bytes([tag, 0x80 | size >> 21 & 127, 0x80 | size >> 14 & 127, 0x80 | size >> 7 & 127, size & 127]) + body


def _audio_entry(entry: AudioEntry) -> bytes:
    # The rate's field holds 16 bits of whole Hz; 96 kHz does not fit and players read the codec's own header.
    rate = entry.rate << 16 if entry.rate < 1 << 16 else 0
    sound = bytes(6) + _u16(1) + bytes(8) + _u16(entry.channels, 16, 0, 0) + _u32(rate)
    if entry.codec == "opus":
        head = entry.header
        gain_and_family = head[10:12], head[12:16], head[16:18]
        swapped = b"".join([part[::-1] for part in gain_and_family])
        return _box(b"Opus", sound, _box(b"dOps", bytes([0, head[9]]), swapped, head[18:]))
    header = _descriptor(5, entry.header) if entry.header else b""
    config = _descriptor(4, bytes([_OBJECT_TYPES[entry.codec], 0x15, 0, 0, 0]), bytes(8), header)
    esds = _full(b"esds", 0, 0, _descriptor(3, _u16(0), b"\0", config, _descriptor(6, b"\2")))
    return _box(b"mp4a", sound, esds)


class Mp4Writer:
    """Writes one file: room for the index first, then the samples, then the index into its room."""

    def __init__(self, path: Path, *, index_bytes: int) -> None:
        self._path = path
        self._ftyp = _box(b"ftyp", b"isom", _u32(0x200), b"isomiso2avc1mp41")
        self._room = index_bytes
        self._out = path.open("w+b")
        self._out.write(self._ftyp + bytes(index_bytes + _MDAT_HEADER))
        self._data_at = self._out.tell()
        self.tracks: list[Mp4Track] = []
        self.user_data = b""
        """The movie's udta box, whole; empty for none."""

    def write(self, track: Mp4Track, data: bytes, pts: int, dts: int, *, is_sync: bool) -> None:
        """Take a sample of a track; its dts must not go back."""
        if track.add(data, pts, dts, is_sync=is_sync):
            track.flush(self._out)

    def finish(self) -> None:
        """Write the index in front, and see that everything is on the disk; closes the file."""
        for track in self.tracks:
            track.flush(self._out)
        size = self._out.tell() - self._data_at
        tracks = [track for track in self.tracks if track.sizes]
        index = self._index(tracks, 0)
        shift = 0
        if len(index) + 8 > self._room:
            shift = len(index) + 8 - self._room
            index = self._index(tracks, shift)
            self._move(shift)
        room = self._room + shift
        free = room - len(index)
        self._out.seek(0)
        self._out.write(self._ftyp + index + free.to_bytes(4, "big") + b"free" + bytes(free - 8))
        self._out.write(_u32(1) + b"mdat" + (size + _MDAT_HEADER).to_bytes(8, "big"))
        self._out.flush()
        os.fsync(self._out.fileno())
        self._out.close()

    def abandon(self) -> None:
        """Close and remove what was written."""
        self._out.close()
        self._path.unlink(missing_ok=True)

    def _index(self, tracks: list[Mp4Track], shift: int) -> bytes:
        timescale = tracks[0].timescale
        duration = round(max(track.duration for track in tracks) * timescale)
        mvhd = _full(
            b"mvhd",
            1,
            0,
            bytes(16) + _u32(timescale) + duration.to_bytes(8, "big") + _u32(0x10000) + _u16(0x100) + bytes(10),
            _u32(*_MATRIX) + bytes(24) + _u32(len(tracks) + 1),
        )
        traks = [track.trak(number, timescale, shift) for number, track in enumerate(tracks, 1)]
        return _box(b"moov", mvhd, *traks, self.user_data)

    def _move(self, shift: int) -> None:
        """Write the file again with more room in front: the index came out larger than was thought."""
        wider = self._path.with_name(self._path.name + ".wider")
        with wider.open("w+b") as out:
            out.write(bytes(self._data_at + shift))
            self._out.seek(self._data_at)
            shutil.copyfileobj(self._out, out, _COPY_BYTES)
        self._out.close()
        wider.replace(self._path)
        self._out = self._path.open("r+b")
