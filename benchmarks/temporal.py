"""Compares ways to decide from a row of scores what is on air, causally, as live: which one ought to be the default?

    python -m benchmarks.temporal [--data ../shared/data] [--work DIR]

Three sets of sequences. ``night``: consecutive samples of a real night, whose scores are those of template matching
(SQDIFF, CCOEFF), with a person's labels; left out a block of time after the other, with a guard around it.
``channels``: the composed broadcasts of benchmarks.accuracy, scored with the models that were learnt for them, twice a
second; a third of the channels left out at a time. ``disturbed``: the same with strong correlated noise, bursts of the
other class, and stretches in which the model knows nothing, as a weaker model or a worse picture would give.

Each way's settings are picked on what is not left out, by the fewest false and missed changes, then by delay.
Results go to benchmarks/results/temporal.json.
"""

import argparse
import csv
import itertools
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.compose import DATA
from benchmarks.machine import RESULTS, command, describe
from streamproc.inference.session import LogoModel
from streamproc.logic.hysteresis import Hysteresis, Thresholds
from streamproc.media.decoder import decode_frames
from streamproc.media.files import FileFootage
from streamproc.messages import Kind, Score

NIGHT = "logo_crops_prosieben/tranche4_samples_corrected.csv"
BLOCKS = 6
GUARD = 64
"""Samples beside a left-out block that are not learnt from."""
EARLY, LATE = 5, 40
"""A decision belongs to a true change if it comes at most so many samples before or after it."""
CLIP = 8.0
"""Log odds beyond this are as good as certain."""
SAMPLE_HZ = 2
SEEDS = (1, 2)
"""The learnt models are trained once with each; their figures are the mean."""

SETS = ("night", "channels", "disturbed", "from_night_to_disturbed")

