"""What television draws over pictures, and what is untouched and smooth."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from streamproc.forensics.residual import luma, texture
from streamproc.forensics.traces import Picture
from streamproc.training.forensics.scenery import barred, blurred, branded, captioned, drawn, dressed, logos


@pytest.fixture(scope="module")
def photograph() -> Picture:
    return np.ascontiguousarray(skimage.data.astronaut()[:300, :400])


def changed(one: Picture, other: Picture) -> float:
    return float((one != other).any(axis=2).mean())


def test_a_caption_changes_a_part_of_the_picture_only(photograph: Picture) -> None:
    assert 0.001 < changed(captioned(photograph, np.random.default_rng(1)), photograph) < 0.5


def test_a_logo_is_drawn_where_it_is_not_transparent(photograph: Picture, tmp_path: Path) -> None:
    logo = np.zeros((60, 100, 4), np.uint8)
    logo[20:40, 20:80] = 255
    cv2.imwrite(str(tmp_path / "logo.png"), logo)
    cv2.imwrite(str(tmp_path / "none.png"), logo[:, :, :3])
    (read,) = logos(tmp_path, slice(None))
    assert 0.001 < changed(branded(photograph, read, np.random.default_rng(3)), photograph) < 0.2


def test_bars_are_black_on_two_sides(photograph: Picture) -> None:
    made = barred(photograph, np.random.default_rng(0))
    assert changed(made, photograph) > 0.01
    assert len(np.unique(made[[0, -1]])) == 1 or len(np.unique(made[:, [0, -1]])) == 1


def test_blur_takes_texture_away(photograph: Picture) -> None:
    for seed in range(4):
        made = blurred(photograph, np.random.default_rng(seed))
        assert texture(luma(made)).mean() < texture(luma(photograph)).mean()


def test_a_drawn_picture_is_smooth_but_for_its_edges() -> None:
    made = drawn((200, 300), np.random.default_rng(5))
    assert made.shape == (200, 300, 3)
    assert np.median(texture(luma(made))) < 8
    assert texture(luma(made)).max() > 20


def test_a_dressed_picture_keeps_its_size(photograph: Picture) -> None:
    rng = np.random.default_rng(0)
    assert {dressed(photograph, [], rng).shape for _ in range(8)} == {photograph.shape}
