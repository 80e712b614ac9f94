"""Files as footage: one, or several that follow each other, as a broadcast day comes in hour files.

Files of one format make one epoch with a running timeline: where a file (or a part of it) counts its time anew, it is
put right after what came before; where it goes on counting, its own time is kept. A change of format begins another
epoch. What can't be decoded for want of what went before (pictures ahead of the first keyframe, or shown ahead of
it) is left out, as the recording does, so that frame n is the n-th that a decoder gives.

Everything is demuxed once, at first use, to know every frame's time (8 bytes a frame); nothing is decoded.
"""

import re
import threading
from array import array
from base64 import b64encode
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from typing import Any, Final

import av
import structlog

from streamproc.errors import SourceError, SourceUnsupported
from streamproc.media.cues import CuePlacer, HeardCue, pick_cue_streams
from streamproc.media.fields import may_split_fields, whole_frames
from streamproc.media.footage import Epoch, Format, MediaPacket, Track
from streamproc.media.probe import (
    Packet,
    base_of,
    demuxed,
    format_of,
    pick_tracks,
)
from streamproc.media.reformat import FormatWatch, Streams
from streamproc.media.source import open_container
from streamproc.media.timestamps import MPEGTS_WRAP, Mended, Stamp, Timeline
from streamproc.messages import CueMessage
from streamproc.timebase import to_ns

log = structlog.get_logger()

AUDIO_BEFORE: Final = Fraction(1, 2)
"""Audio of so many seconds before a keyframe comes with it."""
_READ_ERRORS: Final = 16  # broken places in a row after which a file is taken to be over
# Formats without an index, where a position in bytes is exact; a time in FLV is found only by reading all before it.
_BYTE_SEEK: Final = frozenset({"mpegts", "mpeg", "flv"})
VIDEO_SUFFIXES: Final = frozenset(
    (".ts", ".m2ts", ".mts", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".flv", ".avi", ".mpg", ".mpeg", ".vob", ".mxf")
)
"""Names of files in a folder that are taken to be video."""


def find_sources(source: str) -> list[Path]:
    """Return the files that ``source`` names: itself, or of a folder its video files in natural order.

    Raises SourceUnsupported when there is nothing.
    """
    path = Path(source)
    if not path.is_dir():
        return [path]
    files = [entry for entry in path.iterdir() if entry.suffix.lower() in VIDEO_SUFFIXES and entry.is_file()]
    if not files:
        raise SourceUnsupported(f"{source}: the folder holds no video files")
    return sorted(files, key=lambda entry: _natural(entry.name))


