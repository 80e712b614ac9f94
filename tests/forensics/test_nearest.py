"""Windows that occur twice."""

import numpy as np

from streamproc.forensics.nearest import busy_share, repeats

NOISE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def test_the_windows_of_a_copied_block_and_nothing_else_are_found_with_their_partners() -> None:
    picture = NOISE.copy()
    picture[40:45, 50:56] = picture[10:15, 20:26]
    found = repeats(picture, (3, 4), least_range=5)
    pairs = {frozenset([tuple(one), tuple(other)]) for one, other in zip(found.first, found.second, strict=True)}
    assert pairs == {
        frozenset([(10 + row, 20 + column), (40 + row, 50 + column)]) for row in range(3) for column in range(3)
    }
    both = np.ones(len(found.first), bool)
    covered = found.cover((60, 80), both, both)
    assert covered[40:45, 50:56].all()
    assert covered[10:15, 20:26].all()
    assert covered.sum() == 60


def test_what_is_as_near_as_six_pixels_is_no_repeat() -> None:
    picture = NOISE.copy()
    picture[10:16, 26:32] = picture[10:16, 20:26]
    assert not len(repeats(picture, (3, 4), least_range=5).first)


def test_flat_windows_are_left_out() -> None:
    flat = np.full((60, 80, 3), 128, np.uint8)
    assert not len(repeats(flat, (3, 4), least_range=5).first)
    assert busy_share(flat, (3, 4), 5) == 0
    assert busy_share(NOISE, (3, 4), 5) == 1
