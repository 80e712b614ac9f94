"""A channel's day in a real browser: what is shown, how one moves about it, and clips from anywhere."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from streamproc.catalogue import Catalogue
from streamproc.config import Settings
from streamproc.media.recording.reader import RecordingEpoch, RecordingFootage
from streamproc.messages import Kind
from streamproc.naming import DEFAULT_PATTERN
from streamproc.stages.piece import PieceStage, Place
from streamproc.timebase import NS, SystemClock, iso_utc
from tests.footage import look
from tests.web import days
from tests.web.test_alarms import raise_alarm

P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN
Site = Any
SECONDS = 24
BREAK = (Fraction(8), Fraction(1234, 100))  # the second boundary lies on frame 308
SLOW = 30_000  # the first picture has a process started
pytestmark = pytest.mark.chromium

READ = """(selector) => {
  const shown = document.querySelector(selector);
  const [wide, tall] = [shown.videoWidth || shown.naturalWidth, shown.videoHeight || shown.naturalHeight];
  const canvas = Object.assign(document.createElement("canvas"), {width: wide, height: tall});
  const pen = canvas.getContext("2d", {willReadFrequently: true});
  pen.drawImage(shown, 0, 0, wide, tall);
  let number = 0;
  for (let bit = 0; bit < 16; bit++) {
    const [w, h] = [wide / 8, tall / 2];
    const [left, top] = [(bit % 8) * w + w * 0.4, Math.floor(bit / 8) * h + h * 0.4];
    const data = pen.getImageData(left, top, w * 0.2, h * 0.2).data;
    let light = 0;
    for (let at = 0; at < data.length; at += 4) light += 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
    number = number * 2 + (light / (data.length / 4) > 128 ? 1 : 0);
  }
  return number;
}"""


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Footage of which every picture says its number."""
    return days.film(tmp_path_factory.mktemp("film") / "film.mp4", SECONDS)


@pytest.fixture
def catalogue(settings: Settings) -> Iterator[Catalogue]:
    """A catalogue without any epoch."""
    opened = Catalogue.open(settings.database_url, clock=SystemClock())
    for name, title in (("one", "Первый канал"), ("two", "two")):
        opened.put_channel(name, title, "bug", "1" * 64)
    yield opened
    opened.close()


@dataclass
class Day:
    """A channel that recorded some seconds an hour ago, with a break in them, and is off since."""

    site: Site
    epoch: RecordingEpoch
    browser: Browser

    @property
    def start_ms(self) -> float:
        return self.epoch.utc_zero_ns / 1e6

    def iso(self, seconds: float) -> str:
        """Return the wall time of a frame, rounded up: a part of a millisecond earlier would be the frame before."""
        return iso_utc(self.epoch.utc_zero_ns + round(seconds * NS) + NS // 1000)

    def address(self, at: float = 2, span: float = 40, path: str = "/channel/one?") -> str:
        return f"{self.site.address}{path}at={self.iso(at)}&middle={self.iso(SECONDS / 2)}&span={span}"

    @asynccontextmanager
    async def opened(self, address: str | None = None, **options: Any) -> AsyncIterator[Page]:
        """Open a page; whatever the browser complains of fails the test."""
        complaints: list[str] = []
        context = await self.browser.new_context(
            **{"locale": "en-GB", "timezone_id": "Europe/Moscow", "viewport": {"width": 1280, "height": 900}} | options
        )
        page = await context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.text} {message.location.get('url')}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(address or self.address())
        yield page
        await context.close()
        assert complaints == []


@pytest.fixture
def day(site: Site, catalogue: Catalogue, film: Path, browser: Browser) -> Day:
    epoch = days.recorded(site.settings, film, SystemClock().utc_ns() - 3600 * NS, SECONDS)
    days.catalogued(catalogue, epoch)
    days.change(catalogue, epoch.id, (U, P), Fraction(0))
    days.change(catalogue, epoch.id, (P, A), BREAK[0])
    days.change(catalogue, epoch.id, (A, P), BREAK[1])
    catalogue.end_epoch("one", epoch.id, epoch.end(), SECONDS * days.RATE, "lost")
    days.programme(catalogue, "Место встречи", [(0, 8), (13, SECONDS)], epoch=epoch.id)
    return Day(site, epoch, browser)


def still(page: Page) -> Locator:
    return page.locator(".screen img[data-frame]")


