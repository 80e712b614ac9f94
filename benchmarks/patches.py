"""How well holes are found that were filled patch by patch (Criminisi, PatchMatch), and what is flagged elsewhere.

    python -m benchmarks.patches --work DIR

Photographs that no threshold was chosen with: squares, circles and irregular holes of 4096, 1024 and 256 pixels,
lossless, and the squares as JPEG; keyframes of moving video, H.264. Painted pictures are kept in the work folder.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, product
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.compose import DATA
from benchmarks.forensics import mean
from benchmarks.machine import RESULTS, command, describe
from benchmarks.windows import chance_of, keyframe, windows
from streamproc.forensics.patches import Patches
from streamproc.forensics.scoring import auc, f1, iou
from streamproc.forensics.traces import Mask, Picture, Reliability, Traces
from streamproc.media.keyframes import spread_keyframes
from streamproc.training.forensics.coded import jpeg
from streamproc.training.forensics.inpainters import Inpainter, criminisi, patchmatch
from streamproc.training.forensics.masks import PUBLISHED, Shape, hole
from streamproc.training.forensics.protocol import Case, photographs, split

INPAINTERS: dict[str, Inpainter] = {"criminisi": criminisi, "patchmatch": patchmatch}
AREAS = 4096, 1024, 256
QUALITIES = 95, 90
CRFS = 18, 23
FILE = RESULTS / "patches.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was made of one picture."""

    f1: float
    iou: float
    score: float
    box: bool
    undecidable: bool
    seconds: float


def seen(method: Patches, picture: Picture, mask: Mask | None) -> Seen:
    """Look at a picture; without a mask it is untouched."""
    begun = time.process_time()
    traces: Traces = method.examine(picture)
    seconds = time.process_time() - begun
    true = np.zeros(picture.shape[:2], bool) if mask is None else mask
    return Seen(
        f1=f1(traces.mask, true),
        iou=iou(traces.mask, true),
        score=traces.score,
        box=bool(traces.mask.any()),
        undecidable=traces.reliability is Reliability.UNDECIDABLE,
        seconds=seconds,
    )


def filled(case: Case, picture: Picture, work: Path) -> Picture:
    """Return a painted picture, from the work folder when it is there."""
    path = work / f"{case.image}-{case.inpainter}-{case.shape}-{case.area}.png"
    if not path.exists():
        work.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), INPAINTERS[case.inpainter](picture, case.mask)[:, :, ::-1])
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), np.uint8)


def stills(pictures: dict[str, Picture], names: list[str], work: Path) -> Iterator[tuple[str, str, Picture, Mask]]:
    """Yield coding, cell, picture and mask of painted photographs."""
    for name, inpainter, shape, area in product(names, INPAINTERS, PUBLISHED, AREAS):
        case = Case(image=name, inpainter=inpainter, shape=shape, area=area)
        picture = filled(case, pictures[name], work)
        yield "lossless", f"{inpainter}, {shape}, {area}", picture, case.mask
        if shape is Shape.SQUARE and area > AREAS[-1]:
            for quality in QUALITIES:
                yield f"JPEG {quality}", f"{inpainter}, {shape}, {area}", jpeg(picture, quality), case.mask


def clips(data: Path) -> Iterator[tuple[str, list[Picture]]]:
    """Yield name and frames of a window of each film that nothing was chosen with."""
    for name, shown in windows(data, 1):
        for clip in shown:
            yield name, clip


def moving(data: Path) -> Iterator[tuple[str, str, Picture, Mask]]:
    """Yield the same of keyframes: squares of 64×64, painted into the first frame and carried along."""
    for name, clip in clips(data):
        mask = hole(Shape.SQUARE, 4096, clip[0].shape[:2], chance_of(name))
        for inpainter, paint in INPAINTERS.items():
            frames = [*clip[:-1], paint(clip[-1], mask)]
            frames = [np.where(mask[:, :, None], frames[-1], one) for one in frames]
            yield "as it came", f"{inpainter}, square, 4096", frames[-1], mask
            for crf in CRFS:
                yield f"H.264 CRF {crf}", f"{inpainter}, square, 4096", keyframe(frames, crf), mask


