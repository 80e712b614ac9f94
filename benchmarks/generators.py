"""How well each method finds what each inpainter painted, those among them that it has never seen.

    python -m benchmarks.generators --work DIR

Squares of 64×64 and 32×32 pixels: on three photographs that nothing was learnt from, lossless and as JPEG 90, and in
windows of 512×384 of four films, moving, as H.264 CRF 23, for those that paint a frame in well under a second.
Untouched are eight photographs and eight keyframes, coded alike. Painted pictures are kept in the work folder; painting
them takes the most time (40 s of CPU for each of Deep Image Prior's, so that it paints one photograph only).
"""

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.compose import DATA
from benchmarks.machine import RESULTS, command, describe
from benchmarks.windows import chance_of, keyframe, windows
from streamproc.errors import ConfigError, ModelError
from streamproc.forensics.scoring import auc, average_precision, f1, iou
from streamproc.forensics.traces import Mask, Method, Picture
from streamproc.inference.forensics import SHIPPED, WITHOUT_MODEL, load_method, named_method
from streamproc.inference.verifier import shipped_model
from streamproc.training.forensics.coded import jpeg
from streamproc.training.forensics.gated import Gated
from streamproc.training.forensics.inpainters import (
    GMIC_MODES,
    GMIC_OTHERS,
    Inpainter,
    bertalmio,
    biharmonic,
    criminisi,
    delogo,
    gmic,
    gmic_other,
    harmonic,
    navier_stokes,
    patchmatch,
    removelogo,
    telea,
)
from streamproc.training.forensics.inpainters.contract import rounded
from streamproc.training.forensics.masks import Shape, hole
from streamproc.training.forensics.material import LEARNT
from streamproc.training.forensics.protocol import SIZE, Case, photographs, split

AREAS = 4096, 1024
QUALITY, CRF = 90, 23
STILLS = 3
UNTOUCHED_CLIPS = 2  # of a film
QUICK = {
    "harmonic": harmonic,
    "telea": telea,
    "delogo": delogo,
    "navier-stokes": navier_stokes,
    "removelogo": removelogo,
    "patchmatch": patchmatch,
}
"""Those that paint a frame of video in well under a second."""
SLOW = "deep image prior"
LOSSLESS, JPEG, H264 = "lossless", f"JPEG {QUALITY}", f"H.264 CRF {CRF}"

FILE = RESULTS / "generators.json"


@dataclass(frozen=True, slots=True)
class Example:
    """A painted picture, or (no inpainter, an empty mask) an untouched one."""

    level: str
    inpainter: str | None
    area: int
    picture: Picture
    mask: Mask


def generators() -> dict[str, Inpainter]:
    """Return all inpainters by name; the deep one that is trained here where its model is."""
    from streamproc.training.forensics.inpainters.prior import deep_image_prior

    found: dict[str, Inpainter] = {name: gmic(mode) for name, mode in GMIC_MODES.items()}
    found |= (
        QUICK
        | {"biharmonic": biharmonic, "bertalmio": bertalmio, "criminisi": criminisi}
        | {name: gmic_other(name) for name in GMIC_OTHERS}
    )
    try:
        found["gated convolutions"] = Gated.load(shipped_model("gated"))
    except ModelError as error:
        print(f"without the deep inpainter: {error}", file=sys.stderr)
    return found | {SLOW: deep_image_prior}


def kept(path: Path, make: Callable[[], Picture]) -> Picture:
    """Return a picture from the work folder, made first where it is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.png")
        cv2.imwrite(str(part), make()[:, :, ::-1])
        part.replace(path)
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if stored is None:
        raise ConfigError(f"{path}: is broken; delete it, and it is painted again")
    return np.asarray(stored, np.uint8)


def name_of(what: str, inpainter: str, area: int, mask: Mask) -> str:
    """Return a painted picture's file, named as the protocol names its own, so that those are taken."""
    digest = hashlib.sha256(mask.tobytes()).hexdigest()[:8]  # another hole, another file
    return f"{what}-{inpainter.replace(' ', '_')}-{Shape.SQUARE}-{area}-{digest}.png"


def stills(pictures: dict[str, Picture], painters: dict[str, Inpainter], work: Path) -> Iterator[Example]:
    """Yield photographs, painted and untouched, lossless and as JPEG."""
    names = split(pictures)[2]
    for name in names:
        for level, picture in ((LOSSLESS, pictures[name]), (JPEG, jpeg(pictures[name], QUALITY))):
            yield Example(level, None, 0, picture, np.zeros(SIZE, bool))
    for inpainter, paint in painters.items():
        for name in names[: 1 if inpainter == SLOW else STILLS]:
            for area in AREAS:
                mask = Case(image=name, inpainter=inpainter, shape=Shape.SQUARE, area=area).mask
                before = pictures[name]
                file = work / name_of(name, inpainter, area, mask)
                picture = kept(file, lambda paint=paint, before=before, mask=mask: paint(before, mask))  # type: ignore[misc]
                yield Example(LOSSLESS, inpainter, area, picture, mask)
                yield Example(JPEG, inpainter, area, jpeg(picture, QUALITY), mask)


def moving(data: Path, painters: dict[str, Inpainter], work: Path) -> Iterator[Example]:
    """Yield keyframes of films, painted and untouched, coded while they move."""
    for name, shown in windows(data, UNTOUCHED_CLIPS):
        rng = chance_of(name)
        for number, window in enumerate(shown):
            size = window[0].shape[:2]
            yield Example(H264, None, 0, keyframe(window, CRF), np.zeros(size, bool))
            if number == 0:
                masks = {area: hole(Shape.SQUARE, area, size, rng) for area in AREAS}
                yield from painted_clip(name, window, masks, painters, work)


