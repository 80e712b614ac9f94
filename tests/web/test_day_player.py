"""The player over the recording itself, in a real browser."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from streamproc.catalogue import Catalogue
from streamproc.media.recording.reader import RecordingFootage
from tests.web import days
from tests.web.test_day import READ, SECONDS, SLOW, Day, catalogue, day, film, settled, stands_on, still

__all__ = ["catalogue", "day", "film"]
Site = Any
pytestmark = pytest.mark.chromium
POSITION = "document.querySelector('.screen video').currentTime"


async def plays(page: Page) -> None:
    """Wait until the video is what is seen, and moves on."""
    await expect(page.locator(".screen img")).to_have_count(0, timeout=SLOW)
    before = await page.evaluate(POSITION)
    await settled(lambda: page.evaluate(f"{POSITION} > {before} + 0.4"))


async def stopped_on(page: Page) -> int:
    """Wait until the frame is told on which it stopped, and the video's own picture is that frame; return it."""
    await expect(still(page)).to_be_visible(timeout=SLOW)
    frame = int(await still(page).get_attribute("data-frame") or -1)
    await settled(lambda: shows(page, frame))
    return frame


async def shows(page: Page, frame: int) -> bool:
    return bool(await page.evaluate(READ, ".screen video") == frame)


async def test_what_was_recorded_is_played_from_the_playhead_and_stops_on_the_frame_that_is_seen(day: Day) -> None:
    async with day.opened() as page:
        await stands_on(page, 50)
        await page.keyboard.press("l")
        await plays(page)
        await page.keyboard.press("k")
        frame = await stopped_on(page)
        assert 50 < frame < SECONDS * days.RATE
        await stands_on(page, frame)


async def test_a_step_after_playing_is_one_frame_from_what_was_seen(day: Day) -> None:
    async with day.opened() as page:
        await stands_on(page, 50)
        await page.keyboard.press(" ")
        await plays(page)
        await page.keyboard.press(" ")
        frame = await stopped_on(page)
        await page.keyboard.press("ArrowLeft")
        await stands_on(page, frame - 1)


async def test_a_jump_while_it_plays_goes_on_playing_from_there(day: Day) -> None:
    async with day.opened() as page:
        await stands_on(page, 50)
        await page.keyboard.press("l")
        await plays(page)
        await page.locator(".segments").get_by_role("button", name="Go to").first.click()
        await page.keyboard.press("l")
        await plays(page)
        assert await page.evaluate(READ, ".screen video") >= 308


async def test_l_plays_faster_each_time_and_j_backwards(day: Day) -> None:
    async with day.opened(day.address(at=20)) as page:
        await stands_on(page, 500)
        for _ in range(2):
            await page.keyboard.press("l")
        await expect(page.get_by_label("Speed")).to_have_value("2")
        assert await page.evaluate("document.querySelector('.screen video').playbackRate") == 2
        await page.keyboard.press("k")
        await page.keyboard.press("j")
        await expect(page.get_by_label("Speed")).to_have_value("-1")
        await page.wait_for_timeout(1200)
        await page.keyboard.press("k")
        await expect(still(page)).to_be_visible(timeout=SLOW)


async def test_what_is_known_is_told_as_it_plays(day: Day) -> None:
    async with day.opened(day.address(at=7)) as page:
        await expect(page.locator(".caption")).to_contain_text("part 1 of 2")
        await page.keyboard.press("l")
        await expect(page.locator(".caption")).to_contain_text("adverts", timeout=SLOW)
        await expect(page.locator(".caption")).to_contain_text("break")


async def test_playing_ends_where_the_recording_does(day: Day) -> None:
    async with day.opened(day.address(at=SECONDS - 2)) as page:
        await stands_on(page, (SECONDS - 2) * days.RATE)
        await page.keyboard.press("l")
        await plays(page)
        await expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=SLOW)


@pytest.fixture
def feed(day: Day, tmp_path: Path, catalogue: Catalogue) -> Iterator[days.Feed]:
    """A feed of channel one that goes on while the test runs."""
    feed = days.Feed(day.site.settings, days.film(tmp_path / "live.mp4", 60, size=(160, 96)))
    feed.start()
    yield feed
    feed.stop()


async def test_what_is_on_air_is_played_a_few_seconds_behind_live(
    day: Day, feed: days.Feed, catalogue: Catalogue
) -> None:
    while not feed.begun.is_set():
        await asyncio.sleep(0.1)
    epoch = RecordingFootage(day.site.settings.recording_dir / "one").epoch(feed.epoch or 0)
    days.catalogued(catalogue, epoch)
    async with day.opened(f"{day.site.address}/channel/one?span=60") as page:
        await page.wait_for_timeout(6000)
        await page.keyboard.press("End")
        await plays(page)
        await expect(page.get_by_role("button", name="Live", exact=True)).to_have_attribute("aria-pressed", "true")
        number = await page.evaluate(READ, ".screen video")
        live = (
            float(epoch.end())
            if not feed.is_alive()
            else float(RecordingFootage(day.site.settings.recording_dir / "one").epoch(feed.epoch or 0).end())
        )
        assert live - number / days.RATE < 15
