"""Programmes keep their numbers."""

from streamproc.logic.identity import Sighting, identify


def seen(listed_ns: int | None, *pieces: tuple[float, float]) -> Sighting:
    return Sighting(listed_ns, pieces)


def test_what_has_the_same_listing_is_the_same_though_most_of_it_has_moved() -> None:
    known = [seen(1, (0, 100)), seen(2, (100, 200))]
    assert identify([seen(1, (0, 30)), seen(2, (30, 200))], known) == [0, 1]


def test_what_has_most_in_common_is_the_same_when_its_listing_has_changed() -> None:
    assert identify([seen(7, (0, 90))], [seen(1, (0, 100)), seen(2, (100, 200))]) == [0]


def test_each_known_programme_is_taken_once() -> None:
    assert identify([seen(None, (0, 60)), seen(None, (60, 100))], [seen(None, (0, 100))]) == [0, None]


def test_what_has_nothing_in_common_is_new_even_with_the_same_listing() -> None:
    assert identify([seen(1, (500, 600))], [seen(1, (0, 100))]) == [None]
