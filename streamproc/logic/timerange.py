"""Ranges of wall time as time-addressable media writes them (BBC TAMS): ``[1790000000:0_1790000010:500000000)``.

A moment is seconds and nanoseconds since 1970; TAMS counts TAI, the recording's wall time is UTC, and so are these. A
bracket includes its end and a parenthesis leaves it out; either end may be missing, which is no limit.
"""

import re
from typing import Final

NS: Final = 1_000_000_000
_MOMENT: Final = r"(-?[0-9]{1,12}):([0-9]{1,9})"
_RANGE: Final = re.compile(rf"([\[(]?)(?:{_MOMENT})?(_?)(?:{_MOMENT})?([\])]?)")
Stretch = tuple[int | None, int | None]


def parse_timerange(text: str) -> Stretch:
    """Return [start, end) in nanoseconds, None for no limit. Raises ValueError, which says what is wrong."""
    if text == "()":
        return 0, 0
    found = _RANGE.fullmatch(text)
    if found is None or (not found[4] and (found[2] is None or found[5] is not None)):
        raise ValueError("write a time range as [seconds:nanoseconds_seconds:nanoseconds)")
    start, end = _moment(found[2], found[3]), _moment(found[5], found[6])
    if not found[4]:  # one moment
        end = start
    if start is not None and found[1] == "(":
        start += 1
    if end is not None and (found[7] == "]" or not found[4]):
        end += 1
    if start is not None and end is not None and end < start:
        raise ValueError("the time range ends before it begins")
    return start, end


def format_timerange(start_ns: int, end_ns: int) -> str:
    """Return [start, end) as text."""
    return f"[{format_moment(start_ns)}_{format_moment(end_ns)})"


def format_moment(moment_ns: int) -> str:
    """Return a moment as text."""
    sign, (seconds, rest) = "-" if moment_ns < 0 else "", divmod(abs(moment_ns), NS)
    return f"{sign}{seconds}:{rest}"


def _moment(seconds: str | None, rest: str | None) -> int | None:
    if seconds is None or rest is None:
        return None
    whole = abs(int(seconds)) * NS + int(rest)
    return -whole if seconds.startswith("-") else whole
