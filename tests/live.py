"""What end-to-end tests share: a broadcast that says its own frame numbers, and a daemon that can be killed."""

import contextlib
import json
import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import cv2
import numpy as np
import psutil
import skimage.data
from numpy.typing import NDArray

from streamproc.demo.bug import BUG_LEFT, BUG_OPACITY, BUG_TOP, draw_bug
from streamproc.media.encode import Coding, Encoder
from streamproc.training.composite import overlay
from tests.servers import free_port, wait_for_port

T = TypeVar("T")
ROOT = Path(__file__).parent.parent
WIDTH, HEIGHT, RATE, GOP = 640, 360, Fraction(25), 25
PART = 250
"""Frames of each programme and each break; the broadcast begins with a programme."""
_BITS, _SQUARE = 16, 16


def frame_kind(number: int) -> str:
    """Return what is on air at a frame of the broadcast."""
    return "advert" if number // PART % 2 else "programme"


def draw_broadcast(path: Path, parts: int = 4, kind: Callable[[int], str] = frame_kind) -> Path:
    """Draw panned photographs with the demo's bug on every other part; each picture carries its number."""
    photographs = [cv2.resize(picture(), (WIDTH * 3 // 2, HEIGHT * 3 // 2)) for picture in _PHOTOGRAPHS]
    logo = draw_bug(HEIGHT)
    with Encoder(str(path), Coding(width=WIDTH, height=HEIGHT, rate=RATE, gop_frames=GOP, preset="ultrafast")) as out:
        for number in range(parts * PART):
            shot, step = divmod(number, 50)
            photograph = photographs[shot % len(photographs)]
            picture = photograph[step : step + HEIGHT, 2 * step : 2 * step + WIDTH].copy()
            if kind(number) == "programme":
                picture = overlay(picture, logo, BUG_LEFT * WIDTH, BUG_TOP * HEIGHT, BUG_OPACITY)
            _stamp(picture, number)
            tone = np.sin(np.arange(1920) * (0.02 if kind(number) == "programme" else 0.05)) * 0.2
            out.write(picture, np.stack([tone, tone]).astype(np.float32))
    return path


def read_number(luma: NDArray[np.uint8]) -> int:
    """Return the number that a decoded picture of the broadcast carries."""
    row = slice(HEIGHT - _SQUARE + 4, HEIGHT - 4)
    bits = [luma[row, bit * _SQUARE + 4 : (bit + 1) * _SQUARE - 4].mean() > 128 for bit in range(_BITS)]
    return sum(1 << bit for bit, is_set in enumerate(bits) if is_set)


def _stamp(picture: NDArray[np.uint8], number: int) -> None:
    for bit in range(_BITS):
        picture[HEIGHT - _SQUARE :, bit * _SQUARE : (bit + 1) * _SQUARE] = 235 if number >> bit & 1 else 16


_PHOTOGRAPHS: Sequence[Callable[[], NDArray[np.uint8]]] = (
    skimage.data.astronaut,
    skimage.data.coffee,
    skimage.data.chelsea,
    skimage.data.rocket,
)


def wait_until(what: Callable[[], T | None], timeout_s: float, why: str) -> T:
    """Return the first true thing that ``what`` gives; a server that does not answer yet is waited for too."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            value = what()
            if value:
                return value
        time.sleep(0.1)
    raise TimeoutError(why)


@dataclass
class Daemon:
    """A real daemon with one channel; ``ask`` reads its API."""

    folder: Path
    source: str
    port: int = field(default_factory=free_port)
    extra: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """Return its data folder."""
        return self.folder / "data"

    def start(self) -> Self:
        """Start it; its log is appended to ``daemon.log``."""
        config = self.folder / "streamproc.toml"
        if not config.exists():
            self._configure(config)
        command = [sys.executable, "-m", "streamproc", "run", "--config", str(config)]
        with (self.folder / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def _configure(self, config: Path) -> None:
        config.write_text(
            f'data_dir = "data"\n[web]\nport = {self.port}\n[[channels]]\nname = "test"\n{self.source}\n'
            f'model = "{ROOT / "models" / "demo"}"\n[channels.retention]\nmin_free_bytes = 0\n{self.extra}',
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        self.start()
        wait_for_port(self.port, 60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(15)

    def ask(self, path: str) -> Any:
        """Return what the API answers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return json.load(answer)

    def items(self, what: str) -> list[dict[str, Any]]:
        """Return all segments or clips of the channel, oldest first."""
        found: list[dict[str, Any]] = self.ask(f"/api/v1/channels/test/{what}?limit=500")["items"]
        return sorted(found, key=lambda item: int(item["id"]))

    def roles(self) -> dict[str, psutil.Process]:
        """Return the processes of the roles that run now."""
        assert self.process is not None
        found = {}
        for child in psutil.Process(self.process.pid).children():
            command = child.cmdline()
            if "--role" in command:
                found[command[command.index("--role") + 1]] = child
        return found

    def kill(self, victim: str) -> int:
        """Kill a role, or the supervisor and then start it again as systemd would; return when, wall time in ns."""
        assert self.process is not None
        if victim != "supervisor":
            role = wait_until(lambda: self.roles().get(victim), 30, f"a {victim} to kill")
            killed_ns = time.time_ns()
            role.kill()
            return killed_ns
        killed_ns = time.time_ns()
        self.process.kill()
        self.process.wait()
        self.start()
        return killed_ns


def some_seconds(chance: random.Random, least: float, most: float) -> None:
    """Let a random time pass."""
    time.sleep(chance.uniform(least, most))
