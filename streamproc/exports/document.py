"""From segments.json, the contract with people's scripts, to a timeline."""

import json
from dataclasses import dataclass
from datetime import tzinfo
from fractions import Fraction
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from streamproc.config import describe
from streamproc.errors import ConfigError
from streamproc.exports.timecode import Counting, is_drop_frame, time_of_day
from streamproc.exports.timeline import (
    RECORD_START,
    Event,
    MediaFile,
    Source,
    Timeline,
    one_rate,
    reel_names,
)
from streamproc.messages import BoundaryState, Kind
from streamproc.timebase import NS, ns_from_utc

_MICRO = 1_000_000


class _Segment(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: int
    kind: Kind
    start_s: float = Field(ge=0, allow_inf_nan=False)
    end_s: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    start_frame: int | None = Field(default=None, ge=0)
    end_frame: int | None = Field(default=None, ge=0)
    start_utc: AwareDatetime | None = None
    end_utc: AwareDatetime | None = None
    confidence: float | None = None
    state: BoundaryState | None = None
    title: str | None = None


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)

    schema_: Literal[1] = Field(alias="schema")
    source: str
    duration_s: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    frame_rate: str | None = Field(default=None, pattern=r"^[0-9]{1,9}/[1-9][0-9]{0,8}$")
    segments: list[_Segment]

    @property
    def rate(self) -> Fraction | None:
        return Fraction(self.frame_rate) if self.frame_rate is not None and self.frame_rate[0] != "0" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What may be chosen about an export."""

    start_timecode: str | None = None
    """Time code of the source's first frame; None: time of day, or 00:00:00:00 where that is not known."""
    drop_frame: bool = False
    """Count in drop frame."""
    record_start: str = RECORD_START
    """Time code of the first frame of the result."""
    zone: tzinfo | None = None
    """Whose time of day; this machine's own when None."""
    only: Kind | None = None
    """Only events of this kind."""
    finished: bool = False
    """Leave out what has no end yet, instead of refusing it."""

    @property
    def drops(self) -> bool:
        """Whether to count in drop frame: when asked to, or when a time code is written so."""
        return self.drop_frame or (self.start_timecode is not None and is_drop_frame(self.start_timecode))


def read_segments(path: Path, wishes: Wishes) -> Timeline:
    """Return the timeline of a segments.json. Raises ConfigError: it is none, or what is wished can't be had."""
    try:
        document = _Document.model_validate(json.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({error.strerror})") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not JSON ({error}); give a segments.json that streamproc process wrote") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: not a segments.json that streamproc process wrote: {describe(error)}") from error
    try:
        return _timeline(document, wishes)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _timeline(document: _Document, wishes: Wishes) -> Timeline:
    rate = one_rate([document.rate])
    stretches = _stretches(document.segments)
    stem = Path(document.source.rstrip("/")).stem or "source"
    reels = reel_names([stem] * len(stretches))
    numbers = dict.fromkeys(Kind, 0)
    events: list[Event] = []
    for stretch, reel in zip(stretches, reels, strict=True):
        source = _source(document, stretch, stretches[0], reel, wishes)
        zero = _first(stretch[0], rate)
        for segment in stretch:
            numbers[segment.kind] += 1
            event = _event(segment, source, (zero, rate), f"{segment.kind} {numbers[segment.kind]}", wishes)
            if event is not None and event.stop > event.start and (rate is None or event.frames > 0):
                events.append(event)
    if not events:
        raise ConfigError(f"there is no finished {wishes.only or 'segment'} in it, so there is nothing to export")
    return Timeline(
        title=stem,
        rate=rate,
        drop_frame=wishes.drops,
        record_start=wishes.record_start,
        events=tuple(events),
        media=_media(document, stretches),
    )


def _stretches(segments: list[_Segment]) -> list[list[_Segment]]:
    """Return the segments of each epoch: where one does not begin when the one before it ended, something was lost."""
    stretches: list[list[_Segment]] = []
    for segment in segments:
        last = stretches[-1][-1] if stretches else None
        if last is not None and (last.end_s is None or last.end_s > segment.start_s + 1 / _MICRO):
            raise ConfigError(f"segment {segment.id} begins before segment {last.id} ends; segments must be in order")
        if segment.end_s is not None and segment.end_s < segment.start_s:
            raise ConfigError(f"segment {segment.id} ends at {segment.end_s:g} s, before it begins")
        if last is None or last.end_utc != segment.start_utc:
            stretches.append([])
        stretches[-1].append(segment)
    return stretches


