"""Measures the detector of bugs on drawn pictures and on real ones.

Drawn: brands and grounds (footage, photographs) that were held out from training, as many bugs in a picture as on
air, opacity 0.3 to 1, widths 4 to 12 % of the picture, 360 to 1080 lines, H.264. Split by brand and by source.
Real: a few seconds of three channels; the boxes that `logo detect` gathers, against where the bug is, read off by eye.
Places: what is gathered from 16 pictures of one channel, with its bug on 70 % of them and on none.
Time: the network and all around it, on one core.

    python -m benchmarks.detector [--pictures 600] [--channels 40] [--data ../shared/data] [--draw FOLDER]
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.compose import DATA, TEST_FOOTAGE
from benchmarks.machine import RESULTS, describe
from streamproc.inference.card import Region
from streamproc.inference.detector import LogoDetector, iou
from streamproc.media.keyframes import spread_keyframes
from streamproc.training.detector.material import Footage, Material, gather
from streamproc.training.detector.measure import Judged, curve, mean_overlap, recall_at, summary
from streamproc.training.detector.places import GATHERED, Place, Sighting, look, moving, places
from streamproc.training.detector.scenes import Bug, Plan, Scene, draw, draw_series

Boxes = tuple[NDArray[np.float32], NDArray[np.float32]]

MODEL = Path(__file__).parents[1] / "models" / "detector"
SEED = 77
_ON_AIR = (0.3, 0.6, 0.1)
_LEAST = 0.02
REAL: dict[str, tuple[float, float, float, float]] = {
    "cnbc_10s.mp4": (0.868, 0.825, 0.936, 0.917),
    "sbs_football_10s.mp4": (0.824, 0.103, 0.935, 0.155),
    "star_sports_13s.ts": (0.787, 0.06, 0.928, 0.238),
}
"""Where the channel's bug is, to a hundredth of the picture, by eye: left, top, right, bottom."""
_STRATA: dict[str, Callable[[Bug, Scene], str]] = {
    "opacity": lambda bug, _: _band(bug.opacity, (0.45, 0.7), "{:g}"),
    "width_percent": lambda bug, _: _band(100 * (bug.box[2] - bug.box[0]), (5, 7, 9), "{:g}"),
    "texture_under_it": lambda bug, _: _band(bug.texture, (10, 30), "{:g} levels"),
    "light_under_it": lambda bug, _: _band(bug.light, (64, 192), "{:g} levels"),
    "contrast": lambda bug, _: _band(bug.contrast, (15, 40), "{:g} levels"),
    "lines": lambda _, scene: str(scene.lines),
}


def footage(data: Path) -> Footage:
    """Return what the shipped model was trained and measured on; what other benchmarks compose with is held out."""
    names = ("footage", "adverts", "images/bsds500_jpeg", "images/kodak24")
    return Footage(paths=tuple(data / name for name in names), marked=("spoof_",), measured=TEST_FOOTAGE)


def judged(scene: Scene, boxes: Boxes, chosen: Container[int] | None = None) -> Judged:
    """Return a picture's boxes; bugs not chosen by id, like those that can't be seen, count neither way."""
    sides = [
        [bug.box for bug in scene.bugs if (bug.is_seen and (chosen is None or id(bug) in chosen)) == wanted]
        for wanted in (True, False)
    ]
    bugs, ignored = (np.array(side, np.float32).reshape(-1, 4) for side in sides)
    return Judged(*boxes, bugs, ignored)


def by_stratum(scenes: Sequence[Scene], found: Sequence[Boxes], least: float) -> dict[str, Any]:
    """Return recall and overlap of the bugs of each stratum, at one least score.

    A picture's false boxes belong to no stratum of bugs, so precision can't be split.
    """
    return {title: _stratum(name, scenes, found, least) for title, name in _STRATA.items()}


def _stratum(
    name: Callable[[Bug, Scene], str], scenes: Sequence[Scene], found: Sequence[Boxes], least: float
) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for value in sorted({name(bug, scene) for scene in scenes for bug in scene.bugs}, key=_order):
        lot = []
        for scene, boxes in zip(scenes, found, strict=True):
            chosen = {id(bug) for bug in scene.bugs if name(bug, scene) == value}
            lot.append(judged(scene, boxes, chosen))
        at_half = curve(lot)
        kept = at_half.right & (at_half.scores >= least)
        rows[value] = {
            "bugs": at_half.bugs,
            "recall": round(float(kept.sum() / max(1, at_half.bugs)), 4),
            "mean_iou_of_found": round(mean_overlap(at_half, least), 4),
        }
    return rows


def real(detector: LogoDetector, folder: Path, draw_into: Path | None) -> list[dict[str, Any]]:
    """Look for bugs in real broadcasts: keyframes a second apart."""
    rows = []
    for name, true in REAL.items():
        sightings = look([folder / name], detector, every=1, progress=lambda _text, _share: None)
        found = places(sightings, least=0)
        boxes = [
            (place.region.x, place.region.y, place.region.x + place.region.width, place.region.y + place.region.height)
            for place in found
        ]
        overlaps = iou(np.array(boxes, np.float32).reshape(-1, 4), np.array([true], np.float32))[:, 0]
        best = int(overlaps.argmax()) if overlaps.size else -1
        hit = best >= 0 and overlaps[best] >= 0.3
        rows.append(
            {
                "recording": name,
                "pictures": len(sightings),
                "found": bool(hit),
                "overlap": round(float(overlaps[best]), 3) if hit else 0.0,
                "share_of_pictures": round(found[best].share, 3) if hit else 0.0,
                "rank": best + 1 if hit else None,
                "clear": bool(hit and found[best].is_clear),
                "other_clear_places": sum(place.is_clear for place in found) - bool(hit and found[best].is_clear),
                "may_move": bool(moving([place for place in found if place.is_clear])),
            }
        )
        if draw_into is not None:
            _draw(detector, folder / name, draw_into / f"{name}.png")
    return rows


