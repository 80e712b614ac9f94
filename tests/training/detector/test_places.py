"""Places: boxes of many pictures gathered, and marks that move."""

import numpy as np
import pytest

from streamproc.inference.card import Region
from streamproc.inference.detector import Found
from streamproc.training.detector.places import Sighting, moving, places


def region(x: float, y: float = 0.1) -> Region:
    return Region(x=x, y=y, width=0.1, height=0.08)


def sightings(*rows: list[tuple[Region, float]]) -> list[Sighting]:
    return [Sighting(10.0 * n, tuple(Found(box, score) for box, score in row)) for n, row in enumerate(rows)]


def test_boxes_that_overlap_are_one_place_at_their_median() -> None:
    seen = sightings(*[[(region(0.8 + step), 0.9)] for step in (0, 0.01, 0.002, 0.004, 0.003)])
    (place,) = places(seen)
    assert place.region.x == pytest.approx(0.803)
    assert place.region.width == pytest.approx(0.1)
    assert place.share == 1


def test_a_box_that_is_seen_in_one_picture_of_many_is_no_place() -> None:
    seen = sightings([(region(0.8), 0.9)], [(region(0.8), 0.9), (region(0.2), 0.99)], [(region(0.8), 0.9)])
    assert [round(place.region.x, 2) for place in places(seen)] == [0.8]


def test_a_single_picture_gives_its_boxes_as_places() -> None:
    assert len(places(sightings([(region(0.1), 0.5), (region(0.8), 0.9)]))) == 2


def test_the_place_that_is_seen_more_often_comes_first() -> None:
    both, one = [(region(0.1), 0.7), (region(0.8), 0.7)], [(region(0.8), 0.7)]
    assert [round(place.region.x, 1) for place in places(sightings(both, one, both, one))] == [0.8, 0.1]


def test_pictures_without_a_bug_give_no_places() -> None:
    assert places(sightings([], [], [])) == []


def test_a_mark_that_is_now_here_now_there_moves() -> None:
    here, there = [(region(0.1), 0.9)], [(region(0.8, 0.8), 0.9)]
    assert len(moving(places(sightings(here, here, there, there, here, there)))) == 2


def test_two_marks_that_stand_side_by_side_do_not_move() -> None:
    both = [(region(0.1), 0.9), (region(0.8), 0.9)]
    assert moving(places(sightings(both, both, both))) == []


def test_a_mark_that_stands_still_does_not_move() -> None:
    seen = sightings(*[[(region(0.8), 0.9)]] * 4)
    assert moving(places(seen)) == []
    assert np.all(places(seen)[0].seen)
