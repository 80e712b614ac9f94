"""The commands and their options."""

import enum
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from streamproc import __version__
from streamproc.cli.cues import app as cues
from streamproc.cli.evidence import app as evidence
from streamproc.cli.forensics import app as forensics
from streamproc.cli.logo import app as logo
from streamproc.cli.orders import app as orders
from streamproc.cli.people import tokens, users
from streamproc.messages import Kind

app = typer.Typer(
    help="Finds a channel's programmes and advert breaks live, to the exact frame, and cuts the clips.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(logo, name="logo")
app.add_typer(evidence, name="evidence")
app.add_typer(cues, name="cues")
app.add_typer(orders, name="orders")
app.add_typer(users, name="users")
app.add_typer(tokens, name="tokens")
app.add_typer(forensics, name="forensics")

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", envvar="STREAMPROC_CONFIG", help="The configuration file (TOML).")
]


class Role(enum.StrEnum):
    """The processes of the daemon."""

    RECORDER = "recorder"
    ANALYSER = "analyser"
    WEB = "web"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"streamproc {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take the options that every command shares."""


@app.command()
def run(
    config: ConfigOption = Path("streamproc.toml"),
    role: Annotated[
        Role | None, typer.Option(help="Run this role alone; left out, all three under a supervisor.")
    ] = None,
    diagnose: Annotated[
        Path | None, typer.Option(help="Keep every classified sample here: pictures, CSV, plots. Costs disk.")
    ] = None,
    supervised: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Run the daemon: record, find and cut every channel of the configuration, and serve the page."""
    from streamproc.cli.daemon import run_daemon

    run_daemon(config, None if role is None else role.value, diagnose, supervised=supervised)


@app.command()
def process(
    source: Annotated[str, typer.Argument(help="A file, a folder of consecutive files, or an address until it ends.")],
    out: Annotated[Path, typer.Option(help="Folder for segments.json (and clips/).")],
    model: Annotated[
        Path | None, typer.Option(help="The channel's model: a folder with model.onnx and card.json.")
    ] = None,
    logo_png: Annotated[
        Path | None, typer.Option("--logo", help="The bug as a PNG with alpha, for want of a model; needs --region.")
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(
            help="The box of the --logo as x,y,width,height: fractions of the picture, 0 to 1. Repeat it for each "
            "place of a logo that moves."
        ),
    ] = None,
    clips: Annotated[bool, typer.Option("--clips", help="Cut a clip of every programme segment.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print segments.json on standard output.")] = False,
    diagnose: Annotated[
        Path | None, typer.Option(help="Keep every classified sample here: pictures, CSV, plots.")
    ] = None,
    schedule: Annotated[
        Path | None, typer.Option(help="XMLTV file, plain or gzipped: programmes get their names from it.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="When a file's first frame was on air: 2026-08-01T06:00+03:00; for --schedule.")
    ] = None,
    schedule_id: Annotated[
        str | None, typer.Option(help="The channel's id or display name in the schedule, when it lists several.")
    ] = None,
    zone: Annotated[
        str, typer.Option(help="Time zone of times in the schedule that have no offset, like Europe/Moscow.")
    ] = "UTC",
) -> None:
    """Find the segments of finished footage as fast as the machine can."""
    from streamproc.app.batch import Batch
    from streamproc.cli.batch import naming, process_source

    job = Batch(
        source=source,
        model=model,
        logo=logo_png,
        region=tuple(region or ()),
        out=out,
        clips=clips,
        diagnose=diagnose,
    )
    process_source(replace(job, naming=naming(schedule, start, schedule_id, zone)), as_json=as_json)


_SOURCE = "A file, a folder of consecutive files, or a channel's folder under recording/, which may still grow."
_POINT = "HH:MM:SS:FF (drop frame ;FF), H:MM:SS.mmm, seconds, a frame as f1234, or date and time as 2026-11-27T19:00:00"
_MODE = (
    "exact: to the frame; keyframe: nothing coded anew, rounded outward; reencode: small, for the web, loudness R 128."
)
SourceArgument = Annotated[str, typer.Argument(help=_SOURCE)]
OutOption = Annotated[Path, typer.Option(help="The MP4 file to write.")]
ModeOption = Annotated[str, typer.Option(help=_MODE)]
StartOption = Annotated[
    str | None, typer.Option("--start-timecode", help="Time code of the files' first frame; by default 00:00:00:00.")
]
TitleOption = Annotated[str | None, typer.Option(help="What the file calls itself.")]


@app.command()
def clip(
    source: SourceArgument,
    start: Annotated[str, typer.Option("--from", help=f"In point: {_POINT}.")],
    end: Annotated[str, typer.Option("--to", help="Out point, exclusive, written the same way; may lie ahead.")],
    out: OutOption,
    mode: ModeOption = "exact",
    start_timecode: StartOption = None,
    title: TitleOption = None,
) -> None:
    """Cut a frame-exact clip; times snap to the nearest frame."""
    from streamproc.cli.pieces import Wanted
    from streamproc.cli.pieces import clip as cut_clip

    cut_clip(Wanted(source=source, out=out, mode=mode, start_timecode=start_timecode, title=title), start, end)


@app.command()
def join(
    source: SourceArgument,
    out: OutOption,
    part: Annotated[
        list[str] | None, typer.Option(help="A part as FROM-TO, each a time as for clip; once for each part.")
    ] = None,
    segments: Annotated[
        Path | None, typer.Option(help="Instead of parts: join the programme segments of this segments.json.")
    ] = None,
    mode: ModeOption = "exact",
    start_timecode: StartOption = None,
    title: TitleOption = None,
) -> None:
    """Join parts into one file, frame-exact, a chapter each; only what lies around the joints is coded anew."""
    from streamproc.cli.pieces import Wanted
    from streamproc.cli.pieces import join as join_parts

    wanted = Wanted(source=source, out=out, mode=mode, start_timecode=start_timecode, title=title)
    join_parts(wanted, part or [], segments)


@app.command()
def export(
    segments: Annotated[Path, typer.Argument(help="A segments.json, as streamproc process writes it.")],
    out: Annotated[Path, typer.Option(help="The file to write; its ending tells the format. - for standard output.")],
    format_name: Annotated[
        str | None, typer.Option("--format", help="edl, otio, fcpxml, fcp7, csv, json, vtt, … (docs/exports.md).")
    ] = None,
    start_timecode: Annotated[
        str | None,
        typer.Option(
            help="Time code of the source's first frame; left out, the time of day, or 00:00:00:00 for a file."
        ),
    ] = None,
    drop_frame: Annotated[bool, typer.Option("--drop-frame", help="Count in drop frame (29.97 and 59.94).")] = False,
    record_start: Annotated[str, typer.Option(help="Time code at which the result begins.")] = "01:00:00:00",
    zone: Annotated[str | None, typer.Option(help="Whose time of day; this machine's own when left out.")] = None,
    only: Annotated[Kind | None, typer.Option(help="Only what is of this kind.")] = None,
    finished: Annotated[bool, typer.Option("--finished", help="Leave out what has no end yet.")] = False,
) -> None:
    """Write segments as an edit list, table, chapters or playlist, with right time code."""
    from streamproc.cli.exports import ExportJob, export_segments
    from streamproc.exports.document import Wishes
    from streamproc.exports.timecode import find_zone

    wishes = Wishes(
        start_timecode=start_timecode,
        drop_frame=drop_frame,
        record_start=record_start,
        zone=find_zone(zone),
        only=only,
        finished=finished,
    )
    export_segments(ExportJob(segments=segments, out=out, format=format_name, wishes=wishes))


@app.command()
def deliver(
    target: Annotated[str, typer.Option("--to", help="The target's name in the configuration.")],
    config: ConfigOption = Path("streamproc.toml"),
    clip_id: Annotated[int | None, typer.Option("--clip", help="Number of the clip to send.")] = None,
    piece_id: Annotated[int | None, typer.Option("--piece", help="Number of the piece to send.")] = None,
) -> None:
    """Have the daemon send a finished clip or piece to a target; said again, a waiting one is due at once."""
    from streamproc.cli.deliver import ask_for

    ask_for(config, target, clip_id, piece_id)


@app.command()
def doctor(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", envvar="STREAMPROC_CONFIG", help="Check this configuration too.")
    ] = None,
    connect: Annotated[bool, typer.Option("--connect", help="Try to reach each feed, target and webhook.")] = False,
) -> None:
    """Say what is missing or misconfigured, in words; ends with 1 when something must be mended."""
    from streamproc.cli.daemon import run_doctor

    run_doctor(config, connect=connect)


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End by itself; fail when a boundary is missing or wrong.")
    ] = False,
    folder: Annotated[Path | None, typer.Option(help="Where its files go.")] = None,
) -> None:
    """Draw a broadcast, send it live, and show it being cut."""
    from streamproc.demo.run import main

    raise typer.Exit(main(once=once or bool(os.environ.get("ONCE")), folder=folder))
