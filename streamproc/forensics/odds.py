"""Odds as likelihoods."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Odds = TypeVar("Odds", bound=np.floating[Any])
_FARTHEST = 30  # farther, the exponential might overflow, and nobody would see a difference


def likelihood(odds: NDArray[Odds]) -> NDArray[Odds]:
    """Return logits as likelihoods, in [0, 1]: the logistic function, in the precision of what goes in."""
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -_FARTHEST, _FARTHEST))), odds.dtype)
