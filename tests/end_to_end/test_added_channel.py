"""A channel is added, changed, stopped and removed over HTTP, on a real feed, while another goes on untouched."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import av
import pytest

from streamproc.config import load
from tests.live import ROOT, Daemon, draw_broadcast, read_number, wait_until
from tests.servers import Publisher, RtmpServer

pytestmark = [pytest.mark.nginx, pytest.mark.timeout(240)]
ADDED = "/api/v1/channels/added"


def send(daemon: Daemon, method: str, path: str, body: object = None) -> Any:
    request = urllib.request.Request(f"http://127.0.0.1:{daemon.port}{path}", method=method)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def recorded(daemon: Daemon, channel: str) -> dict[str, list[Path]]:
    """Return the files of each epoch of a channel's recording."""
    folder = daemon.data / "recording" / channel
    return {epoch.name: sorted(epoch.glob("*.mp4")) for epoch in sorted(folder.glob("[0-9]*"))}


def numbers(path: Path) -> list[int]:
    with av.open(str(path)) as media:
        return [read_number(frame.to_ndarray(format="gray")) for frame in media.decode(video=0)]


def is_recording(daemon: Daemon) -> bool:
    return bool(send(daemon, "GET", ADDED)["health"]["state"] in ("recording", "behind") and recorded(daemon, "added"))


def test_a_channel_comes_changes_stops_and_goes_without_a_restart(tmp_path: Path) -> None:
    footage = draw_broadcast(tmp_path / "broadcast.mp4", parts=8)
    with RtmpServer(tmp_path) as server, Daemon(tmp_path, f'url = "{server.url("FIRST")}"  # the first') as daemon:
        config = tmp_path / "streamproc.toml"
        with Publisher(footage, server.url("FIRST")), Publisher(footage, server.url("SECONDKEY")):
            wait_until(lambda: recorded(daemon, "test"), 30, "the first channel's recording")
            processes = {name: role.pid for name, role in daemon.roles().items()}
            body = {
                "name": "added",
                "title": "Второй",
                "url": server.url("SECONDKEY"),
                "model": str(ROOT / "models" / "demo"),
                "record": {"file_s": 2},
                "retention": {"min_free_bytes": 0},
            }
            added = send(daemon, "POST", "/api/v1/channels", body)
            assert added["applied"]
            assert "SECONDKEY" not in json.dumps(added)
            wait_until(lambda: is_recording(daemon), 30, "a recording of the added channel")
            wait_until(lambda: send(daemon, "GET", f"{ADDED}/segments")["items"], 30, "what is on air there")

            closed = wait_until(lambda: next(iter(recorded(daemon, "added").values()))[:-1], 30, "a closed file")
            frames = numbers(closed[0])
            assert frames == list(range(frames[0], frames[0] + len(frames)))

            changed = {**added["settings"], "title": "Второй HD"}
            assert send(daemon, "PUT", f"{ADDED}/settings", changed)["applied"]
            wait_until(lambda: len(recorded(daemon, "added")) == 2, 30, "its second epoch, under the new settings")
            assert send(daemon, "GET", ADDED)["title"] == "Второй HD"
            assert load(config).channel("added").url == server.url("SECONDKEY")

            send(daemon, "PUT", f"{ADDED}/settings", {**changed, "enabled": False})
            wait_until(lambda: send(daemon, "GET", ADDED)["health"]["state"] == "stopped", 10, "it to be stopped")
            send(daemon, "DELETE", f"{ADDED}/settings")
            assert [channel.name for channel in load(config).channels] == ["test"]
            assert send(daemon, "GET", ADDED)["health"]["state"] == "not-configured"

            assert len(recorded(daemon, "test")) == 1  # never interrupted
            assert {name: role.pid for name, role in daemon.roles().items()} == processes
            assert "# the first" in config.read_text()
            operations = send(daemon, "GET", "/api/v1/operations")
            assert {role["name"]: role["restarts"] for role in operations["roles"]} == dict.fromkeys(processes, 0)
            assert operations["disks"][0]["room_s"] > 0
