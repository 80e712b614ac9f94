"""What all ways of learning share: training on a lesson, the examination, the card, the report.

TensorFlow is imported when training starts, not when this module is.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ConfigError
from streamproc.inference.card import MODEL_FILE, Card, Input, Region, file_sha256
from streamproc.training import evaluate, report
from streamproc.training.dataset import Crops, Picture
from streamproc.training.schedule import FEWEST_STEPS, Schedule
from streamproc.training.scores import clear
from streamproc.training.thresholds import RULE, pick_decision

if TYPE_CHECKING:
    from streamproc.training.network import Training

MASK_FILE = "mask.png"
"""The logo, RGBA; where one was found or given."""
FRAME_FILE = "frame.jpg"
"""A picture of the channel with the logo's box drawn in; where there is footage."""
_SHOWN = 160  # held-out pictures that the report draws from


def silent(what: str, share: float) -> None:
    """Take no notice of the progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnSettings:
    """How to learn."""

    name: str = ""
    """The model's name; the output folder's when empty."""
    opacity: float | None = None
    """The logo's opacity on air, times its own alpha; when None, as measured in footage, or anything from 0.3."""
    margin: float = 0.25
    """What the network sees around the logo, as a share of the logo's shorter side."""
    minutes: float = 10.0
    """Training takes no longer than this, after the pictures are drawn; card and report say if it was cut short."""
    crops: int = 35000
    """Pictures to learn from."""
    passes: float = 2.0
    """Times each is seen, at least: a new picture costs little more than an old one, and teaches more."""
    fewest_steps: int = FEWEST_STEPS
    """Steps that are made however few the pictures are: they are then seen more often."""
    seed: int = 0
    """The same seed draws the same pictures."""
    licence: str = ""
    """Of the trained model, for its card."""
    progress: Callable[[str, float], None] = silent
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
    """Where model.onnx, card.json and report.html lie."""
    card: Card
    """The card; its metrics are those of material that was held out."""
    report: Path
    """The report, HTML."""
    notes: tuple[str, ...]
    """What its user should know, a sentence each."""
    seconds: float
    """How long it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is to be learnt, and on what it is examined."""

    region: Region
    """What the network sees."""
    input_size: tuple[int, int]
    """Width and height of its input."""
    lesson: Crops
    """To learn from."""
    examination: Crops
    """Held out."""
    data: Sequence[str]
    """What the pictures come from, in words."""
    notes: Sequence[str] = ()
    """What the user should know, a sentence each."""
    mask: Picture | None = None
    """The logo, (h, w, 4) uint8 RGBA."""
    frame: Picture | None = None
    """A picture of the channel with the box drawn in, (H, W, 3) uint8 RGB."""


@dataclass(frozen=True, slots=True)
class _Graduate:
    """A trained network in its file."""

    sha256: str
    training: "Training"
    difference: float
    """Between the file's and the trained network's outputs, logits."""
    logits: NDArray[np.float32]
    """(N,) for the examination."""


def run(course: Course, out: Path, settings: LearnSettings, begun: float) -> LearnReport:
    """Train, export, calibrate, pick thresholds, and write model, card and report.

    begun: time.monotonic() when learning began. Raises ConfigError (the folder), ModelError (the export).
    """
    from streamproc.training import export, network

    make_folder(out)
    model = network.build(*course.input_size, settings.seed)
    schedule = Schedule(passes=settings.passes, fewest_steps=settings.fewest_steps, most_s=settings.minutes * 60)
    training = network.train(model, course.lesson, schedule, np.random.default_rng(settings.seed), settings.progress)
    difference = export.to_onnx(model, out / MODEL_FILE)
    settings.progress("measuring", 0.0)
    logits = export.run(out / MODEL_FILE, course.examination.images)
    graduate = _Graduate(file_sha256(out / MODEL_FILE), training, difference, logits)
    notes = [*course.notes, *_cut_short(training, settings)]
    card = _card(course, graduate, settings.name or out.resolve().name, settings.licence)
    card.write(out)
    _write_pictures(course, out)
    written = report.write_learn_report(out, _evidence(course, card, graduate, notes))
    settings.progress("measuring", 1.0)
    seconds = time.monotonic() - begun
    return LearnReport(folder=out, card=card, report=written, notes=tuple(notes), seconds=seconds)


def _write_pictures(course: Course, out: Path) -> None:
    """Leave the logo as it was found, and where it lies, beside the model: for pages that show them alone."""
    if course.mask is not None:
        cv2.imwrite(str(out / MASK_FILE), cv2.cvtColor(course.mask, cv2.COLOR_RGBA2BGRA))
    if course.frame is not None:
        cv2.imwrite(str(out / FRAME_FILE), cv2.cvtColor(course.frame, cv2.COLOR_RGB2BGR))


def make_folder(out: Path) -> None:
    """Make the folder of a model. Raises ConfigError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{out}: the model can't be written there ({error.strerror})") from error


def _card(course: Course, graduate: _Graduate, name: str, licence: str) -> Card:
    logits, training = graduate.logits, graduate.training
    calibration = evaluate.calibrate(logits, course.examination.targets)
    decision = pick_decision(evaluate.probabilities(logits, calibration), course.examination.targets)
    metrics = evaluate.measure(logits, course.examination, calibration)
    made = {"steps": training.steps, "planned": training.planned, "last_loss": round(training.history[-1][1], 5)}
    return Card(
        schema=1,
        name=name,
        sha256=graduate.sha256,
        region=course.region,
        input=Input(width=course.input_size[0], height=course.input_size[1]),
        calibration=calibration,
        decision=decision,
        metrics={
            **metrics,
            "keras_onnx_difference": graduate.difference,
            "decision_rule": RULE,
            "training": made,
        },
        data=list(course.data),
        licence=licence,
        created=datetime.now(UTC).date().isoformat(),
    )


def _cut_short(training: "Training", settings: LearnSettings) -> list[str]:
    if training.steps == training.planned:
        return []
    return [
        f"Training was cut short after {settings.minutes:g} minutes, at {training.steps} of {training.planned} steps: "
        "learn again when the machine is less busy, or allow more minutes."
    ]


def _evidence(course: Course, card: Card, graduate: _Graduate, notes: Sequence[str]) -> report.LearnEvidence:
    logits = graduate.logits
    examination = course.examination
    probability = evaluate.probabilities(logits, card.calibration)

    def sample(index: int) -> tuple[Picture, float, float, str]:
        target, shows = float(examination.targets[index]), str(examination.shows[index])
        return examination.images[index], target, float(probability[index]), shows

    wrong = clear(examination.targets) & ((probability > 0.5) != (examination.targets > 0.5))
    chosen = np.random.default_rng(0).permutation(len(logits))[:_SHOWN]
    return report.LearnEvidence(
        card=card,
        mask=course.mask,
        frame_with_box=course.frame,
        samples=[sample(int(index)) for index in chosen],
        logits=logits,
        targets=examination.targets,
        wrong=[sample(int(index)) for index in np.flatnonzero(wrong)],
        history=graduate.training.history,
        notes=notes,
    )