def series(detector: LogoDetector, held_out: Material, channels: int, present: float) -> dict[str, Any]:
    """Gather places from 16 pictures of each of so many channels, the bug on a share of them, or on none."""
    best: list[Place | None] = []
    overlaps = []
    for number in range(channels):
        scenes, box = draw_series(held_out, 16, present, np.random.default_rng((SEED, number, round(present * 100))))
        sightings = [
            Sighting(float(index), tuple(detector.find(scene.picture, threshold=GATHERED)))
            for index, scene in enumerate(scenes)
        ]
        best.append(next(iter(places(sightings)), None))
        overlaps.append(0.0 if best[-1] is None else _overlap(best[-1].region, box))
    clear = np.array([place is not None and place.is_clear for place in best])
    right, tight = np.array(overlaps) >= 0.3, np.array(overlaps) >= 0.5
    figures: dict[str, Any] = {"channels": channels, "share_with_a_clear_place": round(float(clear.mean()), 4)}
    if present:
        figures["first_place_is_the_bugs"] = round(float(right.mean()), 4)
        figures["and_its_box_overlaps_by_half"] = round(float(tight.mean()), 4)
        figures["clear_and_elsewhere"] = round(float((clear & ~right).mean()), 4)
        figures["mean_iou_of_first_places"] = round(float(np.mean(overlaps)), 4)
    return figures


def _overlap(region: Region, box: tuple[float, float, float, float]) -> float:
    sides = (region.x, region.y, region.x + region.width, region.y + region.height)
    return float(iou(np.array([sides], np.float32), np.array([box], np.float32))[0, 0])


def milliseconds(detector: LogoDetector, count: int = 100) -> dict[str, float]:
    """Return the CPU time of one look at a 1280×720 picture, scaling and decoding of boxes included: median and p95."""
    picture = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), np.uint8)
    times = []
    for _ in range(count):
        begun = time.process_time()
        detector.find(picture)
        times.append((time.process_time() - begun) * 1000)
    return {"median_ms": round(float(np.median(times)), 2), "p95_ms": round(float(np.percentile(times, 95)), 2)}


def _draw(detector: LogoDetector, source: Path, path: Path) -> None:
    *_, (_, picture) = spread_keyframes([source], every=1)
    height, width = picture.shape[:2]
    for bug in detector.find(picture):
        left, top, right, bottom = bug.region.pixels(width, height)
        cv2.rectangle(picture, (left, top), (right, bottom), (0, 255, 0), 1)
        cv2.putText(picture, f"{bug.score:.2f}", (left, max(10, top - 3)), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture[:, :, ::-1])


def _band(value: float, edges: tuple[float, ...], form: str) -> str:
    index = int(np.searchsorted(edges, value))
    if index == 0:
        return "below " + form.format(edges[0])
    if index == len(edges):
        return "from " + form.format(edges[-1])
    return f"{edges[index - 1]:g} to " + form.format(edges[index])


def _order(name: str) -> float:
    digits = "".join(part if part in "0123456789." else " " for part in name).split()
    return float(digits[0]) + (0.5 if name.startswith("from") else -0.5 if name.startswith("below") else 0)


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="Measure the detector of bugs.")
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--channels", type=int, default=40)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--draw", type=Path, help="a folder for the real pictures with their boxes")
    parser.add_argument("--out", type=Path, default=RESULTS / "detector.json")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        parser.error(f"{arguments.data} is not there; this benchmark needs the team's shared footage")
    cv2.setNumThreads(1)
    machine = describe()
    detector = LogoDetector.load(arguments.model)
    held_out = gather(arguments.data / "logos", footage(arguments.data), measuring=True)
    plan = Plan(bugs=_ON_AIR)
    scenes = [draw(held_out, plan, np.random.default_rng((SEED, number))) for number in range(arguments.pictures)]
    found = [detector.boxes(scene.picture, _LEAST) for scene in scenes]
    everything = [judged(scene, boxes) for scene, boxes in zip(scenes, found, strict=True)]
    at_tenth = recall_at(curve(everything), 0.1)[1]
    result = {
        "command": f"python -m benchmarks.detector --pictures {arguments.pictures} --channels {arguments.channels}",
        "machine": machine,
        "model_sha256": detector.card.sha256,
        "held_out": {"logos": len(held_out.logos), "grounds": [group.name for group in held_out.grounds]},
        "bugs_that_cannot_be_seen": sum(not bug.is_seen for scene in scenes for bug in scene.bugs),
        "card_threshold": detector.card.threshold,
        "overall": summary(everything, detector.card.threshold),
        "score_at_0.1_false_a_picture": round(at_tenth, 4),
        "strata_at_0.1_false_a_picture": by_stratum(scenes, found, at_tenth),
        "places_of_16_pictures": {
            "bug_on_70_percent": series(detector, held_out, arguments.channels, 0.7),
            "no_bug": series(detector, held_out, arguments.channels // 2, 0.0),
        },
        "real": real(detector, arguments.data / "broadcast_bugs", arguments.draw),
        "one_core": milliseconds(detector),
    }
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in result.items() if key not in ("machine", "held_out")}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
