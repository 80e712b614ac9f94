"""Pairs of a crop and a reference: what the verifier learns from, and is measured on.

A crop that was drawn once is an example many times over: with its own logo as reference it is a yes, with another of
like shape a no. What can be done to both alike (mirroring, exchanging colours, inverting, cutting closer) makes a new
logo on a new ground of each, since compositing is linear in colour.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.inference.card import Region
from streamproc.inference.verifier import INPUT, UNKNOWN_ALPHA, draw_reference
from streamproc.training.verifier.samples import Samples, Shows
from streamproc.training.verifier.shelf import Shelf

Layer = NDArray[np.float32]

EDGE = 0.15
"""The opacity from which on a logo counts as there: half of the least that is looked for."""
_LIKE_SHAPED = 50  # neighbours by aspect from which another reference is taken
_SWAPPED = 0.3  # share of crops with a logo that are paired with another logo's reference
_CROPPED = 0.12  # share of references that are crops instead of pictures with alpha
_CLOSER = 0.25  # share of pairs of which margins are cut away


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs, N of them."""

    images: Layer
    """(N, 48, 80, 3) float32 RGB in [0, 255]."""
    references: Layer
    """(N, 48, 80, 4) float32: colour × alpha, and alpha, in [0, 255]."""
    targets: NDArray[np.float32]
    """(N,), the probability to be learnt."""


class Pairing:
    """Pairs the crops of some logos with references of theirs."""

    def __init__(self, shelf: Shelf, samples: Samples) -> None:
        self._samples = samples
        self._references = np.stack([draw_centred(logo) for logo in shelf.logos])
        self._boxes = np.stack([draw_centred(_solid(logo))[:, :, 3] for logo in shelf.logos])
        self._others = _neighbours(shelf)
        plain = (samples.shows == Shows.LOGO) & (samples.opacity > 0.5)
        self._shown = [np.flatnonzero(plain & (samples.home == home)) for home in range(len(shelf.logos))]

    def pair(self, chosen: NDArray[np.intp], rng: np.random.Generator, *, cropped: float = _CROPPED) -> Batch:
        """Return crops with references: their own, or another logo's. cropped: the share that are crops."""
        samples, home = self._samples, self._samples.home[chosen]
        shows = samples.shows[chosen]
        is_logo = shows == Shows.LOGO
        swapped = rng.random(len(chosen)) < np.where(is_logo, _SWAPPED, _SWAPPED / 2)
        wanted = home.copy()
        wanted[swapped] = self._others[home[swapped], rng.integers(self._others.shape[1], size=int(swapped.sum()))]
        is_there = ~swapped & (is_logo | (shows == Shows.FADE))
        targets = np.where(is_there, target(samples.opacity[chosen]), 0).astype(np.float32)
        references = self._references[wanted]
        for row in np.flatnonzero(rng.random(len(chosen)) < cropped):
            seen = self._shown[int(wanted[row])]
            seen = seen[seen != chosen[row]]
            if len(seen):
                references[row] = self._as_crop(int(seen[rng.integers(len(seen))]), int(wanted[row]))
        return Batch(samples.images[chosen].astype(np.float32), references, targets)

    def _as_crop(self, sample: int, home: int) -> Layer:
        """Return what a reference without alpha looks like: the logo's box out of another picture."""
        inside = self._boxes[home][:, :, None] / 255
        share = np.float32(UNKNOWN_ALPHA / 255)
        colour = self._samples.images[sample] * inside * share
        return np.dstack([colour, inside * UNKNOWN_ALPHA]).astype(np.float32)


def target(opacity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probability to be learnt for a logo of an opacity: 0.5 at the edge, smooth beside it."""
    return np.asarray(1 / (1 + np.exp(-10 * (opacity / EDGE - 1))), np.float32)


def varied(batch: Batch, grain: Layer, rng: np.random.Generator) -> Batch:
    """Return pairs whose crop and reference were changed alike; light and grain change on the crop alone."""
    images, references = batch.images.copy(), batch.references.copy()
    for row in range(len(images)):
        images[row], references[row] = _turned(images[row], references[row], rng)
    count = len(images)
    gain = rng.uniform(0.93, 1.07, (count, 1, 1, 3)).astype(np.float32)
    lift = rng.normal(0, 5, (count, 1, 1, 3)).astype(np.float32)
    coarse = grain[rng.integers(len(grain), size=count)] * rng.uniform(0, 3, (count, 1, 1, 1)).astype(np.float32)
    return Batch(np.clip(images * gain + lift + coarse, 0, 255), references, batch.targets)


def _turned(image: Layer, reference: Layer, rng: np.random.Generator) -> tuple[Layer, Layer]:
    if rng.random() < 0.5:
        image, reference = image[:, ::-1], reference[:, ::-1]
    if rng.random() < 0.5:
        image, reference = image[::-1], reference[::-1]
    if rng.random() < 0.5:
        order = rng.permutation(3)
        image, reference = image[:, :, order], reference[:, :, [*order, 3]]
    if rng.random() < 0.25:
        alpha = reference[:, :, 3:]
        image, reference = 255 - image, np.dstack([alpha - reference[:, :, :3], alpha])
    if rng.random() < _CLOSER:
        return _closer(image, reference, rng)
    return image, reference


def _closer(image: Layer, reference: Layer, rng: np.random.Generator) -> tuple[Layer, Layer]:
    """Cut away some of the margin on each side, as where a logo lies near the edge of the screen."""
    cut = rng.uniform(0, 0.1, 4) * np.array([INPUT[0], INPUT[1], INPUT[0], INPUT[1]])
    span = np.array(INPUT) - cut[:2] - cut[2:]
    scale = span / INPUT
    matrix = np.array([[scale[0], 0, cut[0]], [0, scale[1], cut[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = [
        cv2.warpAffine(np.ascontiguousarray(layer), matrix, INPUT, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        for layer in (image, reference)
    ]
    return np.asarray(moved[0], np.float32), np.asarray(moved[1], np.float32)


def draw_centred(logo: NDArray[np.uint8]) -> Layer:
    """Draw a logo as a reference in the middle of the screen, where its margins are whole."""
    aspect = logo.shape[1] / logo.shape[0]
    height = min(0.4, 0.1 * 16 / 9 / aspect)
    return draw_reference(logo, Region(x=0.3, y=0.3, width=height * aspect * 9 / 16, height=height))


def _solid(logo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.full_like(logo, 255)


def _neighbours(shelf: Shelf) -> NDArray[np.intp]:
    """Return for each logo those of most like shape that can be told from it: (N, at most 50)."""
    aspects = np.log(shelf.aspects())
    apart = np.abs(aspects[:, None] - aspects[None, :])
    apart[shelf.alike()] = np.inf
    return np.argsort(apart, axis=1)[:, : min(_LIKE_SHAPED, max(1, len(aspects) // 3))]
