"""A model on trial: the demo's, on footage drawn so that it is right here and wrong there."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from streamproc.cli.logo.evaluate import command
from streamproc.demo.bug import BUG_OPACITY, draw_bug
from streamproc.demo.model import BUG_BOX
from streamproc.errors import ConfigError, SourceUnsupported
from streamproc.inference.card import read_card
from streamproc.media.encode import Coding, Encoder
from streamproc.training.composite import stamp
from streamproc.training.report import write_evaluation_report
from streamproc.training.trial import Trial, is_crop_folder, try_on_crops, try_on_footage
from streamproc.training.truth import compare

RATE = 10
CHANGES = (0, 40, 80, 140)
"""Frames: 4 s of programme, 4 s of adverts, then 6 s that the truth calls programme though the bug is missing."""


def ground(seed: int, width: int, height: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 8), None, 20, 200, cv2.NORM_MINMAX)


def silent(what: str, share: float) -> None:
    assert 0 <= share <= 1


@pytest.fixture(scope="module")
def folder(project_root: Path) -> Path:
    return project_root / "models" / "demo"


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    video = tmp_path_factory.mktemp("feed") / "feed.mp4"
    scene = ground(0, 320, 180)
    with Encoder(str(video), Coding(width=320, height=180, rate=Fraction(RATE), audio_rate=None)) as encoder:
        for number in range(CHANGES[-1]):
            picture = np.roll(scene, 2 * number, axis=1)
            encoder.write(stamp(picture, draw_bug(), BUG_BOX, BUG_OPACITY) if number < CHANGES[1] else picture, None)
    return video


@pytest.fixture(scope="module")
def truth(footage: Path) -> Path:
    kinds = ("programme", "advert", "programme")
    segments = [
        {"kind": kind, "start_s": start / RATE, "end_s": end / RATE}
        for kind, start, end in zip(kinds, CHANGES[:-1], CHANGES[1:], strict=True)
    ]
    path = footage.with_name("segments.json")
    path.write_text(json.dumps({"schema": 1, "segments": segments}))
    return path


@pytest.fixture(scope="module")
def trial(folder: Path, footage: Path, truth: Path) -> Trial:
    return try_on_footage(folder, [footage], truth, silent)


def test_every_frame_is_scored_and_told_by_class(trial: Trial) -> None:
    document: dict[str, Any] = trial.document()
    assert document["frames"] == CHANGES[-1]
    assert document["frames_by_class"] == {"programme": 100, "advert": 40}
    assert document["accuracy"] == {"programme": 0.4, "advert": 1.0}


def test_frames_near_a_boundary_do_not_count_as_mistakes(trial: Trial) -> None:
    assert (trial.counts().missed, trial.counts().false_alarms) == (CHANGES[3] - CHANGES[2] - RATE, 0)


def test_the_model_alone_puts_the_change_on_its_frame(trial: Trial) -> None:
    assert trial.boundaries[0].error_s == 0.0


def test_mistakes_are_kept_one_a_second_with_their_picture_and_time(trial: Trial) -> None:
    card = trial.card
    assert len(trial.wrong) == 5
    assert {look.crop.shape for look in trial.wrong} == {(card.input.height, card.input.width, 3)}
    assert sorted(int(float(look.label.removesuffix(" s"))) for look in trial.wrong) == [9, 10, 11, 12, 13]


def test_the_document_is_json_without_gaps(trial: Trial) -> None:
    document: dict[str, Any] = json.loads(json.dumps(trial.document(), allow_nan=False))
    assert document["roc"]["points"][-1]["found"] == 1
    assert sum(row["count"] for row in document["calibration"]["bins"]) == trial.counted.sum()


def test_the_report_shows_boundaries_of_the_model_and_of_the_pipeline(trial: Trial, tmp_path: Path) -> None:
    found = compare(trial.known, [(4.04, "advert"), (12.0, "programme")])
    page = write_evaluation_report(tmp_path / "report.html", trial, found).read_text(encoding="utf-8")
    assert all(words in page for words in ("0.04", "0,04", "missed", "пропущена", "at seconds: 12."))
    assert page.count("<img") >= len(trial.wrong)


def test_truth_of_other_footage_is_refused(folder: Path, footage: Path, tmp_path: Path) -> None:
    path = tmp_path / "segments.json"
    path.write_text('{"segments": [{"kind": "advert", "start_s": 3600, "end_s": 3700}]}')
    with pytest.raises(ConfigError, match=r"which is 13\.9 s long"):
        try_on_footage(folder, [footage], path, silent)


@pytest.fixture(scope="module")
def crops(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five crops of each kind; one lies in the wrong folder."""
    root = tmp_path_factory.mktemp("crops")
    left, top, right, bottom = read_card(folder).region.pixels(640, 360)
    for name in ("logo", "no_logo"):
        (root / name).mkdir()
        for number in range(5):
            picture = ground(number, 640, 360)
            if (name == "logo") != (number == 4 and name == "logo"):
                picture = stamp(picture, draw_bug(), BUG_BOX, BUG_OPACITY)
            cv2.imwrite(str(root / name / f"{number}.png"), picture[top:bottom, left:right, ::-1])
    return root


