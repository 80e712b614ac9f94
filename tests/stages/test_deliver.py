"""Finished files arrive at their targets, whatever goes wrong on the way."""

import asyncio
import hashlib
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import pytest
import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from streamproc.catalogue.deliveries import DeliveryFilter, DeliveryRow, Finished
from streamproc.catalogue.finishing import DeliveryState
from streamproc.catalogue.pieces import Wish
from streamproc.catalogue.store import Catalogue
from streamproc.config import ChannelSettings, Settings, TargetSettings
from streamproc.errors import CatalogueError
from streamproc.messages import Span
from streamproc.stage import Stage
from streamproc.stages.deliver import DeliverStage, OfferStage
from streamproc.storage.s3 import PART_BYTES
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, Clock, ManualClock, SystemClock
from tests.storage.servers import ENVIRON, S3Server

WISH = Wish(channel="one", spans=(Span(epoch=1, start=Fraction(0), end=Fraction(20)),), author="anna")
LARGE = 2 * PART_BYTES + 1234


class Desk:
    """A catalogue, finished pieces, and a target that is a folder."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.clock = clock
        self.folder = folder / "clips"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.url = f"sqlite:///{folder / 'catalogue.sqlite'}"
        self.archive = folder / "archive"
        self.registry = CollectorRegistry()
        self.telemetry = Telemetry(self.registry)
        self.catalogue = Catalogue.open(self.url, clock=clock)
        self.catalogue.put_channel("one", "One", None, None)
        self.catalogue.begin_epoch("one", 1, utc_zero_ns=0, frame_rate=Fraction(25), description="drawn")

    def target(self, **changes: object) -> TargetSettings:
        return TargetSettings.model_validate({"name": "archive", "url": self.archive.as_uri(), **changes})

    def finish(self, size_bytes: int = 1000) -> Finished:
        """Finish a piece of so many bytes that nothing repeats."""
        number = self.catalogue.pieces.want(WISH)
        data = random.Random(number).randbytes(size_bytes)
        path = self.folder / "one" / f"piece{number}.mp4"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        self.catalogue.pieces.ready(number, f"one/{path.name}", size_bytes, hashlib.sha256(data).hexdigest(), {})
        return Finished(piece_id=number)

    def file(self, what: Finished) -> Path:
        return self.folder / "one" / f"piece{what.piece_id}.mp4"

    def row(self, what: Finished) -> DeliveryRow:
        (row,) = self.catalogue.deliveries.all(DeliveryFilter(what=what))
        return row

    def stage(self, target: TargetSettings | None = None) -> DeliverStage:
        return DeliverStage(target or self.target(), self.catalogue, self.folder, self.telemetry, self.clock)

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"streamproc_{name}", {"target": "archive", **labels})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, ManualClock())
    desk.archive.mkdir()
    yield desk
    desk.catalogue.close()


@asynccontextmanager
async def running(stage: Stage) -> AsyncIterator["asyncio.Task[None]"]:
    """Run a stage for as long as the block lasts."""
    task = asyncio.create_task(stage.run())
    try:
        yield task
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def until(reached: Callable[[], bool], task: "asyncio.Task[None]") -> None:
    """Wait until something holds; fail at once when the stage has ended."""
    while not reached():
        if task.done():
            task.result()
        await asyncio.sleep(0.02)


async def test_a_wanted_file_arrives_and_is_reported_and_counted(desk: Desk) -> None:
    what = desk.finish()
    desk.catalogue.deliveries.want("archive", what)
    async with running(desk.stage()) as task:
        await until(lambda: desk.row(what).state is DeliveryState.DONE, task)
    row = desk.row(what)
    assert Path(str(row.remote_path)).read_bytes() == desk.file(what).read_bytes()
    assert row.message == "verified: size, and the SHA-256 of what was read back"
    assert desk.metric("deliveries_total", outcome="done") == 1
    assert desk.metric("delivered_bytes_total") == 1000


async def test_many_files_arrive_side_by_side(desk: Desk) -> None:
    pieces = [desk.finish(100_000 + number) for number in range(7)]
    for what in pieces:
        desk.catalogue.deliveries.want("archive", what)
    async with running(desk.stage(desk.target(at_once=3))) as task:
        await until(lambda: all(desk.row(what).state is DeliveryState.DONE for what in pieces), task)
    assert sorted(path.name for path in desk.archive.rglob("*.mp4")) == sorted(desk.file(w).name for w in pieces)


async def test_a_target_that_is_away_is_waited_for_without_end(desk: Desk) -> None:
    desk.archive.rmdir()
    what = desk.finish()
    desk.catalogue.deliveries.want("archive", what)
    async with running(desk.stage()) as task:
        await until(lambda: desk.row(what).attempts > 12, task)
        assert desk.metric("target_failing") == 1
        assert "is not there; make it, or mount what it is on" in str(desk.row(what).message)
        desk.archive.mkdir()
        await until(lambda: desk.row(what).state is DeliveryState.DONE, task)
    assert desk.metric("target_failing") == 0


async def test_a_refusing_target_is_asked_with_one_file_and_ever_more_rarely(desk: Desk) -> None:
    desk.archive.rmdir()
    began_ns = desk.clock.utc_ns()
    pieces = [desk.finish() for _ in range(5)]
    for what in pieces:
        desk.catalogue.deliveries.want("archive", what)
    async with running(desk.stage()) as task:
        await until(lambda: sum(desk.row(what).attempts for what in pieces) >= 8, task)
    tried = sum(desk.row(what).attempts for what in pieces)
    assert (desk.clock.utc_ns() - began_ns) / NS >= 60 + 120 + 240 + 480 + 600 * (tried - 6)


async def test_asked_for_again_a_resting_target_is_tried_at_once(desk: Desk) -> None:
    desk.archive.rmdir()
    what = desk.finish()
    desk.catalogue.deliveries.want("archive", what)
    async with running(desk.stage()) as task:
        await until(lambda: desk.row(what).attempts > 6 and desk.row(what).state is DeliveryState.QUEUED, task)
        due_ns = desk.row(what).next_ns
        desk.archive.mkdir()
        desk.catalogue.deliveries.want("archive", what)
        await until(lambda: desk.row(what).state is DeliveryState.DONE, task)
    assert desk.row(what).updated_ns < due_ns


async def test_a_file_that_is_gone_ends_its_delivery_with_the_reason(desk: Desk) -> None:
    gone, there = desk.finish(), desk.finish()
    desk.file(gone).unlink()
    for what in (gone, there):
        desk.catalogue.deliveries.want("archive", what)
    async with running(desk.stage()) as task:
        await until(lambda: desk.row(there).state is DeliveryState.DONE, task)
    row = desk.row(gone)
    assert (row.state, row.attempts) == (DeliveryState.FAILED, 1)
    assert "the file is gone" in str(row.message)
    assert desk.metric("deliveries_total", outcome="failed") == 1


async def test_an_unset_variable_is_said_in_the_catalogue_and_the_log(desk: Desk) -> None:
    what = desk.finish()
    desk.catalogue.deliveries.want("archive", what)
    target = desk.target(url="s3://clips", password_env="NOBODY_HAS_SET_THIS")
    with structlog.testing.capture_logs() as lines:
        async with running(desk.stage(target)) as task:
            await until(lambda: desk.row(what).attempts > 0 and desk.row(what).message is not None, task)
    assert "NOBODY_HAS_SET_THIS, which is not set" in str(desk.row(what).message)
    failed = [line for line in lines if line["event"] == "delivery.failed"]
    assert failed[0]["error"] == desk.row(what).message


async def test_trouble_with_the_catalogue_is_one_error_of_the_catalogue(desk: Desk) -> None:
    what = desk.finish()
    desk.catalogue.deliveries.want("archive", what)
    task = asyncio.create_task(desk.stage().run())
    await until(lambda: desk.row(what).state is DeliveryState.DONE, task)
    with desk.catalogue.ledger.read() as session:
        session.execute(text("DROP TABLE deliveries"))
        session.commit()
    with pytest.raises(CatalogueError, match="no such table"):
        await task


async def test_files_of_one_name_in_different_folders_stay_apart(desk: Desk) -> None:
    pieces = [desk.finish(), desk.finish()]
    for day, what in enumerate(pieces):
        folder = desk.folder / "one" / f"day{day}"
        folder.mkdir()
        path = desk.file(what).rename(folder / "news.mp4")
        size, sha256 = path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()
        desk.catalogue.pieces.ready(what.piece_id or 0, f"one/day{day}/news.mp4", size, sha256, {})
        desk.catalogue.deliveries.want("archive", what)
    async with running(desk.stage()) as task:
        await until(lambda: all(desk.row(what).state is DeliveryState.DONE for what in pieces), task)
    assert len(list(desk.archive.rglob("news.mp4"))) == 2


def settings(desk: Desk, *deliver: str) -> Settings:
    channel = ChannelSettings(name="one", url="x.ts", deliver=deliver)
    return Settings(data_dir=desk.folder.parent, channels=(channel,), targets=(desk.target(),))


async def test_what_becomes_ready_is_queued_by_itself(desk: Desk) -> None:
    first = desk.finish()
    async with running(
        OfferStage(lambda: settings(desk, "archive"), desk.catalogue, desk.telemetry, desk.clock)
    ) as task:
        await until(lambda: bool(desk.catalogue.deliveries.all(DeliveryFilter(what=first))), task)
        second = desk.finish()
        await until(lambda: bool(desk.catalogue.deliveries.all(DeliveryFilter(what=second))), task)
        await until(lambda: desk.metric("deliveries_waiting") == 2, task)
        await until(lambda: (desk.metric("delivery_oldest_seconds") or 0) > 0, task)


async def test_a_channel_that_delivers_nowhere_queues_nothing(desk: Desk) -> None:
    desk.finish()
    async with running(OfferStage(lambda: settings(desk), desk.catalogue, desk.telemetry, desk.clock)) as task:
        await until(lambda: desk.metric("deliveries_waiting") == 0, task)
    assert desk.catalogue.deliveries.all() == []


# Killed in the middle, for real


@pytest.fixture
def slow_s3(tmp_path: Path) -> Iterator[S3Server]:
    """A server that takes 12 MB a second, so that there is a middle."""

    class Slow(S3Server):
        def command(self) -> list[str]:
            return [*super().command(), "--bwlimit", "12M"]

    with Slow(tmp_path / "s3") as server:
        yield server


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk in real time, with credentials."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    desk = Desk(tmp_path / "desk", SystemClock())
    yield desk
    desk.catalogue.close()


def arrived_bytes(server: S3Server) -> int:
    """How much of an upload lies on the server's disk, not visible yet."""
    return sum(path.stat().st_size for path in server.folder.rglob(".rclone_temp_multipart_*"))


