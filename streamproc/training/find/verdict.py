"""Tells a bug from what else stays, and says when it can't. Pure: no footage, no pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ConfigError
from streamproc.inference.card import Region
from streamproc.training.find.finding import Kind, Verdict

SHORTEST_S = 180.0
"""Footage shorter than this is refused; five minutes are what the search is made for."""
FEWEST_SCENES = 12
"""Different pictures without which nothing can be told from the scenery."""
_CLEAR = 4.5  # contrast from which on a mark can be told from no mark on nearly every picture
_AWAY_S = 15.0  # a bug that is never away for so long at a time is always there; what hides it for a moment is no break
_RIVAL = 0.9  # share of the time for which a mark too faint to be sure of must agree with a bug to be one as well
_MAJORITY = 0.42  # share of the time; a channel shows its bug for most of it, adverts' marks stay below
_BLOCK_S = 25.0  # mean length of the blocks with a bug


@dataclass(frozen=True, slots=True)
class Sighting:
    """What decides about a mark."""

    box: Region
    contrast: float
    """See Course."""
    presence: NDArray[np.float64]
    """(N,) probability."""
    changes: bool
    """Whether a part of it changes now and then while the rest stays."""


def kind(seen: Sighting, times: NDArray[np.float64]) -> Kind:
    """Tell what a mark is, from when it is there."""
    if seen.contrast < _CLEAR:
        return Kind.FAINT
    there = seen.presence > 0.5
    steps = np.gradient(times) if len(times) > 1 else np.ones(len(times))
    on_s = float(steps[there].sum())
    away = seen.presence < 0.05
    if max((float(steps[run].sum()) for off, run in _runs(away) if off), default=0.0) < _AWAY_S:
        return Kind.ALWAYS
    if on_s < _MAJORITY * float(steps.sum()):
        return Kind.RARE
    blocks = sum(1 for on, _ in groupby(there) if on)
    if on_s < _BLOCK_S * blocks:
        return Kind.RESTLESS
    return Kind.CHANGING if seen.changes else Kind.BUG


def _runs(states: NDArray[np.bool_]) -> Iterator[tuple[bool, list[int]]]:
    """Yield each run of equal states with its indices."""
    for state, run in groupby(range(len(states)), key=lambda index: bool(states[index])):
        yield state, list(run)


_RANK = (Kind.BUG, Kind.ALWAYS, Kind.CHANGING, Kind.RARE, Kind.RESTLESS, Kind.FAINT)


def ranked(sightings: Sequence[Sighting], times: NDArray[np.float64]) -> list[tuple[Sighting, Kind]]:
    """Return marks with what they are, the likeliest bug first."""
    known = [(seen, kind(seen, times)) for seen in sightings]
    return sorted(known, key=lambda pair: (_RANK.index(pair[1]), -pair[0].contrast))


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """What the search stands on."""

    duration_s: float
    scenes: int
    """Different pictures."""
    asked: bool
    """Whether the user gave a region, so that what is in it may be the bug though it would not look like one."""
    choice: int | None
    """The user's number of a mark, from 1."""


def judge(marks: Sequence[tuple[Sighting, Kind]], footing: Footing) -> tuple[Verdict, int | None, str]:
    """Return the verdict, the index of the bug among the ranked marks, and a line for the user.

    Raises ConfigError when the user chose a number that no mark has.
    """
    if footing.choice is not None:
        if not 1 <= footing.choice <= len(marks):
            raise ConfigError(f"--choose {footing.choice}: the marks found are numbered from 1 to {len(marks)}")
        return _taken(marks, footing.choice - 1, "as chosen")
    refused = _refused(marks, footing)
    if refused is not None:
        return refused
    of_kind = {what: [index for index, (_, other) in enumerate(marks) if other is what] for what in Kind}
    clear = [index for index, (_, what) in enumerate(marks) if what is not Kind.FAINT]
    if footing.asked and len(clear) == 1:
        return _taken(marks, clear[0], "in the region given")
    bugs, always = of_kind[Kind.BUG], of_kind[Kind.ALWAYS]
    if len(bugs) == 1:
        bugs += [index for index in of_kind[Kind.FAINT] if _agree(marks[bugs[0]][0], marks[index][0])]
    if len(bugs) == 1:
        return _taken(marks, bugs[0], "")
    if len(bugs) > 1:
        text = f"{len(bugs)} marks come and go with long blocks, as a bug does: {_places(marks, bugs)}"
        return Verdict.AMBIGUOUS, None, f"{text}; {_CHOOSE}"
    if len(always) == 1:
        return _taken(marks, always[0], "")
    if always or of_kind[Kind.CHANGING]:
        return Verdict.AMBIGUOUS, None, f"no mark comes and goes as a bug does: {_list(marks, clear)}; {_CHOOSE}"
    text = f"no mark stays as a bug does; what was seen is {_list(marks, clear)}"
    return Verdict.NO_BUG, None, f"{text}; if one is the bug, {_CHOOSE}"


def _agree(one: Sighting, other: Sighting) -> bool:
    return float(((one.presence > 0.5) == (other.presence > 0.5)).mean()) >= _RIVAL


_CHOOSE = "say which with --choose N or --region X,Y,WIDTH,HEIGHT, or give more footage"


def _refused(marks: Sequence[tuple[Sighting, Kind]], footing: Footing) -> tuple[Verdict, int | None, str] | None:
    if footing.duration_s < SHORTEST_S:
        text = (
            f"{footing.duration_s:.0f} s of footage are too short to find a bug in; give at least 5 minutes, better 10"
        )
        guess = f"; the likeliest is {_list(marks, [0])}, and --choose 1 takes it all the same" if marks else ""
        return Verdict.TOO_SHORT, None, text + guess
    if footing.scenes < FEWEST_SCENES:
        text = f"the picture hardly changes (different ones: {footing.scenes}), so that everything seems to stay"
        return Verdict.ONE_SHOT, None, f"{text}; give footage with cuts and an advert break"
    if all(what is Kind.FAINT for _, what in marks):
        where = " in the region given" if footing.asked else ""
        text = f"nothing stays{where} while pictures change, or it is too faint to be sure"
        return Verdict.NO_BUG, None, f"{text}; give more footage, or --region if you know where the bug is"
    return None


def _taken(marks: Sequence[tuple[Sighting, Kind]], index: int, how: str) -> tuple[Verdict, int | None, str]:
    seen, what = marks[index]
    if what is Kind.ALWAYS:
        text = f"{_place(seen.box)} is a mark all the time, so there is no advert break to learn from"
        return Verdict.NO_CHANGE, index, f"{text}; give footage with adverts, unless this is the bug and it never goes"
    share = float((seen.presence > 0.5).mean())
    return Verdict.FOUND, index, f"the bug is {_place(seen.box)}{how and ', ' + how}, for {share:.0%} of the time"


def _list(marks: Sequence[tuple[Sighting, Kind]], which: Sequence[int]) -> str:
    return ", ".join(f"[{i + 1}] {_place(marks[i][0].box)} ({marks[i][1]})" for i in which)


def _places(marks: Sequence[tuple[Sighting, Kind]], which: Sequence[int]) -> str:
    return " and ".join(f"[{i + 1}] {_place(marks[i][0].box)}" for i in which)


def _place(box: Region) -> str:
    rows = ("top", "middle", "bottom")[min(2, int(3 * (box.y + box.height / 2)))]
    columns = ("left", "centre", "right")[min(2, int(3 * (box.x + box.width / 2)))]
    return f"{rows} {columns} at {box.x:.3f},{box.y:.3f},{box.width:.3f},{box.height:.3f}"
