"""Training the published method: pixels from painted pictures, an ensemble, and what false alarms look like."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.cleaning import Cleaning, candidates, clean, survivors_of
from streamproc.forensics.diffusion import Diffusion
from streamproc.forensics.laplacian import FEATURES, Laplacian, change_of_laplacian, features
from streamproc.forensics.traces import Mask, Picture
from streamproc.training.forensics.discriminants import Learnt, learn

PIXELS = 50  # painted ones, and untouched ones, of each picture; as published
_LARGEST_DISK = 12


@dataclass(slots=True)
class Pixels:
    """Features of painted and untouched pixels, collected picture by picture."""

    laplacian: Laplacian
    rng: np.random.Generator
    painted: list[NDArray[np.float32]]
    untouched: list[NDArray[np.float32]]

    @classmethod
    def none(cls, laplacian: Laplacian, seed: int) -> "Pixels":
        """Return an empty collection."""
        return cls(laplacian, np.random.default_rng(seed), [], [])

    def add(self, picture: Picture, mask: Mask) -> None:
        """Take 50 pixels of either kind, drawn at random (with replacement where a hole is small)."""
        seen = features(change_of_laplacian(picture, self.laplacian)).reshape(-1, FEATURES)
        for kind, kept in ((mask, self.painted), (~mask, self.untouched)):
            kept.append(seen[self.rng.choice(np.flatnonzero(kind), PIXELS)])

    def learnt(self, seed: int) -> Learnt:
        """Return the ensemble learnt over them."""
        return learn(np.concatenate(self.painted), np.concatenate(self.untouched), seed)


def f1(found: Mask, true: Mask) -> float:
    """Return 2 · TP / (found + true), the published score; 1 when there is nothing and nothing was found."""
    total = int(found.sum() + true.sum())
    return 1.0 if total == 0 else 2 * float((found & true).sum()) / total


def with_survivors(method: Diffusion, untouched: Iterable[Picture]) -> Diffusion:
    """Return the method with what its false alarms leave of each erosion, measured on untouched pictures."""
    counts, pixels = np.zeros(_LARGEST_DISK + 1), 0
    for picture in untouched:
        votes = method.votes(picture)
        counts += survivors_of(candidates(votes, picture, method.cleaning.least_share), _LARGEST_DISK)
        pixels += votes.size
    survivors = tuple(round(float(count) / pixels * 1e6, 3) for count in counts)
    return replace(method, cleaning=replace(method.cleaning, survivors=survivors))


def with_best_cleaning(method: Diffusion, painted: Sequence[tuple[Picture, Mask]]) -> tuple[Diffusion, float]:
    """Return the method with the growth and strictness that give the best mean F1 on painted pictures, and that F1."""
    seen = [(method.votes(picture), picture, mask) for picture, mask in painted]

    def mean_f1(how: Cleaning) -> float:
        return float(np.mean([f1(clean(votes, picture, how), mask) for votes, picture, mask in seen]))

    tried = [
        replace(method.cleaning, growth=growth, most_survivors=most)
        for growth in range(5)
        for most in (0.05, 0.2, 0.5, 1.0, 2.0)
    ]
    best = max(tried, key=mean_f1)
    return replace(method, cleaning=best), mean_f1(best)
