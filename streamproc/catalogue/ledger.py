"""How the books of the catalogue are read and written: short transactions, and an outbox that tells what changed.

Each book (segments, programmes, pieces, …) is a class of its own over one ledger, so that what changes in several of
them can still be told in one order; see :class:`streamproc.catalogue.models.Outbox`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from streamproc.catalogue.database import Database
from streamproc.catalogue.models import Event, Outbox
from streamproc.timebase import Clock

EVENTS_KEPT = 10_000


class Telling(Protocol):
    """What a transaction that changes something can do, of whatever book it is."""

    session: Session
    now_ns: int

    def tell(self, channel: str, type_: str, subject_id: int) -> None:
        """Add an event."""
        ...


class Writing:
    """One transaction that changes something."""

    def __init__(self, session: Session, outbox: Outbox, now_ns: int) -> None:
        self.session = session
        self.now_ns = now_ns
        self._outbox = outbox

    def tell(self, channel: str, type_: str, subject_id: int) -> None:
        """Add an event: something of a channel is new or has changed. ``channel`` is empty where it is of none."""
        self._outbox.last_event_id += 1
        event = Event(id=self._outbox.last_event_id, created_ns=self.now_ns, channel=channel)
        event.type, event.subject_id = type_, subject_id
        self.session.add(event)


W = TypeVar("W", bound=Writing)


class Ledger:
    """A database and a clock; every transaction of every book begins here. Raises CatalogueError."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def now_ns(self) -> int:
        """Return wall time."""
        return self._clock.utc_ns()

    def read(self) -> AbstractContextManager[Session]:
        """Open a transaction that sees one state of the database and changes nothing."""
        return self._database.read()

    def write(self) -> AbstractContextManager[Writing]:
        """Open a transaction that commits at the end of the block, or leaves nothing behind when it raises."""
        return self.writing(Writing)

    def quietly(self) -> AbstractContextManager[Session]:
        """Open a transaction that changes what nobody is told of."""
        return self._database.write()

    @contextmanager
    def writing(self, of_kind: Callable[[Session, Outbox, int], W]) -> Iterator[W]:
        """Open such a transaction of a book's own kind."""
        with self._database.write() as session:
            # Locks out all other writers, on every database; see Outbox.
            outbox = session.scalars(select(Outbox).with_for_update()).one()
            yield of_kind(session, outbox, self._clock.utc_ns())
            session.execute(delete(Event).where(Event.id <= outbox.last_event_id - EVENTS_KEPT))
