"""Notices that a running stream has changed its coding, and makes out the new one from its first packets.

libavformat describes a stream once, when it opens it. A publisher that restarts with another resolution, or a
transport stream spliced from two encoders, goes on in the same connection with another sequence header.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import av

from streamproc.media.probe import Packet, codec_of
from streamproc.media.recording.fmp4 import nal_units

_SEQUENCE_HEADER: Final = b"\0\0\1\xb3"  # of MPEG-1 and 2
_SEQUENCE_HEADER_SIZE: Final = 8  # start code, size, aspect and rate; after it come rates and tables that may vary
_HEADER_BYTES: Final = 1024  # parameter sets stand at the start of a keyframe
_IS_SPS: Final = {"h264": lambda unit: unit[0] & 0x1F == 7, "hevc": lambda unit: unit[0] >> 1 & 0x3F == 33}


@dataclass(frozen=True, slots=True)
class Streams:
    """The tracks as they are coded at present."""

    video: av.VideoStream
    audio: av.AudioStream | None


class FormatWatch:
    """Compares each sequence header with the one before."""

    def __init__(self, container_format: str, streams: Streams) -> None:
        self._container_format = "flv" if container_format == "flv" else "mpegts"
        self._streams = streams
        # In MPEG-TS the headers come with the packets; elsewhere they stand in the stream's description.
        self._in_band = in_band = container_format in ("mpegts", "hls")
        self._video = b"" if in_band else streams.video.codec_context.extradata or b""
        self._audio = b"" if in_band or streams.audio is None else streams.audio.codec_context.extradata or b""
        self._video_codec = codec_of(streams.video)
        self._audio_is_aac = streams.audio is not None and codec_of(streams.audio) == "aac"
        self._kept: av.container.InputContainer | None = None  # what the present streams live in

    def changed(self, packet: Packet, *, is_video: bool) -> bool:
        """Tell whether this packet begins a new format; remembers the header of one that does not."""
        if packet.is_corrupt:
            return False  # what its header says is not to be trusted
        if is_video:
            if self._in_band and not packet.is_keyframe:
                return False
            header = self._video_header(packet)
            if not self._video:
                self._video = header
            return bool(header) and header != self._video
        if self._streams.audio is None:
            return False
        header = self._audio_header(packet)
        if not self._audio:
            self._audio = header
        return bool(header) and header != self._audio

    def renew(self, packets: Iterable[Packet], video_index: int) -> Streams | None:
        """Make out the new format from its first packets, the one that showed it among them; None if that fails."""
        videos = [p for p in packets if p.stream_index == video_index]
        audios = [p for p in packets if p.stream_index != video_index]
        video = next((p for p in videos if p.is_keyframe), next(iter(videos), None))
        try:
            container = _reopened(self._container_format, self._streams, video, next(iter(audios), None))
        except av.FFmpegError:
            return None
        shown = container.streams.video
        if videos and (not shown or not shown[0].codec_context.width):
            return None
        self._streams = Streams(
            shown[0] if shown else self._streams.video,
            container.streams.audio[0] if container.streams.audio else self._streams.audio,
        )
        self._kept = container
        # Whatever was made out, these headers are known now: they must not count as a change once more.
        self._video = next(filter(None, map(self._video_header, videos)), self._video)
        self._audio = next(filter(None, map(self._audio_header, audios)), self._audio)
        return self._streams

    def _video_header(self, packet: Packet) -> bytes:
        """Return the sequence header that comes with a packet, empty if there is none."""
        if not self._in_band:
            return _new_extradata(packet)
        return _in_band_header(packet, self._video_codec) if packet.is_keyframe else b""

    def _audio_header(self, packet: Packet) -> bytes:
        """Return what of a packet's header the recording keeps once for the whole epoch; empty if there is none."""
        if not self._in_band:
            return _new_extradata(packet)
        start = bytes(memoryview(packet)[:4])
        if self._audio_is_aac and len(start) == 4 and start[0] == 0xFF and start[1] & 0xF6 == 0xF0:
            return bytes((start[2] & 0xFD, start[3] & 0xC0))  # ADTS: profile, sample rate, channels
        return b""


def _new_extradata(packet: Packet) -> bytes:
    return bytes(packet.get_sidedata("new_extradata")) if packet.has_sidedata("new_extradata") else b""


def _in_band_header(keyframe: Packet, codec: str) -> bytes:
    start = bytes(memoryview(keyframe)[:_HEADER_BYTES])
    if codec in ("mpeg1video", "mpeg2video"):
        at = start.find(_SEQUENCE_HEADER)
        return start[at : at + _SEQUENCE_HEADER_SIZE] if at >= 0 else b""
    if codec in _IS_SPS and start.startswith((b"\0\0\1", b"\0\0\0\1")):
        return b"".join(unit for unit in nal_units(start) if _IS_SPS[codec](unit))
    return b""


def _reopened(
    container_format: str, old: Streams, video: Packet | None, audio: Packet | None
) -> av.container.InputContainer:
    """Write the packets into a container in memory and let libavformat make out what they are."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container_format) as output:
        copies = [
            _copied(output, stream, packet)
            for stream, packet in ((old.video, video), (old.audio, audio))
            if stream is not None and packet is not None
        ]
        for copy in copies:
            output.mux(copy)
    buffer.seek(0)
    return av.open(buffer, "r", format=container_format)


def _copied(output: av.container.OutputContainer, source: Any, packet: Packet) -> Packet:
    stream = output.add_stream_from_template(source, opaque=True)
    if packet.has_sidedata("new_extradata"):
        stream.codec_context.extradata = bytes(packet.get_sidedata("new_extradata"))
    copy: Packet = av.Packet(bytes(packet))
    copy.stream, copy.time_base = stream, packet.time_base
    copy.pts = copy.dts = 0
    copy.is_keyframe = True
    return copy
