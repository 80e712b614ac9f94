"""Follows one place through all samples: when its mark is there, and which pixels are the mark's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamproc.training.find.candidates import SEED, Box, Lines, groups, grown, overlap, smoothed
from streamproc.training.find.changing import changes
from streamproc.training.find.gradients import Field, edges, stays
from streamproc.training.find.presence import Course, Matches, follow, match
from streamproc.training.find.samples import Samples

_ROUNDS = 3  # of finding the mark from when it is there, and when it is there from the mark
_FOLDS = 4  # a picture is never matched with a mark that was found with its help, or its scene's
_PLACES = 24  # elsewhere, to know what matches are like without the mark
_WIDEST, _TALLEST = 0.3, 0.4  # of the picture; what is larger is no bug
_ROOM = 5  # pixels that must be free around a mark
_SHARE = 0.06  # of the mark's strongest evidence, from which on a pixel is the mark's
_TIGHT = 0.1  # the same, where its box ends
_FIRM = 0.25  # of the length of its strongest mean edges, likewise


@dataclass(frozen=True, slots=True)
class Track:
    """A mark and its coming and going."""

    box: Box
    """Tight, in pixels of the searched pictures."""
    probability: NDArray[np.float64]
    """(N,) that it is there."""
    contrast: float
    """How far matches with the mark lie from those without, in spreads; see Course."""
    evidence: float
    """Mean evidence of its best pixels."""
    changes: bool
    """Whether a part of it changes now and then, as a clock's digits do."""


