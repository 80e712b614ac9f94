"""Building our own method's model: both networks trained and exported, and what makes a verdict of them chosen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from streamproc.forensics.residual import Verdict
from streamproc.inference.card import MODEL_FILE, file_sha256
from streamproc.inference.forensics import FineCard, Residual, ResidualCard
from streamproc.training.forensics import network
from streamproc.training.forensics.carded import network_card, settled
from streamproc.training.forensics.scenes import Crops

Progress = Callable[[str, float], None]


def build(crops: Crops, data: Path, out: Path, steps: int, progress: Progress) -> ResidualCard:
    """Train both networks on crops, export them, choose what makes a verdict of them, and write the model's folder.

    steps: of the coarse network's training; the fine one's, which take three times as long, are three tenths as many.
    """
    out.mkdir(parents=True, exist_ok=True)
    schedules = {
        MODEL_FILE: network.Schedule(steps=steps),
        FineCard.file: network.Schedule(steps=max(1, steps * 3 // 10), side=network.FINE_SIDE),
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
    return settled(card_of, Residual.load, out, data, told)


def card_of(out: Path, how: Verdict, metrics: dict[str, Any]) -> ResidualCard:
    """Return the card of the networks in ``out``, where the fine one may be missing."""
    fine = out / FineCard.file
    there = FineCard(sha256=file_sha256(fine)) if fine.is_file() else None
    return network_card(ResidualCard, out, how, metrics, fine=there)
