"""The catalogue's queue of pieces is worked off, whatever goes wrong on the way, and while the recording grows."""

import asyncio
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import av
import pytest
from prometheus_client import CollectorRegistry

from streamproc.catalogue.finishing import Mode, PieceState
from streamproc.catalogue.pieces import PieceRow, Wish
from streamproc.catalogue.store import Catalogue
from streamproc.media.files import FileFootage
from streamproc.media.footage import Footage
from streamproc.media.recording.reader import RecordingFootage
from streamproc.media.recording.writer import EpochWriter, RecordingWriter
from streamproc.messages import Span
from streamproc.naming import DEFAULT_PATTERN
from streamproc.stages.piece import PieceStage, Place
from streamproc.telemetry import Telemetry
from streamproc.timebase import ManualClock, SystemClock, utc_from_ns
from tests.footage import Drawn, draw, look
from tests.media.recorded import read_source

ZERO_NS = 1_795_292_885_000_000_000
FRAMES = 100
CODING = Drawn(frames=FRAMES, options={"g": "10", "bf": "2"})


def span(first: int, after: int, epoch: int = 1) -> Span:
    """Return the stretch with frames [first, after)."""
    return Span(epoch=epoch, start=Fraction(first, 25), end=Fraction(after, 25))


class Desk:
    """A catalogue with one channel, and its footage."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.folder = folder / "clips"
        self.registry = CollectorRegistry()
        self.catalogue = Catalogue.open(f"sqlite:///{folder / 'catalogue.sqlite'}", clock=self.clock)
        self.catalogue.put_channel("one", "Первый", None, None)
        rate = Fraction(25)
        self.catalogue.begin_epoch("one", 1, utc_zero_ns=ZERO_NS, frame_rate=rate, description="drawn footage")
        self.footage: Footage = FileFootage([draw(folder / "source.mp4", CODING)])

    def want(self, *spans: Span, mode: Mode = Mode.EXACT, title: str | None = "Сегодня") -> int:
        return self.catalogue.pieces.want(Wish(channel="one", spans=spans, mode=mode, title=title, author="anna"))

    def stage(self) -> PieceStage:
        place = Place(self.folder, DEFAULT_PATTERN, lambda _: ZoneInfo("Europe/Moscow"))
        clock = self.clock if isinstance(self.footage, FileFootage) else SystemClock()
        return PieceStage(self.catalogue, lambda _: self.footage, place, Telemetry(self.registry), clock)

    def piece(self, number: int) -> PieceRow:
        row = self.catalogue.pieces.get(number)
        assert row is not None
        return row

    def knows(self, epoch: EpochWriter) -> int:
        """Tell the catalogue of an epoch that is being recorded, and return its number."""
        assert epoch.id is not None
        self.catalogue.begin_epoch(
            "one", epoch.id, utc_zero_ns=ZERO_NS, frame_rate=Fraction(25), description="drawn footage"
        )
        return epoch.id

    async def until(self, number: int, state: PieceState) -> None:
        """Wait until a piece is in a state; fail when it failed."""
        while (piece := self.piece(number)).state is not state:
            assert piece.state is not PieceState.FAILED, piece.message
            await asyncio.sleep(0.02)

    def shown(self, number: int) -> list[int]:
        """Return the numbers that the piece's pictures carry."""
        return [picture.numbers[0] for picture in look(self.folder / str(self.piece(number).path))]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.catalogue.close()


async def test_a_queued_piece_becomes_one_file_of_its_stretches_named_by_the_pattern(desk: Desk) -> None:
    number = desk.want(span(3, 30), span(52, 90))
    await desk.stage().run_until_empty()
    piece = desk.piece(number)
    start = utc_from_ns(piece.start_utc_ns or 0).astimezone(ZoneInfo("Europe/Moscow"))
    assert piece.path == f"Первый/{start:%Y-%m-%d %H.%M.%S} Сегодня.mp4"
    assert desk.shown(number) == [*range(3, 30), *range(52, 90)]
    assert piece.report["joints_s"] == [27 / 25]
    assert piece.size_bytes == (desk.folder / str(piece.path)).stat().st_size
    with av.open(str(desk.folder / str(piece.path))) as container:
        assert container.metadata["network"] == "Первый"


