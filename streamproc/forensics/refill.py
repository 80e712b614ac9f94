"""Fills a box from its own border as erasers of logos do, and tells how much better that fits than it should.

A removed bug is what its surroundings say, in each keyframe anew, up to the coding's noise; what a camera saw there
never is. What is to be expected of the place is told by the boxes beside it, filled likewise.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import dstn, idstn

from streamproc.forensics.traces import Box

Light: TypeAlias = NDArray[np.float32]
"""(H, W) luma in [0, 255]."""
Edges: TypeAlias = tuple[int, int, int, int]
"""Left, top, right and bottom of a box in a sample."""
_LARGEST: Final = 48  # pixels; what is larger is looked at reduced, which also averages coding noise away
_LEAST: Final = 8  # pixels a side of a box, reduced, that can be filled
_NOISE: Final = 0.5  # grey levels by which no fill can be better than another
_SIDES: Final = ((0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))
_LEAST_BESIDE: Final = 2  # boxes
_FIRST: Final = 3  # reduced pixels by which edges are moved for each fill,
_THEN: Final = 2, 1  # and then for the best of them
_AROUND: Final = 2  # times a place's size to each side of it in a sample
_APART: Final = 24  # and pixels: room for edges to move
_GAP: Final = 2  # reduced pixels between a box and those beside it


def harmonic(window: Light) -> Light:
    """Return a window, (H, W), with all but its outermost pixels replaced by the solution of Laplace's equation.

    By the sine transform, in which the equation's matrix is diagonal. At least 3×3.
    """
    height, width = window.shape[0] - 2, window.shape[1] - 2
    border = np.zeros((height, width))
    border[0] += window[0, 1:-1]
    border[-1] += window[-1, 1:-1]
    border[:, 0] += window[1:-1, 0]
    border[:, -1] += window[1:-1, -1]
    waves = [2 - 2 * np.cos(np.pi * np.arange(1, size + 1) / (size + 1)) for size in (height, width)]
    filled = np.array(window, np.float32)
    filled[1:-1, 1:-1] = idstn(dstn(border, type=1) / (waves[0][:, None] + waves[1][None]), type=1)
    return filled


def delogo(window: Light) -> Light:
    """Return it filled as ffmpeg's delogo does: the mean of the borders to all four sides, the nearer weighing more."""
    height, width = window.shape
    y, x = np.arange(1, height - 1)[:, None], np.arange(1, width - 1)[None]
    near_x, near_y = 1 / x, 1 / y
    far_x, far_y = 1 / (width - 1 - x), 1 / (height - 1 - y)
    total = (
        window[1:-1, :1] * near_x + window[1:-1, -1:] * far_x + window[:1, 1:-1] * near_y + window[-1:, 1:-1] * far_y
    )
    filled = np.array(window, np.float32)
    filled[1:-1, 1:-1] = total / (near_x + far_x + near_y + far_y)
    return filled


def _inpainted(how: int) -> Callable[[Light], Light]:
    def fill(window: Light) -> Light:
        hole = np.zeros(window.shape, np.uint8)
        hole[1:-1, 1:-1] = 1
        return np.asarray(cv2.inpaint(np.rint(window).astype(np.uint8), hole, 3, how), np.float32)

    return fill


