"""ffmpeg's two filters against logos, written anew from what their sources describe."""

from math import isqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.traces import Mask, Picture
from streamproc.training.forensics.inpainters.contract import inpainter, nearest_known, parts

Sums = NDArray[np.int64]


@inpainter
def delogo(picture: Picture, mask: Mask) -> Picture:
    """Fill the rectangle around each of the hole's parts from its border, as ffmpeg's filter does (vf_delogo.c).

    A pixel is the mean of the four border pixels in its row and column, each with its two neighbours along the border,
    the nearer ones weighing more. Beyond the picture's rim, where ffmpeg refuses to go, and in other parts of the hole
    the border is as what is known nearest to it.
    """
    painted = picture.copy()
    framed = np.pad(nearest_known(picture, mask), ((1, 1), (1, 1), (0, 0)), mode="edge").astype(np.int64)
    for part in parts(mask, 0):
        rows, columns = part.window
        filled = _from_border(framed[rows.start : rows.stop + 2, columns.start : columns.stop + 2])
        painted[part.window][part.mine] = filled[part.mine]
    return painted


def _from_border(frame: Sums) -> Sums:
    """Return what a rectangle, (h + 2, w + 2, 3) with its border, is filled with, (h, w, 3)."""
    height, width = frame.shape[0] - 1, frame.shape[1] - 1
    y = np.arange(1, height)[:, None, None]
    x = np.arange(1, width)[None, :, None]

    def along(border: Sums) -> Sums:
        return border[:-2] + border[1:-1] + border[2:]

    far_x, far_y = x * (width - x), y * (height - y)
    from_left, from_right, from_top, from_bottom = (width - x) * far_y, x * far_y, far_x * (height - y), far_x * y
    weight = 3 * (from_left + from_right + from_top + from_bottom)
    filled = along(frame[:, 0])[:, None] * from_left + along(frame[:, -1])[:, None] * from_right
    filled = filled + along(frame[0])[None] * from_top + along(frame[-1])[None] * from_bottom
    return np.asarray((filled + (weight >> 1)) // weight)


@inpainter
def removelogo(picture: Picture, mask: Mask) -> Picture:
    """Blur the hole over from around it, the wider the deeper, as ffmpeg's filter does (vf_removelogo.c).

    A pixel d steps inside the hole (rows and columns added up; the picture's rim counts as a border) is the rounded
    mean of the known pixels in a disk of radius d + ⌊d / 4⌋ around it, 255 where there are none. Near the picture's
    left and top rim ffmpeg's disk is cut off at the wrong side, and so it is here.
    """
    inside = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L1, 3)[1:-1, 1:-1].astype(np.int64)
    rim = np.ones(mask.shape, bool)
    rim[1:-1, 1:-1] = False
    radii = np.where(rim, inside, inside + inside // 4)
    # Sums over the known pixels left of each one, three channels and their number: a row of a disk is two look-ups.
    known = np.dstack([picture, np.ones(mask.shape, np.uint8)]) * ~mask[:, :, None]
    sums = np.pad(np.cumsum(known, axis=1, dtype=np.int64), ((0, 0), (1, 0), (0, 0)))
    painted = picture.copy()
    for radius in np.unique(radii[mask]):
        rows, columns = np.nonzero(mask & (radii == radius))
        total = _in_disk(sums, rows, columns, int(radius))
        number = np.maximum(total[:, 3:], 1)
        painted[rows, columns] = np.where(total[:, 3:] > 0, (total[:, :3] + number // 2) // number, 255)
    return painted


def _in_disk(sums: Sums, rows: NDArray[np.intp], columns: NDArray[np.intp], radius: int) -> Sums:
    """Return the sums (N, 4) of what is known in the disks around N pixels."""
    height, width = sums.shape[0], sums.shape[1] - 1
    # ffmpeg lays the corner of the disk's square on the corner of what is left of it in the picture.
    middle_row, middle_column = np.maximum(rows, radius), np.maximum(columns, radius)
    bottom, right = np.minimum(rows + radius, height - 1), np.minimum(columns + radius, width - 1)
    total = np.zeros((len(rows), 4), np.int64)
    for down in range(-radius, radius + 1):
        half = isqrt(radius * radius - down * down)
        row = middle_row + down
        first, last = middle_column - half, np.minimum(middle_column + half, right)
        here = (row <= bottom) & (first <= last)
        total[here] += sums[row[here], last[here] + 1] - sums[row[here], first[here]]
    return total
