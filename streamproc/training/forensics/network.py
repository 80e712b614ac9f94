"""The two networks that see paint, and their training. Imports TensorFlow, as no daemon does.

Paint has no noise of its own, or not its surroundings'. So the first layer of each is learned high-pass filters (each
kept free of a mean, after Bayar, Stamm 2016, "A Deep Learning Approach to Universal Image Manipulation Detection Using
a New Convolutional Layer"); what counts of their answers is how large they are, compressed to [0, 1). Dense 3×3 layers,
dilated, compare a place with what surrounds it, and see how bright it is. The design follows Li, Huang 2019,
"Localization of Deep Inpainting Using High-Pass Fully Convolutional Network"; the loss is focal (Lin and others 2017).

The coarse one looks at luma with filters of 8×8 at every fourth pixel, compares at an eighth of the scale, 136 pixels
far, and gives a logit for every fourth pixel: it is for every keyframe. The fine one looks at colours with filters of
5×5 at every pixel, compares at half the scale, and gives a logit for every pixel: it sees small holes, in stills.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf2onnx
from keras import layers, ops
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.forensics.laplacian import colours_and_change
from streamproc.training.export import OPSET, one_core_session, quiet
from streamproc.training.forensics.exported import write
from streamproc.training.forensics.scenes import CROP, IGNORED, PAINTED, SMALL, Crops

Progress = Callable[[str, float], None]

STEP = 8
"""Height and width of what goes in are multiples of it."""
FINE_SIDE = 96
"""Pixels a side of what the fine network is trained on."""
_REACH = {"coarse": (1, 2, 4, 8, 2), "fine": (1, 2, 4, 8, 4, 1)}  # dilations
_POOLED = {"coarse": 8, "fine": 2}  # pixels a side over which brightness is averaged
PRIOR = -3.0
"""Logit of an untrained network: little is painted."""
_ALPHA, _GAMMA = 0.75, 2.0
_TOLERANCE = 1e-3  # of a logit
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long to train. It ends by steps, so that the same seed gives the same network on one machine."""

    steps: int = 12000
    batch: int = 12
    """Crops a step; every second one has something painted."""
    side: int = CROP
    """Pixels a side of what is cut out of each."""
    learning_rate: float = 3e-3
    """At its peak; falls to nothing along a cosine."""
    seed: int = 0


def no_mean(weights: keras.KerasTensor) -> keras.KerasTensor:
    """Return filters, (h, w, in, out), each less its mean: they answer to detail and not to brightness."""
    return weights - ops.mean(weights, axis=(0, 1), keepdims=True)


def build(channels: int = 32, seed: int = 0) -> keras.Model:
    """Return an untrained coarse network: ``luma`` (N, H, W, 1) float32 in [0, 255] to ``logit`` (N, H/4, W/4, 1)."""
    keras.utils.set_random_seed(seed)
    light = keras.Input((None, None, 1), name="luma")
    detail = _detail(light, channels, 8, 4)
    level = layers.AveragePooling2D(_POOLED["coarse"])(light) / 255.0
    flow = _compared(detail, level, channels, _REACH["coarse"])
    return keras.Model(light, _logit(flow, detail), name="coarse")


def build_fine(channels: int = 24, seed: int = 0) -> keras.Model:
    """Return an untrained fine network: ``colours`` (N, H, W, 6) float32 to ``logit`` (N, H, W, 1).

    Of its channels, three are RGB in [0, 255], and three the change of the Laplacian in them (forensics/laplacian.py).
    """
    keras.utils.set_random_seed(seed)
    seen = keras.Input((None, None, 6), name="colours")
    colours, change = seen[..., :3], ops.abs(seen[..., 3:])
    change = change / (change + 0.5)
    detail = _detail(colours, 16, 5, 1)
    level = layers.AveragePooling2D(_POOLED["fine"])(colours) / 255.0
    flow = _compared(detail, level, channels, _REACH["fine"], change)
    return keras.Model(seen, _logit(flow, detail, change), name="fine")


def _detail(seen: keras.KerasTensor, count: int, size: int, step: int) -> keras.KerasTensor:
    """Return how large the answers of high-pass filters are, compressed to [0, 1)."""
    answers = layers.Conv2D(
        count,
        size,
        strides=step,
        padding="same",
        use_bias=False,
        kernel_constraint=no_mean,
        kernel_initializer=_high_pass,
        name="detail",
    )(seen)
    large = ops.abs(answers)
    return large / (large + 1.0)