DAEMON = """
import asyncio, sys
from pathlib import Path
from streamproc.config import TargetSettings
from streamproc.timebase import SystemClock
from tests.stages.test_deliver import Desk

desk = Desk(Path(sys.argv[1]), SystemClock())
asyncio.run(desk.stage(TargetSettings.model_validate_json(sys.argv[2])).run())
"""


def kill_daemon_once(reached: Callable[[], bool], arguments: list[str]) -> None:
    """Deliver in a process of its own, and kill that once something holds."""
    with subprocess.Popen([sys.executable, "-c", DAEMON, *arguments], env=os.environ) as daemon:
        while not reached() and daemon.poll() is None:
            time.sleep(0.01)
        daemon.kill()


async def test_killed_in_the_middle_of_an_upload_it_goes_on_at_the_next_start(real: Desk, slow_s3: S3Server) -> None:
    what = real.finish(LARGE)
    real.catalogue.deliveries.want("cloud", what)
    arguments = [str(real.folder.parent), slow_s3.target().model_dump_json()]
    kill_daemon_once(lambda: arrived_bytes(slow_s3) > PART_BYTES, arguments)
    assert real.row(what).state is DeliveryState.SENDING
    with structlog.testing.capture_logs() as lines:
        async with running(real.stage(slow_s3.target())) as task:
            await until(lambda: real.row(what).state is DeliveryState.DONE, task)
    (done,) = [line for line in lines if line["event"] == "delivery.done"]
    assert PART_BYTES <= done["resumed_at"] < LARGE
    assert (slow_s3.folder / "clips" / done["file"]).read_bytes() == real.file(what).read_bytes()


