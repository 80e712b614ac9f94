"""The days that naming is measured on are what they are said to be."""

from itertools import pairwise

import numpy as np
import pytest

from benchmarks.naming import Aired, Composed, compose, draw_style, drawn_listings, judge
from streamproc.logic.alignment import Named, Part


@pytest.fixture(params=range(6))
def composed(request: pytest.FixtureRequest) -> Composed:
    rng = np.random.default_rng(request.param)
    return compose(drawn_listings(rng), draw_style(rng), rng)


def test_footage_is_in_order_and_the_truth_is_all_of_it_but_trailers(composed: Composed) -> None:
    assert all(one.end < following.start for one, following in pairwise(composed.day.stretches))
    aired = sum(end - start for one in composed.aired for start, end in one.pieces)
    seen = sum(one.end - one.start for one in composed.day.stretches if one.end - one.start >= 45)
    assert seen == pytest.approx(aired, abs=45 * len(composed.aired))


def test_programmes_are_shown_in_the_order_of_their_listings_and_each_once(composed: Composed) -> None:
    numbers = [one.slot for one in composed.aired if one.slot is not None]
    assert numbers == sorted(set(numbers))


def test_without_an_accident_no_programme_is_more_than_ten_minutes_and_its_neighbours_length_off() -> None:
    rng = np.random.default_rng(5)
    style = draw_style(rng)
    quiet = compose(drawn_listings(rng), type(style)(**{**_fields(style), "overruns": 0, "cancelled": 0}), rng)
    off = [abs(one.pieces[0][0] - quiet.day.slots[one.slot].start) / 60 for one in quiet.aired if one.slot is not None]
    assert np.percentile(off, 90) <= 10


def test_a_day_named_by_its_truth_is_all_right_and_one_named_by_the_neighbours_is_all_wrong(
    composed: Composed,
) -> None:
    truth = [_named(one, one.slot) for one in composed.aired]
    judged = judge(composed, truth)
    assert (judged.right, judged.exact) == (judged.listed, judged.listed)
    assert all(right for _, right in judged.names)
    shifted = [_named(one, following.slot) for one, following in pairwise(composed.aired)]
    judged = judge(composed, shifted)
    assert judged.right == 0
    assert not any(right for _, right in judged.names)


def _named(one: Aired, slot: int | None) -> Named:
    parts = tuple(Part(0, start, end, False, False) for start, end in one.pieces)
    return Named(slot, parts, 1.0, 1.0, 1.0, 1.0)


def _fields(style: object) -> dict[str, object]:
    return {name: getattr(style, name) for name in type(style).__slots__}  # type: ignore[attr-defined]