Array = NDArray[np.float64]
Decisions = NDArray[np.int8]
Decide = Callable[[Array], Decisions]
"""From (T, F) features, the first of which is the log odds, to (T,) decisions: 1 programme, 0 advert, -1 not yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An unbroken row of samples."""

    name: str
    """Where it is from."""
    features: Array
    """(T, F); the first column is the log odds of the bug, clipped."""
    labels: NDArray[np.int8]
    """(T,) 1 programme, 0 advert."""
    counted: NDArray[np.bool_]
    """(T,) whether the label is plain: not on a boundary."""

    def part(self, start: int, end: int) -> "Row":
        """Return the samples from ``start`` to before ``end``."""
        return replace(
            self,
            features=self.features[start:end],
            labels=self.labels[start:end],
            counted=self.counted[start:end],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a way of deciding came to; sums over rows."""

    right: tuple[int, int]
    """Counted samples decided rightly: adverts, programme."""
    samples: tuple[int, int]
    """Counted samples: adverts, programme."""
    changes: int
    """True ones."""
    missed: int
    """Of those."""
    false: int
    """Decided ones that are none."""
    delays: tuple[int, ...]
    """Samples from each found change to its decision."""

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            right=(self.right[0] + other.right[0], self.right[1] + other.right[1]),
            samples=(self.samples[0] + other.samples[0], self.samples[1] + other.samples[1]),
            changes=self.changes + other.changes,
            missed=self.missed + other.missed,
            false=self.false + other.false,
            delays=self.delays + other.delays,
        )

    def cost(self) -> tuple[int, float]:
        """Return by what settings are picked: wrong changes, then the mean delay."""
        return self.missed + self.false, float(np.mean(self.delays)) if self.delays else float(LATE)

    def document(self) -> dict[str, Any]:
        """Return them ready for JSON."""
        delays = np.array(self.delays or (0,))
        return {
            "accuracy_programme": round(self.right[1] / max(1, self.samples[1]), 5),
            "accuracy_advert": round(self.right[0] / max(1, self.samples[0]), 5),
            "changes": self.changes,
            "missed": self.missed,
            "false": self.false,
            "delay_median": float(np.median(delays)),
            "delay_mean": round(float(delays.mean()), 2),
            "delay_max": int(delays.max()),
        }


NOTHING = Figures(right=(0, 0), samples=(0, 0), changes=0, missed=0, false=0, delays=())


def judge(row: Row, decided: Decisions) -> Figures:
    """Compare decisions with the labels."""
    hit = decided == row.labels
    right, samples = (
        tuple(int((row.counted & chosen & (row.labels == kind)).sum()) for kind in (0, 1))
        for chosen in (hit, np.ones(len(hit), bool))
    )
    known = np.flatnonzero(decided >= 0)
    steps = [int(at) for before, at in itertools.pairwise(known) if decided[before] != decided[at]]
    true = [int(at) for at in np.flatnonzero(np.diff(row.labels)) + 1]
    left, delays = list(steps), []
    for at in true:
        near = [one for one in left if decided[one] == row.labels[at] and at - EARLY <= one <= at + LATE]
        if near:
            left.remove(near[0])
            delays.append(near[0] - at)
    return Figures(
        right=(right[0], right[1]),
        samples=(samples[0], samples[1]),
        changes=len(true),
        missed=len(true) - len(delays),
        false=len(left),
        delays=tuple(delays),
    )


# The ways to decide. Each is a function of its settings.


def single(certainty: float = 0.5) -> Decide:
    """Each sample for itself."""
    return lambda features: np.asarray(features[:, 0] > np.log(certainty / (1 - certainty)), np.int8)


def hysteresis(n_enter: int, n_leave: int, certainty: float) -> Decide:
    """The project's own."""

    def decide(features: Array) -> Decisions:
        machine = Hysteresis(Thresholds(n_enter=n_enter, n_leave=n_leave, min_certainty=certainty))
        codes = {Kind.UNKNOWN: -1, Kind.PROGRAMME: 1, Kind.ADVERT: 0}
        states = []
        for number, odds in enumerate(features[:, 0]):
            probability = float(1 / (1 + np.exp(-odds)))
            machine.step(Score(epoch=1, time=Fraction(number), probability=probability))
            states.append(codes[machine.state])
        return np.array(states, np.int8)

    return decide


def moving_mean(width: int, of_odds: bool) -> Decide:
    """The mean of the last scores: of the probabilities, or of their log odds."""

    def decide(features: Array) -> Decisions:
        values = features[:, 0] if of_odds else np.tanh(features[:, 0] / 2)
        sums = np.cumsum(np.concatenate([np.zeros(width), values]))
        return np.asarray(sums[width:] - sums[:-width] > 0, np.int8)

    return decide


def exponential(alpha: float, of_odds: bool) -> Decide:
    """A running mean that forgets."""

    def decide(features: Array) -> Decisions:
        values = features[:, 0] if of_odds else np.tanh(features[:, 0] / 2)
        mean, states = values[0], []
        for value in values:
            mean += alpha * (value - mean)
            states.append(mean > 0)
        return np.array(states, np.int8)

    return decide


def running_median(width: int) -> Decide:
    """The median of the last scores."""

    def decide(features: Array) -> Decisions:
        padded = np.concatenate([np.full(width - 1, features[0, 0]), features[:, 0]])
        views = np.lib.stride_tricks.sliding_window_view(padded, width)
        return np.asarray(np.median(views, axis=1) > 0, np.int8)

    return decide


def hidden_markov(change: float, trust: float) -> Decide:
    """Two hidden states, forward filter; ``trust`` tempers the evidence of neighbours that resemble each other.

    Source: Rabiner 1989, section III A.
    """

    def decide(features: Array) -> Decisions:
        belief, states = 0.0, []
        for odds in features[:, 0]:
            there = 1 / (1 + np.exp(-belief))
            ahead = there * (1 - change) + (1 - there) * change
            belief = np.log(ahead / (1 - ahead)) + trust * odds
            states.append(belief > 0)
        return np.array(states, np.int8)

    return decide


GRIDS: dict[str, list[tuple[dict[str, Any], Decide]]] = {}


def _grid(name: str, make: Callable[..., Decide], **choices: Sequence[Any]) -> None:
    combined = (dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values()))
    GRIDS[name] = [(settings, make(**settings)) for settings in combined]


_grid("single samples", single)
_grid("hysteresis, default", hysteresis, n_enter=(3,), n_leave=(3,), certainty=(0.7,))
_grid("hysteresis, certainty 0.9", hysteresis, n_enter=(3,), n_leave=(3,), certainty=(0.9,))
_grid("hysteresis, picked", hysteresis, n_enter=(1, 2, 3, 5), n_leave=(1, 2, 3, 5), certainty=(0.7, 0.9))
_grid("moving average", moving_mean, width=(2, 3, 4, 5, 7, 9, 13), of_odds=(False, True))
_grid("exponential average", exponential, alpha=(0.1, 0.2, 0.3, 0.4, 0.6), of_odds=(False, True))
_grid("median", running_median, width=(3, 5, 7, 9, 13))
_grid("hidden Markov, fixed", hidden_markov, change=(1e-4,), trust=(0.7,))
_grid("hidden Markov, picked", hidden_markov, change=(1e-2, 1e-3, 1e-4, 1e-6), trust=(0.1, 0.2, 0.4, 0.7, 1.0))

