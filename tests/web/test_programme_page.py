"""The programme's view in a real browser, over a broadcast that is really recorded."""

import re
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from playwright.async_api import Browser, Locator, Page, expect

from streamproc.catalogue.finishing import PieceState
from tests.live import PART
from tests.web.aired import CHANNEL, TITLE, Aired, air
from tests.web.page_checks import violations, watched

Site = Any
pytestmark = [pytest.mark.chromium, pytest.mark.timeout(180)]
expect.set_options(timeout=30_000)


@pytest.fixture
def aired(site: Site, broadcast: Path) -> Aired:
    return air(site, broadcast)


@pytest.fixture
async def view(browser: Browser, site: Site, aired: Aired) -> AsyncIterator[Page]:
    """The programme's view in English."""
    async with watched(browser) as page:
        await open_programme(page, site, aired)
        yield page


async def open_programme(page: Page, site: Site, aired: Aired) -> None:
    await page.goto(f"{site.address}/programme/{aired.programme}")
    await expect(page.locator(".cut")).to_have_count(4)


def cut(page: Page, aired: Aired, frame: int) -> Locator:
    return page.locator(f'[data-cut="b{aired.boundaries[frame]}"]')


async def frames_of(card: Locator) -> list[str | None]:
    return [await figure.get_attribute("data-frame") for figure in await card.locator(".pair .frame").all()]


async def ask(site: Site, path: str) -> Any:
    async with site.http.get(f"/api/v1/{path}") as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def boundary(site: Site, aired: Aired, frame: int) -> Any:
    return await ask(site, f"boundaries/{aired.boundaries[frame]}")


async def move_as(site: Site, aired: Aired, frame: int, to: int, author: str) -> None:
    """Move a cut as somebody else who works on it at the same time."""
    now = await boundary(site, aired, frame)
    async with ClientSession(site.address) as other:
        path = f"/api/v1/boundaries/{now['id']}"
        body = {"frame": to, "author": author}
        async with other.patch(path, json=body, headers={"If-Match": f'"{now["version"]}"'}) as answer:
            assert answer.status == 200, await answer.text()


async def test_each_cut_shows_the_frame_before_and_the_frame_after_it(aired: Aired, view: Page) -> None:
    assert await frames_of(cut(view, aired, PART)) == [str(PART - 1), str(PART)]
    assert await frames_of(cut(view, aired, 2 * PART)) == [str(2 * PART - 1), str(2 * PART)]


async def test_the_pictures_are_really_there(aired: Aired, view: Page) -> None:
    image = cut(view, aired, PART).locator(".pair img").first
    await expect(image).to_have_js_property("complete", value=True)
    assert await image.evaluate("image => image.naturalWidth") == 640


async def test_parts_and_breaks_are_shown_as_long_as_they_are(view: Page) -> None:
    await expect(view.locator(".strip li")).to_have_text(["Part 1 0:10", "Adverts 0:10", "Part 2 0:10"])


async def test_an_arrow_key_moves_the_cut_by_a_frame_and_the_pictures_follow(aired: Aired, view: Page) -> None:
    card = cut(view, aired, PART)
    await card.locator(".pick").click()
    await view.keyboard.press("ArrowRight")
    await view.keyboard.press("ArrowRight")
    await expect(card).to_contain_text("+2 frames")
    assert await frames_of(card) == [str(PART + 1), str(PART + 2)]
    await view.keyboard.press("Shift+ArrowLeft")
    assert await frames_of(card) == [str(PART - 9), str(PART - 8)]


async def test_a_moved_cut_is_saved_with_the_enter_key_and_undone_with_z(site: Site, aired: Aired, view: Page) -> None:
    await cut(view, aired, PART).locator(".pick").click()
    await view.keyboard.press("ArrowLeft")
    await view.keyboard.press("Enter")
    await expect(view.locator(".toasts")).to_contain_text("Saved: Part 1 ends is moved by −1 frame.")
    assert (await boundary(site, aired, PART))["at"]["frame"] == PART - 1
    await view.keyboard.press("z")
    await expect(view.locator(".toasts")).to_contain_text("Undone.")
    assert (await boundary(site, aired, PART))["at"]["frame"] == PART


async def test_escape_discards_what_is_not_saved(site: Site, aired: Aired, view: Page) -> None:
    card = cut(view, aired, PART)
    await card.locator(".pick").click()
    await view.keyboard.press("ArrowRight")
    await view.keyboard.press("Escape")
    assert await frames_of(card) == [str(PART - 1), str(PART)]
    assert {version["author"] for version in (await boundary(site, aired, PART))["versions"]} == {None}


async def test_what_is_not_saved_outlives_a_refresh(site: Site, aired: Aired, view: Page) -> None:
    await cut(view, aired, PART).locator(".pick").click()
    await view.keyboard.press("ArrowRight")
    await view.reload()
    card = cut(view, aired, PART)
    await expect(card).to_contain_text("+1 frame")
    await card.locator(".pick").click()
    await view.keyboard.press("Enter")
    await expect(view.locator(".toasts")).to_contain_text("Saved")
    assert (await boundary(site, aired, PART))["at"]["frame"] == PART + 1


