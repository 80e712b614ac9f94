"""Decodes what is recorded: a keyframe alone, every frame of a stretch, or the sound beside it.

Only what is needed leaves the decoder's planes: the logo's region as RGB, or a thumbnail. Whole frames are never
converted (1.2 ms at 1080p against 0.04 ms for a region), except from pixel formats that are rare on air.

A packet that the codec refuses is skipped and counted; what it breaks shows as missing frames, never as a crash.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any, Final, TypeAlias

import av
import cv2
import numpy as np
from av.codec.context import Flags
from numpy.typing import NDArray

from streamproc.errors import SourceUnsupported
from streamproc.media.footage import AudioFormat, Epoch, MediaPacket, Track, VideoFormat

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; all even, right and bottom exclusive."""

_PLANAR_8_BIT: Final = {"yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p"}
_FULL_RANGE: Final = 2  # AVCOL_RANGE_JPEG
_BT709: Final = 1  # AVCOL_SPC_BT709
_UNSPECIFIED: Final = 2  # AVCOL_SPC_UNSPECIFIED
_HD_HEIGHT: Final = 720
_THUMBNAIL_STRIDE: Final = 8  # a thumbnail is averaged from about so many samples a cell and direction

AUDIO_STEP: Final = Fraction(1, 50)
"""Length of one step of a sound envelope, seconds."""
_BAND_EDGES_HZ: Final = (0, 100, 200, 400, 700, 1100, 1700, 2600, 4000, 6000, 9000)


class Frame:
    """One decoded frame. It holds the codec's memory: let go of it before you ask for the next but few."""

    __slots__ = ("_frame", "time")

    def __init__(self, frame: av.VideoFrame, time: Fraction) -> None:
        self._frame = frame
        self.time = time
        """Presentation time in the epoch, seconds."""

    @property
    def width(self) -> int:
        """Pixels."""
        return self._frame.width

    @property
    def height(self) -> int:
        """Pixels."""
        return self._frame.height

    def crop(self, box: Box) -> NDArray[np.uint8]:
        """Return (bottom − top, right − left, 3) uint8 RGB of a part of the picture."""
        left, top, right, bottom = box
        planes = self._planes()
        if planes is None:
            matrix = "ITU709" if self._colour()[0] else "ITU601"
            whole = self._frame.reformat(format="rgb24", src_colorspace=matrix).to_ndarray()
            return np.ascontiguousarray(whole[top:bottom, left:right], np.uint8)
        luma = planes[0][top:bottom, left:right]
        size = (right - left, bottom - top)
        chroma = [self._chroma_part(plane, box, size) for plane in planes[1:]]
        return _to_rgb(np.dstack([luma, *chroma]), *self._colour())

    def thumbnail(self, width: int, height: int) -> NDArray[np.uint8]:
        """Return (height, width, 3) uint8 of the whole picture: Y, U, V as coded; what shot detection looks at."""
        planes = self._planes()
        if planes is None:
            frame = self._frame.reformat(width=width, height=height, format="yuv444p")
            return np.asarray(np.moveaxis(frame.to_ndarray(), 0, -1), np.uint8)
        return np.dstack([_shrunk(plane, width, height) for plane in planes])

    def scaled(self, width: int, height: int) -> NDArray[np.uint8]:
        """Return (height, width, 3) uint8 BGR of the whole picture, as OpenCV wants it."""
        bt709, full = self._colour()
        frame = self._frame.reformat(
            width=width,
            height=height,
            format="bgr24",
            src_colorspace="ITU709" if bt709 else "ITU601",
            src_color_range="JPEG" if full else "MPEG",
            interpolation="AREA" if width < self.width else "BICUBIC",
        )
        return np.asarray(frame.to_ndarray(), np.uint8)

    def _planes(self) -> list[NDArray[np.uint8]] | None:
        """Return Y, U and V as views of the codec's memory; None for a format that has no such planes of bytes."""
        name = self._frame.format.name
        if name in _PLANAR_8_BIT:
            return [_view(plane, plane.width) for plane in self._frame.planes]
        if name == "nv12":
            luma, mixed = self._frame.planes
            both = _view(mixed, mixed.width * 2)
            return [_view(luma, luma.width), both[:, 0::2], both[:, 1::2]]
        return None

    def _chroma_part(self, plane: NDArray[np.uint8], box: Box, size: tuple[int, int]) -> NDArray[np.uint8]:
        left, top, right, bottom = box
        across = 1 if plane.shape[1] == self.width else 2
        down = 1 if plane.shape[0] == self.height else 2
        part = plane[top // down : -(-bottom // down), left // across : -(-right // across)]
        if across == down == 1:
            return part
        return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), np.uint8)

    def _colour(self) -> tuple[bool, bool]:
        """Tell whether the matrix is BT.709's (else BT.601's) and whether the range is full."""
        space = self._frame.colorspace
        bt709 = space == _BT709 or (space == _UNSPECIFIED and self.height >= _HD_HEIGHT)
        full = self._frame.color_range == _FULL_RANGE or self._frame.format.name.startswith("yuvj")
        return bt709, full


