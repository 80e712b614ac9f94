"""The networks learn, are exported as they are, take pictures of any size; a folder that does not fit is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from streamproc.errors import ModelError, PictureError
from streamproc.forensics.odds import likelihood
from streamproc.forensics.residual import Verdict
from streamproc.forensics.traces import Picture
from streamproc.inference.card import CARD_FILE, MODEL_FILE
from streamproc.inference.forensics import FineCard, Residual, load_method
from streamproc.inference.heat import enlarged
from streamproc.training.forensics import network
from streamproc.training.forensics.choosing import Example, chosen, logistic, untouched
from streamproc.training.forensics.residual import card_of
from streamproc.training.forensics.scenes import CROP, PAINTED, Crops

SQUARE = np.s_[40:90, 30:80]


def smoothed(seed: int, height: int = CROP, width: int = CROP) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Noise, with a square that has none."""
    light = np.random.default_rng(seed).integers(100, 150, (height, width), dtype=np.uint8)
    light[SQUARE] = 125
    return light


def grey(light: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Picture:
    return np.repeat(light[:, :, None], 3, axis=2)


@pytest.fixture(scope="module")
def crops() -> Crops:
    """Eight with a smooth square amid noise, and four of noise alone."""
    truth = np.zeros((12, CROP, CROP), np.uint8)
    truth[(slice(0, 8), *SQUARE)] = PAINTED
    noise = [np.random.default_rng(seed).integers(100, 150, (CROP, CROP), dtype=np.uint8) for seed in range(4)]
    return Crops(np.stack([grey(one) for one in [*map(smoothed, range(8)), *noise]]), truth)


@pytest.fixture(scope="module")
def folder(crops: Crops, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has learnt for some seconds to see a smooth square amid noise."""
    out = tmp_path_factory.mktemp("residual")
    losses: list[str] = []
    schedule = network.Schedule(steps=120, batch=4, side=96)
    for file, model in ((MODEL_FILE, network.build(channels=8)), (FineCard.file, network.build_fine(channels=8))):
        last = network.train(model, crops, schedule, lambda what, share: losses.append(what))
        assert last < 0.2
        assert network.to_onnx(model, out / file) < 1e-3
    assert losses
    card_of(out, Verdict(least_texture=0.0), {}).write(out)
    return out


def test_what_it_was_shown_is_found_in_a_picture_of_another_size(folder: Path) -> None:
    method = load_method(folder)
    traces = method.examine(grey(smoothed(99, 151, 203)))
    assert traces.heat.shape == traces.mask.shape == (151, 203)
    assert traces.heat[50:80, 40:70].mean() > 2 * traces.heat[:, 120:].mean()


def test_a_picture_is_looked_at_in_strips_as_it_would_be_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = grey(smoothed(5, 400, 160))
    method = Residual.load(folder)
    whole = method.heat(picture)
    monkeypatch.setattr("streamproc.inference.heat._AT_ONCE", 160 * 64)
    np.testing.assert_allclose(method.heat(picture), whole, atol=1e-4)


def test_a_picture_of_8k_and_one_of_16_pixels_are_examined_and_a_smaller_one_is_refused(folder: Path) -> None:
    method = Residual.load(folder)
    assert method.examine(np.zeros((4320, 7680, 3), np.uint8)).mask.shape == (4320, 7680)
    assert method.examine(np.zeros((16, 16, 3), np.uint8)).mask.shape == (16, 16)
    with pytest.raises(PictureError, match="15×16 is too small"):
        method.examine(np.zeros((16, 15, 3), np.uint8))


def test_the_fine_network_looks_at_pictures_of_up_to_half_a_megapixel_and_both_count(folder: Path) -> None:
    method = Residual.load(folder)
    small, large = grey(smoothed(7, 301, 260)), grey(smoothed(7, 720, 1280))
    coarse = enlarged(method.coarse(small), (301, 260), 4)
    np.testing.assert_allclose(method.heat(small), likelihood(np.maximum(coarse, method.fine(small))), atol=1e-5)
    alone = enlarged(likelihood(method.coarse(large)), (720, 1280), 4)
    np.testing.assert_allclose(method.heat(large), alone, atol=1e-5)


def test_a_verdict_is_chosen_that_finds_what_was_painted_and_leaves_the_rest(folder: Path) -> None:
    mask = np.zeros((CROP, CROP), np.uint8)
    mask[SQUARE] = PAINTED
    noise = np.random.default_rng(9).integers(100, 150, (CROP, CROP), dtype=np.uint8)
    shown = [Example(grey(smoothed(seed)), mask) for seed in range(50, 54)] + [untouched(grey(noise))]
    method = Residual.load(folder)
    how, told = chosen(method, shown)
    assert told["F1"] > 0.5
    assert how.certain >= how.sure


def test_logistic_regression_finds_what_tells_both_apart() -> None:
    rng = np.random.default_rng(0)
    answers = (np.arange(400) % 4 == 0).astype(float)
    rows = np.stack([answers * 2 + rng.normal(0, 1, 400), rng.normal(0, 5, 400)], axis=1)
    weights, bias = logistic(rows, answers)
    assert weights[0] > 1 > 10 * abs(weights[1])
    assert 0 < -bias / weights[0] < 2


def test_a_fine_network_that_is_not_the_one_of_the_card_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "other")
    (tmp_path / "other" / FineCard.file).write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"fine\.onnx: is missing, or is not"):
        load_method(tmp_path / "other")


def test_a_model_that_is_not_the_one_of_the_card_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "other")
    (tmp_path / "other" / MODEL_FILE).write_bytes(b"no model")
    with pytest.raises(ModelError, match="card"):
        load_method(tmp_path / "other")


def test_a_card_of_another_kind_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "other")
    card = json.loads((tmp_path / "other" / CARD_FILE).read_text())
    (tmp_path / "other" / CARD_FILE).write_text(json.dumps(card | {"kind": "verifier"}))
    with pytest.raises(ModelError, match=r"card\.json"):
        load_method(tmp_path / "other")
