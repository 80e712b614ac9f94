"""The published method as a whole, with the model that comes with streamproc, on photographs it has not learnt from."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from streamproc.errors import ModelError, PictureError
from streamproc.forensics.diffusion import Diffusion
from streamproc.forensics.scoring import f1
from streamproc.forensics.traces import Picture, Reliability, boxes_of
from streamproc.inference.forensics import load_diffusion
from streamproc.inference.verifier import shipped_model
from streamproc.training.forensics.coded import jpeg
from streamproc.training.forensics.inpainters import harmonic, navier_stokes
from streamproc.training.forensics.masks import Shape, hole


@pytest.fixture(scope="module")
def method() -> Diffusion:
    return load_diffusion(shipped_model("diffusion"))


@pytest.fixture(scope="module")
def photograph() -> Picture:
    return np.ascontiguousarray(skimage.data.astronaut()[:384, :512])


@pytest.mark.parametrize("inpainter", [harmonic, navier_stokes])
def test_a_painted_square_is_found_where_it_is(method: Diffusion, photograph: Picture, inpainter: object) -> None:
    mask = hole(Shape.SQUARE, 4096, photograph.shape[:2], np.random.default_rng(4))
    assert callable(inpainter)
    traces = method.examine(inpainter(photograph, mask))
    assert f1(traces.mask, mask) > 0.6
    assert traces.score > method.examine(photograph).score


def test_a_picture_without_any_noise_is_undecidable(method: Diffusion) -> None:
    slope = np.linspace(40, 200, 300)[None, :, None] + np.zeros((200, 300, 3))
    traces = method.examine(slope.astype(np.uint8))
    assert traces.reliability is Reliability.UNDECIDABLE


def test_a_picture_is_looked_at_in_strips_as_it_would_be_at_once(
    method: Diffusion, photograph: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = method.votes(photograph)
    monkeypatch.setattr("streamproc.forensics.diffusion._AT_ONCE", 512 * 50)
    np.testing.assert_array_equal(method.votes(photograph), whole)


def test_the_bars_of_a_letterbox_are_not_taken_for_painted(method: Diffusion, photograph: Picture) -> None:
    letterbox = photograph.copy()
    letterbox[:48], letterbox[-48:] = 16, 16
    mask = method.examine(letterbox).mask
    assert not mask[:44].any()
    assert not mask[-44:].any()


@pytest.mark.parametrize("quality", [75, 95])
def test_a_sky_that_came_as_jpeg_is_not_taken_for_painted(method: Diffusion, quality: int) -> None:
    rng = np.random.default_rng(0)
    slope = np.linspace(150, 220, 300)[:, None, None] + np.array([-30, 0, 30]) + rng.normal(0, 1, (300, 400, 1))
    sky = jpeg(np.clip(slope, 0, 255).astype(np.uint8), quality)
    traces = method.examine(sky)
    assert traces.mask.mean() < 0.01 or traces.reliability is Reliability.UNDECIDABLE


def test_a_picture_that_looks_painted_all_over_is_undecidable_and_nothing_is_claimed(
    method: Diffusion, photograph: Picture
) -> None:
    small = cv2.resize(photograph, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    blurred = np.asarray(cv2.resize(small, (512, 384), interpolation=cv2.INTER_CUBIC), np.uint8)
    traces = method.examine(blurred)
    assert traces.reliability is Reliability.UNDECIDABLE
    assert not traces.mask.any()
    assert traces.score == 0


def test_an_untouched_picture_is_never_surely_painted(method: Diffusion, photograph: Picture) -> None:
    traces = method.examine(photograph)
    assert traces.score < 0.5
    assert traces.reliability is not Reliability.GOOD or not traces.boxes


def test_a_picture_that_is_too_small_is_refused_in_words(method: Diffusion) -> None:
    with pytest.raises(PictureError, match="15×40 is too small"):
        method.examine(np.zeros((40, 15, 3), np.uint8))


def test_a_folder_without_a_model_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be read"):
        load_diffusion(tmp_path)


def test_boxes_are_tight_and_the_largest_comes_first() -> None:
    mask = np.zeros((30, 40), bool)
    mask[2:4, 3:6] = True
    mask[10:20, 10:30] = True
    assert [(box.left, box.top, box.right, box.bottom) for box in boxes_of(mask)] == [(10, 10, 30, 20), (3, 2, 6, 4)]
