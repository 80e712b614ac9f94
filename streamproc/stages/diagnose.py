"""Keeps what the model saw and what was made of it, so that a person can judge both.

DIR/bug and DIR/no_bug get every classified sample as a picture; DIR/samples.csv a line for each; DIR/plots, when the
run ends, the probability over time with the decision, with hysteresis and without, an hour a plot.
"""

import csv
from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import cv2

from streamproc.logic.hysteresis import Hysteresis, Thresholds
from streamproc.messages import Kind, Sample, Score

COLUMNS = ("epoch", "time_s", "probability", "decision", "decision_without_hysteresis", "inference_ms", "picture")
_PLOT_S = 3600
_LEVELS = {Kind.ADVERT: 0.0, Kind.UNKNOWN: 0.5, Kind.PROGRAMME: 1.0}


class Diagnosis:
    """Writes into a folder for as long as it is open; ``observe`` is an observer of ClassifyStage.

    It steps a hysteresis of its own: the same samples give the same decisions.
    """

    def __init__(self, folder: Path, thresholds: Thresholds) -> None:
        self._folder = folder
        self._thresholds = thresholds
        self._hysteresis = Hysteresis(thresholds)
        self._epoch: int | None = None
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        for name in ("bug", "no_bug", "plots"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        self._file = self._table.open("w", newline="", encoding="utf-8")
        csv.writer(self._file).writerow(COLUMNS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        self._plot()

    def observe(self, sample: Sample, score: Score, took_s: float) -> None:
        """Keep one sample."""
        if sample.epoch != self._epoch:
            self._epoch, self._hysteresis = sample.epoch, Hysteresis(self._thresholds)
        self._hysteresis.step(score)
        alone = Kind.PROGRAMME if score.probability >= 0.5 else Kind.ADVERT
        folder = "bug" if alone is Kind.PROGRAMME else "no_bug"
        picture = f"{folder}/{sample.epoch:04}_{float(sample.time):010.3f}.png"
        cv2.imwrite(str(self._folder / picture), cv2.cvtColor(sample.crop, cv2.COLOR_RGB2BGR))
        if self._file is not None:
            time_s, probability = f"{float(sample.time):.3f}", f"{score.probability:.5f}"
            row = (sample.epoch, time_s, probability, self._hysteresis.state, alone, f"{took_s * 1000:.3f}", picture)
            csv.writer(self._file).writerow(row)

    @property
    def _table(self) -> Path:
        return self._folder / "samples.csv"

    def _plot(self) -> None:
        """Draw from the table, which may be longer than memory should hold, one plot after the other."""
        with self._table.open(newline="", encoding="utf-8") as file:
            for (epoch, hour), rows in groupby(csv.DictReader(file), _epoch_and_hour):
                _draw(self._folder / "plots" / f"{int(epoch):04}_{hour:03}.png", f"epoch {epoch}, hour {hour}", rows)


def _epoch_and_hour(row: dict[str, str]) -> tuple[str, int]:
    return row["epoch"], int(Fraction(row["time_s"]) // _PLOT_S)


def _draw(path: Path, title: str, rows: Iterator[dict[str, str]]) -> None:
    from matplotlib.figure import Figure  # only here: the daemon's memory should not hold it

    table = list(rows)
    times = [float(row["time_s"]) for row in table]
    figure = Figure(figsize=(14, 5), layout="constrained")
    scores, decisions = figure.subplots(2, sharex=True, height_ratios=(2, 1))
    scores.plot(times, [float(row["probability"]) for row in table], ".-", linewidth=0.7, markersize=3)
    scores.set(ylim=(-0.05, 1.05), ylabel="probability of the bug", title=title)
    for column, style in (("decision_without_hysteresis", ":"), ("decision", "-")):
        levels = [_LEVELS[Kind(row[column])] for row in table]
        decisions.step(times, levels, style, where="post", label=column.replace("_", " "))
    decisions.set(xlabel="time, s", yticks=list(_LEVELS.values()), yticklabels=list(_LEVELS), ylim=(-0.2, 1.2))
    decisions.legend(loc="upper right")
    figure.savefig(path, dpi=110)
