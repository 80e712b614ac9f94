"""Fragmented MP4 as our recording writes it: built and parsed here, a few boxes and no more.

A file is ``ftyp`` ``uuid`` ``moov`` and then fragments, each ``prft`` ``moof`` ``mdat``. The ``uuid`` box carries the
recording's own description of the file, so that an index can be rebuilt from the files alone; players skip it. The
``moov`` comes from libavformat, which knows the sample entry of every codec. The fragments are ours, because their
times must be exact and they must be on the disk at once. docs/decisions/0002-fragmented-mp4.md says why.

Sources: ISO/IEC 14496-12 (boxes), 8.16.5 for ``prft``; 14496-15 (length-prefixed NAL units).
"""

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from streamproc.errors import RecordingError

Bytes: TypeAlias = "bytes | bytearray | memoryview"

VIDEO_ID = 1
"""track_ID of the video in every file."""
AUDIO_ID = 2
"""track_ID of the audio in every file that has any."""

_BOX = struct.Struct(">I4s")
_RECORDING_UUID = bytes.fromhex("b2f6f7a49cf04d1b8d1f5b8f2f0c7a11")
_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
_VISUAL_ENTRY_SIZE = 78  # fixed fields of a VisualSampleEntry before its boxes

_PRFT = struct.Struct(">I4sIIQQ")
_MFHD = struct.Struct(">I4sII")
_TFHD = struct.Struct(">I4sII")
_TFDT = struct.Struct(">I4sIQ")
_TRUN = struct.Struct(">I4sIIi")
_FULL_SAMPLE = struct.Struct(">IIIi")  # duration, size, flags, composition offset
_PLAIN_SAMPLE = struct.Struct(">II")  # duration, size
_TFHD_BASE_IS_MOOF = 0x020000
_TRUN_FULL = 0x01000F01  # version 1 (signed offsets); data offset, duration, size, flags, composition offset
_TRUN_PLAIN = 0x01000301  # version 1; data offset, duration, size
_PRFT_VERSION_1 = 0x01000018  # flags 24: the wall time is when the media was captured, as far as can be told
_SYNC = 0x02000000  # depends on no other sample
_NOT_SYNC = 0x01010000  # depends on others; not a sync sample
_IS_NOT_SYNC_BIT = 0x00010000
_MOOF_OFFSET = _PRFT.size
_NTP_1970 = 2_208_988_800
_NS = 1_000_000_000
HEAD_SIZE = 4096
"""Bytes that hold everything of a usual fragment up to its media data."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One coded frame in a fragment; true times in ticks of its track's timescale."""

    dts: int
    pts: int
    duration: int
    is_keyframe: bool
    offset: int
    """Bytes from the start of the fragment (its ``prft`` box)."""
    size: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """What the boxes before the media data of one fragment say."""

    size: int
    """Bytes of the whole fragment with its media data."""
    utc_zero_ns: int
    """Wall time of presentation time 0, as known when it was written."""
    video: list[Sample]
    audio: list[Sample]


@dataclass(slots=True)
class Run:
    """The samples of one track that wait to be written; true times in ticks of the track's timescale."""

    dts: list[int] = field(default_factory=list)
    pts: list[int] = field(default_factory=list)
    keys: list[bool] = field(default_factory=list)
    data: list[Bytes] = field(default_factory=list)

    def durations(self, next_dts: int) -> list[int]:
        """Return each sample's distance to the next one; ``next_dts`` is where the run's successor begins."""
        ends = [*self.dts[1:], next_dts]
        return [max(0, end - begin) for begin, end in zip(self.dts, ends, strict=True)]

    def clear(self) -> None:
        """Forget the samples, which were written."""
        self.dts, self.pts, self.keys, self.data = [], [], [], []


@dataclass(frozen=True, slots=True)
class VideoTime:
    """How the video's times stand in the files of an epoch.

    Decoding begins before presentation where frames are reordered, but a fragment can't hold a negative time. So the
    video's times are greater in the file, and an edit list takes that back.
    """

    timescale: int
    """Ticks a second."""
    shift: int
    """By how many ticks the file's times are greater than the true ones."""


