"""Pieces that were copied, and coded afterwards."""

import cv2
import numpy as np

from streamproc.forensics.pieces import matched
from streamproc.forensics.similar import similar
from streamproc.forensics.traces import Picture
from streamproc.training.forensics.coded import jpeg

FROM, TO, SIZE = (20, 30), (70, 101), 24


def textured(*, copied: bool) -> Picture:
    rng = np.random.default_rng(5)
    picture = cv2.GaussianBlur(rng.integers(0, 256, (120, 160, 3), dtype=np.uint8), (0, 0), 1.2)
    if copied:
        picture[TO[0] : TO[0] + SIZE, TO[1] : TO[1] + SIZE] = picture[
            FROM[0] : FROM[0] + SIZE, FROM[1] : FROM[1] + SIZE
        ]
    return picture


def light(picture: Picture) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)


def test_each_window_of_a_copy_finds_its_source() -> None:
    rows, columns = similar(light(textured(copied=True))).offsets()
    inside = np.s_[TO[0] : TO[0] + SIZE - 6, TO[1] : TO[1] + SIZE - 6]
    assert (rows[inside] == FROM[0] - TO[0]).all()
    assert (columns[inside] == FROM[1] - TO[1]).all()


def test_a_piece_is_found_after_jpeg_with_its_offset() -> None:
    found = matched(light(jpeg(textured(copied=True), 85)), least=40)
    assert len(found.worth) > 200
    offsets = {tuple(one) for one in found.repeats.second - found.repeats.first}
    there = (FROM[0] - TO[0], FROM[1] - TO[1])
    assert offsets == {there, (-there[0], -there[1])}


def test_where_nothing_was_copied_no_piece_has_evidence() -> None:
    assert not len(matched(light(textured(copied=False)), least=40).worth)


def test_straight_edges_repeat_and_are_no_evidence() -> None:
    stripes = np.where(np.arange(160) % 40 < 20, 60, 190)[None, :, None].repeat(120, 0).repeat(3, 2).astype(np.uint8)
    stripes = np.clip(stripes + np.random.default_rng(1).normal(0, 2, stripes.shape), 0, 255).astype(np.uint8)
    assert not len(matched(light(stripes), least=40).worth)