NETWORKS = {
    "GRU, scores": ("GRU", 1),
    "GRU, scores and features": ("GRU", 10),
    "temporal convolution, scores": ("convolution", 1),
    "temporal convolution, scores and features": ("convolution", 10),
}
"""Kind of network, and how many features it is given."""


def pick(name: str, rows: Sequence[Row]) -> tuple[dict[str, Any], Decide]:
    """Return the settings of a way, and the way with them, that do best on some rows."""
    if len(GRIDS[name]) == 1:
        return GRIDS[name][0]
    return min(GRIDS[name], key=lambda one: _total(one[1], rows).cost())


def _total(decide: Decide, rows: Sequence[Row]) -> Figures:
    return sum((judge(row, decide(row.features)) for row in rows), NOTHING)


def learn(kind: str, rows: Sequence[Row], columns: int, seed: int) -> Decide:
    """Train a small causal network on the first ``columns`` features; half a second to a few minutes."""
    import keras

    keras.utils.set_random_seed(seed)
    mean, spread = _scale(rows, columns)
    model = _network(kind, columns)
    model.compile(optimizer=keras.optimizers.Adam(4e-3), loss=keras.losses.BinaryCrossentropy(from_logits=True))
    windows, targets, weights = _windows(rows, columns)
    windows = (windows - mean) / spread
    model.fit(windows, targets, sample_weight=weights, batch_size=16, epochs=15, verbose=0)

    def decide(features: Array) -> Decisions:
        given = (features[None, :, :columns] - mean) / spread
        return (np.asarray(model(given.astype(np.float32)))[0, :, 0] > 0).astype(np.int8)

    return decide


def _scale(rows: Sequence[Row], columns: int) -> tuple[Array, Array]:
    together = np.concatenate([row.features[:, :columns] for row in rows])
    mean, spread = together.mean(axis=0), together.std(axis=0) + 1e-6
    mean[0], spread[0] = 0.0, CLIP / 2  # the log odds keep their zero
    return mean, spread


def _network(kind: str, columns: int) -> Any:
    """Return ``scores`` (1, T, F) to logits (1, T, 1), each of which sees what is before it only."""
    import keras

    layers = keras.layers
    given = keras.Input((None, columns))
    if kind == "GRU":
        flow = layers.GRU(12, return_sequences=True)(given)
    else:
        flow = given
        for dilation in (1, 2, 4, 8):
            flow = layers.Conv1D(12, 3, dilation_rate=dilation, padding="causal", activation="relu")(flow)
    return keras.Model(given, layers.Dense(1)(flow))


def _windows(rows: Sequence[Row], columns: int, length: int = 64) -> tuple[Array, Array, Array]:
    """Cut rows into windows; both classes weigh the same, and what lies on a boundary nothing."""
    parts = []
    share = np.mean(np.concatenate([row.labels for row in rows]))
    for row in rows:
        for start in range(0, max(1, len(row.labels) - length + 1), length):
            piece = row.part(start, start + length)
            short = length - len(piece.labels)
            weight = np.where(piece.labels == 1, 0.5 / share, 0.5 / (1 - share)) * piece.counted
            parts.append(
                (
                    np.pad(piece.features[:, :columns], ((0, short), (0, 0)), mode="edge"),
                    np.pad(piece.labels.astype(float), (0, short), mode="edge"),
                    np.pad(weight, (0, short)),
                )
            )
    features, labels, weights = (np.stack(column) for column in zip(*parts, strict=True))
    return features, labels[..., None], weights


# The sequences.


def read_night(data: Path) -> Row:
    """Read the night; the first feature is left at 0 until a fold fits the score to its own blocks."""
    with (data / NIGHT).open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    columns = (
        "resTM_CCOEFF_NORMED.max()", "resTM_SQDIFF_NORMED.max()", "brightness", "ECR_RATIO", "FARBWECHSEL RATIO",
        "RMS", "DB", "ZCR", "MFCC",
    )  # fmt: skip
    features = np.array([[float(line[name].strip("[] ") or 0) for name in columns] for line in table])
    labels = [line["LABEL"] for line in table]
    return Row(
        name="night",
        features=np.concatenate([np.zeros((len(table), 1)), features], axis=1),
        labels=np.array([label.startswith("Programm") for label in labels], np.int8),
        counted=np.array(["Grenze" not in label for label in labels]),
    )


