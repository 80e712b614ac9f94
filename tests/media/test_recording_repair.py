"""Whatever state a kill, a power cut or a full disk leaves, opening the recording mends it and loses no fragment."""

import resource
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamproc.errors import RecordingError
from streamproc.media.footage import Track
from streamproc.media.probe import Packet
from streamproc.media.recording import fmp4
from streamproc.media.recording.reader import RecordingEpoch, RecordingFootage
from streamproc.media.recording.writer import EpochWriter, RecordingWriter
from streamproc.timebase import NS, ManualClock
from tests.footage import Drawn, draw
from tests.media.recorded import read_source, write_epoch

OPTIONS = {"g": "25", "bf": "2", "b_strategy": "0", "sc_threshold": "0"}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds with B-frames, in a container whose times are milliseconds."""
    return draw(tmp_path_factory.mktemp("source") / "five.flv", Drawn(frames=125, options=OPTIONS))


@pytest.fixture(scope="module")
def whole(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of two epochs, three files each."""
    folder = tmp_path_factory.mktemp("whole") / "channel"
    clock = ManualClock()
    writer = opened(folder, clock)
    for reason in ("lost", "stopped"):
        feed, packets = read_source(source)
        clock.advance(10)
        write_epoch(writer, feed.video, feed.audio, packets, reason)
        feed.close()
    writer.close()
    return folder


def opened(folder: Path, clock: ManualClock | None = None) -> RecordingWriter:
    """Open a recording for writing, which repairs it."""
    return RecordingWriter(folder, file_s=2, fragment_s=0.4, clock=clock or ManualClock())


def repaired(folder: Path) -> list[RecordingEpoch]:
    """Repair a recording and return its epochs."""
    opened(folder).close()
    return list(RecordingFootage(folder).epochs())


def rows(folder: Path, table: str) -> list[tuple[object, ...]]:
    """Return all rows of a table of the index."""
    with closing(sqlite3.connect(folder / "index.sqlite")) as index:
        return sorted(index.execute(f"SELECT * FROM {table}").fetchall())


def last_file(folder: Path) -> Path:
    """Return the newest file."""
    return max(folder.glob("*/*.mp4"))


def fragment_ends(path: Path, time: fmp4.VideoTime) -> list[int]:
    """Return where each fragment of a file ends."""
    header = fmp4.parse_header(path.read_bytes())
    assert header is not None
    with path.open("rb") as file:
        whole = fmp4.fragments(file.fileno(), header[0], path.stat().st_size, time)
        return [begin + fragment.size for begin, fragment in whole]


def forget(folder: Path, path: Path) -> None:
    """Make the index forget a file and that its epoch ended, as if the kill had come before it was entered."""
    with closing(sqlite3.connect(folder / "index.sqlite")) as index, index:
        which = int(path.parent.name), int(path.stem)
        index.execute("DELETE FROM keyframes WHERE epoch = ? AND file = ?", which)
        index.execute("DELETE FROM files WHERE epoch = ? AND number = ?", which)
        index.execute("UPDATE epochs SET ended_ns = NULL, end_reason = NULL WHERE id = ?", which[:1])


