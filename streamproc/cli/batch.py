"""``streamproc process`` and ``streamproc clip``."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from streamproc.cli.progress import progress
from streamproc.cli.timecodes import FrameTime
from streamproc.errors import ConfigError
from streamproc.media.cutter import cut
from streamproc.media.files import FileFootage, find_sources
from streamproc.media.footage import Epoch, frame_time

if TYPE_CHECKING:
    from streamproc.app.batch import Batch, Naming


def naming(schedule: Path | None, start: str | None, channel: str | None, zone: str) -> "Naming | None":
    """Return the schedule to name programmes from, if one is given. Raises ConfigError."""
    from streamproc.app.batch import Naming

    if schedule is None:
        if start is not None or channel is not None:
            raise ConfigError("--start and --schedule-id go with --schedule")
        return None
    return Naming(schedule=schedule, start_ns=None if start is None else _moment(start), channel=channel, zone=zone)


def _moment(text: str) -> int:
    """Return a moment as nanoseconds since 1970 UTC. Raises ConfigError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"'{text}' is not a moment; write it like 2026-08-01T06:00+03:00") from error
    if moment.tzinfo is None:
        raise ConfigError(f"'{text}' does not say in which time zone; write the offset too, like {text}+03:00")
    return round(moment.timestamp() * 1000) * 1_000_000


def process_source(job: "Batch", *, as_json: bool) -> None:
    """Write segments.json, and clips when wanted. Raises StreamprocError."""
    from streamproc.app.batch import process
    from streamproc.cli.logs import configure
    from streamproc.config import LogSettings

    configure(LogSettings(level="warning"), "process")
    with progress("looking through the source") as show:
        document = asyncio.run(process(replace(job, progress=show)))
    if as_json:
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
        return
    for segment in document["segments"]:
        end_s = segment["end_s"]
        shown = f"{segment['start_s']:12.3f} {'' if end_s is None else format(end_s, '.3f'):>12}  {segment['kind']:9}"
        typer.echo(f"{shown}  {segment['title'] or ''}".rstrip())
    typer.echo(f"written: {job.out / 'segments.json'}")


def cut_clip(source: str, start: Fraction | FrameTime, end: Fraction | FrameTime, out: Path) -> None:
    """Cut a range of one file or folder, exact to the frame. Raises StreamprocError."""
    epochs = FileFootage(find_sources(source)).epochs()
    if len(epochs) > 1:
        typer.echo(f"{source}: its format changes at {float(epochs[0].end()):.3f} s; times count up to there", err=True)
    epoch = epochs[0]
    report = cut(epoch, snap(epoch, start), snap(epoch, end), out)
    for note in report.notes:
        typer.echo(f"{out}: {note}", err=True)
    typer.echo(f"{out}: {report.frames} frames, {report.encoded_frames} of them coded anew")


def snap(epoch: Epoch, point: Fraction | FrameTime) -> Fraction:
    """Return a time that stands for the frame a point means, the nearest one. Raises ConfigError.

    A cut takes the frames presented at or after its start, so a time a little before the frame's own stands for it.
    """
    half = Fraction(1, 50) if epoch.format.video.rate is None else 1 / (2 * epoch.format.video.rate)
    end = epoch.end()
    if isinstance(point, Fraction):
        if point > end + half:
            raise ConfigError(f"{float(point):.3f} s is past the end of the source, which is at {float(end):.3f} s")
        return max(point - half, Fraction(0))
    frames = epoch.frame_number(end)
    if point.frame > frames:
        raise ConfigError(f"frame {point.frame} is past the end of the source, which has {frames} frames")
    return end if point.frame == frames else frame_time(epoch, point.frame)
