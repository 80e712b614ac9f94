"""Measures what a channel costs: CPU of the pipeline against bare PyAV, of `process`, and memory of the daemon.

All on one footage, which is composed first: 1080p25, H.264 High, 5 Mbit/s, a keyframe every 50 frames, B-frames, AAC;
programmes with the demo's bug, and a break every 14 minutes.

    python -m benchmarks.cost [--minutes 20] [--channels 1 2 4] [--seconds 120] [--work DIR] [--data ../shared/data]

CPU is user + system seconds of all threads of a fresh process, without its start and imports; `process` and the daemon
are measured as whole processes.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import psutil  # type: ignore[import-untyped]

from benchmarks.compose import DATA, Case, Joint, compose
from benchmarks.machine import RESULTS, command, describe
from streamproc.demo.bug import BUG_LEFT, BUG_OPACITY, BUG_TOP, draw_bug
from streamproc.inference.card import Region

MODEL = Path(__file__).resolve().parents[1] / "models" / "demo"
_PROGRAMME = Fraction(56)  # of the footage's first programme, without its end
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


def footage(work: Path, data: Path, minutes: float) -> Path:
    """Compose the footage and repeat it until it is that long; return the file."""
    logo = work / "bug.png"
    work.mkdir(parents=True, exist_ok=True)
    bug = draw_bug(1080)
    cv2.imwrite(str(logo), cv2.cvtColor(bug, cv2.COLOR_RGBA2BGRA))
    height, width = bug.shape[:2]
    case = Case(
        name="01",
        logo=str(logo),
        box=Region(x=BUG_LEFT, y=BUG_TOP, width=width / 1920, height=height / 1080),
        opacity=BUG_OPACITY,
        rate=Fraction(25),
        width=1920,
        height=1080,
        gop_s=2.0,
        scene_cuts=False,
        bit_rate=5_000_000,
        parts_s=(60.0, 30.0, 60.0),
        joints=(Joint(late_s=0.8, fade_s=0.5), Joint(late_s=0.6, fade_s=0.4)),
        seed=11,
    )
    once = work / "once" / "01.mp4"
    if not once.with_suffix(".json").exists():
        compose(case, data, work / "once")
    out = work / f"{minutes:g}min.flv"
    if not out.exists():
        _repeat(once, out, minutes * 60)
    return out


def _repeat(source: Path, out: Path, seconds: float) -> None:
    """Repeat the footage until it is that long: its first programme twelve times, then all of it, and so on.

    That makes a break every 14 minutes, which is what television has.
    """
    partial = out.with_suffix(".part")
    with av.open(str(partial), "w", format="flv") as target:
        with av.open(str(source)) as container:
            streams = {stream.index: target.add_stream_from_template(stream) for stream in container.streams}
        offset, turn = Fraction(0), 0
        while offset < seconds:
            turn += 1
            until = None if turn % 13 == 0 else _PROGRAMME
            offset = _append(source, target, streams, offset, until)
    partial.rename(out)


def _append(source: Path, target: Any, streams: dict[int, Any], offset: Fraction, until: Fraction | None) -> Fraction:
    """Copy the footage, up to ``until`` (a keyframe's time), to the target's end; return where the target ends then."""
    end = offset
    with av.open(str(source)) as container:
        zero = Fraction(container.start_time or 0, av.time_base)
        for packet in container.demux():
            if packet.dts is None or packet.pts is None:
                continue
            if until is not None and packet.pts * packet.time_base - zero >= until:
                continue
            shift = round((offset - zero) / packet.time_base)
            packet.dts, packet.pts = packet.dts + shift, packet.pts + shift
            if packet.stream.type == "video":
                end = max(end, packet.pts * packet.time_base + Fraction(1, 25))
            packet.stream = streams[packet.stream.index]
            target.mux(packet)
    return end


def demux(source: Path, _: Path) -> None:
    """Read every packet."""
    with av.open(str(source)) as container:
        for _packet in container.demux():
            pass


def remux(source: Path, work: Path) -> None:
    """Copy every packet into a fragmented MP4."""
    with av.open(str(source)) as container, av.open(str(work / "remux.mp4"), "w", options=FRAGMENTED) as target:
        streams = {stream.index: target.add_stream_from_template(stream) for stream in container.streams}
        for packet in container.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                target.mux(packet)


def decode_keyframes(source: Path, _: Path) -> None:
    """Decode the keyframes alone, in one thread."""
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.skip_frame = "NONKEY"
        for _frame in container.decode(stream):
            pass


def record(source: Path, work: Path) -> None:
    """Run the recorder's stages, ingest and record, on the file."""
    from prometheus_client import CollectorRegistry

    from streamproc.config import ChannelSettings
    from streamproc.stages.ingest import IngestStage
    from streamproc.stages.record import RecordStage
    from streamproc.telemetry import Telemetry
    from streamproc.timebase import SystemClock

    settings = ChannelSettings(name="cost", url=str(source), model=MODEL)
    telemetry, clock = Telemetry(CollectorRegistry()), SystemClock()
    folder = work / "data" / "recording" / "cost"
    stage = RecordStage("cost", folder, settings.record, telemetry, clock)
    asyncio.run(IngestStage(settings, folder, stage, telemetry, clock).run())


def analyse(source: Path, work: Path) -> None:
    """Run the analyser's stages, sample, classify and decide, on what was recorded."""
    from prometheus_client import CollectorRegistry

    from streamproc.app.analyser import Analysis, open_bench
    from streamproc.app.batch import SessionFootage
    from streamproc.app.play import Tools
    from streamproc.config import ChannelSettings, Settings
    from streamproc.media.recording.reader import RecordingFootage
    from streamproc.telemetry import Telemetry
    from streamproc.timebase import SystemClock

    channel = ChannelSettings(name="cost", url=str(source), model=MODEL)
    settings = Settings(data_dir=work / "data", channels=(channel,))
    tools = Tools(telemetry=Telemetry(CollectorRegistry()), clock=SystemClock(), diagnose=None)
    recorded = SessionFootage(RecordingFootage(settings.recording_dir / "cost"))
    recorded.end()
    bench = open_bench(settings, tools)
    try:
        asyncio.run(Analysis(bench, channel, recorded).run())
    finally:
        bench.close()


def _own_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _timed(job: Callable[[Path, Path], None], source: Path, work: Path, result: Any) -> None:
    import streamproc.app.analyser
    import streamproc.app.recorder  # noqa: F401

    before = _own_cpu_s()
    job(source, work)
    result.put(_own_cpu_s() - before)


def cpu_s(job: Callable[[Path, Path], None], source: Path, work: Path) -> float:
    """Run a job in a fresh process; return its CPU seconds."""
    context = multiprocessing.get_context("spawn")
    result = context.Queue()
    process = context.Process(target=_timed, args=(job, source, work, result))
    process.start()
    process.join()
    if process.exitcode != 0:
        raise RuntimeError(f"{job.__name__} ended with {process.exitcode}")
    return float(result.get())


def process_cost(source: Path, work: Path) -> dict[str, float]:
    """Run `streamproc process` on the file, start and all; return CPU and wall seconds and how many segments."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    command = [sys.executable, "-m", "streamproc", "process", str(source), "--model", str(MODEL)]
    subprocess.run([*command, "--out", str(work / "process")], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    segments = json.loads((work / "process" / "segments.json").read_text())["segments"]
    return {"cpu_s": round(cpu, 2), "wall_s": round(time.monotonic() - began, 1), "segments": len(segments)}


def push(source: Path, url: str) -> None:
    """Send the file over RTMP in real time, copied, until it ends or the other side goes."""
    while True:
        target = av.open(url, "w", format="flv")
        with av.open(str(source)) as container, contextlib.suppress(OSError):
            streams = {stream.index: target.add_stream_from_template(stream) for stream in container.streams}
            target.start_encoding()
            _paced(container, target, streams)
            return
        time.sleep(0.3)


def _paced(container: Any, target: Any, streams: dict[int, Any]) -> None:
    began, first = time.monotonic(), None
    for packet in container.demux():
        if packet.dts is None:
            continue
        due = float(packet.dts * packet.time_base)
        first = due if first is None else first
        time.sleep(max(0.0, began + due - first - time.monotonic()))
        packet.stream = streams[packet.stream.index]
        target.mux(packet)


def daemon_cost(source: Path, work: Path, channels: int, seconds: float) -> dict[str, Any]:
    """Run the daemon on that many live channels; return its memory and CPU once it has settled."""
    folder = work / f"daemon-{channels}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    urls = [f"rtmp://127.0.0.1:{port}/live/c" for port in _free_ports(channels + 1)]
    web_port = urls.pop().split(":")[2].partition("/")[0]
    config = folder / "streamproc.toml"
    config.write_text(
        f'data_dir = "data"\n[web]\nport = {web_port}\n'
        + "".join(
            f'[[channels]]\nname = "c{number}"\nlisten = "{url}"\nmodel = "{MODEL}"\n'
            for number, url in enumerate(urls)
        )
    )
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "streamproc", "run", "--config", str(config)], stdout=log, stderr=log
        )
        pushers = [multiprocessing.get_context("spawn").Process(target=push, args=(source, url)) for url in urls]
        try:
            for pusher in pushers:
                pusher.start()
            return {"channels": channels, **_observe(psutil.Process(daemon.pid), seconds)}
        finally:
            for pusher in pushers:
                pusher.kill()
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(20)


def _observe(daemon: psutil.Process, seconds: float) -> dict[str, Any]:
    """Watch a daemon and its roles: PSS over time, and CPU in the second half."""
    series: list[int] = []
    halfway = 0.0
    steps = max(4, round(seconds / 10))
    for step in range(steps):
        time.sleep(seconds / steps)
        family = [daemon, *daemon.children(recursive=True)]
        series.append(sum(member.memory_full_info().pss for member in family))
        if step == steps // 2 - 1:
            halfway = _family_cpu_s(family)
    spent = _family_cpu_s([daemon, *daemon.children(recursive=True)]) - halfway
    return {
        "pss_mb": round(max(series[steps // 2 :]) / 1e6, 1),
        "pss_mb_over_time": [round(value / 1e6, 1) for value in series],
        "cpu_share_of_a_core": round(spent / (seconds * (steps - steps // 2) / steps), 4),
        "seconds": seconds,
    }


def _family_cpu_s(family: Sequence[psutil.Process]) -> float:
    return sum(float(member.cpu_times().user + member.cpu_times().system) for member in family)


def _free_ports(count: int) -> Iterator[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        ports = [int(one.getsockname()[1]) for one in sockets]
    return iter(ports)


def pipeline_figures(source: Path, work: Path, minutes: float) -> dict[str, Any]:
    """Return the CPU of bare PyAV and of the pipeline, and their ratio."""
    shutil.rmtree(work / "data", ignore_errors=True)
    seconds = {job.__name__: cpu_s(job, source, work) for job in (demux, remux, decode_keyframes, record, analyse)}
    bare = seconds["demux"] + seconds["remux"] + seconds["decode_keyframes"]
    whole = seconds["record"] + seconds["analyse"]
    return {
        "minutes": minutes,
        "cpu_s": {name: round(value, 2) for name, value in seconds.items()},
        "bare_cpu_s": round(bare, 2),
        "pipeline_cpu_s": round(whole, 2),
        "ratio": round(whole / bare, 3),
        "ratio_to_bare_without_doubled_demux": round(whole / (bare - 2 * seconds["demux"]), 3),
        "channels_a_core": round(minutes * 60 / whole, 1),
        "accepted": whole / bare <= 1.4 and minutes * 60 / whole >= 30,
    }


def main() -> int:
    """Run as a program; ends with 1 when acceptance 5 does not hold."""
    parser = argparse.ArgumentParser(description="Measure CPU and memory.")
    parser.add_argument("--minutes", type=float, default=60, help="length of the footage")
    parser.add_argument(
        "--channels", type=int, nargs="*", default=[1, 2, 4], help="live channels to measure memory with"
    )
    parser.add_argument("--seconds", type=float, default=120, help="how long each live run lasts")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "streamproc-cost")
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        parser.error(f"{arguments.data} is not there; this benchmark needs the team's shared footage")
    source = footage(arguments.work, arguments.data, arguments.minutes)
    machine = describe()
    pipeline = pipeline_figures(source, arguments.work, arguments.minutes)
    print(json.dumps(pipeline, indent=1), flush=True)
    whole = process_cost(source, arguments.work)
    whole["ratio"] = round(whole["cpu_s"] / pipeline["cpu_s"]["decode_keyframes"], 3)
    print(json.dumps(whole), flush=True)
    live = []
    for count in arguments.channels:
        live.append(daemon_cost(source, arguments.work, count, arguments.seconds))
        print(json.dumps(live[-1]), flush=True)
    memory = _memory(live)
    result = {
        "command": command("cost"),
        "machine": machine | {"load_after": round(os.getloadavg()[0], 2)},
        "footage_bytes": source.stat().st_size,
        "pipeline": pipeline,
        "process": whole | {"accepted": whole["ratio"] <= 1.5},
        "live": live,
        "memory": memory,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "cost.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0 if pipeline["accepted"] and whole["ratio"] <= 1.5 and memory.get("accepted", True) else 1


def _memory(live: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the memory of the first channel and of each further one."""
    if len(live) < 2:
        return {}
    first, last = live[0], live[-1]
    further = (last["pss_mb"] - first["pss_mb"]) / (last["channels"] - first["channels"])
    base = first["pss_mb"] - further * (first["channels"] - 1)
    return {
        "first_channel_mb": round(base, 1),
        "each_further_mb": round(further, 1),
        "accepted": base <= 400 and further <= 25,
    }


if __name__ == "__main__":
    sys.exit(main())
