"""What nobody should send: the right status and a clear sentence, from every part of the API."""

import io
import json
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from streamproc.catalogue import UserRole
from tests.web import people
from tests.web.test_openapi import finished_work

Site = Any
HTML = '<script>alert(1)</script> & "O\'Neil" <img src=x onerror=alert(2)>'
LONG = "Ж" * 10_000
RANGE = {"epoch": 1, "in_s": 0, "out_s": 1}


@dataclass
class Desk:
    """The site as an admin's program sees it, with one of everything in it."""

    http: ClientSession
    headers: dict[str, str]
    numbers: dict[str, int]

    async def send(self, method: str, path: str, **what: Any) -> tuple[int, dict[str, Any]]:
        what["headers"] = self.headers | what.get("headers", {})
        async with self.http.request(method, path, **what) as answer:
            text = await answer.text(errors="replace")
            return answer.status, json.loads(text) if "json" in answer.content_type and text else {}


@pytest.fixture
async def desk(site: Site) -> Desk:
    numbers = finished_work(site)
    boss = people.add(site.catalogue, "boss", UserRole.ADMIN)
    return Desk(site.http, people.token(site.catalogue, boss, "admin"), {**numbers, "/users/": boss.id})


def refused(status: int, problem: dict[str, Any]) -> str:
    """Check that it is a problem of whoever asks, said in one line; return that."""
    assert 400 <= status < 500, problem
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["status"] == status
    assert 10 < len(problem["detail"]) < 500
    assert "\n" not in problem["detail"]
    assert "Traceback" not in problem["detail"]
    return str(problem["detail"])


WITH_TEXT = [
    ("POST", "/api/v1/channels/one/pieces", RANGE, "title"),
    ("POST", "/api/v1/channels/one/pieces", RANGE, "description"),
    ("POST", "/api/v1/channels/one/pieces", RANGE, "author"),
    ("POST", "/api/v1/programmes/{/programmes/}/pieces", {}, "title"),
    ("PATCH", "/api/v1/programmes/{/programmes/}", {}, "title"),
    ("PATCH", "/api/v1/programmes/{/programmes/}", {}, "description"),
    ("PATCH", "/api/v1/pieces/{/pieces/}", {}, "title"),
    ("PATCH", "/api/v1/orders/{/orders/}", {}, "title"),
    ("PUT", "/api/v1/findings/{/findings/}/verdict", {"verdict": None}, "note"),
    ("PUT", "/api/v1/findings/{/findings/}/verdict", {"verdict": None}, "author"),
    ("PATCH", "/api/v1/users/{/users/}", {}, "full_name"),
    ("POST", "/api/v1/tokens", {"scopes": ["read"]}, "name"),
    ("POST", "/api/v1/users", {"name": "oleg", "role": "viewer"}, "full_name"),
    ("POST", "/api/v1/session", {"password": "x"}, "name"),
    ("POST", "/api/v1/session", {"name": "x"}, "password"),
]


@pytest.mark.parametrize(("method", "path", "body", "field"), WITH_TEXT)
async def test_a_text_of_ten_thousand_characters_is_refused(
    desk: Desk, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    address = path.format_map(desk.numbers)
    detail = refused(*await desk.send(method, address, json={**body, field: LONG}))
    assert detail.startswith(f"{field}: ")
    assert "at most" in detail


async def test_orders_of_ten_thousand_characters_are_refused_line_by_line(desk: Desk) -> None:
    detail = refused(*await desk.send("POST", "/api/v1/orders", json=[{"text": LONG}]))
    assert "at most" in detail
    status, problem = await desk.send("POST", f"/api/v1/orders?author={LONG[:70]}", json=[{"text": "Вести"}])
    assert (status, "author" in refused(status, problem)) == (400, True)


async def test_a_key_of_ten_thousand_characters_is_refused(desk: Desk) -> None:
    for length in (201, 10_000):
        headers = {"Idempotency-Key": "k" * length}
        async with desk.http.post("/api/v1/channels/one/pieces", json=RANGE, headers=desk.headers | headers) as answer:
            assert answer.status == 400


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("PATCH", "/api/v1/programmes/{/programmes/}", "title"),
        ("PATCH", "/api/v1/programmes/{/programmes/}", "description"),
        ("PATCH", "/api/v1/pieces/{/pieces/}", "title"),
        ("PATCH", "/api/v1/users/{/users/}", "full_name"),
    ],
)
async def test_markup_is_kept_as_the_text_that_it_is(desk: Desk, method: str, path: str, field: str) -> None:
    address = path.format_map(desk.numbers)
    status, body = await desk.send(method, address, json={field: HTML})
    assert (status, body[field]) == (200, HTML)
    async with desk.http.get(address, headers=desk.headers) as answer:
        assert (await answer.json())[field] == HTML
        assert answer.content_type == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("format_name", ["fcpxml", "fcp7", "csv", "vtt", "edl", "json", "otio"])
