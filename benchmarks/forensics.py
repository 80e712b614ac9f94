"""How well traces of inpainting are found: the published protocol's table, for each method.

    python -m benchmarks.forensics --work FOLDER

Painted pictures are kept in the work folder; painting them takes the most time (G'MIC, half an hour of CPU).
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.compose import DATA
from benchmarks.machine import RESULTS, describe
from streamproc.forensics.cleaning import Cleaning
from streamproc.forensics.diffusion import Diffusion
from streamproc.forensics.laplacian import Laplacian
from streamproc.forensics.traces import Mask, Method, Picture
from streamproc.inference.forensics import save_diffusion
from streamproc.training.forensics.diffusion import Pixels, f1, with_best_cleaning, with_survivors
from streamproc.training.forensics.inpainters import GMIC_MODES, gmic
from streamproc.training.forensics.masks import Shape, hole

SIZE = 384, 512
AREAS = 4096, 1024, 256, 64
CHOSEN_BY = "F1 on the pictures that settings were chosen with"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One painted picture of the published protocol."""

    image: str
    inpainter: str
    shape: Shape
    area: int

    @property
    def name(self) -> str:
        """Its name in the work folder."""
        return f"{self.image}-{self.inpainter.replace(' ', '_')}-{self.shape}-{self.area}"


def images(data: Path) -> dict[str, Picture]:
    """Return the lossless photographs, their middle cut to the protocol's size."""
    found = {}
    for path in sorted((data / "images" / "kodak24").glob("*.png")):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        assert picture is not None, path
        top, left = ((have - want) // 2 for have, want in zip(picture.shape[:2], SIZE, strict=True))
        found[path.stem] = np.ascontiguousarray(picture[top : top + SIZE[0], left : left + SIZE[1], ::-1])
    return found


def cases(names: list[str]) -> Iterator[Case]:
    """Return the protocol's cases, whole tables of few pictures first."""
    for image, inpainter, shape, area in product(names, GMIC_MODES, Shape, AREAS):
        yield Case(image=image, inpainter=inpainter, shape=shape, area=area)


def painted(case: Case, picture: Picture, work: Path) -> tuple[Picture, Mask]:
    """Return the painted picture and its mask, from the work folder when it is there."""
    seed = [ord(letter) for letter in f"{case.image}-{case.shape}-{case.area}"]  # one hole for all inpainters
    mask = hole(case.shape, case.area, SIZE, np.random.default_rng(seed))
    path = work / f"{case.name}-{hashlib.sha256(mask.tobytes()).hexdigest()[:8]}.png"  # another hole, another file
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path.with_suffix(".part.png")), gmic(GMIC_MODES[case.inpainter])(picture, mask)[:, :, ::-1])
        path.with_suffix(".part.png").replace(path)
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert stored is not None, path
    return np.ascontiguousarray(stored[:, :, ::-1]), mask


def split(names: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Return the pictures to learn from, to choose settings with, and to measure on; no picture is in two of them."""
    measured = names[2::3]
    others = [name for name in names if name not in measured]
    return others[: len(others) * 3 // 4], others[len(others) * 3 // 4 :], measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What a method made of one painted picture."""

    case: Case
    f1: float
    false_share: float
    """Untouched pixels taken for painted."""
    seconds: float


def learnt(pictures: dict[str, Picture], work: Path, laplacian: Laplacian) -> tuple[Diffusion, dict[str, Any]]:
    """Return the published method, trained and set up without the pictures that it is measured on."""
    names, chosen_on, _ = split(list(pictures))
    pixels = Pixels.none(laplacian, seed=0)
    for case in cases(names):
        pixels.add(*painted(case, pictures[case.image], work))
    made = pixels.learnt(seed=0)
    method = Diffusion(laplacian=laplacian, ensemble=made.ensemble, cleaning=Cleaning())
    method = with_survivors(method, [pictures[name] for name in names])
    method, chosen = with_best_cleaning(
        method, [painted(case, pictures[case.image], work) for case in cases(chosen_on)]
    )
    told = {
        "learners": len(made.ensemble.thresholds),
        "features a learner": made.subspace,
        "out-of-bag error": round(made.error, 4),
        CHOSEN_BY: round(chosen, 4),
    }
    return method, told


def examine(method: Method, pictures: dict[str, Picture], work: Path) -> list[Examined]:
    """Return what a method makes of the pictures to measure on."""
    found = []
    for case in cases(split(list(pictures))[2]):
        picture, mask = painted(case, pictures[case.image], work)
        begun = time.process_time()
        traces = method.examine(picture)
        spent = time.process_time() - begun
        wrong = float((traces.mask & ~mask).sum() / (~mask).sum())
        found.append(Examined(case=case, f1=f1(traces.mask, mask), false_share=wrong, seconds=spent))
    return found


def table(found: list[Examined]) -> dict[str, dict[str, float]]:
    """Return mean F1 by area, and by inpainter and shape, as it was published."""
    rows: dict[str, dict[str, float]] = {}
    for area in AREAS:
        rows[str(area)] = {
            f"{inpainter}, {shape}": round(
                float(
                    np.mean(
                        [
                            one.f1
                            for one in found
                            if (one.case.area, one.case.inpainter, one.case.shape) == (area, inpainter, shape)
                        ]
                    )
                ),
                4,
            )
            for inpainter, shape in product(GMIC_MODES, Shape)
        }
    return rows


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="Measure how well traces of inpainting are found.")
    parser.add_argument("--work", type=Path, required=True, help="where painted pictures are kept")
    parser.add_argument("--model", type=Path, help="where the trained model goes; it is not kept when left out")
    parser.add_argument("--paint", action="store_true", help="only paint the pictures")
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    pictures = images(arguments.data)
    for case in cases(list(pictures)):
        painted(case, pictures[case.image], arguments.work)
    if arguments.paint:
        return 0
    results: dict[str, Any] = {
        "command": "python -m benchmarks.forensics --work DIR",
        "machine": describe(),
        "pictures": dict(zip(("learnt from", "chosen with", "measured on"), split(list(pictures)), strict=True)),
        "methods": {},
    }
    best = -1.0
    for laplacian in Laplacian:
        method, told = learnt(pictures, arguments.work, laplacian)
        found = examine(method, pictures, arguments.work)
        figures = told | {
            "F1": table(found),
            "untouched pixels taken for painted": round(float(np.mean([one.false_share for one in found])), 5),
            "CPU s a picture": round(float(np.median([one.seconds for one in found])), 3),
        }
        results["methods"][f"diffusion, {laplacian} Laplacian"] = figures
        (RESULTS / "forensics.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        print(json.dumps(figures, indent=1), flush=True)
        if arguments.model is not None and told[CHOSEN_BY] > best:
            best = told[CHOSEN_BY]
            save_diffusion(
                method,
                arguments.model,
                name="diffusion",
                metrics=figures,
                data=["12 of the 24 lossless Kodak photographs, painted over by G'MIC's three PDE inpainters"],
                licence="MIT",
                created=f"{datetime.now(UTC):%Y-%m-%d}",
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