async def test_two_pieces_of_one_name_get_names_of_their_own(desk: Desk) -> None:
    first, second = desk.want(span(3, 30)), desk.want(span(3, 30))
    await desk.stage().run_until_empty()
    names = {Path(str(desk.piece(number).path)).name[20:] for number in (first, second)}
    assert names == {"Сегодня.mp4", "Сегодня (2).mp4"}


@pytest.mark.parametrize("mode", [Mode.KEYFRAME, Mode.REENCODE])
async def test_a_piece_is_made_in_the_mode_that_was_wanted(desk: Desk, mode: Mode) -> None:
    number = desk.want(span(13, 37), mode=mode)
    await desk.stage().run_until_empty()
    report = desk.piece(number).report
    assert report["encoded_frames" if mode is Mode.KEYFRAME else "copied_frames"] == 0


async def test_a_piece_of_a_deleted_epoch_fails_at_once(desk: Desk) -> None:
    desk.catalogue.begin_epoch("one", 7, utc_zero_ns=ZERO_NS, frame_rate=Fraction(25), description="gone")
    number = desk.want(span(3, 30, epoch=7))
    await desk.stage().run_until_empty()
    assert (desk.piece(number).state, desk.piece(number).attempts) == (PieceState.FAILED, 1)


async def test_a_piece_that_ends_after_the_footage_is_shorter_and_says_so(desk: Desk) -> None:
    number = desk.want(span(3, 150))
    await desk.stage().run_until_empty()
    assert desk.shown(number) == list(range(3, FRAMES))
    assert desk.piece(number).report["notes"] == ["2.000 s of it are not recorded, for the feed broke off"]


async def test_a_piece_that_begins_after_the_footage_fails_and_says_why(desk: Desk) -> None:
    number = desk.want(span(150, 180))
    await desk.stage().run_until_empty()
    assert "nothing is recorded of epoch 1 from 6.000 s on" in str(desk.piece(number).message)


async def test_what_a_dead_process_was_making_is_made_again_and_its_leftovers_go(desk: Desk) -> None:
    number = desk.want(span(3, 30))
    desk.catalogue.pieces.take()
    left = desk.folder / "Первый" / ".x.mp4.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a piece")
    await desk.stage().run_until_empty()
    assert desk.piece(number).state is PieceState.READY
    assert not left.exists()


async def test_a_piece_whose_end_is_to_come_is_ready_soon_after_it_and_does_not_block_others(
    desk: Desk, tmp_path: Path
) -> None:
    source, packets = read_source(tmp_path / "source.mp4")
    writer = RecordingWriter(tmp_path / "recording", file_s=2.0, fragment_s=0.2, clock=SystemClock())
    epoch = writer.begin_epoch(source.video, source.audio)
    half = len(packets) // 2
    for packet in packets[:half]:
        epoch.write(packet)
    desk.footage = RecordingFootage(tmp_path / "recording")
    running, waiting = desk.want(span(10, 90, desk.knows(epoch))), desk.want(span(5, 30, desk.knows(epoch)))
    task = asyncio.create_task(desk.stage().run())
    await desk.until(waiting, PieceState.READY)
    assert desk.piece(running).state is PieceState.CUTTING
    for packet in packets[half:]:
        epoch.write(packet)
    epoch.close("stopped")
    await desk.until(running, PieceState.READY)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert desk.shown(running) == list(range(10, 90))
    writer.close()
    source.close()


async def test_a_cancelled_stage_leaves_no_half_piece(desk: Desk, tmp_path: Path) -> None:
    source, packets = read_source(tmp_path / "source.mp4")
    writer = RecordingWriter(tmp_path / "recording", file_s=2.0, fragment_s=0.2, clock=SystemClock())
    epoch = writer.begin_epoch(source.video, source.audio)
    for packet in packets[:80]:
        epoch.write(packet)
    desk.footage = RecordingFootage(tmp_path / "recording")
    number = desk.want(span(3, 95, desk.knows(epoch)))
    task = asyncio.create_task(desk.stage().run())
    await desk.until(number, PieceState.CUTTING)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(desk.folder.rglob("*.part")) == []
    epoch.close("stopped")
    writer.close()
    source.close()
