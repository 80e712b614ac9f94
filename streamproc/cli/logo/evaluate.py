"""``streamproc logo evaluate``."""

import json
from pathlib import Path
from typing import Annotated

import typer


def command(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    source: Annotated[str, typer.Argument(help="A file, or a folder of consecutive files.")],
    truth: Annotated[Path, typer.Option(help="segments.json with the true segments.")],
) -> None:
    """Print a model's accuracy per class and its boundary errors as JSON."""
    from streamproc.media.files import find_sources
    from streamproc.training.evaluate import evaluate_model

    typer.echo(json.dumps(evaluate_model(model, find_sources(source), truth), indent=2))
