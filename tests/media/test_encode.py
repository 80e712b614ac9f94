import socket
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streamproc.errors import SourceLost
from streamproc.media.encode import Coding, Encoder

CODING = Coding(width=320, height=180, rate=Fraction(25), gop_frames=10, preset="ultrafast", bit_rate=400_000)
SILENCE = np.zeros((2, 1920), np.float32)


def encode(target: Path, frames: int, colour: tuple[int, int, int] = (40, 90, 200)) -> None:
    picture = np.empty((180, 320, 3), np.uint8)
    picture[:] = colour
    with Encoder(str(target), CODING) as encoder:
        for _ in range(frames):
            encoder.write(picture, SILENCE)


@pytest.mark.parametrize("suffix", ["mp4", "flv", "ts"])
def test_every_picture_comes_back(tmp_path: Path, suffix: str) -> None:
    encode(tmp_path / f"a.{suffix}", 33)
    with av.open(str(tmp_path / f"a.{suffix}")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 33


def test_pictures_are_one_frame_apart(tmp_path: Path) -> None:
    encode(tmp_path / "a.mp4", 12)
    with av.open(str(tmp_path / "a.mp4")) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert np.allclose(np.diff(np.array(times, np.float64)), 0.04)


def test_keyframes_are_as_far_apart_as_asked_for(tmp_path: Path) -> None:
    encode(tmp_path / "a.mp4", 35)
    with av.open(str(tmp_path / "a.mp4")) as container:
        keyframes = [number for number, frame in enumerate(container.decode(video=0)) if frame.key_frame]
    assert keyframes == [0, 10, 20, 30]


def test_colours_come_back(tmp_path: Path) -> None:
    encode(tmp_path / "a.mp4", 3, (40, 90, 200))
    with av.open(str(tmp_path / "a.mp4")) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(picture[90, 160].astype(int) - (40, 90, 200)).max() <= 4


def test_an_address_where_nobody_listens_is_a_lost_source() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(SourceLost, match="can't open"):
        Encoder(f"rtmp://127.0.0.1:{port}/live/x", CODING)
