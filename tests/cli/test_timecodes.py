from fractions import Fraction

import pytest

from streamproc.cli.timecodes import FrameTime, parse_range, parse_time
from streamproc.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1:02:03.4", Fraction(37234, 10)),
        ("62:03.4", Fraction(37234, 10)),
        ("3723.4", Fraction(37234, 10)),
        ("0", Fraction(0)),
        ("f1234", FrameTime(1234)),
    ],
)
def test_a_time_is_read_exactly(text: str, time: Fraction | FrameTime) -> None:
    assert parse_time(text) == time


@pytest.mark.parametrize("text", ["", "1:2:3:4", "-1", "12,5", "noon", "f-1"])
def test_what_is_not_a_time_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a time"):
        parse_time(text)


def test_a_range_is_two_times() -> None:
    assert parse_range("00:30-12:30") == (30, 750)


@pytest.mark.parametrize("text", ["12:30", "5-5", "9-3", "f1-f2"])
def test_a_range_must_go_forward(text: str) -> None:
    with pytest.raises(ConfigError, match="range"):
        parse_range(text)
