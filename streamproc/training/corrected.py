"""What is known of a channel's recording, as crops: what people said of it, and what was decided with confidence.

What people say are the *corrections*; the model's own final segments only remind a new model of what the old one knew.
They are left out where somebody said something else, near their ends, where a boundary is in doubt, and from when on
an alarm was up: then the old model is no witness.

Each kind's stretches go to three uses that share no stretch: to learn from, to tune (calibration, thresholds), to
judge by. Of few stretches each is cut in four first, with a gap between the pieces.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.catalogue import AlarmRow, SegmentRow
from streamproc.errors import RecordingError
from streamproc.inference.card import Region
from streamproc.logic.labels import Label, without
from streamproc.media.decoder import Frame, decode_frames, decode_keyframes
from streamproc.media.footage import Epoch, Footage
from streamproc.messages import BoundaryState, Kind

Picture = NDArray[np.uint8]

CONFIDENT = 0.8
"""A segment both of whose boundaries are at least so sure is taken at its word."""
MARGIN_S = Fraction(3)
"""So much of a segment is left out at either end: fades, and boundaries that are a little off."""
MOST_S = Fraction(2 * 3600)
"""So much recording of each kind is looked at, the newest."""
MOST = 400
"""Frames of each kind and origin that are kept, at most."""
_GAP_S = Fraction(1)  # between pieces of one stretch
_LEAST_S = Fraction(1, 2)  # a shorter stretch is nothing
_CLOSEST_S = Fraction(1, 5)  # frames are taken no closer together
_FEW = 4  # with fewer stretches of a kind, each is cut in so many pieces
_USES = (0, 1, 2, 0)  # what the pieces, or the stretches, are for, in turn


class Use(IntEnum):
    """What a stretch is for."""

    LEARN = 0
    JUDGE = 1
    TUNE = 2


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the recording of which it is known what is on air."""

    label: Label
    """Where, and what."""
    corrected: bool
    """True when a person said so, False for what was decided with confidence."""
    use: Use
    """What it is for."""


@dataclass(frozen=True, slots=True)
class Look:
    """The bug's corner on one frame."""

    old: Picture
    """(h, w, 3) uint8 RGB: what the old model sees."""
    new: Picture
    """(h, w, 3) uint8 RGB: what the new model will see; the same as ``old`` while the region stays."""
    present: bool
    """Whether the bug is there."""
    corrected: bool
    """Whether a person said so."""
    use: Use
    """What it is for."""


def confident(segments: Sequence[SegmentRow], alarms: Sequence[AlarmRow], said: Sequence[Label]) -> list[Label]:
    """Return what final segments say with confidence, where no person and no alarm speaks against them."""
    trusted = []
    for segment in segments:
        end = segment.end
        final = segment.state is BoundaryState.FINAL and segment.confidence >= CONFIDENT
        if end is None or not final or segment.kind is Kind.UNKNOWN or _in_doubt(segment, alarms):
            continue
        start, stop = segment.start.time + MARGIN_S, end.time - MARGIN_S
        if stop - start >= _LEAST_S:
            whole = Label(epoch=segment.epoch, start=start, end=stop, kind=segment.kind)
            trusted += without(whole, said)
    return trusted


def stretches(said: Sequence[Label], trusted: Sequence[Label]) -> list[Stretch]:
    """Return all pieces with their uses, the newest first, no more of each kind and origin than MOST_S.

    said: as effective() returns them; none overlaps another.
    """
    found = []
    for corrected, labels in ((True, said), (False, trusted)):
        for kind in (Kind.PROGRAMME, Kind.ADVERT):
            newest = sorted((one for one in labels if one.kind is kind), key=_place, reverse=True)
            few = len(newest) < _FEW
            pieces = [piece for label in newest for piece in (_quarters(label) if few else [label])]
            used = [Stretch(piece, corrected, Use(_USES[number % 4])) for number, piece in enumerate(pieces)]
            found += list(_newest(used))
    return found


def gather(footage: Footage, known: Sequence[Stretch], old: Region, new: Region) -> list[Look]:
    """Return crops of frames spread over the stretches; what retention has deleted is left out.

    Memory: at most 4 × MOST frames' crops, of about 0.1 MB each at 1080 lines.
    """
    epochs = {epoch.id: epoch for epoch in footage.epochs()}
    lengths: dict[tuple[Kind, bool], Fraction] = {}
    for stretch in known:
        key = stretch.label.kind, stretch.corrected
        lengths[key] = lengths.get(key, Fraction(0)) + stretch.label.end - stretch.label.start
    looks = []
    for stretch in known:
        label = stretch.label
        if label.epoch not in epochs:
            continue
        step = max(_CLOSEST_S, lengths[label.kind, stretch.corrected] / MOST)
        try:
            for frame in _frames(epochs[label.epoch], label.start, label.end, step):
                before = frame.crop(old.pixels(frame.width, frame.height))
                after = before if new == old else frame.crop(new.pixels(frame.width, frame.height))
                looks.append(Look(before, after, label.kind is Kind.PROGRAMME, stretch.corrected, stretch.use))
        except RecordingError:  # retention was here first
            continue
    return looks


def scaled(pictures: Sequence[Picture], size: tuple[int, int]) -> Picture:
    """Return pictures as one (N, h, w, 3) uint8 array of this width and height."""
    width, height = size
    if not pictures:
        return np.zeros((0, height, width, 3), np.uint8)
    return np.stack([np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_AREA), np.uint8) for one in pictures])


def _in_doubt(segment: SegmentRow, alarms: Sequence[AlarmRow]) -> bool:
    end = segment.end
    if end is None or segment.start.utc_ns is None or end.utc_ns is None:
        return bool(alarms)
    return any(
        segment.start.utc_ns < (alarm.cleared_ns or end.utc_ns + 1) and end.utc_ns > alarm.since_ns for alarm in alarms
    )


def _place(label: Label) -> tuple[int, Fraction]:
    return label.epoch, label.start


def _quarters(label: Label) -> list[Label]:
    """Cut a label in four, the newest first, with gaps between; a short one stays whole."""
    length = (label.end - label.start - 3 * _GAP_S) / 4
    if length < _LEAST_S:
        return [label]
    starts = [label.start + number * (length + _GAP_S) for number in range(4)]
    return [Label(epoch=label.epoch, start=at, end=at + length, kind=label.kind) for at in reversed(starts)]


def _newest(known: Sequence[Stretch]) -> Iterator[Stretch]:
    left = MOST_S
    for stretch in known:
        if left <= 0:
            return
        label = stretch.label
        start = max(label.start, label.end - left)
        left -= label.end - start
        yield Stretch(
            Label(epoch=label.epoch, start=start, end=label.end, kind=label.kind), stretch.corrected, stretch.use
        )


def _frames(epoch: Epoch, start: Fraction, end: Fraction, step: Fraction) -> Iterator[Frame]:
    """Yield frames of [start, end), at least ``step`` apart: keyframes, or frames between where these are too few."""
    times = epoch.keyframe_times(start, end)
    enough = 2 * len(times) * step >= end - start
    last: Fraction | None = None
    for frame in decode_keyframes(epoch, start, end) if enough else decode_frames(epoch, start, end):
        if last is None or frame.time - last >= step:
            last = frame.time
            yield frame
