"""Brushes of the demo: photographs, gradients, text, and stamping layers onto a picture.

A picture is a (720, 1280, 3) uint8 array in RGB; a layer is a (H, W, 4) uint8 array in RGBA, not premultiplied.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.demo.bug import draw_bug

WIDTH, HEIGHT = 1280, 720

Picture = NDArray[np.uint8]
Layer = NDArray[np.uint8]
Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)


@lru_cache(maxsize=8)
def photograph(name: str, tint: Colour | None = None) -> Picture:
    """Return one of the photographs that scikit-image brings along, 1600 pixels wide and sharpened.

    name: file name in skimage/data. tint: colours the picture's greys with this colour, for the grey ones.
    """
    data = resources.files("skimage.data").joinpath(name).read_bytes()
    picture: Picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)  # type: ignore[assignment]
    scale = max(1600 / picture.shape[1], 900 / picture.shape[0])
    interpolation = cv2.INTER_LANCZOS4 if scale > 1 else cv2.INTER_AREA
    picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=interpolation)
    picture = cv2.addWeighted(picture, 1.5, cv2.GaussianBlur(picture, (0, 0), 1.2 * scale), -0.5, 0)
    picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    if tint is not None:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None] / 255
        picture = np.clip(grey * np.array(tint, np.float32) * 1.25, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(picture)


def gradient(top: Colour, bottom: Colour, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """Return a vertical gradient."""
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    column = np.array(top, np.float32) * (1 - ramp) + np.array(bottom, np.float32) * ramp
    return np.ascontiguousarray(np.broadcast_to(np.rint(column), (height, width, 3)).astype(np.uint8))


def glow(centre: Colour, edge: Colour, x: float = 0.5, y: float = 0.45) -> Picture:
    """Return a radial gradient around (x, y), given as fractions of the picture."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    distance = np.hypot((columns / WIDTH - x) * 16 / 9, rows / HEIGHT - y)[..., None]
    weight = np.clip(distance / 1.05, 0, 1) ** 0.8
    shaded: Picture = np.rint(np.array(centre) * (1 - weight) + np.array(edge) * weight).astype(np.uint8)
    return shaded


def write(picture: Picture, text: str, at: tuple[int, int], size: int, style: "Ink") -> None:
    """Write text into the picture; ``at`` is the left end of its base line."""
    cv2.putText(picture, text, at, style.colour, cv2.FontFace("sans"), size, style.weight)


@dataclass(frozen=True, slots=True)
class Ink:
    """How text is written."""

    colour: Colour = WHITE
    """Its colour, RGB."""
    weight: int = 500
    """100 is thin, 900 is black."""


def text_width(text: str, size: int, weight: int) -> int:
    """Return how wide the text will be, pixels."""
    _, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), cv2.FontFace("sans"), size, weight)
    return int(width)


def title(text: str, size: int, ink: Ink) -> Layer:
    """Return one line of text with a soft shadow as a layer."""
    width, height = text_width(text, size, ink.weight) + size, round(size * 1.7)
    canvas = np.zeros((height, width, 3), np.uint8)
    write(canvas, text, (size // 2, round(size * 1.15)), size, Ink(WHITE, ink.weight))
    ink_mask = canvas[..., 0].astype(np.float32) / 255
    shadow = cv2.GaussianBlur(ink_mask, (0, 0), size / 10) * 0.55
    alpha = ink_mask + (1 - ink_mask) * shadow
    share = np.divide(ink_mask, alpha, out=np.zeros_like(alpha), where=alpha > 0)[..., None]
    colour = share * np.array(ink.colour, np.float32)
    layer: Layer = np.rint(np.dstack([colour, alpha * 255])).astype(np.uint8)
    return layer


def banner(heading: str, line: str, accent: Colour) -> Layer:
    """Return a lower third: a heading and a line on translucent bars with a stripe of colour."""
    width = max(text_width(heading, 36, 700), text_width(line, 25, 400)) + 84
    canvas = np.zeros((112, width, 4), np.uint8)
    canvas[:64] = (12, 18, 34, 225)
    canvas[64:] = (*accent, 235)
    canvas[:, :10] = (*accent, 255)
    for text, base, size, weight in ((heading, 45, 36, 700), (line, 97, 25, 400)):
        colour = np.ascontiguousarray(canvas[..., :3])
        write(colour, text, (34, base), size, Ink(WHITE, weight))
        canvas[..., :3] = colour
    return canvas


def price_tag(price: str, colour: Colour) -> Layer:
    """Return a starburst with a price in it."""
    side, big = 230, 920
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radius = np.where(np.arange(48) % 2 == 0, 452, 392)
    points = np.stack([460 + radius * np.cos(angles), 460 + radius * np.sin(angles)], axis=1)
    mask = np.zeros((big, big), np.uint8)
    cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], 255)
    canvas = np.empty((side, side, 4), np.uint8)
    canvas[..., 3] = cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA)
    face = np.empty((side, side, 3), np.uint8)
    face[:] = colour
    size = 50 if text_width(price, 50, 900) < 170 else 36
    write(face, price, ((side - text_width(price, size, 900)) // 2, side // 2 + 18), size, Ink(WHITE, 900))
    canvas[..., :3] = face
    return canvas


def false_logo(text: str, colour: Colour, *, is_round: bool) -> Layer:
    """Return a corner logo that is not the channel's, about as large as the channel's own."""
    width = 70 if is_round else max(96, text_width(text, 30, 800) + 36)
    big = np.zeros((70 * 4, width * 4), np.uint8)
    if is_round:
        cv2.circle(big, (width * 2, 140), 130, 255, -1)
    else:
        cv2.rectangle(big, (8, 40), (width * 4 - 8, 240), 255, -1)
    canvas = np.empty((70, width, 4), np.uint8)
    canvas[..., 3] = cv2.resize(big, (width, 70), interpolation=cv2.INTER_AREA)
    face = np.empty((70, width, 3), np.uint8)
    face[:] = colour
    write(face, text, ((width - text_width(text, 30, 800)) // 2, 46), 30, Ink(WHITE, 800))
    canvas[..., :3] = face
    return canvas


@lru_cache(maxsize=1)
def channel_bug() -> Layer:
    """Return the channel's bug as a layer."""
    return draw_bug(HEIGHT)


def stamp(picture: Picture, layer: Layer, at: tuple[int, int], opacity: float = 1.0) -> None:
    """Blend a layer into the picture in place; what lies outside the picture is left out."""
    left, top = at
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + layer.shape[1], picture.shape[1]), min(top + layer.shape[0], picture.shape[0])
    if x0 >= x1 or y0 >= y1 or opacity <= 0:
        return
    part = layer[y0 - top : y1 - top, x0 - left : x1 - left]
    under = picture[y0:y1, x0:x1]
    alpha = part[..., 3:].astype(np.float32) * (opacity / 255)
    under[:] = np.rint(under + alpha * (part[..., :3].astype(np.float32) - under)).astype(np.uint8)


def mix(first: Picture, second: Picture, weight: float) -> Picture:
    """Return ``first`` × (1 − weight) + ``second`` × weight."""
    mixed: Picture = cv2.addWeighted(first, 1 - weight, second, weight, 0)
    return mixed
