"""What the detector is trained and measured on: logos and grounds, split by brand and by source."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ConfigError, ModelError
from streamproc.media.files import VIDEO_SUFFIXES
from streamproc.media.keyframes import spread_keyframes
from streamproc.training import backgrounds
from streamproc.training.backgrounds import Group
from streamproc.training.logos import read_logo
from streamproc.training.real import reduced

Picture = NDArray[np.uint8]

_IMAGE_SUFFIXES = frozenset((".jpg", ".jpeg", ".png"))
_STILLS = 24  # of one recording: neighbouring ones look alike
_LINES = 720  # of a kept ground, at most
_MARKED_CORNER = 0.86  # share of width and height kept of footage that carries a mark of its own bottom right


@dataclass(frozen=True, slots=True)
class Material:
    """One side of the split."""

    logos: tuple[tuple[str, Picture], ...]
    """Name and (h, w, 4) uint8 RGBA of each."""
    grounds: tuple[Group, ...]
    """Pictures without a bug, a group an origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """What lies under the bugs, beside what the project draws and what ships with scikit-image."""

    paths: tuple[Path, ...] = ()
    """Recordings, pictures, or folders of them, none with a bug in it."""
    marked: tuple[str, ...] = ()
    """Beginnings of the names of those that have a mark of their own at the bottom right, which is cut off."""
    measured: tuple[str, ...] = ()
    """Beginnings of the names of those that are held out whatever their checksum."""

    def measures(self, file: Path) -> bool:
        """Tell whether a file is held out from training."""
        return held_out(file.name) or file.name.startswith(self.measured)


def held_out(name: str) -> bool:
    """Tell whether what bears this name is for measuring: one in four, by a checksum, so on every machine the same."""
    return zlib.crc32(name.encode()) % 4 == 3


def brand(path: Path) -> str:
    """Return what a logo file is split by: country and first word, so that one brand's channels stay on one side.

    >>> brand(Path("south-africa__supersport-4.png"))
    'south-africa__supersport'
    """
    country, _, name = path.stem.partition("__")
    return f"{country}__{name.partition('-')[0]}"


def gather(logos: Path, footage: Footage, *, measuring: bool, seed: int = 0) -> Material:
    """Read one side of the split.

    logos: a folder of PNGs with alpha. measuring: whether to read the held-out side. Raises ConfigError when there is
    nothing of that side, SourceError when a recording can't be read.
    """
    rng = np.random.default_rng((seed, measuring))
    named = tuple(_logos(logos, measuring))
    if not named:
        raise ConfigError(f"{logos}: holds too few PNGs with alpha to draw as bugs; --data takes a folder of logos")
    files = [file for source in footage.paths for file in _files(source) if footage.measures(file) == measuring]
    groups = [Group(file.name, _pictures(file, footage.marked)) for file in files]
    groups += [group for group in backgrounds.photographs() if held_out(group.name) == measuring]
    groups += [backgrounds.drawn(rng, 24)]
    return Material(named, tuple(group for group in groups if len(group.pictures)))


def _logos(folder: Path, measuring: bool) -> Iterator[tuple[str, Picture]]:
    for path in sorted(folder.glob("*.png")):
        if held_out(brand(path)) != measuring:
            continue
        try:
            yield path.stem, read_logo(path)
        except ModelError:
            continue  # a logo on an opaque ground is no bug


def _files(source: Path) -> list[Path]:
    if not source.exists():
        raise ConfigError(f"{source}: is not there; --footage takes recordings, pictures, or folders of them")
    if source.is_file():
        return [source]
    return sorted(path for path in source.iterdir() if path.suffix.lower() in VIDEO_SUFFIXES | _IMAGE_SUFFIXES)


def _pictures(file: Path, marked: tuple[str, ...]) -> list[Picture]:
    if file.suffix.lower() in _IMAGE_SUFFIXES:
        picture = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
        found = [] if picture is None else [np.asarray(picture, np.uint8)]
    else:
        found = [reduced(picture, _LINES) for _, picture in spread_keyframes([file], count=_STILLS)]
    if not file.name.startswith(marked):
        return found
    return [
        picture[: int(len(picture) * _MARKED_CORNER), : int(picture.shape[1] * _MARKED_CORNER)] for picture in found
    ]
