"""Webhooks are told of everything, in order, signed, by a real server's account."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from streamproc.app.outbound import shown
from streamproc.catalogue.store import Catalogue
from streamproc.config import WebhookSettings
from streamproc.errors import ConfigError
from streamproc.stages.notify import NotifyStage, Post
from streamproc.telemetry import Telemetry
from streamproc.timebase import Clock, ManualClock
from tests.servers import free_port

SECRET = f"whsec_{base64.b64encode(bytes(range(32))).decode()}"


class Receiver:
    """A server that keeps what is posted, if its signature is right, and answers what it is told to."""

    def __init__(self, secret: str = SECRET) -> None:
        self.port = free_port()
        self.taken: list[dict[str, Any]] = []
        self.numbers: list[str] = []
        self.forged = 0
        self.answers: list[int] = []
        self._secret = secret
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=s3cret"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/hook", self._post)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _post(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            Webhook(self._secret).verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.forged += 1
            return web.Response(status=401)
        status = self.answers.pop(0) if self.answers else 204
        if status < 300:
            self.taken.append(json.loads(body))
            self.numbers.append(request.headers["webhook-id"])
        return web.Response(status=status, headers={"Location": self.url} if status in (301, 302, 307) else {})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    server = Receiver()
    await server.start()
    yield server
    await server.stop()


class Desk:
    """A catalogue that things happen in."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.clock = clock
        self.registry = CollectorRegistry()
        self.telemetry = Telemetry(self.registry)
        self.catalogue = Catalogue.open(f"sqlite:///{folder / 'catalogue.sqlite'}", clock=clock)

    def happen(self, *titles: str) -> None:
        """Have a channel change its title: an event each."""
        for title in titles:
            self.catalogue.put_channel("one", title, None, None)

    def stage(self, receiver: Receiver, *events: str) -> NotifyStage:
        settings = WebhookSettings.model_validate(
            {"name": "desk", "url": receiver.url, "secret_env": "HOOK_SECRET", "events": events}
        )
        return NotifyStage(settings, self.catalogue, shown(self.catalogue), self.telemetry, self.clock)

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"streamproc_{name}", {"webhook": "desk", **labels})


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    now_ns = int(datetime.now(tz=UTC).timestamp()) * 1_000_000_000
    desk = Desk(tmp_path, ManualClock(now_ns))
    desk.catalogue.hooks.place("desk")
    yield desk
    desk.catalogue.close()


