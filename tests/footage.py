"""Footage that knows what it is: every field of every picture carries its number, and the sound carries the time.

A picture is a grid of black and white blocks (the number's bits, most significant first), two blocks a bit high
apart, over a moving background; its colour repeats the number's low bits. In interlaced footage the two fields carry
numbers of their own: 2n for the one shown first. The sound is noise that never repeats, so that a piece of it tells
to the sample where it comes from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec.context import Flags
from numpy.typing import NDArray

BITS = 16
_COLUMNS = 8
_DARK, _LIGHT = 40, 216
_HUES = ((90, 90), (90, 166), (166, 90), (166, 166))
SOUND_RATE = 48_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What to draw and how to code it."""

    frames: int = 60
    """Pictures."""
    rate: Fraction = Fraction(25)
    """Pictures a second."""
    size: tuple[int, int] = (160, 96)
    """Width, height; interlaced needs a height that 32 divides."""
    interlaced: str = ""
    """``tff``, ``bff``, or nothing for progressive."""
    pixel_format: str = "yuv420p"
    """FFmpeg's name, planar."""
    codec: str = "libx264"
    """FFmpeg's name of the encoder."""
    options: dict[str, str] = field(default_factory=dict)
    """Of the encoder."""
    times: Sequence[int] | None = None
    """Presentation time of each picture in milliseconds, for a varying rate."""
    sound: str | None = "aac"
    """FFmpeg's name of the audio encoder, or None."""
    container_options: dict[str, str] = field(default_factory=dict)
    """Of the muxer."""
    grain: int = 0
    """Noise over the picture, in steps of luma: what makes coded pictures large."""


