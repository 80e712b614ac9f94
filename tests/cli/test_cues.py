"""``streamproc cues``: written into a stream, beside it, and listed again."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from streamproc.cli import main
from streamproc.scte35.transport import Insertion
from tests.media.cued import Wanted, draw_cued, first_pts, injected, insertion


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds of a stream whose count wraps, with a cue in it already."""
    folder = tmp_path_factory.mktemp("source")
    return draw_cued(folder / "it.ts", [Wanted(frame=30, lead=20, event_id=77)], begins_s=95_440)


def segments(folder: Path, *edges: tuple[str, int, int]) -> Path:
    """Write a segments.json."""
    entries = [
        {"kind": kind, "start_s": start / 25, "end_s": end / 25, "start_frame": start, "end_frame": end}
        for kind, start, end in edges
    ]
    path = folder / "segments.json"
    path.write_text(json.dumps({"schema": 1, "segments": entries}))
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Give what runs the command and returns how it exits."""

    def command(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["streamproc", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return command


BREAK = (("programme", 0, 90), ("advert", 90, 150), ("programme", 150, 200))


def test_what_is_written_is_listed_on_the_same_frames(
    run: Callable[..., int], source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.ts"
    assert run("cues", "write", source, "--segments", segments(tmp_path, *BREAK), "--out", out) == 0
    assert "2 cues on PID 501" in capsys.readouterr().out
    assert run("cues", "read", out, "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(cue["frame"], cue["kind"], cue["event_id"]) for cue in listed] == [
        (30, "out", 77),
        (90, "out", 1),
        (150, "in", 1),
    ]


def test_cues_are_written_beside_the_stream(run: Callable[..., int], source: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("cues.txt", "cues.xml", "cues.json")]
    options = [part for pair in zip(("--sidecar", "--xml", "--json"), files, strict=True) for part in pair]
    assert run("cues", "write", source, "--segments", segments(tmp_path, *BREAK), "--preroll", "2", *options) == 0
    when = [float(line.split(",")[0]) for line in files[0].read_text().splitlines()]
    assert when == pytest.approx([((first_pts(source) + frame * 3600) % 2**33) / 90_000 for frame in (40, 100)])
    assert [entry["sent_s"] for entry in json.loads(files[2].read_text())] == [1.6, 4.0]
    assert files[1].read_text().count("<scte35:Binary>") == 2


def test_a_table_for_people_has_a_line_a_cue(
    run: Callable[..., int], source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("cues", "read", source) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split() == ["1.200", "30", "out", "77", "splice_insert"]


@pytest.mark.parametrize(
    ("edges", "options", "said"),
    [
        (BREAK, [], "nothing to write"),
        (BREAK, ["--preroll", "f5", "--sidecar", "x.txt"], "write seconds"),
        (BREAK, ["--sidecar", "missing/folder/x.txt"], "give a file that can be written"),
        ((("holiday", 0, 200),), ["--sidecar", "x.txt"], "is no segments.json of this source"),
        ((("programme", 90, 200), ("advert", 0, 90)), ["--sidecar", "x.txt"], "not in order"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    run: Callable[..., int],
    source: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    edges: tuple[tuple[str, int, int], ...],
    options: list[str],
    said: str,
) -> None:
    placed = [str(tmp_path / option) if option.endswith(".txt") else option for option in options]
    assert run("cues", "write", source, "--segments", segments(tmp_path, *edges), *placed) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_the_source_is_never_written_over(
    run: Callable[..., int], source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = source.read_bytes()
    assert run("cues", "write", source, "--segments", segments(tmp_path, *BREAK), "--out", source) == 2
    assert "the source stays as it is" in capsys.readouterr().err
    assert source.read_bytes() == before


def test_damaged_cues_are_counted(
    run: Callable[..., int], source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    section = insertion(first_pts(source), Wanted(frame=90)).section
    damaged = Insertion(90_000, section[:20] + bytes([section[20] ^ 1]) + section[21:])
    path = tmp_path / "damaged.ts"
    path.write_bytes(injected(source, [damaged]))
    assert run("cues", "read", path) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    assert "1 cue is damaged and left out" in said.err