def transport_pid(path: Path) -> int | None:
    """Return the PID of a transport stream's video; None when the file is none. Raises SourceError."""
    with closing(open_container(str(path))) as container:
        video, _ = pick_tracks(container, str(path))
        return int(video.id) if container.format.name == "mpegts" else None


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort hour_2 before hour_10."""
    return [(int(part), "") if part.isdigit() else (-1, part.lower()) for part in re.split(r"(\d+)", name) if part]


class _Tape:
    """One open file, read packet by packet."""

    def __init__(self, path: Path, *, with_audio: bool, with_cues: bool = False) -> None:
        self.path = path
        self.container = open_container(str(path))
        try:
            video, audio = pick_tracks(self.container, str(path))
        except SourceUnsupported:
            self.container.close()
            raise
        self.streams = Streams(video, audio)
        self.video_index = video.index
        self._selected: list[Any] = [video] if audio is None or not with_audio else [video, audio]
        if audio is not None and not with_audio:
            audio.discard = av.stream.Discard.all
        cues = pick_cue_streams(self.container, video) if with_cues else []
        self.cue_indexes = frozenset(stream.index for stream in cues)
        self._selected += cues

    def close(self) -> None:
        self.container.close()

    def rewind(self) -> None:
        """Begin at the start again."""
        self.container.close()
        again = _Tape(self.path, with_audio=len(self._selected) > 1)
        self.container, self.streams, self._selected = again.container, again.streams, again._selected

    def timeline(self) -> Timeline[Packet]:
        video, audio = self.streams.video, self.streams.audio
        bases = (base_of(self.container, video), None if audio is None else base_of(self.container, audio))
        return Timeline(*bases, join=True)

    def placer(self) -> CuePlacer:
        return CuePlacer(base_of(self.container, self.streams.video))

    def seek(self, raw_dts: int, position: int) -> bool:
        """Go to a keyframe or somewhere before it; tell whether the file could."""
        try:
            if self.container.format.name in _BYTE_SEEK and position >= 0:
                self.container.seek(position, unsupported_byte_offset=True)
            else:
                self.container.seek(raw_dts, stream=self.streams.video)
        except av.FFmpegError:
            return False
        return True

    def packets(self) -> Iterator[Packet]:
        """Yield whole frames and audio packets; broken places are skipped, a torn end is the end."""
        if may_split_fields(self.container, self.streams.video):
            return whole_frames(self._demuxed(), self.streams.video)
        return self._demuxed()

    def _demuxed(self) -> Iterator[Packet]:
        broken = 0
        while broken < _READ_ERRORS:
            try:
                for packet in demuxed(self.container, self._selected):
                    broken = 0
                    yield packet
            except av.FFmpegError as error:
                broken += 1
                if broken == 1:
                    log.warning("file.damaged", path=str(self.path), error=error.strerror)
            else:
                return


class _Gate:
    """Lets video through from the first keyframe on, without the pictures that are shown ahead of it."""

    def __init__(self) -> None:
        self._open = False
        self._first_pts: int | None = None  # of the first keyframe, until the next one

    @property
    def is_first(self) -> bool:
        """Whether no keyframe has come after the first one."""
        return self._first_pts is not None

    def passes(self, packet: Packet) -> bool:
        if packet.is_keyframe:
            if self._open:
                self._first_pts = None
            elif packet.pts is not None:
                self._first_pts = packet.pts
            self._open = True
            return True
        if not self._open:
            return False
        return self._first_pts is None or packet.pts is None or packet.pts > self._first_pts


@dataclass(slots=True)
class _Index:
    """Where every frame and keyframe of an epoch is. Ticks are of the video's time base, from the epoch's time 0."""

    format: Format
    zero: int = 0  # the epoch's time 0 on the timeline
    packets: int = 0  # video packets, decoded or not
    step: int = 1  # length of the last frame
    ends_inside: bool = False  # the last file holds something else after it
    frame_pts: "array[int]" = field(default_factory=lambda: array("q"))  # sorted
    key_pts: "array[int]" = field(default_factory=lambda: array("q"))
    key_dts: "array[int]" = field(default_factory=lambda: array("q"))
    key_raw_pts: "array[int]" = field(default_factory=lambda: array("q"))
    key_raw_dts: "array[int]" = field(default_factory=lambda: array("q"))  # as the file has it
    key_position: "array[int]" = field(default_factory=lambda: array("q"))  # byte in its file, -1 if not known
    key_packet: "array[int]" = field(default_factory=lambda: array("q"))  # video packets before it
    key_gated: "array[int]" = field(default_factory=lambda: array("b"))  # 1 if pictures shown ahead of it are left out
    key_file: "array[int]" = field(default_factory=lambda: array("i"))
    cues: list[HeardCue] = field(default_factory=list)

    @property
    def end(self) -> int:
        """Ticks after the last frame."""
        return self.frame_pts[-1] + self.step if self.frame_pts else 0

    def add(self, mended: Mended[Packet], file: int, *, gated: bool) -> None:
        """Take in a video packet, which still has its raw timestamps."""
        packet = mended.packet
        if packet.is_keyframe:
            self.key_pts.append(mended.pts)
            self.key_dts.append(mended.dts)
            self.key_raw_pts.append(_raw_dts(packet) if packet.pts is None else packet.pts)
            self.key_raw_dts.append(_raw_dts(packet))
            self.key_position.append(-1 if packet.pos is None else packet.pos)
            self.key_packet.append(self.packets)
            self.key_gated.append(gated)
            self.key_file.append(file)
        self.packets += 1
        if packet.is_discard:
            return  # decoders need it, and don't give it out
        self.step = packet.duration or self.step
        pts, frames = mended.pts, self.frame_pts
        if not frames or pts > frames[-1]:
            frames.append(pts)
        else:
            insort(frames, pts)

    def finish(self) -> None:
        """Let the first presented frame be time 0."""
        self.zero = self.frame_pts[0]
        for name in ("frame_pts", "key_pts", "key_dts"):
            setattr(self, name, array("q", [ticks - self.zero for ticks in getattr(self, name)]))

    def is_key(self, number: int, packet: Packet) -> bool:
        """Tell whether a keyframe read from the file is the one of this number."""
        position = self.key_position[number]
        return self.key_raw_dts[number] == _raw_dts(packet) and position in (-1, packet.pos)


def _raw_dts(packet: Packet) -> int:
    if packet.dts is not None:
        return packet.dts
    return 0 if packet.pts is None else packet.pts


class _Seam:
    """Puts the video of consecutive files on one timeline, without the pictures that can't be decoded."""

    def __init__(self, timeline: Timeline[Packet], *, gated: bool) -> None:
        self.timeline = timeline
        self._gate = _Gate() if gated else None
        self._at_file_start = False

    @property
    def gated(self) -> bool:
        """Whether pictures shown ahead of the keyframe that has just passed are left out."""
        return self._gate is not None and self._gate.is_first

    def next_file(self) -> None:
        """What comes now is from another file."""
        self._gate, self._at_file_start = None, True

    def take(self, packet: Packet) -> Sequence[Mended[Packet]]:
        """Take in a video packet; return those whose times are now known."""
        stamp = Stamp(packet.pts, packet.dts)
        if self._at_file_start:
            self._at_file_start = False
            self._gate = None if self.timeline.continues(stamp) else _Gate()
        if self._gate is not None and not self._gate.passes(packet):
            return ()
        return self.timeline.push(Track.VIDEO, stamp, packet)


