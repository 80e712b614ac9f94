"""The trip through a real encoder and decoder."""

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from streamproc.media.coding import code_and_decode


@pytest.fixture(scope="module")
def frames() -> list[NDArray[np.uint8]]:
    photograph = cv2.resize(skimage.data.astronaut(), (320, 192), interpolation=cv2.INTER_AREA)
    return [np.roll(photograph, 4 * number, axis=1) for number in range(10)]


def distance(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return float(np.abs(first.astype(float) - second).mean())


def test_every_frame_comes_back_in_its_place(frames: list[NDArray[np.uint8]]) -> None:
    seen = code_and_decode(frames, crf=20)
    nearest = [int(np.argmin([distance(picture, frame) for frame in frames])) for picture in seen]
    assert nearest == list(range(10))


def test_a_starved_stream_differs_more_than_a_rich_one(frames: list[NDArray[np.uint8]]) -> None:
    rich, starved = code_and_decode(frames, crf=10), code_and_decode(frames, crf=45)
    assert distance(starved[5], frames[5]) > 2 * distance(rich[5], frames[5])


def test_a_bit_rate_can_be_aimed_at(frames: list[NDArray[np.uint8]]) -> None:
    rich, starved = code_and_decode(frames, bit_rate=2_000_000), code_and_decode(frames, bit_rate=30_000)
    assert distance(starved[5], frames[5]) > 1.5 * distance(rich[5], frames[5])


def test_no_frames_give_none() -> None:
    assert code_and_decode([], crf=20) == []


@pytest.mark.parametrize("aims", [{}, {"crf": 20, "bit_rate": 1_000_000}])
def test_exactly_one_aim_must_be_given(aims: dict[str, int], frames: list[NDArray[np.uint8]]) -> None:
    with pytest.raises(ValueError, match="either bit_rate or crf"):
        code_and_decode(frames, **aims)  # type: ignore[arg-type]
