"""The network learns, is exported as it is, takes pictures of any size, and a folder that does not fit is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from streamproc.errors import ModelError, PictureError
from streamproc.forensics.residual import Verdict
from streamproc.inference.card import CARD_FILE, MODEL_FILE
from streamproc.inference.forensics import Residual, load_method
from streamproc.training.forensics import network
from streamproc.training.forensics.residual import card_of, chosen
from streamproc.training.forensics.scenes import CROP, PAINTED, Crops

SQUARE = np.s_[40:90, 30:80]


def smoothed(seed: int, height: int = CROP, width: int = CROP) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Noise, with a square that has none."""
    light = np.random.default_rng(seed).integers(100, 150, (height, width), dtype=np.uint8)
    light[SQUARE] = 125
    return light


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has learnt for some seconds to see a smooth square amid noise."""
    truth = np.zeros((8, CROP, CROP), np.uint8)
    truth[(slice(None), *SQUARE)] = PAINTED
    crops = Crops(np.stack([smoothed(seed) for seed in range(8)]), truth)
    model = network.build(channels=8)
    losses: list[str] = []
    schedule = network.Schedule(steps=120, batch=4)
    last = network.train(model, crops, schedule, lambda what, share: losses.append(what))
    assert losses
    assert last < 0.2
    out = tmp_path_factory.mktemp("residual")
    assert network.to_onnx(model, out / MODEL_FILE) < 1e-3
    card_of(out, Verdict(least_texture=0.0), {}).write(out)
    return out


def test_what_it_was_shown_is_found_in_a_picture_of_another_size(folder: Path) -> None:
    picture = np.repeat(smoothed(99, 151, 203)[:, :, None], 3, axis=2)
    method = load_method(folder)
    traces = method.examine(picture)
    assert traces.heat.shape == traces.mask.shape == (151, 203)
    assert traces.heat[50:80, 40:70].mean() > 2 * traces.heat[:, 120:].mean()


def test_a_picture_is_looked_at_in_strips_as_it_would_be_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.repeat(smoothed(5, 400, 160)[:, :, None], 3, axis=2)
    method = Residual.load(folder)
    whole = method.heat(picture)
    monkeypatch.setattr("streamproc.inference.forensics._AT_ONCE", 160 * 64)
    np.testing.assert_allclose(method.heat(picture), whole, atol=1e-4)


def test_a_picture_of_8k_and_one_of_16_pixels_are_examined_and_a_smaller_one_is_refused(folder: Path) -> None:
    method = Residual.load(folder)
    assert method.examine(np.zeros((4320, 7680, 3), np.uint8)).mask.shape == (4320, 7680)
    assert method.examine(np.zeros((16, 16, 3), np.uint8)).mask.shape == (16, 16)
    with pytest.raises(PictureError, match="15×16 is too small"):
        method.examine(np.zeros((16, 15, 3), np.uint8))


def test_thresholds_are_those_that_find_most(folder: Path) -> None:
    mask = np.zeros((CROP, CROP), bool)
    mask[SQUARE] = True
    shown = [(np.repeat(smoothed(seed)[:, :, None], 3, axis=2), mask) for seed in range(50, 53)]
    how, reached = chosen(Residual.load(folder), shown)
    assert reached > 0.5
    assert how.sure >= how.edge


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
