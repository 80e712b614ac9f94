from itertools import pairwise

import numpy as np
import pytest

from streamproc.demo.broadcast import RATE, Broadcast, BugTiming
from streamproc.demo.bug import BUG_REGION
from streamproc.demo.paint import stamp
from streamproc.demo.sound import CALM
from streamproc.messages import Kind

_LEFT, _TOP, _RIGHT, _BOTTOM = BUG_REGION.pixels(1280, 720)


@pytest.fixture(scope="module")
def broadcast() -> Broadcast:
    return Broadcast(seed=1, breaks=3)


def test_its_segments_are_contiguous_and_take_turns(broadcast: Broadcast) -> None:
    truth = broadcast.truth
    assert truth[0].start_frame == 0
    assert truth[-1].end_frame == broadcast.frame_count
    for before, after in pairwise(truth):
        assert before.end_frame == after.start_frame
        assert before.kind is not after.kind


def test_it_lasts_several_minutes_and_a_short_one_less_than_two(broadcast: Broadcast) -> None:
    assert 180 < broadcast.frame_count / RATE < 300
    assert Broadcast(seed=1, breaks=1).frame_count / RATE < 120


def test_the_same_seed_draws_the_same_frame() -> None:
    first, second = Broadcast(seed=5, breaks=1), Broadcast(seed=5, breaks=1)
    assert np.array_equal(first.picture(700), second.picture(700))
    assert np.array_equal(first.sound(700), second.sound(700))


def test_another_seed_puts_the_boundaries_elsewhere() -> None:
    frames = {tuple(segment.start_frame for segment in Broadcast(seed=seed, breaks=1).truth) for seed in range(4)}
    assert len(frames) == 4


def test_frames_may_be_drawn_in_any_order() -> None:
    first, second = Broadcast(seed=1, breaks=1), Broadcast(seed=1, breaks=1)
    second.picture(2000)
    assert np.array_equal(first.picture(1200), second.picture(1200))


def test_every_boundary_changes_the_whole_picture_from_one_frame_to_the_next(broadcast: Broadcast) -> None:
    for segment in broadcast.truth[1:]:
        last = broadcast.picture(segment.start_frame - 1).astype(np.int16)
        first = broadcast.picture(segment.start_frame).astype(np.int16)
        assert np.abs(last - first).mean() > 12


def test_the_sound_has_as_many_samples_as_the_frame_is_long(broadcast: Broadcast) -> None:
    assert broadcast.sound(100).shape == (2, 48_000 // 25)


def test_some_joints_are_silent(broadcast: Broadcast) -> None:
    starts = [segment.start_frame for segment in broadcast.truth[1:]]
    silent = [not broadcast.sound(start).any() for start in starts]
    assert any(silent)
    assert not all(silent)


def test_sound_goes_on_where_the_frame_before_ended() -> None:
    whole = CALM.samples(0, 3840)
    halves = np.hstack([CALM.samples(0, 1920), CALM.samples(1920, 1920)])
    assert np.allclose(whole, halves)


def test_a_bug_that_is_late_is_absent_first_and_there_afterwards() -> None:
    timing = BugTiming(late_s=0.6, fade_in_s=0.4)
    assert timing.opacity(0.56, 30) == 0
    assert 0 < timing.opacity(0.8, 30) < 1
    assert timing.opacity(1.0, 30) == 1


def test_a_bug_that_goes_early_is_gone_before_the_part_ends() -> None:
    timing = BugTiming(early_s=0.96, fade_out_s=0.6)
    assert timing.opacity(20, 1.0) == 1
    assert 0 < timing.opacity(20, 0.64) < 1
    assert timing.opacity(20, 0.32) == 0


def test_the_bug_is_on_programmes_and_on_no_advert(broadcast: Broadcast) -> None:
    """A stamp at full strength changes the corner much less where the bug already is."""
    for segment in broadcast.truth:
        middle = (segment.start_frame + segment.end_frame) // 2
        corner = broadcast.picture(middle)[_TOP:_BOTTOM, _LEFT:_RIGHT]
        flat = abs(_likeness(corner))
        assert flat > 0.45 if segment.kind is Kind.PROGRAMME else flat < 0.45


def _likeness(corner: np.ndarray) -> float:
    """Return the correlation of the corner's edges with those of the bug on grey."""
    from streamproc.demo.paint import channel_bug

    grey = np.full_like(corner, 90)
    stamp(grey, channel_bug(), (16, 16))
    edges = [np.diff(picture.astype(np.float64).mean(axis=2), axis=1).ravel() for picture in (corner, grey)]
    return float(np.corrcoef(*edges)[0, 1]) if edges[0].any() else 0.0
