"""The cues of segments, and the files that hold them beside a stream."""

import json
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threefive import Cue

from streamproc.messages import CueKind, Kind
from streamproc.scte35.section import HZ, WRAP, read_section, section_of
from streamproc.scte35.splices import SpliceCue, Stretch, as_json, as_xml, plan_cues, sidecar

P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN


def stretches(*parts: tuple[Kind, int]) -> list[Stretch]:
    """Return segments of so many seconds that follow each other."""
    found, at = [], Fraction(0)
    for kind, length in parts:
        found.append(Stretch(kind, at, at + length))
        at += length
    return found


def plan(*parts: tuple[Kind, int], zero: int = 0, preroll: int = 4) -> list[SpliceCue]:
    """Return their cues."""
    return plan_cues(stretches(*parts), zero, Fraction(preroll))


def test_a_break_goes_out_and_comes_back_in_under_one_number() -> None:
    out, back = plan((P, 10), (A, 6), (P, 4))
    assert (out.kind, out.time, out.sent, out.duration) == (CueKind.OUT, 10, 6, 6)
    assert (back.kind, back.time, back.sent, back.duration) == (CueKind.IN, 16, 12, None)
    assert out.event_id == back.event_id


def test_each_break_has_its_own_number() -> None:
    assert [cue.event_id for cue in plan((P, 10), (A, 6), (P, 4), (A, 5), (P, 5))] == [1, 1, 2, 2]


def test_a_source_that_begins_in_a_break_comes_back_in_once() -> None:
    assert [(cue.kind, cue.event_id) for cue in plan((A, 10), (P, 6), (A, 3))] == [(CueKind.IN, 1), (CueKind.OUT, 2)]


@pytest.mark.parametrize("parts", [[(P, 10)], [(U, 5), (P, 5)], [(P, 5), (U, 5)], [(P, 5), (P, 5)], []])
def test_without_a_change_between_programme_and_break_there_is_no_cue(parts: list[tuple[Kind, int]]) -> None:
    assert plan(*parts) == []


def test_a_cue_is_never_due_before_the_source_begins() -> None:
    assert plan((P, 2), (A, 60))[0].sent == 0


def test_a_break_without_an_end_has_no_duration() -> None:
    (out,) = plan_cues([Stretch(P, Fraction(0), Fraction(9)), Stretch(A, Fraction(9), None)], 0, Fraction(4))
    assert out.duration is None
    assert read_section(out.section)[0].duration is None


@given(
    zero=st.integers(0, WRAP - 1),
    rate=st.sampled_from([Fraction(25), Fraction(50), Fraction(30000, 1001), Fraction(60000, 1001), Fraction(24)]),
    frame=st.integers(1, 5_000_000),
)
def test_the_splice_time_is_the_count_of_its_very_frame(zero: int, rate: Fraction, frame: int) -> None:
    time = frame / rate
    (cue,) = plan_cues([Stretch(P, Fraction(0), time), Stretch(A, time, None)], zero, Fraction(4))
    (splice,) = read_section(cue.section)
    assert splice.pts == (zero + round(time * HZ)) % WRAP


def test_the_sidecar_is_read_by_its_own_library() -> None:
    cues = plan((P, 10), (A, 6), (P, 4), zero=900_000)
    lines = [line.split(",") for line in sidecar(cues, 900_000).splitlines()]
    assert [float(when) for when, _ in lines] == [16.0, 22.0]
    assert [Cue(text).command.pts_time for _, text in lines] == [20.0, 26.0]


def test_the_sidecar_counts_as_the_stream_does_past_its_wrap() -> None:
    zero = WRAP - 5 * HZ
    lines = sidecar(plan((P, 10), (A, 6), zero=zero), zero).splitlines()
    assert [float(line.split(",")[0]) for line in lines] == [1.0]


def test_the_event_stream_holds_the_same_cues() -> None:
    cues = plan((P, 10), (A, 6), (P, 4))
    root = ElementTree.fromstring(as_xml(cues))
    names = {"d": "urn:mpeg:dash:schema:mpd:2011", "s": "http://www.scte.org/schemas/35/2016"}
    events = root.findall("d:Event", names)
    assert [(event.get("presentationTime"), event.get("duration")) for event in events] == [
        ("900000", "540000"),
        ("1440000", None),
    ]
    binary = [event.findtext("s:Signal/s:Binary", namespaces=names) for event in events]
    assert [section_of(text or "") for text in binary] == [cue.section for cue in cues]


def test_json_names_every_field() -> None:
    entry, _ = json.loads(as_json(plan((P, 10), (A, 6), (P, 4))))
    assert (entry["kind"], entry["time_s"], entry["duration_s"]) == ("out", 10.0, 6.0)
    assert entry["fields"]["command"]["break_duration"] == 6.0
