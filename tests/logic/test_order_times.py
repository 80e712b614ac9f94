from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproc.logic.order_times import UnclearError, at, take_times
from streamproc.timebase import iso_utc

TODAY = date(2026, 11, 27)
MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")


def clock(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


@pytest.mark.parametrize(
    ("line", "day", "clocks", "rest"),
    [
        ("Сегодня в 19:00", None, ["19:00"], "Сегодня"),
        ("НТВ 12:30-12:45 интервью", None, ["12:30", "12:45"], "НТВ интервью"),
        ("ЧП 26.11 13:25–13:40", date(2026, 11, 26), ["13:25", "13:40"], "ЧП"),
        ("с 12:30 до 12:45 интервью", None, ["12:30", "12:45"], "интервью"),
        ("26 ноября 2026 г. Вести 20.00", date(2026, 11, 26), ["20:00"], "Вести"),
        ("12.30-12.45 сюжет", None, ["12:30", "12:45"], "сюжет"),
        ("2026-11-26 23:50-00:10", date(2026, 11, 26), ["23:50", "0:10"], ""),
        ("в 19-00 Вести", None, ["19:00"], "Вести"),
        ("Вести 24:00", None, ["24:00"], "Вести"),
        ("26/11/26 9:05 News", date(2026, 11, 26), ["9:05"], "News"),
        ("Nov 26 News", None, [], "Nov 26 News"),
        ("26 Nov News", date(2026, 11, 26), [], "News"),
        ("5 мартышек", None, [], "5 мартышек"),
        ("Пёс-2, 3-я серия", None, [], "Пёс-2, 3-я серия"),
        ("2 января 10:00 Ёлка", date(2027, 1, 2), ["10:00"], "Ёлка"),
    ],
)
def test_days_and_times_are_taken_out_and_the_name_is_left(
    line: str, day: date | None, clocks: list[str], rest: str
) -> None:
    found = take_times(line, TODAY)
    assert (found.day, found.clocks, " ".join(found.rest.split())) == (day, [clock(text) for text in clocks], rest)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("25:00 Вести", "no time '25:00'"),
        ("12:75 Вести", "no time '12:75'"),
        ("10.10-10.11 кусок", "could be days or times"),
        ("26.11 27.11.2026 Вести", "two days"),
        ("вчера 26.11 Вести", "two days"),
        ("12:30 12:40 12:50", "more than two times"),
        ("31.02.2026 Вести", "no day '31.02.2026'"),
    ],
)
def test_what_can_not_be_or_be_read_in_two_ways_is_refused_in_words(line: str, words: str) -> None:
    with pytest.raises(UnclearError, match=words):
        take_times(line, TODAY)


@pytest.mark.parametrize(("word", "shift"), [("вчера", -1), ("Позавчера", -2), ("завтра", 1), ("yesterday", -1)])
def test_a_day_may_be_named_from_today(word: str, shift: int) -> None:
    found = take_times(f"Место встречи, {word}", TODAY)
    assert (found.shift, found.rest.strip(" ,")) == (shift, "Место встречи")


def test_a_time_may_say_its_zone() -> None:
    assert take_times("Вести 20:00 мск", TODAY).zone == MOSCOW


def test_a_time_of_day_is_that_of_its_zone() -> None:
    assert iso_utc(at(TODAY, clock("19:00"), MOSCOW)) == "2026-11-27T16:00:00.000Z"


@pytest.mark.parametrize(
    ("day", "words"), [(date(2026, 3, 29), "the clocks go forward"), (date(2026, 10, 25), "comes twice")]
)
def test_a_time_that_daylight_saving_takes_out_or_doubles_is_refused(day: date, words: str) -> None:
    with pytest.raises(UnclearError, match=words):
        at(day, clock("2:30"), BERLIN)


@given(st.dates(date(2000, 1, 2), date(2199, 12, 30)), st.integers(0, 23), st.integers(0, 59))
def test_a_written_day_and_time_are_read_back(day: date, hours: int, minutes: int) -> None:
    found = take_times(f"Вести {day:%d.%m.%Y} {hours:02}:{minutes:02}", TODAY)
    assert (found.day, found.clocks) == (day, [timedelta(hours=hours, minutes=minutes)])
    assert iso_utc(at(found.day or TODAY, found.clocks[0], UTC)).startswith(f"{day}T{hours:02}:{minutes:02}")
