"""Models: loading, what is refused and in which words, and what comes out."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from streamproc.errors import ModelError
from streamproc.inference.card import CARD_FILE, MODEL_FILE, file_sha256, read_card
from streamproc.inference.session import LogoModel, ModelPool
from streamproc.telemetry import Telemetry

DEMO = Path(__file__).parents[2] / "models" / "demo"


def altered(to: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Copy the demo's model and change its card."""
    shutil.copytree(DEMO, to)
    card = json.loads((to / CARD_FILE).read_text())
    change(card)
    (to / CARD_FILE).write_text(json.dumps(card))
    return to


def test_probabilities_are_the_calibrated_sigmoid_of_the_log_odds() -> None:
    model = LogoModel.load(DEMO)
    crops = [np.random.default_rng(i).integers(0, 256, (50, 70, 3), np.uint8) for i in range(5)]
    assert np.allclose(model.probabilities(crops), 1 / (1 + np.exp(-model.log_odds(crops))), atol=1e-6)


def test_a_batch_gives_what_its_pictures_give_alone() -> None:
    model = LogoModel.load(DEMO)
    crops = [np.random.default_rng(i).integers(0, 256, (40 + i, 70, 3), np.uint8) for i in range(70)]
    alone = np.concatenate([model.log_odds([crop]) for crop in crops])
    assert np.allclose(model.log_odds(crops), alone, atol=1e-4)


def test_no_pictures_give_no_probabilities() -> None:
    assert LogoModel.load(DEMO).probabilities([]).shape == (0,)


def test_the_calibration_of_the_card_is_used(tmp_path: Path) -> None:
    plain = altered(tmp_path / "plain", lambda card: card.update(calibration={"temperature": 1.0, "bias": 0.0}))
    cooled = altered(tmp_path / "cooled", lambda card: card.update(calibration={"temperature": 2.0, "bias": 1.0}))
    crops = [np.full((50, 70, 3), 90, np.uint8)]
    assert np.allclose(LogoModel.load(cooled).log_odds(crops), (LogoModel.load(plain).log_odds(crops) - 1) / 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda card: card["input"].update(name="picture"), "the card says 'picture'"),
        (lambda card: card.update(output="score"), "the card says 'score'"),
        (lambda card: card["input"].update(width=64), r"but the card says \[56, 64, 3\]"),
        (lambda card: card.update(sha256="0" * 64), "is not the file that its card describes"),
        (lambda card: card["region"].update(x=0.95), "reaches outside the picture"),
    ],
)
def test_a_card_that_does_not_match_is_refused_in_one_line(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    with pytest.raises(ModelError, match=message) as refused:
        LogoModel.load(altered(tmp_path / "model", change))
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_model_is_refused_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(DEMO, folder)
    (folder / MODEL_FILE).write_bytes(b"not a model")
    read = json.loads((folder / CARD_FILE).read_text()) | {"sha256": file_sha256(folder / MODEL_FILE)}
    (folder / CARD_FILE).write_text(json.dumps(read))
    with pytest.raises(ModelError, match="can't be loaded") as refused:
        LogoModel.load(folder)
    assert "\n" not in str(refused.value)


def test_a_folder_without_a_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be read"):
        read_card(tmp_path)


def test_channels_with_the_same_model_share_one_session() -> None:
    telemetry = Telemetry(CollectorRegistry())
    pool = ModelPool(telemetry)
    assert pool.get(DEMO) is pool.get(DEMO)
    assert (
        telemetry.registry.get_sample_value("streamproc_inference_provider_info", {"provider": "CPUExecutionProvider"})
        == 1.0
    )
    pool.close()


def test_a_model_that_was_replaced_is_loaded_anew_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(DEMO, folder)
    pool = ModelPool(Telemetry(CollectorRegistry()))
    first = pool.get(folder)
    shutil.rmtree(folder)
    altered(folder, lambda card: card.update(calibration={"temperature": 2.0, "bias": 0.5}))
    second = pool.get(folder)
    assert (first.card.calibration.temperature == 2.0, second.card.calibration.temperature) == (False, 2.0)
    assert pool.get(folder) is second
    pool.close()
