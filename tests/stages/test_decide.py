"""Deciding: what is written to the catalogue, also when the process is killed in between."""

from collections.abc import AsyncIterator, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from streamproc.catalogue.store import Catalogue
from streamproc.logic.hysteresis import Thresholds
from streamproc.logic.sampling import SamplingPlan
from streamproc.media.files import FileFootage
from streamproc.messages import BoundaryState, EpochEnded, EpochStarted, Kind, Score
from streamproc.stages.decide import DecideStage
from streamproc.timebase import ManualClock
from tests.footage import Drawn, draw
from tests.stages.broadcast import CHANNEL, surroundings

SHOWN = [0.9] * 8 + [0.1] * 8 + [0.9] * 4
"""Probabilities of samples a fifth of a second apart."""


class Desk:
    """A file, a catalogue, and a way to decide over them again and again."""

    def __init__(self, folder: Path) -> None:
        self.path = draw(folder / "it.mp4", Drawn(frames=100, size=(64, 32), options={"g": "25"}, sound=None))
        self.footage = FileFootage([self.path])
        self.epoch = self.footage.epochs()[0]
        self.clock = ManualClock()
        self.catalogue = Catalogue.open(f"sqlite:///{folder / 'catalogue.sqlite'}", clock=self.clock)
        self.catalogue.put_channel(CHANNEL, "One", "model", "0" * 64)
        self.plan = SamplingPlan(rate_hz=None, max_gap_s=4, dense_rate_hz=5)

    async def decide(self, probabilities: Sequence[float], *, stop_after: int | None = None) -> None:
        """Decide from the catalogue's position on; stopping stands for being killed."""
        position = self.catalogue.position(CHANNEL)
        first = -1 if position is None or position.time is None else position.time

        async def scores() -> AsyncIterator[EpochStarted | Score | EpochEnded]:
            yield EpochStarted(epoch=self.epoch.id)
            for number, probability in enumerate(probabilities):
                time = Fraction(number, 5)
                if time > first and (stop_after is None or number < stop_after):
                    self.clock.advance(0.2)
                    yield Score(epoch=self.epoch.id, time=time, probability=probability)
            if stop_after is None:
                yield EpochEnded(epoch=self.epoch.id, end=Fraction(4))

        with surroundings(self.clock) as around:
            thresholds = Thresholds(n_enter=3, n_leave=3, min_certainty=0.7)
            await DecideStage(around, self.footage, self.catalogue, self.plan, thresholds).run(scores())

    def shape(self) -> list[tuple[Kind, float, float | None]]:
        """Return the segments."""
        rows = self.catalogue.segments(CHANNEL)
        return [(row.kind, float(row.start.time), None if row.end is None else float(row.end.time)) for row in rows]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


WHOLE = [(Kind.PROGRAMME, 0.0, 1.6), (Kind.ADVERT, 1.6, 3.2), (Kind.PROGRAMME, 3.2, 4.0)]


async def test_changes_become_segments(desk: Desk) -> None:
    await desk.decide(SHOWN)
    assert desk.shape() == WHOLE


async def test_the_first_decision_holds_from_the_epochs_start(desk: Desk) -> None:
    await desk.decide(SHOWN, stop_after=4)
    assert desk.shape() == [(Kind.PROGRAMME, 0.0, None)]


async def test_before_the_first_decision_the_epoch_is_unknown(desk: Desk) -> None:
    await desk.decide(SHOWN, stop_after=2)
    assert desk.shape() == [(Kind.UNKNOWN, 0.0, None)]


async def test_a_change_is_provisional_until_it_is_refined(desk: Desk) -> None:
    await desk.decide(SHOWN, stop_after=12)
    assert [row.state for row in desk.catalogue.boundaries(CHANNEL, desk.epoch.id)] == [
        BoundaryState.FINAL,
        BoundaryState.PROVISIONAL,
    ]


@pytest.mark.parametrize("kills", [[1], [5], [9], [10], [11], [16], [18], [20], [3, 10, 11, 19]])
async def test_a_kill_neither_loses_nor_doubles_a_change(desk: Desk, kills: list[int]) -> None:
    for stop_after in kills:
        await desk.decide(SHOWN, stop_after=stop_after)
    await desk.decide(SHOWN)
    assert desk.shape() == WHOLE


async def test_deciding_again_after_the_end_changes_nothing(desk: Desk) -> None:
    await desk.decide(SHOWN)
    await desk.decide(SHOWN)
    assert desk.shape() == WHOLE


async def test_the_plan_is_dense_while_a_change_is_suspected(desk: Desk) -> None:
    await desk.decide(SHOWN, stop_after=9)
    assert desk.plan.dense
