"""Follows one place through all samples: when its mark is there, and which pixels are the mark's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamproc.training.find.candidates import SEED, Lines, View, groups, grown, overlap, smoothed
from streamproc.training.find.changing import Shown, changes
from streamproc.training.find.gradients import Edges, Field, above, stays
from streamproc.training.find.presence import Course, Matches, follow
from streamproc.training.find.samples import Box, Samples

_ROUNDS = 3  # of finding the mark from when it is there, and when it is there from the mark
_FOLDS = 4  # a picture is never matched with a mark that was found with its help, or its scene's
_LOOKS = 3  # the last two farther around, when the mark turns out to be larger
_PLACES = 24  # elsewhere, to know what matches are like without the mark
_PICTURES = 150  # that are looked at there
_WIDEST, _TALLEST = 0.3, 0.4  # of the picture; what is larger is no bug
_BESIDE = 8  # pixels of a mark's surroundings that tell its ground
_THIN = 4  # pixels of 360 lines; what is no higher or no wider is a piece of a line
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
    view: View
    """In which view it was followed."""


@dataclass(frozen=True, slots=True)
class _Sums:
    """What the pictures with a mark come to, fold by fold."""

    edges: Field
    """(F, 2, h, w)"""
    energy: Field
    """(h, w), of all folds together: the sum of squared lengths."""
    counts: NDArray[np.float64]
    """(F,), sums of the weights."""


class Tracker:
    """Follows marks through samples of some footage."""

    def __init__(
        self, samples: Samples, taken: Sequence[Box], allowed: NDArray[np.bool_], lines: Mapping[View, Lines]
    ) -> None:
        """samples: what to look at; taken: where marks may be; allowed: (h, w), where they must be; lines: by view."""
        self._samples = samples
        self._shape = samples.luma.shape[1], samples.luma.shape[2]
        self._taken, self._allowed, self._lines = taken, allowed, lines
        self._weights = samples.weights

    def track(self, box: Box, view: View) -> Track | None:
        """Return the mark in and around a box and when it is there; None when there is none, or none so small."""
        track: Track | None = None
        for _ in range(_LOOKS):
            if self._too_large(box):
                return None
            frame = grown(box, max(14, (box[2] - box[0]) // 2), max(12, (box[3] - box[1]) // 2), self._shape)
            track = self._within(frame, box, view)
            if track is None or self._too_large(track.box) or _is_line(track.box):
                return None  # what has grown so far is a line or a caption band
            if not self._reaches_out(track.box, frame):
                break
            box = track.box
        return track

    def _within(self, frame: Box, box: Box, view: View) -> Track | None:
        """Return the mark that lies in a box, as far as it lies in the frame around it."""
        plain = Edges.of(self._cut(frame, view), self._allowed[frame[1] : frame[3], frame[0] : frame[2]])
        fields = plain
        if view.grey is not None:
            near = self._cut(grown(box, _BESIDE, _BESIDE, self._shape), view)
            fields = fields.turned(above(near.mean(axis=(1, 2)), view.grey))
        lines = self._lines[view].within(frame)
        inner = _moved(box, -frame[0], -frame[1])
        course = Course(np.ones(len(fields)), 0.0)
        for _ in range(_ROUNDS):
            sums = self._sums(fields, course.probability)
            found = self._mark(sums, inner, lines)
            if found is None:
                return None
            inner, mask, _ = found
            ground = self._ground(frame, inner, view)
            course = self._course(fields, sums, mask & lines.off(), inner, (ground, view))
        final = self._mark(self._sums(fields, course.probability), inner, lines)
        if final is None:
            return None
        inner, mask, best = final
        ground = self._ground(frame, inner, view)
        ticks = changes(plain, Shown(course.probability, self._samples.times, self._samples.scenes, ground), mask)
        return Track(_moved(inner, frame[0], frame[1]), course.probability, course.contrast, best, ticks, view)

    def _too_large(self, box: Box) -> bool:
        height, width = self._shape
        return bool(box[2] - box[0] > _WIDEST * width or box[3] - box[1] > _TALLEST * height)

    def _reaches_out(self, box: Box, frame: Box) -> bool:
        """Tell whether a mark ends so near the border of what was looked at that it may go on beyond."""
        whole = 0, 0, self._shape[1], self._shape[0]
        room = (box[0] - frame[0], box[1] - frame[1], frame[2] - box[2], frame[3] - box[3])
        return any(free < _ROOM and side != end for free, side, end in zip(room, frame, whole, strict=True))

    def _cut(self, box: Box, view: View, step: int = 1) -> NDArray[np.uint8]:
        return self._samples.plane(view.plane, box, step)

    def _ground(self, frame: Box, inner: Box, view: View) -> NDArray[np.float64]:
        """Return (N,) how bright it is in the frame around a box in it."""
        ring = np.ones((frame[3] - frame[1], frame[2] - frame[0]), bool)
        ring[inner[1] : inner[3], inner[0] : inner[2]] = False
        if not ring.any():
            return np.full(len(self._samples.times), 128.0)
        return np.array([picture[ring].mean() for picture in self._cut(frame, view)])

    def _sums(self, fields: Edges, probability: NDArray[np.float64]) -> "_Sums":
        weights = self._weights * probability
        folds = self._samples.scenes % _FOLDS == np.arange(_FOLDS)[:, None]
        return _Sums(fields.sums(weights * folds), fields.energy(weights), (weights * folds).sum(axis=1))

    @staticmethod
    def _mark(sums: "_Sums", near: Box, lines: Lines) -> tuple[Box, NDArray[np.bool_], float] | None:
        """Return the mark's box, its pixels, and the evidence of its best pixels, from when it is there."""
        mean = stays(lines.removed(sums.edges.sum(axis=0)), sums.energy, float(sums.counts.sum()))
        strong = smoothed(mean.evidence)
        best = float(np.percentile(strong[near[1] : near[3], near[0] : near[2]], 98))
        there = (strong > max(SEED, _SHARE * best)) & lines.off()
        parts = [part for part in groups(there, lines) if overlap(part[0], near)]
        if not parts:
            return None
        mask = np.logical_or.reduce([inside for _, inside in parts])
        length = np.sqrt((mean.mean**2).sum(axis=0))
        # On a black bar even the faint rings that coding leaves around a mark agree, so strength counts, too.
        firm = length > _FIRM * float(np.percentile(length[mask], 95))
        sharp = mask & firm & (mean.evidence > max(SEED, _TIGHT * best))
        return _bounds(sharp if sharp.any() else mask), mask, best

    def _course(
        self,
        fields: Edges,
        sums: "_Sums",
        mask: NDArray[np.bool_],
        inner: Box,
        seen: tuple[NDArray[np.float64], View],
    ) -> Course:
        ground, view = seen
        total, count = sums.edges.sum(axis=0), float(sums.counts.sum())
        marks = np.stack(
            [_local(total - sums.edges[fold], count - float(sums.counts[fold]), mask) for fold in range(_FOLDS)]
        )
        here = fields.matches(marks)[np.arange(len(fields)), self._samples.scenes % _FOLDS]
        rows, columns = slice(inner[1], inner[3]), slice(inner[0], inner[2])
        mark = _local(total, count, mask)[None, :, rows, columns]
        step = max(1, len(fields) // _PICTURES)
        elsewhere = [
            Edges.of(self._cut(place, view, step)).matches(mark)[:, 0]
            for place in self._places((inner[2] - inner[0], inner[3] - inner[1]))
        ]
        return follow(Matches(here, np.stack(elsewhere, axis=1), ground, self._samples.times, self._samples.scenes))

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


def _local(total: Field, count: float, mask: NDArray[np.bool_]) -> Field:
    """Return a mark's mean edges (2, h, w), less what is common to its surroundings."""
    mean = stays(total, np.ones(total.shape[1:], np.float32), 1.0).mean
    return np.asarray(mean * mask / np.float32(max(count, 1e-6)), np.float32)


def _is_line(box: Box) -> bool:
    return min(box[2] - box[0], box[3] - box[1]) <= _THIN


def _bounds(mask: NDArray[np.bool_]) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _moved(box: Box, x: int, y: int) -> Box:
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y
