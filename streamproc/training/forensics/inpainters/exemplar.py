"""Exemplar inpainting: patches copied from elsewhere in the picture."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from streamproc.errors import ConfigError
from streamproc.forensics.traces import Mask, Picture
from streamproc.training.forensics.inpainters.contract import inpainter, parts

_RADIUS = 4  # patches of 9×9, as Criminisi's
_REACH = 64  # pixels around the hole that patches come from
_CONTRAST = 255.0  # Criminisi's α
_LEAST_EDGE = 1e-3  # of the data term, so that flat places are filled too, the best known ones first
_SEED, _MATCHED_RADIUS = 0, 3  # of PatchMatch; its makers' examples use 3

Grey = NDArray[np.float32]
Place = tuple[int, int]


@inpainter
def criminisi(picture: Picture, mask: Mask) -> Picture:
    """Copy whole patches of 9×9 into the hole, along strong edges first, each the one that fits best.

    Of all pixels p of the hole's border that with the largest P(p) = C(p) D(p) is next: C(p) the mean confidence in its
    patch, D(p) = |∇I⊥ · n| / α how strong an edge runs into the hole there. From up to 64 pixels around the hole comes
    the patch with the least squared distance in CIELab; its confidence becomes C(p). Where no whole patch is known,
    smaller ones are taken.
    Source: Criminisi, Pérez, Toyama 2004, "Region Filling and Object Removal by Exemplar-Based Image Inpainting".
    """
    painted = picture.copy()
    for part in parts(mask, _REACH):
        filling = _Filling.begun(painted[part.window], part.unknown)
        while (place := filling.next_place()) is not None:
            filling.copy(place, filling.best(place))
        radius = filling.radius
        filled = filling.colours[radius : -radius or None, radius : -radius or None]
        painted[part.window][part.mine] = filled[part.mine]
    return painted


@dataclass(slots=True)
class _Filling:
    """A picture, framed by ``radius`` pixels that are never filled, while its hole is being filled."""

    radius: int
    colours: Picture
    lab: NDArray[np.float32]
    light: Grey
    left: Mask
    """What is still to be filled."""
    known: Mask
    sources: Mask
    """Where the upper left corners of patches are that were known from the beginning."""
    confidence: Grey

    @classmethod
    def begun(cls, picture: Picture, unknown: Mask) -> Self:
        radius = _largest_patch(unknown, _RADIUS)
        colours = np.pad(picture, ((radius, radius), (radius, radius), (0, 0)), mode="edge")
        known = np.pad(~unknown, radius)
        return cls(
            radius,
            colours,
            cv2.cvtColor(colours.astype(np.float32) / 255, cv2.COLOR_RGB2Lab),
            cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY).astype(np.float32),
            np.pad(unknown, radius),
            known,
            _whole(known, radius),
            known.astype(np.float32),
        )

    def next_place(self) -> Place | None:
        """Return the pixel of the border whose patch is filled next, None when all is filled."""
        rows, columns = np.nonzero(self.left & (cv2.dilate(self.known.astype(np.uint8), np.ones((3, 3))) > 0))
        if not rows.size:
            return None
        side = 2 * self.radius + 1
        corners = rows - self.radius, columns - self.radius
        sure = sliding_window_view(self.confidence, (side, side))[corners].mean(axis=(1, 2))
        best = int(np.argmax(sure * (self._edges(rows, columns) + _LEAST_EDGE)))
        return int(rows[best]), int(columns[best])

    def _edges(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return Criminisi's data term at pixels of the border."""
        side = 2 * self.radius + 1
        inside = cv2.erode(self.known.astype(np.uint8), np.ones((3, 3)))  # where a slope is all of known pixels
        slope_x = cv2.Sobel(self.light, cv2.CV_32F, 1, 0, scale=1 / 8) * inside
        slope_y = cv2.Sobel(self.light, cv2.CV_32F, 0, 1, scale=1 / 8) * inside
        corners = rows - self.radius, columns - self.radius
        around_x = sliding_window_view(slope_x, (side, side))[corners].reshape(len(rows), -1)
        around_y = sliding_window_view(slope_y, (side, side))[corners].reshape(len(rows), -1)
        each = np.arange(len(rows)), np.argmax(around_x**2 + around_y**2, axis=1)
        hole = cv2.GaussianBlur(self.left.astype(np.float32), (0, 0), 1)
        normal_x = cv2.Sobel(hole, cv2.CV_32F, 1, 0)[rows, columns]
        normal_y = cv2.Sobel(hole, cv2.CV_32F, 0, 1)[rows, columns]
        length = np.hypot(normal_x, normal_y) + 1e-9
        return np.asarray(np.abs(around_x[each] * normal_y - around_y[each] * normal_x) / length / _CONTRAST)

    def _around(self, place: Place) -> tuple[slice, slice]:
        return np.s_[
            place[0] - self.radius : place[0] + self.radius + 1, place[1] - self.radius : place[1] + self.radius + 1
        ]

    def best(self, place: Place) -> Place:
        """Return the middle of the known patch that is most like what is known of the one at ``place``."""
        around = self._around(place)
        weight = np.repeat(self.known[around].astype(np.float32)[:, :, None], 3, axis=2)
        if not weight.any():  # patches of one pixel: like its neighbours
            around = np.s_[place[0] : place[0] + 1, place[1] : place[1] + 1]
        distance = cv2.matchTemplate(self.lab, self.lab[around], cv2.TM_SQDIFF, mask=weight)
        distance[~self.sources] = np.inf
        row, column = divmod(int(np.argmin(distance)), distance.shape[1])
        return row + self.radius, column + self.radius

    def copy(self, place: Place, source: Place) -> None:
        """Fill what is not known yet of the patch at ``place`` from the one at ``source``."""
        here, there = self._around(place), self._around(source)
        filled = self.left[here].copy()
        self.confidence[here][filled] = self.confidence[here].mean()
        for plane in (self.colours, self.lab, self.light):
            plane[here][filled] = plane[there][filled]
        self.known[here] |= filled
        self.left[here] = False


