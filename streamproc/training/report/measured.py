"""The parts that every report has: verdict, charts, confusion, rows of pictures, the card."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from streamproc.inference.card import Card, Region
from streamproc.training.report import charts
from streamproc.training.report.page import Picture, crop_data
from streamproc.training.report.texts import Number, Said, Share, say, shown
from streamproc.training.report.verdict import Verdict, judge
from streamproc.training.scores import CLEAR, Confusion, confusion, reliability, roc

_SURE = 0.01  # a probability nearer than this to 0 or 1 is not worth showing as uncertain

Sample = tuple[Picture, float, float, str]
"""Picture (h, w, 3) uint8 RGB, target 0 to 1, the model's probability 0 to 1, and what it shows in a word or two."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart and its caption."""

    name: str
    """Prefix of its elements' ids."""
    svg: Markup
    """The chart."""
    caption: Said
    """Below it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the scores of labelled pictures come to."""

    counts: Confusion
    """Away from fades."""
    verdict: Verdict
    """In words."""
    figures: tuple[Figure, ...]
    """Histogram, ROC when both classes are there, reliability."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One picture of a row."""

    data: str
    """Data URI."""
    what: Said
    """With logo, without, or fading."""
    shows: Said
    """In a word or two."""
    probability: Share
    """Of the logo, by the model."""
    wrong: bool
    """Whether the model takes it for what it is not."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""


def measured(odds: NDArray[np.float64], targets: NDArray[np.float32]) -> Measured:
    """Work out a report's figures. odds: (N,) calibrated log odds, N at least 1. targets: (N,) in [0, 1]."""
    probability = 1 / (1 + np.exp(-np.clip(odds, -60, 60)))
    counts, curve, bins = confusion(odds, targets), roc(odds, targets), reliability(probability, targets)
    error = sum(abs(one.said - one.so) * one.count for one in bins) / len(targets)
    figures = [Figure("histogram", charts.histogram(odds, targets), say("histogram_caption"))]
    if curve is not None:
        in_use = counts.false_alarms / counts.without_bug, counts.found / counts.with_bug
        svg = charts.roc_curve(curve, in_use, (counts.with_bug, counts.without_bug))
        figures.append(Figure("roc", svg, say("roc_caption", area=Number(curve.area, 5))))
    caption = say("reliability_caption", error=Share(error))
    figures.append(Figure("reliability", charts.reliability_diagram(bins), caption))
    return Measured(counts, judge(counts, error), tuple(figures))


def thumbnail(sample: Sample) -> Thumbnail:
    """Make a picture ready for the page."""
    picture, target, probability, shows = sample
    what = "with_logo" if target > 1 - CLEAR else "without_logo" if target < CLEAR else "fading_logo"
    return Thumbnail(
        data=crop_data(picture),
        what=say(what),
        shows=shown(shows),
        probability=Share(probability, 1),
        wrong=what != "fading_logo" and is_wrong(sample),
        width=picture.shape[1],
        height=picture.shape[0],
    )


def is_wrong(sample: Sample) -> bool:
    """Tell whether the model takes it for what it is not."""
    return (sample[2] > 0.5) != (sample[1] > 0.5)


def surest_first(samples: Sequence[Sample], most: int) -> list[Thumbnail]:
    """Return mistakes, the surest first."""
    return [thumbnail(sample) for sample in sorted(samples, key=lambda one: -abs(one[2] - 0.5))[:most]]


def least_certain(samples: Sequence[Sample], most: int) -> list[Thumbnail]:
    """Return those that are right, no fades, and not quite certain; the least certain first."""
    right = [
        one
        for one in samples
        if not is_wrong(one) and (one[1] < CLEAR or one[1] > 1 - CLEAR) and abs(one[2] - 0.5) < 0.5 - _SURE
    ]
    return [thumbnail(sample) for sample in sorted(right, key=lambda one: abs(one[2] - 0.5))[:most]]


def place(region: Region) -> Said:
    """Say where in the picture a region lies."""
    x, y = region.x + region.width / 2, region.y + region.height / 2
    across = "left" if x < 0.4 else "right" if x > 0.6 else ""
    down = "top" if y < 0.4 else "bottom" if y > 0.6 else ""
    where = say("place_" + ("_".join(filter(None, (down, across))) or "middle"))
    return say("lead_region", place=where, width=Share(region.width, 1), height=Share(region.height, 1))


def card_rows(card: Card) -> list[tuple[str, str]]:
    """Return (key of the table of texts, value) for what the card holds."""
    region, decision = card.region, card.decision
    rows = [
        ("card_name", card.name),
        ("card_created", card.created),
        ("card_region", f"{region.x:.4f}, {region.y:.4f}, {region.width:.4f}, {region.height:.4f}"),
        ("card_input", f"{card.input.width} × {card.input.height}"),
        ("card_calibration", f"{card.calibration.temperature:g}, {card.calibration.bias:g}"),
        ("card_decision", f"{decision.n_enter}, {decision.n_leave}; {decision.min_certainty:g}"),
        ("card_sha256", card.sha256),
        ("card_licence", card.licence),
        ("card_data", "\n".join(card.data)),
        ("card_metrics", json.dumps(card.metrics, indent=2, ensure_ascii=False) if card.metrics else ""),
    ]
    return [(key, value) for key, value in rows if value]
