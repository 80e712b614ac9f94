"""Finds a logo that is known as a picture in footage: where it lies, how large, and how opaque.

Edges that stay while pictures change add up; all others average out. So the mean of the brightness' gradient over many
pictures shows the bug's outline, and the logo's own gradient is looked for in it at all sizes by normalised
cross-correlation (J. P. Lewis, "Fast Normalized Cross-Correlation", Vision Interface 1995).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.inference.card import Region
from streamproc.training.composite import fit, logo_on_canvas, overlay, resize_logo
from streamproc.training.cutout import strengths
from streamproc.training.real import stills

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]
Progress = Callable[[str, float], None]

_PICTURES = 160  # of all footage together
_LINES = 540  # height at which is searched
_FEWEST = 12  # pictures without which nothing can be told to stay
_STEP = 1.05  # from one size to the next
_WIDTHS = (0.02, 0.3)  # of the picture's width
_HIGHEST = 0.3  # of the picture's height
_EDGE = 40.0  # a gradient beyond this counts as this: one hard edge in one picture must not look like many
_ALIKE = 0.7  # correlation from which on it is the logo; where it is not, 0.6 was seen
_OF_REGION = (0.4, 1.1)  # how wide the logo may be, of what would fill the region that was given
_AHEAD = 1.1  # and by this factor better than anywhere else
_SEEN = 0.12  # strength from which on the bug counts as seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where a logo lies in footage."""

    box: Region
    """Its edges."""
    likeness: float
    """Correlation of its outline with what stays in the footage, up to 1."""
    opacity: float
    """Of the bug on air, times the logo's own alpha."""


def locate(logo: Picture, sources: Sequence[Path], *, within: Region | None, progress: Progress) -> Located | None:
    """Return where a logo, (h, w, 4) uint8 RGBA, stays in the footage; None when that can't be told for sure.

    within: where to search; everywhere when None. Raises SourceError (the footage).
    """
    pictures: list[Picture] = []
    for number, path in enumerate(sources):
        progress("searching the logo", number / len(sources))
        pictures += stills(path, max(4, _PICTURES // len(sources)), _LINES)
    pictures = [picture for picture in pictures if picture.shape == pictures[0].shape]
    if len(pictures) < _FEWEST:
        return None
    height, width = pictures[0].shape[:2]
    ground = int(np.mean([picture.mean() for picture in pictures]))
    search = _Search(_persistent(pictures), logo, ground, _part(within, width, height))
    found = search.run(_widths(logo, within, width, height))
    if found is None:
        return None
    likeness, (x, y, across, down) = found
    opacity = _opacity(logo, (x, y, across, down), pictures)
    if opacity is None:
        return None
    box = Region(x=x / width, y=y / height, width=across / width, height=down / height)
    return Located(box=box, likeness=likeness, opacity=opacity)


class _Search:
    """Looks for a logo of unknown size in a field of gradients."""

    def __init__(self, field: Field, logo: Picture, ground: int, part: tuple[int, int, int, int]) -> None:
        left, top, right, bottom = part
        self._field, self._corner = np.ascontiguousarray(field[top:bottom, left:right]), (left, top)
        self._height = field.shape[0]
        self._logo, self._ground = logo, ground

    def run(self, widths: tuple[float, float]) -> tuple[float, tuple[int, int, int, int]] | None:
        """Return the likeness and (left, top, width, height) in pixels, or None.

        widths: the least and the greatest of the logo, pixels.
        """
        least, most = widths
        coarse = [least * _STEP**number for number in range(int(np.log(most / least) / np.log(_STEP)) + 1)]
        tried = [one for one in map(self._best, coarse) if one is not None]
        if not tried:
            return None
        best = max(tried)
        fine = [self._best(best[1][2] * factor) for factor in np.linspace(1 / _STEP, _STEP, 9)]
        best = max([best, *(one for one in fine if one is not None)])
        elsewhere = max((value for value, box in tried if not _near(box, best[1])), default=0.0)
        return best if best[0] >= max(_ALIKE, _AHEAD * elsewhere) else None

    def _best(self, width: float) -> tuple[float, tuple[int, int, int, int]] | None:
        across = round(width)
        down = max(1, round(across * self._logo.shape[0] / self._logo.shape[1]))
        margin = 3
        sides = across + 2 * margin, down + 2 * margin
        fits = sides[0] <= self._field.shape[1] and sides[1] <= self._field.shape[0]
        if not fits or down > _HIGHEST * self._height or min(across, down) < 5:
            return None
        flat = np.full((sides[1], sides[0], 3), self._ground, np.uint8)
        template = _gradient(overlay(flat, resize_logo(self._logo, across, down), margin, margin, 1.0))
        if not template.any():
            return None
        scores = cv2.matchTemplate(self._field, template, cv2.TM_CCOEFF_NORMED)
        _, value, _, (x, y) = cv2.minMaxLoc(scores)
        return float(value), (self._corner[0] + x + margin, self._corner[1] + y + margin, across, down)


def _widths(logo: Picture, within: Region | None, width: int, height: int) -> tuple[float, float]:
    """Return the least and the greatest width to try, pixels: a speck in a region is like many a logo."""
    if within is None:
        return _WIDTHS[0] * width, _WIDTHS[1] * width
    fitted, _, _ = fit(logo, within, width, height)
    return _OF_REGION[0] * fitted.shape[1], _OF_REGION[1] * fitted.shape[1]


def _part(within: Region | None, width: int, height: int) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of where to search: a region, and a little around it."""
    if within is None:
        return 0, 0, width, height
    left, top, right, bottom = within.pixels(width, height)
    return max(0, left - 8), max(0, top - 8), min(width, right + 8), min(height, bottom + 8)


def _near(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> bool:
    """Tell whether two boxes overlap: another size of the same place is no rival."""
    apart = (
        first[0] >= second[0] + second[2]
        or second[0] >= first[0] + first[2]
        or first[1] >= second[1] + second[3]
        or second[1] >= first[1] + first[3]
    )
    return not apart


def _persistent(pictures: Sequence[Picture]) -> Field:
    """Return the mean gradient, (H, W, 2) float32."""
    total = np.zeros((*pictures[0].shape[:2], 2), np.float32)
    for picture in pictures:
        total += np.clip(_gradient(picture), -_EDGE, _EDGE)
    return np.asarray(total / len(pictures), np.float32)


def _gradient(picture: Picture) -> Field:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.25)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.25)
    return np.dstack([across, down]).astype(np.float32)


def _opacity(logo: Picture, box: tuple[int, int, int, int], pictures: Sequence[Picture]) -> float | None:
    """Return how strongly the logo is blended in where it is seen, or None."""
    x, y, across, down = box
    margin = max(4, min(across, down) // 4)
    height, width = pictures[0].shape[:2]
    left, top = max(0, x - margin), max(0, y - margin)
    right, bottom = min(width, x + across + margin), min(height, y + down + margin)
    canvas = logo_on_canvas(resize_logo(logo, across, down), right - left, bottom - top, x - left, y - top)
    try:
        shares = strengths(canvas, np.stack([picture[top:bottom, left:right] for picture in pictures]))
    except ModelError:
        return None  # a logo without a clear pixel around it
    seen = shares[shares > _SEEN]
    return float(np.clip(np.median(seen), 0.15, 1.0)) if len(seen) >= _FEWEST // 2 else None
