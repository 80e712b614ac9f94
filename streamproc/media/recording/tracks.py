"""How a source's tracks get into the recording's files: their format, time base and form of the coded bytes."""

import io
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TypeAlias

import av
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer

from streamproc.errors import SourceUnsupported
from streamproc.media.footage import Format
from streamproc.media.probe import Packet, format_of
from streamproc.media.recording import fmp4

VideoStream: TypeAlias = av.VideoStream
AudioStream: TypeAlias = av.AudioStream
Convert: TypeAlias = Callable[[Packet], bytes]

_MAX_TIMESCALE = 2**32 - 1  # mdhd holds it in 32 bits
_START_CODES = (b"\0\0\0\1", b"\0\0\1")
_PARAMETER_SETS: dict[str, Callable[[bytes], bool]] = {
    "h264": lambda unit: unit[0] & 0x1F in (7, 8, 13),
    "hevc": lambda unit: unit[0] >> 1 & 0x3F in (32, 33, 34),
}
_APPLE_TAGS = {"hevc": "hvc1"}  # the tag with which Apple's players take it
_NEEDS_NO_PACKET = frozenset(
    {"mp2", "mp3", "mp3float", "opus", "flac"}
)  # audio whose sample entry can be written beforehand


class VideoTrack:
    """The video of an epoch, from its first keyframe on."""

    def __init__(self, stream: VideoStream, keyframe: Packet) -> None:
        context = stream.codec_context
        self.stream = stream
        self.codec = context.name
        self.convert: Convert = bytes
        data = bytes(keyframe)
        extradata = _new_extradata(keyframe) or context.extradata or b""
        if self.codec in _PARAMETER_SETS and not extradata.startswith(b"\1") and data.startswith(_START_CODES):
            self.convert = _length_prefixed
            extradata = _parameter_sets(self.codec, data) or extradata
        self.extradata = extradata
        base = keyframe.time_base
        self.factor, self.timescale = base.numerator, base.denominator


class AudioTrack:
    """The audio of an epoch; its time 0 is the first picture's, exactly where its time base allows it."""

    def __init__(self, stream: AudioStream, packet: Packet | None, zero: Fraction) -> None:
        context = stream.codec_context
        self.stream = stream
        self.codec = context.name
        self.convert: Convert = bytes
        self.extradata = (packet and _new_extradata(packet)) or context.extradata or b""
        if self.codec == "aac" and packet is not None and _is_adts(bytes(packet)):
            self.convert = _without_adts
            self.extradata = _audio_specific_config(stream, bytes(packet))
        base = stream.time_base if packet is None else packet.time_base
        assert base is not None  # libavformat gives every stream one
        first = zero * base.denominator
        finer = first.denominator if base.denominator * first.denominator <= _MAX_TIMESCALE else 1
        self.factor, self.timescale = base.numerator * finer, base.denominator * finer
        self.zero = round(first * finer)


def format_in_files(video: VideoTrack, audio: AudioTrack | None, header: bytes) -> Format:
    """Return how the tracks are coded in files that begin with this header."""
    source = format_of(video.stream, None if audio is None else audio.stream)
    extradata = fmp4.decoder_configuration(header) or video.extradata
    coded = replace(source.video, time_base=Fraction(1, video.timescale), extradata=extradata)
    if audio is None or source.audio is None:
        return Format(video=coded, audio=None)
    heard = replace(source.audio, time_base=Fraction(1, audio.timescale), extradata=audio.extradata)
    return Format(video=coded, audio=heard)


def can_begin_without_packet(stream: AudioStream) -> bool:
    """Tell whether a file's header can describe this audio before any of it has come."""
    context = stream.codec_context
    return context.sample_rate > 0 and (bool(context.extradata) or context.name in _NEEDS_NO_PACKET)


def check_supported(video: VideoStream, audio: AudioStream | None) -> None:
    """Raise SourceUnsupported with a codec's name when the recording's files can't hold it."""
    with av.open(io.BytesIO(), "w", format="mp4") as output:
        for stream in (video, audio):
            if stream is not None:
                _add_stream(output, stream)


def mux_header(video: VideoTrack, keyframe: Packet, audio: AudioTrack | None, sample: Packet | None) -> bytes:
    """Let libavformat make a small MP4 of the tracks' first packets, for its header.

    Raises SourceUnsupported with the codec's name when it can't.
    """
    buffer = io.BytesIO()
    options = {"movflags": "empty_moov+delay_moov+default_base_moof+negative_cts_offsets", "use_editlist": "0"}
    packets = []
    with av.open(buffer, "w", format="mp4", options=options) as output:
        # libavformat brings Annex B to its own form by itself, but not ADTS
        packets.append(_first_packet(output, video, bytes(keyframe)))
        if audio is not None:
            packets.append(_first_packet(output, audio, b"" if sample is None else audio.convert(sample)))
        try:
            for packet in packets:
                if packet.size:
                    output.mux(packet)
        except av.FFmpegError as error:
            codecs = video.codec if audio is None else f"{video.codec} with {audio.codec}"
            raise SourceUnsupported(f"{codecs} can't be recorded: {error.strerror}") from error
    return buffer.getvalue()


def _first_packet(output: OutputContainer, track: VideoTrack | AudioTrack, data: bytes) -> Packet:
    stream = _add_stream(output, track.stream)
    stream.codec_context.extradata = track.extradata or None
    if track.codec in _APPLE_TAGS:
        stream.codec_context.codec_tag = _APPLE_TAGS[track.codec]
    packet: Packet = av.Packet(data)
    packet.stream, packet.time_base = stream, Fraction(1, track.timescale)
    packet.pts = packet.dts = 0
    packet.is_keyframe = True
    return packet


def _add_stream(output: OutputContainer, source: VideoStream | AudioStream) -> VideoStream | AudioStream:
    try:
        return output.add_stream_from_template(source, opaque=True)
    except ValueError as error:
        name = source.codec_context.name
        raise SourceUnsupported(f"the {source.type} codec {name} can't be recorded: MP4 does not hold it") from error


def _length_prefixed(packet: Packet) -> bytes:
    return fmp4.length_prefixed(bytes(packet))


def _without_adts(packet: Packet) -> bytes:
    data = bytes(packet)
    return data[9 - 2 * (data[1] & 1) :] if _is_adts(data) else data  # with a checksum the header is 2 bytes longer


def _is_adts(data: bytes) -> bool:
    return len(data) > 7 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0


def _audio_specific_config(stream: AudioStream, data: bytes) -> bytes:
    packets = BitStreamFilterContext("aac_adtstoasc", stream).filter(av.Packet(data))
    return _new_extradata(packets[0]) if packets else b""


def _new_extradata(packet: Packet) -> bytes:
    return bytes(packet.get_sidedata("new_extradata")) if packet.has_sidedata("new_extradata") else b""


def _parameter_sets(codec: str, keyframe: bytes) -> bytes:
    wanted = _PARAMETER_SETS[codec]
    return b"".join(b"\0\0\0\1" + unit for unit in fmp4.nal_units(keyframe) if wanted(unit))
