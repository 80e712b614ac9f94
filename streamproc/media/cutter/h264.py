"""What the cutter must know of H.264's bits: NAL units, parameter sets, slice headers.

Names are those of ITU-T H.264; (7.3.2.1.1) and the like are its sections. Only whole NAL units come in and go out,
without start codes or lengths.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

SLICE, IDR_SLICE, SEI, SPS, PPS, FILLER = 1, 5, 6, 7, 8, 12
_SLICE_TYPES = frozenset({SLICE, IDR_SLICE})
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_RECOVERY_POINT = 6
_EXTENDED_SAR = 255
_I_SLICES = frozenset({2, 4, 7, 9})
Colour = tuple[int, int, int, bool]
_NO_COLOUR: Colour = (2, 2, 2, False)


class BitstreamError(ValueError):
    """These bits are not the H.264 that we can read."""


def nal_type(nal: bytes) -> int:
    """Return nal_unit_type of a NAL unit."""
    return nal[0] & 31


def split_annex_b(data: bytes) -> list[bytes]:
    """Return the NAL units between start codes."""
    nals = []
    begin = data.find(b"\0\0\1")
    while begin >= 0:
        following = data.find(b"\0\0\1", begin + 3)
        nal = data[begin + 3 : following if following >= 0 else len(data)].rstrip(b"\0")
        if nal:
            nals.append(nal)
        begin = following
    return nals


def split_prefixed(data: bytes, length_size: int = 4) -> list[bytes]:
    """Return the NAL units behind big-endian lengths of ``length_size`` bytes."""
    nals = []
    at, total = 0, len(data)
    while at + length_size <= total:
        begin = at + length_size
        at = begin + int.from_bytes(data[at:begin], "big")
        if at > begin:
            nals.append(data[begin:at])
    return nals


def join_prefixed(nals: Iterable[bytes]) -> bytes:
    """Return the NAL units behind lengths of four bytes, as MP4 keeps them."""
    return b"".join([len(nal).to_bytes(4, "big") + nal for nal in nals])


def unescape(nal: bytes) -> bytes:
    """Return the NAL unit without its emulation prevention bytes."""
    if b"\0\0\3" not in nal:
        return nal
    parts, begin = [], 0
    at = nal.find(b"\0\0\3")
    while at >= 0:
        parts.append(nal[begin : at + 2])
        begin = at + 3
        at = nal.find(b"\0\0\3", begin)
    parts.append(nal[begin:])
    return b"".join(parts)


def escape(payload: bytes) -> bytes:
    """Return the payload with emulation prevention bytes (7.4.1)."""
    if b"\0\0" not in payload:
        return payload
    parts, begin = [], 0
    at = payload.find(b"\0\0")
    while at >= 0:
        following = at + 2
        if following == len(payload) or payload[following] <= 3:
            parts.append(payload[begin:following] + b"\3")
            begin = following
            at = payload.find(b"\0\0", following)
        else:
            at = payload.find(b"\0\0", at + 1)
    parts.append(payload[begin:])
    return b"".join(parts)


class BitReader:
    """Reads bits from the front of ``data``, without emulation prevention bytes."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self._value = int.from_bytes(data, "big")
        self.size = len(data) * 8
        self.position = position

    def u(self, count: int) -> int:
        """Return the next ``count`` bits, unsigned."""
        end = self.position + count
        if end > self.size:
            raise BitstreamError("the bits end too early")
        self.position = end
        return (self._value >> (self.size - end)) & ((1 << count) - 1)

    def ue(self) -> int:
        """Return an unsigned Exp-Golomb value (9.1)."""
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > 32:
                raise BitstreamError("an Exp-Golomb code is too long")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """Return a signed Exp-Golomb value (9.1.1)."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)

    def rest(self) -> tuple[int, int]:
        """Return all bits that are left as (value, count)."""
        count = self.size - self.position
        return self._value & ((1 << count) - 1), count


class BitWriter:
    """Collects bits."""

    def __init__(self) -> None:
        self._value = 0
        self.size = 0

    def u(self, value: int, count: int) -> None:
        """Append ``count`` bits."""
        self._value = (self._value << count) | value
        self.size += count

    def ue(self, value: int) -> None:
        """Append an unsigned Exp-Golomb value."""
        self.u(value + 1, 2 * (value + 1).bit_length() - 1)

    def align(self, bit: int) -> None:
        """Append ``bit`` up to the next whole byte."""
        count = -self.size % 8
        self.u(((1 << count) - 1) * bit, count)

    def bytes(self) -> bytes:
        """Return all of them; there must be whole bytes."""
        return self._value.to_bytes(self.size // 8, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceSet:
    """What is read of a sequence parameter set (7.3.2.1.1)."""

    id: int
    """seq_parameter_set_id."""
    profile: int
    """profile_idc."""
    chroma_format: int
    """chroma_format_idc: 1 is 4:2:0."""
    bit_depths: tuple[int, int]
    """Luma, chroma."""
    separate_planes: bool
    """separate_colour_plane_flag."""
    frame_num_bits: int
    """log2_max_frame_num."""
    order_type: int
    """pic_order_cnt_type."""
    order_bits: int
    """log2_max_pic_order_cnt_lsb; 0 unless order_type is 0."""
    delta_order_always_zero: bool
    """delta_pic_order_always_zero_flag."""
    reference_frames: int
    """max_num_ref_frames."""
    frames_only: bool
    """frame_mbs_only_flag."""
    vui_at: int
    """Bit position of vui_parameters_present_flag, in the unescaped NAL unit."""
    restriction_at: int | None
    """Bit position of bitstream_restriction_flag; None without VUI."""
    reorder: int | None
    """max_num_reorder_frames; None when not stated."""
    colour: Colour
    """Primaries, transfer, matrix (2 where not stated) and whether the full range is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSet:
    """What is read of a picture parameter set (7.3.2.2)."""

    id: int
    """pic_parameter_set_id."""
    sps_id: int
    """seq_parameter_set_id."""
    cabac: bool
    """entropy_coding_mode_flag."""
    field_order_present: bool
    """bottom_field_pic_order_in_frame_present_flag."""
    slice_groups: int
    """Number of slice groups; above 1 (FMO) we can't rewrite slices."""
    references: tuple[int, int]
    """Default number of active references of list 0 and 1."""
    weighted: bool
    """weighted_pred_flag."""
    weighted_bi: int
    """weighted_bipred_idc."""
    deblocking_control: bool
    """deblocking_filter_control_present_flag."""
    redundant_count: bool
    """redundant_pic_cnt_present_flag."""


