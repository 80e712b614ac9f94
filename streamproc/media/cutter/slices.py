"""Lets an open group of pictures stand at the start of a copy: its I picture becomes an IDR.

Broadcasters open their groups: pictures shown before the I picture follow it in decoding order and lean on the group
before (*leading* pictures), and hours may pass without an IDR. Behind pictures of another encoder such an I picture
is no place to start: frame numbers jump, and decoders make up references for the gap. So the I picture's slice headers
are written anew as an IDR's, the leading pictures are left out, and every slice up to the next real IDR is told the
numbers that follow from that: frame_num and pic_order_cnt_lsb count from the new IDR, and commands that name pictures
by distance (7.3.3.1, 7.3.3.3) are put right where a picture in between was left out. What is coded inside the slices
stays as it is, bit for bit.

Names are those of ITU-T H.264.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from streamproc.media.cutter import h264
from streamproc.media.cutter.h264 import BitReader, BitWriter, PictureSet, SequenceSet

_HEADER_BYTES = 384
_P, _B, _I = 0, 1, 2
_IDR_PIC_ID = 7  # x264 uses 0 and 1; neighbouring IDR pictures must differ
_END_OF_LIST = 3
_NO_COMMANDS: tuple[tuple[int, ...], ...] = ()


class NotRewritableError(h264.BitstreamError):
    """This open group can't be made to stand alone."""


@dataclass(slots=True, kw_only=True)
class SliceHeader:
    """A slice header (7.3.3), as far as numbers of pictures are in it; bit positions are in the unescaped NAL unit."""

    reference: int
    is_idr: bool
    first_mb: int
    kind: int
    pps_id: int
    colour_plane: int
    frame_num: int
    is_field: bool
    is_bottom: bool
    idr_pic_id: int
    order_lsb: int
    delta_bottom: int
    redundant: int
    direct_spatial: int
    references: tuple[int, ...] | None
    modifications: list[list[tuple[int, int]] | None]
    weights: tuple[int, int]
    marking: list[tuple[int, ...]] | None
    after_marking: int
    end: int

    @property
    def type(self) -> int:
        """P, B or I."""
        return self.kind % 5


def _signed(code: int) -> int:
    return (code + 1) // 2 if code & 1 else -(code // 2)


def _code(value: int) -> int:
    return 2 * value - 1 if value > 0 else -2 * value


def _read_modifications(bits: BitReader, lists: int) -> list[list[tuple[int, int]] | None]:
    found: list[list[tuple[int, int]] | None] = []
    for _ in range(lists):
        if not bits.u(1):
            found.append(None)
            continue
        steps = []
        while (operation := bits.ue()) != _END_OF_LIST:
            if operation > _END_OF_LIST:
                raise h264.BitstreamError("an unknown modification of a reference list")
            steps.append((operation, bits.ue()))
        found.append(steps)
    return found


def _skip_weights(bits: BitReader, sps: SequenceSet, counts: Iterable[int]) -> None:
    colour = sps.chroma_format != 0 and not sps.separate_planes
    bits.ue()
    if colour:
        bits.ue()
    for count in counts:
        for _ in range(count):
            if bits.u(1):
                bits.se()
                bits.se()
            if colour and bits.u(1):
                for _ in range(4):
                    bits.se()


def _read_marking(bits: BitReader) -> list[tuple[int, ...]] | None:
    """Return memory management control operations with their values; None for a sliding window."""
    if not bits.u(1):
        return None
    commands: list[tuple[int, ...]] = []
    while operation := bits.ue():
        if operation > 6:
            raise h264.BitstreamError("an unknown memory management command")
        count = {3: 2, 5: 0}.get(operation, 1)
        commands.append((operation, *(bits.ue() for _ in range(count))))
    return commands


