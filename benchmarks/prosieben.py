"""Leave-one-recording-out on 1,188 real crops of one channel's corner: ``python -m benchmarks.prosieben``.

Ways to learn, each examined on a recording that none of its material comes from:

- plain: the crops themselves, with the labels they came with, and nothing else.
- learnt: the project's lesson for sorted crops, as ``streamproc logo learn --crops`` teaches it, with the labels they
  came with.
- again: the same from another seed, to tell luck from skill.
- composites: no crop is learnt from; the bug is cut out of the other recordings' crops and laid over other pictures.
- both: the mean of the log odds of learnt and composites.

Each is counted against the labels as they are and against the labels set right (prosieben_labels.json).
"""

import argparse
import html
import json
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import RESULTS, describe
from streamproc.inference.card import Region
from streamproc.training import backgrounds
from streamproc.training.backgrounds import Group
from streamproc.training.composite import logo_on_canvas
from streamproc.training.course import LearnSettings
from streamproc.training.crops import Lesson, SortedCrops, joined, looks, read_crops
from streamproc.training.cutout import strengths
from streamproc.training.dataset import Crops, Subject, make_crops
from streamproc.training.real import scenery
from streamproc.training.schedule import Schedule

SIZE = (48, 48)
SHARED = Path(__file__).parents[2] / "shared" / "data"
LABELS = Path(__file__).with_name("prosieben_labels.json")
REGION = Region(x=0.9, y=0.06, width=48 / 1280, height=48 / 720)
"""Where a 48×48 crop would lie in a 720-line picture; the drawn sizes follow from it."""

WORK = Path(gettempdir()) / "streamproc-prosieben"
PUBLISHED = {"logo": 0.9856, "no_logo": 0.977}  # of another system, on another channel (BC/NW 2019)
Bits = NDArray[np.bool_]
Logits = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Bench:
    """What all folds share."""

    recordings: Sequence[SortedCrops]
    grounds: Sequence[Group]
    seed: int

    def others(self, left_out: int) -> SortedCrops:
        return joined([one for number, one in enumerate(self.recordings) if number != left_out])


def plain(bench: Bench, others: SortedCrops, rng: np.random.Generator) -> Crops:
    """The crops as they are."""
    return others.as_is()


def learnt(bench: Bench, others: SortedCrops, rng: np.random.Generator) -> Crops:
    return Lesson(others, bench.grounds, SIZE).crops(LearnSettings().crops, rng)


def composites(bench: Bench, others: SortedCrops, rng: np.random.Generator) -> Crops:
    """Both looks of the bug, each as cut out and at other places in the crop, as real crops lie."""
    parts = []
    cut = looks(others)
    for number in range(16):
        for look in cut:
            reach = (0.5, 2.5, 8)[number % 3]
            logo = logo_on_canvas(look, *SIZE, *(float(step) for step in rng.uniform(-reach, reach, 2)))
            subject = Subject(logo=logo, box=REGION, region=REGION, opacity=(0.85, 1.0), input_size=SIZE)
            parts.append(make_crops(subject, bench.grounds, 340, rng))
    return Crops(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.targets for part in parts]),
        tuple(kind for part in parts for kind in part.shows),
    )


METHODS: dict[str, tuple[Callable[[Bench, SortedCrops, np.random.Generator], Crops], float]] = {
    "plain": (plain, 12.0),
    "learnt": (learnt, LearnSettings().passes),
    "again": (learnt, LearnSettings().passes),
    "composites": (composites, 2.0),
}
"""How the material is made, and how often each picture is seen."""


def examine(bench: Bench, method: str, left_out: int) -> tuple[Logits, float]:
    """Return the (N,) logits of one recording's crops, by a model that hasn't seen it, and the CPU seconds it took."""
    from streamproc.training import network

    begun = time.process_time()
    draw, passes = METHODS[method]
    others = bench.others(left_out)
    seed = bench.seed + 1 if method == "again" else bench.seed
    rng = np.random.default_rng((seed, left_out))
    model = network.build(*SIZE, seed)
    schedule = Schedule(passes=passes, most_s=3600)
    network.train(model, draw(bench, others, rng), schedule, rng, lambda what, share: None)
    return network.logits(model, bench.recordings[left_out].images), time.process_time() - begun


