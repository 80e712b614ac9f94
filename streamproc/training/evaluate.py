"""How good a model is: on labelled crops, frame by frame against known segments, and in where boundaries land."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from streamproc.errors import ConfigError
from streamproc.inference.card import Calibration
from streamproc.inference.session import LogoModel
from streamproc.media.decoder import Frame, decode_frames
from streamproc.media.files import FileFootage
from streamproc.training.dataset import Crops, Shows

_CLEAR = 0.05  # a target nearer than this to 0 or 1 is a plain yes or no; others are fades


def probabilities(logits: NDArray[np.float32], calibration: Calibration) -> NDArray[np.float64]:
    """Return calibrated probabilities, (N,)."""
    odds = (logits.astype(np.float64) - calibration.bias) / calibration.temperature
    return np.asarray(1 / (1 + np.exp(-odds)), np.float64)


def calibrate(logits: NDArray[np.float32], targets: NDArray[np.float32]) -> Calibration:
    """Fit temperature and bias on held-out material by the least cross entropy (Platt 1999, Guo et al. 2017).

    The temperature is not allowed below 1: a network without a mistake on the material would ask for infinitely
    steep odds, which other material would not bear out.
    """
    z, y = logits.astype(np.float64), targets.astype(np.float64)
    slope, offset = 1.0, 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-(slope * z + offset)))
        weight = p * (1 - p) + 1e-9
        gradient = np.array([((p - y) * z).sum() + 1e-2 * (slope - 1), (p - y).sum() + 1e-2 * offset])
        cross = (weight * z).sum()
        hessian = np.array([[(weight * z * z).sum() + 1e-2, cross], [cross, weight.sum() + 1e-2]])
        step = np.linalg.solve(hessian, gradient)
        slope, offset = slope - float(step[0]), offset - float(step[1])
        if np.abs(step).max() < 1e-7:
            break
    temperature = max(1.0, 1 / max(slope, 1e-3))
    return Calibration(temperature=round(temperature, 4), bias=round(-offset / max(slope, 1e-3), 4))


def measure(logits: NDArray[np.float32], crops: Crops, calibration: Calibration) -> dict[str, object]:
    """Return accuracy away from fades, for each kind of picture, and the calibration error."""
    p = probabilities(logits, calibration)
    clear = (crops.targets < _CLEAR) | (crops.targets > 1 - _CLEAR)
    right = (p > 0.5) == (crops.targets > 0.5)
    shows = np.array([str(kind) for kind in crops.shows])
    by_kind = {
        str(kind): round(float(right[clear & (shows == str(kind))].mean()), 5)
        for kind in Shows
        if (clear & (shows == str(kind))).any()
    }
    return {
        "held_out_crops": len(p),
        "accuracy_away_from_fades": round(float(right[clear].mean()), 5),
        "accuracy_by_kind": by_kind,
        "calibration_error": round(calibration_error(p, crops.targets), 5),
        "log_odds_percentiles_bug": _percentiles(p[clear & (crops.targets > 0.5)]),
        "log_odds_percentiles_none": _percentiles(p[clear & (crops.targets < 0.5)]),
    }


def calibration_error(probability: NDArray[np.float64], targets: NDArray[np.float32], bins: int = 15) -> float:
    """Return the expected calibration error: the mean gap between what is said and what is so, in equal bins."""
    which = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = [
        abs(float(probability[which == number].mean() - targets[which == number].mean())) * (which == number).mean()
        for number in range(bins)
        if (which == number).any()
    ]
    return float(sum(gaps))


def _percentiles(p: NDArray[np.float64]) -> dict[str, float]:
    if not len(p):
        return {}
    odds = np.log(np.clip(p, 1e-12, 1) / np.clip(1 - p, 1e-12, 1))
    return {f"{percent:g}": round(float(np.percentile(odds, percent)), 2) for percent in (0, 0.1, 1, 50, 99, 99.9, 100)}


class TrueSegment(BaseModel):
    """One stretch of a segments.json; keys that are not needed here are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kind: Literal["programme", "advert", "unknown"]
    start_s: float
    """Seconds from the footage's beginning."""
    end_s: float
    """Seconds; the end is exclusive."""


