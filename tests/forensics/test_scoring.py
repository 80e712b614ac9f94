"""How right a method is."""

import numpy as np
import pytest

from streamproc.forensics.evaluated import examined, figures
from streamproc.forensics.scoring import auc, average_precision, f1, iou
from streamproc.forensics.traces import Picture, Reliability, Traces, boxes_of

NOTHING = np.zeros((10, 10), bool)
TOP = NOTHING.copy()
TOP[:4] = True
LOWER = NOTHING.copy()
LOWER[2:6] = True


def test_the_same_mask_scores_one_and_so_does_nothing_where_nothing_is() -> None:
    assert f1(TOP, TOP) == iou(TOP, TOP) == f1(NOTHING, NOTHING) == iou(NOTHING, NOTHING) == 1


def test_half_an_overlap_scores_a_half_and_a_third() -> None:
    assert f1(LOWER, TOP) == 0.5
    assert iou(LOWER, TOP) == pytest.approx(1 / 3)


def test_what_is_found_where_nothing_is_scores_nothing() -> None:
    assert f1(TOP, NOTHING) == iou(TOP, NOTHING) == 0


def test_average_precision_is_one_where_what_is_painted_is_hottest_and_its_share_where_heat_tells_nothing() -> None:
    assert average_precision(TOP.astype(np.float32), TOP) == 1
    heat = np.random.default_rng(0).random((200, 200), np.float32)
    mask = np.random.default_rng(1).random((200, 200)) < 0.3
    assert average_precision(heat, mask) == pytest.approx(0.3, abs=0.02)


def test_auc_counts_ties_half() -> None:
    assert auc(np.array([0.9, 0.8]), np.array([0.1, 0.2])) == 1
    assert auc(np.array([0.5, 0.0]), np.array([0.5])) == 0.25


class Finds:
    """Finds the upper part in every picture that is bright."""

    name = "finds"

    def examine(self, picture: Picture) -> Traces:
        mask = TOP if picture.mean() > 100 else NOTHING
        return Traces(
            heat=mask.astype(np.float32),
            mask=mask,
            boxes=boxes_of(mask),
            score=float(mask.any()),
            reliability=Reliability.GOOD,
        )


def test_figures_tell_painted_and_untouched_pictures_apart() -> None:
    bright, dark = (np.full((10, 10, 3), level, np.uint8) for level in (200, 10))
    shown = [("a", bright, TOP), ("b", bright, LOWER), ("c", dark, NOTHING), ("d", bright, NOTHING)]
    told = figures(examined(Finds(), shown))
    assert (told["painted"], told["untouched"]) == (2, 2)
    assert told["f1"] == 0.75
    assert told["auc"] == 0.75
    assert told["untouched_with_a_box"] == 0.5


def test_figures_without_an_untouched_picture_have_no_auc() -> None:
    told = figures(examined(Finds(), [("a", np.full((10, 10, 3), 200, np.uint8), TOP)]))
    assert told["auc"] is None
    assert told["untouched_with_a_box"] is None
