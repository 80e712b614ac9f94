"""Sends pictures through a real encoder and decoder, so that a model sees what coding does to a logo."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TypeAlias

import av
import numpy as np
from numpy.typing import NDArray

_Coded: TypeAlias = "av.Packet[av.VideoStream]"


def code_and_decode(
    frames: Sequence[NDArray[np.uint8]],
    *,
    bit_rate: int | None = None,
    crf: float | None = None,
    rate: int = 25,
    preset: str = "veryfast",
) -> list[NDArray[np.uint8]]:
    """Return the frames as a viewer of their H.264 stream (4:2:0, one group of pictures) would see them.

    frames: each (H, W, 3) uint8 RGB, all of one even size, in presentation order.
    bit_rate: bits a second to aim at; or crf: libx264's constant quality, 0 (lossless) to 51. Give exactly one.
    """
    if not frames:
        return []
    if (bit_rate is None) == (crf is None):
        raise ValueError(f"give either bit_rate or crf, not both and not neither: {bit_rate=}, {crf=}")
    # With AVX-512, x264 comes to another macroblock tree each time; the same seed must draw the same lesson.
    options = {"preset": preset, "keyint": "infinite", "x264-params": "mbtree=0"}
    if crf is not None:
        options["crf"] = f"{crf:g}"
    encoder = _encoder(frames[0].shape[1], frames[0].shape[0], rate, options)
    if bit_rate is not None:
        encoder.bit_rate = bit_rate
    return list(_decoded(_packets(encoder, frames)))


def _encoder(width: int, height: int, rate: int, options: dict[str, str]) -> av.VideoCodecContext:
    encoder = av.VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate, encoder.time_base = Fraction(rate), Fraction(1, rate)
    encoder.thread_count = 1
    encoder.options = options
    return encoder


def _packets(encoder: av.VideoCodecContext, frames: Iterable[NDArray[np.uint8]]) -> Iterator[_Coded]:
    for number, picture in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, encoder.time_base
        yield from encoder.encode(frame)
    yield from encoder.encode(None)


def _decoded(packets: Iterable[_Coded]) -> Iterator[NDArray[np.uint8]]:
    decoder = av.VideoCodecContext.create("h264", "r")
    decoder.thread_count = 1
    for packet in packets:
        for frame in decoder.decode(packet):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    for frame in decoder.decode(None):
        yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
