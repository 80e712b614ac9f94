import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from aiohttp import ClientSession
from playwright.async_api import Browser, Page, async_playwright
from prometheus_client import CollectorRegistry

from streamproc.catalogue import Catalogue
from streamproc.config import Settings
from streamproc.media.encode import Coding, Encoder
from streamproc.messages import Change, Kind, Method, Placement, Position
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, SystemClock
from streamproc.web import Keeper, WebStage, create_app
from tests.live import draw_broadcast

P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN
SECRET = "s3cret-k3y"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Site:
    """A web role on a free port, with the catalogue behind it."""

    catalogue: Catalogue
    settings: Settings
    telemetry: Telemetry
    address: str = ""
    http: ClientSession = field(init=False)

    def change(self, before: Kind, after: Kind, time: float | Fraction, *, start: bool = False) -> int | None:
        new = Fraction(time)
        change = Change(
            epoch=1, before=before, after=after, last_old=new - 2, first_new=new, decided=new + Fraction(1, 2)
        )
        at = self.place(0, Method.EPOCH) if start else self.place(new)
        return self.catalogue.add_change("one", change, at, Position(epoch=1, time=change.decided, memory="{}"))

    def place(self, time: float | Fraction, method: Method = Method.SAMPLE) -> Placement:
        exact = Fraction(time)
        return Placement(time=exact, frame=int(exact * 25), confidence=0.97, method=method)

    def cut(self, source: Path) -> int:
        """Cut the next clip: copy a real file."""
        job = self.catalogue.next_clip()
        assert job is not None
        target = self.settings.clip_dir / "one" / f"{job.id}.mp4"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        self.catalogue.clip_ready(job.id, f"one/{job.id}.mp4", target.stat().st_size, "0" * 64)
        return job.id


@pytest.fixture(scope="session")
def small_mp4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two seconds of H.264 and AAC."""
    path = tmp_path_factory.mktemp("clip") / "small.mp4"
    coding = Coding(width=320, height=180, rate=Fraction(25))
    noise = np.random.default_rng(1)
    with Encoder(str(path), coding) as encoder:
        for _ in range(50):
            picture = noise.integers(0, 256, (180, 320, 3), dtype=np.uint8)
            encoder.write(picture, noise.uniform(-0.1, 0.1, (2, 1920)).astype(np.float32))
    return path


@pytest.fixture(scope="session")
def broadcast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return 40 seconds of programme, break, programme, break, whose pictures carry their numbers."""
    return draw_broadcast(tmp_path_factory.mktemp("aired") / "broadcast.mp4")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    channels = [
        {"name": "one", "title": "Первый канал", "url": f"rtmp://user:{SECRET}@127.0.0.1/live/{SECRET}", "model": "m"},
        {"name": "two", "url": "udp://127.0.0.1:9"},
    ]
    targets = [{"name": "site", "url": (tmp_path / "site").as_uri()}]
    return Settings.model_validate({"data_dir": tmp_path, "channels": channels, "targets": targets})


@pytest.fixture
def catalogue(settings: Settings) -> Iterator[Catalogue]:
    opened = Catalogue.open(settings.database_url, clock=SystemClock())
    opened.put_channel("one", "Первый канал", "bug", "1" * 64)
    opened.begin_epoch(
        "one", 1, utc_zero_ns=SystemClock().utc_ns() - 60 * NS, frame_rate=Fraction(25), description="h264 1920x1080"
    )
    yield opened
    opened.close()


@pytest.fixture
def keeper() -> Keeper | None:
    """Who changes the configuration: nobody, unless a test says otherwise."""
    return None


@pytest.fixture
async def site(settings: Settings, catalogue: Catalogue, keeper: Keeper | None) -> AsyncIterator[Site]:
    telemetry = Telemetry(CollectorRegistry())
    site = Site(catalogue, settings, telemetry)
    app = create_app(lambda: site.settings, catalogue, telemetry, SystemClock(), keeper)
    stage = WebStage(app, "127.0.0.1", 0)
    task = asyncio.create_task(stage.run())
    site.address = await asyncio.wait_for(stage.address(), 10)
    async with ClientSession(site.address) as site.http:
        yield site
    task.cancel()
    await asyncio.wait([task])


@pytest.fixture
def write_status(settings: Settings) -> "StatusWriter":
    return StatusWriter(settings)


class StatusWriter:
    """Says what a recorder says."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, channel: str, state: str, *, age_s: float = 0, message: str = "") -> None:
        now = SystemClock().utc_ns()
        folder = self._settings.recording_dir / channel
        folder.mkdir(parents=True, exist_ok=True)
        status = {
            "state": state,
            "since_ns": now - 60 * NS,
            "updated_ns": now - round(age_s * NS),
            "message": message,
        }
        (folder / "status.json").write_text(json.dumps(status))


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    """The page in English; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    context = await browser.new_context(locale="en-GB", timezone_id="Europe/Moscow")
    page = await context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    site.change(Kind.UNKNOWN, Kind.PROGRAMME, 2, start=True)
    await page.goto(site.address)
    await page.wait_for_selector(".channel")
    yield page
    await context.close()
    assert complaints == []
