"""The figures: average precision, recall and overlap, on cases that can be reckoned by hand."""

import numpy as np
import pytest

from streamproc.training.detector.measure import Judged, average_precision, curve, mean_overlap, recall_at, summary

Row = tuple[float, float, float, float]
A: Row = (0.1, 0.1, 0.2, 0.2)
B: Row = (0.7, 0.1, 0.8, 0.2)
WRONG: Row = (0.4, 0.6, 0.5, 0.7)


def picture(found: list[tuple[Row, float]], bugs: list[Row], ignored: list[Row] | None = None) -> Judged:
    def rows(values: list[Row]) -> np.ndarray:
        return np.array(values, np.float32).reshape(-1, 4)

    scores = np.array([score for _, score in found], np.float32)
    return Judged(rows([box for box, _ in found]), scores, rows(bugs), rows(ignored or []))


def test_everything_found_and_nothing_else_is_an_average_precision_of_one() -> None:
    assert average_precision(curve([picture([(A, 0.9), (B, 0.4)], [A, B])])) == 1


def test_half_of_the_bugs_found_is_an_average_precision_of_half() -> None:
    assert average_precision(curve([picture([(A, 0.9)], [A, B])])) == pytest.approx(0.5, abs=0.01)


def test_a_wrong_box_that_scores_above_the_right_one_halves_the_precision() -> None:
    assert average_precision(curve([picture([(WRONG, 0.9), (A, 0.5)], [A])])) == pytest.approx(0.5)


def test_a_wrong_box_that_scores_below_the_right_one_costs_nothing() -> None:
    assert average_precision(curve([picture([(WRONG, 0.3), (A, 0.5)], [A])])) == 1


def test_a_bug_counts_once_however_often_it_is_found() -> None:
    found = curve([picture([(A, 0.9), (A, 0.8)], [A])])
    assert found.right.tolist() == [True, False]


def test_finding_what_cannot_be_seen_is_neither_right_nor_wrong() -> None:
    found = curve([picture([(B, 0.9), (A, 0.5)], [A], [B])])
    assert found.right.tolist() == [True]
    assert found.bugs == 1


def test_a_box_must_overlap_as_much_as_is_asked_for() -> None:
    near = (0.1, 0.1, 0.2, 0.18)  # 0.8 of A
    lot = [picture([(near, 0.9)], [A])]
    assert average_precision(curve(lot, 0.75)) == 1
    assert average_precision(curve(lot, 0.85)) == 0
    assert mean_overlap(curve(lot), 0.5) == pytest.approx(0.8)


def test_recall_is_taken_where_the_false_boxes_are_as_many_as_are_borne() -> None:
    lot = [picture([(A, 0.9)], [A]), picture([(WRONG, 0.6), (B, 0.5)], [B])]
    assert recall_at(curve(lot), 0.1) == (pytest.approx(0.5), pytest.approx(0.9))
    assert recall_at(curve(lot), 0.5) == (pytest.approx(1.0), pytest.approx(0.5))


def test_nothing_to_find_gives_no_precision_and_no_recall() -> None:
    lot = [picture([(WRONG, 0.6)], [])]
    assert average_precision(curve(lot)) == 0
    assert recall_at(curve(lot), 1) == (0.0, 1.0)


def test_the_summary_counts_false_boxes_a_picture_at_the_threshold() -> None:
    figures = summary([picture([(A, 0.9), (WRONG, 0.5), (WRONG, 0.1)], [A]), picture([], [])], 0.4)
    assert figures["false_a_picture_at_threshold"] == 0.5
    assert figures["recall_at_threshold"] == 1
    assert figures["bugs"] == 1
