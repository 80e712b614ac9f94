"""From heat to a mask, a score, and whether anything can be told."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from streamproc.forensics.residual import FEATURES, Verdict, hot_parts, judged, luma, sureness, texture
from streamproc.forensics.traces import Reliability

HOTTEST = tuple(float(name == "logit, highest") for name in FEATURES)
HOW = Verdict(edge=0.4, least_area=32, least_texture=1.2, weights=HOTTEST, sure=0.8, certain=0.9)
NOISY = np.random.default_rng(0).integers(90, 160, (80, 100, 3), dtype=np.uint8)
FLAT = np.full((80, 100, 3), 128, np.uint8)


def heat(*places: tuple[tuple[slice, slice], float]) -> NDArray[np.float32]:
    made = np.zeros(NOISY.shape[:2], np.float32)
    for place, degree in places:
        made[place] = degree
    return made


def test_a_part_with_a_sure_pixel_reaches_as_far_as_pixels_are_hot() -> None:
    traces = judged(heat((np.s_[20:50, 20:50], 0.5), (np.s_[30:34, 30:34], 0.95)), NOISY, HOW)
    assert traces.mask.sum() == 900
    assert traces.score == pytest.approx(0.95)
    assert traces.reliability is Reliability.GOOD


def test_a_part_without_a_sure_pixel_or_too_small_is_dropped() -> None:
    traces = judged(heat((np.s_[20:50, 20:50], 0.7), (np.s_[60:64, 60:64], 0.99)), NOISY, HOW)
    assert not traces.mask.any()
    assert traces.score == 0
    assert traces.reliability is Reliability.GOOD


def test_on_flat_surroundings_nothing_is_claimed() -> None:
    picture = FLAT.copy()
    picture[:, 60:] = NOISY[:, 60:]
    traces = judged(heat((np.s_[20:50, 10:40], 0.95)), picture, HOW)
    assert not traces.mask.any()
    assert traces.reliability is Reliability.UNDECIDABLE


def test_a_picture_that_is_flat_all_over_is_undecidable() -> None:
    assert judged(heat(), FLAT, HOW).reliability is Reliability.UNDECIDABLE


def test_a_part_that_is_barely_sure_is_weak() -> None:
    traces = judged(heat((np.s_[20:50, 20:50], 0.82)), NOISY, HOW)
    assert traces.mask.any()
    assert traces.reliability is Reliability.WEAK


def test_boxes_are_around_the_parts_and_the_largest_comes_first() -> None:
    traces = judged(heat((np.s_[5:15, 60:75], 0.95), (np.s_[40:70, 10:50], 0.95)), NOISY, HOW)
    assert [(box.left, box.top, box.right, box.bottom) for box in traces.boxes] == [(10, 40, 50, 70), (60, 5, 75, 15)]


def test_a_part_tells_how_hot_and_large_it_is_and_what_is_around_it() -> None:
    warm = heat((np.s_[:, :], 0.1), (np.s_[30:40, 30:50], 0.9), (np.s_[60:64, 80:92], 0.5))
    part = hot_parts(warm, NOISY, texture(luma(NOISY)), HOW).parts[0]
    told = dict(zip(FEATURES, part.features, strict=True))
    assert told["logit, mean"] == pytest.approx(np.log(9), abs=1e-5)
    assert told["logit, highest"] == pytest.approx(np.log(9), abs=1e-5)
    assert told["logit around, mean"] == pytest.approx(-np.log(9), abs=1e-5)
    assert told["pixels, log2"] == pytest.approx(np.log2(200))
    assert told["heat of the picture, mean, log2"] == pytest.approx(np.log2(warm.mean() + 1e-3))
    assert told["touches the rim"] == 0
    assert told["hot elsewhere, share, log2"] == pytest.approx(np.log2(48 / 8000 + 1e-4))


def test_what_weighs_against_a_part_makes_it_less_sure() -> None:
    noisy = heat((np.s_[0:30, 20:50], 0.95))
    part = hot_parts(noisy, NOISY, texture(luma(NOISY)), HOW).parts[0]
    against = tuple(
        -2.0 if name == "touches the rim" else weight for name, weight in zip(FEATURES, HOTTEST, strict=True)
    )
    assert sureness(part, replace(HOW, weights=against)) < sureness(part, HOW)


def test_bars_are_not_taken_for_painted() -> None:
    picture = NOISY.copy()
    picture[:20], picture[:, 80:] = 16, 0
    everywhere = heat((np.s_[:, :], 0.95))
    mask = judged(everywhere, picture, HOW).mask
    assert mask[20:, :80].all()
    assert mask.sum() == 60 * 80


def test_small_parts_are_weighed_by_themselves() -> None:
    found = hot_parts(heat((np.s_[5:35, 20:50], 0.95), (np.s_[60:70, 60:70], 0.95)), NOISY, texture(luma(NOISY)), HOW)
    strict = replace(HOW, small_bias=-9.0)
    large, small = found.parts
    assert sureness(large, strict) == sureness(large, HOW)
    assert sureness(small, strict) < sureness(small, HOW)
