"""Putting a logo on a picture."""

import numpy as np
import pytest
from numpy.typing import NDArray

from streamproc.inference.card import Region
from streamproc.training import composite


@pytest.fixture
def frame() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (72, 128, 3), np.uint8)


@pytest.fixture
def logo() -> NDArray[np.uint8]:
    return np.random.default_rng(2).integers(0, 256, (20, 30, 4), np.uint8)


def opaque(logo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.dstack([logo[:, :, :3], np.full(logo.shape[:2], 255, np.uint8)])


def test_opacity_0_leaves_the_picture_as_it_was(frame: NDArray[np.uint8], logo: NDArray[np.uint8]) -> None:
    assert np.array_equal(composite.overlay(frame, logo, 5, 6, 0.0), frame)


def test_an_opaque_logo_at_opacity_1_replaces_the_picture(frame: NDArray[np.uint8], logo: NDArray[np.uint8]) -> None:
    mixed = composite.overlay(frame, opaque(logo), 5, 6, 1.0)
    assert np.array_equal(mixed[6:26, 5:35], logo[:, :, :3])


def test_the_picture_outside_the_logo_is_untouched(frame: NDArray[np.uint8], logo: NDArray[np.uint8]) -> None:
    mixed = composite.overlay(frame, logo, 5.5, 6.5, 1.0)
    mixed[6:27, 5:36] = frame[6:27, 5:36]
    assert np.array_equal(mixed, frame)


def test_the_given_picture_is_not_changed(frame: NDArray[np.uint8], logo: NDArray[np.uint8]) -> None:
    before = frame.copy()
    composite.overlay(frame, logo, 5, 6, 1.0)
    assert np.array_equal(frame, before)


def test_half_opacity_lies_half_way(frame: NDArray[np.uint8], logo: NDArray[np.uint8]) -> None:
    half = composite.overlay(frame, opaque(logo), 5, 6, 0.5)[6:26, 5:35].astype(float)
    middle = (frame[6:26, 5:35].astype(float) + logo[:, :, :3]) / 2
    assert np.abs(half - middle).max() <= 0.5


def test_a_logo_half_a_pixel_to_the_right_spreads_over_two_columns() -> None:
    white = np.full((1, 1, 4), 255, np.uint8)
    mixed = composite.overlay(np.zeros((3, 4, 3), np.uint8), white, 1.5, 1, 1.0)
    assert mixed[1, :, 0].tolist() == [0, 128, 128, 0]


@pytest.mark.parametrize("corner", [(-10, -5), (110, 60), (-10.5, 60.5), (500, 0), (-500, 0)])
def test_what_lies_outside_the_picture_is_cut_off(
    corner: tuple[float, float], frame: NDArray[np.uint8], logo: NDArray[np.uint8]
) -> None:
    wide = np.pad(frame, ((600, 600), (600, 600), (0, 0)))
    expected = composite.overlay(wide, logo, corner[0] + 600, corner[1] + 600, 0.7)[600:-600, 600:-600]
    assert np.array_equal(composite.overlay(frame, logo, *corner, 0.7), expected)


def test_a_canvas_laid_over_a_picture_equals_the_logo_laid_over_it(
    frame: NDArray[np.uint8], logo: NDArray[np.uint8]
) -> None:
    canvas = composite.logo_on_canvas(logo, 128, 72, 5.25, 6.75)
    direct = composite.overlay(frame, logo, 5.25, 6.75, 0.8)
    assert np.abs(composite.overlay(frame, canvas, 0, 0, 0.8).astype(int) - direct).max() <= 1


def test_transparent_pixels_do_not_colour_the_edges_of_a_scaled_logo() -> None:
    logo = np.zeros((40, 40, 4), np.uint8)
    logo[:, :, :3] = (0, 255, 0)
    logo[10:30, 10:30] = (255, 0, 0, 255)
    small = composite.resize_logo(logo, 13, 13)
    assert (small[small[:, :, 3] > 0][:, 0] >= 254).all()


def test_trimming_cuts_the_transparent_margin() -> None:
    logo = np.zeros((40, 40, 4), np.uint8)
    logo[10:30, 5:30, 3] = 1
    assert composite.trim(logo).shape == (20, 25, 4)


@pytest.mark.parametrize(("width", "height"), [(640, 360), (1920, 1080)])
def test_a_stamped_logo_lies_in_the_middle_of_its_box(width: int, height: int) -> None:
    box = Region(x=0.5, y=0.25, width=0.25, height=0.25)
    mixed = composite.stamp(np.zeros((height, width, 3), np.uint8), np.full((10, 10, 4), 255, np.uint8), box, 1.0)
    rows, columns = np.nonzero(mixed[:, :, 0])
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((0.625 * width, 0.375 * height))
