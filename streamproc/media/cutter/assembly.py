"""Cutting clips out of an epoch: exact to the frame, copied but for a few pictures at the ends, checked.

``cut`` is all there is for others; docs/decisions/0004 says how it works and why.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from streamproc.errors import ClipError, ClipStorageError
from streamproc.media.cutter import h264
from streamproc.media.cutter.audio import Sound, SoundTrack, is_copied, sound_track
from streamproc.media.cutter.check import Expectation, check
from streamproc.media.cutter.mp4 import Mp4Track, Mp4Writer, VideoEntry
from streamproc.media.cutter.video import PacketSource, Picture, Unfit, VideoCut
from streamproc.media.footage import Epoch, Format, MediaPacket, Track

PART_SUFFIX = ".part"
"""What the name of a clip that is not whole yet ends in, before the dot that hides it."""
_HASH_BYTES = 1 << 20
_MIN_TIMESCALE = 10_000
_AUDIO_LAG_S = 2
_FASTEST_RATE = 60
_INDEX_HEAD_BYTES = 4096
_INDEX_BYTES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CutReport:
    """What a finished, checked clip holds."""

    frames: int
    """Pictures."""
    duration: Fraction
    """Seconds of video."""
    copied_frames: int
    """Pictures taken over bit by bit."""
    encoded_frames: int
    """Pictures coded anew."""
    sha256: str
    """Of the file, hexadecimal."""
    size_bytes: int
    """Of the file."""
    notes: tuple[str, ...]
    """What could not be copied, and why; empty for an ordinary clip."""


def _never() -> bool:
    return False


def cut(epoch: Epoch, start: Fraction, end: Fraction, out: Path, *, stopping: Callable[[], bool] = _never) -> CutReport:
    """Write the pictures and the sound presented in [start, end) to ``out``, an MP4 file that plays at once.

    start, end: seconds in the epoch; a start before 0 means 0. The file appears under its name only when it is
    whole, on the disk and checked. ``stopping`` is asked now and then whether to give up.
    Raises ClipError (nothing is left behind then), RecordingError or SourceError.
    """
    start = max(start, Fraction(0))
    _check_range(epoch, start, end)
    part = out.with_name(f".{out.name}{PART_SUFFIX}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        report = _cut_checked(_Stoppable(epoch, stopping), start, end, part)
        part.replace(out)
        _sync_folder(out.parent)
    except OSError as error:
        raise ClipStorageError(f"can't write {out}: {error.strerror}; free some space or mend the folder") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return report


def _check_range(epoch: Epoch, start: Fraction, end: Fraction) -> None:
    if end <= start:
        raise ClipError(f"the clip would end at {float(end):.3f} s, not after its start at {float(start):.3f} s")
    there = epoch.end()
    if end > there:
        why = "the recording ends at" if epoch.has_ended() else "not recorded yet: there is footage up to"
        raise ClipError(f"the clip should end at {float(end):.3f} s; {why} {float(there):.3f} s")


def _cut_checked(epoch: PacketSource, start: Fraction, end: Fraction, part: Path) -> CutReport:
    """Cut with as much copied as possible; where that does not hold, code everything anew."""
    notes = []
    if epoch.format.video.codec == "h264":
        try:
            return _Assembly(epoch, start, end, copying=True).run(part)
        except _Stopped:
            raise
        except (Unfit, h264.BitstreamError, ClipError) as error:
            notes.append(f"coded anew in whole: {error}")
    else:
        notes.append(f"coded anew in whole: the source is {epoch.format.video.codec}, the clip H.264")
    assembly = _Assembly(epoch, start, end, copying=False)
    assembly.notes += notes
    try:
        return assembly.run(part)
    except (Unfit, h264.BitstreamError) as error:
        raise ClipError(f"the clip can't be cut: {error}") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Stopped(ClipError):
    """Whoever asked for the clip does not want it any more."""


class _Stoppable:
    """An epoch whose packets end with an error when the cut is to stop."""

    def __init__(self, epoch: Epoch, stopping: Callable[[], bool]) -> None:
        self._epoch = epoch
        self._stopping = stopping

    @property
    def format(self) -> Format:
        """The epoch's."""
        return self._epoch.format

    def packets(self, start: Fraction) -> Iterator[MediaPacket]:
        """Yield the epoch's packets."""
        for packet in self._epoch.packets(start):
            if self._stopping():
                raise _Stopped("the cut was stopped")
            yield packet


