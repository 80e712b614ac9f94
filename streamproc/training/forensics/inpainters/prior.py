"""Deep Image Prior: a network that has seen no picture but this one. Imports TensorFlow."""

from dataclasses import dataclass
from typing import Final

import keras
import numpy as np
import tensorflow as tf
from keras import initializers, layers
from numpy.typing import NDArray

from streamproc.forensics.traces import Mask, Picture
from streamproc.training.forensics.inpainters.contract import Inpainter, inpainter, parts, rounded

_MARGIN = 48  # pixels around the hole that the network is fitted to
_SKIPPED = 4  # channels that go past a scale
_JITTER = 0.03  # noise on what goes in, new at every step, as published for inpainting


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How long a network is fitted to a picture, and how large it is."""

    steps: int = 400
    channels: int = 32
    scales: int = 5
    """Halvings."""
    learning_rate: float = 0.01
    seed: int = 0


def deep_prior(fit: Fit) -> Inpainter:
    """Return Deep Image Prior: what a small hourglass network, fitted to what is known, says of the hole.

    Of the weights θ it minimizes ‖(f_θ(z) − x₀) ⊙ m‖², x₀ the picture, m what of it is known, z fixed: a network of
    convolutions finds what looks like a picture before it finds noise, so the hole is filled like a picture. z is the
    pixels' coordinates, one of the paper's two inputs: from noise, the other, so short a fit tints large holes.
    It is fitted anew to each of the hole's parts and 48 pixels around it. Every seed gives another fill, the same one
    on one machine.
    Source: Ulyanov, Vedaldi, Lempitsky 2018, "Deep Image Prior", eq. 2 and 7; here with 32 channels instead of 128,
    five scales, and hundreds of steps instead of thousands.
    """

    @inpainter
    def paint(picture: Picture, mask: Mask) -> Picture:
        painted = picture.copy()
        for part in parts(mask, _MARGIN):
            said = _fitted(painted[part.window], part.unknown, fit)
            painted[part.window][part.mine] = said[part.mine]
        return painted

    return paint


deep_image_prior: Final = deep_prior(Fit())
"""As it is measured: a minute or two of CPU for 256×256 pixels."""


def _fitted(picture: Picture, unknown: Mask, fit: Fit) -> Picture:
    """Return what the fitted network says of a picture, (h, w, 3)."""
    height, width = unknown.shape
    step = 1 << fit.scales
    room = (0, -height % step), (0, -width % step)
    wanted = tf.constant(np.pad(picture, (*room, (0, 0)))[None] / np.float32(255))
    known = tf.constant(np.pad(~unknown, room)[None, :, :, None].astype(np.float32))
    rows, columns = np.mgrid[: known.shape[1], : known.shape[2]]
    places = tf.constant(np.stack([rows / len(rows), columns / columns.shape[1]], -1)[None].astype(np.float32))
    model = _hourglass(fit, np.clip(picture[~unknown].mean(axis=0) / 255, 0.01, 0.99))
    optimizer = keras.optimizers.Adam(fit.learning_rate)
    optimizer.build(model.trainable_variables)

    @tf.function  # type: ignore[untyped-decorator]
    def learn(seed: tf.Tensor) -> None:
        jitter = tf.random.stateless_normal(tf.shape(places), seed, stddev=_JITTER)
        with tf.GradientTape() as tape:
            said = model(places + jitter, training=True)
            loss = tf.reduce_mean(tf.square((said - wanted) * known))
        slopes = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(slopes, model.trainable_variables, strict=True))

    for number in range(fit.steps):
        learn(tf.constant([fit.seed, number], tf.int32))
    said: NDArray[np.float32] = model(places, training=True)[0].numpy()
    return rounded(said[:height, :width].astype(np.float64) * 255)


def _hourglass(fit: Fit, mean: NDArray[np.float64]) -> keras.Model:
    """Return an untrained network for a picture of a mean colour (3,) in [0, 1].

    It takes places (1, h, w, 2) and gives a picture (1, h, w, 3) in [0, 1]; h and w can be halved at every
    scale.
    """
    seeds = iter(range(fit.seed * 1000, fit.seed * 1000 + 1000))

    def conv(flow: keras.KerasTensor, filters: int, size: int = 3, step: int = 1) -> keras.KerasTensor:
        begin = initializers.HeNormal(seed=next(seeds))
        made = layers.Conv2D(filters, size, strides=step, padding="same", use_bias=False, kernel_initializer=begin)(
            flow
        )
        return layers.LeakyReLU(0.2)(layers.BatchNormalization()(made))

    places = keras.Input((None, None, 2))
    flow, beside = places, []
    for _ in range(fit.scales):
        beside.append(conv(flow, _SKIPPED, size=1))
        flow = conv(conv(flow, fit.channels, step=2), fit.channels)
    for skipped in reversed(beside):
        flow = layers.Concatenate()([layers.UpSampling2D(interpolation="bilinear")(flow), skipped])
        flow = conv(conv(flow, fit.channels), fit.channels, size=1)
    last = layers.Conv2D(
        3,
        1,
        activation="sigmoid",
        kernel_initializer=initializers.HeNormal(seed=next(seeds)),
        # It begins from the mean colour, so that what nothing holds stays near it.
        bias_initializer=initializers.Constant(np.log(mean / (1 - mean))),
    )
    return keras.Model(places, last(flow))
