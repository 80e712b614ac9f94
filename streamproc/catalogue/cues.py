"""The book of cues: SCTE-35 messages of a feed, and those that we wrote for breaks that were found."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from streamproc.catalogue import queries
from streamproc.catalogue.finishing import Cue
from streamproc.catalogue.ledger import Ledger, Writing
from streamproc.catalogue.models import Boundary, Channel, Epoch, Role
from streamproc.messages import BoundaryState, CueKind, CueOrigin, Kind
from streamproc.messages import Cue as Announced
from streamproc.timebase import to_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class CueRow:
    """A cue."""

    id: int
    """Number in the catalogue."""
    channel: str
    """The channel's short name."""
    epoch: int
    """Its epoch's number in the recording."""
    kind: CueKind
    """Out of the programme, back into it, or something else."""
    time: Fraction
    """Of which frame it speaks: presentation time in the epoch, seconds; may be below 0."""
    utc_ns: int | None
    """Wall time of that."""
    event_id: int | None
    """Number of the event in the message."""
    duration: Fraction | None
    """Length of the break, seconds; None when not told."""
    origin: CueOrigin
    """Where it comes from."""
    payload: str
    """The splice_info_section as base64; empty when a playlist only had a plain tag."""
    created_ns: int
    """When it was entered, wall time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A boundary that has no cue yet."""

    epoch: int
    """Its epoch's number in the recording."""
    kind: CueKind
    """OUT where a break begins, IN where it ends."""
    time: Fraction
    """Presentation time of the first frame after it, seconds in the epoch."""
    event_id: int
    """The catalogue number of the boundary with which the break began, or would have."""


class Cues:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def add(self, channel: str, epoch: int, cues: Sequence[Announced]) -> list[Announced]:
        """Enter the cues of an epoch; return those that were new. Raises CatalogueError for an unknown epoch.

        The same cue again, as encoders send it and as a reader that was killed says it, changes nothing.
        """
        with self._ledger.write() as write:
            row = queries.find_epoch(write.session, channel, epoch)
            return [cue for cue in cues if _added(write, row, channel, cue)]

    def get(self, cue_id: int) -> CueRow | None:
        """Return one cue; None when there is none."""
        rows = self._rows(_query().where(Cue.id == cue_id))
        return rows[0] if rows else None

    def of_channel(self, channel: str, *, before_id: int | None = None, limit: int | None = None) -> list[CueRow]:
        """Return the channel's cues, newest first, with numbers below ``before_id``, at most ``limit``."""
        query = _query().where(Channel.name == channel).order_by(Cue.id.desc()).limit(limit)
        return self._rows(query if before_id is None else query.where(Cue.id < before_id))

    def unannounced(self, channel: str, since_ns: int) -> list[Found]:
        """Return the final boundaries between programme and break, found since a wall time, that have no cue yet."""
        told = select(Cue.id).where(
            Cue.epoch_id == Boundary.epoch_id, Cue.origin == CueOrigin.FOUND, Cue.time_ns == Boundary.time_ns
        )
        query = (
            select(Boundary, Epoch)
            .join(Epoch, Boundary.epoch_id == Epoch.id)
            .join(Channel, Epoch.channel_id == Channel.id)
            .where(Channel.name == channel, Boundary.created_ns >= since_ns)
            .where(Boundary.state == BoundaryState.FINAL, Boundary.role == Role.CHANGE, ~told.exists())
            .order_by(Boundary.epoch_id, Boundary.time_ns)
        )
        with self._ledger.read() as session:
            return [
                _found(session, boundary, epoch)
                for boundary, epoch in session.execute(query)
                if Kind.UNKNOWN not in (boundary.before, boundary.after)
            ]

    def _rows(self, query: Select[Cue, Epoch, str]) -> list[CueRow]:
        with self._ledger.read() as session:
            return [_row(cue, epoch, channel) for cue, epoch, channel in session.execute(query)]


def _query() -> Select[Cue, Epoch, str]:
    joined = select(Cue, Epoch, Channel.name).join(Epoch, Cue.epoch_id == Epoch.id)
    return joined.join(Channel, Epoch.channel_id == Channel.id)


def _added(write: Writing, epoch: Epoch, channel: str, cue: Announced) -> bool:
    """Enter a cue unless it is there; tell whether it was new."""
    row = Cue(
        epoch_id=epoch.id,
        time=cue.time,
        time_ns=to_ns(cue.time),
        kind=cue.kind,
        event_id=cue.event_id,
        duration=cue.duration,
        payload=cue.payload,
        payload_sha256=sha256(cue.payload.encode()).hexdigest(),
        origin=cue.origin,
        created_ns=write.now_ns,
    )
    same = select(Cue.id).where(
        Cue.epoch_id == epoch.id,
        Cue.origin == row.origin,
        Cue.time_ns == row.time_ns,
        Cue.kind == row.kind,
        Cue.payload_sha256 == row.payload_sha256,
    )
    if write.session.scalar(same.limit(1)) is not None:
        return False
    write.session.add(row)
    write.session.flush()
    write.tell(channel, "cue", row.id)
    return True


def _found(session: Session, boundary: Boundary, epoch: Epoch) -> Found:
    out = boundary.after is Kind.ADVERT
    event_id = boundary.id
    if not out:
        earlier = select(Boundary.id).where(
            Boundary.epoch_id == epoch.id,
            Boundary.time_ns < boundary.time_ns,
            Boundary.state == BoundaryState.FINAL,
            Boundary.after == Kind.ADVERT,
        )
        event_id = session.scalar(earlier.order_by(Boundary.time_ns.desc()).limit(1)) or boundary.id
    return Found(epoch=epoch.number, kind=CueKind.OUT if out else CueKind.IN, time=boundary.time, event_id=event_id)


def _row(cue: Cue, epoch: Epoch, channel: str) -> CueRow:
    return CueRow(
        id=cue.id,
        channel=channel,
        epoch=epoch.number,
        kind=cue.kind,
        time=cue.time,
        utc_ns=queries.utc(epoch, cue.time),
        event_id=cue.event_id,
        duration=cue.duration,
        origin=cue.origin,
        payload=cue.payload,
        created_ns=cue.created_ns,
    )
