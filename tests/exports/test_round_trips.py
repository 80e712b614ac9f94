"""What is written is read back by the libraries of the field, and has the same frames."""

import csv
import io
import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import av
import m3u8
import opentimelineio as otio
import pytest
import webvtt
from hypothesis import given, settings
from opentimelineio.opentime import from_timecode

from streamproc.exports import export, find_format
from streamproc.exports.timeline import Event, MediaFile, Timeline
from tests.exports.conftest import timelines

FEW = settings(max_examples=40, deadline=None)


def read(timeline: Timeline, format_name: str, adapter: str, **how: Any) -> Any:
    text = export(timeline, find_format(format_name)).decode()
    return otio.adapters.read_from_string(text, adapter, **how)


def frames(clip: Any) -> tuple[float, float]:
    return clip.source_range.start_time.value, clip.source_range.duration.value


def wanted(timeline: Timeline) -> list[tuple[float, float]]:
    return [(event.source.start_frame + event.first, event.frames) for event in timeline.events]


def names(timeline: Timeline) -> list[str]:
    return [" ".join(event.name.split()) or "untitled" for event in timeline.events]


@FEW
@given(timelines())
def test_an_edl_is_read_back_with_the_same_frames(timeline: Timeline) -> None:
    back = read(timeline, "edl", "cmx_3600", rate=float(timeline.counting.rate))
    assert [track.name for track in back.tracks] == ["V", "A1", "A2"]
    for track in back.tracks:
        assert [frames(clip) for clip in track] == wanted(timeline)
        assert [clip.name for clip in track] == names(timeline)
        assert {clip.metadata["cmx_3600"]["reel"] for clip in track} == {"NTV"}


@FEW
@given(timelines())
def test_the_record_side_of_an_edl_has_no_holes(timeline: Timeline) -> None:
    lines = [line for line in export(timeline, find_format("edl")).decode().splitlines() if line[:3].isdigit()]
    rate = float(timeline.counting.rate)
    sides = [[from_timecode(code, rate).value for code in line.split()[-2:]] for line in lines]
    assert all(before[1] == after[0] for before, after in pairwise(sides))
    assert sides[0][0] == timeline.first_record_frame
    assert [out - into for into, out in sides] == [event.frames for event in timeline.events]


@FEW
@given(timelines(wraps=True))
def test_an_edl_past_midnight_begins_again_at_0(timeline: Timeline) -> None:
    counting, rate = timeline.counting, float(timeline.counting.rate)
    lines = [line for line in export(timeline, find_format("edl")).decode().splitlines() if line[:3].isdigit()]
    for line, event in zip(lines, timeline.events, strict=True):
        into, out = (round(from_timecode(code, rate).value) for code in line.split()[-4:-2])
        assert into == (event.source.start_frame + event.first) % counting.day
        assert (out - into) % counting.day == event.frames % counting.day


@FEW
@given(timelines(wraps=True))
def test_an_otio_file_is_read_back_with_the_same_frames(timeline: Timeline) -> None:
    back = read(timeline, "otio", "otio_json")
    assert Fraction(back.metadata["streamproc"]["rate"]) == timeline.rate
    assert back.global_start_time.value == timeline.first_record_frame
    urls = {source.url for source in timeline.sources()}
    for track in back.tracks:
        assert [frames(clip) for clip in track] == wanted(timeline)
        assert [clip.name for clip in track] == names(timeline)
        assert {getattr(clip.media_reference, "target_url", None) for clip in track} == urls
        assert {Fraction(clip.source_range.start_time.rate).limit_denominator(1001) for clip in track} == {
            timeline.rate
        }


@FEW
@given(timelines(wraps=True))
def test_a_final_cut_7_file_is_read_back_with_the_same_frames(timeline: Timeline) -> None:
    back = read(timeline, "fcp7", "fcp_xml")
    for track in back.tracks:
        assert [frames(clip) for clip in track] == wanted(timeline)
        assert [clip.name for clip in track] == names(timeline)
        assert {clip.media_reference.available_range.start_time.value for clip in track} == {
            timeline.events[0].source.start_frame
        }


