"""``streamproc process``."""

import asyncio
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from streamproc.cli.progress import progress

if TYPE_CHECKING:
    from streamproc.app.batch import Batch


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
        typer.echo(f"{segment['start_s']:12.3f} {'' if end_s is None else format(end_s, '.3f'):>12}  {segment['kind']}")
    typer.echo(f"written: {job.out / 'segments.json'}")
