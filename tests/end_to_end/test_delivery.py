"""The whole daemon delivers a large file while it is stopped and killed, and tells a webhook of it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from streamproc.catalogue.deliveries import Finished
from streamproc.storage.s3 import PART_BYTES
from streamproc.timebase import SystemClock
from tests.live import Daemon, wait_until
from tests.servers import free_port
from tests.stages.test_deliver import Desk, arrived_bytes
from tests.storage.servers import ENVIRON, S3Server

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SIZE = 3 * PART_BYTES + 1234


@pytest.fixture
def told() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A receiver of webhooks: its port, and what it was told by whoever has the secret."""
    events: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            events.append(Webhook(SECRET).verify(body, dict(self.headers)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, events
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def slow_s3(tmp_path: Path) -> Iterator[S3Server]:
    class Slow(S3Server):
        def command(self) -> list[str]:
            return [*super().command(), "--bwlimit", "12M"]

    with Slow(tmp_path / "s3") as server:
        yield server


@pytest.fixture
def daemon(
    tmp_path: Path, slow_s3: S3Server, told: tuple[int, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> Daemon:
    """A daemon that only records, with a target and a webhook."""
    for name, value in {**ENVIRON, "HOOK_SECRET": SECRET}.items():
        monkeypatch.setenv(name, value)
    cloud = slow_s3.target()
    daemon = Daemon(tmp_path, "")
    (tmp_path / "streamproc.toml").write_text(
        f'data_dir = "data"\n[web]\nport = {daemon.port}\n'
        f'[[channels]]\nname = "one"\nlisten = "udp://127.0.0.1:{free_port()}"\ndeliver = ["cloud"]\n'
        "retention.min_free_bytes = 0\n"
        f'[[targets]]\nname = "cloud"\nurl = "{cloud.url}"\nendpoint_url = "{cloud.endpoint_url}"\n'
        'user_env = "THE_KEY"\npassword_env = "THE_SECRET"\n'
        f'[[webhooks]]\nname = "desk"\nurl = "http://127.0.0.1:{told[0]}/"\nsecret_env = "HOOK_SECRET"\n'
        'events = ["delivery"]\n'
    )
    return daemon


@pytest.fixture
def piece(daemon: Daemon) -> Iterator[tuple[Desk, Finished]]:
    """A finished file of several parts, in the daemon's own catalogue."""
    desk = Desk(daemon.data, SystemClock())
    desk.catalogue.hooks.place("desk")  # so that it is told of everything from now on
    yield desk, desk.finish(SIZE)
    desk.catalogue.close()


def test_a_file_arrives_although_the_daemon_is_stopped_and_killed_in_the_middle(
    daemon: Daemon, slow_s3: S3Server, piece: tuple[Desk, Finished], told: tuple[int, list[dict[str, Any]]]
) -> None:
    desk, what = piece
    with daemon:
        wait_until(lambda: arrived_bytes(slow_s3) > PART_BYTES, 90, "the first part")
    assert daemon.process is not None
    assert daemon.process.returncode == 0
    assert arrived_bytes(slow_s3) < SIZE
    with daemon:
        wait_until(lambda: arrived_bytes(slow_s3) > 2 * PART_BYTES, 90, "the second part")
        daemon.kill("analyser")
        wait_until(lambda: daemon.ask("/api/v1/deliveries?state=done")["items"], 90, "the file to arrive")
        (shown,) = daemon.ask("/api/v1/deliveries")["items"]
        there = slow_s3.folder / "clips" / shown["remote_path"]
        assert there.read_bytes() == desk.file(what).read_bytes()
        wait_until(lambda: told[1] and told[1][-1]["data"]["subject"]["state"] == "done", 30, "the webhook to be told")
    numbers = [event["data"]["id"] for event in told[1]]
    assert numbers == sorted(set(numbers))
    log = (daemon.folder / "daemon.log").read_text()
    (done,) = [line for line in log.splitlines() if "event=delivery.done" in line]
    assert int(done.split("resumed_at=")[1].split()[0]) >= 2 * PART_BYTES
    assert [secret for secret in (*ENVIRON.values(), SECRET) if secret in log + json.dumps(shown)] == []
