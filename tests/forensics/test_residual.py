"""From a network's heat to a mask, a score, and whether anything can be told."""

import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.residual import Verdict, judged
from streamproc.forensics.traces import Reliability

HOW = Verdict(sure=0.8, edge=0.4, least_area=32, least_texture=1.2)
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
    assert traces.score == np.float32(0.95)
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


def test_bars_are_not_taken_for_painted() -> None:
    picture = NOISY.copy()
    picture[:20], picture[:, 80:] = 16, 0
    everywhere = heat((np.s_[:, :], 0.95))
    mask = judged(everywhere, picture, HOW).mask
    assert mask[20:, :80].all()
    assert mask.sum() == 60 * 80
