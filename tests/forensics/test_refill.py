"""Fills of a box from its own border: they fit what an eraser painted, and nothing else."""

import cv2
import numpy as np
import pytest

from streamproc.forensics.refill import FILLS, Fit, best_fit, delogo, harmonic, sampled
from streamproc.forensics.traces import Box
from streamproc.training.forensics import inpainters

SIZE = 200, 320
BOX = Box(left=110, top=70, right=200, bottom=120)


def pictures(count: int) -> list[np.ndarray]:
    """Return different busy pictures, (H, W, 3)."""
    rng = np.random.default_rng(7)
    made = []
    for _ in range(count):
        coarse = cv2.resize(
            rng.integers(40, 216, (12, 20, 3), dtype=np.uint8), SIZE[::-1], interpolation=cv2.INTER_CUBIC
        )
        made.append(np.clip(coarse.astype(int) + rng.integers(-15, 16, (*SIZE, 3)), 0, 255).astype(np.uint8))
    return made


def fitted(erased: list[np.ndarray], place: Box) -> Fit:
    lights = [cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(np.float32) for one in erased]
    fit = best_fit([sampled(light, place) for light in lights], place)
    assert fit is not None
    return fit


def mask() -> np.ndarray:
    hole = np.zeros(SIZE, bool)
    hole[BOX.top : BOX.bottom, BOX.left : BOX.right] = True
    return hole


def test_harmonic_and_delogo_are_what_the_inpainters_of_that_name_do() -> None:
    (picture,) = pictures(1)
    hole = np.zeros(SIZE, bool)
    hole[1:-1, 1:-1] = True
    light = picture[:, :, 0].astype(np.float32)
    assert np.abs(harmonic(light) - inpainters.harmonic(picture, hole)[:, :, 0]).max() <= 0.51
    smooth = np.repeat(cv2.GaussianBlur(light, (0, 0), 9).astype(np.uint8)[:, :, None], 3, axis=2)
    written = inpainters.delogo(smooth, hole)[:, :, 0]
    assert np.abs(delogo(smooth[:, :, 0].astype(np.float32)) - written).mean() < 1


@pytest.mark.parametrize(
    ("name", "paint"),
    [
        ("harmonic", inpainters.harmonic),
        ("delogo", inpainters.delogo),
        ("telea", inpainters.telea),
        ("navier-stokes", inpainters.navier_stokes),
    ],
)
def test_the_fill_that_was_used_fits_far_better_than_beside_the_place_and_finds_its_box(
    name: str, paint: inpainters.Inpainter
) -> None:
    erased = [paint(one, mask()) for one in pictures(4)]
    rough = Box(left=BOX.left - 5, top=BOX.top + 4, right=BOX.right + 6, bottom=BOX.bottom + 5)
    fit = fitted(erased, rough)
    assert fit.misfit < -0.9
    assert all(
        abs(found - true) <= 6
        for found, true in zip(
            (fit.box.left, fit.box.top, fit.box.right, fit.box.bottom),
            (BOX.left, BOX.top, BOX.right, BOX.bottom),
            strict=True,
        )
    )
    assert fit.fill in FILLS


def test_no_fill_fits_what_nobody_erased() -> None:
    assert fitted(pictures(4), BOX).misfit > -0.4


def test_nothing_is_said_of_a_place_that_is_too_small_or_has_no_room_beside_it() -> None:
    (picture,) = pictures(1)
    light = picture[:, :, 0].astype(np.float32)
    for place in (Box(left=10, top=10, right=14, bottom=14), Box(left=2, top=2, right=318, bottom=198)):
        assert best_fit([sampled(light, place)], place) is None
