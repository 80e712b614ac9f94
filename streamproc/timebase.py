"""Exact time, and the clock that is passed to whoever needs one.

Media time is a ``Fraction`` of seconds within an epoch; 0 is its first presented frame. Wall time is an
integer of nanoseconds since 1970-01-01 UTC (``*_ns``), because a float of seconds can't hold a frame exactly.
docs/time.md tells the whole story.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Protocol

NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Where the current time comes from; passed in, so that tests decide what time it is."""

    def utc_ns(self) -> int:
        """Return wall time, nanoseconds since 1970 UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds that never go back, for intervals and time-outs."""
        ...

    async def sleep(self, duration_s: float) -> None:
        """Wait for ``duration_s`` seconds."""
        ...


class SystemClock:
    """The machine's own clock."""

    def utc_ns(self) -> int:
        """Return wall time, nanoseconds since 1970 UTC."""
        return time.time_ns()

    def monotonic_s(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    async def sleep(self, duration_s: float) -> None:
        """Wait for ``duration_s`` seconds."""
        await asyncio.sleep(duration_s)


class ManualClock:
    """A clock that stands still until somebody moves it; sleeping moves it at once."""

    def __init__(self, utc_ns: int = 1_700_000_000 * NS) -> None:
        self._utc_ns = utc_ns
        self._monotonic_ns = 0

    def utc_ns(self) -> int:
        """Return wall time as set."""
        return self._utc_ns

    def monotonic_s(self) -> float:
        """Return the seconds this clock was advanced so far."""
        return self._monotonic_ns / NS

    def advance(self, duration_s: float) -> None:
        """Let ``duration_s`` seconds pass."""
        self._utc_ns += round(duration_s * NS)
        self._monotonic_ns += round(duration_s * NS)

    async def sleep(self, duration_s: float) -> None:
        """Let the time pass at once, and let other tasks run."""
        self.advance(duration_s)
        await asyncio.sleep(0)


def to_ns(seconds: Fraction) -> int:
    """Return ``seconds`` as whole nanoseconds, rounded to the nearest."""
    return round(seconds * NS)


def utc_from_ns(utc_ns: int) -> datetime:
    """Return the aware UTC datetime of a nanosecond count (microseconds are kept)."""
    return _EPOCH + timedelta(microseconds=utc_ns // 1000)


def ns_from_utc(moment: datetime) -> int:
    """Return an aware datetime as nanoseconds since 1970 UTC."""
    since = moment - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000


def iso_utc(utc_ns: int) -> str:
    """Return ``2026-11-21T20:28:05.120Z`` for a nanosecond count."""
    return utc_from_ns(utc_ns).isoformat(timespec="milliseconds").replace("+00:00", "Z")
