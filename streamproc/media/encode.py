"""Encodes pictures and sound to H.264 (or MPEG-2) and AAC, into a file or towards an RTMP address.

The daemon never encodes a feed; this is for what the project draws itself: the demo and the benchmarks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from streamproc.errors import SourceLost


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How pictures and sound are coded."""

    width: int
    """Pixels, even."""
    height: int
    """Pixels, even."""
    rate: Fraction
    """Frames a second."""
    bit_rate: int = 3_000_000
    """Of the video, bits a second."""
    gop_frames: int = 50
    """Frames from keyframe to keyframe."""
    preset: str = "veryfast"
    """x264's trade of speed for quality."""
    b_frames: int = 2
    """Most B-frames in a row."""
    audio_rate: int | None = 48_000
    """Samples a second of the stereo sound; None for no audio track."""
    x264_options: dict[str, str] = field(default_factory=dict)
    """More options of libx264."""
    mpeg2: bool = False
    """As MPEG-2 instead, at a constant bit rate, with a third of a second as its buffer; no preset, no x264_options."""


@dataclass(frozen=True, slots=True)
class Coded:
    """One coded frame on its way into the file."""

    packet: "av.Packet[Any]"
    """The frame itself."""
    is_video: bool
    """True for a picture, False for sound."""
    time: Fraction
    """When it is presented, seconds from the first picture."""
    due: Fraction
    """When it must be decoded, seconds; the order of sending."""


class Encoder:
    """Pictures and sound in, a file or a live stream out.

    ``encode`` and ``finish`` make coded frames, ``send`` writes them, so that a caller can pace them;
    ``write`` does both at once. Raises SourceLost when the target can't be reached or breaks off.
    """

    def __init__(self, target: str, coding: Coding) -> None:
        self._coding = coding
        container_format = "flv" if target.startswith("rtmp") else None
        self._container = av.open(target, "w", format=container_format)
        self._video = self._open_video()
        self._audio: av.AudioStream | None = None
        if coding.audio_rate is not None:
            self._audio = self._container.add_stream("aac", rate=coding.audio_rate)
            self._audio.bit_rate = 128_000
            self._audio.layout = "stereo"
        self._pictures = 0
        self._samples = 0
        self._finished = False
        try:
            self._container.start_encoding()  # connects, and writes the header
        except OSError as error:
            raise SourceLost(f"can't open what to publish to ({error.strerror})") from error

    def _open_video(self) -> av.VideoStream:
        coding = self._coding
        if coding.mpeg2:
            rate = str(coding.bit_rate)
            options = {
                "minrate": rate,
                "maxrate": rate,
                "bufsize": str(coding.bit_rate // 3),
                "sc_threshold": "1000000000",
            }
        else:
            options = {"preset": coding.preset, "profile": "high", "sc_threshold": "0"} | coding.x264_options
        stream = self._container.add_stream(
            "mpeg2video" if coding.mpeg2 else "libx264", rate=coding.rate, options=options
        )
        stream.width, stream.height, stream.pix_fmt = coding.width, coding.height, "yuv420p"
        stream.time_base = 1 / coding.rate
        stream.bit_rate = coding.bit_rate
        context = stream.codec_context
        context.gop_size = coding.gop_frames
        context.max_b_frames = coding.b_frames
        context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU601
        return stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def encode(self, picture: NDArray[np.uint8], sound: NDArray[np.float32] | None = None) -> Iterator[Coded]:
        """Encode the next picture and its sound, and yield what has become ready.

        picture: (H, W, 3) uint8, RGB. sound: (2, N) float32 in [−1, 1].
        """
        planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = self._pictures, 1 / self._coding.rate
        self._pictures += 1
        yield from self._coded(self._video, self._video.encode(frame))
        if self._audio is not None and sound is not None:
            yield from self._coded(self._audio, self._audio.encode(self._audio_frame(sound)))

    def _audio_frame(self, sound: NDArray[np.float32]) -> av.AudioFrame:
        rate = self._coding.audio_rate or 0
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate, self._samples, Fraction(1, rate)
        self._samples += sound.shape[1]
        return frame

    def finish(self) -> Iterator[Coded]:
        """Yield what the encoders still hold; nothing can be encoded after it."""
        self._finished = True
        yield from self._coded(self._video, self._video.encode(None))
        if self._audio is not None:
            yield from self._coded(self._audio, self._audio.encode(None))

    def _coded(self, stream: av.VideoStream | av.AudioStream, packets: "Sequence[av.Packet[Any]]") -> Iterator[Coded]:
        for packet in packets:
            if packet.pts is None or packet.dts is None:
                continue
            tick = Fraction(packet.time_base)
            yield Coded(packet, stream is self._video, packet.pts * tick, packet.dts * tick)

    def send(self, coded: Coded) -> None:
        """Write one coded frame."""
        try:
            self._container.mux(coded.packet)
        except OSError as error:
            raise SourceLost(f"what we publish to broke off ({error.strerror})") from error

    def write(self, picture: NDArray[np.uint8], sound: NDArray[np.float32] | None = None) -> None:
        """Encode the next picture and its sound and write what has become ready."""
        for coded in self.encode(picture, sound):
            self.send(coded)

    def close(self) -> None:
        """Write what is left and the file's end."""
        try:
            if not self._finished:
                for coded in self.finish():
                    self.send(coded)
        finally:
            self._close_container()

    def _close_container(self) -> None:
        try:
            self._container.close()
        except OSError as error:
            raise SourceLost(f"what we published to broke off ({error.strerror})") from error
