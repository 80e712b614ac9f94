"""Shows what was found, so that a person can choose."""

from pathlib import Path

import cv2
import numpy as np

from streamproc.training.find.finding import Finding, Picture

_COLOURS = ((255, 220, 0), (0, 230, 255), (255, 90, 220), (120, 255, 90), (255, 140, 60), (180, 180, 255))
_LEAST_LINES = 540


def draw_marks(finding: Finding, picture: Path) -> None:
    """Write a PNG or JPEG of the finding's frame with the marks in numbered boxes, as ``--choose N`` counts them.

    Nothing is written when the finding has no frame. Raises OSError.
    """
    if finding.frame is None:
        return
    shown = annotated(finding.frame, finding)
    done, coded = cv2.imencode(picture.suffix or ".png", cv2.cvtColor(shown, cv2.COLOR_RGB2BGR))
    assert done, picture
    picture.write_bytes(coded.tobytes())


def annotated(frame: Picture, finding: Finding) -> Picture:
    """Return a copy of a picture (H, W, 3) with the marks in numbered boxes, at least 540 lines high."""
    scale = max(1, -(-_LEAST_LINES // frame.shape[0]))
    canvas = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    height, width = canvas.shape[:2]
    for number, mark in enumerate(finding.marks):
        colour = _COLOURS[number % len(_COLOURS)]
        box = mark.box
        left, top = round(box.x * width) - 3, round(box.y * height) - 3
        right, bottom = round((box.x + box.width) * width) + 3, round((box.y + box.height) * height) + 3
        cv2.rectangle(canvas, (left, top), (right, bottom), colour, 2)
        below = top < 40
        baseline = bottom + 30 if below else top - 8
        cv2.putText(canvas, f"{number + 1}", (max(2, left), baseline), colour, cv2.FontFace("sans"), 28, 600)
    return np.asarray(canvas, np.uint8)
