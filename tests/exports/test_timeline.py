from fractions import Fraction

import pytest

from streamproc.errors import ConfigError
from streamproc.exports.timeline import dated_reels, one_rate, reel_names


@pytest.mark.parametrize(
    ("names", "reels"),
    [
        (["ntv"], ["NTV"]),
        (["Сегодня вечером"], ["REEL"]),
        (["evening news 2026"], ["EVENINGN"]),
        (["hour 1.ts", "hour 1.ts"], ["HOUR1001", "HOUR1002"]),
        (["Первый", "Второй"], ["REEL001", "REEL002"]),
    ],
)
def test_a_reel_has_8_latin_letters_and_is_no_other_one(names: list[str], reels: list[str]) -> None:
    assert reel_names(names) == reels


@pytest.mark.parametrize(
    ("days", "reels"),
    [
        (["1121"], ["NEW1121"]),
        (["1121", "1121", "1122"], ["NEW1121", "NEW1121B", "NEW1122"]),
        (["1121"] * 27, [f"NEWSO{number:03d}" for number in range(1, 28)]),
    ],
)
def test_a_channels_reel_is_of_its_day(days: list[str], reels: list[str]) -> None:
    assert dated_reels("news_one", days) == reels


def test_one_rate_is_that_of_all_sources_however_it_is_stated() -> None:
    assert one_rate([Fraction(2997, 100), Fraction(30000, 1001)]) == Fraction(30000, 1001)
    assert one_rate([Fraction(25), None]) is None
    with pytest.raises(ConfigError, match=r"changes \(25 and 50 frames"):
        one_rate([Fraction(50), Fraction(25)])
