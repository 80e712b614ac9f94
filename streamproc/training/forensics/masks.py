"""Holes to paint over: squares, circles and irregular shapes of a given area, as in the published protocol."""

from enum import StrEnum
from heapq import heappop, heappush

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.traces import Mask


class Shape(StrEnum):
    """What a hole looks like."""

    SQUARE = "square"
    CIRCLE = "circle"
    IRREGULAR = "irregular"
    BOX = "box"
    """A rectangle up to three times as wide as high: what covers a logo or a caption."""


PUBLISHED = Shape.SQUARE, Shape.CIRCLE, Shape.IRREGULAR
"""The shapes of the published protocol."""


_MARGIN = 4  # pixels of picture that stay around a hole


def hole(shape: Shape, area: int, size: tuple[int, int], rng: np.random.Generator) -> Mask:
    """Return a mask (H, W) with one hole somewhere in the picture.

    area: its pixels, exactly (of a square or a box: nearly); size: (H, W).
    Raises ValueError when the hole does not fit.
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
    if shape is Shape.BOX:
        height = max(2, round(side / rng.uniform(1, 3) ** 0.5))
        return np.ones((height, max(2, round(area / height))), bool)
    reach = 2 * side + 1
    rows, columns = np.mgrid[: 2 * reach + 1, : 2 * reach + 1] - reach
    nearness = -np.hypot(rows, columns)
    if shape is Shape.IRREGULAR:
        nearness += _clouds(nearness.shape, side, rng) * side * 0.45
    return _grown(nearness, area)


def _clouds(size: tuple[int, ...], side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    noise = cv2.GaussianBlur(rng.standard_normal(size), (0, 0), max(1.0, side / 5))
    return np.asarray(noise / max(noise.std(), 1e-9))


def _grown(nearness: NDArray[np.float64], area: int) -> Mask:
    """Return ``area`` connected pixels, cut out tightly: from the nearest one on, always the nearest neighbour."""
    mask: Mask = np.zeros(nearness.shape, bool)
    row, column = divmod(int(np.argmax(nearness)), nearness.shape[1])
    front = [(-float(nearness[row, column]), row, column)]
    waiting = {(row, column)}
    for _ in range(area):
        _, row, column = heappop(front)
        mask[row, column] = True
        for place in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if place not in waiting and 0 <= place[0] < mask.shape[0] and 0 <= place[1] < mask.shape[1]:
                waiting.add(place)
                heappush(front, (-float(nearness[place]), *place))
    rows, columns = np.nonzero(mask)
    return mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
