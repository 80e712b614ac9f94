"""A real Prometheus scrapes a real daemon as deploy/ configures it."""

import contextlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import free_port, wait_for_port

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
PATIENCE_S = 60.0

pytestmark = pytest.mark.promtool


@contextlib.contextmanager
def server(log: Path, port: int, *command: str) -> Iterator[None]:
    """Run a program until it listens and then until the end; what it said is shown when it doesn't, or ends badly."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for_port(port, PATIENCE_S)
        yield
    except TimeoutError as error:
        raise AssertionError(log.read_text(encoding="utf-8")) from error
    finally:
        process.terminate()
        status = process.wait(timeout=20)
    assert status == 0, log.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def daemon_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("daemon")
    port = free_port()
    config = folder / "streamproc.toml"
    config.write_text(
        f'data_dir = "data"\n[web]\nport = {port}\n'
        f'[[channels]]\nname = "one"\nurl = "rtmp://127.0.0.1:{free_port()}/live/SECRET"\n',
        encoding="utf-8",
    )
    with server(folder / "log", port, sys.executable, "-m", "streamproc", "run", "--config", str(config)):
        yield port


@pytest.fixture(scope="module")
def prometheus_port(daemon_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("prometheus")
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    config = folder / "prometheus.yml"
    config.write_text(text.replace("streamproc:8080", f"127.0.0.1:{daemon_port}"), encoding="utf-8")
    (folder / "alerts.yml").write_bytes((DEPLOY / "prometheus" / "alerts.yml").read_bytes())
    port = free_port()
    arguments = (
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    with server(folder / "log", port, "prometheus", *arguments):
        yield port


def ask(port: int, expression: str) -> list[dict[str, Any]]:
    """What an expression gives, as soon as it gives anything; Prometheus answers 503 while it starts."""
    url = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(url, timeout=10) as answer:
            result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            if result:
                return result
        time.sleep(0.5)
    raise AssertionError(f"{expression} gave nothing for {PATIENCE_S} s")


def test_the_daemon_is_up_for_prometheus(prometheus_port: int) -> None:
    (series,) = ask(prometheus_port, 'up{job="streamproc"} == 1')
    assert series["value"][1] == "1"


@pytest.mark.parametrize("role", ["recorder", "analyser", "web"])
def test_the_supervisor_tells_that_a_role_runs(prometheus_port: int, role: str) -> None:
    (series,) = ask(prometheus_port, f'streamproc_role_up{{role="{role}"}} == 1')
    assert series["value"][1] == "1"


def test_a_channel_without_its_feed_counts_as_not_connected(prometheus_port: int) -> None:
    (series,) = ask(prometheus_port, 'streamproc_connected{channel="one"} == 0')
    assert series["metric"]["channel"] == "one"


def test_no_metric_holds_a_stream_key(daemon_port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{daemon_port}/metrics", timeout=10) as answer:
        assert b"SECRET" not in answer.read()


def test_promtool_finds_nothing_wrong_with_the_metrics(daemon_port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{daemon_port}/metrics", timeout=10) as answer:
        done = subprocess.run(
            ["promtool", "check", "metrics"], input=answer.read(), capture_output=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
