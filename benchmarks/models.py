"""Measures how often a learnt model is right on single samples, what a sample costs, and how large the model is.

Channels are made up (benchmarks/channel.py): logo, place, opacity, width, lines and bit rate differ. Each one's model
is learnt from ten minutes of its feed without labels, and from its PNG and place without any feed; then it is asked
about a quarter of an hour that shows other films, adverts and photographs. Pictures in fades are not counted.

    python -m benchmarks.models [--channels 6] [--first 0] [--ways footage png] [--crops N] [--passes N]

What was learnt and composed before is kept in the work folder; results/models.json holds this run beside earlier ones,
each with the commit that it measured.
"""

import argparse
import json
import pickle
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.channel import Channel, Material, Part, Shown, draw_channel, write_broadcast
from benchmarks.compose import DATA
from benchmarks.machine import RESULTS, command, describe
from streamproc.errors import StreamprocError
from streamproc.inference.card import CARD_FILE, MODEL_FILE
from streamproc.inference.session import LogoModel
from streamproc.training.course import LearnSettings
from streamproc.training.logos import read_logo

LEARNING_S = 600.0
TESTING_S = 900.0
SEED = 3
_INVISIBLE = 6.0  # levels by which a bug changes the picture on average, below which nobody can see it after coding


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture away from fades and what became of it."""

    there: bool
    """Whether the bug is on it."""
    log_odds: float
    """What the model says."""
    strata: dict[str, str]
    """By what results are told apart."""

    @property
    def right(self) -> bool:
        """Whether the model is right."""
        return (self.log_odds > 0) == self.there


def usable_logos(data: Path, count: int, first: int = 0) -> list[Path]:
    """Return logos with alpha, in a fixed random order."""
    paths = sorted((data / "logos").glob("*.png"))
    usable: list[Path] = []
    for index in np.random.default_rng(SEED).permutation(len(paths)):
        try:
            logo = read_logo(paths[int(index)])
        except StreamprocError:
            continue
        if 0.25 < logo.shape[1] / logo.shape[0] < 6:
            usable.append(paths[int(index)])
        if len(usable) == first + count:
            break
    return usable


def composed(channel: Channel, part: Part, data: Path, work: Path, material: dict[Part, Material]) -> list[Shown]:
    """Write a part of a channel's broadcast, unless it is there; return the truth about its pictures."""
    folder = work / channel.name
    folder.mkdir(parents=True, exist_ok=True)
    truth = folder / f"{part}.truth"
    if not truth.exists():
        if part not in material:
            material[part] = _material(data, work, part)
        seconds = LEARNING_S if part == "learning" else TESTING_S
        shown = write_broadcast(channel, material[part], data, seconds, folder / f"{part}.mp4")
        truth.write_bytes(pickle.dumps(shown))
    known: list[Shown] = pickle.loads(truth.read_bytes())
    return known


def _material(data: Path, work: Path, part: Part) -> Material:
    kept = work / f"{part}.material"
    if not kept.exists():
        kept.write_bytes(pickle.dumps(Material(data, part)))
    material: Material = pickle.loads(kept.read_bytes())
    return material


@dataclass(frozen=True, slots=True, kw_only=True)
class Teaching:
    """How models are learnt."""

    way: str
    """footage or png."""
    crops: int
    """Pictures to learn from."""
    passes: float
    """Times each is seen."""


def learn(channel: Channel, teaching: Teaching, data: Path, work: Path) -> Path:
    """Learn the channel's model, unless that has been done. Raises StreamprocError when the footage does not do."""
    from streamproc.training.learn import learn_from_footage, learn_from_logo

    way = teaching.way
    out = work / channel.name / way
    if not (out / CARD_FILE).exists():
        settings = LearnSettings(seed=1, minutes=60, crops=teaching.crops, passes=teaching.passes)
        if way == "footage":
            learn_from_footage([work / channel.name / "learning.mp4"], out, settings)
        else:
            learn_from_logo(data / "logos" / channel.logo, channel.box, [], out, settings)
    return out


def ask(model: LogoModel, channel: Channel, truth: Sequence[Shown], video: Path) -> list[Sample]:
    """Return what the model says about every picture of a video that is no fade."""
    left, top, right, bottom = model.card.region.pixels(*channel.size)
    samples = []
    with av.open(str(video)) as container:
        for shown, frame in zip(truth, container.decode(video=0), strict=True):
            if 0 < shown.opacity < 1:
                continue
            crop = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)[top:bottom, left:right]
            samples.append(Sample(shown.opacity == 1, float(model.log_odds([crop])[0]), _strata(channel, shown)))
    return samples


def _strata(channel: Channel, shown: Shown) -> dict[str, str]:
    kind = "bug" if shown.opacity == 1 else "advert with a logo in the bug's place" if shown.foreign else "advert"
    seen = "hardly visible" if shown.opacity == 1 and shown.mark < _INVISIBLE else "visible, or no bug"
    return channel.strata() | {"ground": f"{shown.ground} ground", "kind": kind, "seen": seen}


