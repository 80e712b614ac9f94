"""What every export is written from: the events of a programme, a piece or a whole recording, in order.

There are two sides, as in every edit list. The *source* side says where an event lies in what was recorded: frames
counted from the source's first, which has a time code. The *record* side is the result: the events one after the
other, without what lies between them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from string import ascii_uppercase
from typing import Final

from streamproc.errors import ConfigError
from streamproc.exports.timecode import Counting, standard_rate
from streamproc.messages import BoundaryState, Kind

REEL_LENGTH: Final = 8
RECORD_START: Final = "01:00:00:00"
"""Where finished programmes begin by custom, so that bars and a slate have room before them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What was recorded on one unbroken timeline: a file, or an epoch of a channel."""

    name: str
    """Its name for people, in any script."""
    reel: str
    """Its name in an EDL: at most 8 Latin capitals and digits; see :func:`reel_names`."""
    start_frame: int
    """The time code of its first frame, as frames after 00:00:00:00."""
    frames: int | None = None
    """How many frames it has; None while it grows or when not known."""
    url: str | None = None
    """Where its file is, as a URL; None when it is not one file."""
    utc_ns: int | None = None
    """Wall time of its first frame."""
    size: tuple[int, int] | None = None
    """Width and height of its picture, pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A single frame worth finding."""

    frame: int
    """Counted from the first frame of the source."""
    name: str
    """What is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A stretch of one source; [first, end)."""

    source: Source
    """What it is a part of."""
    kind: Kind
    """What is on air."""
    name: str
    """What it is called."""
    first: int
    """Its first frame, counted from the source's."""
    end: int
    """The frame after its last one."""
    start: Fraction
    """Seconds at which it begins in the media that a player plays; see :attr:`Timeline.is_joined`."""
    stop: Fraction
    """Seconds at which it ends there."""
    utc_ns: int | None = None
    """Wall time of its first frame."""
    confidence: float | None = None
    """In [0, 1]: that of its less certain end; None where a person chose it."""
    state: BoundaryState | None = None
    """How settled it is."""
    markers: tuple[Marker, ...] = ()
    """What is worth finding in it."""
    cue: str | None = None
    """An SCTE-35 message that goes with its start: hexadecimal, as in 0xFC30…."""

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return self.end - self.first


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """A file of the recording that a playlist plays: fragmented MP4 with its header in front, or TS without one."""

    url: str
    """Where a player gets it, relative to the playlist."""
    start: Fraction
    """Seconds on the players' timeline at which it begins."""
    duration: Fraction
    """Seconds it lasts."""
    utc_ns: int | None
    """Wall time of its first frame."""
    header_bytes: int = 0
    """Bytes of the header (HLS: the map) in front."""
    size_bytes: int | None = None
    """Bytes of the whole file; None to play it to its end."""
    is_continued: bool = True
    """Whether it goes on where the file before it ended, in time and format."""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The events in order, and how their frames are counted."""

    title: str
    """What it is called."""
    rate: Fraction | None
    """Frames a second, as the stream states it; None when not known."""
    drop_frame: bool = False
    """Whether time code is drop frame."""
    record_start: str = RECORD_START
    """The time code of the first frame of the result."""
    events: tuple[Event, ...]
    """In order; they don't overlap."""
    is_joined: bool = False
    """Players play the result (a joined file), and not the source with all that lies between the events."""
    media: tuple[MediaFile, ...] = ()
    """The files that a playlist plays."""

    @cached_property
    def counting(self) -> Counting:
        """How frames are counted. Raises ConfigError when there is no time code at this rate."""
        return Counting.of(self.rate, drop_frame=self.drop_frame)

    @cached_property
    def first_record_frame(self) -> int:
        """The first frame of the result, counted from time code 00:00:00:00. Raises ConfigError."""
        text = self.record_start
        if self.drop_frame and len(text) == len(RECORD_START):
            text = f"{text[:8]};{text[9:]}"
        return self.counting.frame(text)

    def recorded(self) -> Iterator[tuple[Event, int]]:
        """Yield each event with the frame of the result at which it begins, from 0."""
        at = 0
        for event in self.events:
            yield event, at
            at += event.frames

    @property
    def frames(self) -> int:
        """How many frames the result has."""
        return sum(event.frames for event in self.events)

    def sources(self) -> tuple[Source, ...]:
        """Return the sources in the order in which they are first used."""
        return tuple(dict.fromkeys(event.source for event in self.events))

    def source_frames(self, source: Source) -> int:
        """Return how many frames a source has, at least as many as are used."""
        used = self._used[source]
        return used if source.frames is None else max(used, source.frames)

    @cached_property
    def _used(self) -> dict[Source, int]:
        """The frame after the last one that is used of each source."""
        used: dict[Source, int] = {}
        for event in self.events:
            used[event.source] = max(event.end, used.get(event.source, 0))
        return used

    def played(self) -> Iterator[tuple[Event, Fraction, Fraction]]:
        """Yield each event with the seconds at which it begins and ends in what a player plays."""
        at = Fraction(0)
        for event in self.events:
            if not self.is_joined:
                yield event, event.start, event.stop
                continue
            yield event, at, at + event.stop - event.start
            at += event.stop - event.start


def reel_names(names: Sequence[str]) -> list[str]:
    """Return a reel name for each of the names: Latin capitals and digits, at most 8, all different.

    Other letters have no place in an EDL's columns; a name without any becomes REEL.
    """
    stems = [re.sub(r"[^A-Z0-9]", "", name.upper()) or "REEL" for name in names]
    plain = [stem[:REEL_LENGTH] for stem in stems]
    if len(set(plain)) == len(plain):
        return plain
    digits = max(3, len(str(len(names))))
    return [f"{stem[: REEL_LENGTH - digits]}{number:0{digits}d}" for number, stem in enumerate(stems, 1)]


def dated_reels(channel: str, days: Sequence[str]) -> list[str]:
    """Return a reel name for each epoch of a channel: NTV1121 of the 21st of November, NTV1121B for the next that day.

    days: month and day of each, as 1121; equal ones follow each other.
    """
    stem = re.sub(r"[^A-Z0-9]", "", channel.upper())[: REEL_LENGTH - 5]
    names = []
    for number, day in enumerate(days):
        again = days[:number].count(day)
        names.append(f"{stem}{day}{ascii_uppercase[again] if 0 < again < len(ascii_uppercase) else ''}")
    return names if len(set(names)) == len(names) else reel_names([channel] * len(days))


def one_rate(rates: Iterable[Fraction | None]) -> Fraction | None:
    """Return the rate that all sources share, None when one is not known. Raises ConfigError when they differ."""
    found = {None if rate is None else standard_rate(rate) or rate for rate in rates}
    if None in found or not found:
        return None
    if len(found) > 1:
        shown = " and ".join(f"{float(rate):g}" for rate in sorted(rate for rate in found if rate is not None))
        raise ConfigError(
            f"the frame rate changes ({shown} frames a second), and an edit list has one; "
            "export the stretches one by one"
        )
    return found.pop()
