"""The bars of a letterbox or a pillarbox."""

import numpy as np

from streamproc.forensics.bars import within_bars

NOISY = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def test_a_picture_without_bars_is_whole() -> None:
    assert within_bars(NOISY) == (slice(0, 60), slice(0, 80))


def test_bars_on_every_side_are_left_out_even_with_the_noise_of_coding() -> None:
    picture = np.random.default_rng(1).integers(14, 18, NOISY.shape).astype(np.uint8)
    picture[10:50, 5:70] = NOISY[10:50, 5:70]
    assert within_bars(picture) == (slice(10, 50), slice(5, 70))


def test_a_letterbox_within_a_pillarbox_of_another_black_is_left_out() -> None:
    picture = NOISY.copy()
    picture[:20], picture[:, 70:] = 16, 0
    assert within_bars(picture) == (slice(20, 60), slice(0, 70))


def test_a_black_picture_is_all_bar_and_a_bright_one_has_none() -> None:
    rows, _ = within_bars(np.full((60, 80, 3), 16, np.uint8))
    assert rows.start == rows.stop
    assert within_bars(np.full((60, 80, 3), 200, np.uint8)) == (slice(0, 60), slice(0, 80))