async def stands_on(page: Page, frame: int) -> None:
    """Wait until the exact frame is on the screen, and read its number off the picture."""
    await expect(still(page)).to_have_attribute("data-frame", str(frame), timeout=SLOW)
    assert await page.evaluate(READ, ".screen img") == frame


async def shown_range(page: Page) -> tuple[float, float]:
    """Return middle and length of what is shown, in seconds, as the address has them once it is calm."""
    await page.wait_for_timeout(700)
    query = parse_qs(urlsplit(page.url).query)
    return datetime.fromisoformat(query["middle"][0]).timestamp(), float(query["span"][0])


async def settled(ask: Callable[[], Awaitable[Any]]) -> None:
    """Wait until something is so; the test's own limit ends a wait in vain."""
    while not await ask():
        await asyncio.sleep(0.1)


async def test_what_is_in_view_is_what_the_api_says(day: Day) -> None:
    async with day.opened() as page:
        await page.locator(".inview summary").click()
        rows = page.locator(".inview tbody tr")
        await expect(rows).to_have_count(4)
        async with day.site.http.get("/api/v1/channels/one/segments") as answer:
            segments = (await answer.json())["items"]
        for segment in segments:
            word = {"programme": "Programme", "advert": "Adverts"}[segment["kind"]]
            start = datetime.fromisoformat(segment["start"]["utc"]).astimezone(ZoneInfo("Europe/Moscow"))
            row = rows.filter(has=page.locator(f'[data-kind="{segment["kind"]}"]')).filter(has_text=f"{start:%H:%M:%S}")
            await expect(row).to_contain_text(word)
        await expect(page.locator(".inview a")).to_have_text("Место встречи")


async def test_the_canvas_has_each_kind_in_its_colour_where_it_was(day: Day) -> None:
    async with day.opened() as page:
        await expect(page.locator(".inview summary")).to_contain_text("4")
        colours = await page.evaluate(
            """async (places) => {
              await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame);
              const canvas = document.querySelector(".timeline canvas"), ratio = canvas.width / canvas.clientWidth;
              const copy = document.createElement("canvas");
              [copy.width, copy.height] = [canvas.width, canvas.height];
              const pen = copy.getContext("2d", {willReadFrequently: true});
              pen.drawImage(canvas, 0, 0);
              const lane = [...document.querySelectorAll(".lanes span")].find((one) => one.textContent === "On air");
              const y = (lane.offsetTop + 5) * ratio;
              return places.map((share) => [...pen.getImageData(share * canvas.width, y, 1, 1).data].slice(0, 3));
            }""",
            [(8 + second) / 40 for second in (6, 10, 20)],
        )
        assert colours == [[31, 111, 235], [224, 138, 0], [31, 111, 235]]


async def test_what_happens_appears_without_reloading(day: Day, catalogue: Catalogue) -> None:
    async with day.opened() as page:
        await expect(page.locator(".inview summary")).to_contain_text("4")
        await expect(page.locator("#link")).to_have_text("live")
        days.programme(catalogue, "Сегодня", [(20, SECONDS)], epoch=day.epoch.id)
        with catalogue.ledger.write() as write:
            write.tell("one", "programme", 2)
        await expect(page.locator(".inview summary")).to_contain_text("5")


async def test_up_and_down_go_to_the_boundaries_exact_frames(day: Day) -> None:
    async with day.opened() as page:
        await stands_on(page, 50)
        await page.keyboard.press("ArrowDown")
        await stands_on(page, 200)
        await page.keyboard.press("ArrowDown")
        await stands_on(page, 308)
        await page.keyboard.press("ArrowUp")
        await page.keyboard.press("ArrowUp")
        await stands_on(page, 0)


async def test_arrows_go_by_exactly_one_frame_and_with_shift_by_a_second(day: Day) -> None:
    async with day.opened() as page:
        await stands_on(page, 50)
        await page.keyboard.press("ArrowRight")
        await stands_on(page, 51)
        for _ in range(4):
            await page.keyboard.press("ArrowLeft")
        await stands_on(page, 47)
        await page.keyboard.press("Shift+ArrowRight")
        await stands_on(page, 72)


async def test_stepping_ends_with_the_recording(day: Day) -> None:
    async with day.opened(day.address(at=SECONDS - 0.06)) as page:
        last = SECONDS * days.RATE - 1
        await stands_on(page, last - 1)
        for _ in range(4):
            await page.keyboard.press("ArrowRight")
        await stands_on(page, last)


