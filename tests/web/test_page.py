"""What is around every view of the page, in a real browser."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from streamproc.messages import Kind

P, A = Kind.PROGRAMME, Kind.ADVERT
Site = Any
pytestmark = pytest.mark.chromium


async def test_the_page_shows_what_is_on_air_on_every_channel(site: Site, page: Page) -> None:
    await expect(page.locator(".channel").first).to_contain_text("Первый канал")
    await expect(page.locator(".channel").first).to_contain_text("Programme")
    await expect(page.locator(".channel").last).to_contain_text("nothing on air")


async def test_a_change_on_air_appears_without_reloading(site: Site, page: Page) -> None:
    await expect(page.locator("#link")).to_have_text("live")
    site.change(P, A, 20)
    await expect(page.locator(".channel").first).to_contain_text("Adverts")


async def test_the_language_is_remembered(site: Site, page: Page) -> None:
    await page.get_by_role("button", name="RU", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Каналы")
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Каналы")
    assert await page.evaluate("document.documentElement.lang") == "ru"


async def test_the_colours_are_remembered(site: Site, page: Page) -> None:
    await page.get_by_label("Settings").click()
    await page.get_by_role("button", name="dark", exact=True).click()
    await page.reload()
    await expect(page.locator(".channel").first).to_be_visible()
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 18, 25)"


async def test_a_question_mark_shows_the_keys(site: Site, page: Page) -> None:
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("show all keys")


async def test_an_address_that_is_no_view_is_not_found(site: Site) -> None:
    answer = await site.http.get("/wp-admin")
    assert answer.status == 404
