"""A U-Net whose encoder is VGG16's, as the literature has it for forgery segmentation. Imports TensorFlow.

The encoder is VGG16's five blocks of 2, 2, 3, 3 and 3 convolutions (Simonyan, Zisserman 2015, "Very Deep Convolutional
Networks for Large-Scale Image Recognition"), an eighth as wide: 8, 16, 32, 64 and 64 channels. Up again it goes as
Ronneberger, Fischer, Brox 2015 ("U-Net") do, with what each block gave set beside what comes from below. Convolutions
are followed by batch normalisation, for it begins from nothing: weights learnt on ImageNet are not to be had offline.
What is learnt, from what, for how long and by which loss is the residual network's (network.py), so that the two differ
in nothing but the network: one channel of luma goes in, and the way up ends at half scale.
"""

from pathlib import Path
from typing import Any

import keras
from keras import layers

from streamproc.forensics.residual import Verdict
from streamproc.inference.card import MODEL_FILE
from streamproc.inference.forensics import Unet, UnetCard
from streamproc.training.forensics import network
from streamproc.training.forensics.carded import network_card, settled
from streamproc.training.forensics.residual import Progress, trained
from streamproc.training.forensics.scenes import Crops

WIDTHS = 8, 16, 32, 64, 64
"""Channels of the encoder's blocks; VGG16's are eight times as many."""
_CONVOLUTIONS = 2, 2, 3, 3, 3


def build(widths: tuple[int, ...] = WIDTHS, seed: int = 0) -> keras.Model:
    """Return an untrained network: ``luma`` (N, H, W, 1) float32 in [0, 255] to ``logit`` (N, H/2, W/2, 1)."""
    keras.utils.set_random_seed(seed)
    light = keras.Input((None, None, 1), name="luma")
    flow = layers.Rescaling(1 / 64, offset=-2)(light)
    beside = []
    for number, (width, count) in enumerate(zip(widths, _CONVOLUTIONS, strict=True)):
        if number:
            flow = layers.MaxPooling2D()(flow)
        for _ in range(count):
            flow = _conv(flow, width)
        beside.append(flow)
    for finer in reversed(beside[1:-1]):
        width = finer.shape[-1]
        flow = layers.Concatenate()([finer, layers.Conv2DTranspose(width, 2, strides=2)(flow)])
        flow = _conv(_conv(flow, width), width)
    prior = keras.initializers.Constant(network.PRIOR)
    return keras.Model(light, layers.Conv2D(1, 1, bias_initializer=prior, name="logit")(flow))


def _conv(flow: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    made = layers.Conv2D(filters, 3, padding="same", use_bias=False)(flow)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.97)(made))


def build_model(crops: Crops, data: Path, out: Path, schedule: network.Schedule, progress: Progress) -> UnetCard:
    """Train on crops, export, choose thresholds on sources of their own, and write the model's folder."""
    out.mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {"crops": len(crops.truth), "channels of the encoder's blocks": [*WIDTHS]}
    told |= trained(build(seed=schedule.seed), crops, schedule, out / MODEL_FILE, progress)
    return settled(card_of, Unet.load, out, data, told)


def card_of(out: Path, how: Verdict, metrics: dict[str, Any]) -> UnetCard:
    """Return the card of the network in ``out``."""
    return network_card(UnetCard, out, how, metrics)
