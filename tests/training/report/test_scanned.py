"""The report of a scan: what comes first, where things are, and that it needs nothing else."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import async_playwright

from streamproc.forensics.evidence import Event
from streamproc.forensics.findings import Finding
from streamproc.forensics.lasting import Lasting
from streamproc.forensics.traces import Box, Reliability
from streamproc.training.report.scanned import write_scan_report

GOOD, WEAK, UNDECIDABLE = Reliability.GOOD, Reliability.WEAK, Reliability.UNDECIDABLE
WIDE, TALL = 400, 800  # a tall picture is shown smaller than there is room
BOX = Box(left=300, top=100, right=380, bottom=160)


def finding(folder: Path, name: str, score: float, reliability: Reliability, *boxes: Box) -> Finding:
    """Write a picture that is blue where a box is."""
    picture = np.zeros((TALL, WIDE, 3), np.uint8)
    for box in boxes:
        picture[box.top : box.bottom, box.left : box.right, 2] = 255
    for kind in ("heat.png", "picture.jpg"):
        Image.fromarray(picture).save(folder / f"{name}-{kind}")
    return Finding(
        source=f"air/{name}",
        time_s=3723.48 if name == "third" else None,
        score=score,
        reliability=reliability,
        boxes=boxes,
        mask="",
        heat=f"{name}-heat.png",
        picture=f"{name}-picture.jpg" if boxes else None,
    )


def lasting() -> Lasting:
    event = Event(
        number=1,
        start=Fraction(25, 2),
        end=Fraction(62),
        shown=Fraction(30),
        box=BOX,
        score=0.93,
        reliability=GOOD,
        keyframes=40,
        heat=np.zeros((TALL, WIDE), np.float32),
        over=True,
    )
    return Lasting(source="air/evening.ts", event=event)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return write_scan_report(
        tmp_path,
        "residual",
        ([lasting()], pictures(tmp_path)),
        {},
    )


def pictures(tmp_path: Path) -> list[Finding]:
    return [
        finding(tmp_path, "fourth", 0.0, UNDECIDABLE),
        finding(tmp_path, "third", 0.99, WEAK, BOX),
        finding(tmp_path, "second", 0.7, GOOD, BOX),
        finding(tmp_path, "fifth", 0.0, GOOD),
        finding(tmp_path, "first", 0.95, GOOD, BOX, Box(left=8, top=700, right=60, bottom=740)),
    ]


def test_what_stays_in_its_place_comes_before_single_pictures(report: Path) -> None:
    page = report.read_text("utf-8")
    assert "Places that stay painted over while the picture under them changes: 1." in page
    assert "Места, которые остаются закрашенными, пока кадр под ними меняется: 1." in page
    assert page.index("from 0:00:12.500 to 0:01:02.000") < page.index("<b>first</b>")


def test_what_was_found_comes_first_then_how_far_it_counts_then_how_sure_it_is(report: Path) -> None:
    rows = re.findall(r'scope="row"><span class="soft">air/</span><wbr /><b>(\w+)', report.read_text("utf-8"))
    assert rows == ["evening", "first", "second", "third", "fifth", "fourth"]


def test_a_place_in_a_video_is_told_as_a_clock_does(report: Path) -> None:
    assert "at 1:02:03.480" in report.read_text("utf-8")


@pytest.mark.chromium
@pytest.mark.parametrize(
    ("locale", "word"), [("en-GB", "Very likely painted over"), ("ru-RU", "Очень похоже на закраску")]
)
async def test_in_a_browser_without_a_network_every_box_is_where_it_is_on_the_picture(
    report: Path, locale: str, word: str
) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = await browser.new_page(locale=locale, offline=True)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("requestfailed", lambda request: complaints.append(request.url[:80]))
        await page.goto(report.as_uri())
        first = page.locator(".finding").first
        assert word in await first.inner_text()
        shown = await first.locator(".marked img").bounding_box()
        outline = await first.locator("rect").first.bounding_box()
        assert shown is not None
        assert outline is not None
        scale = shown["height"] / TALL
        assert outline["x"] + outline["width"] / 2 - shown["x"] == pytest.approx(340 * scale, abs=2)
        assert outline["y"] + outline["height"] / 2 - shown["y"] == pytest.approx(130 * scale, abs=2)
        await browser.close()
    assert complaints == []
