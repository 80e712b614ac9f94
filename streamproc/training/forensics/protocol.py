"""The published protocol: photographs of 512×384, three inpainters, three shapes, four areas.

Painting takes the most time (G'MIC, one to three seconds of CPU a picture), so painted pictures are kept in a folder.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import cv2
import numpy as np

from streamproc.errors import ConfigError
from streamproc.forensics.traces import Mask, Picture
from streamproc.training.forensics.inpainters import GMIC_MODES, gmic
from streamproc.training.forensics.masks import PUBLISHED, Shape, hole

SIZE = 384, 512
AREAS = 4096, 1024, 256, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One painted picture."""

    image: str
    inpainter: str
    shape: Shape
    area: int

    @property
    def mask(self) -> Mask:
        """The hole: the same one for all inpainters."""
        seed = [ord(letter) for letter in f"{self.image}-{self.shape}-{self.area}"]
        return hole(self.shape, self.area, SIZE, np.random.default_rng(seed))


def photographs(folder: Path) -> dict[str, Picture]:
    """Return lossless photographs by name, their middle cut to 512×384. Raises ConfigError when there are none."""
    found = {}
    for path in sorted(folder.glob("*.png")):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None or picture.shape[0] < SIZE[0] or picture.shape[1] < SIZE[1]:
            raise ConfigError(f"{path}: is no picture of at least {SIZE[1]}×{SIZE[0]}")
        top, left = ((have - want) // 2 for have, want in zip(picture.shape[:2], SIZE, strict=True))
        found[path.stem] = np.ascontiguousarray(picture[top : top + SIZE[0], left : left + SIZE[1], ::-1])
    if len(found) < 3:
        raise ConfigError(f"{folder}: holds {len(found)} PNGs; the protocol needs at least 3 lossless photographs")
    return found


def split(names: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
    """Return the photographs to learn from, to choose thresholds with, and (every third) to measure on."""
    ordered = sorted(names)
    measured = ordered[2::3]
    others = [name for name in ordered if name not in measured]
    learnt = max(1, len(others) * 3 // 4)
    return others[:learnt], others[learnt:], measured


def cases(names: Iterable[str]) -> Iterator[Case]:
    """Return the protocol's cases, photograph by photograph."""
    for image, inpainter, shape, area in product(names, GMIC_MODES, PUBLISHED, AREAS):
        yield Case(image=image, inpainter=inpainter, shape=shape, area=area)


def painted(case: Case, picture: Picture, work: Path) -> tuple[Picture, Mask]:
    """Return the painted picture and its mask, from the work folder when it is there."""
    mask = case.mask
    digest = hashlib.sha256(mask.tobytes()).hexdigest()[:8]  # another hole, another file
    path = work / f"{case.image}-{case.inpainter.replace(' ', '_')}-{case.shape}-{case.area}-{digest}.png"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path.with_suffix(".part.png")), gmic(GMIC_MODES[case.inpainter])(picture, mask)[:, :, ::-1])
        path.with_suffix(".part.png").replace(path)
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if stored is None:
        raise ConfigError(f"{path}: is broken; delete it, and it is painted again")
    return np.ascontiguousarray(stored[:, :, ::-1]), mask
