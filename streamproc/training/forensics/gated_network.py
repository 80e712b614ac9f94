"""A small inpainter of gated convolutions, and its training. Imports TensorFlow, as no daemon does.

After Yu and others 2019, "Free-Form Image Inpainting with Gated Convolution": each convolution learns beside what it
says where it may say it, so that a hole's edge is no edge of the picture. Of the paper's two networks only the second,
without contextual attention, of 16, 32 and 64 channels, for 64 pixels of picture at a time: in place of the first there
is a rough fill. It learns to be near what was there (mean absolute difference), and for the latter part of the training
also to be taken for a photograph by a network that judges patch by patch (SN-PatchGAN with a hinge, as in the paper).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import keras
import numpy as np
import tensorflow as tf
import tf2onnx
from keras import layers, ops
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.forensics.traces import Mask, Picture
from streamproc.inference.card import MODEL_FILE, file_sha256
from streamproc.training.export import OPSET, one_core_session, quiet
from streamproc.training.forensics.gated import GatedCard, rough
from streamproc.training.forensics.masks import Shape, hole

Progress = Callable[[str, float], None]

CROP: Final = 64
"""Pixels a side of what it learns from."""
_HALF: Final = 127.5  # grey levels; inside, colours reach from -1 to 1
_SMALLEST, _LARGEST = 48, 1500  # pixels of a hole
_HOLES: Final = 400  # drawn beforehand, for drawing them takes longer than a step
_DILATIONS: Final = 1, 2, 4, 8, 1
_TOLERANCE: Final = 0.05  # of a grey level
DATA: Final = (
    "12 of the 24 lossless Kodak photographs",
    "photographs of BSDS500 that networks may learn from, used locally, at half their size",
)
LICENCE: Final = "MIT, like the project, for the weights; none of the pictures can be drawn from them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long to train, and on what share of the way the judge joins in."""

    steps: int = 1200
    batch: int = 8
    """Crops a step."""
    learning_rate: float = 1e-3
    """At its peak; falls to nothing along a cosine."""
    judged_from: float = 0.6
    """Share of the steps before the judge counts."""
    judged: float = 0.05
    """How much the judge counts beside the difference to what was there."""
    seed: int = 0


def build_model(pictures: Sequence[Picture], out: Path, schedule: Schedule, progress: Progress) -> GatedCard:
    """Train on photographs, export, and write the model's folder."""
    model, distance = train(pictures, schedule, progress)
    out.mkdir(parents=True, exist_ok=True)
    difference = to_onnx(model, out / MODEL_FILE)
    card = GatedCard.model_validate(
        {
            "schema": 1,
            "name": "gated",
            "sha256": file_sha256(out / MODEL_FILE),
            "metrics": {
                "photographs": len(pictures),
                "steps": schedule.steps,
                "mean difference to what was there, grey levels, last tenth": round(distance * _HALF, 2),
                "parameters": int(model.count_params()),
                "greatest difference of the export, grey levels": round(difference, 6),
            },
            "data": list(DATA),
            "licence": LICENCE,
            "created": f"{datetime.now(UTC):%Y-%m-%d}",
        }
    )
    card.write(out)
    return card


def build(width: int = 16, seed: int = 0) -> keras.Model:
    """Return an untrained inpainter.

    ``picture`` (N, H, W, 3) float32 in [0, 255] and ``mask`` (N, H, W, 1), 1 in the hole, to ``filled`` (N, H, W, 3) in
    grey levels; H and W multiples of 4. The hole is roughly filled when it comes in (gated.rough), in place of what the
    paper's first network gives; what is learnt is the difference to that, which in the beginning is none.
    """
    keras.utils.set_random_seed(seed)
    picture, mask = keras.Input((None, None, 3), name="picture"), keras.Input((None, None, 1), name="mask")
    flow = layers.Concatenate()([picture / _HALF - 1.0, mask])
    flow = gated(flow, width, size=5)
    flow = gated(gated(flow, 2 * width, step=2), 2 * width)
    flow = gated(flow, 4 * width, step=2)
    for dilation in _DILATIONS:
        flow = gated(flow, 4 * width, dilation=dilation)
    flow = gated(gated(layers.UpSampling2D()(flow), 2 * width), 2 * width)
    flow = gated(gated(layers.UpSampling2D()(flow), width), width)
    change = layers.Conv2D(3, 3, padding="same", kernel_initializer="zeros")(flow)
    return keras.Model([picture, mask], layers.Identity(name="filled")(picture + change * _HALF))


def gated(
    flow: keras.KerasTensor, filters: int, *, size: int = 3, step: int = 1, dilation: int = 1
) -> keras.KerasTensor:
    """Return a convolution's answers, each let through as far as a second convolution says."""
    both = layers.Conv2D(2 * filters, size, strides=step, dilation_rate=dilation, padding="same")(flow)
    said, let = ops.split(both, 2, axis=-1)
    return ops.elu(said) * ops.sigmoid(let)


def judge(width: int = 32, seed: int = 0) -> keras.Model:
    """Return an untrained judge: colours in [-1, 1] and the mask, (N, H, W, 4), to a (N, H/16, W/16, 1) opinion."""
    keras.utils.set_random_seed(seed)
    flow = shown = keras.Input((None, None, 4))
    for filters in (width, 2 * width, 2 * width, 2 * width):
        made = layers.SpectralNormalization(layers.Conv2D(filters, 5, strides=2, padding="same"))(flow)
        flow = layers.LeakyReLU(negative_slope=0.2)(made)
    return keras.Model(shown, layers.SpectralNormalization(layers.Conv2D(1, 3, padding="same"))(flow))