class _Scan:
    """Demuxes the files once, in order, and writes down where everything is."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._found: list[_Index] = []
        self._index: _Index | None = None
        self._seam: _Seam | None = None

    def run(self) -> list[_Index]:
        """Return an index for each epoch. Raises SourceError when no file can be read."""
        failure: SourceError | None = None
        for number, path in enumerate(self._paths):
            try:
                tape = _Tape(path, with_audio=False, with_cues=True)
            except SourceError as error:
                failure = error
                log.warning("file.skipped", path=str(path), error=str(error))
                self._close_epoch()  # what was in it is missing, so what follows is no continuation
                continue
            with closing(tape):
                self._scan(tape, number)
        self._close_epoch()
        if not self._found:
            raise failure or SourceUnsupported(f"{self._paths[0]}: no picture in it can be decoded")
        return self._found

    def _scan(self, tape: _Tape, file: int) -> None:
        watch = FormatWatch(tape.container.format.name, tape.streams)
        coding = format_of(tape.streams.video, tape.streams.audio)
        if self._index is None or self._seam is None or not _same_coding(self._index.format, coding):
            index, seam = self._begin_epoch(tape, coding)
        else:
            index, seam = self._index, self._seam
            seam.next_file()
        cues = tape.placer()
        for packet in tape.packets():
            if packet.stream_index in tape.cue_indexes:
                cues.hear(bytes(packet))
                continue
            streams = watch.renew([packet], tape.video_index) if watch.changed(packet, is_video=True) else None
            if streams is not None:
                index.ends_inside = True
                index, seam = self._begin_epoch(tape, format_of(streams.video, streams.audio))
            for mended in seam.take(packet):
                index.add(mended, file, gated=seam.gated)
            index.cues += cues.place(seam.timeline.reading())

    def _begin_epoch(self, tape: _Tape, coding: Format) -> tuple[_Index, _Seam]:
        self._close_epoch()
        self._index, self._seam = _Index(coding), _Seam(tape.timeline(), gated=True)
        return self._index, self._seam

    def _close_epoch(self) -> None:
        if self._index is not None and self._index.frame_pts and self._index.key_pts:
            self._index.finish()
            self._found.append(self._index)
        self._index = self._seam = None


def _same_coding(one: Format, other: Format) -> bool:
    """Tell whether a decoder, and a reader of times, can go from one to the other."""

    def essence(value: Format) -> tuple[object, ...]:
        video, audio = value.video, value.audio
        header = b"" if video.codec == "mpeg2video" else video.extradata  # MPEG-2 repeats it in band, with its bit rate
        sound = None if audio is None else (audio.codec, audio.time_base, audio.rate, audio.layout, audio.extradata)
        return video.codec, video.width, video.height, video.time_base, header, sound

    return essence(one) == essence(other)


class _Reader:
    """Reads an epoch's packets again from one of its keyframes on."""

    def __init__(self, index: _Index, paths: Sequence[Path], key: int) -> None:
        self._index = index
        self._paths = paths
        # Sound is often written a little ahead of its picture: begin one keyframe earlier and leave its video out.
        same_file = key > 0 and index.key_file[key - 1] == index.key_file[key]
        self._from = key - 1 if same_file else key
        self._video_from = index.key_packet[key]
        self._video_given = index.key_packet[self._from]
        base = index.format.video.time_base
        self._audio_from = index.key_pts[key] * base - AUDIO_BEFORE
        audio = index.format.audio
        self._audio_base = Fraction(1) if audio is None else audio.time_base
        self._audio_zero = round(index.zero * base / self._audio_base)
        self._unsure: list[MediaPacket] = []  # frames that only help to decode later ones, should there be any

    def read(self) -> Iterator[MediaPacket]:
        """Yield the packets as they stand in the files."""
        index = self._index
        first, last = index.key_file[self._from], index.key_file[-1]
        seam: _Seam | None = None
        for file in range(first, last + 1):
            with closing(_Tape(self._paths[file], with_audio=True)) as tape:
                if seam is None:
                    seam = self._resumed(tape)
                    packets = _from_key(tape, index, self._from)
                else:
                    seam.next_file()
                    packets = tape.packets()
                for packet in packets:
                    yield from self._placed(packet, seam, is_video=packet.stream_index == tape.video_index)
                    if index.ends_inside and self._video_given >= index.packets:
                        return

    def _resumed(self, tape: _Tape) -> _Seam:
        index, key = self._index, self._from
        seam = _Seam(tape.timeline(), gated=bool(index.key_gated[key]))
        seam.timeline.resume(index.key_raw_dts[key], index.key_dts[key] + index.zero)
        return seam

    def _placed(self, packet: Packet, seam: _Seam, *, is_video: bool) -> Iterator[MediaPacket]:
        if not is_video:
            for mended in seam.timeline.push(Track.AUDIO, Stamp(packet.pts, packet.dts), packet):
                if (mended.pts - self._audio_zero) * self._audio_base >= self._audio_from:
                    yield _media_packet(mended, self._audio_zero)
            return
        for mended in seam.take(packet):
            self._video_given += 1
            if self._video_given <= self._video_from:
                continue
            self._unsure.append(_media_packet(mended, self._index.zero))
            if not mended.packet.is_discard:
                yield from self._unsure
                self._unsure.clear()


