"""Measures the universal verifier on composed pictures: unseen logos and footage, whole screens, real bit rates.

Each scene is a second of footage, photographs, or drawn ground with six places for a bug. In half of them is the logo
that is asked about, in a quarter another channel's (an advert with a corner logo of its own), in a quarter nothing. The
scene is coded as a whole at its bit rate; the samples are four of its frames. Nothing fades.

    python -m benchmarks.verifier [--scenes 48] [--seed 1] [--data ../shared/data] [--model models/verifier]
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.compose import DATA, TEST_FOOTAGE
from benchmarks.footage import Film, Look, Picture, Still, length_s
from benchmarks.machine import RESULTS, describe
from streamproc.inference.card import Region
from streamproc.inference.verifier import ReferenceModel, Verifier
from streamproc.media.coding import code_and_decode
from streamproc.training import backgrounds
from streamproc.training.composite import stamp
from streamproc.training.verifier.shelf import Shelf, brand, read_shelf, split_brands

SIZES = ((640, 360), (1024, 576), (1280, 720), (1920, 1080))
FRAMES = 25
LOOKED_AT = (0, 8, 16, 24)
PLACES = ((0.05, 0.06), (0.44, 0.06), (0.83, 0.06), (0.05, 0.74), (0.44, 0.74), (0.83, 0.74))
"""Left and top of the places, as fractions of the screen; each has room for 12 % by 20 %."""
GROUNDS = ("footage", "footage", "footage", "white", "dark", "busy")
INVISIBLE = 4.0
"""Mean change of a pixel, in levels of 256, under which a logo can't be seen: white on white."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of one scene."""

    home: int
    """Whose logo is asked about."""
    shown: int | None
    """Whose is there."""
    box: Region
    opacity: float
    width: float
    """Of the logo that is asked about, as a share of the screen's."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer."""

    is_there: bool
    probability: float
    strata: tuple[str, ...]
    change: float
    """Mean change that the logo makes before coding, levels."""


def main() -> None:
    """Measure and write benchmarks/results/verifier.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verifier", description=__doc__)
    parser.add_argument("--scenes", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--model", type=Path, default=Path("models/verifier"))
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    machine = describe()
    verifier = Verifier.load(asked.model)
    _, unseen = split_brands(read_shelf(asked.data / "logos"))
    grounds = Grounds(asked.data)
    samples: list[Sample] = []
    for number in range(asked.scenes):
        samples += scene(verifier, unseen, grounds, np.random.default_rng([asked.seed, number]), number)
        if number % 12 != 11 and number + 1 != asked.scenes:
            continue
        result = {  # written again and again: an interrupted run leaves what it has measured
            "command": f"python -m benchmarks.verifier --scenes {asked.scenes} --seed {asked.seed}",
            "machine": machine,
            "model": {"sha256": verifier.card.sha256, "held_out": verifier.card.metrics},
            "logos": len(unseen.names),
            "scenes": number + 1,
            **report(samples),
            "milliseconds_a_sample": speed(verifier, unseen),
        }
        (RESULTS / "verifier.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print(json.dumps({key: result[key] for key in result if key not in ("machine", "model")}), flush=True)


class Grounds:
    """Footage and pictures that the verifier did not learn over."""

    def __init__(self, data: Path) -> None:
        adverts = sorted((data / "adverts").glob("*.mp4"))[1::2]
        self.films = [*(data / "footage" / name for name in TEST_FOOTAGE), *adverts]
        self.stills = sorted((data / "images" / "kodak24").glob("*.png"))

    def draw(self, kind: str, size: tuple[int, int], rng: np.random.Generator) -> list[Picture]:
        """Return a second of a kind of ground at 25 frames a second."""
        if kind == "footage":
            path = self.films[int(rng.integers(len(self.films)))]
            film = Film(path, float(rng.uniform(0, max(0.0, length_s(path) - 1.5))), Look.random(rng))
            frames = list(islice(film.pictures(Fraction(25), *size), FRAMES))
            return frames + [frames[-1]] * (FRAMES - len(frames))
        if kind == "busy" and rng.random() < 0.5:
            still = Still(self.stills[int(rng.integers(len(self.stills)))], Look.random(rng), pan=0.1)
            return list(islice(still.pictures(Fraction(25), *size), FRAMES))
        return _moving(_drawn(kind, rng), size, rng)


def scene(verifier: Verifier, shelf: Shelf, grounds: Grounds, rng: np.random.Generator, number: int) -> list[Sample]:
    """Compose one scene, code it, and ask about each of its places."""
    width, height = SIZES[number % len(SIZES)]
    kind = GROUNDS[number // len(SIZES) % len(GROUNDS)]
    bit_rate = float(np.exp(rng.uniform(np.log(0.8e6), np.log(8e6))))
    plain = grounds.draw(kind, (width, height), rng)
    slots = [_slot(shelf, place, rng) for place in PLACES]
    changes = [0.0] * len(slots)
    frames = [picture.copy() for picture in plain]
    for index, slot in enumerate(slots):
        if slot.shown is None:
            continue
        logo = shelf.logos[slot.shown]
        frames = [stamp(frame, logo, slot.box, slot.opacity) for frame in frames]
        left, top, right, bottom = slot.box.pixels(width, height)
        pair = [pictures[FRAMES // 2][top:bottom, left:right].astype(np.float32) for pictures in (frames, plain)]
        changes[index] = float(np.abs(pair[0] - pair[1]).max(axis=2).mean())
    coded = code_and_decode(frames, bit_rate=round(bit_rate))
    found: list[Sample] = []
    for slot, change in zip(slots, changes, strict=True):
        model = verifier.from_reference(shelf.logos[slot.home], slot.box, name="logo")
        odds = _ask(model, [coded[at] for at in LOOKED_AT])
        names = strata(slot, kind, height, bit_rate)
        found += [Sample(slot.shown == slot.home, float(one), names, change) for one in odds]
    return found


def strata(slot: Slot, kind: str, height: int, bit_rate: float) -> tuple[str, ...]:
    """Return the names of the strata that a slot's samples belong to."""
    widths, rates = ("4–6 %", "6–9 %", "9–12 %"), ("0.8–1.7", "1.7–3.7", "3.7–8")
    names = [
        f"{kind} ground",
        f"{height} lines",
        f"width {widths[int(np.searchsorted((0.06, 0.09), slot.width))]}",
        f"{rates[int(np.searchsorted((1.7e6, 3.7e6), bit_rate))]} Mbit/s",
        "its logo" if slot.shown == slot.home else "nothing" if slot.shown is None else "another logo",
    ]
    if slot.shown == slot.home:
        names.append("opacity " + ("0.3–0.5", "0.5–0.75", "0.75–1")[int(np.searchsorted((0.5, 0.75), slot.opacity))])
    return tuple(names)


