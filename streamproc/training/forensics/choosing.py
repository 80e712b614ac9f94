"""Choosing what turns heat into a verdict: how sure a part is, and thresholds.

On sources that neither training nor benchmarks look at.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.odds import likelihood
from streamproc.forensics.residual import SMALL as SMALL_PART
from streamproc.forensics.residual import Part, Verdict, hot_parts, luma, sureness, texture
from streamproc.forensics.traces import Map, Picture
from streamproc.training.forensics.inpainters import Inpainter
from streamproc.training.forensics.masks import PUBLISHED, hole
from streamproc.training.forensics.material import LEARNT, LEARNT_REDUCED, coded, films, frames_of, jpegs, on_the_air
from streamproc.training.forensics.protocol import photographs, split
from streamproc.training.forensics.scenery import drawn, logos
from streamproc.training.forensics.scenes import IGNORED, PAINTED, SMALL, Hole, Labels, holes, paint, truth

EDGES = 0.5, 0.6, 0.7
MOST_LARGE, MOST_SMALL, MOST_CERTAIN = 0.08, 0.06, 0.005
"""Share of untouched pictures that may have a box around a large part, around a small one, and a certain one."""
_AREAS = 4096, 1024, 256, 64
_REDUCED = 30  # photographs that came as JPEG, after those that are learnt from
_FRAMES_A_FILM = 8
_RIDGE = 1.0


@dataclass(frozen=True, slots=True)
class Example:
    """A picture whose truth is known."""

    picture: Picture
    truth: Labels
    """See scenes.PAINTED and others."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What is hot in an example, against the truth."""

    painted: int
    """Pixels."""
    parts: tuple[tuple[Part, int, int], ...]
    """Each with how many of its pixels are painted, and how many are ignored."""

    def f1(self, sure: Mapping[int, float], least: float) -> float:
        """Return the F1 of the parts that are at least so sure; 1 where nothing is painted or found."""
        kept = [(part.area - ignored, hits) for part, hits, ignored in self.parts if sure[part.number] >= least]
        total = self.painted + sum(area for area, _ in kept)
        return 1.0 if total == 0 else 2 * sum(hits for _, hits in kept) / total


def examples(data: Path, seed: int = 1) -> Iterator[Example]:
    """Yield painted pictures and untouched ones, about as many of either."""
    rng = np.random.default_rng(seed)
    kodak = photographs(data / "images" / "kodak24")
    whole = [kodak[name] for name in split(kodak)[1]]
    small = jpegs(data / "images" / "bsds500_jpeg", slice(LEARNT_REDUCED, LEARNT_REDUCED + _REDUCED))
    frames = [*frames_of(films(data)[1], _FRAMES_A_FILM)]
    brands = logos(data / "logos", slice(3, None, 24))
    for picture in whole:
        for area in _AREAS:
            yield from _single(picture, area, LEARNT, rng)
    for before in on_the_air([*whole * 4, *small, *frames], 1, brands, rng):
        over = holes(before.shape[:2], LEARNT, 3, rng, brands)
        after = coded(paint(before, over), rng)
        yield Example(after, truth(after, over))
    invented = [drawn((720, 1280), rng) for _ in range(12)]
    for picture in [*whole, *small, *frames, *invented, *on_the_air([*whole, *frames], 1, brands, rng)]:
        yield untouched(picture)
        if rng.random() < 0.5:
            yield untouched(coded(picture, rng))


def untouched(picture: Picture) -> Example:
    """Return a picture that nobody painted over."""
    return Example(picture, np.zeros(picture.shape[:2], np.uint8))


def _single(
    picture: Picture, area: int, inpainters: Mapping[str, Inpainter], rng: np.random.Generator
) -> Iterator[Example]:
    """Yield the picture, lossless, with one hole of each shape of the published protocol, painted by each of them."""
    for shape, painter in product(PUBLISHED, inpainters.values()):
        over = [Hole(hole(shape, area, picture.shape[:2], rng), painter)]
        after = paint(picture, over)
        yield Example(after, truth(after, over))


class Heating(Protocol):
    """A method that gives a heat."""

    def heat(self, picture: Picture) -> Map:
        """Return how much each pixel looks painted, (H, W) in [0, 1]."""
        ...


