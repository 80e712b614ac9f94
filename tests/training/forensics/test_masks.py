"""Holes."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.training.forensics.masks import Shape, hole


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
