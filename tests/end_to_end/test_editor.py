"""An editor's work from end to end: real Chromium, a real daemon, a real RTMP feed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from streamproc.catalogue import Catalogue
from streamproc.messages import Kind
from streamproc.timebase import SystemClock
from tests.editors import TITLE, Office, chromium, draw, numbers, signed_in, without_breaks
from tests.live import wait_until

pytestmark = [pytest.mark.nginx, pytest.mark.chromium, pytest.mark.timeout(1200)]
expect.set_options(timeout=120_000)
NUDGE = 2


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    with Office(folder, draw(folder / "broadcast.mp4")) as office:
        yield office


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def anna(browser: Browser, office: Office) -> Iterator[Page]:
    with signed_in(browser, office, "anna") as page:
        yield page


@pytest.fixture
def boris(browser: Browser, office: Office) -> Iterator[Page]:
    with signed_in(browser, office, "boris") as page:
        yield page


def open_programme(page: Page) -> None:
    """From the channels to the programme, as a person gets there."""
    page.locator(".channel .name a").first.click()
    page.locator(".programmes a", has_text=TITLE).click()
    expect(page.locator(".cut").nth(3)).to_be_visible()


def joint(page: Page, name: str) -> Locator:
    return page.locator(".cut", has=page.get_by_role("button", name=name, exact=True))


def boundary(office: Office, programme: Any, part: int, end: str) -> Any:
    """Return the boundary at an end of a part of a programme."""
    time = programme["parts"][part][end]
    exact = time if "/" in time else f"{time}/1"
    for segment in office.ask("/api/v1/channels/test/segments")["items"]:
        for edge in (segment["start"], segment["end"]):
            if edge is not None and edge["time"] == exact:
                return office.ask(f"/api/v1/boundaries/{edge['boundary_id']}")
    raise AssertionError(f"no boundary at {time}")


def test_what_is_on_air_is_watched_live(anna: Page) -> None:
    anna.locator(".channel .name a").first.click()
    expect(anna.locator(".screen")).to_be_visible()
    anna.get_by_role("button", name="Play", exact=True).click()
    wait_until(lambda: anna.evaluate("document.querySelector('.screen video').currentTime > 0"), 120, "moving pictures")


def test_the_programme_that_has_just_ended_is_corrected_and_downloaded_to_the_frame(
    office: Office, anna: Page, tmp_path: Path
) -> None:
    office.programme(timeout_s=500)
    open_programme(anna)
    joint(anna, "Part 2 begins").locator(".pick").click()
    before = [
        figure.get_attribute("data-frame") for figure in joint(anna, "Part 2 begins").locator(".pair .frame").all()
    ]
    for _ in range(NUDGE):
        anna.keyboard.press("ArrowRight")
    after = [
        figure.get_attribute("data-frame") for figure in joint(anna, "Part 2 begins").locator(".pair .frame").all()
    ]
    assert [int(str(frame)) for frame in after] == [int(str(frame)) + NUDGE for frame in before]
    with anna.expect_download(timeout=120_000) as download:
        anna.get_by_role("button", name="Save and download").click()
    file = tmp_path / "joined.mp4"
    download.value.save_as(file)
    assert TITLE in download.value.suggested_filename
    shown = numbers(file)
    assert shown == without_breaks(shown[0], second_later_by=NUDGE)


def test_the_correction_is_in_the_api_in_the_export_and_among_the_labels_for_training(office: Office) -> None:
    programme = office.programme(timeout_s=60)
    moved = boundary(office, programme, part=1, end="start")
    assert (moved["at"]["method"], moved["versions"][-1]["author"]) == ("hand", "anna")
    assert moved["at"]["frame"] == moved["versions"][-2]["frame"] + NUDGE
    export = office.read(f"/api/v1/programmes/{programme['id']}/export/csv?finished=true").decode("utf-8-sig")
    assert str(moved["at"]["frame"]) in export.replace(";", ",").replace("\n", ",").split(",")
    catalogue = Catalogue.open(f"sqlite:///{office.daemon.data / 'catalogue.sqlite'}", clock=SystemClock())
    try:
        labels = [(row.label, row.author) for row in catalogue.labels("test")]
    finally:
        catalogue.close()
    ends = {(str(label.start), str(label.end), label.kind, author) for label, author in labels}
    old, new = (version["time"] for version in moved["versions"][-2:])
    assert (plain(old), plain(new), Kind.ADVERT, "anna") in ends


def test_a_second_editor_at_the_same_time_gets_a_clear_conflict_and_no_edit_is_lost(
    office: Office, anna: Page, boris: Page
) -> None:
    programme = office.programme(timeout_s=500)
    for page in (anna, boris):
        open_programme(page)
        joint(page, "Part 1 ends").locator(".pick").click()
    at = boundary(office, programme, part=0, end="end")["at"]["frame"]
    anna.keyboard.press("ArrowLeft")
    boris.keyboard.press("Shift+ArrowLeft")
    boris.keyboard.press("Enter")
    conflict = joint(anna, "Part 1 ends").get_by_role("alert")
    expect(conflict).to_contain_text("boris has moved this cut")
    anna.keyboard.press("Enter")
    expect(conflict).to_be_visible()
    conflict.get_by_role("button", name="Put mine again").click()
    expect(conflict).to_have_count(0)
    expect(anna.locator(".toasts")).to_contain_text("Saved")
    now = boundary(office, office.programme(timeout_s=60), part=0, end="end")
    told = [(version["frame"], version["author"]) for version in now["versions"][-2:]]
    assert told == [(at - 10, "boris"), (at - 1, "anna")]
    expect(joint(boris, "Part 1 ends").locator(".pair .frame").last).to_have_attribute("data-frame", str(at - 1))


def test_refreshing_and_a_lost_connection_lose_nothing(office: Office, anna: Page) -> None:
    programme = office.programme(timeout_s=500)
    at = boundary(office, programme, part=1, end="end")["at"]["frame"]
    open_programme(anna)
    joint(anna, "The programme ends").locator(".pick").click()
    anna.keyboard.press("ArrowLeft")
    anna.reload()
    card = joint(anna, "The programme ends")
    expect(card).to_contain_text("not saved: −1 frame")
    card.locator(".pick").click()
    anna.context.set_offline(True)
    anna.keyboard.press("Enter")
    expect(anna.locator(".toasts")).to_contain_text("There is no connection. What you changed is kept here")
    expect(card).to_contain_text("not saved: −1 frame")
    anna.context.set_offline(False)
    anna.keyboard.press("Enter")
    expect(anna.locator(".toasts")).to_contain_text("Saved")
    assert boundary(office, office.programme(timeout_s=60), part=1, end="end")["at"]["frame"] == at - 1


def plain(time: str) -> str:
    """Return a fraction as Fraction writes it."""
    return time.removesuffix("/1")
