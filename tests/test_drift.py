"""A bug that grows pale, from the picture to the API: the analysis raises an alarm, and the web shows it."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from streamproc.app.analyser import Analysis, Bench, open_bench
from streamproc.app.play import Tools
from streamproc.config import Settings
from streamproc.demo.bug import BUG_LEFT, BUG_OPACITY, BUG_TOP, draw_bug
from streamproc.media.encode import Coding, Encoder
from streamproc.media.files import FileFootage
from streamproc.telemetry import Telemetry
from streamproc.timebase import SystemClock
from streamproc.training.composite import overlay
from streamproc.web import create_app

DEMO = Path(__file__).parent.parent / "models" / "demo"
WIDTH, HEIGHT = 640, 360


@pytest.fixture
def footage(tmp_path: Path) -> FileFootage:
    """Six seconds with the bug as it should be, then eight with half of its opacity, where the model is unsure."""
    path = tmp_path / "feed.mp4"
    ground = cv2.resize(np.random.default_rng(1).integers(60, 180, (9, 16, 3), np.uint8), (WIDTH + 140, HEIGHT))
    coding = Coding(width=WIDTH, height=HEIGHT, rate=Fraction(10), preset="ultrafast", audio_rate=None)
    bug = draw_bug(HEIGHT)
    with Encoder(str(path), coding) as encoder:
        for number in range(140):
            opacity = BUG_OPACITY if number < 60 else BUG_OPACITY / 2
            picture = ground[:, number : number + WIDTH]
            encoder.write(overlay(picture, bug, BUG_LEFT * WIDTH, BUG_TOP * HEIGHT, opacity))
    return FileFootage([path])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A channel that is sampled five times a second, and judged by the last six seconds."""
    channel = {
        "name": "one",
        "url": "udp://127.0.0.1:9",
        "model": DEMO,
        "sampling": {"rate_hz": 5},
        "drift": {"window_min": 0.1},
    }
    return Settings.model_validate({"data_dir": tmp_path, "channels": [channel]})


@pytest.fixture
def bench(settings: Settings) -> Iterator[Bench]:
    tools = Tools(telemetry=Telemetry(CollectorRegistry()), clock=SystemClock(), diagnose=None)
    opened = open_bench(settings, tools)
    yield opened
    opened.close()


async def test_a_bug_that_grows_pale_raises_an_alarm_that_the_api_shows_with_pictures(
    settings: Settings, bench: Bench, footage: FileFootage
) -> None:
    await Analysis(bench, settings.channels[0], footage).run()
    app = create_app(lambda: settings, bench.catalogue, bench.tools.telemetry, bench.tools.clock)
    async with TestServer(app) as server, ClientSession(str(server.make_url("/"))) as http:
        async with http.get("/api/v1/channels/one/alarms") as answer:
            (alarm,) = (await answer.json())["items"]
        assert (alarm["kind"], alarm["cleared_utc"]) == ("unsure", None)
        assert alarm["sureness"] < 0.75
        whole, corner = [await _picture(http, alarm["pictures"][number]) for number in (0, -1)]
    assert whole.shape == (HEIGHT, WIDTH, 3)
    left, top, right, bottom = bench.models.get(DEMO).card.region.pixels(WIDTH, HEIGHT)
    assert corner.shape == (bottom - top, right - left, 3)


async def _picture(http: ClientSession, address: str) -> Any:
    async with http.get(address) as answer:
        return cv2.imdecode(np.frombuffer(await answer.read(), np.uint8), cv2.IMREAD_COLOR)