def by_strength(bench: Bench) -> NDArray[np.float32]:
    """Return (N,) how strongly the other recordings' bug stands out on each crop: about 1 there, 0 not there."""
    parts = []
    for left_out, recording in enumerate(bench.recordings):
        cut = looks(bench.others(left_out))
        parts.append(np.max([strengths(look, recording.images) for look in cut], axis=0))
    return np.concatenate(parts)


@dataclass(frozen=True, slots=True)
class Labels:
    """What the crops show, by one way of counting."""

    present: Bits
    """(N,), whether the bug is there."""
    counted: Bits
    """(N,), whether the crop is counted at all."""


def label_sets(crops: SortedCrops) -> dict[str, Labels]:
    """Return the labels as they are, and set right with the fade counted both ways and without half-hidden bugs."""
    listed = {entry["crop"]: entry for entry in json.loads(LABELS.read_text(encoding="utf-8"))["crops"]}
    missing = set(listed) - set(crops.names)
    if missing:
        raise SystemExit(f"{LABELS.name} names crops that are not there: {sorted(missing)}")
    everything = np.ones(len(crops.names), np.bool_)
    right = crops.present.copy()
    for index, name in enumerate(crops.names):
        if name in listed and listed[name]["shows"] != "fade":
            right[index] = listed[name]["shows"] == "bug"
    fades = np.array([name in listed and listed[name]["shows"] == "fade" for name in crops.names])
    whole = np.array([name not in listed or listed[name]["how"] == "whole" for name in crops.names])
    return {
        "as labelled": Labels(crops.present, everything),
        "set right, fade as bug": Labels(right | fades, everything),
        "set right, fade as none": Labels(right & ~fades, everything),
        "set right, without bugs seen in part": Labels(right | fades, whole),
    }


def count(logits: Logits, labels: Labels, among: Bits) -> dict[str, dict[str, float]]:
    """Return how many of each class are right, of how many, and the share."""
    result = {}
    for kind, wanted in (("logo", True), ("no_logo", False)):
        chosen = labels.counted & among & (labels.present == wanted)
        right, of = int(((logits > 0) == wanted)[chosen].sum()), int(chosen.sum())
        result[kind] = {"right": right, "of": of, "share": round(right / of, 5) if of else 1.0}
    return result


def results(bench: Bench, found: dict[str, tuple[Logits, float]], strength: NDArray[np.float32]) -> dict[str, Any]:
    """Return all figures."""
    crops = joined(bench.recordings)
    sets = label_sets(crops)
    recording = np.array([name.partition("/")[0] for name in crops.names])
    everything = np.ones(len(recording), np.bool_)
    methods = {}
    for method, (logits, seconds) in found.items():
        methods[method] = {
            "cpu_seconds_a_fold": round(seconds, 1),
            "accuracy": {name: count(logits, labels, everything) for name, labels in sets.items()},
            "by_recording": {
                str(one): {
                    name: count(logits, sets[name], recording == one)
                    for name in ("as labelled", "set right, fade as bug")
                }
                for one in dict.fromkeys(recording)
            },
            "wrong_when_set_right": [
                {"crop": crops.names[index], "logit": round(float(logits[index]), 2)}
                for index in np.flatnonzero((logits > 0) != sets["set right, fade as bug"].present)
            ],
        }
    listed = json.loads(LABELS.read_text(encoding="utf-8"))["crops"]
    place = {name: index for index, name in enumerate(crops.names)}
    for entry in listed:
        entry["strength"] = round(float(strength[place[entry["crop"]]]), 2)
        entry["logits"] = {name: round(float(logits[place[entry["crop"]]]), 2) for name, (logits, _) in found.items()}
    return {
        "command": "python -m benchmarks.prosieben",
        "machine": describe(),
        "seed": bench.seed,
        "crops": {"logo": int(crops.present.sum()), "no_logo": int((~crops.present).sum())},
        "published": PUBLISHED,
        "methods": methods,
        "mislabelled": listed,
    }


