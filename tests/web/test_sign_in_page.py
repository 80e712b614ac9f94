"""Signing in, and one's own account, in a real browser."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from streamproc.catalogue import UserRole
from tests.web.page_checks import violations, watched
from tests.web.people import PASSWORD, add

Site = Any
pytestmark = [pytest.mark.chromium, pytest.mark.timeout(180)]
expect.set_options(timeout=30_000)
NEW = "a better horse battery"


@pytest.fixture
async def view(browser: Browser, site: Site) -> AsyncIterator[Page]:
    add(site.catalogue, "root", UserRole.ADMIN)
    add(site.catalogue, "anna")
    async with watched(browser) as page:
        await page.goto(f"{site.address}/reviews")
        yield page


async def enter(page: Page, password: str = PASSWORD) -> None:
    await page.get_by_label("Name").fill("anna")
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def test_who_signs_in_comes_to_where_they_wanted(view: Page) -> None:
    await enter(view)
    await expect(view.get_by_role("heading", level=1)).to_contain_text("To check")


async def test_a_wrong_password_is_said_and_lets_nobody_in(view: Page) -> None:
    await enter(view, "wrong")
    await expect(view.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    await expect(view.get_by_label("Password")).to_be_visible()


async def test_who_signs_out_is_asked_again(view: Page) -> None:
    await enter(view)
    await view.get_by_label("Settings").click()
    await view.get_by_role("button", name="Sign out").click()
    await expect(view.get_by_label("Password")).to_be_visible()
    await view.reload()
    await expect(view.get_by_label("Password")).to_be_visible()


async def test_another_password_holds_from_then_on(view: Page) -> None:
    await enter(view)
    await view.get_by_label("Settings").click()
    await view.get_by_role("button", name="Password and tokens…").click()
    await view.get_by_label("Password until now").fill(PASSWORD)
    await view.get_by_label("New password").fill(NEW)
    await view.get_by_label("The same once more").fill(NEW)
    await view.get_by_role("button", name="Change the password").click()
    await expect(view.locator(".toasts")).to_contain_text("The password is changed.")
    await view.context.clear_cookies()
    await view.reload()
    await enter(view, NEW)
    await expect(view.get_by_role("heading", level=1)).to_contain_text("To check")


async def test_a_token_is_shown_once_works_and_is_taken_back(site: Site, view: Page) -> None:
    await enter(view)
    await view.get_by_label("Settings").click()
    await view.get_by_role("button", name="Password and tokens…").click()
    await view.get_by_label("What it is for").fill("robot")
    await view.get_by_role("button", name="Make a token").click()
    secret = await view.locator(".secret").inner_text()
    headers = {"Authorization": f"Bearer {secret}"}
    async with site.http.get("/api/v1/channels", headers=headers) as answer:
        assert answer.status == 200
    await view.get_by_role("button", name="Take back: robot").click()
    await expect(view.locator(".tokens li")).to_have_count(0)
    async with site.http.get("/api/v1/channels", headers=headers) as answer:
        assert answer.status == 401


async def test_axe_finds_nothing_wrong(view: Page) -> None:
    await expect(view.get_by_label("Password")).to_be_visible()
    assert await violations(view) == []
    await enter(view)
    await view.get_by_label("Settings").click()
    await view.get_by_role("button", name="Password and tokens…").click()
    await expect(view.get_by_label("New password")).to_be_visible()
    assert await violations(view) == []
