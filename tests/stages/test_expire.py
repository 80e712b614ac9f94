"""Old files go once they have arrived, and never before."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streamproc.catalogue.deliveries import Finished
from streamproc.config import ChannelSettings, ClipSettings, Settings
from streamproc.stages.expire import ExpireStage
from streamproc.timebase import ManualClock
from tests.stages.test_deliver import Desk

DAY_S = 86_400


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, ManualClock())
    yield desk
    desk.catalogue.close()


def channel(keep_days: float | None, *deliver: str) -> ChannelSettings:
    return ChannelSettings(name="one", url="x.ts", clips=ClipSettings(keep_days=keep_days), deliver=deliver)


def expire(desk: Desk, of: ChannelSettings) -> int:
    settings = Settings(data_dir=desk.folder.parent, channels=(of,), targets=(desk.target(),))
    return ExpireStage(lambda: settings, desk.catalogue, desk.telemetry, desk.clock).expire(of)


def days_pass(desk: Desk, days: float) -> None:
    assert isinstance(desk.clock, ManualClock)
    desk.clock.advance(days * DAY_S)


def counted(desk: Desk, name: str) -> float | None:
    return desk.registry.get_sample_value(f"streamproc_{name}", {"channel": "one"})


def removed_ns(desk: Desk, what: Finished) -> int | None:
    row = desk.catalogue.pieces.get(what.piece_id or 0)
    assert row is not None
    return row.removed_ns


def test_an_old_file_is_deleted_counted_and_on_record(desk: Desk) -> None:
    old = desk.finish()
    days_pass(desk, 30)
    young = desk.finish()
    days_pass(desk, 1)
    assert expire(desk, channel(30)) == 1
    assert (desk.file(old).exists(), desk.file(young).exists()) == (False, True)
    assert removed_ns(desk, old) == desk.clock.utc_ns()
    assert (counted(desk, "expired_files_total"), counted(desk, "expired_bytes_total")) == (1, 1000)


def test_without_an_age_nothing_is_deleted(desk: Desk) -> None:
    kept = desk.finish()
    days_pass(desk, 10_000)
    assert expire(desk, channel(None)) == 0
    assert desk.file(kept).exists()


def test_a_file_that_has_not_arrived_stays_however_old_it_is(desk: Desk) -> None:
    waiting = desk.finish()
    number = desk.catalogue.deliveries.want("archive", waiting)
    days_pass(desk, 400)
    assert expire(desk, channel(30)) == 0
    desk.catalogue.deliveries.take("archive")
    assert expire(desk, channel(30)) == 0
    desk.catalogue.deliveries.done(number, "there", "size")
    assert expire(desk, channel(30)) == 1


def test_a_file_that_shall_go_to_a_target_and_is_not_queued_yet_stays(desk: Desk) -> None:
    desk.finish()
    days_pass(desk, 400)
    assert expire(desk, channel(30, "archive")) == 0


def test_a_file_that_somebody_else_deleted_is_on_record_as_gone(desk: Desk) -> None:
    lost = desk.finish()
    desk.file(lost).unlink()
    days_pass(desk, 31)
    assert expire(desk, channel(30)) == 1
    assert removed_ns(desk, lost) is not None


def test_a_file_that_can_not_be_deleted_is_said_so_and_stays_on_record(desk: Desk) -> None:
    stuck = desk.finish()
    desk.file(stuck).unlink()
    desk.file(stuck).mkdir()  # what no right of root's can unlink
    days_pass(desk, 31)
    assert expire(desk, channel(30)) == 0
    assert removed_ns(desk, stuck) is None