def _from_key(tape: _Tape, index: _Index, key: int) -> Iterator[Packet]:
    """Yield what comes from a keyframe on, and audio read before it; from the start of the file if it must be."""
    if not _sought(tape, index, key):
        tape.rewind()
    found = False
    for packet in tape.packets():
        if packet.stream_index == tape.video_index and not found:
            found = packet.is_keyframe and index.is_key(key, packet)
            if not found:
                continue
        yield packet


def _sought(tape: _Tape, index: _Index, key: int) -> bool:
    """Seek to a keyframe and make sure that it, or one before it, comes next: of some files the index is wrong."""
    if key == 0 or index.key_file[key - 1] != index.key_file[key]:
        return True  # the first of its file: no need
    if not tape.seek(index.key_raw_dts[key], index.key_position[key]):
        return False
    for packet in tape.packets():
        if packet.stream_index == tape.video_index and packet.is_keyframe:
            return tape.seek(index.key_raw_dts[key], index.key_position[key]) and (
                index.is_key(key, packet) or _raw_dts(packet) < index.key_raw_dts[key]
            )
    return False


def _media_packet(mended: Mended[Packet], zero: int) -> MediaPacket:
    packet = mended.packet
    return MediaPacket(
        mended.track,
        mended.pts - zero,
        mended.dts - zero,
        packet.duration or 0,
        packet.is_keyframe,
        bytes(packet),
    )