def build_fragment(
    sequence: int, time: VideoTime, utc_zero_ns: int, video: tuple[Run, int], audio: tuple[Run, int]
) -> bytes:
    """Return one fragment.

    sequence: number of the fragment in its file, from 1. utc_zero_ns: wall time of presentation time 0. video, audio:
    the samples (either may be empty) and the decoding time of what follows them. Composition times are relative to a
    decoding time that is the running sum of the durations, so that presentation times are exact even where decoding
    times did not rise.
    """
    tracks = [
        (track_id, run, run.durations(next_dts), shift)
        for track_id, (run, next_dts), shift in ((VIDEO_ID, video, time.shift), (AUDIO_ID, audio, 0))
        if run.data
    ]
    moof_size = 8 + _MFHD.size + sum(_traf_size(track_id, len(run.data)) for track_id, run, _, _ in tracks)
    data_offset = moof_size + 8
    boxes: list[Bytes] = []
    chunks: list[Bytes] = []
    for track_id, run, durations, shift in tracks:
        boxes.append(_traf(track_id, run, durations, shift, data_offset))
        data_offset += sum(map(len, run.data))
        chunks += run.data
    media_time = video[0].pts[0] if video[0].data else 0
    return b"".join(
        (
            _prft(time, utc_zero_ns, media_time),
            _BOX.pack(moof_size, b"moof"),
            _MFHD.pack(_MFHD.size, b"mfhd", 0, sequence),
            *boxes,
            _BOX.pack(data_offset - moof_size, b"mdat"),
            *chunks,
        )
    )


def _traf_size(track_id: int, count: int) -> int:
    sample = _FULL_SAMPLE if track_id == VIDEO_ID else _PLAIN_SAMPLE
    return 8 + _TFHD.size + _TFDT.size + _TRUN.size + count * sample.size


def _traf(track_id: int, run: Run, durations: Sequence[int], shift: int, data_offset: int) -> bytes:
    count = len(run.data)
    sizes = map(len, run.data)
    if track_id == VIDEO_ID:
        flags = _TRUN_FULL
        samples = b"".join(
            _FULL_SAMPLE.pack(duration, size, _SYNC if key else _NOT_SYNC, composition)
            for duration, size, key, composition in zip(
                durations, sizes, run.keys, _compositions(run, durations), strict=True
            )
        )
    else:
        flags = _TRUN_PLAIN
        samples = b"".join(map(_PLAIN_SAMPLE.pack, durations, sizes))
    return b"".join(
        (
            _BOX.pack(_traf_size(track_id, count), b"traf"),
            _TFHD.pack(_TFHD.size, b"tfhd", _TFHD_BASE_IS_MOOF, track_id),
            _TFDT.pack(_TFDT.size, b"tfdt", 0x01000000, run.dts[0] + shift),
            _TRUN.pack(_TRUN.size + len(samples), b"trun", flags, count, data_offset),
            samples,
        )
    )


def _compositions(run: Run, durations: Sequence[int]) -> Iterator[int]:
    dts = run.dts[0]
    for pts, duration in zip(run.pts, durations, strict=True):
        yield pts - dts
        dts += duration


