"""Measures what it costs to look at the recording: pictures of frames, thumbnails, and a day as one answer.

The footage is 1080p25, H.264 High, 5 Mbit/s, a keyframe every 50 frames, B-frames, AAC; recorded by our writer.

    python -m benchmarks.pictures [--seconds 40] [--work DIR] [--data ../shared/data]

CPU is user + system seconds of the process that makes the pictures; asking goes through its pipe, as in the daemon.
"""

import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from prometheus_client import CollectorRegistry

from benchmarks.compose import DATA
from benchmarks.day import SEGMENTS, draw_day
from benchmarks.machine import RESULTS, command, describe
from streamproc.catalogue import Catalogue
from streamproc.catalogue.people import CurveKind
from streamproc.config import Settings
from streamproc.media.levels import LevelReader
from streamproc.media.pictures import FramesWish, KeyframeWish, PictureMaker, Wish
from streamproc.media.recording.reader import RecordingEpoch, RecordingFootage
from streamproc.media.recording.writer import RecordingWriter
from streamproc.media.source import open_source
from streamproc.stages.curves import BITE
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, SystemClock
from streamproc.web.curves_api import draw_curves
from streamproc.web.pictures import Maker
from streamproc.web.pictures_api import BEHIND
from streamproc.web.recordings import Recordings
from streamproc.web.timeline_api import draw

_TIMES = 40


def footage(work: Path, data: Path, seconds: float) -> Path:
    """Code the footage once; return the file."""
    path = work / f"{seconds:g}s.ts"
    if not path.exists():
        source = str(data / "footage" / "big_buck_bunny_720p.ts")
        coding = "-c:v libx264 -preset veryfast -b:v 5M -g 50 -bf 3 -sc_threshold 0 -c:a aac -b:a 128k"
        picture = "scale=1920:1080,fps=25"
        subprocess.run(
            [
                "ffmpeg",
                "-v",
                "error",
                "-y",
                "-t",
                str(seconds),
                "-i",
                source,
                "-vf",
                picture,
                *coding.split(),
                str(path),
            ],
            check=True,
        )
    return path


def record(path: Path, folder: Path) -> RecordingEpoch:
    """Record a file as one epoch, in the files that the recorder writes by itself."""
    source = open_source(str(path))
    writer = RecordingWriter(folder, file_s=10, fragment_s=0.4, clock=SystemClock())
    epoch = writer.begin_epoch(source.video, source.audio)
    for packet in source.packets():
        epoch.write(packet)
    epoch.close("stopped")
    writer.close()
    source.close()
    return RecordingFootage(folder).epochs()[-1]


def measure(maker: Maker, wishes: Sequence[Wish]) -> dict[str, float]:
    """Have pictures made one after the other; return CPU and wall milliseconds a wish, and the time of the slowest."""
    maker.make(wishes[0])  # the process is there, its libraries are loaded
    process = psutil.Process(maker.pid)
    before = process.cpu_times()
    walls = []
    for wish in wishes[1:]:
        began = time.perf_counter()
        assert maker.make(wish)
        walls.append(1000 * (time.perf_counter() - began))
    after = process.cpu_times()
    cpu_s = after.user + after.system - before.user - before.system
    return {
        "cpu_ms": round(1000 * cpu_s / len(walls), 1),
        "wall_ms_median": round(statistics.median(walls), 1),
        "wall_ms_worst": round(max(walls), 1),
    }


def pictures(folder: Path, epoch: RecordingEpoch) -> dict[str, Any]:
    """Measure every way in which pictures are asked for."""
    maker = Maker(Telemetry(CollectorRegistry()))
    count = epoch.frame_number(epoch.end())
    rng = random.Random(7)
    anywhere = [rng.randrange(count) for _ in range(_TIMES + 1)]
    seconds = [rng.randrange(int(epoch.end())) for _ in range(4 * _TIMES)]

    def frames(number: int, width: int, with_before: int) -> Wish:
        times = tuple(epoch.times_until(number, 1 + with_before))
        return FramesWish(folder=folder, epoch=epoch.id, times=times, width=width)

    def keyframe(second: int) -> Wish:
        return KeyframeWish(folder=folder, epoch=epoch.id, time=epoch.keyframe_before(Fraction(second)), width=160)

    ways: dict[str, Sequence[Wish]] = {
        "a frame anywhere, 640 wide, with the 8 before it": [frames(number, 640, BEHIND) for number in anywhere],
        "the frame after it, 640 wide": [frames(number, 640, 0) for number in range(100, 101 + 4 * _TIMES)],
        "a frame anywhere, 1920 wide": [frames(number, 1920, 0) for number in anywhere],
        "the frame after it, 1920 wide": [frames(number, 1920, 0) for number in range(100, 101 + 2 * _TIMES)],
        "a thumbnail, 160 wide": [keyframe(second) for second in seconds],
    }
    found: dict[str, Any] = {way: measure(maker, wishes) for way, wishes in ways.items()}
    found["process_mb"] = round(psutil.Process(maker.pid).memory_info().rss / 1e6)
    found["the frame after it, 640 wide, in this process"] = _in_this_process(
        [frames(number, 640, 0) for number in range(100, 101 + 4 * _TIMES)]
    )
    maker.close()
    return found


