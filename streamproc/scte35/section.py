"""One splice_info_section: read into splices, or made for a splice of ours.

A section says little by itself: its splice times count 90 kHz in 33 bits, by a clock that only the stream it came in
knows. :mod:`streamproc.scte35.placing` puts them on an epoch's timeline.
"""

import io
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Any, Final

import structlog
from threefive import Cue as Coded
from threefive import SegmentationDescriptor, SpliceInsert, TimeSignal
from threefive import stuff as _threefive_output
from threefive.crc import crc32

from streamproc.messages import CueKind

log = structlog.get_logger()

WRAP: Final = 1 << 33
"""Splice times start again at so many ticks."""
HZ: Final = 90_000
"""Ticks a second."""
TABLE_ID: Final = 0xFC
_HEARTBEATS: Final = frozenset({0x00, 0x07})  # splice_null, bandwidth_reservation: they say nothing
_COMMAND_AT: Final = 13  # byte of splice_command_type
_LENGTH_AT: Final = 11  # the 12 bits of splice_command_length end in its second byte
_NO_LENGTH: Final = 0xFFF  # of old encoders: the command's length is not told
_KNOWN: Final = frozenset({0x05, 0x06})
_STARTS: Final = frozenset({0x22, 0x30, 0x32, 0x34, 0x36, 0x44, 0x46})
_ENDS: Final = frozenset(start + 1 for start in _STARTS)


class SectionDamaged(ValueError):
    """The bytes are no whole splice_info_section; the message says in a few words what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    """What one command, or one descriptor of it, announces."""

    kind: CueKind
    """Out of the programme, back into it, or something else."""
    pts: int | None
    """When, ticks of 90 kHz in 33 bits, adjustment included; None for at once."""
    event_id: int | None
    """Number of the event; the same announced again is a repetition, or takes it back."""
    duration: int | None
    """Length of the break, ticks of 90 kHz; None when not told."""
    returns: bool = False
    """Whether the break ends by itself after its duration."""
    cancels: bool = False
    """Whether what was announced under this number is taken back."""
    name: str = ""
    """What the standard calls it."""


class _Complaints(io.TextIOBase):
    """Takes what threefive writes to standard error about odd sections; the daemon's log has a form of its own."""

    def write(self, text: str) -> int:
        if text.strip():
            log.debug("scte35.odd", says=text.strip())
        return len(text)


_threefive_output.stderr = _Complaints()


def section_of(text: str) -> bytes:
    """Return the section that is written as base64, or as hexadecimal after ``0x``. Raises SectionDamaged."""
    try:
        if text[:2].lower() == "0x":
            return bytes.fromhex(text[2:])
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (ValueError, Base64Error) as error:
        raise SectionDamaged("neither base64 nor hexadecimal") from error


def to_text(section: bytes) -> str:
    """Return a section as base64."""
    return b64encode(section).decode()


def checked(section: bytes) -> bytes:
    """Return the section without what may follow it. Raises SectionDamaged: not whole, or its checksum is wrong."""
    if len(section) < 3 or section[0] != TABLE_ID:
        raise SectionDamaged("not a splice_info_section")
    length = 3 + (int.from_bytes(section[1:3], "big") & 0xFFF)
    if length > len(section) or length < _COMMAND_AT + 7:
        raise SectionDamaged(f"cut off: {len(section)} bytes of {length}")
    whole = section[:length]
    if crc32(whole) != 0:  # over a section and its own checksum it is 0
        raise SectionDamaged("wrong checksum")
    return whole


def read_section(section: bytes) -> tuple[Splice, ...]:
    """Return what a section announces; nothing for a heartbeat. Raises SectionDamaged."""
    whole = checked(section)
    command = whole[_COMMAND_AT]
    if command in _HEARTBEATS:
        return ()
    if command not in _KNOWN or whole[4] & 0x80:  # encrypted: only its addressee can read it
        return (Splice(kind=CueKind.OTHER, pts=None, event_id=None, duration=None, name=f"command {command}"),)
    try:
        coded = _decoded(whole)
        adjustment = int.from_bytes(whole[4:9], "big") & (WRAP - 1)
        if isinstance(coded.command, SpliceInsert):
            return (_of_insert(coded.command, adjustment),)
        return _of_signal(coded.command, coded.descriptors, adjustment)
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise SectionDamaged(f"can't be read: {error}") from error  # threefive trusts the lengths it reads


