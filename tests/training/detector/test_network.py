"""The detector's network: its targets, its loss, and the folder that training leaves behind."""

from pathlib import Path

import numpy as np
import pytest

from streamproc.inference.detector import DetectorCard, LogoDetector, decode
from streamproc.training.backgrounds import Group
from streamproc.training.detector.material import Material
from streamproc.training.detector.scenes import HEIGHT, WIDTH, Bug, Scene

BUG = Bug(box=(0.8, 0.1, 0.9, 0.18), opacity=0.8, contrast=60, texture=5, light=100)


def scene(*bugs: Bug) -> Scene:
    return Scene(picture=np.zeros((HEIGHT, WIDTH, 3), np.uint8), bugs=bugs, ground="", lines=360)


def ideal(wanted: np.ndarray) -> np.ndarray:
    """The network's answer that a bug's targets ask for."""
    return np.concatenate([np.where(wanted[:, :, :1] >= 1, 9, -9), wanted[:, :, 2:6]], axis=2).astype(np.float32)


def test_the_targets_of_a_bug_decode_to_its_box() -> None:
    from streamproc.training.detector.network import targets

    found, scores = decode(ideal(targets(scene(BUG))), 0.5)
    assert np.allclose(found, [BUG.box], atol=1e-5)
    assert len(scores) == 1


def test_heat_is_full_in_one_cell_a_bug_and_nowhere_without_one() -> None:
    from streamproc.training.detector.network import targets

    assert (targets(scene(BUG))[:, :, 0] == 1).sum() == 1
    assert targets(scene())[:, :, 0].max() == 0


def test_a_bug_that_cannot_be_seen_weighs_nothing() -> None:
    from streamproc.training.detector.network import targets

    faint = Bug(box=BUG.box, opacity=0.3, contrast=1, texture=5, light=250)
    wanted = targets(scene(faint))
    assert wanted[:, :, 0].max() == 0
    assert wanted[:, :, 1].min() == 0
    assert wanted[:, :, 6].max() == 0


def test_the_loss_is_least_for_the_true_box_and_grows_as_the_box_moves_away() -> None:
    import tensorflow as tf

    from streamproc.training.detector.network import loss, targets

    wanted = targets(scene(BUG))
    losses = []
    for step in (0, 0.5, 2):
        given = ideal(wanted)
        given[:, :, 1] += step
        losses.append(float(loss(tf.constant(given[None]), tf.constant(wanted[None]))))
    assert losses == sorted(losses)
    assert losses[0] < 0.01


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DetectorCard]:
    """A detector far too small, trained for a few steps."""
    from streamproc.training.detector.build import BuildSettings, build_detector
    from streamproc.training.detector.network import Schedule

    logo = np.full((20, 40, 4), 255, np.uint8)
    grounds = (Group("grey", [np.full((360, 640, 3), 60, np.uint8)]),)
    material = Material((("white", logo),), grounds)
    settings = BuildSettings(scenes=8, measured=4, schedule=Schedule(steps=3, batch=2), channels=(4, 4, 8, 8))
    out = tmp_path_factory.mktemp("detector")
    return out, build_detector(material, material, out, settings, lambda _text, _share: None)


def test_what_is_built_loads_with_its_card(built: tuple[Path, DetectorCard]) -> None:
    folder, card = built
    assert LogoDetector.load(folder).card == card


def test_the_card_says_what_was_measured(built: tuple[Path, DetectorCard]) -> None:
    metrics = built[1].metrics
    assert metrics["pictures"] == 4
    assert {"map_50", "map_50_95", "mean_iou_of_found", "recall_at_0.1_false_a_picture"} <= set(metrics)


def test_a_picture_of_any_size_is_taken(built: tuple[Path, DetectorCard]) -> None:
    detector = LogoDetector.load(built[0])
    assert detector.cells(np.zeros((1080, 1920, 3), np.uint8)).shape == (36, 64, 5)
    assert detector.cells(np.zeros((240, 320, 3), np.uint8)).shape == (36, 64, 5)
