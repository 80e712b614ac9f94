"""How good a freshly trained network is on crops that were held out, and how its odds are calibrated."""

import numpy as np
from numpy.typing import NDArray

from streamproc.inference.card import Calibration
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