def make_splice_insert(event_id: int, pts: int, *, out: bool, duration: int | None = None) -> bytes:
    """Return the section of a splice_insert for a whole programme.

    pts: when, ticks of 90 kHz, taken modulo 2**33. duration: of the break, ticks; only with ``out``. It does not
    return by itself: a cue back in is expected.
    """
    insert = SpliceInsert()
    insert.splice_event_id = event_id % (1 << 32)
    insert.splice_event_cancel_indicator = False
    insert.out_of_network_indicator = out
    insert.program_splice_flag = True
    insert.duration_flag = duration is not None
    insert.splice_immediate_flag = False
    insert.event_id_compliance_flag = True
    insert.time_specified_flag = True
    insert.pts_time = pts % WRAP / HZ  # a float holds 33 bits and more; threefive rounds to the tick
    if duration is not None:
        insert.break_auto_return = False
        insert.break_duration = min(duration, WRAP - 1) / HZ
    insert.unique_program_id = 1
    insert.avail_num = insert.avails_expected = 0
    coded = Coded()
    coded.command = insert
    coded.encode()
    return bytes(coded.bites)


def described(section: bytes) -> dict[str, Any]:
    """Return all fields of a section by their names in the standard. Raises SectionDamaged."""
    whole = checked(section)
    try:
        fields = _decoded(whole).get()
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise SectionDamaged(f"can't be read: {error}") from error
    return fields if isinstance(fields, dict) else {}


def _decoded(section: bytes) -> Coded:
    coded = Coded()
    coded.bites = section
    coded.decode()
    if int.from_bytes(section[_LENGTH_AT : _LENGTH_AT + 2], "big") & _NO_LENGTH == _NO_LENGTH:
        # The descriptors were taken for a part of the command; now its true length is known.
        patched = bytearray(section)
        patched[_LENGTH_AT] = section[_LENGTH_AT] & 0xF0 | coded.command.command_length >> 8
        patched[_LENGTH_AT + 1] = coded.command.command_length & 0xFF
        coded.bites = bytes(patched)
        coded.decode()
    return coded


def _ticks(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * HZ)


def _of_insert(insert: SpliceInsert, adjustment: int) -> Splice:
    if insert.splice_event_cancel_indicator:
        return Splice(
            kind=CueKind.OTHER,
            pts=None,
            event_id=insert.splice_event_id,
            duration=None,
            cancels=True,
            name="splice_insert, cancelled",
        )
    if not insert.program_splice_flag:
        # Some components only, which is deprecated and not the programme's business.
        return Splice(
            kind=CueKind.OTHER, pts=None, event_id=insert.splice_event_id, duration=None, name="splice of components"
        )
    return Splice(
        kind=CueKind.OUT if insert.out_of_network_indicator else CueKind.IN,
        pts=_adjusted(insert, adjustment),
        event_id=insert.splice_event_id,
        duration=_ticks(insert.break_duration) if insert.duration_flag else None,
        returns=bool(insert.break_auto_return),
        name="splice_insert",
    )


def _of_signal(signal: TimeSignal, descriptors: list[Any], adjustment: int) -> tuple[Splice, ...]:
    pts = _adjusted(signal, adjustment)
    found = [_of_descriptor(one, pts) for one in descriptors if isinstance(one, SegmentationDescriptor)]
    return tuple(found) or (Splice(kind=CueKind.OTHER, pts=pts, event_id=None, duration=None, name="time_signal"),)


def _of_descriptor(descriptor: SegmentationDescriptor, pts: int | None) -> Splice:
    number = int(descriptor.segmentation_event_id, 16)
    if descriptor.segmentation_event_cancel_indicator:
        return Splice(
            kind=CueKind.OTHER, pts=None, event_id=number, duration=None, cancels=True, name="segmentation, cancelled"
        )
    kind = descriptor.segmentation_type_id
    return Splice(
        kind=CueKind.OUT if kind in _STARTS else CueKind.IN if kind in _ENDS else CueKind.OTHER,
        pts=pts,
        event_id=number,
        duration=_ticks(descriptor.segmentation_duration) if descriptor.segmentation_duration_flag else None,
        name=descriptor.segmentation_message or f"segmentation type 0x{kind:02x}",
    )


def _adjusted(command: TimeSignal, adjustment: int) -> int | None:
    ticks = _ticks(command.pts_time) if command.time_specified_flag else None
    return None if ticks is None else (ticks + adjustment) % WRAP
