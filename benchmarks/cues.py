"""How much cues help to choose a boundary's frame, and what wrong ones do: drawn windows, no video.

Each window holds one boundary at a hard cut, from which the bug is gone up to a second earlier, and up to three other
cuts within a second of it, as in the programme's last second and the break's first idents. The same windows are solved
without cues, with a cue on the frame, and with cues that are wrong.

Run ``python -m benchmarks.cues``; it writes benchmarks/results/cues.json.
"""

import json
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import RESULTS, describe
from streamproc.logic.changepoint import Window, locate
from streamproc.logic.cues import confidence, stance, weights
from streamproc.messages import Cue, CueKind, CueOrigin

WINDOWS = 150
RATE = 25
LENGTH = 110
TOLERANCE = Fraction(1)
NOTHING = np.zeros((0, 18, 32, 3), np.uint8)
Draw = Callable[[np.random.Generator, int], list[tuple[CueKind, int]]]
CASES: dict[str, Draw] = {
    "no cue": lambda _, at: [],
    "on the frame": lambda _, at: [(CueKind.OUT, at)],
    "3 frames late": lambda _, at: [(CueKind.OUT, at + 3)],
    "up to 20 frames off": lambda rng, at: [(CueKind.OUT, at + int(rng.integers(-20, 21)))],
    "of the other kind": lambda _, at: [(CueKind.IN, at)],
}


def main() -> None:
    """Solve all windows in all ways, print the table and write it down."""
    table = {}
    for name, draw in CASES.items():
        errors, sure = zip(*(solve(seed, draw) for seed in range(WINDOWS)), strict=True)
        off = np.abs(errors)
        wrong = off > 1
        table[name] = {
            "exact": float(np.mean(off == 0)),
            "within_1_frame": float(np.mean(~wrong)),
            "mean_confidence": float(np.mean(sure)),
            "wrong_and_above_0.9": int(np.sum(wrong & (np.array(sure) > 0.9))),
        }
        print(f"{name:22}", "  ".join(f"{key} {value:.3f}" for key, value in table[name].items()))
    document = {"command": "python -m benchmarks.cues", "machine": describe(), "windows": WINDOWS, "cases": table}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "cues.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def solve(seed: int, draw: Draw) -> tuple[int, float]:
    """Return by how many frames a window's boundary is misplaced, and how sure it is said to be."""
    rng = np.random.default_rng(seed)
    at = int(rng.integers(50, 61))
    cuts = sorted({at, *(at + int(rng.integers(-24, 25)) for _ in range(rng.integers(1, 4)))})
    cues = [a_cue(kind, frame) for kind, frame in draw(rng, at)]
    times = [Fraction(frame, RATE) for frame in range(LENGTH)]
    window = Window(
        log_odds=bug(rng, at),
        thumbnails=shots(rng, cuts),
        sound=None,
        rate=RATE,
        before=NOTHING,
        after=NOTHING,
        cues=weights(cues, times, CueKind.OUT, TOLERANCE),
    )
    found = locate(window, entering=False)
    said = stance(cues, times[found.at], CueKind.OUT, TOLERANCE)
    return found.at - at, confidence(found.confidence, said)


def bug(rng: np.random.Generator, at: int) -> NDArray[np.float32]:
    """Return log odds of a bug that fades out somewhere in the last second before the boundary."""
    gone = at - int(rng.integers(0, 25))
    fade = int(rng.integers(0, 16))
    level = np.clip((gone - np.arange(LENGTH) - 0.5) / max(fade, 0.01), 0, 1)
    return np.asarray(-7 + 16 * level + rng.normal(0, 0.5, LENGTH), np.float32)


def shots(rng: np.random.Generator, cuts: list[int]) -> NDArray[np.uint8]:
    """Return smooth random pictures that move, another one from each cut on."""
    edges = [0, *cuts, LENGTH]
    return np.concatenate([shot(rng, end - begin) for begin, end in pairwise(edges) if end > begin])


def shot(rng: np.random.Generator, frames: int) -> NDArray[np.uint8]:
    """Return (frames, 18, 32, 3)."""
    coarse = rng.uniform(40, 210, (6, 10, 3))
    large: Any = cv2.resize(coarse, (120, 36), interpolation=cv2.INTER_CUBIC)
    moves = [np.array([[1, 0, -(frame * 0.3)], [0, 1, -8]], np.float32) for frame in range(frames)]
    pictures = [cv2.warpAffine(large, move, (32, 18)) + rng.normal(0, 1, (18, 32, 3)) for move in moves]
    return np.asarray(np.clip(np.array(pictures), 0, 255), np.uint8)


def a_cue(kind: CueKind, frame: int) -> Cue:
    """Return a cue for a frame, sent four seconds ahead."""
    time = Fraction(frame, RATE)
    return Cue(
        kind=kind,
        time=time,
        exact=True,
        sent=time - 4,
        event_id=1,
        duration=None,
        returns=False,
        cancels=False,
        name="splice_insert",
        origin=CueOrigin.STREAM,
        payload="",
    )


if __name__ == "__main__":
    main()
