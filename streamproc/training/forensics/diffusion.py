"""Training the published method: pixels from painted pictures, an ensemble, and what false alarms look like."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from streamproc.forensics.cleaning import Cleaning, candidates, clean, survivors_of
from streamproc.forensics.diffusion import Diffusion
from streamproc.forensics.laplacian import FEATURES, Floats, Laplacian, change_of_laplacian, features
from streamproc.forensics.scoring import f1
from streamproc.forensics.traces import Map, Mask, Picture
from streamproc.training.forensics.discriminants import Learnt, learn
from streamproc.training.forensics.protocol import cases, painted

PIXELS = 50  # painted ones, and untouched ones, of each picture; as published
_LARGEST_DISK = 12
REACH = 12
"""Pixels, more than lie between a pixel and the farthest that its features depend on."""
_EVERY = 5  # of the painted pictures one is chosen with; prime to the areas, shapes and inpainters


def around(mask: Mask, reach: int) -> tuple[slice, slice]:
    """Return the window that holds a mask and ``reach`` pixels around it, as far as the picture goes."""
    rows, columns = np.nonzero(mask)
    return (
        slice(max(int(rows.min()) - reach, 0), int(rows.max()) + 1 + reach),
        slice(max(int(columns.min()) - reach, 0), int(columns.max()) + 1 + reach),
    )


def sampled(
    photograph: Picture, examples: Iterable[tuple[Picture, Mask]], laplacian: Laplacian, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return features of 50 painted and 50 untouched pixels (N, 16) of each of one photograph's painted pictures.

    They are drawn at random, with replacement where a hole is small. What a hole does not reach looks as it does in the
    photograph, so that only windows around holes are looked at again.
    """
    clear = features(change_of_laplacian(photograph, laplacian))
    painted, untouched = [], []
    for picture, mask in examples:
        window = around(mask, 2 * REACH)
        seen = features(change_of_laplacian(np.ascontiguousarray(picture[window]), laplacian))
        painted.append(rng.choice(seen[mask[window]], PIXELS))
        untouched.append(clear.reshape(-1, FEATURES)[rng.choice(np.flatnonzero(~mask), PIXELS)])
    return np.concatenate(painted), np.concatenate(untouched)


def votes_beside(clear: Map, method: Diffusion, picture: Picture, mask: Mask) -> Map:
    """Return the votes on a painted picture from those on the untouched one, looking again only around the hole."""
    inner, outer = around(mask, REACH), around(mask, 2 * REACH)
    votes = clear.copy()
    seen = method.votes(np.ascontiguousarray(picture[outer]))
    down, right = inner[0].start - outer[0].start, inner[1].start - outer[1].start
    part = votes[inner]
    part[:] = seen[down : down + part.shape[0], right : right + part.shape[1]]
    return votes


@dataclass(frozen=True, slots=True)
class Seen:
    """Votes on a picture."""

    votes: Map
    picture: Picture
    mask: Mask


def best_cleaning(clear: Sequence[Seen], painted: Sequence[Seen]) -> tuple[Cleaning, float]:
    """Return the cleaning with the best mean F1 on painted pictures, and that F1.

    What false alarms leave of each erosion is measured on clear pictures.
    """

    def mean_f1(how: Cleaning) -> float:
        return float(np.mean([f1(clean(one.votes, one.picture, how), one.mask) for one in painted]))

    tried = [
        Cleaning(growth=growth, most_survivors=most, least_share=share, survivors=survivors)
        for share in (0.93, 0.97, 0.99)
        for survivors in (_survivors(clear, share),)
        for growth in (1, 2, 3)
        for most in (0.2, 0.5)
    ]
    best = max(tried, key=mean_f1)
    return best, mean_f1(best)


def _survivors(clear: Sequence[Seen], least_share: float) -> tuple[float, ...]:
    """Return how many parts of false alarms survive each erosion, on a million pixels."""
    counts = np.sum(
        [survivors_of(candidates(one.votes, one.picture, least_share), _LARGEST_DISK) for one in clear], axis=0
    )
    pixels = sum(one.votes.size for one in clear)
    return tuple(round(float(count) / pixels * 1e6, 3) for count in counts)


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
    rng = np.random.default_rng(0)
    parts = [
        sampled(picture, (painted(case, picture, work) for case in cases([name])), laplacian, rng)
        for name, picture in pictures.items()
    ]
    learnt = learn(np.concatenate([one for one, _ in parts]), np.concatenate([other for _, other in parts]))
    method = Diffusion(laplacian=laplacian, ensemble=learnt.ensemble, cleaning=Cleaning())
    nothing = np.zeros(next(iter(pictures.values())).shape[:2], bool)
    clear = {name: Seen(method.votes(picture), picture, nothing) for name, picture in pictures.items()}
    shown = []
    for case in islice(cases(pictures), 0, None, _EVERY):
        picture, mask = painted(case, pictures[case.image], work)
        shown.append(Seen(votes_beside(clear[case.image].votes, method, picture, mask), picture, mask))
    cleaning, chosen = best_cleaning([*clear.values()], shown)
    return Trained(method=replace(method, cleaning=cleaning), learnt=learnt, chosen=chosen)
