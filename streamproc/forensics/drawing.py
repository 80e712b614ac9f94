"""Traces as pictures."""

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.traces import Mask, Picture, Traces


def mask_picture(mask: Mask) -> NDArray[np.uint8]:
    """Return a mask as a grey picture: 255 where painted."""
    return np.asarray(mask, np.uint8) * np.uint8(255)


def heat_picture(picture: Picture, traces: Traces) -> Picture:
    """Return the picture, darkened and grey, with the heat over it and the boxes around what was found."""
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB).astype(np.float32) * 0.45
    colours = cv2.applyColorMap(np.asarray(traces.heat * 255, np.uint8), cv2.COLORMAP_INFERNO)[:, :, ::-1]
    weight = traces.heat[:, :, None] * 0.8
    drawn = np.ascontiguousarray(np.clip(grey * (1 - weight) + colours * weight, 0, 255).astype(np.uint8))
    for box in traces.boxes:
        cv2.rectangle(drawn, (box.left, box.top), (box.right - 1, box.bottom - 1), (90, 220, 255), _line(picture))
    return drawn


def _line(picture: Picture) -> int:
    """Return how thick a line must be, pixels, to be seen when the whole picture fits a screen."""
    return max(2, round(int(picture.shape[1]) / 480))
