"""What looks painted over, in a real browser: on a channel's day, and in a view of its own."""

import re
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from streamproc.catalogue import UserRole
from streamproc.catalogue.findings import Looked
from streamproc.catalogue.forensics import FindingVerdict
from streamproc.catalogue.pieces import Wish
from streamproc.config import InspectSettings
from streamproc.messages import Span
from tests.findings import EXAMINER, HEAT, find
from tests.web import days, people
from tests.web.axe import axe
from tests.web.page_checks import watched
from tests.web.test_day import SLOW, Day, catalogue, day, film, stands_on, workshop

__all__ = ["catalogue", "day", "film"]
pytestmark = [pytest.mark.chromium, pytest.mark.timeout(240)]
expect.set_options(timeout=30_000)
START, END = 2, 8  # seconds; it shows best at its end
BOX = (96 / 1920, 80 / 1080, 224 / 1920, 144 / 1080)


@pytest.fixture
def finding(day: Day) -> int:
    number: int = find(day.site.catalogue, START, END, epoch=day.epoch.id, over=True)
    return number


@asynccontextmanager
async def looked_at(day: Day, finding: int) -> AsyncIterator[Page]:
    """Open a finding's view."""
    async with watched(day.browser) as page:
        await page.goto(f"{day.site.address}/finding/{finding}")
        await expect(page.locator("h1")).to_be_visible(timeout=SLOW)
        yield page


async def told(day: Day, finding: int) -> dict[str, Any]:
    async with day.site.http.get(f"/api/v1/findings/{finding}") as answer:
        return dict(await answer.json())


def verdict(page: Page) -> Locator:
    return page.locator(".said .verdict")


async def test_a_days_findings_are_listed_in_words_and_by_what_people_say(day: Day, finding: int) -> None:
    other = find(day.site.catalogue, 12, 14, epoch=day.epoch.id)
    day.site.catalogue.findings.judge(other, FindingVerdict.DISMISSED, None, "olga")
    async with day.opened() as page:
        await expect(page.locator(".trace")).to_have_count(2, timeout=SLOW)
        await expect(page.locator(f'[data-finding="{finding}"]')).to_contain_text("Likely painted over, top left")
        await expect(page.locator(f'[data-finding="{other}"]')).to_contain_text("Dismissed: not painted over · olga")
        await page.get_by_role("button", name="to check 1").click()
        await expect(page.locator(".trace")).to_have_attribute("data-finding", str(finding))
        await page.get_by_role("button", name="on air now 1").click()
        await expect(page.locator(".trace")).to_have_attribute("data-finding", str(other))
        await page.get_by_role("button", name="confirmed 0").click()
        await expect(page.locator(".findings")).to_contain_text("None of these on this day.")


async def test_the_keyboard_goes_to_a_finding_says_it_and_opens_it(day: Day, finding: int) -> None:
    async with day.opened(day.address(at=1)) as page:
        await stands_on(page, 25)
        await page.keyboard.press("f")
        await stands_on(page, START * days.RATE)
        slider = page.get_by_role("slider", name="Timeline of Первый канал")
        await expect(slider).to_have_attribute("aria-valuetext", re.compile("Likely painted over"))
        await page.keyboard.press("g")
        await expect(page).to_have_url(re.compile(rf"/finding/{finding}$"))


async def test_a_finding_appears_on_the_day_without_reloading(day: Day) -> None:
    async with day.opened() as page:
        await expect(page.locator("#link")).to_have_text("live", timeout=SLOW)
        await expect(page.locator(".lanes")).not_to_contain_text("Painted over?")
        number = find(day.site.catalogue, START, END, epoch=day.epoch.id)
        await expect(page.locator(f'[data-finding="{number}"]')).to_be_visible(timeout=SLOW)
        await expect(page.locator(".lanes")).to_contain_text("Painted over?")


