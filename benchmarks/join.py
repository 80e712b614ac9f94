"""Measures joining: speed beside `ffmpeg -c copy`, every picture at the joints, and sync after two hours.

    python -m benchmarks.join [--minutes 60] [--hours 2.2] [--work DIR]

Speed: 1080p25, H.264 High at about 5 Mbit/s, a keyframe every 50 frames, B-frames, AAC: pictures and sound that carry
their numbers (tests/footage.py), with grain, drawn once for 16 s and repeated by copying. Parts of twelve minutes
with breaks between are joined by `join` from a recording and from the file, and by one `ffmpeg -c copy` with the same
in and out points, one after the other, each in a process of its own; wall time and CPU of all threads. Of the joined
file every picture from 2 s before to 2 s after each joint is decoded and its number read, and every one is counted.

Sync: the same in small, for two hours of programme in some 40 parts, and there every picture is decoded and read. How
far sound and picture are apart in each part, to the sample, once as a player that goes by the times hears it, once as
one that only counts samples.

On air: a recording that grows in real time; how long after the first picture past the out point has come the file is
there.
"""

import argparse
import asyncio
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks.machine import RESULTS, command, describe
from streamproc.media.cutter import Part, join
from streamproc.media.recording.reader import RecordingFootage
from streamproc.media.recording.writer import RecordingWriter
from streamproc.media.source import open_source
from streamproc.timebase import SystemClock
from tests.footage import SOUND_RATE, Drawn, draw, offset_of, read

_RATE = 25
_SAMPLES = SOUND_RATE // _RATE
_X264 = {"g": "50", "bf": "3", "sc_threshold": "0", "preset": "veryfast"}
_BITS = {"b": "5M", "maxrate": "6M", "bufsize": "6M", "crf": "-1", "preset": "superfast"}
_LARGE = Drawn(frames=400, size=(1920, 1080), options={**_X264, **_BITS}, grain=14)
_SMALL = Drawn(frames=1600, size=(160, 96), options=_X264)
# 400 and 1600 pictures are as long as a whole number of frames of AAC.
_PART, _BREAK = 18_737, 3_469  # frames, at odd places in a group of pictures
Ranges = Sequence[tuple[int, int]]


def footage(work: Path, drawn: Drawn, name: str, minutes: float) -> Path:
    """Draw the footage and repeat it until it is that long; return the file."""
    once, out = work / f"{name}-once.mp4", work / f"{name}-{minutes:g}min.ts"
    if not once.exists():
        draw(once.with_suffix(".new.mp4"), drawn).rename(once)
    if not out.exists():
        _repeat(once, out.with_suffix(".new.ts"), drawn.frames, minutes)
        out.with_suffix(".new.ts").rename(out)
    return out


def _repeat(once: Path, out: Path, loop: int, minutes: float) -> None:
    loops = int(minutes * 60 * _RATE / loop) + 1
    listed = out.with_suffix(".txt")
    listed.write_text("ffconcat version 1.0\n" + f"file '{once.absolute()}'\nduration {loop / _RATE}\n" * loops)
    command = ["ffmpeg", "-v", "error", "-y", "-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy", str(out)]
    subprocess.run(command, check=True)


def ranges_of(minutes: float, part: int, pause: int) -> Ranges:
    """Return parts with breaks between, for as long as the footage is."""
    frames = int(minutes * 60 * _RATE)
    return [(first, first + part) for first in range(37, frames - part, part + pause)]


def record_file(source: Path, folder: Path) -> None:
    """Record a file as a feed would be."""
    from prometheus_client import CollectorRegistry

    from streamproc.config import ChannelSettings
    from streamproc.stages.ingest import IngestStage
    from streamproc.stages.record import RecordStage
    from streamproc.telemetry import Telemetry
    from streamproc.timebase import SystemClock

    settings = ChannelSettings(name="join", url=str(source))
    telemetry, clock = Telemetry(CollectorRegistry()), SystemClock()
    stage = RecordStage("join", folder, settings.record, telemetry, clock)
    asyncio.run(IngestStage(settings, folder, stage, telemetry, clock).run_once())
    stage.end("finished")
    stage.close()


def joining(source: Path, ranges: Ranges, out: Path) -> list[str]:
    """Return the command that joins the ranges with us."""
    parts = [argument for first, after in ranges for argument in ("--part", f"f{first}-f{after}")]
    return [sys.executable, "-m", "streamproc", "join", str(source), *parts, "--out", str(out)]


def copying(source: Path, ranges: Ranges, out: Path) -> list[str]:
    """Return the command that copies the same with ffmpeg, cut at keyframes."""
    lines = ["ffconcat version 1.0"]
    with av.open(str(source)) as container:
        zero = Fraction(container.start_time or 0, 1_000_000)
    for first, after in ranges:
        lines += [f"file '{source.absolute()}'", f"inpoint {float(zero + Fraction(first, _RATE)):.3f}"]
        lines.append(f"outpoint {float(zero + Fraction(after, _RATE)):.3f}")
    listed = out.with_suffix(".txt")
    listed.write_text("\n".join(lines) + "\n")
    return ["ffmpeg", "-v", "fatal", "-y", "-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy", str(out)]