class Tracker:
    """Follows marks through samples of some footage."""

    def __init__(self, samples: Samples, taken: Sequence[Box], allowed: NDArray[np.bool_], lines: Lines) -> None:
        """samples: what to look at; taken: where marks may be; allowed: (h, w), where they must be."""
        self._samples = samples
        self._shape = samples.luma.shape[1], samples.luma.shape[2]
        self._taken, self._allowed, self._lines = taken, allowed, lines
        self._weights = samples.weights

    def track(self, box: Box, again: int = 2) -> Track | None:
        """Return the mark in and around a box and when it is there; None when there is none, or none so small.

        again: how many times to look farther around, when the mark turns out to be larger.
        """
        width, height = box[2] - box[0], box[3] - box[1]
        if self._too_large(box):
            return None
        frame = grown(box, max(14, width // 2), max(12, height // 2), self._shape)
        fields = edges(self._cut(frame)) * self._allowed[frame[1] : frame[3], frame[0] : frame[2]]
        lines = self._lines.within(frame)
        inner = _moved(box, -frame[0], -frame[1])
        course = Course(np.ones(len(fields)), 0.0)
        for _ in range(_ROUNDS):
            found = self._mark(fields, course.probability, inner, lines)
            if found is None:
                return None
            inner, mask, _ = found
            course = self._course(fields, course.probability, mask & lines.off(), frame, inner)
        final = self._mark(fields, course.probability, inner, lines)
        if final is None:
            return None
        inner, mask, best = final
        tight = _moved(inner, frame[0], frame[1])
        if self._too_large(tight):
            return None  # what has grown so far is a line or a caption band
        if again > 0 and self._reaches_out(tight, frame):
            return self.track(tight, again - 1)
        ticks = changes(fields, course.probability, self._samples.times, mask)
        return Track(tight, course.probability, course.contrast, best, ticks)

    def _too_large(self, box: Box) -> bool:
        height, width = self._shape
        return bool(box[2] - box[0] > _WIDEST * width or box[3] - box[1] > _TALLEST * height)

    def _reaches_out(self, box: Box, frame: Box) -> bool:
        """Tell whether a mark ends so near the border of what was looked at that it may go on beyond."""
        whole = 0, 0, self._shape[1], self._shape[0]
        room = (box[0] - frame[0], box[1] - frame[1], frame[2] - box[2], frame[3] - box[3])
        return any(free < _ROOM and side != end for free, side, end in zip(room, frame, whole, strict=True))

    def _cut(self, box: Box) -> NDArray[np.uint8]:
        return self._samples.luma[:, box[1] : box[3], box[0] : box[2]]

    def _mark(
        self, fields: Field, probability: NDArray[np.float64], near: Box, lines: Lines
    ) -> tuple[Box, NDArray[np.bool_], float] | None:
        """Return the mark's box, its pixels, and the evidence of its best pixels, from when it is there."""
        weights = (self._weights * probability).astype(np.float32)
        flat = fields.reshape(len(fields), -1)
        total = (weights @ flat).reshape(fields.shape[1:])
        energy = (weights @ flat**2).reshape(fields.shape[1:]).sum(axis=0)
        mean = stays(lines.removed(total), energy, float(weights.sum()))
        strong = smoothed(mean.evidence)
        best = float(np.percentile(strong[near[1] : near[3], near[0] : near[2]], 98))
        parts = [part for part in groups(strong > max(SEED, _SHARE * best)) if overlap(part[0], near)]
        if not parts:
            return None
        mask = np.logical_or.reduce([inside for _, inside in parts])
        length = np.sqrt((mean.mean**2).sum(axis=0))
        # On a black bar even the faint rings that coding leaves around a mark agree, so strength counts, too.
        firm = length > _FIRM * float(np.percentile(length[mask], 95))
        sharp = mask & firm & (mean.evidence > max(SEED, _TIGHT * best))
        return _bounds(sharp if sharp.any() else mask), mask, best

    def _course(
        self, fields: Field, probability: NDArray[np.float64], mask: NDArray[np.bool_], frame: Box, inner: Box
    ) -> Course:
        weights = (self._weights * probability).astype(np.float32)
        folds = self._samples.scenes % _FOLDS
        flat = fields.reshape(len(fields), -1)
        sums = np.stack([weights[folds == fold] @ flat[folds == fold] for fold in range(_FOLDS)])
        here = np.zeros(len(fields))
        for fold in range(_FOLDS):
            mark = self._local(sums.sum(axis=0) - sums[fold], fields.shape[1:], mask)
            mark /= np.float32(max(float(weights[folds != fold].sum()), 1e-6))
            here[folds == fold] = match(fields[folds == fold], mark)
        mark = self._local(sums.sum(axis=0), fields.shape[1:], mask) / np.float32(max(float(weights.sum()), 1e-6))
        rows, columns = slice(inner[1], inner[3]), slice(inner[0], inner[2])
        elsewhere = [
            match(edges(self._cut(place)), mark[:, rows, columns])
            for place in self._places((inner[2] - inner[0], inner[3] - inner[1]))
        ]
        ring = np.ones(mask.shape, bool)
        ring[rows, columns] = False
        ground = self._cut(frame)[:, ring].mean(axis=1) if ring.any() else np.full(len(fields), 128.0)
        return follow(Matches(here, np.stack(elsewhere, axis=1), ground, self._samples.times, self._samples.scenes))

    @staticmethod
    def _local(total: Field, shape: tuple[int, ...], mask: NDArray[np.bool_]) -> Field:
        whole = np.asarray(total.reshape(shape), np.float32)
        return np.asarray(stays(whole, np.ones(shape[1:], np.float32), 1.0).mean * mask, np.float32)

    def _places(self, size: tuple[int, int]) -> list[Box]:
        """Return places of a size, spread over the picture, with none of the proposed marks in them."""
        width, height = size
        rng = np.random.default_rng(0)
        free: list[Box] = []
        for attempt in range(400):
            left = int(rng.integers(2, self._shape[1] - width - 2))
            top = int(rng.integers(2, self._shape[0] - height - 2))
            place = left, top, left + width, top + height
            if attempt > 300 or not any(overlap(place, other) for other in self._taken):
                free.append(place)
            if len(free) == _PLACES:
                break
        return free


def _bounds(mask: NDArray[np.bool_]) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _moved(box: Box, x: int, y: int) -> Box:
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y
