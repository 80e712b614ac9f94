"""``streamproc logo evaluate``."""

import asyncio
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproc.cli.progress import progress
from streamproc.errors import ConfigError

if TYPE_CHECKING:
    from streamproc.training.trial import Trial
    from streamproc.training.truth import Found, Segments


def command(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    source: Annotated[
        str, typer.Argument(help="A file, a folder of consecutive files, or a folder of crops: logo/ and no_logo/.")
    ],
    truth: Annotated[
        Path | None, typer.Option(help="segments.json with the true segments of the footage; not for crops.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a report with pictures here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON on standard output.")] = False,
) -> None:
    """Measure a model: accuracy of both classes, ROC, calibration; on footage boundary errors, too."""
    from streamproc.cli.logs import configure
    from streamproc.config import LogSettings
    from streamproc.training.trial import is_crop_folder, try_on_crops

    configure(LogSettings(level="warning"), "evaluate")
    if html is not None and html.is_dir():
        raise ConfigError(f"{html}: is a folder; give the name of a file for the report")
    pipeline: Found | None = None
    with progress("reading") as show:
        if is_crop_folder(Path(source)):
            if truth is not None:
                raise ConfigError(f"{source}: is a folder of crops, which tell themselves what they are; omit --truth")
            trial = try_on_crops(model, Path(source), show)
        else:
            trial, pipeline = _footage(model, source, truth, show)
    if html is not None:
        from streamproc.training.report import write_evaluation_report

        write_evaluation_report(html, trial, pipeline)
    if as_json:
        document = trial.document() | {"pipeline": None if pipeline is None else pipeline.document()}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    _tell(trial, pipeline)
    if html is not None:
        typer.echo(f"written: {html}")


def _footage(model: Path, source: str, truth: Path | None, show: Callable[[str, float], None]) -> "tuple[Trial, Found]":
    """Score every frame, then run what ``streamproc process`` runs."""
    from streamproc.media.files import find_sources
    from streamproc.training.trial import try_on_footage

    if truth is None:
        raise ConfigError(
            "--truth is missing; give the segments.json of the footage, or a folder of crops with logo/ and no_logo/"
        )
    if "://" in source:
        raise ConfigError(f"{source.split('://')[0]}: an address can't be measured; record it and give the file")
    trial = try_on_footage(model, find_sources(source), truth, show)
    return trial, _pipeline(model, source, trial.known, show)


def _pipeline(model: Path, source: str, known: "Segments", show: Callable[[str, float], None]) -> "Found":
    from streamproc.app.batch import Batch, process
    from streamproc.training.truth import compare, kind_changes

    with tempfile.TemporaryDirectory(prefix="streamproc-evaluate-") as out:
        job = Batch(source=source, model=model, out=Path(out), clips=False, diagnose=None, progress=show)
        document = asyncio.run(process(job))
    return compare(known, kind_changes([(one["start_s"], one["kind"]) for one in document["segments"]]))


def _tell(trial: "Trial", pipeline: "Found | None") -> None:
    counts, curve = trial.counts(), trial.curve()
    for name, right, count in (
        ("with the bug", counts.accuracy_with, counts.with_bug),
        ("without it", counts.accuracy_without, counts.without_bug),
    ):
        typer.echo(f"{name:14} {'–' if right is None else format(right, '.3%'):>9} of {count} pictures are right")
    if curve is not None:
        typer.echo(f"{'area (ROC)':14} {curve.area:9.5f}")
    if pipeline is None:
        return
    errors = pipeline.errors_s
    typer.echo(f"{'boundaries':14} {len(errors):9} of {len(pipeline.matches)} found, {len(pipeline.false_s)} false")
    if errors:
        typer.echo(f"{'worst of them':14} {max(errors):9.3f} s off")
