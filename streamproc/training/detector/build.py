"""Trains the detector and writes its folder. Imports TensorFlow, as no daemon does."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np

from streamproc.errors import ModelError
from streamproc.inference.card import MODEL_FILE, Input, file_sha256
from streamproc.inference.detector import DetectorCard, LogoDetector
from streamproc.training import export
from streamproc.training.detector.material import Material
from streamproc.training.detector.measure import Judged, curve, recall_at, summary
from streamproc.training.detector.network import STRIDE, Progress, Schedule, build, train
from streamproc.training.detector.scenes import HEIGHT, WIDTH, Plan, Scene, draw

ON_AIR = Plan(bugs=(0.3, 0.6, 0.1))
"""As many bugs in a picture as channels show: none, one, seldom two."""
LEAST = 0.02
"""The least score of a box that counts in a curve."""
_TOLERANCE = 2e-3  # of a logit or a log size; beyond it the export is not the network that was trained
_FALSE_A_PICTURE = 0.1  # what the card's threshold bears


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """How much to draw and to train."""

    scenes: int = 3000
    """Pictures to learn from."""
    measured: int = 400
    """Pictures to measure on, and to choose the threshold."""
    schedule: Schedule = field(default_factory=Schedule)
    channels: tuple[int, int, int, int] = (16, 24, 48, 64)
    """Of the network's layers at a half, a quarter, an eighth, and a sixteenth of its input."""
    seed: int = 0
    data: tuple[str, ...] = ()
    """What it is trained on, in words, with rights."""
    licence: str = ""


def build_detector(
    learn: Material, measured: Material, out: Path, settings: BuildSettings, progress: Progress
) -> DetectorCard:
    """Draw, train, export, measure on held-out brands and grounds, and write a model's folder. Raises ModelError."""
    scenes = draw_scenes(learn, Plan(), settings.scenes, settings.seed, progress)
    model = build(settings.channels, settings.seed)
    train(model, scenes, settings.schedule, progress)
    out.mkdir(parents=True, exist_ok=True)
    to_onnx(model, out / MODEL_FILE)
    card = DetectorCard(
        name="detector",
        sha256=file_sha256(out / MODEL_FILE),
        input=Input(width=WIDTH, height=HEIGHT),
        stride=STRIDE,
        data=list(settings.data),
        licence=settings.licence,
        created=datetime.now(UTC).date().isoformat(),
    )
    card.write(out)
    held_out = draw_scenes(measured, ON_AIR, settings.measured, settings.seed + 1, progress)
    judged = judge(LogoDetector.load(out), held_out)
    threshold = float(np.clip(recall_at(curve(judged), _FALSE_A_PICTURE)[1], 0.05, 0.95))
    what = f"{settings.measured} drawn pictures with brands and grounds that were held out from training"
    metrics = {"measured_on": what, **summary(judged, round(threshold, 3))}
    card = card.model_copy(update={"threshold": round(threshold, 3), "metrics": metrics})
    card.write(out)
    return card


def draw_scenes(material: Material, plan: Plan, count: int, seed: int, progress: Progress) -> list[Scene]:
    """Draw so many pictures, each from a seed of its own."""
    scenes: list[Scene] = []
    for number in range(count):
        if number % 50 == 0:
            progress("drawing pictures", number / count)
        scenes.append(draw(material, plan, np.random.default_rng((seed, number))))
    return scenes


def judge(detector: LogoDetector, scenes: Sequence[Scene]) -> list[Judged]:
    """Look for bugs in drawn pictures."""
    found: list[Judged] = []
    for scene in scenes:
        boxes, scores = detector.boxes(scene.picture, LEAST)
        sides = [
            np.array([bug.box for bug in scene.bugs if bug.is_seen == seen], np.float32).reshape(-1, 4)
            for seen in (True, False)
        ]
        found.append(Judged(boxes, scores, *sides))
    return found


def to_onnx(model: keras.Model, path: Path) -> float:
    """Write ``image`` → ``cells`` to an ONNX file and return its greatest difference to the Keras model.

    Raises ModelError when the two differ by more than 0.002 on noise.
    """
    export.convert(model, path)
    pictures = np.random.default_rng(0).integers(0, 256, (4, HEIGHT, WIDTH, 3), np.uint8)
    card = DetectorCard(name="check", sha256=file_sha256(path), input=Input(width=WIDTH, height=HEIGHT), stride=STRIDE)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / MODEL_FILE).write_bytes(path.read_bytes())
        card.write(Path(folder))
        exported = LogoDetector.load(Path(folder))
        given = np.stack([exported.cells(picture) for picture in pictures])
    difference = float(np.abs(given - model(pictures.astype(np.float32), training=False).numpy()).max())
    if difference > _TOLERANCE:
        raise ModelError(f"{path}: the exported model differs from the trained one by {difference:g}")
    return difference
