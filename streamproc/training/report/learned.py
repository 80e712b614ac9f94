"""The report that learning a channel's bug leaves beside its model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamproc.inference.card import Card
from streamproc.training.report import charts
from streamproc.training.report.measured import (
    Figure,
    Sample,
    Thumbnail,
    card_rows,
    least_certain,
    measured,
    place,
    surest_first,
    thumbnail,
)
from streamproc.training.report.page import Picture, crop_data, frame_data, write_page
from streamproc.training.report.texts import Number, Share, say, shown
from streamproc.training.scores import CLEAR, clear

REPORT_FILE = "report.html"
_MOST = 24  # pictures of a row


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnEvidence:
    """What came of learning."""

    card: Card
    """The model's card, calibrated."""
    mask: Picture | None
    """The logo as it was found or given, (h, w, 4) uint8 RGBA; None where there is none."""
    frame_with_box: Picture | None
    """(H, W, 3) uint8 RGB; a frame with the box drawn in."""
    samples: Sequence[Sample]
    """Held-out pictures, drawn at random; a hundred or two, so that the least certain ones are worth showing."""
    logits: NDArray[np.float32]
    """(N,) raw outputs of the network for all held-out pictures, before calibration; N at least 1."""
    targets: NDArray[np.float32]
    """(N,) in [0, 1]."""
    wrong: Sequence[Sample]
    """Held-out pictures, no fades, that the model takes for what they are not."""
    history: Sequence[tuple[int, float]]
    """Step and loss; may be empty."""
    notes: Sequence[str]
    """What else the reader should know, a sentence each."""


def write_learn_report(folder: Path, evidence: LearnEvidence) -> Path:
    """Write ``folder``/report.html, whole in itself, and return its path. Raises ConfigError when it can't be."""
    card = evidence.card
    odds = (evidence.logits.astype(np.float64) - card.calibration.bias) / card.calibration.temperature
    found = measured(odds, evidence.targets)
    counts = found.counts
    figures = found.figures
    if evidence.history:
        curve = charts.learning_curve(evidence.history)
        figures = (Figure("learning", curve, say("learning_caption")), *figures)
    lead = [
        place(card.region),
        say(
            "lead_accuracy",
            count=Number(int(clear(evidence.targets).sum())),
            with_bug=Share(counts.accuracy_with),
            without_bug=Share(counts.accuracy_without),
        ),
    ]
    values: dict[str, Any] = {
        "title": say("learn_title", name=card.name),
        "verdict": found.verdict,
        "lead": lead,
        "mask": None if evidence.mask is None else crop_data(evidence.mask),
        "frame": None if evidence.frame_with_box is None else frame_data(evidence.frame_with_box),
        "groups": _groups(evidence.samples),
        "wrong": surest_first(evidence.wrong, _MOST),
        "uncertain": least_certain(evidence.samples, _MOST // 2),
        "figures": figures,
        "counts": counts,
        "kinds": _kinds(card),
        "notes": evidence.notes,
        "card": card_rows(card),
    }
    return write_page(folder / REPORT_FILE, "learn.html", values)


def _groups(samples: Sequence[Sample]) -> list[tuple[str, list[Thumbnail]]]:
    """Return (key of its heading, pictures) for each kind that there is."""
    groups = {
        "samples_with": [one for one in samples if one[1] > 1 - CLEAR],
        "samples_without": [one for one in samples if one[1] < CLEAR],
        "samples_fading": [one for one in samples if CLEAR <= one[1] <= 1 - CLEAR],
    }
    return [(key, [thumbnail(one) for one in group[:_MOST]]) for key, group in groups.items() if group]


def _kinds(card: Card) -> list[tuple[object, Share]]:
    """Return (what is shown, accuracy) from the card's metrics, where they tell."""
    by_kind = card.metrics.get("accuracy_by_kind")
    if not isinstance(by_kind, dict):
        return []
    return [(shown(str(kind)), Share(float(value))) for kind, value in by_kind.items()]
