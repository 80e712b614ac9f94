"""Measures whether the search for paint holds up the main flow: a live feed, watched with it and without, in turns.

    python -m benchmarks.inspect [--rounds 3] [--seconds 60] [--work DIR]

The feed is drawn first (1080p25, H.264, a keyframe every two seconds, the demo's bug on every other eight seconds, a
place painted over all the time) and played in real time into a real daemon, anew for each turn: off, on, on, off … For
each turn it is asked how late changes were marked and boundaries final, how far the sampler was behind the recording
(asked four times a second), and what CPU the analyser took. What counts are the ratios, of one run on one machine.
"""

import argparse
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import psutil  # type: ignore[import-untyped]
import skimage.data

from benchmarks.machine import RESULTS, command, describe
from streamproc.demo.bug import BUG_LEFT, BUG_OPACITY, BUG_TOP, draw_bug
from streamproc.media.encode import Coding, Encoder
from streamproc.training.composite import overlay
from streamproc.training.forensics.inpainters import delogo

ROOT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT, RATE, GOP, PART = 1920, 1080, 25, 50, 200
HOLE = (1500, 900, 160, 96)
"""Left, top, width and height of the place that is painted over."""
_ASKED_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one turn showed."""

    inspects: bool
    marked_s: float
    """From a change's arrival to its provisional mark, mean."""
    final_s: float
    """From a change's arrival to its final boundary, mean."""
    boundaries: int
    sampler_median_s: float
    """How far the sampler was behind the recording."""
    sampler_p95_s: float
    cpu_share: float
    """CPU of the analyser, seconds a second."""
    inspected: int
    left_out: int
    inspect_s: float | None
    """From a keyframe's packet to what it adds to the evidence, mean, waiting for a core included."""
    findings: int
    load: float
    """Of the machine at the turn's end, over a minute; others worked on it too."""