class KeyframeDecoder:
    """Decodes keyframes one by one, each at once: nothing waits in the codec for a frame that comes later.

    It keeps one open codec, which holds a few frames' memory (about 4 MB at 1080p).
    """

    def __init__(self, video: VideoFormat) -> None:
        self._context = _open_video(video)
        self._time_base = video.time_base
        self.corrupt = 0
        """Keyframes that could not be decoded."""

    def decode(self, packet: MediaPacket) -> Frame | None:
        """Return the picture of a keyframe; None when it is broken."""
        try:
            frames = self._context.decode(_av_packet(packet)) + self._context.decode(None)
        except av.error.FFmpegError:
            frames = []
        self._context.flush_buffers()
        if not frames:
            self.corrupt += 1
            return None
        return Frame(frames[-1], packet.pts * self._time_base)


class FrameReader:
    """Decodes every frame from ``start`` on, in presentation order; goes on where it was when more is recorded."""

    def __init__(self, epoch: Epoch, start: Fraction) -> None:
        self._epoch = epoch
        self._context = _open_video(epoch.format.video)
        self._time_base = epoch.format.video.time_base
        self._resume = start
        self._last: Fraction | None = None
        self._fed_dts: int | None = None
        self._ready: deque[Frame] = deque()
        self._drained = False
        self.decoded = 0
        """Frames decoded so far, also those before ``start``."""
        self.corrupt = 0
        """Packets that could not be decoded."""

    def read(self, until: Fraction | None = None, *, drain: bool = False) -> Iterator[Frame]:
        """Yield the frames presented before ``until`` that can be decoded by now and were not yielded before.

        drain: nothing will be read after this, so give out also what the codec keeps for reordering.
        """
        drain = drain or self._epoch.has_ended()
        yield from self._take(until)
        if self._ready:
            return
        for packet in self._epoch.packets(self._resume):
            if packet.track is not Track.VIDEO or (self._fed_dts is not None and packet.dts <= self._fed_dts):
                continue
            self._feed(packet)
            yield from self._take(until)
            if self._ready:
                return
        if drain and not self._drained:
            self._drained = True
            self._feed(None)
            yield from self._take(until)

    def _take(self, until: Fraction | None) -> Iterator[Frame]:
        while self._ready and (until is None or self._ready[0].time < until):
            frame = self._ready.popleft()
            self._resume = frame.time
            yield frame

    def _feed(self, packet: MediaPacket | None) -> None:
        if packet is not None:
            self._fed_dts = packet.dts
        try:
            frames = self._context.decode(None if packet is None else _av_packet(packet))
        except av.error.FFmpegError:
            self.corrupt += 1
            return
        for frame in frames:
            self.decoded += 1
            if frame.pts is None:
                continue
            time = frame.pts * self._time_base
            if time >= self._resume and (self._last is None or time > self._last):
                self._last = time
                self._ready.append(Frame(frame, time))


def decode_keyframes(
    epoch: Epoch, start: Fraction, end: Fraction, wanted: Callable[[Fraction], bool] = lambda _: True
) -> Iterator[Frame]:
    """Yield the keyframes presented in [start, end) whose time is wanted; no other is decoded."""
    decoder = KeyframeDecoder(epoch.format.video)
    before = epoch.keyframe_times(Fraction(0), start)
    for packet in epoch.keyframes(before[-1] if before else None):
        time = packet.pts * epoch.format.video.time_base
        if time >= end:
            return
        frame = decoder.decode(packet) if time >= start and wanted(time) else None
        if frame is not None:
            yield frame


def decode_frames(epoch: Epoch, start: Fraction, end: Fraction) -> Iterator[Frame]:
    """Yield every frame with start <= time < end that is recorded by now, once, in presentation order."""
    return FrameReader(epoch, start).read(end, drain=True)


