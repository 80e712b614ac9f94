"""Every view can be used without seeing colours, without a mouse, and with a screen reader: axe finds nothing."""

import pytest
from playwright.async_api import expect

from tests.web.axe import axe
from tests.web.test_alarms import raise_alarm
from tests.web.test_day import SLOW, Day, catalogue, day, film

__all__ = ["catalogue", "day", "film"]
pytestmark = pytest.mark.chromium


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_channels_day_is_clean(day: Day, theme: str) -> None:
    raise_alarm(day.site)
    async with day.opened(color_scheme=theme) as page:
        await expect(page.locator(".screen img[data-frame]")).to_be_visible(timeout=SLOW)
        await page.locator(".inview summary").click()
        await page.keyboard.press("i")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("o")
        await expect(page.locator(".extent")).to_contain_text("frames")
        assert await axe(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_channels_are_clean(day: Day, theme: str) -> None:
    async with day.opened(f"{day.site.address}/", color_scheme=theme) as page:
        await expect(page.locator(".channel img")).to_be_visible(timeout=SLOW)
        assert await axe(page) == []


async def test_channels_side_by_side_are_clean(day: Day) -> None:
    async with day.opened(day.address(path="/channels?with=one,two&")) as page:
        await expect(page.locator(".screen img[data-frame]")).to_be_visible(timeout=SLOW)
        assert await axe(page) == []


async def test_the_keys_are_clean(day: Day) -> None:
    async with day.opened(locale="ru-RU") as page:
        await expect(page.locator(".screen")).to_be_visible(timeout=SLOW)
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await axe(page) == []