def draw(path: Path, seconds: int) -> Path:
    """Draw the feed."""
    if path.exists():
        return path
    pictures = (skimage.data.astronaut, skimage.data.coffee, skimage.data.chelsea)
    photographs = [cv2.resize(picture(), (WIDTH * 3 // 2, HEIGHT * 3 // 2)) for picture in pictures]
    logo = draw_bug(HEIGHT)
    left, top, width, height = HOLE
    around = np.s_[top - 8 : top + height + 8, left - 8 : left + width + 8]
    mask = np.zeros((height + 16, width + 16), bool)
    mask[8:-8, 8:-8] = True
    noise = np.random.default_rng(1).integers(0, 7, (HEIGHT * 2, WIDTH * 2, 3), np.uint8)
    partial = path.with_suffix(".part.ts")
    coding = Coding(
        width=WIDTH, height=HEIGHT, rate=Fraction(RATE), gop_frames=GOP, bit_rate=6_000_000, preset="ultrafast"
    )
    with Encoder(str(partial), coding) as out:
        for number in range(seconds * RATE):
            shot, step = divmod(number, 2 * GOP)
            grain = noise[number * 7 % HEIGHT :][:HEIGHT, number * 13 % WIDTH :][:, :WIDTH]
            whole = photographs[shot % len(photographs)]
            picture = cv2.add(np.ascontiguousarray(whole[2 * step :][:HEIGHT, 4 * step :][:, :WIDTH]), grain)
            if number // PART % 2 == 0:
                picture = overlay(picture, logo, BUG_LEFT * WIDTH, BUG_TOP * HEIGHT, BUG_OPACITY)
            picture[around] = delogo(np.ascontiguousarray(picture[around]), mask)
            out.write(picture, np.zeros((2, 1920), np.float32))
    return partial.rename(path)


def turn(feed: Path, folder: Path, seconds: int, *, inspects: bool) -> Turn:
    """Play the feed to a daemon of its own; return what it showed."""
    port, feed_port = _free_port(), _free_port()
    folder.mkdir(parents=True)
    config = folder / "streamproc.toml"
    config.write_text(
        f'data_dir = "data"\n[web]\nport = {port}\n[[channels]]\nname = "one"\nmodel = "{ROOT / "models" / "demo"}"\n'
        f'listen = "tcp://127.0.0.1:{feed_port}"\n[channels.retention]\nmin_free_bytes = 0\n'
        f"[channels.inspect]\nenabled = {str(inspects).lower()}\n",
        encoding="utf-8",
    )
    run = [sys.executable, "-m", "streamproc", "run", "--config", str(config)]
    send = ["ffmpeg", "-v", "error", "-re", "-i", str(feed), "-c", "copy", "-f", "mpegts"]
    with (folder / "daemon.log").open("wb") as log:
        daemon = subprocess.Popen(run, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _wait_for(port, feed_port)
            analyser = _role(daemon.pid, "analyser")
            before, began = _cpu(analyser), time.monotonic()
            publisher = subprocess.Popen([*send, f"tcp://127.0.0.1:{feed_port}"], stdin=subprocess.DEVNULL)
            lags = _watch(port, publisher, seconds + 60)
            took, cpu = time.monotonic() - began, _cpu(analyser) - before
            _settle(port)
            return _told(_metrics(port), lags, cpu / took, inspects=inspects)
        finally:
            daemon.terminate()
            daemon.wait(20)


def _watch(port: int, publisher: "subprocess.Popen[bytes]", at_most_s: float) -> list[float]:
    """Ask how far the sampler is behind until the feed has ended."""
    lags, deadline = [], time.monotonic() + at_most_s
    while publisher.poll() is None:
        if time.monotonic() > deadline:
            publisher.kill()
            raise SystemExit("the feed did not end in time; is the machine too busy to play it in real time?")
        lag = _metrics(port).get('streamproc_reader_lag_seconds{channel="one",stage="sample"}')
        if lag is not None:
            lags.append(lag)
        time.sleep(_ASKED_S)
    return lags


def _settle(port: int) -> None:
    """Wait until no boundary becomes final any more."""
    known, since, deadline = -1.0, time.monotonic(), time.monotonic() + 120
    while time.monotonic() < min(since + 10, deadline):
        final = _metrics(port).get('streamproc_final_delay_seconds_count{channel="one"}', 0.0)
        if final != known:
            known, since = final, time.monotonic()
        time.sleep(1)


def _told(metrics: Mapping[str, float], lags: Sequence[float], cpu_share: float, *, inspects: bool) -> Turn:
    def of(name: str, labels: str = 'channel="one"') -> float:
        return metrics.get(f"streamproc_{name}{{{labels}}}", 0.0)

    inspected = of("inspected_keyframes_total")
    marked, final = of("provisional_delay_seconds_count"), of("final_delay_seconds_count")
    return Turn(
        inspects=inspects,
        marked_s=round(of("provisional_delay_seconds_sum") / max(marked, 1), 3),
        final_s=round(of("final_delay_seconds_sum") / max(final, 1), 3),
        boundaries=int(final),
        sampler_median_s=round(median(lags), 3),
        sampler_p95_s=round(float(np.percentile(lags, 95)), 3),
        cpu_share=round(cpu_share, 4),
        inspected=int(inspected),
        left_out=int(of("inspect_left_out_keyframes_total", 'channel="one",reason="behind"')),
        inspect_s=round(of("inspect_seconds_sum") / inspected, 3) if inspected else None,
        findings=int(of("findings_total")),
        load=round(psutil.getloadavg()[0], 1),
    )


def summary(turns: Sequence[Turn]) -> dict[str, float]:
    """Return what the medians of both kinds of turn are to each other: with the search over without."""
    ratios = {}
    for name in ("marked_s", "final_s", "sampler_median_s", "sampler_p95_s", "cpu_share"):
        on, off = (median(getattr(one, name) for one in turns if one.inspects is which) for which in (True, False))
        ratios[name] = round(on / off, 3)
    return ratios


def _metrics(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    found = re.findall(r"^(streamproc_\w+\{[^}]*\}) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(*ports: int) -> None:
    deadline = time.monotonic() + 300
    for port in ports:
        while not any(
            one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in psutil.net_connections("tcp")
        ):
            if time.monotonic() > deadline:
                raise SystemExit("the daemon did not start in five minutes")
            time.sleep(0.2)


def _role(pid: int, role: str) -> psutil.Process:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        for child in psutil.Process(pid).children():
            if role in child.cmdline():
                return child
        time.sleep(0.1)
    raise SystemExit(f"the daemon has no {role}")


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def main() -> None:
    """Measure and write results/inspect.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--work", type=Path)
    args = parser.parse_args()
    machine = describe()
    with tempfile.TemporaryDirectory(prefix="inspect-") as temporary:
        work = args.work or Path(temporary)
        feed = draw(work / f"feed-{args.seconds}.ts", args.seconds)
        turns = []
        for number in range(args.rounds):
            for inspects in (False, True) if number % 2 == 0 else (True, False):
                with tempfile.TemporaryDirectory(prefix="turn-", dir=work) as folder:
                    turns.append(turn(feed, Path(folder) / "daemon", args.seconds, inspects=inspects))
                print(turns[-1], flush=True)
    result = {
        "command": command("inspect"),
        "machine": machine,
        "with_over_without": summary(turns),
        "turns": [asdict(one) for one in turns],
    }
    (RESULTS / "inspect.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result["with_over_without"], indent=2))


if __name__ == "__main__":
    main()
