"""Puts a channel's bug on pictures as a channel does: scaled, anywhere between pixels, translucent.

Needs numpy and OpenCV only, so that the demo and the benchmarks draw with the code that training uses.

A *logo* is an (h, w, 4) uint8 array, RGBA with straight (not premultiplied) alpha. A *box* is where its edges lie in
a picture: fractions of the picture's width and height, see :class:`streamproc.inference.card.Region`.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.inference.card import Region

Picture = NDArray[np.uint8]
Layer = NDArray[np.float32]


def overlay(frame: Picture, logo: Picture, left: float, top: float, opacity: float) -> Picture:
    """Return a copy of a picture with a logo blended over it.

    frame: (H, W, 3) uint8 RGB.
    logo: (h, w, 4) uint8 RGBA; what lies outside the picture is cut off.
    left, top: where the logo's upper left corner comes to lie, pixels; fractions shift it between pixels.
    opacity: in [0, 1], multiplies the logo's own alpha; 0 leaves the picture as it was.
    """
    picture = frame.copy()
    if opacity > 0:
        _blend(picture, logo, (left, top), opacity)
    return picture


def stamp(frame: Picture, logo: Picture, box: Region, opacity: float) -> Picture:
    """Return a copy of a picture of any size with the logo fitted into a box of it.

    The logo keeps its shape, as large as the box allows, and is centred in it. frame: (H, W, 3) uint8 RGB.
    """
    height, width = frame.shape[:2]
    fitted, left, top = fit(logo, box, width, height)
    return overlay(frame, fitted, left, top, opacity)


def fit(logo: Picture, box: Region, width: int, height: int) -> tuple[Picture, float, float]:
    """Scale a logo into a box of a width × height picture; return it with its exact left and top, pixels."""
    room_x, room_y = box.width * width, box.height * height
    scale = min(room_x / logo.shape[1], room_y / logo.shape[0])
    fitted = resize_logo(logo, max(1, round(logo.shape[1] * scale)), max(1, round(logo.shape[0] * scale)))
    left = box.x * width + (room_x - fitted.shape[1]) / 2
    top = box.y * height + (room_y - fitted.shape[0]) / 2
    return fitted, left, top


def resize_logo(logo: Picture, width: int, height: int) -> Picture:
    """Scale a logo without its transparent pixels' colour bleeding into its edges. (h, w, 4) to (height, width, 4)."""
    shrinks = width * height <= logo.shape[0] * logo.shape[1]
    layer = cv2.resize(
        _premultiplied(logo), (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    return _straight(np.asarray(layer, np.float32))


def logo_on_canvas(logo: Picture, width: int, height: int, left: float, top: float) -> Picture:
    """Return a transparent (height, width, 4) canvas with the logo on it, exact to a fraction of a pixel."""
    canvas = np.zeros((height, width, 4), np.float32)
    layer, x, y = _shifted(logo, left, top)
    seen = _clip(layer, x, y, width, height)
    if seen is not None:
        part, rows, columns = seen
        canvas[rows, columns] = part
    return _straight(canvas)


def trim(logo: Picture) -> Picture:
    """Cut away the fully transparent rows and columns around a logo; one without any visible pixel stays whole."""
    rows = np.flatnonzero(logo[:, :, 3].any(axis=1))
    columns = np.flatnonzero(logo[:, :, 3].any(axis=0))
    if rows.size == 0:
        return logo
    return logo[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _blend(picture: Picture, logo: Picture, corner: tuple[float, float], opacity: float) -> None:
    layer, x, y = _shifted(logo, *corner)
    seen = _clip(layer, x, y, picture.shape[1], picture.shape[0])
    if seen is None:
        return
    part, rows, columns = seen
    under = picture[rows, columns].astype(np.float32)
    mixed = under * (1 - part[:, :, 3:] * (opacity / 255)) + part[:, :, :3] * opacity
    picture[rows, columns] = np.rint(mixed).clip(0, 255).astype(np.uint8)


def _premultiplied(logo: Picture) -> Layer:
    """Return (h, w, 4) float32 with colour × alpha in [0, 255] and alpha in [0, 255]."""
    layer = logo.astype(np.float32)
    cover = layer[:, :, 3] * np.float32(1 / 255)
    for channel in range(3):  # a broadcast along the short last axis takes four times as long
        layer[:, :, channel] *= cover
    return layer


def _straight(layer: Layer) -> Picture:
    alpha = layer[:, :, 3:]
    logo = layer.copy()
    np.divide(layer[:, :, :3] * 255, alpha, out=logo[:, :, :3], where=alpha > 0)
    return np.rint(logo).clip(0, 255).astype(np.uint8)


def _shifted(logo: Picture, left: float, top: float) -> tuple[Layer, int, int]:
    """Return the premultiplied logo moved by the fractional part of its place, and its whole part."""
    x, y = math.floor(left), math.floor(top)
    dx, dy = left - x, top - y
    layer = _premultiplied(logo)
    if dx == 0 and dy == 0:
        return layer, x, y
    # One more row and column: bilinear weights of a shift by (dx, dy), which keep the sum of the light.
    wide = np.pad(layer, ((0, 1), (0, 1), (0, 0)))
    wide = wide * np.float32(1 - dx) + np.roll(wide, 1, axis=1) * np.float32(dx)
    wide = wide * np.float32(1 - dy) + np.roll(wide, 1, axis=0) * np.float32(dy)
    return wide, x, y


def _clip(layer: Layer, x: int, y: int, width: int, height: int) -> tuple[Layer, slice, slice] | None:
    """Return the part of a layer at (x, y) that lies in a width × height picture, and where; None when none does."""
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + layer.shape[1], width), min(y + layer.shape[0], height)
    if left >= right or top >= bottom:
        return None
    return layer[top - y : bottom - y, left - x : right - x], slice(top, bottom), slice(left, right)
