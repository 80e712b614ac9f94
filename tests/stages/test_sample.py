"""Sampling: which frames are taken, from where, and when it ends."""

import gc
from fractions import Fraction
from pathlib import Path

import pytest

from streamproc.inference.card import Region
from streamproc.logic.sampling import SamplingPlan
from streamproc.media.decoder import FrameReader
from streamproc.media.files import FileFootage
from streamproc.messages import EpochEnded, EpochStarted, Position, Sample
from streamproc.stages.sample import SampleCursor, SampleStage
from streamproc.timebase import ManualClock
from tests.footage import Drawn, draw, read
from tests.stages.broadcast import surroundings

WHOLE = Region(x=0, y=0, width=1, height=1)
GOP_12 = {"g": "12", "bf": "2", "x264-params": "scenecut=0:b-adapt=0"}
ONE_GOP = {"g": "250", "bf": "2", "x264-params": "scenecut=0:b-adapt=0"}


class Told:
    """A plan whose suspicion is told by the frame's number."""

    def __init__(self, suspicious: range = range(0), **pace: float | None) -> None:
        self.plan = SamplingPlan(**({"rate_hz": None, "max_gap_s": 4, "dense_rate_hz": 5} | pace))  # type: ignore[arg-type]
        self.suspicious = suspicious


async def taken(path: Path, told: Told, start: Position | None = None) -> list[int]:
    """Return the numbers of the frames that are sampled."""
    found: list[int] = []
    with surroundings(ManualClock()) as around:
        async for item in SampleStage(around, FileFootage([path]), told.plan, WHOLE).run(start):
            if isinstance(item, Sample):
                found.append(read(item.crop.mean(axis=2)))
                assert item.time == Fraction(found[-1], 25)
                told.plan.observe(item.time, suspicious=found[-1] in told.suspicious)
    return found


@pytest.fixture
def short_gops(tmp_path: Path) -> Path:
    return draw(tmp_path / "it.mp4", Drawn(frames=60, options=GOP_12))


@pytest.fixture
def long_gop(tmp_path: Path) -> Path:
    return draw(tmp_path / "it.mp4", Drawn(frames=100, options=ONE_GOP))


async def test_keyframes_are_sampled_by_default(short_gops: Path) -> None:
    assert await taken(short_gops, Told()) == [0, 12, 24, 36, 48]


async def test_under_suspicion_frames_between_keyframes_are_sampled(short_gops: Path) -> None:
    assert await taken(short_gops, Told(range(24, 35))) == [0, 12, 24, 29, 34, 39, 48]


async def test_where_keyframes_are_far_apart_frames_between_are_sampled(long_gop: Path) -> None:
    assert await taken(long_gop, Told(max_gap_s=1)) == [0, 25, 50, 75]


def test_the_decoder_of_every_frame_is_let_go_of_at_the_next_keyframe(short_gops: Path) -> None:
    plan = SamplingPlan(rate_hz=None, max_gap_s=4, dense_rate_hz=5)
    cursor = SampleCursor(FileFootage([short_gops]).epochs()[0], plan, WHOLE, None)

    def step(*, suspicious: bool) -> bool:
        sample = cursor.take()
        assert sample is not None
        plan.observe(sample.time, suspicious=suspicious)
        return any(isinstance(held, FrameReader) and vars(held)["_epoch"] is epoch for held in gc.get_objects())

    epoch = vars(cursor)["_epoch"]
    assert [step(suspicious=number < 1) for number in range(3)] == [False, True, False]


async def test_a_set_rate_is_kept(short_gops: Path) -> None:
    assert await taken(short_gops, Told(rate_hz=2.5)) == [0, 10, 20, 30, 40, 50]


async def test_it_goes_on_after_its_position(short_gops: Path) -> None:
    start = Position(epoch=FileFootage([short_gops]).epochs()[0].id, time=Fraction(12, 25), memory="")
    assert await taken(short_gops, Told(), start) == [24, 36, 48]


async def test_an_epoch_comes_between_its_start_and_its_end(short_gops: Path) -> None:
    with surroundings(ManualClock()) as around:
        stage = SampleStage(around, FileFootage([short_gops]), Told().plan, WHOLE)
        items = [item async for item in stage.run()]
    assert isinstance(items[0], EpochStarted)
    assert isinstance(items[-1], EpochEnded)
    assert items[-1].end == Fraction(60, 25)


async def test_only_the_region_is_taken(short_gops: Path) -> None:
    region = Region(x=0.5, y=0.25, width=0.25, height=0.5)
    with surroundings(ManualClock()) as around:
        items = [item async for item in SampleStage(around, FileFootage([short_gops]), Told().plan, region).run()]
    assert {item.crop.shape for item in items if isinstance(item, Sample)} == {(48, 40, 3)}
