"""Making pictures of one format fit in among those of another: size, shape of pixels, fields, frame rate."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av

from streamproc.media.cutter.encode import PictureDecoder
from streamproc.media.footage import MediaPacket, VideoFormat

_MATRICES = {1: "bt709", 5: "bt601", 6: "bt601", 9: "bt2020"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What pictures are made into."""

    width: int
    """Pixels, even."""
    height: int
    """Pixels, even."""
    sample_aspect: Fraction
    """Pixel width / height."""
    pixel_format: str
    """FFmpeg's name."""
    interlaced: bool
    """Whether two fields may stay as they are."""
    matrix: int
    """Matrix of the colours (ITU-T H.273); 2 leaves them."""
    rate: Fraction | None
    """Frames a second; None leaves them."""


def decoding(video: VideoFormat) -> Callable[[MediaPacket | None], Iterator[av.VideoFrame]]:
    """Return what decodes pictures as they are."""
    return PictureDecoder(video).decode


def converting(
    video: VideoFormat, shape: Shape, from_tick: int
) -> Callable[[MediaPacket | None], Iterator[av.VideoFrame]]:
    """Return what decodes pictures and makes them fit; ``pts`` stays in ticks of ``video``.

    from_tick: with another rate, the grid of pictures begins at the first one presented at or after this.
    """
    decoder, converter = PictureDecoder(video), _Converter(video, shape, from_tick)

    def make(packet: MediaPacket | None) -> Iterator[av.VideoFrame]:
        for frame in decoder.decode(packet):
            yield from converter.take(frame)
        if packet is None:
            yield from converter.finish()

    return make


class _Converter:
    """Frames of a source in, frames of a shape out."""

    def __init__(self, video: VideoFormat, shape: Shape, from_tick: int) -> None:
        self._video, self._shape = video, shape
        self._from = from_tick
        self._graph: av.filter.Graph | None = None
        self._over = False
        self._zero: tuple[int, int] | None = None  # the grid's first number, and the tick where that is

    def take(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        assert frame.pts is not None
        if self._shape.rate is not None and frame.pts < self._from:
            return
        if self._graph is None:
            self._graph = self._build(frame)
            self._first = frame.pts
        frame.time_base = self._video.time_base
        self._graph.push(frame)
        yield from self._ready()

    def finish(self) -> Iterator[av.VideoFrame]:
        if self._graph is not None and not self._over:
            self._over = True
            self._graph.push(None)
            yield from self._ready()

    def _ready(self) -> Iterator[av.VideoFrame]:
        assert self._graph is not None
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(frame, av.VideoFrame)
            frame.pts = self._tick(frame)
            yield frame

    def _tick(self, frame: av.VideoFrame) -> int:
        assert frame.pts is not None
        assert frame.time_base is not None
        if self._shape.rate is None:
            return round(frame.pts * Fraction(frame.time_base) / self._video.time_base)
        if self._zero is None:
            self._zero = (frame.pts, self._first)
        number, tick = self._zero
        return tick + round((frame.pts - number) / self._shape.rate / self._video.time_base)

    def _build(self, frame: av.VideoFrame) -> av.filter.Graph:
        shape, graph = self._shape, av.filter.Graph()
        node = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=self._video.time_base
        )
        for name, arguments in self._filters(frame, shape):
            following = graph.add(name, arguments)
            node.link_to(following)
            node = following
        node.link_to(graph.add("buffersink"))
        graph.configure()
        return graph

    def _filters(self, frame: av.VideoFrame, shape: Shape) -> Iterator[tuple[str, str]]:
        if frame.interlaced_frame and not shape.interlaced:
            yield "bwdif", "mode=send_frame:deint=interlaced"
        if shape.rate is not None:
            yield "fps", f"fps={shape.rate.numerator}/{shape.rate.denominator}:round=near"
        width, height = _fitted(self._video, frame, shape)
        colours = f":out_color_matrix={_MATRICES[shape.matrix]}" if shape.matrix in _MATRICES else ""
        fields = ":interl=1" if frame.interlaced_frame and shape.interlaced else ""
        yield "scale", f"{width}:{height}:flags=bicubic{colours}{fields}"
        yield "format", shape.pixel_format
        if (width, height) != (shape.width, shape.height):
            left, top = (shape.width - width) // 4 * 2, (shape.height - height) // 4 * 2
            yield "pad", f"{shape.width}:{shape.height}:{left}:{top}"
        yield "setsar", f"{shape.sample_aspect.numerator}/{shape.sample_aspect.denominator}"


def _fitted(video: VideoFormat, frame: av.VideoFrame, shape: Shape) -> tuple[int, int]:
    """Return the largest even size in which the whole picture fits, undistorted."""
    aspect = video.sample_aspect if video.sample_aspect > 0 else Fraction(1)
    wanted = Fraction(frame.width, frame.height) * aspect / shape.sample_aspect
    width = min(Fraction(shape.width), shape.height * wanted)
    height = min(Fraction(shape.height), shape.width / wanted)
    return max(round(width / 2) * 2, 2), max(round(height / 2) * 2, 2)