FILLS: Final[Mapping[str, Callable[[Light], Light]]] = {
    "harmonic": harmonic,
    "delogo": delogo,
    "telea": _inpainted(cv2.INPAINT_TELEA),
    "navier-stokes": _inpainted(cv2.INPAINT_NS),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A keyframe's luma around a place, reduced: what fills of the place and of the boxes beside it need."""

    light: NDArray[np.uint8]
    """(h, w)"""
    scale: float
    """Its pixels for one of the picture's."""
    left: float
    """Where it lies in the picture, reduced pixels."""
    top: float


def sampled(light: Light | NDArray[np.uint8], place: Box, shown: float = 1.0) -> Sample:
    """Return a place of a picture's luma, (H, W), with twice as much to each side: a box there may turn out larger.

    shown: the luma's pixels for one of the picture's, where it was reduced.
    """
    across, down = place.right - place.left, place.bottom - place.top
    above, beside = _AROUND * down + _APART, _AROUND * across + _APART
    top, left = max(0, place.top - above), max(0, place.left - beside)
    edges = (top, place.bottom + above, left, place.right + beside)
    first_row, last_row, first_column, last_column = (round(edge * shown) for edge in edges)
    part = light[first_row:last_row, first_column:last_column]
    scale = min(shown, _LARGEST / max(across, down))
    if scale < shown:
        how = cv2.INTER_AREA
        part = cv2.resize(part, None, fx=scale / shown, fy=scale / shown, interpolation=how)
    return Sample(np.rint(part).astype(np.uint8), scale, left * scale, top * scale)


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a box of a place's samples is filled from its border."""

    box: Box
    """Pixels of the picture."""
    misfit: float
    """How much better the best fill fits than the boxes beside it are fitted: a log ratio, below 0 where better."""
    fill: str
    """Which one: see FILLS."""


def fits(sample: Sample, fit: Fit) -> float | None:
    """Return how well the fill that fits best fits its box on a keyframe: see Fit.misfit. None: there is no telling."""
    return _misfit([sample.light.astype(np.float32)], _edges(sample, fit.box), FILLS[fit.fill])


def best_fit(samples: Sequence[Sample], place: Box) -> Fit | None:
    """Return the box near a place that one of FILLS fits best, over all samples.

    samples: of the same place, one a keyframe. Returns None where the place is too small or has no room beside it.
    """
    scale = samples[0].scale
    start = _edges(samples[0], place)
    lights = [one.light.astype(np.float32) for one in samples]
    fitted: list[tuple[float, str, Edges]] = []
    for name in FILLS:
        found = _descended(lights, start, FILLS[name], _FIRST)
        if found is not None:
            fitted.append((found[1], name, found[0]))
    if not fitted:
        return None
    misfit, name, edges = min(fitted)
    for step in _THEN:
        edges, misfit = _descended(lights, edges, FILLS[name], step) or (edges, misfit)
    left, top, right, bottom = (
        round((edge + origin) / scale)
        for edge, origin in zip(edges, (samples[0].left, samples[0].top) * 2, strict=True)
    )
    return Fit(Box(left=left, top=top, right=right, bottom=bottom), misfit, name)


def _edges(sample: Sample, box: Box) -> Edges:
    """Return where a box of the picture lies in a sample."""
    return (
        round(box.left * sample.scale - sample.left),
        round(box.top * sample.scale - sample.top),
        round(box.right * sample.scale - sample.left),
        round(box.bottom * sample.scale - sample.top),
    )


def _descended(
    lights: Sequence[Light], edges: Edges, fill: Callable[[Light], Light], step: int
) -> tuple[Edges, float] | None:
    """Move each edge once, where the fill fits better for it; return the edges and the misfit there."""
    best = _misfit(lights, edges, fill)
    if best is None:
        return None
    for edge in range(4):
        for way in (-step, step):
            moved = list(edges)
            moved[edge] += way
            tried = moved[0], moved[1], moved[2], moved[3]
            misfit = _misfit(lights, tried, fill)
            if misfit is not None and misfit < best:
                edges, best = tried, misfit
    return edges, best


def _misfit(lights: Sequence[Light], edges: Edges, fill: Callable[[Light], Light]) -> float | None:
    """Return the mean log ratio of a fill's error in a box to the usual one beside it, None if there is no telling."""
    left, top, right, bottom = edges
    height, width = lights[0].shape
    if min(right - left, bottom - top) < _LEAST or left < 0 or top < 0 or right > width or bottom > height:
        return None
    ratios = []
    for light in lights:
        usual = [_error(window, harmonic) for window in _beside(light, edges)]
        if len(usual) < _LEAST_BESIDE:
            return None
        here = _error(light[top:bottom, left:right], fill)
        ratios.append(np.log((here + _NOISE) / (float(np.median(usual)) + _NOISE)))
    return float(np.mean(ratios))


def _error(window: Light, fill: Callable[[Light], Light]) -> float:
    return float(np.abs(fill(window) - window)[1:-1, 1:-1].mean())


def _beside(light: Light, edges: Edges) -> Iterator[Light]:
    """Yield the windows as large around a box that lie in the sample, a little apart from it."""
    left, top, right, bottom = edges
    across, down = right - left, bottom - top
    for rows, columns in _SIDES:
        y, x = top + rows * (down + _GAP), left + columns * (across + _GAP)
        if min(y, x) >= 0 and y + down <= light.shape[0] and x + across <= light.shape[1]:
            yield light[y : y + down, x : x + across]
