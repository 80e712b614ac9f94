"""The detector's benchmark: what counts, and in which stratum."""

import numpy as np

from benchmarks.detector import by_stratum, judged
from streamproc.training.detector.scenes import Bug, Scene

BRIGHT = Bug(box=(0.1, 0.1, 0.2, 0.2), opacity=0.9, contrast=80, texture=5, light=100)
FAINT = Bug(box=(0.7, 0.1, 0.78, 0.2), opacity=0.4, contrast=12, texture=40, light=200)
UNSEEN = Bug(box=(0.4, 0.4, 0.5, 0.5), opacity=0.3, contrast=1, texture=2, light=250)
SCENE = Scene(picture=np.zeros((288, 512, 3), np.uint8), bugs=(BRIGHT, FAINT, UNSEEN), ground="", lines=720)
FOUND = (np.array([BRIGHT.box], np.float32), np.array([0.9], np.float32))


def test_a_bug_that_cannot_be_seen_counts_neither_way() -> None:
    lot = judged(SCENE, FOUND)
    assert np.allclose(lot.bugs, [BRIGHT.box, FAINT.box])
    assert np.allclose(lot.ignored, [UNSEEN.box])


def test_each_bug_counts_in_its_own_stratum_alone() -> None:
    strata = by_stratum([SCENE], [FOUND], 0.5)
    assert strata["opacity"]["from 0.7"] == {"bugs": 1, "recall": 1.0, "mean_iou_of_found": 1.0}
    assert strata["opacity"]["below 0.45"]["recall"] == 0
    assert strata["width_percent"]["from 9"]["bugs"] == 1
    assert strata["lines"]["720"]["bugs"] == 2


def test_strata_stand_in_the_order_of_their_values() -> None:
    assert list(by_stratum([SCENE], [FOUND], 0.5)["opacity"]) == ["below 0.45", "from 0.7"]
    assert list(by_stratum([SCENE], [FOUND], 0.5)["light_under_it"]) == ["64 to 192 levels", "from 192 levels"]
