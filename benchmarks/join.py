"""Measures joining: speed beside `ffmpeg -c copy`, every picture at the joints, and sync after two hours.

    python -m benchmarks.join [--minutes 30] [--hours 2.2] [--work DIR]

Speed: 1080p25, H.264 High at about 5 Mbit/s, a keyframe every 50 frames, B-frames, AAC: pictures and sound that carry
their numbers (tests/footage.py), with grain, drawn once for 64 s and repeated by copying. Programmes of ten minutes with breaks between
are joined by `join` from a recording and from a file, and by one `ffmpeg -c copy` with the same in and out points, after
each other, each in a process of its own; wall time and CPU of all threads. Every picture of the result is decoded and read.

Sync: the same in small, for two hours of programme in some 40 parts; how far sound and picture are apart in each part, to the
sample, once as a player that goes by the times hears it, once as one that only counts samples.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks.machine import RESULTS, describe
from tests.footage import SOUND_RATE, Drawn, draw, offset_of, read

_LOOP = 1600  # frames: 64 s, which is a whole number of frames of AAC
_RATE = 25
_SAMPLES = SOUND_RATE // _RATE
_X264 = {"g": "50", "bf": "3", "sc_threshold": "0", "preset": "veryfast"}
_LARGE = Drawn(frames=_LOOP, size=(1920, 1088), options=_X264)
_SMALL = Drawn(frames=_LOOP, size=(160, 96), options=_X264)
Ranges = Sequence[tuple[int, int]]


def footage(work: Path, drawn: Drawn, name: str, minutes: float) -> Path:
    """Draw the footage and repeat it until it is that long; return the file."""
    once, out = work / f"{name}-once.mp4", work / f"{name}-{minutes:g}min.ts"
    if not once.exists():
        draw(once.with_suffix(".new.mp4"), drawn).rename(once)
    if not out.exists():
        _repeat(once, out.with_suffix(".new.ts"), minutes)
        out.with_suffix(".new.ts").rename(out)
    return out


def _repeat(once: Path, out: Path, minutes: float) -> None:
    loops = int(minutes * 60 * _RATE / _LOOP) + 1
    listed = out.with_suffix(".txt")
    listed.write_text("ffconcat version 1.0\n" + f"file '{once.absolute()}'\nduration {_LOOP / _RATE}\n" * loops)
    command = ["ffmpeg", "-v", "error", "-y", "-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy", str(out)]
    subprocess.run(command, check=True)
