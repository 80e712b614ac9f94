import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exports.test_document import THREE, document, segment


def export(*arguments: str | Path, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streamproc", "export", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder)


@pytest.fixture
def segments(tmp_path: Path) -> Path:
    path = tmp_path / "segments.json"
    path.write_text(json.dumps(document(*THREE, segment(4, "advert", 2500, 2600, title="Реклама"))))
    return path


def test_segments_become_an_edl_with_the_time_code_that_was_asked_for(segments: Path, tmp_path: Path) -> None:
    out = tmp_path / "вечер.edl"
    done = export(segments, "--out", out, "--start-timecode", "10:00:00:00", "--only", "programme")
    assert (done.returncode, done.stdout) == (0, f"{out}: 2 events as edl\n")
    assert out.read_text(encoding="utf-8").splitlines() == [
        "TITLE: ntv",
        "FCM: NON-DROP FRAME",
        "",
        "001  NTV      AA/V  C        10:00:00:00 10:00:32:01 01:00:00:00 01:00:32:01",
        "* FROM CLIP NAME:  programme 1",
        "* COMMENT: programme, final, confidence 0.900",
        "* SOURCE FILE: ntv.ts",
        "002  NTV      AA/V  C        10:01:00:00 10:01:40:00 01:00:32:01 01:01:12:01",
        "* FROM CLIP NAME:  programme 2",
        "* COMMENT: programme, final, confidence 0.900",
        "* SOURCE FILE: ntv.ts",
    ]


def test_a_format_may_be_named_and_written_to_standard_output(segments: Path) -> None:
    done = export(segments, "--format", "kodi", "--out", "-")
    assert (done.returncode, done.stdout) == (0, "32.040\t60.000\t3\n100.000\t104.000\t3\n")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--out", "x.avi"), "its ending tells no format"),
        (("--out", "x", "--format", "avi"), "there is no format 'avi'"),
        (("--out", "x.edl", "--drop-frame"), "drop frame exists at 29.97 and 59.94"),
        (("--out", "x.edl", "--start-timecode", "25:00:00:00"), "'25:00:00:00' does not exist"),
        (("--out", "x.edl", "--start-timecode", "10:00:00:30"), "the last frame of a second is 24"),
        (("--out", "x.edl", "--record-start", "1h"), "'1h' is not a time code"),
        (("--out", "x.edl", "--zone", "Moscow/Europe"), "there is no time zone 'Moscow/Europe'"),
        (("--out", "/nowhere/x.edl"), "/nowhere/x.edl: can't be written"),
        (("--out", "x.edl", "--only", "unknown"), "there is no finished unknown in it"),
    ],
)
def test_what_can_not_be_had_is_said_in_one_line(segments: Path, arguments: tuple[str, ...], why: str) -> None:
    done = export(segments, *arguments, folder=segments.parent)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert why in done.stderr
    assert list(segments.parent.iterdir()) == [segments]


def test_a_file_that_is_no_segments_json_is_said_in_one_line(tmp_path: Path) -> None:
    done = export(tmp_path / "none.json", "--out", tmp_path / "x.edl")
    assert (done.returncode, done.stderr) == (
        2,
        f"streamproc: {tmp_path / 'none.json'}: can't be read (No such file or directory)\n",
    )
