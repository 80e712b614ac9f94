"""Exports over HTTP, of a channel that is recorded."""

import asyncio
import json
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import av
import m3u8
import opentimelineio as otio
import pytest
from sqlalchemy import select

from streamproc.catalogue.finishing import Programme, ProgrammePart, ProgrammeState
from streamproc.catalogue.models import Channel
from streamproc.catalogue.pieces import Wish
from streamproc.messages import Change, Kind, Method, Position, Span
from streamproc.timebase import NS, iso_utc
from tests.media.recorded import record

Site = Any
P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN


@pytest.fixture
def recorded(site: Site, small_mp4: Path) -> Site:
    """Two recorded seconds of channel two: a programme of 30 frames, then adverts, which are still on air."""
    epoch, _ = record(small_mp4, site.settings.recording_dir / "two", file_s=1)
    catalogue = site.catalogue
    catalogue.put_channel("two", "Второй", "bug", "1" * 64)
    catalogue.begin_epoch("two", epoch.id, utc_zero_ns=epoch.utc_zero_ns, frame_rate=Fraction(25), description="h264")
    for before, after, frame in ((U, P, 0), (P, A, 30)):
        time = Fraction(frame, 25)
        change = Change(
            epoch=epoch.id, before=before, after=after, last_old=None, first_new=time, decided=time + Fraction(1, 50)
        )
        at = site.place(time, Method.SAMPLE if frame else Method.EPOCH)
        number = catalogue.add_change("two", change, at, Position(epoch=epoch.id, time=change.decided, memory="{}"))
        catalogue.finalize(number, at)
    return site


def stretch(site: Site, start_s: float, end_s: float, channel: str = "two") -> str:
    """Return the query of a stretch of a channel's only epoch."""
    (epoch,) = site.catalogue.epochs(channel)
    moments = (iso_utc(epoch.utc_zero_ns + round(second * NS)) for second in (start_s, end_s))
    return "from={}&to={}".format(*map(quote, moments))


async def get(site: Site, address: str) -> tuple[int, str]:
    async with site.http.get(address) as answer:
        return answer.status, (await answer.read()).decode("utf-8-sig")


async def test_a_stretch_of_time_is_exported_to_what_is_recorded_of_it(recorded: Site) -> None:
    address = f"/api/v1/channels/two/export/json?{stretch(recorded, -10, 100)}&zone=UTC"
    status, text = await get(recorded, address)
    events = json.loads(text)["events"]
    assert status == 200
    assert [(e["kind"], e["start_frame"], e["end_frame"]) for e in events] == [("programme", 0, 30), ("advert", 30, 50)]


async def test_segments_are_cut_off_where_the_stretch_ends(recorded: Site) -> None:
    _, text = await get(recorded, f"/api/v1/channels/two/export/json?{stretch(recorded, 0.4, 1.6)}&zone=UTC")
    assert [(e["start_frame"], e["end_frame"]) for e in json.loads(text)["events"]] == [(10, 30), (30, 40)]


async def test_an_edit_list_is_read_back_with_the_same_frames(recorded: Site) -> None:
    address = f"/api/v1/channels/two/export/edl?{stretch(recorded, 0.4, 1.6)}&start_timecode=10:00:00:00"
    _, text = await get(recorded, address)
    back = otio.adapters.read_from_string(text, "cmx_3600", rate=25)
    ranges = [(clip.source_range.start_time.value, clip.source_range.duration.value) for clip in back.tracks[0]]
    assert ranges == [(900_000, 20), (900_020, 10)]


async def test_time_code_is_the_time_of_day_of_the_zone(recorded: Site) -> None:
    _, text = await get(recorded, f"/api/v1/channels/two/export/json?{stretch(recorded, 0, 2)}&zone=Europe/Moscow")
    body = json.loads(text)
    code, utc = body["sources"][0]["start_timecode"], datetime.fromisoformat(body["sources"][0]["start_utc"])
    hours, minutes, seconds, frames = (int(part) for part in code.split(":"))
    local = utc.astimezone(ZoneInfo("Europe/Moscow"))
    shown = local.replace(hour=hours, minute=minutes, second=seconds, microsecond=40_000 * frames)
    half_a_day, off_s = 12 * 3600, (shown - local).total_seconds()  # a frame may round into the next day
    assert (off_s + half_a_day) % (2 * half_a_day) - half_a_day == pytest.approx(0, abs=0.021)


async def test_a_playlist_plays_the_recorded_frames(recorded: Site) -> None:
    address = f"/api/v1/channels/two/export/hls?{stretch(recorded, 0, 2)}&zone=UTC"
    _, text = await get(recorded, address)
    playlist = m3u8.loads(text)
    assert sum(segment.duration for segment in playlist.segments) == pytest.approx(2)

    def count() -> int:
        with av.open(f"{recorded.address}{address}", format="hls", options={"allowed_extensions": "ALL"}) as player:
            return sum(1 for _ in player.decode(video=0))

    assert await asyncio.to_thread(count) == 50