async def test_a_server_killed_in_the_middle_of_an_upload_gets_the_file_when_it_is_back(
    real: Desk, slow_s3: S3Server
) -> None:
    what = real.finish(LARGE)
    real.catalogue.deliveries.want("cloud", what)
    async with running(real.stage(slow_s3.target())) as task:
        await until(lambda: arrived_bytes(slow_s3) > PART_BYTES, task)
        slow_s3.kill()
        await until(lambda: real.row(what).message is not None, task)
        assert real.row(what).state is not DeliveryState.DONE
        slow_s3.start()
        await until(lambda: real.row(what).state is DeliveryState.DONE, task)
    there = slow_s3.folder / "clips" / str(real.row(what).remote_path)
    assert there.read_bytes() == real.file(what).read_bytes()


async def test_told_to_stop_in_the_middle_of_an_upload_it_stops_and_goes_on_later(
    real: Desk, slow_s3: S3Server
) -> None:
    what = real.finish(LARGE)
    real.catalogue.deliveries.want("cloud", what)
    async with running(real.stage(slow_s3.target())) as task:
        await until(lambda: arrived_bytes(slow_s3) > PART_BYTES, task)
    assert real.row(what).state is DeliveryState.SENDING
    assert arrived_bytes(slow_s3) < LARGE
    async with running(real.stage(slow_s3.target())) as task:
        await until(lambda: real.row(what).state is DeliveryState.DONE, task)


async def test_wrong_credentials_are_said_and_tried_again_once_they_are_mended(
    real: Desk, slow_s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamproc.logic.backoff.REFUSED_S", 0.5)
    monkeypatch.setenv("THE_SECRET", "not the secret, but as long as one is")
    what = real.finish()
    real.catalogue.deliveries.want("cloud", what)
    async with running(real.stage(slow_s3.target())) as task:
        await until(lambda: real.row(what).message is not None, task)
        assert "does not let us in" in str(real.row(what).message)
        monkeypatch.setenv("THE_SECRET", ENVIRON["THE_SECRET"])
        await until(lambda: real.row(what).state is DeliveryState.DONE, task)
