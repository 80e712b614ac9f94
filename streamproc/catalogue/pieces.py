"""The book of pieces: files made, or to be made, out of stretches of the recording. Its rows are a queue."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, selectinload

from streamproc.catalogue import queries
from streamproc.catalogue.finishing import Mode, Piece, PieceRange, PieceState, Programme, ProgrammePart
from streamproc.catalogue.ledger import Ledger, Writing
from streamproc.catalogue.models import Epoch
from streamproc.errors import CatalogueError
from streamproc.messages import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A piece that somebody wants."""

    channel: str
    """The channel's short name."""
    spans: tuple[Span, ...]
    """What it is made of, in this order; at least one. A span may end later than what is recorded by now."""
    mode: Mode = Mode.EXACT
    """How it is cut."""
    title: str | None = None
    """What it is called."""
    description: str | None = None
    """What it is about."""
    programme_id: int | None = None
    """The programme that it shows."""
    author: str
    """Who wants it."""
    key: str | None = None
    """A second wish with the same key is the first one, said again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceRow:
    """A piece."""

    id: int
    """Number in the catalogue."""
    channel: str
    """The channel's short name."""
    programme_id: int | None
    """The programme that it shows; None for any other range."""
    title: str | None
    """What it is called."""
    description: str | None
    """What it is about."""
    mode: Mode
    """How it is cut."""
    state: PieceState
    """How far it is."""
    spans: tuple[Span, ...]
    """What it is made of, in this order."""
    start_utc_ns: int | None
    """Wall time of its first frame."""
    attempts: int
    """How often cutting was begun."""
    path: str | None
    """The file, as its writer named it; None until it is ready."""
    size_bytes: int | None
    """Its size."""
    sha256: str | None
    """Its SHA-256, hex."""
    message: str | None
    """Why the last attempt failed, one line."""
    report: Mapping[str, Any]
    """What its writer said of it: frames, notes; empty until it is ready."""
    author: str
    """Who wanted it."""
    created_ns: int
    """When that was, wall time."""
    updated_ns: int
    """When its state last changed, wall time."""
    removed_ns: int | None
    """When its file was deleted, wall time; None while it is kept."""
    is_outdated: bool
    """Whether the programme that it shows has other parts by now than when it was wished for."""


class Pieces:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def want(self, wish: Wish) -> int:
        """Queue a piece and return its number. Raises CatalogueError: an unknown channel or epoch, no span."""
        if not wish.spans:
            raise CatalogueError(f"channel '{wish.channel}': a piece needs at least one stretch of the recording")
        with self._ledger.write() as write:
            known = None
            if wish.key is not None:
                known = write.session.scalar(select(Piece).where(Piece.key == wish.key))
            return _added(write, wish).id if known is None else known.id

    def get(self, piece_id: int) -> PieceRow | None:
        """Return one piece; None when there is none."""
        rows = self._rows(select(Piece).where(Piece.id == piece_id))
        return rows[0] if rows else None

    def of_channel(self, channel: str, *, before_id: int | None = None, limit: int | None = None) -> list[PieceRow]:
        """Return the channel's pieces, newest first, with numbers below ``before_id``, at most ``limit``."""
        query = select(Piece).where(Piece.channel.has(name=channel)).order_by(Piece.id.desc()).limit(limit)
        return self._rows(query if before_id is None else query.where(Piece.id < before_id))

    def of_programme(self, programme_id: int) -> list[PieceRow]:
        """Return the pieces that show a programme, newest first."""
        return self._rows(select(Piece).where(Piece.programme_id == programme_id).order_by(Piece.id.desc()))

    def take(self) -> PieceRow | None:
        """Take the oldest queued piece for cutting; None when none is queued."""
        with self._ledger.write() as write:
            queued = select(Piece).where(Piece.state == PieceState.QUEUED).order_by(Piece.updated_ns, Piece.id)
            piece = write.session.scalar(queued.limit(1))
            if piece is None:
                return None
            piece.attempts += 1
            _set(write, piece, PieceState.CUTTING)
            return _row(piece)

    def requeue(self) -> int:
        """Queue again what a process that is gone was cutting; returns how many."""
        with self._ledger.write() as write:
            left = write.session.scalars(select(Piece).where(Piece.state == PieceState.CUTTING).order_by(Piece.id))
            pieces = left.all()
            for piece in pieces:
                _set(write, piece, PieceState.QUEUED)
            return len(pieces)

    def ready(self, piece_id: int, path: str, size_bytes: int, sha256: str, report: Mapping[str, Any]) -> None:
        """Offer a piece: its file is whole and checked."""
        with self._ledger.write() as write:
            piece = _find(write.session, piece_id)
            piece.path, piece.size_bytes, piece.sha256, piece.message = path, size_bytes, sha256, None
            piece.report = json.dumps({**report, _READY: write.now_ns}, ensure_ascii=False)
            _set(write, piece, PieceState.READY)

    def failed(self, piece_id: int, message: str, *, retry: bool) -> None:
        """Write down why cutting failed; with ``retry`` it goes to the end of the queue."""
        with self._ledger.write() as write:
            piece = _find(write.session, piece_id)
            piece.message = message
            _set(write, piece, PieceState.QUEUED if retry else PieceState.FAILED)

    def describe(self, piece_id: int, title: str | None, description: str | None) -> PieceRow | None:
        """Give a piece another title and description; None keeps what is there. Returns None when there is no such."""
        with self._ledger.write() as write:
            piece = write.session.get(Piece, piece_id)
            if piece is not None:
                piece.title = piece.title if title is None else title
                piece.description = piece.description if description is None else description
                _set(write, piece, piece.state)
        return self.get(piece_id)

    def _rows(self, query: Select[Piece]) -> list[PieceRow]:
        loaded = query.options(joinedload(Piece.channel), selectinload(Piece.ranges).joinedload(PieceRange.epoch))
        with self._ledger.read() as session:
            pieces = session.scalars(loaded).all()
            shown = _shown(session, {piece.programme_id for piece in pieces if piece.programme_id is not None})
            return [_row(piece, shown.get(piece.programme_id or 0)) for piece in pieces]


