"""The catalogue's queue of clips is worked off, whatever goes wrong on the way."""

import asyncio
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from streamproc.catalogue.edits import Mark, Point
from streamproc.catalogue.rows import ClipRow
from streamproc.catalogue.store import Catalogue
from streamproc.media.files import FileFootage
from streamproc.messages import Change, Kind, Method, Placement, Position
from streamproc.stages.clip import ClipStage
from streamproc.telemetry import Telemetry
from streamproc.timebase import ManualClock
from streamproc.workshop import MAX_ATTEMPTS
from tests.footage import Drawn, draw, look

ZERO_NS = 1_795_292_885_000_000_000  # 2026-11-21T20:28:05Z
FRAMES = 40


class Desk:
    """A catalogue with one programme of FRAMES frames whose clip is queued, and its footage."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.folder = folder / "clips"
        self.registry = CollectorRegistry()
        self.catalogue = Catalogue.open(f"sqlite:///{folder / 'catalogue.sqlite'}", clock=self.clock)
        source = draw(folder / "source.flv", Drawn(frames=FRAMES, options={"g": "10", "bf": "2"}))
        self.footage = FileFootage([source])

    def queue(self, *, epoch: int | None = None, end: Fraction | None = None) -> None:
        """Let a programme be final from the epoch's begin to ``end``."""
        there = self.footage.epochs()[0]
        number = there.id if epoch is None else epoch
        self.catalogue.put_channel("one", "One", "model", "0" * 64)
        self.catalogue.begin_epoch(
            "one", number, utc_zero_ns=ZERO_NS, frame_rate=Fraction(25), description="drawn footage"
        )
        change = Change(
            epoch=number,
            before=Kind.UNKNOWN,
            after=Kind.PROGRAMME,
            last_old=None,
            first_new=Fraction(0),
            decided=Fraction(1, 5),
        )
        at = Placement(time=Fraction(0), frame=0, confidence=1.0, method=Method.EPOCH)
        self.catalogue.add_change("one", change, at, Position(epoch=number, time=Fraction(1, 5), memory="{}"))
        self.catalogue.end_epoch("one", number, there.end() if end is None else end, None, "finished")

    def stage(self) -> ClipStage:
        return ClipStage(self.catalogue, lambda _: self.footage, self.folder, Telemetry(self.registry), self.clock)

    def clip(self) -> ClipRow:
        (clip,) = self.catalogue.clips("one")
        return clip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.catalogue.close()


async def test_a_queued_clip_becomes_a_file_named_for_its_start_and_segment(desk: Desk) -> None:
    desk.queue()
    await desk.stage().run_until_empty()
    clip = desk.clip()
    assert (clip.state, clip.path) == ("ready", f"one/20261121T202805Z_one_s{clip.segment_id}.mp4")
    assert len(look(desk.folder / str(clip.path))) == FRAMES
    assert clip.size_bytes == (desk.folder / str(clip.path)).stat().st_size


async def test_a_ready_clip_and_its_delay_are_counted(desk: Desk) -> None:
    desk.queue()
    desk.clock.advance(3)
    await desk.stage().run_until_empty()
    labels = {"channel": "one"}
    assert desk.registry.get_sample_value("streamproc_clips_total", {**labels, "state": "ready"}) == 1
    assert desk.registry.get_sample_value("streamproc_clip_delay_seconds_sum", labels) == 3


async def test_what_a_dead_process_was_cutting_is_cut_again_and_its_leftovers_go(desk: Desk) -> None:
    desk.queue()
    desk.catalogue.next_clip()
    left = desk.folder / "one" / ".20261121T202805Z_one_s7.mp4.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a clip")
    await desk.stage().run_until_empty()
    assert desk.clip().state == "ready"
    assert not left.exists()


async def test_a_clip_of_footage_that_is_not_there_fails_after_a_few_attempts(desk: Desk) -> None:
    desk.queue(end=Fraction(100))
    await desk.stage().run_until_empty()
    clip = desk.clip()
    assert (clip.state, clip.attempts) == ("failed", MAX_ATTEMPTS)
    assert "the recording ends at" in str(clip.message)


async def test_a_clip_of_a_deleted_epoch_fails_at_once(desk: Desk) -> None:
    desk.queue(epoch=77)
    await desk.stage().run_until_empty()
    assert (desk.clip().state, desk.clip().attempts) == ("failed", 1)


async def test_a_folder_that_can_not_be_written_to_is_waited_for(desk: Desk) -> None:
    desk.queue()
    desk.folder.write_text("in the way")
    running = asyncio.create_task(desk.stage().run())
    while desk.clip().attempts <= MAX_ATTEMPTS and not running.done():
        await asyncio.sleep(0.01)
    desk.folder.unlink()
    while desk.clip().state != "ready" and not running.done():
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_cancelled_stage_leaves_no_half_clip(desk: Desk) -> None:
    desk.queue()
    running = asyncio.create_task(desk.stage().run())
    while desk.clip().state == "queued" and not running.done():
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [path for path in desk.folder.rglob("*") if path.name.startswith(".")] == []


async def test_a_clip_is_cut_again_to_the_frame_after_an_edit_and_the_file_from_before_is_deleted(desk: Desk) -> None:
    desk.queue()
    stage, epoch = desk.stage(), desk.footage.epochs()[0].id
    ends = (Point(time=Fraction(0), frame=0), Point(time=Fraction(10, 25), frame=10))
    desk.catalogue.edits.mark(Mark(channel="one", epoch=epoch, start=ends[0], end=ends[1], kind=Kind.ADVERT), "olga")
    await stage.run_until_empty()
    old = desk.clip()
    assert [seen.numbers for seen in look(desk.folder / str(old.path))] == [(n,) for n in range(10, FRAMES)]
    boundary = desk.catalogue.boundaries("one", epoch)[1].id
    desk.catalogue.edits.move(boundary, Point(time=Fraction(30, 25), frame=30), "olga")
    await stage.run_until_empty()
    new = desk.clip()
    assert (new.id, new.state) == (old.id, "ready")
    assert [seen.numbers for seen in look(desk.folder / str(new.path))] == [(n,) for n in range(30, FRAMES)]
    assert [path.name for path in (desk.folder / "one").iterdir()] == [Path(str(new.path)).name]
    assert new.path != old.path