class Segments(BaseModel):
    """A segments.json."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    segments: tuple[TrueSegment, ...]
    """Contiguous and in order."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Frames of one class."""

    frames: int
    """How many there are."""
    right: int
    """How many of them the model calls what they are."""

    @property
    def accuracy(self) -> float | None:
        """Share of frames that are right; None where there are none."""
        return self.right / self.frames if self.frames else None


def read_segments(path: Path) -> Segments:
    """Read a segments.json. Raises ConfigError when it can't be read or is none."""
    try:
        return Segments.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({error.strerror})") from error
    except (UnicodeDecodeError, ValidationError) as error:
        raise ConfigError(f"{path}: is no segments.json: it needs 'segments' with kind, start_s and end_s") from error


def evaluate_model(folder: Path, sources: Sequence[Path], truth: Path) -> dict[str, object]:
    """Score every frame of some footage and compare with the truth; what ``streamproc logo evaluate`` shows.

    returns: frame accuracy per class, of single frames without hysteresis, and for each true boundary how many seconds
    away from it (later is positive) the model alone would put it, by the likeliest change point among the frames
    between the middles of the two segments; all ready for JSON.
    Raises ModelError, SourceError, ConfigError.
    """
    model, known = LogoModel.load(folder), read_segments(truth)
    scored = list(_scored(model, sources))
    times = np.array([float(time) for time, _ in scored])
    odds = np.array([value for _, value in scored])
    tallies = {kind: _tally(known, kind, times, odds) for kind in ("programme", "advert")}
    boundaries = [_boundary(*pair, times, odds) for pair in pairwise(known.segments)]
    errors = [error for boundary in boundaries if isinstance(error := boundary["error_s"], float)]
    return {
        "schema": 1,
        "model": {"name": model.card.name, "sha256": model.card.sha256},
        "frames": len(scored),
        "accuracy": {kind: tally.accuracy for kind, tally in tallies.items()},
        "frames_by_class": {kind: tally.frames for kind, tally in tallies.items()},
        "boundaries": boundaries,
        "median_error_s": float(np.median(np.abs(errors))) if errors else None,
        "greatest_error_s": float(np.abs(errors).max()) if errors else None,
    }


def _scored(model: LogoModel, sources: Sequence[Path]) -> Iterator[tuple[Fraction, float]]:
    begun = Fraction(0)
    for epoch in FileFootage(sources).epochs():
        video = epoch.format.video
        region = model.card.region.pixels(video.width, video.height)
        for frame in decode_frames(epoch, Fraction(0), epoch.end()):
            yield begun + frame.time, _score(model, frame, region)
        begun += epoch.end()


def _score(model: LogoModel, frame: Frame, region: tuple[int, int, int, int]) -> float:
    return float(model.log_odds([frame.crop(region)])[0])


def _tally(known: Segments, kind: str, times: NDArray[np.float64], odds: NDArray[np.float64]) -> Tally:
    inside = np.zeros(len(times), bool)
    for segment in known.segments:
        if segment.kind == kind:
            inside |= (times >= segment.start_s - 1e-6) & (times < segment.end_s - 1e-6)
    right = (odds > 0) == (kind == "programme")
    return Tally(int(inside.sum()), int((inside & right).sum()))


def _boundary(
    before: TrueSegment, after: TrueSegment, times: NDArray[np.float64], odds: NDArray[np.float64]
) -> dict[str, object]:
    described: dict[str, object] = {"time_s": after.start_s, "before": before.kind, "after": after.kind}
    if {before.kind, after.kind} != {"programme", "advert"}:
        return {**described, "error_s": None}
    inside = (times >= (before.start_s + before.end_s) / 2) & (times < (after.start_s + after.end_s) / 2)
    if not inside.any():
        return {**described, "error_s": None}
    near, evidence = times[inside], np.clip(odds[inside], -8, 8) * (1 if after.kind == "programme" else -1)
    # The frame from which on the sum of evidence for the new state is greatest is the likeliest change point.
    found = near[int(np.argmax(np.cumsum(evidence[::-1])[::-1]))]
    return {**described, "error_s": round(float(found - after.start_s), 4)}
