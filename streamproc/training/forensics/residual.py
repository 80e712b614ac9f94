"""Building our own method's model: the network trained, exported, and its thresholds chosen on sources of their own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from streamproc.forensics.residual import Verdict, judged
from streamproc.forensics.scoring import f1
from streamproc.forensics.traces import Map, Mask, Picture
from streamproc.inference.card import MODEL_FILE, file_sha256
from streamproc.inference.forensics import Residual, ResidualCard, VerdictCard
from streamproc.training.forensics import network
from streamproc.training.forensics.coded import h264
from streamproc.training.forensics.material import LEARNT, LEARNT_REDUCED, clips_of, coded, halved, reduced_pictures
from streamproc.training.forensics.protocol import photographs, split
from streamproc.training.forensics.scenes import PAINTED, Crops, holes, paint, truth

Progress = Callable[[str, float], None]
Example = tuple[Picture, Mask]

DATA = (
    "12 of the 24 lossless Kodak photographs, painted over by G'MIC's three PDE inpainters, Telea's, delogo, harmonic",
    "photographs of BSDS500 and frames of footage and adverts, used locally, at half their size, painted over likewise",
    "clips of that footage, and of a camera that moves over the photographs, painted over and coded as H.264",
)
LICENCE = "MIT, like the project, for the weights; none of the pictures can be drawn from them"
_REDUCED = 24  # photographs of BSDS500, after those that are learnt from


def build(crops: Crops, data: Path, out: Path, schedule: network.Schedule, progress: Progress) -> ResidualCard:
    """Train on crops, export, choose thresholds, and write the model's folder."""
    model = network.build(seed=schedule.seed)
    loss = network.train(model, crops, schedule, progress)
    out.mkdir(parents=True, exist_ok=True)
    difference = network.to_onnx(model, out / MODEL_FILE)
    told = {
        "crops": len(crops.luma),
        "steps": schedule.steps,
        "loss of the last tenth": round(loss, 5),
        "parameters": int(model.count_params()),
        "greatest difference of the export, logits": round(difference, 6),
    }
    return with_thresholds(out, data, told)


def with_thresholds(out: Path, data: Path, told: dict[str, Any]) -> ResidualCard:
    """Choose the thresholds for the network in ``out`` on sources that it has not learnt from, and write its card."""
    card = card_of(out, Verdict(), told)
    card.write(out)
    best, reached = chosen(Residual.load(out), [*examples(data)])
    card = card_of(out, best, told | {"F1 on the pictures that thresholds were chosen with": round(reached, 4)})
    card.write(out)
    return card


def card_of(out: Path, how: Verdict, metrics: dict[str, Any]) -> ResidualCard:
    """Return the card of the network in ``out``."""
    told: dict[str, Any] = {
        "schema": 1,
        "name": "residual",
        "sha256": file_sha256(out / MODEL_FILE),
        "metrics": metrics,
        "data": list(DATA),
        "licence": LICENCE,
        "created": f"{datetime.now(UTC):%Y-%m-%d}",
        "verdict": VerdictCard(**asdict(how)),
    }
    return ResidualCard.model_validate(told)


def examples(data: Path, seed: int = 1) -> Iterator[Example]:
    """Yield pictures and masks of sources that neither training nor benchmarks look at, as many of them untouched."""
    rng = np.random.default_rng(seed)
    kodak = photographs(data / "images" / "kodak24")
    still = [kodak[name] for name in split(kodak)[1] for _ in range(4)]
    still += reduced_pictures(data / "images" / "bsds500_jpeg", slice(LEARNT_REDUCED, LEARNT_REDUCED + _REDUCED))
    for before in still:
        over = holes(before.shape[:2], LEARNT, 2, rng)
        yield coded(paint(before, over), rng), truth(before, over) == PAINTED
        yield coded(before, rng), np.zeros(before.shape[:2], bool)
    for film in sorted((data / "adverts").glob("spoof_*.mp4"))[1::2]:
        for clip in clips_of(film, 1, 13):
            small = [halved(frame) for frame in clip]
            over = holes(small[0].shape[:2], LEARNT, 4, rng)
            painted = [paint(frame, over) for frame in small]
            for crf in (18, 23, 28):
                yield h264(painted, crf)[-1][1], truth(small[-1], over) == PAINTED
                yield h264(small, crf)[-1][1], np.zeros(small[0].shape[:2], bool)


def chosen(method: Residual, shown: Sequence[Example]) -> tuple[Verdict, float]:
    """Return the thresholds with the best mean F1, and that F1; where nothing was painted, finding nothing is 1."""
    heats = [method.heat(picture) for picture, _ in shown]

    def mean_f1(how: Verdict) -> float:
        return float(np.mean([_f1(heat, example, how) for heat, example in zip(heats, shown, strict=True)]))

    tried = [
        Verdict(edge=edge, sure=max(edge, sure), least_area=area)
        for edge, sure, area in product((0.4, 0.5, 0.6, 0.7, 0.8), (0.5, 0.6, 0.7, 0.8, 0.9), (24, 64))
    ]
    best = max(tried, key=mean_f1)
    return best, mean_f1(best)


def _f1(heat: Map, example: Example, how: Verdict) -> float:
    picture, mask = example
    return f1(judged(heat, picture, how).mask, mask)
