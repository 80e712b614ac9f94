"""The U-Net learns by the residual network's means, is loaded by its card's kind, and takes pictures of any size."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.forensics.residual import Verdict
from streamproc.inference.card import CARD_FILE, MODEL_FILE, file_sha256
from streamproc.inference.forensics import Unet, load_method
from streamproc.inference.verifier import shipped_model
from streamproc.training.forensics import network, unet
from streamproc.training.forensics.residual import trained
from streamproc.training.forensics.scenes import CROP, PAINTED, Crops
from streamproc.training.forensics.unet import card_of

SQUARE = np.s_[40:90, 30:80]


def smoothed(seed: int, height: int = CROP, width: int = CROP) -> NDArray[np.uint8]:
    """Noise, with a square that has none."""
    light = np.random.default_rng(seed).integers(100, 150, (height, width), dtype=np.uint8)
    light[SQUARE] = 125
    return light


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has learnt for some seconds to see a smooth square amid noise."""
    truth = np.zeros((8, CROP, CROP), np.uint8)
    truth[(slice(None), *SQUARE)] = PAINTED
    pixels = [np.repeat(smoothed(seed)[:, :, None], 3, axis=2) for seed in range(8)]
    crops = Crops(np.stack(pixels), truth)
    out = tmp_path_factory.mktemp("unet")
    schedule = network.Schedule(steps=150, batch=4, side=96)
    told = trained(unet.build(widths=(2, 4, 4, 4, 4)), crops, schedule, out / MODEL_FILE, lambda what, share: None)
    card_of(out, Verdict(least_texture=0.0), told).write(out)
    return out


def test_what_it_was_shown_is_found_in_a_picture_of_another_size(folder: Path) -> None:
    picture = np.repeat(smoothed(99, 151, 203)[:, :, None], 3, axis=2)
    method = load_method(folder)
    assert method.name == "unet"
    traces = method.examine(picture)
    assert traces.heat.shape == traces.mask.shape == (151, 203)
    assert traces.heat[50:80, 40:70].mean() > 2 * traces.heat[:, 120:].mean()


def test_a_picture_is_looked_at_in_strips_as_it_would_be_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.repeat(smoothed(5, 720, 96)[:, :, None], 3, axis=2)
    method = Unet.load(folder)
    whole = method.heat(picture)
    monkeypatch.setattr("streamproc.inference.heat._AT_ONCE", 96 * 64)
    np.testing.assert_allclose(method.heat(picture), whole, atol=1e-4)


def test_a_network_that_takes_something_else_is_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "other")
    shutil.copy(shipped_model("detector") / MODEL_FILE, tmp_path / "other" / MODEL_FILE)
    card = json.loads((tmp_path / "other" / CARD_FILE).read_text())
    digest = file_sha256(tmp_path / "other" / MODEL_FILE)
    (tmp_path / "other" / CARD_FILE).write_text(json.dumps(card | {"sha256": digest}))
    with pytest.raises(ModelError, match="it should take luma") as refusal:
        load_method(tmp_path / "other")
    assert "\n" not in str(refusal.value)


def test_a_card_whose_kind_is_no_word_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "other")
    card = json.loads((tmp_path / "other" / CARD_FILE).read_text())
    (tmp_path / "other" / CARD_FILE).write_text(json.dumps(card | {"kind": ["unet"]}))
    with pytest.raises(ModelError, match=r"card\.json: kind"):
        load_method(tmp_path / "other")
