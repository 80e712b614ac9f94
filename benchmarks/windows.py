"""Moving video that forensic methods are measured on: the middle of the films that nothing was learnt from."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from streamproc.forensics.traces import Picture
from streamproc.training.forensics.coded import h264
from streamproc.training.forensics.material import MEASURED_FILMS, clips_of
from streamproc.training.forensics.protocol import SIZE

FRAMES = 13
"""Of a clip; the last is the second keyframe, amid moving video."""


def windows(data: Path, count: int) -> Iterator[tuple[str, Iterator[list[Picture]]]]:
    """Yield each film's name, and windows of 512×384 at most of so many clips that are spread over it."""
    for film in sorted((data / "footage").iterdir()):
        if film.stem in MEASURED_FILMS:
            yield film.stem, ([middle(frame) for frame in clip] for clip in clips_of(film, count, FRAMES))


def middle(frame: Picture) -> Picture:
    """Return the middle of a frame, at most 512×384."""
    height, width = (min(want, have) for want, have in zip(SIZE, frame.shape[:2], strict=True))
    top, left = (frame.shape[0] - height) // 2, (frame.shape[1] - width) // 2
    return np.ascontiguousarray(frame[top : top + height, left : left + width])


def chance_of(name: str) -> np.random.Generator:
    """Return the source of chance that belongs to a film."""
    return np.random.default_rng([ord(letter) for letter in name])


def keyframe(frames: list[Picture], crf: int) -> Picture:
    """Return a clip's last frame, coded as a keyframe amid moving video."""
    return h264(frames, crf, FRAMES - 1)[-1][1]
