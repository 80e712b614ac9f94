import asyncio
import json
from typing import Any

import pytest
from aiohttp import ClientResponse

from streamproc.messages import Kind

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


async def test_a_stream_ends_when_the_server_stops(site: Site) -> None:
    async with site.http.get("/api/v1/events") as answer:
        events = Events(answer)
        await events.next()
        for task in asyncio.all_tasks():
            if task.get_coro().__qualname__ == "WebStage.run":
                task.cancel()
        async with asyncio.timeout(5):
            assert await answer.content.read() is not None
