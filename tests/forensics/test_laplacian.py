"""The change of the Laplacian and its features, against the definition computed pixel by pixel."""

import numpy as np
import pytest
from numpy.typing import NDArray

from streamproc.forensics.laplacian import Laplacian, change_of_laplacian, features


def picture(seed: int = 0, size: tuple[int, int] = (12, 15)) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def by_definition(image: NDArray[np.uint8], kind: Laplacian) -> NDArray[np.float64]:
    height, width = image.shape[:2]

    def at(row: int, column: int, channel: int) -> float:
        return float(image[min(max(row, 0), height - 1), min(max(column, 0), width - 1), channel])

    def laplacian(row: int, column: int, channel: int) -> float:
        around = (at(row, column + dx, channel) + at(row, column - dx, channel) for dx in (1,))
        flat = sum(around) + at(row + 1, column, channel) + at(row - 1, column, channel) - 4 * at(row, column, channel)
        if kind is Laplacian.PLAIN:
            return flat / 4
        return (flat + at(row, column, 0) - 2 * at(row, column, 1) + at(row, column, 2)) / 6

    change = np.zeros(image.shape)
    for row, column, channel in np.ndindex(image.shape):
        across = (at(row, column + 1, channel) - at(row, column - 1, channel)) / 2
        down = (at(row + 1, column, channel) - at(row - 1, column, channel)) / 2
        length = float(np.hypot(across, down))
        if length == 0:
            continue
        x, y = -down / length, across / length
        step = int(np.sign(x)) or 1, int(np.sign(y)) or 1
        weights = {(0, 0): (1 - abs(x)) * (1 - abs(y)), (0, step[0]): abs(x) * (1 - abs(y))}
        weights |= {(step[1], 0): (1 - abs(x)) * abs(y), (step[1], step[0]): abs(x) * abs(y)}
        moved = sum(weight * laplacian(row + dy, column + dx, channel) for (dy, dx), weight in weights.items())
        change[row, column, channel] = moved - laplacian(row, column, channel)
    return change


@pytest.mark.parametrize("kind", Laplacian)
def test_the_change_is_what_its_definition_says_at_every_pixel_that_is_not_at_the_rim(kind: Laplacian) -> None:
    image = picture()
    found = change_of_laplacian(image, kind)
    np.testing.assert_allclose(found[1:-1, 1:-1], by_definition(image, kind)[1:-1, 1:-1], atol=1e-3)


def test_a_plain_picture_has_no_change_anywhere() -> None:
    assert not change_of_laplacian(np.full((9, 9, 3), 77, np.uint8)).any()


def test_a_slope_has_no_change_away_from_the_rim() -> None:
    ramp = np.repeat(np.arange(20, dtype=np.uint8)[None, :, None] * 9, 20, axis=0).repeat(3, axis=2)
    assert not change_of_laplacian(ramp)[3:-3, 3:-3].any()


def test_there_are_sixteen_features_and_the_first_is_the_deviation_in_a_window_of_three() -> None:
    change = np.random.default_rng(1).normal(size=(20, 24, 3)).astype(np.float32)
    found = features(change)
    assert found.shape == (20, 24, 16)
    assert found[7, 9, 0] == pytest.approx(np.std(change[6:9, 8:11, 0], ddof=1), rel=1e-4)
    assert found[7, 9, 13] == pytest.approx(np.std(change[6:9, 8:11], ddof=1), rel=1e-4)


def test_larger_windows_give_the_least_deviation_of_those_that_lie_around() -> None:
    change = np.random.default_rng(2).normal(size=(20, 24, 3)).astype(np.float32)
    around = [
        np.std(change[row - 2 : row + 3, column - 2 : column + 3, 0], ddof=1)
        for row in range(9, 12)
        for column in range(9, 12)
    ]
    assert features(change)[10, 10, 3] == pytest.approx(min(around), rel=1e-4)
