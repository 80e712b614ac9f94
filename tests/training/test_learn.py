"""Learning a bug: what is refused, and what a short training leaves behind.

Training runs in a process of its own: TensorFlow's warnings are not ours to mend.
"""

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from streamproc.errors import ConfigError, ModelError
from streamproc.inference.card import Region, read_card
from streamproc.media.encode import Coding, Encoder
from streamproc.training import backgrounds, learn
from streamproc.training.composite import stamp
from streamproc.training.labelled import Ranges, labelled_crops
from streamproc.training.real import scenery
from streamproc.training.thresholds import RULE

pytestmark = pytest.mark.timeout(1800)  # two short trainings in one fixture: half a minute, but not on a busy machine

BOX = Region(x=0.85, y=0.06, width=0.09, height=0.08)
TRAIN = """
import json, sys
from pathlib import Path
import numpy as np
from streamproc.inference.card import Region
from streamproc.training import export, learn, network
logo, out = Path(sys.argv[1]), Path(sys.argv[2])
settings = learn.LearnSettings(crops=200, passes=1, fewest_steps=3, seed=5)
box = Region(x=0.85, y=0.06, width=0.09, height=0.08)
report = learn.learn_from_logo(logo, box, [], out, settings)
model = network.build(72, 56)
untrained = export.to_onnx(model, out / "untrained.onnx")
alone = learn.learn_from_footage([Path(sys.argv[3])], out.parent / "alone", settings)
print(json.dumps({"metrics": report.card.metrics, "untrained": untrained, "notes": alone.notes}))
"""


def draw_logo() -> NDArray[np.uint8]:
    picture = np.zeros((40, 80, 4), np.uint8)
    picture[8:32, 10:70] = (255, 255, 255, 230)
    picture[16:24, 30:50] = (0, 0, 200, 255)
    return picture


@pytest.fixture(scope="module")
def logo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    picture = draw_logo()
    path = tmp_path_factory.mktemp("logo") / "logo.png"
    cv2.imwrite(str(path), picture)
    return path