def cost_ms(model: LogoModel) -> float:
    """Return the CPU time of one sample on one core, median of 300, milliseconds; scaling included."""
    crop = np.random.default_rng(0).integers(0, 256, (96, 160, 3), np.uint8)
    spent = []
    for _ in range(320):
        begun = time.thread_time_ns()
        model.log_odds([crop])
        spent.append(time.thread_time_ns() - begun)
    return float(np.median(spent[20:])) / 1e6


def summary(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return counts and accuracy."""
    right: NDArray[np.bool_] = np.array([one.right for one in samples], bool)
    there = np.array([one.there for one in samples], bool)
    return {
        "samples": len(samples),
        "wrong": int((~right).sum()),
        "missed": int((~right & there).sum()),
        "false": int((~right & ~there).sum()),
        "accuracy": round(float(right.mean()), 5) if len(samples) else None,
    }


def by_stratum(samples: Sequence[Sample]) -> dict[str, dict[str, Any]]:
    """Return a summary for every value of every stratum."""
    groups: dict[str, list[Sample]] = defaultdict(list)
    for one in samples:
        for value in one.strata.values():
            groups[value].append(one)
    return {value: summary(group) for value, group in sorted(groups.items())}


def accepted(way: dict[str, Any]) -> bool:
    """Tell whether acceptance 2 holds for a way of learning."""
    worst = min((figures["accuracy"] for figures in way["strata"].values()), default=0.0)
    return bool(way["summary"]["samples"] and way["summary"]["accuracy"] >= 0.999 and worst >= 0.995)


def measure(channel: Channel, teaching: Teaching, data: Path, work: Path) -> tuple[list[Sample], dict[str, Any]]:
    """Learn, ask, and describe what came out; a channel that can't be learnt counts as no samples and says why."""
    row: dict[str, Any] = {"channel": channel.name, "logo": channel.logo, "strata": channel.strata()}
    truth: list[Shown] = pickle.loads((work / channel.name / "testing.truth").read_bytes())
    try:
        folder = learn(channel, teaching, data, work)
    except StreamprocError as error:
        return [], row | {"refused": str(error).replace(f"{work}/", "")}
    model = LogoModel.load(folder)
    samples = ask(model, channel, truth, work / channel.name / "testing.mp4")
    return samples, row | summary(samples) | {
        "steps": model.card.metrics["training"]["steps"],
        "held_out_accuracy": model.card.metrics["accuracy_away_from_fades"],
        "decision": model.card.decision.model_dump(),
        "cost_ms": round(cost_ms(model), 3),
        "bytes": (folder / MODEL_FILE).stat().st_size,
    }


def main() -> int:
    """Run as a program; ends with 1 when what acceptance 2 and 4 ask for does not hold."""
    parser = argparse.ArgumentParser(description="Measure learnt models on single samples.")
    parser.add_argument("--channels", type=int, default=6)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--ways", nargs="+", choices=("footage", "png"), default=["footage", "png"])
    parser.add_argument("--png-channels", type=int, default=1000, help="of the channels, so many from their PNG, too")
    parser.add_argument("--crops", type=int, default=LearnSettings().crops, help="pictures to learn from")
    parser.add_argument("--passes", type=float, default=LearnSettings().passes, help="times each is seen")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "streamproc-models")
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        parser.error(f"{arguments.data} is not there; this benchmark needs the team's shared footage")
    cv2.setNumThreads(1)
    logos = usable_logos(arguments.data, arguments.channels, arguments.first)
    material: dict[Part, Material] = {}
    published, machine = RESULTS / "models.json", describe()
    earlier = json.loads(published.read_text(encoding="utf-8"))["runs"] if published.exists() else []
    ways: dict[str, tuple[list[Sample], list[dict[str, Any]]]] = {way: ([], []) for way in arguments.ways}
    for number in range(arguments.first, arguments.first + arguments.channels):
        channel = draw_channel(number, logos, SEED)
        for part in ("learning", "testing"):
            composed(channel, part, arguments.data, arguments.work, material)
        for way, (samples, rows) in ways.items():
            if way == "png" and number - arguments.first >= arguments.png_channels:
                continue
            teaching = Teaching(way=way, crops=arguments.crops, passes=arguments.passes)
            more, row = measure(channel, teaching, arguments.data, arguments.work)
            samples += more
            rows.append(row)
            print(json.dumps({"way": way} | row), flush=True)
        result = _result(ways, machine)
        RESULTS.mkdir(exist_ok=True)
        published.write_text(json.dumps({"runs": [*earlier, result]}, indent=1) + "\n", encoding="utf-8")
    return 0 if all(way["accepted"] for way in result["ways"].values()) else 1


def _result(ways: dict[str, tuple[list[Sample], list[dict[str, Any]]]], machine: dict[str, Any]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for way, (samples, rows) in ways.items():
        one: dict[str, Any] = {"summary": summary(samples), "strata": by_stratum(samples), "channels": rows}
        figures[way] = {"accepted": accepted(one)} | one
    return {
        "command": command("models"),
        "machine": machine,
        "ways": figures,
    }


if __name__ == "__main__":
    sys.exit(main())
