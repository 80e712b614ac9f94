"""``streamproc logo …``: thin calls into training, which alone needs the ``train`` extra."""

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path

import typer
from pydantic import ValidationError

from streamproc.cli.progress import progress
from streamproc.config import describe
from streamproc.errors import ConfigError
from streamproc.inference.card import Region
from streamproc.training.labelled import Ranges


def learn_model(
    sources: Sequence[Path],
    out: Path,
    *,
    logo_png: Path | None,
    region: str | None,
    opacity: float | None,
    labels: Ranges | None,
) -> None:
    """Learn a channel's bug and write its model. Raises StreamprocError."""
    if region is None:
        raise ConfigError("--region is missing; give the bug's box as x,y,width,height in fractions of the picture")
    box = parse_region(region)
    if (logo_png is None) == (labels is None):
        raise ConfigError("give either --logo PNG, or --programme and --advert ranges of footage with the bug")
    if importlib.util.find_spec("tensorflow") is None:
        raise ConfigError("learning needs TensorFlow; install it with: pip install 'streamproc[train]'")
    from streamproc.training.learn import LearnSettings, learn_from_labels, learn_from_logo

    with progress("learning") as show:
        settings = LearnSettings(opacity=opacity, progress=show)
        if labels is not None:
            report = learn_from_labels(sources, labels, box, out, settings)
        else:
            assert logo_png is not None
            report = learn_from_logo(logo_png, box, sources, out, settings)
    accuracy = report.card.metrics.get("accuracy_away_from_fades")
    typer.echo(f"{report.folder}: learnt in {report.seconds:.0f} s; right on {accuracy} of the pictures held out")


def evaluate_model(model: Path, source: str, truth: Path) -> None:
    """Print how a model does on footage with known segments, as JSON. Raises StreamprocError."""
    from streamproc.media.files import find_sources
    from streamproc.training.evaluate import evaluate_model as evaluate

    typer.echo(json.dumps(evaluate(model, find_sources(source), truth), indent=2))


def parse_region(text: str) -> Region:
    """Return ``0.8,0.05,0.12,0.1`` as a region. Raises ConfigError."""
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError(f"--region {text}: write four numbers as x,y,width,height, each from 0 to 1") from error
    try:
        return Region(x=x, y=y, width=width, height=height)
    except ValidationError as error:
        raise ConfigError(f"--region {text}: {describe(error)}") from error
