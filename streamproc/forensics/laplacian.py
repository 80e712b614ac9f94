"""The change of the Laplacian along the isophote, and 16 features of it: what diffusion-based inpainting flattens.

Diffusion paints a hole by carrying on what surrounds it until the Laplacian no longer changes along the lines of equal
brightness. In untouched pictures it does change, from noise alone. Source: Li, Luo, Huang, "Localization of
Diffusion-Based Inpainting in Digital Images", IEEE TIFS 12 (2017) 3050, doi:10.1109/TIFS.2017.2730822.
"""

from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

INTRA_WINDOWS: Final = 3, 5, 7, 9
INTER_WINDOWS: Final = 1, 3, 5, 7
FEATURES: Final = 3 * len(INTRA_WINDOWS) + len(INTER_WINDOWS)


class Laplacian(StrEnum):
    """Which Laplacian: they differ in whether the channels count as a third direction."""

    PLAIN = "plain"
    """(I_xx + I_yy) / 4, as the paper writes it."""
    VOLUME = "volume"
    """(I_xx + I_yy + R − 2G + B) / 6, as its authors' program computes it."""


def change_of_laplacian(picture: NDArray[np.uint8] | Floats, kind: Laplacian = Laplacian.VOLUME) -> Floats:
    """Return how much the Laplacian changes along the isophote at each pixel.

    picture: (H, W, 3) RGB in [0, 255], at least 3×3. returns: (H, W, 3) float32; 0 where the gradient vanishes.
    The Laplacian is sampled one pixel along the isophote, bilinearly. Source: Li, Luo, Huang 2017, eq. 5 to 8.
    """
    wide = cv2.copyMakeBorder(picture.astype(np.float64), 2, 2, 2, 2, cv2.BORDER_REPLICATE)
    laplacian = _laplacian(wide, kind)  # one pixel wider than the picture on each side
    across = (wide[2:-2, 3:-1] - wide[2:-2, 1:-3]) / 2
    down = (wide[3:-1, 2:-2] - wide[1:-3, 2:-2]) / 2
    length = np.hypot(across, down)
    scale = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
    moved = _sampled(laplacian, -down * scale, across * scale)
    return np.asarray(np.where(length > 0, moved - laplacian[1:-1, 1:-1], 0.0), np.float32)


def colours_and_change(picture: NDArray[np.uint8]) -> Floats:
    """Return (H, W, 6): a picture's colours, (H, W, 3), and the change of the Laplacian in each."""
    return np.concatenate([picture.astype(np.float32), change_of_laplacian(picture)], axis=2)


def _laplacian(wide: NDArray[np.float64], kind: Laplacian) -> NDArray[np.float64]:
    """Return the Laplacian of all pixels but the outermost."""
    middle = wide[1:-1, 1:-1]
    flat = wide[1:-1, 2:] + wide[1:-1, :-2] + wide[2:, 1:-1] + wide[:-2, 1:-1] - 4 * middle
    if kind is Laplacian.PLAIN:
        return np.asarray(flat / 4)
    between = middle[:, :, :1] - 2 * middle[:, :, 1:2] + middle[:, :, 2:]
    return np.asarray((flat + between) / 6)


def _sampled(values: NDArray[np.float64], right: NDArray[np.float64], down: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values (h + 2, w + 2, 3) read bilinearly at offsets (h, w, 3) of at most one pixel."""
    height, width = right.shape[:2]

    def shifted(row: int, column: int) -> NDArray[np.float64]:
        return values[1 + row : 1 + row + height, 1 + column : 1 + column + width]

    rightwards, downwards = right >= 0, down >= 0
    beside = np.where(rightwards, shifted(0, 1), shifted(0, -1))
    below = np.where(downwards, shifted(1, 0), shifted(-1, 0))
    below_beside = np.where(
        downwards,
        np.where(rightwards, shifted(1, 1), shifted(1, -1)),
        np.where(rightwards, shifted(-1, 1), shifted(-1, -1)),
    )
    x, y = np.abs(right), np.abs(down)
    return np.asarray((1 - y) * ((1 - x) * shifted(0, 0) + x * beside) + y * ((1 - x) * below + x * below_beside))


def features(change: Floats) -> Floats:
    """Return 16 features of each pixel from the change of the Laplacian.

    change: (H, W, 3). returns: (H, W, 16) float32: the sample standard deviation of each channel in windows of 3, 5, 7
    and 9 pixels, the larger ones followed by a minimum filter of two pixels less, so that a window that looks over a
    region's edge is judged by one that lies within; then that of all channels together in windows of 1, 3, 5 and 7.
    Source: Li, Luo, Huang 2017, section IV.
    """
    values = change.astype(np.float64)
    squares = values**2
    made = []
    for size in INTRA_WINDOWS:
        deviation = _deviation(values, squares, size, size * size)
        made.append(deviation if size == INTRA_WINDOWS[0] else _minimum(deviation, size - 2))
    total, total_squares = values.sum(axis=2), squares.sum(axis=2)
    made += [_deviation(total, total_squares, size, 3 * size * size)[:, :, None] for size in INTER_WINDOWS]
    return np.asarray(np.concatenate(made, axis=2), np.float32)


def _deviation(values: NDArray[np.float64], squares: NDArray[np.float64], size: int, count: int) -> NDArray[np.float64]:
    """Return the sample standard deviation over windows, from values and squares (of one channel, or summed up)."""
    border = cv2.BORDER_REFLECT
    total = cv2.boxFilter(values, -1, (size, size), normalize=False, borderType=border)
    total_squares = cv2.boxFilter(squares, -1, (size, size), normalize=False, borderType=border)
    variance = (total_squares - total**2 / count) / (count - 1)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def _minimum(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    half = size // 2
    wide = cv2.copyMakeBorder(values, half, half, half, half, cv2.BORDER_REFLECT)
    lowest = cv2.erode(wide, np.ones((size, size), np.uint8))
    return np.asarray(lowest[half:-half, half:-half])