async def test_its_view_shows_the_exact_frame_with_heat_and_box_in_their_place(day: Day, finding: int) -> None:
    async with looked_at(day, finding) as page:
        await stands_on(page, END * days.RATE)
        await expect(page.locator(".about")).to_contain_text("Likely painted over")
        await expect(page.locator(".about")).to_contain_text("0.75 of 1")
        await expect(page.locator(".about")).to_contain_text("0:06")
        heat = page.locator("canvas.heat")
        await expect(heat).to_have_attribute("width", "480")
        picture, over = await page.locator(".screen img").bounding_box(), await heat.bounding_box()
        box = await page.locator(".screen rect").bounding_box()
        assert picture is not None
        assert box is not None
        assert over == picture
        assert picture["width"] / picture["height"] == pytest.approx(320 / 192, rel=0.01)
        shown = [(box["x"] - picture["x"]) / picture["width"], (box["y"] - picture["y"]) / picture["height"]]
        assert shown == pytest.approx(BOX[:2], abs=0.01)
        assert box["width"] / picture["width"] == pytest.approx(BOX[2] - BOX[0], abs=0.01)


async def test_keys_switch_heat_and_box_and_enlarge_the_place(day: Day, finding: int) -> None:
    async with looked_at(day, finding) as page:
        box, heat = page.locator(".screen rect"), page.locator("canvas.heat")
        await expect(heat).to_be_visible(timeout=SLOW)
        small = await box.bounding_box()
        await page.keyboard.press("e")
        await expect(page.locator(".see")).to_have_attribute("data-enlarged", "true")
        await page.wait_for_timeout(500)
        large = await box.bounding_box()
        assert small is not None
        assert large is not None
        assert large["width"] > 4 * small["width"]
        await page.keyboard.press("h")
        await expect(heat).to_have_count(0)
        await page.keyboard.press("b")
        await expect(box).to_have_count(0)


async def test_arrows_go_along_its_stretch_and_playing_ends_with_it(day: Day, finding: int) -> None:
    async with looked_at(day, finding) as page:
        await stands_on(page, END * days.RATE)
        await page.keyboard.press("ArrowUp")
        await stands_on(page, (END - 1) * days.RATE)
        await page.keyboard.press(" ")
        await expect(page.locator(".transport").get_by_role("button", name="Pause")).to_be_visible()
        await expect(page.locator(".transport").get_by_role("button", name="Play")).to_be_visible(timeout=60_000)
        await expect(page.locator(".screen img[data-frame]")).to_be_visible(timeout=SLOW)
        frame = int(await page.locator(".screen img[data-frame]").get_attribute("data-frame") or 0)
        assert END * days.RATE <= frame < (END + 2) * days.RATE


async def test_a_verdict_with_a_note_is_kept_and_can_be_taken_back(day: Day, finding: int) -> None:
    async with looked_at(day, finding) as page:
        await page.get_by_label("Note").fill("логотип спонсора")
        await page.get_by_role("button", name="It is painted over").click()
        await expect(verdict(page)).to_contain_text("Confirmed: painted over")
        said = await told(day, finding)
        assert (said["verdict"], said["note"]) == ("confirmed", "логотип спонсора")
        await page.keyboard.press("z")
        await expect(verdict(page)).to_contain_text("To be checked")
        said = await told(day, finding)
        assert (said["verdict"], said["note"]) == (None, None)
        await page.keyboard.press("x")
        await expect(verdict(page)).to_contain_text("Dismissed: not painted over")


async def test_what_somebody_else_says_meanwhile_is_told_and_nothing_is_overwritten(day: Day, finding: int) -> None:
    async with looked_at(day, finding) as page:
        await page.get_by_label("Note").fill("mine")
        day.site.catalogue.findings.judge(finding, FindingVerdict.DISMISSED, "a shadow", "boris")
        conflict = page.locator(".conflict")
        await expect(conflict).to_contain_text("boris has said something else meanwhile", timeout=SLOW)
        await expect(conflict).to_contain_text("Dismissed: not painted over, «a shadow»")
        await expect(conflict).to_contain_text("«mine»")
        assert (await told(day, finding))["note"] == "a shadow"
        await page.get_by_role("button", name="Put mine").click()
        await expect(conflict).to_have_count(0)
        await expect(verdict(page)).to_contain_text("To be checked")
        assert (await told(day, finding))["note"] == "mine"


async def test_who_judges_what_somebody_has_judged_unseen_is_told_so(day: Day, finding: int) -> None:
    async with watched(day.browser) as page:
        await page.route("**/api/v1/events", lambda route: route.abort())  # nothing tells the page of it
        await page.goto(f"{day.site.address}/finding/{finding}")
        await expect(verdict(page)).to_contain_text("To be checked", timeout=SLOW)
        day.site.catalogue.findings.judge(finding, FindingVerdict.DISMISSED, "a shadow", "boris")
        await page.get_by_role("button", name="It is painted over").click()
        await expect(page.locator(".conflict")).to_contain_text("boris has said something else meanwhile")
        await expect(verdict(page)).to_contain_text("Dismissed: not painted over · boris")
        assert (await told(day, finding))["verdict"] == "dismissed"
        await page.get_by_role("button", name="Take theirs").click()
        await expect(page.locator(".conflict")).to_have_count(0)
        await expect(page.get_by_role("button", name="It is not")).to_have_attribute("aria-pressed", "true")


