"""Tells a clock from a bug: a part of it changes now and then, and stays between."""

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.training.find.gradients import Field

_STRETCH_S = 30.0  # shorter than a clock's minute, longer than most shots
_FEWEST = 6  # pictures, and stretches, without which nothing is said
_AS_STRONG = 0.6  # of the mark's own edges within one stretch, which a part that changes must reach
_UNLIKE = 0.45  # of that, which is left of it over all stretches
_PART = 0.06  # of the mark's pixels
_AROUND = 13  # pixels across, in which a digit that changes may lie beside those that stay


def changes(
    fields: Field, probability: NDArray[np.float64], times: NDArray[np.float64], mask: NDArray[np.bool_]
) -> bool:
    """Tell whether edges in or beside a mark stay for half a minute, but not for long.

    fields: (N, 2, h, w) edges; probability, times: (N,), when the mark is there; mask: (h, w), its pixels.
    """
    means = _stretches(fields, probability, times)
    if len(means) < _FEWEST:
        return False
    shorter = np.median(np.sqrt((means**2).sum(axis=1)), axis=0)
    longer = np.sqrt((means.mean(axis=0) ** 2).sum(axis=0))
    usual = float(np.percentile(shorter[mask], 80))
    near = cv2.dilate(mask.astype(np.uint8), np.ones((_AROUND, _AROUND), np.uint8)) > 0
    part = (shorter > _AS_STRONG * usual) & (longer < _UNLIKE * shorter) & near
    solid = cv2.morphologyEx(part.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    return int(solid.sum()) > max(8, _PART * int(mask.sum()))


def _stretches(fields: Field, probability: NDArray[np.float64], times: NDArray[np.float64]) -> Field:
    """Return the mean edges (K, 2, h, w) of stretches of half a minute in which the mark is there."""
    numbers = (times // _STRETCH_S).astype(int)
    there = probability > 0.95
    groups = [np.flatnonzero(there & (numbers == number)) for number in np.unique(numbers[there])]
    kept = [fields[group].mean(axis=0) for group in groups if len(group) >= _FEWEST]
    return np.stack(kept) if kept else np.zeros((0, *fields.shape[1:]), np.float32)
