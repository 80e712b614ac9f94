import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from streamproc.catalogue import Catalogue
from streamproc.catalogue.finishing import PieceState
from streamproc.catalogue.store import Rules
from streamproc.messages import Kind
from streamproc.timebase import NS
from tests.programmes import add_programme

Site = Any
PIECES = "/api/v1/channels/one/pieces"


async def send(site: Site, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
    """Send JSON; return the status, the JSON of the answer and its headers."""
    given = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with site.http.request(method, path, data=json.dumps(body).encode(), headers=given) as answer:
        kind = "application/problem+json" if answer.status >= 400 else "application/json"
        return answer.status, await answer.json(content_type=kind), dict(answer.headers)


def zero(catalogue: Catalogue) -> datetime:
    """When the first epoch of channel one began."""
    return datetime.fromisoformat("1970-01-01T00:00:00+00:00") + timedelta(
        microseconds=(catalogue.epochs("one")[0].utc_zero_ns or 0) // 1000
    )


async def test_a_range_by_wall_time_is_queued_and_said_where(site: Site) -> None:
    begin = zero(site.catalogue)
    body = {"in": (begin + timedelta(seconds=5)).isoformat(), "out": (begin + timedelta(seconds=7)).isoformat()}
    status, piece, headers = await send(site, "POST", PIECES, {**body, "title": "интервью", "mode": "keyframe"})
    assert (status, headers["Location"]) == (202, f"/api/v1/pieces/{piece['id']}")
    assert (piece["state"], piece["title"], piece["mode"], piece["author"]) == (
        "queued",
        "интервью",
        "keyframe",
        "editor",
    )
    assert abs(piece["duration_s"] - 2) < 1e-6


async def test_a_range_of_what_is_on_air_may_end_ahead(site: Site) -> None:
    begin = zero(site.catalogue)
    body = {"in": (begin + timedelta(seconds=5)).isoformat(), "out": (begin + timedelta(minutes=20)).isoformat()}
    status, piece, _ = await send(site, "POST", PIECES, body)
    assert (status, round(piece["duration_s"])) == (202, 1195)


async def test_a_range_in_seconds_of_an_epoch_is_exact(site: Site) -> None:
    _, piece, _ = await send(site, "POST", PIECES, {"epoch": 1, "in_s": "1001/30000", "out_s": 12.5})
    assert piece["spans"] == [{"epoch": 1, "start": "1001/30000", "end": "25/2"}]


async def test_the_same_wish_with_the_same_key_is_the_same_piece(site: Site) -> None:
    wish = {"epoch": 1, "in_s": 1, "out_s": 2}
    _, first, _ = await send(site, "POST", PIECES, wish, Idempotency_Key="a")
    _, again, _ = await send(site, "POST", PIECES, wish, Idempotency_Key="a")
    _, other, _ = await send(site, "POST", PIECES, wish, Idempotency_Key="b")
    assert first["id"] == again["id"] != other["id"]
    status, problem, _ = await send(site, "POST", PIECES, {**wish, "out_s": 3}, Idempotency_Key="a")
    assert (status, "used for another piece" in problem["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "give both of one pair"),
        ({"in": "2026-11-26T12:00:00Z"}, "give both of one pair"),
        ({"in": "2026-11-26T12:00:00", "out": "2026-11-26T12:01:00Z"}, "in:"),
        ({"in": "2026-11-26T12:02:00Z", "out": "2026-11-26T12:01:00Z"}, "ends before it begins"),
        ({"in": "2020-01-01T12:00:00Z", "out": "2020-01-01T12:01:00Z"}, "nothing of this time is recorded"),
        ({"in": "2199-01-01T12:00:00Z", "out": "2199-01-01T12:01:00Z"}, "lies ahead"),
        ({"in": "2020-01-01T12:00:00Z", "out": "2020-01-02T12:01:00Z"}, "longer than 12 hours"),
        ({"in_s": 1, "out_s": 2}, "epoch belongs to"),
        ({"epoch": 7, "in_s": 1, "out_s": 2}, "no epoch 7"),
        ({"epoch": 1, "in_s": "1/0", "out_s": 2}, "in_s"),
        ({"epoch": 1, "in_s": -1, "out_s": 2}, "in_s"),
        ({"epoch": 1, "in_s": True, "out_s": 2}, "in_s"),
        ({"epoch": 1, "in_s": "nan", "out_s": 2}, "in_s"),
        ({"epoch": 1, "in_s": "1e99999999", "out_s": 2}, "in_s"),
        ({"epoch": 1, "in_frame": 1, "out_frame": 2}, "in_frame"),
        ({"epoch": 1, "in_s": 1, "out_s": 2, "mode": "fast"}, "mode"),
        ({"epoch": 1, "in_s": 1, "out_s": 2, "title": "x" * 10_000}, "title"),
    ],
)
async def test_a_range_that_makes_no_sense_is_refused(site: Site, body: dict[str, Any], words: str) -> None:
    status, problem, _ = await send(site, "POST", PIECES, body)
    assert (status, words in problem["detail"]) == (422, True), problem
    assert site.catalogue.pieces.of_channel("one") == []


async def test_a_range_past_the_end_of_an_epoch_is_refused_and_one_across_it_ends_there(site: Site) -> None:
    site.catalogue.end_epoch("one", 1, site.place(50).time, 1250, "lost")
    status, problem, _ = await send(site, "POST", PIECES, {"epoch": 1, "in_s": 50, "out_s": 60})
    assert (status, problem["detail"]) == (422, "epoch 1 ends at 50.000 s")
    _, piece, _ = await send(site, "POST", PIECES, {"epoch": 1, "in_s": 40, "out_s": 60})
    assert piece["duration_s"] == 10


async def test_a_programme_is_joined_without_its_breaks_and_brings_its_name(site: Site) -> None:
    number = add_programme(site.catalogue, parts=((1, 8), (20, 30)))
    status, piece, _ = await send(site, "POST", f"/api/v1/programmes/{number}/pieces", {})
    assert (status, piece["duration_s"], len(piece["spans"])) == (202, 17, 2)
    assert (piece["title"], piece["description"], piece["programme_id"]) == (
        "Место встречи",
        "Ток-шоу. Подробности.",
        number,
    )
    async with site.http.get(f"/api/v1/programmes/{number}/pieces") as answer:
        assert [item["id"] for item in (await answer.json())["items"]] == [piece["id"]]


async def test_a_programme_on_air_is_joined_as_far_as_it_has_come(site: Site) -> None:
    number = add_programme(site.catalogue, parts=((1, 8), (20, None)))  # the epoch began a minute ago
    _, piece, _ = await send(site, "POST", f"/api/v1/programmes/{number}/pieces", {"title": "Начало"})
    assert piece["title"] == "Начало"
    assert piece["duration_s"] > 7 + 39


async def test_pieces_are_listed_newest_first_and_in_parts(site: Site) -> None:
    numbers = []
    for _ in range(2):
        _, piece, _ = await send(site, "POST", PIECES, {"epoch": 1, "in_s": 1, "out_s": 2})
        numbers.append(piece["id"])
    async with site.http.get(f"{PIECES}?limit=1") as answer:
        page = await answer.json()
    async with site.http.get(page["next"]) as answer:
        rest = await answer.json()
    assert [item["id"] for item in page["items"] + rest["items"]] == numbers[::-1]


async def test_a_pieces_title_and_description_are_changed_apart(site: Site) -> None:
    _, piece, _ = await send(site, "POST", PIECES, {"epoch": 1, "in_s": 1, "out_s": 2, "title": "раз"})
    address = f"/api/v1/pieces/{piece['id']}"
    await send(site, "PATCH", address, {"description": "О чём.\nПодробно."})
    _, changed, _ = await send(site, "PATCH", address, {"title": "<b>два</b>"})
    assert (changed["title"], changed["description"]) == ("<b>два</b>", "О чём.\nПодробно.")


async def test_a_programme_is_named_by_hand(site: Site) -> None:
    number = add_programme(site.catalogue, confidence=0.5)
    status, named, _ = await send(site, "PATCH", f"/api/v1/programmes/{number}", {"title": "Вести", "author": "anna"})
    assert (status, named["title"], named["title_author"]) == (200, "Вести", "anna")
    _, described, _ = await send(site, "PATCH", f"/api/v1/programmes/{number}", {"description": "Новости."})
    assert (described["title"], described["description"]) == ("Вести", "Новости.")


async def test_a_programme_without_a_name_can_not_only_be_described(site: Site) -> None:
    number = add_programme(site.catalogue, None)
    status, problem, _ = await send(site, "PATCH", f"/api/v1/programmes/{number}", {"description": "Новости."})
    assert (status, "give one with the description" in problem["detail"]) == (422, True)


@pytest.mark.parametrize("body", [{}, {"title": "  "}, {"title": "x" * 10_000}, {"title": 7}, {"title": "a\x07"}])
async def test_a_description_that_makes_no_sense_is_refused(site: Site, body: dict[str, Any]) -> None:
    number = add_programme(site.catalogue)
    status, _, _ = await send(site, "PATCH", f"/api/v1/programmes/{number}", body)
    assert status == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/pieces/999"),
        ("PATCH", "/api/v1/pieces/999"),
        ("GET", "/api/v1/pieces/999/download"),
        ("PATCH", "/api/v1/programmes/999"),
        ("POST", "/api/v1/programmes/999/pieces"),
        ("GET", "/api/v1/programmes/999/pieces"),
        ("POST", "/api/v1/channels/none/pieces"),
        ("GET", "/api/v1/channels/none/pieces"),
        ("GET", "/api/v1/channels/none/reviews"),
    ],
)
async def test_what_there_is_not_is_said_so(site: Site, method: str, path: str) -> None:
    status, problem, _ = await send(site, method, path, {"title": "a"})
    assert (status, problem["detail"].startswith("no ")) == (404, True)


