"""Bertalmio's inpainting: smoothness is carried along the lines of equal brightness."""

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.traces import Mask, Picture
from streamproc.training.forensics.inpainters.contract import inpainter, nearest_known, parts, rounded

_MARGIN = 4  # pixels around the hole; a step looks two far
_ROUNDS_A_PIXEL, _MOST_ROUNDS = 5, 160  # of steps of transport and of diffusion, the more the deeper a hole is
_CARRIED, _DIFFUSED = 15, 2  # steps a round, as published
_STEP = 0.1  # of time, as published
_DIFFUSION_STEP = 0.2
_TINY = 1e-6

Plane = NDArray[np.float64]
"""(h, w, 3), brightness in [0, 1]."""


@inpainter
def bertalmio(picture: Picture, mask: Mask) -> Picture:
    """Carry the Laplacian along the isophotes into the hole, with steps of anisotropic diffusion in between.

    I_t = (∇L · N) |∇I| with L = I_xx + I_yy and N = (−I_y, I_x) / |∇I|, the gradient's length slope-limited; after
    every 15 such steps of 0.1 two of I_t = κ |∇I|, κ the curvature of the isophotes. It begins from the nearest known
    pixels, and not from what the hole hides. Five rounds for each pixel that the hole is deep, at most 160, so 2,400
    steps of transport (the paper: until nothing changes, or some 3,000).
    Source: Bertalmio, Sapiro, Caselles, Ballester 2000, "Image Inpainting", eq. 5–12.
    """
    painted = picture.copy()
    for part in parts(mask, _MARGIN):
        plane = nearest_known(painted[part.window], part.unknown) / 255.0
        where = part.unknown[:, :, None]
        depth = cv2.distanceTransform(np.pad(part.unknown, 1).astype(np.uint8), cv2.DIST_L2, 5).max()
        for _ in range(min(_MOST_ROUNDS, ceil(depth * _ROUNDS_A_PIXEL))):
            for _ in range(_CARRIED):
                plane = np.where(where, np.clip(plane + _STEP * _carried(plane), 0, 1), plane)
            for _ in range(_DIFFUSED):
                plane = np.where(where, plane + _DIFFUSION_STEP * _diffused(plane), plane)
        painted[part.window][part.mine] = rounded(plane * 255)[part.mine]
    return painted


def _carried(plane: Plane) -> Plane:
    """Return the speed of transport (eq. 6–11)."""
    wide = _framed(_framed(plane))
    laplacian = wide[2:, 1:-1] + wide[:-2, 1:-1] + wide[1:-1, 2:] + wide[1:-1, :-2] - 4 * wide[1:-1, 1:-1]
    laplacian_y = (laplacian[2:, 1:-1] - laplacian[:-2, 1:-1]) / 2
    laplacian_x = (laplacian[1:-1, 2:] - laplacian[1:-1, :-2]) / 2
    middle, left, right = wide[2:-2, 2:-2], wide[2:-2, 1:-3], wide[2:-2, 3:-1]
    above, below = wide[1:-3, 2:-2], wide[3:-1, 2:-2]
    slope_x, slope_y = (right - left) / 2, (below - above) / 2
    along = (laplacian_y * slope_x - laplacian_x * slope_y) / np.sqrt(slope_x**2 + slope_y**2 + _TINY)
    back_x, fore_x, back_y, fore_y = middle - left, right - middle, middle - above, below - middle
    rising = np.minimum(back_x, 0) ** 2 + np.maximum(fore_x, 0) ** 2
    rising += np.minimum(back_y, 0) ** 2 + np.maximum(fore_y, 0) ** 2
    falling = np.maximum(back_x, 0) ** 2 + np.minimum(fore_x, 0) ** 2
    falling += np.maximum(back_y, 0) ** 2 + np.minimum(fore_y, 0) ** 2
    return np.asarray(along * np.sqrt(np.where(along > 0, rising, falling)))


def _diffused(plane: Plane) -> Plane:
    """Return the speed of diffusion along the isophotes: their curvature times the gradient's length (eq. 12)."""
    wide = _framed(plane)
    middle, left, right, above, below = plane, wide[1:-1, :-2], wide[1:-1, 2:], wide[:-2, 1:-1], wide[2:, 1:-1]
    slope_x, slope_y = (right - left) / 2, (below - above) / 2
    across = (wide[2:, 2:] + wide[:-2, :-2] - wide[2:, :-2] - wide[:-2, 2:]) / 4
    bend_x, bend_y = left + right - 2 * middle, above + below - 2 * middle
    turned = bend_x * slope_y**2 - 2 * slope_x * slope_y * across + bend_y * slope_x**2
    return np.asarray(turned / (slope_x**2 + slope_y**2 + _TINY))


def _framed(plane: Plane) -> Plane:
    """Return a picture with its outermost pixels once more around it."""
    return np.pad(plane, ((1, 1), (1, 1), (0, 0)), mode="edge")
