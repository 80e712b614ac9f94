"""The refreshing of listings, from files and a real catalogue."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from streamproc.catalogue.store import Catalogue
from streamproc.config import Settings
from streamproc.stages.schedule import ScheduleStage
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, ManualClock, iso_utc

NOW_NS = 1_787_300_000 * NS


def xmltv(*titles: str, channel: str = "1", zone: str = " +0300") -> str:
    """A schedule of hourly programmes from six in the morning."""
    programmes = "".join(
        f'<programme channel="{channel}" start="20260822{6 + hour:02}0000{zone}"><title>{title}</title></programme>'
        for hour, title in enumerate(titles)
    )
    return f'<tv><channel id="{channel}"><display-name>Первый</display-name></channel>{programmes}</tv>'


class Desk:
    """A stage with a file to read, and what came of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "guide.xml"
        self.clock = ManualClock(NOW_NS)
        self.telemetry = Telemetry(CollectorRegistry())
        self.catalogue = Catalogue.open(f"sqlite:///{folder / 'catalogue.sqlite'}", clock=self.clock)
        self.configure({"name": "one", "title": "Первый"})
        self.catalogue.put_channel("one", "Первый", None, None)
        self.stage = ScheduleStage(lambda: self.settings, self.catalogue, self.telemetry, self.clock)

    def configure(self, *channels: dict[str, str], **schedule: Any) -> None:
        self.settings = Settings.model_validate(
            {
                "data_dir": self.path.parent,
                "schedule": {"source": str(self.path), **schedule},
                "channels": [{"url": "udp://127.0.0.1:9", **channel} for channel in channels],
            }
        )

    def write(self, text: str, encoding: str = "utf-8") -> None:
        self.path.write_text(text, encoding=encoding)

    def listed(self, channel: str = "one") -> list[tuple[str, str]]:
        rows = self.catalogue.listings.between(channel, 0, 2 * NOW_NS)
        return [(iso_utc(row.start_ns)[11:16], row.title) for row in rows]

    def metric(self, name: str) -> float | None:
        return self.telemetry.registry.get_sample_value(f"streamproc_{name}", {"channel": "one"})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.catalogue.close()


async def test_a_channel_is_found_by_its_title_and_gets_its_listings(desk: Desk) -> None:
    desk.write(xmltv("Утро", "Новости"))
    assert await desk.stage.refresh()
    assert desk.listed() == [("03:00", "Утро"), ("04:00", "Новости")]
    assert desk.metric("schedule_read_timestamp_seconds") == NOW_NS / NS
    assert desk.metric("schedule_until_timestamp_seconds") == 1_787_371_200.0


async def test_a_channel_that_names_its_id_is_found_by_it(desk: Desk) -> None:
    desk.configure({"name": "one", "title": "Something", "schedule_id": "ntv.ru@HD"})
    desk.write(xmltv("Утро", channel="ntv.ru@HD"))
    assert await desk.stage.refresh()
    assert desk.listed() == [("03:00", "Утро")]


async def test_times_without_an_offset_are_in_the_configured_zone(desk: Desk) -> None:
    desk.configure({"name": "one", "title": "Первый"}, zone="Asia/Vladivostok")
    desk.write(xmltv("Утро", zone=""))
    await desk.stage.refresh()
    assert desk.listed() == [("20:00", "Утро")]


async def test_a_schedule_that_has_changed_takes_the_place_of_the_one_before(desk: Desk) -> None:
    desk.write(xmltv("Утро", "Новости"))
    await desk.stage.refresh()
    desk.write(xmltv("Утро", "Спорт сегодня"))
    await desk.stage.refresh()
    assert desk.listed() == [("03:00", "Утро"), ("04:00", "Спорт сегодня")]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (xmltv("Утро"), "windows-1251"),
        (xmltv("Утро")[:-9], "utf-8"),
        (xmltv("Утро", zone=" MSQ"), "utf-8"),
        (xmltv(), "utf-8"),
        ("", "utf-8"),
    ],
    ids=["wrong encoding", "torn", "unknown zone", "nothing of the channel", "empty"],
)
async def test_a_broken_schedule_leaves_the_listings_that_were_there(desk: Desk, text: str, encoding: str) -> None:
    desk.write(xmltv("Утро", "Новости"))
    await desk.stage.refresh()
    desk.clock.advance(3600)
    desk.write(text, encoding)
    await desk.stage.refresh()
    assert desk.listed() == [("03:00", "Утро"), ("04:00", "Новости")]
    assert desk.metric("schedule_read_timestamp_seconds") == NOW_NS / NS


async def test_a_channel_that_is_not_in_the_schedule_does_not_keep_the_others_from_theirs(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.configure(
        {"name": "two", "schedule_id": "ntv.ru"},
        {"name": "one", "title": "Первый"},
    )
    desk.catalogue.put_channel("two", "Two", None, None)
    desk.write(xmltv("Утро"))
    await desk.stage.refresh()
    assert desk.listed() == [("03:00", "Утро")]
    said = capsys.readouterr()
    assert "no channel 'ntv.ru'; there are: 1 (Первый)" in said.out + said.err


async def test_a_schedule_that_is_not_there_is_tried_again_and_read_when_it_comes(desk: Desk) -> None:
    assert not await desk.stage.refresh()
    desk.write(xmltv("Утро"))
    assert await desk.stage.refresh()
    assert desk.listed() == [("03:00", "Утро")]


async def test_a_channel_that_the_catalogue_learns_of_later_gets_its_listings_too(desk: Desk) -> None:
    desk.configure({"name": "one", "title": "Первый"}, {"name": "new", "title": "Первый"})
    desk.write(xmltv("Утро"))
    await desk.stage.refresh()
    desk.catalogue.put_channel("new", "New", None, None)
    await desk.stage.refresh()
    assert desk.listed("new") == [("03:00", "Утро")]
