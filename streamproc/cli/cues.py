"""``streamproc cues``: SCTE-35 cues of files."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamproc.cli.timecodes import FrameTime, parse_time
from streamproc.errors import ConfigError

if TYPE_CHECKING:
    from streamproc.app.cue_files import Listed

app = typer.Typer(help="SCTE-35 cues of a file: read them, or write those of its segments.", no_args_is_help=True)


@app.command()
def read(
    source: Annotated[str, typer.Argument(help="A file, or a folder of consecutive files.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """List the cues that a recording carries."""
    from streamproc.app.cue_files import list_cues

    listing = list_cues(source)
    if as_json:
        sys.stdout.write(json.dumps([_entry(one) for one in listing.cues], ensure_ascii=False, indent=2) + "\n")
    else:
        for one in listing.cues:
            typer.echo(_line(one))
    if not listing.cues:
        typer.echo(f"{source}: no cues", err=True)
    if listing.damaged:
        count = "1 cue is" if listing.damaged == 1 else f"{listing.damaged} cues are"
        typer.echo(f"{source}: {count} damaged and left out", err=True)


@app.command()
def write(
    source: Annotated[Path, typer.Argument(help="The transport stream.")],
    segments: Annotated[Path, typer.Option(help="Its segments.json, as streamproc process writes it.")],
    out: Annotated[Path | None, typer.Option(help="The transport stream with cues to write.")] = None,
    sidecar: Annotated[Path | None, typer.Option(help="Write threefive's sidecar file: time,cue.")] = None,
    xml: Annotated[Path | None, typer.Option(help="Write a DASH EventStream.")] = None,
    json_: Annotated[Path | None, typer.Option("--json", help="Write the cues as JSON.")] = None,
    preroll: Annotated[str, typer.Option(help="How long before its frame a cue is sent: seconds.")] = "4",
) -> None:
    """Write a splice_insert for every boundary between programme and break; all else in the stream stays as it is."""
    from streamproc.app.cue_files import Writing, write_cues

    ahead = parse_time(preroll)
    if not any((out, sidecar, xml, json_)):
        raise ConfigError("nothing to write; give --out, --sidecar, --xml or --json")
    if isinstance(ahead, FrameTime):
        raise ConfigError(f"--preroll {preroll}: write seconds")
    done = write_cues(
        Writing(source=source, segments=segments, preroll=ahead, out=out, sidecar=sidecar, xml=xml, json=json_)
    )
    typer.echo(f"{source}: {len(done.cues)} cues")
    if done.injected is not None:
        put = done.injected
        typer.echo(f"{out}: {put.sections} cues on PID {put.pid}, {put.replaced} of them in the place of null packets")
        if put.other_pids:
            others = ", ".join(map(str, put.other_pids))
            typer.echo(f"{out}: the cues that were there before stay, on PID {others}", err=True)


def _line(one: "Listed") -> str:
    cue = one.cue
    frame = "-" if one.frame is None else str(one.frame)
    duration = "" if cue.duration is None else f"{float(cue.duration):.3f}"
    event = "" if cue.event_id is None else str(cue.event_id)
    time = f"{'' if cue.exact else '~'}{float(one.time):.3f}"
    return f"{time:>13} {frame:>9}  {cue.kind:<5} {event:>10} {duration:>10}  {cue.name}"


def _entry(one: "Listed") -> dict[str, object]:
    cue = one.cue
    return {
        "time_s": float(one.time),
        "frame": one.frame,
        "kind": cue.kind.value,
        "exact": cue.exact,
        "sent_s": float(one.time - cue.time + cue.sent),
        "event_id": cue.event_id,
        "duration_s": None if cue.duration is None else float(cue.duration),
        "name": cue.name,
        "origin": cue.origin.value,
        "payload": cue.payload,
    }
