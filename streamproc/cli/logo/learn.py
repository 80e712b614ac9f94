"""``streamproc logo learn``."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproc.cli.logo.extra import need_tensorflow
from streamproc.cli.logo.region import parse_region
from streamproc.cli.progress import progress
from streamproc.cli.timecodes import parse_range
from streamproc.errors import ConfigError

if TYPE_CHECKING:
    from streamproc.inference.card import Region
    from streamproc.training.labelled import Ranges
    from streamproc.training.learn import LearnReport


def command(
    out: Annotated[Path, typer.Option(help="Folder for the model and its card.")],
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Footage of the channel, 5 minutes or more with an advert break; with --logo none is needed, with "
            "--crops folders of sorted crops.",
            metavar="SOURCE...",
        ),
    ] = None,
    logo_png: Annotated[
        Path | None, typer.Option("--logo", help="The bug as a PNG with alpha: learnt by drawing it over the footage.")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            help="The bug's box as x,y,width,height: fractions of the picture, 0 to 1. Where there is footage with "
            "the bug, only the part to search; with --crops, what was cut out, margins and all."
        ),
    ] = None,
    choose: Annotated[
        int | None,
        typer.Option(help="The number of the mark that is the bug, where several stay on the picture.", min=1),
    ] = None,
    crops: Annotated[
        bool,
        typer.Option(
            "--crops", help="The sources are folders of crops of the bug's corner, sorted into logo/ and no_logo/."
        ),
    ] = False,
    opacity: Annotated[
        float | None,
        typer.Option(help="How opaque the bug is on air (--logo); measured, or any, when left out.", min=0.05, max=1),
    ] = None,
    programme: Annotated[
        list[str] | None, typer.Option(help="Where the programme is, as 00:00-12:30; may be repeated.")
    ] = None,
    advert: Annotated[
        list[str] | None, typer.Option(help="Where adverts are, as 12:30-16:00; may be repeated.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the progress and what came of it as JSON, an object a line.")
    ] = False,
) -> None:
    """Learn a channel's bug: from footage alone, a PNG, footage with labelled ranges, or sorted crops."""
    from streamproc.training.labelled import Ranges

    spans = tuple(map(parse_range, programme or ())), tuple(map(parse_range, advert or ()))
    labels = Ranges(programme=spans[0], advert=spans[1]) if any(spans) else None
    task = _Task(
        sources=sources or [],
        out=out,
        logo=logo_png,
        box=None if region is None else parse_region(region),
        labels=labels,
        choose=choose,
        crops=crops,
        opacity=opacity,
    )
    _check(task)
    need_tensorflow()
    if as_json:
        report = _learn(task, _say)
        accuracy = report.card.metrics.get("accuracy_away_from_fades")
        said = {"folder": str(report.folder), "accuracy": accuracy, "notes": report.notes, "seconds": report.seconds}
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    with progress("learning") as show:
        report = _learn(task, show)
    for note in report.notes:
        typer.echo(note)
    accuracy = report.card.metrics.get("accuracy_away_from_fades")
    typer.echo(f"{report.folder}: learnt in {report.seconds:.0f} s; right on {accuracy} of the pictures held out")
    typer.echo(f"{report.report} shows what it knows and where it is wrong")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What to learn, from what."""

    sources: Sequence[Path]
    out: Path
    logo: Path | None
    box: "Region | None"
    labels: "Ranges | None"
    choose: int | None
    crops: bool
    opacity: float | None


def _check(task: _Task) -> None:
    """Raise ConfigError for options that don't go together."""
    if task.crops:
        _check_crops(task)
        return
    if task.logo is not None and task.labels is not None:
        raise ConfigError(
            "give either --logo PNG, or --programme and --advert ranges of footage with the bug, not both"
        )
    if not task.sources and task.logo is None:
        raise ConfigError("nothing to learn from; give footage of the channel, or --logo PNG with --region")
    if task.box is None and (task.labels is not None or (task.logo is not None and not task.sources)):
        raise ConfigError("--region is missing; give the bug's box as x,y,width,height in fractions of the picture")
    if task.choose is not None and (task.logo is not None or task.labels is not None):
        raise ConfigError("--choose picks one of the marks found in footage; leave it out with --logo and with ranges")


def _check_crops(task: _Task) -> None:
    given = {
        "--logo": task.logo is not None,
        "--programme and --advert": task.labels is not None,
        "--choose": task.choose is not None,
        "--opacity": task.opacity is not None,
    }
    for option in (name for name, there in given.items() if there):
        raise ConfigError(f"{option} says nothing about sorted crops; leave it out with --crops")
    if not task.sources:
        raise ConfigError("nothing to learn from; give folders with logo/ and no_logo/ in each, one a recording")
    for folder in task.sources:
        if not folder.is_dir():
            raise ConfigError(f"{folder}: is no folder; with --crops give folders with logo/ and no_logo/ in each")
    if task.box is None:
        raise ConfigError(
            "--region is missing; say which part of the picture was cut out, as x,y,width,height in fractions of it"
        )


def _say(what: str, share: float) -> None:
    """Print how far it is. When nobody reads that any more, learning ends: whoever wanted the model is gone."""
    sys.stdout.write(json.dumps({"what": what, "share": round(share, 4)}) + "\n")
    sys.stdout.flush()


def _learn(task: _Task, show: Callable[[str, float], None]) -> "LearnReport":
    from streamproc.training.crops import learn_from_crops
    from streamproc.training.learn import LearnSettings, learn_from_footage, learn_from_labels, learn_from_logo

    settings = LearnSettings(opacity=task.opacity, progress=show)
    if task.crops:
        assert task.box is not None
        return learn_from_crops(task.sources, task.box, task.out, settings)
    if task.logo is not None:
        return learn_from_logo(task.logo, task.box, task.sources, task.out, settings)
    if task.labels is not None:
        assert task.box is not None
        return learn_from_labels(task.sources, task.labels, task.box, task.out, settings)
    return learn_from_footage(task.sources, task.out, settings, region=task.box, choice=task.choose)
