"""Takes pictures of what editors see of a running daemon's page, in both languages, for docs/editors.md.

    make demo                                             # and when the broadcast is over, beside it:
    python -m benchmarks.screens http://127.0.0.1:PORT    # docs/images/page/VIEW-LANGUAGE.jpg

Light colours in English, dark ones in Russian, so that both are seen. Needs Chromium. Nothing is changed on the daemon;
where people sign in, give name and password as STREAMPROC_SCREENS=NAME:PASSWORD. In the pictures that are kept there
the programme's parts were entered by hand: the demo's are too short for a schedule to name them. In those of findings
its bug was painted over by hand, and what they show is what the network found there.
"""

import argparse
import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import BrowserContext, async_playwright

OUT = Path(__file__).parent.parent / "docs" / "images" / "page"
CHROMIUM = "/usr/bin/chromium"
WIDTH, HEIGHT = 1366, 900
TALLEST = 1500
SETTLE_S = 3.0
SIGN_IN = os.environ.get("STREAMPROC_SCREENS", "")
LANGUAGES: tuple[tuple[str, str, Literal["light", "dark"]], ...] = (("en", "en-GB", "light"), ("ru", "ru-RU", "dark"))


@dataclass(frozen=True, slots=True)
class View:
    """One picture."""

    name: str
    path: str
    keys: tuple[str, ...] = ()
    """Pressed before it is taken."""


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", help="of the page, as the daemon prints it")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--zone", default="Europe/Moscow")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    asyncio.run(_take(options.address.rstrip("/"), options.out, options.zone))


async def _take(address: str, out: Path, zone: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for language, locale, colours in LANGUAGES:
            context = await browser.new_context(
                locale=locale,
                timezone_id=zone,
                viewport={"width": WIDTH, "height": HEIGHT},
                color_scheme=colours,
                base_url=address,
            )
            if SIGN_IN:
                await _picture(context, View("sign-in", "/"), out / f"sign-in-{language}.jpg")
                await _sign_in(context)
            for view in await _views(context):
                await _picture(context, view, out / f"{view.name}-{language}.jpg")
            await context.close()
        await browser.close()


async def _sign_in(context: BrowserContext) -> None:
    name, _, password = SIGN_IN.partition(":")
    answer = await context.request.post("/api/v1/session", data={"name": name, "password": password})
    assert answer.ok, await answer.text()


async def _views(context: BrowserContext) -> list[View]:
    channels: list[dict[str, Any]] = (await (await context.request.get("/api/v1/channels")).json())["items"]
    name = channels[0]["name"]
    listed = await (await context.request.get(f"/api/v1/channels/{name}/programmes")).json()
    found = await (await context.request.get(f"/api/v1/channels/{name}/findings")).json()
    return list(_paths([channel["name"] for channel in channels], listed["items"], found["items"]))


def _paths(names: list[str], programmes: list[dict[str, Any]], findings: list[dict[str, Any]]) -> Iterator[View]:
    yield View("channels", "/")
    yield View("day", f"/channel/{names[0]}")
    if len(names) > 1:
        yield View("side-by-side", f"/channels?with={','.join(names[:2])}")
    whole = sorted((one for one in programmes if one["state"] == "complete"), key=lambda one: -len(one["parts"]))
    if whole:
        yield View("programme", f"/programme/{whole[0]['id']}")
        yield View("keys", f"/programme/{whole[0]['id']}", ("?",))
    if findings:
        surest = max(findings, key=lambda one: one["score"])
        yield View("finding", f"/finding/{surest['id']}")
        yield View("findings", f"/channel/{names[0]}?at={surest['shown_utc']}&middle={surest['shown_utc']}&span=120")
    yield View("reviews", "/reviews")
    yield View("search", f"/search?q={(whole[0]['title'] or '') if whole else ''}")


async def _picture(context: BrowserContext, view: View, path: Path) -> None:
    page = await context.new_page()
    await page.goto(view.path)
    await page.wait_for_load_state("load")
    await asyncio.sleep(SETTLE_S)
    for key in view.keys:
        await page.keyboard.press(key)
        await asyncio.sleep(0.3)
    height = await page.evaluate("document.documentElement.scrollHeight")
    await page.screenshot(
        path=path,
        type="jpeg",
        quality=82,
        full_page=True,
        clip={"x": 0, "y": 0, "width": WIDTH, "height": min(height, TALLEST)},
    )
    await page.close()
    print(path.name)


if __name__ == "__main__":
    main()
