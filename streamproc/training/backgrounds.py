"""What lies under a bug: photographs that ship with scikit-image, drawn scenes, and footage."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

PHOTOGRAPHS = (
    "astronaut", "brick", "camera", "chelsea", "clock", "coffee", "coins", "colorwheel", "grass", "gravel",
    "hubble_deep_field", "immunohistochemistry", "moon", "page", "retina", "rocket", "text",
)  # fmt: skip
"""Names in skimage.data of the pictures that its wheel itself holds: nothing is downloaded."""


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures of one origin. Training and measuring never share a group."""

    name: str
    """The photograph's or recording's name."""
    pictures: Sequence[Picture]
    """Each (H, W, 3) uint8 RGB."""


def photographs() -> list[Group]:
    """Return scikit-image's own photographs and textures, each a group of its own, as (H, W, 3) uint8 RGB."""
    return [Group(name, [_rgb(getattr(skimage.data, name)())]) for name in PHOTOGRAPHS]


def drawn(rng: np.random.Generator, count: int) -> Group:
    """Return drawn scenes: clouds, overlapping shapes, gradients, stripes, pages of text. Each (360, 640, 3)."""
    kinds: tuple[Callable[[np.random.Generator], Picture], ...] = (clouds, leaves, leaves, gradient, stripes, page)
    return Group("drawn", [kinds[index % len(kinds)](rng) for index in range(count)])


def split(groups: Sequence[Group]) -> tuple[list[Group], list[Group]]:
    """Split groups into those to learn from and those held out: every fourth, but never all."""
    held_out = [group for index, group in enumerate(groups) if index % 4 == 3]
    return [group for index, group in enumerate(groups) if index % 4 != 3], held_out


def flat(rng: np.random.Generator, height: int = 360, width: int = 640) -> Picture:
    """Return a picture of one colour; black, white and greys come more often than others."""
    shade = int(rng.choice(np.array([0, 16, 235, 255, rng.integers(0, 256), rng.integers(180, 256)])))
    colour = rng.integers(0, 256, 3) if rng.random() < 0.4 else np.full(3, shade)
    return np.full((height, width, 3), colour, np.uint8)


def clouds(rng: np.random.Generator) -> Picture:
    """Return coloured noise with the 1/f spectrum of natural pictures."""
    height, width = 360, 640
    frequency = np.hypot(np.fft.fftfreq(height)[:, None] * height, np.fft.rfftfreq(width)[None] * width)
    weight = 1 / np.maximum(frequency, 1) ** rng.uniform(0.8, 1.9)
    weight[0, 0] = 0
    spectrum = np.fft.rfft2(rng.standard_normal((3, height, width))) * weight
    waves = np.fft.irfft2(spectrum, (height, width)).transpose(1, 2, 0)
    waves /= waves.std(axis=(0, 1))
    mixed = waves @ (np.eye(3) * 0.5 + rng.uniform(0, 0.6, (3, 3)))
    return _shade(mixed * rng.uniform(15, 60) + rng.uniform(40, 215, 3))


def leaves(rng: np.random.Generator) -> Picture:
    """Return overlapping shapes of all sizes and colours, as objects cover one another in a picture."""
    height, width = 360, 640
    canvas = flat(rng, height, width)
    for _ in range(int(rng.integers(40, 300))):
        size = int(min(12 / rng.uniform(0.02, 1), 250))
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        if rng.random() < 0.5:
            axes = (size, int(size * rng.uniform(0.3, 1)))
            cv2.ellipse(canvas, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
        else:
            corners = np.array(centre) + rng.integers(-size, size + 1, (int(rng.integers(3, 6)), 2))
            cv2.fillPoly(canvas, [corners.astype(np.int32)], colour, cv2.LINE_AA)
    return cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.4, 6))) if rng.random() < 0.5 else canvas


