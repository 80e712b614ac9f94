"""Learns the models that the catalogue has queued, each in a process of its own: ``streamproc logo learn``.

TensorFlow never comes into the daemon, and a learning that dies takes nothing along. The process has the lowest
priority but one, so recording and analysis go first; it ends by itself when nobody reads its progress any more. A
learning that was interrupted begins again in a fresh folder: half of one is worth nothing.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from streamproc.catalogue.learnings import LearningRow
from streamproc.catalogue.store import Catalogue
from streamproc.errors import ModelError, StreamprocError
from streamproc.media.recording.reader import RecordingFootage
from streamproc.telemetry import Telemetry
from streamproc.timebase import Clock
from streamproc.workshop import Workshop

log = structlog.get_logger()

MARKS: Final = "marks.png"
"""What is left behind, in the folder of the model, where it can't be told which mark is the bug."""
NICENESS: Final = 15
"""How far behind everything else a learning stands."""
_SAID_STEP: Final = 0.01  # progress is written down when so much more is done
_END_S: Final = 3.0
_PAUSE_S: Final = 0.5
_READ_BYTES: Final = 1 << 16
_ERRORS: Final = "learn.log"
_OPTIONS: Final = (
    ("say which with --choose N or --region X,Y,WIDTH,HEIGHT", "choose one by its number, or narrow the picture down"),
    ("--choose ", "number "),
)
_OURS: Final = "streamproc: "  # how the command line begins an error


class LearnStage:
    """Works off queued learnings, one at a time; ``run`` goes on until cancelled."""

    def __init__(
        self,
        catalogue: Catalogue,
        footage_for: Callable[[str], RecordingFootage],
        folder: Path,
        telemetry: Telemetry,
        clock: Clock,
        command: Sequence[str] = (sys.executable, "-m", "streamproc", "logo", "learn"),
    ) -> None:
        """footage_for: gives a channel's recording by its short name. folder: where learnt models go.

        command: what learns; it is given the options of ``streamproc logo learn``, and says what that says.
        """
        self._workshop = Workshop(_Learnings(catalogue, footage_for, folder, telemetry, command), clock)

    async def run(self) -> None:
        """Learn until cancelled."""
        await self._workshop.run()

    async def run_until_empty(self) -> None:
        """Learn what is queued."""
        await self._workshop.run_until_empty()


@dataclass(frozen=True, slots=True)
class _Said:
    """What came of a learning."""

    notes: tuple[str, ...]
    """What its user should know."""
    accuracy: float | None
    """Share of the held-out pictures on which the model is right."""


