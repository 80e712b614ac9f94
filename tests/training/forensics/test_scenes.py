"""Painted scenes, and crops to learn from."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data

from streamproc.forensics.traces import Picture
from streamproc.training.forensics.coded import h264, jpeg
from streamproc.training.forensics.inpainters import harmonic
from streamproc.training.forensics.protocol import split
from streamproc.training.forensics.scenes import (
    CROP,
    IGNORED,
    PAINTED,
    SMALL,
    Crops,
    Hole,
    crops,
    holes,
    paint,
    truth,
)


@pytest.fixture(scope="module")
def photograph() -> Picture:
    return np.ascontiguousarray(skimage.data.astronaut()[:300, :400])


def test_holes_keep_off_each_other_and_the_truth_is_what_was_painted(photograph: Picture) -> None:
    over = holes(photograph.shape[:2], {"harmonic": harmonic}, 4, np.random.default_rng(0))
    assert len(over) >= 2
    assert np.sum([one.mask for one in over], axis=0).max() == 1
    labels = truth(photograph, over)
    changed = (paint(photograph, over) != photograph).any(axis=2)
    assert not changed[labels == 0].any()
    assert changed[labels == PAINTED].mean() > 0.5


def test_a_hole_on_a_flat_ground_is_neither_right_nor_wrong() -> None:
    flat = np.full((200, 200, 3), 90, np.uint8)
    mask = np.zeros((200, 200), bool)
    mask[50:90, 50:90] = True
    assert set(np.unique(truth(flat, [Hole(mask, harmonic)]))) == {0, IGNORED}


def test_a_hole_that_is_hardly_larger_than_a_filter_is_called_small(photograph: Picture) -> None:
    mask = np.zeros(photograph.shape[:2], bool)
    mask[100:108, 100:108] = True
    assert set(np.unique(truth(photograph, [Hole(mask, harmonic)]))) == {0, SMALL}


def test_there_is_a_crop_around_each_hole_and_one_from_elsewhere(photograph: Picture) -> None:
    mask = np.zeros(photograph.shape[:2], bool)
    mask[100:140, 100:150] = True
    made = crops(photograph, truth(photograph, [Hole(mask, harmonic)]), 1, np.random.default_rng(0))
    assert made.pixels.shape == (2, CROP, CROP, 3)
    assert made.truth.shape == (2, CROP, CROP)
    assert (made.truth[0] == PAINTED).sum() > 1000


def test_crops_are_kept_as_they_were(photograph: Picture, tmp_path: Path) -> None:
    made = crops(photograph, np.zeros(photograph.shape[:2], np.uint8), 3, np.random.default_rng(0))
    made.save(tmp_path / "crops.npz")
    assert (Crops.load(tmp_path / "crops.npz").pixels == made.pixels).all()
    assert (Crops.joined([made, made]).truth == 0).all()


def test_coding_keeps_the_picture_and_more_so_at_better_quality(photograph: Picture) -> None:
    def off(coded: Picture) -> float:
        return float(np.abs(coded.astype(int) - photograph).mean())

    assert 0 < off(jpeg(photograph, 95)) < off(jpeg(photograph, 50)) < 10
    better, worse = (h264([photograph] * 5, crf, gop=4)[-1] for crf in (18, 34))
    assert better[0] == worse[0] == 4
    assert 0 < off(better[1]) < off(worse[1]) < 15


def test_no_photograph_is_on_two_sides_of_the_split() -> None:
    sides = split(f"{number:02d}" for number in range(24))
    assert [len(side) for side in sides] == [12, 4, 8]
    assert len({name for side in sides for name in side}) == 24
