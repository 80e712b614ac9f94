"""A channel watched with nothing but its logo: on the command line, and in the configuration."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from streamproc.config import load
from streamproc.demo.bug import draw_bug
from streamproc.errors import ConfigError
from tests.stages.broadcast import Part, broadcast

REGION = f"{1110 / 1280},{44 / 720},{112 / 1280},{64 / 720}"


def streamproc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streamproc", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PNG of the demo's bug, and a broadcast with six seconds of it and six without."""
    made = tmp_path_factory.mktemp("logo_alone")
    cv2.imwrite(str(made / "bug.png"), cv2.cvtColor(draw_bug(720), cv2.COLOR_RGBA2BGRA))
    broadcast(made / "day.mp4", [Part(True, [75, 75]), Part(False, [75, 75])])
    return made


def test_segments_are_found_with_the_logo_alone(folder: Path, tmp_path: Path) -> None:
    done = streamproc(
        "process", folder / "day.mp4", "--logo", folder / "bug.png", "--region", REGION, "--out", tmp_path
    )
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "segments.json").read_text())
    found = [(segment["kind"], segment["start_frame"], segment["end_frame"]) for segment in document["segments"]]
    assert found == [("programme", 0, 150), ("advert", 150, 300)]
    assert document["model"]["name"] == "verifier of bug.png"


def test_a_logo_that_moves_is_found_at_each_of_its_places(folder: Path, tmp_path: Path) -> None:
    broadcast(tmp_path / "day.mp4", [Part(True, [75]), Part(True, [75], left=0.05), Part(False, [75, 75])])
    other = f"0.05,{44 / 720},{112 / 1280},{64 / 720}"
    places = ["--region", REGION, "--region", other]
    done = streamproc("process", tmp_path / "day.mp4", "--logo", folder / "bug.png", *places, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "out" / "segments.json").read_text())
    found = [(segment["kind"], segment["start_frame"], segment["end_frame"]) for segment in document["segments"]]
    assert found == [("programme", 0, 150), ("advert", 150, 300)]
    assert document["model"]["name"] == "verifier of bug.png, 2 places"


def test_asking_about_footage_answers_for_every_keyframe(folder: Path) -> None:
    done = streamproc("logo", "verify", folder / "bug.png", folder / "day.mp4", "--region", REGION, "--json")
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)["answers"]
    assert len(answers) >= 4
    assert [answer["probability"] > 0.5 for answer in answers] == [answer["time_s"] < 6 for answer in answers]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "give either --model, or --logo and --region"),
        (["--logo", "bug.png"], "needs region as well: logo and region belong together"),
        (["--logo", "bug.png", "--region", "0.9,0.1,0.2,0.1"], "the box must lie in the picture"),
        (["--logo", "bug.png", "--region", "0.9,0.1"], 'write four numbers as "x,y,width,height"'),
        (["--logo", "nowhere.png", "--region", REGION], "nowhere.png: can't be read"),
    ],
)
def test_what_is_missing_is_said_in_one_line(folder: Path, tmp_path: Path, options: list[str], says: str) -> None:
    named = [str(folder / option) if option.endswith(".png") else option for option in options]
    done = streamproc("process", folder / "day.mp4", "--out", tmp_path, *named)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


CHANNEL = 'data_dir = "data"\n[[channels]]\nname = "one"\nurl = "rtmp://example.org/live/one"\n'


def test_a_channel_may_have_a_logo_in_the_place_of_a_model(tmp_path: Path) -> None:
    path = tmp_path / "streamproc.toml"
    path.write_text(CHANNEL + 'logo = "one.png"\nregion = "0.8,0.1,0.1,0.05"\n')
    (channel,) = load(path, {}).channels
    assert (channel.logo, channel.region) == (tmp_path / "one.png", ((0.8, 0.1, 0.1, 0.05),))
    assert channel.is_watched


def test_a_logo_that_moves_may_have_several_regions(tmp_path: Path) -> None:
    path = tmp_path / "streamproc.toml"
    path.write_text(CHANNEL + 'logo = "one.png"\nregion = ["0.8,0.1,0.1,0.05", "0.1,0.1,0.1,0.05"]\n')
    (channel,) = load(path, {}).channels
    assert channel.region == ((0.8, 0.1, 0.1, 0.05), (0.1, 0.1, 0.1, 0.05))


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('logo = "one.png"', "channel 'one' needs region as well"),
        ('region = "0.8,0.1,0.1,0.1"', "channel 'one' needs logo as well"),
        ('model = "m"\nlogo = "one.png"\nregion = "0.8,0.1,0.1,0.1"', "channel 'one' has both model and logo"),
        ('logo = "one.png"\nregion = "right top"', 'write four numbers as "x,y,width,height"'),
        ('logo = "one.png"\nregion = "0.8,0.1,0.3,0.1"', "x \\+ width = 1.1"),
        ('logo = "one.png"\nregion = ["0.8,0.1,0.1,0.1", "0.8,0.1,0.3,0.1"]', "x \\+ width = 1.1"),
        ('logo = "one.png"\nregion = []', "region = .*at least 1 item"),
        ('logo = "one.png"\nregion = [' + '"0.8,0.1,0.1,0.1",' * 9 + "]", "region = .*at most 8 items"),
    ],
)
def test_a_logo_that_is_configured_wrongly_is_named(tmp_path: Path, lines: str, says: str) -> None:
    path = tmp_path / "streamproc.toml"
    path.write_text(CHANNEL + lines + "\n")
    with pytest.raises(ConfigError, match=says):
        load(path, {})