def _shown(session: Session, programmes: Collection[int]) -> dict[int, tuple[Span, ...]]:
    """Return the stretches that programmes are made of by now, without what is on air."""
    found: dict[int, tuple[Span, ...]] = dict.fromkeys(programmes, ())
    query = select(ProgrammePart, Epoch.number).join(Epoch, ProgrammePart.epoch_id == Epoch.id)
    query = query.where(ProgrammePart.programme_id.in_(programmes), ProgrammePart.end.is_not(None))
    for part, number in session.execute(query.order_by(ProgrammePart.programme_id, ProgrammePart.number)):
        assert part.end is not None  # as the query asks
        found[part.programme_id] += (Span(epoch=number, start=part.start, end=part.end),)
    return found


_READY = "ready_ns"


def ready_ns(piece: Piece) -> int:
    """Return when a piece's file was there, wall time; as far as is known, of one that is older than this is kept."""
    return int(json.loads(piece.report).get(_READY, piece.updated_ns))


def _added(write: Writing, wish: Wish) -> Piece:
    channel = queries.find_channel(write.session, wish.channel)
    if wish.programme_id is not None and write.session.get(Programme, wish.programme_id) is None:
        raise CatalogueError(f"the catalogue knows no programme {wish.programme_id}")
    piece = Piece(channel=channel, programme_id=wish.programme_id, title=wish.title, description=wish.description)
    piece.mode, piece.attempts, piece.report = wish.mode, 0, "{}"
    piece.author, piece.key, piece.created_ns = wish.author, wish.key, write.now_ns
    piece.ranges = [
        PieceRange(
            number=number,
            epoch=queries.find_epoch(write.session, wish.channel, span.epoch),
            start=span.start,
            end=span.end,
        )
        for number, span in enumerate(wish.spans)
    ]
    write.session.add(piece)
    _set(write, piece, PieceState.QUEUED)
    return piece


def _set(write: Writing, piece: Piece, state: PieceState) -> None:
    piece.state, piece.updated_ns = state, write.now_ns
    write.session.flush()
    write.tell(piece.channel.name, "piece", piece.id)


def _find(session: Session, piece_id: int) -> Piece:
    piece = session.get(Piece, piece_id)
    if piece is None:
        raise CatalogueError(f"the catalogue knows no piece {piece_id}")
    return piece


def _spans(ranges: Sequence[PieceRange]) -> tuple[Span, ...]:
    """Return the stretches that a piece is made of."""
    return tuple(Span(epoch=part.epoch.number, start=part.start, end=part.end) for part in ranges)


def _row(piece: Piece, shown: tuple[Span, ...] | None = None) -> PieceRow:
    """Return a piece; shown: what the programme that it shows is made of by now, if that is to be compared."""
    first, spans = piece.ranges[0], _spans(piece.ranges)
    return PieceRow(
        id=piece.id,
        channel=piece.channel.name,
        programme_id=piece.programme_id,
        title=piece.title,
        description=piece.description,
        mode=piece.mode,
        state=piece.state,
        spans=spans,
        start_utc_ns=queries.utc(first.epoch, first.start),
        attempts=piece.attempts,
        path=piece.path,
        size_bytes=piece.size_bytes,
        sha256=piece.sha256,
        message=piece.message,
        report={name: value for name, value in json.loads(piece.report).items() if name != _READY},
        author=piece.author,
        created_ns=piece.created_ns,
        updated_ns=piece.updated_ns,
        removed_ns=piece.removed_ns,
        is_outdated=shown is not None and shown != spans,
    )