async def test_a_click_puts_the_playhead_where_it_was_clicked(day: Day) -> None:
    async with day.opened() as page:
        await stands_on(page, 50)
        canvas = page.locator(".timeline canvas")
        box = await canvas.bounding_box()
        assert box is not None
        await canvas.click(position={"x": box["width"] * (8 + 18) / 40, "y": 110})
        await settled(lambda: has_frame_near(page, 18 * days.RATE, within=2))


async def has_frame_near(page: Page, frame: int, within: int) -> bool:
    """Tell whether the frame on the screen is about that one: pixels are coarser than frames."""
    if await still(page).count() == 0:
        return False
    return abs(int(await still(page).get_attribute("data-frame") or -99) - frame) <= within


async def test_the_wheel_zooms_about_the_pointer_and_a_drag_moves(day: Day) -> None:
    async with day.opened() as page:
        canvas = page.locator(".timeline canvas")
        box = await canvas.bounding_box()
        assert box is not None
        middle, span = await shown_range(page)
        x = box["x"] + box["width"] * 0.25
        under = middle - span / 4
        await page.mouse.move(x, box["y"] + 120)
        await page.mouse.wheel(0, -400)
        zoomed_middle, zoomed_span = await shown_range(page)
        assert zoomed_span < span / 2
        assert abs(zoomed_middle - zoomed_span / 4 - under) < 0.05
        await page.mouse.down()
        await page.mouse.move(x + box["width"] / 4, box["y"] + 120, steps=4)
        await page.mouse.up()
        moved_middle, _ = await shown_range(page)
        assert abs(zoomed_middle - moved_middle - zoomed_span / 4) < 0.05


async def test_keys_zoom_from_a_day_to_single_frames(day: Day) -> None:
    async with day.opened() as page:
        await stands_on(page, 50)
        await page.keyboard.press("0")
        assert (await shown_range(page))[1] == 24 * 3600
        for _ in range(30):
            await page.keyboard.press("=")
        middle, span = await shown_range(page)
        assert span == 0.4
        assert abs(middle - (day.epoch.utc_zero_ns / NS + 2)) < 0.5


async def test_the_timeline_tells_a_screen_reader_where_it_stands(day: Day) -> None:
    async with day.opened() as page:
        slider = page.get_by_role("slider", name="Timeline of Первый канал")
        await expect(slider).to_have_attribute("aria-valuetext", _about("programme", "Место встречи", "part 1 of 2"))
        await slider.focus()
        await page.keyboard.press("ArrowDown")
        await expect(slider).to_have_attribute("aria-valuetext", _about("adverts", "Место встречи", "break"))


def _about(*words: str) -> Any:
    return re.compile(".*".join(words))


async def test_all_keys_are_told(day: Day) -> None:
    async with day.opened() as page:
        await expect(page.locator("h1")).to_have_text("Первый канал")
        await page.keyboard.press("?")
        for key in ("J", "K", "L", "I", "O", "←", "Shift + →", "↑", "Home", "End"):
            await expect(page.locator("kbd", has_text=key).first).to_be_visible()


async def test_playhead_and_marks_outlive_a_reload(day: Day) -> None:
    async with day.opened() as page:
        await stands_on(page, 50)
        await page.keyboard.press("i")
        await page.keyboard.press("ArrowDown")
        await stands_on(page, 200)
        await page.keyboard.press("o")
        await expect(page.locator(".extent")).to_contain_text("frames 50 to 199")
        await page.wait_for_timeout(700)
        await page.reload()
        await stands_on(page, 200)
        await expect(page.locator(".extent")).to_contain_text("frames 50 to 199")


async def test_a_clip_from_anywhere_is_exactly_the_frames_that_were_marked(day: Day, tmp_path: Path) -> None:
    async with day.opened() as page, workshop(day.site):
        await stands_on(page, 50)
        await page.keyboard.press("ArrowRight")
        await stands_on(page, 51)
        await page.keyboard.press("i")
        await page.keyboard.press("ArrowDown")
        await stands_on(page, 200)
        await page.keyboard.press("ArrowRight")
        await stands_on(page, 201)
        await page.keyboard.press("o")
        await page.keyboard.press("c")
        await page.keyboard.type("<b>интервью</b>")
        await page.keyboard.press("Enter")
        link = page.locator(".pieces").get_by_role("link", name="Download: <b>интервью</b>")
        await expect(link).to_be_visible(timeout=SLOW)
        async with page.expect_download() as coming:
            await link.click()
        target = tmp_path / "taken.mp4"
        await (await coming.value).save_as(target)
        assert [picture.numbers[0] for picture in look(target)] == list(range(51, 201))


