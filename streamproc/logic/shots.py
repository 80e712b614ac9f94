"""Where the picture changes as a whole: hard cuts, dissolves and dips to black, from thumbnails.

A thumbnail is a few hundred averaged samples of Y, U and V; it forgets grain and coding noise and keeps composition and
colour, which is all that a cut changes. Everything here is symmetric in time: reversed thumbnails give the mirrored
transitions, so one rule serves both directions of a boundary.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamproc.messages import Method

FLASH_FRAMES = 2
"""A flash of at most so many frames is no cut."""
_NEIGHBOURHOOD = 12  # frames on either side that tell how much the picture moves anyhow
_STILL = 1.5  # grey levels by which even a still picture differs from frame to frame, generously
_MOTION_WEIGHT = 1.5
_BLACK_LUMA = 26.0  # mean luma of a black frame, in coded levels (black is 16)
_BLACK_PEAK = 40.0  # its brightest cell
_LENGTHS = (4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 19, 22, 26, 30)  # of dissolves that are looked for, frames
_WEAKEST_CUT = 0.25
_CLEAR_CUT = 2.0
_CLEAR_FADE = 0.7
_USUAL_UNREST = 0.15  # movement before and after a dissolve, against the difference it makes
_LEAST_DIFFERENCE = 10.0  # grey levels between the two ends of a dissolve

Thumbnails = NDArray[np.uint8]
"""(N, h, w, 3): Y, U, V of N frames in presentation order."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of the whole picture."""

    at: int
    """Number of the first frame after it (after its middle, when it is gradual)."""
    first: int
    """The first frame that is not wholly the old picture; ``at`` for a hard cut."""
    last: int
    """The first frame that is wholly the new picture; ``at`` for a hard cut."""
    method: Method
    """CUT, FADE or BLACK."""
    strength: float
    """For a cut: natural logarithm of how far it stands out of the motion around; for others a like measure."""


def transitions(thumbnails: Thumbnails) -> list[Transition]:
    """Return what may be a change of the whole picture, in order; weak cuts are among them."""
    pictures = thumbnails.astype(np.float32)
    strength = cut_strength(thumbnails)
    slow = _dips(pictures)
    slow += [one for one in _dissolves(pictures) if not any(_overlap(one, other) for other in slow)]
    cuts = [
        Transition(i, i, i, Method.CUT, float(strength[i]))
        for i in range(1, len(pictures))
        if strength[i] > _WEAKEST_CUT
    ]
    # A steep dissolve looks like weak cuts in a row; the dissolve explains them all.
    cuts = [cut for cut in cuts if cut.strength > _CLEAR_CUT or not any(_explains(one, cut) for one in slow)]
    return sorted(cuts + slow, key=lambda transition: transition.at)


def _overlap(one: Transition, other: Transition) -> bool:
    return one.first <= other.last and other.first <= one.last


def _explains(slow: Transition, cut: Transition) -> bool:
    return slow.strength > _CLEAR_FADE and slow.first <= cut.at <= slow.last


def cut_strength(thumbnails: Thumbnails) -> NDArray[np.float64]:
    """Return (N,): the logarithm of how much frame i differs from i − 1, against the motion around; [0] is −inf.

    Flash-proof: of all pairs of a frame shortly before and one shortly after, the least different pair counts.
    """
    pictures = thumbnails.astype(np.float32)
    count = len(pictures)
    step = _differences(pictures, 1)
    across = step.copy()
    for lag in range(2, 2 * FLASH_FRAMES + 2):
        difference = _differences(pictures, lag)
        for after in range(max(0, lag - 1 - FLASH_FRAMES), min(FLASH_FRAMES, lag - 1) + 1):
            # the pair (i + after - lag, i + after) spans the gap before frame i
            inside = np.arange(max(1, lag - after), count - after)
            across[inside] = np.minimum(across[inside], difference[inside + after])
    strength = np.full(count, -np.inf)
    for i in range(1, count):
        around = np.concatenate(
            [step[max(1, i - _NEIGHBOURHOOD) : max(1, i - 1)], step[i + 2 : i + _NEIGHBOURHOOD + 1]]
        )
        motion = float(np.percentile(around, 75)) if len(around) else 0.0
        strength[i] = np.log(max(float(across[i]), 1e-3) / (_STILL + _MOTION_WEIGHT * motion))
    return strength


