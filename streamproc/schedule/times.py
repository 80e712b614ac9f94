"""The times of XMLTV: ``20260822190000 +0300``, or without an offset, in a zone that must be known otherwise."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from streamproc.errors import ScheduleError

_MOMENT = re.compile(r"^\s*(\d{14}|\d{12}|\d{10}|\d{8})(?!\d)\s*(\S+)?\s*$")
_OFFSET = re.compile(r"^([+-])(\d{2}):?(\d{2})$")
_START = datetime(1970, 1, 1, tzinfo=UTC)


def zone_named(name: str) -> tzinfo:
    """Return a time zone of the tz database. Raises ScheduleError when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleError(f"'{name}' is no time zone; write it as in the tz database, like Europe/Moscow") from error


def parse_moment(text: str, zone: tzinfo, *, not_before_ns: int | None = None) -> int:
    """Return an XMLTV time as nanoseconds since 1970 UTC.

    zone: of a time without an offset. not_before_ns: when clocks are set back an hour happens twice; the later one is
    meant when the earlier one would lie before this. Raises ScheduleError: not a time, or an unknown zone.
    """
    match = _MOMENT.match(text)
    if match is None:
        raise ScheduleError(f"'{text}' is not a time; XMLTV writes 20260822190000 +0300")
    digits, suffix = match.groups()
    written_in = zone if suffix is None else _zone_of(suffix, text)
    try:
        wall = datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=written_in)
    except ValueError as error:
        raise ScheduleError(f"'{text}' is not a time: {error}") from error
    first, second = _ns(wall), _ns(wall.replace(fold=1))
    happens_twice = first < second
    if happens_twice and not_before_ns is not None and first < not_before_ns:
        return second
    return first


def _zone_of(suffix: str, text: str) -> tzinfo:
    offset = _OFFSET.match(suffix)
    if offset:
        sign, hours, minutes = offset.groups()
        shift = timedelta(hours=int(hours), minutes=int(minutes))
        if shift >= timedelta(days=1):
            raise ScheduleError(f"'{text}' has the offset '{suffix}', which is a day or more")
        return timezone(-shift if sign == "-" else shift)
    if suffix.upper() in {"UTC", "GMT", "Z"}:
        return UTC
    try:
        return zone_named(suffix)
    except ScheduleError as error:
        raise ScheduleError(f"'{text}' has the unknown zone '{suffix}'; use an offset like +0300") from error


def _ns(moment: datetime) -> int:
    since = moment.astimezone(UTC) - _START
    return (since.days * 86_400 + since.seconds) * 1_000_000_000
