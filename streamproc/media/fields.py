"""Puts the two fields of an interlaced frame into one packet, where a transport stream brings them as two.

H.264 may code a frame as two field pictures. libavformat then gives a packet for each, the second one often without a
time, and a decoder makes one frame of both. Everywhere in streamproc one packet of video is one frame.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final, NamedTuple

import av

from streamproc.media.cutter.h264 import (
    IDR_SLICE,
    SLICE,
    SPS,
    BitReader,
    BitstreamError,
    SequenceSet,
    nal_type,
    read_sps,
    unescape,
)
from streamproc.media.cutter.h264 import split_annex_b as split
from streamproc.media.probe import Packet, time_base

_PROGRESSIVE: Final = 1  # AVFieldOrder; 0 is unknown, above are the four interlaced orders
_MPEGTS_BASE: Final = Fraction(1, 90000)
_HEAD_BYTES: Final = 2048  # parameter sets and the first slice's header stand at the start
_SLICE_HEADER_BYTES: Final = 40


class _Field(NamedTuple):
    is_bottom: bool
    frame_num: int


def may_split_fields(container: av.container.InputContainer, video: av.VideoStream) -> bool:
    """Tell whether the two fields of a frame may come as two packets."""
    context = video.codec_context
    in_ts = container.format.name in ("mpegts", "hls") and time_base(video) == _MPEGTS_BASE
    return in_ts and context.name == "h264" and context.field_order != _PROGRESSIVE


def whole_frames(packets: Iterator[Packet], video: av.VideoStream) -> Iterator[Packet]:
    """Yield the packets, those of video one frame behind, with the fields of each frame together."""
    fields = _Fields()
    held: Packet | None = None
    first: _Field | None = None
    for packet in packets:
        if packet.stream_index != video.index:
            yield packet
            continue
        field = fields.of(packet)
        has_no_time = packet.pts is None and packet.dts is None
        if held is not None and (has_no_time or _belong_together(first, field)):
            yield _joined(held, packet)
            held, first = None, None
            continue
        if held is not None:
            yield held
        held, first = packet, field
    if held is not None:
        yield held


def _belong_together(first: _Field | None, second: _Field | None) -> bool:
    return (
        first is not None
        and second is not None
        and first.frame_num == second.frame_num
        and first.is_bottom != second.is_bottom
    )


class _Fields:
    """Reads of each packet whether it is a field (ITU-T H.264, 7.3.3)."""

    def __init__(self) -> None:
        self._sps: SequenceSet | None = None

    def of(self, packet: Packet) -> _Field | None:
        """Return which field it is; None for a whole frame, or what can't be read."""
        try:
            for nal in split(bytes(memoryview(packet)[:_HEAD_BYTES])):
                if nal_type(nal) == SPS:
                    self._sps = read_sps(nal)
                elif nal_type(nal) in (SLICE, IDR_SLICE) and self._sps is not None:
                    return _read_field(nal, self._sps)
        except BitstreamError:
            pass  # damaged; its time tells enough
        return None


def _read_field(nal: bytes, sps: SequenceSet) -> _Field | None:
    if sps.frames_only:
        return None
    bits = BitReader(unescape(nal[:_SLICE_HEADER_BYTES]), 8)
    for _ in range(3):  # first_mb_in_slice, slice_type, pic_parameter_set_id
        bits.ue()
    if sps.separate_planes:
        bits.u(2)
    frame_num = bits.u(sps.frame_num_bits)
    if not bits.u(1):  # field_pic_flag
        return None
    return _Field(bool(bits.u(1)), frame_num)


def _joined(first: Packet, second: Packet) -> Packet:
    """Return one packet with both fields of a frame and the time of the first."""
    whole: Packet = av.Packet(bytes(first) + bytes(second))
    whole.stream, whole.time_base = first.stream, first.time_base
    whole.pts, whole.dts = first.pts, first.dts
    whole.duration = (first.duration or 0) + (second.duration or 0)
    whole.is_keyframe, whole.is_corrupt = first.is_keyframe, first.is_corrupt or second.is_corrupt
    return whole
