"""What a set of scores is worth: receiver operating characteristic, reliability, confusion. Pure numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLEAR = 0.05
"""A target nearer than this to 0 or 1 is a plain yes or no; the others are fades."""

Scores = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Roc:
    """The receiver operating characteristic: what every threshold would give, from the strictest to the laxest."""

    false_alarms: NDArray[np.float64]
    """(K,) share of pictures without the bug that are taken for one with it, rising from 0 to 1."""
    found: NDArray[np.float64]
    """(K,) share of pictures with the bug that are recognised, rising from 0 to 1."""
    thresholds: NDArray[np.float64]
    """(K,) score from which on the bug counts as there, falling; the first is infinite."""

    @property
    def area(self) -> float:
        """The area below the curve: the probability that a picture with the bug scores above one without."""
        return float(np.trapezoid(self.found, self.false_alarms))


@dataclass(frozen=True, slots=True)
class Bin:
    """The pictures whose probability falls in one range."""

    said: float
    """Their mean probability, 0 to 1."""
    so: float
    """Share of them that has the bug, 0 to 1."""
    count: int
    """How many there are."""
    low: float
    """Lower end of the 95 % interval of ``so`` (Wilson 1927)."""
    high: float
    """Upper end of it."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """Pictures away from fades, by what they are and what they are taken for."""

    found: int
    """With the bug, and taken so."""
    missed: int
    """With the bug, taken for none."""
    false_alarms: int
    """Without it, taken for one."""
    rejected: int
    """Without it, and taken so."""

    @property
    def with_bug(self) -> int:
        """Pictures with the bug."""
        return self.found + self.missed

    @property
    def without_bug(self) -> int:
        """Pictures without it."""
        return self.rejected + self.false_alarms

    @property
    def accuracy_with(self) -> float | None:
        """Share of pictures with the bug that is right; None where there are none."""
        return self.found / self.with_bug if self.with_bug else None

    @property
    def accuracy_without(self) -> float | None:
        """Share of pictures without the bug that is right; None where there are none."""
        return self.rejected / self.without_bug if self.without_bug else None


def clear(targets: Scores) -> NDArray[np.bool_]:
    """Tell which of (N,) targets in [0, 1] are a plain yes or no."""
    return np.asarray((targets < CLEAR) | (targets > 1 - CLEAR), bool)


def confusion(odds: Scores, targets: Scores) -> Confusion:
    """Count; fades are left out. odds: (N,), above 0 means the bug. targets: (N,) in [0, 1]."""
    plain = clear(targets)
    said, true = odds[plain] > 0, targets[plain] > 0.5
    return Confusion(
        found=int((said & true).sum()),
        missed=int((~said & true).sum()),
        false_alarms=int((said & ~true).sum()),
        rejected=int((~said & ~true).sum()),
    )


def roc(scores: Scores, targets: Scores) -> Roc | None:
    """Return the curve, with equal scores as one point; None unless both classes are there. Fades are left out.

    scores: (N,), higher means likelier. targets: (N,) in [0, 1]. Source: Fawcett 2006, algorithm 1.
    """
    plain = clear(targets)
    score, true = np.asarray(scores[plain], np.float64), targets[plain] > 0.5
    if not true.any() or true.all():
        return None
    order = np.argsort(-score, kind="stable")
    score, true = score[order], true[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)  # of each run of equal scores
    hits, alarms = np.cumsum(true)[last], np.cumsum(~true)[last]
    return Roc(
        false_alarms=np.concatenate([[0.0], alarms / alarms[-1]]),
        found=np.concatenate([[0.0], hits / hits[-1]]),
        thresholds=np.concatenate([[np.inf], score[last]]),
    )


def reliability(probability: Scores, targets: Scores, bins: int = 15) -> tuple[Bin, ...]:
    """Return the bins that hold anything, of equal width, lowest first. Both (N,) in [0, 1]."""
    which = np.minimum((probability * bins).astype(int), bins - 1)
    return tuple(_bin(probability[which == one], targets[which == one]) for one in np.unique(which))


def _bin(probability: Scores, targets: Scores) -> Bin:
    count, so, z = len(targets), float(targets.mean()), 1.96
    middle = (so + z * z / (2 * count)) / (1 + z * z / count)
    half = z * float(np.sqrt(so * (1 - so) / count + (z / (2 * count)) ** 2)) / (1 + z * z / count)
    low, high = max(0.0, min(so, middle - half)), min(1.0, max(so, middle + half))
    return Bin(said=float(probability.mean()), so=so, count=count, low=low, high=high)
