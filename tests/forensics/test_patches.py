"""Holes that were filled with pieces from elsewhere in the same picture."""

import numpy as np
import pytest
import skimage.data

from streamproc.errors import PictureError
from streamproc.forensics.patches import Patches
from streamproc.forensics.scoring import f1
from streamproc.forensics.traces import Mask, Picture, Reliability
from streamproc.training.forensics.coded import jpeg
from streamproc.training.forensics.inpainters import criminisi, harmonic
from streamproc.training.forensics.masks import Shape, hole

PHOTOGRAPH = np.ascontiguousarray(skimage.data.astronaut()[:300, 100:500])


def filled(area: int) -> tuple[Picture, Mask]:
    mask = hole(Shape.SQUARE, area, (300, 400), np.random.default_rng(3))
    return criminisi(PHOTOGRAPH, mask), mask


def test_a_hole_that_was_filled_patch_by_patch_is_found_and_its_sources_are_not() -> None:
    picture, mask = filled(1024)
    traces = Patches().examine(picture)
    assert f1(traces.mask, mask) > 0.8
    assert len(traces.boxes) == 1
    assert traces.score > 0.9
    assert traces.reliability is Reliability.GOOD


def test_of_a_larger_hole_enough_is_found_after_jpeg() -> None:
    picture, mask = filled(4096)
    traces = Patches().examine(jpeg(picture, 92))
    assert traces.mask[mask].mean() > 0.2
    assert traces.mask[~mask].mean() < 0.02


def test_an_untouched_picture_has_no_traces() -> None:
    traces = Patches().examine(PHOTOGRAPH)
    assert not traces.mask.any()
    assert traces.score == 0


def test_what_was_smoothed_over_is_not_of_this_method() -> None:
    mask = hole(Shape.SQUARE, 1024, (300, 400), np.random.default_rng(3))
    assert not Patches().examine(harmonic(PHOTOGRAPH, mask)).mask.any()


def test_a_picture_that_repeats_itself_is_undecidable() -> None:
    tile = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    traces = Patches().examine(np.tile(tile, (12, 15, 1)))
    assert traces.reliability is Reliability.UNDECIDABLE
    assert not traces.mask.any()


@pytest.mark.parametrize("grey", [0, 128])
def test_a_flat_picture_is_undecidable(grey: int) -> None:
    assert Patches().examine(np.full((200, 300, 3), grey, np.uint8)).reliability is Reliability.UNDECIDABLE


def test_a_picture_larger_than_a_tile_is_looked_at_whole() -> None:
    picture, mask = filled(1024)
    large = np.random.default_rng(1).integers(0, 256, (300, 4000, 3), dtype=np.uint8)
    large[:, 1900:2300] = picture  # over the edge of the first tile
    truth = np.zeros((300, 4000), bool)
    truth[:, 1900:2300] = mask
    assert f1(Patches().examine(large).mask, truth) > 0.7


def test_a_picture_that_is_too_small_is_refused() -> None:
    with pytest.raises(PictureError, match="too small"):
        Patches().examine(np.zeros((15, 40, 3), np.uint8))
