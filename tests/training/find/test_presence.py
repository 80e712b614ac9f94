"""When a mark is there, from matches that are drawn."""

import numpy as np

from streamproc.training.find.presence import Course, Matches, follow

TIMES = np.arange(0.0, 600.0, 2.0)
THERE = ~((TIMES >= 200) & (TIMES < 260)) & ~((TIMES >= 450) & (TIMES < 500))


def course(here: np.ndarray, *, elsewhere: float = 0.1, ground: np.ndarray | None = None) -> Course:
    rng = np.random.default_rng(2)
    return follow(
        Matches(
            here,
            rng.normal(0, elsewhere, (len(TIMES), 20)),
            rng.uniform(30, 200, len(TIMES)) if ground is None else ground,
            TIMES,
            np.arange(len(TIMES)) // 2,
        )
    )


def noise(spread: float = 0.1) -> np.ndarray:
    return np.random.default_rng(1).normal(0, spread, len(TIMES))


def test_a_clear_mark_is_followed_through_every_block() -> None:
    found = course(THERE + noise())
    assert ((found.probability > 0.5) == THERE).mean() > 0.99
    sure = (found.probability > 0.99) | (found.probability < 0.01)
    assert ((found.probability > 0.5) == THERE)[sure].all()
    assert found.contrast > 6


def test_where_it_comes_and_goes_the_probability_lies_between() -> None:
    found = course(THERE + noise())
    edges = np.flatnonzero(np.diff(THERE.astype(int)))
    assert all(0.01 < found.probability[edge : edge + 2].min() < 0.99 for edge in edges)


def test_a_few_pictures_that_hide_it_do_not_make_it_go() -> None:
    here = THERE + noise()
    here[[20, 21, 70, 190]] = 0
    assert ((course(here).probability > 0.5) == THERE).mean() > 0.98


def test_a_white_mark_that_is_seen_less_on_white_is_not_taken_for_gone() -> None:
    white = (TIMES // 20 % 3 == 0) & THERE
    ground = np.where(white, 235.0, 90.0) + noise(5)
    here = np.where(white, 0.3, THERE) + noise(0.05)
    assert ((course(here, ground=ground).probability > 0.5) == THERE).mean() > 0.97


def test_adverts_with_something_of_their_own_in_its_place_are_told_from_it() -> None:
    here = np.where(THERE, 1.0, 0.45) + noise()
    assert ((course(here).probability > 0.5) == THERE).mean() > 0.98


def test_matches_like_those_elsewhere_have_no_contrast() -> None:
    assert course(noise()).contrast < 3
