"""``streamproc clip`` and ``streamproc join``, run as people run them."""

import json
import os
import subprocess
import sys
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pytest

from streamproc.cli.points import ClockTime, Desk, TimeCode, WallTime, parse_point, parse_span
from streamproc.cli.timecodes import FrameTime
from streamproc.errors import ConfigError
from streamproc.timebase import NS, ManualClock
from tests.footage import Drawn, draw, look
from tests.media.recorded import record

NTSC = Fraction(30000, 1001)
OPTIONS = {"g": "10", "bf": "2"}


def streamproc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streamproc", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("source") / "source.mp4", Drawn(frames=200, options=OPTIONS))


def shown(path: Path) -> list[int]:
    """Return the numbers that the pictures carry."""
    return [picture.numbers[0] for picture in look(path)]


def test_parts_written_in_different_ways_are_joined_at_their_frames(source: Path, tmp_path: Path) -> None:
    parts = ("--part", "f7-f60", "--part", "00:00:03:05-00:00:04:00", "--part", "5.2-0:00:07")
    done = streamproc("join", source, *parts, "--out", tmp_path / "out.mp4", "--title", "Сегодня")
    assert done.returncode == 0, done.stderr
    assert shown(tmp_path / "out.mp4") == [*range(7, 60), *range(80, 100), *range(130, 175)]
    assert "part 2 begins at 2.120 s" in done.stdout


def test_the_programme_segments_of_a_document_are_joined(source: Path, tmp_path: Path) -> None:
    segments = [("programme", 0, 40), ("advert", 40, 90), ("programme", 90, 200)]
    entries = [{"kind": kind, "start_frame": first, "end_frame": after} for kind, first, after in segments]
    (tmp_path / "segments.json").write_text(json.dumps({"schema": 1, "segments": entries}))
    done = streamproc("join", source, "--segments", tmp_path / "segments.json", "--out", tmp_path / "out.mp4")
    assert done.returncode == 0, done.stderr
    assert shown(tmp_path / "out.mp4") == [*range(40), *range(90, 200)]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("clip", "SOURCE", "--from", "5", "--to", "3"), 2, "the out point"),
        (("clip", "SOURCE", "--from", "5", "--to", "5"), 2, "is not after the in point"),
        (("clip", "SOURCE", "--from", "5", "--to", "300"), 2, "past the end of the source, which is at 8.000 s"),
        (("clip", "SOURCE", "--from", "f5", "--to", "f300"), 2, "frame 300 is past the end"),
        (("clip", "SOURCE", "--from", "5", "--to", "7", "--mode", "fast"), 2, "choose one of exact, keyframe"),
        (("clip", "SOURCE", "--from", "00:00:01:25", "--to", "7"), 2, "the last frame of a second is 24"),
        (("clip", "SOURCE", "--from", "00:00:01;05", "--to", "7"), 2, "drop frame exists at 29.97"),
        (("clip", "SOURCE", "--from", "2026-11-27T19:00:00", "--to", "7"), 2, "files know no date"),
        (("join", "SOURCE", "--part", "5"), 2, "'5' is not a part; write it as FROM-TO"),
        (("join", "SOURCE"), 2, "say what to join"),
        (("join", "SOURCE", "--segments", "nowhere.json"), 2, "nowhere.json"),
        (("clip", "nowhere.ts", "--from", "1", "--to", "2"), 3, "nowhere.ts: no such file"),
    ],
)
def test_a_mistake_gets_one_clear_line(
    source: Path, arguments: tuple[str, ...], code: int, says: str, tmp_path: Path
) -> None:
    placed = [str(source) if argument == "SOURCE" else argument for argument in arguments]
    done = streamproc(*placed, "--out", tmp_path / "out.mp4")
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_gets_one_clear_line_and_leaves_nothing(source: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "streamproc", "join", str(source), "--part", "0-2", "--part", "3-6"]
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 8; exec "$@"', "-", *command, "--out", str(tmp_path / "out.mp4")],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 1
    assert "out.mp4: File too large; free some space" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("01:02:03:04", TimeCode("01:02:03:04")),
        ("01:02:03;04", TimeCode("01:02:03;04")),
        ("1:02:03.5", ClockTime(Fraction(7447, 2))),
        ("12:30.2", Fraction(7502, 10)),
        ("90", Fraction(90)),
        ("f17", FrameTime(17)),
        ("2026-11-27T16:00:00Z", WallTime(round(datetime.fromisoformat("2026-11-27T16:00:00Z").timestamp()) * NS)),
    ],
)
def test_points_are_read_as_they_are_written(text: str, point: object) -> None:
    assert parse_point(text) == point


