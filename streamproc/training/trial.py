"""A model on trial: all its scores on footage whose segments are known, or on a folder of labelled crops."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ConfigError, SourceUnsupported
from streamproc.inference.card import Card
from streamproc.inference.session import LogoModel
from streamproc.media.decoder import decode_frames
from streamproc.media.files import FileFootage
from streamproc.media.footage import Epoch
from streamproc.training.scores import Confusion, Roc, confusion, reliability, roc
from streamproc.training.truth import Segments, TrueSegment, read_segments

NEAR_S = 1.0
"""Frames nearer than this to a true boundary, where the bug may be fading, don't count as mistakes of the model."""
CLASS_FOLDERS = {"logo": 1.0, "no_logo": 0.0}
"""Names of a crop folder's subfolders, and the target of what is in them."""
_PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}
_KEPT = 48  # pictures of a kind that are kept for the report
_POINTS = 200  # of the ROC in the document
_TOLD = 25  # frames between two reports of progress
_TARGETS = {"programme": 1.0, "advert": 0.0}

Picture = NDArray[np.uint8]
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One picture and what the model makes of it."""

    crop: Picture
    """(h, w, 3) uint8 RGB, at the size that the network takes."""
    target: float
    """1 with the bug, 0 without."""
    odds: float
    """Calibrated log odds that it is there."""
    label: str
    """Where it is from: a time, or a file's name."""

    @property
    def probability(self) -> float:
        """Of the bug."""
        return float(1 / (1 + np.exp(-np.clip(self.odds, -60, 60))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """Where the model alone, without hysteresis, would put a change."""

    time_s: float
    """Where it truly is."""
    before: str
    """What ends there."""
    after: str
    """What begins there."""
    error_s: float | None
    """Seconds, later is positive; None where no frames tell, or one side is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of it."""

    card: Card
    """The model's."""
    times: NDArray[np.float64] | None
    """(N,) seconds from the footage's beginning; None for crops."""
    odds: NDArray[np.float64]
    """(N,) calibrated log odds of the bug."""
    targets: NDArray[np.float32]
    """(N,) 1 with the bug, 0 without, NaN where that is not known."""
    counted: NDArray[np.bool_]
    """(N,) whether it is known, and not near a boundary."""
    known: Segments
    """The truth; without segments for crops."""
    boundaries: tuple[Boundary, ...]
    """Between all neighbouring segments."""
    wrong: tuple[Look, ...]
    """Counted pictures that it takes for what they are not, the surest first; at most one a second of footage."""
    uncertain: tuple[Look, ...]
    """Counted pictures that it is right about, the least certain first; at most one a second of footage."""

    @property
    def probability(self) -> NDArray[np.float64]:
        """(N,) probability of the bug."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.odds, -60, 60))), np.float64)

    def counts(self) -> Confusion:
        """Return the confusion of the counted pictures."""
        return confusion(self.odds[self.counted], self.targets[self.counted])

    def curve(self) -> Roc | None:
        """Return the ROC of the counted pictures; None unless there are both kinds."""
        return roc(self.odds[self.counted], self.targets[self.counted])

    def document(self) -> dict[str, object]:
        """Return all figures, ready for JSON."""
        everything = confusion(self.odds[~np.isnan(self.targets)], self.targets[~np.isnan(self.targets)])
        counts = self.counts()
        errors = [abs(one.error_s) for one in self.boundaries if one.error_s is not None]
        return {
            "schema": 1,
            "model": {"name": self.card.name, "sha256": self.card.sha256},
            "frames": len(self.odds),
            "accuracy": {"programme": everything.accuracy_with, "advert": everything.accuracy_without},
            "frames_by_class": {"programme": everything.with_bug, "advert": everything.without_bug},
            "accuracy_away_from_boundaries": {
                "programme": counts.accuracy_with,
                "advert": counts.accuracy_without,
                "frames": int(self.counted.sum()),
            },
            "confusion": {
                "found": counts.found,
                "missed": counts.missed,
                "false_alarms": counts.false_alarms,
                "rejected": counts.rejected,
            },
            "roc": _roc_document(self.curve()),
            "calibration": self._calibration(),
            "wrong": [{"at": one.label, "target": one.target, "log_odds": round(one.odds, 3)} for one in self.wrong],
            "boundaries": [
                {"time_s": one.time_s, "before": one.before, "after": one.after, "error_s": one.error_s}
                for one in self.boundaries
            ],
            "median_error_s": float(np.median(errors)) if errors else None,
            "greatest_error_s": max(errors, default=None),
        }

    def _calibration(self) -> dict[str, object]:
        bins = reliability(self.probability[self.counted], self.targets[self.counted])
        error = sum(abs(one.said - one.so) * one.count for one in bins) / max(1, int(self.counted.sum()))
        rows = [{"said": round(one.said, 5), "so": round(one.so, 5), "count": one.count} for one in bins]
        return {"error": round(error, 5), "bins": rows}


def try_on_footage(folder: Path, sources: Sequence[Path], truth: Path, progress: Progress) -> Trial:
    """Score every frame of some footage. Raises ModelError, SourceError, ConfigError (the truth)."""
    model, known = LogoModel.load(folder), read_segments(truth)
    gallery, times, odds, targets, counted = _Gallery(), [], [], [], []
    for time, crop, value in _scored(model, sources, progress):
        target = _TARGETS.get(known.kind_at(time), np.nan)
        counts = not np.isnan(target) and not _near_a_boundary(known, time)
        if counts:
            gallery.offer(int(time), Look(crop=crop, target=target, odds=value, label=f"{time:.2f} s"))
        times.append(time)
        odds.append(value)
        targets.append(target)
        counted.append(counts)
    if not any(counted):
        raise ConfigError(
            f"{truth}: no frame of the footage, which is {times[-1] if times else 0:.1f} s long, lies in a programme "
            f"or an advert of it that is longer than {2 * NEAR_S:g} s; is it the truth of this footage?"
        )
    marks, values = np.array(times), np.array(odds)
    pairs = zip(known.segments, known.segments[1:], strict=False)
    return Trial(
        card=model.card,
        times=marks,
        odds=values,
        targets=np.array(targets, np.float32),
        counted=np.array(counted),
        known=known,
        boundaries=tuple(_boundary(before, after, marks, values) for before, after in pairs),
        wrong=gallery.wrong(),
        uncertain=gallery.uncertain(),
    )


def try_on_crops(folder: Path, crops: Path, progress: Progress) -> Trial:
    """Score the pictures in ``crops``/logo and ``crops``/no_logo, of any size. Raises ModelError, ConfigError."""
    model = LogoModel.load(folder)
    paths = [(path, target) for name, target in CLASS_FOLDERS.items() for path in _pictures(crops / name)]
    gallery, odds = _Gallery(), []
    for number, (path, target) in enumerate(paths):
        crop = _reduced(_read(path), model.card)
        value = float(model.log_odds([crop])[0])
        look = Look(crop=crop, target=target, odds=value, label=f"{path.parent.name}/{path.name}")
        gallery.offer(number, look)
        odds.append(value)
        if number % _TOLD == 0:
            progress("scoring pictures", number / len(paths))
    return Trial(
        card=model.card,
        times=None,
        odds=np.array(odds),
        targets=np.array([target for _, target in paths], np.float32),
        counted=np.ones(len(paths), bool),
        known=Segments(segments=()),
        boundaries=(),
        wrong=gallery.wrong(),
        uncertain=gallery.uncertain(),
    )


def is_crop_folder(path: Path) -> bool:
    """Tell whether a path is a folder of labelled crops, or half of one."""
    return any((path / name).is_dir() for name in CLASS_FOLDERS)


class _Gallery:
    """The surest mistakes and the least certain right ones, one for each slot of time; memory is bounded."""

    def __init__(self) -> None:
        self._wrong: dict[int, Look] = {}
        self._right: dict[int, Look] = {}

    def offer(self, slot: int, look: Look) -> None:
        """Take the picture in, if it is worth keeping."""
        if (look.odds > 0) != (look.target > 0.5):
            self._keep(self._wrong, slot, look, 1)
        else:
            self._keep(self._right, slot, look, -1)

    def wrong(self) -> tuple[Look, ...]:
        """Return the mistakes, the surest first."""
        return tuple(sorted(self._wrong.values(), key=lambda look: -abs(look.odds))[:_KEPT])

    def uncertain(self) -> tuple[Look, ...]:
        """Return what is right, the least certain first."""
        return tuple(sorted(self._right.values(), key=lambda look: abs(look.odds))[:_KEPT])

    @staticmethod
    def _keep(kept: dict[int, Look], slot: int, look: Look, sign: int) -> None:
        rival = kept.get(slot)
        if rival is None or sign * abs(look.odds) > sign * abs(rival.odds):
            kept[slot] = look
        if len(kept) > 2 * _KEPT:
            for worst in sorted(kept, key=lambda one: sign * abs(kept[one].odds))[:_KEPT]:
                del kept[worst]


def _scored(model: LogoModel, sources: Sequence[Path], progress: Progress) -> Iterator[tuple[float, Picture, float]]:
    """Yield seconds, crop and log odds of every frame."""
    epochs = FileFootage(sources).epochs()
    total, begun = float(sum((epoch.end() for epoch in epochs), Fraction(0))), Fraction(0)
    for epoch in epochs:
        for number, (time, crop) in enumerate(_crops(epoch, model.card)):
            if number % _TOLD == 0:
                progress("scoring frames", min(1.0, float(begun + time) / total))
            yield float(begun + time), crop, float(model.log_odds([crop])[0])
        begun += epoch.end()


def _crops(epoch: Epoch, card: Card) -> Iterator[tuple[Fraction, Picture]]:
    region = card.region.pixels(epoch.format.video.width, epoch.format.video.height)
    for frame in decode_frames(epoch, Fraction(0), epoch.end()):
        yield frame.time, _reduced(frame.crop(region), card)


def _reduced(picture: Picture, card: Card) -> Picture:
    """Scale as the model itself would; to keep the original would cost memory."""
    size = (card.input.width, card.input.height)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _near_a_boundary(known: Segments, time: float) -> bool:
    return any(abs(time - edge.start_s) < NEAR_S for edge in known.segments[1:])


def _boundary(
    before: TrueSegment, after: TrueSegment, times: NDArray[np.float64], odds: NDArray[np.float64]
) -> Boundary:
    inside = (times >= (before.start_s + before.end_s) / 2) & (times < (after.start_s + after.end_s) / 2)
    error = None
    if {before.kind, after.kind} == {"programme", "advert"} and inside.any():
        near, evidence = times[inside], np.clip(odds[inside], -8, 8) * (1 if after.kind == "programme" else -1)
        # The frame from which on the sum of evidence for the new state is greatest is the likeliest change point.
        error = round(float(near[int(np.argmax(np.cumsum(evidence[::-1])[::-1]))] - after.start_s), 4)
    return Boundary(time_s=after.start_s, before=before.kind, after=after.kind, error_s=error)


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ConfigError(f"{folder}: is missing; a folder of crops has logo/ and no_logo/")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _PICTURES)
    if not found:
        raise ConfigError(f"{folder}: holds no pictures ({', '.join(sorted(_PICTURES))})")
    return found


def _read(path: Path) -> Picture:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise SourceUnsupported(f"{path}: is not a picture that can be read; take it away or mend it")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def _roc_document(curve: Roc | None) -> dict[str, object] | None:
    if curve is None:
        return None
    chosen = np.unique(np.linspace(0, len(curve.found) - 1, _POINTS).astype(int))
    points = [
        {
            "false_alarms": round(float(curve.false_alarms[at]), 6),
            "found": round(float(curve.found[at]), 6),
            "log_odds": round(float(curve.thresholds[at]), 4),
        }
        for at in chosen[1:]
    ]
    return {"area": round(curve.area, 6), "points": points}