async def test_a_piece_is_exported_as_the_stretches_that_it_is_made_of(recorded: Site) -> None:
    epoch = recorded.catalogue.epochs("two")[0].epoch
    spans = tuple(Span(epoch=epoch, start=Fraction(a, 25), end=Fraction(b, 25)) for a, b in ((5, 12), (40, 47)))
    number = recorded.catalogue.pieces.want(Wish(channel="two", spans=spans, title="Главное: лучшее", author="anna"))
    _, text = await get(recorded, f"/api/v1/pieces/{number}/export/vtt")
    assert "00:00:00.000 --> 00:00:00.280\nГлавное: лучшее (1/2)" in text
    assert "00:00:00.280 --> 00:00:00.560\nГлавное: лучшее (2/2)" in text
    async with recorded.http.get(f"/api/v1/pieces/{number}/export/fcpxml?zone=UTC") as answer:
        assert answer.content_disposition is not None
        assert answer.content_disposition.filename == "Главное_ лучшее.fcpxml"
        assert answer.headers["Content-Disposition"].isascii()


async def test_what_retention_has_deleted_is_exported_from_what_was_counted_before(site: Site) -> None:
    site.change(U, P, 0, start=True)
    site.catalogue.finalize(site.change(P, A, 20), site.place(20))
    _, text = await get(site, f"/api/v1/channels/one/export/json?{stretch(site, 0, 20, 'one')}&zone=UTC")
    assert [(e["start_frame"], e["end_frame"]) for e in json.loads(text)["events"]] == [(0, 500)]
    status, text = await get(site, f"/api/v1/channels/one/export/hls?{stretch(site, 0, 20, 'one')}&zone=UTC")
    assert (status, "there are none" in text) == (400, True)


@pytest.mark.parametrize(
    ("address", "status", "why"),
    [
        ("/api/v1/programmes/99/export/edl", 404, "no programme has the number 99"),
        ("/api/v1/pieces/99/export/edl", 404, "no piece has the number 99"),
        ("/api/v1/channels/none/export/edl?STRETCH", 404, "no channel is named 'none'"),
        ("/api/v1/channels/two/export/avi?STRETCH", 404, "no format is named 'avi'; there are: edl, otio"),
        ("/api/v1/channels/two/export/edl", 400, "from"),
        ("/api/v1/channels/two/export/edl?STRETCH&zone=Mars/Base", 400, "no time zone 'Mars/Base'"),
        ("/api/v1/channels/two/export/edl?STRETCH&drop_frame=true", 400, "drop frame exists at 29.97 and 59.94"),
        ("/api/v1/channels/two/export/edl?STRETCH&start_timecode=25:00:00:00", 400, "does not exist"),
        ("/api/v1/channels/two/export/edl?STRETCH&start_timecode=a%0Ab", 400, "is not a time code"),
        ("/api/v1/channels/two/export/edl?STRETCH&only=unknown", 400, "nothing of that kind"),
        ("/api/v1/channels/two/export/edl?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", 400, "is not before"),
        ("/api/v1/channels/two/export/edl?from=2020-01-02T00:00:00Z&to=2020-01-03T00:00:00Z", 400, "nothing to export"),
        ("/api/v1/channels/two/recording/1/999.mp4", 404, "no file 999 of epoch 1 is recorded"),
    ],
)
async def test_what_can_not_be_exported_says_why(recorded: Site, address: str, status: int, why: str) -> None:
    got, text = await get(recorded, address.replace("STRETCH", stretch(recorded, 0, 2)))
    assert (got, why in json.loads(text)["detail"]) == (status, True), text


def enter_programme(site: Site, *parts: tuple[int, int | None]) -> int:
    """Enter a programme with parts from frame to frame; the last may have no end yet."""
    epoch = site.catalogue.epochs("two")[0].id
    rows = [
        ProgrammePart(
            number=number,
            epoch_id=epoch,
            start=Fraction(start, 25),
            end=None if end is None else Fraction(end, 25),
            start_sure=True,
            end_sure=True,
        )
        for number, (start, end) in enumerate(parts)
    ]
    with site.catalogue.ledger.write() as write:
        channel = write.session.scalar(select(Channel).where(Channel.name == "two"))
        programme = Programme(
            channel=channel, state=ProgrammeState.RUNNING, title="Сегодня", confidence=1.0, parts=rows
        )
        programme.created_ns = programme.updated_ns = write.now_ns
        write.session.add(programme)
        write.session.flush()
        return int(programme.id)


async def test_a_programme_is_exported_as_its_parts(recorded: Site) -> None:
    number = enter_programme(recorded, (0, 12), (30, 50))
    async with recorded.http.get(f"/api/v1/programmes/{number}/export/otio?start_timecode=10:00:00:00") as answer:
        assert answer.content_disposition is not None
        assert answer.content_disposition.filename == "Сегодня.otio"
        back = otio.adapters.read_from_string(await answer.text(), "otio_json")
    ranges = [(clip.source_range.start_time.value, clip.source_range.duration.value) for clip in back.tracks[0]]
    assert ranges == [(900_000, 12), (900_030, 20)]
    assert [clip.name for clip in back.tracks[0]] == ["Сегодня (1/2)", "Сегодня (2/2)"]


async def test_a_programme_on_air_is_refused_or_exported_as_far_as_it_is_finished(recorded: Site) -> None:
    number = enter_programme(recorded, (0, 12), (30, None))
    status, text = await get(recorded, f"/api/v1/programmes/{number}/export/json")
    assert (status, f"programme {number} is still on air" in text) == (409, True)
    status, text = await get(recorded, f"/api/v1/programmes/{number}/export/json?finished=true")
    assert [(e["start_frame"], e["end_frame"]) for e in json.loads(text)["events"]] == [(0, 12)]
