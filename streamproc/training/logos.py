"""Logos: reading the one to learn, and drawing those that must not be taken for it."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.inference.verifier import read_picture
from streamproc.training.backgrounds import words, write
from streamproc.training.composite import resize_logo, trim

Picture = NDArray[np.uint8]

_ALIKE = 0.7  # correlation above which a foreign logo may be the same one to the eye
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


def foreign_logo(rng: np.random.Generator, logo: Picture) -> Picture:
    """Return another logo for the same place: drawn from shapes and letters, or made from parts of ``logo`` itself.

    Never one that looks like ``logo``: what correlates with it above 0.7 is drawn anew. (h, w, 4) uint8 RGBA.
    """
    for _ in range(8):
        other = distorted(rng, logo) if rng.random() < 0.3 else drawn_logo(rng)
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
