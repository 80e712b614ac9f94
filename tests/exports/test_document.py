import json
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streamproc.errors import ConfigError
from streamproc.exports import export, find_format, format_of
from streamproc.exports.document import Wishes, read_segments
from streamproc.messages import Kind

MOSCOW = Wishes(zone=ZoneInfo("Europe/Moscow"))


def segment(number: int, kind: str, start: int, end: int | None, **more: Any) -> dict[str, Any]:
    """Return a segment of 25 frames a second; start and end are frames."""
    values = {
        "id": number,
        "kind": kind,
        "start_s": start / 25,
        "end_s": None if end is None else end / 25,
        "start_frame": start,
        "end_frame": end,
        "start_utc": None,
        "end_utc": None,
        "confidence": 0.9,
        "state": "final",
        "title": None,
        "clip": None,
    }
    return values | more


def document(*segments: dict[str, Any], **more: Any) -> dict[str, Any]:
    values = {"schema": 1, "source": "air/ntv.ts", "duration_s": 100.0, "frame_rate": "25/1", "model": {}}
    return values | {"segments": list(segments)} | more


THREE = (segment(1, "programme", 0, 801), segment(2, "advert", 801, 1500), segment(3, "programme", 1500, 2500))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "segments.json"


def write(path: Path, body: object) -> Path:
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


def test_each_segment_is_an_event_with_its_frames(path: Path) -> None:
    timeline = read_segments(write(path, document(*THREE)), Wishes())
    assert [(event.first, event.end) for event in timeline.events] == [(0, 801), (801, 1500), (1500, 2500)]
    assert [event.name for event in timeline.events] == ["programme 1", "advert 1", "programme 2"]


def test_only_programmes_can_be_had_and_keep_their_numbers(path: Path) -> None:
    timeline = read_segments(write(path, document(*THREE)), Wishes(only=Kind.PROGRAMME))
    assert [(event.first, event.name) for event in timeline.events] == [(0, "programme 1"), (1500, "programme 2")]


def test_a_file_begins_at_time_code_0_unless_told_otherwise(path: Path) -> None:
    write(path, document(*THREE))
    assert read_segments(path, Wishes()).events[0].source.start_frame == 0
    ten = read_segments(path, Wishes(start_timecode="10:00:00:00"))
    assert ten.events[0].source.start_frame == 10 * 3600 * 25


def test_a_feed_begins_at_its_time_of_day(path: Path) -> None:
    timed = segment(1, "programme", 0, 801, start_utc="2026-11-21T20:28:05.120Z", end_utc="2026-11-21T20:28:37.160Z")
    timeline = read_segments(write(path, document(timed)), MOSCOW)
    assert timeline.counting.label(timeline.events[0].source.start_frame) == "23:28:05:03"


def test_time_of_day_goes_past_midnight(path: Path) -> None:
    late = segment(1, "programme", 0, 2500, start_utc="2026-11-21T20:59:30Z", end_utc="2026-11-21T21:01:10Z")
    edl = export(read_segments(write(path, document(late)), MOSCOW), find_format("edl")).decode()
    assert "23:59:30:00 00:01:10:00 01:00:00:00 01:01:40:00" in edl


def test_what_follows_a_gap_is_a_source_of_its_own_with_its_own_time_of_day(path: Path) -> None:
    before = segment(1, "programme", 0, 250, start_utc="2026-11-21T20:00:00Z", end_utc="2026-11-21T20:00:10Z")
    after = segment(2, "programme", 250, 500, start_utc="2026-11-21T20:05:00Z", end_utc="2026-11-21T20:05:10Z")
    timeline = read_segments(write(path, document(before, after)), MOSCOW)
    first, second = timeline.sources()
    assert [timeline.counting.label(source.start_frame) for source in (first, second)] == ["23:00:00:00", "23:05:00:00"]
    assert [(event.first, event.end) for event in timeline.events] == [(0, 250), (0, 250)]
    assert (first.reel, second.reel) == ("NTV001", "NTV002")
    chosen = read_segments(path, Wishes(start_timecode="10:00:00:00"))
    assert chosen.counting.label(chosen.sources()[1].start_frame) == "10:05:00:00"


def test_frames_that_are_not_told_are_counted_from_the_times(path: Path) -> None:
    untold = segment(1, "programme", 0, 801, start_frame=None, end_frame=None)
    assert read_segments(write(path, document(untold)), Wishes()).events[0].end == 801


def test_what_has_no_time_code_can_still_be_had_as_a_table(path: Path) -> None:
    timeline = read_segments(write(path, document(*THREE, frame_rate="15/1")), Wishes())
    assert b"programme 1" in export(timeline, find_format("csv"))
    with pytest.raises(ConfigError, match="no time code at 15 frames a second"):
        export(timeline, find_format("edl"))