def write_day(path: Path, seconds: int, boxes: list[Region]) -> Path:
    """Write a picture every two seconds: a bug in each box for the first and last third, none between."""
    rng = np.random.default_rng(2)
    scenes = [cv2.resize(picture, (480, 270)) for picture in backgrounds.drawn(rng, 20).pictures]
    coding = Coding(width=480, height=270, rate=Fraction(1, 2), gop_frames=1, b_frames=0, audio_rate=None)
    with Encoder(str(path), coding) as encoder:
        for number in range(seconds // 2):
            picture = np.roll(scenes[int(rng.integers(len(scenes)))], int(rng.integers(480)), axis=1)
            if not seconds / 6 < number < seconds / 3:
                for box in boxes:
                    picture = stamp(picture, draw_logo(), box, 0.9)
            encoder.write(picture, None)
    return path


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six minutes with a break of two minutes in the middle."""
    return write_day(tmp_path_factory.mktemp("day") / "day.mp4", 360, [BOX])


@pytest.fixture(scope="module")
def trained(logo: Path, day: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    folder = tmp_path_factory.mktemp("model") / "channel"
    command = [sys.executable, "-c", TRAIN, str(logo), str(folder), str(day)]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=quiet, capture_output=True, text=True, timeout=1700)
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout.splitlines()[-1])


def test_the_trained_model_has_a_card_that_fits_it(trained: tuple[Path, dict[str, object]]) -> None:
    assert read_card(trained[0]).name == "channel"


def test_the_network_sees_the_logo_and_a_margin(trained: tuple[Path, dict[str, object]]) -> None:
    region = read_card(trained[0]).region
    assert region.x < BOX.x < BOX.x + BOX.width < region.x + region.width
    assert region.y < BOX.y < BOX.y + BOX.height < region.y + region.height


def test_the_exported_model_gives_what_the_trained_one_gives(trained: tuple[Path, dict[str, object]]) -> None:
    metrics = trained[1]["metrics"]
    assert isinstance(metrics, dict)
    assert metrics["keras_onnx_difference"] < 1e-5


def test_from_footage_alone_the_bug_is_found_and_learnt(trained: tuple[Path, dict[str, object]]) -> None:
    region = read_card(trained[0].parent / "alone").region
    assert region.x < BOX.x + 0.02 < BOX.x + BOX.width - 0.02 < region.x + region.width
    assert region.width < 2 * BOX.width


def test_it_says_what_it_learnt_from(trained: tuple[Path, dict[str, object]]) -> None:
    assert any("minutes with the bug" in note for note in trained[1]["notes"])  # type: ignore[attr-defined]


def test_footage_that_is_too_short_is_refused(footage: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"feed\.mp4: 12 s of footage are too short"):
        learn.learn_from_footage([footage], tmp_path)


def test_of_two_bugs_one_is_asked_to_choose_on_a_picture(tmp_path: Path) -> None:
    other = BOX.model_copy(update={"x": 0.06})
    both = write_day(tmp_path / "both.mp4", 360, [BOX, other])
    with pytest.raises(ModelError, match=r"--choose N or --region .*numbered in .*marks\.png"):
        learn.learn_from_footage([both], tmp_path / "model")
    assert (tmp_path / "model" / "marks.png").stat().st_size > 10_000


def test_an_untrained_model_is_exported_as_exactly(trained: tuple[Path, dict[str, object]]) -> None:
    untrained = trained[1]["untrained"]
    assert isinstance(untrained, float)
    assert untrained < 1e-5


def test_the_model_file_has_the_names_and_the_version_that_the_daemon_expects(
    trained: tuple[Path, dict[str, object]],
) -> None:
    model = onnx.load(trained[0] / "model.onnx")
    assert [node.name for node in model.graph.input] == ["image"]
    assert [node.name for node in model.graph.output] == ["logit"]
    assert [entry.version for entry in model.opset_import if entry.domain == ""] == [17]


def test_a_logo_too_small_to_be_told_is_refused(logo: Path, tmp_path: Path) -> None:
    speck = Region(x=0.9, y=0.9, width=0.004, height=0.004)
    with pytest.raises(ModelError, match="at least 12×12"):
        learn.learn_from_logo(logo, speck, [], tmp_path)


def test_a_region_larger_than_any_bug_is_refused(logo: Path, tmp_path: Path) -> None:
    most = Region(x=0.0, y=0.0, width=0.9, height=0.3)
    with pytest.raises(ModelError, match="a bug takes 40% at most"):
        learn.learn_from_logo(logo, most, [], tmp_path)


def test_a_logo_without_place_and_footage_asks_for_its_place(logo: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no footage to find it in; give its place with --region"):
        learn.learn_from_logo(logo, None, [], tmp_path)


def test_a_logo_that_is_not_in_the_footage_asks_for_its_place(logo: Path, footage: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"feed\.mp4: the logo was not found in the footage; give its place"):
        learn.learn_from_logo(logo, None, [footage], tmp_path)


def test_the_report_lies_beside_the_model(trained: tuple[Path, dict[str, object]]) -> None:
    assert "<html" in (trained[0] / "report.html").read_text(encoding="utf-8")


def test_the_card_says_by_what_rule_its_thresholds_were_picked(trained: tuple[Path, dict[str, object]]) -> None:
    assert read_card(trained[0]).metrics["decision_rule"] == RULE


def test_the_card_says_how_many_of_the_planned_steps_were_made(trained: tuple[Path, dict[str, object]]) -> None:
    training = read_card(trained[0]).metrics["training"]
    assert training["steps"] == training["planned"] == 3


@pytest.mark.parametrize("opacity", [0.0, -1.0, 1.5])
def test_an_impossible_opacity_is_refused(opacity: float, logo: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="opacity"):
        learn.learn_from_logo(logo, BOX, [], tmp_path, learn.LearnSettings(opacity=opacity))


def test_a_margin_never_reaches_outside_the_picture() -> None:
    grown = learn.with_margin(Region(x=0.0, y=0.9, width=0.2, height=0.1), 0.5)
    assert (grown.x, grown.y + grown.height) == (0.0, pytest.approx(1.0))


@pytest.mark.parametrize(("width", "height"), [(0.1, 0.1), (0.3, 0.02), (0.02, 0.3)])
def test_the_networks_input_has_about_the_same_area_whatever_its_shape(width: float, height: float) -> None:
    across, down = learn.input_size(Region(x=0.1, y=0.1, width=width, height=height))
    assert 3500 <= across * down <= 6500


Spans = list[tuple[Fraction, Fraction]]


def spans(*edges: int) -> Spans:
    return [(Fraction(start), Fraction(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


@pytest.mark.parametrize(
    ("programme", "advert", "words"),
    [
        ([], spans(0, 5), "no programme range"),
        (spans(0, 5), [], "no advert range"),
        (spans(5, 5), spans(6, 8), "is empty"),
        (spans(0, 6), spans(5, 8), "overlaps"),
    ],
)
def test_ranges_that_say_nothing_or_contradict_each_other_are_refused(
    programme: Spans, advert: Spans, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        Ranges(programme, advert).check()


@pytest.fixture(scope="module")
def footage(logo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds with a green bug, then six without, over a moving grey ground."""
    path = tmp_path_factory.mktemp("footage") / "feed.mp4"
    rng = np.random.default_rng(0)
    ground = cv2.GaussianBlur(rng.integers(0, 256, (180, 320, 3), np.uint8), (0, 0), 4)
    bug = np.full((20, 40, 4), (0, 255, 0, 255), np.uint8)
    coding = Coding(width=320, height=180, rate=Fraction(25), gop_frames=25, audio_rate=None)
    with Encoder(str(path), coding) as encoder:
        for number in range(300):
            picture = np.roll(ground, number, axis=1)
            encoder.write(stamp(picture, bug, BOX, 1.0) if number < 150 else picture, None)
    return path


def test_labelled_footage_gives_crops_of_both_classes_that_show_what_they_say(footage: Path) -> None:
    ranges = Ranges(spans(0, 6), spans(6, 12))
    region = learn.with_margin(BOX, 0.25)
    taught, held_out = labelled_crops([footage], ranges, region, (72, 48), np.random.default_rng(0))
    for material in (taught, held_out):
        crops = material.crops(200, np.random.default_rng(1))
        middle = crops.images[:, 20:28, 30:42].astype(float)
        greenness = (middle[..., 1] - middle[..., 0]).mean(axis=(1, 2))
        assert (greenness[crops.targets == 1] > 100).all()


def test_footage_lends_its_pictures_without_the_part_that_may_hold_the_bug(footage: Path) -> None:
    groups = scenery([footage], learn.with_margin(BOX, 0.25), lambda what, share: None)
    pictures = [picture.astype(int) for group in groups for picture in group.pictures]
    assert len(pictures) >= 10
    assert max((picture[..., 1] - picture[..., 0]).max() for picture in pictures) < 60


def test_a_recording_is_cut_into_stretches_that_can_be_held_out(footage: Path) -> None:
    assert len(scenery([footage], BOX, lambda what, share: None)) == 4


def test_too_little_labelled_footage_is_refused(footage: Path) -> None:
    ranges = Ranges([(Fraction(0), Fraction(1, 2))], spans(6, 12))
    with pytest.raises(ConfigError, match="programme ranges hold 13 frames"):
        labelled_crops([footage], ranges, BOX, (72, 48), np.random.default_rng(0))
