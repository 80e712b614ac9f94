"""Deep Image Prior."""

from dataclasses import replace

import numpy as np
import pytest
import skimage.data

from streamproc.forensics.traces import Mask, Picture
from streamproc.training.forensics.inpainters.prior import Fit, deep_prior

SHORT = Fit(steps=10, channels=8, scales=2)


@pytest.fixture(scope="module")
def photograph() -> Picture:
    return np.ascontiguousarray(skimage.data.chelsea()[100:150, 100:170])


@pytest.fixture(scope="module")
def hole() -> Mask:
    mask = np.zeros((50, 70), bool)
    mask[:12, :14] = mask[40, 60] = True
    return mask


@pytest.fixture(scope="module")
def painted(photograph: Picture, hole: Mask) -> Picture:
    return deep_prior(SHORT)(photograph, hole)


def test_a_corner_is_painted_and_the_rest_stays_as_it_was(photograph: Picture, hole: Mask, painted: Picture) -> None:
    assert (painted[~hole] == photograph[~hole]).all()
    assert (painted[hole] != photograph[hole]).mean() > 0.5


def test_neither_chance_nor_what_the_hole_hid_shines_through(photograph: Picture, hole: Mask, painted: Picture) -> None:
    spoilt = np.where(hole[:, :, None], 255 - photograph, photograph)
    assert (deep_prior(SHORT)(spoilt, hole) == painted).all()


def test_another_seed_gives_another_fill(photograph: Picture, hole: Mask, painted: Picture) -> None:
    other = deep_prior(replace(SHORT, seed=1))
    assert (other(photograph, hole)[hole] != painted[hole]).any()


def test_in_an_even_picture_the_fill_comes_near_its_colour() -> None:
    even = np.full((48, 64, 3), (60, 120, 200), np.uint8)
    mask = np.zeros(even.shape[:2], bool)
    mask[16:32, 20:40] = True
    assert np.abs(deep_prior(replace(SHORT, steps=120))(even, mask).astype(int) - even)[mask].mean() < 15


def test_a_hole_that_leaves_nothing_is_refused(photograph: Picture) -> None:
    with pytest.raises(ValueError, match="nothing is left"):
        deep_prior(SHORT)(photograph, np.ones(photograph.shape[:2], bool))
