"""The book of what is drawn along a day: segments and programmes, as few columns as drawing needs.

Two thousand segments come in some milliseconds this way; whole rows with their boundaries would take seconds.
"""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from streamproc.catalogue.finishing import Programme, ProgrammePart, ProgrammeState
from streamproc.catalogue.ledger import Ledger
from streamproc.catalogue.models import Channel, Epoch, Segment
from streamproc.catalogue.queries import End, Start
from streamproc.messages import BoundaryState, Kind
from streamproc.timebase import to_ns

_LATEST = 2000
"""Programmes that are looked through."""


@dataclass(frozen=True, slots=True)
class SegmentMark:
    """A segment to draw."""

    id: int
    """Number in the catalogue."""
    kind: Kind
    """What is on air."""
    state: BoundaryState
    """FINAL when both ends are."""
    start_ns: int
    """Where it begins, wall time."""
    end_ns: int | None
    """Where it ends; None while it is on air."""
    confidence: float
    """That of its less certain end."""
    start_id: int
    """The boundary it begins at."""
    end_id: int | None
    """The boundary it ends at."""


@dataclass(frozen=True, slots=True)
class ProgrammeMark:
    """A programme to draw."""

    id: int
    """Number in the catalogue."""
    title: str | None
    """Its name."""
    state: ProgrammeState
    """How far it is."""
    parts: tuple[tuple[int, int | None], ...]
    """Where each part begins and ends, wall time; the end is None while it is on air."""


class Timeline:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def segments(self, channel: str, from_ns: int, until_ns: int) -> list[SegmentMark]:
        """Return the segments that share any time with a stretch, oldest first; of epochs without wall time, none."""
        query = (
            select(
                Segment.id,
                Start.after,
                Start.state,
                End.state,
                (Epoch.utc_zero_ns + Start.time_ns).label("start_ns"),
                Epoch.utc_zero_ns + End.time_ns,
                Start.confidence,
                End.confidence,
                Start.id,
                End.id,
            )
            .join(Start, Segment.start_id == Start.id)
            .outerjoin(End, Segment.end_id == End.id)
            .join(Epoch, Segment.epoch_id == Epoch.id)
            .join(Channel, Epoch.channel_id == Channel.id)
            .where(Channel.name == channel, Epoch.utc_zero_ns + Start.time_ns < until_ns)
            .where(or_(Segment.end_id.is_(None), Epoch.utc_zero_ns + End.time_ns > from_ns))
            .order_by(Segment.id)
        )
        with self._ledger.read() as session:
            rows = session.execute(query).all()
        marks = []
        for number, kind, first, last, start_ns, end_ns, sure, also_sure, start_id, end_id in rows:
            final = first is last is BoundaryState.FINAL
            state = BoundaryState.FINAL if final else BoundaryState.PROVISIONAL
            assert start_ns is not None  # the epoch has a wall time
            confidence = sure if also_sure is None else min(sure, also_sure)
            marks.append(SegmentMark(number, kind, state, start_ns, end_ns, confidence, start_id, end_id))
        return marks

    def programmes(self, channel: str, from_ns: int, until_ns: int) -> list[ProgrammeMark]:
        """Return the programmes that share any time with a stretch of wall time, among the newest 2000."""
        with self._ledger.read() as session:
            newest = self._newest(session, channel)
            parts = self._parts(session, [number for number, _, _ in newest])
        marks = []
        for number, title, state in newest:
            stretches = tuple(sorted(parts[number], key=lambda part: part[0]))
            if stretches and stretches[0][0] < until_ns and (stretches[-1][1] or until_ns) > from_ns:
                marks.append(ProgrammeMark(number, title, state, stretches))
        return sorted(marks, key=lambda mark: mark.parts[0][0])

    def _newest(self, session: Session, channel: str) -> list[tuple[int, str | None, ProgrammeState]]:
        query = (
            select(Programme.id, Programme.title, Programme.state)
            .join(Channel, Programme.channel_id == Channel.id)
            .where(Channel.name == channel)
            .order_by(Programme.id.desc())
            .limit(_LATEST)
        )
        return [(number, title, state) for number, title, state in session.execute(query)]

    def _parts(self, session: Session, programmes: list[int]) -> dict[int, list[tuple[int, int | None]]]:
        found: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
        if not programmes:
            return found
        query = (
            select(ProgrammePart.programme_id, ProgrammePart.start, ProgrammePart.end, Epoch.utc_zero_ns)
            .join(Epoch, ProgrammePart.epoch_id == Epoch.id)
            .where(ProgrammePart.programme_id.between(programmes[-1], programmes[0]))
            .where(Epoch.utc_zero_ns.is_not(None))
        )
        for number, start, end, zero_ns in session.execute(query):
            assert zero_ns is not None
            found[number].append((zero_ns + to_ns(start), None if end is None else zero_ns + to_ns(end)))
        return found
