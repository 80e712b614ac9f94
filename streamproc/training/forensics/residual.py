"""Building our own method's model: both networks trained and exported, and what makes a verdict of them chosen."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import keras

from streamproc.forensics.residual import Verdict
from streamproc.inference.card import MODEL_FILE, file_sha256
from streamproc.inference.forensics import FineCard, Residual, ResidualCard, VerdictCard
from streamproc.training.forensics import network
from streamproc.training.forensics.choosing import chosen, examples, mixed
from streamproc.training.forensics.scenes import Crops

Progress = Callable[[str, float], None]

DATA = (
    "12 of the 24 lossless Kodak photographs, painted over by G'MIC's three PDE inpainters, Telea's, Navier–Stokes', "
    "delogo, harmonic",
    "photographs of BSDS500 and frames of footage, broadcasts and adverts, used locally, painted over likewise, and "
    "untouched, with logos, captions, bars and blur on some",
    "drawn pictures; all of it lossless, or coded as JPEG, H.264, or one after the other",
)
LICENCE = "MIT, like the project, for the weights; none of the pictures can be drawn from them"
_EVEN = 1.0, 1.0, 0.0  # how both networks' logits are weighed, until that is chosen
_MIXED = 160  # examples that the weighing is chosen with
_LARGEST = 400_000  # pixels of them


def build(crops: Crops, data: Path, out: Path, steps: int, progress: Progress) -> ResidualCard:
    """Train both networks on crops, export them, choose what makes a verdict of them, and write the model's folder.

    steps: of the coarse network's training; the fine one's are half as many.
    """
    out.mkdir(parents=True, exist_ok=True)
    schedules = {
        MODEL_FILE: network.Schedule(steps=steps),
        FineCard.file: network.Schedule(steps=max(1, steps // 2), side=network.FINE_SIDE),
    }
    told: dict[str, Any] = {"crops": len(crops.truth)}
    for (file, schedule), make in zip(schedules.items(), (network.build, network.build_fine), strict=True):
        name = "coarse network" if file == MODEL_FILE else "fine network"
        progress(name, 0.0)
        told[name] = trained(make(seed=schedule.seed), crops, schedule, out / file, progress)
    progress("thresholds", 0.0)
    return with_thresholds(out, data, told)


def trained(
    model: keras.Model, crops: Crops, schedule: network.Schedule, path: Path, progress: Progress
) -> dict[str, Any]:
    """Train a network, export it, and return what the card shall say of that."""
    loss = network.train(model, crops, schedule, progress)
    return {
        "steps": schedule.steps,
        "loss of the last tenth": round(loss, 5),
        "parameters": int(model.count_params()),
        "greatest difference of the export, logits": round(network.to_onnx(model, path), 6),
    }


def with_thresholds(out: Path, data: Path, told: dict[str, Any]) -> ResidualCard:
    """Choose what makes a verdict of the networks in ``out``, on sources that they have not learnt from."""
    card = card_of(out, Verdict(), told, _EVEN)
    card.write(out)
    method = Residual.load(out)
    small = (one for one in examples(data) if one.truth.any() and one.truth.size <= _LARGEST)
    weighing = mixed(method, islice(small, _MIXED))
    card = card_of(out, Verdict(), told, weighing)
    card.write(out)
    best, reached = chosen(Residual.load(out), examples(data))
    card = card_of(out, best, told | {"on the pictures that thresholds were chosen with": reached}, weighing)
    card.write(out)
    return card


def card_of(
    out: Path, how: Verdict, metrics: dict[str, Any], weighing: tuple[float, float, float] | None
) -> ResidualCard:
    """Return the card of the networks in ``out``; without a weighing there is no fine one."""
    fine = None
    if weighing is not None:
        coarse_weight, fine_weight, bias = (round(one, 4) for one in weighing)
        sha256 = file_sha256(out / FineCard.file)
        fine = FineCard(sha256=sha256, coarse_weight=coarse_weight, fine_weight=fine_weight, bias=bias)
    told: dict[str, Any] = {
        "schema": 1,
        "name": "residual",
        "sha256": file_sha256(out / MODEL_FILE),
        "metrics": metrics,
        "data": list(DATA),
        "licence": LICENCE,
        "created": f"{datetime.now(UTC):%Y-%m-%d}",
        "fine": fine,
        "verdict": VerdictCard(**asdict(how)),
    }
    return ResidualCard.model_validate(told)