def _in_this_process(wishes: Sequence[Wish]) -> dict[str, float]:
    """What a thread of the server would take: the same without a pipe."""
    maker = PictureMaker()
    maker.make(wishes[0])
    walls, began_cpu = [], time.process_time()
    for wish in wishes[1:]:
        began = time.perf_counter()
        maker.make(wish)
        walls.append(1000 * (time.perf_counter() - began))
    cpu_ms = 1000 * (time.process_time() - began_cpu) / len(walls)
    return {"cpu_ms": round(cpu_ms, 1), "wall_ms_median": round(statistics.median(walls), 1)}


def day(work: Path) -> dict[str, float]:
    """Return milliseconds that the catalogue and the answer's making take for a day."""
    path = work / "day.sqlite"
    path.unlink(missing_ok=True)
    catalogue = Catalogue.open(f"sqlite:///{path}", clock=SystemClock())
    from_ns = draw_day(catalogue, "one")
    settings = Settings(data_dir=work / "no-recording")
    recordings = Recordings(lambda: settings)

    def once() -> int:
        answer = draw(catalogue, recordings, "one", (from_ns, from_ns + 86_400 * NS), from_ns)
        return len(answer.model_dump_json(by_alias=True))

    found = _timed(once)
    catalogue.close()
    return {"segments": SEGMENTS, **found}


def curves(work: Path) -> dict[str, float]:
    """Return milliseconds that a day's curves take: a score each 2 s, a level each half second, 1000 values each."""
    path = work / "curves.sqlite"
    path.unlink(missing_ok=True)
    catalogue = Catalogue.open(f"sqlite:///{path}", clock=SystemClock())
    from_ns = draw_day(catalogue, "one")
    catalogue.curves.put(
        "one", 1, CurveKind.SCORE, [(Fraction(2 * number), number % 3 / 2) for number in range(43_200)]
    )
    levels = [(Fraction(number, 2), -20.0 - number % 7) for number in range(172_800)]
    catalogue.curves.put("one", 1, CurveKind.LEVEL, levels)

    def once() -> int:
        answer = draw_curves(catalogue, "one", (from_ns, from_ns + 86_400 * NS), 1000)
        return len(answer.model_dump_json(by_alias=True))

    found = _timed(once)
    catalogue.close()
    return {"values": 43_200 + 172_800, **found}


def level(epoch: RecordingEpoch) -> dict[str, float]:
    """Return what reading the level of the sound costs, in bites as the stage does: CPU against its own time."""
    reader, steps = LevelReader(epoch, Fraction(0)), 0
    began_s = time.process_time()
    while found := reader.read(BITE):
        steps += len(found)
    cpu_s = time.process_time() - began_s
    return {"seconds_of_sound": steps / 2, "cpu_s": round(cpu_s, 3), "share_of_a_core": round(2 * cpu_s / steps, 5)}


def _timed(call: Callable[[], int]) -> dict[str, float]:
    size = call()
    walls = []
    began_cpu = time.process_time()
    for _ in range(10):
        began = time.perf_counter()
        call()
        walls.append(1000 * (time.perf_counter() - began))
    cpu_ms = 100 * (time.process_time() - began_cpu)
    return {
        "bytes": size,
        "cpu_ms": round(cpu_ms, 1),
        "wall_ms_median": round(statistics.median(walls), 1),
        "wall_ms_worst": round(max(walls), 1),
    }


def main() -> None:
    """Measure, print and write benchmarks/results/pictures.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "streamproc-pictures")
    parser.add_argument("--data", type=Path, default=DATA)
    wanted = parser.parse_args()
    wanted.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wanted.work) as folder:
        epoch = record(footage(wanted.work, wanted.data, wanted.seconds), Path(folder) / "recording")
        found = {
            "command": command("pictures"),
            "machine": describe(),
            "footage": "1080p25, H.264 High, 5 Mbit/s, a keyframe every 50 frames, B-frames",
            "pictures": pictures(Path(folder) / "recording", epoch),
            "timeline": day(wanted.work),
            "curves": curves(wanted.work),
            "level": level(epoch),
        }
    text = json.dumps(found, indent=2, ensure_ascii=False)
    print(text)
    (RESULTS / "pictures.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