@asynccontextmanager
async def workshop(site: Site) -> AsyncIterator[None]:
    """Have pieces made, as the analyser does."""
    place = Place(site.settings.clip_dir, DEFAULT_PATTERN, lambda _: ZoneInfo("Europe/Moscow"))

    def footage(channel: str) -> RecordingFootage:
        return RecordingFootage(site.settings.recording_dir / channel)

    stage = PieceStage(site.catalogue, footage, place, site.telemetry, SystemClock())
    task = asyncio.create_task(stage.run())
    yield
    task.cancel()
    await asyncio.wait([task])


async def test_a_typed_time_is_a_mark_and_a_wrong_one_is_refused(day: Day) -> None:
    async with day.opened() as page:
        await stands_on(page, 50)
        field = page.get_by_label("In", exact=True)
        await field.fill("25:00:00")
        await field.press("Tab")
        assert await field.evaluate("(input) => input.validity.valid") is False
        start = datetime.fromisoformat(day.iso(4)).astimezone(ZoneInfo("Europe/Moscow"))
        await field.fill(f"{start:%H:%M:%S}.{start.microsecond // 1000:03}")
        await field.press("Tab")
        await page.get_by_role("button", name="In: Go to the mark").click()
        await stands_on(page, 100)


async def test_a_clip_can_be_played_and_downloaded(day: Day, small_mp4: Path) -> None:
    day.site.cut(small_mp4)
    async with day.opened() as page:
        row = page.locator(".segments tbody tr", has_text="Download")
        await row.get_by_role("button", name="Play").click()
        await settled(lambda: page.evaluate("document.querySelector('dialog video').currentTime > 0.1"))
        await page.get_by_role("button", name="Close").click()
        async with page.expect_download() as download:
            await row.get_by_role("link", name="Download").click()
        assert (await (await download.value).path()).read_bytes() == small_mp4.read_bytes()


async def test_the_segments_can_be_filtered_and_gone_to(day: Day) -> None:
    async with day.opened() as page:
        rows = page.locator(".segments tbody tr")
        await expect(rows).to_have_count(3)
        await page.get_by_role("button", name="Adverts", exact=True).click()
        await expect(rows).to_have_count(1)
        await rows.get_by_role("button").first.click()
        await stands_on(page, 200)


async def test_an_alarm_over_the_model_is_shown_with_its_pictures(day: Day) -> None:
    raise_alarm(day.site)
    async with day.opened() as page:
        box = page.locator(".alarm")
        await expect(box).to_contain_text("The model no longer fits this channel")
        await expect(box.locator("img")).to_have_count(2)


async def test_a_channel_that_is_none_is_said_in_words(day: Day) -> None:
    context = await day.browser.new_context(locale="ru-RU")
    page = await context.new_page()
    await page.goto(f"{day.site.address}/channel/nothing")
    await expect(page.locator(".failed").first).to_contain_text("nothing")
    await context.close()


async def test_it_speaks_russian(day: Day) -> None:
    async with day.opened(locale="ru-RU") as page:
        await expect(page.locator(".caption")).to_contain_text("программа · Место встречи · часть 1 из 2")
        await expect(page.locator(".segments h2")).to_have_text("Сегменты")


async def test_several_channels_are_moved_together(day: Day, film: Path, catalogue: Catalogue) -> None:
    other = days.recorded(day.site.settings, film, day.epoch.utc_zero_ns + 4 * NS, SECONDS, "two")
    days.catalogued(catalogue, other, "two")
    shift = round((other.utc_zero_ns - day.epoch.utc_zero_ns) / NS * days.RATE)
    async with day.opened(day.address(path="/channels?with=one,two&")) as page:
        pictures = page.locator(".screen img[data-frame]")
        await expect(page.locator(".one").first.locator("img")).to_have_attribute("data-frame", "50", timeout=SLOW)
        await page.keyboard.press("ArrowDown")
        await expect(pictures.first).to_have_attribute("data-frame", "200", timeout=SLOW)
        await expect(pictures.last).to_have_attribute("data-frame", str(200 - shift), timeout=SLOW)
        await page.keyboard.press("ArrowRight")
        await expect(pictures.first).to_have_attribute("data-frame", "201", timeout=SLOW)
        await expect(pictures.last).to_have_attribute("data-frame", str(201 - shift), timeout=SLOW)
