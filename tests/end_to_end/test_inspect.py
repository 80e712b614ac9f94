"""A logo is painted out of a live feed: the daemon finds it, says so once, and shows it."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from streamproc.messages import Box
from tests.erased import HOLE, draw_erased
from tests.live import Daemon, wait_until
from tests.servers import Publisher, RtmpServer

pytestmark = [pytest.mark.nginx, pytest.mark.timeout(400)]
INSPECT = "[channels.inspect]\nenabled = true\nmost_behind_s = 600\nsure_after_s = 2\n"


def findings(daemon: Daemon) -> list[dict[str, Any]]:
    return daemon.items("findings")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose analyser was killed while a finding was open, and that has then seen the end of the feed."""
    folder = tmp_path_factory.mktemp("inspected")
    footage = draw_erased(folder / "erased.mp4", 240, range(40, 190))
    with (
        RtmpServer(folder) as server,
        Daemon(folder, f'url = "{server.url("SECRETKEY")}"', extra=INSPECT) as daemon,
    ):
        with Publisher(footage, server.url("SECRETKEY")) as publisher:
            wait_until(lambda: findings(daemon), 90, "a finding")
            daemon.kill("analyser")
            publisher.wait(120)
        wait_until(lambda: not any(one["open"] for one in findings(daemon)), 120, "the end of it")
        yield daemon


def test_what_was_erased_is_one_finding_in_its_place_though_the_analyser_was_killed(daemon: Daemon) -> None:
    (found,) = findings(daemon)
    assert Box(**found["box"]).overlap(HOLE) > 0.6
    assert found["end_s"] - found["start_s"] == pytest.approx(14.5, abs=3.6)
    assert (found["kind"], found["width"], found["height"]) == ("erased", 640, 360)


def test_it_is_drawn_in_the_day_and_told_once(daemon: Daemon) -> None:
    (found,) = findings(daemon)
    start, end = (quote(found[name]) for name in ("start_utc", "end_utc"))
    drawn = daemon.ask(f"/api/v1/channels/test/timeline?from={start}&to={end}")["findings"]
    assert [one["id"] for one in drawn] == [found["id"]]


def test_its_heat_and_its_frame_can_be_seen(daemon: Daemon) -> None:
    (found,) = findings(daemon)
    address = f"http://127.0.0.1:{daemon.port}"
    with urllib.request.urlopen(address + found["heat"]) as answer:
        assert answer.read().startswith(b"\x89PNG")
    frame = daemon.ask(f"/api/v1/channels/test/frames/{found['epoch']}?time={quote(found['shown'])}")
    assert frame["keyframe"]


def test_somebody_says_what_it_is(daemon: Daemon) -> None:
    (found,) = findings(daemon)
    request = urllib.request.Request(
        f"http://127.0.0.1:{daemon.port}/api/v1/findings/{found['id']}/verdict",
        data=json.dumps({"verdict": "confirmed"}).encode(),
        headers={"Content-Type": "application/json", "If-Match": f'"{found["verdict_version"]}"'},
        method="PUT",
    )
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["verdict"] == "confirmed"


def test_what_it_did_is_counted(daemon: Daemon) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{daemon.port}/metrics") as answer:
        text = answer.read().decode()
    assert 'streamproc_inspected_keyframes_total{channel="test"}' in text
    assert 'streamproc_findings_open{channel="test"} 0.0' in text
