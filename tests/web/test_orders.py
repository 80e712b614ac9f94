import json
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest

from streamproc.catalogue.finishing import OrderState
from streamproc.messages import Note
from streamproc.timebase import utc_from_ns
from tests.programmes import add_programme

Site = Any
ORDERS = "/api/v1/orders"


async def send(
    site: Site, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Send JSON, or what is bytes as it is; return the status, the JSON of the answer and its headers."""
    plain = body if isinstance(body, bytes) else json.dumps(body).encode()
    data = None if body is None else BytesIO(plain)
    given = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with site.http.request(method, path, data=data, headers=given) as answer:
        kind = "application/problem+json" if answer.status >= 400 else "application/json"
        return answer.status, await answer.json(content_type=kind), dict(answer.headers)


async def test_a_pasted_list_is_answered_line_by_line(site: Site) -> None:
    text = "Сегодня в 19:00\nПервый канал 12:30-12:45 интервью\n25:00 Вести".encode()
    status, body, headers = await send(site, "POST", ORDERS, text, Content_Type="text/plain")
    assert (status, headers["Location"]) == (201, ORDERS)
    assert (body["added"], body["known"], body["refused"]) == (2, 0, 1)
    news, interview, wrong = body["lines"]
    assert (news["order"]["title"], news["order"]["kind"], news["is_new"]) == ("Сегодня", "programme", True)
    assert (interview["order"]["channel"], interview["order"]["kind"]) == ("one", "range")
    assert (wrong["line"], wrong["order"], wrong["problem"]["en"]) == (3, None, "there is no time '25:00'")
    assert wrong["problem"]["ru"] == "времени «25:00» не бывает"


async def test_the_same_list_again_makes_no_doubles(site: Site) -> None:
    for status, added in ((201, 2), (200, 0)):
        got, body, _ = await send(site, "POST", ORDERS, "Вести\nСегодня".encode(), Content_Type="text/plain")
        assert (got, body["added"]) == (status, added)
    async with site.http.get(ORDERS) as answer:
        assert len((await answer.json())["items"]) == 2


async def test_a_table_in_windows_1251_is_read(site: Site) -> None:
    table = "название;начало;конец\nинтервью;12:30;12:45".encode("cp1251")
    _, body, _ = await send(site, "POST", ORDERS, table, Content_Type="text/csv")
    assert body["lines"][0]["order"]["title"] == "интервью"


async def test_a_charset_that_is_said_is_believed(site: Site) -> None:
    _, body, _ = await send(site, "POST", ORDERS, "Вести".encode("koi8-r"), Content_Type="text/plain; charset=koi8-r")
    assert body["lines"][0]["order"]["title"] == "Вести"


async def test_a_list_is_read_for_the_day_and_the_author_that_the_address_says(site: Site) -> None:
    path = f"{ORDERS}?day=2026-11-20&author=anna"
    _, body, _ = await send(site, "POST", path, "Вести 20:00".encode(), Content_Type="text/plain")
    order = body["lines"][0]["order"]
    assert (order["start_utc"], order["author"]) == ("2026-11-20T20:00:00.000Z", "anna")


async def test_a_json_list_says_its_parts_apart_or_as_a_line(site: Site) -> None:
    moments = {"from": "2026-11-26T12:30:00+03:00", "to": "2026-11-26T12:45:00+03:00"}
    items = [
        {"name": "интервью", "channel": "one", **moments, "target": "site", "due": "2026-11-26T18:00:00Z"},
        {"text": "Вести 20:00"},
        {"name": "Своя игра", "channel": "none"},
        {"text": "Вести 21:00", "target": "ftp"},
    ]
    status, body, _ = await send(site, "POST", ORDERS, items)
    first, second, third, fourth = body["lines"]
    assert (status, first["order"]["start_utc"], first["order"]["target"]) == (201, "2026-11-26T09:30:00.000Z", "site")
    assert first["order"]["due_utc"] == "2026-11-26T18:00:00.000Z"
    assert second["order"]["title"] == "Вести"
    assert "no channel is called 'none'" in third["problem"]["en"]
    assert "no target is named 'ftp'" in fourth["problem"]["en"]


async def test_an_order_with_the_desks_own_number_is_the_same_order_whatever_it_says(site: Site) -> None:
    _, first, _ = await send(site, "POST", ORDERS, [{"text": "Вести", "key": "desk-7"}])
    status, second, headers = await send(site, "POST", ORDERS, [{"text": "Вести 20:00", "key": "desk-7"}])
    assert (status, second["lines"][0]["order"]["id"]) == (200, first["lines"][0]["order"]["id"])
    assert "Location" not in headers


@pytest.mark.parametrize(
    ("body", "kind", "status", "words"),
    [
        (b"{", "application/json", 400, "no JSON"),
        (b"\xff", "application/json", 400, "no JSON"),
        (b"[]", "application/json", 422, "at least 1"),
        (b"{}", "application/json", 422, "array"),
        (b'[{"text": ""}]', "application/json", 422, "0.text"),
        (b'[{"text": "a", "name": "b"}]', "application/json", 422, "either text"),
        (b'[{"name": "a", "colour": 1}]', "application/json", 422, "colour"),
        (b'[{"name": "a", "from": "2026-11-26T12:00:00"}]', "application/json", 422, "0.from"),
        (b'[{"name": "a", "from": "9999-12-31T23:59:59Z"}]', "application/json", 422, "out of reason"),
        (b'[{"to": "2026-11-26T12:00:00Z", "name": "a"}]', "application/json", 422, "no beginning"),
        (b'[{"name": "a\\u0000b"}]', "application/json", 422, "control characters"),
        (b'[{"name": "\\ud800"}]', "application/json", 400, "no JSON"),
        (b"25:00", "text/plain", 422, "line 1: there is no time '25:00'"),
        (b"", "text/plain", 422, "the list is empty"),
        (b"\x00\x01", "text/csv", 422, "not a text"),
        (b"x", "text/html", 415, "application/json"),
        (b"x", "application/x-www-form-urlencoded", 415, "application/json"),
        (b"x", "text/plain; charset=klingon", 422, "klingon"),
        (b"a\n" * 1001, "text/plain", 422, "at most 1000"),
        (b"x" * (1 << 20) + b"x", "text/plain", 413, "send it in parts"),
    ],
)
async def test_what_can_not_be_taken_is_said_as_problem_details(
    site: Site, body: bytes, kind: str, status: int, words: str
) -> None:
    got, problem, _ = await send(site, "POST", ORDERS, body, Content_Type=kind)
    assert (got, problem["status"]) == (status, status)
    assert words in problem["detail"]
    assert site.catalogue.orders.find() == []


@pytest.mark.parametrize("name", ["x" * 10_000, "Вести\nВремя"])
async def test_a_name_that_is_too_long_or_of_two_lines_is_refused(site: Site, name: str) -> None:
    status, problem, _ = await send(site, "POST", ORDERS, [{"name": name}])
    assert (status, problem["detail"].startswith("0.name")) == (422, True)


async def test_html_in_a_name_is_kept_as_the_text_that_it_is(site: Site) -> None:
    _, body, _ = await send(site, "POST", ORDERS, [{"name": "<script>alert(1)</script>"}])
    assert body["lines"][0]["order"]["title"] == "<script>alert(1)</script>"


async def make(site: Site, text: str = "Вести 20:00") -> int:
    _, body, _ = await send(site, "POST", ORDERS, [{"text": text}])
    return int(body["lines"][0]["order"]["id"])


async def test_an_order_is_changed_by_the_answer_to_what_it_asks(site: Site) -> None:
    order, programme = await make(site), add_programme(site.catalogue)
    status, body, _ = await send(site, "PATCH", f"{ORDERS}/{order}", {"programme_id": programme, "title": "Место"})
    assert (status, body["programme_id"], body["channel"], body["title"]) == (200, programme, "one", "Место")


async def test_the_times_of_a_range_are_changed(site: Site) -> None:
    order = await make(site, "12:30-12:45 интервью")
    async with site.http.get(f"{ORDERS}/{order}") as answer:
        end = datetime.fromisoformat((await answer.json())["end_utc"])
    later = (end + timedelta(minutes=5)).isoformat()
    _, body, _ = await send(site, "PATCH", f"{ORDERS}/{order}", {"to": later})
    assert datetime.fromisoformat(body["end_utc"]) == end + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"channel": "none"}, "no channel is named"),
        ({"programme_id": 999}, "no programme has the number 999"),
        ({"programme_id": 1 << 70}, "programme_id"),
        ({"to": "2026-11-26T12:45:00Z"}, "order a range instead"),
        ({"title": ""}, "title: it is empty"),
        ({"target": "ftp"}, "no target is named 'ftp'; there are: site"),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused(site: Site, change: dict[str, Any], words: str) -> None:
    status, problem, _ = await send(site, "PATCH", f"{ORDERS}/{await make(site)}", change)
    assert (status, words in problem["detail"]) == (422, True)


async def test_an_order_is_taken_back_once_and_for_all(site: Site) -> None:
    order = await make(site)
    for _ in range(2):
        status, body, _ = await send(site, "DELETE", f"{ORDERS}/{order}")
        assert (status, body["state"]) == (200, "cancelled")
    status, problem, _ = await send(site, "PATCH", f"{ORDERS}/{order}", {"title": "Время"})
    assert (status, "can't be changed" in problem["detail"]) == (409, True)


async def test_a_delivered_order_is_not_taken_back(site: Site) -> None:
    order = await make(site)
    site.catalogue.orders.settle(order, OrderState.DELIVERED, Note(en="", ru=""))
    status, problem, _ = await send(site, "DELETE", f"{ORDERS}/{order}")
    assert (status, "is delivered" in problem["detail"]) == (409, True)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_an_order_that_there_is_not_is_said_so(site: Site, method: str) -> None:
    status, problem, _ = await send(site, method, f"{ORDERS}/999", {"title": "a"} if method == "PATCH" else None)
    assert (status, problem["detail"]) == (404, "no order has the number 999")


async def test_orders_are_listed_by_state_and_in_parts(site: Site) -> None:
    numbers = [await make(site, text) for text in ("Вести 10:00", "Вести 15:00", "Вести 20:00")]
    site.catalogue.orders.settle(numbers[0], OrderState.DELIVERED, Note(en="", ru=""))
    async with site.http.get(f"{ORDERS}?state=waiting&limit=1") as answer:
        page = await answer.json()
    async with site.http.get(page["next"]) as answer:
        rest = await answer.json()
    assert [item["id"] for item in page["items"] + rest["items"]] == numbers[:0:-1]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://behind.a.proxy"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[broken"}, 403),
        ({"Origin": "{own}"}, 201),
        ({}, 201),
    ],
)
async def test_only_our_own_pages_and_programs_may_write(site: Site, headers: dict[str, str], status: int) -> None:
    given = {name: value.format(own=site.address) for name, value in headers.items()}
    got, _, _ = await send(site, "POST", ORDERS, "Вести".encode(), Content_Type="text/plain", **given)
    assert got == status
    assert len(site.catalogue.orders.find()) == (1 if status == 201 else 0)


async def test_reading_is_not_asked_where_it_comes_from(site: Site) -> None:
    async with site.http.get(ORDERS, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 200


async def test_an_order_is_shown_live(site: Site) -> None:
    async with site.http.get("/api/v1/events") as stream:
        await stream.content.readuntil(b"\r\n\r\n")
        order = await make(site)
        block = (await stream.content.readuntil(b"\r\n\r\n")).decode()
    data = json.loads(next(line for line in block.splitlines() if line.startswith("data:"))[5:])
    assert (data["type"], data["subject"]["id"]) == ("order", order)
    assert utc_from_ns(0) < datetime.fromisoformat(data["subject"]["created_utc"])
