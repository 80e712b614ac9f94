"""What is to be checked, in a real browser, over a broadcast that is really recorded."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.live import PART
from tests.web.aired import Aired, air
from tests.web.page_checks import violations, watched

Site = Any
pytestmark = [pytest.mark.chromium, pytest.mark.timeout(180)]
expect.set_options(timeout=30_000)


@pytest.fixture
def aired(site: Site, broadcast: Path) -> Aired:
    return air(site, broadcast, unsure=(PART, 3 * PART), confidence=0.5)


@pytest.fixture
async def view(browser: Browser, site: Site, aired: Aired) -> AsyncIterator[Page]:
    async with watched(browser) as page:
        await page.goto(f"{site.address}/reviews")
        await expect(page.locator(".review")).to_have_count(3)
        yield page


def card(page: Page, aired: Aired, frame: int) -> Locator:
    return page.locator(f'[data-review="boundary{aired.boundaries[frame]}"]')


async def waiting(site: Site) -> set[tuple[str, int]]:
    async with site.http.get("/api/v1/channels/two/reviews") as answer:
        return {(one["doubt"], one["subject_id"]) for one in (await answer.json())["items"]}


async def test_what_is_unsure_shows_the_frames_on_both_sides(aired: Aired, view: Page) -> None:
    figures = card(view, aired, PART).locator(".frame")
    assert [await figure.get_attribute("data-frame") for figure in await figures.all()] == [str(PART - 1), str(PART)]
    await expect(card(view, aired, PART)).to_contain_text("is it on the right frame (60% sure)?")


async def test_it_is_right_takes_it_off_the_list(site: Site, aired: Aired, view: Page) -> None:
    await card(view, aired, PART).get_by_role("button", name="It is right").click()
    await expect(view.locator(".review")).to_have_count(2)
    assert ("boundary", aired.boundaries[PART]) not in await waiting(site)


async def test_keys_go_through_the_list_and_accept(site: Site, aired: Aired, view: Page) -> None:
    await view.keyboard.press("j")
    selected = await view.locator('.review[data-selected="true"]').get_attribute("data-review")
    await view.keyboard.press("a")
    await expect(view.locator(".review")).to_have_count(2)
    assert selected not in {f"{doubt}{number}" for doubt, number in await waiting(site)}


async def test_a_cut_opens_in_its_programme(aired: Aired, view: Page) -> None:
    await card(view, aired, PART).get_by_role("link", name="Open in the programme").click()
    await expect(view).to_have_url(re.compile(rf"/programme/{aired.programme}\?cut={aired.boundaries[PART]}$"))
    selected = view.locator(f'[data-cut="b{aired.boundaries[PART]}"]')
    await expect(selected).to_have_attribute("data-selected", "true")


async def test_what_was_seen_is_remembered_and_can_be_left_out(aired: Aired, view: Page) -> None:
    async with view.expect_response("**/seen"):
        await card(view, aired, PART).get_by_role("button", name="Mark as seen").click()
    await expect(card(view, aired, PART)).to_have_attribute("data-seen", "true")
    await view.reload()
    await expect(card(view, aired, PART)).to_have_attribute("data-seen", "true")
    await view.get_by_role("button", name="not seen", exact=True).click()
    await expect(view.locator(".review")).to_have_count(2)
    await expect(card(view, aired, PART)).to_have_count(0)


async def test_what_somebody_else_accepts_goes_without_reloading(site: Site, aired: Aired, view: Page) -> None:
    site.catalogue.reviews.accept_boundary(aired.boundaries[PART], "boris")
    await expect(view.locator(".review")).to_have_count(2)


async def test_an_empty_list_says_that_nothing_waits(site: Site, aired: Aired, view: Page) -> None:
    site.catalogue.reviews.accept_boundary(aired.boundaries[PART], "boris")
    site.catalogue.reviews.accept_boundary(aired.boundaries[3 * PART], "boris")
    site.catalogue.reviews.accept_programme(aired.programme, "boris")
    await expect(view.locator("main")).to_contain_text("Nothing waits for you.")


async def test_the_programme_asks_as_well_and_one_press_says_that_all_is_right(
    site: Site, aired: Aired, view: Page
) -> None:
    await view.goto(f"{site.address}/programme/{aired.programme}")
    await view.get_by_role("button", name="All is right").click()
    await expect(view.locator(".asked")).to_have_count(0)
    assert await waiting(site) == set()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_wrong(view: Page, theme: Any) -> None:
    await view.emulate_media(color_scheme=theme)
    await view.keyboard.press("j")
    assert await violations(view) == []
