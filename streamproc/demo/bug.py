"""The demo channel's bug: what it looks like and where it sits."""

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.inference.card import Region

BUG_OPACITY = 0.62
"""How opaque the bug is while it is fully on air."""
BUG_LEFT = 1110 / 1280
"""The bug's left edge, as a fraction of the picture's width."""
BUG_TOP = 44 / 720
"""The bug's top edge, as a fraction of the picture's height."""
BUG_REGION = Region(x=1094 / 1280, y=28 / 720, width=144 / 1280, height=96 / 720)
"""Where the model looks: the bug and a margin of 16 lines of 720 around it."""

_SIZE = (112, 64)  # width and height in a picture of 720 lines
_OVERSAMPLING = 8


def draw_bug(picture_height: int = 720) -> NDArray[np.uint8]:
    """Return the bug at the size it has in a picture of so many lines.

    returns: (H, W, 4) uint8, RGBA, not premultiplied; 64 × 112 for 720 lines.
    """
    width, height = (round(side * picture_height / 720) for side in _SIZE)
    big = (_SIZE[0] * _OVERSAMPLING, _SIZE[1] * _OVERSAMPLING)
    mark = _rounded((8, 8, 104, 56), 15, big)
    letters = _letters(big)
    shadow = cv2.GaussianBlur(mark, (0, 0), 3.0 * _OVERSAMPLING) * 0.45
    body = mark * (1 - 0.9 * letters)
    alpha = body + (1 - body) * np.maximum(shadow, 0.8 * mark * letters)
    shade = np.divide(body, alpha, out=np.zeros_like(body), where=alpha > 0)
    white = np.array([250.0, 252.0, 255.0], np.float32)
    dark = np.array([14.0, 22.0, 48.0], np.float32)
    colour = dark + shade[..., None] * (white - dark)
    premultiplied = np.dstack([colour * alpha[..., None], alpha * 255]).astype(np.float32)
    return _unpremultiplied(cv2.resize(premultiplied, (width, height), interpolation=cv2.INTER_AREA))


def _rounded(box: tuple[int, int, int, int], radius: int, big: tuple[int, int]) -> NDArray[np.float32]:
    left, top, right, bottom = (side * _OVERSAMPLING for side in box)
    radius *= _OVERSAMPLING
    mask = np.zeros((big[1], big[0]), np.uint8)
    cv2.rectangle(mask, (left + radius, top), (right - radius, bottom), 255, -1)
    cv2.rectangle(mask, (left, top + radius), (right, bottom - radius), 255, -1)
    for x in (left + radius, right - radius):
        for y in (top + radius, bottom - radius):
            cv2.circle(mask, (x, y), radius, 255, -1)
    return np.divide(mask, 255, dtype=np.float32)


def _letters(big: tuple[int, int]) -> NDArray[np.float32]:
    """A play triangle and the letters SP, which show the picture through."""
    canvas = np.zeros((big[1], big[0], 3), np.uint8)
    triangle = np.array([(20, 19), (20, 45), (40, 32)], np.int32) * _OVERSAMPLING
    cv2.fillPoly(canvas, [triangle], (255, 255, 255))
    font = cv2.FontFace("sans")
    origin = (44 * _OVERSAMPLING, 44 * _OVERSAMPLING)
    cv2.putText(canvas, "SP", origin, (255, 255, 255), font, 34 * _OVERSAMPLING, 800)
    return np.divide(canvas[..., 0], 255, dtype=np.float32)


def _unpremultiplied(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    alpha = picture[..., 3:]
    colour = np.divide(picture[..., :3] * 255, alpha, out=np.zeros_like(picture[..., :3]), where=alpha > 0)
    layer: NDArray[np.uint8] = np.rint(np.clip(np.dstack([colour, alpha]), 0, 255)).astype(np.uint8)
    return layer
