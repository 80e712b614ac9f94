"""Training the published method: pixels from painted pictures, an ensemble, and what false alarms look like."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.cleaning import Cleaning, candidates, clean, survivors_of
from streamproc.forensics.diffusion import Diffusion
from streamproc.forensics.laplacian import FEATURES, Laplacian, change_of_laplacian, features
from streamproc.forensics.traces import Map, Mask, Picture
from streamproc.training.forensics.discriminants import Learnt, learn
from streamproc.training.forensics.protocol import cases, painted

PIXELS = 50  # painted ones, and untouched ones, of each picture; as published
_LARGEST_DISK = 12
_EVERY = 5  # of the painted pictures one is chosen with; prime to the areas, shapes and inpainters


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


def with_best_cleaning(
    method: Diffusion, untouched: Iterable[Picture], painted: Sequence[tuple[Picture, Mask]]
) -> tuple[Diffusion, float]:
    """Return the method with the cleaning that gives the best mean F1 on painted pictures, and that F1.

    What false alarms leave of each erosion is measured on untouched pictures.
    """
    seen = [(method.votes(picture), picture, mask) for picture, mask in painted]
    clear = [(method.votes(picture), picture) for picture in untouched]

    def mean_f1(how: Cleaning) -> float:
        return float(np.mean([f1(clean(votes, picture, how), mask) for votes, picture, mask in seen]))

    tried = [
        Cleaning(growth=growth, most_survivors=most, least_share=share, survivors=_survivors(clear, share))
        for share in (0.93, 0.97, 0.99)
        for growth in (1, 2, 3)
        for most in (0.2, 0.5)
    ]
    best = max(tried, key=mean_f1)
    return replace(method, cleaning=best), mean_f1(best)


def _survivors(clear: Sequence[tuple[Map, Picture]], least_share: float) -> tuple[float, ...]:
    """Return how many parts of false alarms survive each erosion, on a million pixels."""
    counts = sum(
        np.array(survivors_of(candidates(votes, picture, least_share), _LARGEST_DISK)) for votes, picture in clear
    )
    pixels = sum(votes.size for votes, _ in clear)
    return tuple(round(float(count) / pixels * 1e6, 3) for count in np.atleast_1d(counts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """The method, and how learning went."""

    method: Diffusion
    learnt: Learnt
    chosen: float
    """Mean F1 of the cleaning that was chosen, on the pictures that it was chosen with."""


def trained(pictures: dict[str, Picture], work: Path, laplacian: Laplacian) -> Trained:
    """Return the published method, learnt and set up on the published protocol's photographs.

    pictures: by name, none of those to measure on; work: where painted pictures are kept.
    """
    pixels = Pixels.none(laplacian, seed=0)
    for case in cases(pictures):
        pixels.add(*painted(case, pictures[case.image], work))
    learnt = pixels.learnt(seed=0)
    method = Diffusion(laplacian=laplacian, ensemble=learnt.ensemble, cleaning=Cleaning())
    examples = [painted(case, pictures[case.image], work) for case in islice(cases(pictures), 0, None, _EVERY)]
    method, chosen = with_best_cleaning(method, pictures.values(), examples)
    return Trained(method=method, learnt=learnt, chosen=chosen)
