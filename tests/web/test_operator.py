"""The operator's data: what is recorded, how long the disk lasts, what waits, what went wrong."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import structlog

from streamproc.catalogue.pieces import Wish
from streamproc.cli.logs import configure
from streamproc.config import LogSettings, Settings
from streamproc.last_errors import LARGEST_BYTES, ErrorBook, last_errors
from streamproc.messages import AlarmKind, Footing, Span
from streamproc.web.operator_api import _lasting
from tests.media.recorded import record

Site = Any
OPERATIONS = "/api/v1/operations"


async def ask(site: Site) -> dict[str, Any]:
    async with site.http.get(OPERATIONS) as answer:
        assert answer.status == 200
        return dict(await answer.json())


async def test_a_channel_shows_how_fast_it_fills_the_disk_and_since_when_it_is_recorded(
    site: Site, settings: Settings, small_mp4: Path, write_status: Any
) -> None:
    epoch, _ = record(small_mp4, settings.recording_dir / "one")
    write_status("one", "connected")
    one = (await ask(site))["channels"][0]
    size = sum(file.size_bytes for file in epoch.files(Fraction(0), epoch.end()))
    assert one["rate_bytes_s"] == pytest.approx(size / float(epoch.end()))
    assert one["oldest_utc"] is not None
    assert one["health"]["state"] == "recording"


async def test_what_waits_and_what_failed_is_counted(site: Site) -> None:
    span = Span(epoch=1, start=Fraction(0), end=Fraction(1))
    for _ in range(3):
        site.catalogue.pieces.want(Wish(channel="one", spans=(span,), author="anna"))
    site.catalogue.pieces.failed(site.catalogue.pieces.take().id, "no space", retry=False)
    site.catalogue.pieces.take()
    (pieces,) = [queue for queue in (await ask(site))["queues"] if queue["name"] == "pieces"]
    assert (pieces["waiting"], pieces["working"], pieces["failed"]) == (1, 1, 1)
    assert pieces["oldest_utc"] is not None


async def test_an_alarm_and_a_channel_that_is_down_are_said_in_words(site: Site) -> None:
    footing = Footing(sureness=0.5, usual=0.9, unsure_share=0.5, absent_s=0)
    site.catalogue.raise_alarm("one", AlarmKind.UNSURE, footing, since_ns=1, pictures=[])
    shown = await ask(site)
    one = shown["channels"][0]
    assert one["alarm"]["ru"] == "Модель больше не уверена в том, что видит."
    assert (shown["ready"], one["health"]["state"]) == (False, "down")


async def test_what_the_log_warned_of_is_shown_newest_first_once_each_without_keys(
    site: Site, settings: Settings
) -> None:
    book = ErrorBook(settings.data_dir, "recorder")
    for second, (event, fields) in enumerate(
        [
            ("feed.lost", {"channel": "one", "error": "it said nothing for 5 s"}),
            ("feed.lost", {"channel": "one", "error": "it said nothing for 5 s"}),
            ("role.died", {"role": "analyser", "status": -9}),
        ]
    ):
        level = "error" if event == "role.died" else "warning"
        book(None, level, {"ts": f"2026-11-27T20:00:0{second}Z", "level": level, "event": event, **fields})
    died, lost = (await ask(site))["errors"]
    assert (died["event"], died["message"], died["meaning"]["ru"]) == (
        "role.died",
        "role analyser, status -9",
        "Процесс упал и запущен снова.",
    )
    assert (lost["count"], lost["channel"], lost["message"]) == (2, "one", "it said nothing for 5 s")
    assert (lost["first_utc"], lost["last_utc"]) == ("2026-11-27T20:00:00Z", "2026-11-27T20:00:01Z")


async def test_a_parameter_that_there_is_not_is_refused(site: Site) -> None:
    async with site.http.get(f"{OPERATIONS}?x=1") as answer:
        assert answer.status == 400


def test_the_log_keeps_its_warnings_for_the_page_and_no_key_with_them(tmp_path: Path) -> None:
    configure(LogSettings(level="error"), "web", tmp_path)
    try:
        log = structlog.get_logger()
        log.info("daemon.started")
        log.error("feed.lost", channel="one", error="rtmp://user:s3cret@host/live/k3y refused")
    finally:
        structlog.reset_defaults()
    (event,) = last_errors(tmp_path, 10)
    assert (event["process"], event["channel"], event["error"]) == ("web", "one", "rtmp://***@host/live/*** refused")


def test_the_kept_errors_are_of_bounded_size_and_the_newest_stay(tmp_path: Path) -> None:
    book = ErrorBook(tmp_path, "web")
    for number in range(1500):
        book(None, "error", {"ts": f"{number:06d}", "level": "error", "event": "x", "error": "y" * 500})
    assert (tmp_path / "errors" / "web.jsonl").stat().st_size < LARGEST_BYTES + 2000
    assert [event["ts"] for event in last_errors(tmp_path, 2)] == ["001499", "001498"]


def test_a_line_that_was_half_written_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "errors"
    folder.mkdir()
    line = json.dumps({"ts": "1", "event": "x"})
    (folder / "web.jsonl").write_text(f"{line}\n[]\n{line[:9]}")
    assert [event["event"] for event in last_errors(tmp_path, 10)] == ["x"]


@pytest.mark.parametrize(
    ("room", "room_s", "more", "said"),
    [
        (0, 0.0, None, "Less is free than retention keeps free"),
        (1, None, None, "Nothing is recorded"),
        (100, 36000.0, 90, "There is room for all that retention keeps"),
        (100, 36000.0, 110, "room for 10 h more"),
        (100, 36000.0, None, "room for 10 h more"),
    ],
)
def test_how_long_a_disk_lasts_is_said_in_words(room: int, room_s: float | None, more: int | None, said: str) -> None:
    assert said in _lasting(room, room_s, more).en