class _Learnings:
    """The catalogue's queue of learnings."""

    def __init__(
        self,
        catalogue: Catalogue,
        footage_for: Callable[[str], RecordingFootage],
        folder: Path,
        telemetry: Telemetry,
        command: Sequence[str],
    ) -> None:
        self._catalogue = catalogue
        self._footage_for = footage_for
        self._folder = folder
        self._telemetry = telemetry
        self._command = command

    def prepare(self) -> None:
        for row in self._catalogue.learnings.requeue():
            if row.folder is not None:
                shutil.rmtree(self._folder / row.folder, ignore_errors=True)
            log.info("learning.resumed", channel=row.lesson.channel, learning=row.id)

    def take(self) -> LearningRow | None:
        return self._catalogue.learnings.take()

    def work(self, job: LearningRow, stop: threading.Event) -> _Said:
        sources = self._sources(job)
        assert job.folder is not None  # as it was taken
        out = self._folder / job.folder
        log.info("learning.begun", channel=job.lesson.channel, learning=job.id, files=len(sources))
        with _begun([*self._command, *_options(job, out), *map(str, sources)], out) as process:
            try:
                said = self._follow(job, _lines(process, stop))
            finally:
                _end(process)
        if said is None:
            raise ModelError(_why(out).removeprefix(f"{sources[0]}: "))
        return said

    def _sources(self, job: LearningRow) -> list[Path]:
        """Return the recorded files that hold what is to be learnt from. Raises ModelError: nothing is left of it."""
        footage = self._footage_for(job.lesson.channel)
        found = [
            file.path
            for span in job.lesson.spans
            for epoch in footage.epochs()
            if epoch.id == span.epoch
            for file in epoch.files(span.start, span.end)
        ]
        if not found:
            raise ModelError("the recording of that time is deleted by now; choose a later one")
        return found

    def _follow(self, job: LearningRow, lines: Iterable[str]) -> _Said | None:
        """Write down how far the process is; return what came of it, None when nothing did.

        Raises ModelError when it was taken back.
        """
        written: tuple[str, float] = ("", -1.0)
        said = None
        for line in lines:
            try:
                heard = json.loads(line)
            except ValueError:
                continue  # a library talks
            if "accuracy" in heard:
                said = _Said(tuple(heard["notes"]), heard["accuracy"])
                continue
            what, share = str(heard["what"]), float(heard["share"])
            if what == written[0] and share - written[1] < _SAID_STEP:
                continue
            written = what, share
            if not self._catalogue.learnings.progress(job.id, what, share):
                raise ModelError("it was taken back")
        return said

    def done(self, job: LearningRow, result: _Said) -> None:
        parts = [] if result.accuracy is None else [f"right on {result.accuracy:.2%} of the pictures held out"]
        self._catalogue.learnings.ready(job.id, "; ".join([*parts, *result.notes]))
        self._telemetry.people.learnings.labels(job.lesson.channel, "ready").inc()
        log.info("learning.ready", channel=job.lesson.channel, learning=job.id, accuracy=result.accuracy)

    def failed(self, job: LearningRow, error: StreamprocError, *, retry: bool) -> None:
        out = self._folder / (job.folder or "")
        marks = out / MARKS
        has_marks = job.folder is not None and marks.is_file()
        if job.folder is not None and not has_marks:
            shutil.rmtree(out, ignore_errors=True)
        said = str(error).replace(f" (the marks are numbered in {marks})", "")
        self._catalogue.learnings.failed(job.id, _without_options(said), keeps_folder=has_marks)
        self._telemetry.people.learnings.labels(job.lesson.channel, "failed").inc()
        log.error("learning.failed", channel=job.lesson.channel, learning=job.id, error=str(error))


def _options(job: LearningRow, out: Path) -> list[str]:
    options = ["--out", str(out), "--json"]
    if job.lesson.region is not None:
        options += ["--region", job.lesson.region]
    if job.lesson.choose is not None:
        options += ["--choose", str(job.lesson.choose)]
    return options


def _begun(command: Sequence[str], out: Path) -> subprocess.Popen[bytes]:
    """Start the process. Raises ModelError: its folder can't be made."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        errors = (out / _ERRORS).open("wb")
    except OSError as error:
        raise ModelError(f"{out}: the model can't be written there ({error.strerror})") from error
    # The supervisor's counters are no affair of it.
    environment = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
    with errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, bufsize=0, env=environment
        )
    with suppress(OSError):  # it has ended already
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    return process


def _lines(process: subprocess.Popen[bytes], stop: threading.Event) -> Iterator[str]:
    """Yield what the process says, line by line, until it ends or is not wanted any more."""
    assert process.stdout is not None
    rest = b""
    while not stop.is_set():
        if not select.select([process.stdout], [], [], _PAUSE_S)[0]:
            continue
        data = os.read(process.stdout.fileno(), _READ_BYTES)
        if not data:
            process.wait()
            return
        *lines, rest = (rest + data).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)
        rest = rest[-_READ_BYTES:]


def _without_options(said: str) -> str:
    """Return what the command line says as it is said to somebody who has none."""
    for option, words in _OPTIONS:
        said = said.replace(option, words)
    return said


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process, if it has not ended."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _why(out: Path) -> str:
    """Return what the process said of its failure, one line."""
    try:
        lines = (out / _ERRORS).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    said = [line.removeprefix(_OURS) for line in lines if line.startswith(_OURS)]
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return said[-1] if said else f"the learning died{': ' if last else ''}{last}"
