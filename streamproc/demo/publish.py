"""Sends the demo's broadcast live over RTMP, in a process of its own: drawn and encoded just ahead, paced by the clock.

``python -m streamproc.demo.publish URL`` writes one JSON object a line to standard output:
``{"event": "started"}`` with the first frame, ``{"event": "sent", "frame": n, "utc_ns": t}`` for the frames
asked for and once a second, ``{"event": "ended"}``. It ends early when its standard input does, so that it never
outlives whoever started it.
"""

import argparse
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import cv2

from streamproc.demo.broadcast import RATE, Broadcast
from streamproc.errors import SourceLost, StreamprocError
from streamproc.media.encode import Coded, Coding, Encoder

CODING = Coding(width=Broadcast.width, height=Broadcast.height, rate=RATE, preset="superfast")
_AHEAD = 500  # coded frames of video and sound that may wait to be sent: about seven seconds
_CONNECT_S = 60.0
_RETRY_S = 0.25


def publish(url: str, broadcast: Broadcast, report: Callable[[dict[str, Any]], None]) -> None:
    """Send a broadcast in real time and report what was sent when. Raises SourceLost when nobody listens or it breaks.

    A frame is due when its decoding time has passed since the first; it is never sent before.
    """
    wanted = {segment.start_frame for segment in broadcast.truth}
    with _connect(url) as encoder:
        began = time.monotonic()
        report({"event": "started", "frames": broadcast.frame_count, "utc_ns": time.time_ns()})
        first = None
        for coded in _ahead(_coded(encoder, broadcast)):
            first = coded.due if first is None else first
            time.sleep(max(0.0, began + float(coded.due - first) - time.monotonic()))
            encoder.send(coded)
            frame = int(coded.time * RATE)
            if coded.is_video and (frame in wanted or frame % int(RATE) == 0):
                report({"event": "sent", "frame": frame, "utc_ns": time.time_ns()})
    report({"event": "ended"})


def _connect(url: str) -> Encoder:
    """Open the connection, trying again until somebody listens."""
    last = time.monotonic() + _CONNECT_S
    while True:
        try:
            return Encoder(url, CODING)
        except SourceLost:
            if time.monotonic() > last:
                raise
            time.sleep(_RETRY_S)


def _coded(encoder: Encoder, broadcast: Broadcast) -> Iterator[Coded]:
    for picture, sound in broadcast.frames():
        yield from encoder.encode(picture, sound)
    yield from encoder.finish()


def _ahead(frames: Iterator[Coded]) -> Iterator[Coded]:
    """Yield the frames while a thread makes the next ones, so that a slow one does not delay the feed."""
    ready: queue.Queue[Coded | None] = queue.Queue(_AHEAD)
    failed: list[BaseException] = []

    def fill() -> None:
        try:
            for frame in frames:
                ready.put(frame)
        except StreamprocError as error:
            failed.append(error)
        finally:
            ready.put(None)

    threading.Thread(target=fill, name="draw", daemon=True).start()
    while (frame := ready.get()) is not None:
        yield frame
    if failed:
        raise failed[0]


def _leave_with_parent() -> None:
    """End this process when standard input does: whoever started it is gone."""

    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="Send the demo's broadcast live over RTMP.")
    parser.add_argument("url")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--breaks", type=int, default=3)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)  # the daemon needs the other cores
    _leave_with_parent()
    try:
        publish(arguments.url, Broadcast(arguments.seed, arguments.breaks), _say)
    except SourceLost as error:
        _say({"event": "lost", "message": str(error)})
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
