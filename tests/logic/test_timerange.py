import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproc.logic.timerange import format_timerange, parse_timerange

MOMENTS = st.integers(-(10**20), 10**20)


@given(st.tuples(MOMENTS, MOMENTS).map(sorted))
def test_what_is_written_is_read_back(ends: list[int]) -> None:
    start, end = ends
    assert parse_timerange(format_timerange(start, end)) == (start, end)


@pytest.mark.parametrize(
    ("text", "stretch"),
    [
        ("[5:0_6:500000000)", (5 * 10**9, 6 * 10**9 + 500_000_000)),
        ("(5:0_6:0]", (5 * 10**9 + 1, 6 * 10**9 + 1)),
        ("[5:0_", (5 * 10**9, None)),
        ("_6:0)", (None, 6 * 10**9)),
        ("_", (None, None)),
        ("[5:0]", (5 * 10**9, 5 * 10**9 + 1)),
        ("5:0", (5 * 10**9, 5 * 10**9 + 1)),
        ("()", (0, 0)),
        ("[-1:500000000_0:0)", (-1_500_000_000, 0)),
    ],
)
def test_each_form_is_understood(text: str, stretch: tuple[int | None, int | None]) -> None:
    assert parse_timerange(text) == stretch


@pytest.mark.parametrize("text", ["", "[", "5", "5:0_6", "[6:0_5:0)", "2026-01-01T00:00:00Z", "5:0 6:0", "5:06:0"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time range"):
        parse_timerange(text)
