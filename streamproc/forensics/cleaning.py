"""From votes to a mask: what single pixels say is joined, and what false alarms alone would explain is dropped.

After Li, Luo, Huang 2017, section V, with the disks chosen by what false alarms leave, measured on untouched pictures.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.bars import within_bars
from streamproc.forensics.traces import Mask, Picture

_DARK, _BRIGHT = 10, 245
_KERNEL = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """How votes become a mask; set by measurement, kept in a model's card."""

    least_share: float = 0.93
    """Share of the votes from which on a pixel counts."""
    survivors: tuple[float, ...] = ()
    """For an erosion by a disk of radius 0, 1, 2, …: how many parts survive it on an untouched picture of a million
    pixels, on average."""
    most_survivors: float = 0.5
    """An erosion is strong enough when false alarms leave fewer parts than this."""
    growth: int = 2
    """By how many pixels more than it was eroded a part is dilated, for features shy away from a hole's edge."""


def clean(votes: NDArray[np.float32], picture: Picture, how: Cleaning) -> Mask:
    """Return the pixels taken for painted. votes: (H, W) in [0, 1]; picture: (H, W, 3)."""
    mask = candidates(votes, picture, how.least_share)
    if not mask.any():
        return mask
    expected = mask.size / 1e6
    strong = next(
        (radius for radius, count in enumerate(how.survivors) if count * expected < how.most_survivors),
        len(how.survivors),
    )
    for radius in range(strong, -1, -1):
        eroded = _eroded(mask, radius)
        if eroded.any():
            # Below that strength false alarms are among what is left: only the likeliest part is worth a word.
            kept = _reached(mask, eroded if radius == strong else _likeliest(eroded, votes))
            return _dilated(kept, how.growth)
    return mask


def _likeliest(parts: Mask, votes: NDArray[np.float32]) -> Mask:
    """Return the part with the most votes."""
    count, numbers = cv2.connectedComponents(parts.astype(np.uint8), connectivity=8)
    summed = np.bincount(numbers.ravel(), weights=votes.ravel(), minlength=count)
    return np.asarray(numbers == 1 + int(np.argmax(summed[1:])))


def candidates(votes: NDArray[np.float32], picture: Picture, least_share: float) -> Mask:
    """Return the pixels with votes enough, without lone ones, bars, and what is blown out or black."""
    mask = votes >= least_share
    inner = cv2.erode(mask.astype(np.uint8), _KERNEL) > 0
    mask = inner if inner.any() else mask
    darkest, brightest = picture.min(axis=2), picture.max(axis=2)
    black = cv2.dilate(brightest, _KERNEL) < _DARK
    white = cv2.erode(darkest, _KERNEL) > _BRIGHT
    mask = mask & ~black & ~white
    kept = np.zeros_like(mask)
    window = within_bars(picture)
    kept[window] = mask[window]
    return np.asarray(kept)


def survivors_of(mask: Mask, largest: int) -> list[int]:
    """Return how many parts of a mask survive an erosion by disks of radius 0 to ``largest``."""
    return [cv2.connectedComponents(_eroded(mask, radius).astype(np.uint8))[0] - 1 for radius in range(largest + 1)]


def _disk(radius: int) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(rows**2 + columns**2 <= (radius + 0.3) ** 2, np.uint8)


def _eroded(mask: Mask, radius: int) -> Mask:
    return np.asarray(cv2.erode(mask.astype(np.uint8), _disk(radius), borderValue=0) > 0)


def _dilated(mask: Mask, radius: int) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), _disk(radius)) > 0)


def _reached(mask: Mask, seeds: Mask) -> Mask:
    """Return the parts of a mask that hold a seed."""
    _, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    kept = np.unique(parts[seeds])
    return np.asarray(np.isin(parts, kept[kept > 0]))


def survived_radius(mask: Mask, largest: int) -> int:
    """Return the radius of the largest disk, up to ``largest``, that a part of the mask survives an erosion by."""
    return max((radius for radius in range(largest + 1) if _eroded(mask, radius).any()), default=0)
