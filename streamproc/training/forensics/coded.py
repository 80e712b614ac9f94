"""What coding does to pictures: JPEG, and H.264 of moving video, whose keyframes are what is looked at."""

import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from streamproc.forensics.traces import Picture
from streamproc.media.encode import Coding, Encoder
from streamproc.media.keyframes import spread_keyframes

RATE: Final = Fraction(25)


def jpeg(picture: Picture, quality: int) -> Picture:
    """Return a picture, (H, W, 3) RGB, as it comes back from JPEG (OpenCV's coder, 4:2:0)."""
    _, coded = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8)


def h264(frames: Sequence[Picture], crf: int, gop: int = 12) -> list[tuple[int, Picture]]:
    """Return number and picture of each keyframe of consecutive frames as they come back from x264.

    frames: (H, W, 3) RGB, height and width even. gop: frames from keyframe to keyframe.
    """
    height, width = frames[0].shape[:2]
    coding = Coding(
        width=width, height=height, rate=RATE, gop_frames=gop, audio_rate=None, x264_options={"crf": str(crf)}
    )
    with tempfile.TemporaryDirectory(prefix="coded-") as folder:
        path = Path(folder) / "coded.mp4"
        with Encoder(str(path), coding) as encoder:
            for frame in frames:
                encoder.write(frame)
        return [(round(time * RATE), picture) for time, picture in spread_keyframes([path], every=0)]
