"""What coding does."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import skimage.data

from streamproc.forensics.traces import Picture
from streamproc.training.forensics.coded import broadcast, h264, h264_twice, mpeg2, mpeg2_then_h264, share_of
from streamproc.training.forensics.scenes import panned

FRAMES = 27
Keyframes = list[tuple[int, Picture]]
CODERS: dict[str, Callable[[Sequence[Picture]], Keyframes]] = {
    "H.264": lambda frames: h264(frames, 23, 12),
    "MPEG-2": lambda frames: mpeg2(frames, 1_500_000, 12),
    "constant rate": lambda frames: broadcast(frames, 1_000_000, 12),
    "MPEG-2, then H.264": lambda frames: mpeg2_then_h264(frames, 1_500_000, 23, 12),
    "H.264 twice": lambda frames: h264_twice(frames, 20, 26, 12),
}


@pytest.fixture(scope="module")
def clip() -> list[Picture]:
    return list(panned(skimage.data.astronaut(), (176, 256), FRAMES, np.random.default_rng(1)))


def off(one: Picture, other: Picture) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("code", CODERS.values(), ids=CODERS)
def test_keyframes_come_back_by_their_numbers(clip: list[Picture], code: Callable[..., Keyframes]) -> None:
    keyframes = code(clip)
    assert [number for number, _ in keyframes] == [0, 12, 24]
    for number, picture in keyframes:
        assert 0 < off(picture, clip[number]) < off(picture, clip[(number + 6) % FRAMES])


def test_a_lower_rate_leaves_less(clip: list[Picture]) -> None:
    for coder in (mpeg2, broadcast):
        rich, poor = (coder(clip, rate)[1] for rate in (3_000_000, 300_000))
        assert off(poor[1], clip[poor[0]]) > off(rich[1], clip[rich[0]])


def test_what_is_coded_twice_is_not_what_is_coded_once(clip: list[Picture]) -> None:
    once, twice = h264(clip, 26)[1][1], h264_twice(clip, 20, 26)[1][1]
    assert off(once, twice) > 0


def test_a_quarter_of_a_picture_has_a_quarter_of_its_rate() -> None:
    assert share_of(8_000_000, (540, 960), (1080, 1920)) == 2_000_000
