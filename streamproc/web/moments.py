"""Moments as requests write them: ISO 8601 with an offset, and within reason."""

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

FIRST_YEAR, LAST_YEAR = 1970, 2200
"""Nanoseconds since 1970 of what lies outside fit in no column of a database."""
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")


def _written(value: object) -> object:
    """Refuse numbers: nobody can tell seconds from milliseconds. Raises ValueError."""
    if isinstance(value, datetime) or (isinstance(value, str) and _ISO.match(value)):
        return value
    raise ValueError("write a moment with its offset as 2026-11-21T23:40:00Z")


def _within_reason(moment: datetime) -> datetime:
    if not FIRST_YEAR <= moment.year < LAST_YEAR:
        raise ValueError("the year is out of reason")
    return moment


def _day_within_reason(day: date) -> date:
    if not FIRST_YEAR < day.year < LAST_YEAR:
        raise ValueError("the year is out of reason")
    return day


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written), AfterValidator(_within_reason)]
"""A moment."""
Day = Annotated[date, AfterValidator(_day_within_reason)]
"""A day."""
