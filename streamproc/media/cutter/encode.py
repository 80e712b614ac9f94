"""Decoding what must be coded anew, and coding it so that it fits between copied pictures."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.codec.context import Flags
from av.video.frame import PictureType

from streamproc.errors import ClipError
from streamproc.media.footage import MediaPacket, VideoFormat

_USUAL_RATE = Fraction(25)
_B_FRAMES = 2
_B_FRAME_DELAY = 1
_INTERLACED = Flags.interlaced_dct | Flags.interlaced_me
_KEYFRAME_S = 2
_PROFILES = {66: "baseline", 77: "main", 88: "main"}
_PIXEL_FORMATS = frozenset(
    {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"}
    | {"yuv420p10le", "yuv422p10le", "yuv444p10le", "gray", "gray10le"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How pictures that are coded anew are coded."""

    crf: str
    """x264's constant rate factor: less is better and larger."""
    preset: str
    """x264's trade of speed for size."""
    peak_kbit: int | None = None
    """Bits a second, in thousands, that no two seconds exceed on average; None for no bound."""


EXACT = Quality(crf="17", preset="veryfast")
"""As the source looks."""
AROUND = Quality(crf="17", preset="superfast")
"""The same for the few pictures around a cut, whose size is nothing and whose time is most of the work."""

FOR_WEB = Quality(crf="23", preset="veryfast", peak_kbit=4000)
"""Smaller, for pictures that nobody compares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderNeed:
    """What an encoder's pictures must fit in with."""

    profile: int
    """profile_idc of the pictures beside; 0 when there are none."""
    b_frames: bool
    """Whether pictures may be reordered."""
    quality: Quality


class PictureDecoder:
    """Turns packets of one epoch into frames in presentation order; counts packets that could not be decoded."""

    def __init__(self, video: VideoFormat) -> None:
        context = av.CodecContext.create(video.codec, "r")
        assert isinstance(context, av.VideoCodecContext)
        self._context = context
        if video.extradata:
            self._context.extradata = video.extradata
        # Pictures that follow a keyframe in presentation are whole even where the decoder can't know it.
        self._context.flags |= Flags.output_corrupt
        self._context.thread_type = "AUTO"
        self.damaged = 0

    def decode(self, packet: MediaPacket | None) -> Iterator[av.VideoFrame]:
        """Yield the frames that ``packet`` brings out, or with None all that are left; ``pts`` is in ticks."""
        coded = None
        if packet is not None:
            coded = av.Packet(packet.data)
            coded.pts, coded.dts = packet.pts, packet.dts
        try:
            frames = self._context.decode(coded)
        except (av.error.InvalidDataError, av.error.EOFError):
            self.damaged += packet is not None
            return
        for frame in frames:
            if frame.pts is not None:
                yield frame


class PictureEncoder:
    """Codes frames as H.264 that looks like ``video`` and starts with an IDR.

    Without B-frames a picture is decoded when it is shown, so any spacing of frames and any delay fit.
    """

    def __init__(self, first: av.VideoFrame, video: VideoFormat, sps_id: int, need: EncoderNeed) -> None:
        self._name = first.format.name if first.format.name in _PIXEL_FORMATS else "yuv420p"
        rate = video.rate or _USUAL_RATE
        context = av.VideoCodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = first.width, first.height, self._name
        context.time_base, context.framerate = 1 / rate, rate
        context.sample_aspect_ratio = video.sample_aspect
        context.color_range, context.colorspace = int(first.color_range), int(first.colorspace)
        context.color_primaries, context.color_trc = int(first.color_primaries), int(first.color_trc)
        context.flags |= Flags.global_header | (_INTERLACED if first.interlaced_frame else 0)
        context.thread_count = 0
        quality = need.quality
        options = {"preset": quality.preset, "crf": quality.crf, "forced-idr": "1"}
        options["x264-params"] = f"sps-id={sps_id}:open-gop=0"
        options["bf"] = str(_B_FRAMES if need.b_frames else 0)
        options["b-pyramid"] = "none"
        if quality.peak_kbit is not None:
            options |= {"maxrate": f"{quality.peak_kbit}k", "bufsize": f"{quality.peak_kbit * 2}k"}
        if need.profile in _PROFILES and self._name == "yuv420p":
            options["profile"] = _PROFILES[need.profile]
        options["g"] = str(round(_KEYFRAME_S * rate))
        context.options = options
        try:
            context.open()
        except av.error.FFmpegError as error:
            raise ClipError(f"can't encode {first.width}×{first.height} {self._name}: {error.strerror}") from error
        self._context = context
        self._delay = _B_FRAME_DELAY if need.b_frames else 0
        self._shown = array("q")
        self._coded = 0
        self.extradata = bytes(context.extradata or b"")

    def encode(self, frame: av.VideoFrame | None) -> Iterator[tuple[bytes, int, int, bool]]:
        """Yield (start-coded NAL units, pts, dts, is IDR) of what ``frame`` brings out, or with None all that is left.

        Ticks are the frame's own; a dts is the pts of the frame shown as many frames before as are reordered.
        """
        if frame is not None:
            if frame.format.name != self._name:
                frame = frame.reformat(format=self._name)
            self._shown.append(frame.pts or 0)
            frame.pts = len(self._shown) - 1
            frame.time_base = self._context.time_base
            frame.pict_type = PictureType.NONE
        for packet in self._context.encode(frame):
            yield bytes(packet), self._shown[packet.pts or 0], self._decode_time(), packet.is_keyframe
            self._coded += 1

    def _decode_time(self) -> int:
        index = self._coded - self._delay
        if index >= 0:
            return self._shown[index]
        step = self._shown[1] - self._shown[0] if len(self._shown) > 1 else 1
        return self._shown[0] + index * step
