"""Smooth fills: diffusion until nothing changes any more, and fast marching."""

import cv2
import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve
from skimage.restoration import inpaint_biharmonic

from streamproc.forensics.traces import Mask, Picture
from streamproc.training.forensics.inpainters.contract import inpainter, nearest_known, rounded

_MARGIN = 2  # pixels around the hole that its fill is solved from


@inpainter
def harmonic(picture: Picture, mask: Mask) -> Picture:
    """Solve Laplace's equation ΔI = 0 in the hole: isotropic diffusion, carried on until nothing changes any more."""
    rows, columns = np.nonzero(mask)
    top, left = max(rows.min() - _MARGIN, 0), max(columns.min() - _MARGIN, 0)
    window = np.s_[top : rows.max() + 1 + _MARGIN, left : columns.max() + 1 + _MARGIN]
    part, hole = picture[window].astype(np.float64), mask[window]
    operator = _grid_laplacian(hole.shape)
    unknown, known = hole.ravel(), ~hole.ravel()
    values = part.reshape(-1, 3)
    right = -operator[unknown][:, known] @ values[known]
    values[unknown] = spsolve(operator[unknown][:, unknown].tocsc(), right).reshape(-1, 3)
    painted = picture.copy()
    painted[window] = rounded(values.reshape(part.shape))
    return painted


def _grid_laplacian(size: tuple[int, ...]) -> sparse.csr_matrix:
    """Return the graph Laplacian of a grid of pixels, with free borders."""

    def line(count: int) -> sparse.csr_matrix:
        ends = np.full(count, 2.0)
        ends[0] -= 1
        ends[-1] -= 1
        return sparse.diags([-np.ones(count - 1), ends, -np.ones(count - 1)], [-1, 0, 1], format="csr")

    height, width = size
    return (sparse.kron(line(height), sparse.eye(width)) + sparse.kron(sparse.eye(height), line(width))).tocsr()


@inpainter
def telea(picture: Picture, mask: Mask) -> Picture:
    """Telea's fast marching, radius 5 (OpenCV).

    From the border inwards, each pixel is the weighted mean of I(q) + ∇I(q)·(p − q) over known q around it.
    Source: Telea 2004, "An Image Inpainting Technique Based on the Fast Marching Method", eq. 2.
    """
    return _by_opencv(picture, mask, cv2.INPAINT_TELEA)


@inpainter
def navier_stokes(picture: Picture, mask: Mask) -> Picture:
    """Navier–Stokes inpainting, radius 5 (OpenCV): the Laplacian as a vorticity that flows along the isophotes.

    Source: Bertalmio, Bertozzi, Sapiro 2001, "Navier–Stokes, Fluid Dynamics, and Image and Video Inpainting".
    """
    return _by_opencv(picture, mask, cv2.INPAINT_NS)


def _by_opencv(picture: Picture, mask: Mask, how: int) -> Picture:
    # OpenCV leaves the picture's outermost pixels as they are and reads them: what the hole hides must not be there.
    return np.asarray(cv2.inpaint(nearest_known(picture, mask), mask.astype(np.uint8), 5, how), np.uint8)


@inpainter
def biharmonic(picture: Picture, mask: Mask) -> Picture:
    """Solve Δ²I = 0 in each of the hole's parts (scikit-image)."""
    painted = inpaint_biharmonic(picture, mask, split_into_regions=True, channel_axis=2)
    return rounded(painted * 255)
