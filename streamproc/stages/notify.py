"""Tells webhooks what happened: each event of the outbox is posted, signed, in order, until the receiver has taken it.

Signed as the Standard Webhooks specification says (https://www.standardwebhooks.com), by its own library, so that
receivers can check with any of its libraries. Where a hook has come to is kept in the catalogue.
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import structlog
from standardwebhooks import Webhook

from streamproc import __version__
from streamproc.catalogue.hooks import HookRow
from streamproc.catalogue.rows import EventRow
from streamproc.catalogue.store import Catalogue
from streamproc.config import WebhookSettings
from streamproc.errors import ConfigError
from streamproc.logic import backoff
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, Clock, iso_utc, utc_from_ns

log = structlog.get_logger()

POLL_S: Final = 0.5
PAGE: Final = 100
TIMEOUT: Final = aiohttp.ClientTimeout(total=20, connect=10)
GONE: Final = 410
HEADERS: Final = {"Content-Type": "application/json", "User-Agent": f"streamproc/{__version__}"}

Json = Mapping[str, Any]


class Refused(Exception):
    """The receiver did not take an event."""

    def __init__(self, reason: str, *, is_gone: bool = False) -> None:
        super().__init__(reason)
        self.is_gone = is_gone


class Post:
    """Signs and posts."""

    def __init__(self, settings: WebhookSettings, environ: Mapping[str, str] = os.environ) -> None:
        """Raises ConfigError: the secret is not there, or is none."""
        self._settings = settings
        what = f"webhook '{settings.name}'"
        secret = environ.get(settings.secret_env)
        if not secret:
            raise ConfigError(f"{what}: the environment variable {settings.secret_env} is not set; set it and restart")
        try:
            self._signer = Webhook(secret)
        except Exception as error:  # the library's own words could show the secret
            raise ConfigError(f"{what}: {settings.secret_env} holds no secret: whsec_ and base64") from error

    async def send(self, session: aiohttp.ClientSession, number: str, body: Json, now_ns: int) -> None:
        """Post one message. Raises Refused unless the receiver takes it."""
        text = json.dumps(body, ensure_ascii=False)
        moment = utc_from_ns(now_ns)
        headers = {
            **HEADERS,
            "webhook-id": number,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": self._signer.sign(number, moment, text),
        }
        try:
            async with session.post(
                self._settings.url, data=text.encode(), headers=headers, allow_redirects=False
            ) as answer:
                status = answer.status
        except TimeoutError as error:
            raise Refused("does not answer in time") from error
        except aiohttp.ClientError as error:
            raise Refused(f"can't be reached ({_plain(error)})") from error
        if status == GONE:
            raise Refused("answers 410: it wants nothing any more", is_gone=True)
        if not 200 <= status < 300:
            raise Refused(f"answers {status}")


async def ping(settings: WebhookSettings, environ: Mapping[str, str], now_ns: int) -> None:
    """Post an event that says nothing. Raises Refused, ConfigError."""
    async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
        body = {"type": "ping", "timestamp": iso_utc(now_ns), "data": {}}
        await Post(settings, environ).send(session, f"ping_{now_ns}", body, now_ns)


class NotifyStage:
    """Tells one webhook."""

    def __init__(
        self,
        settings: WebhookSettings,
        catalogue: Catalogue,
        show: Callable[[EventRow], Json],
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        """show: gives an event as the API shows it; may block."""
        self._settings = settings
        self._name = settings.name
        self._host = urlsplit(settings.url).netloc.rpartition("@")[2]
        self._catalogue = catalogue
        self._show = show
        self._telemetry = telemetry
        self._clock = clock

    async def run(self) -> None:
        """Post events until cancelled, or until the receiver wants none. Raises ConfigError, CatalogueError.

        Run again, as at a start of the daemon, it tells a receiver that wanted nothing of what happens from then on.
        """
        self._telemetry.outbound.hook_failing.labels(self._name).set(1)  # as long as it has no secret
        post = Post(self._settings)
        self._telemetry.outbound.hook_failing.labels(self._name).set(0)
        if await asyncio.to_thread(self._catalogue.hooks.enable, self._name):
            log.info("webhook.enabled", webhook=self._name)
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            while True:
                place = await asyncio.to_thread(self._catalogue.hooks.place, self._name)
                if place.disabled:
                    return
                await self._wait_until(place.next_ns)
                if not await self._step(session, post, place):
                    await self._clock.sleep(POLL_S)

    async def _wait_until(self, next_ns: int) -> None:
        wait_s = (next_ns - self._clock.utc_ns()) / NS
        if wait_s > 0:
            await self._clock.sleep(min(wait_s, backoff.LONGEST_S))  # a clock that was set must not stop it for long

    async def _step(self, session: aiohttp.ClientSession, post: Post, place: HookRow) -> bool:
        """Tell of the next events; tell whether there were any."""
        oldest, newest = await asyncio.to_thread(self._catalogue.event_range)
        told = place.last_event_id
        self._telemetry.outbound.hook_lag.labels(self._name).set(max(0, newest - told))
        try:
            if told < oldest - 1 or told > newest:
                told = await self._reset(session, post, told, oldest - 1 if told < oldest - 1 else newest)
            events = await asyncio.to_thread(self._catalogue.events, told, PAGE)
            for event in events:
                if not self._settings.events or event.type in self._settings.events:
                    await self._tell(session, post, event)
                    await asyncio.to_thread(self._catalogue.hooks.told, self._name, event.id)
                told = event.id
        except Refused as refusal:
            await asyncio.to_thread(self._refused, refusal)
            return True
        if told != place.last_event_id:
            await asyncio.to_thread(self._catalogue.hooks.told, self._name, told)
        return bool(events)

    async def _tell(self, session: aiohttp.ClientSession, post: Post, event: EventRow) -> None:
        shown = await asyncio.to_thread(self._show, event)
        body = {"type": event.type, "timestamp": iso_utc(event.created_ns), "data": shown}
        await post.send(session, f"evt_{event.id}", body, self._clock.utc_ns())
        self._taken()

    async def _reset(self, session: aiohttp.ClientSession, post: Post, told: int, until: int) -> int:
        """Say that events were lost, because the receiver was away for longer than they are kept."""
        now_ns = self._clock.utc_ns()
        data = {"lost_after": told, "lost_until": until}
        await post.send(
            session, f"reset_{until}", {"type": "reset", "timestamp": iso_utc(now_ns), "data": data}, now_ns
        )
        await asyncio.to_thread(self._catalogue.hooks.told, self._name, until)
        self._taken()
        log.warning("webhook.events_lost", webhook=self._name, after=told, until=until)
        return until

    def _taken(self) -> None:
        self._telemetry.outbound.hook_events.labels(self._name, "taken").inc()
        self._telemetry.outbound.hook_failing.labels(self._name).set(0)

    def _refused(self, refusal: Refused) -> None:
        message = f"webhook '{self._name}': {self._host} {refusal}"
        self._telemetry.outbound.hook_events.labels(self._name, "gone" if refusal.is_gone else "refused").inc()
        self._telemetry.outbound.hook_failing.labels(self._name).set(1)
        if refusal.is_gone:
            self._catalogue.hooks.disable(self._name, message)
            log.error("webhook.disabled", webhook=self._name, error=message)
            return
        failures = self._catalogue.hooks.place(self._name).attempts + 1
        again_in_s = backoff.wait_s(failures, refused=False)
        self._catalogue.hooks.failed(self._name, message, self._clock.utc_ns() + round(again_in_s * NS))
        log.warning("webhook.failed", webhook=self._name, attempt=failures, again_in_s=again_in_s, error=message)


def _plain(error: aiohttp.ClientError) -> str:
    """Return the system's reason, without the address: it may hold a key."""
    reason = getattr(error, "strerror", None) or getattr(getattr(error, "os_error", None), "strerror", None)
    return str(reason or type(error).__name__)
