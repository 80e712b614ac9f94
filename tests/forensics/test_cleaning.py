"""From votes to a mask."""

import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.cleaning import Cleaning, clean, survivors_of

GREY = np.full((80, 100, 3), 128, np.uint8)
STRICT = Cleaning(survivors=(5000.0, 2000.0, 0.0), growth=0)


def votes(*places: tuple[slice, slice]) -> NDArray[np.float32]:
    made = np.zeros(GREY.shape[:2], np.float32)
    for place in places:
        made[place] = 1
    return made


def test_a_block_of_votes_is_kept_and_a_speck_as_small_as_false_alarms_are_is_dropped() -> None:
    block, speck = np.s_[20:50, 20:50], np.s_[60:63, 80:83]
    mask = clean(votes(block, speck), GREY, STRICT)
    assert mask[30, 30]
    assert not mask[55:, 70:].any()


def test_a_hole_too_small_for_the_disk_is_kept_where_nothing_larger_is_there() -> None:
    assert clean(votes(np.s_[60:63, 80:83]), GREY, STRICT).any()


def test_of_several_holes_too_small_for_the_disk_only_the_likeliest_is_kept() -> None:
    mask = clean(votes(np.s_[60:64, 80:84], np.s_[20:23, 20:23], np.s_[20:23, 60:63]), GREY, STRICT)
    assert mask[61, 81]
    assert not mask[:40].any()


def test_what_is_black_or_blown_out_is_not_taken_for_painted() -> None:
    picture = GREY.copy()
    picture[15:55, 15:55] = 255
    assert not clean(votes(np.s_[20:50, 20:50]), picture, STRICT).any()


def test_no_votes_give_no_mask() -> None:
    assert not clean(votes(), GREY, STRICT).any()


def test_a_part_survives_erosions_by_disks_that_fit_into_it() -> None:
    mask = votes(np.s_[20:27, 20:27]) > 0
    assert survivors_of(mask, 5) == [1, 1, 1, 1, 0, 0]