def write_report(path: Path, crops: SortedCrops, figures: dict[str, Any], logits: dict[str, Logits]) -> None:
    """Write every crop that is listed, or that a model got wrong, as it is and with stretched contrast.

    The pictures are not free: the report stays in the work folder.
    """
    listed = {entry["crop"]: entry for entry in json.loads(LABELS.read_text(encoding="utf-8"))["crops"]}
    disputed = np.any([(one > 0) != crops.present for one in logits.values()], axis=0)
    rows = []
    for index, name in enumerate(crops.names):
        if name not in listed and not disputed[index]:
            continue
        said = listed.get(name)
        verdict = f"{said['shows']} ({said['how']}): {said['why']}" if said else "not listed: its label counts"
        scores = "".join(f"<td>{one[index]:+.1f}</td>" for one in logits.values())
        rows.append(
            f"<tr><td>{html.escape(name)}</td><td>{_picture(crops.images[index])}</td>"
            f"<td>{html.escape(verdict)}</td>{scores}</tr>"
        )
    heads = "".join(f"<th>{method}</th>" for method in logits)
    accuracy = html.escape(json.dumps(figures["methods"], indent=1))
    path.write_text(
        "<!doctype html><meta charset=utf-8><title>ProSieben crops</title><style>body{font:15px sans-serif;margin:2em}"
        "td,th{padding:4px 10px;text-align:left}</style><h1>Crops that are listed or disputed</h1>"
        "<p>Each twice: as it is, and with stretched contrast. Numbers: log odds of the models that had not seen the "
        f"recording.</p><table><tr><th>crop</th><th></th><th>looked at</th>{heads}</tr>{''.join(rows)}</table>"
        f"<pre>{accuracy}</pre>",
        encoding="utf-8",
    )


def _picture(crop: NDArray[np.uint8]) -> str:
    low, high = np.percentile(crop, [1, 99], axis=(0, 1))
    stretched = ((crop - low) / np.maximum(high - low, 1) * 255).clip(0, 255).astype(np.uint8)
    pair = cv2.resize(np.hstack([crop, stretched]), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    coded = cv2.imencode(".png", np.asarray(pair[:, :, ::-1], np.uint8))[1]
    return f'<img src="data:image/png;base64,{b64encode(coded.tobytes()).decode()}" alt="">'


def _bench(data: Path, seed: int) -> Bench:
    folders = sorted(path for path in (data / "logo_crops_prosieben").iterdir() if path.is_dir())
    footage = [data / "footage" / "big_buck_bunny_720p.ts", *sorted((data / "footage").glob("*.mp4"))]
    scenes = scenery(footage, REGION, lambda what, share: None)
    photographs = backgrounds.photographs()
    grounds = [
        *photographs,
        *scenes * max(1, len(photographs) // len(scenes)),
        *[backgrounds.drawn(np.random.default_rng(seed), 120)] * (len(photographs) // 2),
    ]
    return Bench([read_crops(folder, SIZE) for folder in folders], grounds, seed)


def _kept(work: Path, bench: Bench, method: str, left_out: int) -> tuple[Logits, float]:
    """Return what :func:`examine` does, from the work folder where it is there already."""
    path = work / f"{method}_{left_out}_{bench.seed}.npz"
    if not path.exists():
        logits, seconds = examine(bench, method, left_out)
        np.savez(path, logits=logits, seconds=seconds)
        print(method, "without recording", left_out, file=sys.stderr, flush=True)
    saved = np.load(path)
    return saved["logits"], float(saved["seconds"])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED, help="where logo_crops_prosieben and footage lie")
    parser.add_argument(
        "--work", type=Path, default=WORK, help="for the report; logits that are there already are used"
    )
    parser.add_argument("--only", choices=list(METHODS), help="do one part, to run several beside each other")
    parser.add_argument(
        "--recordings", nargs="+", type=int, help="with --only: the numbers of those to leave out, from 0"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    bench = _bench(options.data, options.seed)
    chosen = options.recordings if options.recordings is not None else range(len(bench.recordings))
    found = {}
    for method in [options.only] if options.only else list(METHODS):
        parts = [_kept(options.work, bench, method, number) for number in chosen]
        found[method] = np.concatenate([part[0] for part in parts]), float(np.mean([part[1] for part in parts]))
    if options.only:
        return
    (first, one), (second, other) = found["learnt"], found["composites"]
    found["both"] = (first + second) / 2, one + other
    figures = results(bench, found, by_strength(bench))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "prosieben.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    report = options.work / "report.html"
    write_report(report, joined(bench.recordings), figures, {name: logits for name, (logits, _) in found.items()})
    print(json.dumps({name: part["accuracy"] for name, part in figures["methods"].items()}, indent=2))
    print(f"report with pictures: {report}")


if __name__ == "__main__":
    main()
