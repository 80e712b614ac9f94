"""Inpainters: what forgers use. Each takes a picture and a mask and returns the picture with the hole painted over."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import spsolve
from skimage.restoration import inpaint_biharmonic

from streamproc.errors import ConfigError
from streamproc.forensics.traces import Mask, Picture

Inpainter = Callable[[Picture, Mask], Picture]
"""Any of them."""
GMIC_MODES: Final = {"gmic isotropic": 0, "gmic delaunay": 1, "gmic edge": 2}
"""G'MIC's ``inpaint_pde``: the published protocol's own three inpainters."""


def has_gmic() -> bool:
    """Tell whether the program G'MIC is installed; it makes data and is never needed to look for traces."""
    return shutil.which("gmic") is not None


def gmic(mode: int) -> Inpainter:
    """Return G'MIC's PDE inpainting: 0 isotropic, 1 Delaunay-oriented, 2 edge-oriented.

    What is returned raises ConfigError where G'MIC is not installed.
    """

    def paint(picture: Picture, mask: Mask) -> Picture:
        if not has_gmic():
            raise ConfigError("pictures are painted by the program G'MIC, which is not here: apt-get install -y gmic")
        with tempfile.TemporaryDirectory(prefix="gmic-") as folder:
            source, hole, out = (Path(folder) / name for name in ("source.png", "hole.png", "out.tiff"))
            cv2.imwrite(str(source), picture[:, :, ::-1])
            cv2.imwrite(str(hole), mask.astype(np.uint8) * 255)
            # TIFF, for G'MIC 2.9's PNG shifts untouched pixels by one.
            command = ["gmic", str(source), str(hole), "-inpaint_pde[0]", f"[1],40%,{mode},15", "-remove[1]"]
            subprocess.run([*command, "-o", f"{out},uchar,lzw"], check=True, capture_output=True, timeout=600)
            painted = cv2.imread(str(out), cv2.IMREAD_COLOR)
        assert painted is not None
        return _only_in(mask, picture, np.asarray(painted[:, :, ::-1], np.uint8))

    return paint


def harmonic(picture: Picture, mask: Mask) -> Picture:
    """Solve Laplace's equation in the hole: isotropic diffusion, carried on until nothing changes any more."""
    return _solved(picture, mask, order=1)


def _solved(picture: Picture, mask: Mask, *, order: int) -> Picture:
    rows, columns = np.nonzero(mask)
    top, left = max(rows.min() - 2 * order, 0), max(columns.min() - 2 * order, 0)
    window = np.s_[top : rows.max() + 1 + 2 * order, left : columns.max() + 1 + 2 * order]
    part, hole = picture[window].astype(np.float64), mask[window]
    operator = _grid_laplacian(hole.shape)
    unknown, known = hole.ravel(), ~hole.ravel()
    values = part.reshape(-1, 3)
    right = -operator[unknown][:, known] @ values[known]
    values[unknown] = spsolve(operator[unknown][:, unknown].tocsc(), right).reshape(-1, 3)
    painted = picture.copy()
    painted[window] = np.clip(np.rint(values.reshape(part.shape)), 0, 255).astype(np.uint8)
    return _only_in(mask, picture, painted)


def _grid_laplacian(size: tuple[int, ...]) -> sparse.csr_matrix:
    """Return the graph Laplacian of a grid of pixels, with free borders."""

    def line(count: int) -> sparse.csr_matrix:
        ends = np.full(count, 2.0)
        ends[[0, -1]] = 1.0
        return sparse.diags([-np.ones(count - 1), ends, -np.ones(count - 1)], [-1, 0, 1], format="csr")

    height, width = size
    return (sparse.kron(line(height), sparse.eye(width)) + sparse.kron(sparse.eye(height), line(width))).tocsr()


def delogo(picture: Picture, mask: Mask) -> Picture:
    """Fill the hole's rectangle from its border, as ffmpeg's filter of that name does (vf_delogo.c).

    A pixel is the mean of the four border pixels in its row and column, each with its two neighbours along the border,
    the nearer ones weighing more. The rectangle must not touch the picture's rim.
    """
    rows, columns = np.nonzero(mask)
    top, bottom, left, right = rows.min() - 1, rows.max() + 1, columns.min() - 1, columns.max() + 1
    frame = picture[top : bottom + 1, left : right + 1].astype(np.int64)
    y = np.arange(1, bottom - top)[:, None, None]
    x = np.arange(1, right - left)[None, :, None]
    height, width = bottom - top, right - left

    def along(border: NDArray[np.int64]) -> NDArray[np.int64]:
        return border[:-2] + border[1:-1] + border[2:]

    far_x, far_y = x * (width - x), y * (height - y)
    from_left, from_right, from_top, from_bottom = (width - x) * far_y, x * far_y, far_x * (height - y), far_x * y
    weight = 3 * (from_left + from_right + from_top + from_bottom)
    filled = along(frame[:, 0])[:, None] * from_left + along(frame[:, -1])[:, None] * from_right
    filled = filled + along(frame[0])[None] * from_top + along(frame[-1])[None] * from_bottom
    painted = picture.copy()
    painted[top + 1 : bottom, left + 1 : right] = (filled + (weight >> 1)) // weight
    return _only_in(mask, picture, painted)


def telea(picture: Picture, mask: Mask) -> Picture:
    """Telea's fast marching, radius 5 (OpenCV)."""
    return np.asarray(cv2.inpaint(picture, mask.astype(np.uint8), 5, cv2.INPAINT_TELEA), np.uint8)


def navier_stokes(picture: Picture, mask: Mask) -> Picture:
    """Bertalmio's Navier–Stokes, radius 5 (OpenCV)."""
    return np.asarray(cv2.inpaint(picture, mask.astype(np.uint8), 5, cv2.INPAINT_NS), np.uint8)


def biharmonic(picture: Picture, mask: Mask) -> Picture:
    """Biharmonic fill (scikit-image), in each of the hole's parts."""
    painted = inpaint_biharmonic(picture, mask, split_into_regions=True, channel_axis=2)
    return _only_in(mask, picture, np.clip(np.rint(painted * 255), 0, 255).astype(np.uint8))


def _only_in(mask: Mask, picture: Picture, painted: NDArray[np.uint8]) -> Picture:
    """Return the painted pixels in the hole and the untouched ones around it."""
    return np.where(mask[:, :, None], painted, picture)
