"""The three ways to make a file out of stretches of footage."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from streamproc.media.cutter.assembly import CutReport, check_range, join, never
from streamproc.media.cutter.loudness import levelled, measure
from streamproc.media.cutter.plan import WEB, Part, Plan, Rework, plan_of, rework_of
from streamproc.media.cutter.rounding import outward
from streamproc.media.cutter.tags import Tags

_SETTLED_S = Fraction(1)
"""So much footage after a part tells where it can be cut."""


class Mode(StrEnum):
    """How a file is made."""

    EXACT = "exact"  # to the frame; only what lies around the ends and joints is coded anew
    KEYFRAME = "keyframe"  # no picture is coded anew; the ends are rounded outward
    REENCODE = "reencode"  # all is coded anew, for the web, equally loud


def make(
    parts: Sequence[Part],
    out: Path,
    mode: Mode = Mode.EXACT,
    *,
    tags: Tags | None = None,
    rework: Rework = WEB,
    pause: Callable[[], None] | None = None,
    stopping: Callable[[], bool] = never,
) -> CutReport:
    """Make one file out of the parts; see ``join``. rework: what REENCODE makes of them."""
    plan = None
    if mode is not Mode.EXACT:
        for part in parts:
            check_range(part, may_wait=pause is not None)
        parts = [_arrived(part, pause) for part in parts]
        parts = outward(parts) if mode is Mode.KEYFRAME else parts
        plan = replace(plan_of(parts), lossless=True) if mode is Mode.KEYFRAME else _reworked(parts, rework)
        pause = None
    return join(parts, out, tags=tags, plan=plan, pause=pause, stopping=stopping)


def _arrived(part: Part, pause: Callable[[], None] | None) -> Part:
    """Wait until all of a part is there; return it, shorter if its epoch has ended before."""
    while pause is not None and part.epoch.end() < part.end + _SETTLED_S and not part.epoch.has_ended():
        pause()
    return replace(part, end=min(part.end, part.epoch.end()))


def _reworked(parts: Sequence[Part], rework: Rework) -> Plan:
    level = levelled(measure(parts), rework)
    plan = rework_of(parts, rework, 1.0 if level is None else level.gain)
    return plan if level is None else replace(plan, notes=(level.note,))