def train(pictures: Sequence[Picture], schedule: Schedule, progress: Progress) -> tuple[keras.Model, float]:
    """Return an inpainter that has learnt from photographs of at least 64×64, and how far off it is in the end.

    That is the mean distance of the last tenth of the steps: see :func:`_distance`.
    """
    rng = np.random.default_rng(schedule.seed)
    model, other = build(seed=schedule.seed), judge(seed=schedule.seed)
    rate = keras.optimizers.schedules.CosineDecay(schedule.learning_rate, schedule.steps)
    ours, theirs = keras.optimizers.Adam(rate), keras.optimizers.Adam(4e-4, beta_1=0.5)

    def alone(picture: tf.Tensor, started: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = _distance(model([started, mask], training=True), picture, mask)
        _descend(ours, tape, loss, model)
        return loss

    def judged(picture: tf.Tensor, started: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape, tf.GradientTape() as others:
            filled = model([started, mask], training=True)
            fake = _shown(picture * (1 - mask) + filled * mask, mask)
            both = other(tf.concat([fake, _shown(picture, mask)], axis=0), training=True)
            opinion, held = tf.split(both, 2)
            distance = _distance(filled, picture, mask)
            loss = distance - schedule.judged * tf.reduce_mean(opinion)
            theirs_loss = tf.reduce_mean(tf.nn.relu(1 - held)) + tf.reduce_mean(tf.nn.relu(1 + opinion))
        _descend(ours, tape, loss, model)
        _descend(theirs, others, theirs_loss, other)
        return distance

    first, then = tf.function(alone), tf.function(judged)
    masks = _holes(rng)
    distances: list[float] = []
    for number in range(schedule.steps):
        step = first if number < schedule.judged_from * schedule.steps else then
        distances.append(float(step(*_batch(pictures, masks, schedule.batch, rng))))
        if number % 100 == 99:
            progress(f"difference {np.mean(distances[-100:]):.4f}", (number + 1) / schedule.steps)
    return model, float(np.mean(distances[-max(1, schedule.steps // 10) :]))


def _descend(optimizer: keras.optimizers.Optimizer, tape: tf.GradientTape, loss: tf.Tensor, model: keras.Model) -> None:
    weights = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))


def _distance(filled: tf.Tensor, picture: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Return the mean absolute difference in holes, in half ranges, and a tenth of that around them."""
    off = tf.abs(filled - picture) / _HALF
    inside = tf.reduce_sum(off * mask) / (3 * tf.reduce_sum(mask))
    outside = tf.reduce_sum(off * (1 - mask)) / (3 * tf.reduce_sum(1 - mask))
    return inside + 0.1 * outside


def _shown(picture: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    return tf.concat([picture / _HALF - 1, mask], axis=-1)


def _holes(rng: np.random.Generator) -> list[Mask]:
    """Return holes of many shapes and areas in pictures of 64×64."""
    found: list[Mask] = []
    while len(found) < _HOLES:
        area = round(np.exp(rng.uniform(np.log(_SMALLEST), np.log(_LARGEST))))
        try:
            found.append(hole(rng.choice(list(Shape)), area, (CROP, CROP), rng))
        except ValueError:  # an irregular one too long for the picture
            continue
    return found


def _batch(
    pictures: Sequence[Picture], masks: Sequence[Mask], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], ...]:
    """Return pictures, the same with holes roughly filled, and the holes."""
    cut = []
    for number in rng.integers(0, len(pictures), count):
        height, width = pictures[number].shape[:2]
        top, left = int(rng.integers(0, height - CROP + 1)), int(rng.integers(0, width - CROP + 1))
        crop = pictures[number][top : top + CROP, left : left + CROP]
        cut.append(crop[:, ::-1] if rng.random() < 0.5 else crop)
    over = [np.rot90(masks[number], int(rng.integers(0, 4))) for number in rng.integers(0, len(masks), count)]
    shown = np.stack(cut).astype(np.float32)
    started = [rough(picture, mask) for picture, mask in zip(shown, over, strict=True)]
    return shown, np.stack(started), np.stack(over).astype(np.float32)[..., None]


def to_onnx(model: keras.Model, path: Path) -> float:
    """Write an inpainter to an ONNX file and return its greatest difference to the Keras model, in grey levels.

    Raises ModelError when the two differ by more than a twentieth.
    """
    signature = [
        [
            tf.TensorSpec((None, None, None, 3), tf.float32, name="picture"),
            tf.TensorSpec((None, None, None, 1), tf.float32, name="mask"),
        ]
    ]
    with quiet():
        tf2onnx.convert.from_keras(model, input_signature=signature, opset=OPSET, output_path=str(path))
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (1, 48, 80, 3)).astype(np.float32)
    mask = np.zeros((1, 48, 80, 1), np.float32)
    mask[:, 12:30, 20:50] = 1
    (exported,) = one_core_session(path).run(["filled"], {"picture": picture, "mask": mask})
    difference = float(np.abs(exported - np.asarray(model([picture, mask], training=False))).max())
    if difference > _TOLERANCE:
        raise ModelError(f"{path}: the exported model differs from the trained one by {difference:g} grey levels")
    return difference
