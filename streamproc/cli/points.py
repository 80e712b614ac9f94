"""Points in time as people write them, and what they are in a source: time code, wall time, frame, seconds."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeAlias

from streamproc.cli.timecodes import FrameTime, parse_time
from streamproc.errors import ConfigError
from streamproc.exports.timecode import Counting, is_drop_frame
from streamproc.media.cutter import Part
from streamproc.media.files import FileFootage, find_sources
from streamproc.media.footage import Epoch, Footage, frame_time
from streamproc.media.recording.index import INDEX_NAME
from streamproc.media.recording.reader import RecordingFootage
from streamproc.timebase import NS, to_ns, utc_from_ns

_TIME_CODE: Final = re.compile(r"^\d\d:\d\d:\d\d[:;]\d\d$")
_CLOCK: Final = re.compile(r"^(\d{1,2}):(\d\d):(\d\d(?:\.\d+)?)$")
_DATE: Final = re.compile(r"^\d{4}-?\d\d-?\d\d[T ]")
_DAY: Final = timedelta(days=1)
_LONGEST: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class TimeCode:
    """A point given as HH:MM:SS:FF, with ``;`` before FF for drop frame."""

    text: str


@dataclass(frozen=True, slots=True)
class WallTime:
    """A point given as date and time."""

    utc_ns: int


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A point given as H:MM:SS: from the start of files, or of the day where the source knows it."""

    seconds: Fraction


Point: TypeAlias = Fraction | FrameTime | TimeCode | WallTime | ClockTime


def parse_point(text: str) -> Point:
    """Return what a text means; Fraction for seconds. Raises ConfigError."""
    text = text.strip()
    if _TIME_CODE.match(text):
        return TimeCode(text)
    if _CLOCK.match(text):
        return _clock(text)
    if _DATE.match(text):
        return WallTime(_wall_ns(text))
    try:
        return parse_time(text)
    except ConfigError:
        raise ConfigError(
            f"'{text}' is not a time; write HH:MM:SS:FF (drop frame HH:MM:SS;FF), H:MM:SS.mmm, seconds, "
            "a frame as f1234, or date and time as 2026-11-27T19:00:00"
        ) from None


def parse_span(text: str) -> tuple[Point, Point]:
    """Return ``FROM-TO`` as two points. Raises ConfigError."""
    for at in (match.start() for match in re.finditer("-", text)):
        try:
            return parse_point(text[:at]), parse_point(text[at + 1 :])
        except ConfigError:
            continue
    raise ConfigError(f"'{text}' is not a part; write it as FROM-TO, each a time as for --from")


def _clock(text: str) -> ClockTime:
    found = _CLOCK.match(text)
    assert found is not None
    hours, minutes, seconds = int(found[1]), int(found[2]), Fraction(found[3])
    if minutes > 59 or seconds >= 60:
        raise ConfigError(f"'{text}' is not a time: minutes and seconds go to 59")
    return ClockTime(hours * 3600 + minutes * 60 + seconds)


def _wall_ns(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"'{text}' is not date and time ({error}); write it as 2026-11-27T19:00:00+03:00") from error
    return round(moment.timestamp() * 1_000_000) * 1000  # without an offset: this machine's own zone


@dataclass(frozen=True, slots=True)
class _Stretch:
    """An epoch on the source's own line of time, on which epochs follow each other without their gaps."""

    epoch: Epoch
    begin: Fraction

    @property
    def end(self) -> Fraction | None:
        """Where it ends; None while it grows."""
        return self.begin + self.epoch.end() if self.epoch.has_ended() else None


