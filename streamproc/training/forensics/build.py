"""Building the models that streamproc forensics uses, from a folder of photographs and footage."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2

from streamproc.forensics.laplacian import Laplacian
from streamproc.inference.card import ModelCard
from streamproc.inference.forensics import save_diffusion
from streamproc.media.stills import read_picture
from streamproc.training.forensics.diffusion import trained
from streamproc.training.forensics.protocol import photographs, split
from streamproc.training.forensics.scenes import Crops

LICENCE = "MIT, like the project"
LOSSLESS = Path("images") / "kodak24"
"""Where the data's lossless photographs are."""

_TIMES = 2  # that crops are gathered, everything drawn anew: training sees each some twenty times all the same

Progress = Callable[[str, float], None]


def build_diffusion(data: Path, work: Path, out: Path, progress: Progress) -> ModelCard:
    """Train the published method with either Laplacian, and write the better one's model.

    data: a folder with images/kodak24; work: where painted pictures are kept. Raises ConfigError.
    """
    cv2.setNumThreads(1)
    pictures = photographs(data / LOSSLESS)
    names, _, _ = split(pictures)
    made = []
    for number, laplacian in enumerate(Laplacian):
        progress(f"{laplacian} Laplacian", number / len(Laplacian))
        made.append(trained({name: pictures[name] for name in names}, work, laplacian))
    best = max(made, key=lambda one: one.chosen)
    metrics = {
        f"{one.method.laplacian} Laplacian": {
            "learners": len(one.learnt.ensemble.thresholds),
            "features a learner": one.learnt.subspace,
            "out-of-bag error": round(one.learnt.error, 4),
            "F1 on the pictures that the cleaning was chosen with": round(one.chosen, 4),
        }
        for one in made
    }
    return save_diffusion(
        best.method,
        out,
        name="diffusion",
        metrics=metrics,
        data=[f"{len(names)} of the 24 lossless Kodak photographs, painted over by G'MIC's three PDE inpainters"],
        licence=LICENCE,
        created=f"{datetime.now(UTC):%Y-%m-%d}",
    )


def build_residual(data: Path, work: Path, out: Path, steps: int, progress: Progress) -> ModelCard:
    """Train our own method's networks and choose their thresholds. Imports TensorFlow.

    data: a folder with images/, footage/ and adverts/, and logos/, broadcast_bugs/ and dvb/ where there are;
    work: where painted pictures and crops are kept. Raises ConfigError, SourceError.
    """
    from streamproc.training.forensics.residual import build

    return build(_crops(data, work, progress), data, out, steps, progress)


def build_unet(data: Path, work: Path, out: Path, steps: int, progress: Progress) -> ModelCard:
    """Train the U-Net on the same and choose its thresholds likewise. Imports TensorFlow."""
    from streamproc.training.forensics.network import Schedule
    from streamproc.training.forensics.unet import build_model

    return build_model(_crops(data, work, progress), data, out, Schedule(steps=steps), progress)


def build_gated(data: Path, work: Path, out: Path, steps: int, progress: Progress) -> ModelCard:
    """Train the deep inpainter, on photographs that networks may learn from. Imports TensorFlow."""
    from streamproc.training.forensics.gated_network import Schedule, build_model
    from streamproc.training.forensics.material import LEARNT_REDUCED, reduced_pictures

    names, _, _ = split(photographs(data / LOSSLESS))
    pictures = [read_picture(data / LOSSLESS / f"{name}.png") for name in names]
    pictures += reduced_pictures(data / "images" / "bsds500_jpeg", slice(LEARNT_REDUCED))
    return build_model(pictures, out, Schedule(steps=steps), progress)


def _crops(data: Path, work: Path, progress: Progress) -> Crops:
    """Return what networks learn from, gathered the first time."""
    from streamproc.training.forensics.material import gather

    cv2.setNumThreads(1)
    kept = work / "scenes.npz"
    if kept.exists():
        return Crops.load(kept)
    crops = Crops.joined([gather(data, work, seed, progress) for seed in range(_TIMES)])
    crops.save(kept)
    return crops
