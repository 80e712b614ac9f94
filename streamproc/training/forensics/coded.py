"""What coding does to pictures: JPEG, and H.264 and MPEG-2 of moving video, whose keyframes are what is looked at."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from streamproc.forensics.traces import Picture
from streamproc.media.decoder import decode_frames
from streamproc.media.encode import Coding, Encoder
from streamproc.media.files import FileFootage
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


def mpeg2(frames: Sequence[Picture], bit_rate: int, gop: int = 12) -> list[tuple[int, Picture]]:
    """Return number and picture of each keyframe of consecutive frames as MPEG-2 television leaves them.

    frames: (H, W, 3) RGB, height and width even. bit_rate: bits a second, constant; of 576 lines 3 to 8 million.
    """
    return _keyframes(frames, _coding(frames, gop, bit_rate=bit_rate, mpeg2=True))


def broadcast(frames: Sequence[Picture], bit_rate: int, gop: int = 24) -> list[tuple[int, Picture]]:
    """Return number and picture of each keyframe as H.264 of a constant bit rate leaves them, with a second's buffer.

    bit_rate: bits a second; of 1080 lines 3 to 8 million, and :func:`share_of` it for a part of a picture.
    """
    return _keyframes(frames, _coding(frames, gop, bit_rate=bit_rate, x264_options=_constant(bit_rate)))


def mpeg2_then_h264(frames: Sequence[Picture], bit_rate: int, crf: int, gop: int = 12) -> list[tuple[int, Picture]]:
    """Return the keyframes of what came as MPEG-2 and was coded again as H.264; only the first is both's keyframe."""
    first = _coding(frames, gop + 1, bit_rate=bit_rate, mpeg2=True)
    return h264(_decoded(frames, first), crf, gop)


def h264_twice(frames: Sequence[Picture], first: int, second: int, gop: int = 12) -> list[tuple[int, Picture]]:
    """Return the keyframes of what was coded as H.264 at one CRF and again at another; keyframes as above."""
    return h264(_decoded(frames, _coding(frames, gop + 1, x264_options={"crf": str(first)})), second, gop)


def share_of(bit_rate: int, part: Sequence[int], whole: tuple[int, int]) -> int:
    """Return a part's share of a picture's bit rate by its pixels; sizes (H, W)."""
    return bit_rate * part[0] * part[1] // (whole[0] * whole[1])


def _constant(bit_rate: int) -> dict[str, str]:
    return dict.fromkeys(("maxrate", "minrate", "bufsize"), str(bit_rate))


def _coding(frames: Sequence[Picture], gop: int, **others: Any) -> Coding:
    height, width = frames[0].shape[:2]
    return Coding(width=width, height=height, rate=RATE, gop_frames=gop, audio_rate=None, **others)


@contextmanager
def _file(frames: Sequence[Picture], coding: Coding) -> Iterator[Path]:
    """Lend a file of coded frames; MPEG-2 travels in a transport stream."""
    with tempfile.TemporaryDirectory(prefix="coded-") as folder:
        path = Path(folder) / ("coded.ts" if coding.mpeg2 else "coded.mp4")
        with Encoder(str(path), coding) as encoder:
            for frame in frames:
                encoder.write(frame)
        yield path


def _keyframes(frames: Sequence[Picture], coding: Coding) -> list[tuple[int, Picture]]:
    with _file(frames, coding) as path:
        return [(round(time * RATE), picture) for time, picture in spread_keyframes([path], every=0)]


def _decoded(frames: Sequence[Picture], coding: Coding) -> list[Picture]:
    """Return all frames as they come back."""
    with _file(frames, coding) as path:
        epoch = FileFootage([path]).epochs()[0]
        whole = (0, 0, coding.width, coding.height)
        return [frame.crop(whole) for frame in decode_frames(epoch, Fraction(0), epoch.end())]
