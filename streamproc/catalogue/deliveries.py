"""The book of deliveries: finished files on their way to targets. Its rows are a queue.

A clip or a piece goes to a target once. It waits there until its file is ready, then until it has arrived; only a file
that is gone ends a delivery that is not done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from streamproc.catalogue.finishing import Delivery, DeliveryState, Piece, PieceState
from streamproc.catalogue.ledger import Ledger, Writing
from streamproc.catalogue.models import Channel, Clip, ClipState, Epoch, Segment
from streamproc.errors import CatalogueError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What can be delivered: exactly one of the two."""

    clip_id: int | None = None
    """A clip's number."""
    piece_id: int | None = None
    """A piece's number."""

    def __str__(self) -> str:
        """Return it in words."""
        return f"piece {self.piece_id}" if self.clip_id is None else f"clip {self.clip_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A delivery."""

    id: int
    """Number in the catalogue."""
    channel: str
    """The channel's short name."""
    target: str
    """The target's name."""
    what: Finished
    """What is sent."""
    path: str | None
    """Its file, as its writer named it; None until it is ready."""
    state: DeliveryState
    """How far it is."""
    attempts: int
    """How often sending was begun."""
    next_ns: int
    """When it is tried next, wall time, while it is queued."""
    remote_path: str | None
    """Where it lies at the target; None until it is done."""
    size_bytes: int | None
    """Size of the file; None until it is ready."""
    sent_bytes: int
    """How much of it has arrived."""
    sha256: str | None
    """SHA-256 of the file, hex; None until it is ready."""
    resume: str | None
    """What its sender must know to go on."""
    message: str | None
    """Why the last attempt failed, one line; what was verified, once it is done."""
    created_ns: int
    """When it was asked for, wall time."""
    updated_ns: int
    """When its state last changed, wall time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a target still has to get."""

    files: int
    """How many."""
    oldest_ns: int | None
    """When the one that waits longest was asked for, wall time; None when none waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries are wanted, newest first."""

    target: str | None = None
    """Only those to this target."""
    state: DeliveryState | None = None
    """Only those that are so far."""
    what: Finished | None = None
    """Only those of this file."""
    before_id: int | None = None
    """Only those with a smaller number."""
    limit: int | None = None
    """At most so many."""


Row: TypeAlias = Select[Delivery]
_ALL = DeliveryFilter()
_OPEN = (DeliveryState.QUEUED, DeliveryState.SENDING)
_BATCH = 200


