"""Tells a clock from a bug: a part of it changes now and then, and stays between."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.training.find.gradients import Edges, Field, above

_STRETCH_S = 30.0  # shorter than a clock's minute, longer than most shots
_SURE = 0.95  # probability from which on the mark is there
_FEWEST = 5  # stretches with at least two scenes, without which nothing is said
_CHANGE = 0.2  # of the squared length of the mark's own edges, by which a pixel that changes does so
_PART = 0.08  # of the mark's pixels
_LEAST_PIXELS = 8
_GREYS = 90.0, 130.0, 170.0  # of parts that look unlike before dark and before bright grounds
_SAME = 0.05  # of the strongest; grounds that hardly differ tell nothing more
_AROUND = 13  # pixels across, in which a digit that changes may lie beside those that stay


@dataclass(frozen=True, slots=True)
class Shown:
    """When a mark is there, and what else is shown."""

    probability: NDArray[np.float64]
    """(N,) that the mark is there."""
    times: NDArray[np.float64]
    """(N,) seconds."""
    scenes: NDArray[np.int64]
    """(N,) number of what is shown."""
    ground: NDArray[np.float64]
    """(N,) brightness around the mark."""


def changes(fields: Edges, shown: Shown, mask: NDArray[np.bool_]) -> bool:
    """Tell whether edges in or beside a mark stay for half a minute, whatever is shown, but not for long.

    fields: of N pictures; mask: (h, w), the mark's pixels.
    """
    near = cv2.dilate(mask.astype(np.uint8), np.ones((_AROUND, _AROUND), np.uint8)) > 0
    rows, columns = (_extent(near.any(axis=1 - axis)) for axis in (0, 1))
    cut = Edges(fields.coded[:, :, rows, columns])
    there = mask[rows, columns]
    found = _slow_change(cut, shown, there)
    if found is None:
        return False
    slow, usual = found
    part = (slow > _CHANGE * usual) & near[rows, columns]
    solid = cv2.morphologyEx(part.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    return int(solid.sum()) > max(_LEAST_PIXELS, _PART * int(there.sum()))


def _slow_change(fields: Edges, shown: Shown, mask: NDArray[np.bool_]) -> tuple[Field, float] | None:
    """Return the variance (h, w) of what different scenes of half a minute have in common, and what the mark has.

    What two scenes share beyond the mark itself is the mark's change, for backgrounds don't agree. None: too few.
    """
    stretches, means, grounds = _scenes(fields, shown)
    if not len(means):
        return None
    expected = _on_grounds(means, grounds)
    # How well the mark is seen differs from scene to scene; that is no change of its own.
    energy = (expected**2 * mask).sum(axis=(1, 2, 3))
    gains = (means * expected * mask).sum(axis=(1, 2, 3)) / np.maximum(energy, 1e-9)
    rest = means - gains[:, None, None, None].astype(np.float32) * expected
    total, pairs, used = np.zeros(mask.shape, np.float32), 0, 0
    for stretch in np.unique(stretches):
        group = rest[stretches == stretch]
        total += (group.sum(axis=0) ** 2 - (group**2).sum(axis=0)).sum(axis=0)
        pairs += len(group) * (len(group) - 1)
        used += len(group) > 1
    if used < _FEWEST:
        return None
    slow = cv2.GaussianBlur(total / np.float32(pairs), (0, 0), 0.7)
    usual = float(np.percentile((expected**2).sum(axis=1).mean(axis=0)[mask], 80))
    return np.asarray(slow, np.float32), usual


def _on_grounds(means: Field, grounds: NDArray[np.float64]) -> Field:
    """Return what edges (G, 2, h, w) to expect of a mark that never changes, on grounds of some brightness (G,).

    The edges of its grey parts turn about: they are as a function of the ground's brightness fits them best.
    """
    shapes = np.stack([np.ones(len(grounds)), *(above(grounds, grey) for grey in _GREYS)], axis=1)
    base = np.linalg.svd(shapes, full_matrices=False)
    kept = base.U[:, base.S / base.S[0] > _SAME].astype(np.float32)
    flat = means.reshape(len(means), -1)
    return np.asarray((kept @ (kept.T @ flat)).reshape(means.shape), np.float32)


def _scenes(fields: Edges, shown: Shown) -> tuple[NDArray[np.int64], Field, NDArray[np.float64]]:
    """Return the mean edges (G, 2, h, w) of each scene within each stretch (G,), when the mark is there.

    And the brightness of their grounds (G,).
    """
    stretch = (shown.times // _STRETCH_S).astype(np.int64)
    there = np.flatnonzero(shown.probability > _SURE)
    keys, group = np.unique(np.stack([stretch[there], shown.scenes[there]]), axis=1, return_inverse=True)
    weights = np.zeros((keys.shape[1], len(fields)), np.float32)
    weights[group.ravel(), there] = 1
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1)
    return keys[0], fields.sums(weights), weights.astype(np.float64) @ shown.ground


def _extent(used: NDArray[np.bool_]) -> slice:
    places = np.flatnonzero(used)
    return slice(int(places[0]), int(places[-1]) + 1)
