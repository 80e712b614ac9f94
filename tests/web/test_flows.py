"""The recording as flows and segments."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from streamproc.logic.timerange import format_timerange, parse_timerange
from streamproc.media.recording.reader import RecordingEpoch
from streamproc.timebase import NS
from tests.footage import Drawn, draw, look
from tests.media.recorded import record

Site = Any
X264 = {"g": "25", "bf": "3", "b_strategy": "0", "sc_threshold": "0"}


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds whose pictures carry their number."""
    return draw(tmp_path_factory.mktemp("flows") / "numbers.mp4", Drawn(frames=300, options=X264))


@pytest.fixture
def epoch(site: Site, footage: Path) -> RecordingEpoch:
    """The footage as the only epoch of channel two, in files of four seconds."""
    recorded, _ = record(footage, site.settings.recording_dir / "two", file_s=4)
    return recorded


async def ask(site: Site, path: str) -> Any:
    async with site.http.get(f"/api/v1/flows{path}") as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


def around(epoch: RecordingEpoch, start_s: float, end_s: float) -> str:
    zero_ns = epoch.utc_zero_ns
    return quote(format_timerange(zero_ns + round(start_s * NS), zero_ns + round(end_s * NS)), safe="")


async def test_a_channel_is_a_flow(site: Site, epoch: RecordingEpoch) -> None:
    flows = await ask(site, "")
    assert [flow["id"] for flow in flows] == ["one", "two"]
    assert flows[1] == await ask(site, "/two")
    assert flows[1]["timerange"] == format_timerange(epoch.utc_zero_ns, epoch.utc_zero_ns + 12 * NS)
    assert flows[1]["codec"] == "video/h264"
    assert flows[1]["essence_parameters"] == {
        "frame_width": 160,
        "frame_height": 96,
        "frame_rate": {"numerator": 25, "denominator": 1},
    }
    assert (flows[0]["timerange"], flows[0]["codec"], flows[0]["essence_parameters"]) == ("()", None, None)


async def test_segments_are_the_files_of_the_time_range(site: Site, epoch: RecordingEpoch) -> None:
    found = await ask(site, f"/two/segments?timerange={around(epoch, 4, 8.5)}")
    assert [one["object_id"] for one in found] == [f"two/{epoch.id}/000002", f"two/{epoch.id}/000003"]
    ends = [parse_timerange(one["timerange"]) for one in found]
    zero_ns = epoch.utc_zero_ns
    assert ends == [(zero_ns + 4 * NS, zero_ns + 8 * NS), (zero_ns + 8 * NS, zero_ns + 12 * NS)]


async def test_the_bytes_of_a_segment_are_where_it_says(site: Site, epoch: RecordingEpoch, tmp_path: Path) -> None:
    _, segment, _ = await ask(site, "/two/segments")
    (where,) = segment["get_urls"]
    assert where["url"].startswith(site.address)
    async with site.http.get(where["url"]) as answer:
        (tmp_path / "it.mp4").write_bytes(await answer.read())
    seen = look(tmp_path / "it.mp4")
    assert [one.numbers[0] for one in seen] == list(range(100, 200))


async def test_a_long_list_comes_in_parts(site: Site, epoch: RecordingEpoch) -> None:
    address, found = f"{site.address}/api/v1/flows/two/segments?limit=1", []
    while address:
        async with site.http.get(address) as answer:
            found += [one["object_id"] for one in await answer.json()]
            link = answer.links.get("next")
            address = "" if link is None else str(link["url"])
    assert found == [f"two/{epoch.id}/00000{number}" for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/two/segments?timerange=yesterday", 400, "write a time range as"),
        ("/two/segments?timerange=%5B6:0_5:0)", 400, "ends before it begins"),
        ("/two/segments?limit=0", 400, "limit"),
        ("/nine", 404, "no channel is named 'nine'"),
        ("/nine/segments", 404, "no channel is named 'nine'"),
    ],
)
async def test_what_is_wrong_is_said(site: Site, path: str, status: int, said: str) -> None:
    async with site.http.get(f"/api/v1/flows{path}") as answer:
        body = await answer.json(content_type="application/problem+json")
        assert (answer.status, said in body["detail"]) == (status, True), body
