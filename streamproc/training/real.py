"""Takes pictures out of real footage: scenery to put a logo over."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from streamproc.errors import SourceError
from streamproc.inference.card import Region
from streamproc.media.decoder import decode_keyframes
from streamproc.media.files import FileFootage
from streamproc.training.backgrounds import Group, Picture

Progress = Callable[[str, float], None]

_PICTURES = 120  # of all footage together, kept in memory
_LINES = 540  # of a kept picture, at most


def scenery(sources: Sequence[Path], region: Region, progress: Progress) -> list[Group]:
    """Return pictures of footage without the part that may hold the bug, in groups that are origins of their own.

    Four or more recordings are a group each; fewer are cut into four stretches. Raises SourceError.
    """
    groups: list[Group] = []
    share = max(4, _PICTURES // max(1, len(sources)))
    for number, path in enumerate(sources):
        progress("reading footage", number / len(sources))
        pictures = [_without(region, picture) for picture in stills(path, share)]
        if not pictures:
            raise SourceError(f"{path}: holds no picture that can be decoded")
        parts = 1 if len(sources) >= 4 else min(4, len(pictures))
        for part in range(parts):
            stretch = pictures[part * len(pictures) // parts : (part + 1) * len(pictures) // parts]
            groups.append(Group(path.name, stretch))
    return groups


def lines_of(sources: Sequence[Path]) -> int:
    """Return the height of the footage's pictures, of the tallest part. Raises SourceError."""
    return max(epoch.format.video.height for epoch in FileFootage(sources).epochs())


def stills(path: Path, count: int, lines: int = _LINES) -> Iterator[Picture]:
    """Yield about so many whole pictures, spread over a recording: (H, W, 3) uint8 RGB, at most so many lines.

    Raises SourceError.
    """
    for epoch in FileFootage([path]).epochs():
        times = epoch.keyframe_times(Fraction(0), epoch.end())
        wanted = set(times[:: max(1, len(times) // count)])
        for frame in decode_keyframes(epoch, Fraction(0), epoch.end(), wanted.__contains__):
            yield reduced(frame.crop((0, 0, frame.width // 2 * 2, frame.height // 2 * 2)), lines)


def reduced(picture: Picture, lines: int) -> Picture:
    """Return a picture, (H, W, 3) uint8, scaled down to so many lines; a smaller one as it is."""
    if picture.shape[0] <= lines:
        return picture
    width = round(picture.shape[1] * lines / picture.shape[0])
    return np.asarray(cv2.resize(picture, (width, lines), interpolation=cv2.INTER_AREA), np.uint8)


def _without(region: Region, picture: Picture) -> Picture:
    """Return the largest part beside, above or below a region."""
    height, width = picture.shape[:2]
    left, top, right, bottom = region.pixels(width, height)
    parts = [picture[:top], picture[bottom:], picture[:, :left], picture[:, right:]]
    return np.ascontiguousarray(max(parts, key=lambda part: part.shape[0] * part.shape[1]))
