"""Learning an ensemble of Fisher discriminants.

Source: Kodovský, Fridrich, Holub, "Ensemble Classifiers for Steganalysis of Digital Media", IEEE TIFS 7 (2012) 432.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.ensemble import Ensemble

_MOST, _FEWEST = 500, 25
_SETTLED = 0.0005  # change of the out-of-bag error, over as many learners as _LOOK_BACK, at which learning ends
_LOOK_BACK = 25
_RIDGE = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """An ensemble, and how good it is on what each learner has not seen."""

    ensemble: Ensemble
    error: float
    """Out-of-bag share of wrong votes, the mean of both classes."""
    subspace: int
    """How many features each learner looks at."""


def learn(painted: NDArray[np.float32], untouched: NDArray[np.float32], seed: int = 0) -> Learnt:
    """Return the ensemble with the subspace's size that has the least out-of-bag error.

    painted, untouched: (N, F) features of as many painted and untouched pixels.
    """
    sizes = sorted({max(2, round(painted.shape[1] * share)) for share in (0.5, 0.75, 1.0)})
    return min((_bagged(painted, untouched, size, seed) for size in sizes), key=lambda made: made.error)


def _bagged(painted: NDArray[np.float32], untouched: NDArray[np.float32], size: int, seed: int) -> Learnt:
    rng = np.random.default_rng([seed, size])
    everything = np.concatenate([painted, untouched]).astype(np.float64)
    truth = np.arange(len(everything)) < len(painted)
    balance = np.zeros(len(everything))
    directions: list[NDArray[np.float64]] = []
    thresholds: list[float] = []
    errors: list[float] = []
    while len(directions) < _MOST:
        chosen = rng.choice(everything.shape[1], size, replace=False)
        drawn = rng.integers(0, len(painted), len(painted)), rng.integers(0, len(untouched), len(untouched))
        weights, threshold = _fisher(painted[drawn[0]][:, chosen], untouched[drawn[1]][:, chosen])
        left_out = np.ones(len(everything), bool)
        left_out[drawn[0]] = left_out[len(painted) + drawn[1]] = False
        votes = everything[left_out][:, chosen] @ weights > threshold
        balance[left_out] += np.where(votes, 1, -1)
        direction = np.zeros(everything.shape[1])
        direction[chosen] = weights
        directions.append(direction)
        thresholds.append(threshold)
        errors.append(_error(balance, truth))
        if len(errors) >= _FEWEST + _LOOK_BACK and np.ptp(errors[-_LOOK_BACK:]) < _SETTLED:
            break
    ensemble = Ensemble(directions=np.asarray(directions, np.float32), thresholds=np.asarray(thresholds, np.float32))
    return Learnt(ensemble=ensemble, error=errors[-1], subspace=size)


def _fisher(painted: NDArray[np.float32], untouched: NDArray[np.float32]) -> tuple[NDArray[np.float64], float]:
    """Return Fisher's direction, and the threshold along it with the fewest mistakes on both classes."""
    one, other = painted.astype(np.float64), untouched.astype(np.float64)
    within = np.cov(one, rowvar=False) + np.cov(other, rowvar=False)
    within += np.eye(len(within)) * _RIDGE * np.trace(within)
    weights = np.linalg.solve(within, one.mean(axis=0) - other.mean(axis=0))
    weights /= np.linalg.norm(weights)
    values = np.concatenate([one @ weights, other @ weights])
    order = np.argsort(values, kind="stable")
    is_painted = order < len(one)
    # A threshold after the k-th value misses the painted ones up to k and passes the untouched ones after it.
    missed = np.concatenate([[0], np.cumsum(is_painted) / len(one)])
    passed = 1 - np.concatenate([[0], np.cumsum(~is_painted) / len(other)])
    best = int(np.argmin(missed + passed))
    low = values[order[max(best - 1, 0)]]
    high = values[order[min(best, len(order) - 1)]]
    return weights, float((low + high) / 2)


def _error(balance: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    known = balance != 0
    wrong = (balance > 0) != truth
    return float((wrong[known & truth].mean() + wrong[known & ~truth].mean()) / 2)
