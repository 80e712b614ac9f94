"""The recording side of a channel: it counts, it outlives a disk that can't be written to, it deletes what is old."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from streamproc.config import ChannelSettings, RecordSettings, RetentionSettings, Settings
from streamproc.media.probe import Packet
from streamproc.media.recording.reader import RecordingFootage
from streamproc.stages.record import RETRY_S, RecordStage, RetentionStage
from streamproc.telemetry import Telemetry
from streamproc.timebase import ManualClock
from tests.footage import Drawn, draw
from tests.media.recorded import read_source


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds with a keyframe every second."""
    options = {"g": "25", "bf": "0", "sc_threshold": "0"}
    return draw(tmp_path_factory.mktemp("source") / "four.flv", Drawn(frames=100, options=options))


@pytest.fixture
def telemetry() -> Telemetry:
    """Metrics of this test alone."""
    return Telemetry(CollectorRegistry())


@pytest.fixture
def clock() -> ManualClock:
    """Time that stands still."""
    return ManualClock()


@pytest.fixture
def stage(tmp_path: Path, telemetry: Telemetry, clock: ManualClock) -> RecordStage:
    """The stage of a channel named ``one``."""
    return RecordStage("one", tmp_path / "one", RecordSettings(file_s=2), telemetry, clock)


def value(telemetry: Telemetry, name: str, **labels: str) -> float | None:
    return telemetry.registry.get_sample_value(f"streamproc_{name}", {"channel": "one", **labels})


def feed(stage: RecordStage, packets: list[Packet]) -> None:
    for packet in packets:
        stage.write(packet)


def recorded(stage: RecordStage, path: Path) -> list[Packet]:
    """Record a whole file and return its packets."""
    source, packets = read_source(path)
    stage.begin(source.video, source.audio)
    feed(stage, packets)
    stage.end("stopped")
    return packets


def test_packets_and_bytes_are_counted_by_track(stage: RecordStage, telemetry: Telemetry, source: Path) -> None:
    packets = recorded(stage, source)
    for track in ("video", "audio"):
        sizes = [packet.size for packet in packets if packet.stream.type == track]
        assert value(telemetry, "packets_total", track=track) == len(sizes)
        assert value(telemetry, "received_bytes_total", track=track) == sum(sizes)


def test_recorded_bytes_are_the_files_sizes(
    stage: RecordStage, telemetry: Telemetry, source: Path, tmp_path: Path
) -> None:
    recorded(stage, source)
    sizes = sum(path.stat().st_size for path in tmp_path.glob("one/*/*.mp4"))
    assert value(telemetry, "recorded_bytes_total") == sizes


def test_each_beginning_is_an_epoch(stage: RecordStage, telemetry: Telemetry, source: Path, tmp_path: Path) -> None:
    recorded(stage, source)
    recorded(stage, source)
    assert value(telemetry, "epochs_total") == len(RecordingFootage(tmp_path / "one").epochs()) == 2


def test_a_disk_that_can_t_be_written_to_is_a_problem_not_an_error(
    stage: RecordStage, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "one").touch()
    recorded(stage, source)
    assert stage.problem == f"{tmp_path}/one: can't record here (File exists)"


def test_recording_goes_on_when_the_disk_can_be_written_to(
    stage: RecordStage, clock: ManualClock, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "one").touch()
    feed_source, packets = read_source(source)
    stage.begin(feed_source.video, feed_source.audio)
    feed(stage, packets[: len(packets) // 3])
    (tmp_path / "one").unlink()
    clock.advance(RETRY_S)
    feed(stage, packets[len(packets) // 3 :])
    stage.end("stopped")
    [epoch] = RecordingFootage(tmp_path / "one").epochs()
    assert (stage.problem, epoch.end()) == (None, Fraction(2))


def test_a_failing_disk_is_counted_once_a_try(
    stage: RecordStage, telemetry: Telemetry, clock: ManualClock, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "one").touch()
    recorded(stage, source)
    assert value(telemetry, "errors_total", kind="RecordingError") == 1


def test_ending_without_a_beginning_is_nothing(stage: RecordStage) -> None:
    stage.end("stopped")
    stage.close()


def test_opening_repairs_without_a_feed(stage: RecordStage, source: Path, tmp_path: Path) -> None:
    recorded(stage, source)
    stage.close()
    shutil.rmtree(next((tmp_path / "one").glob("[0-9]*")))
    stage.open()
    assert RecordingFootage(tmp_path / "one").epochs() == []


def retention(tmp_path: Path, telemetry: Telemetry, clock: ManualClock, settings: RetentionSettings) -> RetentionStage:
    channel = ChannelSettings(name="one", url="rtmp://127.0.0.1/live/one", retention=settings)
    whole = Settings(data_dir=tmp_path, channels=(channel,))
    return RetentionStage(lambda: whole, lambda _: [], telemetry, clock, ThreadPoolExecutor(1))


@pytest.fixture
def old(tmp_path: Path, telemetry: Telemetry, clock: ManualClock, source: Path) -> Path:
    """A channel's folder with an hour-old recording."""
    folder = tmp_path / "recording" / "one"
    stage = RecordStage("one", folder, RecordSettings(file_s=2), telemetry, clock)
    recorded(stage, source)
    stage.close()
    clock.advance(3600)
    return folder


def test_old_recording_is_deleted_and_counted(
    old: Path, tmp_path: Path, telemetry: Telemetry, clock: ManualClock
) -> None:
    size = sum(path.stat().st_size for path in old.glob("*/*.mp4"))
    retention(tmp_path, telemetry, clock, RetentionSettings(max_age_h=0.5, min_free_bytes=0)).run_once()
    assert list(old.glob("*/*.mp4")) == []
    assert value(telemetry, "deleted_bytes_total") == size


def test_the_size_of_what_is_kept_is_a_metric(
    old: Path, tmp_path: Path, telemetry: Telemetry, clock: ManualClock
) -> None:
    retention(tmp_path, telemetry, clock, RetentionSettings(min_free_bytes=0)).run_once()
    assert value(telemetry, "recording_bytes") == sum(path.stat().st_size for path in old.glob("*/*.mp4"))
    assert telemetry.registry.get_sample_value("streamproc_disk_free_bytes") == pytest.approx(
        shutil.disk_usage(tmp_path).free, rel=0.1
    )
