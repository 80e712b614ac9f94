"""``streamproc export``."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer

from streamproc.errors import ConfigError
from streamproc.exports import export, find_format, format_of
from streamproc.exports.document import Wishes, read_segments

STDOUT: Final = Path("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportJob:
    """What ``streamproc export`` is asked to do."""

    segments: Path
    """A segments.json."""
    out: Path
    """The file to write; ``-`` is standard output."""
    format: str | None
    """Name of the format; None when the file's name tells it."""
    wishes: Wishes
    """How it is counted, and what is left out."""


def export_segments(job: ExportJob) -> None:
    """Write the export. Raises ConfigError."""
    wanted = format_of(job.out) if job.format is None else find_format(job.format)
    timeline = read_segments(job.segments, job.wishes)
    data = export(timeline, wanted)
    if job.out == STDOUT:
        sys.stdout.buffer.write(data)
        return
    new = job.out.with_name(f".{job.out.name}.new")
    try:
        new.write_bytes(data)
        new.replace(job.out)
    except OSError as error:
        raise ConfigError(f"{job.out}: can't be written ({error.strerror}); give another --out") from error
    typer.echo(f"{job.out}: {len(timeline.events)} events as {wanted.name}")