def _prft(time: VideoTime, utc_zero_ns: int, media_time: int) -> bytes:
    wall_ns = utc_zero_ns + media_time * _NS // time.timescale
    seconds, rest_ns = divmod(wall_ns, _NS)
    # NTP counts 32 bits of seconds since 1900, which begin anew in 2036; parsing takes them as 1970 to 2106.
    ntp = ((seconds + _NTP_1970) % (1 << 32) << 32) | min((rest_ns << 32) // _NS + 1, 0xFFFFFFFF)
    return _PRFT.pack(_PRFT.size, b"prft", _PRFT_VERSION_1, VIDEO_ID, ntp, media_time + time.shift)


def fragment_head_size(head: bytes) -> int | None:
    """Return how many bytes the boxes before the media data take, or None when ``head`` is too short to tell.

    head: the first bytes of a fragment. Raises RecordingError when they are not one's.
    """
    if len(head) < _MOOF_OFFSET + 8:
        return None
    size, kind = _BOX.unpack_from(head, 0)
    moof_size, moof = _BOX.unpack_from(head, _MOOF_OFFSET)
    if size != _PRFT.size or kind != b"prft" or moof != b"moof":
        raise RecordingError(f"not a fragment of a recording: it begins with {bytes(head[:8])!r}")
    return _MOOF_OFFSET + int(moof_size) + 8


def parse_fragment(head: bytes, time: VideoTime) -> Fragment:
    """Parse a fragment's boxes. head: at least ``fragment_head_size`` bytes from the fragment's start.

    Raises RecordingError when it is damaged.
    """
    try:
        return _parse_fragment(head, time)
    except struct.error as error:
        raise RecordingError(f"a fragment of the recording is damaged: {error}") from error


def _parse_fragment(head: bytes, time: VideoTime) -> Fragment:
    _, _, _, _, ntp, media_time = _PRFT.unpack_from(head, 0)
    moof_end = _MOOF_OFFSET + _BOX.unpack_from(head, _MOOF_OFFSET)[0]
    mdat_size, mdat = _BOX.unpack_from(head, moof_end)
    if mdat != b"mdat":
        raise RecordingError(f"a fragment of the recording is damaged: mdat expected, {mdat!r} found")
    samples: dict[int, list[Sample]] = {VIDEO_ID: [], AUDIO_ID: []}
    at = _MOOF_OFFSET + 8 + _MFHD.size
    while at < moof_end:
        size, kind = _BOX.unpack_from(head, at)
        if kind != b"traf" or size < 8:
            raise RecordingError(f"a fragment of the recording is damaged: traf expected, {kind!r} found")
        track_id = _TFHD.unpack_from(head, at + 8)[3]
        samples[track_id] = _parse_run(head, at + 8 + _TFHD.size, time.shift if track_id == VIDEO_ID else 0)
        at += size
    seconds = ((ntp >> 32) - _NTP_1970) % (1 << 32)
    wall_ns = seconds * _NS + ((ntp & 0xFFFFFFFF) * _NS >> 32)
    return Fragment(
        size=moof_end + int(mdat_size),
        utc_zero_ns=wall_ns - (media_time - time.shift) * _NS // time.timescale,
        video=samples[VIDEO_ID],
        audio=samples[AUDIO_ID],
    )


def _parse_run(head: bytes, at: int, shift: int) -> list[Sample]:
    dts = _TFDT.unpack_from(head, at)[3] - shift
    _, kind, flags, count, offset = _TRUN.unpack_from(head, at + _TFDT.size)
    if kind != b"trun" or flags not in (_TRUN_FULL, _TRUN_PLAIN):
        raise RecordingError(f"a fragment of the recording is damaged: trun expected, {kind!r} {flags:#x} found")
    at += _TFDT.size + _TRUN.size
    offset += _MOOF_OFFSET
    samples = []
    if flags == _TRUN_FULL:
        table = memoryview(head)[at : at + count * _FULL_SAMPLE.size]
        for duration, size, sample_flags, composition in _FULL_SAMPLE.iter_unpack(table):
            key = not sample_flags & _IS_NOT_SYNC_BIT
            samples.append(Sample(dts, dts + composition, duration, key, offset, size))
            dts += duration
            offset += size
    else:
        table = memoryview(head)[at : at + count * _PLAIN_SAMPLE.size]
        for duration, size in _PLAIN_SAMPLE.iter_unpack(table):
            samples.append(Sample(dts, dts, duration, True, offset, size))
            dts += duration
            offset += size
    if len(samples) != count:
        raise RecordingError("a fragment of the recording is damaged: its list of samples is cut off")
    return samples


def fragments(fd: int, start: int, end: int, time: VideoTime) -> Iterator[tuple[int, Fragment]]:
    """Yield each whole fragment of an open file within [start, end) and where it begins.

    Raises RecordingError at one that is damaged.
    """
    while True:
        head = os.pread(fd, HEAD_SIZE, start)
        size = fragment_head_size(head)
        if size is not None and size > len(head):
            head = os.pread(fd, size, start)
        if size is None or size > len(head):
            return
        fragment = parse_fragment(head, time)
        if start + fragment.size > end:
            return
        yield start, fragment
        start += fragment.size


def build_header(muxed: bytes, time: VideoTime, audio_timescale: int | None, description: bytes) -> bytes:
    """Return a file's beginning, from what libavformat muxed and our own description of the file.

    muxed: an MP4 by libavformat, whose ``ftyp`` and ``moov`` are taken. audio_timescale: ticks a second; None where
    there is no audio (libavformat would always take the sample rate). description: goes into ``uuid``.
    """
    top = {kind: (start, end) for kind, start, end in boxes(muxed)}
    ftyp = muxed[slice(*top[b"ftyp"])]
    begin, end = top[b"moov"]
    moov = bytearray(muxed[begin:end])
    timescales = [time.timescale] if audio_timescale is None else [time.timescale, audio_timescale]
    for (start, _), timescale in zip(_find(moov, (b"moov", b"trak", b"mdia", b"mdhd")), timescales, strict=True):
        at = start + (28 if moov[start + 8] == 1 else 20)  # version 1 has 64-bit dates
        struct.pack_into(">I", moov, at, timescale)
    if time.shift:
        _insert_edit_list(moov, time.shift)
    uuid = _BOX.pack(24 + len(description), b"uuid") + _RECORDING_UUID + description
    return b"".join((ftyp, uuid, moov))


def _insert_edit_list(moov: bytearray, media_time: int) -> None:
    """Let the first track's presentation begin at ``media_time`` of its own time."""
    track, _ = next(_find(moov, (b"moov", b"trak")))
    _, tkhd_end = next(_find(moov, (b"moov", b"trak", b"tkhd")))
    elst = struct.pack(">I4sIIQqHH", 36, b"elst", 0x01000000, 1, 0, media_time, 1, 0)
    edts = _BOX.pack(8 + len(elst), b"edts") + elst
    moov[tkhd_end:tkhd_end] = edts
    for at in (0, track):
        struct.pack_into(">I", moov, at, struct.unpack_from(">I", moov, at)[0] + len(edts))


def parse_header(data: bytes) -> tuple[int, bytes] | None:
    """Return a file's header size and the description in it; None when ``data`` holds no whole header."""
    description = None
    for kind, start, end in boxes(data):
        if kind == b"uuid" and data[start + 8 : start + 24] == _RECORDING_UUID:
            description = data[start + 24 : end]
        if kind == b"moov":
            return (end, description) if description is not None and end <= len(data) else None
    return None


def decoder_configuration(header: bytes) -> bytes:
    """Return the content of ``avcC`` or ``hvcC`` in a header; empty when it has neither."""
    for start, end in _find(header, (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")):
        entry = start + 16
        if header[entry + 4 : entry + 8] not in (b"avc1", b"avc3", b"hvc1", b"hev1"):
            continue
        for kind, begin, stop in boxes(header, entry + 8 + _VISUAL_ENTRY_SIZE, end):
            if kind in (b"avcC", b"hvcC"):
                return bytes(header[begin + 8 : stop])
    return b""


def boxes(data: Bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind, first byte and end of each box that begins within [start, end); the last may be cut off."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = _BOX.unpack_from(data, start)
        if size < 8:
            return
        yield kind, start, start + size
        start += size


def _find(data: Bytes, path: Sequence[bytes], start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    for kind, begin, stop in boxes(data, start, end):
        if kind != path[0]:
            continue
        if len(path) == 1:
            yield begin, stop
        elif kind in _CONTAINERS:
            yield from _find(data, path[1:], begin + 8, stop)


def length_prefixed(annex_b: bytes) -> bytes:
    """Return the NAL units of an Annex B byte stream, each with its length in four bytes before it.

    Zero bytes around start codes are padding: a NAL unit never ends in one (ISO/IEC 14496-10, 7.4.1).
    """
    return b"".join(part for unit in nal_units(annex_b) for part in (len(unit).to_bytes(4, "big"), unit))


def nal_units(annex_b: bytes) -> list[bytes]:
    """Return the NAL units of an Annex B byte stream."""
    units = (part.rstrip(b"\0") for part in annex_b.split(b"\0\0\1")[1:])
    return [unit for unit in units if unit]
