"""The network that tells whether a bug is on a crop, and how it is trained. Imports TensorFlow, as no daemon does."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from streamproc.training.dataset import Crops
from streamproc.training.schedule import Schedule

_TOLD = 20  # steps from one entry of the history to the next

Progress = Callable[[str, float], None]
"""Called with what is being done and the share of it that is done, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How the training went."""

    steps: int
    """Steps that were made."""
    planned: int
    """Steps that the schedule asked for; more than were made when the time was up."""
    history: tuple[tuple[int, float], ...]
    """Step, and the mean loss of the steps since the entry before."""


def build(width: int, height: int, seed: int = 0) -> keras.Model:
    """Return an untrained network: ``image`` (N, height, width, 3) float32 RGB in [0, 255] to ``logit`` (N, 1).

    It keeps a coarse map of the corner up to its last layers instead of pooling it away: a bug is a fixed shape in a
    fixed place, and where its parts lie is what tells it from other logos.
    """
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    image = keras.Input((height, width, 3), name="image")
    flow = layers.Rescaling(1 / 127.5, offset=-1.0)(image)
    for filters, size, step in ((16, 5, 2), (32, 3, 2), (32, 3, 1), (48, 3, 2)):
        flow = layers.Conv2D(filters, size, strides=step, padding="same", use_bias=False)(flow)
        flow = layers.BatchNormalization()(flow)
        flow = layers.ReLU()(flow)
    flow = layers.Dropout(0.3)(layers.Flatten()(flow))
    flow = layers.Dense(48, activation="relu")(flow)
    return keras.Model(image, layers.Dense(1, name="logit")(flow))


def train(
    model: keras.Model, crops: Crops, schedule: Schedule, rng: np.random.Generator, progress: Progress
) -> Training:
    """Train in place on soft targets; light, colour and grain vary from step to step."""
    model.compile(
        optimizer=keras.optimizers.AdamW(schedule.learning_rate, weight_decay=1e-4),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        jit_compile=False,  # XLA's convolutions take almost three times as long on a CPU
    )
    count = len(crops.targets)
    steps, batch = schedule.plan(count)
    order = np.concatenate([rng.permutation(count) for _ in range(steps * batch // count + 1)])
    # Grain is drawn once and dealt out anew at each step: drawing it would cost as much as a quarter of the training.
    grain = rng.standard_normal((4 * batch, *crops.images.shape[1:]), np.float32)
    begun = time.monotonic()
    history: list[tuple[int, float]] = []
    made = 0
    for step in range(steps):
        done = max(step / steps, (time.monotonic() - begun) / schedule.most_s)
        if done >= 1:
            break
        model.optimizer.learning_rate.assign(_rate(schedule.learning_rate, step, done))
        chosen = order[step * batch : (step + 1) * batch]
        loss = model.train_on_batch(_varied(crops.images[chosen], grain, rng), crops.targets[chosen, None])
        made = step + 1
        if made % _TOLD == 0 or made == steps:
            history.append((made, float(np.ravel(loss)[0])))  # the mean since the metrics were last reset
            model.reset_metrics()
            progress("training", done)
    progress("training", 1.0)
    return Training(steps=made, planned=steps, history=tuple(history))


def logits(model: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the (N,) raw outputs for (N, h, w, 3) pictures."""
    batches = range(0, len(images), 256)
    parts = [model(images[at : at + 256].astype(np.float32), training=False).numpy()[:, 0] for at in batches]
    return np.asarray(np.concatenate(parts), np.float32)


def _rate(peak: float, step: int, done: float) -> float:
    return peak * min(1.0, (step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * done))


def _varied(images: NDArray[np.uint8], grain: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    count = len(images)
    gain = rng.uniform(0.88, 1.12, (count, 1, 1, 3)).astype(np.float32)
    lift = rng.normal(0, 8, (count, 1, 1, 3)).astype(np.float32)
    coarse = grain[rng.integers(len(grain), size=count)] * rng.uniform(0, 4, (count, 1, 1, 1)).astype(np.float32)
    return np.asarray(np.clip(images * gain + lift + coarse, 0, 255), np.float32)
