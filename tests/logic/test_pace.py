"""How often something may be done."""

from hypothesis import given
from hypothesis import strategies as st

from streamproc.logic.pace import MOST_KEYS, Pace


def test_a_burst_passes_and_then_the_steady_rate() -> None:
    pace = Pace(0.5, 3)
    assert [pace.take("a", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 2.0]
    assert [pace.take("a", 2.0), pace.take("a", 2.0)] == [0.0, 2.0]


def test_keys_are_counted_apart() -> None:
    pace = Pace(1, 1)
    assert [pace.take("a", 0.0), pace.take("b", 0.0), pace.take("a", 0.0)] == [0.0, 0.0, 1.0]


def test_what_is_given_back_can_be_taken_again() -> None:
    pace = Pace(1, 1)
    for _ in range(10):
        assert pace.take("a", 0.0) == 0.0
        pace.give_back("a")


def test_so_many_keys_are_kept_and_no_more() -> None:
    pace = Pace(1, 1)
    for number in range(MOST_KEYS + 1):
        pace.take(str(number), 0.0)
    assert (pace.take("1", 0.0), pace.take("0", 0.0)) == (1.0, 0.0)


@given(
    rate=st.floats(0.01, 100),
    burst=st.integers(1, 50),
    pauses=st.lists(st.floats(0, 20), max_size=200),
)
def test_in_no_stretch_of_time_more_pass_than_the_burst_and_the_rate(
    rate: float, burst: int, pauses: list[float]
) -> None:
    pace, now, passed = Pace(rate, burst), 0.0, []
    for pause in pauses:
        now += pause
        if pace.take("a", now) == 0.0:
            passed.append(now)
    for first, start in enumerate(passed):
        for count, end in enumerate(passed[first:], start=1):
            assert count <= burst + (end - start) * rate + 1e-6


@given(rate=st.floats(0.01, 100), burst=st.integers(1, 50))
def test_who_waits_as_long_as_was_said_passes(rate: float, burst: int) -> None:
    pace = Pace(rate, burst)
    waits = [pace.take("a", 0.0) for _ in range(burst + 1)]
    assert waits[:-1] == [0.0] * burst
    assert pace.take("a", waits[-1]) == 0.0