def test_what_has_no_rate_can_still_be_had_as_chapters(path: Path) -> None:
    bare = [segment(1, "programme", 0, 801, start_frame=None, end_frame=None)]
    timeline = read_segments(write(path, document(*bare, frame_rate=None)), Wishes())
    assert b"00:00:00.000 --> 00:00:32.040" in export(timeline, find_format("vtt"))


def test_a_file_is_named_by_its_address_and_a_folder_of_files_is_not(path: Path, tmp_path: Path) -> None:
    file = read_segments(write(path, document(*THREE, source=str(tmp_path / "НТВ 1.ts"))), Wishes())
    assert file.events[0].source.url == (tmp_path / "НТВ 1.ts").as_uri()
    folder = read_segments(write(path, document(*THREE, source=str(tmp_path))), Wishes())
    feed = read_segments(write(path, document(*THREE, source="rtmp://h/live/…")), Wishes())
    assert folder.events[0].source.url is feed.events[0].source.url is None
    with pytest.raises(ConfigError, match="there are none"):
        export(feed, find_format("hls"))


def test_a_title_is_on_one_line_whatever_is_in_it(path: Path) -> None:
    titled = segment(1, "programme", 0, 801, title="Что?\r\n002  BL V C\x00\x1b[31m <Где>")
    timeline = read_segments(write(path, document(titled)), Wishes())
    edl = export(timeline, find_format("edl")).decode()
    assert "* FROM CLIP NAME:  Что? 002 BL V C [31m <Где>\r\n" in edl
    export(timeline, find_format("fcp7"))
    export(timeline, find_format("fcpxml"))


def test_a_formula_stays_a_text_in_a_spreadsheet(path: Path) -> None:
    titled = segment(1, "programme", 0, 801, title='=HYPERLINK("http://x")')
    text = export(read_segments(write(path, document(titled)), Wishes()), find_format("csv")).decode("utf-8-sig")
    assert '"\'=HYPERLINK(""http://x"")"' in text


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("[1, 2", "not JSON"),
        ("[1, 2]", "not a segments.json"),
        ('{"schema": 2, "source": "x", "segments": []}', "not a segments.json"),
        ('{"schema": 1, "source": "x"}', "the key 'segments' is missing"),
        ('{"schema": 1, "source": "x", "segments": []}', "there is nothing to export"),
        (json.dumps(document(segment(1, "film", 0, 1))), "segments.0.kind"),
        (json.dumps(document(segment(1, "advert", 0, 1, start_s=-1))), "segments.0.start_s"),
        (json.dumps(document(frame_rate="25")), "frame_rate"),
        (json.dumps(document(THREE[1], THREE[0])), "segments must be in order"),
    ],
)
def test_what_is_no_segments_json_is_refused_in_one_line(path: Path, body: str, why: str) -> None:
    path.write_text(body)
    with pytest.raises(ConfigError) as refused:
        read_segments(path, Wishes())
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_segment_that_still_runs_is_refused_or_left_out(path: Path) -> None:
    write(path, document(*THREE[:2], segment(3, "programme", 1500, None), duration_s=None))
    with pytest.raises(ConfigError, match=r"segment 3 .* still running"):
        read_segments(path, Wishes())
    assert len(read_segments(path, Wishes(finished=True)).events) == 2


def test_more_events_than_an_edl_has_numbers_for_are_refused(path: Path) -> None:
    many = [segment(n, "advert", n * 10, n * 10 + 10) for n in range(1000)]
    timeline = read_segments(write(path, document(*many)), Wishes())
    with pytest.raises(ConfigError, match="holds 999 events, and there are 1000"):
        export(timeline, find_format("edl"))


def test_a_format_is_known_by_its_name_or_its_suffix() -> None:
    assert format_of(Path("a.EDL")).name == "edl"
    assert find_format("kodi").suffixes == (".edl",)
    with pytest.raises(ConfigError, match="there is no format 'avi'"):
        find_format("avi")
    with pytest.raises(ConfigError, match="tells no format"):
        format_of(Path("a.avi"))


def test_every_key_of_the_json_is_documented(path: Path, project_root: Path) -> None:
    timeline = read_segments(write(path, document(*THREE)), Wishes())
    text = (project_root / "docs" / "exports.md").read_text(encoding="utf-8").split("## The JSON")[1]
    assert keys(json.loads(export(timeline, find_format("json")))) - set(re.findall(r"`(\w+)`", text)) == set()


def keys(value: Any) -> set[str]:
    """Return every key in a JSON value, however deep."""
    if isinstance(value, dict):
        return set(value).union(*(keys(inner) for inner in value.values()))
    return set().union(*(keys(inner) for inner in value)) if isinstance(value, list) else set()
