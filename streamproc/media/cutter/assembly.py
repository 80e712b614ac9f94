"""Cutting clips and joining parts: exact to the frame, copied but for a few pictures at the ends, checked.

``cut`` and ``join`` are all there is for others; docs/decisions/0004 and 0008 say how it works and why.
"""

import hashlib
import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import lcm
from pathlib import Path

from streamproc.errors import ClipError, ClipStorageError
from streamproc.media.cutter import h264
from streamproc.media.cutter.audio import FileSound, LoneSound, is_copied
from streamproc.media.cutter.check import Expectation, Look, WrongPicture, check
from streamproc.media.cutter.growing import Growing
from streamproc.media.cutter.mp4 import Mp4Track, Mp4Writer, VideoEntry
from streamproc.media.cutter.plan import Part, Plan, plan_of
from streamproc.media.cutter.sets import FileSets
from streamproc.media.cutter.splice import BLOCK, Splice
from streamproc.media.cutter.strip import Output, Strip
from streamproc.media.cutter.tags import Chapter, Tags, user_data
from streamproc.media.cutter.video import PacketSource, Unfit
from streamproc.media.footage import Epoch, Format, MediaPacket

PART_SUFFIX = ".part"
"""What the name of a clip that is not whole yet ends in, before the dot that hides it."""
_MIN_TIMESCALE = 10_000
_MAX_TIMESCALE = (1 << 32) - 1
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
    joints: tuple[Fraction, ...] = ()
    """Seconds of the file at which its second and further parts begin."""


def never() -> bool:
    """Go on."""
    return False


def cut(epoch: Epoch, start: Fraction, end: Fraction, out: Path, *, stopping: Callable[[], bool] = never) -> CutReport:
    """Write the pictures and the sound presented in [start, end) to ``out``, an MP4 file that plays at once.

    start, end: seconds in the epoch; a start before 0 means 0. The file appears under its name only when it is
    whole, on the disk and checked. ``stopping`` is asked now and then whether to give up.
    Raises ClipError (nothing is left behind then), RecordingError or SourceError.
    """
    return join([Part(epoch=epoch, start=start, end=end)], out, stopping=stopping)


def join(
    parts: Sequence[Part],
    out: Path,
    *,
    tags: Tags | None = None,
    plan: Plan | None = None,
    pause: Callable[[], None] | None = None,
    stopping: Callable[[], bool] = never,
) -> CutReport:
    """Write the parts one after the other to ``out``, as ``cut`` does one; where they meet, the sound is cross-faded.

    tags: what the file says of itself. plan: how the parts are treated; left out, as much as can be is copied.
    pause: called to wait for what is not recorded yet; left out, that is an error. A part whose epoch ends before it
    should is cut short, and the report says so.
    Raises ClipError (nothing is left behind then), RecordingError or SourceError.
    """
    parts = [replace(one, start=max(one.start, Fraction(0))) for one in parts]
    for one in parts:
        check_range(one, may_wait=pause is not None)
    part = out.with_name(f".{out.name}{PART_SUFFIX}")
    job = _Job(parts, tags or Tags(), pause, stopping)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        report = job.write(plan or plan_of(parts), part)
        part.replace(out)
        _sync_folder(out.parent)
        report = replace(report, sha256=_digest(out))  # the file can be used by now
    except OSError as error:
        raise ClipStorageError(f"can't write {out}: {error.strerror}; free some space or mend the folder") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return report


