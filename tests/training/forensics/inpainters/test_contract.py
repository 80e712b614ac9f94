"""What every inpainter that needs no other program promises."""

import numpy as np
import pytest
import skimage.data

from streamproc.forensics.traces import Mask, Picture
from streamproc.training.forensics.inpainters import (
    Inpainter,
    bertalmio,
    biharmonic,
    criminisi,
    delogo,
    harmonic,
    navier_stokes,
    patchmatch,
    removelogo,
    telea,
)
from streamproc.training.forensics.masks import Shape, hole

SIZE = 60, 80
ANYWHERE = [bertalmio, biharmonic, criminisi, delogo, harmonic, navier_stokes, patchmatch, telea]
"""Those that paint up to the picture's rim."""
ALL = [*ANYWHERE, removelogo]


@pytest.fixture(scope="module")
def photograph() -> Picture:
    return np.ascontiguousarray(skimage.data.chelsea()[100 : 100 + SIZE[0], 100 : 100 + SIZE[1]])


def drawn(*parts: tuple[slice, slice]) -> Mask:
    mask = np.zeros(SIZE, bool)
    for part in parts:
        mask[part] = True
    return mask


HOLES = {
    "a square": drawn(np.s_[20:36, 30:46]),
    "one pixel": drawn(np.s_[30:31, 40:41]),
    "several parts": drawn(np.s_[5:9, 5:9], np.s_[30:44, 50:70], np.s_[50:54, 10:20]),
}
AT_THE_RIM = {
    "a corner": drawn(np.s_[:16, :16]),
    "from rim to rim": drawn(np.s_[:, 30:38]),
    "the last pixel": drawn(np.s_[-1:, -1:]),
}
EVERY_HOLE = {**HOLES, **AT_THE_RIM}


@pytest.mark.parametrize("mask", EVERY_HOLE.values(), ids=EVERY_HOLE)
@pytest.mark.parametrize("inpainter", ALL)
def test_around_the_hole_nothing_changes(photograph: Picture, inpainter: Inpainter, mask: Mask) -> None:
    before = photograph.copy()
    assert (inpainter(photograph, mask)[~mask] == before[~mask]).all()
    assert (photograph == before).all()


@pytest.mark.parametrize("mask", HOLES.values(), ids=HOLES)
@pytest.mark.parametrize("inpainter", ALL)
def test_what_the_hole_hid_does_not_shine_through(photograph: Picture, inpainter: Inpainter, mask: Mask) -> None:
    spoilt = np.where(mask[:, :, None], 255 - photograph, photograph)
    assert (inpainter(spoilt, mask) == inpainter(photograph, mask)).all()


@pytest.mark.parametrize("mask", AT_THE_RIM.values(), ids=AT_THE_RIM)
@pytest.mark.parametrize("inpainter", ANYWHERE)
def test_nor_does_it_at_the_rim(photograph: Picture, inpainter: Inpainter, mask: Mask) -> None:
    spoilt = np.where(mask[:, :, None], 255 - photograph, photograph)
    assert (inpainter(spoilt, mask) == inpainter(photograph, mask)).all()


@pytest.mark.parametrize("mask", EVERY_HOLE.values(), ids=EVERY_HOLE)
@pytest.mark.parametrize("inpainter", ANYWHERE)
def test_in_an_even_picture_the_fill_is_even(inpainter: Inpainter, mask: Mask) -> None:
    even = np.full((*SIZE, 3), (200, 97, 5), np.uint8)
    spoilt = np.where(mask[:, :, None], np.uint8(255), even)
    within = 5 if inpainter is telea else 0  # OpenCV's adds up what it rounds
    assert np.abs(inpainter(spoilt, mask).astype(int) - even).max() <= within


@pytest.mark.parametrize("mask", HOLES.values(), ids=HOLES)
def test_in_an_even_picture_removelogos_fill_is_even_off_the_rim(mask: Mask) -> None:
    even = np.full((*SIZE, 3), (200, 97, 5), np.uint8)
    assert (removelogo(np.where(mask[:, :, None], np.uint8(255), even), mask) == even).all()


@pytest.mark.parametrize("inpainter", ALL)
def test_a_round_hole_is_painted(photograph: Picture, inpainter: Inpainter) -> None:
    mask = hole(Shape.CIRCLE, 256, SIZE, np.random.default_rng(3))
    assert (inpainter(photograph, mask)[mask] != photograph[mask]).mean() > 0.5


@pytest.mark.parametrize("inpainter", ALL)
def test_a_picture_without_a_hole_comes_back(photograph: Picture, inpainter: Inpainter) -> None:
    assert (inpainter(photograph, np.zeros(SIZE, bool)) == photograph).all()


@pytest.mark.parametrize("inpainter", ALL)
def test_a_hole_that_leaves_nothing_is_refused(photograph: Picture, inpainter: Inpainter) -> None:
    with pytest.raises(ValueError, match="nothing is left to paint it from"):
        inpainter(photograph, np.ones(SIZE, bool))


@pytest.mark.parametrize("inpainter", ALL)
def test_another_pictures_mask_is_refused(photograph: Picture, inpainter: Inpainter) -> None:
    with pytest.raises(ValueError, match="the hole is drawn on"):
        inpainter(photograph, np.zeros((10, 10), bool))