def read_slice(payload: bytes, sps: SequenceSet, pps: PictureSet) -> SliceHeader:
    """Read the header of an unescaped slice NAL unit, or of its beginning; raises BitstreamError."""
    bits = BitReader(payload, 8)
    reference, is_idr = payload[0] >> 5 & 3, payload[0] & 31 == h264.IDR_SLICE
    first_mb, kind, pps_id = bits.ue(), bits.ue(), bits.ue()
    colour_plane = bits.u(2) if sps.separate_planes else 0
    frame_num = bits.u(sps.frame_num_bits)
    is_field = not sps.frames_only and bool(bits.u(1))
    is_bottom = is_field and bool(bits.u(1))
    idr_pic_id = bits.ue() if is_idr else 0
    order_lsb = delta_bottom = 0
    if sps.order_type == 0:
        order_lsb = bits.u(sps.order_bits)
        delta_bottom = bits.se() if pps.field_order_present and not is_field else 0
    redundant = bits.ue() if pps.redundant_count else 0
    slice_type = kind % 5
    if slice_type > _I:
        raise h264.BitstreamError("switching slices are not supported")
    direct = bits.u(1) if slice_type == _B else 0
    references: tuple[int, ...] | None = None
    lists = {_P: 1, _B: 2, _I: 0}[slice_type]
    if lists and bits.u(1):
        references = tuple(bits.ue() + 1 for _ in range(lists))
    modifications = _read_modifications(bits, lists)
    weights_at = bits.position
    if (pps.weighted and slice_type == _P) or (pps.weighted_bi == 1 and slice_type == _B):
        _skip_weights(bits, sps, references if references is not None else pps.references[:lists])
    weights = (weights_at, bits.position)
    marking: list[tuple[int, ...]] | None = None
    if reference:
        if is_idr:
            bits.u(2)
        else:
            marking = _read_marking(bits)
    after_marking = bits.position
    if pps.cabac and lists:
        bits.ue()
    bits.se()
    if pps.deblocking_control and bits.ue() != 1:
        bits.se()
        bits.se()
    return SliceHeader(
        reference=reference,
        is_idr=is_idr,
        first_mb=first_mb,
        kind=kind,
        pps_id=pps_id,
        colour_plane=colour_plane,
        frame_num=frame_num,
        is_field=is_field,
        is_bottom=is_bottom,
        idr_pic_id=idr_pic_id,
        order_lsb=order_lsb,
        delta_bottom=delta_bottom,
        redundant=redundant,
        direct_spatial=direct,
        references=references,
        modifications=modifications,
        weights=weights,
        marking=marking,
        after_marking=after_marking,
        end=bits.position,
    )


