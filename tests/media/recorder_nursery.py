"""Stands by with everything loaded and starts recorders that will be killed: one for each line on its input.

Arguments: the footage to record, and how many times as fast as real time. Each line names a channel's folder and a
file of progress; a child is forked, whose number is written to the output. The child records the footage in an endless
loop, and before it hands over a video packet it notes that packet's decoding time (nanoseconds from the epoch's zero)
in the file of progress.
"""

import mmap
import os
import signal
import struct
import sys
import time
from fractions import Fraction
from pathlib import Path

from streamproc.media.probe import Packet
from streamproc.media.recording.tracks import VideoStream
from streamproc.media.recording.writer import RecordingWriter
from streamproc.media.source import Source, open_source
from streamproc.timebase import SystemClock


def main(footage: str, speed: str) -> None:
    """Read commands until the input ends."""
    source = open_source(footage)
    packets = list(source.packets())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the killed
    print("ready", flush=True)  # noqa: T201 (the test reads it)
    for line in sys.stdin:
        folder, progress = line.split()
        child = os.fork()
        if child == 0:
            record(source, packets, Path(folder), Path(progress), float(speed))
        print(child, flush=True)  # noqa: T201


def record(source: Source, packets: list[Packet], folder: Path, progress: Path, speed: float) -> None:
    """Record for ever."""
    with progress.open("r+b") as file:
        note = mmap.mmap(file.fileno(), 8)
    writer = RecordingWriter(folder, file_s=2, fragment_s=0.4, clock=SystemClock())
    epoch = writer.begin_epoch(source.video, source.audio)
    first = packets[0]
    assert first.pts is not None
    zero = first.pts * first.time_base
    length = Fraction(10)
    start_s, turn = time.monotonic(), 0
    while True:
        for packet in packets:
            at = packet.dts * packet.time_base - zero + turn * length
            time.sleep(max(0.0, start_s + float(at) / speed - time.monotonic()))
            if isinstance(packet.stream, VideoStream):
                struct.pack_into("<q", note, 0, round(at * 1_000_000_000))
            epoch.write(packet)
        turn += 1
        for packet in packets:
            ticks = round(length / packet.time_base)
            packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks


if __name__ == "__main__":
    main(*sys.argv[1:])