@dataclass(frozen=True, slots=True)
class SoundEnvelope:
    """How loud each band of the sound is over time."""

    start: Fraction
    """Time of the first step, seconds in the epoch."""
    bands: NDArray[np.float32]
    """(N, B) decibels below full scale; a step is AUDIO_STEP long. -100 where there is no sound."""

    def index(self, time: Fraction) -> int:
        """Return the number of the step that holds ``time``; may lie outside."""
        return int((time - self.start) // AUDIO_STEP)


def decode_audio(epoch: Epoch, start: Fraction, end: Fraction) -> SoundEnvelope | None:
    """Return the sound of [start, end) as an envelope; None when the epoch has no audio track."""
    audio = epoch.format.audio
    if audio is None or end <= start:
        return None
    signal = np.zeros(int((end - start) * audio.rate), np.float32)
    context = _open(audio.codec, audio.extradata)
    for packet in epoch.packets(start):
        if packet.track is not Track.AUDIO:
            continue
        at = packet.pts * audio.time_base
        if at >= end:
            break
        for samples in _decoded_sound(context, packet):
            _put(signal, samples, round((at - start) * audio.rate))
            at += Fraction(len(samples), audio.rate)
    return SoundEnvelope(start, _bands(signal, audio.rate))


def sound_decoder(audio: AudioFormat) -> Callable[[MediaPacket], Iterator[NDArray[np.float32]]]:
    """Return what decodes the packets of a track one after the other, to (channels, N) samples in [-1, 1] each.

    A packet that the codec refuses gives nothing. Raises SourceUnsupported when there is no decoder.
    """
    return partial(_decoded_channels, _open(audio.codec, audio.extradata))


def _decoded_sound(context: av.CodecContext, packet: MediaPacket) -> Iterator[NDArray[np.float32]]:
    """Yield mono samples in [-1, 1] of one packet."""
    for samples in _decoded_channels(context, packet):
        yield np.asarray(samples.mean(axis=0), np.float32)


def _decoded_channels(context: av.CodecContext, packet: MediaPacket) -> Iterator[NDArray[np.float32]]:
    """Yield (channels, N) samples in [-1, 1] of one packet."""
    try:
        frames = context.decode(_av_packet(packet))  # type: ignore[attr-defined]
    except av.error.FFmpegError:
        return
    for frame in frames:
        samples = frame.to_ndarray()
        scale = 1.0 if samples.dtype.kind == "f" else float(np.iinfo(samples.dtype).max)
        if not frame.format.is_planar:
            samples = samples.reshape(-1, frame.layout.nb_channels).T
        yield np.asarray(samples / np.float32(scale), np.float32)


def _put(signal: NDArray[np.float32], samples: NDArray[np.float32], at: int) -> None:
    first, last = max(at, 0), min(at + len(samples), len(signal))
    if first < last:
        signal[first:last] = samples[first - at : last - at]


def _bands(signal: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    length = int(rate * AUDIO_STEP)
    count = len(signal) // length if length else 0
    power = np.abs(np.fft.rfft(signal[: count * length].reshape(count, length), axis=1)) ** 2 / max(length, 1) ** 2
    frequencies = np.fft.rfftfreq(length, 1 / rate) if length else np.zeros(0)
    inside = [(frequencies >= low) & (frequencies < high) for low, high in pairwise(_BAND_EDGES_HZ)]
    energy = np.stack([power[:, band].sum(axis=1) for band in inside], axis=1)
    return np.asarray(10 * np.log10(energy + 1e-10), np.float32)


def _open_video(video: VideoFormat) -> av.VideoCodecContext:
    context = _open(video.codec, video.extradata)
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = video.width, video.height  # some old codecs don't carry it in the pictures
    # After a flush at a keyframe that is no IDR a picture counts as "corrupt" until proved otherwise; it is whole.
    context.flags |= int(Flags.output_corrupt)
    return context


def _open(codec: str, extradata: bytes) -> av.CodecContext:
    try:
        context = av.CodecContext.create(codec, "r")
    except (av.error.FFmpegError, ValueError) as error:
        raise SourceUnsupported(f"there is no decoder for the codec '{codec}'") from error
    context.thread_count = 1  # many channels share the cores; threads inside one would only cost memory
    if extradata:
        context.extradata = extradata
    return context


def _av_packet(packet: MediaPacket) -> "av.Packet[Any]":
    result: av.Packet[Any] = av.Packet(packet.data)
    result.pts, result.dts, result.is_keyframe = packet.pts, packet.dts, packet.is_keyframe
    return result


def _view(plane: "av.video.plane.VideoPlane", width: int) -> NDArray[np.uint8]:
    rows = np.frombuffer(plane, np.uint8, count=plane.line_size * plane.height)  # type: ignore[call-overload]
    return np.asarray(rows.reshape(plane.height, plane.line_size)[:, :width], np.uint8)


def _shrunk(plane: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    # Few samples of each cell are enough, and reading all of a 1080p plane would cost ten times as much.
    down = max(1, plane.shape[0] // (height * _THUMBNAIL_STRIDE))
    across = max(1, plane.shape[1] // (width * _THUMBNAIL_STRIDE))
    few = np.ascontiguousarray(plane[::down, ::across])
    return np.asarray(cv2.resize(few, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _to_rgb(yuv: NDArray[np.uint8], bt709: bool, full: bool) -> NDArray[np.uint8]:
    red, blue = (0.2126, 0.0722) if bt709 else (0.299, 0.114)
    luma, chroma = (1.0, 1.0) if full else (255 / 219, 255 / 224)
    black = 0 if full else 16
    green = 1 - red - blue
    from_v = 2 * (1 - red) * chroma
    from_u = 2 * (1 - blue) * chroma
    matrix = np.array(
        [
            [luma, 0, from_v],
            [luma, -from_u * blue / green, -from_v * red / green],
            [luma, from_u, 0],
        ]
    )
    offset = -matrix @ np.array([black, 128, 128])
    # The matrix is in single precision, and cv2 rounds and saturates.
    return np.asarray(cv2.transform(yuv, np.column_stack([matrix, offset])), np.uint8)