def _skip_scaling_list(bits: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _read_hrd(bits: BitReader) -> None:
    count = bits.ue() + 1
    bits.u(8)
    for _ in range(count):
        bits.ue()
        bits.ue()
        bits.u(1)
    bits.u(20)


def _read_colour(bits: BitReader) -> Colour:
    full = bits.u(4) & 1
    primaries, transfer, matrix = (bits.u(8), bits.u(8), bits.u(8)) if bits.u(1) else _NO_COLOUR[:3]
    return primaries, transfer, matrix, bool(full)


def _read_vui(bits: BitReader) -> tuple[int, int | None, Colour]:
    """Read vui_parameters (E.1.1); return where bitstream_restriction_flag is, max_num_reorder_frames, the colour."""
    if bits.u(1) and bits.u(8) == _EXTENDED_SAR:
        bits.u(32)
    if bits.u(1):
        bits.u(1)
    colour = _read_colour(bits) if bits.u(1) else _NO_COLOUR
    if bits.u(1):
        bits.ue()
        bits.ue()
    if bits.u(1):
        bits.u(65)
    hrds = 0
    for _ in range(2):
        if bits.u(1):
            _read_hrd(bits)
            hrds += 1
    if hrds:
        bits.u(1)
    bits.u(1)
    restriction_at = bits.position
    if not bits.u(1):
        return restriction_at, None, colour
    bits.u(1)
    for _ in range(4):
        bits.ue()
    return restriction_at, bits.ue(), colour


def _read_chroma(bits: BitReader, profile: int) -> tuple[int, bool, tuple[int, int]]:
    """Return chroma_format_idc, separate_colour_plane_flag and the bit depths."""
    if profile not in _HIGH_PROFILES:
        return 1, False, (8, 8)
    chroma_format = bits.ue()
    separate = bool(bits.u(1)) if chroma_format == 3 else False
    depths = (8 + bits.ue(), 8 + bits.ue())
    bits.u(1)
    if bits.u(1):
        for index in range(12 if chroma_format == 3 else 8):
            if bits.u(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma_format, separate, depths


def read_sps(nal: bytes) -> SequenceSet:
    """Read a sequence parameter set; raises BitstreamError."""
    bits = BitReader(unescape(nal), 8)
    profile = bits.u(8)
    bits.u(16)
    identifier = bits.ue()
    chroma_format, separate, depths = _read_chroma(bits, profile)
    frame_num_bits = bits.ue() + 4
    order_type = bits.ue()
    order_bits, always_zero = 0, False
    if order_type == 0:
        order_bits = bits.ue() + 4
    elif order_type == 1:
        always_zero = bool(bits.u(1))
        bits.se()
        bits.se()
        for _ in range(bits.ue()):
            bits.se()
    references = bits.ue()
    bits.u(1)
    bits.ue()
    bits.ue()
    frames_only = bool(bits.u(1))
    if not frames_only:
        bits.u(1)
    bits.u(1)
    if bits.u(1):
        for _ in range(4):
            bits.ue()
    vui_at = bits.position
    restriction_at, reorder, colour = _read_vui(bits) if bits.u(1) else (None, None, _NO_COLOUR)
    return SequenceSet(
        id=identifier,
        profile=profile,
        chroma_format=chroma_format,
        bit_depths=depths,
        separate_planes=separate,
        frame_num_bits=frame_num_bits,
        order_type=order_type,
        order_bits=order_bits,
        delta_order_always_zero=always_zero,
        reference_frames=references,
        frames_only=frames_only,
        vui_at=vui_at,
        restriction_at=restriction_at,
        reorder=reorder,
        colour=colour,
    )


def read_pps(nal: bytes) -> PictureSet:
    """Read a picture parameter set; raises BitstreamError."""
    bits = BitReader(unescape(nal), 8)
    identifier, sps_id = bits.ue(), bits.ue()
    cabac, field_order = bool(bits.u(1)), bool(bits.u(1))
    slice_groups = bits.ue() + 1
    if slice_groups > 1:
        raise BitstreamError("flexible macroblock ordering is not supported")
    references = (bits.ue() + 1, bits.ue() + 1)
    weighted, weighted_bi = bool(bits.u(1)), bits.u(2)
    for _ in range(3):
        bits.se()
    deblocking = bool(bits.u(1))
    bits.u(1)
    return PictureSet(
        id=identifier,
        sps_id=sps_id,
        cabac=cabac,
        field_order_present=field_order,
        slice_groups=slice_groups,
        references=references,
        weighted=weighted,
        weighted_bi=weighted_bi,
        deblocking_control=deblocking,
        redundant_count=bool(bits.u(1)),
    )


def with_reorder(nal: bytes, reorder: int) -> bytes:
    """Return the sequence parameter set stating that up to ``reorder`` frames are held back for order.

    A decoder that is not told must guess, and one that guesses too low loses frames at the joint. A set that
    already states as many, or more, comes back as it is.
    """
    sps = read_sps(nal)
    if sps.reorder is not None and sps.reorder >= reorder:
        return nal
    payload = unescape(nal)
    bits, out = BitReader(payload), BitWriter()
    dpb = max(sps.reference_frames, reorder, 1)
    motion = (1, 0, 0, 16, 16)  # what a decoder infers when it is not told, bar the sizes of its buffer
    if sps.restriction_at is None:
        out.u(bits.u(sps.vui_at), sps.vui_at)
        out.u(1, 1)
        out.u(0, 8)  # no aspect, overscan, video type, chroma place, timing, HRD (two) or picture structure
    else:
        out.u(bits.u(sps.restriction_at), sps.restriction_at)
        if sps.reorder is not None:
            bits.u(1)
            motion = (bits.u(1), bits.ue(), bits.ue(), bits.ue(), bits.ue())
            bits.ue()
            dpb = max(dpb, bits.ue())
    out.u(1, 1)
    out.u(motion[0], 1)
    for value in (*motion[1:], reorder, dpb):
        out.ue(value)
    out.u(1, 1)
    out.align(0)
    return escape(out.bytes())


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The sequence and picture parameter sets in force, by their ids."""

    sps: dict[int, bytes] = field(default_factory=dict)
    """seq_parameter_set_id → NAL unit."""
    pps: dict[int, bytes] = field(default_factory=dict)
    """pic_parameter_set_id → NAL unit."""
    length_size: int = 0
    """Bytes of the lengths before NAL units; 0 when packets have start codes."""

    @classmethod
    def from_extradata(cls, extradata: bytes) -> "ParameterSets":
        """Read avcC content or start-coded sets; raises BitstreamError."""
        if extradata[:1] != b"\1":
            return cls().updated(split_annex_b(extradata))
        if len(extradata) < 7:
            raise BitstreamError("the avcC header is too short")
        nals, at = [], 6
        for count in (extradata[5] & 31, None):
            if count is None:
                if at >= len(extradata):
                    break
                count, at = extradata[at], at + 1
            for _ in range(count):
                size = int.from_bytes(extradata[at : at + 2], "big")
                nals.append(extradata[at + 2 : at + 2 + size])
                at += 2 + size
        return replace(cls().updated(nals), length_size=(extradata[4] & 3) + 1)

    def updated(self, nals: Iterable[bytes]) -> "ParameterSets":
        """Return these sets with those among ``nals`` put in the place of their elders."""
        sps, pps = dict(self.sps), dict(self.pps)
        for nal in nals:
            if nal_type(nal) == SPS:
                sps[read_sps(nal).id] = nal
            elif nal_type(nal) == PPS:
                pps[read_pps(nal).id] = nal
        return replace(self, sps=sps, pps=pps)

    def holds(self, nal: bytes) -> bool:
        """Tell whether this parameter set is in force already."""
        return nal in (self.sps if nal_type(nal) == SPS else self.pps).values()

    def free_ids(self, count: int) -> list[int]:
        """Return ids that neither kind of set uses; raises BitstreamError when too few are left."""
        free = [number for number in range(31, -1, -1) if number not in self.sps and number not in self.pps]
        if len(free) < count:
            raise BitstreamError("every parameter set id is taken")
        return free[:count]

    def split(self, data: bytes) -> list[bytes]:
        """Return the NAL units of a packet in the form that goes with these sets."""
        return split_prefixed(data, self.length_size) if self.length_size else split_annex_b(data)


def avcc(sps: Sequence[bytes], pps: Sequence[bytes]) -> bytes:
    """Return the content of an avcC box (ISO/IEC 14496-15, 5.3.3.1) that holds all these sets.

    Profile, compatibility and level are those of the most demanding set, so that a player that looks at
    nothing else knows what it must be able to do.
    """
    best = max(sps, key=lambda nal: (nal[1] in _HIGH_PROFILES, nal[1]))
    level = max(nal[3] for nal in sps)
    parts = [bytes([1, best[1], best[2], level, 0xFF, 0xE0 | len(sps)])]
    parts += [len(nal).to_bytes(2, "big") + nal for nal in sps]
    parts.append(bytes([len(pps)]))
    parts += [len(nal).to_bytes(2, "big") + nal for nal in pps]
    if best[1] in _HIGH_PROFILES:
        read = read_sps(best)
        luma, chroma = read.bit_depths
        parts.append(bytes([0xFC | read.chroma_format, 0xF8 | (luma - 8), 0xF8 | (chroma - 8), 0]))
    return b"".join(parts)


def is_idr(nals: Iterable[bytes]) -> bool:
    """Tell whether the picture is an IDR: nothing after it refers to anything before it."""
    return any(nal[0] & 31 == IDR_SLICE for nal in nals)


def recovery_count(nals: Iterable[bytes]) -> int | None:
    """Return recovery_frame_cnt of the picture's recovery point message (D.1.8), or None without one."""
    for nal in nals:
        if nal_type(nal) != SEI:
            continue
        payload = unescape(nal)
        at = 1
        while at + 2 <= len(payload) and payload[at] != 0x80:
            kind, at = _sei_number(payload, at)
            size, at = _sei_number(payload, at)
            if kind == _RECOVERY_POINT:
                return BitReader(payload[at : at + size]).ue()
            at += size
    return None


def _sei_number(payload: bytes, at: int) -> tuple[int, int]:
    value = 0
    while at < len(payload) and payload[at] == 255:
        value, at = value + 255, at + 1
    if at >= len(payload):
        raise BitstreamError("an SEI message is cut short")
    return value + payload[at], at + 1


def is_intra(nals: Iterable[bytes]) -> bool:
    """Tell whether all slices of the picture are I slices."""
    slices = [nal for nal in nals if nal[0] & 31 in _SLICE_TYPES]
    for nal in slices:
        bits = BitReader(unescape(nal[:24]), 8)
        bits.ue()
        if bits.ue() not in _I_SLICES:
            return False
    return bool(slices)
