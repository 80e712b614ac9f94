"""Edges of brightness, and which of them stay while pictures change.

An edge is written as a vector that points to the brighter side, with a length that hardly depends on its contrast once
it stands out of the noise. Of pictures that change, such vectors point everywhere, and their mean shrinks with the
number of pictures; of a mark that stays, they agree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.training.find.samples import Luma

Field = NDArray[np.float32]

_FULL = 127.0  # of a byte with a sign
_PART = 1 << 19  # values of a stack that are worked on at a time: 2 MB as floats
_FAINT = 5.0  # grey levels a pixel at which an edge has 0.7 of its full length
_BROAD = 12.0  # pixels; what all pictures have in common (bright above, dark below) changes over longer ways only
_GROUND = 25  # pixels across, over which the ground's brightness is averaged
_DIFFERENT = 25.0  # grey levels from which on a mark stands out from its ground
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
class Edges:
    """The edges of a stack of pictures, kept as bytes and worked on in parts: as floats they would fill gigabytes."""

    coded: NDArray[np.int8]
    """(N, 2, h, w), in 127ths."""

    @classmethod
    def of(cls, luma: Luma, allowed: NDArray[np.bool_] | None = None) -> "Edges":
        """Return the edges of luma (N, h, w), 0 where they are not allowed (h, w); see ``edges``."""
        coded = np.zeros((len(luma), 2, *luma.shape[1:]), np.int8)
        for part in _parts(len(luma), 2 * luma[:1].size):
            field = edges(luma[part])
            coded[part] = np.rint(_FULL * (field if allowed is None else field * allowed))
        return cls(coded)

    def __len__(self) -> int:
        """Return N."""
        return len(self.coded)

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (2, h, w)."""
        return self.coded.shape[1:]

    def turned(self, signs: NDArray[np.floating]) -> "Edges":
        """Return them with each picture's edges turned about where its sign (N,) is negative."""
        return Edges(np.where(signs[:, None, None, None] < 0, -self.coded, self.coded))

    def sums(self, weights: NDArray[np.floating]) -> Field:
        """Return (K, 2, h, w): the edges' sums with each row of weights (K, N)."""
        total = np.zeros((len(weights), int(np.prod(self.shape))), np.float32)
        for part, flat in self._flat():
            total += weights[:, part].astype(np.float32) @ flat
        return total.reshape(-1, *self.shape)

    def energy(self, weights: NDArray[np.floating]) -> Field:
        """Return (h, w): the sum of squared lengths with weights (N,)."""
        total = np.zeros(int(np.prod(self.shape)), np.float32)
        for part, flat in self._flat():
            total += weights[part].astype(np.float32) @ flat**2
        return np.asarray(total.reshape(self.shape).sum(axis=0), np.float32)

    def matches(self, marks: Field) -> NDArray[np.float64]:
        """Return (N, K): 1 where edges are those of a mark (K, 2, h, w), about 0 where they are others."""
        wanted = marks.reshape(len(marks), -1)
        energies = np.maximum((wanted**2).sum(axis=1), 1e-9)
        return np.concatenate([flat @ wanted.T / energies for _, flat in self._flat()]).astype(np.float64)

    def _flat(self) -> Iterator[tuple[slice, Field]]:
        """Yield parts of the stack, (n, 2·h·w) each."""
        for part in _parts(len(self.coded), self.coded[:1].size):
            block = self.coded[part]
            yield part, block.reshape(len(block), -1).astype(np.float32) / np.float32(_FULL)


def _parts(count: int, size: int) -> Iterator[slice]:
    """Yield parts of so many things of a size that each part fits into a processor's cache."""
    step = max(1, _PART // max(size, 1))
    return (slice(start, start + step) for start in range(0, count, step))


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
    return persistences(luma, weights, ())[0]


def persistences(luma: Luma, weights: NDArray[np.float32], greys: Sequence[float]) -> list[Persistence]:
    """Return what stays as it is, and what stays if it is a mark of each of some greys; see ``persistence``.

    A mark that is neither light nor dark is brighter than some grounds and darker than others: its edges turn about,
    and cancel out unless those on brighter grounds are turned back.
    """
    total = np.zeros((1 + len(greys), 2, *luma.shape[1:]), np.float32)
    energy = np.zeros((1 + len(greys), *luma.shape[1:]), np.float32)
    for picture, weight in zip(luma, weights, strict=True):
        if weight > 0:
            edge = edges(picture[None])[0]
            square = (edge**2).sum(axis=0)
            total[0] += weight * edge
            energy[0] += weight * square
            ground = cv2.blur(picture, (_GROUND, _GROUND)) if greys else picture
            for number, grey in enumerate(greys, start=1):
                side = above(ground, grey)
                total[number] += (weight * side) * edge
                energy[number] += (weight * side**2) * square
    return [stays(one, other, float(weights.sum())) for one, other in zip(total, energy, strict=True)]


def above(ground: NDArray[Any], grey: float) -> Field:
    """Return by how much a mark of a grey stands out from grounds: 1 if they are much darker, -1 if much brighter."""
    height = (np.float32(grey) - ground.astype(np.float32)) / np.float32(_DIFFERENT)
    return np.asarray(np.clip(height, -1, 1), np.float32)


def stays(total: Field, energy: Field, count: float) -> Persistence:
    """Return what stays, from sums over pictures: of edges (2, h, w), of their squared lengths (h, w), of weights."""
    broad = np.stack([cv2.GaussianBlur(one, (0, 0), _BROAD) for one in total])
    local = total - broad
    evidence = (local**2).sum(axis=0) / (energy + _LEAST * count)
    return Persistence(local / max(count, 1e-6), np.asarray(evidence, np.float32))
