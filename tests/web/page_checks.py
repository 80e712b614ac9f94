"""What all tests of the page's views want of a browser."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page

_AXE = Path(__file__).parents[2] / "streamproc/web/page/node_modules/axe-core/axe.min.js"
# A refused write and a lost connection are told to people in words, and by Chromium to its console as well.
_TOLD = re.compile("status of 4|net::ERR_")


@asynccontextmanager
async def watched(browser: Browser) -> AsyncIterator[Page]:
    """Give a page in English; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    context = await browser.new_context(locale="en-GB", timezone_id="Europe/Moscow", accept_downloads=True)
    page = await context.new_page()
    page.on("console", lambda message: None if _TOLD.search(message.text) else complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await context.close()
    assert not complaints, complaints


async def violations(page: Page) -> list[str]:
    """Return what axe finds, by rule and place."""
    await page.evaluate(_AXE.read_text(encoding="utf-8"))
    result = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [f"{each['id']}: {node['html']}" for each in result["violations"] for node in each["nodes"]]
