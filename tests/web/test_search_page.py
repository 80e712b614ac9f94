"""Searching in a real browser."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from streamproc.catalogue.listings import ListingRow
from streamproc.timebase import NS, SystemClock
from tests.programmes import add_programme
from tests.web.page_checks import violations, watched

Site = Any
pytestmark = [pytest.mark.chromium, pytest.mark.timeout(180)]
expect.set_options(timeout=30_000)


@pytest.fixture
def numbers(site: Site) -> list[int]:
    """Two programmes of today; the schedule has a film tomorrow."""
    tomorrow = SystemClock().utc_ns() + 24 * 3600 * NS
    film = ListingRow(start_ns=tomorrow, stop_ns=None, title="Кино: «Ёлки»", description="Комедия.")
    site.catalogue.listings.replace("one", [film])
    return [
        add_programme(site.catalogue, "Вечерние новости", parts=((1, 8),), description="О погоде."),
        add_programme(site.catalogue, "Место <b>встречи</b>", parts=((10, 20),)),
    ]


@pytest.fixture
async def view(browser: Browser, site: Site, numbers: list[int]) -> AsyncIterator[Page]:
    async with watched(browser) as page:
        await page.goto(f"{site.address}/search")
        yield page


async def test_a_word_finds_the_programme_and_enter_twice_opens_it(numbers: list[int], view: Page) -> None:
    await expect(view.get_by_label("Words")).to_be_focused()
    await view.keyboard.type("новостей")
    await expect(view.locator(".found li")).to_have_count(1)
    await view.keyboard.press("Enter")
    await view.keyboard.press("Enter")
    await expect(view).to_have_url(re.compile(rf"/programme/{numbers[0]}$"))


async def test_what_is_searched_for_outlives_a_refresh(view: Page) -> None:
    await view.get_by_label("Words").fill("встречи")
    await expect(view.locator(".found li")).to_have_count(1)
    await view.reload()
    await expect(view.get_by_label("Words")).to_have_value("встречи")
    await expect(view.locator(".found li")).to_have_count(1)


async def test_a_listing_leads_to_its_time_on_the_channels_page(view: Page) -> None:
    await view.get_by_label("Words").fill("ёлки")
    result = view.locator(".found li")
    await expect(result).to_contain_text("in the schedule")
    assert "/channel/one?at=" in str(await result.get_by_role("link").get_attribute("href"))


async def test_dates_and_channels_narrow_it_down(view: Page) -> None:
    today = await view.evaluate("new Date().toLocaleDateString('sv')")
    await view.get_by_label("To and with").fill(today)
    await expect(view.locator(".found li")).to_have_count(2)
    await view.get_by_label("Channel").select_option("two")
    await expect(view.locator(".search").get_by_role("status")).to_contain_text("Nothing was found")


async def test_markup_in_names_is_text(view: Page) -> None:
    await view.get_by_label("Words").fill("встречи")
    await expect(view.locator(".found a")).to_have_text("Место <b>встречи</b>")


async def test_the_slash_key_leads_to_the_search_from_everywhere(site: Site, view: Page) -> None:
    await view.goto(site.address)
    await expect(view.locator(".channels")).to_be_visible()
    await view.keyboard.press("/")
    await expect(view.get_by_label("Words")).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_wrong(view: Page, theme: Any) -> None:
    await view.emulate_media(color_scheme=theme)
    await view.get_by_label("Words").fill("встречи")
    await expect(view.locator(".found li")).to_have_count(1)
    assert await violations(view) == []
