"""The published method: the change of the Laplacian, an ensemble's votes on its features, cleaned up."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from streamproc.errors import PictureError
from streamproc.forensics.cleaning import Cleaning, clean, survived_radius
from streamproc.forensics.ensemble import Ensemble
from streamproc.forensics.laplacian import Laplacian, change_of_laplacian, features
from streamproc.forensics.traces import Map, Mask, Picture, Reliability, Traces, boxes_of

_SMALLEST = 16
_RING = 9  # pixels around a part whose votes it is compared with
_TELLING, _FAINT = 0.5, 0.2  # of the votes: by how much more a part must look painted than what surrounds it


@dataclass(frozen=True, slots=True, kw_only=True)
class Diffusion:
    """Finds what diffusion painted (isotropic, edge-oriented, Navier–Stokes and their kin) on lossless pictures."""

    laplacian: Laplacian
    """Which Laplacian the ensemble was trained with."""
    ensemble: Ensemble
    """What votes."""
    cleaning: Cleaning
    """How votes become a mask."""

    @property
    def name(self) -> str:
        """Short name."""
        return "diffusion"

    def examine(self, picture: Picture) -> Traces:
        """Look at a picture, (H, W, 3) uint8 RGB. Raises PictureError when it is smaller than 16×16."""
        if min(picture.shape[:2]) < _SMALLEST:
            size = f"{picture.shape[1]}×{picture.shape[0]}"
            raise PictureError(f"a picture of {size} is too small to be examined; {_SMALLEST}×{_SMALLEST} is the least")
        votes = self.ensemble.votes(features(change_of_laplacian(picture, self.laplacian)))
        mask = clean(votes, picture, self.cleaning)
        contrast = _contrast(votes, mask)
        return Traces(
            heat=votes,
            mask=mask,
            boxes=boxes_of(mask),
            score=max(contrast, 0.0) * self._surprise(mask) if mask.any() else 0.0,
            reliability=_reliability(contrast, votes),
        )

    def _surprise(self, mask: Mask) -> float:
        """Return the probability that false alarms alone would leave no part as thick as the mask's thickest."""
        survivors = self.cleaning.survivors
        thickest = survived_radius(mask, len(survivors)) - self.cleaning.growth
        expected = survivors[max(thickest, 0)] if thickest < len(survivors) else 0.0
        return math.exp(-expected * mask.size / 1e6)


def _contrast(votes: Map, mask: Mask) -> float:
    """Return by how much more the mask looks painted than the ring around it; 0 without a mask."""
    if not mask.any():
        return 0.0
    kernel = np.ones((2 * _RING + 1, 2 * _RING + 1), np.uint8)
    ring = (cv2.dilate(mask.astype(np.uint8), kernel) > 0) & ~mask
    return float(votes[mask].mean() - (votes[ring].mean() if ring.any() else 1.0))


def _reliability(contrast: float, votes: Map) -> Reliability:
    """Tell whether painted and untouched can be told apart: not where everything, or what is around, looks painted."""
    if contrast >= _TELLING:
        return Reliability.GOOD
    if contrast >= _FAINT:
        return Reliability.WEAK
    return Reliability.UNDECIDABLE if contrast > 0 or float(votes.mean()) > _TELLING else Reliability.GOOD
