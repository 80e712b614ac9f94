"""Learns a channel's bug: from a picture of the logo, or from footage whose programmes and adverts are known.

TensorFlow is imported when training starts, not when this module is.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from streamproc.errors import ConfigError, ModelError
from streamproc.inference.card import MODEL_FILE, Card, Decision, Input, Region, file_sha256
from streamproc.training import backgrounds, evaluate
from streamproc.training.backgrounds import Group
from streamproc.training.composite import fit
from streamproc.training.dataset import Crops, Picture, Subject, make_crops
from streamproc.training.labelled import Ranges, labelled_crops
from streamproc.training.logos import check_logo, read_logo
from streamproc.training.real import scenery

_INPUT_AREA = 4400  # pixels of the network's input, whatever its shape
_REFERENCE = (1920, 1080)  # the picture in which margins are measured


def _silent(what: str, share: float) -> None:
    """Take no notice of the progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnSettings:
    """How to learn."""

    name: str = ""
    """The model's name; the output folder's when empty."""
    opacity: float | None = None
    """The logo's opacity on air, times its own alpha; anything from 0.4 to 1 when None."""
    margin: float = 0.25
    """What the network sees around the logo, as a share of the logo's shorter side."""
    minutes: float = 8.0
    """Training takes no longer than this, after the pictures are drawn."""
    crops: int = 14000
    """Pictures to learn from."""
    passes: float = 5.0
    """Times each is seen."""
    seed: int = 0
    """The same seed draws the same pictures."""
    licence: str = ""
    """Of the trained model, for its card."""
    progress: Callable[[str, float], None] = _silent
    """Called with what is being done and the share of it that is done, 0 to 1."""

    def check(self) -> None:
        """Raise ConfigError for a value that makes no sense."""
        if self.opacity is not None and not 0 < self.opacity <= 1:
            raise ConfigError(f"the logo's opacity is {self.opacity:g}; it must be above 0 and at most 1")
        if self.minutes <= 0:
            raise ConfigError(f"training may take {self.minutes:g} minutes; give it more than none")
        if not 0 <= self.margin <= 2:
            raise ConfigError(f"the margin is {self.margin:g} of the logo's shorter side; it must be 0 to 2")


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnReport:
    """What came out."""

    folder: Path
    """Where model.onnx and card.json lie."""
    card: Card
    """The card; its metrics are those of material that was held out."""
    seconds: float
    """How long it took."""


def learn_from_logo(
    logo: Path, box: Region, sources: Sequence[Path], out: Path, settings: LearnSettings | None = None
) -> LearnReport:
    """Train a channel's model from nothing but its logo and the place where it lies, and write it to a folder.

    logo: a PNG with alpha. box: where the logo's edges lie; it is fitted in, centred, keeping its shape.
    sources: footage to put it over, with the bug on it or not (its place is left out); none is needed.
    Raises ModelError (the logo), SourceError (the footage), ConfigError (settings).
    """
    return learn_picture(read_logo(logo), box, sources, out, settings or LearnSettings())