class Deliveries:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def want(self, target: str, what: Finished) -> int:
        """Have a file delivered, as soon as it is ready; returns the delivery's number.

        Said again, it is tried at once if it waits for another attempt or has failed; what is done is not done again.
        Raises CatalogueError: there is no such clip or piece.
        """
        with self._ledger.write() as write:
            _check(write.session, what)
            known = write.session.scalar(select(Delivery).where(Delivery.target == target, _is_of(what)))
            if known is None:
                return _add(write, target, what).id
            if known.state in (DeliveryState.FAILED, DeliveryState.QUEUED):
                known.next_ns = write.now_ns
                _set(write, known, DeliveryState.QUEUED)
            return known.id

    def want_all(self, channel: str, targets: Sequence[str]) -> int:
        """Have every clip and piece of a channel that is ready delivered to targets; returns how many are new."""
        missing = [
            (target, what)
            for target in targets
            for what in (
                *(Finished(clip_id=clip_id) for clip_id in self._undelivered(_clips(channel), target)),
                *(Finished(piece_id=piece_id) for piece_id in self._undelivered(_pieces(channel), target)),
            )
        ]
        for target, what in missing:
            self.want(target, what)
        return len(missing)

    def take(self, target: str) -> DeliveryRow | None:
        """Take the delivery to a target that is due longest, to be sent now; None when none is due."""
        with self._ledger.read() as session:
            now_ns = self._ledger.now_ns()
            if session.scalar(_due(target, now_ns).limit(1)) is None:
                return None
        with self._ledger.write() as write:
            delivery = write.session.scalar(_due(target, write.now_ns).limit(1))
            if delivery is None:
                return None
            delivery.attempts += 1
            file = delivery.clip if delivery.piece is None else delivery.piece
            assert file is not None
            if (delivery.size_bytes, delivery.sha256) != (file.size_bytes, file.sha256):
                delivery.size_bytes, delivery.sha256 = file.size_bytes, file.sha256
                delivery.sent_bytes = 0
            _set(write, delivery, DeliveryState.SENDING)
            return _row(delivery)

    def is_asked_for_again(self, target: str, since_ns: int) -> bool:
        """Tell whether somebody has asked again, since a moment, for what waits for another attempt."""
        with self._ledger.read() as session:
            query = _due(target, self._ledger.now_ns()).where(Delivery.attempts > 0, Delivery.updated_ns >= since_ns)
            return session.scalar(query.limit(1)) is not None

    def requeue(self, target: str) -> int:
        """Queue again what was being sent to a target by a sender that is gone; returns how many."""
        with self._ledger.write() as write:
            sending = select(Delivery).where(Delivery.target == target, Delivery.state == DeliveryState.SENDING)
            left = write.session.scalars(sending.order_by(Delivery.id)).all()
            for delivery in left:
                delivery.next_ns = write.now_ns
                _set(write, delivery, DeliveryState.QUEUED)
            return len(left)

    def remember(self, delivery_id: int, resume: str | None) -> None:
        """Keep what the next attempt must know to go on."""
        with self._ledger.write() as write:
            _find(write.session, delivery_id).resume = resume

    def progress(self, delivery_id: int, sent_bytes: int) -> None:
        """Write down how much has arrived. No event tells of it."""
        with self._ledger.write() as write:
            _find(write.session, delivery_id).sent_bytes = sent_bytes

    def done(self, delivery_id: int, remote_path: str, message: str) -> None:
        """Write down that the file has arrived; ``message`` says what was verified."""
        with self._ledger.write() as write:
            delivery = _find(write.session, delivery_id)
            delivery.remote_path, delivery.message, delivery.resume = remote_path, message, None
            delivery.sent_bytes = delivery.size_bytes or 0
            _set(write, delivery, DeliveryState.DONE)

    def failed(self, delivery_id: int, message: str, *, again_ns: int | None) -> None:
        """Write down why sending failed, and when it is tried again; None: never."""
        with self._ledger.write() as write:
            delivery = _find(write.session, delivery_id)
            delivery.message = message
            delivery.next_ns = write.now_ns if again_ns is None else again_ns
            _set(write, delivery, DeliveryState.FAILED if again_ns is None else DeliveryState.QUEUED)

    def get(self, delivery_id: int) -> DeliveryRow | None:
        """Return one delivery; None when there is none."""
        rows = self._rows(select(Delivery).where(Delivery.id == delivery_id))
        return rows[0] if rows else None

    def all(self, where: DeliveryFilter = _ALL) -> list[DeliveryRow]:
        """Return deliveries, newest first."""
        query = select(Delivery).order_by(Delivery.id.desc()).limit(where.limit)
        if where.target is not None:
            query = query.where(Delivery.target == where.target)
        if where.state is not None:
            query = query.where(Delivery.state == where.state)
        if where.what is not None:
            query = query.where(_is_of(where.what))
        if where.before_id is not None:
            query = query.where(Delivery.id < where.before_id)
        return self._rows(query)

    def waiting(self, target: str) -> Waiting:
        """Return what a target still has to get of what is ready."""
        query = _ready_for(target).with_only_columns(func.count(Delivery.id), func.min(Delivery.created_ns))
        with self._ledger.read() as session:
            files, oldest_ns = session.execute(query.order_by(None)).one()
            return Waiting(files=files, oldest_ns=oldest_ns)

    def dispensable(self, channel: str, before_ns: int, targets: Sequence[str]) -> list[tuple[Finished, str]]:
        """Return the oldest files that were ready before a moment and have arrived wherever they shall, with paths.

        targets: where everything of the channel goes. A file that a delivery still needs, to whatever target, is not
        among them; that of a clip which an edit has withdrawn is needed by nobody. At most some hundred: those are
        deleted first, then it is asked again.
        """
        found: list[tuple[Finished, str]] = []
        with self._ledger.read() as session:
            for table, query in ((Clip, _clips(channel)), (Piece, _pieces(channel))):
                of_file = Delivery.clip_id == table.id if table is Clip else Delivery.piece_id == table.id
                query = query.where(table.updated_ns < before_ns, table.path.is_not(None))
                query = query.where(~_exists(of_file, Delivery.state != DeliveryState.DONE))
                for target in targets:
                    query = query.where(_exists(of_file, Delivery.target == target))
                ids = query.with_only_columns(table.id, table.path).order_by(table.updated_ns).limit(_BATCH)
                found += [
                    (Finished(clip_id=number) if table is Clip else Finished(piece_id=number), str(path))
                    for number, path in session.execute(ids)
                ]
            query = _clips(channel, ClipState.WITHDRAWN).where(Clip.updated_ns < before_ns, Clip.path.is_not(None))
            ids = query.with_only_columns(Clip.id, Clip.path).order_by(Clip.updated_ns).limit(_BATCH)
            found += [(Finished(clip_id=number), str(path)) for number, path in session.execute(ids)]
        return found

    def removed(self, what: Finished) -> None:
        """Write down that a file was deleted; its clip or piece stays on record."""
        with self._ledger.write() as write:
            file = _check(write.session, what)
            file.removed_ns = write.now_ns
            write.session.flush()
            channel = file.channel if isinstance(file, Piece) else file.segment.epoch.channel
            write.tell(channel.name, "piece" if isinstance(file, Piece) else "clip", file.id)

    def _undelivered(self, of_channel: Select[Clip] | Select[Piece], target: str) -> Sequence[int]:
        table = of_channel.column_descriptions[0]["type"]
        of_file = Delivery.clip_id == table.id if table is Clip else Delivery.piece_id == table.id
        query = of_channel.where(~_exists(of_file, Delivery.target == target))
        with self._ledger.read() as session:
            return session.scalars(query.with_only_columns(table.id).order_by(table.id).limit(_BATCH)).all()

    def _rows(self, query: Row) -> list[DeliveryRow]:
        segment = joinedload(Delivery.clip).joinedload(Clip.segment)
        loaded = query.options(
            segment.joinedload(Segment.epoch).joinedload(Epoch.channel),
            joinedload(Delivery.piece).joinedload(Piece.channel),
        )
        with self._ledger.read() as session:
            return [_row(delivery) for delivery in session.scalars(loaded)]


