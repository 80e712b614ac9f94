import ast
import asyncio
import inspect
import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from aiohttp import ClientResponse

from streamproc.catalogue import findings
from streamproc.config import EventType
from streamproc.messages import Kind
from streamproc.web.answers import Notice
from tests.findings import find

P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN
Site = Any


class Events:
    """Reads an event stream."""

    def __init__(self, answer: ClientResponse) -> None:
        self._answer = answer

    async def next(self) -> dict[str, Any]:
        """Return the next event."""
        event: dict[str, Any] = {}
        async with asyncio.timeout(10):
            while line := (await self._answer.content.readline()).decode().rstrip("\r\n"):
                key, _, value = line.partition(": ")
                event[key] = json.loads(value) if key == "data" else value
        return event

    async def until(self, **wanted: Any) -> dict[str, Any]:
        """Return the next event whose data holds what is wanted."""
        while True:
            event = await self.next()
            if wanted.items() <= event["data"].items():
                return event


async def test_a_change_arrives_with_the_segment_as_it_is_now(site: Site) -> None:
    async with site.http.get("/api/v1/events") as answer:
        events = Events(answer)
        assert (await events.next())["event"] == "hello"
        site.change(U, P, 2, start=True)
        event = await events.until(type="segment")
        assert (event["event"], event["data"]["subject"]["kind"]) == ("segment", "programme")


async def test_a_returning_client_gets_what_it_missed(site: Site) -> None:
    site.change(U, P, 2, start=True)
    _, seen = site.catalogue.event_range()
    site.change(P, A, 20)
    _, newest = site.catalogue.event_range()
    await asyncio.sleep(0.6)
    async with site.http.get("/api/v1/events", headers={"Last-Event-ID": str(seen)}) as answer:
        events = Events(answer)
        assert (await events.next())["event"] == "hello"
        numbers = [int((await events.next())["id"])]
        while numbers[-1] < newest:
            numbers.append(int((await events.next())["id"]))
    assert numbers == sorted(set(numbers))
    assert numbers[0] > seen


@pytest.mark.parametrize("last", ["999999", "nonsense", "-1"])
async def test_a_client_whose_last_event_is_unknown_is_told_to_fetch_all_again(site: Site, last: str) -> None:
    async with site.http.get("/api/v1/events", headers={"Last-Event-ID": last}) as answer:
        events = Events(answer)
        assert [(await events.next())["event"] for _ in range(2)] == ["hello", "reset"]


async def test_a_slow_client_loses_the_oldest_and_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamproc.web.events.BUFFER", 2)
    monkeypatch.setattr("streamproc.web.events.POLL_S", 0.5)
    async with site.http.get("/api/v1/events") as answer:
        events = Events(answer)
        await events.next()
        await asyncio.sleep(0.6)
        for number in range(20):
            site.catalogue.put_channel(f"more{number}", "", None, None)
        names = [(await events.next())["event"]]
        while "reset" not in names:
            names.append((await events.next())["event"])
    dropped = site.telemetry.registry.get_sample_value("streamproc_queue_dropped_total", {"queue": "sse"})
    assert dropped >= 1


async def test_what_happens_to_a_finding_comes_as_finding_and_that_it_was_found_once_beside_it(site: Site) -> None:
    async with site.http.get("/api/v1/events") as answer:
        events = Events(answer)
        await events.next()
        number = find(site.catalogue, 2, 8)  # there for long enough: nothing says how long that must be
        told = [await events.next() for _ in range(2)]
    assert [event["event"] for event in told] == ["finding", "finding.found"]
    assert [event["data"]["type"] for event in told] == ["finding", "finding.found"]
    assert {event["data"]["subject"]["id"] for event in told} == {number}


def told(project_root: Path) -> set[str]:
    """Return the types that the catalogue tells of, as its code names them."""
    types: set[str] = set()
    for path in (project_root / "streamproc" / "catalogue").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "tell":
                words = [one for one in ast.walk(call.args[1]) if isinstance(one, ast.Constant | ast.Name)]
                types |= {one.value for one in words if isinstance(one, ast.Constant) and isinstance(one.value, str)}
                types |= {findings.FOUND for one in words if isinstance(one, ast.Name) and one.id == "FOUND"}
    return types


def test_every_type_of_event_is_documented_and_can_be_asked_for_by_a_webhook(project_root: Path) -> None:
    types = told(project_root)
    assert {"finding", "finding.found", "segment-removed"} <= types
    assert set(get_args(EventType)) == types
    guide = (project_root / "docs" / "http-api.md").read_text("utf-8")
    said = guide.split("The event's name and `type` are one of")[1].split(". Data:")[0]
    assert set(re.findall(r"`([a-z.-]+)`", said)) == types
    notice = inspect.getsource(Notice).split('"""')[5]
    assert set(re.findall(r"[a-z]+(?:[.-][a-z]+)?", notice)) - {"or"} == types


def test_the_page_listens_to_every_type_but_those_that_change_nothing_that_it_shows(project_root: Path) -> None:
    source = (project_root / "streamproc" / "web" / "page" / "src" / "live.ts").read_text("utf-8")
    heard = set(re.findall(r'"([a-z.-]+)"', source.split("const TYPES = [")[1].split("]")[0]))
    assert heard == told(project_root) - {"finding.found", "handout"}


async def test_a_stream_ends_when_the_server_stops(site: Site) -> None:
    async with site.http.get("/api/v1/events") as answer:
        events = Events(answer)
        await events.next()
        for task in asyncio.all_tasks():
            if task.get_coro().__qualname__ == "WebStage.run":
                task.cancel()
        async with asyncio.timeout(5):
            assert await answer.content.read() is not None