def night_folds(night: Row) -> list[tuple[list[Row], list[Row]]]:
    """Return (to learn from, left out) for each block; the score is fitted to what is learnt from."""
    edges = np.linspace(0, len(night.labels), BLOCKS + 1).astype(int)
    folds = []
    for start, end in itertools.pairwise(edges):
        taught = [night.part(0, max(0, start - GUARD)), night.part(min(end + GUARD, edges[-1]), edges[-1])]
        taught = [row for row in taught if len(row.labels)]
        weights = _logistic(np.concatenate([row.features[:, 1:3] for row in taught]), _labels(taught))
        folds.append(([_with_odds(row, weights) for row in taught], [_with_odds(night.part(start, end), weights)]))
    return folds


def _labels(rows: Sequence[Row]) -> Array:
    return np.concatenate([row.labels for row in rows]).astype(float)


def _logistic(features: Array, labels: Array) -> Array:
    """Fit log odds = w·(1, features) by Newton's method, with a little ridge."""
    given = np.concatenate([np.ones((len(features), 1)), features], axis=1)
    weights = np.zeros(given.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-np.clip(given @ weights, -30, 30)))
        gradient = given.T @ (p - labels) + 0.1 * weights
        hessian = (given * (p * (1 - p))[:, None]).T @ given + 0.1 * np.eye(len(weights))
        weights = weights - np.linalg.solve(hessian, gradient)
    return weights


def _with_odds(row: Row, weights: Array) -> Row:
    features = row.features.copy()
    features[:, 0] = np.clip(weights[0] + features[:, 1:3] @ weights[1:], -CLIP, CLIP)
    return replace(row, features=features)


def read_channels(work: Path) -> list[Row]:
    """Score what benchmarks.accuracy left in its folder; kept there, for decoding takes minutes."""
    rows = []
    for truth in sorted((work / "broadcasts").glob("*.json")):
        videos = [path for path in truth.parent.glob(f"{truth.stem}.*") if path != truth]
        models = list((work / "models").glob(f"{truth.stem}-*/card.json"))
        if videos and models:
            rows.append(_channel(videos[0], models[0].parent, truth, work / "temporal"))
    return rows


def _channel(video: Path, model: Path, truth: Path, cache: Path) -> Row:
    kept = cache / f"{truth.stem}.npz"
    document = json.loads(truth.read_text(encoding="utf-8"))
    rate = float(Fraction(document["case"]["rate"]))
    if not kept.exists():
        cache.mkdir(exist_ok=True)
        times, odds = _scores(video, LogoModel.load(model))
        np.savez(kept, times=times, odds=odds)
    stored = np.load(kept)
    edges = np.array([segment["start_frame"] / rate for segment in document["segments"]])
    numbers = np.searchsorted(edges, stored["times"] + 1e-6, side="right") - 1
    labels = np.array([segment["kind"] == "programme" for segment in document["segments"]], np.int8)[numbers]
    far = np.abs(stored["times"][:, None] - edges[None, 1:]).min(axis=1) >= 1.0  # the bug may fade for up to a second
    odds = np.clip(stored["odds"], -CLIP, CLIP)
    return Row(name=truth.stem, features=odds[:, None].astype(float), labels=labels, counted=far)


def _scores(video: Path, model: LogoModel) -> tuple[Array, Array]:
    times, odds = [], []
    (epoch,) = FileFootage([video]).epochs()
    region = model.card.region.pixels(epoch.format.video.width, epoch.format.video.height)
    due = Fraction(0)
    for frame in decode_frames(epoch, Fraction(0), epoch.end()):
        if frame.time >= due:
            times.append(float(frame.time))
            odds.append(float(model.log_odds([frame.crop(region)])[0]))
            due += Fraction(1, SAMPLE_HZ)
    return np.array(times), np.array(odds)


def disturbed(row: Row, copies: int = 4) -> Row:
    """Return the row several times over, with noise that lasts, bursts of the other class, and blind stretches."""
    rng = np.random.default_rng([7, *row.name.encode()])
    whole = np.concatenate([row.features[:, 0]] * copies)
    noise, now = np.zeros(len(whole)), 0.0
    for at in range(len(whole)):
        now = 0.7 * now + rng.normal(0, 1.6)
        noise[at] = now
    odds = 0.5 * whole + noise
    for burst in np.flatnonzero(rng.random(len(whole)) < 0.015):
        odds[burst : burst + int(rng.integers(1, 4))] *= -1
    for blind in np.flatnonzero(rng.random(len(whole)) < 0.004):
        stretch = slice(blind, blind + int(rng.integers(4, 12)))
        odds[stretch] = rng.normal(0, 0.7, len(odds[stretch]))
    return Row(
        name=row.name,
        features=np.clip(odds, -CLIP, CLIP)[:, None],
        labels=np.concatenate([row.labels] * copies),
        counted=np.concatenate([row.counted] * copies),
    )


