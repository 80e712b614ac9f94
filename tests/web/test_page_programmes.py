"""Programmes on the page: by name, with their file, and what is to be checked."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from streamproc.catalogue.store import Rules
from streamproc.messages import Kind, Method, Placement
from streamproc.timebase import NS
from tests.programmes import add_programme

P, A = Kind.PROGRAMME, Kind.ADVERT
Site = Any
pytestmark = pytest.mark.chromium


def tell(site: Site, programme: int) -> None:
    """Let the page hear of a programme, as naming does."""
    with site.catalogue.ledger.write() as write:
        write.tell("one", "programme", programme)


async def test_a_programme_appears_by_its_name_with_its_parts(site: Site, page: Page) -> None:
    tell(site, add_programme(site.catalogue, "Место встречи", parts=((1, 8), (11, 20))))
    shown = page.locator("#programmes li")
    await expect(shown).to_have_count(1)
    await expect(shown).to_contain_text("Место встречи")
    await expect(shown).to_contain_text("2 parts, 1 break · 0:16")


async def test_an_uncertain_name_says_how_sure_it_is(site: Site, page: Page) -> None:
    tell(site, add_programme(site.catalogue, confidence=0.62))
    await expect(page.locator("#programmes .unsure")).to_have_text("name uncertain: 62 %")


async def test_a_programme_on_air_offers_no_file_yet(site: Site, page: Page) -> None:
    tell(site, add_programme(site.catalogue, parts=((1, None),)))
    await expect(page.locator("#programmes li")).to_contain_text("on air")
    await expect(page.get_by_role("button", name="Make the file")).to_have_count(0)


async def test_one_click_makes_the_file_and_the_next_downloads_it(site: Site, page: Page, small_mp4: Path) -> None:
    programme = add_programme(site.catalogue, "Место встречи", parts=((1, 8), (11, 20)))
    tell(site, programme)
    await page.get_by_role("button", name="Make the file").click()
    await expect(page.locator("#programmes li")).to_contain_text("waiting to be cut")
    piece = site.catalogue.pieces.take()
    assert [(float(span.start), float(span.end)) for span in piece.spans] == [(1, 8), (11, 20)]
    await expect(page.locator("#programmes li")).to_contain_text("being made")
    target = site.settings.clip_dir / "one" / "joined.mp4"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(small_mp4.read_bytes())
    site.catalogue.pieces.ready(piece.id, "one/joined.mp4", target.stat().st_size, "0" * 64, {})
    async with page.expect_download() as download:
        await page.locator("#programmes").get_by_role("link", name="Download").click()
    assert Path(await (await download.value).path()).read_bytes() == small_mp4.read_bytes()


async def test_a_file_that_could_not_be_made_says_why_and_can_be_asked_for_again(site: Site, page: Page) -> None:
    tell(site, add_programme(site.catalogue))
    await page.get_by_role("button", name="Make the file").click()
    await expect(page.locator("#programmes li")).to_contain_text("waiting to be cut")
    site.catalogue.pieces.failed(site.catalogue.pieces.take().id, "the disk is full", retry=False)
    await expect(page.locator("#programmes li")).to_contain_text("failed: the disk is full")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator("#programmes li")).to_contain_text("waiting to be cut")


async def test_markup_in_a_title_is_shown_as_the_text_that_it_is(site: Site, page: Page) -> None:
    tell(site, add_programme(site.catalogue, "<img src=x onerror=alert(1)>"))
    await expect(page.locator("#programmes b")).to_have_text("<img src=x onerror=alert(1)>")


async def test_a_programme_is_renamed_by_hand(site: Site, page: Page) -> None:
    programme = add_programme(site.catalogue, "Сегодня")
    tell(site, programme)
    page.on("dialog", lambda dialog: dialog.accept("Сегодня в 19:00"))
    await page.locator("#programmes summary").click()
    await page.get_by_role("button", name="Rename").click()
    await expect(page.locator("#programmes b")).to_have_text("Сегодня в 19:00")
    assert site.catalogue.programmes.get(programme).title == "Сегодня в 19:00"


async def test_an_unsure_boundary_waits_on_the_page_until_somebody_accepts_it(site: Site, page: Page) -> None:
    rules = Rules(min_confidence=0.95, review_ns=NS << 20)
    site.catalogue.put_channel("one", "Первый канал", "bug", "1" * 64, rules=rules)
    unsure = Placement(time=Fraction(20), frame=500, confidence=0.6, method=Method.BUG)
    site.catalogue.finalize(site.change(P, A, 20), unsure)
    await expect(page.locator("#reviews li")).to_have_count(1)
    assert site.catalogue.next_clip() is None
    await page.get_by_role("button", name="It is right").click()
    await expect(page.locator("#reviews li")).to_have_count(0)
    assert site.catalogue.next_clip() is not None


async def test_programmes_are_shown_in_russian_too(site: Site, page: Page) -> None:
    tell(site, add_programme(site.catalogue, parts=((1, 8), (11, 20), (22, 30))))
    await page.get_by_role("button", name="RU", exact=True).click()
    await expect(page.locator("#programmes li")).to_contain_text("частей: 3, перерывов: 2")
    await expect(page.get_by_role("button", name="Собрать файл")).to_be_visible()
