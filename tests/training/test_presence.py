"""Which stretches of footage are learnt from, given when a mark is there."""

import numpy as np
import pytest

from streamproc.training.labelled import Span
from streamproc.training.presence import ranges_of

Seconds = list[tuple[float, float]]


def rounded(spans: list[Span]) -> Seconds:
    return [(float(start), round(float(end), 2)) for start, end in spans]


def stretches(presence: list[float]) -> tuple[Seconds, Seconds]:
    """Return programme and advert; a picture every two seconds."""
    ranges = ranges_of(np.arange(len(presence)) * 2.0, np.array(presence, np.float32))
    return rounded(list(ranges.programme)), rounded(list(ranges.advert))


def test_pictures_next_to_a_change_are_left_out() -> None:
    assert stretches([1, 1, 1, 1, 0, 0, 0, 0]) == ([(0, 4)], [(10, 14)])


def test_a_few_unsure_pictures_among_sure_ones_count_as_these() -> None:
    assert stretches([1, 1, 0.5, 0.3, 0.6, 1, 1]) == ([(0, 12)], [])


def test_many_unsure_pictures_in_a_row_are_not_learnt_from() -> None:
    assert stretches([1, 1, 1, 0.5, 0.5, 0.5, 0.5, 1, 1, 1]) == ([(0, 2), (16, 18)], [])


def test_unsure_pictures_between_the_two_kinds_are_not_learnt_from() -> None:
    assert stretches([1, 1, 1, 0.5, 0, 0, 0]) == ([(0, 2)], [(10, 12)])


@pytest.mark.parametrize("presence", [[], [0.5] * 5])
def test_where_nothing_is_sure_nothing_is_learnt_from(presence: list[float]) -> None:
    assert stretches(presence) == ([], [])