def painted_clip(
    film: str, window: list[Picture], masks: dict[int, Mask], painters: dict[str, Inpainter], work: Path
) -> Iterator[Example]:
    """Yield a clip's keyframe for each quick inpainter and hole, which stays at its place."""
    for inpainter, paint in ((name, painters[name]) for name in QUICK if name in painters):
        for area, mask in masks.items():
            file = work / name_of(f"{film}-crf{CRF}", inpainter, area, mask)
            picture = kept(file, lambda paint=paint, mask=mask: keyframe([paint(frame, mask) for frame in window], CRF))  # type: ignore[misc]
            yield Example(H264, inpainter, area, picture, mask)


def measured(method: Method, examples: Iterable[Example]) -> dict[str, Any]:
    """Return, by level, side of the hole and inpainter, mean F1, IoU and precision of pixels, and the images' AUC."""
    figures: dict[tuple[str, int, str], list[tuple[float, float, float]]] = defaultdict(list)
    scores: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    untouched: dict[str, list[float]] = defaultdict(list)
    for one in examples:
        traces = method.examine(one.picture)
        if one.inpainter is None:
            untouched[one.level].append(traces.score)
            continue
        cell = one.level, round(one.area**0.5), one.inpainter
        precision = average_precision(traces.heat, one.mask)
        figures[cell].append((f1(traces.mask, one.mask), iou(traces.mask, one.mask), precision))
        scores[cell].append(traces.score)
    told: dict[str, Any] = defaultdict(lambda: defaultdict(dict))
    for (level, side, inpainter), row in figures.items():
        means = dict(zip(("F1", "IoU", "pixel AP"), np.mean(row, axis=0).round(4).tolist(), strict=True))
        ranked = auc(np.array(scores[level, side, inpainter]), np.array(untouched[level]))
        told[level][f"{side}×{side}"][inpainter] = {**means, "image AUC": round(ranked, 4), "pictures": len(row)}
    return {"untouched pictures": {level: len(row) for level, row in untouched.items()}, **told}


def texture() -> Picture:
    """Return a picture of our own, 160×160: bricks over a cloudy ground, with an edge between them."""
    rng = np.random.default_rng(6)
    rows, columns = np.mgrid[:160, :160]
    clouds = sum(cv2.GaussianBlur(rng.standard_normal((160, 160)), (0, 0), wide) * wide * 12 for wide in (1, 3, 9))
    ground = np.dstack([120 + clouds, 140 + clouds, 90 + clouds / 2])
    joints = (rows % 16 < 2) | ((columns + 12 * (rows // 16 % 2)) % 24 < 2)
    bricks = np.where(joints[:, :, None], (190, 185, 175), (150, 80, 60)) + rng.normal(0, 9, (160, 160, 1))
    return rounded(np.where((rows + columns / 3 < 100)[:, :, None], ground, bricks).astype(np.float64))


def sheet(painters: dict[str, Inpainter]) -> Picture:
    """Return the texture with its hole, and each inpainter's fill of it, named, six in a row."""
    before = texture()
    mask = np.zeros(before.shape[:2], bool)
    mask[48:112, 48:112] = True
    tiles = {"": np.where(mask[:, :, None], np.uint8(255), before)}
    tiles |= {name: paint(before, mask) for name, paint in painters.items()}
    framed = []
    for name, tile in tiles.items():
        below = np.full((20, 160, 3), 255, np.uint8)
        cv2.putText(below, name, (2, 14), cv2.FONT_HERSHEY_DUPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
        framed.append(np.pad(np.vstack([tile, below]), ((0, 4), (0, 4), (0, 0)), constant_values=255))
    framed += [np.full_like(framed[0], 255)] * (-len(framed) % 6)
    return np.vstack([np.hstack(framed[first : first + 6]) for first in range(0, len(framed), 6)])


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="Measure how well what each inpainter painted is found.")
    parser.add_argument("--work", type=Path, required=True, help="where painted pictures are kept")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument(
        "--method", action="append", help="may be repeated; those that come with streamproc when left out"
    )
    parser.add_argument("--model", action="append", type=Path, default=[], help="a folder with another method's model")
    parser.add_argument("--inpainter", action="append", help="may be repeated; all when left out")
    parser.add_argument("--sheet", type=Path, help="only draw all fills of one texture into this picture")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    if arguments.sheet is not None:
        cv2.imwrite(str(arguments.sheet), sheet(generators())[:, :, ::-1])
        return 0
    methods = {name: named_method(name) for name in arguments.method or [*SHIPPED, *WITHOUT_MODEL]}
    methods |= {folder.name: load_method(folder) for folder in arguments.model}
    pictures = photographs(arguments.data / "images" / "kodak24")
    painters = {name: one for name, one in generators().items() if name in (arguments.inpainter or [name])}
    clips = moving(arguments.data, painters, arguments.work)
    examples = [*clips, *stills(pictures, painters, arguments.work)]
    for name, method in methods.items():
        keep(name, {"command": command("generators"), "machine": describe(), **measured(method, examples)})
        print(f"{name}: done", flush=True)
    return 0


def keep(method: str, told: dict[str, Any]) -> None:
    """Write a method's figures into the results; other methods' and other inpainters' stay as they were."""
    whole: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    whole["seen in training"] = [*GMIC_MODES, *LEARNT]
    before: dict[str, Any] = whole.get(method, {})
    for level in (LOSSLESS, JPEG, H264):
        sizes = {**before.get(level, {}), **told.get(level, {})}
        told[level] = {
            size: {**before.get(level, {}).get(size, {}), **told.get(level, {}).get(size, {})} for size in sizes
        }
    whole[method] = told
    FILE.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
