"""Alarms over models, in the API, among the live events, and on the page."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import cv2
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from playwright.async_api import Page, async_playwright, expect

from streamproc.messages import AlarmKind, Footing, Kind
from streamproc.timebase import NS, SystemClock
from streamproc.web.openapi import document

Site = Any
FOOTING = Footing(sureness=0.512, usual=0.98, unsure_share=0.31, absent_s=11_000.0)


def raise_alarm(site: Site, kind: AlarmKind = AlarmKind.UNSURE) -> int:
    """Raise an alarm with one whole picture and one of the corner."""
    names = ["one/night/frame.jpg", "one/night/corner1.jpg"]
    for name, size in zip(names, ((90, 160), (20, 30)), strict=True):
        path = site.settings.alarm_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        coded = cv2.imencode(".jpg", np.full((*size, 3), (60, 90, 200), np.uint8))[1]
        path.write_bytes(coded.tobytes())
    since = SystemClock().utc_ns() - 1800 * NS
    return int(site.catalogue.raise_alarm("one", kind, FOOTING, since_ns=since, pictures=names))


async def get(site: Site, path: str) -> Any:
    async with site.http.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_a_channel_shows_the_alarm_that_stands(site: Site) -> None:
    assert (await get(site, "/api/v1/channels/one"))["alarm"] is None
    number = raise_alarm(site)
    alarm = (await get(site, "/api/v1/channels/one"))["alarm"]
    assert (alarm["id"], alarm["kind"], alarm["sureness"], alarm["cleared_utc"]) == (number, "unsure", 0.512, None)
    assert "sure of 51% of what it sees, where 98% is usual" in alarm["message"]
    assert alarm["command"] == "streamproc logo retrain one --config streamproc.toml"
    site.catalogue.clear_alarm("one", "why")
    assert (await get(site, "/api/v1/channels/one"))["alarm"] is None


async def test_alarms_come_newest_first_and_in_parts(site: Site) -> None:
    first, second = raise_alarm(site), raise_alarm(site, AlarmKind.VANISHED)
    part = await get(site, "/api/v1/channels/one/alarms?limit=1")
    assert [item["id"] for item in part["items"]] == [second]
    assert "has not seen the bug for 3.1 h" in part["items"][0]["message"]
    rest = await get(site, part["next"])
    assert [(item["id"], item["reason"]) for item in rest["items"]] == [(first, "it became 'vanished'")]


async def test_a_disputed_model_is_told_from_one_that_sees_nothing(site: Site) -> None:
    raise_alarm(site, AlarmKind.DISPUTED)
    alarm = (await get(site, "/api/v1/channels/one"))["alarm"]
    assert alarm["kind"] == "disputed"
    assert "is the contrary of what people say" in alarm["message"]


async def test_an_alarm_is_as_its_schema_says(site: Site) -> None:
    raise_alarm(site)
    spec = document()
    path = "/api/v1/channels/{name}/alarms"
    schema = spec["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    body = await get(site, "/api/v1/channels/one/alarms")
    Draft202012Validator({**schema, "components": spec["components"]}).validate(body)


async def test_pictures_of_an_alarm_can_be_had_as_long_as_they_are_kept(site: Site) -> None:
    raise_alarm(site)
    address = (await get(site, "/api/v1/channels/one"))["alarm"]["pictures"][0]
    async with site.http.get(address) as answer:
        assert (answer.status, answer.content_type, (await answer.read())[:2]) == (200, "image/jpeg", b"\xff\xd8")
    (site.settings.alarm_dir / "one/night/frame.jpg").unlink()
    async with site.http.get(address) as answer:
        assert answer.status == 410


@pytest.mark.parametrize("number", [0, 3])
async def test_a_picture_that_no_alarm_has_is_not_there(site: Site, number: int) -> None:
    alarm = raise_alarm(site)
    async with site.http.get(f"/api/v1/alarms/{alarm}/pictures/{number}") as answer:
        body = await answer.json(content_type="application/problem+json")
    assert (answer.status, body["detail"]) == (404, f"no alarm {alarm} has a picture {number}")


async def test_an_alarm_is_told_the_moment_it_is_raised(site: Site) -> None:
    async with site.http.get("/api/v1/events") as answer:
        raise_alarm(site)
        async with asyncio.timeout(10):
            while (await answer.content.readline()).strip() != b"event: alarm":
                pass
            data = (await answer.content.readline()).decode().partition("data: ")[2]
    assert json.loads(data)["subject"]["kind"] == "unsure"


@pytest.fixture
async def page(site: Site) -> AsyncIterator[Page]:
    """The page in Russian; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        page = await (await browser.new_context(locale="ru-RU", timezone_id="Europe/Moscow")).new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        site.change(Kind.UNKNOWN, Kind.PROGRAMME, 2, start=True)
        await page.goto(f"{site.address}/channel/one")
        await page.wait_for_selector("tbody tr")
        yield page
        await browser.close()
    assert complaints == []


@pytest.mark.chromium
async def test_an_alarm_appears_on_the_page_with_its_pictures_and_goes_again(site: Site, page: Page) -> None:
    await expect(page.locator("#link")).to_have_text("данные обновляются")
    raise_alarm(site)
    alarm = page.locator(".alarm")
    await expect(alarm.locator("h2")).to_have_text("Модель больше не подходит этому каналу")
    await expect(alarm).to_contain_text("уверена в 51 % увиденного; обычно в 98 %")
    await expect(alarm.locator("pre")).to_contain_text("streamproc logo retrain one --config streamproc.toml")
    async with asyncio.timeout(20):
        while (
            await page.evaluate("[...document.querySelectorAll('.alarm img')].map(i => i.naturalWidth).join()")
            != "160,30"
        ):
            await asyncio.sleep(0.05)
    await page.get_by_role("button", name="EN", exact=True).click()
    await expect(alarm.locator("h2")).to_have_text("The model no longer fits this channel")
    site.catalogue.clear_alarm("one", "why")
    await expect(alarm).to_be_hidden()
