"""Painted scenes: several holes in one picture or in all frames of a clip, and crops around them to learn from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.residual import luma, texture
from streamproc.forensics.traces import Mask, Picture
from streamproc.training.forensics.inpainters import Inpainter
from streamproc.training.forensics.masks import Shape, hole

CROP = 128
"""Pixels a side of what the network learns from."""
UNTOUCHED, PAINTED, IGNORED = 0, 1, 2
"""What a truth map says of a pixel; ignored: painted, or beside it, where paint can't be told from what was there."""
_APART = 12  # pixels between holes
_SMALLEST, _LARGEST = 64, 12_000  # pixels of a hole
_FLAT = 1.2  # mean |Laplacian| of luma around a hole, below which nothing can be told

Labels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Crops:
    """What the network learns from."""

    luma: NDArray[np.uint8]
    """(N, 128, 128)."""
    truth: Labels
    """(N, 128, 128): see UNTOUCHED, PAINTED, IGNORED."""

    def save(self, path: Path) -> None:
        """Write them, some 200 MB."""
        np.savez(path, luma=self.luma, truth=self.truth)

    @classmethod
    def load(cls, path: Path) -> "Crops":
        """Read what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["luma"], arrays["truth"])

    @classmethod
    def joined(cls, parts: Sequence["Crops"]) -> "Crops":
        """Return all of them."""
        return cls(np.concatenate([part.luma for part in parts]), np.concatenate([part.truth for part in parts]))


@dataclass(frozen=True, slots=True)
class Hole:
    """A hole, and who paints it over."""

    mask: Mask
    paint: Inpainter


def holes(
    size: tuple[int, int], inpainters: Mapping[str, Inpainter], most: int, rng: np.random.Generator
) -> list[Hole]:
    """Return up to ``most`` holes that keep off each other, in a picture of (H, W) ``size``."""
    taken = np.zeros(size, bool)
    found: list[Hole] = []
    largest = min(_LARGEST, size[0] * size[1] // 16)
    for _ in range(2 * most):
        area = round(np.exp(rng.uniform(np.log(_SMALLEST), np.log(largest))))
        try:
            mask = hole(rng.choice(list(Shape)), area, size, rng)
        except ValueError:
            continue
        if len(found) < most and not (mask & taken).any():
            taken |= cv2.dilate(mask.astype(np.uint8), np.ones((2 * _APART + 1,) * 2)) > 0
            found.append(Hole(mask, inpainters[rng.choice(list(inpainters))]))
    return found


def paint(picture: Picture, over: Sequence[Hole]) -> Picture:
    """Return the picture with all holes painted over."""
    for one in over:
        picture = one.paint(picture, one.mask)
    return picture


def truth(picture: Picture, over: Sequence[Hole]) -> Labels:
    """Return the truth map (H, W) of holes in a picture as it was before."""
    labels = np.zeros(picture.shape[:2], np.uint8)
    busy = texture(luma(picture))
    for one in over:
        near = cv2.dilate(one.mask.astype(np.uint8), np.ones((9, 9))) > 0
        labels[one.mask] = PAINTED if busy[near].mean() >= _FLAT else IGNORED
    return labels


def captioned(picture: Picture, rng: np.random.Generator) -> Picture:
    """Return the picture with a caption as television draws them: smooth on purpose, and not painted out."""
    height, width = picture.shape[:2]
    drawn = picture.copy()
    top, left = int(rng.integers(0, height * 3 // 4)), int(rng.integers(0, width // 2))
    bottom, right = top + int(rng.integers(12, height // 4)), left + int(rng.integers(40, width // 2))
    colour = rng.integers(0, 256, 3)
    fade = np.linspace(1, rng.uniform(0.5, 1), max(1, min(right, width) - left))[None, :, None]
    part = drawn[top:bottom, left:right]
    alpha = rng.choice([1.0, 1.0, 0.7])
    drawn[top:bottom, left:right] = np.rint(part * (1 - alpha) + alpha * colour * fade).astype(np.uint8)
    size = rng.uniform(0.4, 0.9)
    ink = tuple(int(255 - value) for value in colour)
    text = "".join(rng.choice(list("ABCDEFGHIKLMNOPRSTUVXYZ 0123456789"), 12))
    cv2.putText(drawn, text, (left + 4, (top + bottom) // 2), cv2.FONT_HERSHEY_DUPLEX, size, ink, 1, cv2.LINE_AA)
    return drawn


def crops(picture: Picture, labels: Labels, rng: np.random.Generator) -> Crops:
    """Return a crop around each part of the truth map, off its middle, and as many from anywhere in the picture."""
    height, width = labels.shape
    count, _, _, middles = cv2.connectedComponentsWithStats((labels > 0).astype(np.uint8), connectivity=8)
    light = luma(picture).astype(np.uint8)
    places = [
        (middles[number][1] + rng.uniform(-40, 40), middles[number][0] + rng.uniform(-40, 40))
        for number in range(1, count)
    ]
    places += [(rng.uniform(0, height), rng.uniform(0, width)) for _ in range(max(1, count - 1))]
    cut: list[tuple[NDArray[np.uint8], Labels]] = []
    for row, column in places:
        top = int(np.clip(row - CROP / 2, 0, height - CROP))
        left = int(np.clip(column - CROP / 2, 0, width - CROP))
        window = np.s_[top : top + CROP, left : left + CROP]
        cut.append((light[window], labels[window]))
    return Crops(np.stack([one for one, _ in cut]), np.stack([other for _, other in cut]))


def panned(picture: Picture, size: tuple[int, int], count: int, rng: np.random.Generator) -> Iterator[Picture]:
    """Yield frames (h, w, 3) that a camera would take while it moves over a picture, each with its own grain."""
    room = np.array(picture.shape[:2]) - size
    place = rng.uniform(0, 1, 2) * room
    step = rng.uniform(-3, 3, 2)
    grain = rng.uniform(0, 2.5)
    for _ in range(count):
        top, left = (int(value) for value in np.clip(place, 0, room))
        frame = picture[top : top + size[0], left : left + size[1]] + rng.normal(0, grain, (*size, 1))
        yield np.clip(np.rint(frame), 0, 255).astype(np.uint8)
        place = place + step
