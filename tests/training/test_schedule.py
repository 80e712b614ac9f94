"""How long is trained: many crops by their passes, few ones for as many steps as generalise."""

import pytest

from streamproc.training.schedule import FEWEST_STEPS, Schedule


def test_many_crops_are_seen_as_often_as_asked_in_whole_batches() -> None:
    assert Schedule(passes=2, batch=64).plan(35_000) == (1094, 64)


@pytest.mark.parametrize("count", [1, 40, 600, 2_000, 4_500, 10_000])
def test_few_crops_get_as_many_steps_all_the_same(count: int) -> None:
    steps, batch = Schedule(passes=5, batch=64).plan(count)
    assert steps >= FEWEST_STEPS
    assert 16 <= batch <= 64
    assert steps * batch >= 5 * count - batch


def test_crops_come_in_smaller_batches_before_they_are_seen_more_often() -> None:
    steps, batch = Schedule(passes=5, batch=64, fewest_steps=500).plan(2_000)
    assert (steps, batch) == (500, 20)
    assert steps * batch == 5 * 2_000
