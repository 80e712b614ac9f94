"""Choosing what turns heat into a verdict: how sure a part is, and thresholds.

On sources that neither training nor benchmarks look at.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.residual import FEATURES, Part, Verdict, hot_parts, luma, sureness, texture
from streamproc.forensics.traces import Map, Picture
from streamproc.training.forensics.inpainters import Inpainter
from streamproc.training.forensics.masks import Shape, hole
from streamproc.training.forensics.material import LEARNT, LEARNT_REDUCED, coded, films, frames_of, jpegs, on_the_air
from streamproc.training.forensics.protocol import photographs, split
from streamproc.training.forensics.scenery import drawn, logos
from streamproc.training.forensics.scenes import IGNORED, PAINTED, SMALL, Hole, Labels, holes, paint, truth

EDGES = 0.5, 0.6, 0.7
MOST_CERTAIN, MOST_BOXES = 0.005, 0.04
"""Share of untouched pictures that may have a part from ``certain`` on, and one from ``sure`` on."""
_AREAS = 4096, 1024, 256, 64
_REDUCED = 30  # photographs that came as JPEG, after those that are learnt from
_FRAMES_A_FILM = 8
_RIDGE = 1.0
_SURE = tuple(float(one) for one in np.arange(0.05, 0.96, 0.05))


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
        over = holes(before.shape[:2], LEARNT, 3, rng)
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
    """Yield the picture, lossless, with one hole of a shape of the published protocol for each of them."""
    for painter in inpainters.values():
        shape = Shape(rng.choice([Shape.SQUARE, Shape.CIRCLE, Shape.IRREGULAR]))
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
    how = _weighed(Verdict(edge=edge), judged)
    sure = [{part.number: sureness(part, how) for part, _, _ in one.parts} for one in judged]
    painted = [number for number, one in enumerate(judged) if one.painted]
    clear = [number for number, one in enumerate(judged) if not one.painted]
    highest = np.array([max(sure[number].values(), default=0.0) for number in clear])

    def mean_f1(which: list[int], least: float) -> float:
        return float(np.mean([judged[number].f1(sure[number], least) for number in which]))

    allowed = [one for one in _SURE if (highest >= one).mean() <= MOST_BOXES] or [_SURE[-1]]
    least = max(allowed, key=lambda one: mean_f1(painted, one))
    certain = float(np.clip(np.quantile(highest, 1 - MOST_CERTAIN, method="higher") + 1e-3, least, 0.999))
    told = {
        "F1": round(mean_f1(painted, least), 4),
        "F1 of what is certain": round(mean_f1(painted, certain), 4),
        "untouched pictures with a box": round(float((highest >= least).mean()), 4),
        "untouched pictures with a certain box": round(float((highest >= certain).mean()), 4),
        "painted": len(painted),
        "untouched": len(clear),
    }
    return replace(how, sure=round(least, 3), certain=round(certain, 4)), told


def _weighed(how: Verdict, judged: list[Judged]) -> Verdict:
    """Return the verdict with weights by which parts that are painted and such that are not are told apart."""
    rows, answers = [], []
    for one in judged:
        for part, hits, ignored in one.parts:
            if hits >= part.area * 0.3 or (hits == 0 and ignored == 0):
                rows.append(part.features)
                answers.append(float(hits > 0))
    weights, bias = logistic(np.array(rows).reshape(-1, len(FEATURES)), np.array(answers))
    return replace(how, weights=tuple(round(float(one), 4) for one in weights), bias=round(bias, 4))


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
        likely = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (counts * (answers - likely)) - ridge @ found
        curve = (design * (counts * likely * (1 - likely))[:, None]).T @ design + ridge
        found = found + np.linalg.solve(curve, slope)
    weights = found[:-1] / spread
    return weights, float(found[-1] - weights @ middle)
