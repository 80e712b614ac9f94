"""Picks from held-out scores how certain a sample must be, and how many must agree, before a channel changes state."""

import numpy as np
from numpy.typing import NDArray

from streamproc.inference.card import Decision
from streamproc.training.scores import clear

RULE = (
    "min_certainty: the least of 0.7, 0.8, 0.9 and 0.95 at which at most 1 in 1000 held-out samples away from fades is "
    "wrong and that certain, or else the one with the fewest such samples among those that leave at least 98 % of the "
    "samples certain. n: 3 where at most 0.2 % are wrong and that certain, 4 up to 1 %, 5 beyond."
)
"""How the numbers are picked; stands on the card."""

_CERTAINTIES = (0.7, 0.8, 0.9, 0.95)
_WRONG = 0.001
_CERTAIN = 0.98
_NUMBERS = ((0.002, 3), (0.01, 4), (1.0, 5))


def pick_decision(probability: NDArray[np.float64], targets: NDArray[np.float32]) -> Decision:
    """Return the hysteresis for a model by RULE.

    probability: (N,) calibrated, of held-out samples. targets: (N,) in [0, 1]; fades are passed over. With nothing to
    go by, the defaults of the card.
    """
    away = clear(targets)
    p, there = probability[away], targets[away] > 0.5
    if not len(p):
        return Decision()
    certainty = np.maximum(p, 1 - p)
    wrong = (p > 0.5) != there
    shares = {least: float((wrong & (certainty >= least)).mean()) for least in _CERTAINTIES}
    usable = [least for least in _CERTAINTIES if (certainty >= least).mean() >= _CERTAIN] or [_CERTAINTIES[0]]
    good = [least for least in usable if shares[least] <= _WRONG]
    chosen = good[0] if good else min(usable, key=lambda least: shares[least])
    number = next(n for most, n in _NUMBERS if shares[chosen] <= most)
    return Decision(n_enter=number, n_leave=number, min_certainty=chosen)
