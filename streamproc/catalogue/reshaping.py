"""Brings an epoch's boundaries and segments to what an edit makes of them.

What an edit wants is worked out beforehand, purely (:mod:`streamproc.logic.editing`); here it is written down.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, TypeAlias

from sqlalchemy import select

from streamproc.catalogue import queries
from streamproc.catalogue.ledger import Telling
from streamproc.catalogue.models import Boundary, Clip, ClipState, Epoch, Role, Segment
from streamproc.logic.editing import Edge
from streamproc.messages import BoundaryState, Kind, Method, Placement


class Shaping(Telling, Protocol):
    """A transaction that can change boundaries and segments: see Catalogue."""

    def place(self, boundary: Boundary, at: Placement, author: str | None = None) -> None:
        """Write a place into a boundary, and a version with it."""
        ...

    def remove(self, segment: Segment) -> None:
        """Take a segment away."""
        ...

    def settle(self, segment: Segment) -> None:
        """Tell that a segment changed; queue its clip, or take it back."""
        ...

    def recut(self, clip: Clip) -> None:
        """Queue a clip again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A boundary as an edit wants it, and where exactly."""

    edge: Edge
    """What it divides."""
    at: Placement
    """Where, and who says so."""


def placed(boundary: Boundary) -> Placed:
    """Return a boundary as it stands."""
    edge = Edge(
        id=boundary.id,
        time=boundary.time,
        before=boundary.before,
        after=boundary.after,
        is_fixed=boundary.role is not Role.CHANGE,
    )
    return Placed(edge=edge, at=queries.placement(boundary))


def by_hand(edges: Sequence[Edge], standing: Sequence[Boundary], frames: Mapping[Fraction, int | None]) -> list[Placed]:
    """Return edges with their places: as they stand, or, where they are new or moved, put there by a person."""
    known = {boundary.id: boundary for boundary in standing}
    result = []
    for edge in edges:
        boundary = None if edge.id is None else known[edge.id]
        if boundary is not None and boundary.time == edge.time:
            at = queries.placement(boundary)
        else:
            at = Placement(time=edge.time, frame=frames.get(edge.time), confidence=1.0, method=Method.HAND)
        result.append(Placed(edge=edge, at=at))
    return result


def reshape(
    write: Shaping, epoch: Epoch, neighbourhood: Sequence[Boundary], wanted: Sequence[Placed], author: str
) -> None:
    """Bring a neighbourhood of an epoch to these boundaries, in time order; what is as it was is not written.

    neighbourhood: the boundaries that stand there; the first and the last stay, unless it reaches to what is on air.
    """
    standing = {boundary.id: boundary for boundary in neighbourhood}
    is_open = queries.latest(write.session, epoch).id in standing
    query = select(Segment).where(Segment.epoch_id == epoch.id, Segment.start_id.in_(standing))
    was = {segment.id: _extent(segment) for segment in write.session.scalars(query)}
    titles = [(was[segment.id], segment.title) for segment in write.session.scalars(query)]
    boundaries = [_put(write, epoch, standing, one, author) for one in wanted]
    kept = {boundary.id for boundary in boundaries}
    for boundary in standing.values():
        if boundary.id not in kept:
            boundary.state = BoundaryState.WITHDRAWN
            write.place(boundary, queries.placement(boundary), author)
    for segment in _spaced(write, epoch, boundaries, set(standing), is_open=is_open):
        if segment.id not in was and segment.start.after is Kind.PROGRAMME:
            segment.title = _title_at(titles, segment.start.time)
        if was.get(segment.id) != _extent(segment):
            _renew(write, segment)


_Extent: TypeAlias = tuple[Fraction, Fraction | None, Kind]


def _extent(segment: Segment) -> _Extent:
    return segment.start.time, None if segment.end is None else segment.end.time, segment.start.after


def _title_at(titles: Sequence[tuple[_Extent, str | None]], time: Fraction) -> str | None:
    """Return what the programme was called that was on air at a time."""
    for (start, end, kind), title in titles:
        if kind is Kind.PROGRAMME and start <= time and (end is None or time < end):
            return title
    return None


def _put(write: Shaping, epoch: Epoch, standing: Mapping[int, Boundary], one: Placed, author: str) -> Boundary:
    """Return the boundary that is wanted: new, moved, brought back, or as it was."""
    edge = one.edge
    boundary = None
    if edge.id is not None:
        boundary = standing.get(edge.id) or queries.find_boundary(write.session, edge.id)
    if boundary is None:
        boundary = Boundary(epoch=epoch, role=Role.CHANGE, created_ns=write.now_ns)
    elif boundary.state is not BoundaryState.WITHDRAWN and placed(boundary) == one:
        return boundary
    boundary.before, boundary.after, boundary.state = edge.before, edge.after, BoundaryState.FINAL
    write.place(boundary, one.at, author)
    return boundary


def _spaced(
    write: Shaping, epoch: Epoch, boundaries: Sequence[Boundary], stood: Collection[int], *, is_open: bool
) -> list[Segment]:
    """Put a segment into each space between boundaries, and return them all; those of other spaces go.

    is_open: whether there is no boundary after the last, so that a segment begins there unless the epoch ends.
    """
    numbers = {*stood, *(boundary.id for boundary in boundaries)}
    found = write.session.scalars(select(Segment).where(Segment.start_id.in_(numbers))).all()
    rows = {segment.start_id: segment for segment in found}
    starts, ends = list(boundaries[:-1]), list[Boundary | None](boundaries[1:])
    last = boundaries[-1]
    if is_open and last.role is not Role.END:
        starts.append(last)
        ends.append(None)
    elif not is_open:
        rows.pop(last.id, None)  # what begins there is beyond the neighbourhood
    wanted = {start.id: end for start, end in zip(starts, ends, strict=True)}
    for start_id, segment in rows.items():
        if start_id not in wanted and start_id in stood:
            write.remove(segment)
        elif start_id in wanted and segment.end is not wanted[start_id]:
            segment.end = None  # an end is free only once the segment that had it has let go of it
    write.session.flush()
    for start, end in zip(starts, ends, strict=True):
        if start.id not in rows:
            rows[start.id] = Segment(epoch=epoch, start=start)
            write.session.add(rows[start.id])
        rows[start.id].end = end
    write.session.flush()
    return [rows[start.id] for start in starts]


def _renew(write: Shaping, segment: Segment) -> None:
    """Tell of a segment that is another now, and have its clip cut anew."""
    clip = write.session.scalar(select(Clip).where(Clip.segment_id == segment.id))
    write.settle(segment)
    if clip is not None and clip.state not in (ClipState.WITHDRAWN, ClipState.QUEUED):
        write.recut(clip)
