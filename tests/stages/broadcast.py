"""Small broadcasts with the demo's bug, for the stages that decide and refine."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry

from streamproc.demo.bug import BUG_LEFT, BUG_OPACITY, BUG_TOP, draw_bug
from streamproc.media.encode import Coding, Encoder
from streamproc.stage import Surroundings
from streamproc.telemetry import Telemetry
from streamproc.timebase import Clock
from streamproc.training.composite import overlay

DEMO = Path(__file__).parents[2] / "models" / "demo"
WIDTH, HEIGHT, RATE = 640, 360, 25
CHANNEL = "one"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of programme or advert; its first and last second may be without the bug."""

    has_bug: bool
    shots: Sequence[int]
    """Frames of each."""
    early: int = 0
    """Frames at the end from which the bug is gone."""
    fade: int = 0
    """Frames that it takes to fade before that."""
    left: float = BUG_LEFT
    """Where the bug's left edge lies, of the picture's width."""


def broadcast(path: Path, parts: Sequence[Part]) -> list[int]:
    """Code a broadcast into a file; return the frames at which its parts begin, but the first."""
    coding = Coding(
        width=WIDTH, height=HEIGHT, rate=Fraction(RATE), bit_rate=1_500_000, preset="ultrafast", audio_rate=None
    )
    bug, starts, at = draw_bug(HEIGHT), [], 0
    with Encoder(str(path), coding) as encoder:
        for number, part in enumerate(parts):
            starts.append(at)
            length = sum(part.shots)
            for offset, picture in enumerate(_pictures(number, part.shots)):
                left = length - part.early - offset - 0.5
                level = min(1.0, max(0.0, left / part.fade if part.fade else float(left > 0)))
                shown = BUG_OPACITY * level if part.has_bug else 0.0
                encoder.write(overlay(picture, bug, part.left * WIDTH, BUG_TOP * HEIGHT, shown))
            at += length
    return starts[1:]


def _pictures(seed: int, shots: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
    for number, frames in enumerate(shots):
        coarse = np.random.default_rng((seed, number)).uniform(30, 200, (7, 12, 3)).astype(np.float32)
        large = cv2.resize(coarse, (WIDTH + 200, HEIGHT), interpolation=cv2.INTER_CUBIC)
        for frame in range(frames):
            yield np.clip(large[:, frame % 200 : frame % 200 + WIDTH], 0, 255).astype(np.uint8)


@contextmanager
def surroundings(clock: Clock) -> Iterator[Surroundings]:
    """Give the stages what they need, with metrics and threads of their own."""
    with ThreadPoolExecutor(3) as executor:
        telemetry = Telemetry(CollectorRegistry())
        yield Surroundings(channel=CHANNEL, telemetry=telemetry, clock=clock, executor=executor)
