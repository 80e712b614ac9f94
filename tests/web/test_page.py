"""The page in a real browser."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from streamproc.messages import Kind

P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN
Site = Any
pytestmark = pytest.mark.chromium


async def test_the_page_shows_channels_and_segments(site: Site, page: Page) -> None:
    await expect(page.locator(".channel").first).to_contain_text("Первый канал")
    await expect(page.locator(".channel").first).to_contain_text("Programme")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page.locator("tbody tr .end")).to_have_text("on air")


async def test_a_change_appears_without_reloading(site: Site, page: Page) -> None:
    await expect(page.locator("#link")).to_have_text("live")
    boundary = site.change(P, A, 20)
    await expect(page.locator("tbody tr")).to_have_count(2)
    await expect(page.locator("tbody tr").last.locator(".state").last).to_have_text("provisional")
    site.catalogue.finalize(boundary, site.place(20))
    await expect(page.locator("tbody tr").last.locator(".state").last).to_have_text("final")
    await expect(page.locator("tbody tr").last.locator(".end")).to_contain_text("00:00:20:00")
    await expect(page.locator("tbody tr").last.locator(".end")).to_contain_text("frame 500")


async def test_a_withdrawn_segment_disappears_without_reloading(site: Site, page: Page) -> None:
    pair = site.change(P, A, 20), site.change(A, P, 21)
    await expect(page.locator("tbody tr")).to_have_count(3)
    site.catalogue.withdraw(*pair)
    await expect(page.locator("tbody tr")).to_have_count(1)


async def test_a_clip_appears_plays_and_can_be_downloaded(site: Site, page: Page, small_mp4: Path) -> None:
    site.catalogue.finalize(site.change(P, A, 20), site.place(20))
    await expect(page.locator("tbody tr").last.locator(".clips")).to_have_text("waiting to be cut")
    site.cut(small_mp4)
    await page.get_by_role("button", name="Play").click()
    async with asyncio.timeout(20):  # not wait_for_function: the page's policy forbids what it does
        while await page.evaluate("document.querySelector('video').currentTime") < 0.2:
            await asyncio.sleep(0.05)
    assert await page.evaluate("document.querySelector('video').videoWidth") == 320
    await page.keyboard.press("Escape")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download").click()
    assert (await download.value).suggested_filename.startswith("Первый канал 20")
    assert Path(await (await download.value).path()).read_bytes() == small_mp4.read_bytes()


async def test_the_language_is_remembered(site: Site, page: Page) -> None:
    await page.get_by_role("button", name="RU", exact=True).click()
    await expect(page.locator(".channel").first).to_contain_text("Программа")
    await page.reload()
    await expect(page.locator("tbody tr .end")).to_have_text("в эфире")
    assert await page.evaluate("document.documentElement.lang") == "ru"


async def test_a_feed_that_is_down_says_so(site: Site, page: Page) -> None:
    await expect(page.locator(".channel").first.locator(".health")).to_have_text("not running")


async def test_everything_can_be_reached_by_keyboard(site: Site, page: Page) -> None:
    reached = []
    for _ in range(12):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("document.activeElement.textContent"))
    assert {"EN", "RU", "15 min", "24 h", "All", "Adverts"} <= set(reached)


def test_both_languages_say_everything(project_root: Path) -> None:
    script = (project_root / "streamproc" / "web" / "static" / "page.js").read_text(encoding="utf-8")
    english, russian = (
        re.search(rf"\n  {lang}: \{{(.*?)\n  \}},", script, re.DOTALL).group(1) for lang in ("en", "ru")
    )
    keys = [re.findall(r'(?:^|[ ,])"?([\w-]+)"?: "', text, re.MULTILINE) for text in (english, russian)]
    assert keys[0] == keys[1]
    page = (project_root / "streamproc" / "web" / "static" / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'data-t(?:-label)?="(\w+)"', page)) <= set(keys[0])
