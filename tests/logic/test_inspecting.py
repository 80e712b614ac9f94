from fractions import Fraction

import numpy as np
import pytest

from streamproc.logic.inspecting import Step, is_another_shot, next_step, overlap
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


def test_another_picture_is_another_shot_and_grain_is_none() -> None:
    chance = np.random.default_rng(3)
    picture = chance.integers(20, 230, (18, 32, 3)).astype(np.uint8)
    grain = (picture + chance.integers(-3, 4, picture.shape)).astype(np.uint8)
    assert not is_another_shot(picture, grain)
    assert is_another_shot(picture, picture[::-1])


def test_boxes_overlap_by_what_they_share_of_all_they_cover() -> None:
    one = Box(left=0, top=0, right=20, bottom=10)
    assert overlap(one, one) == 1
    assert overlap(one, Box(left=10, top=0, right=30, bottom=10)) == pytest.approx(1 / 3)
    assert overlap(one, Box(left=20, top=0, right=30, bottom=10)) == 0
