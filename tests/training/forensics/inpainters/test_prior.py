"""Deep Image Prior."""

import numpy as np
import pytest
import skimage.data

from streamproc.forensics.traces import Picture
from streamproc.training.forensics.inpainters import Inpainter
from streamproc.training.forensics.inpainters.prior import Fit, deep_prior

SHORT = Fit(steps=30, channels=8)


@pytest.fixture(scope="module")
def paint() -> Inpainter:
    return deep_prior(SHORT)


@pytest.fixture(scope="module")
def photograph() -> Picture:
    return np.ascontiguousarray(skimage.data.chelsea()[100:150, 100:170])


def test_a_corner_is_painted_and_the_rest_stays_as_it_was(photograph: Picture, paint: Inpainter) -> None:
    mask = np.zeros(photograph.shape[:2], bool)
    mask[:12, :14] = mask[40, 60] = True
    spoilt = np.where(mask[:, :, None], 255 - photograph, photograph)
    painted = paint(photograph, mask)
    assert (painted[~mask] == photograph[~mask]).all()
    assert (painted[mask] != photograph[mask]).mean() > 0.5
    assert (paint(spoilt, mask) == painted).all(), "what the hole hid shines through, or chance does"


def test_another_seed_gives_another_fill(photograph: Picture, paint: Inpainter) -> None:
    mask = np.zeros(photograph.shape[:2], bool)
    mask[20:30, 20:30] = True
    other = deep_prior(Fit(steps=SHORT.steps, channels=SHORT.channels, seed=1))
    assert (other(photograph, mask)[mask] != paint(photograph, mask)[mask]).any()


def test_a_longer_fit_comes_nearer_to_an_even_colour(paint: Inpainter) -> None:
    even = np.full((48, 64, 3), (60, 120, 200), np.uint8)
    mask = np.zeros(even.shape[:2], bool)
    mask[16:32, 20:40] = True
    longer = deep_prior(Fit(steps=150, channels=8))
    off = [np.abs(one(even, mask).astype(int) - even)[mask].mean() for one in (paint, longer)]
    assert off[1] < off[0]
    assert off[1] < 15


def test_a_hole_that_leaves_nothing_is_refused(photograph: Picture, paint: Inpainter) -> None:
    with pytest.raises(ValueError, match="nothing is left"):
        paint(photograph, np.ones(photograph.shape[:2], bool))
