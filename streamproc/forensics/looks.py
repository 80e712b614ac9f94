"""A keyframe with a method's heat, reduced to a value a cell of 8×8 pixels: what evidence is made of."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import cv2
import numpy as np

from streamproc.forensics.bars import within_bars
from streamproc.forensics.refill import Light
from streamproc.forensics.residual import luma, texture
from streamproc.forensics.traces import Box, Map, Mask, Picture, Traces

CELL: Final = 8
"""Pixels, the height and the width of a cell."""
_COARSE: Final = 2  # pixels of a cell's side where it is asked how much goes on: what a network's filters don't see
_AROUND: Final = (41, 41)  # cells, about the height of a hole and as much again
_NOISE: Final = 0.7  # grey levels of coding noise
_RING: Final = np.ones((5, 5), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A keyframe; maps are (h, w), a value a cell."""

    time: Fraction
    luma: Light
    """(H, W), a value a pixel."""
    heat: Map
    """Mean heat."""
    odds: Map
    """Log odds of that."""
    light: Map
    """Mean luma."""
    texture: Map
    """Mean |Laplacian| of luma."""
    quiet: Map
    """How much less goes on there than around it, at a quarter of the scale: a log ratio."""
    seen: Mask
    """Cells of the picture, not of its black bars."""

    def around(self, cells: Mask) -> float:
        """Return the mean texture of the cells next to those, 0 where there are none."""
        ring = ring_of(cells) & self.seen
        return float(self.texture[ring].mean()) if ring.any() else 0.0


def looked(time: Fraction, picture: Picture, traces: Traces) -> Look:
    """Return a keyframe's look. picture: (H, W, 3)."""
    height, width = picture.shape[:2]
    cells = -(-height // CELL), -(-width // CELL)
    light = luma(picture)
    heat = _reduced(traces.heat, cells)
    inside = np.zeros((height, width), np.float32)
    inside[within_bars(picture)] = 1
    seen = _reduced(inside, cells) == 1
    return Look(
        time=time,
        luma=light,
        heat=heat,
        odds=log_odds(heat),
        light=_reduced(light, cells),
        texture=_reduced(texture(light), cells),
        quiet=_quiet(light, seen),
        seen=seen,
    )


def _quiet(light: Light, seen: Mask) -> Map:
    """Return how much quieter cells are than the picture around them: paint is, at any scale, whatever it hides."""
    rows, columns = seen.shape
    coarse = cv2.resize(light, (columns * _COARSE, rows * _COARSE), interpolation=cv2.INTER_AREA)
    busy = np.log(cv2.blur(cv2.resize(texture(coarse), (columns, rows), interpolation=cv2.INTER_AREA), (3, 3)) + _NOISE)
    weight = seen.astype(np.float32)
    around = cv2.blur(busy * weight, _AROUND) / np.maximum(cv2.blur(weight, _AROUND), 1e-3)
    return np.asarray(around - busy, np.float32)


def _reduced(values: Map, cells: tuple[int, int]) -> Map:
    """Return the mean of each cell; the last row and column of cells may be of fewer pixels, repeated."""
    below, beside = (many * CELL - have for many, have in zip(cells, values.shape, strict=True))
    whole = cv2.copyMakeBorder(values, 0, below, 0, beside, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(whole, (cells[1], cells[0]), interpolation=cv2.INTER_AREA), np.float32)


def log_odds(heat: Map) -> Map:
    """Return the log odds of heat, at most ±4.6."""
    sure = np.clip(heat, 0.01, 0.99)
    return np.asarray(np.log(sure / (1 - sure)), np.float32)


def ring_of(cells: Mask) -> Mask:
    """Return the cells next to those, two wide."""
    return np.asarray((cv2.dilate(cells.astype(np.uint8), _RING) > 0) & ~cells)


def box_of(cells: Mask, shape: tuple[int, int]) -> Box:
    """Return the box around cells in a picture of (H, W) ``shape``; there must be at least one."""
    rows, columns = np.nonzero(cells)
    return Box(
        left=int(columns.min()) * CELL,
        top=int(rows.min()) * CELL,
        right=min((int(columns.max()) + 1) * CELL, shape[1]),
        bottom=min((int(rows.max()) + 1) * CELL, shape[0]),
    )
