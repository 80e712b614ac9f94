"""Writes a trained network as the ONNX file that the daemon runs. Imports TensorFlow, as no daemon does."""

import contextlib
import io
import logging
from collections.abc import Iterator
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
    convert(model, path)
    height, width = model.input_shape[1:3]
    images = np.random.default_rng(0).integers(0, 256, (32, height, width, 3), np.uint8)
    difference = float(np.abs(run(path, images) - network.logits(model, images)).max())
    if difference > _TOLERANCE:
        raise ModelError(f"{path}: the exported model differs from the trained one by {difference:g}")
    return difference


def run(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the (N,) logits that an ONNX file gives for (N, h, w, 3) pictures, on one core."""
    session = one_core_session(path)
    parts = [
        session.run(["logit"], {"image": images[at : at + 64].astype(np.float32)})[0][:, 0]
        for at in range(0, len(images), 64)
    ]
    return np.asarray(np.concatenate(parts), np.float32)


def convert(model: keras.Model, path: Path) -> None:
    """Write a network that takes ``image``, (N, h, w, 3), to an ONNX file; its outputs keep their names."""
    signature = [tf.TensorSpec((None, *model.input_shape[1:3], 3), tf.float32, name="image")]
    with quiet():
        tf2onnx.convert.from_keras(model, input_signature=signature, opset=OPSET, output_path=str(path))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep tf2onnx from talking, and Keras 3 from printing about names that tf2onnx looks for in vain."""
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    with contextlib.redirect_stderr(io.StringIO()):
        yield


def one_core_session(path: Path) -> onnxruntime.InferenceSession:
    """Return a session of an ONNX file on one core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
