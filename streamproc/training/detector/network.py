"""The network that finds bugs in a whole picture, its targets and its training. Imports TensorFlow, as no daemon does.

One stage, no anchors: for each cell of 8×8 pixels a logit that a bug has its middle there, and that bug's box (after
Zhou, Wang, Krähenbühl 2019, "Objects as Points"; the box is learnt by its overlap, after Rezatofighi et al. 2019,
"Generalized Intersection over Union").
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from streamproc.training.detector.scenes import HEIGHT, WIDTH, Scene

Progress = Callable[[str, float], None]

STRIDE = 8
"""Pixels a cell."""
ROWS, COLUMNS = HEIGHT // STRIDE, WIDTH // STRIDE
_PRIOR = -4.0  # logit of an untrained cell: almost none holds a middle
_MOMENTUM = 0.97  # of batch normalisation's means: a few hundred steps must do for them to settle
_LARGEST = 5.0  # of log width or height in cells, beyond which a raw output would overflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long to train. It ends by steps, so that the same seed gives the same network on one machine."""

    steps: int = 1300
    batch: int = 8
    """Pictures a step."""
    learning_rate: float = 2e-3
    """At its peak; falls to nothing along a cosine."""
    seed: int = 0


def build(channels: tuple[int, int, int, int] = (16, 24, 48, 64), seed: int = 0) -> keras.Model:
    """Return an untrained network: ``image`` (N, 288, 512, 3) float32 RGB in [0, 255] to ``cells`` (N, 36, 64, 5).

    cells: logit; then of the box its middle's offset right and down from the cell's middle, and the logarithms of its
    width and height; all in cells.
    """
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    stem, fine, middle, deep = channels
    image = keras.Input((HEIGHT, WIDTH, 3), name="image")
    flow = layers.Rescaling(1 / 127.5, offset=-1.0)(image)
    flow = _conv(_conv(_conv(flow, stem, step=2), fine, step=2), fine)
    eighth = _conv(_conv(flow, middle, step=2), middle)
    sixteenth = _conv(_conv(eighth, deep, step=2), deep)
    rest = _conv(_conv(sixteenth, deep, step=2), deep)
    sixteenth = _conv(layers.Add()([sixteenth, layers.UpSampling2D()(_conv(rest, deep, size=1))]), deep)
    eighth = layers.Add()([eighth, layers.UpSampling2D()(_conv(sixteenth, middle, size=1))])
    eighth = _conv(_conv(eighth, middle), middle)
    logit = layers.Conv2D(1, 1, bias_initializer=keras.initializers.Constant(_PRIOR))(eighth)
    box = layers.Conv2D(4, 1, bias_initializer=keras.initializers.Constant(0.5))(eighth)
    return keras.Model(image, layers.Concatenate(name="cells")([logit, box]))


def _conv(flow: keras.KerasTensor, filters: int, *, size: int = 3, step: int = 1) -> keras.KerasTensor:
    flow = keras.layers.Conv2D(filters, size, strides=step, padding="same", use_bias=False)(flow)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=_MOMENTUM)(flow))


