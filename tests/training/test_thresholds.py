"""Thresholds and n from held-out scores."""

import numpy as np

from streamproc.inference.card import Decision
from streamproc.training.thresholds import pick_decision


def decide(*groups: tuple[int, float, float]) -> Decision:
    """Decide for groups of (count, probability, target)."""
    probability = np.concatenate([np.full(count, value) for count, value, _ in groups])
    targets = np.concatenate([np.full(count, value, np.float32) for count, _, value in groups])
    return pick_decision(probability, targets)


def test_a_model_without_mistakes_needs_three_samples_and_little_certainty() -> None:
    assert decide((500, 0.999, 1), (500, 0.001, 0)) == Decision(n_enter=3, n_leave=3, min_certainty=0.7)


def test_mistakes_of_little_certainty_are_kept_out_by_asking_for_more() -> None:
    assert decide((995, 0.999, 1), (5, 0.75, 0)).min_certainty == 0.8


def test_a_model_that_is_surely_wrong_at_times_needs_more_samples() -> None:
    assert [decide((1000 - wrong, 0.99, 1), (wrong, 0.99, 0)).n_enter for wrong in (1, 5, 30)] == [3, 4, 5]


def test_certainty_is_not_asked_for_where_it_would_leave_too_few_samples() -> None:
    assert decide((900, 0.999, 1), (90, 0.78, 1), (10, 0.78, 0)).min_certainty == 0.7


def test_fades_are_passed_over() -> None:
    assert decide((500, 0.999, 1), (500, 0.001, 0), (100, 0.99, 0.4)) == decide((500, 0.999, 1), (500, 0.001, 0))


def test_with_nothing_to_go_by_the_defaults_stand() -> None:
    assert decide((10, 0.9, 0.5)) == Decision()
