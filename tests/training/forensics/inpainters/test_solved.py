"""Smooth fills."""

import numpy as np
import pytest

from streamproc.training.forensics.inpainters import Inpainter, bertalmio, biharmonic, harmonic
from streamproc.training.forensics.masks import Shape, hole


@pytest.mark.parametrize("inpainter", [harmonic, biharmonic])
def test_a_slope_is_carried_on(inpainter: Inpainter) -> None:
    slope = np.repeat((np.arange(60, dtype=np.uint8) * 3)[None, :, None], 50, axis=0).repeat(3, axis=2)
    mask = hole(Shape.SQUARE, 256, slope.shape[:2], np.random.default_rng(0))
    spoilt = np.where(mask[:, :, None], np.uint8(255), slope)
    assert np.abs(inpainter(spoilt, mask).astype(int) - slope).max() <= 1


def test_bertalmios_carries_an_edge_across_that_diffusion_washes_out() -> None:
    edge = np.full((60, 60, 3), 40, np.uint8)
    edge[30:] = 200
    mask = np.zeros((60, 60), bool)
    mask[22:38, 22:38] = True
    transported = bertalmio(edge, mask)[22:38, 30, 0].astype(int)
    diffused = harmonic(edge, mask)[22:38, 30, 0].astype(int)
    assert np.abs(np.diff(transported)).max() > 2 * np.abs(np.diff(diffused)).max()