def _differences(pictures: NDArray[np.float32], lag: int) -> NDArray[np.float32]:
    """Return (N,): mean absolute difference of frames i and i − lag; 0 where there is none."""
    result = np.zeros(len(pictures), np.float32)
    if len(pictures) > lag:
        result[lag:] = np.abs(pictures[lag:] - pictures[:-lag]).mean(axis=(1, 2, 3))
    return result


def black_runs(thumbnails: NDArray[np.generic]) -> list[tuple[int, int]]:
    """Return the runs of black frames as (first, first after)."""
    luma = thumbnails[..., 0].astype(np.float32)
    black = (luma.mean(axis=(1, 2)) < _BLACK_LUMA) & (luma.max(axis=(1, 2)) < _BLACK_PEAK)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], black.astype(np.int8), [0]])))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]


def _dips(pictures: NDArray[np.float32]) -> list[Transition]:
    """Return runs of black that the picture fades into and out of; hard-edged black is two cuts."""
    luma = pictures[..., 0].mean(axis=(1, 2))
    found = []
    for begin, end in black_runs(pictures):
        first, last = _slope(luma, begin, -1), _slope(luma, end - 1, 1)
        if begin - first >= 1 and last - (end - 1) >= 1:
            middle = (begin + end) // 2
            found.append(Transition(middle, first, last, Method.BLACK, 2.0))
    return found


def _slope(luma: NDArray[np.float32], edge: int, step: int) -> int:
    """Walk from the edge of a black run up its slope; return the last frame of it (``edge`` itself when it is hard)."""
    at = edge
    rises: list[float] = []
    while 0 <= at + step < len(luma):
        rise = float(luma[at + step] - luma[at])
        if rise < 0.5 or (rises and rise > 4 * max(rises)):
            break
        rises.append(rise)
        at += step
    # A hard edge rises at once; a slope takes several frames of much the same rise.
    return at if len(rises) >= 2 and max(rises) < 0.75 * sum(rises) else edge


def _dissolves(pictures: NDArray[np.float32]) -> list[Transition]:
    flat = pictures.reshape(len(pictures), int(np.prod(pictures.shape[1:])))
    best: dict[int, Transition] = {}
    for length in _LENGTHS:
        for first in range(1, len(flat) - length):
            quality = _mixture(flat[first - 1 : first + length + 1])
            if quality > 0:
                quality -= _unrest(flat, first - 1, first + length)
            at = first + length // 2
            if quality > 0 and (at not in best or quality > best[at].strength):
                best[at] = Transition(at, first, first + length, Method.FADE, quality)
    kept: list[Transition] = []
    for transition in sorted(best.values(), key=lambda one: -one.strength):
        if all(transition.at < other.first or transition.at > other.last for other in kept):
            kept.append(transition)
    return kept


def _unrest(flat: NDArray[np.float32], first: int, last: int) -> float:
    """Return a penalty for a picture that moves on at the same pace on both sides of the run.

    Then the run is a pan (small shifts mix, too) or only a part of a dissolve.
    """
    way = float(np.linalg.norm(flat[last] - flat[first]))
    half = (last - first) // 2
    moves = []
    for inner, outer in ((first, max(0, first - half)), (last, min(len(flat) - 1, last + half))):
        steps = abs(outer - inner)
        if steps > 0:
            moves.append(float(np.linalg.norm(flat[outer] - flat[inner])) / way * half / steps)
    return 5 * max(0.0, min(moves, default=0.0) - _USUAL_UNREST)


def _mixture(run: NDArray[np.float32]) -> float:
    """Tell how well the frames between the two ends of a run are mixtures of the ends that move evenly from one to
    the other: 0 for not at all, towards 2 for perfectly."""
    old, new = run[0], run[-1]
    way = new - old
    length = float(way @ way)
    if np.abs(way).mean() < _LEAST_DIFFERENCE:
        return 0.0
    inner = run[1:-1] - old
    share = inner @ way / length
    expected = (np.arange(len(inner)) + 0.5) / len(inner)
    uneven = float(np.abs(share - expected).max())
    rest = float((((inner - share[:, None] * way) ** 2).sum(axis=1) / length).mean())
    return max(0.0, 2.0 * (1 - uneven / 0.25) * (1 - rest / 0.2)) if uneven < 0.25 and rest < 0.2 else 0.0
