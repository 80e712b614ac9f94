"""The engineer's, the operator's and the admin's pages, in a real browser."""

import re
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from streamproc.catalogue import UserRole
from streamproc.catalogue.learnings import Lesson
from streamproc.config import Settings, load
from streamproc.last_errors import ErrorBook
from streamproc.messages import Span
from streamproc.training.report.page import write_page
from streamproc.training.report.texts import say
from streamproc.web import Keeper
from tests.media.recorded import record
from tests.web import people
from tests.web.keeping import keeper_of, settings_of

ROOT = Path(__file__).parent.parent.parent
AXE = ROOT / "streamproc" / "web" / "page" / "node_modules" / "axe-core" / "axe.min.js"
FILE = """data_dir = "data"  # here
[[channels]]
name = "one"
title = "Первый канал"
url = "rtmp://127.0.0.1/live/k3y"
"""
Site = Any
pytestmark = pytest.mark.chromium


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "streamproc.toml"
    written.write_text(FILE, encoding="utf-8")
    return written


@pytest.fixture
def settings(path: Path) -> Settings:
    return settings_of(path)


@pytest.fixture
def keeper(path: Path, request: pytest.FixtureRequest) -> Keeper:
    return keeper_of(path, request)


async def check_with_axe(page: Page) -> None:
    """Find no serious problem of access (WCAG AA)."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run()")
    serious = [
        (one["id"], one["nodes"][0]["html"]) for one in found["violations"] if one["impact"] in ("serious", "critical")
    ]
    assert serious == []


async def test_a_channel_is_added_and_is_in_the_file(site: Site, page: Page, path: Path) -> None:
    await page.goto(f"{site.address}/engineer")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Engineer")
    await page.keyboard.press("n")
    await page.get_by_label("Short name").fill("two")
    await page.get_by_label("Name for people").fill("Второй")
    await page.get_by_label("Address").fill("udp://127.0.0.1:9")
    await check_with_axe(page)
    await page.get_by_role("dialog").get_by_role("button", name="Add a channel").click()
    await expect(page).to_have_url(f"{site.address}/engineer/two")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Второй")
    assert load(path).channel("two").url == "udp://127.0.0.1:9"
    assert path.read_text().startswith(FILE)


async def test_settings_are_changed_by_the_form_and_the_key_stays(site: Site, page: Page, path: Path) -> None:
    await page.goto(f"{site.address}/engineer/one")
    await page.get_by_label("Name for people").fill("Первый HD")
    await page.get_by_text("More settings").click()
    await page.get_by_label("Oldest recording kept").fill("48")
    await page.get_by_label("Make cues of what was found").select_option("yes")
    await check_with_axe(page)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Первый HD")
    channel = load(path).channel("one")
    assert (channel.url, channel.retention.max_age_h, channel.cues.write) == ("rtmp://127.0.0.1/live/k3y", 48, True)


async def test_what_makes_no_sense_is_said_beside_the_form_and_nothing_is_lost(
    site: Site, browser: Browser, path: Path
) -> None:
    page = await browser.new_page(locale="en-GB")
    await page.goto(f"{site.address}/engineer/one")
    await page.get_by_label("Time zone").fill("Moon/Base")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("there is no time zone 'Moon/Base'")
    await expect(page.get_by_label("Time zone")).to_have_value("Moon/Base")
    assert path.read_text() == FILE
    await page.close()


async def test_an_engineer_whose_settings_somebody_else_changed_is_told(
    site: Site, browser: Browser, keeper: Keeper
) -> None:
    page = await browser.new_page(locale="en-GB")
    await page.goto(f"{site.address}/engineer/one")
    await expect(page.get_by_label("Name for people")).to_have_value("Первый канал")
    keeper.file.put("one", {"name": "one", "url": "udp://127.0.0.1:9"})
    await page.get_by_label("Name for people").fill("Мой")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("were changed meanwhile")
    assert keeper.file.channel("one") == {"name": "one", "url": "udp://127.0.0.1:9"}
    await page.close()


async def test_a_channel_is_stopped_started_and_removed(site: Site, page: Page, path: Path) -> None:
    await page.goto(f"{site.address}/engineer/one")
    await page.get_by_role("button", name="Stop", exact=True).click()
    await expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    assert not load(path).channel("one").enabled
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    assert path.read_text() == FILE
    await page.get_by_role("button", name="Remove…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(page).to_have_url(f"{site.address}/engineer")
    assert load(path).channels == ()


async def test_a_learning_is_wished_for_watched_and_put_to_use(
    site: Site, page: Page, settings: Settings, small_mp4: Path
) -> None:
    record(small_mp4, settings.recording_dir / "one")
    await page.goto(f"{site.address}/engineer/one")
    await page.get_by_role("button", name="10 min").click()
    await page.get_by_role("button", name="Learn", exact=True).click()
    await expect(page.locator(".learning .state")).to_have_text("waiting")
    row = site.catalogue.learnings.take()
    site.catalogue.learnings.progress(row.id, "training", 0.5)
    await expect(page.get_by_role("progressbar")).to_have_attribute("value", "0.5")
    await expect(page.locator(".learning")).to_contain_text("training")
    folder = settings.learnt_dir / row.folder
    shutil.copytree(ROOT / "models" / "demo", folder)
    for name in ("mask.png", "frame.jpg"):
        shutil.copy(ROOT / "docs" / "images" / "operator-en.png", folder / name)
    site.catalogue.learnings.ready(row.id, "right on 99.20% of the pictures held out")
    await expect(page.get_by_alt_text("The bug as it was found")).to_be_visible()
    await check_with_axe(page)
    await page.get_by_role("button", name="Use it").click()
    await expect(page.locator(".learning .state")).to_have_text("in use")
    assert site.settings.channel("one").model == folder


async def test_the_report_shows_itself_with_its_one_script_and_no_other(
    site: Site, browser: Browser, settings: Settings
) -> None:
    number = site.catalogue.learnings.want(
        Lesson(
            channel="one", spans=(Span(epoch=1, start=Fraction(0), end=Fraction(1)),), start_ns=0, end_ns=1, author="x"
        )
    )
    report = settings.learnt_dir / site.catalogue.learnings.take().folder / "report.html"
    write_page(report, "base.html", {"title": say("learn_title", name="<b>one</b>")})
    report.write_text(report.read_text().replace("<main>", "<main><script>document.title = 'stranger'</script>"))
    site.catalogue.learnings.ready(number, "")
    page = await browser.new_page(locale="ru-RU")
    await page.goto(f"{site.address}/api/v1/learnings/{number}/report")
    assert await page.evaluate("document.documentElement.lang") == "ru"
    assert await page.title() == say("learn_title", name="<b>one</b>").text("ru")
    assert await page.evaluate("window.origin") == "null"
    await page.close()


async def test_of_several_marks_one_is_chosen(site: Site, page: Page, settings: Settings, small_mp4: Path) -> None:
    record(small_mp4, settings.recording_dir / "one")
    await page.goto(f"{site.address}/engineer/one")
    await page.get_by_role("button", name="Learn", exact=True).click()
    await expect(page.locator(".learning .state")).to_have_text("waiting")
    row = site.catalogue.learnings.take()
    (settings.learnt_dir / row.folder).mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "images" / "operator-en.png", settings.learnt_dir / row.folder / "marks.png")
    site.catalogue.learnings.failed(row.id, "2 marks come and go like a bug", keeps_folder=True)
    await expect(page.get_by_alt_text("The marks that were found, numbered")).to_be_visible()
    await page.get_by_label("Number of the mark").last.fill("2")
    await page.get_by_role("button", name="Learn mark 2").click()
    await expect(page.locator(".learning .state").first).to_have_text("waiting")
    assert site.catalogue.learnings.take().lesson.choose == 2


async def test_the_operator_sees_what_is_wrong_in_words_and_that_it_is_mended(
    site: Site, page: Page, settings: Settings, write_status: Any
) -> None:
    write_status("one", "waiting", message="nobody publishes under this key")
    event = {"ts": "2026-11-27T20:00:00Z", "level": "error", "event": "role.died", "role": "analyser", "status": -9}
    ErrorBook(settings.data_dir, "supervisor")(None, "error", event)
    await page.goto(f"{site.address}/operator")
    await expect(page.get_by_role("status").filter(has_text="Not all is well")).to_be_visible()
    await expect(page.locator(".operator")).to_contain_text("nobody publishes under this key")
    await expect(page.locator(".errors")).to_contain_text("A process of the daemon ended and is started again.")
    await check_with_axe(page)
    await page.get_by_role("button", name="RU", exact=True).click()
    await expect(page.locator(".errors")).to_contain_text("Процесс упал и запущен снова.")
    write_status("one", "connected")
    await expect(page.get_by_role("status").filter(has_text="Всё в порядке")).to_be_visible(timeout=15_000)


async def test_the_first_user_is_an_admin_and_from_then_on_everybody_signs_in(site: Site, browser: Browser) -> None:
    page = await browser.new_page(locale="en-GB")
    await page.goto(f"{site.address}/people")
    await page.get_by_role("button", name="Add somebody").click()
    await page.get_by_label("Name", exact=True).fill("boss")
    await page.get_by_label("Password").fill(people.PASSWORD)
    await check_with_axe(page)
    await page.get_by_role("dialog").get_by_role("button", name="Add somebody").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    (user,) = site.catalogue.people.all()
    assert (user.name, user.role) == ("boss", UserRole.ADMIN)
    await page.close()


async def test_an_admin_makes_a_token_changes_a_role_and_sees_it_in_the_audit_log(site: Site, browser: Browser) -> None:
    boss = people.add(site.catalogue, "boss", UserRole.ADMIN)
    anna = people.add(site.catalogue, "anna", UserRole.VIEWER)
    page = await browser.new_page(locale="en-GB")
    await page.goto(f"{site.address}/people")
    await page.get_by_label("Name").fill("boss")
    await page.get_by_label("Password").fill(people.PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name="Change: anna").click()
    await page.get_by_label("Role").select_option("editor")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("row", name=re.compile("anna"))).to_contain_text("editor")
    assert site.catalogue.people.get(anna.id).role is UserRole.EDITOR
    await page.get_by_role("button", name="Make a token").click()
    await page.get_by_label("What for").fill("wall display")
    await expect(page.get_by_label("In whose name")).to_have_value(str(boss.id))
    await page.get_by_role("dialog").get_by_role("button", name="Make a token").click()
    secret = await page.locator(".secret").inner_text()
    async with site.http.get("/api/v1/channels", headers={"Authorization": f"Bearer {secret}"}) as answer:
        assert answer.status == 200
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()
    await expect(page.get_by_role("region", name="Tokens for programs")).to_contain_text("wall display")
    await page.reload()
    await expect(page.get_by_role("region", name="Who did what")).to_contain_text(f"/api/v1/users/{anna.id}")
    await check_with_axe(page)
    await page.close()


async def test_the_engineers_page_is_not_for_editors(site: Site, browser: Browser) -> None:
    people.add(site.catalogue, "anna", UserRole.EDITOR)
    page = await browser.new_page(locale="en-GB")
    await page.goto(f"{site.address}/engineer/one")
    await page.get_by_label("Name").fill("anna")
    await page.get_by_label("Password").fill(people.PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert").first).to_contain_text("engineer")
    await expect(page.get_by_role("navigation")).not_to_contain_text("Engineer")
    await page.close()
