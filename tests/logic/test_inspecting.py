from fractions import Fraction

import numpy as np
import pytest

from streamproc.logic.inspecting import Beginning, Step, is_another_shot, next_step, where_to_begin
from streamproc.messages import Box

WAITING = [Fraction(number) for number in range(10, 20)]


@pytest.mark.parametrize(
    ("one_in", "late", "step"),
    [
        (1, False, Step(at=Fraction(10), left_out=0)),
        (4, False, Step(at=Fraction(13), left_out=0)),
        (11, False, None),
        (1, True, Step(at=Fraction(19), left_out=9)),
        (4, True, Step(at=Fraction(19), left_out=2)),
    ],
)
def test_the_next_keyframe_is_one_in_so_many_or_the_newest(one_in: int, late: bool, step: Step | None) -> None:
    assert next_step(WAITING, one_in, late=late) == step


def test_where_nothing_waits_there_is_no_next() -> None:
    assert next_step([], 1, late=False) is None
    assert next_step([], 1, late=True) is None


@pytest.mark.parametrize(
    ("place", "beginning"),
    [
        ((4, Fraction(100)), Beginning(epoch=4, start=Fraction(40), resumed=Fraction(100))),
        ((4, Fraction(7)), Beginning(epoch=4, start=Fraction(0), resumed=Fraction(7))),
        ((3, Fraction(7)), Beginning(epoch=4, start=None)),
        ((5, Fraction(7)), Beginning(epoch=6, start=Fraction(270))),
        ((9, Fraction(7)), Beginning(epoch=6, start=Fraction(270))),
        (None, Beginning(epoch=6, start=Fraction(270))),
    ],
)
def test_it_begins_before_its_last_place_or_in_the_next_epoch_or_not_too_far_behind(
    place: tuple[int, Fraction] | None, beginning: Beginning
) -> None:
    assert where_to_begin(place, [4, 6], Fraction(300), Fraction(30)) == beginning


def test_an_end_that_is_not_far_is_begun_at_its_beginning() -> None:
    assert where_to_begin(None, [1], Fraction(10), Fraction(30)) == Beginning(epoch=1, start=Fraction(0))


def test_another_picture_is_another_shot_and_grain_is_none() -> None:
    chance = np.random.default_rng(3)
    picture = chance.integers(20, 230, (18, 32, 3)).astype(np.uint8)
    grain = (picture + chance.integers(-3, 4, picture.shape)).astype(np.uint8)
    assert not is_another_shot(picture, grain)
    assert is_another_shot(picture, picture[::-1])


def test_boxes_overlap_by_what_they_share_of_all_they_cover() -> None:
    one = Box(left=0, top=0, right=20, bottom=10)
    assert one.overlap(one) == 1
    assert one.overlap(Box(left=10, top=0, right=30, bottom=10)) == pytest.approx(1 / 3)
    assert one.overlap(Box(left=20, top=0, right=30, bottom=10)) == 0
