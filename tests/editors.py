"""An editorial office for tests: a real daemon on a real RTMP feed, with people, a schedule and real browsers."""

import contextlib
import http.cookiejar
import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
from playwright.sync_api import Browser, Page, sync_playwright

from tests.live import Daemon, draw_broadcast, read_number, wait_until
from tests.servers import Publisher, RtmpServer, wait_for_port

PASSWORD = "correct horse battery"
TITLE = "Место встречи"
SPANS = ((0, 2250), (2500, 4000))
"""Frames of the programme's parts; what is between and after them are breaks. Much shorter ones would get no name."""
PARTS = 17
"""So long is the broadcast, in the parts that draw_broadcast counts in."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@dataclass
class Office:
    """A channel that is on air, and the people who work with it; the first of them is an admin."""

    folder: Path
    footage: Path
    people: tuple[str, ...] = ("anna", "boris")
    daemon: Daemon = field(init=False)
    begun_s: float = 0.0
    """When the broadcast began to be sent, Unix seconds."""
    _opener: urllib.request.OpenerDirector = field(init=False)
    _csrf: str = ""
    _held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._held.close()
            raise
        return self

    def _open(self) -> None:
        guide = self.folder / "guide.xml"
        guide.write_text(schedule(datetime.now(UTC)), encoding="utf-8")
        server = self._held.enter_context(RtmpServer(self.folder))
        extra = f'[schedule]\nsource = "{guide}"\nzone = "UTC"\n'
        source = f'url = "{server.url("KEY")}"\nschedule_id = "test"'
        self.daemon = Daemon(self.folder, source, extra=extra).start()
        self._held.callback(self.daemon.stop)
        wait_for_port(self.daemon.port, 240)
        self._held.enter_context(Publisher(self.footage, server.url("KEY")))
        self.begun_s = time.time()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        for number, name in enumerate(self.people):
            self.send(
                "POST", "/api/v1/users", {"name": name, "role": "editor" if number else "admin", "password": PASSWORD}
            )
            if number == 0:
                self._csrf = self.send("POST", "/api/v1/session", {"name": name, "password": PASSWORD})["csrf"]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.daemon.port}"

    def ask(self, path: str) -> Any:
        """Return what the API answers to the first of the people."""
        with self._opener.open(self.address + path, timeout=20) as answer:
            return json.load(answer)

    def read(self, path: str) -> bytes:
        """Return a file that the API gives to the first of the people."""
        with self._opener.open(self.address + path, timeout=60) as answer:
            content: bytes = answer.read()
            return content

    def send(self, method: str, path: str, body: object) -> Any:
        """Write something as the first of the people."""
        headers = {"Content-Type": "application/json", "X-CSRF-Token": self._csrf}
        request = urllib.request.Request(self.address + path, json.dumps(body).encode(), headers, method=method)
        with self._opener.open(request, timeout=20) as answer:
            return json.load(answer)

    def programme(self, timeout_s: float) -> Any:
        """Return the programme once the feed is over and all of it is final."""

        def found() -> Any:
            for one in self.ask("/api/v1/channels/test/programmes")["items"]:
                if one["title"] == TITLE and one["parts"][-1]["end"] is not None and self._is_over():
                    return one
            return None

        return wait_until(found, timeout_s, "a programme that has ended")

    def _is_over(self) -> bool:
        """Tell whether the feed has ended and all that was found is final."""
        segments = self.ask("/api/v1/channels/test/segments")["items"]
        epochs = self.ask("/api/v1/channels/test/epochs")["items"]
        return bool(segments) and epochs[0]["end_utc"] is not None and all(one["state"] == "final" for one in segments)


def draw(path: Path) -> Path:
    """Draw the broadcast; each picture carries its number."""
    drawn: Path = draw_broadcast(path, PARTS, _kind)
    return drawn


def _kind(frame: int) -> str:
    return "programme" if any(start <= frame < end for start, end in SPANS) else "advert"


def without_breaks(first: int, second_later_by: int = 0) -> list[int]:
    """Return the frames of the programme without its break, recorded from ``first`` on."""
    return [*range(first, SPANS[0][1]), *range(SPANS[1][0] + second_later_by, SPANS[1][1])]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A real browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def signed_in(browser: Browser, office: Office, name: str) -> Iterator[Page]:
    """A browser window in which somebody has signed in by hand; it shows the channels."""
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Moscow", accept_downloads=True)
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.goto(office.address)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(".channels")
    yield page
    context.close()


def schedule(now: datetime) -> str:
    """Return a printed schedule with one programme, which begins now."""
    form = "%Y%m%d%H%M%S +0000"
    start, stop = now - timedelta(seconds=20), now + timedelta(minutes=4)
    listing = (
        f'<programme start="{start:{form}}" stop="{stop:{form}}" channel="test"><title>{TITLE}</title></programme>'
    )
    channel = '<channel id="test"><display-name>Тест</display-name></channel>'
    return f'<?xml version="1.0" encoding="UTF-8"?><tv>{channel}{listing}</tv>'


def numbers(path: Path) -> list[int]:
    """Return the numbers that the pictures of a file carry."""
    with av.open(str(path)) as media:
        return [read_number(frame.to_ndarray(format="gray")) for frame in media.decode(video=0)]
