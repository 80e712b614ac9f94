"""Curves along a real recording, in a real catalogue."""

import asyncio
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from streamproc.catalogue.people import CurveKind
from streamproc.media.levels import STEP_S
from streamproc.media.recording.reader import RecordingEpoch, RecordingFootage
from streamproc.messages import Sample, Score
from streamproc.stages.curves import FLUSH_S, CurveStage, ScoreCurve
from streamproc.timebase import NS
from tests.footage import Drawn, draw
from tests.stages.broadcast import CHANNEL
from tests.stages.house import House

FRAMES = 650
PICTURE = np.zeros((2, 2, 3), np.uint8)


class Curves(House):
    """A recorded channel whose curves are drawn."""

    def stage(self, *, level: bool = True, keep_days: float = 30) -> CurveStage:
        footage = RecordingFootage(self.folder)
        return CurveStage(self.around, footage, self.catalogue, level=level, keep_days=keep_days)

    def times(self, epoch: RecordingEpoch, kind: CurveKind = CurveKind.LEVEL) -> list[Fraction]:
        """Return where in the epoch there is a value."""
        zero_ns = epoch.utc_zero_ns
        found = self.catalogue.curves.between(CHANNEL, kind, zero_ns, zero_ns + 3600 * NS)
        return [Fraction(int(time) - zero_ns, NS) for time in found.times_ns]


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-six seconds: 51 half seconds, and one that may go on."""
    options = {"g": "25", "preset": "ultrafast"}
    return draw(tmp_path_factory.mktemp("curves") / "a.mp4", Drawn(frames=FRAMES, options=options))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Curves]:
    with Curves.opened(tmp_path) as house:
        yield house


def steps(count: int) -> list[Fraction]:
    return [number * STEP_S for number in range(count)]


def read_all(stage: CurveStage) -> None:
    while stage.bite():
        pass


def test_the_level_of_a_whole_epoch_is_written(house: Curves, footage: Path) -> None:
    epoch = house.enter(house.record(footage))
    read_all(house.stage())
    assert house.times(epoch) == steps(51)


def test_a_reader_that_was_killed_goes_on_where_the_curve_ends(house: Curves, footage: Path) -> None:
    epoch = house.enter(house.record(footage))
    killed = house.stage()
    assert killed.bite()
    assert killed.bite()
    house.clock.advance(FLUSH_S)
    assert not house.times(epoch)  # what it has read waited in its memory
    read_all(house.stage())
    assert house.times(epoch) == steps(51)
    before = house.catalogue.curves.between(CHANNEL, CurveKind.LEVEL, 0, 2**62)
    read_all(house.stage())
    after = house.catalogue.curves.between(CHANNEL, CurveKind.LEVEL, 0, 2**62)
    assert before.values.tolist() == after.values.tolist()


def test_the_next_epoch_is_read_when_one_is_over(house: Curves, footage: Path) -> None:
    epochs = []
    for _ in range(2):
        epochs.append(house.enter(house.record(footage)))
        house.clock.advance(60)
    first = house.stage()
    house.catalogue.curves.put(CHANNEL, epochs[0].id, CurveKind.LEVEL, [(Fraction(0), -20.0)])
    read_all(first)
    assert house.times(epochs[1]) == steps(51)


def test_an_epoch_that_is_not_in_the_catalogue_is_waited_for(house: Curves, footage: Path) -> None:
    epoch = house.record(footage)
    stage = house.stage()
    assert not stage.bite()
    house.enter(epoch)
    read_all(stage)
    assert house.times(epoch) == steps(51)


async def test_a_channel_without_the_setting_is_not_listened_to(house: Curves, footage: Path) -> None:
    epoch = house.enter(house.record(footage))
    task = asyncio.create_task(house.stage(level=False).run())
    for _ in range(50):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert house.times(epoch) == []


async def test_old_curves_are_deleted_as_it_runs(house: Curves, footage: Path) -> None:
    epoch = house.enter(house.record(footage))
    house.catalogue.curves.put(CHANNEL, epoch.id, CurveKind.SCORE, [(Fraction(1), 0.5)])
    house.clock.advance(3 * 24 * 3600)
    task = asyncio.create_task(house.stage(level=False, keep_days=2).run())
    async with asyncio.timeout(20):
        while house.times(epoch, CurveKind.SCORE):
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])


def scored(curve: ScoreCurve, epoch: RecordingEpoch, seconds: list[int]) -> None:
    for second in seconds:
        time = Fraction(second)
        sample = Sample(epoch=epoch.id, time=time, crop=PICTURE)
        curve.observe(sample, Score(epoch=epoch.id, time=time, probability=second / 100), 0.001)


def test_scores_are_written_every_few_seconds_and_at_the_end(house: Curves, footage: Path) -> None:
    epoch = house.enter(house.record(footage))
    with ScoreCurve(house.around, house.catalogue) as curve:
        scored(curve, epoch, [0, 2])
        house.clock.advance(FLUSH_S)
        scored(curve, epoch, [4])
        assert house.times(epoch, CurveKind.SCORE) == [0, 2, 4]
        scored(curve, epoch, [6])
    assert house.times(epoch, CurveKind.SCORE) == [0, 2, 4, 6]


def test_samples_that_are_taken_again_after_a_kill_are_there_once(house: Curves, footage: Path) -> None:
    epoch = house.enter(house.record(footage))
    for taken in ([0, 2, 4, 6], [4, 6, 8]):
        with ScoreCurve(house.around, house.catalogue) as curve:
            scored(curve, epoch, taken)
    assert house.times(epoch, CurveKind.SCORE) == [0, 2, 4, 6, 8]


def test_a_curve_that_cannot_be_written_stops_nobody(house: Curves, footage: Path) -> None:
    epoch = house.record(footage)
    with capture_logs() as logs, ScoreCurve(house.around, house.catalogue) as curve:
        scored(curve, epoch, [0, 2])
    assert [entry["event"] for entry in logs] == ["curves.not_written"]
