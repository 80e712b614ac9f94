"""The network and the thread that all channels share, and what both give way to."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from threading import Lock, get_native_id
from typing import Final, TypeVar

import structlog

from streamproc.inference.card import parse_card
from streamproc.inference.forensics import Residual, ResidualCard
from streamproc.inference.session import Provider
from streamproc.inference.verifier import shipped_model
from streamproc.media.recording.reader import RecordingEpoch
from streamproc.messages import Sample, Score

LATE_S: Final = 4
"""It rests while the analysis is so much farther behind than its samples are apart, seconds."""
_LOWEST: Final = 19

log = structlog.get_logger()
T = TypeVar("T")


class Inspector:
    """The network and the thread that all channels of a process share; the former is loaded when it is wanted."""

    def __init__(self, folder: Path | None = None, *, provider: Provider = "cpu") -> None:
        """folder: the network's; the one that comes with streamproc when None."""
        self._folder = folder
        self._provider = provider
        self._method: Residual | None = None
        self._lock = Lock()
        self._holds = 0
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="inspect", initializer=_step_back)

    def method(self) -> Residual:
        """Return the network, loading it when it is asked for first, or has been replaced.

        Raises ModelError: missing, broken, or of another kind.
        """
        with self._lock:
            folder = shipped_model("residual") if self._folder is None else self._folder
            if self._method is None or self._method.card != parse_card(folder, ResidualCard):
                self._method = Residual.load(folder, provider=self._provider)
                log.info("model.loaded", model=self._method.card.name, asked_for=self._provider)
            return self._method

    async def call(self, function: Callable[[], T]) -> T:
        """Call a function in the thread that gives way to all others."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, function)

    @contextmanager
    def held(self) -> Iterator[None]:
        """While this is open, no channel begins to examine a keyframe: cores share more than their time."""
        with self._lock:
            self._holds += 1
        try:
            yield
        finally:
            with self._lock:
                self._holds -= 1

    @property
    def is_held(self) -> bool:
        """Whether somebody wants it to wait."""
        return self._holds > 0

    def close(self) -> None:
        """End the thread; a keyframe that is being examined is finished."""
        self._executor.shutdown()


def _step_back() -> None:
    """Let everything else have the cores first; what this thread starts inherits that."""
    if sys.platform == "linux":  # elsewhere it would be the whole process
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, get_native_id(), _LOWEST)


class Pulse:
    """How far the analysis of a channel has come; ``observe`` is an observer of ClassifyStage."""

    def __init__(self, longest_gap_s: float) -> None:
        """longest_gap_s: so far apart its samples may be."""
        self._patience = Fraction(longest_gap_s) + LATE_S
        self._latest: tuple[int, Fraction] | None = None

    def observe(self, sample: Sample, score: Score, took_s: float) -> None:
        """Take note of a sample that was classified."""
        self._latest = (sample.epoch, sample.time)

    def is_late(self, newest: RecordingEpoch) -> bool:
        """Tell whether the analysis is farther behind the end of the newest epoch than its samples are apart."""
        if self._latest is None:  # it has not begun, or has nothing to do
            return False
        epoch, time = self._latest
        return newest.end() - (time if epoch == newest.id else 0) > self._patience
