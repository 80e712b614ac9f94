"""Finds programmes and listings by their words, of all channels."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from streamproc.catalogue import queries
from streamproc.catalogue.finishing import Listing, Programme, ProgrammePart
from streamproc.catalogue.ledger import Ledger
from streamproc.catalogue.models import Channel, Epoch
from streamproc.logic.names import has_words

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for."""

    words: str
    """Each must be there, in whatever form; none of them: everything."""
    from_ns: int
    """Only what begins at this wall time or later."""
    until_ns: int
    """Only what begins before this wall time."""
    channel: str | None = None
    """Only of this channel."""
    limit: int
    """At most so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRow:
    """A programme, or a listing that no programme has."""

    programme_id: int | None
    """The programme's number; None for a listing."""
    channel: str
    """The channel's short name."""
    title: str | None
    """Its name."""
    description: str | None
    """What it is about."""
    start_ns: int
    """When it begins, wall time."""
    stop_ns: int | None
    """When the schedule has it end, wall time; None when that is not known."""


class Search:
    """See the module. Raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def find(self, wanted: Wanted) -> list[FoundRow]:
        """Return what has the words, latest first.

        Words are compared here and not by the database: SQLite knows no upper and lower case but of Latin letters.
        """
        with self._ledger.read() as session:
            programmes = _taken(_programmes(session, wanted), wanted.limit)
            listings = _taken(_listings(session, wanted), wanted.limit)
        return sorted([*programmes, *listings], key=lambda row: row.start_ns, reverse=True)[: wanted.limit]


def _taken(rows: Iterator[FoundRow], limit: int) -> list[FoundRow]:
    return [row for row, _ in zip(rows, range(limit), strict=False)]


def _programmes(session: Session, wanted: Wanted) -> Iterator[FoundRow]:
    query = (
        select(Programme, Channel.name, ProgrammePart.start, Epoch)
        .join(Channel, Programme.channel_id == Channel.id)
        .join(ProgrammePart, (ProgrammePart.programme_id == Programme.id) & (ProgrammePart.number == 0))
        .join(Epoch, ProgrammePart.epoch_id == Epoch.id)
        .where(Epoch.utc_zero_ns.is_not(None), Epoch.utc_zero_ns < wanted.until_ns)
        .where(Programme.created_ns >= wanted.from_ns)  # none is known before it begins
        .order_by(Epoch.utc_zero_ns.desc(), Programme.id.desc())
    )
    if wanted.channel is not None:
        query = query.where(Channel.name == wanted.channel)
    for programme, channel, start, epoch in session.execute(query.execution_options(yield_per=_BATCH)):
        start_ns = queries.utc(epoch, start) or 0
        is_then = wanted.from_ns <= start_ns < wanted.until_ns
        if is_then and has_words(wanted.words, programme.title, programme.description):
            yield FoundRow(
                programme_id=programme.id,
                channel=channel,
                title=programme.title,
                description=programme.description,
                start_ns=start_ns,
                stop_ns=programme.scheduled_stop_ns,
            )


def _listings(session: Session, wanted: Wanted) -> Iterator[FoundRow]:
    has_programme = select(Programme.id).where(
        Programme.channel_id == Listing.channel_id, Programme.scheduled_start_ns == Listing.start_ns
    )
    query = (
        select(Listing, Channel.name)
        .join(Channel, Listing.channel_id == Channel.id)
        .where(Listing.start_ns >= wanted.from_ns, Listing.start_ns < wanted.until_ns, ~has_programme.exists())
        .order_by(Listing.start_ns.desc())
    )
    if wanted.channel is not None:
        query = query.where(Channel.name == wanted.channel)
    for listing, channel in session.execute(query.execution_options(yield_per=_BATCH)):
        if has_words(wanted.words, listing.title, listing.subtitle, listing.description):
            yield FoundRow(
                programme_id=None,
                channel=channel,
                title=listing.title,
                description=listing.description or listing.subtitle,
                start_ns=listing.start_ns,
                stop_ns=listing.stop_ns,
            )
