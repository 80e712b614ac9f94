"""``streamproc clip`` and ``streamproc join``."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer

from streamproc.cli.points import Desk, parse_point, parse_span
from streamproc.errors import ConfigError
from streamproc.media.cutter import CutReport, Mode, Part, Tags, make

_UNNOTICED_S: Final = 0.1
_POLL_S: Final = 0.1
"""How often a recording is looked at while what is wanted is not there yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a file is to be made of, and how."""

    source: str
    """A file, a folder of consecutive files, or the folder of a channel's recording."""
    out: Path
    """The MP4 file to write."""
    mode: str
    """exact, keyframe or reencode."""
    start_timecode: str | None = None
    """Time code of the files' first frame."""
    title: str | None = None
    """What the file calls itself."""


def clip(wanted: Wanted, first: str, last: str) -> None:
    """Cut one range. Raises StreamprocError."""
    span = (parse_point(first), parse_point(last))
    _check(wanted)
    desk = _desk(wanted)
    _make(wanted, desk, desk.parts([span]))


def join(wanted: Wanted, spans: Sequence[str], segments: Path | None) -> None:
    """Join several ranges, or the programme segments of a segments.json. Raises StreamprocError."""
    if bool(spans) == (segments is not None):
        raise ConfigError("say what to join: either --part FROM-TO, once for each part, or --segments segments.json")
    points = [parse_span(span) for span in spans]
    _check(wanted)
    found = _programme_segments(segments) if segments is not None else []
    desk = _desk(wanted)
    _make(wanted, desk, [part for one in found for part in desk.frames(*one)] if found else desk.parts(points))


def _check(wanted: Wanted) -> None:
    if wanted.mode not in set(Mode):
        raise ConfigError(f"--mode {wanted.mode}: there is no such mode; choose one of {', '.join(Mode)}")
    if wanted.out.is_dir():
        raise ConfigError(f"--out {wanted.out}: is a folder; give the name of the MP4 file to write")


def _desk(wanted: Wanted) -> Desk:
    return Desk(wanted.source, wanted.start_timecode, time.time_ns())


def _make(wanted: Wanted, desk: Desk, parts: Sequence[Part]) -> None:
    grows = [part for part in parts if not part.epoch.has_ended() and part.epoch.end() < part.end]
    if grows:
        typer.echo(f"{wanted.source}: waiting for {float(grows[-1].end - grows[-1].epoch.end()):.1f} s more", err=True)
    tags = Tags(title=wanted.title)
    report = make(parts, wanted.out, Mode(wanted.mode), tags=tags, pause=lambda: time.sleep(_POLL_S))
    if desk.missing > _UNNOTICED_S:
        typer.echo(f"{wanted.out}: {float(desk.missing):.3f} s of what was asked for are not recorded", err=True)
    _tell(wanted.out, report)


def _tell(out: Path, report: CutReport) -> None:
    for note in report.notes:
        typer.echo(f"{out}: {note}", err=True)
    typer.echo(f"{out}: {report.frames} frames, {report.encoded_frames} of them coded anew")
    for number, joint in enumerate(report.joints, 2):
        typer.echo(f"{out}: part {number} begins at {float(joint):.3f} s")


def _programme_segments(path: Path) -> list[tuple[int, int | None]]:
    """Return the frames [first, after) of each programme segment. Raises ConfigError."""
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
        found = [(one["start_frame"], one["end_frame"]) for one in document["segments"] if one["kind"] == "programme"]
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: is not a segments.json as `streamproc process` writes it") from error
    if not found:
        raise ConfigError(f"{path}: there is no programme segment in it")
    if any(first is None for first, _ in found):
        raise ConfigError(f"{path}: a programme segment has no frame number; process the source again")
    return found
