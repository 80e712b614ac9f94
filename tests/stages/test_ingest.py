"""Holding on to a feed: over a real RTMP server, through loss, silence, stalls and stops."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from streamproc.config import ChannelSettings, IngestSettings
from streamproc.media.recording.reader import RecordingFootage
from streamproc.messages import CueKind
from streamproc.scte35.placing import read_cues
from streamproc.stages.ingest import STATUS_FILE, IngestStage, IngestState
from streamproc.stages.record import RecordStage
from streamproc.telemetry import Telemetry
from streamproc.timebase import SystemClock
from tests.footage import Drawn, draw
from tests.media.cued import Wanted, draw_cued
from tests.servers import Publisher, RtmpServer, SilentProxy, free_port

QUICK = IngestSettings(stall_timeout_s=1.5, connect_timeout_s=4, retry_initial_s=0.1, retry_max_s=0.3)
GOP = {"g": "12", "bf": "2"}
FEED = Drawn(frames=100, options=GOP)


class Rig:
    """An ingest stage that records for real."""

    def __init__(self, folder: Path, **where: str) -> None:
        self.folder = folder / "one"
        self.settings = ChannelSettings(name="one", ingest=QUICK, **where)
        self.telemetry = Telemetry(CollectorRegistry())
        clock = SystemClock()
        self.recorder = RecordStage("one", self.folder, self.settings.record, self.telemetry, clock)
        self.stage = IngestStage(self.settings, self.folder, self.recorder, self.telemetry, clock)

    def metric(self, name: str, **labels: str) -> float:
        """Return a metric's value."""
        return self.telemetry.registry.get_sample_value(f"streamproc_{name}", {"channel": "one", **labels}) or 0.0

    def status(self) -> dict[str, object]:
        """Return what the other processes see."""
        found = json.loads((self.folder / STATUS_FILE).read_text())
        assert isinstance(found, dict)
        return found

    def recorded(self) -> list[float]:
        """Return the length of each epoch."""
        return [float(epoch.end()) for epoch in RecordingFootage(self.folder).epochs()]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the stage for a while, then stop it as SIGTERM would."""
        task = asyncio.create_task(self.stage.run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def until(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await asyncio.sleep(0.05)

    async def until_state(self, *states: IngestState) -> None:
        """Wait until the stage is in a state."""
        await self.until(lambda: self.stage.status.state in states)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """Four seconds of footage."""
    return draw(tmp_path / "feed.flv", FEED)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RtmpServer]:
    """A real nginx with its RTMP module."""
    folder = tmp_path / "nginx"
    folder.mkdir()
    with RtmpServer(folder) as running:
        yield running


@pytest.mark.nginx
async def test_a_published_feed_is_recorded(tmp_path: Path, feed: Path, server: RtmpServer) -> None:
    rig = Rig(tmp_path, url=server.url("k3y"))
    with Publisher(feed, server.url("k3y"), loops=100):
        async with rig.running():
            await rig.until_state(IngestState.CONNECTED)
            await rig.until(lambda: sum(rig.recorded()) > 2)
            assert rig.metric("connected") == 1
    assert rig.metric("connected") == 0


@pytest.mark.nginx
async def test_a_publisher_that_comes_back_begins_a_new_epoch(tmp_path: Path, feed: Path, server: RtmpServer) -> None:
    rig = Rig(tmp_path, url=server.url("k3y"))
    async with rig.running():
        for turn in (1, 2):
            with Publisher(feed, server.url("k3y"), loops=100):
                await rig.until(lambda turn=turn: len([s for s in rig.recorded() if s > 1]) == turn)  # type: ignore[misc]
            await rig.until_state(IngestState.WAITING)
    assert len(rig.recorded()) == 2
    assert rig.metric("reconnects_total") == 1
    assert rig.metric("errors_total", kind="SourceLost") >= 1


@pytest.mark.nginx
async def test_a_half_open_connection_is_left_for_a_new_one(tmp_path: Path, feed: Path, server: RtmpServer) -> None:
    with SilentProxy(server.port) as proxy, Publisher(feed, server.url("k3y"), loops=100):
        rig = Rig(tmp_path, url=f"rtmp://127.0.0.1:{proxy.port}/live/k3y")
        async with rig.running():
            await rig.until(lambda: sum(rig.recorded()) > 1)
            proxy.fall_silent()
            await rig.until(lambda: rig.stage.status.state is not IngestState.CONNECTED)
            proxy.speak_again()
            await rig.until(lambda: len([s for s in rig.recorded() if s > 1]) == 2)


@pytest.mark.nginx
async def test_no_log_line_and_no_status_holds_the_key(
    tmp_path: Path, server: RtmpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    rig = Rig(tmp_path, url=server.url("s3cr3t-k3y"))
    async with rig.running():
        await rig.until_state(IngestState.WAITING)
        said = (rig.folder / STATUS_FILE).read_text()
    output = capsys.readouterr()
    assert "feed.lost" in output.out + output.err
    assert "s3cr3t-k3y" not in output.out + output.err + said


@pytest.mark.nginx
async def test_stopping_ends_the_epoch_whole_though_a_read_hangs(
    tmp_path: Path, feed: Path, server: RtmpServer
) -> None:
    with SilentProxy(server.port) as proxy, Publisher(feed, server.url("k3y"), loops=100):
        rig = Rig(tmp_path, url=f"rtmp://127.0.0.1:{proxy.port}/live/k3y")
        async with rig.running():
            await rig.until(lambda: sum(rig.recorded()) > 1)
            proxy.fall_silent()
            await asyncio.sleep(0.3)
            begun = time.monotonic()
        assert time.monotonic() - begun < 1.4
    (epoch,) = RecordingFootage(rig.folder).epochs()
    assert epoch.has_ended()
    assert rig.status()["state"] == "stopped"


async def test_a_push_is_waited_for_without_complaint_and_then_recorded(tmp_path: Path, feed: Path) -> None:
    url = f"rtmp://127.0.0.1:{free_port()}/live/k3y"
    rig = Rig(tmp_path, listen=url)
    async with rig.running():
        await asyncio.sleep(0.5)
        with Publisher(feed, url, loops=100, retries=50):
            await rig.until(lambda: sum(rig.recorded()) > 1)
    assert rig.metric("errors_total", kind="SourceLost") == 0


async def test_a_file_is_recorded_to_its_end_and_ends_the_stage(tmp_path: Path, feed: Path) -> None:
    rig = Rig(tmp_path, url=str(feed))
    await rig.stage.run()
    assert rig.recorded() == [pytest.approx(4, abs=0.01)]
    assert rig.status()["state"] == "finished"


async def test_a_change_of_size_goes_on_in_a_new_epoch_of_the_same_connection(tmp_path: Path) -> None:
    parts = [FEED, Drawn(frames=50, size=(192, 96), options=GOP)]
    data = b"".join(draw(tmp_path / f"{n}.ts", part).read_bytes() for n, part in enumerate(parts))
    (tmp_path / "both.ts").write_bytes(data)
    rig = Rig(tmp_path, url=str(tmp_path / "both.ts"))
    await rig.stage.run()
    widths = [epoch.format.video.width for epoch in RecordingFootage(rig.folder).epochs()]
    assert (widths, rig.recorded()) == ([160, 192], [pytest.approx(4, abs=0.01), pytest.approx(2, abs=0.01)])


async def test_an_unreachable_feed_is_tried_again_and_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, url=f"rtmp://127.0.0.1:{free_port()}/live/k3y")
    async with rig.running():
        await rig.until(lambda: rig.metric("errors_total", kind="SourceLost") >= 3)
        await rig.until(lambda: "nothing listens" in str(rig.status()["message"]))


async def test_a_feed_that_can_not_be_used_is_a_state_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"this is no video " * 1000)
    rig = Rig(tmp_path, url=str(tmp_path / "a.mp4"))
    async with rig.running():
        await rig.until_state(IngestState.UNSUPPORTED)
        assert "not a video file" in str(rig.status()["message"])
    assert rig.metric("errors_total", kind="SourceUnsupported") == 1


async def test_a_folder_that_can_not_be_made_is_counted_and_no_crash(tmp_path: Path, feed: Path) -> None:
    (tmp_path / "one").write_text("not a folder")
    rig = Rig(tmp_path, url=str(feed))
    await rig.stage.run()
    assert rig.metric("errors_total", kind="RecordingError") >= 1


async def test_the_status_file_is_kept_fresh_while_waiting(tmp_path: Path) -> None:
    rig = Rig(tmp_path, listen=f"rtmp://127.0.0.1:{free_port()}/live/k3y")
    async with rig.running():
        await rig.until(lambda: (rig.folder / STATUS_FILE).exists())
        first = rig.status()["updated_ns"]
        await rig.until(lambda: rig.status()["updated_ns"] != first)


async def test_cues_of_the_feed_reach_the_recording(tmp_path: Path) -> None:
    path = draw_cued(tmp_path / "feed.ts", [Wanted(frame=60), Wanted(frame=90, out=False)], frames=120)
    rig = Rig(tmp_path, url=str(path))
    await rig.stage.run()
    (epoch,) = RecordingFootage(rig.folder).epochs()
    assert [(cue.kind, cue.time * 25) for cue in read_cues(epoch.cues())] == [(CueKind.OUT, 60), (CueKind.IN, 90)]