def report(samples: Sequence[Sample]) -> dict[str, object]:
    """Return accuracy overall and by stratum, with and without the logos that can't be seen."""
    visible = [sample for sample in samples if not sample.is_there or sample.change >= INVISIBLE]
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in visible:
        for name in sample.strata:
            groups[name].append(sample)
    sure = [sample for sample in visible if max(sample.probability, 1 - sample.probability) >= 0.7]
    return {
        "samples": len(samples),
        "accuracy": rate(samples),
        "invisible_samples": len(samples) - len(visible),
        "accuracy_of_visible": rate(visible),
        "share_at_least_0.7_sure": round(len(sure) / len(visible), 4),
        "accuracy_where_at_least_0.7_sure": rate(sure),
        "strata": {name: {"samples": len(rows), "accuracy": rate(rows)} for name, rows in sorted(groups.items())},
    }


def rate(samples: Sequence[Sample]) -> float | None:
    """Return the share that is right."""
    right = [(sample.probability > 0.5) == sample.is_there for sample in samples]
    return round(float(np.mean(right)), 4) if right else None


def speed(verifier: Verifier, shelf: Shelf) -> float:
    """Return milliseconds a sample on one core: the best of many, since other work may run beside."""
    model = verifier.from_reference(shelf.logos[0], Region(x=0.8, y=0.1, width=0.1, height=0.1), name="logo")
    crop = np.random.default_rng(0).integers(0, 256, (96, 160, 3), np.uint8)
    times = []
    for _ in range(400):
        begun = time.perf_counter()
        model.probabilities([crop])
        times.append(time.perf_counter() - begun)
    return round(float(np.percentile(times, 10)) * 1000, 3)


def _ask(model: ReferenceModel, frames: Sequence[Picture]) -> NDArray[np.float32]:
    height, width = frames[0].shape[:2]
    left, top, right, bottom = model.card.region.pixels(width, height)
    return model.probabilities([frame[top:bottom, left:right] for frame in frames])


def _slot(shelf: Shelf, place: tuple[float, float], rng: np.random.Generator) -> Slot:
    """Draw who is asked about and who is there; logos so flat that they would be under 12 pixels are passed over."""
    while True:
        home, width = int(rng.integers(len(shelf.logos))), float(rng.uniform(0.04, 0.12))
        aspect = shelf.logos[home].shape[1] / shelf.logos[home].shape[0]
        height = min(width * 16 / 9 / aspect, 0.2)
        if height * 1080 >= 12:
            break
    kind = rng.random()
    shown: int | None = home if kind < 0.5 else None
    if kind > 0.75:
        others = [n for n, name in enumerate(shelf.names) if brand(name) != brand(shelf.names[home])]
        shown = int(rng.choice(others))
    width = height * aspect * 9 / 16
    box = Region(x=place[0], y=place[1], width=width, height=height)
    return Slot(home, shown, box, float(rng.uniform(0.3, 1)), width)


def _drawn(kind: str, rng: np.random.Generator) -> Picture:
    if kind == "busy":
        return (backgrounds.stripes, backgrounds.leaves, backgrounds.page)[int(rng.integers(3))](rng)
    soft = backgrounds.gradient(rng).astype(np.float32)
    soft = (soft - soft.mean()) / (np.ptp(soft) + 1)
    level, reach = (rng.uniform(232, 252), 12) if kind == "white" else (rng.uniform(8, 40), 20)
    levels = np.rint(level + soft * reach + rng.normal(0, 1.5, soft.shape)).clip(0, 255)
    return np.asarray(levels, np.uint8)


def _moving(picture: Picture, size: tuple[int, int], rng: np.random.Generator) -> list[Picture]:
    """Let a window drift over a picture for a second."""
    large = cv2.resize(picture, (round(size[0] * 1.1), round(size[1] * 1.1)), interpolation=cv2.INTER_LINEAR)
    room = np.array([large.shape[1] - size[0], large.shape[0] - size[1]])
    start, end = rng.uniform(0, 1, (2, 2)) * room
    frames = []
    for share in np.linspace(0, 1, FRAMES):
        left, top = (int(at) for at in start + share * (end - start))
        frames.append(np.ascontiguousarray(large[top : top + size[1], left : left + size[0]]))
    return frames


if __name__ == "__main__":
    main()
