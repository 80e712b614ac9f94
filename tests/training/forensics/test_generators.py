"""Holes and inpainters."""

import subprocess

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.errors import ConfigError
from streamproc.forensics.traces import Picture
from streamproc.training.forensics.inpainters import (
    GMIC_MODES,
    Inpainter,
    biharmonic,
    delogo,
    gmic,
    harmonic,
    navier_stokes,
    telea,
)
from streamproc.training.forensics.masks import Shape, hole


@pytest.fixture(scope="module")
def photograph() -> Picture:
    return np.ascontiguousarray(skimage.data.chelsea()[:120, :160])


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


@pytest.mark.parametrize("inpainter", [harmonic, telea, navier_stokes, biharmonic, delogo])
def test_an_inpainter_paints_the_hole_and_leaves_the_rest_as_it_was(photograph: Picture, inpainter: Inpainter) -> None:
    mask = hole(Shape.CIRCLE, 256, photograph.shape[:2], np.random.default_rng(3))
    painted = inpainter(photograph, mask)
    assert (painted[~mask] == photograph[~mask]).all()
    assert (painted[mask] != photograph[mask]).mean() > 0.5


def test_harmonic_filling_carries_a_slope_on(photograph: Picture) -> None:
    slope = np.repeat((np.arange(60, dtype=np.uint8) * 3)[None, :, None], 50, axis=0).repeat(3, axis=2)
    mask = hole(Shape.SQUARE, 256, slope.shape[:2], np.random.default_rng(0))
    spoilt = np.where(mask[:, :, None], np.uint8(255), slope)
    assert np.abs(harmonic(spoilt, mask).astype(int) - slope).max() <= 1


@pytest.mark.gmic
@pytest.mark.parametrize("mode", GMIC_MODES.values())
def test_gmic_paints_the_hole_and_leaves_the_rest_as_it_was(photograph: Picture, mode: int) -> None:
    mask = hole(Shape.SQUARE, 256, photograph.shape[:2], np.random.default_rng(3))
    painted = gmic(mode)(photograph, mask)
    assert (painted[~mask] == photograph[~mask]).all()
    assert (painted[mask] != photograph[mask]).mean() > 0.5


def test_without_gmic_it_is_said_what_is_missing(photograph: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="apt-get install -y gmic"):
        gmic(0)(photograph, np.ones(photograph.shape[:2], bool))


@pytest.mark.ffmpeg
def test_delogo_fills_to_the_bit_as_ffmpeg_does(photograph: Picture) -> None:
    mask = np.zeros(photograph.shape[:2], bool)
    mask[30:60, 40:90] = True
    grey = np.ascontiguousarray(photograph[:, :, 0])
    raw = ["-f", "rawvideo", "-pix_fmt", "gray"]
    command = [
        "ffmpeg",
        "-v",
        "error",
        *raw,
        "-s",
        "160x120",
        "-i",
        "-",
        "-vf",
        "delogo=x=40:y=30:w=50:h=30",
        *raw,
        "-",
    ]
    filtered = subprocess.run(command, input=grey.tobytes(), capture_output=True, check=True).stdout
    expected = np.frombuffer(filtered, np.uint8).reshape(grey.shape)
    assert (expected != grey).any()
    assert (delogo(photograph, mask)[:, :, 0] == expected).all()
