"""The book of what people have looked at, of what waits for a look. Nothing of it is told in the outbox."""

from sqlalchemy import select

from streamproc.catalogue.ledger import Ledger
from streamproc.catalogue.people import Seen
from streamproc.catalogue.reviews import Doubt


class Sightings:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def see(self, author: str, doubt: Doubt, subject_id: int) -> None:
        """Write down that somebody has looked at something; said again, it changes nothing."""
        key = (author, doubt.value, subject_id)
        with self._ledger.write() as write:
            if write.session.get(Seen, key) is None:
                write.session.add(Seen(author=key[0], kind=key[1], subject_id=key[2], created_ns=write.now_ns))

    def seen_by(self, author: str) -> set[tuple[Doubt, int]]:
        """Return what somebody has looked at, with its number."""
        query = select(Seen.kind, Seen.subject_id).where(Seen.author == author)
        with self._ledger.read() as session:
            return {(Doubt(kind), number) for kind, number in session.execute(query)}
