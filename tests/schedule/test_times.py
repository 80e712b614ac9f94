"""The times of XMLTV."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from streamproc.errors import ScheduleError
from streamproc.schedule.times import parse_moment, zone_named

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("20260822190000 +0300", "2026-08-22T16:00"),
        ("20260822190000 +03:00", "2026-08-22T16:00"),
        ("20260822190000 -0430", "2026-08-22T23:30"),
        ("20260822190000 UTC", "2026-08-22T19:00"),
        ("20260822190000 Z", "2026-08-22T19:00"),
        ("20260822190000 Europe/Moscow", "2026-08-22T16:00"),
        ("202608221900", "2026-08-22T17:00"),
        ("20260122190000", "2026-01-22T18:00"),
    ],
)
def test_a_time_is_read_with_its_offset_or_else_in_the_zone_that_is_given(written: str, meant: str) -> None:
    assert parse_moment(written, BERLIN) == utc(meant)


def test_an_hour_that_happens_twice_is_the_second_one_when_the_first_would_go_back() -> None:
    half_past = parse_moment("20261025023000", BERLIN)
    again = parse_moment("20261025020000", BERLIN, not_before_ns=half_past)
    assert (half_past, again) == (utc("2026-10-25T00:30"), utc("2026-10-25T01:00"))


@pytest.mark.parametrize(
    "written", ["", "soon", "2026", "20261340000000", "20260822190000 MSQ", "20260822190000 +9999"]
)
def test_what_is_no_time_is_refused_and_named(written: str) -> None:
    with pytest.raises(ScheduleError, match=f"'{written}'".replace("+", r"\+")):
        parse_moment(written, BERLIN)


def test_an_unknown_zone_is_refused_with_an_example() -> None:
    with pytest.raises(ScheduleError, match=r"'Moscow' is no time zone.*Europe/Moscow"):
        zone_named("Moscow")