def _compared(
    detail: keras.KerasTensor,
    level: keras.KerasTensor,
    channels: int,
    reach: tuple[int, ...],
    change: keras.KerasTensor | None = None,
) -> keras.KerasTensor:
    """Return dilated layers' answers, at half the scale of the detail, which is that of the level."""
    flow = layers.Conv2D(channels, 3, strides=2, padding="same", use_bias=False, name="reduced")(detail)
    bright = layers.Conv2D(channels, 3, padding="same", use_bias=False, name="level")(level)
    summed = [flow, bright]
    if change is not None:
        summed.append(layers.Conv2D(channels, 3, strides=2, padding="same", use_bias=False, name="change")(change))
    flow = layers.ReLU()(layers.BatchNormalization(momentum=0.97, name="reduced_norm")(layers.Add()(summed)))
    for number, dilation in enumerate(reach):
        flow = _conv(flow, channels, f"compared_{number}", dilation=dilation)
    return flow


def _logit(
    flow: keras.KerasTensor, detail: keras.KerasTensor, change: keras.KerasTensor | None = None
) -> keras.KerasTensor:
    """Return logits at the scale of the detail, which is seen once more beside what was compared."""
    flow = layers.Conv2DTranspose(16, 2, strides=2, name="up")(flow)
    summed = [flow, layers.Conv2D(16, 1, name="beside")(detail)]
    if change is not None:
        summed.append(layers.Conv2D(16, 1, use_bias=False, name="beside_change")(change))
    flow = layers.ReLU()(layers.Add()(summed))
    flow = _conv(flow, 16, "joined")
    prior = keras.initializers.Constant(PRIOR)
    return layers.Conv2D(1, 3, padding="same", bias_initializer=prior, name="logit")(flow)


def _high_pass(shape: tuple[int, ...], dtype: object = None) -> keras.KerasTensor:
    """Return the cosine transform's finer base pictures, (h, w, in, N), the finest first, in mixed colours."""
    size, colours, count = shape[0], shape[2], shape[3]
    places = (np.arange(size) + 0.5) * np.pi / size
    waves = sorted(((row, column) for row in range(size) for column in range(size)), key=sum, reverse=True)[:count]
    pictures = [np.outer(np.cos(row * places), np.cos(column * places)) for row, column in waves]
    finest = np.stack([picture / np.linalg.norm(picture) / 2 for picture in pictures], -1)[:, :, None]
    mixed = np.random.default_rng(count).normal(1 / colours, 0.3, (colours, count)) if colours > 1 else 1.0
    return ops.convert_to_tensor(finest * mixed, dtype="float32")


def _conv(flow: keras.KerasTensor, filters: int, name: str, *, dilation: int = 1) -> keras.KerasTensor:
    made = layers.Conv2D(filters, 3, dilation_rate=dilation, padding="same", use_bias=False, name=name)(flow)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.97, name=f"{name}_norm")(made))