def write_slice(payload: bytes, header: SliceHeader, sps: SequenceSet, pps: PictureSet) -> bytes:
    """Return the slice NAL unit (escaped) with ``header`` in front of the data that ``payload`` (unescaped) has."""
    out = BitWriter()
    out.u(header.reference << 5 | (h264.IDR_SLICE if header.is_idr else h264.SLICE), 8)
    for value in (header.first_mb, header.kind, header.pps_id):
        out.ue(value)
    out.u(header.colour_plane, 2 if sps.separate_planes else 0)
    out.u(header.frame_num, sps.frame_num_bits)
    if not sps.frames_only:
        out.u(header.is_field, 1)
        if header.is_field:
            out.u(header.is_bottom, 1)
    if header.is_idr:
        out.ue(header.idr_pic_id)
    if sps.order_type == 0:
        out.u(header.order_lsb, sps.order_bits)
        if pps.field_order_present and not header.is_field:
            out.ue(_code(header.delta_bottom))
    if pps.redundant_count:
        out.ue(header.redundant)
    _write_lists(out, header)
    _copy_bits(out, payload, *header.weights)
    if header.reference:
        _write_marking(out, header)
    _copy_bits(out, payload, header.after_marking, header.end)
    if pps.cabac:
        out.align(1)
        return h264.escape(out.bytes() + payload[-(-header.end // 8) :])
    value, count = BitReader(payload, header.end).rest()
    zeros = (value & -value).bit_length() - 1
    out.u(value >> zeros, count - zeros)
    out.align(0)
    return h264.escape(out.bytes())


def _write_lists(out: BitWriter, header: SliceHeader) -> None:
    if header.type == _B:
        out.u(header.direct_spatial, 1)
    if header.type != _I:
        out.u(header.references is not None, 1)
        for count in header.references or ():
            out.ue(count - 1)
    for steps in header.modifications:
        out.u(steps is not None, 1)
        if steps is not None:
            for operation, value in steps:
                out.ue(operation)
                out.ue(value)
            out.ue(_END_OF_LIST)


def _write_marking(out: BitWriter, header: SliceHeader) -> None:
    if header.is_idr:
        out.u(0, 2)
        return
    out.u(header.marking is not None, 1)
    if header.marking is not None:
        for command in header.marking:
            for value in command:
                out.ue(value)
        out.ue(0)


def _copy_bits(out: BitWriter, payload: bytes, begin: int, end: int) -> None:
    if end > begin:
        out.u(BitReader(payload[: end // 8 + 1], begin).u(end - begin), end - begin)


@dataclass(slots=True)
class Reanchor:
    """Rewrites the slices of an open group, and of all that follow it up to the next IDR, so that it can stand first.

    Packets go through :meth:`first`, :meth:`leave_out` and :meth:`rewrite` in decoding order. ``number`` below is a
    frame_num that never wraps, as the source counts; pictures are known by it.
    """

    sets: h264.ParameterSets
    _parsed: dict[int, tuple[SequenceSet, PictureSet]] = field(default_factory=dict)
    _anchor: int = 0
    _order_base: int = 0
    _number: int = 0
    _left_out: set[int] = field(default_factory=set)
    _held: list[int] = field(default_factory=list)
    _let_go: set[int] = field(default_factory=set)

    def first(self, nals: list[bytes]) -> list[bytes]:
        """Return the I picture as an IDR. Raises NotRewritableError."""
        headers = [self._read(nal) for nal in nals if h264.nal_type(nal) == h264.SLICE]
        if not headers or headers[0].reference == 0:
            raise NotRewritableError("the keyframe is not a reference picture")
        first = headers[0]
        if any(header.type != _I for header in headers if header.is_bottom == first.is_bottom):
            raise NotRewritableError("the keyframe is not coded in I slices alone")
        self._anchor = self._number = first.frame_num
        self._order_base = first.order_lsb + min(first.delta_bottom, 0)
        self._held = [self._anchor]
        return self._rewritten(nals, anchor_field=first.is_bottom)

    def leave_out(self, nals: list[bytes]) -> None:
        """Take note of a leading picture that will not be there."""
        headers = [self._read(nal) for nal in nals if h264.nal_type(nal) == h264.SLICE]
        for header in headers[:1]:
            self._advance(header)
            if header.reference:
                self._left_out.add(self._number)
                self._remark(header)
                self._hold(header)

    def rewrite(self, nals: list[bytes]) -> list[bytes]:
        """Return a later picture with its numbers put right. Raises NotRewritableError."""
        return self._rewritten(nals, anchor_field=None)

    def _sets_of(self, nal: bytes) -> tuple[SequenceSet, PictureSet]:
        bits = BitReader(nal[:16], 8)
        bits.ue()
        bits.ue()
        pps_id = bits.ue()
        if pps_id not in self._parsed:
            if pps_id not in self.sets.pps:
                raise NotRewritableError(f"there is no picture parameter set {pps_id}")
            pps = h264.read_pps(self.sets.pps[pps_id])
            sps = h264.read_sps(self.sets.sps[pps.sps_id])
            if sps.order_type == 1:
                raise NotRewritableError("pictures are ordered by pic_order_cnt_type 1")
            self._parsed[pps_id] = (sps, pps)
        return self._parsed[pps_id]

    def _read(self, nal: bytes) -> SliceHeader:
        try:
            return read_slice(h264.unescape(nal[:_HEADER_BYTES]), *self._sets_of(nal))
        except h264.BitstreamError:
            return read_slice(h264.unescape(nal), *self._sets_of(nal))

    def _advance(self, header: SliceHeader) -> None:
        sps = self._parsed[header.pps_id][0]
        self._number += (header.frame_num - self._number) % (1 << sps.frame_num_bits)

    def _renumbered(self, number: int) -> int | None:
        """Return what a picture's number is now; None when it is not there."""
        if number < self._anchor or number in self._left_out:
            return None
        return number - self._anchor - sum(gone < number for gone in self._left_out)

    def _rewritten(self, nals: list[bytes], *, anchor_field: bool | None) -> list[bytes]:
        done = []
        last: SliceHeader | None = None
        for nal in nals:
            if h264.nal_type(nal) != h264.SLICE:
                done.append(nal)
                continue
            header = self._read(nal)
            if last is None:
                self._advance(header)
            last = header
            done.append(self._one(nal, header, to_idr=anchor_field is not None and header.is_bottom == anchor_field))
        if last is not None and last.reference and anchor_field is None:
            self._hold(last)
        return done

    def _one(self, nal: bytes, header: SliceHeader, *, to_idr: bool) -> bytes:
        sps, pps = self._sets_of(nal)
        number = self._now(self._number)
        header.frame_num = number % (1 << sps.frame_num_bits)
        header.order_lsb = (header.order_lsb - self._order_base) % (1 << sps.order_bits) if sps.order_bits else 0
        if to_idr:
            header.is_idr, header.idr_pic_id, header.marking = True, _IDR_PIC_ID, None
            header.frame_num = 0
        else:
            self._relist(header, sps, pps)
            header.marking = self._remark(header)
        return write_slice(h264.unescape(nal), header, sps, pps)

    def _now(self, number: int) -> int:
        return number - self._anchor - sum(gone < number for gone in self._left_out)

    # Which picture is meant: distances are counted in frames, or in fields of both parities

    def _target(self, header: SliceHeader, picture: int) -> int | None:
        """Return what picNum the source's picNum ``picture`` is now; None when it is not there."""
        if not header.is_field:
            return self._renumbered(picture)
        frame = self._renumbered(picture >> 1)
        return None if frame is None else frame * 2 + (picture & 1)

    def _current(self, header: SliceHeader, number: int) -> int:
        return 2 * number + 1 if header.is_field else number

    def _relist(self, header: SliceHeader, sps: SequenceSet, pps: PictureSet) -> None:
        """Name the same pictures as references as before (8.2.4.3)."""
        if header.type == _P and header.modifications[0] is None and self._left_out.intersection(self._held):
            self._list_by_name(header, sps, pps)
            return
        largest = (2 if header.is_field else 1) << sps.frame_num_bits
        for index, steps in enumerate(header.modifications):
            if steps is not None:
                header.modifications[index] = self._renamed(header, steps, largest)

    def _renamed(self, header: SliceHeader, steps: list[tuple[int, int]], largest: int) -> list[tuple[int, int]]:
        before, now = self._current(header, self._number), self._current(header, self._now(self._number))
        current = before
        renamed = []
        for operation, value in steps:
            if operation == 2:
                renamed.append((operation, value))
                continue
            distance = value + 1
            before += distance if operation else -distance
            if before > current:  # distances wrap (8-34, 8-35)
                before -= largest
            elif before <= current - largest:
                before += largest
            target = self._target(header, before)
            if target is None:
                target = self._stand_in(header)
            renamed.append(_step(now, target, largest))
            now = target
        return renamed

    def _stand_in(self, header: SliceHeader) -> int:
        """Return a picture for a place in a list where one was that nothing uses: the new IDR."""
        return 1 if header.is_field else 0

    def _list_by_name(self, header: SliceHeader, sps: SequenceSet, pps: PictureSet) -> None:
        """Write out a list that was in default order (8.2.4.2.1), for one of its pictures is missing now."""
        if header.is_field:
            raise NotRewritableError("a leading picture coded in fields is a reference")
        count = (header.references or pps.references)[0]
        wanted = list(reversed(self._held))[:count]
        if not self._left_out.intersection(wanted):
            return
        now = self._now(self._number)
        steps = []
        for number in wanted:
            renumbered = self._renumbered(number)
            target = 0 if renumbered is None else renumbered
            steps.append(_step(now, target, 1 << sps.frame_num_bits))
            now = target
        header.modifications[0] = steps

    def _remark(self, header: SliceHeader) -> list[tuple[int, ...]] | None:
        """Return the memory management commands with distances put right; without those whose picture is gone."""
        if header.marking is None:
            return None
        before, now = self._current(header, self._number), self._current(header, self._now(self._number))
        kept: list[tuple[int, ...]] = []
        for operation, *values in header.marking:
            if operation == 5:
                raise NotRewritableError("the numbers of pictures start anew in mid-stream")
            if operation in (1, 3):
                if not header.is_field:
                    self._let_go.add(before - values[0] - 1)
                target = self._target(header, before - values[0] - 1)
                if target is None:
                    continue
                values[0] = now - target - 1
            kept.append((operation, *values))
        return kept or None

    def _hold(self, header: SliceHeader) -> None:
        """Follow which pictures the source's decoder holds as references (8.2.5), newest last."""
        if self._number in self._held:
            return
        sps = self._parsed[header.pps_id][0]
        self._held = [number for number in self._held if number not in self._let_go]
        self._let_go.clear()
        self._held.append(self._number)
        del self._held[: max(len(self._held) - max(sps.reference_frames, 1), 0)]


def _step(now: int, target: int, largest: int) -> tuple[int, int]:
    """Return the command that leads from one picNum to another in a reference list."""
    distance = target - now
    if distance < 0:
        return 0, -distance - 1
    return 1, (distance or largest) - 1
