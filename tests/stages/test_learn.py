"""Learning on wish: in a process of its own, watched, taken back, and begun again after a kill."""

import asyncio
import contextlib
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import psutil
import pytest
from prometheus_client import CollectorRegistry

from streamproc.catalogue import Catalogue
from streamproc.catalogue.learnings import LearningRow, Lesson
from streamproc.catalogue.people import LearningState
from streamproc.media.recording.reader import RecordingFootage
from streamproc.messages import Span
from streamproc.stages.learn import NICENESS, LearnStage
from streamproc.telemetry import Telemetry
from streamproc.timebase import SystemClock
from tests.media.recorded import record
from tests.stages.broadcast import Part, broadcast

REAL = (sys.executable, "-m", "streamproc", "logo", "learn")
SAYS = """
import json, os, sys, time
options = sys.argv[1:]
out = options[options.index("--out") + 1]
def say(**what):
    print(json.dumps(what), flush=True)
"""


@dataclass
class Desk:
    """A recorded channel, and a wish to learn from it."""

    folder: Path
    catalogue: Catalogue
    files: list[Path]
    number: int

    def row(self) -> LearningRow:
        row = self.catalogue.learnings.get(self.number)
        assert row is not None
        return row

    def stage(self, command: Sequence[str] = REAL) -> LearnStage:
        footage = RecordingFootage(self.folder / "recording")
        telemetry = Telemetry(CollectorRegistry())
        return LearnStage(self.catalogue, lambda _: footage, self.models, telemetry, SystemClock(), command)

    @property
    def models(self) -> Path:
        return self.folder / "models"

    def learner(self, work: str) -> list[str]:
        """Return a command that says what ``logo learn --json`` says, and does what a test wants."""
        script = self.folder / "learner.py"
        script.write_text(SAYS + textwrap.dedent(work))
        return [sys.executable, str(script)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    broadcast(tmp_path / "feed.mp4", [Part(has_bug=True, shots=[50, 50])])
    epoch, _ = record(tmp_path / "feed.mp4", tmp_path / "recording")
    catalogue = Catalogue.open(f"sqlite:///{tmp_path / 'c.sqlite'}", clock=SystemClock())
    catalogue.put_channel("one", "One", None, None)
    span = Span(epoch=epoch.id, start=Fraction(0), end=epoch.end())
    number = catalogue.learnings.want(
        Lesson(channel="one", spans=(span,), start_ns=0, end_ns=1, region="0.5,0,0.5,0.5", choose=3, author="anna")
    )
    files = [file.path for file in epoch.files(Fraction(0), epoch.end())]
    yield Desk(tmp_path, catalogue, files, number)
    catalogue.close()


async def until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not what():
            await asyncio.sleep(0.02)


async def test_the_real_learner_says_in_words_why_nothing_can_be_learnt(desk: Desk) -> None:
    desk.catalogue.learnings.take_back(desk.number, "anna")
    desk.number = desk.catalogue.learnings.want(replace(desk.row().lesson, choose=None))
    await desk.stage().run_until_empty()
    row = desk.row()
    assert row.state is LearningState.FAILED
    assert row.message is not None
    assert row.message.startswith("4 s of footage are too short to find a bug in; give at least 5 minutes")
    assert row.folder is None
    assert not list(desk.models.glob("one/*"))


async def test_it_is_given_the_recorded_files_and_what_was_chosen(desk: Desk) -> None:
    command = desk.learner("""
        say(what="training", share=0.5)
        open(os.path.join(out, "given"), "w").write("\\n".join(options))
        say(folder=out, accuracy=0.992, notes=["Learnt from little."], seconds=1.0)
    """)
    await desk.stage(command).run_until_empty()
    row = desk.row()
    assert (row.state, row.share) == (LearningState.READY, None)
    assert row.message == "right on 99.20% of the pictures held out; Learnt from little."
    assert row.folder is not None
    out = desk.models / row.folder
    options = ["--out", str(out), "--json", "--region", "0.5,0,0.5,0.5", "--choose", "3"]
    assert (out / "given").read_text().splitlines() == [*options, *map(str, desk.files)]


async def test_its_progress_is_written_down_and_it_stands_behind_everything_else(desk: Desk) -> None:
    command = desk.learner("""
        print("a library talks")
        say(what="finding", share=0.1)
        say(what="training", share=0.5)
        open("/proc/self/comm", "w").write("learner")
        time.sleep(60)
    """)
    others = set(psutil.Process().children())  # of other tests in this process
    task = asyncio.create_task(desk.stage(command).run())
    await until(lambda: desk.row().share == 0.5)
    assert desk.row().message == "training"
    (child,) = set(psutil.Process().children()) - others
    assert child.nice() == NICENESS
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert not psutil.pid_exists(child.pid)
    assert desk.row().state is LearningState.LEARNING  # the next start begins it again


async def test_after_a_kill_it_is_begun_again_from_the_start(desk: Desk) -> None:
    left = desk.catalogue.learnings.take()
    assert left is not None
    assert left.folder is not None
    (desk.models / left.folder).mkdir(parents=True)
    (desk.models / left.folder / "half").touch()
    await desk.stage(
        desk.learner("""
        say(folder=out, accuracy=None, notes=[], seconds=1.0)
    """)
    ).run_until_empty()
    row = desk.row()
    assert row.state is LearningState.READY
    assert row.folder is not None
    assert [path.name for path in (desk.models / "one").iterdir()] == [row.folder.partition("/")[2]]
    assert not (desk.models / row.folder / "half").exists()


async def test_what_is_taken_back_is_ended(desk: Desk) -> None:
    command = desk.learner("""
        for step in range(3000):
            say(what=f"step {step}", share=0.5)
            time.sleep(0.02)
    """)
    others = set(psutil.Process().children())  # of other tests in this process
    task = asyncio.create_task(desk.stage(command).run())
    await until(lambda: desk.row().share == 0.5)
    desk.catalogue.learnings.take_back(desk.number, "boris")
    await until(lambda: not set(psutil.Process().children()) - others)
    assert (desk.row().state, desk.row().message) == (LearningState.FAILED, "taken back by boris")
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_learner_that_dies_is_told_of_by_its_last_words(desk: Desk) -> None:
    command = desk.learner("""
        sys.stderr.write("Traceback\\nMemoryError: no memory\\n")
        sys.exit(1)
    """)
    await desk.stage(command).run_until_empty()
    assert desk.row().message == "the learning died: MemoryError: no memory"


async def test_marks_to_choose_from_are_kept(desk: Desk) -> None:
    command = desk.learner("""
        marks = os.path.join(out, "marks.png")
        open(marks, "w").write("x")
        said = "2 marks; say which with --choose N or --region X,Y,WIDTH,HEIGHT"
        sys.stderr.write(f"streamproc: {options[-1]}: {said} (the marks are numbered in {marks})\\n")
        sys.exit(2)
    """)
    await desk.stage(command).run_until_empty()
    row = desk.row()
    assert row.message is not None
    assert (row.state, row.message.endswith("2 marks; choose one by its number, or narrow the picture down")) == (
        LearningState.FAILED,
        True,
    )
    assert row.folder is not None
    assert (desk.models / row.folder / "marks.png").is_file()


async def test_a_recording_that_is_deleted_by_now_is_told_of(desk: Desk) -> None:
    for file in desk.files:
        file.unlink()
    (desk.folder / "recording" / "index.sqlite").unlink()
    await desk.stage().run_until_empty()
    assert desk.row().message == "the recording of that time is deleted by now; choose a later one"
