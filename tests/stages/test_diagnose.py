"""The diagnosis: pictures by class, a table with both decisions, and plots."""

import csv
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from streamproc.logic.hysteresis import Thresholds
from streamproc.messages import Sample, Score
from streamproc.stages.diagnose import COLUMNS, Diagnosis


def test_every_sample_leaves_a_picture_a_line_and_a_point_in_a_plot(tmp_path: Path) -> None:
    crop = np.zeros((8, 12, 3), np.uint8)
    crop[..., 0] = 200
    with Diagnosis(tmp_path, Thresholds(n_enter=2, n_leave=2, min_certainty=0.7)) as diagnosis:
        for at, probability in enumerate([0.9, 0.9, 0.1, 0.9, 0.1, 0.1]):
            score = Score(epoch=3, time=Fraction(at), probability=probability)
            diagnosis.observe(Sample(epoch=3, time=Fraction(at), crop=crop), score, 0.001)
    with (tmp_path / "samples.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    alone = [row["decision_without_hysteresis"] for row in rows]
    assert alone == ["programme", "programme", "advert", "programme", "advert", "advert"]
    assert [row["decision"] for row in rows] == ["unknown", *["programme"] * 4, "advert"]
    assert [row["picture"].split("/")[0] for row in rows] == ["bug", "bug", "no_bug", "bug", "no_bug", "no_bug"]
    picture = cv2.imread(str(tmp_path / rows[0]["picture"]))
    assert picture is not None
    assert picture[0, 0].tolist() == [0, 0, 200]
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["0003_000.png"]