async def test_a_viewer_sees_a_finding_and_can_not_judge_it(day: Day, finding: int) -> None:
    people.add(day.site.catalogue, "vera", UserRole.VIEWER)
    day.site.catalogue.findings.judge(finding, None, "ask the sponsor", "olga")
    async with watched(day.browser) as page:
        await page.goto(f"{day.site.address}/finding/{finding}")
        await page.get_by_label("Name").fill("vera")
        await page.get_by_label("Password").fill(people.PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        said = page.locator(".said")
        await expect(said).to_contain_text("to say whether it is painted over takes an editor", timeout=SLOW)
        await expect(said).to_contain_text("ask the sponsor")
        await expect(said.get_by_role("button")).to_have_count(0)
        await expect(said.get_by_role("textbox")).to_have_count(0)
        await page.keyboard.press("a")
        await expect(verdict(page)).to_contain_text("To be checked")
        row = day.site.catalogue.findings.get(finding)
        assert (row.verdict, row.verdict_version) == (None, 1)


async def test_its_link_is_copied(day: Day, finding: int) -> None:
    async with looked_at(day, finding) as page:
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.get_by_role("button", name="Copy the link").click()
        await expect(page.locator(".toasts")).to_contain_text("The link is copied.")
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied == f"{day.site.address}/finding/{finding}"


async def test_where_nothing_may_be_copied_the_link_is_shown(day: Day, finding: int) -> None:
    async with looked_at(day, finding) as page:
        await page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")  # as without TLS
        await page.get_by_role("button", name="Copy the link").click()
        link = page.get_by_role("dialog").get_by_label("Link to this finding")
        await expect(link).to_have_value(f"{day.site.address}/finding/{finding}")


async def test_a_heat_map_that_is_gone_is_said_and_leaves_no_broken_picture(day: Day, finding: int) -> None:
    async with watched(day.browser) as page:
        await page.route("**/heat.png*", lambda route: route.fulfill(status=404))
        await page.goto(f"{day.site.address}/finding/{finding}")
        await expect(page.locator(".screen")).to_contain_text("The heat map can’t be had", timeout=SLOW)
        await stands_on(page, END * days.RATE)
        await expect(page.locator(".screen rect")).to_be_visible()
        broken = "[...document.images].filter((image) => image.complete && image.naturalWidth === 0).length"
        assert await page.evaluate(broken) == 0


async def test_the_evidence_pack_of_a_clip_that_shows_it_is_one_click_away_and_holds_its_heat(
    day: Day, finding: int, tmp_path: Path
) -> None:
    async with looked_at(day, finding) as page, workshop(day.site):
        await expect(page.get_by_role("link", name="Clip this stretch")).to_be_visible(timeout=SLOW)
        span = Span(epoch=day.epoch.id, start=Fraction(0), end=Fraction(10))
        day.site.catalogue.pieces.want(Wish(channel="one", spans=(span,), author="anna", title="Закраска"))
        pack = page.get_by_role("link", name="Закраска")
        await expect(pack).to_be_visible(timeout=60_000)
        async with page.expect_download(timeout=120_000) as coming:
            await pack.click()
        await (await coming.value).save_as(tmp_path / "pack.zip")
    with zipfile.ZipFile(tmp_path / "pack.zip") as archive:
        assert archive.read(f"heat/finding-{finding}.png") == HEAT


async def test_one_click_leads_to_the_day_at_the_frame_that_shows_it_best(day: Day, finding: int) -> None:
    async with looked_at(day, finding) as page:
        await page.get_by_role("link", name="The channel’s day").click()
        await expect(page).to_have_url(re.compile("/channel/one"))
        await stands_on(page, END * days.RATE)


async def test_a_day_of_hundreds_of_findings_shows_the_surest_and_more_by_the_keyboard(day: Day) -> None:
    book = day.site.catalogue
    numbers = [find(book, 2, 8, epoch=day.epoch.id, over=True, score=0.5 + step / 1000) for step in range(300)]
    book.findings.judge(numbers[-1], FindingVerdict.DISMISSED, None, "olga")
    async with day.opened() as page:
        shown = page.locator(".trace")
        await expect(shown).to_have_count(12, timeout=SLOW)
        order = [int(await shown.nth(place).get_attribute("data-finding") or 0) for place in range(12)]
        assert order == numbers[-2:-14:-1]
        await expect(page.locator(".findings")).to_contain_text("12 of 300")
        more = page.get_by_role("button", name="Show 12 more")
        await more.focus()
        await page.keyboard.press("Enter")
        await expect(shown).to_have_count(24)
        await expect(shown.nth(12).locator("a.strength")).to_be_focused()
        assert await axe(page) == []
        await page.get_by_role("button", name="newest first").click()
        await expect(shown).to_have_count(12)
        await expect(shown.first).to_have_attribute("data-finding", str(numbers[-1]))
        await page.get_by_role("button", name="dismissed 1").click()
        await expect(shown).to_have_count(1)


async def test_a_day_without_findings_says_so_only_where_they_are_looked_for(day: Day) -> None:
    async with day.opened() as page:
        await expect(page.locator(".lanes")).to_contain_text("On air", timeout=SLOW)
        await page.wait_for_load_state("networkidle")
        await expect(page.locator(".findings")).to_have_count(0)
        channel = day.site.settings.channels[0].model_copy(update={"inspect": InspectSettings(enabled=True)})
        day.site.settings = day.site.settings.model_copy(update={"channels": (channel,)})
        await page.reload()
        await expect(page.locator(".findings")).to_contain_text("This day has not been looked through yet.")
        searched = Looked(channel="one", epoch=day.epoch.id, time=Fraction(20), examiner=EXAMINER)
        day.site.catalogue.findings.save(searched)
        await page.reload()
        await expect(page.locator(".findings")).to_contain_text("Nothing so far; looked through up to")
        await expect(page.locator(".lanes")).not_to_contain_text("Painted over?")


async def test_a_lost_connection_loses_nothing(day: Day, finding: int) -> None:
    async with looked_at(day, finding) as page:
        await page.context.set_offline(True)
        await page.get_by_label("Note").fill("written underground")
        await page.get_by_role("button", name="It is painted over").click()
        await expect(page.locator(".toasts")).to_contain_text("What you said is kept here", timeout=SLOW)
        await page.context.set_offline(False)
        await page.reload()
        await expect(page.locator(".unsaved")).to_contain_text("Confirmed: painted over", timeout=SLOW)
        assert (await told(day, finding))["verdict"] is None
        await page.locator(".unsaved").get_by_role("button", name="Save").click()
        await expect(verdict(page)).to_contain_text("Confirmed: painted over")
        assert (await told(day, finding))["note"] == "written underground"


async def test_one_goes_from_finding_to_finding_of_the_day(day: Day, finding: int) -> None:
    later = find(day.site.catalogue, 12, 14, epoch=day.epoch.id)
    async with looked_at(day, finding) as page:
        await expect(page.locator(".head")).to_contain_text("1 of 2 that day, 2 to check", timeout=SLOW)
        await page.keyboard.press(".")
        await expect(page).to_have_url(re.compile(rf"/finding/{later}$"))
        await expect(page.locator(".head")).to_contain_text("2 of 2 that day")


async def test_a_finding_that_is_gone_says_so(day: Day) -> None:
    async with watched(day.browser) as page:
        await page.goto(f"{day.site.address}/finding/4711")
        await expect(page.locator("main")).to_contain_text("There is no such finding any more", timeout=SLOW)


@pytest.mark.parametrize(("theme", "locale"), [("light", "en-GB"), ("dark", "ru-RU")])
async def test_axe_finds_nothing_wrong(day: Day, finding: int, theme: str, locale: str) -> None:
    async with day.opened(f"{day.site.address}/finding/{finding}", color_scheme=theme, locale=locale) as page:
        await stands_on(page, END * days.RATE)
        await page.locator("textarea").fill("…")
        await expect(page.locator(".unsaved")).to_be_visible()
        assert await axe(page) == []
        await page.goto(day.address())
        await expect(page.locator(".trace")).to_be_visible(timeout=SLOW)
        assert await axe(page) == []
