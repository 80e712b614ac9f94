"""``streamproc forensics scan``."""

import json
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image
from typer.testing import CliRunner

from streamproc.cli.root import app
from streamproc.errors import ConfigError, ModelError, PictureError
from streamproc.inference.verifier import shipped_model
from streamproc.media.encode import Coding, Encoder
from streamproc.media.stills import read_picture
from streamproc.training.forensics.inpainters import harmonic
from streamproc.training.forensics.masks import Shape, hole
from tests.media.signing import CREATED, signed


def scan(*words: str | Path) -> str:
    outcome = CliRunner().invoke(app, ["forensics", "scan", *map(str, words)], catch_exceptions=True)
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome.output


def test_a_painted_picture_gets_its_box_its_mask_and_its_heat_map(tmp_path: Path) -> None:
    photograph = np.ascontiguousarray(skimage.data.astronaut()[:300, :400])
    mask = hole(Shape.SQUARE, 4096, photograph.shape[:2], np.random.default_rng(4))
    Image.fromarray(harmonic(photograph, mask)).save(tmp_path / "painted.png")
    assert "painted.png: score" in scan(tmp_path / "painted.png", "--out", tmp_path / "out")
    (finding,) = json.loads((tmp_path / "out" / "findings.json").read_text())["findings"]
    left, top, right, bottom = finding["boxes"][0]
    rows, columns = np.nonzero(mask)
    middle = (columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2
    assert left < middle[0] < right
    assert top < middle[1] < bottom
    assert finding["time_s"] is None
    for kind in ("mask", "heat", "picture"):
        assert read_picture(tmp_path / "out" / finding[kind]).shape == (300, 400, 3)


def test_a_logo_erased_all_through_a_video_is_one_event(tmp_path: Path) -> None:
    large = cv2.resize(skimage.data.astronaut(), (1200, 1200), interpolation=cv2.INTER_AREA)
    grain = np.random.default_rng(3).integers(-12, 13, large.shape)
    large = np.clip(large + grain, 0, 255).astype(np.uint8)
    mask = np.zeros((288, 512), bool)
    mask[40:90, 60:180] = True
    coding = Coding(width=512, height=288, rate=Fraction(2), gop_frames=1, audio_rate=None, x264_options={"crf": "20"})
    with Encoder(str(tmp_path / "film.mp4"), coding) as encoder:
        for number in range(10):
            top, left = 60 * number, 61 * number
            encoder.write(harmonic(np.ascontiguousarray(large[top : top + 288, left : left + 512]), mask))
    told = scan(tmp_path / "film.mp4", "--out", tmp_path / "out")
    (event,) = json.loads((tmp_path / "out" / "findings.json").read_text())["events"]
    left, top, right, bottom = event["box"]
    both = max(0, min(right, 180) - max(left, 60)) * max(0, min(bottom, 90) - max(top, 40))
    assert both / (120 * 50 + (right - left) * (bottom - top) - both) > 0.6
    assert event["reliability"] != "undecidable"
    assert event["start_s"] <= 1 < 4 <= event["end_s"]
    assert "stays, score" in told
    findings = json.loads((tmp_path / "out" / "findings.json").read_text())["findings"]
    kept = {one["time_s"] for one in findings if one["heat"] is not None}
    boxed = {one["time_s"] for one in findings if one["boxes"]}
    lasts = {one["time_s"] for one in findings if event["start_s"] <= one["time_s"] <= event["end_s"]}
    assert boxed | {event["end_s"]} <= kept <= boxed | lasts
    assert "What stays in its place" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_report_in_two_languages_shows_what_was_found(tmp_path: Path) -> None:
    photograph = np.ascontiguousarray(skimage.data.astronaut()[:300, :400])
    mask = hole(Shape.SQUARE, 4096, photograph.shape[:2], np.random.default_rng(4))
    Image.fromarray(harmonic(photograph, mask)).save(tmp_path / "<painted>.png")
    scan(tmp_path / "<painted>.png", "--out", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Likely painted over: 1 of 1 pictures" in page
    assert "Похоже на закраску: 1 из 1 кадров" in page
    assert "&lt;painted&gt;.png" in page
    assert "data:image/jpeg;base64," in page
    assert "<painted>" not in page


def test_a_report_says_in_words_what_can_not_be_told(tmp_path: Path) -> None:
    sky = np.repeat(np.linspace(90, 200, 300).astype(np.uint8)[:, None, None], 400, axis=1).repeat(3, axis=2)
    Image.fromarray(sky).save(tmp_path / "sky.png")
    scan(tmp_path / "sky.png", "--out", tmp_path / "out")
    (finding,) = json.loads((tmp_path / "out" / "findings.json").read_text())["findings"]
    assert (finding["boxes"], finding["picture"]) == ([], None)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Can&#39;t be told: as smooth as paint" in page
    assert "Решить нельзя: гладко, как закраска" in page


def test_what_a_file_says_of_itself_is_told_and_that_another_says_nothing_is_not(tmp_path: Path) -> None:
    photograph = np.ascontiguousarray(skimage.data.astronaut()[:100, :120])
    Image.fromarray(photograph).save(tmp_path / "plain.jpg")
    signed(tmp_path / "plain.jpg", tmp_path / "signed.jpg", CREATED)
    told = scan(tmp_path / "plain.jpg", tmp_path / "signed.jpg", "--out", tmp_path / "out")
    assert "signed.jpg: content credentials: made with test desk 1; created (trainedAlgorithmicMedia)" in told
    assert "plain.jpg: content credentials" not in told
    plain, other = json.loads((tmp_path / "out" / "findings.json").read_text())["files"]
    assert plain == {"source": str(tmp_path / "plain.jpg"), "credentials": None}
    assert other["credentials"]["actions"][0]["digital_source_type"] == "trainedAlgorithmicMedia"
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Signature and file fit together." in page
    assert "Подпись и файл сходятся." in page


def test_of_a_video_the_keyframes_are_looked_at(tmp_path: Path, small_video: Path) -> None:
    scan(small_video, "--out", tmp_path / "out")
    found = json.loads((tmp_path / "out" / "findings.json").read_text())["findings"]
    assert len(found) >= 1
    assert [one["time_s"] for one in found] == sorted(one["time_s"] for one in found)


def test_of_keyframes_on_which_nothing_was_found_no_pictures_are_kept(tmp_path: Path, small_video: Path) -> None:
    scan(small_video, "--out", tmp_path / "out")
    found = json.loads((tmp_path / "out" / "findings.json").read_text())["findings"]
    assert [(one["boxes"], one["mask"], one["heat"], one["picture"]) for one in found] == [([], None, None, None)]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"findings.json", "report.html"}


def test_of_a_picture_given_by_name_they_always_are(tmp_path: Path) -> None:
    Image.fromarray(np.ascontiguousarray(skimage.data.astronaut()[:100, :120])).save(tmp_path / "plain.png")
    scan(tmp_path / "plain.png", "--out", tmp_path / "out")
    (finding,) = json.loads((tmp_path / "out" / "findings.json").read_text())["findings"]
    assert finding["boxes"] == []
    for kind in ("mask", "heat"):
        assert read_picture(tmp_path / "out" / finding[kind]).shape == (100, 120, 3)


def test_what_is_neither_picture_nor_video_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no")
    with pytest.raises(PictureError, match=r"notes\.txt: is neither a picture nor a video") as refused:
        scan(tmp_path / "notes.txt", "--out", tmp_path / "out")
    assert "\n" not in str(refused.value)


def test_a_model_of_another_kind_is_refused_in_one_line(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    with pytest.raises(ModelError, match=r"card\.json: ") as refused:
        scan(tmp_path / "a.png", "--out", tmp_path / "out", "--model", shipped_model("verifier"))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("command", ["scan", "evaluate"])
def test_a_method_is_asked_for_by_name(tmp_path: Path, command: str) -> None:
    folder, out = known(tmp_path / "known"), tmp_path / "out"
    words = {
        "scan": [folder / "images" / "untouched.png", "--out", out],
        "evaluate": [folder, "--out", tmp_path / "findings.json"],
    }[command]
    outcome = CliRunner().invoke(app, ["forensics", command, *map(str, words), "--method", "patches"])
    assert outcome.exit_code == 0
    written = (out if command == "scan" else tmp_path) / "findings.json"
    assert json.loads(written.read_text())["method"] == "patches"


@pytest.mark.parametrize("command", ["scan", "evaluate"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--method", "magic"],
            "--method magic: there is no such method; those that come with streamproc are residual",
        ),
        (["--method", "residual", "--model", "models/residual"], "--method and --model were both given"),
    ],
)
def test_a_method_that_cannot_be_had_is_refused_in_one_line(
    tmp_path: Path, command: str, words: list[str], said: str
) -> None:
    asked = ["forensics", command, str(tmp_path), "--out", str(tmp_path / "out"), *words]
    refused = CliRunner().invoke(app, asked).exception
    assert isinstance(refused, ConfigError)
    assert said in str(refused)
    assert "\n" not in str(refused)


def known(folder: Path) -> Path:
    """A folder with one painted picture, its mask, and an untouched picture."""
    photograph = np.ascontiguousarray(skimage.data.astronaut()[:300, :400])
    mask = hole(Shape.SQUARE, 4096, photograph.shape[:2], np.random.default_rng(4))
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    Image.fromarray(harmonic(photograph, mask)).save(folder / "images" / "painted.png")
    Image.fromarray(mask.astype(np.uint8) * 255).save(folder / "masks" / "painted.png")
    Image.fromarray(photograph).save(folder / "images" / "untouched.png")
    return folder


def test_a_method_is_measured_on_pictures_with_masks(tmp_path: Path) -> None:
    command = ["forensics", "evaluate", str(known(tmp_path / "known")), "--out", str(tmp_path / "figures.json")]
    assert CliRunner().invoke(app, command).exit_code == 0
    told = json.loads((tmp_path / "figures.json").read_text())
    assert (told["figures"]["painted"], told["figures"]["untouched"]) == (1, 1)
    assert told["figures"]["f1"] > 0.6
    assert [one["name"] for one in told["pictures"]] == ["painted", "untouched"]


@pytest.mark.parametrize("what", ["size", "image", "folder"])
def test_masks_that_do_not_fit_are_refused_in_one_line(tmp_path: Path, what: str) -> None:
    folder, words = known(tmp_path / "known"), {"size": "is 20×10, but", "image": "no image of", "folder": "masks/"}
    if what == "size":
        Image.new("L", (20, 10)).save(folder / "masks" / "painted.png")
    elif what == "image":
        (folder / "images" / "painted.png").unlink()
    else:
        (folder / "masks" / "painted.png").unlink()
        (folder / "masks").rmdir()
    refused = CliRunner().invoke(app, ["forensics", "evaluate", str(folder)]).exception
    assert words[what] in str(refused)
    assert "\n" not in str(refused)


@pytest.fixture
def small_video(tmp_path: Path) -> Path:
    from fractions import Fraction

    from streamproc.media.encode import Coding, Encoder

    path = tmp_path / "small.mp4"
    with Encoder(str(path), Coding(width=160, height=96, rate=Fraction(25), audio_rate=None)) as encoder:
        for number in range(30):
            encoder.write(np.random.default_rng(number).integers(0, 256, (96, 160, 3), dtype=np.uint8))
    return path
