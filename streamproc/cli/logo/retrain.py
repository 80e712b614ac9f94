"""``streamproc logo retrain``."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproc.cli.logo.extra import need_tensorflow
from streamproc.cli.logo.region import parse_region
from streamproc.cli.progress import progress
from streamproc.config import load
from streamproc.errors import ConfigError

if TYPE_CHECKING:
    from streamproc.training.retrain import RetrainReport


def command(
    channel: Annotated[str, typer.Argument(help="The channel's short name.")],
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="STREAMPROC_CONFIG", help="The configuration file (TOML).")
    ] = Path("streamproc.toml"),
    region: Annotated[
        str | None, typer.Option(help="Where the bug is now, if it has moved: x,y,width,height, fractions 0 to 1.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the figures; replace nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Learn a channel's model again from labels and its recording; a better one takes the old one's place."""
    settings = load(config)
    folder = settings.channel(channel).model
    if folder is None:
        raise ConfigError(f"channel '{channel}' has no model to be learnt again; learn one with: streamproc logo learn")
    need_tensorflow()
    from streamproc.catalogue import Catalogue
    from streamproc.media.recording.reader import RecordingFootage
    from streamproc.timebase import SystemClock
    from streamproc.training.retrain import RetrainSettings, retrain

    box = None if region is None else parse_region(region)
    catalogue = Catalogue.open(settings.database_url, clock=SystemClock())
    try:
        with progress("learning") as show:
            wanted = RetrainSettings(box=box, dry_run=dry_run, progress=show)
            footage = RecordingFootage(settings.recording_dir / channel)
            report = retrain(catalogue, channel, footage, folder, wanted)
    finally:
        catalogue.close()
    typer.echo(json.dumps(dataclasses.asdict(report), default=str, indent=2) if as_json else _words(report))


def _words(report: "RetrainReport") -> str:
    rows = [
        ("", "old", "new"),
        ("mistakes, programme", f"{report.old.mistakes_programme:.2%}", f"{report.new.mistakes_programme:.2%}"),
        ("mistakes, adverts", f"{report.old.mistakes_advert:.2%}", f"{report.new.mistakes_advert:.2%}"),
        ("cross entropy", f"{report.old.cross_entropy:.4f}", f"{report.new.cross_entropy:.4f}"),
    ]
    judged = report.judged_by
    lines = [f"{name:<20} {old:>8} {new:>8}" for name, old, new in rows]
    lines.append(f"judged by {judged['programme']} samples of programme and {judged['advert']} of adverts, held out")
    lines += [f"nobody labelled any {kind}: confident segments stood in for it" for kind in report.stood_in]
    lines.append(report.why)
    if report.previous is not None:
        lines.append(f"{report.folder} is the new model, {report.previous} the old one; reload the daemon (SIGHUP)")
    else:
        lines.append(f"{report.folder} stays as it was")
    if report.candidate is not None:
        lines.append(f"the new model lies in {report.candidate} until the next run, with a report")
    return "\n".join(lines)
