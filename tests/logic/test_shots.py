"""Shot detection: cuts, flashes, dips and dissolves of drawn pictures."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamproc.logic.shots import Transition, cut_strength, transitions
from streamproc.messages import Method

BLACK = np.full((18, 32, 3), (16, 128, 128), np.uint8)


def shot(seed: int, frames: int, pan: float = 0.3) -> NDArray[np.uint8]:
    """Return (frames, 18, 32, 3): a smooth random picture that moves."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(40, 210, (6, 10, 3))
    large = cv2.resize(coarse, (120, 36), interpolation=cv2.INTER_CUBIC)
    moved = [np.float32([[1, 0, -((i * pan) % 60)], [0, 1, -8]]) for i in range(frames)]
    result = [cv2.warpAffine(large, move, (32, 18)) + rng.normal(0, 1, (18, 32, 3)) for move in moved]
    return np.clip(result, 0, 255).astype(np.uint8)


def strongest(found: list[Transition], method: Method) -> Transition:
    """Return the strongest transition of one sort."""
    return max((one for one in found if one.method is method), key=lambda one: one.strength)


def test_a_hard_cut_is_found_on_its_frame() -> None:
    pictures = np.concatenate([shot(1, 30), shot(2, 25)])
    assert int(np.argmax(cut_strength(pictures))) == 30


def test_a_cut_stands_clear_of_everything_else() -> None:
    strength = cut_strength(np.concatenate([shot(1, 30), shot(2, 25)]))
    assert strength[30] > 1
    assert np.delete(strength, 30).max() < 0


@pytest.mark.parametrize("frames", [1, 2])
def test_a_flash_is_no_cut(frames: int) -> None:
    pictures = shot(1, 60)
    pictures[30 : 30 + frames] = np.minimum(pictures[30 : 30 + frames].astype(int) + 90, 255).astype(np.uint8)
    assert cut_strength(pictures).max() < 0.5


def test_a_dip_to_black_is_put_on_its_middle() -> None:
    old, new = shot(1, 40), shot(2, 40)
    light = np.clip(np.abs(np.arange(80) + 0.5 - 40) / 10, 0, 1)[:, None, None, None]
    pictures = np.concatenate([old, new])
    dipped = (BLACK + (pictures.astype(float) - BLACK) * light).astype(np.uint8)
    assert abs(strongest(transitions(dipped), Method.BLACK).at - 40) <= 1


def test_hard_edged_black_is_two_cuts_and_no_dip() -> None:
    pictures = np.concatenate([shot(1, 30), np.repeat(BLACK[None], 12, axis=0), shot(2, 30)])
    found = transitions(pictures)
    assert not [one for one in found if one.method is Method.BLACK]
    assert {one.at for one in found if one.strength > 1} == {30, 42}


@pytest.mark.parametrize("half", [4, 6, 8])
def test_a_dissolve_is_put_on_its_middle(half: int) -> None:
    old, new = shot(1, 60, pan=0.05), shot(2, 60, pan=0.05)
    share = np.clip((np.arange(60) - (30 - half) + 0.5) / (2 * half), 0, 1)[:, None, None, None]
    mixed = (old * (1 - share) + new * share).astype(np.uint8)
    assert abs(strongest(transitions(mixed), Method.FADE).at - 30) <= 1


def test_a_single_shot_has_no_clear_transition() -> None:
    assert max((one.strength for one in transitions(shot(3, 60))), default=0) < 0.8


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(5, 35))
def test_backwards_in_time_cuts_are_mirrored(seed: int, at: int) -> None:
    pictures = np.concatenate([shot(seed, at), shot(seed + 1, 40 - at)])
    forwards, backwards = cut_strength(pictures), cut_strength(pictures[::-1])
    assert np.allclose(forwards[1:], backwards[:0:-1])


def test_no_frames_have_no_transitions() -> None:
    assert transitions(np.zeros((0, 18, 32, 3), np.uint8)) == []
