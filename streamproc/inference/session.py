"""Runs models: one session a model, shared by all channels."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Literal, Self

import cv2
import numpy as np
import onnxruntime
import structlog
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as state

from streamproc.errors import ModelError
from streamproc.inference.card import MODEL_FILE, Card, read_card
from streamproc.telemetry import Telemetry

log = structlog.get_logger()

Provider = Literal["cpu", "cuda"]
_FATAL_ONLY = 4
# onnxruntime's errors have no common base but Exception
_LOAD_ERRORS = (
    state.EPFail,
    state.Fail,
    state.InvalidArgument,
    state.InvalidGraph,
    state.InvalidProtobuf,
    state.NoModel,
    state.NoSuchFile,
    state.NotImplemented,
    state.RuntimeException,
)
_BATCH = 64


class LogoModel:
    """A network that tells whether one channel's bug is on a picture. Safe to use from several threads."""

    def __init__(self, card: Card, session: onnxruntime.InferenceSession) -> None:
        self.card = card
        self._session = session
        self._fed: dict[str, NDArray[np.float32]] = {}  # beside the crops

    @classmethod
    def load(cls, folder: Path, *, provider: Provider = "cpu") -> Self:
        """Load ``folder``/model.onnx and its card. Raises ModelError when they are missing, broken or don't match."""
        card = read_card(folder)
        path = folder / MODEL_FILE
        session = open_session(path, provider)
        _check(path, card, session)
        model = cls(card, session)
        log.info("model.loaded", model=card.name, provider=model.provider, asked_for=provider)
        return model

    @property
    def provider(self) -> str:
        """What really runs it: ``CPUExecutionProvider`` or ``CUDAExecutionProvider``."""
        return str(self._session.get_providers()[0])

    def log_odds(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return calibrated log odds, natural logarithm, that the bug is on each picture.

        crops: each (H, W, 3) uint8 RGB, of any size; resized here.
        returns: (N,) float32; 0 is undecided.
        """
        if not crops:
            return np.zeros(0, np.float32)
        parts = [self._run(crops[i : i + _BATCH]) for i in range(0, len(crops), _BATCH)]
        calibration = self.card.calibration
        return np.asarray((np.concatenate(parts) - calibration.bias) / calibration.temperature, np.float32)

    def probabilities(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return the calibrated probability in [0, 1] that the bug is on each picture; see :meth:`log_odds`."""
        odds = np.clip(self.log_odds(crops), -60, 60)
        return np.asarray(1 / (1 + np.exp(-odds)), np.float32)

    def _run(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        size = (self.card.input.width, self.card.input.height)
        batch = np.stack([cv2.resize(crop, size, interpolation=cv2.INTER_AREA) for crop in crops]).astype(np.float32)
        (logits,) = self._session.run([self.card.output], {self.card.input.name: batch, **self._fed})
        return np.asarray(logits, np.float32).reshape(len(crops))


class ModelPool:
    """All models of a process: a session each, however many channels share it, and the threads that run them."""

    def __init__(self, telemetry: Telemetry, *, provider: Provider = "cpu", threads: int = 2) -> None:
        self._telemetry = telemetry
        self._provider = provider
        self._models: dict[Path, LogoModel] = {}
        self._lock = Lock()
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix="inference")
        """Where to call a model from a coroutine."""

    def get(self, folder: Path) -> LogoModel:
        """Return the model of a folder, loading it when it is asked for first, or has been replaced. Raises ModelError.

        Whoever was given the former model keeps it.
        """
        key = folder.resolve()
        with self._lock:
            known = self._models.get(key)
            if known is None or known.card != read_card(folder):
                known = LogoModel.load(folder, provider=self._provider)
                self._telemetry.reading.provider.labels(known.provider).set(1)
                self._models[key] = known
            return known

    def close(self) -> None:
        """End the threads; calls under way are finished."""
        self.executor.shutdown()


def open_session(path: Path, provider: Provider, *, keep_memory: bool = False) -> onnxruntime.InferenceSession:
    """Return a session of an ONNX file that keeps to one core. Raises ModelError when it can't be loaded.

    keep_memory: between calls, too; for networks that look at whole pictures, where asking for it anew takes a fifth
    of the time.
    """
    try:
        return onnxruntime.InferenceSession(str(path), _options(keep_memory), providers=_providers(provider))
    except _LOAD_ERRORS as error:
        raise ModelError(f"{path}: can't be loaded: {str(error).splitlines()[0]}") from error


def _options(keep_memory: bool) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    # Many small calls: a thread that spins while it waits for the next one would burn a core.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The arena keeps the most it ever needed; with batches of refining that is memory the daemon never uses again.
    options.enable_cpu_mem_arena = keep_memory
    return options


def _providers(provider: Provider) -> list[str]:
    if provider == "cpu":
        return ["CPUExecutionProvider"]
    onnxruntime.preload_dlls()  # finds the libraries that the gpu extra brings; says so on its own when there are none
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]


def _check(path: Path, card: Card, session: onnxruntime.InferenceSession) -> None:
    """Compare names and shapes with the card. Raises ModelError."""
    inputs = {node.name: node.shape for node in session.get_inputs()}
    outputs = {node.name: node.shape for node in session.get_outputs()}
    if list(inputs) != [card.input.name]:
        raise ModelError(f"{path}: its inputs are {list(inputs)}, but the card says '{card.input.name}'")
    if card.output not in outputs:
        raise ModelError(f"{path}: its outputs are {list(outputs)}, but the card says '{card.output}'")
    expected = [card.input.height, card.input.width, 3]
    if list(inputs[card.input.name][1:]) != expected:
        raise ModelError(f"{path}: takes pictures of {inputs[card.input.name][1:]}, but the card says {expected}")
    if list(outputs[card.output][1:]) not in ([1], []):
        raise ModelError(f"{path}: gives {outputs[card.output]} for a batch, but should give one logit a picture")
