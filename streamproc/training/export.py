"""Writes a trained network as the ONNX file that the daemon runs. Imports TensorFlow, as no daemon does."""

import contextlib
import io
import logging
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.training import network

OPSET = 17
_TOLERANCE = 1e-4  # of a logit; beyond it the export is not the network that was trained


def to_onnx(model: keras.Model, path: Path) -> float:
    """Write ``image`` → ``logit`` to an ONNX file and return its greatest difference to the Keras model, in logits.

    Raises ModelError when the two differ by more than 1e-4.
    """
    height, width = model.input_shape[1:3]
    signature = [tf.TensorSpec((None, height, width, 3), tf.float32, name="image")]
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    with contextlib.redirect_stderr(io.StringIO()):  # Keras 3 prints to it about names that tf2onnx looks for in vain
        tf2onnx.convert.from_keras(model, input_signature=signature, opset=OPSET, output_path=str(path))
    images = np.random.default_rng(0).integers(0, 256, (32, height, width, 3), np.uint8)
    difference = float(np.abs(run(path, images) - network.logits(model, images)).max())
    if difference > _TOLERANCE:
        raise ModelError(f"{path}: the exported model differs from the trained one by {difference:g}")
    return difference


def run(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the (N,) logits that an ONNX file gives for (N, h, w, 3) pictures, on one core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    parts = [
        session.run(["logit"], {"image": images[at : at + 64].astype(np.float32)})[0][:, 0]
        for at in range(0, len(images), 64)
    ]
    return np.asarray(np.concatenate(parts), np.float32)
