"""Times as people write them on a command line."""

import re
from dataclasses import dataclass
from fractions import Fraction

from streamproc.errors import ConfigError

_CLOCK = re.compile(r"^(?:(?:(\d+):)?(\d{1,3}):)?(\d+(?:\.\d+)?)$")
_FRAME = re.compile(r"^f(\d+)$")


@dataclass(frozen=True, slots=True)
class FrameTime:
    """A point given as a frame's number, from 0 in presentation order."""

    frame: int


def parse_time(text: str) -> Fraction | FrameTime:
    """Return ``1:02:03.4``, ``62:03.4`` or ``3723.4`` as seconds and ``f1234`` as a frame. Raises ConfigError."""
    frame = _FRAME.match(text)
    if frame:
        return FrameTime(int(frame.group(1)))
    clock = _CLOCK.match(text)
    if clock is None:
        raise ConfigError(f"'{text}' is not a time; write H:MM:SS.mmm, seconds, or a frame as f1234")
    hours, minutes, seconds = clock.groups(default="0")
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)


def parse_range(text: str) -> tuple[Fraction, Fraction]:
    """Return ``00:00-12:30`` as two times in seconds. Raises ConfigError."""
    first, dash, last = text.partition("-")
    start, end = (parse_time(part) for part in (first, last)) if dash else (None, None)
    if not isinstance(start, Fraction) or not isinstance(end, Fraction):
        raise ConfigError(f"'{text}' is not a range; write it as 00:00-12:30")
    if start >= end:
        raise ConfigError(f"the range '{text}' ends before it starts")
    return start, end
