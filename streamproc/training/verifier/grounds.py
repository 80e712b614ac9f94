"""What the verifier's logos are put over: folders of pictures, and footage."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from streamproc.errors import SourceError
from streamproc.media.decoder import Frame, decode_frames, decode_keyframes
from streamproc.media.files import FileFootage, find_sources
from streamproc.media.footage import Epoch
from streamproc.training.backgrounds import Group, Picture
from streamproc.training.real import reduced

_PICTURES = frozenset({".png", ".jpg", ".jpeg"})
_STILLS = 24  # of a recording
_LONGEST = Fraction(60)
_LINES = 540  # of a picture that is kept, at most


def read_grounds(paths: Sequence[Path]) -> list[Group]:
    """Return a group for each picture of a folder of pictures, and one for each recording. Raises SourceError."""
    groups: list[Group] = []
    for path in paths:
        pictures = sorted(file for file in path.glob("*") if file.suffix.lower() in _PICTURES) if path.is_dir() else []
        groups.extend(Group(file.name, [_read(file)]) for file in pictures)
        if not pictures:
            groups.extend(Group(file.name, list(_stills(file))) for file in find_sources(str(path)))
    return groups


def _read(path: Path) -> Picture:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise SourceError(f"{path}: is not a picture that can be read")
    return reduced(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8), _LINES)


def _stills(path: Path) -> Iterator[Picture]:
    """Yield pictures spread over a recording: keyframes, or where there are too few of them, frames between."""
    for epoch in FileFootage([path]).epochs():
        times = epoch.keyframe_times(Fraction(0), epoch.end())
        chosen = set(times[:: max(1, len(times) // _STILLS)])
        keyframes = decode_keyframes(epoch, Fraction(0), epoch.end(), chosen.__contains__)
        for frame in keyframes if len(times) >= _STILLS else _some(epoch):
            yield reduced(frame.crop((0, 0, frame.width // 2 * 2, frame.height // 2 * 2)), _LINES)


def _some(epoch: Epoch) -> Iterator[Frame]:
    """Yield a frame in every so many of the recording's first minutes."""
    end = min(epoch.end(), _LONGEST)
    due = Fraction(0)
    for frame in decode_frames(epoch, Fraction(0), end):
        if frame.time >= due:
            due += end / _STILLS
            yield frame
