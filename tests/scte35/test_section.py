"""Sections: read as they are meant, made as others read them, refused when damaged."""

import base64

import pytest
from threefive import Cue

from streamproc.messages import CueKind
from streamproc.scte35.section import (
    WRAP,
    SectionDamaged,
    checked,
    described,
    make_splice_insert,
    read_section,
    section_of,
    to_text,
)

# The examples of ANSI/SCTE 35, clause 14
PLACEMENT_START = "/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg=="
INSERT_OUT = "/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbowo="
PLACEMENT_END = "/DAvAAAAAAAA///wBQb+dGKQoAAZAhdDVUVJSAAAjn+fCAgAAAAALKChijUCAKnMZ1g="
PROGRAM_START_END = (
    "/DBIAAAAAAAA///wBQb+ek2ItgAyAhdDVUVJSAAAGH+fCAgAAAAALMvDRBEAAAIXQ1VFSUgAABl/nwgIAAAAACyk26AQAACZcuND"
)


def test_reads_the_standards_example_of_a_splice_insert():
    (splice,) = read_section(section_of(INSERT_OUT))
    assert (splice.kind, splice.pts, splice.event_id) == (CueKind.OUT, 0x7369C02E, 0x4800008F)
    assert (splice.duration, splice.returns) == (0x52CCF5, True)


def test_reads_the_standards_examples_of_a_placement_opportunity():
    (start,) = read_section(section_of(PLACEMENT_START))
    (end,) = read_section(section_of(PLACEMENT_END))
    assert (start.kind, start.pts, start.duration) == (CueKind.OUT, 0x72BD0050, 0x0001A599B0)
    assert (end.kind, end.pts, end.event_id) == (CueKind.IN, 0x746290A0, start.event_id)


def test_takes_programme_starts_and_ends_for_neither_out_nor_in():
    assert [splice.kind for splice in read_section(section_of(PROGRAM_START_END))] == [CueKind.OTHER, CueKind.OTHER]


@pytest.mark.parametrize("pts", [0, 1, 8_589_934_591, 8_589_934_592, 123_456_789])
def test_a_section_that_was_made_reads_back(pts: int):
    (splice,) = read_section(make_splice_insert(70_000, pts, out=True, duration=2_700_003))
    assert (splice.kind, splice.pts, splice.event_id) == (CueKind.OUT, pts % WRAP, 70_000)
    assert (splice.duration, splice.returns, splice.cancels) == (2_700_003, False, False)


def test_what_is_made_is_what_the_library_reads():
    cue = Cue(to_text(make_splice_insert(7, 900_000, out=False)))
    assert cue.command.name == "Splice Insert"
    assert (cue.command.pts_time, cue.command.out_of_network_indicator) == (10.0, False)


def test_the_adjustment_is_added_and_wraps():
    section = bytearray(make_splice_insert(1, 100, out=True))
    section[4:9] = (int.from_bytes(section[4:9], "big") | WRAP - 40).to_bytes(5, "big")
    (splice,) = read_section(resealed(section))
    assert splice.pts == 60


def test_an_immediate_splice_has_no_time_of_its_own():
    cue = Cue(to_text(make_splice_insert(1, 100, out=True)))
    cue.command.splice_immediate_flag = True
    (splice,) = read_section(section_of(cue.base64()))
    assert (splice.kind, splice.pts) == (CueKind.OUT, None)


def test_a_cancellation_names_its_event_only():
    cue = Cue(to_text(make_splice_insert(33, 100, out=True)))
    cue.command.splice_event_cancel_indicator = True
    (splice,) = read_section(section_of(cue.base64()))
    assert (splice.cancels, splice.event_id, splice.kind) == (True, 33, CueKind.OTHER)


def test_descriptors_are_found_behind_a_command_of_untold_length():
    section = bytearray(section_of(PLACEMENT_START))
    section[11] |= 0x0F
    section[12] = 0xFF
    assert read_section(resealed(section)) == read_section(section_of(PLACEMENT_START))


def test_a_heartbeat_announces_nothing():
    heartbeat = base64.b64decode("/DARAAAAAAAAAP/wAAAAAHpPv/8=")
    assert read_section(heartbeat) == ()


def test_every_flipped_bit_is_noticed():
    section = make_splice_insert(5, 1_000_000, out=True)
    for bit in range(8 * len(section)):
        damaged = bytearray(section)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SectionDamaged):
            read_section(bytes(damaged))


@pytest.mark.parametrize("length", range(30))
def test_a_section_that_is_cut_off_is_refused(length: int):
    with pytest.raises(SectionDamaged):
        checked(section_of(INSERT_OUT)[:length])


def test_stuffing_behind_a_section_is_no_part_of_it():
    section = section_of(INSERT_OUT)
    assert checked(section + b"\xff" * 50) == section


@pytest.mark.parametrize("command", [2, 4, 0x20, 0xFF])
def test_commands_of_other_kinds_are_something_else(command: int):
    section = bytearray(section_of(INSERT_OUT))
    section[13] = command
    (splice,) = read_section(resealed(section))
    assert (splice.kind, splice.pts) == (CueKind.OTHER, None)


def test_an_encrypted_section_is_not_guessed_at():
    section = bytearray(section_of(INSERT_OUT))
    section[4] |= 0x80
    (splice,) = read_section(resealed(section))
    assert splice.kind is CueKind.OTHER


@pytest.mark.parametrize("at", range(13, 48))
@pytest.mark.parametrize("value", [0, 1, 0x55, 0xFF])
def test_nonsense_with_a_right_checksum_is_refused_or_read(at: int, value: int):
    for text in (INSERT_OUT, PLACEMENT_START):
        section = bytearray(section_of(text))
        section[at] = value
        try:
            read_section(resealed(section))
        except SectionDamaged:
            continue


@pytest.mark.parametrize("text", ["Ж", "0xZZ", "====", "a b"])
def test_text_that_is_no_section_is_refused(text: str):
    with pytest.raises(SectionDamaged):
        read_section(section_of(text))


def test_a_section_may_be_written_in_hexadecimal():
    assert section_of("0xFC30") == b"\xfc\x30"


def test_a_description_has_the_standards_names():
    assert described(section_of(INSERT_OUT))["command"]["splice_event_id"] == 0x4800008F


def resealed(section: bytearray | bytes) -> bytes:
    """Return the section with a right checksum."""
    from threefive.crc import crc32

    return bytes(section[:-4]) + crc32(bytes(section[:-4])).to_bytes(4, "big")
