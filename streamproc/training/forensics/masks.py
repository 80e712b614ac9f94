"""Holes to paint over, of a given area: the published protocol's shapes, brush strokes, and logos' silhouettes."""

from enum import StrEnum
from heapq import heappop, heappush
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ConfigError
from streamproc.forensics.traces import Mask


class Shape(StrEnum):
    """What a hole looks like."""

    SQUARE = "square"
    CIRCLE = "circle"
    IRREGULAR = "irregular"
    BOX = "box"
    """A rectangle up to three times as wide as high: what covers a logo or a caption."""
    FREE_FORM = "free-form"
    """Strokes of a brush that turns as it goes, as a hand rubs something out."""


PUBLISHED = Shape.SQUARE, Shape.CIRCLE, Shape.IRREGULAR
"""The shapes of the published protocol."""


_MARGIN = 4  # pixels of picture that stay around a hole
_STRAIGHT, _SLANT = 2 * np.pi / 5, np.pi / 15  # radians that a stroke turns at a corner: in the mean, and spread
_ERASER = 2.0  # pixels that an eraser reaches beyond a logo, at least
_OPAQUE = 24  # of 255: alpha from which on a logo is seen


def hole(shape: Shape, area: int, size: tuple[int, int], rng: np.random.Generator) -> Mask:
    """Return a mask (H, W) with one hole somewhere in the picture.

    area: its pixels, exactly (of a square or a box: nearly); size: (H, W).
    Raises ValueError when the hole does not fit.
    """
    return _placed(_patch(shape, area, rng), size, rng)


def silhouettes(folder: Path) -> list[NDArray[np.uint8]]:
    """Return how opaque each logo of a folder is, (h, w), in order of their names: PNGs with 8 bits of alpha.

    Raises ConfigError where there is none.
    """
    found = []
    for path in sorted(folder.glob("*.png")):
        logo = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if logo is None or logo.dtype != np.uint8 or logo.shape[2:] != (4,):
            continue
        if (logo[:, :, 3] >= _OPAQUE).any():
            found.append(np.ascontiguousarray(logo[:, :, 3]))
    if not found:
        raise ConfigError(f"{folder}: holds no logo, that is no PNG with a transparent ground")
    return found


def logo_hole(alpha: NDArray[np.uint8], area: int, size: tuple[int, int], rng: np.random.Generator) -> Mask:
    """Return a mask (H, W) of an erased logo somewhere in the picture: its silhouette, and a little around it.

    alpha: (h, w), how opaque the logo is; area: pixels of the hole, exactly; size: (H, W).
    Raises ValueError when the hole does not fit, or nothing of the logo is to be seen.
    """
    rows, columns = np.nonzero(alpha >= _OPAQUE)
    if not rows.size:
        raise ValueError("nothing of the logo is to be seen: there is no silhouette to erase")
    seen = alpha[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return _placed(_erased(seen, area), size, rng)


def _placed(patch: Mask, size: tuple[int, int], rng: np.random.Generator) -> Mask:
    """Return a mask (H, W) with a hole somewhere in it. Raises ValueError when it does not fit."""
    height, width = patch.shape
    room = size[0] - height - 2 * _MARGIN, size[1] - width - 2 * _MARGIN
    if min(room) < 0:
        raise ValueError(f"a hole of {patch.sum()} pixels does not fit into a picture of {size[1]}×{size[0]}")
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
    if shape is Shape.FREE_FORM:
        return _strokes(area, rng)
    reach = 2 * side + 1
    rows, columns = np.mgrid[: 2 * reach + 1, : 2 * reach + 1] - reach
    nearness = -np.hypot(rows, columns)
    if shape is Shape.IRREGULAR:
        nearness += _clouds(nearness.shape, side, rng) * side * 0.45
    return _grown(nearness, area)


def _strokes(area: int, rng: np.random.Generator) -> Mask:
    """Return a connected patch as a brush leaves it that walks on and turns until the area is covered.

    Source: Yu and others 2019, "Free-Form Image Inpainting with Gated Convolution", algorithm 1.
    """
    side = max(2, round(area**0.5))
    radius = max(1, round(side * rng.uniform(0.12, 0.25)))
    middle = 2 * side + 2 * radius
    rows, columns = np.mgrid[: 2 * middle + 1, : 2 * middle + 1] - middle
    soonest = np.full(rows.shape, np.inf)  # when the brush came by; within one step the nearest first
    place, angle, step = np.zeros(2), rng.uniform(0, 2 * np.pi), 0
    while np.isfinite(soonest).sum() < area:
        length, turn = rng.uniform(0.3, 1) * side, rng.normal(_STRAIGHT, _SLANT) * (-1) ** step
        for _ in range(max(1, round(length))):
            distance = np.hypot(rows - place[0], columns - place[1])
            np.minimum(soonest, np.where(distance <= radius, step + distance / (radius + 1), np.inf), out=soonest)
            forward = place + np.array([np.sin(angle), np.cos(angle)])
            place, step = np.clip(forward, -2 * side, 2 * side), step + 1
        angle += turn if rng.random() < 0.5 else np.pi - turn
    return _grown(-soonest, area)


def _erased(alpha: NDArray[np.uint8], area: int) -> Mask:
    """Return a logo's silhouette, scaled so that with an eraser's reach around it it has just so many pixels."""
    low, high = 0.0, 2 * (area / alpha.size) ** 0.5 + 2.0 / min(alpha.shape)
    for _ in range(20):
        middle = (low + high) / 2
        fits = int((_reach(alpha, middle) <= _ERASER).sum()) <= area
        low, high = (middle, high) if fits else (low, middle)
    reach = _reach(alpha, low)
    # what is left of the area is the next nearest pixels, in order from the top where they are as near
    order = np.argsort(reach, axis=None, kind="stable")[:area]
    patch: Mask = np.zeros(reach.shape, bool)
    patch.ravel()[order] = True
    rows, columns = np.nonzero(patch)
    return patch[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def _reach(alpha: NDArray[np.uint8], scale: float) -> NDArray[np.float32]:
    """Return how far each pixel is from a scaled logo, in a frame wide enough for all of the eraser."""
    height, width = (max(1, round(side * scale)) for side in alpha.shape)
    seen = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_AREA) >= _OPAQUE
    if not seen.any():
        seen[height // 2, width // 2] = True
    room = round(4 * _ERASER)
    away = np.pad(~seen, room, constant_values=True).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


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
