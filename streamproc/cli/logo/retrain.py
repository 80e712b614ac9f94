"""``streamproc logo retrain``."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproc.cli.logo.extra import need_tensorflow
from streamproc.cli.logo.region import parse_region
from streamproc.cli.progress import progress
from streamproc.config import ChannelSettings, Settings, load
from streamproc.errors import ConfigError

if TYPE_CHECKING:
    from streamproc.inference.card import Region
    from streamproc.training.retrain import RetrainReport, Watched


def command(
    channel: Annotated[str, typer.Argument(help="The channel's short name.")],
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="STREAMPROC_CONFIG", help="The configuration file (TOML).")
    ] = Path("streamproc.toml"),
    region: Annotated[
        str | None, typer.Option(help="Where the bug is now, if it has moved: x,y,width,height, fractions 0 to 1.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the first model of a channel that has been watched from its logo alone."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the figures; replace nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Learn a channel's model again from labels and its recording; a better one takes the old one's place.

    A channel that is watched from its logo alone gets its first model, in the folder --out, if that is the better one.
    """
    settings = load(config)
    chosen = settings.channel(channel)
    _check(chosen, out)
    need_tensorflow()
    from streamproc.catalogue import Catalogue
    from streamproc.media.recording.reader import RecordingFootage
    from streamproc.timebase import SystemClock
    from streamproc.training.retrain import RetrainSettings, learn_first, retrain

    box = None if region is None else parse_region(region)
    catalogue = Catalogue.open(settings.database_url, clock=SystemClock())
    try:
        with progress("learning") as show:
            wanted = RetrainSettings(box=box, dry_run=dry_run, progress=show)
            footage = RecordingFootage(settings.recording_dir / channel)
            if chosen.model is not None:
                report = retrain(catalogue, channel, footage, chosen.model, wanted)
            else:
                report = learn_first(catalogue, channel, footage, _watched(chosen, box, out, settings), wanted)
    finally:
        catalogue.close()
    typer.echo(json.dumps(dataclasses.asdict(report), default=str, indent=2) if as_json else _words(report))


def _check(channel: ChannelSettings, out: Path | None) -> None:
    """Raise ConfigError for a channel that can't be learnt, or options that don't fit it."""
    if channel.model is not None:
        if out is not None:
            raise ConfigError(
                f"channel '{channel.name}' has a model, whose place a better one takes; --out is for one without"
            )
        return
    if channel.logo is None or channel.region is None:
        raise ConfigError(
            f"channel '{channel.name}' has no model to be learnt again; learn one with: streamproc logo learn"
        )
    if len(channel.region) > 1:
        raise ConfigError(
            f"channel '{channel.name}' has {len(channel.region)} regions, and a model of its own knows one place only; "
            "it stays with the verifier"
        )
    if out is None:
        raise ConfigError(f"channel '{channel.name}' has no model yet; say where its first one shall lie with --out")


def _watched(channel: ChannelSettings, box: "Region | None", out: Path | None, settings: Settings) -> "Watched":
    """Return what a first model is learnt from. Raises ModelError (the logo)."""
    from streamproc.inference.card import regions
    from streamproc.inference.verifier import VerifierPool
    from streamproc.training.retrain import Watched

    assert channel.logo is not None
    assert channel.region is not None
    assert out is not None
    place = regions(channel.region)[0] if box is None else box
    verifier = VerifierPool(settings.inference.verifier, provider=settings.inference.provider)
    return Watched(logo=channel.logo, box=place, verifier=verifier.get(channel.logo, [place]), out=out)


def _words(report: "RetrainReport") -> str:
    rows = [
        ("", "verifier" if report.first else "old", "new"),
        ("mistakes, programme", f"{report.old.mistakes_programme:.2%}", f"{report.new.mistakes_programme:.2%}"),
        ("mistakes, adverts", f"{report.old.mistakes_advert:.2%}", f"{report.new.mistakes_advert:.2%}"),
        ("cross entropy", f"{report.old.cross_entropy:.4f}", f"{report.new.cross_entropy:.4f}"),
    ]
    judged = report.judged_by
    lines = [f"{name:<20} {old:>8} {new:>8}" for name, old, new in rows]
    lines.append(f"judged by {judged['programme']} samples of programme and {judged['advert']} of adverts, held out")
    lines += [f"nobody labelled any {kind}: confident segments stood in for it" for kind in report.stood_in]
    lines.append(report.why)
    if report.first and report.replaced:
        lines.append(
            f"{report.folder} is the channel's first model; name it as model in the configuration, in the place of "
            "logo and region, and reload the daemon (SIGHUP)"
        )
    elif report.first:
        lines.append("the channel stays with the verifier")
    elif report.previous is not None:
        lines.append(f"{report.folder} is the new model, {report.previous} the old one; reload the daemon (SIGHUP)")
    else:
        lines.append(f"{report.folder} stays as it was")
    if report.candidate is not None:
        lines.append(f"the new model lies in {report.candidate} until the next run, with a report")
    return "\n".join(lines)
