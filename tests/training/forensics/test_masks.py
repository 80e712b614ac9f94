"""Holes."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.errors import ConfigError
from streamproc.training.forensics.masks import Shape, hole, logo_hole, silhouettes
from streamproc.training.logos import drawn_logo


@settings(max_examples=40, deadline=None)
@given(shape=st.sampled_from(Shape), area=st.sampled_from([64, 256, 1024]), seed=st.integers(0, 1000))
def test_a_hole_has_the_area_that_was_asked_for_and_keeps_off_the_rim(shape: Shape, area: int, seed: int) -> None:
    mask = hole(shape, area, (120, 160), np.random.default_rng(seed))
    assert mask.sum() == pytest.approx(area, rel=0.1 if shape is Shape.BOX else 0)
    assert cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)[0] == 2
    assert not mask[[0, -1]].any()
    assert not mask[:, [0, -1]].any()


def test_a_hole_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        hole(Shape.SQUARE, 4096, (60, 200), np.random.default_rng(0))


@settings(max_examples=40, deadline=None)
@given(area=st.sampled_from([64, 256, 1024, 4096]), seed=st.integers(0, 1000))
def test_an_erased_logo_has_the_area_that_was_asked_for(area: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = logo_hole(drawn_logo(rng)[:, :, 3], area, (300, 500), rng)
    assert mask.sum() == area
    assert not mask[[0, -1]].any()
    assert not mask[:, [0, -1]].any()


def test_an_eraser_keeps_the_logos_shape_and_reaches_a_little_beyond_it() -> None:
    ring = np.zeros((200, 300), np.uint8)
    cv2.circle(ring, (150, 100), 80, 255, 20)
    mask = logo_hole(ring, 3000, (200, 300), np.random.default_rng(0))
    rows, columns = np.nonzero(mask)
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert abs(int(height) - int(width)) <= 2  # cut to the circle, and as high as wide
    assert not mask[rows.min() + height // 2, columns.min() + width // 2]
    thickness = mask[rows.min() + height // 2, columns.min() : columns.min() + width // 2].sum()
    assert thickness > height * 20 / 180  # of a circle 180 across the line is 20 thick


def test_a_folder_of_logos_gives_those_with_a_transparent_ground(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((20, 20, 3), 90, np.uint8))
    with pytest.raises(ConfigError, match="holds no logo"):
        silhouettes(tmp_path)
    cv2.imwrite(str(tmp_path / "b.png"), np.full((20, 30, 4), 200, np.uint8))
    assert [one.shape for one in silhouettes(tmp_path)] == [(20, 30)]


def test_a_logo_that_can_not_be_seen_is_refused() -> None:
    with pytest.raises(ValueError, match="no silhouette"):
        logo_hole(np.zeros((20, 20), np.uint8), 64, (100, 100), np.random.default_rng(0))