@FEW
@given(timelines(wraps=True))
def test_a_final_cut_7_file_says_time_codes_in_words_and_as_frames(timeline: Timeline) -> None:
    root = ElementTree.fromstring(export(timeline, find_format("fcp7")))
    codes = list(root.iter("timecode"))
    assert codes
    for code in codes:
        assert code.findtext("string") == timeline.counting.label(int(code.findtext("frame") or ""))
        assert code.findtext("displayformat") == ("DF" if timeline.drop_frame else "NDF")
        assert (code.findtext("rate/ntsc") == "TRUE") is (timeline.counting.rate.denominator == 1001)


def seconds(text: str | None) -> Fraction:
    assert text is not None
    assert text.endswith("s")
    return Fraction(text[:-1])


@FEW
@given(timelines(wraps=True))
def test_a_final_cut_x_file_has_the_same_frames_exactly(timeline: Timeline) -> None:
    root = ElementTree.fromstring(export(timeline, find_format("fcpxml")))
    rate = timeline.counting.rate
    (form,) = root.iter("format")
    assert seconds(form.get("frameDuration")) == 1 / rate
    clips = list(root.iter("asset-clip"))
    assert [(seconds(c.get("start")) * rate, seconds(c.get("duration")) * rate) for c in clips] == wanted(timeline)
    (sequence,) = root.iter("sequence")
    places = [seconds(clip.get("offset")) * rate for clip in clips]
    assert places == [timeline.first_record_frame + at for _, at in timeline.recorded()]
    assert seconds(sequence.get("tcStart")) * rate == timeline.first_record_frame
    assert {clip.get("tcFormat") for clip in clips} == {"DF" if timeline.drop_frame else "NDF"}
    (asset,) = root.iter("asset")
    last = seconds(asset.get("start")) + seconds(asset.get("duration"))
    assert all(seconds(c.get("start")) + seconds(c.get("duration")) <= last for c in clips)


@FEW
@given(timelines())
def test_a_final_cut_x_file_is_understood_by_its_adapter(timeline: Timeline) -> None:
    """The adapter computes in floats and rounds down, and takes rates for whole numbers: it may be a frame short."""
    (back,) = read(timeline, "fcpxml", "fcpx_xml")
    clips = list(back.find_clips())
    assert [clip.name for clip in clips] == names(timeline)
    if timeline.counting.rate.denominator == 1:
        pairs = zip((frames(clip) for clip in clips), wanted(timeline), strict=True)
        assert all(
            into - 1 <= got <= into for got_pair, pair in pairs for got, into in zip(got_pair, pair, strict=True)
        )


@FEW
@given(timelines(wraps=True))
def test_a_table_is_read_back_with_the_same_frames(timeline: Timeline) -> None:
    data = export(timeline, find_format("csv"))
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    label = timeline.counting.label
    for row, event, name in zip(rows, timeline.events, names(timeline), strict=True):
        assert (int(row["start_frame"]), int(row["end_frame"])) == (event.first, event.end)
        assert row["source_in"] == label(event.source.start_frame + event.first)
        assert row["title"].removeprefix("'") == name
        assert not row["title"].startswith(("=", "+", "-", "@"))


@FEW
@given(timelines(wraps=True))
def test_json_is_read_back_with_the_same_frames_and_exact_times(timeline: Timeline) -> None:
    body = json.loads(export(timeline, find_format("json")))
    assert Fraction(body["frame_rate"]) == timeline.rate
    got = [(e["start_frame"], e["end_frame"], Fraction(e["start"]), Fraction(e["end"])) for e in body["events"]]
    assert got == [(e.first, e.end, e.start, e.stop) for e in timeline.events]


def played(timeline: Timeline) -> list[tuple[float, float]]:
    return [(round(float(start), 3), round(float(stop), 3)) for _, start, stop in timeline.played()]


@FEW
@given(timelines())
def test_webvtt_chapters_are_read_back_to_the_millisecond(timeline: Timeline) -> None:
    cues = list(webvtt.from_string(export(timeline, find_format("vtt")).decode()))
    got = [clock(moment) for cue in cues for moment in (cue.start, cue.end)]
    assert got == pytest.approx([float(s) for _, *pair in timeline.played() for s in pair], abs=0.00051)
    texts = [cue.text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for cue in cues]
    assert texts == names(timeline)


