"""The book of handouts: how long it took from a programme's end until somebody had its file."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from streamproc.catalogue import queries
from streamproc.catalogue.finishing import Piece, Programme, ProgrammeState
from streamproc.catalogue.ledger import Ledger
from streamproc.catalogue.models import Epoch
from streamproc.catalogue.people import Handout
from streamproc.catalogue.pieces import ready_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoutRow:
    """The first download of a programme's file."""

    id: int
    """Number in the catalogue; greater is later."""
    channel: str
    """The channel's short name."""
    programme_id: int
    """The programme's number."""
    piece_id: int
    """The piece that was taken."""
    ended_ns: int
    """When the programme ended, wall time."""
    wished_ns: int
    """When the piece was wished for, wall time."""
    ready_ns: int
    """When its file was there, wall time."""
    taken_ns: int
    """When it was taken, wall time."""
    author: str
    """Who took it."""

    @property
    def parts_ns(self) -> dict[str, int]:
        """Nanoseconds from the programme's end to the wish, from there to the file, from there to its download.

        What was wished for while the programme was on air was not waited for.
        """
        wished = max(self.wished_ns, self.ended_ns)
        ready = max(self.ready_ns, wished)
        return {
            "wait": wished - self.ended_ns,
            "make": ready - wished,
            "take": max(self.taken_ns - ready, 0),
        }


class Handouts:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def taken(self, piece_id: int, author: str) -> HandoutRow | None:
        """Write down that somebody takes a piece; returns that if it is the first of a programme that is over."""
        with self._ledger.read() as session:
            if _untaken(session, piece_id) is None:
                return None  # and nobody who downloads has to wait for those who write
        with self._ledger.write() as write:
            found = _untaken(write.session, piece_id)
            if found is None:
                return None
            piece, programme = found
            last = programme.parts[-1]
            ended = None if last.end is None else queries.utc(write.session.get_one(Epoch, last.epoch_id), last.end)
            if ended is None:
                return None
            row = Handout(channel=piece.channel, programme_id=programme.id, piece_id=piece_id, author=author)
            row.ended_ns = ended
            row.wished_ns, row.ready_ns, row.taken_ns = piece.created_ns, ready_ns(piece), write.now_ns
            write.session.add(row)
            write.session.flush()
            write.tell(piece.channel.name, "handout", row.id)
            return _row(row)

    def of_channel(self, channel: str, *, before_id: int | None = None, limit: int | None = None) -> list[HandoutRow]:
        """Return the channel's handouts, newest first, with numbers below ``before_id``, at most ``limit``."""
        query = select(Handout).where(Handout.channel.has(name=channel)).options(joinedload(Handout.channel))
        query = query if before_id is None else query.where(Handout.id < before_id)
        with self._ledger.read() as session:
            return [_row(one) for one in session.scalars(query.order_by(Handout.id.desc()).limit(limit))]


def _untaken(session: Session, piece_id: int) -> tuple[Piece, Programme] | None:
    """Return a piece with the programme that it shows, if that is over and nobody has taken it yet."""
    query = select(Piece, Programme).join(Programme, Piece.programme_id == Programme.id).where(Piece.id == piece_id)
    query = query.where(Programme.state == ProgrammeState.COMPLETE)
    taken = select(Handout.id).where(Handout.programme_id == Programme.id)
    found = session.execute(query.where(~taken.exists())).first()
    return None if found is None else (found[0], found[1])


def _row(one: Handout) -> HandoutRow:
    return HandoutRow(
        id=one.id,
        channel=one.channel.name,
        programme_id=one.programme_id,
        piece_id=one.piece_id,
        ended_ns=one.ended_ns,
        wished_ns=one.wished_ns,
        ready_ns=one.ready_ns,
        taken_ns=one.taken_ns,
        author=one.author,
    )
