from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproc.errors import ConfigError
from streamproc.exports.timecode import Counting, standard_rate, time_of_day
from tests.exports.conftest import RATES

NTSC, NTSC_2 = Fraction(30000, 1001), Fraction(60000, 1001)


def counted(nominal: int, left_out: int) -> Iterator[str]:
    """Count a day as a clerk would: every number in turn, but for those that are left out."""
    mark = ";" if left_out else ":"
    for minute in range(24 * 60):
        for second in range(60):
            first = left_out if second == 0 and minute % 10 else 0
            for frame in range(first, nominal):
                yield f"{minute // 60:02d}:{minute % 60:02d}:{second:02d}{mark}{frame:02d}"


COUNTED = [(NTSC, True, 30, 2), (NTSC_2, True, 60, 4), (NTSC, False, 30, 0), (Fraction(25), False, 25, 0)]


@pytest.mark.parametrize(("rate", "drop", "nominal", "left_out"), COUNTED)
def test_each_frame_has_the_time_code_that_counting_gives_it(
    rate: Fraction, drop: bool, nominal: int, left_out: int
) -> None:
    counting = Counting.of(rate, drop_frame=drop)
    expected = list(islice(counted(nominal, left_out), 11 * 60 * nominal))
    assert [counting.label(frame) for frame in range(len(expected))] == expected
    assert [counting.frame(text) for text in expected] == list(range(len(expected)))


def test_a_day_of_drop_frame_has_the_frames_that_counting_gives_it() -> None:
    counting = Counting.of(NTSC, drop_frame=True)
    expected = list(counted(30, 2))
    assert counting.day == len(expected)
    looked_at = [frame for frame in range(len(expected)) if frame % 1800 < 9 or frame % 997 == 0]
    assert [counting.label(frame) for frame in looked_at] == [expected[frame] for frame in looked_at]


@pytest.mark.parametrize(("rate", "drop"), RATES)
def test_time_code_begins_again_after_a_day(rate: Fraction, drop: bool) -> None:
    counting = Counting.of(rate, drop_frame=drop)
    assert counting.label(counting.day) == counting.label(0)
    assert counting.label(counting.day - 1)[:8] == "23:59:59"


@given(st.sampled_from(RATES), st.integers(0, 10_000_000))
def test_a_time_code_is_read_back_as_its_frame(how: tuple[Fraction, bool], frame: int) -> None:
    counting = Counting.of(how[0], drop_frame=how[1])
    assert counting.frame(counting.label(frame)) == frame % counting.day


@pytest.mark.parametrize(("rate", "drop"), RATES)
def test_drop_frame_keeps_up_with_the_clock_and_non_drop_does_not(rate: Fraction, drop: bool) -> None:
    counting = Counting.of(rate, drop_frame=drop)
    after_an_hour = round(3600 * rate)
    is_whole = rate.denominator == 1
    assert (counting.label(after_an_hour)[:8] == "01:00:00") is (drop or is_whole)


@pytest.mark.parametrize(("rate", "drop"), RATES)
def test_the_time_code_of_a_time_of_day_shows_its_hours_minutes_and_seconds(rate: Fraction, drop: bool) -> None:
    counting = Counting.of(rate, drop_frame=drop)
    shown = {counting.label(counting.at(Fraction(hour * 3600 + 2112))) for hour in range(24)}
    assert {text[:8] for text in shown} == {f"{hour:02d}:35:12" for hour in range(24)}


@pytest.mark.parametrize(
    ("text", "rate", "drop", "why"),
    [
        ("25:00:00:00", "25", False, "'25:00:00:00' does not exist"),
        ("10:60:00:00", "25", False, "does not exist"),
        ("10:00:00:30", "25", False, "last frame of a second is 24"),
        ("10:00:00:25", "25", False, "last frame of a second is 24"),
        ("10:01:00;00", "30000/1001", True, "drop frame leaves it out"),
        ("10:01:00;03", "60000/1001", True, "drop frame leaves it out"),
        ("10:00:00;00", "25", False, "is drop frame, and the rest is not"),
        ("10:00:00", "25", False, "is not a time code"),
        ("später", "25", False, "is not a time code"),
    ],
)
def test_a_time_code_that_does_not_exist_is_refused(text: str, rate: str, drop: bool, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Counting.of(Fraction(rate), drop_frame=drop).frame(text)


@pytest.mark.parametrize("rate", ["25", "24000/1001", "30", "50"])
def test_drop_frame_is_refused_where_there_is_none(rate: str) -> None:
    with pytest.raises(ConfigError, match=r"29\.97 and 59\.94"):
        Counting.of(Fraction(rate), drop_frame=True)


@pytest.mark.parametrize("rate", [None, Fraction(15), Fraction(100)])
def test_a_rate_without_time_code_is_refused(rate: Fraction | None) -> None:
    with pytest.raises(ConfigError, match="no time code"):
        Counting.of(rate)


@pytest.mark.parametrize(
    ("stated", "meant"), [("2997/100", NTSC), ("19001/634", NTSC), ("30", Fraction(30)), ("5994/100", NTSC_2)]
)
def test_a_rate_that_a_stream_rounds_is_the_one_it_means(stated: str, meant: Fraction) -> None:
    assert standard_rate(Fraction(stated)) == meant


def test_time_of_day_is_that_of_the_zone() -> None:
    moscow, noon_ns = ZoneInfo("Europe/Moscow"), 1_795_262_400_500_000_000  # 2026-11-21T12:00:00.5Z
    assert time_of_day(noon_ns, moscow) == Fraction(15 * 3600 * 2 + 1, 2)
