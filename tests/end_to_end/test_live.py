"""One broadcast, live over a real RTMP server: published, recorded, found, cut, downloaded."""

import hashlib
import json
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from tests.live import PART, Daemon, draw_broadcast, frame_kind, read_number, wait_until
from tests.servers import Publisher, RtmpServer

pytestmark = [pytest.mark.nginx, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that has seen a whole broadcast of programme, break, programme, break, and then the end of it."""
    folder = tmp_path_factory.mktemp("live")
    footage = draw_broadcast(folder / "broadcast.mp4")
    with RtmpServer(folder) as server, Daemon(folder, f'url = "{server.url("SECRETKEY")}"') as daemon:
        with Publisher(footage, server.url("SECRETKEY")) as publisher:
            publisher.wait()
        wait_until(lambda: len(ready_clips(daemon)) == 2, 60, "two clips")
        yield daemon


def ready_clips(daemon: Daemon) -> list[dict[str, Any]]:
    return [clip for clip in daemon.items("clips") if clip["state"] == "ready"]


@pytest.fixture(scope="module")
def pictures(daemon: Daemon) -> list[list[int]]:
    """The numbers that the pictures of each downloaded clip carry."""
    return [numbers(download(daemon, clip)) for clip in ready_clips(daemon)]


def download(daemon: Daemon, clip: dict[str, Any]) -> Path:
    target = daemon.folder / f"download-{clip['id']}.mp4"
    with urllib.request.urlopen(f"http://127.0.0.1:{daemon.port}/api/v1/clips/{clip['id']}/download") as answer:
        target.write_bytes(answer.read())
    return target


def numbers(path: Path) -> list[int]:
    with av.open(str(path)) as media:
        return [read_number(frame.to_ndarray(format="gray")) for frame in media.decode(video=0)]


def test_programmes_and_breaks_are_told_apart_in_order(daemon: Daemon) -> None:
    kinds = [segment["kind"] for segment in daemon.items("segments")]
    assert kinds == ["programme", "advert", "programme", "advert"]


def test_a_clip_holds_exactly_the_frames_of_its_programme(pictures: list[list[int]]) -> None:
    whole = pictures[1]
    assert whole == list(range(2 * PART, 3 * PART))


def test_a_clip_of_a_programme_that_was_joined_late_begins_where_recording_began(pictures: list[list[int]]) -> None:
    first = pictures[0]
    assert first == list(range(first[0], PART))
    assert frame_kind(first[0]) == "programme"


def test_segments_are_contiguous(daemon: Daemon) -> None:
    segments = daemon.items("segments")
    ends = [segment["end"]["time"] for segment in segments[:-1]]
    assert ends == [segment["start"]["time"] for segment in segments[1:]]


def test_every_segment_is_final_once_the_feed_has_ended(daemon: Daemon) -> None:
    wait_until(lambda: all(s["state"] == "final" for s in daemon.items("segments")), 30, "final segments")


def test_a_download_is_the_file_whose_hash_the_catalogue_holds(daemon: Daemon) -> None:
    clip = ready_clips(daemon)[0]
    assert hashlib.sha256(download(daemon, clip).read_bytes()).hexdigest() == clip["sha256"]


def test_a_part_of_a_clip_can_be_asked_for(daemon: Daemon) -> None:
    clip = ready_clips(daemon)[0]
    request = urllib.request.Request(
        f"http://127.0.0.1:{daemon.port}/api/v1/clips/{clip['id']}/download", headers={"Range": "bytes=4-7"}
    )
    with urllib.request.urlopen(request) as answer:
        assert (answer.status, answer.read()) == (206, b"ftyp")


def test_an_ordered_range_becomes_a_piece_of_exactly_that_time(daemon: Daemon) -> None:
    begin = datetime.fromisoformat(ready_clips(daemon)[1]["start_utc"])
    wanted = {"name": "начало", "channel": "test", "from": begin.isoformat()}
    wanted["to"] = (begin + timedelta(seconds=2)).isoformat()
    request = urllib.request.Request(
        f"http://127.0.0.1:{daemon.port}/api/v1/orders",
        data=json.dumps([wanted]).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        number = json.load(answer)["lines"][0]["order"]["id"]

    def piece_id() -> int | None:
        found: int | None = daemon.ask(f"/api/v1/orders/{number}")["piece_id"]
        return found

    piece = daemon.ask(f"/api/v1/pieces/{wait_until(piece_id, 30, 'a piece')}")
    assert (piece["title"], piece["duration_s"]) == ("начало", 2.0)
    assert datetime.fromisoformat(piece["start_utc"]) == begin

    def made() -> str | None:
        found: dict[str, Any] = daemon.ask(f"/api/v1/pieces/{piece['id']}")
        assert found["state"] != "failed", found
        download: str | None = found["download"]
        return download

    file = daemon.folder / "piece.mp4"
    with urllib.request.urlopen(f"http://127.0.0.1:{daemon.port}{wait_until(made, 60, 'its file')}") as answer:
        file.write_bytes(answer.read())
    shown = numbers(file)
    assert shown == list(range(shown[0], shown[0] + 50))


def picture(daemon: Daemon, epoch: int, frame: int) -> int:
    """The number that the picture of a frame carries."""
    address = f"http://127.0.0.1:{daemon.port}/api/v1/channels/test/frames/{epoch}/{frame}.jpg?width=640"
    with urllib.request.urlopen(address) as answer:
        return read_number(cv2.imdecode(np.frombuffer(answer.read(), np.uint8), cv2.IMREAD_GRAYSCALE))


def test_the_pictures_of_a_boundary_are_the_frames_on_both_sides_of_it(daemon: Daemon) -> None:
    segment = daemon.items("segments")[2]
    first = segment["start"]["frame"]
    shown = [picture(daemon, segment["epoch"], number) for number in (first - 1, first)]
    assert shown == [2 * PART - 1, 2 * PART]
    assert [frame_kind(number) for number in shown] == ["advert", "programme"]


def test_scores_and_levels_were_kept_along_the_way(daemon: Daemon) -> None:
    segment = daemon.items("segments")[2]
    stretch = f"from={segment['start']['utc']}&to={segment['end']['utc']}"

    def drawn() -> dict[str, Any] | None:
        found: dict[str, Any] = daemon.ask(f"/api/v1/channels/test/curves?{stretch}")
        return found if found["score"] and len(found["level"]) > 15 else None

    curves = wait_until(drawn, 60, "curves")
    assert all(mean > 0.5 for _, _, mean, _ in curves["score"])
    assert all(-40 < mean < -10 for _, _, mean, _ in curves["level"])


def test_the_stream_key_is_nowhere_to_be_read(daemon: Daemon) -> None:
    def text(path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{daemon.port}{path}") as answer:
            content: bytes = answer.read()
            return content

    shown = text("/metrics") + text("/api/v1/channels") + (daemon.folder / "daemon.log").read_bytes()
    assert b"SECRETKEY" not in shown


def test_a_stop_takes_less_than_ten_seconds_and_ends_well(daemon: Daemon) -> None:
    begun = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - begun < 10
    daemon.start()
    wait_until(lambda: daemon.roles().keys() == {"recorder", "analyser", "web"}, 30, "all roles")
