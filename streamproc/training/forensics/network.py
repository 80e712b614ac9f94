"""The network that sees paint in luma, and its training. Imports TensorFlow, as no daemon does.

Paint has no noise of its own, or not its surroundings'. So the first layer is 32 learned high-pass filters of 8×8
pixels (each kept free of a mean, after Bayar, Stamm 2016, "A Deep Learning Approach to Universal Image Manipulation
Detection Using a New Convolutional Layer"), at every fourth pixel; what counts of their answers is how large they are,
compressed to [0, 1). Dense 3×3 layers at an eighth of the scale compare a place with what surrounds it, up to 80 pixels
away; the last ones give a logit for every second pixel. The design follows Li, Huang 2019, "Localization of Deep
Inpainting Using High-Pass Fully Convolutional Network"; the loss is focal (Lin and others 2017).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tf2onnx
from keras import layers, ops
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.training.export import OPSET, one_core_session, quiet
from streamproc.training.forensics.scenes import CROP, IGNORED, PAINTED, Crops

Progress = Callable[[str, float], None]

STEP = 8
"""Height and width of what goes in are multiples of it."""
_DILATIONS = 1, 2, 4, 2, 1
_PRIOR = -3.0  # logit of an untrained network: little is painted
_ALPHA, _GAMMA = 0.75, 2.0
_TOLERANCE = 1e-3  # of a logit


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long to train. It ends by steps, so that the same seed gives the same network on one machine."""

    steps: int = 1200
    batch: int = 24
    """Crops a step."""
    learning_rate: float = 3e-3
    """At its peak; falls to nothing along a cosine."""
    seed: int = 0


def no_mean(weights: keras.KerasTensor) -> keras.KerasTensor:
    """Return filters, (h, w, in, out), each less its mean: they answer to detail and not to brightness."""
    return weights - ops.mean(weights, axis=(0, 1, 2), keepdims=True)


def build(channels: int = 32, seed: int = 0) -> keras.Model:
    """Return an untrained network: ``luma`` (N, H, W, 1) float32 in [0, 255] to ``logit`` (N, H/2, W/2, 1)."""
    keras.utils.set_random_seed(seed)
    light = keras.Input((None, None, 1), name="luma")
    first = layers.Conv2D(
        channels,
        8,
        strides=4,
        padding="same",
        use_bias=False,
        kernel_constraint=no_mean,
        kernel_initializer=_high_pass,
    )(light)
    size = ops.abs(first)
    fine = size / (size + 1.0)
    flow = _conv(fine, channels, step=2)
    for dilation in _DILATIONS:
        flow = _conv(flow, channels, dilation=dilation)
    flow = layers.Conv2DTranspose(16, 2, strides=2)(flow)
    flow = layers.ReLU()(layers.Add()([flow, layers.Conv2D(16, 1)(fine)]))
    flow = _conv(flow, 16)
    flow = layers.Conv2DTranspose(1, 2, strides=2, bias_initializer=keras.initializers.Constant(_PRIOR), name="logit")(
        flow
    )
    return keras.Model(light, flow)


def _high_pass(shape: tuple[int, ...], dtype: object = None) -> keras.KerasTensor:
    """Return the cosine transform's finer base pictures, (8, 8, 1, N): the finest first."""
    places = (np.arange(8) + 0.5) * np.pi / 8
    waves = sorted(((row, column) for row in range(8) for column in range(8)), key=sum, reverse=True)[: shape[-1]]
    pictures = [np.outer(np.cos(row * places), np.cos(column * places)) for row, column in waves]
    scaled = [picture / np.linalg.norm(picture) / 2 for picture in pictures]
    return ops.convert_to_tensor(np.stack(scaled, -1)[:, :, None], dtype="float32")


def _conv(flow: keras.KerasTensor, filters: int, *, step: int = 1, dilation: int = 1) -> keras.KerasTensor:
    made = layers.Conv2D(filters, 3, strides=step, dilation_rate=dilation, padding="same", use_bias=False)(flow)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.97)(made))


def train(model: keras.Model, crops: Crops, schedule: Schedule, progress: Progress) -> float:
    """Train it on crops, each flipped and turned at random. Returns the mean loss of the last tenth of the steps."""
    rng = np.random.default_rng(schedule.seed)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(schedule.learning_rate, schedule.steps))

    def step(light: tf.Tensor, wanted: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = _focal(model(light, training=True), wanted, weight)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    compiled = tf.function(step)
    losses: list[float] = []
    for number in range(schedule.steps):
        losses.append(float(compiled(*_batch(crops, schedule.batch, rng))))
        if number % 100 == 99:
            progress(f"loss {np.mean(losses[-100:]):.5f}", (number + 1) / schedule.steps)
    return float(np.mean(losses[-max(1, schedule.steps // 10) :]))


def _batch(crops: Crops, count: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
    chosen = rng.integers(0, len(crops.luma), count)
    light, truth = crops.luma[chosen], crops.truth[chosen]
    turned = int(rng.integers(0, 4))
    light, truth = np.rot90(light, turned, (1, 2)), np.rot90(truth, turned, (1, 2))
    if rng.random() < 0.5:
        light, truth = light[:, :, ::-1], truth[:, :, ::-1]
    # the share of painted pixels in each square of two by two
    squares = truth.reshape(count, CROP // 2, 2, CROP // 2, 2)
    wanted = (squares == PAINTED).mean(axis=(2, 4))
    weight = (squares != IGNORED).all(axis=(2, 4))
    return tuple(np.ascontiguousarray(one, np.float32)[..., None] for one in (light, wanted, weight))


def _focal(logit: tf.Tensor, wanted: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
    """Return the focal loss, for targets that may lie between 0 and 1, per painted pixel and untouched one alike."""
    likely = tf.sigmoid(logit)
    surprise = tf.nn.sigmoid_cross_entropy_with_logits(wanted, logit)
    off = tf.abs(wanted - likely) ** _GAMMA
    side = wanted * _ALPHA + (1 - wanted) * (1 - _ALPHA)
    return tf.reduce_sum(weight * side * off * surprise) / tf.reduce_sum(weight) * 10.0


def to_onnx(model: keras.Model, path: Path) -> float:
    """Write ``luma`` → ``logit`` to an ONNX file and return its greatest difference to the Keras model, in logits.

    Raises ModelError when the two differ by more than a thousandth.
    """
    signature = [tf.TensorSpec((None, None, None, 1), tf.float32, name="luma")]
    with quiet():
        tf2onnx.convert.from_keras(model, input_signature=signature, opset=OPSET, output_path=str(path))
    light = np.random.default_rng(0).integers(0, 256, (2, 96, 160, 1)).astype(np.float32)
    exported = one_core_session(path).run(["logit"], {"luma": light})[0]
    difference = float(np.abs(exported - np.asarray(model(light, training=False))).max())
    if difference > _TOLERANCE:
        raise ModelError(f"{path}: the exported model differs from the trained one by {difference:g}")
    return difference