def _source(document: _Document, stretch: list[_Segment], first: list[_Segment], reel: str, wishes: Wishes) -> Source:
    begin, end = stretch[0], stretch[-1]
    name = document.source if "://" in document.source else Path(document.source).name
    is_one_file = stretch is first and begin.start_s == 0
    frames = None
    if end.end_s is not None:
        frames = (_end(end, document.rate) or 0) - _first(begin, document.rate)
    return Source(
        name=name if is_one_file else f"{name} {reel}",
        reel=reel,
        start_frame=_start_frame(document.rate, begin, first[0], wishes),
        frames=frames,
        url=_url(document.source) if is_one_file else None,
        utc_ns=_ns(begin),
    )


def _start_frame(rate: Fraction | None, begin: _Segment, first: _Segment, wishes: Wishes) -> int:
    """Return the time code of a stretch's first frame, as a frame; 0 where there is no time code at this rate."""
    if rate is None or one_rate([rate]) is None:
        return 0
    try:
        counting = Counting.of(rate, drop_frame=wishes.drops)
    except ConfigError:
        if wishes.start_timecode is None and not wishes.drops:
            return 0  # formats without time code can be written all the same
        raise
    utc_ns, first_ns = _ns(begin), _ns(first)
    if wishes.start_timecode is None and utc_ns is not None:
        return counting.at(time_of_day(utc_ns, wishes.zone))
    base = 0 if wishes.start_timecode is None else counting.frame(wishes.start_timecode)
    if utc_ns is not None and first_ns is not None:
        return base + round(Fraction(utc_ns - first_ns, NS) * counting.rate)
    return base + _first(begin, rate) - _first(first, rate)


def _event(
    segment: _Segment, source: Source, count: tuple[int, Fraction | None], name: str, wishes: Wishes
) -> Event | None:
    if wishes.only is not None and segment.kind is not wishes.only:
        return None
    if segment.end_s is None:
        if wishes.finished:
            return None
        raise ConfigError(
            f"segment {segment.id} ({segment.kind} from {segment.start_s:.3f} s) is still running and has no end; "
            "export again when it has, or leave it out with --finished"
        )
    zero, rate = count
    return Event(
        source=source,
        kind=segment.kind,
        name=segment.title or name,
        first=_first(segment, rate) - zero,
        end=(_end(segment, rate) or 0) - zero,
        start=_exact(segment.start_s),
        stop=_exact(segment.end_s),
        utc_ns=_ns(segment),
        confidence=segment.confidence,
        state=segment.state,
    )


def _first(segment: _Segment, rate: Fraction | None) -> int:
    if segment.start_frame is not None:
        return segment.start_frame
    return 0 if rate is None else round(_exact(segment.start_s) * rate)


def _end(segment: _Segment, rate: Fraction | None) -> int | None:
    if segment.end_frame is not None:
        return segment.end_frame
    return None if rate is None or segment.end_s is None else round(_exact(segment.end_s) * rate)


def _exact(seconds: float) -> Fraction:
    return Fraction(round(seconds * _MICRO), _MICRO)


def _ns(segment: _Segment) -> int | None:
    return None if segment.start_utc is None else ns_from_utc(segment.start_utc)


def _url(source: str) -> str | None:
    """Return where the file is; None for a feed or a folder of files, which are no file."""
    if "://" in source:
        return source if source.startswith(("http://", "https://", "file://")) else None
    return None if Path(source).is_dir() else Path(source).absolute().as_uri()


def _media(document: _Document, stretches: list[list[_Segment]]) -> tuple[MediaFile, ...]:
    """Return the source as the one file of a playlist, if it is one file and its length is known."""
    url = _url(document.source)
    if url is None or document.duration_s is None or len(stretches) != 1:
        return ()
    return (MediaFile(url=url, start=Fraction(0), duration=_exact(document.duration_s), utc_ns=_ns(stretches[0][0])),)
