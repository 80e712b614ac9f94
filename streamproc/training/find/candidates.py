"""Places where something stays: compact groups of persistent edges, without lines across the whole picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.training.find.gradients import Field
from streamproc.training.find.samples import LUMA, Box

SEED = 7.0
"""Evidence from which on a place is looked at; where nothing stays, one place in ten thousand has as much."""
_MOST = 10  # places that are looked at, strongest first
_LEAST_PIXELS = 10
_NEAR = 4  # pixels of 360 lines; parts of a mark lie no farther apart, or are joined later if they come and go together
_LINE = 3.0  # median evidence along a whole row or column that makes it a line across the picture
_BROADEST = 20  # pixels; a letterbox's edge, with what coding leaves beside it, is no broader
_RIM = 0.008  # of the picture's size; at its very edge coding leaves lines


@dataclass(frozen=True, slots=True)
class View:
    """What of the pictures is looked at."""

    plane: int = LUMA
    """Brightness, or one of the differences of colour; see Samples.plane."""
    grey: float | None = None
    """A mark's brightness, if it is darker than some grounds and brighter than others; None if it looks alike."""


_PLAIN = View()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A place where something stays."""

    box: Box
    strength: float
    """Sum of the evidence in it."""
    view: View = _PLAIN
    """In which view it stays."""


def smoothed(evidence: Field) -> Field:
    """Return evidence averaged over a pixel or two: an edge is never alone."""
    return np.asarray(cv2.GaussianBlur(evidence, (0, 0), 1.0), np.float32)


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows and columns in which a line runs across the picture: letterbox bars, caption bands."""

    rows: NDArray[np.bool_]
    """(h,)"""
    columns: NDArray[np.bool_]
    """(w,)"""

    @classmethod
    def of(cls, evidence: Field) -> "Lines":
        """Find them in the evidence (h, w) of what stays."""
        around = np.ones(5, np.uint8)
        along = (np.median(evidence, axis=1) > _LINE, np.median(evidence, axis=0) > _LINE)
        rows, columns = (cv2.dilate(one.astype(np.uint8), around).ravel() > 0 for one in along)
        return cls(rows, columns)

    def joined(self, other: "Lines") -> "Lines":
        """Return these and others."""
        return Lines(self.rows | other.rows, self.columns | other.columns)

    def within(self, box: Box) -> "Lines":
        """Return those in a part of the picture."""
        return Lines(self.rows[box[1] : box[3]], self.columns[box[0] : box[2]])

    def off(self) -> NDArray[np.bool_]:
        """Return (h, w): False on the lines."""
        return ~self.rows[:, None] & ~self.columns[None]

    def removed(self, total: Field) -> Field:
        """Return a sum of edges (2, h, w) with nothing on the lines.

        What a line gives differs along it by more than a faint mark gives; a mark across it is seen on both sides.
        """
        return np.asarray(total * self.off(), np.float32)


def inside_rim(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return (h, w): False at the picture's very edge, where coding leaves lines."""
    allowed = np.ones(shape, bool)
    height, width = shape
    down, across = max(2, round(_RIM * height)), max(2, round(_RIM * width))
    allowed[:down] = allowed[-down:] = False
    allowed[:, :across] = allowed[:, -across:] = False
    return allowed


def propose(evidence: Field, lines: Lines, view: View = _PLAIN) -> list[Proposal]:
    """Return places where something stays, strongest first. evidence: (h, w), see ``Persistence``; 0 on lines."""
    strong = smoothed(evidence)
    found = [
        Proposal(box, float(strong[inside].sum()), view)
        for box, inside in groups((strong > SEED) & lines.off(), lines)
        if int(inside.sum()) >= _LEAST_PIXELS
    ]
    return sorted(found, key=lambda proposal: -proposal.strength)[:_MOST]


def also(first: Sequence[Proposal], others: Sequence[Proposal]) -> list[Proposal]:
    """Return the first proposals, and those others that lie elsewhere, strongest first."""
    kept = list(first)
    for proposal in sorted(others, key=lambda one: -one.strength):
        if len(kept) < 2 * _MOST and not any(overlap(proposal.box, one.box) for one in kept):
            kept.append(proposal)
    return kept


def groups(mask: NDArray[np.bool_], lines: Lines | None = None) -> list[tuple[Box, NDArray[np.bool_]]]:
    """Return each group of set pixels that lie near each other: its box, and which of all pixels (h, w) are in it.

    lines: what is on either side of one of these is near, for nothing can be seen on it.
    """
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _NEAR + 1, 2 * _NEAR + 1))
    seen = [np.arange(length) for length in mask.shape] if lines is None else [_off(lines.rows), _off(lines.columns)]
    count, joined = cv2.connectedComponents(cv2.dilate(mask[np.ix_(*seen)].astype(np.uint8), kernel))
    labels = np.zeros(mask.shape, joined.dtype)
    labels[np.ix_(*seen)] = joined
    found = []
    for number in range(1, count):
        inside = (labels == number) & mask
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
        found.append((box, inside))
    return found


def _off(lines: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return where there is no line, or so broad a band that what lies on either side has nothing in common."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lines.astype(np.int8), [0]])))
    narrow = np.zeros(len(lines), bool)
    for start, end in edges.reshape(-1, 2):
        narrow[start:end] = end - start <= _BROADEST
    return np.flatnonzero(~narrow)


def grown(box: Box, across: int, down: int, shape: tuple[int, int]) -> Box:
    """Return a box with a margin, within a picture of shape (h, w)."""
    left, top, right, bottom = box
    return max(0, left - across), max(0, top - down), min(shape[1], right + across), min(shape[0], bottom + down)


def overlap(one: Box, other: Box) -> bool:
    """Tell whether two boxes have a pixel in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def union(one: Box, other: Box) -> Box:
    """Return the smallest box that holds both."""
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def gap(one: Box, other: Box) -> int:
    """Return how many pixels lie between two boxes, in the direction in which more do; 0 when they touch."""
    across = max(one[0] - other[2], other[0] - one[2], 0)
    down = max(one[1] - other[3], other[1] - one[3], 0)
    return max(across, down)
