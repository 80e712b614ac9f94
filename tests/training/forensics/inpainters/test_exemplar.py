"""Patches copied from elsewhere."""

import numpy as np
import pytest

from streamproc.forensics.traces import Mask, Picture
from streamproc.training.forensics.inpainters import Inpainter, criminisi, harmonic, patchmatch


@pytest.fixture(scope="module")
def cloth() -> Picture:
    """A texture that comes again every 12 pixels."""
    return np.tile(np.random.default_rng(5).integers(0, 256, (12, 12, 3)), (10, 12, 1)).astype(np.uint8)


def square(size: tuple[int, int]) -> Mask:
    mask = np.zeros(size, bool)
    mask[40:64, 50:74] = True
    return mask


@pytest.mark.parametrize("inpainter", [criminisi, patchmatch])
def test_a_texture_that_comes_again_is_carried_on_as_no_smooth_fill_does(cloth: Picture, inpainter: Inpainter) -> None:
    mask = square(cloth.shape[:2])
    spoilt = np.where(mask[:, :, None], np.uint8(0), cloth)
    off, smooth = (np.abs(paint(spoilt, mask).astype(int) - cloth)[mask].mean() for paint in (inpainter, harmonic))
    assert off < smooth / 5


def test_criminisis_makes_up_no_colour_of_its_own() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (120, 144, 3)).astype(np.uint8)
    mask = square((120, 144))
    known = {tuple(colour) for colour in noise[~mask].tolist()}
    assert {tuple(colour) for colour in criminisi(noise, mask)[mask].tolist()} <= known


def test_without_one_whole_patch_patchmatch_says_so() -> None:
    mask = np.ones((40, 40), bool)
    mask[::4] = False
    with pytest.raises(ValueError, match="nothing to copy"):
        patchmatch(np.zeros((40, 40, 3), np.uint8), mask)
