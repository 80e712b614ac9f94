"""``streamproc logo learn``."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproc.cli.logo.region import parse_region
from streamproc.cli.progress import progress
from streamproc.cli.timecodes import parse_range
from streamproc.errors import ConfigError

if TYPE_CHECKING:
    from streamproc.training.labelled import Ranges


def command(
    out: Annotated[Path, typer.Option(help="Folder for the model and its card.")],
    sources: Annotated[
        list[Path] | None,
        typer.Argument(help="Footage of the channel; with --logo none is needed.", metavar="SOURCE..."),
    ] = None,
    logo_png: Annotated[
        Path | None, typer.Option("--logo", help="The bug as a PNG with alpha: learnt by drawing it over the footage.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="The bug's box as x,y,width,height: fractions of the picture, 0 to 1.")
    ] = None,
    opacity: Annotated[
        float | None,
        typer.Option(help="How opaque the bug is on air (--logo); any when left out.", min=0.05, max=1),
    ] = None,
    programme: Annotated[
        list[str] | None, typer.Option(help="Where the programme is, as 00:00-12:30; may be repeated.")
    ] = None,
    advert: Annotated[
        list[str] | None, typer.Option(help="Where adverts are, as 12:30-16:00; may be repeated.")
    ] = None,
) -> None:
    """Learn a channel's bug from a PNG, or from footage with labelled ranges."""
    from streamproc.training.labelled import Ranges

    spans = tuple(map(parse_range, programme or ())), tuple(map(parse_range, advert or ()))
    labels = Ranges(programme=spans[0], advert=spans[1]) if any(spans) else None
    _learn(sources or [], out, logo_png=logo_png, region=region, opacity=opacity, labels=labels)


def _learn(
    sources: Sequence[Path],
    out: Path,
    *,
    logo_png: Path | None,
    region: str | None,
    opacity: float | None,
    labels: "Ranges | None",
) -> None:
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