async def test_markup_in_a_name_breaks_no_export(desk: Desk, format_name: str) -> None:
    from lxml import etree

    address = f"/api/v1/programmes/{desk.numbers['/programmes/']}"
    assert (await desk.send("PATCH", address, json={"title": HTML}))[0] == 200
    async with desk.http.get(f"{address}/export/{format_name}", headers=desk.headers) as answer:
        text = await answer.text()
        assert answer.status in (200, 409), text
        if answer.status == 200 and format_name.startswith("fcp"):
            assert "script" not in {element.tag for element in etree.fromstring(text.encode()).iter()}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/channels/one/recording/1/../../../catalogue.sqlite",
        "/api/v1/channels/one/recording/1/%2e%2e%2f%2e%2e%2fcatalogue.sqlite",
        "/api/v1/channels/one/recording/..%2f..%2f/1.mp4",
        "/api/v1/channels/one/recording/1/1.mp4%00.txt",
        "/api/v1/channels/one/recording/999999999999999999/999999999.mp4",
        "/api/v1/channels/one/frames/1/%2e%2e%2f1.jpg",
        "/api/v1/channels/one/frames/1/-1.jpg",
        "/api/v1/channels/one/frames/999999999999999999/999999999.jpg",
        "/api/v1/channels/one/thumbnails/1/nan.jpg",
        "/api/v1/channels/%2e%2e/segments",
        "/api/v1/channels/%D0%9D%D0%A2%D0%92/segments",
        "/api/v1/channels/one%00/segments",
        "/api/v1/channels/One/segments",
        "/api/v1/clips/-1",
        "/api/v1/clips/1e3",
        "/api/v1/clips/0x1/download",
        "/api/v1/clips/9999999999999999999999/download",
        "/api/v1/clips/1/export/%2fetc%2fpasswd",
        "/api/v1/programmes/1/export/exe",
        "/api/v1/alarms/1/pictures/..",
        "/api/v1/findings/-1",
        "/api/v1/findings/999999999999999999",
        "/api/v1/findings/999999999999999999/heat.png",
        "/api/v1/findings/1/heat.png%00",
        "/api/v1/nothing",
        "/built/../index.html",
        "/built/%2e%2e%2findex.html",
        "/built/%2e%2e",
        "/built/page.js%00",
        "/static/index.html",
        "/.env",
        "/" + "a" * 4000,
    ],
)
async def test_a_wrong_name_in_an_address_leads_nowhere(desk: Desk, site: Site, path: str) -> None:
    address = URL(f"{site.address}{path}", encoded=True)
    async with desk.http.get(address, headers=desk.headers) as answer:
        status, problem = answer.status, await answer.json(content_type="application/problem+json")
    assert status in (404, 410)
    assert len(refused(status, {**problem, "detail": problem["detail"][:499]})) > 10


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/channels/one/segments", "from=yesterday"),
        ("/api/v1/channels/one/segments", "from=0.5"),
        ("/api/v1/channels/one/segments", "from=0149-03-15T11:03:42Z"),
        ("/api/v1/channels/one/segments", "to=9999-12-31T23:59:59Z"),
        ("/api/v1/channels/one/segments", "from=2026-11-21T23:40:00"),
        ("/api/v1/channels/one/segments", "limit=0"),
        ("/api/v1/channels/one/segments", "limit=1e9"),
        ("/api/v1/channels/one/segments", f"before={10**30}"),
        ("/api/v1/channels/one/segments", "kind=<script>"),
        ("/api/v1/channels/one/segments", "sort=asc"),
        ("/api/v1/channels/one/segments", "limit=5&limit=6"),
        ("/api/v1/channels/one/findings", "verdict=perhaps"),
        ("/api/v1/channels/one/findings", "from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z"),
        ("/api/v1/deliveries", f"clip={10**30}"),
        ("/api/v1/deliveries", "clip=1&piece=1"),
        ("/api/v1/deliveries", "target=%00"),
        ("/api/v1/audit", "author=%00"),
        ("/api/v1/channels/one/schedule", "from=1105-02-11T00:01:19Z"),
        ("/api/v1/channels/one/export/csv", "from=2026-11-21T00:00:00Z"),
        ("/api/v1/channels/one/export/csv", "from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z"),
        ("/api/v1/channels/one/timeline", "from=2026-11-21T00:00:00Z&to=2199-11-20T00:00:00Z"),
    ],
)
async def test_a_parameter_that_makes_no_sense_is_refused(desk: Desk, site: Site, path: str, query: str) -> None:
    status, problem = await desk.send("GET", URL(f"{site.address}{path}?{query}", encoded=True))
    assert status == 400, problem
    refused(status, problem)


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"title": "\\ud800"}', "application/json", 400),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"{}", "application/json", 422),
        (b'{"title": "a\\u0000b"}', "application/json", 422),
        (b'{"title": "a\\nb"}', "application/json", 422),
        (b'{"title": 7}', "application/json", 422),
        (b'{"title": "a", "id": 1}', "application/json", 422),
        (b'{"title": "a"}', "text/plain", 415),
        (b"title=a", "application/x-www-form-urlencoded", 415),
        (b'{"title": "' + b"a" * (1 << 20) + b'"}', "application/json", 413),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused(desk: Desk, data: bytes, content_type: str, status: int) -> None:
    address = f"/api/v1/pieces/{desk.numbers['/pieces/']}"
    got, problem = await desk.send("PATCH", address, data=io.BytesIO(data), headers={"Content-Type": content_type})
    assert got == status, problem
    refused(got, problem)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"epoch": 99, "in_s": 0, "out_s": 1}, "has no epoch 99"),
        ({"epoch": 1, "in_frame": 10**9, "out_frame": 10**9 + 1}, "in_frame, out_frame"),
        ({"epoch": 1, "in_s": "1/0", "out_s": 1}, "it divides by 0"),
        ({"epoch": 1, "in_s": 2, "out_s": 1}, "it ends before it begins"),
        ({"epoch": 1, "in_s": "1e999999999", "out_s": 1}, "write seconds as"),
        ({"in": "2020-01-01T00:00:00Z", "out": "2020-01-01T00:01:00Z"}, "nothing of this time is recorded"),
        ({"in": "2199-01-01T00:00:00Z", "out": "2199-01-01T00:01:00Z"}, "it lies ahead"),
        ({"in": 0, "out": 1}, "write a moment"),
    ],
)
async def test_a_range_outside_the_recording_is_refused(desk: Desk, body: dict[str, Any], words: str) -> None:
    status, problem = await desk.send("POST", "/api/v1/channels/one/pieces", json=body)
    assert (status, words in refused(status, problem)) == (422, True)


async def test_a_method_that_an_address_has_not_is_refused(desk: Desk) -> None:
    async with desk.http.delete("/api/v1/channels", headers=desk.headers) as answer:
        problem = await answer.json(content_type="application/problem+json")
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD,POST")
    assert "DELETE is not possible at /api/v1/channels" in problem["detail"]


@pytest.mark.parametrize(
    "shown", ["Bearer", "Bearer ", "Bearer \xff", "Bearer " + "x" * 5000, "Basic YTpi", "bearer a b"]
)
async def test_nonsense_for_a_token_lets_nobody_in(desk: Desk, shown: str) -> None:
    async with desk.http.get("/api/v1/channels", headers={"Authorization": shown}) as answer:
        assert answer.status == 401


@pytest.mark.parametrize(
    "cookie", ["streamproc_session=", "streamproc_session=\xff", "streamproc_session=x; ;=;", "=" * 500]
)
async def test_nonsense_for_a_session_lets_nobody_in(desk: Desk, cookie: str) -> None:
    async with desk.http.get("/api/v1/channels", headers={"Cookie": cookie}) as answer:
        assert answer.status == 401
