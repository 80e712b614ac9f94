"""The hysteresis: what changes the state, what does not, and the laws that hold for any scores."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproc.logic.hysteresis import TABLE, Action, Evidence, Hysteresis, Thresholds
from streamproc.messages import Change, Kind, Score

THRESHOLDS = Thresholds(n_enter=3, n_leave=2, min_certainty=0.7)
PROBABILITIES = st.lists(st.sampled_from([0.0, 0.02, 0.2, 0.45, 0.55, 0.8, 0.97, 1.0]), max_size=80)


def scores(probabilities: list[float]) -> list[Score]:
    """Return a score a second."""
    return [Score(epoch=1, time=Fraction(i), probability=value) for i, value in enumerate(probabilities)]


def changes(probabilities: list[float], thresholds: Thresholds = THRESHOLDS) -> list[Change]:
    """Return what a fresh hysteresis makes of the scores."""
    hysteresis = Hysteresis(thresholds)
    return [change for score in scores(probabilities) if (change := hysteresis.step(score)) is not None]


def test_every_state_knows_what_to_do_with_every_evidence() -> None:
    assert set(TABLE) == {(kind, evidence) for kind in Kind for evidence in Evidence}


def test_a_state_is_left_only_by_counting() -> None:
    assert TABLE[Kind.PROGRAMME, Evidence.THERE] is TABLE[Kind.ADVERT, Evidence.NOT_THERE] is Action.AFFIRM


def test_the_first_decision_comes_from_unknown_after_n_samples() -> None:
    (first,) = changes([0.9, 0.9, 0.9])
    assert (first.before, first.after, first.last_old, first.decided) == (Kind.UNKNOWN, Kind.PROGRAMME, None, 2)


def test_leaving_has_an_n_of_its_own() -> None:
    assert [change.decided for change in changes([0.9, 0.9, 0.9, 0.1, 0.1])] == [2, 4]


def test_a_change_is_bracketed_by_the_last_sample_for_the_old_state_and_the_first_for_the_new() -> None:
    change = changes([0.9, 0.9, 0.9, 0.9, 0.1, 0.1])[1]
    assert (change.last_old, change.first_new, change.decided) == (3, 4, 5)


def test_an_uncertain_sample_neither_counts_nor_resets() -> None:
    change = changes([0.9, 0.9, 0.9, 0.1, 0.5, 0.6, 0.1])[1]
    assert (change.first_new, change.decided) == (3, 6)


def test_a_sample_for_the_old_state_drops_the_run() -> None:
    assert len(changes([0.9, 0.9, 0.9, 0.1, 0.9, 0.1, 0.9])) == 1


def test_from_unknown_contrary_evidence_begins_the_run_anew() -> None:
    (first,) = changes([0.9, 0.9, 0.1, 0.9, 0.9, 0.9])
    assert (first.first_new, first.decided) == (3, 5)


def test_one_sample_against_the_state_is_suspicious() -> None:
    hysteresis = Hysteresis(THRESHOLDS)
    seen = [hysteresis.step(score) or hysteresis.suspicious for score in scores([0.9, 0.9, 0.9, 0.9, 0.1, 0.9])]
    assert seen[3:] == [False, True, False]


def test_what_is_no_snapshot_is_refused() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        Hysteresis(THRESHOLDS).restore("nonsense")


@given(PROBABILITIES, st.integers(1, 5), st.integers(1, 5))
def test_changes_are_never_closer_than_n_samples(probabilities: list[float], n_enter: int, n_leave: int) -> None:
    found = changes(probabilities, Thresholds(n_enter=n_enter, n_leave=n_leave, min_certainty=0.7))
    needed = {Kind.PROGRAMME: n_enter, Kind.ADVERT: n_leave}
    for earlier, later in pairwise(found):
        assert later.decided - earlier.decided >= needed[later.after]


@given(PROBABILITIES)
def test_states_alternate_and_brackets_are_in_order(probabilities: list[float]) -> None:
    before = Kind.UNKNOWN
    for change in changes(probabilities):
        assert change.before is before
        assert change.after is not before
        assert change.last_old is None or change.last_old < change.first_new
        assert change.first_new <= change.decided
        before = change.after


@given(PROBABILITIES, st.integers(0, 80))
def test_a_copy_made_midway_goes_on_as_the_original_does(probabilities: list[float], cut: int) -> None:
    hysteresis, copy = Hysteresis(THRESHOLDS), Hysteresis(THRESHOLDS)
    every = scores(probabilities)
    for score in every[:cut]:
        hysteresis.step(score)
    copy.restore(hysteresis.snapshot())
    assert [copy.step(score) for score in every[cut:]] == [hysteresis.step(score) for score in every[cut:]]


@given(PROBABILITIES)
def test_leaving_out_uncertain_samples_changes_nothing(probabilities: list[float]) -> None:
    certain = [score for score in scores(probabilities) if max(score.probability, 1 - score.probability) >= 0.7]
    hysteresis = Hysteresis(THRESHOLDS)
    assert [change for score in certain if (change := hysteresis.step(score))] == changes(probabilities)
