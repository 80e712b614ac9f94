"""The publisher dies in mid-programme and comes back: two epochs, a gap between them, nothing else lost."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live import Daemon, draw_broadcast, wait_until
from tests.servers import Publisher, RtmpServer

pytestmark = [pytest.mark.nginx, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """What a daemon found of seven seconds of a programme, silence, and then the broadcast from its start."""
    folder = tmp_path_factory.mktemp("reconnect")
    footage = draw_broadcast(folder / "broadcast.mp4", parts=2)
    quick = "[channels.ingest]\nretry_initial_s = 0.2\nretry_max_s = 0.5\n"
    with RtmpServer(folder) as server, Daemon(folder, f'url = "{server.url("x")}"', extra=quick) as daemon:
        with Publisher(footage, server.url("x")):
            time.sleep(7)
        time.sleep(2)
        with Publisher(footage, server.url("x")) as publisher:
            publisher.wait()
        wait_until(lambda: [s["state"] for s in daemon.items("segments")] == ["final"] * 3, 60, "three segments")
        yield daemon.items("segments")


def test_both_parts_of_the_programme_and_the_break_are_found(segments: list[dict[str, Any]]) -> None:
    assert [segment["kind"] for segment in segments] == ["programme", "programme", "advert"]


def test_the_two_parts_lie_in_epochs_of_their_own(segments: list[dict[str, Any]]) -> None:
    epochs = [segment["epoch"] for segment in segments]
    assert epochs[0] < epochs[1] == epochs[2]


def test_the_silence_is_a_gap_in_wall_time(segments: list[dict[str, Any]]) -> None:
    assert segments[0]["end"]["utc"] < segments[1]["start"]["utc"]