async def test_a_lost_connection_loses_nothing(site: Site, aired: Aired, view: Page) -> None:
    card = cut(view, aired, PART)
    await card.locator(".pick").click()
    await view.keyboard.press("ArrowRight")
    await view.context.set_offline(True)
    await view.keyboard.press("Enter")
    await expect(view.locator(".toasts")).to_contain_text("There is no connection. What you changed is kept here")
    await expect(card).to_contain_text("+1 frame")
    await view.context.set_offline(False)
    await view.keyboard.press("Enter")
    await expect(view.locator(".toasts")).to_contain_text("Saved")
    assert (await boundary(site, aired, PART))["at"]["frame"] == PART + 1


async def test_what_somebody_else_moves_appears_without_reloading(site: Site, aired: Aired, view: Page) -> None:
    await move_as(site, aired, PART, PART + 5, "boris")
    await expect(cut(view, aired, PART)).to_contain_text("placed by hand")
    assert await frames_of(cut(view, aired, PART)) == [str(PART + 4), str(PART + 5)]


async def test_a_second_editors_change_is_a_conflict_in_which_nothing_is_lost(
    site: Site, aired: Aired, view: Page
) -> None:
    card = cut(view, aired, PART)
    await card.locator(".pick").click()
    await view.keyboard.press("ArrowRight")
    await move_as(site, aired, PART, PART + 5, "boris")
    conflict = card.get_by_role("alert")
    await expect(conflict).to_contain_text(
        "boris has moved this cut to 00:00:10:05 meanwhile. You had it at 00:00:10:01"
    )
    await view.keyboard.press("Enter")  # must not overwrite what boris did
    assert (await boundary(site, aired, PART))["at"]["frame"] == PART + 5
    await conflict.get_by_role("button", name="Put mine again").click()
    await expect(view.locator(".toasts")).to_contain_text("Saved")
    now = await boundary(site, aired, PART)
    assert (now["at"]["frame"], [version["frame"] for version in now["versions"]]) == (
        PART + 1,
        [*[PART] * (len(now["versions"]) - 2), PART + 5, PART + 1],
    )


async def test_a_change_that_came_while_the_link_was_lost_is_a_conflict_as_well(
    site: Site, aired: Aired, view: Page
) -> None:
    card = cut(view, aired, PART)
    await view.route("**/api/v1/events", lambda route: route.abort())
    await view.reload()
    await card.locator(".pick").click()
    await view.keyboard.press("ArrowRight")
    await move_as(site, aired, PART, PART + 5, "boris")
    await view.keyboard.press("Enter")
    await expect(card.get_by_role("alert")).to_contain_text("boris has moved this cut")
    await card.get_by_role("button", name="Take theirs").click()
    assert await frames_of(card) == [str(PART + 4), str(PART + 5)]
    assert (await boundary(site, aired, PART))["at"]["frame"] == PART + 5


async def test_a_cut_is_removed_on_the_side_that_is_chosen(site: Site, aired: Aired, view: Page) -> None:
    await cut(view, aired, PART).locator(".pick").click()
    await view.keyboard.press("Delete")
    await view.get_by_role("button", name="Programme goes on (0:10)").click()
    await expect(view.locator(".cut")).to_have_count(2)
    kinds = [segment["kind"] for segment in (await ask(site, f"channels/{CHANNEL}/segments"))["items"]]
    assert kinds == ["advert", "programme"]
    await view.locator(".toasts").get_by_role("button", name="Undo").click()
    await expect(view.locator(".cut")).to_have_count(4)


async def test_a_stretch_is_marked_as_adverts(site: Site, aired: Aired, view: Page) -> None:
    await cut(view, aired, 0).locator(".pick").click()
    await view.keyboard.press("m")
    dialog = view.get_by_role("dialog")
    await dialog.get_by_role("button", name="From: +250 frames").click()
    await dialog.get_by_role("button", name="From: −25 frames").click()
    await dialog.get_by_role("button", name="From: −25 frames").click()
    await dialog.get_by_role("button", name="to: −25 frames").click()
    await dialog.get_by_role("button", name="It is adverts").click()
    await expect(view.locator(".cut")).to_have_count(6)
    programme = await ask(site, f"programmes/{aired.programme}")
    ends = [(int(Fraction(part["start"]) * 25), int(Fraction(part["end"]) * 25)) for part in programme["parts"]]
    assert ends == [(0, 200), (225, 250), (500, 750)]


async def test_the_name_is_changed_in_place(site: Site, aired: Aired, view: Page) -> None:
    await view.get_by_role("button", name="Rename").click()
    await view.get_by_label("Name of the programme").fill("Вечер <b>дня</b>")
    await view.keyboard.press("Enter")
    await expect(view.get_by_role("heading", level=1)).to_have_text("Вечер <b>дня</b>")
    assert (await ask(site, f"programmes/{aired.programme}"))["title"] == "Вечер <b>дня</b>"


