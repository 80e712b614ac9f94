"""What all inpainters promise, and the parts that a hole is painted in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.traces import Mask, Picture

Inpainter = Callable[[Picture, Mask], Picture]
"""Takes a picture (H, W, 3) uint8 RGB and its hole (H, W), and returns the picture with the hole painted over."""
Window = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Part:
    """Pixels of a hole that are painted together, apart from the others."""

    window: Window
    """The part of the picture that is looked at."""
    mine: Mask
    """In the window: what is to be painted."""
    unknown: Mask
    """In the window: what can't be relied on: mine, and what lies in it of parts that are still to come."""


def inpainter(paint: Inpainter) -> Inpainter:
    """Hold an inpainter to what all promise: around the hole nothing changes, and a picture without a hole comes back.

    What is returned raises ValueError where the mask is not the picture's or leaves nothing to paint from.
    """

    @wraps(paint)
    def held(picture: Picture, mask: Mask) -> Picture:
        if mask.shape != picture.shape[:2]:
            raise ValueError(f"the hole is drawn on {mask.shape[::-1]} pixels, the picture has {picture.shape[1::-1]}")
        if mask.all():
            raise ValueError("the hole covers the whole picture: nothing is left to paint it from")
        if not mask.any():
            return picture.copy()
        return np.where(mask[:, :, None], paint(picture, mask), picture)

    return held


def parts(mask: Mask, margin: int) -> Iterator[Part]:
    """Yield the hole's parts that are more than two margins apart, each with its margin, in order from the top."""
    near = cv2.dilate(mask.astype(np.uint8), np.ones((2 * margin + 1, 2 * margin + 1), np.uint8))
    count, labels = cv2.connectedComponents(near, connectivity=8)
    left = mask.copy()
    for number in range(1, count):
        own = labels == number
        rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
        window = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
        yield Part(window, (own & mask)[window], left[window])
        left = left & ~own


def nearest_known(picture: Picture, unknown: Mask) -> Picture:
    """Return a picture, (H, W, 3), whose unknown pixels are each like the nearest known one."""
    _, labels = cv2.distanceTransformWithLabels(
        unknown.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((int(labels.max()) + 1, 3), np.uint8)
    colours[labels[~unknown]] = picture[~unknown]
    return np.asarray(colours[labels])


def rounded(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return brightness as whole numbers from 0 to 255."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
