"""Search, what somebody has seen, how long a handout took, and ETags, over HTTP."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from streamproc.catalogue.edits import Mark, Point
from streamproc.catalogue.finishing import ProgrammeState
from streamproc.catalogue.listings import ListingRow
from streamproc.catalogue.pieces import Wish
from streamproc.catalogue.programmes import Draft, DraftPart
from streamproc.catalogue.store import Rules
from streamproc.messages import Kind, Placement
from streamproc.timebase import NS, iso_utc

Site = Any
P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN


@pytest.fixture
def named(site: Site) -> Site:
    """A programme that ended 20 s ago, and what the schedule says of later."""
    site.change(U, P, 2, start=True)
    site.catalogue.finalize(site.change(P, A, 40), site.place(40))
    (epoch,) = site.catalogue.epochs("one")
    part = DraftPart(
        epoch=1, start=Fraction(0), end=Fraction(40), start_id=None, end_id=None, start_sure=True, end_sure=True
    )
    found = Draft(
        id=None,
        state=ProgrammeState.COMPLETE,
        title="Вечерние новости",
        description="О погоде и ёлках",
        confidence=0.95,
        scheduled_start_ns=epoch.utc_zero_ns,
        scheduled_stop_ns=epoch.utc_zero_ns + 40 * NS,
        parts=(part,),
    )
    site.catalogue.programmes.rewrite("one", [found], [])
    later = [("Вечерние новости", 0, None), ("Кино: «Ёлки»", 3600, None), ("News <b>at ten</b>", 7200, "погода")]
    rows = [ListingRow(start_ns=epoch.utc_zero_ns + s * NS, stop_ns=None, title=t, description=d) for t, s, d in later]
    site.catalogue.listings.replace("one", [*rows, ListingRow(start_ns=rows[-1].start_ns + NS, stop_ns=None, title="")])
    return site


async def get(site: Site, address: str, **headers: str) -> tuple[int, Any, Any]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    async with site.http.get(f"/api/v1/{address}", headers=names) as answer:
        text = await answer.read()
        return answer.status, await answer.json() if text else None, answer.headers


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("новостей", ["Вечерние новости"]),
        ("ВЕЧЕРНИЕ новость", ["Вечерние новости"]),
        ("елки", ["Кино: «Ёлки»", "Вечерние новости"]),
        ("погода", ["News <b>at ten</b>", "Вечерние новости"]),
        ("new", ["News <b>at ten</b>"]),
        ("новости спорта", []),
        ("%", ["", "News <b>at ten</b>", "Кино: «Ёлки»", "Вечерние новости"]),
    ],
)
async def test_programmes_and_listings_are_found_by_words_in_any_form_and_case(
    named: Site, words: str, titles: list[str]
) -> None:
    async with named.http.get("/api/v1/search", params={"q": words}) as answer:
        body = await answer.json()
    assert [item["title"] for item in body["items"]] == titles


async def test_a_listing_that_became_a_programme_is_found_once_with_its_number(named: Site) -> None:
    _, body, _ = await get(named, "search?q=%D0%B2%D0%B5%D1%87%D0%B5%D1%80%D0%BD%D0%B8%D0%B5")
    (item,) = body["items"]
    assert item["programme_id"] == named.catalogue.programmes.of_channel("one")[0].id


async def test_search_is_narrowed_by_channel_and_time(named: Site) -> None:
    (epoch,) = named.catalogue.epochs("one")
    until = iso_utc(epoch.utc_zero_ns + 60 * NS)
    _, body, _ = await get(named, f"search?to={until}")
    assert [item["title"] for item in body["items"]] == ["Вечерние новости"]
    _, body, _ = await get(named, f"search?from={until}&limit=1")
    assert len(body["items"]) == 1
    assert (await get(named, "search?channel=two"))[1]["items"] == []
    assert (await get(named, "search?channel=three"))[0] == 404
    assert (await get(named, "search?q=" + "x" * 201))[0] == 400


async def test_the_first_download_of_a_programme_is_measured_once(named: Site, small_mp4: Path) -> None:
    programme = named.catalogue.programmes.of_channel("one")[0]
    wish = Wish(channel="one", spans=programme.spans, programme_id=programme.id, author="anna")
    piece = named.catalogue.pieces.want(wish)
    named.catalogue.pieces.take()
    named.catalogue.pieces.ready(piece, str(small_mp4), 1, "", {})
    async with named.http.head(f"/api/v1/pieces/{piece}/download") as answer:
        assert answer.status == 200
    assert (await get(named, "channels/one/handouts"))[1]["items"] == []
    for _ in range(2):
        async with named.http.get(f"/api/v1/pieces/{piece}/download") as answer:
            assert answer.status == 200
            await answer.read()
    _, body, _ = await get(named, "channels/one/handouts")
    (item,) = body["items"]
    assert (item["programme_id"], item["piece_id"], item["author"]) == (programme.id, piece, "editor")
    assert item["total_s"] == pytest.approx(item["wait_s"] + item["make_s"] + item["take_s"])
    assert 20 <= item["wait_s"] < 200
    count = named.telemetry.registry.get_sample_value
    for part in ("wait", "make", "take"):
        labels = {"channel": "one", "part": part}
        assert count("streamproc_handout_seconds_count", labels) == 1
        assert count("streamproc_handout_seconds_sum", labels) == pytest.approx(item[f"{part}_s"])


async def test_what_somebody_has_looked_at_is_marked_for_them(site: Site) -> None:
    site.catalogue.put_channel("one", "One", "m", "0" * 64, rules=Rules(min_confidence=0.9, review_ns=10**15))
    site.change(U, P, 2, start=True)
    number = site.change(P, A, 40)
    place = site.place(40)
    unsure = Placement(time=place.time, frame=place.frame, confidence=0.4, method=place.method)
    site.catalogue.finalize(number, unsure)
    (item,) = (await get(site, "channels/one/reviews"))[1]["items"]
    assert (item["subject_id"], item["seen"]) == (number, False)
    for _ in range(2):
        async with site.http.post("/api/v1/seen", json={"kind": "boundary", "subject_id": number}) as answer:
            assert (answer.status, (await answer.json())["author"]) == (200, "editor")
    (item,) = (await get(site, "channels/one/reviews"))[1]["items"]
    assert item["seen"] is True
    async with site.http.post("/api/v1/seen", json={"kind": "moon", "subject_id": number}) as answer:
        assert answer.status == 422


async def test_what_has_not_changed_is_not_sent_again(named: Site) -> None:
    status, body, headers = await get(named, "channels/one/segments")
    assert status == 200
    again, nothing, kept = await get(named, "channels/one/segments", If_None_Match=headers["ETag"])
    assert (again, nothing, kept["ETag"]) == (304, None, headers["ETag"])
    mark = Mark(
        channel="one",
        epoch=1,
        start=Point(time=Fraction(10), frame=250),
        end=Point(time=Fraction(12), frame=300),
        kind=A,
    )
    named.catalogue.edits.mark(mark, "olga")
    status, changed, _ = await get(named, "channels/one/segments", If_None_Match=headers["ETag"])
    assert (status, len(changed["items"])) == (200, len(body["items"]) + 2)


async def test_a_boundarys_own_tag_is_its_version(named: Site) -> None:
    number = named.catalogue.boundaries("one", 1)[1].id
    _, body, headers = await get(named, f"boundaries/{number}")
    assert headers["ETag"] == f'"{body["version"]}"'
    assert (await get(named, f"boundaries/{number}", If_None_Match=headers["ETag"]))[0] == 304


async def test_a_sessions_answer_is_kept_by_nobody(site: Site) -> None:
    _, _, headers = await get(site, "session")
    assert "ETag" not in headers
    assert headers["Cache-Control"] == "no-store"
