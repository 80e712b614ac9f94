"""How well traces of inpainting are found, for each method: three tables and what they cost.

    python -m benchmarks.forensics --work DIR

Published protocol: F1 by inpainter, shape and area, on lossless photographs. Ladder: holes of 4096 pixels after JPEG
and after H.264 of moving video, by inpainter, those among them that no method learnt from. Untouched: what is flagged
where nothing was painted. Painted pictures are kept in the work folder; painting them takes the most time (G'MIC).
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.compose import DATA
from benchmarks.machine import RESULTS, command, describe
from benchmarks.windows import chance_of, keyframe, windows
from streamproc.forensics.residual import hot_parts, luma, sureness, texture
from streamproc.forensics.scoring import f1
from streamproc.forensics.traces import Mask, Method, Picture, Reliability, Traces
from streamproc.inference.forensics import Residual, Unet, load_method
from streamproc.inference.verifier import shipped_model
from streamproc.media.keyframes import spread_keyframes
from streamproc.media.stills import read_picture
from streamproc.training.forensics.coded import h264, jpeg
from streamproc.training.forensics.inpainters import GMIC_MODES, navier_stokes
from streamproc.training.forensics.masks import PUBLISHED, Shape, hole
from streamproc.training.forensics.material import LEARNT, MEASURED_FILMS, UNSEEN
from streamproc.training.forensics.protocol import AREAS, cases, painted, photographs, split

METHODS = "diffusion", "residual", "unet"
PARTS = "protocol", "ladder", "untouched", "cost"
QUALITIES = 95, 90, 80, 70
CRFS = 18, 23, 28
STILLS = 8  # photographs of the ladder
CLIPS = 2  # a film
FILM_FRAMES = 60  # of each film at most, untouched
AGAIN = 23  # CRF at which each fourth of them is coded once more
SCORES = 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99  # what a score may have to reach
JPEGS = 30
LARGE = 4096  # pixels of the ladder's holes

FILE = RESULTS / "forensics.json"
Means = dict[str, float]


def mean(values: list[float], digits: int = 4) -> float:
    """Return the rounded mean."""
    return round(float(np.mean(values)), digits)


def protocol(method: Method, pictures: dict[str, Picture], work: Path) -> dict[str, Any]:
    """Return the published table on the photographs that nothing was learnt from."""
    cells: dict[tuple[int, str], list[float]] = defaultdict(list)
    always: dict[tuple[int, str], list[float]] = defaultdict(list)
    false: list[float] = []
    for case in cases(split(pictures)[2]):
        picture, mask = painted(case, pictures[case.image], work)
        traces = method.examine(picture)
        found, cell = traces.mask, (case.area, f"{case.inpainter}, {case.shape}")
        cells[cell].append(f1(found, mask))
        always[cell].append(f1(found if found.any() else likeliest(method, picture, traces), mask))
        false.append(float((found & ~mask).sum() / (~mask).sum()))
    columns = [f"{inpainter}, {shape}" for inpainter, shape in product(GMIC_MODES, PUBLISHED)]
    return {
        "F1": {str(area): {column: mean(cells[area, column]) for column in columns} for area in AREAS},
        "F1, an answer always": {
            str(area): {column: mean(always[area, column]) for column in columns} for area in AREAS
        },
        "measured on": split(pictures)[2],
        "untouched pixels taken for painted": mean(false, 5),
    }


def likeliest(method: Method, picture: Picture, traces: Traces) -> Mask:
    """Return the part that looks painted most, however unsure; as the published method does, which always finds one."""
    if not isinstance(method, Residual | Unet):
        return traces.mask
    hot = hot_parts(traces.heat, picture, texture(luma(picture)), method.how)
    mask = np.zeros(traces.heat.shape, bool)
    if hot.parts:
        mask[hot.window] = hot.labels == max(hot.parts, key=lambda part: sureness(part, method.how)).number
    return mask


def still_ladder(pictures: dict[str, Picture], work: Path) -> Iterator[tuple[str, str, Picture, Mask]]:
    """Yield level, inpainter, picture and mask of squares of 64×64 on photographs, lossless and as JPEG."""
    for name in split(pictures)[2][:STILLS]:
        ready = {
            case.inpainter: painted(case, pictures[name], work)
            for case in cases([name])
            if (case.shape, case.area) == (Shape.SQUARE, LARGE)
        }
        mask = next(iter(ready.values()))[1]
        ready |= {who: (paint(pictures[name], mask), mask) for who, paint in {**LEARNT, **UNSEEN}.items()}
        for inpainter, (picture, _) in ready.items():
            yield "lossless", inpainter, picture, mask
            for quality in QUALITIES:
                yield f"JPEG {quality}", inpainter, jpeg(picture, quality), mask
            yield "JPEG 70, then 90", inpainter, jpeg(jpeg(picture, 70), 90), mask


def moving_ladder(data: Path) -> Iterator[tuple[str, str, Picture, Mask]]:
    """Yield the same of keyframes of moving video: windows of 512×384 of films that nothing was learnt from."""
    for name, clips in windows(data, CLIPS):
        rng = chance_of(name)
        for window in clips:
            mask = hole(Shape.SQUARE, LARGE, window[0].shape[:2], rng)
            for inpainter, paint in {**LEARNT, "navier-stokes": navier_stokes}.items():  # biharmonic takes too long
                frames = [paint(one, mask) for one in window]
                yield "as it came", inpainter, frames[-1], mask
                for crf in CRFS:
                    yield f"H.264 CRF {crf}", inpainter, keyframe(frames, crf), mask


def ladder_examples(pictures: dict[str, Picture], data: Path, work: Path) -> list[tuple[str, str, Picture, Mask]]:
    """Return all of the ladder's pictures."""
    return [*still_ladder(pictures, work), *moving_ladder(data)]