@asynccontextmanager
async def running(stage: NotifyStage) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(stage.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(reached: Callable[[], bool], task: "asyncio.Task[None]") -> None:
    while not reached():
        assert not task.done(), task.exception()
        await asyncio.sleep(0.01)


async def test_every_event_is_told_once_in_order_and_signed(desk: Desk, receiver: Receiver) -> None:
    desk.happen(*"abcdefgh")
    async with running(desk.stage(receiver)) as task:
        await until(lambda: len(receiver.taken) == 8, task)
    assert receiver.numbers == [f"evt_{number}" for number in range(1, 9)]
    assert receiver.forged == 0
    assert desk.metric("webhook_events_total", outcome="taken") == 8


async def test_an_event_looks_as_in_the_api(desk: Desk, receiver: Receiver) -> None:
    desk.happen("One")
    async with running(desk.stage(receiver)) as task:
        await until(lambda: bool(receiver.taken), task)
    (told,) = receiver.taken
    assert (told["type"], told["data"]["channel"], told["data"]["id"]) == ("channel", "one", 1)
    assert set(told["data"]) == {"id", "type", "channel", "created_utc", "subject_id", "subject", "link"}
    assert told["timestamp"] == told["data"]["created_utc"]


async def test_only_the_events_that_were_asked_for_are_told(desk: Desk, receiver: Receiver) -> None:
    desk.happen("One")
    desk.catalogue.begin_epoch("one", 1, utc_zero_ns=0, frame_rate=None, description="drawn")
    async with running(desk.stage(receiver, "segment", "epoch")) as task:
        await until(lambda: len(receiver.taken) == 2, task)
        await until(lambda: desk.catalogue.hooks.place("desk").last_event_id >= 4, task)
    assert {told["type"] for told in receiver.taken} == {"epoch", "segment"}


async def test_a_receiver_in_trouble_gets_everything_in_order_when_it_is_well(desk: Desk, receiver: Receiver) -> None:
    receiver.answers = [500, 503, 302, 429, 204, 404]
    desk.happen("a", "b", "c")
    async with running(desk.stage(receiver)) as task:
        await until(lambda: len(receiver.taken) == 3, task)
    assert receiver.numbers == ["evt_1", "evt_2", "evt_3"]
    assert desk.metric("webhook_events_total", outcome="refused") == 5


async def test_what_is_wrong_with_a_receiver_is_said_without_its_key(desk: Desk, receiver: Receiver) -> None:
    await receiver.stop()
    desk.happen("a")
    async with running(desk.stage(receiver)) as task:
        await until(lambda: desk.catalogue.hooks.place("desk").attempts > 0, task)
        message = str(desk.catalogue.hooks.place("desk").message)
        assert f"webhook 'desk': 127.0.0.1:{receiver.port} can't be reached" in message
        assert "s3cret" not in message
        assert desk.metric("webhook_failing") == 1
        await receiver.start()
        await until(lambda: bool(receiver.taken), task)
    assert desk.metric("webhook_failing") == 0


async def test_a_receiver_that_is_gone_is_told_nothing_more(desk: Desk, receiver: Receiver) -> None:
    receiver.answers = [410]
    desk.happen("a", "b")
    await desk.stage(receiver).run()
    assert receiver.taken == []
    place = desk.catalogue.hooks.place("desk")
    assert (place.disabled, "wants nothing any more" in str(place.message)) == (True, True)


async def test_after_a_start_a_receiver_that_was_gone_is_told_of_what_happens_then(
    desk: Desk, receiver: Receiver
) -> None:
    receiver.answers = [410]
    desk.happen("a")
    await desk.stage(receiver).run()
    async with running(desk.stage(receiver)) as task:
        await until(lambda: not desk.catalogue.hooks.place("desk").disabled, task)
        desk.happen("b")
        await until(lambda: bool(receiver.taken), task)
    assert receiver.numbers == ["evt_2"]


async def test_a_restarted_daemon_goes_on_where_it_was(desk: Desk, receiver: Receiver) -> None:
    desk.happen("a", "b")
    async with running(desk.stage(receiver)) as task:
        await until(lambda: len(receiver.taken) == 2, task)
    desk.happen("c")
    async with running(desk.stage(receiver)) as task:
        await until(lambda: len(receiver.taken) >= 3, task)
    assert receiver.numbers == ["evt_1", "evt_2", "evt_3"]


async def test_events_that_are_not_kept_any_more_are_said_to_be_lost(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamproc.catalogue.ledger.EVENTS_KEPT", 3)
    desk.happen(*"abcdefghij")
    oldest, newest = desk.catalogue.event_range()
    async with running(desk.stage(receiver)) as task:
        await until(lambda: len(receiver.taken) == 1 + newest - oldest + 1, task)
    assert receiver.taken[0]["type"] == "reset"
    assert receiver.taken[0]["data"] == {"lost_after": 0, "lost_until": oldest - 1}
    assert receiver.numbers[1:] == [f"evt_{number}" for number in range(oldest, newest + 1)]


async def test_a_wrong_secret_is_noticed_by_the_receiver(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", f"whsec_{base64.b64encode(bytes(32)).decode()}")
    desk.happen("a")
    async with running(desk.stage(receiver)) as task:
        await until(lambda: receiver.forged > 0, task)
        await until(lambda: "answers 401" in str(desk.catalogue.hooks.place("desk").message), task)
    assert receiver.taken == []


@pytest.mark.parametrize("secret", [None, "", "whsec_", "whsec_***not base64***"])
def test_a_secret_that_is_none_is_said_without_it(secret: str | None) -> None:
    settings = WebhookSettings(name="desk", url="http://h/", secret_env="HOOK_SECRET")
    environ = {} if secret is None else {"HOOK_SECRET": secret}
    with pytest.raises(ConfigError, match=r"HOOK_SECRET (is not set|holds no secret)") as error:
        Post(settings, environ)
    assert not secret or secret not in str(error.value).replace("whsec_ and", "")


async def test_a_webhook_without_its_secret_counts_as_failing(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOOK_SECRET")
    with pytest.raises(ConfigError, match="HOOK_SECRET is not set"):
        await desk.stage(receiver).run()
    assert desk.metric("webhook_failing") == 1


async def test_an_answer_that_never_comes_is_not_waited_for_long(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    import aiohttp

    monkeypatch.setattr("streamproc.stages.notify.TIMEOUT", aiohttp.ClientTimeout(total=0.2))
    await receiver.stop()
    held: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", receiver.port)
    desk.happen("a")
    async with running(desk.stage(receiver)) as task:
        await until(lambda: "does not answer in time" in str(desk.catalogue.hooks.place("desk").message), task)
    server.close()
    for writer in held:
        writer.close()
    await server.wait_closed()