@dataclass(frozen=True, slots=True)
class Run:
    """What a command took."""

    wall_s: float
    cpu_s: float

    def times_real(self, seconds: float) -> float:
        """Return how many seconds of programme came out of one second."""
        return round(seconds / self.wall_s, 1)


def timed(command: Sequence[str]) -> Run:
    """Run a command to its end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall_s, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(round(wall_s, 2), round(cpu_s, 2))


def number_of(frame: av.VideoFrame) -> int:
    """Return the number that a picture carries."""
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)[:, : plane.width]
    return int(read(rows))


def wrong_pictures(path: Path, ranges: Ranges, loop: int, *, around: int | None) -> dict[str, int]:
    """Decode pictures and count those that are not the ones that were asked for.

    around: only so many before and after each joint, and at both ends; None for all.
    """
    wanted = [number % loop for first, after in ranges for number in range(first, after)]
    joints = np.cumsum([0, *(after - first for first, after in ranges)])
    looked, wrong = 0, 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        counted = sum(packet.pts is not None for packet in container.demux(stream))
        for joint in [0] if around is None else joints:
            low, high = (
                (0, len(wanted)) if around is None else (max(joint - around, 0), min(joint + around, len(wanted)))
            )
            tick = Fraction(stream.time_base or 1)
            container.seek(int(Fraction(int(low), _RATE) / tick), stream=stream)
            found = {}
            for frame in container.decode(stream):
                number = round((frame.pts or 0) * tick * _RATE)
                if number >= high:
                    break
                if number >= low:
                    found[number] = number_of(frame)
            looked += high - low
            wrong += sum(found.get(number) != wanted[number] for number in range(low, high))
    return {"pictures": counted, "missing": len(wanted) - counted, "looked_at": int(looked), "wrong": int(wrong)}


def speed(work: Path, minutes: float) -> dict[str, Any]:
    """Measure how fast joining is."""
    source = footage(work, _LARGE, "large", minutes)
    folder = work / f"recording-{minutes:g}min"
    if not folder.exists():
        record_file(source, folder)
    ranges = ranges_of(
        minutes,  # 400 and 1600 pictures are as long as a whole number of frames of AAC.
        _PART,
        _BREAK,
    )
    seconds = sum(after - first for first, after in ranges) / _RATE
    ours, theirs = work / "joined.mp4", work / "copied.mp4"
    runs = {
        "ffmpeg -c copy": timed(copying(source, ranges, theirs)),
        "join, from the recording": timed(joining(folder, ranges, ours)),
        "join, from the file": timed(joining(source, ranges, ours)),
    }
    pictures = wrong_pictures(ours, ranges, _LARGE.frames, around=2 * _RATE)
    found = {
        name: {"wall_s": run.wall_s, "cpu_s": run.cpu_s, "times_real": run.times_real(seconds)}
        for name, run in runs.items()
    }
    base = runs["ffmpeg -c copy"].wall_s
    for name, run in runs.items():
        found[name]["of_ffmpeg"] = round(run.wall_s / base, 2)
    slowest = min(one["times_real"] for one in found.values())
    bits = round(source.stat().st_size * 8 / (minutes * 60) / 1e6, 2)
    return {
        "programme_s": seconds,
        "parts": len(ranges),
        "mbit_per_s": bits,
        "runs": found,
        "pictures": pictures,
        "accepted": slowest >= 100 and pictures["missing"] == pictures["wrong"] == 0,
    }


def offsets(path: Path, ranges: Ranges) -> dict[str, Any]:
    """Return how far sound is from its pictures, in ms, worst over all parts."""
    joints = np.cumsum([0, *(after - first for first, after in ranges)]) * _SAMPLES
    by_time, by_count, part, counted = [], [], 0, None
    first_at = 0
    window: list[tuple[int, np.ndarray[Any, Any]]] = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            at = frame.pts or 0
            if counted is None:
                counted, first_at = 0, at
            middle = (joints[part] + joints[part + 1]) // 2
            if at >= middle:
                window.append((at - (first_at + counted), frame.to_ndarray()[0]))
            if len(window) == 1:
                begin = at
            if len(window) == 8:
                sound = np.concatenate([samples for _, samples in window]).astype(np.float32)
                place = ranges[part][0] * _SAMPLES + begin - int(joints[part])
                off = offset_of(sound, place % (_SMALL.frames * _SAMPLES))
                by_time.append(off)
                by_count.append(off - window[0][0])
                window.clear()
                part += 1
                if part == len(ranges):
                    break
            counted += frame.samples
    ms = 1000 / SOUND_RATE
    return {
        "parts": len(by_time),
        "by_times_ms": round(max(map(abs, by_time)) * ms, 2),
        "by_count_ms": round(max(map(abs, by_count)) * ms, 2),
        "last_part_by_times_ms": round(by_time[-1] * ms, 2),
        "last_part_by_count_ms": round(by_count[-1] * ms, 2),
    }


def sync(work: Path, hours: float) -> dict[str, Any]:
    """Measure whether sound stays with its pictures for hours."""
    source = footage(work, _SMALL, "small", hours * 60)
    ranges = ranges_of(hours * 60, 4_517, 431)
    out = work / "hours.mp4"
    subprocess.run(joining(source, ranges, out), check=True, stdout=subprocess.DEVNULL)
    pictures = wrong_pictures(out, ranges, _SMALL.frames, around=None)
    apart = offsets(out, ranges)
    good = pictures["missing"] == pictures["wrong"] == 0 and apart["parts"] == len(ranges)
    return {
        "programme_s": sum(after - first for first, after in ranges) / _RATE,
        "parts": len(ranges),
        "pictures": pictures,
        "apart": apart,
        "accepted": good and max(apart["by_times_ms"], apart["by_count_ms"]) < 20,
    }


class _Paced:
    """A feed whose first minutes are recorded at once, and what follows in real time."""

    def __init__(self, source: Path, folder: Path, at_once_s: int) -> None:
        self._source = open_source(str(source))
        self._packets = self._source.packets()
        self._writer = RecordingWriter(folder, file_s=10.0, fragment_s=0.4, clock=SystemClock())
        self._epoch = self._writer.begin_epoch(self._source.video, self._source.audio)
        self._at_once_s = at_once_s
        self._zero: Fraction | None = None
        self.begins = threading.Event()
        self.arrived: dict[Fraction, tuple[float, float]] = {}

    def run(self, marks: Sequence[Fraction]) -> None:
        """Record until some seconds after the last mark; note when the first picture at or after each comes."""
        started = None
        for packet in self._packets:
            time_s = (packet.dts or 0) * packet.time_base
            self._zero = time_s if self._zero is None else self._zero
            ahead = time_s - self._zero - self._at_once_s
            if ahead > 0:
                started = time.monotonic() if started is None else started
                self.begins.set()
                time.sleep(max(started + float(ahead) - time.monotonic(), 0))
            self._epoch.write(packet)
            for mark in marks:
                if time_s - self._zero >= mark:
                    self.arrived.setdefault(mark, _now())
            if time_s - self._zero > marks[-1] + 3:
                break
        self._epoch.close("stopped")
        self._writer.close()
        self._source.close()


def _now() -> tuple[float, float]:
    """Return a time, and the CPU seconds of this process."""
    return time.monotonic(), time.process_time()


def _watch(path: Path, seen: list[tuple[float, float]]) -> None:
    """Note when a file appears."""
    while not path.exists():
        time.sleep(0.01)
    seen.append(_now())


def live(work: Path, minutes: float, lengths_s: Sequence[int]) -> dict[str, Any]:
    """Measure how soon after its last picture's arrival a range of what is on air is a file."""
    source, folder = footage(work, _LARGE, "large", minutes), work / "live"
    shutil.rmtree(folder, ignore_errors=True)
    longest = max(lengths_s)
    feed = _Paced(source, folder, longest + 10)
    marks = [Fraction(longest + 20 + 15 * number) for number in range(len(lengths_s))]
    thread = threading.Thread(target=feed.run, args=(marks,))
    thread.start()
    feed.begins.wait()
    epoch = RecordingFootage(folder).epochs()[0]
    found = []
    for length_s, end in zip(lengths_s, marks, strict=True):
        part = Part(epoch=epoch, start=end - length_s, end=end)
        out = work / f"live-{length_s}.mp4"
        out.unlink(missing_ok=True)
        seen: list[tuple[float, float]] = []
        watch = threading.Thread(target=_watch, args=(out, seen))
        watch.start()
        report = join([part], out, pause=lambda: time.sleep(0.1))
        watch.join()
        delay_s, cpu_s = (after - before for after, before in zip(seen[0], feed.arrived[end], strict=True))
        found.append(
            {
                "length_s": length_s,
                "usable_after_s": round(delay_s, 2),
                "cpu_s": round(cpu_s, 2),
                "frames": report.frames,
            }
        )
    thread.join()
    return {"ranges": found, "accepted": all(one["usable_after_s"] < 3 for one in found)}


def main() -> int:
    """Measure, print and write benchmarks/results/join.json; 0 when all is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="length of the footage whose joining is timed")
    parser.add_argument("--hours", type=float, default=2.2, help="length of the footage whose sync is measured")
    parser.add_argument("--live", type=int, nargs="*", default=[60, 600], help="lengths of ranges on air, seconds")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "streamproc-join")
    wanted = parser.parse_args()
    wanted.work.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = {"command": command("join"), "machine": describe()}
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "sync": lambda: sync(wanted.work, wanted.hours),
        "speed": lambda: speed(wanted.work, wanted.minutes),
        "live": lambda: live(wanted.work, wanted.minutes, wanted.live),
    }
    for name, measure in measures.items():
        result[name] = measure()
        print(json.dumps({name: result[name]}, indent=1), flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "join.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0 if all(result[name]["accepted"] for name in measures) else 1


if __name__ == "__main__":
    sys.exit(main())