async def test_a_piece_is_downloaded_under_its_title_when_it_is_ready(site: Site, small_mp4: Path) -> None:
    _, piece, _ = await send(site, "POST", PIECES, {"epoch": 1, "in_s": 1, "out_s": 2, "title": "Кто: «мы»?" * 25})
    address = f"/api/v1/pieces/{piece['id']}/download"
    status, problem, _ = await send(site, "GET", address)
    assert (status, problem["detail"]) == (409, f"piece {piece['id']} is queued; it can be had when it is ready")
    target = site.settings.clip_dir / "one" / "p.mp4"
    target.parent.mkdir(parents=True)
    target.write_bytes(small_mp4.read_bytes())
    site.catalogue.pieces.ready(piece["id"], "one/p.mp4", target.stat().st_size, "0" * 64, {})
    async with site.http.get(address) as answer:
        assert await answer.read() == small_mp4.read_bytes()
        name = answer.content_disposition.filename
    assert name is not None
    assert name.startswith("Кто_ «мы»_")
    assert len(name.encode()) < 255
    target.unlink()
    status, problem, _ = await send(site, "GET", address)
    assert (status, "its file is gone" in problem["detail"]) == (410, True)
    row = site.catalogue.pieces.get(piece["id"])
    assert row.state is PieceState.READY


