"""Refining: from samples of a real file to final boundaries on their frames."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from streamproc.catalogue.edits import Mark, Point
from streamproc.catalogue.store import Catalogue
from streamproc.inference.session import LogoModel
from streamproc.logic.hysteresis import Thresholds
from streamproc.logic.sampling import SamplingPlan
from streamproc.media.files import FileFootage
from streamproc.media.footage import frame_time
from streamproc.messages import BoundaryState, Kind, Method
from streamproc.stages.classify import ClassifyStage
from streamproc.stages.decide import DecideStage
from streamproc.stages.refine import Look, Placer, RefineStage
from streamproc.stages.sample import SampleStage
from streamproc.timebase import SystemClock
from tests.stages.broadcast import CHANNEL, DEMO, Part, broadcast, surroundings

HARD = [Part(True, [60, 65]), Part(False, [50, 75]), Part(True, [130])]
FADED = [Part(True, [60, 65], early=15, fade=12), Part(False, [50, 75]), Part(True, [130])]
BLIP = [Part(True, [125]), Part(False, [45]), Part(True, [130])]


class Run:
    """The whole chain over one file."""

    def __init__(self, folder: Path, parts: Sequence[Part]) -> None:
        self.truth = broadcast(folder / "it.mp4", parts)
        self.footage = FileFootage([folder / "it.mp4"])
        self.clock = SystemClock()
        self.catalogue = Catalogue.open(f"sqlite:///{folder / 'catalogue.sqlite'}", clock=self.clock)
        self.model = LogoModel.load(DEMO)
        self.catalogue.put_channel(CHANNEL, "One", self.model.card.name, self.model.card.sha256)

    async def work(self, *, refine: bool = True) -> None:
        """Decide, and refine beside it, to the end."""
        plan = SamplingPlan(rate_hz=None, max_gap_s=4, dense_rate_hz=5)
        with surroundings(self.clock) as around:
            placer = Placer(around, self.model)
            stage = RefineStage(around, self.footage, self.catalogue, placer, plan=plan, min_segment_s=3)

            async def decide() -> None:
                samples = SampleStage(around, self.footage, plan, self.model.card.region)
                scores = ClassifyStage(around, self.model).run(samples.run(self.catalogue.position(CHANNEL)))
                thresholds = Thresholds(n_enter=3, n_leave=3, min_certainty=0.7)
                await DecideStage(around, self.footage, self.catalogue, plan, thresholds).run(scores)
                stage.finish()

            await asyncio.gather(decide(), *([stage.run()] if refine else []))

    def found(self) -> list[int | None]:
        """Return the frames of the boundaries within the epoch, all of which are final."""
        (epoch,) = self.footage.epochs()
        rows = self.catalogue.boundaries(CHANNEL, epoch.id)
        assert {row.state for row in rows} == {BoundaryState.FINAL}
        return [row.placement.frame for row in rows[1:-1]]


@pytest.mark.parametrize("parts", [HARD, FADED], ids=["hard", "faded"])
async def test_boundaries_end_on_their_frames(tmp_path: Path, parts: list[Part]) -> None:
    run = Run(tmp_path, parts)
    await run.work()
    assert run.found() == run.truth


async def test_refining_what_a_killed_process_left_gives_the_same(tmp_path: Path) -> None:
    run = Run(tmp_path, FADED)
    await run.work(refine=False)
    await run.work()
    assert run.found() == run.truth


async def test_a_break_shorter_than_the_shortest_segment_is_taken_back(tmp_path: Path) -> None:
    run = Run(tmp_path, BLIP)
    await run.work()
    assert run.found() == []


async def test_every_version_of_a_boundary_is_kept(tmp_path: Path) -> None:
    run = Run(tmp_path, HARD)
    await run.work()
    (epoch,) = run.footage.epochs()
    versions = run.catalogue.versions(run.catalogue.boundaries(CHANNEL, epoch.id)[1].id)
    assert [version.state for version in versions] == [BoundaryState.PROVISIONAL, BoundaryState.FINAL]
    assert [version.placement.method for version in versions] == [Method.SAMPLE, Method.CUT]


async def test_where_the_recording_is_gone_the_first_guess_becomes_final(tmp_path: Path) -> None:
    run = Run(tmp_path, HARD)
    await run.work(refine=False)
    first = [row.placement for row in run.catalogue.provisional(CHANNEL)]

    class Nothing:
        def epochs(self) -> list[object]:
            return []

        def has_ended(self) -> bool:
            return True

    run.footage, kept = Nothing(), run.footage  # type: ignore[assignment]
    plan = SamplingPlan(rate_hz=None, max_gap_s=4, dense_rate_hz=5)
    with surroundings(run.clock) as around:
        stage = RefineStage(around, run.footage, run.catalogue, Placer(around, run.model), plan=plan, min_segment_s=3)
        stage.finish()
        await stage.run()
    run.footage = kept
    assert run.found() == [place.frame for place in first]
    rows = run.catalogue.boundaries(CHANNEL, kept.epochs()[0].id)[1:-1]
    assert [row.placement for row in rows] == [replace(place, confidence=0.1) for place in first]
    assert all(place.time < Fraction(16) for place in first)


def marked(run: Run, frames: tuple[int, int], kind: Kind) -> None:
    """Have a person say what a stretch is."""
    (epoch,) = run.footage.epochs()
    start, end = (Point(time=frame_time(epoch, frame), frame=frame) for frame in frames)
    run.catalogue.edits.mark(Mark(channel=CHANNEL, epoch=epoch.id, start=start, end=end, kind=kind), "olga")


async def test_what_a_person_put_into_a_break_keeps_it_from_being_taken_back(tmp_path: Path) -> None:
    run = Run(tmp_path, BLIP)
    await run.work(refine=False)
    first, second = (row.placement.frame or 0 for row in run.catalogue.provisional(CHANNEL))
    marked(run, (first + 10, first + 20), Kind.PROGRAMME)
    await run.work()
    leave, *by_hand, enter = run.found()
    assert by_hand == [first + 10, first + 20]
    assert leave < by_hand[0] < by_hand[1] < enter <= second


async def test_a_boundary_stays_behind_what_a_person_put_before_it(tmp_path: Path) -> None:
    run = Run(tmp_path, HARD)
    await run.work(refine=False)
    first = run.catalogue.provisional(CHANNEL)[0].placement.frame
    assert first is not None
    assert run.truth[0] < first - 1
    marked(run, (run.truth[0] - 30, first - 1), Kind.ADVERT)  # the true place is within what is marked
    await run.work()
    *by_hand, place, last = run.found()
    assert (by_hand, last) == ([run.truth[0] - 30, first - 1], run.truth[1])
    assert first - 1 < place < last


async def test_an_edit_during_a_look_has_the_boundary_looked_at_again(tmp_path: Path) -> None:
    run = Run(tmp_path, HARD)
    await run.work(refine=False)
    first = run.catalogue.provisional(CHANNEL)[0].placement.frame
    assert first is not None

    class Interrupted(Placer):
        looks = 0

        def place(self, *args: Any) -> Look:
            found = super().place(*args)
            self.looks += 1
            if self.looks == 1:
                marked(run, (run.truth[0] - 30, first - 1), Kind.ADVERT)
            return found

    plan = SamplingPlan(rate_hz=None, max_gap_s=4, dense_rate_hz=5)
    with surroundings(run.clock) as around:
        placer = Interrupted(around, run.model)
        stage = RefineStage(around, run.footage, run.catalogue, placer, plan=plan, min_segment_s=3)
        stage.finish()
        await stage.run()
    assert placer.looks == 3
    *by_hand, place, last = run.found()
    assert (by_hand, last) == ([run.truth[0] - 30, first - 1], run.truth[1])
    assert first - 1 < place < last
