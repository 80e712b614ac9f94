"""Trains the verifier, measures it on logos and grounds that it never saw, and writes its folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tf2onnx
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.inference.card import MODEL_FILE, Decision, Input, file_sha256
from streamproc.inference.verifier import INPUT, VerifierCard
from streamproc.training import backgrounds, evaluate, export
from streamproc.training.backgrounds import Group
from streamproc.training.verifier import network
from streamproc.training.verifier.grounds import read_grounds
from streamproc.training.verifier.pairs import Batch, Pairing, varied
from streamproc.training.verifier.samples import Samples, Shows, draw_samples
from streamproc.training.verifier.shelf import read_shelf, split_brands

_CLEAR = 0.05  # a target nearer than this to 0 or 1 is a plain yes or no; others are fades
_TOLERANCE = 1e-3  # of a logit, between the trained network and the exported one
_GRAIN = 256
_RUN_DOWN = 0.35  # share of the steps over which the learning rate falls


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train."""

    crops: int = 30000
    """Drawn to learn from."""
    held_out: int = 4000
    """Drawn of held-out logos over held-out grounds, to calibrate and measure."""
    steps: int = 1369
    """Of training: it ends after so many, however long they take."""
    batch: int = 32
    """Pairs a step."""
    learning_rate: float = 2e-3
    """At its peak."""
    seed: int = 0
    """The same seed draws and learns the same."""
    progress: Callable[[str, float], None] = lambda what, share: None
    """Called with what is being done and the share of it that is done, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What to learn from."""

    logos: Path
    """Folder of PNGs with alpha; a fifth of the brands is held out."""
    grounds: Sequence[Path]
    """Footage and folders of pictures to learn over."""
    held_out: Sequence[Path]
    """Footage and folders of pictures to measure over; must be other ones."""


def learn_verifier(sources: Sources, out: Path, settings: Settings) -> VerifierCard:
    """Train, export, calibrate, measure; write the folder. Raises ConfigError, SourceError, ModelError."""
    rng = np.random.default_rng(settings.seed)
    settings.progress("reading logos", 0)
    taught, unseen = split_brands(read_shelf(sources.logos))
    photographs = backgrounds.split(backgrounds.photographs())
    ground = _weighed([*read_grounds(sources.grounds), *photographs[0]], rng, 150)
    other_ground = _weighed([*read_grounds(sources.held_out), *photographs[1]], rng, 60)
    settings.progress("drawing crops", 0)
    lesson = draw_samples(taught, ground, settings.crops, rng)
    examination = draw_samples(unseen, other_ground, settings.held_out, rng)
    model = network.build(settings.seed)
    train(model, Pairing(taught, lesson), len(lesson), settings)
    out.mkdir(parents=True, exist_ok=True)
    difference = to_onnx(model, out / MODEL_FILE)
    held_out = Pairing(unseen, examination).pair(np.arange(len(examination)), rng, cropped=0)
    logits = run(out / MODEL_FILE, held_out)
    calibration = evaluate.calibrate(logits, held_out.targets)
    card = VerifierCard(
        schema=1,
        name="verifier",
        sha256=file_sha256(out / MODEL_FILE),
        input=Input(width=INPUT[0], height=INPUT[1]),
        calibration=calibration,
        decision=Decision(),
        metrics={
            **measure(evaluate.probabilities(logits, calibration), held_out.targets, examination),
            "logos_learnt": len(taught.names),
            "logos_held_out": len(unseen.names),
            "pairs_seen": settings.steps * settings.batch,
            "keras_onnx_difference": difference,
        },
        data=_data(len(taught.names) + len(unseen.names), sources),
        licence="MIT",
        created=datetime.now(UTC).date().isoformat(),
    )
    card.write(out)
    settings.progress("measuring", 1)
    return card


