"""The commands, run as people run them: what they write, what they print, what they end with."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import pytest

from tests.live import PART, RATE, ROOT, Daemon, draw_broadcast, read_number, wait_until
from tests.servers import free_port

MODEL = str(ROOT / "models" / "demo")


def streamproc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streamproc", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)


@pytest.fixture(scope="module")
def broadcast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day in two consecutive files, whose second programme crosses from the one into the other."""
    folder = tmp_path_factory.mktemp("day")
    whole = draw_broadcast(folder / "whole.mp4", parts=4)
    hours = folder / "hours"
    hours.mkdir()
    for number, (start, end) in enumerate((("f0", "f600"), ("f600", "f1000"))):
        done = streamproc("clip", whole, "--from", start, "--to", end, "--out", hours / f"hour_{number}.mp4")
        assert done.returncode == 0, done.stderr
    return hours


@pytest.fixture(scope="module")
def processed(broadcast: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``process --clips`` made of the folder."""
    out = tmp_path_factory.mktemp("out")
    done = streamproc("process", broadcast, "--model", MODEL, "--out", out, "--clips", "--diagnose", out / "seen")
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def document(processed: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((processed / "segments.json").read_text())
    return content


def test_segments_are_exact_across_the_files_of_a_folder(document: dict[str, Any]) -> None:
    found = [(s["kind"], s["start_frame"], s["end_frame"]) for s in document["segments"]]
    kinds = ("programme", "advert", "programme", "advert")
    assert found == [(kind, number * PART, (number + 1) * PART) for number, kind in enumerate(kinds)]


def test_the_document_says_what_it_is_of(document: dict[str, Any]) -> None:
    assert (document["schema"], document["frame_rate"]) == (1, "25/1")
    assert document["duration_s"] == float(4 * PART / RATE)
    assert document["model"]["name"] == "demo"


def test_a_clip_across_two_files_holds_every_frame_once(processed: Path, document: dict[str, Any]) -> None:
    with av.open(str(processed / "clips" / document["segments"][2]["clip"])) as media:
        numbers = [read_number(frame.to_ndarray(format="gray")) for frame in media.decode(video=0)]
    assert numbers == list(range(2 * PART, 3 * PART))


def test_diagnosing_keeps_pictures_a_table_and_a_plot(processed: Path) -> None:
    seen = processed / "seen" / "source"
    rows = (seen / "samples.csv").read_text().splitlines()
    pictures = list(seen.glob("bug/*.png")) + list(seen.glob("no_bug/*.png"))
    assert len(rows) == len(pictures) + 1
    assert list(seen.glob("plots/*.png"))


def test_nothing_but_results_is_left_in_the_output_folder(processed: Path) -> None:
    assert {path.name for path in processed.iterdir()} == {"segments.json", "clips", "seen"}


def test_a_clip_is_cut_at_the_frames_asked_for(broadcast: Path, tmp_path: Path) -> None:
    out = tmp_path / "clip.mp4"
    assert streamproc("clip", broadcast, "--from", "0:10.28", "--to", "f300", "--out", out).returncode == 0
    with av.open(str(out)) as media:
        numbers = [read_number(frame.to_ndarray(format="gray")) for frame in media.decode(video=0)]
    assert numbers == list(range(257, 300))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("process", "nowhere.ts", "--model", MODEL, "--out", "out"), 3, "nowhere.ts: no such file"),
        (("process", __file__, "--model", MODEL, "--out", "out"), 3, "test_commands.py"),
        (("process", "gopher://example.org/x", "--model", MODEL, "--out", "out"), 2, "scheme 'gopher'"),
        (
            ("process", "rtmp://127.0.0.1:1/live/KEY", "--model", MODEL, "--out", "out"),
            3,
            "rtmp://127.0.0.1:1/live/***",
        ),
        (("clip", "nowhere.ts", "--from", "noon", "--to", "2", "--out", "x.mp4"), 2, "'noon' is not a time"),
        (("run", "--config", "nowhere.toml"), 2, "nowhere.toml: can't be read"),
        (("logo", "learn", "--out", "x", "--logo", "x.png"), 2, "--region is missing"),
        (("logo", "learn", "--out", "x"), 2, "nothing to learn from; give footage of the channel"),
        (("logo", "learn", "x.ts", "--out", "x", "--logo", "x.png", "--choose", "2"), 2, "--choose picks one"),
        (("logo", "learn", "--crops", "--out", "x"), 2, "nothing to learn from; give folders with logo/ and no_logo/"),
        (("logo", "learn", "nowhere", "--crops", "--out", "x"), 2, "nowhere: is no folder; with --crops"),
        (("logo", "learn", ".", "--crops", "--out", "x"), 2, "--region is missing; say which part of the picture was"),
        (
            ("logo", "learn", ".", "--crops", "--out", "x", "--logo", "x.png"),
            2,
            "--logo says nothing about sorted crops",
        ),
        (
            ("logo", "learn", "docs", "--crops", "--out", "out", "--region", "0.9,0.05,0.04,0.07"),
            3,
            "docs/logo: holds no picture; crops lie in logo/ and no_logo/",
        ),
    ],
)
def test_a_mistake_gets_one_clear_line_and_its_exit_code(
    arguments: tuple[str, ...], code: int, says: str, tmp_path: Path
) -> None:
    placed = [str(tmp_path / argument) if argument == "out" else argument for argument in arguments]
    done = streamproc(*placed)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert "KEY" not in done.stderr


def test_a_model_whose_card_does_not_match_is_refused(broadcast: Path, tmp_path: Path) -> None:
    for name in ("model.onnx", "card.json"):
        (tmp_path / name).write_bytes((ROOT / "models" / "demo" / name).read_bytes())
    with (tmp_path / "model.onnx").open("ab") as file:
        file.write(b"more")
    done = streamproc("process", broadcast, "--model", tmp_path, "--out", tmp_path / "out")
    assert (done.returncode, "is not the file that its card describes" in done.stderr) == (2, True)


def test_a_second_daemon_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    source = f'url = "rtmp://127.0.0.1:{free_port()}/live/x"'
    with Daemon(tmp_path, source):
        done = streamproc("run", "--config", tmp_path / "streamproc.toml")
    assert (done.returncode, "another streamproc works on this data folder" in done.stderr) == (2, True)


def test_a_configuration_that_is_read_again_adds_and_removes_channels(tmp_path: Path) -> None:
    source = f'url = "rtmp://127.0.0.1:{free_port()}/live/x"'
    with Daemon(tmp_path, source) as daemon:
        assert daemon.process is not None
        config = tmp_path / "streamproc.toml"
        config.write_text(config.read_text().replace('name = "test"', 'name = "other"'))
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: feed_state(tmp_path, "other") == "waiting", 30, "the new channel")
        wait_until(lambda: feed_state(tmp_path, "test") == "stopped", 30, "the end of the old one")
        wait_until(lambda: "other" in [c["name"] for c in daemon.ask("/api/v1/channels")["items"]], 30, "the page")


def feed_state(folder: Path, channel: str) -> str:
    state: str = json.loads((folder / "data" / "recording" / channel / "status.json").read_text())["state"]
    return state
