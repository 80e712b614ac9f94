import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

_RUN = "import sys; from pathlib import Path; from streamproc.demo.run import main; "


@contextlib.contextmanager
def demo(folder: Path) -> Iterator[subprocess.Popen[str]]:
    code = _RUN + f"sys.exit(main(once=True, folder=Path({str(folder)!r}), breaks=1))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment())
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}


def running(folder: Path) -> list[int]:
    """Return the processes that name the folder or an address of the demo's own configuration."""
    config = folder / "streamproc.toml"
    address = config.read_text().split("listen = ")[1].split('"')[1] if config.exists() else str(folder)
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if "streamproc" in line and (str(config) in line or address in line):
            found.append(process.pid)
    return found


def wait_until_on_air(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if "on air: programme" in line:
            return
    pytest.fail("the demo ended before it was on air")


def gone_within(folder: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not running(folder):
            return True
        time.sleep(0.2)
    return False


def test_a_killed_demo_leaves_nothing_running(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with demo(folder) as process:
        wait_until_on_air(process)
        assert len(running(folder)) == 5  # supervisor, three roles, and who sends the broadcast
        process.kill()
        assert gone_within(folder, 30)


def test_an_interrupted_demo_stops_all_it_started(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with demo(folder) as process:
        wait_until_on_air(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
        assert running(folder) == []


@pytest.mark.timeout(600)
def test_it_finds_every_boundary_of_its_broadcast_on_the_frame(tmp_path: Path) -> None:
    with demo(tmp_path / "demo") as process:
        output, _ = process.communicate(timeout=580)
    assert process.returncode == 0, output
    assert "All 2 boundaries found, none false; 2 clips." in output
    assert output.count(" 0 fr ") == 2
