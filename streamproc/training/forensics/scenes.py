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
from streamproc.training.forensics.masks import Shape, hole, logo_hole
from streamproc.training.forensics.scenery import Logo

CROP = 192
"""Pixels a side of what the networks learn from."""
UNTOUCHED, PAINTED, IGNORED, SMALL = 0, 1, 2, 3
"""What a truth map says of a pixel; ignored: painted where paint can't be told from what was there; small: painted, in
a hole that only the finer network can see."""
_APART = 12  # pixels between holes
_SMALLEST, _LARGEST = 64, 14_000  # pixels of a hole
_LOGOS = 0.25  # share of holes that are shaped like one, where there are some,
_LEAST_LOGO = 600  # and so many pixels at least: a smaller one has no shape
_SEEN = 300  # pixels of a hole, from which on the coarser network can see it
_FLAT = 1.0  # mean |Laplacian| of luma around a hole, below which nothing can be told
_RING = np.ones((17, 17), np.uint8)

Labels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Crops:
    """What the networks learn from."""

    pixels: NDArray[np.uint8]
    """(N, CROP, CROP, 3) RGB."""
    truth: Labels
    """(N, CROP, CROP): see UNTOUCHED, PAINTED, IGNORED, SMALL."""

    def save(self, path: Path) -> None:
        """Write them, one to two gigabytes."""
        np.savez(path, pixels=self.pixels, truth=self.truth)

    @classmethod
    def load(cls, path: Path) -> "Crops":
        """Read what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["pixels"], arrays["truth"])

    @classmethod
    def joined(cls, parts: Sequence["Crops"]) -> "Crops":
        """Return all of them."""
        return cls(np.concatenate([part.pixels for part in parts]), np.concatenate([part.truth for part in parts]))


@dataclass(frozen=True, slots=True)
class Hole:
    """A hole, and who paints it over."""

    mask: Mask
    paint: Inpainter


def holes(
    size: tuple[int, int],
    inpainters: Mapping[str, Inpainter],
    most: int,
    rng: np.random.Generator,
    brands: Sequence[Logo] = (),
) -> list[Hole]:
    """Return up to ``most`` holes that keep off each other, in a picture of (H, W) ``size``.

    Where there are brands, some have the shape of one.
    """
    taken = np.zeros(size, bool)
    found: list[Hole] = []
    largest = min(_LARGEST, size[0] * size[1] // 16)
    for _ in range(2 * most):
        area = round(np.exp(rng.uniform(np.log(_SMALLEST), np.log(largest))))
        try:
            if brands and area >= _LEAST_LOGO and rng.random() < _LOGOS:
                mask = logo_hole(brands[int(rng.integers(len(brands)))][:, :, 3], area, size, rng)
            else:
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
    """Return the truth map (H, W) of holes in a picture as it is looked at: painted, and coded.

    What coding left around a hole counts: where that is flat, nobody can tell.
    """
    labels = np.zeros(picture.shape[:2], np.uint8)
    busy = texture(luma(picture))
    painted = np.any([one.mask for one in over], axis=0) if over else np.zeros(labels.shape, bool)
    for one in over:
        ring = (cv2.dilate(one.mask.astype(np.uint8), _RING) > 0) & ~painted
        if not ring.any() or busy[ring].mean() < _FLAT:
            labels[one.mask] = IGNORED
        else:
            labels[one.mask] = PAINTED if one.mask.sum() >= _SEEN else SMALL
    return labels


def crops(picture: Picture, labels: Labels, elsewhere: int, rng: np.random.Generator) -> Crops:
    """Return a crop around each part of the truth map, off its middle, and some from anywhere in the picture.

    The picture must be as large as a crop at least.
    """
    height, width = labels.shape
    count, _, _, middles = cv2.connectedComponentsWithStats((labels > 0).astype(np.uint8), connectivity=8)
    places = [
        (middles[number][1] + rng.uniform(-60, 60), middles[number][0] + rng.uniform(-60, 60))
        for number in range(1, count)
    ]
    places += [(rng.uniform(0, height), rng.uniform(0, width)) for _ in range(elsewhere)]
    cut: list[tuple[Picture, Labels]] = []
    for row, column in places:
        top = int(np.clip(row - CROP / 2, 0, height - CROP))
        left = int(np.clip(column - CROP / 2, 0, width - CROP))
        window = np.s_[top : top + CROP, left : left + CROP]
        cut.append((picture[window], labels[window]))
    pixels = np.array([one for one, _ in cut], np.uint8).reshape(-1, CROP, CROP, 3)
    return Crops(pixels, np.array([other for _, other in cut], np.uint8).reshape(-1, CROP, CROP))


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
