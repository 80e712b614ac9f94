"""SMPTE time code: hours, minutes, seconds and frames, counted at one of the rates that have one.

A time code only counts. At 30000/1001 frames a second it counts 30 of them as a second, so non-drop time code falls
behind the clock by 3.6 s an hour; drop-frame time code keeps up with it by leaving out the numbers 0 and 1 (at
59.94: 0 to 3) of each minute but every tenth. No frame is left out, only its number. After 24 hours it begins again.

The counting itself is OpenTimelineIO's, which is also what reads our files. What it lets pass is refused here: hours
from 24, minutes and seconds from 60, and numbers that drop frame leaves out.
"""

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from fractions import Fraction
from typing import Final, Self
from zoneinfo import ZoneInfo

from opentimelineio.opentime import RationalTime, from_timecode

from streamproc.errors import ConfigError
from streamproc.timebase import utc_from_ns

_WHOLE: Final = (24, 25, 30, 48, 50, 60)
_RATES: Final = (*(Fraction(n) for n in _WHOLE), *(Fraction(n * 1000, 1001) for n in (24, 30, 48, 60)))
_NEAR: Final = Fraction(1, 4000)
"""A stream's own word for its rate may be off by this share; 29.97 and 30 are four times as far apart."""
_DROPPING: Final = (Fraction(30000, 1001), Fraction(60000, 1001))
_TEXT: Final = re.compile(r"^(\d\d):(\d\d):(\d\d)([:;.])(\d\d)$")
_DAY_S: Final = 86_400
_DROPPING_MINUTES: Final = 24 * 60 - 24 * 6


def standard_rate(rate: Fraction) -> Fraction | None:
    """Return the rate with a time code that a stream means by what it states (2997/100); None when there is none."""
    nearest = min(_RATES, key=lambda known: abs(known - rate))
    return nearest if abs(nearest - rate) <= nearest * _NEAR else None


@dataclass(frozen=True, slots=True)
class Counting:
    """One way of counting frames; make it with :meth:`of`."""

    rate: Fraction
    """Frames a second: one of those that have a time code, exactly."""
    drop_frame: bool
    """Whether numbers are left out to keep up with the clock."""

    @classmethod
    def of(cls, rate: Fraction | None, *, drop_frame: bool = False) -> Self:
        """Return the counting at a rate as a stream states it. Raises ConfigError when there is none."""
        if rate is None:
            raise ConfigError("the frame rate is not known, so there is no time code; export as csv, json or vtt")
        known = standard_rate(rate)
        if known is None:
            raise ConfigError(
                f"there is no time code at {float(rate):g} frames a second, only at 23.976, 24, 25, 29.97, 30, 47.952, "
                "48, 50, 59.94 and 60; export as csv, json or vtt"
            )
        if drop_frame and known not in _DROPPING:
            raise ConfigError(
                f"drop frame exists at 29.97 and 59.94 frames a second only, and these are {float(known):g}; "
                "leave --drop-frame out, and write the time code with ':'"
            )
        return cls(known, drop_frame)

    @property
    def nominal(self) -> int:
        """How many frames are counted as a second."""
        return round(self.rate)

    @property
    def day(self) -> int:
        """How many frames are counted until the time code begins again."""
        return self.nominal * _DAY_S - (self.left_out * _DROPPING_MINUTES if self.drop_frame else 0)

    @property
    def left_out(self) -> int:
        """How many numbers drop frame leaves out of a minute, if it leaves any."""
        return self.nominal // 15

    def label(self, frame: int) -> str:
        """Return the time code of a frame: ``10:00:00:00``, or with drop frame ``10:00:00;00``; wraps after 24 h.

        frame: counted from 00:00:00:00.
        """
        rate = self._counted_rate
        return str(RationalTime(frame % self.day, rate).to_timecode(rate, self.drop_frame))

    def frame(self, text: str) -> int:
        """Return how many frames after 00:00:00:00 a time code is. Raises ConfigError when there is no such one."""
        found = _TEXT.match(text)
        if found is None:
            raise ConfigError(
                f"'{text}' is not a time code; write it as HH:MM:SS:FF, with ';' before FF for drop frame"
            )
        hours, minutes, seconds, frames = (int(found[part]) for part in (1, 2, 3, 5))
        if hours > 23 or minutes > 59 or seconds > 59:
            raise ConfigError(f"the time code '{text}' does not exist: it goes from 00:00:00 to 23:59:59")
        if frames >= self.nominal:
            raise ConfigError(
                f"the time code '{text}' does not exist: at {float(self.rate):g} frames a second the last frame of "
                f"a second is {self.nominal - 1:02d}"
            )
        if self.drop_frame and minutes % 10 and seconds == 0 and frames < self.left_out:
            raise ConfigError(f"the time code '{text}' does not exist: drop frame leaves it out; write the frame after")
        if found[4] != ":" and not self.drop_frame:
            raise ConfigError(f"'{text}' is drop frame, and the rest is not; write it with ':', or add --drop-frame")
        mark = ";" if self.drop_frame else ":"
        return int(from_timecode(f"{text[:8]}{mark}{frames:02d}", self._counted_rate).value)

    def at(self, of_day: Fraction) -> int:
        """Return the frame whose time code a clock in sync with it shows at a time of day, seconds since midnight.

        Non-drop time code at 29.97 leaves the clock behind; so it is the clock's hours, minutes and seconds as digits.
        """
        return round(of_day * (self.rate if self.drop_frame else self.nominal)) % self.day

    @property
    def _counted_rate(self) -> float:
        """Non-drop counts as if the rate were whole, and OpenTimelineIO wraps it in the right place only then."""
        return float(self.rate) if self.drop_frame else float(self.nominal)


def is_drop_frame(text: str) -> bool:
    """Tell whether a time code is written as drop frame: with ';' or '.' before its frames."""
    return text[-3:-2] in {";", "."}


def time_of_day(utc_ns: int, zone: tzinfo | None) -> Fraction:
    """Return the seconds since midnight that clocks in a zone show (this machine's own zone when None)."""
    local: datetime = utc_from_ns(utc_ns).astimezone(zone)
    return local.hour * 3600 + local.minute * 60 + local.second + Fraction(local.microsecond, 1_000_000)


def find_zone(name: str | None) -> ZoneInfo | None:
    """Return a time zone by its name; None, which is this machine's own, for None. Raises ConfigError."""
    try:
        return None if name is None else ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        raise ConfigError(f"there is no time zone {name!r}; write one as Europe/Moscow or UTC") from error