def learn_picture(
    logo: Picture, box: Region, sources: Sequence[Path], out: Path, settings: LearnSettings
) -> LearnReport:
    """Do what :func:`learn_from_logo` does, for a logo that is in memory already: (h, w, 4) uint8 RGBA."""
    begun = time.monotonic()
    settings.check()
    subject = _subject(check_logo(logo, "logo"), box, settings)
    rng = np.random.default_rng(settings.seed)
    footage = scenery(sources, subject.region, settings.progress)
    taught, held_out = _ground(footage, rng)
    settings.progress("drawing pictures", 0.0)
    lesson = make_crops(subject, taught, settings.crops, rng)
    settings.progress("drawing pictures", 0.8)
    examination = make_crops(subject, held_out, max(200, settings.crops // 4), rng)
    settings.progress("drawing pictures", 1.0)
    names = tuple(dict.fromkeys(group.name for group in footage))
    return _finish(_Course(subject.region, subject.input_size, lesson, examination, names), out, settings, begun)


def learn_from_labels(
    sources: Sequence[Path], ranges: Ranges, box: Region, out: Path, settings: LearnSettings | None = None
) -> LearnReport:
    """Train a channel's model from footage in which it is known where programme and adverts are.

    box: where the bug's edges lie; the network sees it with the margin of the settings.
    Raises SourceError (the footage), ConfigError (ranges, settings).
    """
    settings = settings or LearnSettings()
    settings.check()
    begun = time.monotonic()
    rng = np.random.default_rng(settings.seed)
    region = with_margin(box, settings.margin)
    size = input_size(region)
    settings.progress("reading footage", 0.0)
    taught, held_out = labelled_crops(sources, ranges, region, size, rng)
    settings.progress("drawing pictures", 0.0)
    lesson = taught.crops(settings.crops, rng)
    examination = held_out.crops(max(200, settings.crops // 4), rng)
    settings.progress("drawing pictures", 1.0)
    course = _Course(region, size, lesson, examination, tuple(path.name for path in sources))
    return _finish(course, out, settings, begun)


def input_size(region: Region) -> tuple[int, int]:
    """Return the network's input, width and height, for a region: its shape on a 16:9 picture, in multiples of 8."""
    aspect = region.width * _REFERENCE[0] / (region.height * _REFERENCE[1])
    width = round((_INPUT_AREA * aspect) ** 0.5 / 8) * 8
    height = round((_INPUT_AREA / aspect) ** 0.5 / 8) * 8
    return min(max(width, 24), 184), min(max(height, 24), 184)


def with_margin(box: Region, margin: float) -> Region:
    """Return a box grown on all sides by a share of its shorter side, kept inside the picture."""
    extra = margin * min(box.width * _REFERENCE[0], box.height * _REFERENCE[1])
    left, right = (max(0.0, box.x - extra / _REFERENCE[0]), min(1.0, box.x + box.width + extra / _REFERENCE[0]))
    top, bottom = (max(0.0, box.y - extra / _REFERENCE[1]), min(1.0, box.y + box.height + extra / _REFERENCE[1]))
    return Region(x=left, y=top, width=right - left, height=bottom - top)


@dataclass(frozen=True, slots=True)
class _Course:
    region: Region
    input_size: tuple[int, int]
    lesson: Crops
    examination: Crops
    footage: tuple[str, ...]


def _subject(logo: Picture, box: Region, settings: LearnSettings) -> Subject:
    fitted, left, top = fit(logo, box, *_REFERENCE)
    if min(fitted.shape[:2]) < 12:
        raise ModelError(
            f"the logo would be {fitted.shape[1]}×{fitted.shape[0]} pixels in a picture of 1080 lines; "
            "at least 12×12 are needed to tell it from others: check the region"
        )
    tight = Region(
        x=max(0.0, left / _REFERENCE[0]),
        y=max(0.0, top / _REFERENCE[1]),
        width=fitted.shape[1] / _REFERENCE[0],
        height=fitted.shape[0] / _REFERENCE[1],
    )
    region = with_margin(tight, settings.margin)
    opacity = settings.opacity
    span = (0.4, 1.0) if opacity is None else (opacity, opacity)
    return Subject(logo=logo, box=tight, region=region, opacity=span, input_size=input_size(region))


def _ground(footage: Sequence[Group], rng: np.random.Generator) -> tuple[list[Group], list[Group]]:
    """Return backgrounds to learn from and to be examined on: footage and photographs apart, drawn scenes anew."""
    sides = []
    photographs = backgrounds.split(backgrounds.photographs())
    for part, photos, scenes in zip(backgrounds.split(footage), photographs, (120, 30), strict=True):
        drawn = backgrounds.drawn(rng, scenes)
        # A recording holds many pictures and a photograph one: each kind gets a like share of the crops.
        weight = max(1, len(photos) // max(1, len(part)))
        sides.append([*photos, *part * weight, *[drawn] * max(1, len(photos) // 2)])
    return sides[0], sides[1]


def _data(footage: Sequence[str]) -> list[str]:
    """Say in words what the network saw."""
    return [
        "scenes, captions and other logos drawn by streamproc.training, seeded",
        f"photographs that ship with scikit-image ({', '.join(backgrounds.PHOTOGRAPHS)})",
        *(f"footage: {name}" for name in footage),
    ]


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{out}: the model can't be written there ({error.strerror})") from error


def _finish(course: _Course, out: Path, settings: LearnSettings, begun: float) -> LearnReport:
    """Train, export, calibrate and describe."""
    from streamproc.training import export, network

    model = network.build(*course.input_size, settings.seed)
    schedule = network.Schedule(passes=settings.passes, most_s=settings.minutes * 60)
    network.train(model, course.lesson, schedule, np.random.default_rng(settings.seed), settings.progress)
    _make_folder(out)
    difference = export.to_onnx(model, out / MODEL_FILE)
    settings.progress("measuring", 0.0)
    logits = export.run(out / MODEL_FILE, course.examination.images)
    calibration = evaluate.calibrate(logits, course.examination.targets)
    metrics = evaluate.measure(logits, course.examination, calibration)
    card = Card(
        schema=1,
        name=settings.name or out.resolve().name,
        sha256=file_sha256(out / MODEL_FILE),
        region=course.region,
        input=Input(width=course.input_size[0], height=course.input_size[1]),
        calibration=calibration,
        decision=Decision(),
        metrics={**metrics, "keras_onnx_difference": difference},
        data=_data(course.footage),
        licence=settings.licence,
        created=datetime.now(UTC).date().isoformat(),
    )
    card.write(out)
    settings.progress("measuring", 1.0)
    return LearnReport(folder=out, card=card, seconds=time.monotonic() - begun)
