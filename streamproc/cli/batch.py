"""``streamproc process``."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from streamproc.cli.progress import progress
from streamproc.errors import ConfigError

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
