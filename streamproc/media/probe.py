"""What an open source holds: which tracks are used, how they are coded, how they count time."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import av
from av.stream import Discard, Disposition

from streamproc.errors import SourceUnsupported
from streamproc.media.footage import AudioFormat, Format, VideoFormat
from streamproc.media.timestamps import FLV_WRAP, MPEGTS_WRAP, TrackBase

if TYPE_CHECKING:
    Packet: TypeAlias = av.Packet[Any]
else:
    Packet = av.Packet  # generic in its stub only
VideoStream: TypeAlias = av.VideoStream
AudioStream: TypeAlias = av.AudioStream
Tracks: TypeAlias = tuple[av.VideoStream, av.AudioStream | None]

RECORDABLE_VIDEO: Final = frozenset({"h264", "hevc", "mpeg2video", "mpeg1video", "mpeg4", "av1", "vp9"})
"""Codecs that the recording's MP4 files can hold."""
RECORDABLE_AUDIO: Final = frozenset({"aac", "mp2", "mp3", "ac3", "eac3", "opus", "flac", "alac"})

_MAX_RATE = 1000  # libavformat answers 90000 when it can't tell
_PROGRESSIVE = 1  # AVFieldOrder; 0 is unknown, above are the four interlaced orders
_MPEGTS_BASE = Fraction(1, 90000)


def pick_tracks(container: av.container.InputContainer, where: str) -> Tracks:
    """Choose the best video and the audio that goes with it; nothing else will be read from the container.

    where: how the source is called in messages. Raises SourceUnsupported when there is no video that can be decoded.
    """
    video = container.streams.best("video")
    if not isinstance(video, av.VideoStream) or video.disposition & (
        Disposition.attached_pic | Disposition.timed_thumbnails
    ):
        kinds = sorted({stream.type for stream in container.streams if stream.type in ("audio", "subtitle", "data")})
        raise SourceUnsupported(f"{where}: no video track, only {' and '.join(kinds) or 'nothing'}")
    if video.codec_context is None:
        raise SourceUnsupported(f"{where}: the video is in a codec that can't be decoded here")
    if not video.codec_context.width:
        name = codec_of(video)
        raise SourceUnsupported(f"{where}: no picture could be made out in the {name} video; it may be encrypted")
    chosen = (video, _pick_audio(container, video))
    for stream in container.streams:
        if stream not in chosen:
            # The demuxer then skips their bytes; of HLS it does not even load the other renditions.
            stream.discard = Discard.all
    return chosen


def _pick_audio(container: av.container.InputContainer, video: av.VideoStream) -> av.AudioStream | None:
    """Return the audio that belongs to the video; if that is of a kind MP4 can't hold, one beside it that it can."""
    best = container.streams.best("audio", related=video)
    known = [s for s in container.streams.audio if s.codec_context is not None and s.codec_context.sample_rate]
    usable = [s for s in known if codec_of(s) in RECORDABLE_AUDIO]
    if isinstance(best, av.AudioStream) and best in usable:
        return best
    if len(container.streams.video) > 1:
        usable = []  # of several programmes: it might be another one's
    return next(iter(usable), best if isinstance(best, av.AudioStream) and best in known else None)


def demuxed(container: av.container.InputContainer, tracks: Sequence[Any]) -> Iterator[Packet]:
    """Yield the packets of the tracks, without the empty ones that PyAV puts at the end. Raises av.FFmpegError."""
    packets = container.demux(*tracks)
    while True:
        try:
            packet = next(packets, None)
        except IndexError:
            return  # at the end PyAV stumbles over streams that have appeared since it was opened
        if packet is None:
            return
        if packet.size:
            yield packet


def codec_of(stream: "av.VideoStream | av.AudioStream") -> str:
    """Return FFmpeg's name of the codec itself, not of one of its decoders."""
    return str(stream.codec_context.codec.canonical_name)


def format_of(video: av.VideoStream, audio: av.AudioStream | None) -> Format:
    """Describe the coding of the tracks."""
    return Format(video=_video_format(video), audio=None if audio is None else _audio_format(audio))


def base_of(container: av.container.InputContainer, stream: "av.VideoStream | av.AudioStream") -> TrackBase:
    """Tell how the track counts, and where its count wraps."""
    base = time_base(stream)
    if container.format.name == "flv":
        return TrackBase(base, FLV_WRAP)
    if container.format.name in ("mpegts", "hls") and base == _MPEGTS_BASE:
        return TrackBase(base, MPEGTS_WRAP)
    return TrackBase(base)


def time_base(stream: "av.VideoStream | av.AudioStream") -> Fraction:
    """Return the seconds of one tick."""
    assert stream.time_base is not None  # libavformat gives every stream one
    return Fraction(stream.time_base)  # PyAV 19 has a type of its own for it


def _video_format(stream: av.VideoStream) -> VideoFormat:
    context = stream.codec_context
    rate = stream.guessed_rate
    aspect = stream.sample_aspect_ratio
    return VideoFormat(
        codec=codec_of(stream),
        width=context.width,
        height=context.height,
        time_base=time_base(stream),
        rate=Fraction(rate) if rate and rate < _MAX_RATE else None,
        extradata=context.extradata or b"",
        sample_aspect=Fraction(aspect) if aspect else Fraction(1),
        interlaced=context.field_order > _PROGRESSIVE,
    )


def _audio_format(stream: av.AudioStream) -> AudioFormat:
    context = stream.codec_context
    return AudioFormat(
        codec=codec_of(stream),
        time_base=time_base(stream),
        rate=context.sample_rate,
        layout=context.layout.name,
        extradata=context.extradata or b"",
    )
