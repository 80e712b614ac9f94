"""The audit log: who did what, from where, and with what outcome. It is only added to; old entries go by age."""

from dataclasses import dataclass

from sqlalchemy import delete, select

from streamproc.catalogue.ledger import Ledger
from streamproc.catalogue.people import Audit

LONGEST_ACTION = 64
LONGEST_SUBJECT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody did."""

    author: str
    """Who; the name that was given where nobody was signed in."""
    client: str
    """From where: an address, or ``command line``."""
    action: str
    """What: ``POST /orders``, ``sign in``."""
    subject: str
    """To what."""
    outcome: int
    """The HTTP status it was answered with; 200 on the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """An entry of the log."""

    id: int
    """Its number."""
    created_ns: int
    """When, wall time."""
    deed: Deed
    """What was done."""


class AuditLog:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def add(self, deed: Deed, keep_ns: int | None = None) -> None:
        """Write down what somebody did, and delete what is older than ``keep_ns``."""
        with self._ledger.write() as write:
            entry = Audit(author=deed.author[:LONGEST_SUBJECT], client=deed.client, outcome=deed.outcome)
            entry.action, entry.subject = deed.action[:LONGEST_ACTION], deed.subject[:LONGEST_SUBJECT]
            entry.created_ns = write.now_ns
            write.session.add(entry)
            if keep_ns is not None:
                write.session.execute(delete(Audit).where(Audit.created_ns < write.now_ns - keep_ns))

    def find(
        self, *, author: str | None = None, before_id: int | None = None, limit: int | None = None
    ) -> list[AuditRow]:
        """Return entries, newest first, with numbers below ``before_id``."""
        query = select(Audit).order_by(Audit.id.desc()).limit(limit)
        if author is not None:
            query = query.where(Audit.author == author)
        if before_id is not None:
            query = query.where(Audit.id < before_id)
        with self._ledger.read() as session:
            return [AuditRow(id=row.id, created_ns=row.created_ns, deed=_deed(row)) for row in session.scalars(query)]


def _deed(row: Audit) -> Deed:
    return Deed(author=row.author, client=row.client, action=row.action, subject=row.subject, outcome=row.outcome)