class FileEpoch:
    """One unbroken timeline in files; implements Epoch."""

    def __init__(self, number: int, index: _Index, paths: Sequence[Path], utc_zero_ns: int | None = None) -> None:
        self._utc_zero_ns = utc_zero_ns
        self._number = number
        self._index = index
        self._paths = paths
        self._base = index.format.video.time_base

    @property
    def id(self) -> int:
        """Number of this epoch in its footage, from 1."""
        return self._number

    @property
    def format(self) -> Format:
        """How it is coded."""
        return self._index.format

    @property
    def utc_zero_ns(self) -> int | None:
        """As it was told; a file does not know it."""
        return self._utc_zero_ns

    @property
    def frames(self) -> int:
        """How many frames a decoder gives."""
        return len(self._index.frame_pts)

    def end(self) -> Fraction:
        """Return the time after the last frame."""
        return self._index.end * self._base

    def has_ended(self) -> bool:
        """Return True: a file does not grow."""
        return True

    def packets(self, start: Fraction = Fraction(0)) -> Iterator[MediaPacket]:
        """Yield everything, in the files' order, from the last keyframe presented at or before ``start``.

        Raises SourceError when a file has gone.
        """
        key = max(bisect_right(self._index.key_pts, floor(start / self._base)) - 1, 0)
        return _Reader(self._index, self._paths, key).read()

    def keyframes(self, after: Fraction | None = None) -> Iterator[MediaPacket]:
        """Yield the keyframes presented later than ``after`` in one sequential pass that skips audio."""
        index = self._index
        key = 0 if after is None else bisect_right(index.key_pts, floor(after / self._base))
        while key < len(index.key_pts):
            file = index.key_file[key]
            with closing(_Tape(self._paths[file], with_audio=False)) as tape:
                for packet in _from_key(tape, index, key):
                    if packet.is_keyframe and index.is_key(key, packet):
                        yield MediaPacket(
                            Track.VIDEO,
                            index.key_pts[key],
                            index.key_dts[key],
                            packet.duration or 0,
                            True,
                            bytes(packet),
                        )
                        key += 1
                        if key == len(index.key_pts) or index.key_file[key] != file:
                            break
                else:
                    key = bisect_right(index.key_file, file)  # the file has changed since it was scanned

    def keyframe_times(self, start: Fraction, end: Fraction) -> list[Fraction]:
        """Return the presentation times of the keyframes within [start, end)."""
        keys = self._index.key_pts
        first, last = bisect_left(keys, ceil(start / self._base)), bisect_left(keys, ceil(end / self._base))
        return [pts * self._base for pts in keys[first:last]]

    def count_at(self, time: Fraction) -> int:
        """Return what the file itself counts at the frame shown at ``time``, in ticks of its video.

        Raises SourceUnsupported when its count jumps: then no count stands for one time.
        """
        index = self._index
        offsets = {(raw - pts) % MPEGTS_WRAP for raw, pts in zip(index.key_raw_pts, index.key_pts, strict=True)}
        if len(offsets) > 1:
            raise SourceUnsupported(f"{self._paths[0]}: its count of time jumps; cut it apart where it does")
        return (offsets.pop() + floor(time / self._base)) % MPEGTS_WRAP

    def cues(self, after: int | None = None) -> Sequence[CueMessage]:
        """Return the cues in the files; only those of a number above ``after``, if given."""
        first = 0 if after is None else after + 1
        return [self._message(number, cue) for number, cue in enumerate(self._index.cues)][first:]

    def _message(self, number: int, cue: HeardCue) -> CueMessage:
        zero, offset = self._index.zero, cue.count_offset
        return CueMessage(
            number=number,
            sent=(cue.sent - zero) * self._base,
            pts_zero=None if offset is None else (zero - offset) % MPEGTS_WRAP,
            at=None if cue.at is None else (cue.at - zero) * self._base,
            kind=cue.kind,
            duration=cue.duration,
            origin=cue.origin,
            payload=b64encode(cue.section).decode(),
        )

    def frame_number(self, time: Fraction) -> int:
        """Return how many frames are presented before ``time``."""
        return bisect_left(self._index.frame_pts, ceil(time / self._base))


class FileFootage:
    """Consecutive files as footage; implements Footage. They are scanned when first asked for."""

    def __init__(self, paths: Sequence[Path], utc_zero_ns: int | None = None) -> None:
        """utc_zero_ns: the wall time of the first frame, where somebody knows it; epochs follow without gaps."""
        self._paths = tuple(paths)
        self._utc_zero_ns = utc_zero_ns
        self._scanning = threading.Lock()
        self._epochs: list[FileEpoch] | None = None

    def epochs(self) -> Sequence[Epoch]:
        """Return the epochs. Raises SourceError when none of the files can be read."""
        return self._scanned()

    def has_ended(self) -> bool:
        """Return True: files don't grow."""
        return True

    @property
    def duration(self) -> Fraction:
        """Length of all epochs together, seconds."""
        return sum((epoch.end() for epoch in self._scanned()), Fraction(0))

    @property
    def frame_rate(self) -> Fraction | None:
        """Nominal frames a second of the first epoch; None when it can't be told."""
        return self._scanned()[0].format.video.rate

    def _scanned(self) -> list[FileEpoch]:
        with self._scanning:
            if self._epochs is None:
                epochs: list[FileEpoch] = []
                zero_ns = self._utc_zero_ns
                for number, index in enumerate(_Scan(self._paths).run(), 1):
                    epochs.append(FileEpoch(number, index, self._paths, zero_ns))
                    zero_ns = None if zero_ns is None else zero_ns + to_ns(epochs[-1].end())
                self._epochs = epochs
            return self._epochs
