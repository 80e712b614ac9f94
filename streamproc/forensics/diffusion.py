"""The published method: the change of the Laplacian, an ensemble's votes on its features, cleaned up."""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.cleaning import Cleaning, clean, survived_radius
from streamproc.forensics.ensemble import Ensemble
from streamproc.forensics.laplacian import Laplacian, change_of_laplacian, features
from streamproc.forensics.traces import Box, Map, Mask, Picture, Reliability, Traces, boxes_of, refuse_small

_MARGIN = 12  # pixels around a pixel that its features are computed from, and a few more
_AT_ONCE = 1 << 20  # pixels
_RING = 9  # pixels around a part whose votes it is compared with
_AROUND: Final = np.ones((2 * _RING + 1, 2 * _RING + 1), np.uint8)
_TELLING, _FAINT = 0.5, 0.2  # of the votes: by how much more a part must look painted than what surrounds it
# Of a picture's pixels that look painted beside the largest part: at most 0.054 on lossless photographs, 0.002 to 0.37
# after JPEG, from 0.26 on in low-rate video. Above the first a word is weak, above the second there is none.
_USUAL, _EVERYWHERE = 0.06, 0.2


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
        refuse_small(picture)
        votes = self.votes(picture)
        mask, contrast = _standing_out(votes, clean(votes, picture, self.cleaning))
        elsewhere = _elsewhere(votes >= self.cleaning.least_share, boxes_of(mask))
        if elsewhere > _EVERYWHERE:
            mask, contrast = np.zeros_like(mask), 0.0
        score = contrast * self._surprise(mask) if mask.any() else 0.0
        return Traces(
            heat=votes,
            mask=mask,
            boxes=boxes_of(mask),
            score=score,
            reliability=_reliability(score, contrast, elsewhere),
        )

    def votes(self, picture: Picture) -> Map:
        """Return the share of learners, (H, W) in [0, 1], that take each pixel for painted."""
        height, width = picture.shape[:2]
        votes = np.empty((height, width), np.float32)
        rows = max(_MARGIN, _AT_ONCE // width)  # strips: the features of a whole 8K picture would take gigabytes
        for top in range(0, height, rows):
            begin, end = max(top - _MARGIN, 0), min(top + rows + _MARGIN, height)
            seen = features(change_of_laplacian(picture[begin:end], self.laplacian))
            votes[top : top + rows] = self.ensemble.votes(seen)[top - begin :][:rows]
        return votes

    def _surprise(self, mask: Mask) -> float:
        """Return the probability that false alarms alone would leave no part as thick as the mask's thickest."""
        survivors = self.cleaning.survivors
        thickest = survived_radius(mask, len(survivors)) - self.cleaning.growth
        expected = survivors[max(thickest, 0)] if thickest < len(survivors) else 0.0
        return math.exp(-expected * mask.size / 1e6)


def _standing_out(votes: Map, mask: Mask) -> tuple[Mask, float]:
    """Return the parts of a mask that look more painted than the ring around them, and by how much the best does.

    Where the surrounding looks as painted as the part, a sky or a blown-out ground, nothing can be told. When that
    holds for every part, the mask is empty, and the second is that of the best part; it is -1 without any part.
    """
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    told, best = np.zeros(count, bool), -1.0
    for number in range(1, count):
        left, top, width, height = (int(value) for value in stats[number, :4])
        window = np.s_[max(top - _RING, 0) : top + height + _RING, max(left - _RING, 0) : left + width + _RING]
        contrast = _contrast(votes[window], numbers[window], number)
        told[number] = contrast >= _FAINT
        best = max(best, contrast)
    return np.asarray(told[numbers]), best


def _contrast(votes: Map, numbers: NDArray[np.int32], number: int) -> float:
    part = numbers == number
    ring = (cv2.dilate(part.astype(np.uint8), _AROUND) > 0) & (numbers == 0)
    return float(votes[part].mean() - (votes[ring].mean() if ring.any() else 1.0))


def _elsewhere(candidates: Mask, boxes: tuple[Box, ...]) -> float:
    """Return how much of a picture looks painted outside the largest part's box."""
    outside = candidates.astype(bool, copy=True)
    rest = outside.size
    if boxes:
        outside[boxes[0].top : boxes[0].bottom, boxes[0].left : boxes[0].right] = False
        rest -= boxes[0].area
    return float(outside.sum() / rest) if rest else 1.0


def _reliability(score: float, contrast: float, elsewhere: float) -> Reliability:
    """Tell whether painted and untouched can be told apart: not where everything, or what is around, looks painted."""
    if elsewhere > _EVERYWHERE or -1 < contrast < _FAINT:
        return Reliability.UNDECIDABLE
    if contrast == -1:
        return Reliability.GOOD
    return Reliability.GOOD if score >= _TELLING and elsewhere <= _USUAL else Reliability.WEAK
