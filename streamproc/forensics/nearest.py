"""Where a picture repeats itself, pixel for pixel or nearly so: windows that occur twice, with their partners.

Exact repeats are found by hashing every window, as Fridrich, Soukal, Lukáš 2003 ("Detection of Copy-Move Forgery in
Digital Images") find them by sorting. It sees pieces of a dozen pixels, which a randomized search (Barnes and others
2009, "PatchMatch") would have to hit by chance: one offset of 200,000.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.traces import Mask, Picture

Hashes = NDArray[np.uint64]
Size = tuple[int, int]
_SEED = 1
_NEAR = 6  # pixels: what is as near as that is alike because it is near
_SHIFTS = np.uint64(31), np.uint64(29)
_SPREAD = np.uint64(0xBF58476D1CE4E5B9)  # of SplitMix64


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Windows that occur twice."""

    size: Size
    """Height and width of the windows."""
    first: NDArray[np.int64]
    """(N, 2): row and column of a window's upper left corner."""
    second: NDArray[np.int64]
    """(N, 2): that of its partner."""

    def cover(self, shape: Size, first: Mask, second: Mask) -> Mask:
        """Return the pixels, (H, W), that the windows chosen of either side lie on. first, second: (N,)."""
        corners = np.zeros(shape, np.uint8)
        for side, chosen in ((self.first, first), (self.second, second)):
            corners[side[chosen, 0], side[chosen, 1]] = 1
        height, width = self.size
        return np.asarray(cv2.dilate(corners, np.ones(self.size, np.uint8), anchor=(width - 1, height - 1)) > 0)


def repeats(picture: Picture, size: Size, least_range: int) -> Repeats:
    """Return the windows of a picture, (H, W, 3), that occur again more than 6 pixels away, the same in every bit.

    Windows with a range of luma below ``least_range`` are left out: flat ones repeat by chance. Of a window that occurs
    several times, each is the partner of the next.
    """
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    hashes = _hashes(picture, size)
    places = np.flatnonzero(_ranges(luma, size) >= least_range)
    hashed = hashes.ravel()[places]
    order = np.argsort(hashed, kind="stable")
    same = hashed[order[1:]] == hashed[order[:-1]]
    sides = [np.stack(np.divmod(places[one[same]], hashes.shape[1]), axis=1) for one in (order[:-1], order[1:])]
    far = np.abs(sides[0] - sides[1]).max(axis=1) > _NEAR
    return Repeats(size=size, first=sides[0][far], second=sides[1][far])


def busy_share(picture: Picture, size: Size, least_range: int) -> float:
    """Return the share of a picture's windows that are not flat."""
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return float((_ranges(luma, size) >= least_range).mean())


def _hashes(picture: Picture, size: Size) -> Hashes:
    """Return a hash of each window, (H - height + 1, W - width + 1)."""
    height, width = size
    rng = np.random.default_rng(_SEED)
    factors = rng.integers(1, 1 << 62, height + width, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    red, green, blue = (picture[:, :, channel].astype(np.uint64) for channel in range(3))
    pixels = _mixed((red << np.uint64(16) | green << np.uint64(8) | blue) + np.uint64(1))
    columns, rows = picture.shape[1] - width + 1, picture.shape[0] - height + 1
    lines = np.zeros((picture.shape[0], columns), np.uint64)
    for shift in range(width):
        lines += pixels[:, shift : shift + columns] * factors[shift]
    lines = _mixed(lines)
    whole = np.zeros((rows, columns), np.uint64)
    for shift in range(height):
        whole += lines[shift : shift + rows] * factors[width + shift]
    return whole


def _mixed(numbers: Hashes) -> Hashes:
    numbers = (numbers ^ (numbers >> _SHIFTS[0])) * _SPREAD
    return numbers ^ (numbers >> _SHIFTS[1])


def _ranges(luma: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """Return the lightest less the darkest of each window."""
    kernel = np.ones(size, np.uint8)
    spread = cv2.dilate(luma, kernel, anchor=(0, 0)) - cv2.erode(luma, kernel, anchor=(0, 0))
    return np.asarray(spread[: luma.shape[0] - size[0] + 1, : luma.shape[1] - size[1] + 1], np.uint8)