def gradient(rng: np.random.Generator) -> Picture:
    """Return a smooth passage between two colours, with a little grain."""
    rows, columns = np.mgrid[0:360, 0:640]
    angle = rng.uniform(0, 2 * np.pi)
    ramp = rows / 360 * np.sin(angle) + columns / 640 * np.cos(angle)
    ramp = (ramp - ramp.min()) / np.ptp(ramp)
    first, second = rng.uniform(0, 256, (2, 3))
    return _shade(first + ramp[..., None] * (second - first) + rng.normal(0, rng.uniform(0, 4), (360, 640, 1)))


def stripes(rng: np.random.Generator) -> Picture:
    """Return a grating or a chequered pattern: hard edges in a row, as in buildings, fences and graphics."""
    rows, columns = np.mgrid[0:360, 0:640].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(4, 60)
    wave = np.sin((rows * np.sin(angle) + columns * np.cos(angle)) * (2 * np.pi / period))
    if rng.random() < 0.4:
        wave = wave * np.sin((rows * np.cos(angle) - columns * np.sin(angle)) * (2 * np.pi / period))
    edge = np.clip(wave * rng.uniform(0.5, 10), -1, 1)[..., None] / 2 + 0.5
    first, second = rng.uniform(0, 256, (2, 3))
    return _shade(first + edge * (second - first))


def page(rng: np.random.Generator) -> Picture:
    """Return lines of text on a ground: captions, end titles, web pages."""
    canvas = flat(rng)
    colour = tuple(int(value) for value in rng.integers(0, 256, 3))
    size = int(rng.integers(10, 70))
    for baseline in range(size, 360 + size, int(size * 1.4)):
        write(canvas, words(rng), (int(rng.integers(-40, 300)), baseline), colour, size)
    return canvas


def partly_white(pictures: Sequence[Picture], rng: np.random.Generator) -> list[Picture]:
    """Return pictures of one size, each (H, W, 3) uint8, beyond one edge of which all is nearly white.

    A sky, a wall, a page: a white bug lies on such a ground in part, and only the rest of it is to be seen. The edge is
    straight or bent, hard or soft, and the same on all pictures.
    """
    height, width = pictures[0].shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    across, down = (columns - rng.uniform(0.15, 0.85) * width), (rows - rng.uniform(0.15, 0.85) * height)
    angle = rng.uniform(0, 2 * np.pi)
    along = across * np.sin(angle) - down * np.cos(angle)
    beyond = across * np.cos(angle) + down * np.sin(angle) + rng.uniform(-1, 1) * along**2 / max(height, width)
    softness = rng.choice(np.array([1, 1, 0.08 * width, 0.25 * width]))
    share = np.clip(beyond / softness + 0.5, 0, 1)[..., None]
    grain = rng.normal(0, rng.uniform(0, 6), (height, width, 1))
    white = (rng.uniform(205, 255) + rng.uniform(-8, 8, 3) + grain).clip(0, 255)
    return [np.asarray(np.rint(white * share + picture * (1 - share)), np.uint8) for picture in pictures]


def words(rng: np.random.Generator, most: int = 30) -> str:
    """Return random Latin, Cyrillic and digit characters with blanks between."""
    alphabet = list(
        "ABCDEFGHIJKLMNOPRSTUVWXYZabcdefghiklmnoprstuvwyzАБВГДЕЖИКЛМНОПРСТабвгдежиклмнопрст0123456789    .,!-"
    )
    return "".join(rng.choice(alphabet, int(rng.integers(1, most))))


def write(canvas: Picture, text: str, origin: tuple[int, int], colour: tuple[int, ...], size: int) -> None:
    """Draw text with its baseline's left end at ``origin``, in a font that comes with OpenCV. Changes the canvas."""
    cv2.putText(canvas, text, origin, colour, cv2.FontFace("sans"), size, 400 + 40 * (size % 11))


def _rgb(picture: NDArray[np.generic]) -> Picture:
    levels = np.asarray(picture, np.uint8)
    return np.dstack([levels] * 3) if levels.ndim == 2 else np.ascontiguousarray(levels[:, :, :3])


def _shade(values: NDArray[np.floating]) -> Picture:
    return np.asarray(np.rint(values).clip(0, 255), np.uint8)
