"""Measures how fast a full day opens and zooms in a browser: 2,000 segments and 43,200 samples of each curve.

    python -m benchmarks.page [--times 5] [--chromium /usr/bin/chromium]

A web role of its own serves the day; Chromium, without a graphics card, opens the channel's page with the whole day in
view. *Opens* is from the start of the navigation until segments and curves are drawn, with nothing in the browser's
cache. *Zooms* turns the wheel once a frame, in and out over the whole depth, and counts the frames that were drawn.
"""

import argparse
import asyncio
import json
import math
import statistics
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, Page, async_playwright, expect
from prometheus_client import CollectorRegistry

from benchmarks.day import DAY_S, SEGMENTS, draw_day
from benchmarks.machine import RESULTS, command, describe
from streamproc.catalogue import Catalogue
from streamproc.catalogue.people import CurveKind
from streamproc.config import Settings
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, SystemClock
from streamproc.web import WebStage, create_app

SAMPLES: Final = 43_200
ZOOM_MS: Final = 4000
FLAGS: Final = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_DRAWN = """() => new Promise((resolve) => {
  const look = (list) => list.getEntriesByName("day-drawn").forEach(({startTime}) => resolve(startTime));
  new PerformanceObserver(look).observe({type: "mark", buffered: true});
})"""
_ZOOM = """async (lasting) => {
  const canvas = document.querySelector(".timeline canvas");
  const box = canvas.getBoundingClientRect();
  let drawn = 0;
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...where) {
    if (this.canvas === canvas) drawn++;
    return clear.apply(this, where);
  };
  const frame = () => new Promise(requestAnimationFrame);
  const steps = [];
  const begun = await frame();
  let before = begun;
  while (before - begun < lasting) {
    const isIn = Math.floor((before - begun) / 1000) % 2 === 0;
    const [clientX, clientY] = [box.left + box.width * 0.6, box.top + 100];
    const turn = {deltaY: isIn ? -60 : 60, clientX, clientY, bubbles: true, cancelable: true};
    canvas.dispatchEvent(new WheelEvent("wheel", turn));
    const now = await frame();
    steps.push(now - before);
    before = now;
  }
  CanvasRenderingContext2D.prototype.clearRect = clear;
  return {drawn, lasted: before - begun, steps};
}"""


def fill(catalogue: Catalogue) -> None:
    """Draw a day that ends now, and its curves, a value every two seconds."""
    from_ns = SystemClock().utc_ns() - DAY_S * NS
    draw_day(catalogue, "one", from_ns=from_ns)
    every = Fraction(DAY_S, SAMPLES)
    length = DAY_S / SEGMENTS
    scores = [
        (number * every, 0.96 if int(number * every / length) % 2 == 0 else 0.04 + 0.03 * math.sin(number))
        for number in range(SAMPLES)
    ]
    levels = [(number * every, -24 + 8 * math.sin(number / 9)) for number in range(SAMPLES)]
    catalogue.curves.put("one", 1, CurveKind.SCORE, scores)
    catalogue.curves.put("one", 1, CurveKind.LEVEL, levels)


async def serve(folder: Path) -> None:
    """Serve a filled day, and say where."""
    channels = [{"name": "one", "url": "udp://127.0.0.1:9", "model": "m"}]
    settings = Settings.model_validate({"data_dir": folder, "channels": channels})
    catalogue = Catalogue.open(settings.database_url, clock=SystemClock())
    fill(catalogue)
    app = create_app(lambda: settings, catalogue, Telemetry(CollectorRegistry()), SystemClock())
    stage = WebStage(app, "127.0.0.1", 0)
    running = asyncio.create_task(stage.run())
    print(await stage.address(), flush=True)
    await running


async def opened(browser: Browser, address: str) -> tuple[Page, float]:
    """Open the day in a fresh browser context; return the page, and milliseconds until it is drawn."""
    context = await browser.new_context(viewport={"width": 1920, "height": 1080})
    page = await context.new_page()
    await page.goto(f"{address}/channel/one?span={DAY_S}")
    drawn = float(await page.evaluate(_DRAWN))
    told = page.locator(".inview summary .soft")
    await expect(told).not_to_have_text("0")
    in_view = await told.inner_text()
    assert int(in_view) >= SEGMENTS, f"only {in_view} things are in view"
    return page, drawn


async def measure(address: str, times: int, chromium: str) -> dict[str, Any]:
    """Return milliseconds to open, and frames a second while zooming."""
    opens, rates, steps = [], [], []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for _ in range(times):
            page, drawn = await opened(browser, address)
            opens.append(drawn)
            await page.wait_for_timeout(1000)
            zoomed = await page.evaluate(_ZOOM, ZOOM_MS)
            rates.append(1000 * zoomed["drawn"] / zoomed["lasted"])
            steps += zoomed["steps"]
            await page.context.close()
        version = browser.version
        await browser.close()
    return {
        "chromium": version,
        "opens_ms": {"median": round(statistics.median(opens)), "worst": round(max(opens))},
        "zooms_frames_per_s": {"median": round(statistics.median(rates), 1), "worst": round(min(rates), 1)},
        "zoom_frame_ms": {
            "median": round(statistics.median(steps), 1),
            "p95": round(statistics.quantiles(steps, n=20)[-1], 1),
            "worst": round(max(steps), 1),
        },
    }


def main() -> None:
    """Measure, print and write benchmarks/results/page.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.serve is not None:
        asyncio.run(serve(wanted.serve))
        return
    machine = describe()
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.page", "--serve", folder], stdout=subprocess.PIPE, text=True
        )
        assert server.stdout is not None
        try:
            address = next(line.strip() for line in server.stdout if line.startswith("http"))
            found = asyncio.run(measure(address, wanted.times, wanted.chromium))
        finally:
            server.kill()
            server.wait()
    result = {"command": command("page"), "machine": machine, "segments": SEGMENTS, "samples": SAMPLES, **found}
    text = json.dumps(result, indent=2, ensure_ascii=False)
    print(text)
    (RESULTS / "page.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
