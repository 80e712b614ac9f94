"""The network that compares a crop with a reference. Imports TensorFlow, as no daemon does.

What a logo does to a picture is known: I = (1 − oα)B + oαC, with its colour C and alpha α from the reference, an
unknown opacity o and an unknown ground B. So the network first estimates the ground from the pixels that the logo
leaves free, predicts from it what the logo would change (E), and takes what has changed (R). Both go through the same
learned filters; where the two answers agree, normalised by how much is going on there, is what the layers behind see.
"""

import keras
from keras import layers, ops

from streamproc.inference.verifier import INPUT

REACH = 15  # pixels of the window in which the ground is estimated
_FREE = 0.02  # least weight of a pixel that the logo covers wholly
_FLOOR = 2e-3  # of the local energy by which answers are divided: below it is coding noise


def build(seed: int = 0) -> keras.Model:
    """Return an untrained network.

    ``image`` (N, 48, 80, 3) and ``reference`` (N or 1, 48, 80, 4), both float32 in [0, 255] → ``logit`` (N, 1).
    """
    keras.utils.set_random_seed(seed)
    image = keras.Input((INPUT[1], INPUT[0], 3), name="image")
    reference = keras.Input((INPUT[1], INPUT[0], 4), name="reference")
    changed, expected, alpha = residues(image, reference)
    filters = layers.Conv2D(24, 5, strides=2, padding="same", use_bias=False, name="filters")
    agreement = normalised(filters(changed)) * normalised(filters(expected))
    beside = _block(ops.concatenate([changed, expected, alpha], -1), 8, 5, 2)
    flow = ops.concatenate([agreement, beside], -1)
    for count, step in ((32, 2), (32, 1), (48, 2)):
        flow = _block(flow, count, 3, step)
    flow = layers.Dropout(0.3)(layers.Flatten()(flow))
    flow = layers.Dense(48, activation="relu")(flow)
    return keras.Model([image, reference], layers.Dense(1, name="logit")(flow))


def residues(image: keras.KerasTensor, reference: keras.KerasTensor) -> tuple[keras.KerasTensor, ...]:
    """Return what has changed, what the logo would change, and alpha: all (N, h, w, 3 or 1)."""
    seen = image / 127.5 - 1.0
    alpha = reference[..., 3:] / 255.0
    colour = reference[..., :3] * (2 / 255.0) - alpha
    free = (1 + _FREE) - alpha
    ground = _mean(free * seen) / _mean(free)
    return seen - ground, colour - alpha * ground, alpha + ops.zeros_like(seen[..., :1])  # one reference, many crops


def normalised(answers: keras.KerasTensor) -> keras.KerasTensor:
    """Divide filters' answers by the root of their mean energy nearby."""
    energy = ops.mean(ops.square(answers), axis=-1, keepdims=True)
    return answers / ops.sqrt(ops.average_pool(energy, 5, 1, padding="same") + _FLOOR)


def _mean(planes: keras.KerasTensor) -> keras.KerasTensor:
    return ops.average_pool(ops.average_pool(planes, (1, REACH), 1, padding="same"), (REACH, 1), 1, padding="same")


def _block(flow: keras.KerasTensor, filters: int, size: int, step: int) -> keras.KerasTensor:
    flow = layers.Conv2D(filters, size, strides=step, padding="same", use_bias=False)(flow)
    return layers.ReLU()(layers.BatchNormalization()(flow))