def channel_folds(rows: Sequence[Row]) -> list[tuple[list[Row], list[Row]]]:
    """Return (to learn from, left out), a third of the channels left out at a time."""
    thirds = [list(rows[start::3]) for start in range(3)]
    return [([one for two in thirds if two is not third for one in two], third) for third in thirds]


# Measuring.


def measure(
    folds: Sequence[tuple[list[Row], list[Row]]], networks: Sequence[str], *, grids: bool
) -> dict[str, dict[str, Any]]:
    """Return every way's figures, summed over the folds. networks: which of NETWORKS to train."""
    table = {}
    for name in GRIDS if grids else ():
        figures, chosen = NOTHING, []
        for taught, examined in folds:
            settings, decide = pick(name, taught)
            figures += _total(decide, examined)
            chosen.append(settings)
        table[name] = figures.document() | {"settings": chosen}
        print(name, json.dumps(table[name]), flush=True)
    for name in networks:
        kind, columns = NETWORKS[name]
        if columns <= folds[0][0][0].features.shape[1]:
            table[name] = _mean([_learnt(folds, kind, columns, seed) for seed in SEEDS])
            print(name, json.dumps(table[name]), flush=True)
    return table


def _learnt(folds: Sequence[tuple[list[Row], list[Row]]], kind: str, columns: int, seed: int) -> dict[str, Any]:
    return sum((_total(learn(kind, taught, columns, seed), examined) for taught, examined in folds), NOTHING).document()


def _mean(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Average over seeds, and say how far they lie apart in wrong changes."""
    mean: dict[str, Any] = {key: round(float(np.mean([run[key] for run in runs])), 5) for key in runs[0]}
    return mean | {"wrong_changes_by_seed": [run["missed"] + run["false"] for run in runs]}


def markdown(table: dict[str, dict[str, Any]]) -> str:
    """Return a set of sequences' figures as docs/models/time.md shows them."""
    lines = [
        "| way to decide | programme | advert | missed | false | delay, mean | most |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, row in table.items():
        counts = (f"{row[key]:g}" for key in ("missed", "false"))
        accuracy = (f"{row[key]:.2%}" for key in ("accuracy_programme", "accuracy_advert"))
        lines.append(
            f"| {name} | {' | '.join([*accuracy, *counts])} | {row['delay_mean']:.1f} | {row['delay_max']:g} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="Compare ways to decide from a row of scores what is on air.")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "streamproc-accuracy")
    parser.add_argument("--networks", nargs="*", choices=NETWORKS, default=list(NETWORKS), help="which to train")
    parser.add_argument("--add", action="store_true", help="measure networks alone, and add them to the results")
    parser.add_argument("--sets", nargs="*", choices=SETS, default=list(SETS), help="with --add: on which sequences")
    arguments = parser.parse_args()
    if not (arguments.data / NIGHT).is_file():
        parser.error(f"{arguments.data / NIGHT} is not there; this benchmark needs the team's shared data")
    channels = read_channels(arguments.work)
    if len(channels) < 2:
        parser.error(f"{arguments.work} holds no scored broadcasts; run python -m benchmarks.accuracy first")
    run = {"command": command("temporal"), "machine": describe()}
    night, harder = night_folds(read_night(arguments.data)), [disturbed(row) for row in channels]
    of_night = [row for _, examined in night for row in examined]
    sets = {
        "night": night,
        "channels": channel_folds(channels),
        "disturbed": channel_folds(harder),
        "from_night_to_disturbed": [(of_night, harder)],
    }
    tables = {
        name: measure(folds, () if name == "channels" else arguments.networks, grids=not arguments.add)
        for name, folds in sets.items()
        if name in arguments.sets or not arguments.add
    }
    counts = {"night": of_night, "channels": channels, "disturbed": harder}
    samples = {name: sum(len(row.labels) for row in rows) for name, rows in counts.items()}
    _write({"runs": [run], "samples": samples, **tables}, add=arguments.add)
    return 0


def _write(result: dict[str, Any], *, add: bool) -> None:
    """Write the results; or add the ways that were measured to those that are there."""
    path = RESULTS / "temporal.json"
    if add:
        before = json.loads(path.read_text(encoding="utf-8"))
        result = {
            name: [*value, *result.get(name, ())] if isinstance(value, list) else value | result.get(name, {})
            for name, value in before.items()
        }
    RESULTS.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for name in SETS:
        print(f"\n{name}\n\n{markdown(result[name])}")


if __name__ == "__main__":
    sys.exit(main())