TIME = fmp4.VideoTime(1000, 80)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_cut_anywhere_keeps_its_whole_fragments(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cut") / "channel"
    shutil.copytree(whole, folder)
    path = last_file(folder)
    ends = fragment_ends(path, TIME)
    cut = data.draw(st.integers(0, ends[-1] - 1))
    with path.open("r+b") as file:
        file.truncate(cut)
    repaired(folder)
    left = [end for end in ends if end <= cut]
    assert (path.stat().st_size if path.exists() else 0) == (left[-1] if left else 0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_cut_epoch_reads_as_far_as_its_end_says(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cut") / "channel"
    shutil.copytree(whole, folder)
    path = last_file(folder)
    forget(folder, path)
    with path.open("r+b") as file:
        file.truncate(data.draw(st.integers(0, path.stat().st_size)))
    epoch = repaired(folder)[-1]
    video = [packet for packet in epoch.packets() if packet.track is Track.VIDEO]
    assert epoch.frame_number(epoch.end()) == len(video)
    assert list(epoch.keyframes()) == [packet for packet in video if packet.is_keyframe]


def test_a_file_that_the_index_forgot_is_entered_again(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "channel"
    shutil.copytree(whole, folder)
    before = rows(folder, "keyframes"), rows(folder, "files")
    forget(folder, last_file(folder))
    repaired(folder)
    assert (rows(folder, "keyframes"), rows(folder, "files")) == before


def test_an_open_epoch_is_ended_as_killed(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "channel"
    shutil.copytree(whole, folder)
    forget(folder, last_file(folder))
    epoch = repaired(folder)[-1]
    assert (epoch.has_ended(), epoch.end_reason(), epoch.end()) == (True, "killed", 5)


def test_a_missing_index_is_rebuilt_from_the_files(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "channel"
    shutil.copytree(whole, folder)
    before = rows(folder, "keyframes"), rows(folder, "files")
    for part in folder.glob("index.sqlite*"):
        part.unlink()
    repaired(folder)
    assert (rows(folder, "keyframes"), rows(folder, "files")) == before


def test_a_rebuilt_index_knows_the_epochs_as_they_were(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "channel"
    shutil.copytree(whole, folder)
    before = [(epoch.id, epoch.format, epoch.utc_zero_ns, epoch.end()) for epoch in RecordingFootage(folder).epochs()]
    (folder / "index.sqlite").unlink()
    after = [(epoch.id, epoch.format, epoch.utc_zero_ns, epoch.end()) for epoch in repaired(folder)]
    assert after == before


@pytest.mark.parametrize("damage", [b"garbage" * 1000, b""])
def test_a_damaged_index_is_rebuilt(whole: Path, tmp_path: Path, damage: bytes) -> None:
    folder = tmp_path / "channel"
    shutil.copytree(whole, folder)
    before = rows(folder, "keyframes")
    (folder / "index.sqlite").write_bytes(damage)
    repaired(folder)
    assert rows(folder, "keyframes") == before


def test_an_index_damaged_inside_is_rebuilt(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "channel"
    shutil.copytree(whole, folder)
    before = rows(folder, "keyframes")
    with (folder / "index.sqlite").open("r+b") as file:
        file.seek(4096)
        file.write(bytes(3 * 4096))
    repaired(folder)
    assert rows(folder, "keyframes") == before


def test_a_damaged_index_is_kept_beside(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "channel"
    shutil.copytree(whole, folder)
    (folder / "index.sqlite").write_bytes(b"garbage" * 1000)
    repaired(folder)
    [aside] = folder.glob("index.damaged-*")
    assert aside.read_bytes() == b"garbage" * 1000


def test_a_reader_follows_when_the_index_is_replaced(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "channel"
    shutil.copytree(whole, folder)
    footage = RecordingFootage(folder)
    before = [epoch.id for epoch in footage.epochs()]
    (folder / "index.sqlite").unlink()
    writer = opened(folder)
    assert [epoch.id for epoch in footage.epochs()] == before
    writer.close()


def test_rows_of_files_that_are_gone_are_forgotten(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "channel"
    shutil.copytree(whole, folder)
    first = RecordingFootage(folder).epochs()[0].id
    shutil.rmtree(folder / str(first))
    assert [epoch.id for epoch in repaired(folder)] == [
        epoch.id for epoch in RecordingFootage(whole).epochs() if epoch.id != first
    ]


def test_an_epoch_s_number_never_comes_back(whole: Path, source: Path, tmp_path: Path) -> None:
    before = {epoch.id for epoch in RecordingFootage(whole).epochs()}
    clock = ManualClock()
    clock.advance(60)
    writer = opened(tmp_path / "new", clock)
    feed, packets = read_source(source)
    assert write_epoch(writer, feed.video, feed.audio, packets) not in before
    writer.close()


def test_numbers_rise_even_when_the_clock_went_back(source: Path, tmp_path: Path) -> None:
    feed, packets = read_source(source)
    numbers = []
    for now_s in (1_700_000_000, 1_600_000_000):
        writer = opened(tmp_path / "channel", ManualClock(now_s * NS))
        numbers.append(write_epoch(writer, feed.video, feed.audio, packets))
        writer.close()
    assert numbers == [1_700_000_000, 1_700_000_001]


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Let the kernel refuse to let files grow, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds that take so much that the video fills the disk before the index does."""
    drawn = Drawn(frames=50, size=(640, 384), codec="mpeg2video", options={"g": "25", "qmin": "1", "b": "40M"})
    return draw(tmp_path_factory.mktemp("large") / "two.ts", drawn)


def write_all(epoch: EpochWriter, packets: list[Packet]) -> None:
    for packet in packets:
        epoch.write(packet)


def test_a_disk_that_takes_no_more_is_one_clear_line(large: Path, tmp_path: Path) -> None:
    feed, packets = read_source(large)
    writer = opened(tmp_path / "channel")
    epoch = writer.begin_epoch(feed.video, feed.audio)
    with (
        no_file_larger_than(350_000),
        pytest.raises(RecordingError, match=r"/channel: can't record: File too large$"),
    ):
        write_all(epoch, packets)
    epoch.close("failed")
    writer.close()


def test_after_a_full_disk_recording_goes_on_and_nothing_is_lost(large: Path, tmp_path: Path) -> None:
    feed, packets = read_source(large)
    folder = tmp_path / "channel"
    writer = opened(folder)
    epoch = writer.begin_epoch(feed.video, feed.audio)
    with no_file_larger_than(350_000), pytest.raises(RecordingError):
        write_all(epoch, packets)
    [seen] = RecordingFootage(folder).epochs()
    recorded = list(seen.packets())
    epoch.close("failed")
    write_epoch(writer, feed.video, feed.audio, packets)
    first, second = RecordingFootage(folder).epochs()
    assert list(first.packets()) == recorded
    assert (first.end_reason(), second.end()) == ("failed", Fraction(2))
    writer.close()
