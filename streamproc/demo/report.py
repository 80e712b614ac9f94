"""Compares what was found with the truth: the demo's closing table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from rich import box
from rich.table import Table

from streamproc.catalogue import Catalogue, ClipState, Role, SegmentRow
from streamproc.demo.broadcast import RATE, Segment
from streamproc.messages import BoundaryState, Kind
from streamproc.timebase import NS

TOLERANCE = int(RATE)
"""A boundary farther off than this many frames is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A boundary that the daemon put into its catalogue."""

    frame: int
    """First frame after it."""
    after: Kind
    """What is on air from it on."""
    method: str
    """What put it there."""
    provisional_ns: int
    """When it was first written, wall time."""
    final_ns: int | None
    """When it became final; None if it never did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundClip:
    """A clip of a programme segment."""

    start_frame: int
    """Its segment's first frame."""
    final_ns: int | None
    """When its segment became final."""
    ready_ns: int | None
    """When it could be downloaded; None if it never could."""
    path: str | None
    """The file."""
    duration_s: float
    """Its length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One true boundary beside the found one."""

    truth: Segment
    """What begins there."""
    found: Found | None
    """None when nothing within the tolerance was found."""

    @property
    def error(self) -> int | None:
        """Frames from the true boundary to the found one."""
        return None if self.found is None else self.found.frame - self.truth.start_frame


def compare(truth: Sequence[Segment], found: Sequence[Found]) -> tuple[list[Line], list[Found]]:
    """Return a line for each true boundary, and the boundaries found where there is none.

    A found boundary belongs to the nearest true one that leads to the same kind, within the tolerance.
    """
    left = list(found)
    lines = []
    for segment in truth[1:]:
        near = [
            item for item in left if item.after is segment.kind and abs(item.frame - segment.start_frame) <= TOLERANCE
        ]
        best = min(near, key=lambda item: abs(item.frame - segment.start_frame), default=None)
        if best is not None:
            left.remove(best)
        lines.append(Line(truth=segment, found=best))
    return lines, left


def read_found(catalogue: Catalogue, channel: str) -> tuple[list[Found], list[FoundClip]]:
    """Read the boundaries and clips of a channel from the catalogue."""
    segments = catalogue.segments(channel)
    boundaries = [_found(catalogue, row) for row in segments if row.start.role is Role.CHANGE]
    clips = [_found_clip(catalogue, row) for row in segments if row.kind is Kind.PROGRAMME]
    return boundaries, clips


def is_settled(catalogue: Catalogue, channel: str) -> bool:
    """Tell whether nothing will change any more: the epoch is over, all is final, all clips are cut or given up."""
    segments = catalogue.segments(channel)
    return bool(segments) and all(
        row.state is BoundaryState.FINAL and (row.kind is not Kind.PROGRAMME or _is_done(row)) for row in segments
    )


def _is_done(row: SegmentRow) -> bool:
    return row.clip is not None and row.clip.state in (ClipState.READY, ClipState.FAILED)


def _found(catalogue: Catalogue, row: SegmentRow) -> Found:
    placement = row.start.placement
    return Found(
        frame=round(placement.time * RATE) if placement.frame is None else placement.frame,
        after=row.kind,
        method=placement.method.value,
        provisional_ns=row.start.created_ns,
        final_ns=_final_ns(catalogue, row.start.id),
    )


def _final_ns(catalogue: Catalogue, boundary: int) -> int | None:
    finals = [row.created_ns for row in catalogue.versions(boundary) if row.state is BoundaryState.FINAL]
    return min(finals, default=None)


def _found_clip(catalogue: Catalogue, row: SegmentRow) -> FoundClip:
    ends = [_final_ns(catalogue, edge.id) for edge in (row.start, row.end) if edge is not None]
    finals = [end for end in ends if end is not None]
    clip = row.clip
    is_ready = clip is not None and clip.state is ClipState.READY
    return FoundClip(
        start_frame=round(row.start.time * RATE),
        final_ns=max(finals) if len(finals) == 2 else None,
        ready_ns=clip.updated_ns if clip is not None and is_ready else None,
        path=clip.path if clip is not None else None,
        duration_s=0.0 if clip is None else float(clip.end - clip.start),
    )


def boundary_table(lines: Sequence[Line], wrong: Sequence[Found], sent: Mapping[int, int]) -> Table:
    """Return the table of boundaries. ``sent``: when each true boundary's frame was sent, wall time."""
    table = _table("Boundaries", caption="Provisional and final: seconds after the change's first frame was sent.")
    for heading in ("true", "found", "error"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("to", "how it was"):
        table.add_column(heading)
    for heading in ("provisional", "final"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in lines:
        arrived = sent.get(line.truth.start_frame)
        found = line.found
        table.add_row(
            timecode(line.truth.start_frame),
            "[red]missing[/]" if found is None else timecode(found.frame),
            "" if line.error is None else _frames(line.error),
            line.truth.kind.value,
            line.truth.joint,
            _after(arrived, None if found is None else found.provisional_ns),
            _after(arrived, None if found is None else found.final_ns),
        )
    for found in wrong:
        table.add_row("[red]none[/]", timecode(found.frame), "", found.after.value, f"[red]false[/], {found.method}")
    return table


def clip_table(clips: Sequence[FoundClip], folder: Path) -> Table:
    """Return the table of clips, which lie in ``folder``."""
    table = _table("Clips of the programmes", caption="Ready: seconds after the programme's marks became final.")
    table.add_column("from", justify="right", no_wrap=True)
    table.add_column("length", justify="right", no_wrap=True)
    table.add_column("ready", justify="right", no_wrap=True)
    table.add_column("file", overflow="fold")
    for clip in clips:
        table.add_row(
            timecode(clip.start_frame),
            f"{clip.duration_s:.2f} s",
            _after(clip.final_ns, clip.ready_ns),
            "[red]none[/]" if clip.path is None else str(folder / clip.path),
        )
    return table


def _table(title: str, caption: str) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", caption=caption, caption_justify="left", box=box.SIMPLE
    )


def timecode(frame: int) -> str:
    """Return ``m:ss:ff``."""
    seconds, rest = divmod(frame, int(RATE))
    return f"{seconds // 60}:{seconds % 60:02d}:{rest:02d}"


def _frames(error: int) -> str:
    colour = "green" if error == 0 else "yellow" if abs(error) <= 2 else "red"
    return f"[{colour}]{error:+d} fr[/]" if error else "[green]0 fr[/]"


def _after(start_ns: int | None, end_ns: int | None) -> str:
    if start_ns is None or end_ns is None:
        return "[red]never[/]"
    return f"{float(Fraction(end_ns - start_ns, NS)):.1f} s"
