"""A day of a channel as one answer."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from streamproc.catalogue.listings import ListingRow
from streamproc.catalogue.store import Rules
from streamproc.messages import Kind
from streamproc.timebase import NS, iso_utc
from tests.media.recorded import record
from tests.programmes import add_programme

Site = Any
P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN


def zero_of(site: Site) -> int:
    (epoch,) = site.catalogue.epochs("one")
    return int(epoch.utc_zero_ns)


async def timeline(site: Site, start_s: float, end_s: float, channel: str = "one", zero_ns: int = 0) -> dict[str, Any]:
    zero = zero_ns or zero_of(site)
    ends = "&".join(
        f"{name}={quote(iso_utc(zero + round(second * NS)))}" for name, second in (("from", start_s), ("to", end_s))
    )
    async with site.http.get(f"/api/v1/channels/{channel}/timeline?{ends}") as answer:
        assert answer.status == 200, await answer.text()
        return dict(await answer.json())


def since(site: Site, value: float | None) -> float | None:
    """Seconds since the epoch's beginning, to the millisecond."""
    return None if value is None else round(value / 1000 - zero_of(site) / NS, 3)


@pytest.fixture
def day(site: Site) -> Site:
    """A programme from 0 to 20 s, adverts to 30 s, and a programme that is on air."""
    site.change(U, P, 2, start=True)
    for before, after, time in ((P, A, 20), (A, P, 30)):
        number = site.change(before, after, time)
        if after is A:
            site.catalogue.finalize(number, site.place(time))
    return site


async def test_segments_are_drawn_where_they_are(day: Site) -> None:
    drawn = (await timeline(day, -10, 60))["segments"]
    assert [(one["kind"], since(day, one["start_ms"]), since(day, one["end_ms"]), one["state"]) for one in drawn] == [
        ("programme", 0, 20, "final"),
        ("advert", 20, 30, "provisional"),
        ("programme", 30, None, "provisional"),
    ]
    rows = day.catalogue.segments("one")
    assert [(one["id"], one["start_id"], one["end_id"]) for one in drawn] == [
        (row.id, row.start.id, None if row.end is None else row.end.id) for row in rows
    ]
    assert [one["confidence"] for one in drawn] == [row.confidence for row in rows]


async def test_only_what_shares_time_with_the_stretch_is_drawn(day: Site) -> None:
    drawn = (await timeline(day, 21, 29))["segments"]
    assert [one["kind"] for one in drawn] == ["advert"]


async def test_a_segment_between_final_boundaries_is_final(day: Site) -> None:
    (last, *_) = day.catalogue.provisional("one")[::-1]
    day.catalogue.finalize(last.id, last.placement)
    states = [one["state"] for one in (await timeline(day, -10, 60))["segments"]]
    assert states == [row.state for row in day.catalogue.segments("one")]


async def test_programmes_have_their_parts(day: Site) -> None:
    number = add_programme(day.catalogue, parts=((0, 20), (30, None)))
    (drawn,) = (await timeline(day, -10, 60))["programmes"]
    assert (drawn["id"], drawn["title"], drawn["state"]) == (number, "Место встречи", "running")
    assert [[since(day, end) for end in part] for part in drawn["parts"]] == [[0, 20], [30, None]]
    assert (await timeline(day, -10, -5))["programmes"] == []


async def test_the_schedule_is_drawn_beside_it(day: Site) -> None:
    zero = zero_of(day)
    listing = ListingRow(start_ns=zero + 5 * NS, stop_ns=zero + 25 * NS, title="Новости")
    day.catalogue.listings.replace("one", [listing])
    assert (await timeline(day, 0, 60))["schedule"] == [
        {"title": "Новости", "start_ms": (zero + 5 * NS) / 1_000_000, "stop_ms": (zero + 25 * NS) / 1_000_000}
    ]


async def test_the_time_between_epochs_is_a_gap(day: Site) -> None:
    day.catalogue.end_epoch("one", 1, Fraction(40), 1000, "lost")
    day.catalogue.begin_epoch("one", 2, utc_zero_ns=zero_of(day) + 50 * NS, frame_rate=Fraction(25), description="h264")
    zero_ns = day.catalogue.epochs("one")[0].utc_zero_ns
    drawn = await timeline(day, -10, 100, zero_ns=zero_ns)
    assert drawn["gaps"] == [[(zero_ns + 40 * NS) / 1_000_000, (zero_ns + 50 * NS) / 1_000_000]]
    assert [one["epoch"] for one in drawn["epochs"]] == [1, 2]


async def test_an_epoch_of_which_nothing_is_kept_says_so(day: Site) -> None:
    (epoch,) = (await timeline(day, -10, 60))["epochs"]
    assert (epoch["recorded_ms"], epoch["kept_from_ms"], epoch["frame_rate"]) == (None, None, "25")


async def test_a_channel_that_is_only_recorded_has_its_epochs(site: Site, small_mp4: Path) -> None:
    recorded, _ = record(small_mp4, site.settings.recording_dir / "two")
    zero_ns = recorded.utc_zero_ns
    drawn = await timeline(site, -10, 60, "two", zero_ns)
    assert drawn["epochs"] == [
        {
            "epoch": recorded.id,
            "start_ms": zero_ns / 1_000_000,
            "end_ms": (zero_ns + 2 * NS) / 1_000_000,
            "recorded_ms": (zero_ns + 2 * NS) / 1_000_000,
            "kept_from_ms": zero_ns / 1_000_000,
            "frame_rate": "25",
            "width": 320,
            "height": 180,
        }
    ]


async def test_what_waits_for_a_look_is_marked(day: Site) -> None:
    day.catalogue.put_channel(
        "one", "Первый канал", "bug", "1" * 64, rules=Rules(min_confidence=0.9, review_ns=3600 * NS)
    )
    (row,) = day.catalogue.provisional("one")
    day.catalogue.finalize(row.id, replace(row.placement, confidence=0.4))
    (doubt,) = (await timeline(day, -10, 60))["uncertain"]
    assert (doubt["kind"], doubt["id"], since(day, doubt["at_ms"])) == ("boundary", row.id, 30)
    assert (await timeline(day, 31, 60))["uncertain"] == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "from"),
        ("from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "is not before"),
        ("from=2026-01-01T00:00:00Z&to=2026-01-20T00:00:00Z", "more than eight days apart"),
        ("from=2026-01-01T00:00:00&to=2026-01-02T00:00:00Z", "from"),
    ],
)
async def test_what_is_wrong_is_said(site: Site, query: str, said: str) -> None:
    async with site.http.get(f"/api/v1/channels/one/timeline?{query}") as answer:
        body = await answer.json(content_type="application/problem+json")
        assert (answer.status, said in body["detail"]) == (400, True), body
