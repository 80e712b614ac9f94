"""Placing a boundary: bugs that go hard, early or late, among cuts of the programme's and the advert's own."""

import numpy as np
import pytest
from numpy.typing import NDArray

from streamproc.logic.changepoint import Found, Window, locate, opacity
from streamproc.messages import Method
from tests.logic.test_shots import BLACK, shot

RATE = 25.0
FULL, NONE = 9.0, -7.0
NOTHING = np.zeros((0, 18, 32, 3), np.uint8)


def odds(levels: NDArray[np.float64], seed: int = 0) -> NDArray[np.float32]:
    """Return log odds of a bug of these opacities, with noise."""
    noise = np.random.default_rng(seed).normal(0, 0.5, len(levels))
    return np.asarray(NONE + (FULL - NONE) * levels + noise, np.float32)


def leaving(count: int, *, gone: int, fade: int) -> NDArray[np.float64]:
    """Return opacities of a bug that is gone from frame ``gone`` on, after a fade of so many frames."""
    if fade == 0:
        return (np.arange(count) < gone).astype(float)
    return np.clip((gone - np.arange(count) - 0.5) / fade, 0, 1)


def place(levels: NDArray[np.float64], pictures: NDArray[np.uint8], *, entering: bool = False) -> Found:
    """Locate the boundary in a window without sound."""
    window = Window(log_odds=odds(levels), thumbnails=pictures, sound=None, rate=RATE, before=NOTHING, after=NOTHING)
    return locate(window, entering=entering)


def shots(*parts: tuple[int, int]) -> NDArray[np.uint8]:
    """Return shots of (seed, frames), cut together."""
    return np.concatenate([shot(seed, frames) for seed, frames in parts])


def test_a_hard_change_at_a_cut_is_that_cut() -> None:
    found = place(leaving(120, gone=60, fade=0), shots((1, 60), (2, 60)))
    assert (found.at, found.method) == (60, Method.CUT)
    assert found.confidence > 0.95


@pytest.mark.parametrize("early", [0, 5, 12, 25])
@pytest.mark.parametrize("fade", [0, 5, 15, 25])
def test_a_bug_that_goes_early_does_not_move_the_cut(early: int, fade: int) -> None:
    assert place(leaving(150, gone=80 - early, fade=fade), shots((1, 80), (2, 70))).at == 80


@pytest.mark.parametrize("late", [0, 5, 12, 25])
@pytest.mark.parametrize("fade", [0, 5, 15, 25])
def test_a_bug_that_comes_late_does_not_move_the_cut(late: int, fade: int) -> None:
    levels = leaving(150, gone=80 - late, fade=fade)[::-1]
    assert place(levels, shots((1, 70), (2, 80)), entering=True).at == 70


def test_a_cut_under_the_bug_is_the_programmes_own() -> None:
    pictures = shots((1, 55), (3, 25), (2, 70))
    assert place(leaving(150, gone=65, fade=10), pictures).at == 80


def test_a_cut_long_after_the_bug_is_the_adverts_own() -> None:
    pictures = shots((1, 60), (2, 40), (3, 50))
    assert place(leaving(150, gone=60, fade=0), pictures).at == 60


def test_between_two_cuts_the_look_of_the_shot_between_decides() -> None:
    red, blue = shot(5, 200), shot(6, 200)
    red[..., 1:], blue[..., 1:] = (100, 180), (180, 100)
    for between, expected in ((red, 75), (blue, 62)):
        pictures = np.concatenate([red[:62], between[100:113, :, ::-1], blue[:75]])
        assert place(leaving(150, gone=55, fade=10), pictures).at == expected


def test_a_dip_to_black_has_its_boundary_in_the_middle() -> None:
    pictures = shots((1, 70), (2, 70)).astype(float)
    light = np.clip(np.abs(np.arange(140) + 0.5 - 70) / 8, 0, 1)[:, None, None, None]
    found = place(leaving(140, gone=70, fade=8), (BLACK + (pictures - BLACK) * light).astype(np.uint8))
    assert abs(found.at - 70) <= 1
    assert found.method is Method.BLACK


def test_hard_edged_black_belongs_to_the_break() -> None:
    pictures = np.concatenate([shot(1, 60), np.repeat(BLACK[None], 10, axis=0), shot(2, 70)])
    assert place(leaving(140, gone=60, fade=0), pictures).at == 60


def test_without_any_cut_the_bug_itself_decides() -> None:
    found = place(leaving(120, gone=60, fade=0), shot(4, 120))
    assert abs(found.at - 60) <= 1
    assert found.method is Method.BUG


def test_two_equal_rivals_are_not_called_sure() -> None:
    found = place(leaving(150, gone=50, fade=10), shots((1, 60), (2, 12), (3, 78)))
    assert found.confidence < 0.95


def test_a_flash_with_the_fade_is_no_cut() -> None:
    pictures = shots((1, 80), (2, 70))
    pictures[66] = np.minimum(pictures[66].astype(int) + 80, 255).astype(np.uint8)
    assert place(leaving(150, gone=70, fade=10), pictures).at == 80


def test_the_opacity_follows_the_bug_from_full_to_none() -> None:
    levels = leaving(120, gone=70, fade=20)
    assert np.abs(opacity(odds(levels)) - levels).max() < 0.25


def test_what_the_model_makes_of_a_background_is_not_opacity() -> None:
    scores = np.concatenate([np.full(40, 9), np.full(40, -6), np.full(40, -25)]).astype(np.float32)
    assert opacity(scores)[40:].max() == 0


def test_an_adverts_shot_on_which_the_model_is_less_sure_is_no_fading_bug() -> None:
    unsure = np.where((np.arange(150) >= 63) & (np.arange(150) < 104), (-2.7 - NONE) / (FULL - NONE), 0)
    levels = np.maximum(leaving(150, gone=60, fade=12), unsure)
    assert place(levels, shots((1, 63), (2, 41), (3, 46))).at == 63


@pytest.mark.parametrize("early", [0, 8, 20])
def test_hard_edged_black_belongs_to_the_break_also_when_the_bug_goes_early(early: int) -> None:
    pictures = np.concatenate([shot(1, 60), np.repeat(BLACK[None], 8, axis=0), shot(2, 70)])
    assert place(leaving(138, gone=60 - early, fade=10), pictures).at == 60


@pytest.mark.parametrize("late", [0, 8, 20])
def test_hard_edged_black_before_a_programme_belongs_to_the_break(late: int) -> None:
    pictures = np.concatenate([shot(1, 70), np.repeat(BLACK[None], 8, axis=0), shot(2, 60)])
    assert place(leaving(138, gone=60 - late, fade=10)[::-1], pictures, entering=True).at == 78