def check_range(part: Part, *, may_wait: bool) -> None:
    """Raise ClipError when a part is empty, or ends where there is no footage and none may be waited for."""
    start, end = part.start, part.end
    if end <= start:
        raise ClipError(f"the clip would end at {float(end):.3f} s, not after its start at {float(start):.3f} s")
    there = part.epoch.end()
    if end > there and not (may_wait and not part.epoch.has_ended()):
        why = "the recording ends at" if part.epoch.has_ended() else "not recorded yet: there is footage up to"
        raise ClipError(f"the clip should end at {float(end):.3f} s; {why} {float(there):.3f} s")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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

    def __init__(self, part: Part, pause: Callable[[], None] | None, stopping: Callable[[], bool]) -> None:
        self._epoch: PacketSource = part.epoch
        if pause is not None and not part.epoch.has_ended():
            self._epoch = Growing(part.epoch, part.end, partial(self._wait, pause))
        self._stopping = stopping

    @property
    def format(self) -> Format:
        """The epoch's."""
        return self._epoch.format

    def packets(self, start: Fraction) -> Iterator[MediaPacket]:
        """Yield the epoch's packets."""
        for packet in self._epoch.packets(start):
            self._give_up_if_wanted()
            yield packet

    def _wait(self, pause: Callable[[], None]) -> None:
        self._give_up_if_wanted()
        pause()

    def _give_up_if_wanted(self) -> None:
        if self._stopping():
            raise _Stopped("the cut was stopped")


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to be made into a file."""

    parts: Sequence[Part]
    tags: Tags
    pause: Callable[[], None] | None
    stopping: Callable[[], bool]

    def write(self, plan: Plan, path: Path) -> CutReport:
        """Write with as much copied as possible; a part that can't be, or comes out wrong, is coded anew in whole."""
        while True:
            assembly = _Assembly(self, plan)
            try:
                return assembly.run(path)
            except (_Stopped, ClipStorageError):
                raise
            except (Unfit, h264.BitstreamError, ClipError) as error:
                number = assembly.culprit(error)
                if plan.lossless:
                    raise ClipError(
                        f"without coding anything anew this can't be cut; cut it exactly: {error}"
                    ) from error
                if not plan.treatments[number].copies:
                    raise ClipError(f"the clip can't be cut: {error}") from error
                plan = plan.recoding(number, str(error))