async def test_what_waits_is_listed_and_accepted(site: Site) -> None:
    site.change(Kind.UNKNOWN, Kind.PROGRAMME, 2, start=True)
    boundary = site.change(Kind.PROGRAMME, Kind.ADVERT, 20)
    rules = Rules(min_confidence=0.99, review_ns=NS << 20)
    site.catalogue.put_channel("one", "Первый канал", "bug", "1" * 64, rules=rules)
    site.catalogue.finalize(boundary, site.place(20))
    async with site.http.get("/api/v1/channels/one/reviews") as answer:
        (waiting,) = (await answer.json())["items"]
    assert (waiting["doubt"], waiting["subject_id"], waiting["confidence"]) == ("boundary", boundary, 0.97)
    assert site.catalogue.clips("one") == []
    status, said, _ = await send(site, "POST", waiting["review"], {"verdict": "accepted", "author": "anna"})
    assert (status, said["verdict"]) == (201, "accepted")
    assert len(site.catalogue.clips("one")) == 1


async def test_a_programme_is_accepted(site: Site) -> None:
    number = add_programme(site.catalogue, confidence=0.5)
    status, _, _ = await send(site, "POST", f"/api/v1/programmes/{number}/review", {"verdict": "accepted"})
    assert (status, site.catalogue.reviews.waiting("one")) == (201, [])


async def test_what_can_not_be_accepted_says_why(site: Site) -> None:
    site.change(Kind.UNKNOWN, Kind.PROGRAMME, 2, start=True)
    moving = site.change(Kind.PROGRAMME, Kind.ADVERT, 20)
    running = add_programme(site.catalogue, parts=((1, None),))
    for path, body, status in (
        (f"/api/v1/boundaries/{moving}/review", {"verdict": "accepted"}, 409),
        (f"/api/v1/programmes/{running}/review", {"verdict": "accepted"}, 409),
        ("/api/v1/boundaries/999/review", {"verdict": "accepted"}, 404),
        ("/api/v1/programmes/999/review", {"verdict": "accepted"}, 404),
        (f"/api/v1/boundaries/{moving}/review", {"verdict": "maybe"}, 422),
        (f"/api/v1/boundaries/{moving}/review", {}, 422),
    ):
        got, problem, _ = await send(site, "POST", path, body)
        assert (got, bool(problem["detail"])) == (status, True)
