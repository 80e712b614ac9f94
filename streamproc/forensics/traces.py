"""What every method gives: where a picture was painted over, how sure that is, and whether anything can be said."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import PictureError
from streamproc.messages import Box as Box  # what is found is spoken of where no picture is looked at, too
from streamproc.messages import Reliability as Reliability

Picture: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) RGB."""
Map: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What a method says of one picture."""

    heat: Map
    """(H, W) in [0, 1]: how much each pixel looks painted."""
    mask: Mask
    """(H, W): the pixels taken for painted."""
    boxes: tuple[Box, ...]
    """Around the mask's parts, the largest first."""
    score: float
    """In [0, 1]: how sure it is that the picture was painted over at all."""
    reliability: Reliability
    """Whether that can be told on this picture."""


_SMALLEST = 16


def refuse_small(picture: Picture) -> None:
    """Raise PictureError when a picture is smaller than 16×16."""
    if min(picture.shape[:2]) < _SMALLEST:
        size = f"{picture.shape[1]}×{picture.shape[0]}"
        raise PictureError(f"a picture of {size} is too small to be examined; {_SMALLEST}×{_SMALLEST} is the least")


class Method(Protocol):
    """One way to look for traces."""

    @property
    def name(self) -> str:
        """Short name, as in ``--method``."""
        ...

    def examine(self, picture: Picture) -> Traces:
        """Look at a picture. Raises PictureError when it can't be examined."""
        ...


def boxes_of(mask: Mask) -> tuple[Box, ...]:
    """Return the boxes around a mask's connected parts (8 neighbours), the largest part first."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    order = sorted(range(1, count), key=lambda number: -int(stats[number, cv2.CC_STAT_AREA]))
    boxes = []
    for number in order:
        left, top, width, height = (int(value) for value in stats[number, :4])
        boxes.append(Box(left=left, top=top, right=left + width, bottom=top + height))
    return tuple(boxes)