def _largest_patch(unknown: Mask, most: int) -> int:
    """Return the radius of the largest patch that is known as a whole somewhere, at most ``most``."""
    return next(radius for radius in range(most, -1, -1) if _whole(~unknown, radius).any())


def _whole(known: Mask, radius: int) -> Mask:
    """Return where the upper left corners of wholly known patches are."""
    side = 2 * radius + 1
    if min(known.shape) < side:
        return np.zeros((0, 0), bool)
    return np.asarray(sliding_window_view(known, (side, side)).all(axis=(2, 3)))


@inpainter
def patchmatch(picture: Picture, mask: Mask) -> Picture:
    """Vote with the patches that a randomized search finds most alike, over a pyramid (PyPatchMatch).

    Minimizes, from the coarsest scale to the finest, the sum over the hole's patches of min over known patches of
    their squared distance: a nearest-neighbour field by propagation and random search (Barnes and others 2009,
    "PatchMatch"), then each pixel the mean of what its patches' neighbours say (Wexler, Shechtman, Irani 2007).
    Patches of 7×7, smaller ones where no whole one is known; raises ValueError where there is none of 3×3.
    Raises ConfigError where PyPatchMatch is not installed.
    """
    try:
        from patchmatch import patch_match
    except ImportError as error:
        raise ConfigError(
            "pictures are painted by PyPatchMatch, which is not here: pip install 'streamproc[train]'"
        ) from error
    painted = picture.copy()
    for part in parts(mask, _REACH):
        patch_match.set_random_seed(_SEED)
        radius = _largest_patch(part.unknown, _MATCHED_RADIUS)
        if radius < 1:
            raise ValueError("no patch of 3×3 pixels around the hole is known: PatchMatch has nothing to copy")
        filled = patch_match.inpaint(painted[part.window], part.unknown, patch_size=radius)
        painted[part.window][part.mine] = filled[part.mine]
    return painted
