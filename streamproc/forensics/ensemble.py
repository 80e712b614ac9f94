"""Bagged Fisher discriminants on random feature subspaces: each learner votes, the votes are counted.

Source: Kodovský, Fridrich, Holub, "Ensemble Classifiers for Steganalysis of Digital Media", IEEE TIFS 7 (2012) 432.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """Learners that each look at the features in one direction."""

    directions: NDArray[np.float32]
    """(L, F): a learner's weight for each feature; 0 for those it does not look at."""
    thresholds: NDArray[np.float32]
    """(L,): a learner votes for "painted" where its weighted sum is above this."""

    def votes(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the share of learners that vote for "painted". features: (…, F). returns: (…) in [0, 1]."""
        flat = features.reshape(-1, features.shape[-1])
        counted = np.empty(len(flat), np.float32)
        for start in range(0, len(flat), _AT_ONCE):
            sums = flat[start : start + _AT_ONCE] @ self.directions.T
            counted[start : start + _AT_ONCE] = (sums > self.thresholds).mean(axis=1)
        return counted.reshape(features.shape[:-1])


_AT_ONCE = 1 << 17