def clock(text: str) -> float:
    hours, minutes, rest = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def test_ffmpeg_reads_the_chapters(air: Timeline, tmp_path: Path) -> None:
    path = tmp_path / "chapters"
    path.write_bytes(export(air, find_format("ffmetadata")))
    with av.open(str(path), format="ffmetadata") as container:
        chapters = container.chapters()
        assert container.metadata["title"] == "Воскресенье"
    got = [(float(c["start"] * c["time_base"]), float(c["end"] * c["time_base"])) for c in chapters]
    assert got == played(air)
    assert [chapter["metadata"]["title"] for chapter in chapters] == names(air)


def test_kodi_and_mplayer_skip_the_adverts_and_nothing_else(air: Timeline) -> None:
    assert export(air, find_format("kodi")).decode() == "32.040\t60.000\t3\n"
    assert export(air, find_format("mplayer")).decode() == "32.040\t60.000\t0\n"


def test_a_joined_result_has_its_own_times(air: Timeline) -> None:
    programmes = tuple(event for event in air.events if event.kind == "programme")
    joined = Timeline(title="x", rate=air.rate, events=programmes, is_joined=True)
    cues = list(webvtt.from_string(export(joined, find_format("vtt")).decode()))
    assert [(cue.start, cue.end) for cue in cues] == [
        ("00:00:00.000", "00:00:32.040"),
        ("00:00:32.040", "00:01:12.040"),
    ]


def test_a_playlist_is_read_back_with_ranges_and_cues(air: Timeline) -> None:
    def file(number: int) -> MediaFile:
        return MediaFile(
            url=f"7/{number:06d}.mp4",
            start=Fraction(10 * number),
            duration=Fraction(10),
            utc_ns=1_795_292_885_120_000_000 + number * 10**10,
            header_bytes=800,
            size_bytes=50_800,
        )

    def cued(event: Event) -> Event:
        return replace(event, cue="0xFC302000") if event.kind == "advert" else event

    timeline = replace(air, media=tuple(file(n) for n in range(10)), events=tuple(cued(e) for e in air.events))
    playlist = m3u8.loads(export(timeline, find_format("hls")).decode())
    assert playlist.is_endlist
    assert playlist.target_duration == 10
    ranges = playlist.segments[0].dateranges
    assert [one.duration for one in ranges] == [32.04, 27.96, 40.0]
    assert [one.start_date for one in ranges] == [
        "2026-11-21T20:28:05.120Z",
        "2026-11-21T20:28:37.160Z",
        "2026-11-21T20:29:05.120Z",
    ]
    assert [one.scte35_out for one in ranges] == [None, "0xFC302000", None]
    out = [number for number, segment in enumerate(playlist.segments) if segment.cue_out_start]
    back = [number for number, segment in enumerate(playlist.segments) if segment.cue_in]
    assert (out, back) == ([3], [6])
    assert {segment.byterange for segment in playlist.segments} == {"50000@800"}
    assert [segment.init_section.uri for segment in playlist.segments] == [f"7/{n:06d}.mp4" for n in range(10)]


def test_a_playlist_says_where_the_recording_was_interrupted(air: Timeline) -> None:
    ends = ((0, True), (10, True), (20, False))
    media = tuple(
        MediaFile(
            url=f"{start}.ts", start=Fraction(start), duration=Fraction(10), utc_ns=start * 10**10, is_continued=on
        )
        for start, on in ends
    )
    playlist = m3u8.loads(export(replace(air, media=media), find_format("hls")).decode())
    assert [segment.discontinuity for segment in playlist.segments] == [False, False, True]
    assert [segment.program_date_time is not None for segment in playlist.segments] == [True, False, True]
    assert playlist.segments[2].program_date_time.timestamp() == 200


def test_one_long_file_has_ranges_and_no_cues(air: Timeline) -> None:
    media = (MediaFile(url="a.ts", start=Fraction(0), duration=Fraction(100), utc_ns=None),)
    playlist = m3u8.loads(export(replace(air, media=media), find_format("hls")).decode())
    assert [(s.cue_out_start, s.cue_in, len(s.dateranges)) for s in playlist.segments] == [(False, False, 3)]
