"""What an editor's word makes of a timeline: a stretch is painted programme or advert, and the boundaries follow.

Every edit is such a painting. Moving a boundary paints what lies between its old and its new place; taking one out
paints the segment on one side of it; adding one paints what is to be something else. So an edit can't leave two
neighbours of one kind, a hole, or an overlap, and taking it back is painting what was there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

from streamproc.messages import Kind

Stretch: TypeAlias = tuple[Fraction, Fraction | None]
"""[start, end) of an epoch, seconds; without an end it reaches to what is on air."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A boundary of an epoch: its start, its end, or a change between them."""

    id: int | None
    """Its number; None for one that is new."""
    time: Fraction
    """Seconds in the epoch."""
    before: Kind
    """What is on air before it."""
    after: Kind
    """What is on air from it on."""
    is_fixed: bool = False
    """Whether it is where the epoch begins or ends, and so stays there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A stretch that is somebody's: a part of a programme."""

    owner: int
    """Whose."""
    start: Fraction
    """Seconds in the epoch."""
    end: Fraction | None
    """Seconds in the epoch; None while it is on air."""
    start_sure: bool
    """Whether it begins here beyond doubt."""
    end_sure: bool
    """Whether it ends here beyond doubt."""


def painted(edges: Sequence[Edge], stretch: Stretch, kind: Kind) -> list[Edge]:
    """Return the boundaries of an epoch once a stretch of it is of a kind.

    edges: all that stand, in time order, from the epoch's start to its end, or to what is on air. A boundary that goes
    where another of the same kinds comes is that one, moved; so numbers stay with what people know by them.
    """
    start, end = stretch
    wanted = _changes(edges, start, end, kind)
    standing = {edge.time: edge for edge in edges}
    spare = [edge for edge in edges if not edge.is_fixed and edge.time not in wanted]
    result = []
    for time, (before, after) in wanted.items():
        known = standing.get(time)
        if known is not None:
            result.append(replace(known, before=before, after=after))
            continue
        alike = [edge for edge in spare if (edge.before, edge.after) == (before, after)]
        nearest = min(alike, key=lambda edge: abs(edge.time - time), default=None)
        if nearest is not None:
            spare.remove(nearest)
        result.append(Edge(id=None if nearest is None else nearest.id, time=time, before=before, after=after))
    return result


def _changes(
    edges: Sequence[Edge], start: Fraction, end: Fraction | None, kind: Kind
) -> dict[Fraction, tuple[Kind, Kind]]:
    """Return what is on air before and after each place where it changes, or the epoch begins or ends."""
    last = edges[-1].time if edges[-1].is_fixed and len(edges) > 1 else None
    until = last if end is None else end
    fixed = {edge.time for edge in edges if edge.is_fixed}
    places = {edge.time for edge in edges} | {start} | ({until} if until is not None else set())
    changes: dict[Fraction, tuple[Kind, Kind]] = {}
    before = edges[0].before
    for place in sorted(places):
        if place == last:
            after = edges[-1].after
        elif start <= place and (until is None or place < until):
            after = kind
        else:
            after = _kind_at(edges, place)
        if after is not before or place in fixed:
            changes[place] = (before, after)
        before = after
    return changes


def _kind_at(edges: Sequence[Edge], time: Fraction) -> Kind:
    return [edge.after for edge in edges if edge.time <= time][-1]


def of_kind(edges: Sequence[Edge], kind: Kind) -> list[Stretch]:
    """Return the stretches of a kind, in time order."""
    ended = edges[-1].is_fixed and len(edges) > 1
    ends: list[Fraction | None] = [edge.time for edge in edges[1:]]
    if not ended:
        ends.append(None)
    return [(edge.time, end) for edge, end in zip(edges, ends, strict=False) if edge.after is kind]


def differences(before: Sequence[Edge], after: Sequence[Edge]) -> list[tuple[Stretch, Kind]]:
    """Return the stretches of an epoch in which something else is on air than before, with what it is now."""
    places: list[Fraction | None] = [*sorted({edge.time for edge in (*before, *after)}), None]
    ended = after[-1].is_fixed and len(after) > 1
    found: list[tuple[Stretch, Kind]] = []
    for start, end in pairwise(places):
        if start is None or (end is None and ended):
            continue
        now = _kind_at(after, start)
        if now is _kind_at(before, start):
            continue
        if found and found[-1][0][1] == start and found[-1][1] is now:
            found[-1] = ((found[-1][0][0], end), now)
        else:
            found.append(((start, end), now))
    return found


def was_on_air(before: Sequence[Edge], after: Sequence[Edge], stretch: Stretch) -> list[tuple[Stretch, Kind]]:
    """Return what was on air in a stretch before it was painted, from the boundaries in it before and after that.

    Nothing when the painting changed nothing, and there was no boundary in it.
    """
    start, end = stretch
    if not before:
        return [(stretch, after[0].before)] if after else []
    places = [start, *(edge.time for edge in before if edge.time > start)]
    kinds = [before[0].after if before[0].time == start else before[0].before]
    kinds += [edge.after for edge in before if edge.time > start]
    ends: list[Fraction | None] = [*places[1:], end]
    return [((a, b), kind) for a, b, kind in zip(places, ends, kinds, strict=True) if b is None or a < b]


def reassigned(parts: Iterable[Held], changed: Sequence[tuple[Stretch, Kind]]) -> list[Held]:
    """Return the parts of programmes once some stretches are of another kind; a part of which nothing is left is gone.

    What is no programme any more is taken from whoever had it. What has become programme goes to the one that it
    follows, else to the one that follows it; where it touches neither it stays nobody's, for the schedule to name.
    """
    standing = sorted(parts, key=lambda part: part.start)
    for stretch, kind in changed:
        if kind is Kind.PROGRAMME:
            standing = _given(standing, stretch)
        else:
            standing = [left for part in standing for left in _without(part, stretch)]
    return standing


def _without(part: Held, stretch: Stretch) -> list[Held]:
    start, end = stretch
    if (end is not None and end <= part.start) or (part.end is not None and part.end <= start):
        return [part]
    left = []
    if part.start < start:
        left.append(replace(part, end=start, end_sure=True))
    if end is not None and (part.end is None or end < part.end):
        left.append(replace(part, start=end, start_sure=True))
    return left


def _given(parts: Sequence[Held], stretch: Stretch) -> list[Held]:
    start, end = stretch
    if any((end is None or part.start < end) and (part.end is None or start < part.end) for part in parts):
        return list(parts)  # it is somebody's already
    before = next((part for part in parts if part.end == start), None)
    after = None if end is None else next((part for part in parts if part.start == end), None)
    others = [part for part in parts if part is not before and part is not after]
    if before is None and after is None:
        return others
    if before is None:
        assert after is not None
        return sorted([*others, replace(after, start=start, start_sure=True)], key=lambda part: part.start)
    if after is None:
        return sorted([*others, replace(before, end=end, end_sure=end is not None)], key=lambda part: part.start)
    if before.owner == after.owner:
        joined = replace(before, end=after.end, end_sure=after.end_sure)
        return sorted([*others, joined], key=lambda part: part.start)
    # Two programmes meet without a break now; nobody has said where one ends and the other begins.
    meet = [replace(before, end=end, end_sure=False), replace(after, start_sure=False)]
    return sorted([*others, *meet], key=lambda part: part.start)