def untouched(data: Path, pictures: dict[str, Picture], names: list[str]) -> Iterator[tuple[str, Picture]]:
    """Yield coding and picture of what nobody painted over."""
    for name in names:
        yield "lossless", pictures[name]
        for quality in QUALITIES:
            yield f"JPEG {quality}", jpeg(pictures[name], quality)
    for _, clip in clips(data):
        yield "as it came", clip[-1]
        for crf in CRFS:
            yield f"H.264 CRF {crf}", keyframe(clip, crf)


def clear(data: Path, pictures: dict[str, Picture], names: list[str]) -> dict[str, list[Seen]]:
    """Return by coding what was made of untouched pictures."""
    found: dict[str, list[Seen]] = defaultdict(list)
    for coding, picture in untouched(data, pictures, names):
        found[coding].append(seen(Patches(), picture, None))
        print(coding, "untouched", found[coding][-1], file=sys.stderr, flush=True)
    return found


def false_alarms(found: dict[str, list[Seen]]) -> dict[str, Any]:
    """Return by coding how often something was found where nothing is."""
    return {
        coding: {
            "pictures": len(row),
            "with a box": mean([float(one.box) for one in row], 3),
            "answered undecidable": mean([float(one.undecidable) for one in row], 3),
        }
        for coding, row in found.items()
    }


def tables(examples: Iterator[tuple[str, str, Picture, Mask]], found: dict[str, list[Seen]]) -> dict[str, Any]:
    """Return the figures by coding and cell, and the seconds that a picture takes. found: of untouched pictures."""
    method = Patches()
    cells: dict[str, dict[str, list[Seen]]] = defaultdict(lambda: defaultdict(list))
    for coding, cell, picture, mask in examples:
        cells[coding][cell].append(seen(method, picture, mask))
        print(coding, cell, cells[coding][cell][-1], file=sys.stderr, flush=True)
    everything = [one for row in cells.values() for cell in row.values() for one in cell]
    return {
        "cells": {
            coding: {cell: table(row, found[coding]) for cell, row in rows.items()} for coding, rows in cells.items()
        },
        "CPU s a picture of 512×384": mean([one.seconds for one in everything], 3),
    }


def table(row: list[Seen], clear: list[Seen]) -> dict[str, Any]:
    """Return a cell's figures."""
    scores = [np.array([one.score for one in side]) for side in (row, clear)]
    return {
        "pictures": len(row),
        "F1": mean([one.f1 for one in row], 3),
        "IoU": mean([one.iou for one in row], 3),
        "AUC of scores": round(auc(scores[0], scores[1]), 3),
        "undecidable": mean([float(one.undecidable) for one in row], 3),
    }


def large(data: Path) -> float:
    """Return the median seconds of CPU that a keyframe of 1920×1080 takes."""
    spent = []
    for _, picture in spread_keyframes([data / "footage" / "palawan.mp4"], count=2):
        spent.append(seen(Patches(), np.asarray(cv2.resize(picture, (1920, 1080)), np.uint8), None).seconds)
    return round(float(np.median(spent)), 1)


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="Measure how well holes filled patch by patch are found.")
    parser.add_argument("--work", type=Path, required=True, help="where painted pictures are kept")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--part", choices=("all", "untouched"), default="all")
    parser.add_argument("--photographs", type=int, default=8, help="how many of the eight")
    parser.add_argument(
        "--chosen", action="store_true", help="look at the photographs to choose thresholds with instead"
    )
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = photographs(arguments.data / "images" / "kodak24")
    names = split(pictures)[1 if arguments.chosen else 2][: arguments.photographs]
    found = clear(arguments.data, pictures, names)
    told = {"untouched": false_alarms(found)}
    if arguments.part == "all":
        examples = chain(stills(pictures, names, arguments.work), moving(arguments.data))
        told["painted"] = tables(examples, found)
        told["painted"]["CPU s a picture of 1920×1080"] = large(arguments.data)
    print(json.dumps(told, indent=1, ensure_ascii=False))
    if not arguments.chosen:
        keep(names, told)
    return 0


def keep(names: list[str], told: dict[str, Any]) -> None:
    """Write what was measured into the results; the rest stays as it was."""
    whole: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    for part, figures in told.items():
        whole[part] = {"command": command("patches"), "machine": describe(), "photographs": names, **figures}
    FILE.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