class _Assembly:
    """One pass over the epoch's packets into one file."""

    def __init__(self, epoch: PacketSource, start: Fraction, end: Fraction, *, copying: bool) -> None:
        self._epoch = epoch
        self._start, self._end = start, end
        video = epoch.format.video
        self._tick = video.time_base
        self._scale = video.time_base.numerator
        self._timescale = video.time_base.denominator
        while self._timescale < _MIN_TIMESCALE:
            self._timescale, self._scale = self._timescale * 2, self._scale * 2
        low, high = (-(-bound // video.time_base) for bound in (start, end))
        self._video = VideoCut(epoch, int(low), int(high), copying=copying)
        self._video_track: Mp4Track | None = None
        self._zero = Fraction(0)
        self._sound: SoundTrack | None = None
        self._sound_track: Mp4Track | None = None
        self._sound_waiting: deque[MediaPacket] = deque()
        self._writer: Mp4Writer
        self.notes: list[str] = []

    def run(self, part: Path) -> CutReport:
        """Write, check and describe the file."""
        duration = self._end - self._start
        audio = self._epoch.format.audio
        samples = duration * (_FASTEST_RATE + (audio.rate // 1024 if audio else 0))
        self._writer = Mp4Writer(part, index_bytes=_INDEX_HEAD_BYTES + int(samples) * _INDEX_BYTES)
        try:
            self._read()
            self._describe()
        except BaseException:
            self._writer.abandon()
            raise
        self._writer.finish()
        self._check(part)
        return self._report(part)

    def _read(self) -> None:
        late = self._end + _AUDIO_LAG_S
        for packet in self._epoch.packets(self._start):
            if packet.track is Track.AUDIO:
                self._sound_waiting.append(packet)
            elif not self._video.done:
                self._write(self._video.take(packet))
            elif self._epoch.format.audio is None or packet.dts * self._tick > late:
                break
            if self._video.done and self._sound_has_come():
                break
        self._write(self._video.finish())
        self._write_sound(None)

    def _sound_has_come(self) -> bool:
        audio = self._epoch.format.audio
        if audio is None:
            return True
        return bool(self._sound_waiting) and self._sound_waiting[-1].pts * audio.time_base >= self._end

    def _write(self, pictures: Iterator[Picture]) -> None:
        for picture in pictures:
            if self._video_track is None:
                self._open_tracks(picture)
            assert self._video_track is not None
            scale = self._scale
            self._writer.write(
                self._video_track, picture.data, picture.pts * scale, picture.dts * scale, is_sync=picture.is_sync
            )
            self._write_sound(picture.dts * self._tick)

    def _open_tracks(self, first: Picture) -> None:
        """Begin the file's tracks; the first picture, an IDR, is shown at the clip's time 0."""
        track = Mp4Track(timescale=self._timescale, shown_from=first.pts * self._scale)
        self._video_track = track
        self._writer.tracks.append(track)
        audio = self._epoch.format.audio
        if audio is None:
            return
        self._zero = first.pts * self._tick
        self._sound = sound_track(audio, self._zero, self._end)
        self._sound_track = Mp4Track(timescale=audio.rate)
        self._writer.tracks.append(self._sound_track)
        if not is_copied(audio):
            self.notes.append(f"sound coded anew: the source has {audio.codec}, the clip AAC")

    def _write_sound(self, until: Fraction | None) -> None:
        """Write the sound that goes with the video up to ``until``, seconds; all that is left when None."""
        audio = self._epoch.format.audio
        if audio is None or self._sound is None:
            return
        waiting = self._sound_waiting
        while waiting and (until is None or waiting[0].pts * audio.time_base <= until):
            self._write_sounds(self._sound.take(waiting.popleft()))
        if until is None:
            self._write_sounds(self._sound.finish())

    def _write_sounds(self, sounds: Iterator[Sound]) -> None:
        for sound in sounds:
            assert self._sound_track is not None
            self._writer.write(self._sound_track, sound.data, sound.at, sound.at, is_sync=True)
            self._sound_track.last_duration = sound.duration

    def _describe(self) -> None:
        """Fill in what is known only at the end: parameter sets, durations, edit lists."""
        video, track = self._epoch.format.video, self._video_track
        if track is None:
            raise ClipError(f"no picture could be read between {float(self._start):.3f} and {float(self._end):.3f} s")
        sps, pps = self._video.entry_sets()
        colour = h264.read_sps(sps[-1]).colour
        aspect = video.sample_aspect if video.sample_aspect > 0 else Fraction(1)
        track.entry = VideoEntry(
            width=video.width, height=video.height, sample_aspect=aspect, colour=colour, avcc=h264.avcc(sps, pps)
        )
        track.last_duration = self._last_duration() * self._scale
        track.shown_for = self._duration()
        if self._sound is not None and self._sound_track is not None and self._sound_track.sizes:
            self._describe_sound(self._sound, self._sound_track)

    def _describe_sound(self, sound: SoundTrack, track: Mp4Track) -> None:
        rate = track.timescale
        low, high = round(self._zero * rate), round(self._end * rate)
        track.entry = sound.entry
        track.shown_from = max(low, sound.begin or low)
        track.delay = Fraction(track.shown_from - low, rate)
        track.shown_for = Fraction(min(high, track.decode_times[-1] + track.last_duration) - track.shown_from, rate)

    def _last_duration(self) -> int:
        """Return the ticks for which the last picture is shown."""
        last = max(self._video.given)
        if self._video.following is not None:
            return self._video.following - last
        rate = self._epoch.format.video.rate
        return max(round(1 / rate / self._tick), 1) if rate else max(self._video.last_duration, 1)

    def _duration(self) -> Fraction:
        return (max(self._video.given) + self._last_duration() - min(self._video.given)) * self._tick

    def _check(self, part: Path) -> None:
        given, wanted = sorted(self._video.given), sorted(self._video.expected)
        missing = len(set(wanted) - set(given))
        if len(set(given)) != len(given) or not set(given) <= set(wanted):
            raise Unfit("a picture came twice or from outside the range")
        if missing:
            self.notes.append(f"{missing} pictures of the source could not be decoded and are missing")
        looks = {tick: look for tick, look in self._video.looks.items() if tick in set(given)}
        check(part, Expectation(times=given, time_base=self._tick, looks=looks, copied=self._video.copied))

    def _report(self, part: Path) -> CutReport:
        digest = hashlib.sha256()
        with part.open("rb") as file:
            while block := file.read(_HASH_BYTES):
                digest.update(block)
        frames = len(self._video.given)
        return CutReport(
            frames=frames,
            duration=self._duration(),
            copied_frames=self._video.copied_count,
            encoded_frames=frames - self._video.copied_count,
            sha256=digest.hexdigest(),
            size_bytes=part.stat().st_size,
            notes=tuple(self.notes),
        )