def ladder(method: Method, examples: list[tuple[str, str, Picture, Mask]]) -> dict[str, Means]:
    """Return mean F1 by level and inpainter, and at each level the share of holes that a box lies on."""
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for level, inpainter, picture, mask in examples:
        traces = method.examine(picture)
        found = f1(traces.mask, mask) >= 0.5
        scores[level][inpainter].append(f1(traces.mask, mask))
        scores[level]["holes found (F1 of 0.5 and more)"].append(float(found))
        scores[level]["holes found, reliability good"].append(float(found and traces.reliability is Reliability.GOOD))
        for least in SCORES:
            scores[level][f"holes found, score of {least} and more"].append(float(found and traces.score >= least))
    return {level: {name: mean(values) for name, values in row.items()} for level, row in scores.items()}


def untouched(data: Path, pictures: dict[str, Picture]) -> Iterator[tuple[str, Picture]]:
    """Yield kind and picture of what nobody painted over."""
    for name in split(pictures)[2]:
        yield "photographs, lossless", pictures[name]
        for quality in (90, 70):
            yield f"photographs, JPEG {quality}", jpeg(pictures[name], quality)
    for path in sorted((data / "images" / "bsds500_jpeg").iterdir())[-JPEGS:]:
        yield "photographs that came as JPEG", read_picture(path)
    for film in sorted((data / "footage").iterdir()):
        if film.stem in MEASURED_FILMS:
            for number, (_, picture) in enumerate(spread_keyframes([film], count=FILM_FRAMES)):
                yield "keyframes of films", picture
                if number % 4 == 0:
                    yield f"keyframes of films, again as H.264 CRF {AGAIN}", h264([picture], AGAIN, 1)[0][1]


def false_alarms(method: Method, examples: Iterator[tuple[str, Picture]]) -> dict[str, Any]:
    """Return, of each kind of untouched pictures, how much is flagged and how often."""
    seen: dict[str, list[tuple[float, float, Reliability]]] = defaultdict(list)
    for kind, picture in examples:
        traces = method.examine(picture)
        seen[kind].append((float(traces.mask.mean()), traces.score, traces.reliability))
    return {kind: told_of_untouched(row) for kind, row in seen.items()}


def told_of_untouched(row: list[tuple[float, float, Reliability]]) -> dict[str, float]:
    """Return how often something is claimed of untouched pictures, by share flagged, score, and reliability of each."""
    boxed = [(score, reliability) for share, score, reliability in row if share]
    good = [score for score, reliability in boxed if reliability is Reliability.GOOD]
    undecidable = [reliability for _, _, reliability in row if reliability is Reliability.UNDECIDABLE]
    return {
        "pictures": len(row),
        "pixels flagged": mean([share for share, _, _ in row], 5),
        "pictures with a box": round(len(boxed) / len(row), 4),
        "pictures with a box, reliability good": round(len(good) / len(row), 4),
        "answered undecidable": round(len(undecidable) / len(row), 4),
    } | {
        f"pictures with a box, score of {least} and more": round(
            sum(score >= least for score, _ in boxed) / len(row), 4
        )
        for least in SCORES
    }


def cost(method: Method, data: Path) -> dict[str, float]:
    """Return the seconds of CPU that a keyframe of 1920×1080 takes on one core: the median and the best of several.

    The best is what the method takes where nothing else runs on the machine's other core.
    """
    spent = []
    for _, picture in spread_keyframes([data / "footage" / "palawan.mp4"], count=3):
        large = cv2.resize(picture, (1920, 1080))
        for _ in range(6):
            begun = time.process_time()
            method.examine(np.asarray(large, np.uint8))
            spent.append(time.process_time() - begun)
    return {
        "CPU s a keyframe of 1920×1080": round(float(np.median(spent)), 3),
        "the best of them": round(min(spent), 3),
        "keyframes": len(spent),
    }


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="Measure how well traces of inpainting are found.")
    parser.add_argument("--work", type=Path, required=True, help="where painted pictures are kept")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--method", action="append", choices=METHODS, help="may be repeated; all when left out")
    parser.add_argument("--part", action="append", choices=PARTS, help="may be repeated; all when left out")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = photographs(arguments.data / "images" / "kodak24")
    methods = {name: load_method(shipped_model(name)) for name in arguments.method or METHODS}
    for part in arguments.part or PARTS:
        # what is drawn for a part is drawn once, for all methods
        examples = [] if part != "ladder" else ladder_examples(pictures, arguments.data, arguments.work)
        for name, method in methods.items():
            if part == "protocol":
                measured = protocol(method, pictures, arguments.work)
            elif part == "cost":
                measured = cost(method, arguments.data)
            elif part == "ladder":
                measured = {"never seen in training": [*UNSEEN], "F1": ladder(method, examples)}
            else:
                measured = false_alarms(method, untouched(arguments.data, pictures))
            print(json.dumps({name: {part: measured}}, indent=1), flush=True)
            keep(name, part, {"command": command("forensics"), "machine": describe(), **measured})
    return 0


def keep(method: str, part: str, measured: dict[str, Any]) -> None:
    """Write a part into the results; the others stay as they were."""
    whole: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    whole.setdefault(method, {})[part] = measured
    FILE.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
