"""``logo detect``: places on a terminal and as JSON, a bug that moves, and what it says when there is none."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from typer.testing import CliRunner, Result

from streamproc.cli.logo import app
from streamproc.demo.bug import BUG_LEFT, BUG_TOP, draw_bug
from streamproc.errors import ModelError, SourceError
from streamproc.media.encode import Coding, Encoder
from streamproc.training.composite import overlay

WIDTH, HEIGHT = 640, 360
PLACES = ((BUG_LEFT, BUG_TOP), (0.05, 0.8))
"""Left and top of the bug, fractions."""


def film(path: Path, place_of: Callable[[int], int | None]) -> Path:
    """Code eight photographs, a second each, all keyframes, with the demo's bug at one place, the other, or none."""
    coding = Coding(width=WIDTH, height=HEIGHT, rate=Fraction(1), gop_frames=1, audio_rate=None, preset="ultrafast")
    photographs = [getattr(skimage.data, name)() for name in ("chelsea", "coffee", "rocket", "camera")]
    with Encoder(str(path), coding) as out:
        for number in range(8):
            photograph = photographs[number % 4][:: 1 if number < 4 else -1]
            if photograph.ndim == 2:
                photograph = np.dstack([photograph] * 3)
            picture = cv2.resize(photograph, (WIDTH, HEIGHT)).astype(np.uint8)
            place = place_of(number)
            if place is not None:
                left, top = PLACES[place]
                picture = overlay(picture, draw_bug(HEIGHT), left * WIDTH, top * HEIGHT, 0.9)
            out.write(picture)
    return path


def detect(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["detect", *map(str, arguments)])


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("still") / "still.mp4", lambda _: 0)


def test_a_bug_that_stands_still_is_the_first_place(footage: Path) -> None:
    done = detect(footage, "--every", "1", "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    x, y, width, height = document["places"][0]["region"]
    assert abs(x + width / 2 - (BUG_LEFT + 56 / 1280)) < 0.015
    assert abs(y + height / 2 - (BUG_TOP + 32 / 720)) < 0.02
    assert not document["places"][0]["may_move"]
    assert [picture["time_s"] for picture in document["pictures"]] == list(range(8))


def test_pictures_are_as_far_apart_as_is_asked_for(footage: Path) -> None:
    document = json.loads(detect(footage, "--every", "3", "--json").stdout)
    assert [picture["time_s"] for picture in document["pictures"]] == [0, 3, 6]


def test_few_pictures_are_said_to_be_few(footage: Path) -> None:
    assert "3 pictures are few" in detect(footage, "--every", "3").stdout
    assert "are few" not in detect(footage, "--every", "1").stdout


def test_the_region_on_a_terminal_is_as_learning_takes_it(footage: Path) -> None:
    from streamproc.cli.logo.region import parse_region

    lines = detect(footage, "--every", "1").stdout.splitlines()
    assert "8 pictures" in lines[0]
    region = parse_region(lines[1].split()[1])
    assert region.x == pytest.approx(BUG_LEFT, abs=0.02)


def test_a_bug_that_moves_gives_its_places(tmp_path: Path) -> None:
    moving = film(tmp_path / "moving.mp4", lambda number: number // 2 % 2)
    document = json.loads(detect(moving, "--every", "1", "--json").stdout)
    found = [place["region"][:2] for place in document["places"] if place["may_move"]]
    assert len(found) == 2
    for left, top in PLACES:
        assert min(abs(x - left) + abs(y - top) for x, y in found) < 0.05


def test_footage_without_a_bug_is_said_to_have_none(tmp_path: Path) -> None:
    done = detect(film(tmp_path / "none.mp4", lambda _: None), "--every", "1")
    assert done.exit_code == 0
    assert "no place of the picture clearly has a bug (8 pictures); give more footage" in done.stdout


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("nothing")
    assert isinstance(detect(tmp_path / "text.mp4").exception, SourceError)


def test_a_folder_that_is_no_detector_is_refused(footage: Path, tmp_path: Path) -> None:
    done = detect(footage, "--detector", tmp_path)
    assert isinstance(done.exception, ModelError)
    assert "card.json: can't be read" in str(done.exception)