def train(model: keras.Model, crops: Crops, schedule: Schedule, progress: Progress) -> float:
    """Train it on crops, each flipped and turned at random. Returns the mean loss of the last tenth of the steps."""
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(schedule.learning_rate, schedule.steps))

    def step(seen: tf.Tensor, wanted: tf.Tensor, weight: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            each, loss = _focal(model(seen, training=True), wanted, weight)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return each, loss

    compiled = tf.function(step)
    draw = _Draw(model, crops, schedule)
    losses: list[float] = []
    for number in range(schedule.steps):
        chosen, batch = draw.batch()
        each, loss = compiled(*batch)
        draw.told(chosen, np.asarray(each))
        losses.append(float(loss))
        if number % 100 == 99:
            progress(f"loss {np.mean(losses[-100:]):.5f}", (number + 1) / schedule.steps)
    return float(np.mean(losses[-max(1, schedule.steps // 10) :]))


class _Draw:
    """Draws batches: one half has something painted; of the other, what was mistaken last comes again sooner."""

    def __init__(self, model: keras.Model, crops: Crops, schedule: Schedule) -> None:
        self._crops = crops
        self._side, self._count = schedule.side, schedule.batch
        self._rng = np.random.default_rng(schedule.seed)
        self._fine = model.input_shape[-1] > 1
        seen = np.zeros((1, self._side, self._side, model.input_shape[-1]), np.float32)
        self._scale = self._side // int(model(seen).shape[1])
        painted = np.isin(crops.truth, self._marks).any(axis=(1, 2))
        self._painted, self._clear = np.nonzero(painted)[0], np.nonzero(~painted)[0]
        self._surprise = np.full(len(crops.truth), 1.0)

    @property
    def _marks(self) -> list[int]:
        return [PAINTED, SMALL] if self._fine else [PAINTED]

    def batch(self) -> tuple[NDArray[np.int64], tuple[NDArray[np.float32], ...]]:
        """Return which crops were drawn, and what is seen of them, wanted of them, and how much each place counts."""
        half = self._count // 2 if len(self._clear) else self._count
        likely = self._surprise[self._clear]
        chosen = np.concatenate(
            [
                self._rng.choice(self._painted, half),
                self._rng.choice(self._clear, self._count - half, p=likely / likely.sum())
                if half < self._count
                else np.zeros(0, np.int64),
            ]
        )
        windows = [self._window(number) for number in chosen]
        pixels = np.stack([self._crops.pixels[window] for window in windows])
        truth = np.stack([self._crops.truth[window] for window in windows])
        turned, flip = int(self._rng.integers(0, 4)), 1 if self._rng.random() < 0.5 else -1
        pixels, truth = (np.rot90(one, turned, (1, 2))[:, :, ::flip] for one in (pixels, truth))
        seen = _with_change(pixels) if self._fine else np.rint(pixels @ _LUMA)[..., None]
        blocks = truth.reshape(len(truth), self._side // self._scale, self._scale, -1, self._scale)
        wanted = np.isin(blocks, self._marks).mean(axis=(2, 4))
        ignored = [IGNORED] if self._fine else [IGNORED, SMALL]
        weight = (~np.isin(blocks, ignored)).all(axis=(2, 4)) * (1.0 + 2.0 * (blocks == SMALL).any(axis=(2, 4)))
        return chosen, (
            np.ascontiguousarray(seen, np.float32),
            np.asarray(wanted, np.float32)[..., None],
            np.asarray(weight, np.float32)[..., None],
        )

    def told(self, chosen: NDArray[np.int64], losses: NDArray[np.float32]) -> None:
        """Remember how wrong the network was about each crop: at least a little, and at most so much."""
        now = np.clip(losses * 4, 0.1, 4.0)
        self._surprise[chosen] = 0.5 * self._surprise[chosen] + 0.5 * now

    def _window(self, number: np.int64) -> tuple[Any, ...]:
        """Return a window of a crop, around a painted pixel where there is one."""
        room = CROP - self._side
        if not room:
            return (number,)
        rows, columns = np.nonzero(np.isin(self._crops.truth[number], self._marks))
        top, left = (int(value) for value in self._rng.integers(0, room + 1, 2))
        if len(rows):
            at = int(self._rng.integers(len(rows)))
            near = self._rng.uniform(0.15, 0.85, 2) * self._side
            top, left = (int(np.clip(value, 0, room)) for value in np.rint([rows[at] - near[0], columns[at] - near[1]]))
        return np.s_[number, top : top + self._side, left : left + self._side]


def _with_change(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (N, H, W, 6): pixels, (N, H, W, 3), and the change of the Laplacian in them."""
    return np.stack([colours_and_change(np.ascontiguousarray(one)) for one in pixels])


def _focal(logit: tf.Tensor, wanted: tf.Tensor, weight: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the focal loss of each crop and of all, for targets that may lie between 0 and 1."""
    likely = tf.sigmoid(logit)
    surprise = tf.nn.sigmoid_cross_entropy_with_logits(wanted, logit)
    off = tf.abs(wanted - likely) ** _GAMMA
    side = wanted * _ALPHA + (1 - wanted) * (1 - _ALPHA)
    summed = tf.reduce_sum(weight * side * off * surprise, axis=(1, 2, 3)) * 10.0
    counted = tf.reduce_sum(weight, axis=(1, 2, 3))
    return summed / (counted + 1.0), tf.reduce_sum(summed) / (tf.reduce_sum(counted) + 1.0)


def to_onnx(model: keras.Model, path: Path) -> float:
    """Write a network to an ONNX file, names kept, and return its greatest difference to the Keras model, in logits.

    Raises ModelError when the two differ by more than a thousandth.
    """
    name, channels = model.inputs[0].name, model.input_shape[-1]
    if model.name in _REACH:
        write(model, path, _REACH[model.name], _POOLED[model.name])
    else:
        signature = [tf.TensorSpec((None, None, None, channels), tf.float32, name=name)]
        with quiet():
            tf2onnx.convert.from_keras(model, input_signature=signature, opset=OPSET, output_path=str(path))
    seen = np.random.default_rng(0).integers(0, 256, (2, 96, 160, channels)).astype(np.float32)
    exported = one_core_session(path).run(["logit"], {name: seen})[0]
    difference = float(np.abs(exported - np.asarray(model(seen, training=False))).max())
    if difference > _TOLERANCE:
        raise ModelError(f"{path}: the exported model differs from the trained one by {difference:g}")
    return difference
