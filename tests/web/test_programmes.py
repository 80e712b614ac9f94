"""Programmes and the printed schedule over HTTP."""

from fractions import Fraction
from typing import Any
from urllib.parse import quote

import pytest

from streamproc.catalogue.finishing import ProgrammeState
from streamproc.catalogue.listings import ListingRow
from streamproc.catalogue.programmes import Draft, DraftPart
from streamproc.timebase import NS, SystemClock, iso_utc

Site = Any


def part(start: int, end: int | None) -> DraftPart:
    return DraftPart(
        epoch=1,
        start=Fraction(start, 25),
        end=None if end is None else Fraction(end, 25),
        start_id=None,
        end_id=None,
        start_sure=True,
        end_sure=False,
    )


@pytest.fixture
def named(site: Site) -> Site:
    """A programme of two parts, and one that runs."""
    plain = Draft(
        id=None,
        state=ProgrammeState.COMPLETE,
        title="Сегодня",
        description="Новости",
        confidence=0.96,
        scheduled_start_ns=1_790_000_000 * NS,
        scheduled_stop_ns=None,
        parts=(part(0, 251), part(500, 750)),
    )
    running = Draft(
        id=None,
        state=ProgrammeState.RUNNING,
        title=None,
        description=None,
        confidence=0.0,
        scheduled_start_ns=None,
        scheduled_stop_ns=None,
        parts=(part(750, None),),
    )
    site.catalogue.programmes.rewrite("one", [plain, running], [])
    return site


async def get(site: Site, address: str) -> tuple[int, Any]:
    async with site.http.get(address) as answer:
        return answer.status, await answer.json()


async def test_programmes_are_listed_newest_first_with_their_parts(named: Site) -> None:
    _, body = await get(named, "/api/v1/channels/one/programmes")
    running, complete = body["items"]
    assert (running["title"], running["state"], running["duration_s"]) == (None, "running", None)
    assert (complete["title"], complete["description"], complete["confidence"]) == ("Сегодня", "Новости", 0.96)
    assert complete["duration_s"] == pytest.approx(501 / 25)
    assert [(one["start"], one["end"], one["end_sure"]) for one in complete["parts"]] == [
        ("0", "251/25", False),
        ("20", "30", False),
    ]
    assert complete["scheduled_start_utc"] == "2026-09-21T14:13:20.000Z"


async def test_a_list_that_is_cut_off_goes_on_where_it_says(named: Site) -> None:
    _, first = await get(named, "/api/v1/channels/one/programmes?limit=1")
    _, second = await get(named, first["next"])
    assert [row["title"] for row in first["items"] + second["items"]] == [None, "Сегодня"]
    assert second["next"] is None


async def test_one_programme_is_found_by_its_number(named: Site) -> None:
    _, body = await get(named, "/api/v1/channels/one/programmes")
    assert await get(named, f"/api/v1/programmes/{body['items'][1]['id']}") == (200, body["items"][1])


async def test_a_programme_that_is_not_there_is_told(site: Site) -> None:
    status, body = await get(site, "/api/v1/programmes/99")
    assert status == 404
    assert "no programme has the number 99" in body["detail"]


async def test_the_schedule_is_what_is_on_around_now_or_in_the_time_that_is_asked_for(site: Site) -> None:
    now_ns = SystemClock().utc_ns()
    hours = (-100, -1, 1, 100)
    site.catalogue.listings.replace(
        "one", [ListingRow(start_ns=now_ns + hour * 3600 * NS, stop_ns=None, title=f"{hour}") for hour in hours]
    )
    _, body = await get(site, "/api/v1/channels/one/schedule")
    assert [row["title"] for row in body["items"]] == ["-1", "1"]
    since = quote(iso_utc(now_ns + 50 * 3600 * NS))
    until = quote(iso_utc(now_ns + 150 * 3600 * NS))
    _, body = await get(site, f"/api/v1/channels/one/schedule?from={since}&to={until}")
    assert [row["title"] for row in body["items"]] == ["100"]
