"""ROC, reliability and confusion, against figures that can be worked out by hand."""

import numpy as np
import pytest

from streamproc.training.scores import clear, confusion, reliability, roc

ODDS = np.array([3.0, 1.0, -1.0, 2.0, -2.0, -3.0])
TARGETS = np.array([1, 1, 1, 0, 0, 0], np.float32)


def test_confusion_counts_each_of_the_four_outcomes() -> None:
    counts = confusion(ODDS, TARGETS)
    assert (counts.found, counts.missed, counts.false_alarms, counts.rejected) == (2, 1, 1, 2)


def test_fades_are_neither_right_nor_wrong() -> None:
    assert clear(np.array([0.0, 0.2, 0.5, 0.97])).tolist() == [True, False, False, True]


def test_the_area_is_the_share_of_pairs_in_the_right_order() -> None:
    curve = roc(ODDS, TARGETS)
    assert curve is not None
    pairs = [(a > b) for a in ODDS[TARGETS == 1] for b in ODDS[TARGETS == 0]]
    assert curve.area == pytest.approx(np.mean(pairs))


def test_equal_scores_are_one_point_of_the_curve() -> None:
    curve = roc(np.zeros(6), TARGETS)
    assert curve is not None
    assert curve.found.tolist() == curve.false_alarms.tolist() == [0, 1]


def test_there_is_no_curve_of_one_class() -> None:
    assert roc(ODDS, np.ones(6, np.float32)) is None


def test_a_bin_says_what_was_said_and_what_is_so_with_an_interval_around_it() -> None:
    (one,) = reliability(np.full(100, 0.31), np.repeat([1.0, 0.0], [30, 70]))
    assert (one.said, one.so, one.count) == (pytest.approx(0.31), 0.3, 100)
    assert one.low == pytest.approx(0.219, abs=1e-3)
    assert one.high == pytest.approx(0.396, abs=1e-3)
