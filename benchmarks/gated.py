"""How well each method finds what the deep inpainter painted, which no method has learnt from.

    python -m benchmarks.gated

Squares of 64×64 in the photographs and films that nothing was learnt from, as benchmarks.forensics has them. Beside
that, how far the fills are from what was there, and those of other inpainters of the same holes.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2

from benchmarks.compose import DATA
from benchmarks.forensics import CRFS, LARGE, METHODS, mean
from benchmarks.machine import RESULTS, command, describe
from benchmarks.windows import chance_of, keyframe, windows
from streamproc.forensics.scoring import f1
from streamproc.forensics.traces import Mask, Method, Picture
from streamproc.inference.forensics import load_method
from streamproc.inference.verifier import shipped_model
from streamproc.training.forensics.coded import jpeg
from streamproc.training.forensics.gated import Gated
from streamproc.training.forensics.inpainters import Inpainter, harmonic, telea
from streamproc.training.forensics.masks import Shape, hole
from streamproc.training.forensics.protocol import Case, photographs, split

FILE = RESULTS / "gated.json"
QUALITY = 90
Example = tuple[str, Picture, Mask]


def stills(pictures: dict[str, Picture], paint: Inpainter) -> Iterator[Example]:
    """Yield level, picture and mask of painted photographs."""
    for name in split(pictures)[2]:
        mask = Case(image=name, inpainter="", shape=Shape.SQUARE, area=LARGE).mask
        painted = paint(pictures[name], mask)
        yield "lossless", painted, mask
        yield f"JPEG {QUALITY}", jpeg(painted, QUALITY), mask


def moving(data: Path, paint: Inpainter) -> Iterator[Example]:
    """Yield the same of keyframes of moving video, painted frame by frame and coded."""
    for name, clips in windows(data, 1):
        for clip in clips:
            mask = hole(Shape.SQUARE, LARGE, clip[0].shape[:2], chance_of(name))
            yield f"H.264 CRF {CRFS[1]}", keyframe([paint(one, mask) for one in clip], CRFS[1]), mask


def found(method: Method, examples: list[Example]) -> dict[str, Any]:
    """Return, at each level, mean F1 and the share of holes that a box lies on."""
    scores: dict[str, list[float]] = defaultdict(list)
    for level, picture, mask in examples:
        scores[level].append(f1(method.examine(picture).mask, mask))
    return {
        level: {
            "F1": mean(values),
            "holes found (F1 of 0.5 and more)": mean([float(one >= 0.5) for one in values]),
            "pictures": len(values),
        }
        for level, values in scores.items()
    }


def off(pictures: dict[str, Picture], paint: Inpainter) -> float:
    """Return how far fills are from what was there, in grey levels, mean over the photographs."""
    distances = []
    for name in split(pictures)[2]:
        mask = Case(image=name, inpainter="", shape=Shape.SQUARE, area=LARGE).mask
        distance = cv2.absdiff(paint(pictures[name], mask), pictures[name])
        distances.append(float(distance[mask].mean()))
    return mean(distances, 2)


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="Measure how well the deep inpainter's fills are found.")
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    paint = Gated.load(shipped_model("gated"))
    pictures = photographs(arguments.data / "images" / "kodak24")
    examples = [*stills(pictures, paint), *moving(arguments.data, paint)]
    painters: dict[str, Inpainter] = {"gated": paint, "harmonic": harmonic, "telea": telea}
    told = {
        "command": command("gated"),
        "machine": describe(),
        "found": {name: found(load_method(shipped_model(name)), examples) for name in METHODS},
        "difference to what was there, grey levels": {name: off(pictures, who) for name, who in painters.items()},
    }
    FILE.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
