"""What looks like paint and is none: captions, logos, drawn pictures, bars, and blur, as television shows them."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.traces import Picture

Logo = NDArray[np.uint8]
"""(H, W, 4) RGB and alpha."""
_LETTERS = list("ABCDEFGHIKLMNOPRSTUVXYZ 0123456789")


def captioned(picture: Picture, rng: np.random.Generator) -> Picture:
    """Return the picture with a caption as television draws them: smooth on purpose, and not painted out."""
    height, width = picture.shape[:2]
    drawn = picture.copy()
    top, left = int(rng.integers(0, height * 3 // 4)), int(rng.integers(0, width // 2))
    bottom, right = top + int(rng.integers(12, height // 4)), left + int(rng.integers(40, width // 2))
    colour = rng.integers(0, 256, 3)
    fade = np.linspace(1, rng.uniform(0.5, 1), max(1, min(right, width) - left))[None, :, None]
    part = drawn[top:bottom, left:right]
    alpha = rng.choice([1.0, 1.0, 0.7])
    drawn[top:bottom, left:right] = np.rint(part * (1 - alpha) + alpha * colour * fade).astype(np.uint8)
    size = rng.uniform(0.4, 0.9)
    ink = tuple(int(255 - value) for value in colour)
    text = "".join(rng.choice(_LETTERS, 12))
    cv2.putText(drawn, text, (left + 4, (top + bottom) // 2), cv2.FONT_HERSHEY_DUPLEX, size, ink, 1, cv2.LINE_AA)
    return drawn


def logos(folder: Path, which: slice) -> list[Logo]:
    """Return the logos of a folder, in order of their names, that have an alpha channel."""
    found = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted(folder.glob("*.png"))[which]]
    return [
        np.asarray(cv2.cvtColor(one, cv2.COLOR_BGRA2RGBA), np.uint8)
        for one in found
        if one is not None and one.ndim == 3 and one.shape[2] == 4 and one.dtype == np.uint8
    ]


def branded(picture: Picture, logo: Logo, rng: np.random.Generator) -> Picture:
    """Return the picture with a logo on it, opaque or translucent, 40 to 240 pixels wide."""
    wide = int(rng.integers(40, min(240, picture.shape[1] // 2)))
    high = max(4, min(round(logo.shape[0] * wide / logo.shape[1]), picture.shape[0] // 2))
    small = cv2.resize(logo, (wide, high), interpolation=cv2.INTER_AREA).astype(np.float32)
    if rng.random() < 0.3:
        small[:, :, :3] = small[:, :, :3].mean(axis=2, keepdims=True)
    top, left = (int(rng.integers(0, have - want)) for have, want in zip(picture.shape, (high, wide), strict=False))
    alpha = small[:, :, 3:] / 255 * rng.uniform(0.4, 1.0)
    drawn = picture.copy()
    part = drawn[top : top + high, left : left + wide]
    drawn[top : top + high, left : left + wide] = np.rint(part * (1 - alpha) + small[:, :, :3] * alpha)
    return drawn


def barred(picture: Picture, rng: np.random.Generator) -> Picture:
    """Return the picture with black bars above and below, or at its sides."""
    drawn = picture.copy()
    upright = rng.random() < 0.7
    lines = drawn if upright else drawn.transpose(1, 0, 2)
    bar = int(rng.integers(8, max(9, len(lines) // 5)))
    lines[:bar] = lines[len(lines) - bar :] = rng.choice([0, 16])
    return drawn


def blurred(picture: Picture, rng: np.random.Generator) -> Picture:
    """Return the picture out of focus: all of it, or what is far from a place in it, growing softly."""
    soft = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.7, 5)))
    if rng.random() < 0.3:
        return np.asarray(soft, np.uint8)
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    away = np.hypot((rows - rng.uniform(0, height)) * rng.uniform(0.3, 1), columns - rng.uniform(0, width))
    reach = rng.uniform(0.15, 0.6) * width
    share = np.clip((away - reach) / rng.uniform(20, 120), 0, 1)[:, :, None]
    mixed = picture * (1 - share) + soft * share
    grain = rng.normal(0, rng.uniform(0, 1.5), (height, width, 1))
    return np.asarray(np.clip(np.rint(mixed + grain), 0, 255), np.uint8)


def drawn(size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """Return a picture (H, W, 3) as a designer makes them: a gradient, flat shapes with sharp edges, and words."""
    height, width = size
    ends = rng.integers(0, 256, (2, 3))
    rows, columns = np.mgrid[:height, :width] / np.array([[[height]], [[width]]])
    turn = rng.uniform(0, 2 * np.pi)
    along = np.clip((rows - 0.5) * np.sin(turn) + (columns - 0.5) * np.cos(turn) + 0.5, 0, 1)[:, :, None]
    picture = np.ascontiguousarray(np.rint(ends[0] * (1 - along) + ends[1] * along).astype(np.uint8))
    for _ in range(int(rng.integers(2, 12))):
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        if rng.random() < 0.5:
            end = x + int(rng.integers(10, width // 2)), y + int(rng.integers(10, height // 2))
            cv2.rectangle(picture, (x, y), end, colour, -1, cv2.LINE_AA)
        else:
            cv2.circle(picture, (x, y), int(rng.integers(5, height // 3)), colour, -1, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 4))):
        picture = captioned(picture, rng)
    grain = rng.normal(0, rng.choice([0, 0, 1, 3]), (height, width, 1))
    return np.clip(np.rint(picture + grain), 0, 255).astype(np.uint8)


def dressed(picture: Picture, brands: Sequence[Logo], rng: np.random.Generator) -> Picture:
    """Return the picture as it may be on the air: with a caption, a logo, bars or blur, or with none of them."""
    if rng.random() < 0.15:
        picture = blurred(picture, rng)
    if rng.random() < 0.2:
        picture = captioned(picture, rng)
    if brands and rng.random() < 0.3:
        picture = branded(picture, brands[int(rng.integers(len(brands)))], rng)
    if rng.random() < 0.1:
        picture = barred(picture, rng)
    return picture
