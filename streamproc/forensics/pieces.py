"""Pieces that were copied, coding notwithstanding: regions of one offset that match better than chance would have it.

Each region of constant offset is judged as a whole: how much of its slopes in both directions the partner explains,
over all its pixels. Straight edges repeat in any picture, and have slopes in one direction only.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from streamproc.forensics.nearest import Repeats
from streamproc.forensics.similar import SIDE, Field, Light, similar

_NOISE = 0.3  # mean square of a slope, grey levels a pixel, that rounding alone may make
_SMALLEST = 12  # windows of a piece
_COVER: Final = (SIDE, SIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What was found to be repeated nearly."""

    repeats: Repeats
    """Windows of 7×7 with their partners."""
    worth: NDArray[np.float64]
    """(N,): each window's share of its piece's evidence, in nats."""


def matched(light: Light, least: float) -> Matched:
    """Return the windows of pieces whose evidence is at least so many nats. light: (H, W) in [0, 255]."""
    field = similar(light)
    numbers = _pieces(field)
    here = np.flatnonzero(field.partner.ravel() >= 0)
    there = field.partner.ravel()[here]
    evidence, size = _evidence(light, numbers, here, there)
    kept = evidence[numbers[here]] >= least
    width = field.partner.shape[1]
    sides = [np.stack(np.divmod(one[kept], width), axis=1) for one in (here, there)]
    worth = (evidence / np.maximum(size, 1))[numbers[here[kept]]]
    return Matched(repeats=Repeats(size=_COVER, first=sides[0], second=sides[1]), worth=worth)


def _pieces(field: Field) -> NDArray[np.int64]:
    """Return for each window the number of its region of one offset, (N,)."""
    known = field.partner >= 0
    rows, columns = field.offsets()
    number = np.arange(known.size).reshape(known.shape)
    ends = []
    for one, other in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        same = known[one] & known[other] & (rows[one] == rows[other]) & (columns[one] == columns[other])
        ends.append((number[one][same], number[other][same]))
    begin, end = (np.concatenate(side) for side in zip(*ends, strict=True))
    graph = sparse.coo_matrix((np.ones(len(begin)), (begin, end)), (known.size, known.size))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _evidence(
    light: Light, numbers: NDArray[np.int64], here: NDArray[np.int64], there: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return each piece's evidence in nats, and how many windows it has.

    Half the logarithm of how much weaker what the partner leaves of the slopes is than the slopes in their weaker
    direction (the smaller eigenvalue of the structure tensor), times the windows.
    """
    rim = SIDE // 2
    across, down = (
        cv2.Sobel(light, cv2.CV_32F, *order, scale=1 / 8)[rim:-rim, rim:-rim].ravel() for order in ((1, 0), (0, 1))
    )
    count = int(numbers.max()) + 1
    size = np.bincount(numbers[here], minlength=count)

    def mean(values: Light) -> NDArray[np.float64]:
        return np.bincount(numbers[here], values, count) / np.maximum(size, 1)

    xx, yy, xy = mean(across[here] ** 2), mean(down[here] ** 2), mean(across[here] * down[here])
    weaker = (xx + yy) / 2 - np.hypot((xx - yy) / 2, xy)
    left = mean(((across[here] - across[there]) ** 2 + (down[here] - down[there]) ** 2) / 2)
    gained = size / 2 * np.log((weaker + _NOISE) / (left + _NOISE))
    return np.where(size >= _SMALLEST, gained, 0.0), size
