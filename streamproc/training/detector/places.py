"""Where bugs are in footage: the detector's boxes of many pictures, gathered into places."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamproc.inference.card import Region
from streamproc.inference.detector import Found, LogoDetector, as_region, iou
from streamproc.media.keyframes import spread_keyframes

Progress = Callable[[str, float], None]

GATHERED = 0.2
"""The least score of a box that is gathered: far below what a single picture asks for, as scenery does not stay."""
CLEAR = 0.15
"""The least evidence of a place where a bug may be said to be; see benchmarks/detector.py for what stays below."""
_SAME = 0.4  # overlap from which on two boxes are one place
_TOGETHER = 0.25  # share of a place's pictures in which another may be seen, too, and both be one mark that moves
_OFTEN = 0.1  # share of pictures from which on a place is one that a mark may move to


@dataclass(frozen=True, slots=True)
class Sighting:
    """A picture of the footage and what was found in it."""

    time: float
    """Seconds from the beginning of the footage."""
    found: tuple[Found, ...]
    """Best first; empty when nothing was."""


@dataclass(frozen=True, slots=True)
class Place:
    """A part of the picture in which bugs were found again and again."""

    region: Region
    """The median of the boxes."""
    score: float
    """Mean of the boxes' scores."""
    seen: NDArray[np.bool_]
    """(N,), in which of the pictures."""

    @property
    def share(self) -> float:
        """Share of the pictures in which something was found here, 0 to 1."""
        return float(self.seen.mean())

    @property
    def evidence(self) -> float:
        """The mean of the scores over all pictures, 0 to 1, those in which nothing was found here counting as 0."""
        return self.share * self.score

    @property
    def is_clear(self) -> bool:
        """Whether a bug may be said to be here: there is more evidence than scenery gives."""
        return self.evidence >= CLEAR


def look(
    sources: Sequence[Path], detector: LogoDetector, *, every: float, threshold: float = GATHERED, progress: Progress
) -> list[Sighting]:
    """Look for bugs in keyframes that are at least so many seconds apart. Raises SourceError.

    A low threshold is right here: scenery that is taken for a bug is elsewhere in the next picture.
    """
    sightings: list[Sighting] = []
    for time, picture in spread_keyframes(sources, every=every):
        sightings.append(Sighting(time, tuple(detector.find(picture, threshold=threshold))))
        progress(f"looked at {len(sightings)} pictures", 0.0)
    return sightings


def places(sightings: Sequence[Sighting], *, least: float = 0.05) -> list[Place]:
    """Gather boxes that overlap into places, the one with most evidence first.

    The best-scored box begins a place, and takes in all that overlap it by 0.4 or more; then the best of the rest.
    A place must be seen in two pictures, and in a share of ``least``, if there are more pictures than one.
    """
    numbered = [(number, found) for number, sighting in enumerate(sightings) for found in sighting.found]
    if not numbered:
        return []
    numbers = np.array([number for number, _ in numbered])
    boxes = np.array([_box(found.region) for _, found in numbered], np.float32)
    scores = np.array([found.score for _, found in numbered], np.float32)
    needed = max(min(2, len(sightings)), least * len(sightings))
    free, gathered = np.ones(len(boxes), bool), []
    for index in np.argsort(-scores, kind="stable"):
        if not free[index]:
            continue
        members = free & (iou(boxes[index : index + 1], boxes)[0] >= _SAME)
        free &= ~members
        seen = np.zeros(len(sightings), bool)
        seen[numbers[members]] = True
        if seen.sum() >= needed:
            region = as_region(np.asarray(np.median(boxes[members], axis=0), np.float32))
            gathered.append(Place(region, float(scores[members].mean()), seen))
    return sorted(gathered, key=lambda place: -place.evidence)


def moving(found: Sequence[Place]) -> list[Place]:
    """Return the places that one mark may move between: each is seen often, and hardly ever with another of them.

    Empty when there are fewer than two such places.
    """
    chosen: list[Place] = []
    for place in found:
        often = place.share >= _OFTEN
        if often and all(float((place.seen & other.seen).sum()) <= _TOGETHER * place.seen.sum() for other in chosen):
            chosen.append(place)
    return chosen if len(chosen) > 1 else []


def _box(region: Region) -> tuple[float, float, float, float]:
    return region.x, region.y, region.x + region.width, region.y + region.height