def test_a_folder_of_crops_tells_itself_what_it_holds(folder: Path, crops: Path) -> None:
    trial = try_on_crops(folder, crops, silent)
    assert trial.document()["accuracy"] == {"programme": 0.8, "advert": 1.0}
    assert [look.label for look in trial.wrong] == ["logo/4.png"]


def test_crops_are_reported_without_boundaries(folder: Path, crops: Path, tmp_path: Path) -> None:
    page = write_evaluation_report(tmp_path / "report.html", try_on_crops(folder, crops, silent), None)
    assert "Measured on crops" in page.read_text(encoding="utf-8")


def test_a_crop_folder_without_one_of_its_halves_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "logo").mkdir()
    assert is_crop_folder(tmp_path)
    cv2.imwrite(str(tmp_path / "logo" / "a.png"), np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(ConfigError, match="no_logo: is missing"):
        try_on_crops(folder, tmp_path, silent)


def test_an_empty_half_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "logo").mkdir()
    with pytest.raises(ConfigError, match="logo: holds no pictures"):
        try_on_crops(folder, tmp_path, silent)


def test_a_crop_that_is_no_picture_is_named(folder: Path, tmp_path: Path) -> None:
    for name in ("logo", "no_logo"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_text("no picture")
    with pytest.raises(SourceUnsupported, match=r"a\.png: is not a picture"):
        try_on_crops(folder, tmp_path, silent)


def test_the_command_prints_json_with_the_pipelines_boundaries(
    folder: Path, footage: Path, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command(folder, str(footage), truth, tmp_path / "report.html", as_json=True)
    document = json.loads(capsys.readouterr().out)
    first, second = document["pipeline"]["boundaries"]
    assert (first["error_s"], second["error_s"]) == (0.0, None)
    assert (document["pipeline"]["missed"], document["pipeline"]["false_s"]) == (1, [])
    assert (tmp_path / "report.html").is_file()


def test_the_command_sums_up_in_words(folder: Path, crops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command(folder, str(crops))
    assert "80.000% of 5 pictures are right" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("source", "truth_file", "words"),
    [("feed.mp4", None, "--truth is missing"), ("rtmp://host/live", Path("x.json"), "an address can't be measured")],
)
def test_what_cannot_be_measured_is_said(source: str, truth_file: Path | None, words: str, folder: Path) -> None:
    with pytest.raises(ConfigError, match=words):
        command(folder, source, truth_file)


def test_truth_beside_crops_is_refused(folder: Path, crops: Path) -> None:
    with pytest.raises(ConfigError, match="omit --truth"):
        command(folder, str(crops), Path("segments.json"))


def test_a_folder_in_place_of_the_reports_file_is_refused_before_the_work(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        command(folder, "feed.mp4", Path("segments.json"), tmp_path)