class _Assembly:
    """One pass over the packets of all parts into one file."""

    def __init__(self, job: _Job, plan: Plan) -> None:
        self._job, self._plan = job, plan
        self._strips: list[Strip] = []
        self._output: Output

    def culprit(self, error: Exception) -> int:
        """Return the number of the part that an error comes from."""
        if isinstance(error, WrongPicture):
            return max((n for n, strip in enumerate(self._strips) if strip.begin <= error.tick), default=0)
        return max(len(self._strips) - 1, 0)

    def run(self, path: Path) -> CutReport:
        """Write, check and describe the file."""
        output = self._output = self._begin(path)
        try:
            for part, treatment in zip(self._job.parts, self._plan.treatments, strict=True):
                source = _Stoppable(part, self._job.pause, self._job.stopping)
                self._strips.append(Strip(output, source, part, treatment))
                self._strips[-1].run()
            if output.sound is not None:
                output.write_sounds(output.sound.finish())
            self._describe()
        except BaseException:
            output.writer.abandon()
            for strip in self._strips:
                strip.cut.close()
            raise
        if self._plan.lossless and any(len(one.cut.given) > one.cut.copied_count for one in self._strips):
            output.writer.abandon()
            raise ClipError("some of its pictures lean on others outside")
        output.writer.finish()
        self._check(path)
        return self._report(path)

    def _begin(self, path: Path) -> Output:
        parts, splice = self._job.parts, self._plan.splice
        audio = parts[0].epoch.format.audio
        rate = splice.rate if splice is not None else (0 if audio is None else audio.rate)
        duration = sum((part.end - part.start for part in parts), Fraction(0))
        samples = int(duration * (_FASTEST_RATE + rate // BLOCK))
        output = Output(
            writer=Mp4Writer(path, index_bytes=_INDEX_HEAD_BYTES + samples * _INDEX_BYTES),
            video=Mp4Track(timescale=_timescale(parts)),
            plan=self._plan,
            sets=FileSets(_sets_of(part.epoch) for part in parts),
            sound=None if not rate else LoneSound() if splice is None else Splice(splice),
            audio=Mp4Track(timescale=rate) if rate else None,
        )
        output.writer.tracks += [output.video, *([] if output.audio is None else [output.audio])]
        return output

    def _describe(self) -> None:
        """Fill in what is known only at the end: parameter sets, durations, edit lists, tags."""
        output, video = self._output, self._plan.video
        for strip, part in zip(self._strips, self._job.parts, strict=True):
            if not strip.cut.given:
                raise ClipError(f"no picture could be read between {float(part.start):.3f} and {float(part.end):.3f} s")
        sps, pps = output.sets.entries()
        aspect = video.sample_aspect if video.sample_aspect > 0 else Fraction(1)
        colour = h264.read_sps(sps[-1]).colour
        output.video.entry = VideoEntry(
            width=video.width, height=video.height, sample_aspect=aspect, colour=colour, avcc=h264.avcc(sps, pps)
        )
        output.video.last_duration = self._strips[-1].last_duration()
        output.video.shown_for = Fraction(output.end, output.video.timescale)
        if output.sound is not None and output.audio is not None and output.audio.sizes:
            self._describe_sound(output.sound, output.audio)
        output.writer.user_data = user_data(self._job.tags, self._chapters())

    def _describe_sound(self, sound: FileSound, track: Mp4Track) -> None:
        end = self._output.samples(self._output.end)
        track.entry = sound.entry
        track.shown_from = max(0, sound.begin or 0)
        track.delay = Fraction(track.shown_from, track.timescale)
        last = min(end, track.decode_times[-1] + track.last_duration)
        track.shown_for = Fraction(last - track.shown_from, track.timescale)

    def _chapters(self) -> list[Chapter]:
        if len(self._strips) < 2:
            return []
        return [
            Chapter(at, part.title or f"{number}")
            for number, (at, part) in enumerate(zip(self._begins(), self._job.parts, strict=True), 1)
        ]

    def _begins(self) -> list[Fraction]:
        return [Fraction(strip.begin, self._output.video.timescale) for strip in self._strips]

    def _check(self, path: Path) -> None:
        times = array("q")
        looks: dict[int, Look] = {}
        copied = []
        for strip in self._strips:
            given = sorted(strip.cut.given)
            times.extend([strip.there(tick) for tick in given])
            looks |= {strip.there(tick): strip.cut.looks[tick] for tick in strip.cut.looks.keys() & set(given)}
            if strip.cut.copied:
                copied.append(range(strip.there(strip.cut.copied[0]), strip.there(strip.cut.copied[-1]) + 1))
        tick = Fraction(1, self._output.video.timescale)
        most = self._plan.most_different
        check(path, Expectation(times=times, time_base=tick, looks=looks, copied=copied, most_different=most))

    def _report(self, path: Path) -> CutReport:
        frames = sum(len(strip.cut.given) for strip in self._strips)
        copied = sum(strip.cut.copied_count for strip in self._strips)
        return CutReport(
            frames=frames,
            duration=Fraction(self._output.end, self._output.video.timescale),
            copied_frames=copied,
            encoded_frames=frames - copied,
            sha256="",
            size_bytes=path.stat().st_size,
            notes=tuple(self._notes()),
            joints=tuple(self._begins()[1:]),
        )

    def _notes(self) -> Iterator[str]:
        several = len(self._strips) > 1
        yield from self._plan.notes
        for number, strip in enumerate(self._strips, 1):
            audio = self._job.parts[number - 1].epoch.format.audio
            notes = list(strip.treatment.notes)
            if not several and self._plan.splice is None and audio is not None and not is_copied(audio):
                notes.append(f"sound coded anew: the source has {audio.codec}, the clip AAC")
            there, end = self._job.parts[number - 1].epoch.end(), self._job.parts[number - 1].end
            if there < end:
                notes.append(f"the recording broke off at {float(there):.3f} s, {float(end - there):.3f} s too early")
            missing = strip.missing()
            if missing:
                notes.append(f"{missing} pictures of the source could not be decoded and are missing")
            for note in notes:
                yield f"part {number}: {note}" if several else note


def _timescale(parts: Sequence[Part]) -> int:
    """Return ticks a second in which every part's times are whole."""
    scale = lcm(*(part.epoch.format.video.time_base.denominator for part in parts))
    if scale > _MAX_TIMESCALE:
        raise ClipError("the parts count time in ways that have no common measure; join them one by one")
    while scale < _MIN_TIMESCALE:
        scale *= 2
    return scale


def _sets_of(epoch: Epoch) -> h264.ParameterSets:
    video = epoch.format.video
    if video.codec != "h264":
        return h264.ParameterSets()
    try:
        return h264.ParameterSets.from_extradata(video.extradata)
    except h264.BitstreamError:
        return h264.ParameterSets()