def test_a_part_of_two_dates_is_split_between_them() -> None:
    first, last = parse_span("2026-11-27T19:00:00+03:00-2026-11-27T19:30:00+03:00")
    assert isinstance(first, WallTime)
    assert isinstance(last, WallTime)
    assert last.utc_ns - first.utc_ns == 1800 * NS


def test_drop_frame_time_code_counts_as_the_clock_does(tmp_path: Path) -> None:
    path = draw(tmp_path / "source.mp4", Drawn(frames=60, rate=NTSC, sound=None, options=OPTIONS))
    desk = Desk(str(path), "00:59:59;28", 0)
    (part,) = desk.parts([(TimeCode("01:00:00;00"), TimeCode("01:00:01;00"))])
    assert part.start == 2 / NTSC
    assert part.end == 32 / NTSC


def test_a_recording_is_cut_by_date_time_of_day_and_time_code(tmp_path: Path) -> None:
    path = draw(tmp_path / "source.mp4", Drawn(frames=200, options=OPTIONS))
    epoch, _ = record(path, tmp_path / "recording")
    zero = datetime.fromtimestamp(epoch.utc_zero_ns / NS).astimezone()
    desk = Desk(str(tmp_path / "recording"), None, epoch.utc_zero_ns + 100 * NS)
    second = f"{zero.replace(microsecond=0).timestamp() + 3:.0f}"
    moment = datetime.fromtimestamp(int(second)).astimezone()
    wanted = (int(second) * NS - epoch.utc_zero_ns, (int(second) + 2) * NS - epoch.utc_zero_ns)
    later = datetime.fromtimestamp(int(second) + 2).astimezone()
    for first, last in (
        (moment.isoformat(), later.isoformat()),
        (f"{moment:%H:%M:%S}", f"{later:%H:%M:%S}"),
        (f"{moment:%H:%M:%S}:00", f"{later:%H:%M:%S}:00"),
    ):
        (part,) = desk.parts([(parse_point(first), parse_point(last))])
        assert [
            abs(round(edge * NS) + NS // 50 - want) <= NS // 1000
            for edge, want in zip((part.start, part.end), wanted, strict=True)
        ] == [True, True]


def test_a_recording_refuses_a_start_time_code_and_a_time_that_it_does_not_hold(tmp_path: Path) -> None:
    path = draw(tmp_path / "source.mp4", Drawn(frames=60, options=OPTIONS))
    epoch, _ = record(path, tmp_path / "recording")
    with pytest.raises(ConfigError, match="knows its time of day"):
        Desk(str(tmp_path / "recording"), "10:00:00:00", epoch.utc_zero_ns)
    desk = Desk(str(tmp_path / "recording"), None, epoch.utc_zero_ns)
    with pytest.raises(ConfigError, match="comes before the in point"):
        desk.parts([(parse_point("10:00:00"), parse_point("09:59:00"))])
    with pytest.raises(ConfigError, match="nothing is recorded from that time"):
        desk.parts([(parse_point("2020-01-01T10:00:00"), parse_point("2020-01-01T10:01:00"))])


def test_a_range_over_a_break_of_the_feed_gives_a_part_of_each_epoch_and_tells_what_is_missing(tmp_path: Path) -> None:
    path = draw(tmp_path / "source.mp4", Drawn(frames=200, options=OPTIONS))
    clock = ManualClock()
    before, _ = record(path, tmp_path / "recording", clock=clock)
    clock.advance(100)
    after, _ = record(path, tmp_path / "recording", clock=clock)
    assert after.utc_zero_ns - before.utc_zero_ns == 100 * NS
    desk = Desk(str(tmp_path / "recording"), None, clock.utc_ns())
    span = (WallTime(before.utc_zero_ns + 4 * NS), WallTime(after.utc_zero_ns + 3 * NS))
    first, second = desk.parts([span])
    half = Fraction(1, 50)
    assert (first.epoch.id, first.start, first.end) == (before.id, 4 - half, 8)
    assert (second.epoch.id, second.start, second.end) == (after.id, 0, 3 - half)
    assert abs(desk.missing - 92) <= 2 * half


def test_a_range_that_begins_where_the_format_changes_takes_nothing_of_what_was_before(tmp_path: Path) -> None:
    folder = tmp_path / "day"
    folder.mkdir()
    draw(folder / "1.mp4", Drawn(frames=50, options=OPTIONS))
    draw(folder / "2.mp4", Drawn(frames=50, size=(320, 192), options=OPTIONS))
    parts = Desk(str(folder), None, 0).parts([(Fraction(2), Fraction(3))])
    assert [(part.epoch.id, part.start) for part in parts] == [(2, 0)]
