"""Cutting a bug out of pictures: one of known opacity and colour is laid over many grounds and looked for again."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.training import backgrounds
from streamproc.training.composite import overlay
from streamproc.training.cutout import cut_out, strengths

Picture = NDArray[np.uint8]

HEIGHT, WIDTH = 40, 64
COUNT = 90


def two_tone() -> Picture:
    """A white disc beside a red plate of half its opacity, with a free margin all around."""
    logo = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    logo[8:32, 34:56] = (220, 30, 40, 128)
    logo[np.hypot(rows - 20, columns - 20) < 11] = (255, 255, 255, 255)
    return logo


def grounds(seed: int, count: int = COUNT) -> list[Picture]:
    rng = np.random.default_rng(seed)
    scenes = backgrounds.drawn(rng, 12).pictures
    cut = []
    for number in range(count):
        scene = scenes[number % len(scenes)]
        top, left = (int(rng.integers(0, side)) for side in (scene.shape[0] - HEIGHT, scene.shape[1] - WIDTH))
        cut.append(scene[top : top + HEIGHT, left : left + WIDTH])
    return cut


@pytest.fixture(scope="module")
def behind() -> list[Picture]:
    return grounds(1)


@pytest.fixture(scope="module")
def without() -> Picture:
    return np.stack(grounds(2))


def shown(behind: Sequence[Picture], levels: Sequence[float]) -> Picture:
    return np.stack([overlay(ground, two_tone(), 0, 0, level) for ground, level in zip(behind, levels, strict=True)])


def errors(found: Picture, opacity: float) -> tuple[float, float]:
    """Return the mean error of the opacity (0 to 1) everywhere, and of the light (levels) where there is a bug."""
    truth = two_tone().astype(np.float64)
    truth[:, :, 3] *= opacity / 255
    alpha = found[:, :, 3] / 255
    light = np.abs(found[:, :, :3] * alpha[:, :, None] - truth[:, :, :3] * truth[:, :, 3:])
    return float(np.abs(alpha - truth[:, :, 3]).mean()), float(light[truth[:, :, 3] > 0].mean())


@pytest.mark.parametrize("opacity", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("known", [True, False], ids=["with pictures without it", "from the bug's pictures alone"])
def test_opacity_and_colour_are_found(opacity: float, known: bool, behind: list[Picture], without: Picture) -> None:
    found = cut_out(shown(behind, [opacity] * COUNT), without if known else None)
    alpha, light = errors(found, opacity)
    assert alpha < 0.03
    assert light < 8


def test_fades_and_pictures_without_the_bug_among_those_with_it_do_no_harm(behind: list[Picture]) -> None:
    levels = np.ones(COUNT)
    levels[::6] = 0
    levels[3::12] = 0.5
    alpha, light = errors(cut_out(shown(behind, levels.tolist())), 1.0)
    assert alpha < 0.03
    assert light < 8


def test_pictures_without_the_bug_may_be_darker_and_flatter(behind: list[Picture], without: Picture) -> None:
    alpha, light = errors(cut_out(shown(behind, [0.6] * COUNT), without // 4), 0.6)
    assert alpha < 0.03
    assert light < 8


def test_where_there_is_no_bug_nothing_is_cut_out(behind: list[Picture]) -> None:
    found = cut_out(np.stack(behind))
    assert found[:, :, 3].mean() / 255 < 0.05


def test_a_strength_is_how_far_the_bug_is_faded_in(behind: list[Picture]) -> None:
    levels = np.tile([0.0, 0.5, 1.0], COUNT // 3)
    found = strengths(two_tone(), shown(behind, levels.tolist()))
    assert np.median(np.abs(found - levels)) < 0.03
    assert np.quantile(np.abs(found - levels), 0.95) < 0.2


def test_white_on_white_has_no_strength_to_speak_of() -> None:
    logo = two_tone()
    logo[:, :, :3] = 255
    assert strengths(logo, np.full((4, HEIGHT, WIDTH, 3), 255, np.uint8)).tolist() == [0.5] * 4


def test_no_pictures_have_no_strengths() -> None:
    assert strengths(two_tone(), np.zeros((0, HEIGHT, WIDTH, 3), np.uint8)).shape == (0,)


@pytest.mark.parametrize(
    ("present", "absent", "words"),
    [
        (np.zeros((7, 20, 20, 3), np.uint8), None, "at least 8"),
        (np.zeros((20, 20, 20), np.uint8), None, "RGB"),
        (np.zeros((20, 20, 20, 3), np.uint8), np.zeros((20, 10, 20, 3), np.uint8), "those without"),
        (np.full((20, 20, 20, 3), 90, np.uint8), None, "nothing changes"),
    ],
    ids=["too few", "grey", "sizes differ", "one scene"],
)
def test_what_nothing_can_be_cut_out_of_is_refused(present: Picture, absent: Picture | None, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        cut_out(present, absent)


def test_a_strength_needs_pictures_of_the_logos_size_and_free_pixels() -> None:
    with pytest.raises(ModelError, match="can't hold a logo"):
        strengths(two_tone(), np.zeros((3, 10, 10, 3), np.uint8))
    with pytest.raises(ModelError, match="fills its picture"):
        strengths(np.full((10, 10, 4), 255, np.uint8), np.zeros((3, 10, 10, 3), np.uint8))