async def test_the_one_button_makes_the_file_and_the_download_begins_when_it_is_there(
    site: Site, aired: Aired, view: Page, small_mp4: Path
) -> None:
    await view.locator("#file").get_by_role("button", name="Download").click()
    await expect(view.locator("#file")).to_contain_text("Waiting to be cut…")
    async with view.expect_download() as download:
        finish(site, small_mp4)
    assert TITLE in (await download.value).suggested_filename
    await expect(view.locator("#file a")).to_have_text("Download")
    (piece,) = (await ask(site, f"programmes/{aired.programme}/pieces"))["items"]
    assert [(span["start"], span["end"]) for span in piece["spans"]] == [("0/1", "10/1"), ("20/1", "30/1")]


async def test_a_moved_cut_is_saved_before_the_file_is_made(site: Site, aired: Aired, view: Page) -> None:
    await cut(view, aired, PART).locator(".pick").click()
    await view.keyboard.press("ArrowRight")
    await view.keyboard.press("ArrowRight")
    await view.get_by_role("button", name="Save and download").click()
    await expect(view.locator("#file")).to_contain_text("Waiting to be cut…")
    (piece,) = (await ask(site, f"programmes/{aired.programme}/pieces"))["items"]
    assert piece["spans"][0]["end"] == "252/25"


async def test_a_file_with_older_cuts_is_not_offered_as_the_programmes(
    site: Site, aired: Aired, view: Page, small_mp4: Path
) -> None:
    await view.locator("#file").get_by_role("button", name="Download").click()
    await expect(view.locator("#file")).to_contain_text("Waiting to be cut…")
    async with view.expect_download():
        finish(site, small_mp4)
    await move_as(site, aired, PART, PART + 5, "boris")
    await expect(view.locator("#file")).to_contain_text("The file that was made before shows the old cuts")
    await expect(view.locator("#file").get_by_role("button", name="Download")).to_be_visible()


async def test_a_file_that_can_not_be_made_says_why(site: Site, aired: Aired, view: Page) -> None:
    await view.locator("#file").get_by_role("button", name="Download").click()
    await expect(view.locator("#file")).to_contain_text("Waiting to be cut…")
    job = site.catalogue.pieces.take()
    site.catalogue.pieces.failed(job.id, "the disk is full", retry=False)
    await expect(view.get_by_role("alert")).to_contain_text("It could not be made: the disk is full")
    await expect(view.get_by_role("button", name="Try again")).to_be_visible()


async def test_every_export_is_one_press_away(site: Site, view: Page) -> None:
    links = [await link.get_attribute("href") for link in await view.locator('.also a[href*="/export/"]').all()]
    assert len(links) == 12
    for link in links:
        async with site.http.get(str(link)) as answer:
            assert answer.status == 200, link


async def test_the_file_is_sent_to_a_target_and_made_first(site: Site, aired: Aired, view: Page) -> None:
    await view.get_by_role("button", name="Send to site").click()
    await expect(view.locator(".also")).to_contain_text("will be sent")
    (delivery,) = (await ask(site, "deliveries"))["items"]
    (piece,) = (await ask(site, f"programmes/{aired.programme}/pieces"))["items"]
    assert (delivery["target"], delivery["piece_id"]) == ("site", piece["id"])


async def test_a_programme_that_there_is_not_is_said_in_words(site: Site, view: Page) -> None:
    await view.goto(f"{site.address}/programme/999")
    await expect(view.locator("main")).to_contain_text("There is no such programme any more")


async def test_the_view_is_in_russian_as_well(site: Site, aired: Aired, view: Page) -> None:
    await view.get_by_role("button", name="RU", exact=True).click()
    await expect(cut(view, aired, PART)).to_contain_text("Часть 1 кончается")
    await expect(view.locator("#file")).to_contain_text("Скачать")
    text = await view.locator("main").inner_text()
    formats = {"Premiere", "Final", "FCPXML", "OTIO", "WebVTT", "ffmetadata", "Kodi", "MPlayer", "JSON"}
    assert set(re.findall(r"[A-Za-z]{4,}", text)) <= {*formats, "site"}


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_wrong(view: Page, aired: Aired, theme: str) -> None:
    await view.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    await cut(view, aired, PART).locator(".pick").click()
    await view.keyboard.press("ArrowRight")
    assert await violations(view) == []


def finish(site: Site, source: Path) -> None:
    """Make the next wished piece: copy a real file."""
    book = site.catalogue.pieces
    job = book.take()
    assert job is not None
    target = site.settings.clip_dir / CHANNEL / f"piece-{job.id}.mp4"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())
    book.ready(job.id, f"{CHANNEL}/{target.name}", target.stat().st_size, "0" * 64, {})
    assert book.get(job.id).state is PieceState.READY
