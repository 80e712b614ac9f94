"""How much work waits, is being done, and has failed lately, over all channels; the catalogue is its queue."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from streamproc.catalogue.finishing import Delivery, DeliveryState, Order, OrderState, Piece, PieceState
from streamproc.catalogue.ledger import Ledger
from streamproc.catalogue.models import Clip, ClipState
from streamproc.catalogue.people import Learning, LearningState
from streamproc.timebase import NS

LATELY_NS: Final = 24 * 3600 * NS
"""What failed longer ago is no news."""

_States: TypeAlias = tuple[StrEnum, ...]
_QUEUES: Final[tuple[tuple[str, Any, _States, _States, _States], ...]] = (
    ("clips", Clip, (ClipState.QUEUED,), (ClipState.CUTTING,), (ClipState.FAILED,)),
    ("pieces", Piece, (PieceState.WAITING, PieceState.QUEUED), (PieceState.CUTTING,), (PieceState.FAILED,)),
    ("deliveries", Delivery, (DeliveryState.QUEUED,), (DeliveryState.SENDING,), (DeliveryState.FAILED,)),
    ("orders", Order, (OrderState.WAITING, OrderState.FOUND), (OrderState.WORKING,), (OrderState.MISSING,)),
    ("learnings", Learning, (LearningState.QUEUED,), (LearningState.LEARNING,), (LearningState.FAILED,)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One queue."""

    name: str
    """clips, pieces, deliveries, orders or learnings."""
    waiting: int
    """Not begun yet."""
    working: int
    """Being done."""
    failed: int
    """Failed within the last day."""
    oldest_ns: int | None
    """Since when the oldest of those waiting does, wall time; None when none waits."""


class Queues:
    """See the module. Raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def all(self) -> list[QueueRow]:
        """Return every queue as it is now."""
        since_ns = self._ledger.now_ns() - LATELY_NS
        with self._ledger.read() as session:
            return [_row(session, *queue, since_ns) for queue in _QUEUES]


def _row(
    session: Session, name: str, table: Any, waiting: _States, working: _States, failed: _States, since_ns: int
) -> QueueRow:
    def count(states: Iterable[StrEnum], *where: Any) -> int:
        return session.scalar(select(func.count()).select_from(table).where(table.state.in_(states), *where)) or 0

    oldest = select(func.min(table.created_ns)).where(table.state.in_(waiting))
    return QueueRow(
        name=name,
        waiting=count(waiting),
        working=count(working),
        failed=count(failed, table.updated_ns >= since_ns),
        oldest_ns=session.scalar(oldest),
    )
