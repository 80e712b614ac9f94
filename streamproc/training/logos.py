"""Logos: reading the one to learn, and drawing those that must not be taken for it."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.inference.verifier import read_picture
from streamproc.training.backgrounds import words, write
from streamproc.training.composite import resize_logo, trim

Picture = NDArray[np.uint8]

LIKE = 0.35
"""Share of foreign logos in the bug's own manner, where a channel's bug is learnt from footage or from its PNG."""
_ALIKE = 0.7  # correlation above which a foreign logo may be the same one to the eye
_DISTORTED = 0.3  # share of foreign logos that are made from parts of the logo itself
_LARGEST = 512  # pixels; a logo's file may be far larger than it is ever shown


def read_logo(path: Path) -> Picture:
    """Read a PNG with alpha as (h, w, 4) uint8 RGBA, cut to what is visible, at most 512 pixels a side.

    Raises ModelError: can't be read, no alpha, nothing visible, nothing transparent.
    """
    return check_logo(read_picture(path), str(path))


def check_logo(logo: Picture, name: str) -> Picture:
    """Return a logo cut to its visible part, at most 512 pixels a side. Raises ModelError when nothing is visible."""
    if not logo[:, :, 3].any():
        raise ModelError(f"{name}: the logo is fully transparent; there is nothing to learn")
    logo = trim(logo)
    if min(logo.shape[:2]) < 4:
        raise ModelError(f"{name}: the visible part is {logo.shape[1]}×{logo.shape[0]} pixels; at least 4×4 are needed")
    scale = _LARGEST / max(logo.shape[:2])
    if scale < 1:
        logo = resize_logo(logo, max(1, round(logo.shape[1] * scale)), max(1, round(logo.shape[0] * scale)))
    return logo


def foreign_logo(rng: np.random.Generator, logo: Picture, like: float = 0.0) -> Picture:
    """Return another logo for the same place: drawn, other words in ``logo``'s manner, or made from parts of it.

    like: share of other words in ``logo``'s manner.
    Never one that looks like ``logo``: what correlates with it above 0.7 is drawn anew. (h, w, 4) uint8 RGBA.
    """
    for _ in range(8):
        choice = rng.random()
        if choice < _DISTORTED:
            other = distorted(rng, logo)
        else:
            other = lettered(rng, logo) if choice < _DISTORTED + like else drawn_logo(rng)
        if likeness(logo, other) < _ALIKE:
            return other
    return drawn_logo(rng)


def likeness(first: Picture, second: Picture) -> float:
    """Return the correlation, −1 to 1, of two logos scaled to one size, seen over black, grey and white."""
    views = [_views(resize_logo(logo, 32, 32)) for logo in (first, second)]
    return float(min(np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(*views, strict=True)))


def drawn_logo(rng: np.random.Generator) -> Picture:
    """Return a random logo, at most 96 pixels high: plate, mark, letters, or all of them, in one to three colours."""
    height, width = 96, int(96 * rng.uniform(0.8, 3.5))
    layer = np.zeros((height, width, 4), np.uint8)
    if rng.random() < 0.4:
        _plate(rng, layer)
    if rng.random() < 0.6:
        _mark(rng, layer)
    if rng.random() < 0.75 or not layer[:, :, 3].any():
        _letters(rng, layer)
    if rng.random() < 0.3:
        layer[:, :, 3] = cv2.GaussianBlur(layer[:, :, 3], (0, 0), float(rng.uniform(0.5, 3)))
    return trim(layer)


def lettered(rng: np.random.Generator, logo: Picture) -> Picture:
    """Return other words in a logo's manner: as wide, mostly in its colours, bare or on a plate, at times as faint."""
    height, width = 96, int(np.clip(96 * logo.shape[1] / logo.shape[0] * rng.uniform(0.8, 1.25), 32, 600))
    layer = np.zeros((height, width, 4), np.uint8)
    inset = 0
    if rng.random() < 0.5:
        layer[:] = _colour_like(rng, logo)
        inset = int(rng.integers(4, 16))
    lines = int(rng.integers(1, 3 if width < 2 * height else 4))
    edges = inset + np.linspace(0, 1, lines + 1) ** rng.uniform(0.6, 1.6) * (height - 2 * inset)
    for top, bottom in pairwise(edges.round().astype(int)):
        across = int((width - 2 * inset) * (1 if rng.random() < 0.6 else rng.uniform(0.4, 1)))
        left = int(rng.choice(np.array([inset, (width - across) // 2, width - inset - across])))
        _fill_with_word(layer[top + 1 : bottom - 1, left : left + across], _colour_like(rng, logo), rng)
    if rng.random() < 0.5:
        layer[:, :, 3] = np.rint(layer[:, :, 3] * (logo[:, :, 3].max() / 255))
    return trim(layer)


def distorted(rng: np.random.Generator, logo: Picture) -> Picture:
    """Return a logo's likeness that is not the logo: mirrored, turned, torn in halves, or in other colours."""
    kind = int(rng.integers(0, 6))
    if kind == 0:
        return np.ascontiguousarray(logo[:, ::-1])
    if kind == 1:
        return np.ascontiguousarray(logo[::-1])
    if kind == 2:
        return np.ascontiguousarray(logo[::-1, ::-1])
    if kind == 3:
        return np.ascontiguousarray(np.roll(logo, logo.shape[1] // 2, axis=1))
    if kind == 4:
        return np.ascontiguousarray(np.roll(logo, logo.shape[0] // 2, axis=0))
    return np.dstack([255 - logo[:, :, :3], logo[:, :, 3]])


def _views(logo: Picture) -> list[NDArray[np.float64]]:
    colour, alpha = logo[:, :, :3].astype(np.float64), logo[:, :, 3:].astype(np.float64) / 255
    # A ramp keeps the correlation defined where a logo vanishes on its ground.
    ramp = np.linspace(0, 1, logo.shape[1])[None, :, None]
    return [colour * alpha + ground * (1 - alpha) + ramp for ground in (0, 128, 255)]


def _colour(rng: np.random.Generator) -> tuple[int, ...]:
    if rng.random() < 0.5:
        return (int(rng.choice(np.array([0, 30, 225, 255, 255]))),) * 3 + (255,)
    return (*(int(value) for value in rng.integers(0, 256, 3)), 255)


def _colour_like(rng: np.random.Generator, logo: Picture) -> tuple[int, ...]:
    """Return a colour of the logo's, in one of three cases any."""
    seen = logo[logo[:, :, 3] > logo[:, :, 3].max() / 2]
    if rng.random() < 1 / 3 or not len(seen):
        return _colour(rng)
    return (*(int(value) for value in seen[int(rng.integers(len(seen))), :3]), 255)


def _fill_with_word(place: Picture, colour: tuple[int, ...], rng: np.random.Generator) -> None:
    """Write a word as large as a part of a logo, (h, w, 4) RGBA. Changes it."""
    text = words(rng, 10).replace(" ", "") or "TV"
    stencil = np.zeros((100, 64 * len(text) + 64, 3), np.uint8)
    write(stencil, text, (16, 72), (255, 255, 255), int(rng.integers(52, 60)))
    rows, columns = (np.flatnonzero(stencil[:, :, 0].any(axis=axis)) for axis in (1, 0))
    if not rows.size or min(place.shape[:2]) < 2:
        return
    word = stencil[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1, 0]
    cover = cv2.resize(word, place.shape[1::-1], interpolation=cv2.INTER_AREA)
    on_plate = place[:, :, 3] > 0
    share = np.where(on_plate, cover / 255, 1)[:, :, None]
    place[:, :, :3] = np.rint(place[:, :, :3] * (1 - share) + np.array(colour[:3]) * share)
    place[:, :, 3] = np.where(on_plate, 255, cover)


def _plate(rng: np.random.Generator, layer: Picture) -> None:
    inset = int(rng.integers(0, 12))
    corners = (inset, inset), (layer.shape[1] - inset, layer.shape[0] - inset)
    cv2.rectangle(layer, *corners, _colour(rng), int(rng.choice(np.array([-1, -1, 2, 4, 6]))))


def _mark(rng: np.random.Generator, layer: Picture) -> None:
    height, width = layer.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        centre = (int(rng.uniform(0.2, 0.8) * width), int(rng.uniform(0.3, 0.7) * height))
        thickness = int(rng.choice(np.array([-1, -1, 2, 3, 5, 8])))
        if rng.random() < 0.5:
            axes = (int(rng.integers(12, 45)), int(rng.integers(12, 45)))
            cv2.ellipse(layer, centre, axes, 0, 0, 360, _colour(rng), thickness, cv2.LINE_AA)
        else:
            corners = np.array(centre) + rng.integers(-45, 46, (int(rng.integers(3, 7)), 2))
            cv2.fillPoly(layer, [corners.astype(np.int32)], _colour(rng), cv2.LINE_AA)


def _letters(rng: np.random.Generator, layer: Picture) -> None:
    # OpenCV draws text on three channels at most: alpha is drawn as a picture of its own.
    stencil = np.zeros((*layer.shape[:2], 3), np.uint8)
    size = int(rng.integers(28, 80))
    text = words(rng, 6).strip() or "TV"
    write(stencil, text, (int(rng.integers(0, 30)), 48 + size // 3), (255, 255, 255), size)
    cover = stencil[:, :, 0]
    if rng.random() < 0.25:  # letters of lines only
        cover = cv2.morphologyEx(cover, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    colour = np.array(_colour(rng)[:3], np.uint8)
    layer[:, :, :3] = np.where(cover[:, :, None] > 127, colour, layer[:, :, :3])
    layer[:, :, 3] = np.maximum(layer[:, :, 3], cover)