def train(model: keras.Model, pairing: Pairing, count: int, settings: Settings) -> None:
    """Train in place on soft targets, for a fixed number of steps. count: how many crops the pairing has."""
    rng = np.random.default_rng([settings.seed, 1])
    model.compile(
        optimizer=keras.optimizers.AdamW(settings.learning_rate, weight_decay=1e-4),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    passes = -(-settings.steps * settings.batch // count)
    order = np.concatenate([rng.permutation(count) for _ in range(passes)])
    # Grain is drawn once and dealt out anew at each step: drawing it would cost as much as a quarter of the training.
    grain = rng.standard_normal((_GRAIN, INPUT[1], INPUT[0], 3), np.float32)
    for step in range(settings.steps):
        model.optimizer.learning_rate.assign(rate(step, settings))
        chosen = order[step * settings.batch : (step + 1) * settings.batch]
        batch = varied(pairing.pair(chosen, rng), grain, rng)
        model.train_on_batch([batch.images, batch.references], batch.targets[:, None])
        if step % 20 == 0:
            settings.progress("training", step / settings.steps)


def rate(step: int, settings: Settings) -> float:
    """Return the learning rate of a step: it warms up, stays, and runs down to nothing over the last part."""
    left = (settings.steps - step) / settings.steps
    return settings.learning_rate * min(1.0, (step + 1) / 100, left / _RUN_DOWN)


def to_onnx(model: keras.Model, path: Path) -> float:
    """Write ``image``, ``reference`` → ``logit`` and return the greatest difference to the Keras model, in logits.

    Raises ModelError when the two differ by more than 1e-3.
    """
    shapes = {"image": (None, INPUT[1], INPUT[0], 3), "reference": (None, INPUT[1], INPUT[0], 4)}
    signature = [tf.TensorSpec(shape, tf.float32, name=name) for name, shape in shapes.items()]
    function = tf.function(lambda image, reference: {"logit": model([image, reference], training=False)})
    with export.quiet():
        tf2onnx.convert.from_function(function, input_signature=signature, opset=export.OPSET, output_path=str(path))
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (8, *shapes["image"][1:])).astype(np.float32)
    references = rng.uniform(0, 255, (1, *shapes["reference"][1:])).astype(np.float32)
    trained = model([images, np.repeat(references, 8, axis=0)], training=False).numpy()[:, 0]
    difference = float(np.abs(run(path, Batch(images, references, np.zeros(8, np.float32))) - trained).max())
    if difference > _TOLERANCE:
        raise ModelError(f"{path}: the exported model differs from the trained one by {difference:g}")
    return difference


def run(path: Path, batch: Batch) -> NDArray[np.float32]:
    """Return the (N,) logits that an ONNX file gives, on one core; one reference serves all crops."""
    session = export.one_core_session(path)
    parts = []
    for at in range(0, len(batch.images), 64):
        references = batch.references if len(batch.references) == 1 else batch.references[at : at + 64]
        fed = {"image": batch.images[at : at + 64], "reference": references}
        parts.append(session.run(["logit"], fed)[0][:, 0])
    return np.asarray(np.concatenate(parts), np.float32)


def measure(
    probability: NDArray[np.float64], targets: NDArray[np.float32], samples: Samples
) -> dict[str, float | int | dict[str, float]]:
    """Return accuracy away from fades, by what is shown, and the calibration error."""
    clear = (targets < _CLEAR) | (targets > 1 - _CLEAR)
    right = (probability > 0.5) == (targets > 0.5)
    is_there = targets > 0.5
    kinds = {"its logo": clear & is_there, "another logo": clear & ~is_there & (samples.shows == Shows.LOGO)}
    for kind in (Shows.NOTHING, Shows.FOREIGN, Shows.ELSEWHERE, Shows.CAPTION):
        kinds[kind.name.lower()] = clear & ~is_there & (samples.shows == kind)
    return {
        "held_out_pairs": int(clear.sum()),
        "accuracy_away_from_fades": round(float(right[clear].mean()), 5),
        "accuracy_by_kind": {kind: round(float(right[rows].mean()), 5) for kind, rows in kinds.items() if rows.any()},
        "calibration_error": round(evaluate.calibration_error(probability, targets), 5),
    }


def _weighed(groups: Sequence[Group], rng: np.random.Generator, scenes: int) -> list[Group]:
    """Give photographs, recordings and drawn scenes a like share, however many there are of each."""
    recordings = [group for group in groups if len(group.pictures) > 1]
    photographs = Group("photographs", [group.pictures[0] for group in groups if len(group.pictures) == 1])
    share = max(1, len(recordings) // 2)
    return [*recordings, *[photographs] * share, *[backgrounds.drawn(rng, scenes)] * share]


def _data(logos: int, sources: Sources) -> list[str]:
    """Say in words what the network saw, with rights."""
    return [
        f"{logos} logos of television channels (trademarks of their owners; used to learn from, none is contained), "
        "a fifth of the brands held out",
        f"pictures and footage to lay under them: {', '.join(path.name for path in sources.grounds)}; "
        f"held out: {', '.join(path.name for path in sources.held_out)} (local use; none is contained)",
        f"photographs that ship with scikit-image ({', '.join(backgrounds.PHOTOGRAPHS)})",
        "scenes, captions and other logos drawn by streamproc.training, seeded",
    ]
