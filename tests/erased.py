"""A feed from which a static logo was painted out for a while, coded as H.264."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from streamproc.forensics.traces import Box, Mask, Picture
from streamproc.media.encode import Coding, Encoder
from streamproc.training.forensics.inpainters import harmonic

WIDTH, HEIGHT, RATE, GOP = 640, 360, 10, 5
HOLE = Box(left=448, top=48, right=544, bottom=112)
"""What is painted over."""
AROUND = 16
SHOT = 40
"""Frames of a shot."""


def draw_erased(path: Path, frames: int, erased: range, paint: Callable[[Picture, Mask], Picture] = harmonic) -> Path:
    """Draw panned photographs, ten frames a second, a keyframe each half second, and paint over the hole in some."""
    size = (WIDTH * 2, HEIGHT * 2)
    photographs = [
        cv2.resize(picture(), size) for picture in (skimage.data.astronaut, skimage.data.coffee, skimage.data.chelsea)
    ]
    noise = np.random.default_rng(1)
    coding = Coding(
        width=WIDTH, height=HEIGHT, rate=Fraction(RATE), gop_frames=GOP, preset="ultrafast", x264_options={"crf": "18"}
    )
    part = np.s_[HOLE.top - AROUND : HOLE.bottom + AROUND, HOLE.left - AROUND : HOLE.right + AROUND]
    mask = np.zeros((HOLE.bottom - HOLE.top + 2 * AROUND, HOLE.right - HOLE.left + 2 * AROUND), bool)
    mask[AROUND:-AROUND, AROUND:-AROUND] = True
    with Encoder(str(path), coding) as out:
        for number in range(frames):
            shot, step = divmod(number, SHOT)
            whole = photographs[shot % len(photographs)]
            picture = whole[4 * step :][:HEIGHT, 8 * step :][:, :WIDTH].astype(np.int16)
            picture = picture + noise.integers(-4, 5, picture.shape, np.int16)
            shown = np.clip(picture, 0, 255).astype(np.uint8)
            if number in erased:
                shown[part] = paint(np.ascontiguousarray(shown[part]), mask)
            out.write(shown, np.zeros((2, 4800), np.float32))
    return path