def paint(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """Return the luma, (height, width) uint8, of the picture that carries ``number``."""
    rows, columns = BITS // _COLUMNS, _COLUMNS
    tall, wide = height // rows, width // columns
    y, x = np.mgrid[0:height, 0:width]
    picture = (96 + 24 * np.sin((x + 3 * number) / 7.0) + 16 * np.sin((y - 2 * number) / 5.0)).astype(np.uint8)
    for index in range(BITS):
        top, left = index // columns * tall, index % columns * wide
        bit = number >> (BITS - 1 - index) & 1
        block = picture[top + tall // 4 : top + tall - tall // 4, left + wide // 4 : left + wide - wide // 4]
        block[:] = _LIGHT if bit else _DARK
    return picture


def read(luma: NDArray[np.integer]) -> int:
    """Return the number that a decoded luma, (height, width), 8 bits deep, carries."""
    height, width = luma.shape
    rows, columns = BITS // _COLUMNS, _COLUMNS
    tall, wide = height // rows, width // columns
    number = 0
    for index in range(BITS):
        top, left = index // columns * tall, index % columns * wide
        middle = luma[top + tall * 3 // 8 : top + tall * 5 // 8, left + wide * 3 // 8 : left + wide * 5 // 8]
        number = number << 1 | int(middle.mean() > (_DARK + _LIGHT) / 2)
    return number


def noise(at: int, count: int) -> NDArray[np.float32]:
    """Return ``count`` samples from sample ``at`` of the sound, in [-1, 1]: smooth noise that never repeats."""
    block = 4096
    first, last = at // block, (at + count - 1) // block
    parts = [np.random.default_rng(number + 1_000_000).standard_normal(block) for number in range(first - 1, last + 2)]
    raw = np.concatenate(parts)
    kernel = np.hanning(9) / np.hanning(9).sum()
    smooth = np.convolve(raw, kernel, mode="same")
    begin = at - (first - 1) * block
    return np.clip(smooth[begin : begin + count] * 0.4, -1, 1).astype(np.float32)


def draw(path: Path, drawn: Drawn) -> Path:
    """Code the footage into ``path``, whose suffix says in which container."""
    with av.open(str(path), "w", options=drawn.container_options) as container:
        video = _video_stream(container, drawn)
        fields = _Fields(drawn, video.codec_context.time_base) if drawn.interlaced else None
        sound = None
        if drawn.sound is not None:
            sound = container.add_stream(drawn.sound, rate=SOUND_RATE)
            sound.layout = "stereo"
        coded_sound = 0
        for number in range(drawn.frames):
            frame = _frame(number, drawn)
            container.mux(video.encode(frame if fields is None else fields.mark(frame)))
            seconds = (number + 1) / drawn.rate if drawn.times is None else Fraction(drawn.times[number], 1000)
            while sound is not None and Fraction(coded_sound, SOUND_RATE) < seconds:
                size = sound.codec_context.frame_size or 1024
                samples = np.repeat(noise(coded_sound, size)[None], 2, axis=0)
                container.mux(sound.encode(_sound_frame(samples, coded_sound, sound)))
                coded_sound += size
        container.mux(video.encode(None))
        if sound is not None:
            container.mux(sound.encode(None))
    return path


def _video_stream(container: av.container.OutputContainer, drawn: Drawn) -> av.VideoStream:
    video = container.add_stream(drawn.codec, rate=drawn.rate, options={"crf": "20", **drawn.options})
    video.width, video.height = drawn.size
    video.pix_fmt = drawn.pixel_format
    video.time_base = 1 / drawn.rate if drawn.times is None else Fraction(1, 1000)
    video.codec_context.time_base = video.time_base
    if drawn.interlaced:
        video.codec_context.flags |= Flags.interlaced_dct | Flags.interlaced_me
    return video


def _sound_frame(samples: NDArray[np.float32], at: int, stream: av.AudioStream) -> av.AudioFrame:
    name = stream.codec_context.format.name
    if name.startswith("s16"):
        whole = (samples * 32767).astype(np.int16)
        packed = whole if name.endswith("p") else np.ascontiguousarray(whole.T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format=name, layout="stereo")
    else:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, at, Fraction(1, SOUND_RATE)
    return frame


def _frame(number: int, drawn: Drawn) -> av.VideoFrame:
    width, height = drawn.size
    if drawn.interlaced:
        luma = np.zeros((height, width), np.uint8)
        first = 0 if drawn.interlaced == "tff" else 1
        luma[first::2] = paint(2 * number, width, height // 2)
        luma[1 - first :: 2] = paint(2 * number + 1, width, height // 2)
    else:
        luma = paint(number, width, height)
    if drawn.grain:
        noisy = np.random.default_rng(number).integers(-drawn.grain, drawn.grain, luma.shape, np.int16, endpoint=True)
        luma = np.clip(luma + noisy, 16, 235).astype(np.uint8)
    frame = av.VideoFrame(width, height, drawn.pixel_format)
    shift = frame.format.components[0].bits - 8
    kind = np.uint16 if shift else np.uint8
    for index, plane in enumerate(frame.planes):
        whole = np.zeros((plane.height, plane.line_size // np.dtype(kind).itemsize), kind)
        picture = luma if index == 0 else np.full((plane.height, plane.width), _HUES[number % 4][index - 1])
        whole[:, : plane.width] = picture.astype(kind) << shift
        plane.update(whole.tobytes())
    frame.pts = number if drawn.times is None else drawn.times[number]
    frame.time_base = 1 / drawn.rate if drawn.times is None else Fraction(1, 1000)
    return frame


class _Fields:
    """Marks frames as interlaced, which only a filter can."""

    def __init__(self, drawn: Drawn, time_base: Fraction) -> None:
        graph = av.filter.Graph()
        width, height = drawn.size
        source = graph.add_buffer(width=width, height=height, format=drawn.pixel_format, time_base=time_base)
        marked, sink = graph.add("setfield", f"mode={drawn.interlaced}"), graph.add("buffersink")
        source.link_to(marked)
        marked.link_to(sink)
        graph.configure()
        self._graph = graph

    def mark(self, frame: av.VideoFrame) -> av.VideoFrame:
        self._graph.push(frame)
        return self._graph.pull()


@dataclass(frozen=True, slots=True)
class Seen:
    """One decoded picture."""

    time: Fraction
    """Presentation time, seconds."""
    numbers: tuple[int, ...]
    """The number it carries, or those of its first and second field."""
    hue: int
    """The number's lowest two bits, as the colour says."""


def look(path: Path, interlaced: str = "") -> list[Seen]:
    """Decode every picture of a file and read what it carries, in the order in which a player shows them."""
    with av.open(str(path)) as container:
        return list(_seen(container, interlaced))


def _seen(container: av.container.InputContainer, interlaced: str) -> Iterator[Seen]:
    for frame in container.decode(container.streams.video[0]):
        planes = [_plane(frame, index) for index in range(3)]
        luma = planes[0]
        if interlaced:
            first = 0 if interlaced == "tff" else 1
            numbers = (read(luma[first::2]), read(luma[1 - first :: 2]))
        else:
            numbers = (read(luma),)
        colour = planes[1].mean(), planes[2].mean()
        hue = _HUES.index(tuple(90 if value < 128 else 166 for value in colour))
        assert frame.pts is not None
        assert frame.time_base is not None
        yield Seen(frame.pts * frame.time_base, numbers, hue)


def _plane(frame: av.VideoFrame, index: int) -> NDArray[np.integer]:
    plane = frame.planes[index]
    shift = frame.format.components[0].bits - 8
    kind = np.uint16 if shift else np.uint8
    rows = np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width]
    return rows >> shift


def heard(path: Path) -> tuple[Fraction, NDArray[np.float32]]:
    """Decode the sound of a file; return the time of its first sample, seconds, and its left channel."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        parts, start = [], None
        for frame in container.decode(stream):
            if start is None:
                assert frame.pts is not None
                start = frame.pts * frame.time_base
            samples = frame.to_ndarray().astype(np.float32)
            parts.append(samples[0] if frame.format.is_planar else samples.reshape(-1, 2)[:, 0])
    assert start is not None
    return start, np.concatenate(parts)


def offset_of(sound: NDArray[np.float32], at: int, reach: int = 4000) -> int:
    """Return by how many samples ``sound`` lies later in the original than ``at``, by cross-correlation."""
    original = noise(at - reach, len(sound) + 2 * reach)
    size = 1 << (len(original) + len(sound)).bit_length()
    spectrum = np.fft.rfft(original, size) * np.conj(np.fft.rfft(sound, size))
    correlation = np.fft.irfft(spectrum, size)[: 2 * reach + 1]
    return int(np.argmax(correlation)) - reach