class Desk:
    """A source to cut from: a file, a folder of consecutive files, or the folder of a channel's recording."""

    def __init__(self, source: str, start_timecode: str | None, now_ns: int) -> None:
        """start_timecode: of the files' first frame. now_ns: wall time. Raises ConfigError, SourceError."""
        self.source = source
        self.is_recording = (Path(source) / INDEX_NAME).is_file()
        if self.is_recording and start_timecode is not None:
            raise ConfigError(f"{source}: is a recording, which knows its time of day; leave --start-timecode out")
        footage: Footage = RecordingFootage(Path(source)) if self.is_recording else FileFootage(find_sources(source))
        self._footage = footage
        self._start = start_timecode
        self._now_ns = now_ns
        self.missing = Fraction(0)
        """Seconds of the ranges by the clock that are not recorded and will not be."""
        if not footage.epochs():
            raise ConfigError(f"{source}: nothing is recorded there yet")

    def parts(self, spans: Sequence[tuple[Point, Point]]) -> list[Part]:
        """Return the parts that spans mean; a span over several epochs gives several. Raises ConfigError."""
        found = []
        for first, last in spans:
            found += self._parts(first, last)
        return found

    def frames(self, first: int, after: int | None) -> list[Part]:
        """Return the parts with frames [first, after) of the source, as segments.json counts them."""
        return self._parts(FrameTime(first), None if after is None else FrameTime(after))

    def _parts(self, first: Point, last: Point | None) -> list[Part]:
        if isinstance(first, WallTime | ClockTime | TimeCode) and self.is_recording:
            return list(self._by_the_clock(first, last))
        line = self._line()
        start, end = self._on_line(first, line), self._end_of(line) if last is None else self._on_line(last, line)
        if end <= start:
            raise ConfigError(f"{self.source}: the out point is not after the in point")
        parts = []
        for stretch in line:
            begin, over = stretch.begin, stretch.end
            low, high = max(start, begin), end if over is None else min(end, over)
            if high - low > _half(stretch.epoch.format.video.rate):  # less holds no frame
                parts.append(Part(epoch=stretch.epoch, start=low - begin, end=high - begin))
        return parts

    # Points on the source's own line of time

    def _line(self) -> list[_Stretch]:
        line, begin = [], Fraction(0)
        for epoch in self._footage.epochs():
            line.append(_Stretch(epoch, begin))
            begin += epoch.end()
        return line

    def _end_of(self, line: Sequence[_Stretch]) -> Fraction:
        return line[-1].begin + line[-1].epoch.end()

    def _on_line(self, point: Point, line: Sequence[_Stretch]) -> Fraction:
        end, rate = self._end_of(line), line[0].epoch.format.video.rate
        half = _half(rate)
        grows = not line[-1].epoch.has_ended()
        if isinstance(point, WallTime):
            raise ConfigError(f"{self.source}: files know no date; write time code, H:MM:SS, seconds or frames")
        if isinstance(point, TimeCode):
            point = self._counted(point, rate)
        if isinstance(point, FrameTime):
            return self._of_frame(point.frame, line)
        time = self._of_clock(point, rate) if isinstance(point, ClockTime) else point
        if time > end + half and not grows:
            raise ConfigError(f"{float(time):.3f} s is past the end of the source, which is at {float(end):.3f} s")
        return max((time if grows else min(time, end + half)) - half, Fraction(0))

    def _of_frame(self, number: int, line: Sequence[_Stretch]) -> Fraction:
        left = number
        for stretch in line:
            frames = stretch.epoch.frame_number(stretch.epoch.end())
            if left < frames:
                return stretch.begin + frame_time(stretch.epoch, left)
            left -= frames
        if left:
            raise ConfigError(f"frame {number} is past the end of the source, which has {number - left} frames")
        return self._end_of(line)

    def _counted(self, point: TimeCode, rate: Fraction | None) -> FrameTime:
        """Return the frame that a time code means: counted from the start's, by default from 00:00:00:00."""
        counting = Counting.of(rate, drop_frame=is_drop_frame(point.text))
        start = 0 if self._start is None else counting.frame(self._start)
        return FrameTime((counting.frame(point.text) - start) % counting.day)

    def _of_clock(self, point: ClockTime, rate: Fraction | None) -> Fraction:
        """Return the time that H:MM:SS means: since the start time code's, by default since the source's start."""
        if self._start is None:
            return point.seconds
        counting = Counting.of(rate, drop_frame=is_drop_frame(self._start))
        start = Fraction(counting.frame(self._start)) / (counting.rate if counting.drop_frame else counting.nominal)
        return (point.seconds - start) % 86_400

    # Points by the clock, in a recording

    def _by_the_clock(self, first: Point, last: Point | None) -> Iterator[Part]:
        start = self._wall(first, not_before=None)
        end = self._now_ns if last is None else self._wall(last, not_before=start)
        if end <= start:
            raise ConfigError(f"{self.source}: the out point is not after the in point")
        found = Fraction(0)
        for epoch in self._footage.epochs():
            zero = epoch.utc_zero_ns
            assert zero is not None
            half = _half(epoch.format.video.rate)
            low, high = Fraction(start - zero, NS) - half, Fraction(end - zero, NS) - half
            if epoch.has_ended():
                high = min(high, epoch.end())
            low = max(low, Fraction(0))
            if high - low > half and (low < epoch.end() or not epoch.has_ended()):
                found += high - low
                begins = utc_from_ns(zero + to_ns(low + half)).astimezone()
                yield Part(epoch=epoch, start=low, end=high, title=f"{begins:%H:%M:%S}")
        if not found:
            raise ConfigError(f"{self.source}: nothing is recorded from that time")
        self.missing += Fraction(end - start, NS) - found

    def _wall(self, point: Point, *, not_before: int | None) -> int:
        """Return wall time in nanoseconds. not_before: a time of day is the first after it; else the last by now."""
        if isinstance(point, WallTime):
            return point.utc_ns
        if isinstance(point, TimeCode):
            rate = self._footage.epochs()[-1].format.video.rate
            counting = Counting.of(rate, drop_frame=is_drop_frame(point.text))
            frame = counting.frame(point.text)
            whole, rest = divmod(frame, counting.nominal)
            seconds = Fraction(frame) / counting.rate if counting.drop_frame else whole + rest / counting.rate
            point = ClockTime(seconds)
        if not isinstance(point, ClockTime):
            raise ConfigError(
                "write both ends of a range in the same way: both by the clock, or both by frames or seconds"
            )
        reference = self._now_ns if not_before is None else not_before
        now = utc_from_ns(reference).astimezone()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        at = midnight + timedelta(microseconds=round(point.seconds * 1_000_000))
        if not_before is None and at > now:
            at -= _DAY
        if not_before is not None and at <= now:
            at += _DAY
            if at - now > _LONGEST:
                raise ConfigError(
                    f"{self.source}: the out point, {at:%H:%M:%S}, comes before the in point, {now:%H:%M:%S}; "
                    "write dates with both for a range of more than 12 hours"
                )
        return round(at.timestamp() * 1_000_000) * 1000


def _half(rate: Fraction | None) -> Fraction:
    """Return half a frame: a cut takes the frames presented at or after its start, so a time stands for the nearest."""
    return Fraction(1, 50) if rate is None else 1 / (2 * rate)
