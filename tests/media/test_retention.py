"""Old recording goes, oldest first; what is held, and what is being written, stays."""

import shutil
import sqlite3
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from streamproc.config import RetentionSettings
from streamproc.errors import RecordingError
from streamproc.media.footage import Track
from streamproc.media.recording.reader import RecordingFootage
from streamproc.media.recording.retention import RetentionReport, apply_retention
from streamproc.media.recording.writer import RecordingWriter
from streamproc.timebase import ManualClock
from tests.footage import Drawn, draw
from tests.media.recorded import read_source, write_epoch

LENGTH_S = 40
RATE = 5  # pictures a second, and a keyframe every second
KEEP_ALL = RetentionSettings(max_age_h=None, min_free_bytes=0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of one epoch of 40 seconds in 20 files, which begins as ManualClock does."""
    base = tmp_path_factory.mktemp("whole")
    drawn = Drawn(frames=RATE * LENGTH_S, rate=Fraction(RATE), options={"g": str(RATE), "bf": "0", "sc_threshold": "0"})
    source, packets = read_source(draw(base / "source.mp4", drawn))
    writer = RecordingWriter(base / "channel", file_s=2, fragment_s=0.4, clock=ManualClock())
    write_epoch(writer, source.video, source.audio, packets)
    writer.close()
    return base / "channel"


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it to delete from."""
    shutil.copytree(whole, tmp_path / "channel")
    return tmp_path / "channel"


def apply(
    folder: Path,
    settings: RetentionSettings,
    held: Sequence[tuple[int, Fraction, Fraction]] = (),
    clock: ManualClock | None = None,
) -> RetentionReport:
    return apply_retention(folder, settings, clock=clock or ManualClock(), held=lambda: held)


def numbers(folder: Path) -> list[int]:
    """Return the numbers of the files that are there."""
    return sorted(int(path.stem) for path in folder.glob("*/*.mp4"))


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*/*.mp4"))


def epoch_of(folder: Path) -> int:
    return RecordingFootage(folder).epochs()[0].id


def test_without_a_limit_everything_stays(folder: Path) -> None:
    assert apply(folder, KEEP_ALL).deleted_files == 0


def test_files_whose_end_is_too_old_go(folder: Path) -> None:
    # Recorded at once by a clock that stood still: the newest packet was the least delayed, so it ended "now".
    clock = ManualClock()
    clock.advance(3600 - 29)
    apply(folder, RetentionSettings(max_age_h=1, min_free_bytes=0), clock=clock)
    assert numbers(folder) == list(range(6, 21))


def test_the_oldest_go_until_the_rest_fits(folder: Path) -> None:
    limit = size(folder) // 2
    report = apply(folder, RetentionSettings(max_age_h=None, max_bytes=limit, min_free_bytes=0))
    assert numbers(folder) == list(range(report.deleted_files + 1, 21))
    assert size(folder) <= limit < size(folder) + report.deleted_bytes / report.deleted_files * 1.5


def test_the_report_says_what_is_left(folder: Path) -> None:
    before = size(folder)
    report = apply(folder, RetentionSettings(max_age_h=None, max_bytes=before // 2, min_free_bytes=0))
    assert (report.recording_bytes, report.deleted_bytes) == (size(folder), before - size(folder))


def test_a_floor_of_free_space_takes_all_that_may_go(folder: Path) -> None:
    report = apply(folder, RetentionSettings(max_age_h=None, min_free_bytes=1 << 60))
    assert numbers(folder) == []
    assert report.missing_bytes > 0


def test_free_space_above_the_floor_deletes_nothing(folder: Path) -> None:
    assert apply(folder, RetentionSettings(max_age_h=None, min_free_bytes=1)).deleted_files == 0


def test_what_is_held_stays_with_a_margin(folder: Path) -> None:
    held = [(epoch_of(folder), Fraction(20), Fraction(24))]
    apply(folder, RetentionSettings(max_age_h=None, min_free_bytes=1 << 60), held)
    assert numbers(folder) == list(range(8, 16))  # 14 s to 30 s


def test_held_recording_can_be_read_after_the_rest_has_gone(whole: Path, folder: Path) -> None:
    held = [(epoch_of(folder), Fraction(20), Fraction(24))]
    apply(folder, RetentionSettings(max_age_h=None, min_free_bytes=1 << 60), held)
    [before], [after] = RecordingFootage(whole).epochs(), RecordingFootage(folder).epochs()
    count = 200  # some five seconds of both tracks
    assert list(after.packets(Fraction(20)))[:count] == list(before.packets(Fraction(20)))[:count]
    assert after.frame_number(Fraction(20)) == 20 * RATE


def test_a_hold_on_another_epoch_holds_nothing(folder: Path) -> None:
    held = [(epoch_of(folder) + 1, Fraction(20), Fraction(24))]
    apply(folder, RetentionSettings(max_age_h=None, min_free_bytes=1 << 60), held)
    assert numbers(folder) == []


def test_an_epoch_without_files_is_gone(folder: Path) -> None:
    apply(folder, RetentionSettings(max_age_h=None, min_free_bytes=1 << 60))
    assert RecordingFootage(folder).epochs() == []


def test_the_file_being_written_stays(whole: Path, tmp_path: Path) -> None:
    source, packets = read_source(whole.parent / "source.mp4")
    writer = RecordingWriter(tmp_path / "c", file_s=2, fragment_s=0.4, clock=ManualClock())
    epoch = writer.begin_epoch(source.video, source.audio)
    for packet in packets[: len(packets) // 4]:
        epoch.write(packet)
    apply(tmp_path / "c", RetentionSettings(max_age_h=None, min_free_bytes=1 << 60))
    assert len(numbers(tmp_path / "c")) == 1
    for packet in packets[len(packets) // 4 :]:
        epoch.write(packet)
    epoch.close("stopped")
    writer.close()
    [seen] = RecordingFootage(tmp_path / "c").epochs()
    assert seen.end() == LENGTH_S


def test_reading_what_was_deleted_is_one_clear_line(folder: Path) -> None:
    [epoch] = RecordingFootage(folder).epochs()
    apply(folder, RetentionSettings(max_age_h=None, max_bytes=size(folder) // 2, min_free_bytes=0))
    with pytest.raises(RecordingError, match=r"/channel: epoch \d+ at 3\.000 s was deleted by retention$"):
        list(epoch.packets(Fraction(3)))


def test_reading_in_a_hole_is_one_clear_line(folder: Path) -> None:
    [epoch] = RecordingFootage(folder).epochs()
    held = [(epoch.id, Fraction(5), Fraction(6)), (epoch.id, Fraction(35), Fraction(36))]
    apply(folder, RetentionSettings(max_age_h=None, min_free_bytes=1 << 60), held)
    with pytest.raises(RecordingError, match=r"at 20\.000 s was deleted by retention$"):
        list(epoch.packets(Fraction(20)))


def test_keyframes_of_deleted_files_are_left_out(folder: Path) -> None:
    [epoch] = RecordingFootage(folder).epochs()
    (folder / str(epoch.id) / "000003.mp4").unlink()
    times = [packet.pts * epoch.format.video.time_base for packet in epoch.keyframes()]
    assert times == [time for time in range(LENGTH_S) if time not in (4, 5)]


def test_reading_goes_on_behind_a_hole(folder: Path) -> None:
    [epoch] = RecordingFootage(folder).epochs()
    (folder / str(epoch.id) / "000003.mp4").unlink()
    base = epoch.format.video.time_base
    keys = [p.pts * base for p in epoch.packets() if p.track is Track.VIDEO and p.is_keyframe]
    assert keys == [time for time in range(LENGTH_S) if time not in (4, 5)]


def test_a_channel_never_recorded_has_nothing_to_delete(tmp_path: Path) -> None:
    assert apply(tmp_path / "none", KEEP_ALL).recording_bytes == 0


def test_an_open_epoch_whose_files_are_gone_has_ended(folder: Path) -> None:
    with sqlite3.connect(folder / "index.sqlite") as index:
        index.execute("UPDATE epochs SET ended_ns = NULL, end_reason = NULL")
    (epoch,) = RecordingFootage(folder).epochs()
    assert not epoch.has_ended()
    shutil.rmtree(folder / str(epoch.id))
    RecordingWriter(folder, file_s=2, fragment_s=0.4, clock=ManualClock()).close()
    assert epoch.has_ended()
    assert epoch.end() == LENGTH_S
