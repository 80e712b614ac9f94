"""ffmpeg's filters, beside the program itself."""

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from streamproc.forensics.traces import Mask, Picture
from streamproc.training.forensics.inpainters import delogo, removelogo

pytestmark = pytest.mark.ffmpeg


@pytest.fixture(scope="module")
def photograph() -> Picture:
    return np.ascontiguousarray(skimage.data.chelsea()[:120, :160])


def by_ffmpeg(picture: Picture, filtering: str) -> Picture:
    """Return a picture's first channel as ffmpeg's filter leaves it."""
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p"]
    planes = np.concatenate([picture[:, :, 0].ravel(), np.full(picture.shape[0] * picture.shape[1] // 2, 128)])
    size = f"{picture.shape[1]}x{picture.shape[0]}"
    command = ["ffmpeg", "-v", "error", *raw, "-s", size, "-i", "-", "-vf", filtering, *raw, "-"]
    filtered = subprocess.run(command, input=planes.astype(np.uint8).tobytes(), capture_output=True, check=True).stdout
    return np.frombuffer(filtered, np.uint8)[: picture[:, :, 0].size].reshape(picture.shape[:2])


@pytest.mark.parametrize(("x", "y"), [(40, 30), (1, 30), (40, 1), (109, 89)])
def test_delogo_fills_to_the_bit_as_ffmpeg_does(photograph: Picture, x: int, y: int) -> None:
    mask = np.zeros(photograph.shape[:2], bool)
    mask[y : y + 30, x : x + 50] = True
    expected = by_ffmpeg(photograph, f"delogo=x={x}:y={y}:w=50:h=30")
    assert (expected != photograph[:, :, 0]).any()
    assert (delogo(photograph, mask)[:, :, 0] == expected).all()


def logo(*, top: int, left: int) -> Mask:
    mask = np.zeros((120, 160), np.uint8)
    cv2.putText(mask, "TV 8", (left, top + 40), cv2.FONT_HERSHEY_DUPLEX, 1.4, 1, 9)
    cv2.circle(mask, (left + 20, top + 20), 18, 1, -1)
    return mask > 0


@pytest.mark.parametrize(("top", "left"), [(30, 20), (-10, 20), (30, -12), (85, 70)])
def test_removelogo_fills_to_the_bit_as_ffmpeg_does(photograph: Picture, tmp_path: Path, top: int, left: int) -> None:
    mask = logo(top=top, left=left)
    cv2.imwrite(str(tmp_path / "mask.png"), mask.astype(np.uint8) * 255)
    expected = by_ffmpeg(photograph, f"removelogo={tmp_path / 'mask.png'}")
    assert (expected != photograph[:, :, 0]).any()
    assert (removelogo(photograph, mask)[:, :, 0] == expected).all()
