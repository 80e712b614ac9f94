"""Grounds that are hard for a bug."""

import numpy as np

from streamproc.training import backgrounds


def test_a_partly_white_ground_is_white_beyond_an_edge_and_as_it_was_elsewhere() -> None:
    dark = np.full((40, 60, 3), 50, np.uint8)
    for seed in range(20):
        (seen,) = backgrounds.partly_white([dark], np.random.default_rng(seed))
        levels = seen.mean(axis=2)
        assert ((levels == 50).any(), (levels > 180).any()) == (True, True)


def test_the_pictures_of_a_shot_have_the_edge_in_common() -> None:
    shot = [np.full((30, 30, 3), level, np.uint8) for level in (20, 60)]
    first, second = backgrounds.partly_white(shot, np.random.default_rng(1))
    kept = 1 - (second.astype(float) - first) / 40
    assert np.array_equal(kept < 0.02, (first == 20))