def _clips(channel: str, state: ClipState = ClipState.READY) -> Select[Clip]:
    """Select the channel's clips in a state whose files are there."""
    joined = select(Clip).join(Segment).join(Epoch, Segment.epoch_id == Epoch.id).join(Channel)
    return joined.where(Channel.name == channel, Clip.state == state, Clip.removed_ns.is_(None))


def _pieces(channel: str) -> Select[Piece]:
    """Select the channel's pieces whose files are there."""
    joined = select(Piece).join(Channel)
    return joined.where(Channel.name == channel, Piece.state == PieceState.READY, Piece.removed_ns.is_(None))


def _ready_for(target: str) -> Row:
    """Select what a target still has to get and can get."""
    joined = select(Delivery).outerjoin(Clip, Delivery.clip_id == Clip.id).outerjoin(Piece)
    is_ready = or_(Clip.state == ClipState.READY, Piece.state == PieceState.READY)
    return joined.where(Delivery.target == target, Delivery.state.in_(_OPEN), is_ready)


def _due(target: str, now_ns: int) -> Row:
    due = _ready_for(target).where(Delivery.state == DeliveryState.QUEUED, Delivery.next_ns <= now_ns)
    return due.order_by(Delivery.next_ns, Delivery.id)


def _exists(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(Delivery.id).where(and_(*conditions)).exists()


def _is_of(what: Finished) -> ColumnElement[bool]:
    return Delivery.piece_id == what.piece_id if what.clip_id is None else Delivery.clip_id == what.clip_id


def _check(session: Session, what: Finished) -> Clip | Piece:
    """Return the clip or piece. Raises CatalogueError when there is none."""
    if (what.clip_id is None) == (what.piece_id is None):
        raise CatalogueError("a delivery is of one clip or of one piece")
    file = session.get(Piece, what.piece_id) if what.clip_id is None else session.get(Clip, what.clip_id)
    if file is None:
        raise CatalogueError(f"the catalogue knows no {what}")
    return file


def _add(write: Writing, target: str, what: Finished) -> Delivery:
    delivery = Delivery(target=target, clip_id=what.clip_id, piece_id=what.piece_id, attempts=0, sent_bytes=0)
    delivery.next_ns = delivery.created_ns = write.now_ns
    write.session.add(delivery)
    _set(write, delivery, DeliveryState.QUEUED)
    return delivery


def _set(write: Writing, delivery: Delivery, state: DeliveryState) -> None:
    delivery.state, delivery.updated_ns = state, write.now_ns
    write.session.flush()
    write.tell(_channel(delivery), "delivery", delivery.id)


def _find(session: Session, delivery_id: int) -> Delivery:
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise CatalogueError(f"the catalogue knows no delivery {delivery_id}")
    return delivery


def _channel(delivery: Delivery) -> str:
    if delivery.clip is not None:
        return delivery.clip.segment.epoch.channel.name
    assert delivery.piece is not None
    return delivery.piece.channel.name


def _row(delivery: Delivery) -> DeliveryRow:
    file = delivery.clip if delivery.piece is None else delivery.piece
    assert file is not None
    is_known = delivery.sha256 is not None
    return DeliveryRow(
        id=delivery.id,
        channel=_channel(delivery),
        target=delivery.target,
        what=Finished(clip_id=delivery.clip_id, piece_id=delivery.piece_id),
        path=file.path,
        state=delivery.state,
        attempts=delivery.attempts,
        next_ns=delivery.next_ns,
        remote_path=delivery.remote_path,
        size_bytes=delivery.size_bytes if is_known else file.size_bytes,
        sent_bytes=delivery.sent_bytes,
        sha256=delivery.sha256 if is_known else file.sha256,
        resume=delivery.resume,
        message=delivery.message,
        created_ns=delivery.created_ns,
        updated_ns=delivery.updated_ns,
    )
