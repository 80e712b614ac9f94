"""Edges of brightness, and which of them stay while pictures change.

An edge is written as a vector that points to the brighter side, with a length that hardly depends on its contrast once
it stands out of the noise. Of pictures that change, such vectors point everywhere, and their mean shrinks with the
number of pictures; of a mark that stays, they agree.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.training.find.samples import Luma

Field = NDArray[np.float32]

_FAINT = 5.0  # grey levels a pixel at which an edge has 0.7 of its full length
_BROAD = 12.0  # pixels; what all pictures have in common (bright above, dark below) changes over longer ways only
_LEAST = 0.01  # mean square length of vectors that is taken for granted, so that black bars are no evidence


def edges(luma: Luma) -> Field:
    """Return the edges of a stack of pictures.

    luma: (N, h, w) uint8, at least 3 × 3. returns: (N, 2, h, w) float32, x and y, at most 1 long; 0 at the border.
    """
    light = luma.astype(np.float32)
    result = np.zeros((len(luma), 2, *luma.shape[1:]), np.float32)
    across = light[:, :-2] + 2 * light[:, 1:-1] + light[:, 2:]
    result[:, 0, 1:-1, 1:-1] = across[:, :, 2:] - across[:, :, :-2]
    down = light[:, :, :-2] + 2 * light[:, :, 1:-1] + light[:, :, 2:]
    result[:, 1, 1:-1, 1:-1] = down[:, 2:] - down[:, :-2]
    length = np.sqrt((result**2).sum(axis=1, keepdims=True) + np.float32((8 * _FAINT) ** 2))
    result /= length
    return result


@dataclass(frozen=True, slots=True)
class Persistence:
    """How well the edges of many pictures agree, place by place."""

    mean: Field
    """(2, h, w): the mean edge, less what is common to its surroundings."""
    evidence: Field
    """(h, w): squared length of the sum of edges over what it would be if they pointed everywhere: about 1 where
    nothing stays, up to the number of different pictures where a mark is always seen."""


def persistence(luma: Luma, weights: NDArray[np.float32]) -> Persistence:
    """Return what stays in pictures that count by weights. luma: (N, h, w) uint8; weights: (N,), at least 0."""
    total = np.zeros((2, *luma.shape[1:]), np.float32)
    energy = np.zeros(luma.shape[1:], np.float32)
    for picture, weight in zip(luma, weights, strict=True):
        if weight > 0:
            edge = edges(picture[None])[0]
            total += weight * edge
            energy += weight * (edge**2).sum(axis=0)
    return stays(total, energy, float(weights.sum()))


def stays(total: Field, energy: Field, count: float) -> Persistence:
    """Return what stays, from sums over pictures: of edges (2, h, w), of their squared lengths (h, w), of weights."""
    broad = np.stack([cv2.GaussianBlur(one, (0, 0), _BROAD) for one in total])
    local = total - broad
    evidence = (local**2).sum(axis=0) / (energy + _LEAST * count)
    return Persistence(local / max(count, 1e-6), np.asarray(evidence, np.float32))