def targets(scene: Scene) -> NDArray[np.float32]:
    """Return (36, 64, 7) float32: heat 0 to 1, its weight, the box as the network gives it, and the box's weight.

    The heat falls off around a bug's middle as a Gaussian as wide as the bug; only the cell of the middle has 1.
    Where a bug can't be seen the heat weighs nothing: finding it is neither right nor wrong.
    """
    wanted = np.zeros((ROWS, COLUMNS, 7), np.float32)
    wanted[:, :, 1] = 1
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS] + 0.5
    for bug in scene.bugs:
        left, top, right, bottom = np.array(bug.box) * (COLUMNS, ROWS, COLUMNS, ROWS)
        x, y, width, height = (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
        if not bug.is_seen:
            inside = (columns > left - 1) & (columns < right + 1) & (rows > top - 1) & (rows < bottom + 1)
            wanted[inside, 1] = 0
            continue
        row, column = min(int(y), ROWS - 1), min(int(x), COLUMNS - 1)
        far = ((columns - column - 0.5) / max(0.6, width / 6)) ** 2 + ((rows - row - 0.5) / max(0.6, height / 6)) ** 2
        heat = np.exp(-far / 2)
        wanted[:, :, 0] = np.maximum(wanted[:, :, 0], heat)
        near = heat > 0.4
        wanted[near, 2], wanted[near, 3] = (x - columns)[near], (y - rows)[near]
        wanted[near, 4:6] = np.log(width), np.log(height)
        wanted[near, 6] = heat[near] / heat[near].sum()
    return wanted


def train(model: keras.Model, scenes: Sequence[Scene], schedule: Schedule, progress: Progress) -> float:
    """Train in place; return the mean loss of the last tenth of the steps. Mirrors, relights and shifts pictures."""
    rng = np.random.default_rng(schedule.seed)
    optimizer = keras.optimizers.AdamW(schedule.learning_rate, weight_decay=1e-4, clipnorm=10.0)
    optimizer.build(model.trainable_variables)

    def step(images: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = loss(model(images, training=True), wanted)
        optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
        return value

    compiled = tf.function(step)
    wanted = np.stack([targets(scene) for scene in scenes])
    passes = math.ceil(schedule.steps * schedule.batch / len(scenes))
    order = np.concatenate([rng.permutation(len(scenes)) for _ in range(passes)])
    values: list[float] = []
    for number in range(schedule.steps):
        optimizer.learning_rate.assign(_rate(schedule, number))
        chosen = order[number * schedule.batch : (number + 1) * schedule.batch]
        images, maps = _varied(np.stack([scenes[index].picture for index in chosen]), wanted[chosen], rng)
        values.append(float(compiled(tf.constant(images), tf.constant(maps))))
        if number % 20 == 0:
            progress(f"training, loss {np.mean(values[-20:]):.3f}", number / schedule.steps)
    return float(np.mean(values[-max(1, schedule.steps // 10) :]))


def loss(cells: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """Return the focal loss of the heat and the overlap loss of the boxes, a bug. Shapes (N, 36, 64, 5) and (…, 7)."""
    heat, weight = wanted[..., 0], wanted[..., 1]
    logit = cells[..., 0]
    probability = tf.clip_by_value(tf.sigmoid(logit), 1e-4, 1 - 1e-4)
    middle = tf.cast(heat >= 1, tf.float32)
    count = tf.maximum(1.0, tf.reduce_sum(middle))
    right = middle * (1 - probability) ** 2 * tf.math.log(probability)
    wrong = (1 - middle) * (1 - heat) ** 4 * probability**2 * tf.math.log(1 - probability)
    focal = -tf.reduce_sum(weight * (right + wrong)) / count
    share = wanted[..., 6]
    overlap = tf.reduce_sum(share * (1 - _generalised_iou(cells[..., 1:], wanted[..., 2:6])))
    apart = tf.reduce_sum(share[..., None] * tf.abs(cells[..., 1:] - wanted[..., 2:6]))
    return focal + (overlap + 0.3 * apart) / count


def _generalised_iou(given: tf.Tensor, true: tf.Tensor) -> tf.Tensor:
    (left, top, right, bottom), (left_, top_, right_, bottom_) = _sides(given), _sides(true)
    across = tf.maximum(0.0, tf.minimum(right, right_) - tf.maximum(left, left_))
    down = tf.maximum(0.0, tf.minimum(bottom, bottom_) - tf.maximum(top, top_))
    both = across * down
    either = (right - left) * (bottom - top) + (right_ - left_) * (bottom_ - top_) - both
    hull = (tf.maximum(right, right_) - tf.minimum(left, left_)) * (tf.maximum(bottom, bottom_) - tf.minimum(top, top_))
    return both / (either + 1e-6) - (hull - either) / (hull + 1e-6)


def _sides(box: tf.Tensor) -> tuple[tf.Tensor, ...]:
    half = tf.exp(tf.clip_by_value(box[..., 2:4], -_LARGEST, _LARGEST)) / 2
    return (
        box[..., 0] - half[..., 0],
        box[..., 1] - half[..., 1],
        box[..., 0] + half[..., 0],
        box[..., 1] + half[..., 1],
    )


def _rate(schedule: Schedule, number: int) -> float:
    warm = min(1.0, (number + 1) / max(1, schedule.steps // 20))
    return schedule.learning_rate * warm * (0.5 + 0.5 * math.cos(math.pi * number / schedule.steps))


def _varied(
    images: NDArray[np.uint8], wanted: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mirror half of the pictures, with their targets, and vary light and colour."""
    maps = wanted.copy()
    gain = rng.uniform(0.85, 1.15, (len(images), 1, 1, 3)).astype(np.float32)
    lift = rng.normal(0, 8, (len(images), 1, 1, 3)).astype(np.float32)
    lit = images * gain + lift
    for index in np.flatnonzero(rng.random(len(images)) < 0.5):
        lit[index] = lit[index, :, ::-1]
        maps[index] = maps[index, :, ::-1]
        maps[index, :, :, 2] *= -1
    return np.asarray(np.clip(lit, 0, 255), np.float32), maps
