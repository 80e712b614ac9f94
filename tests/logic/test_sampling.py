"""The sampling plan: how far apart samples are, when it is dense, and for how long."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from streamproc.logic.sampling import DENSE_LIMIT_S, NextSample, SamplingPlan


def calm(rate_hz: float | None = None) -> SamplingPlan:
    """Return a plan of an epoch whose state is known."""
    plan = SamplingPlan(rate_hz=rate_hz, max_gap_s=4, dense_rate_hz=5)
    plan.begin_epoch(1)
    plan.observe(Fraction(10), suspicious=False)
    return plan


def test_keyframes_are_taken_while_nothing_is_suspected() -> None:
    assert calm().next(Fraction(10)) == NextSample(Fraction(14), keyframe_first=True)


def test_a_set_rate_is_kept() -> None:
    assert calm(rate_hz=0.5).next(Fraction(10)) == NextSample(Fraction(12), keyframe_first=False)


def test_suspicion_makes_it_dense() -> None:
    plan = calm()
    plan.observe(Fraction(12), suspicious=True)
    assert plan.next(Fraction(12)) == NextSample(Fraction(61, 5), keyframe_first=False)


def test_a_rate_above_the_dense_one_is_kept_under_suspicion() -> None:
    plan = calm(rate_hz=25)
    plan.observe(Fraction(12), suspicious=True)
    assert plan.next(Fraction(12)).at == Fraction(12) + Fraction(1, 25)


def test_a_new_epoch_is_sampled_densely_until_its_state_is_known() -> None:
    plan = SamplingPlan(rate_hz=None, max_gap_s=4, dense_rate_hz=5)
    plan.begin_epoch(1)
    assert plan.dense


def test_nothing_is_settled_while_a_change_is_suspected() -> None:
    plan = calm()
    plan.observe(Fraction(12), suspicious=True)
    assert plan.settled.covers(1, Fraction(10))
    assert not plan.settled.covers(1, Fraction(12))


def test_all_of_an_ended_epoch_is_settled() -> None:
    plan = calm()
    plan.end_epoch()
    assert plan.settled.covers(1, Fraction(1000))


def test_earlier_epochs_are_settled_and_later_ones_are_not() -> None:
    plan = calm()
    plan.begin_epoch(5)
    assert plan.settled.covers(4, Fraction(1000))
    assert not plan.settled.covers(5, Fraction(0))
    assert not plan.settled.covers(6, Fraction(0))


@given(st.lists(st.integers(1, 3000), min_size=1))
def test_a_lasting_suspicion_is_not_followed_densely_for_ever(steps_ms: list[int]) -> None:
    plan, time = calm(), Fraction(10)
    for step in steps_ms:
        time += Fraction(step, 1000)
        plan.observe(time, suspicious=True)
        assert plan.dense == (time - 10 - Fraction(steps_ms[0], 1000) < DENSE_LIMIT_S)
