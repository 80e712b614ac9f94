"""Measuring a model."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from streamproc.demo.broadcast import Broadcast
from streamproc.demo.bug import BUG_OPACITY, draw_bug
from streamproc.demo.model import BUG_BOX
from streamproc.inference.card import MODEL_FILE, Calibration, read_card
from streamproc.inference.session import LogoModel
from streamproc.messages import Kind
from streamproc.training import backgrounds, evaluate
from streamproc.training.composite import stamp


@pytest.fixture(scope="module")
def folder(project_root: Path) -> Path:
    return project_root / "models" / "demo"


def drawn(slope: float, offset: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and classes that follow the odds slope × logit + offset."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 4, 40_000).astype(np.float32)
    probability = 1 / (1 + np.exp(-(slope * logits + offset)))
    return logits, (rng.random(40_000) < probability).astype(np.float32)


def test_calibration_finds_the_temperature_and_the_bias() -> None:
    calibration = evaluate.calibrate(*drawn(slope=0.5, offset=0.6))
    assert (calibration.temperature, calibration.bias) == (pytest.approx(2, rel=0.05), pytest.approx(-1.2, rel=0.1))


def test_calibration_never_makes_a_model_surer_than_it_is() -> None:
    assert evaluate.calibrate(*drawn(slope=3, offset=0)).temperature == 1


def test_a_flawless_model_keeps_its_odds() -> None:
    targets = np.repeat(np.array([0, 1], np.float32), 500)
    assert evaluate.calibrate(targets * 20 - 10, targets).temperature == 1


def test_what_is_calibrated_has_next_to_no_calibration_error() -> None:
    logits, targets = drawn(slope=0.5, offset=0.6)
    right = evaluate.probabilities(logits, Calibration(temperature=2, bias=-1.2))
    assert evaluate.calibration_error(right, targets) < 0.01


def test_too_sure_a_model_has_a_calibration_error() -> None:
    logits, targets = drawn(slope=0.2, offset=0)
    assert evaluate.calibration_error(evaluate.probabilities(logits, Calibration()), targets) > 0.1


def test_the_shipped_model_is_the_one_its_card_describes(folder: Path) -> None:
    assert read_card(folder).name == "demo"


def test_the_shipped_model_is_small(folder: Path) -> None:
    assert (folder / MODEL_FILE).stat().st_size < 2_000_000


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1920, 1080)])
def test_the_shipped_model_tells_a_photograph_with_the_bug_from_one_without(
    size: tuple[int, int], folder: Path
) -> None:
    model = LogoModel.load(folder)
    left, top, right, bottom = model.card.region.pixels(*size)
    pictures = [cv2.resize(group.pictures[0], size) for group in backgrounds.photographs()]
    with_bug = [stamp(picture, draw_bug(), BUG_BOX, BUG_OPACITY)[top:bottom, left:right] for picture in pictures]
    assert model.probabilities(with_bug).min() > 0.9
    assert model.probabilities([picture[top:bottom, left:right] for picture in pictures]).max() < 0.1


def test_the_shipped_model_is_right_all_over_the_demos_breaks_and_programmes(folder: Path) -> None:
    model, broadcast = LogoModel.load(folder), Broadcast(seed=3, breaks=1)
    left, top, right, bottom = model.card.region.pixels(broadcast.width, broadcast.height)
    for segment in broadcast.truth:
        frames = range(segment.start_frame + 30, segment.end_frame - 30, 25)
        odds = model.log_odds([broadcast.picture(frame)[top:bottom, left:right] for frame in frames])
        assert ((odds > 0) == (segment.kind is Kind.PROGRAMME)).all()
