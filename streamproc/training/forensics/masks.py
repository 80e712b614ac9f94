"""Holes to paint over: squares, circles and irregular shapes of a given area, as in the published protocol."""

from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.traces import Mask


class Shape(StrEnum):
    """What a hole looks like."""

    SQUARE = "square"
    CIRCLE = "circle"
    IRREGULAR = "irregular"


_MARGIN = 4  # pixels of picture that stay around a hole


def hole(shape: Shape, area: int, size: tuple[int, int], rng: np.random.Generator) -> Mask:
    """Return a mask (H, W) with one hole of ``area`` pixels, to within a percent or two, somewhere in the picture.

    size: (H, W). Raises ValueError when the hole does not fit.
    """
    patch = _patch(shape, area, rng)
    height, width = patch.shape
    room = size[0] - height - 2 * _MARGIN, size[1] - width - 2 * _MARGIN
    if min(room) < 0:
        raise ValueError(f"a hole of {area} pixels does not fit into a picture of {size[1]}×{size[0]}")
    top, left = (_MARGIN + int(rng.integers(0, most + 1)) for most in room)
    mask = np.zeros(size, bool)
    mask[top : top + height, left : left + width] = patch
    return mask


def _patch(shape: Shape, area: int, rng: np.random.Generator) -> Mask:
    side = round(area**0.5)
    if shape is Shape.SQUARE:
        return np.ones((side, side), bool)
    reach = 2 * side + 1
    rows, columns = np.mgrid[: 2 * reach + 1, : 2 * reach + 1] - reach
    nearness = -np.hypot(rows, columns)
    if shape is Shape.IRREGULAR:
        nearness += _clouds(nearness.shape, side, rng) * side * 0.45
    return _largest_blob(nearness, area)


def _clouds(size: tuple[int, ...], side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    noise = cv2.GaussianBlur(rng.standard_normal(size), (0, 0), max(1.0, side / 5))
    return np.asarray(noise / max(noise.std(), 1e-9))


def _largest_blob(nearness: NDArray[np.float64], area: int) -> Mask:
    """Return the largest connected part of the nearest pixels, just so many of them that it has the area wanted."""
    order = np.sort(nearness, axis=None)[::-1]
    few, many = area, len(order)
    while few < many:
        middle = (few + many) // 2
        few, many = (middle + 1, many) if _blob(nearness >= order[middle - 1]).sum() < area else (few, middle)
    return _blob(nearness >= order[few - 1])


def _blob(chosen: Mask) -> Mask:
    """Return the largest connected part (4 neighbours), cut out tightly."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats(chosen.astype(np.uint8), connectivity=4)
    biggest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    left, top, width, height = (int(value) for value in stats[biggest, :4])
    return np.asarray(parts[top : top + height, left : left + width] == biggest)
