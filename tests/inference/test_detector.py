"""The detector: what its cells mean, which boxes are kept, what is refused, and that it finds a bug."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamproc.errors import ModelError
from streamproc.inference.card import CARD_FILE
from streamproc.inference.detector import LogoDetector, as_region, decode, iou, suppress

ROOT = Path(__file__).parents[2]
DETECTOR = ROOT / "models" / "detector"


def cells(rows: int = 36, columns: int = 64) -> np.ndarray:
    """A network's answer that says that nothing is anywhere."""
    nothing = np.zeros((rows, columns, 5), np.float32)
    nothing[:, :, 0] = -20
    return nothing


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def test_a_cell_gives_the_box_around_its_middle_moved_by_the_offset() -> None:
    answer = cells()
    answer[9, 32] = (2, 0.5, -0.5, np.log(6.4), np.log(3.6))
    found, scores = decode(answer, 0.5)
    assert np.allclose(found, [[33 / 64 - 0.05, 9 / 36 - 0.05, 33 / 64 + 0.05, 9 / 36 + 0.05]], atol=1e-6)
    assert np.allclose(scores, [1 / (1 + np.exp(-2))])


def test_of_neighbouring_cells_only_the_best_one_speaks() -> None:
    answer = cells()
    answer[5, 5, 0], answer[5, 6, 0], answer[6, 6, 0], answer[5, 8, 0] = 1, 3, 2, 0
    assert np.allclose(decode(answer, 0.3)[1], 1 / (1 + np.exp([-3.0, 0.0])))


def test_scores_below_the_threshold_give_no_box() -> None:
    assert decode(cells(), 0.01)[0].shape == (0, 4)


def test_a_box_never_leaves_the_picture() -> None:
    answer = cells()
    answer[0, 63] = (4, 0, 0, 3, 50)
    found, _ = decode(answer, 0.5)
    assert found.min() >= 0
    assert found.max() <= 1
    assert as_region(found[0]).x + as_region(found[0]).width <= 1


def test_overlap_is_the_shared_area_of_the_covered_one() -> None:
    overlaps = iou(boxes((0, 0, 2, 2)), boxes((1, 0, 3, 2), (0, 0, 2, 2), (5, 5, 6, 6)))
    assert np.allclose(overlaps, [[2 / 6, 1, 0]])


def test_overlap_with_no_boxes_is_empty() -> None:
    assert iou(boxes(), boxes((0, 0, 1, 1))).shape == (0, 1)


def test_a_box_that_overlaps_a_better_one_is_dropped_and_one_that_does_not_is_kept() -> None:
    several = boxes((0, 0, 1, 1), (0, 0, 1, 0.9), (0.9, 0, 2, 1))
    assert suppress(several, np.array([0.5, 0.9, 0.3], np.float32), 0.4).tolist() == [1, 2]


def altered(to: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    shutil.copytree(DETECTOR, to)
    card = json.loads((to / CARD_FILE).read_text())
    change(card)
    (to / CARD_FILE).write_text(json.dumps(card))
    return to


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda card: card["input"].update(name="picture"), "the card says 'picture'"),
        (lambda card: card["input"].update(width=256), r"but the card says \[288, 256, 3\]"),
        (lambda card: card.update(stride=16), "but a detector gives"),
        (lambda card: card.update(sha256="0" * 64), "is not the file that its card describes"),
        (lambda card: card.update(kind="channel"), "kind: Input should be 'detector'"),
    ],
)
def test_a_card_that_does_not_match_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        LogoDetector.load(altered(tmp_path / "model", change))


def test_a_channels_model_is_no_detector() -> None:
    with pytest.raises(ModelError, match=r"card\.json"):
        LogoDetector.load(ROOT / "models" / "demo")


def test_the_shipped_detector_fits_in_two_megabytes() -> None:
    assert (DETECTOR / "model.onnx").stat().st_size <= 2_000_000