def chosen(method: Heating, shown: Iterable[Example]) -> tuple[Verdict, dict[str, Any]]:
    """Return the verdict's settings, and what they reach on the examples that they were chosen with."""
    seen: dict[float, list[Judged]] = {edge: [] for edge in EDGES}
    for one in shown:
        heat = method.heat(one.picture)
        busy = texture(luma(one.picture))
        for edge in EDGES:
            hot = hot_parts(heat, one.picture, busy, Verdict(edge=edge))
            parts = tuple(
                (part, int((here & np.isin(labels, (PAINTED, SMALL))).sum()), int((here & (labels == IGNORED)).sum()))
                for part in hot.parts
                if part.texture >= Verdict().least_texture
                for here, labels in [(hot.labels == part.number, one.truth[hot.window])]
            )
            seen[edge].append(Judged(int(np.isin(one.truth, (PAINTED, SMALL)).sum()), parts))
    tried = [_tried(edge, judged) for edge, judged in seen.items()]
    return max(tried, key=lambda one: float(one[1]["F1"]))


def _tried(edge: float, judged: list[Judged]) -> tuple[Verdict, dict[str, Any]]:
    how = Verdict(edge=edge)
    weights, bias = _weighed(judged, small=False)
    how = replace(how, weights=weights, bias=bias)
    weights, bias = _weighed(judged, small=True)
    how = replace(how, small_weights=weights, small_bias=bias)
    sure = [{part.number: sureness(part, how) for part, _, _ in one.parts} for one in judged]
    painted = [number for number, one in enumerate(judged) if one.painted]
    clear = [number for number, one in enumerate(judged) if not one.painted]
    highest = np.array([max(sure[number].values(), default=0.0) for number in clear])
    certain = float(np.clip(np.quantile(highest, 1 - MOST_CERTAIN, method="higher") + 1e-3, how.sure, 0.999))

    def mean_f1(least: float) -> float:
        return round(float(np.mean([judged[number].f1(sure[number], least) for number in painted])), 4)

    told = {
        "F1": mean_f1(how.sure),
        "F1 of what is certain": mean_f1(certain),
        "untouched pictures with a box": round(float((highest >= how.sure).mean()), 4),
        "untouched pictures with a certain box": round(float((highest >= certain).mean()), 4),
        "painted": len(painted),
        "untouched": len(clear),
    }
    return replace(how, certain=round(certain, 4)), told


def _weighed(judged: list[Judged], *, small: bool) -> tuple[tuple[float, ...], float]:
    """Return weights and bias by which parts that are painted are told from such that are not, small or large ones.

    The bias is such that as many untouched pictures as may have a box get one, where parts count from 0.5 on.
    """
    rows, answers, pictures = [], [], []
    for number, one in enumerate(judged):
        for part, hits, ignored in one.parts:
            if (part.area < SMALL_PART) is small and (hits >= part.area * 0.3 or (hits == 0 and ignored == 0)):
                rows.append(part.features)
                answers.append(float(hits > 0))
                pictures.append(number)
    if len(set(answers)) < 2:
        return Verdict().weights, Verdict().bias
    seen = np.array(rows)
    weights, bias = logistic(seen, np.array(answers))
    odds = seen @ weights + bias
    clear = {number: -30.0 for number, one in enumerate(judged) if not one.painted}
    for value, number in zip(odds, pictures, strict=True):
        if number in clear:
            clear[number] = max(clear[number], float(value))
    most = MOST_SMALL if small else MOST_LARGE
    least = float(np.quantile([*clear.values()], 1 - most, method="higher")) + 1e-3 if clear else 0.0
    return tuple(round(float(one), 4) for one in weights), round(bias - max(least, -10.0), 4)


def logistic(rows: NDArray[np.float64], answers: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return weights (F,) and bias of a logistic regression, both answers counting alike. rows: (N, F).

    Newton's method with a ridge on standardized features, so that few examples make no wild weights.
    """
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    design = np.concatenate([(rows - middle) / spread, np.ones((len(rows), 1))], axis=1)
    share = np.clip(answers.mean(), 1e-6, 1 - 1e-6)
    counts = np.where(answers > 0, 0.5 / share, 0.5 / (1 - share))
    ridge = np.diag([_RIDGE] * rows.shape[1] + [1e-6])
    found = np.zeros(design.shape[1])
    for _ in range(20):
        likely = likelihood(design @ found)
        slope = design.T @ (counts * (answers - likely)) - ridge @ found
        curve = (design * (counts * likely * (1 - likely))[:, None]).T @ design + ridge
        found = found + np.linalg.solve(curve, slope)
    weights = found[:-1] / spread
    return weights, float(found[-1] - weights @ middle)
