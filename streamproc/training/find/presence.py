"""When a mark is on the picture, from how well each picture's edges in its place match the mark's own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]

_ON_S, _OFF_S = 240.0, 80.0  # how long a mark usually stays, and stays away
_ROUNDS = 8  # of fitting
_ODD = 0.03  # share of pictures whose match says nothing: something covers the mark, or looks like it
_MOST_EVIDENCE = 4.0  # log odds that one picture can give
_GROUND_WIDTH = 25.0  # grey levels over which the mark's visibility changes little
_GROUND_PRIOR = 4.0  # pictures' worth of belief that it is the same on any ground
_NULL_PRIOR = 5.0  # pictures' worth of belief that matches without the mark are as they are elsewhere
_MOST_SPREAD = 0.4  # of the matches with the mark, against how far they lie from those without
_LEAST_SPREAD = 0.12  # of the matches of a mark that is there; its mean match is 1


@dataclass(frozen=True, slots=True)
class Matches:
    """How well a mark's edges are found, picture by picture; 1 on average where it is."""

    here: Series
    """(N,) in the mark's place."""
    elsewhere: NDArray[np.float64]
    """(M, P) of some of the pictures, in P other places of the same size, where it is not."""
    ground: Series
    """(N,) brightness around the mark: on a ground of its own brightness a mark can't be seen."""
    times: Series
    """(N,) seconds."""
    scenes: NDArray[np.int64]
    """(N,) number of what is shown."""


@dataclass(frozen=True, slots=True)
class Course:
    """A mark's coming and going."""

    probability: Series
    """(N,) that it is there."""
    contrast: float
    """How far the matches with the mark lie from those without, in spreads of the latter."""


def follow(matches: Matches) -> Course:
    """Return when a mark is there.

    Fits, in turns, what matches look like with the mark on a ground of each brightness, and when it is there; each
    picture's evidence is bounded, and a shot's pictures count little more than one. Near its coming and going, and
    where it can't be seen, the probability stays between.
    """
    null = _null(matches.elsewhere)
    probability = _first_guess(matches.here, *null)
    patience = _patience(matches.scenes)
    on_mean, off_mean, off_spread = np.ones(len(matches.here)), *null
    for _ in range(_ROUNDS):
        off_mean, off_spread = _without(matches.here, (1 - probability) * patience, null)
        on_mean, on_spread = _visible(matches, probability, patience)
        on_mean = np.maximum(on_mean, off_mean)
        on_spread = min(on_spread, _MOST_SPREAD * max(float(on_mean.max()) - off_mean, 0.0))
        on = _density(matches.here, on_mean, max(on_spread, _LEAST_SPREAD, off_spread))
        off = _density(matches.here, np.full(len(on_mean), off_mean), off_spread)
        evidence = np.clip(np.log(on) - np.log(off), -_MOST_EVIDENCE, _MOST_EVIDENCE) * patience
        probability = _smoothed(evidence, matches.times)
    weights = probability * patience
    mean = float((on_mean * weights).sum() / max(weights.sum(), 1e-6))
    return Course(probability, (mean - off_mean) / off_spread)


def _without(here: Series, weights: Series, null: tuple[float, float]) -> tuple[float, float]:
    """Return mean and spread of matches without the mark: as elsewhere, unless there is reason to think otherwise.

    In adverts, something of their own may often lie in the mark's place.
    """
    total = float(weights.sum()) + _NULL_PRIOR
    mean = (float((weights * here).sum()) + _NULL_PRIOR * null[0]) / total
    square = float((weights * (here - mean) ** 2).sum()) + _NULL_PRIOR * (null[1] ** 2 + (null[0] - mean) ** 2)
    return mean, max(float(np.sqrt(square / total)), null[1])


def _null(elsewhere: NDArray[np.float64]) -> tuple[float, float]:
    middle = float(np.median(elsewhere))
    # Where nothing is, the tails matter: take the spread that they would have if they were a normal distribution's.
    low, high = np.percentile(elsewhere - middle, (2, 98))
    core = 1.4826 * float(np.median(np.abs(elsewhere - middle)))
    return middle, max((high - low) / 4.1, core, 0.03)


def _first_guess(here: Series, off_mean: float, off_spread: float) -> Series:
    # A mark is there at least a fifth of the time, or it is not one that we look for.
    high = float(np.percentile(here, 85))
    edge = max((high + off_mean) / 2, off_mean + off_spread)
    return np.where(here > edge, 0.9, 0.1)


def _patience(scenes: NDArray[np.int64]) -> Series:
    """Return (N,): one over the length of the run of one scene that each picture is in, at least a quarter."""
    edges = np.flatnonzero(np.diff(scenes)) + 1
    lengths = np.diff(np.concatenate([[0], edges, [len(scenes)]]))
    return np.maximum(np.repeat(1 / lengths, lengths), 0.25)


def _visible(matches: Matches, probability: Series, patience: Series) -> tuple[Series, float]:
    """Return what match to expect of each picture if the mark is there, by its ground, and the spread around it."""
    weights = probability * patience
    mean = float((weights * matches.here).sum() / max(weights.sum(), 1e-6))
    near = np.exp(-(((matches.ground[:, None] - matches.ground[None]) / _GROUND_WIDTH) ** 2) / 2)
    share = near @ weights
    expected = (near @ (weights * matches.here) + _GROUND_PRIOR * mean) / (share + _GROUND_PRIOR)
    spread = np.sqrt((weights * (matches.here - expected) ** 2).sum() / max(weights.sum(), 1e-6))
    return np.asarray(expected), float(spread)


def _density(values: Series, mean: Series, spread: float) -> Series:
    normal = np.exp(-(((values - mean) / spread) ** 2) / 2) / (spread * np.sqrt(2 * np.pi))
    return np.asarray((1 - _ODD) * normal + _ODD / 3)  # odd ones lie anywhere in an interval 3 wide


def _smoothed(evidence: Series, times: Series) -> Series:
    """Return the probability of each state of a chain that rarely changes, given all evidence (forward, backward)."""
    steps = np.diff(times, prepend=times[0])
    leave, enter = 1 - np.exp(-steps / _ON_S), 1 - np.exp(-steps / _OFF_S)
    forward = np.zeros((len(times), 2))
    weight = np.exp(np.stack([np.zeros(len(times)), evidence], axis=1))
    state = np.array([0.3, 0.7])
    for i in range(len(times)):
        off, on = state
        state = np.array([off * (1 - enter[i]) + on * leave[i], off * enter[i] + on * (1 - leave[i])]) * weight[i]
        state /= state.sum()
        forward[i] = state
    backward = np.ones(2)
    result = np.zeros(len(times))
    for i in range(len(times) - 1, -1, -1):
        joint = forward[i] * backward
        result[i] = joint[1] / joint.sum()
        off, on = weight[i] * backward
        backward = np.array([off * (1 - enter[i]) + on * enter[i], off * leave[i] + on * (1 - leave[i])])
        backward /= backward.sum()
    return result
