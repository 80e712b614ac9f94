"""Recorders are killed at random moments; what they had received a second before is still there."""

import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from streamproc.media.footage import Track
from streamproc.media.recording.reader import RecordingFootage
from streamproc.media.recording.writer import RecordingWriter
from streamproc.timebase import NS, SystemClock
from tests.footage import Drawn, draw

SPEED = 10
KILLS = 40


class Nursery:
    """Starts recorders and kills them."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self._progress = folder / "progress"
        self.folder = folder / "channel"

    def start(self) -> int:
        """Start a recorder and return its process number."""
        self._progress.write_bytes(bytes(8))
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{self.folder} {self._progress}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def kill(self, recorder: int) -> Fraction:
        """Kill a recorder; return the newest video time it had received, seconds."""
        os.kill(recorder, signal.SIGKILL)
        while Path(f"/proc/{recorder}").exists():
            time.sleep(0.001)
        return Fraction(struct.unpack("<q", self._progress.read_bytes())[0], NS)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds with B-frames and a keyframe a second."""
    options = {"g": "25", "bf": "2", "b_strategy": "0", "sc_threshold": "0"}
    return draw(tmp_path_factory.mktemp("footage") / "ten.mp4", Drawn(frames=250, options=options))


@pytest.fixture
def nursery(footage: Path, tmp_path: Path) -> Iterator[Nursery]:
    """A nursery that is ready."""
    module = Path(__file__).with_name("recorder_nursery.py")
    command = [sys.executable, str(module), str(footage), str(SPEED)]
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Nursery(process, tmp_path)
        assert process.stdin is not None
        process.stdin.close()


@contextmanager
def reopened(folder: Path) -> Iterator[RecordingFootage]:
    """Open the recording as the next recorder does, which repairs it, and read it."""
    writer = RecordingWriter(folder, file_s=2, fragment_s=0.4, clock=SystemClock())
    try:
        yield RecordingFootage(folder)
    finally:
        writer.close()


def digest(footage: RecordingFootage) -> dict[int, tuple[Fraction, int, int]]:
    """Return each epoch's end, number of frames, and sum of their bytes as they are read from the files."""
    result = {}
    for epoch in footage.epochs():
        video = [packet for packet in epoch.packets() if packet.track is Track.VIDEO]
        result[epoch.id] = epoch.end(), len(video), sum(len(packet.data) for packet in video)
    return result


def test_a_kill_loses_less_than_a_second_and_nothing_older(nursery: Nursery) -> None:
    moments = random.Random(20261121)
    before: dict[int, tuple[Fraction, int, int]] = {}
    losses = []
    for _ in range(KILLS):
        recorder = nursery.start()
        time.sleep(moments.uniform(0.03, 0.5))
        received = nursery.kill(recorder)
        with reopened(nursery.folder) as footage:
            now = digest(footage)
            assert before.items() <= now.items()
            new = now.keys() - before.keys()
            end = now[new.pop()][0] if new else Fraction(0)
            losses.append(received - end)
            assert all(epoch.has_ended() for epoch in footage.epochs())
        before = now
    assert max(losses) < 1


def test_after_a_kill_the_index_says_what_is_in_the_files(nursery: Nursery) -> None:
    moments = random.Random(7)
    for _ in range(8):
        recorder = nursery.start()
        time.sleep(moments.uniform(0.1, 0.5))
        nursery.kill(recorder)
        with reopened(nursery.folder) as footage:
            for epoch in footage.epochs():
                packets = [packet for packet in epoch.packets() if packet.track is Track.VIDEO]
                assert list(epoch.keyframes()) == [packet for packet in packets if packet.is_keyframe]
                assert epoch.frame_number(epoch.end()) == len(packets)


def test_a_reader_in_another_process_sees_every_packet_once(nursery: Nursery) -> None:
    recorder = nursery.start()
    footage = RecordingFootage(nursery.folder)
    deadline_s = time.monotonic() + 2
    while not footage.epochs() and time.monotonic() < deadline_s:
        time.sleep(0.01)
    [epoch] = footage.epochs()
    after: Fraction | None = None
    seen = []
    while time.monotonic() < deadline_s:
        for packet in epoch.keyframes(after):
            seen.append(packet)
            after = packet.pts * epoch.format.video.time_base
        frames = [p.dts for p in epoch.packets(epoch.end() - 1) if p.track is Track.VIDEO]
        assert all(later - earlier == 512 for earlier, later in pairwise(frames))
    nursery.kill(recorder)
    with reopened(nursery.folder):
        assert seen == list(epoch.keyframes())[: len(seen)]
        assert len(seen) >= 8
