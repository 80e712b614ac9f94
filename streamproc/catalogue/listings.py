"""The book of listings: what the printed schedule says, as it was last read."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select

from streamproc.catalogue import queries
from streamproc.catalogue.finishing import Listing
from streamproc.catalogue.ledger import Ledger
from streamproc.catalogue.models import Channel
from streamproc.timebase import NS


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRow:
    """A programme as the schedule prints it."""

    start_ns: int
    """When it begins, wall time."""
    stop_ns: int | None
    """When it ends; None when the schedule does not say so."""
    title: str
    """Its name."""
    subtitle: str | None = None
    """The episode's name."""
    description: str | None = None
    """What it is about."""
    category: str | None = None
    """What kind it is."""
    language: str | None = None
    """The language of the title."""
    episode: str | None = None
    """Season and episode."""


class Listings:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def replace(self, channel: str, listings: Sequence[ListingRow]) -> bool:
        """Put the listings in the place of those known for their time; tell whether that changed anything.

        Their time is from the start of the first to the start of the last. What was known of before and after stays.
        """
        if not listings:
            return False
        first_ns, last_ns = listings[0].start_ns, listings[-1].start_ns
        if self.between(channel, first_ns, last_ns + 1, starting=True) == list(listings):
            return False
        with self._ledger.write() as write:
            feed = queries.find_channel(write.session, channel)
            of_time = (Listing.channel_id == feed.id) & Listing.start_ns.between(first_ns, last_ns)
            write.session.execute(delete(Listing).where(of_time))
            write.session.add_all(_listing(feed.id, row, write.now_ns) for row in listings)
        return True

    def forget_before(self, channel: str, moment_ns: int) -> None:
        """Delete the listings that began before a moment."""
        with self._ledger.write() as write:
            feed = queries.find_channel(write.session, channel)
            old = (Listing.channel_id == feed.id) & (Listing.start_ns < moment_ns)
            write.session.execute(delete(Listing).where(old))

    def between(
        self, channel: str, from_ns: int, until_ns: int, *, starting: bool = False, limit: int | None = None
    ) -> list[ListingRow]:
        """Return the channel's listings that are on at some time in [from, until), in order; at most ``limit``.

        starting: only those that begin then. One without an end counts as being on for an hour.
        """
        query = select(Listing).join(Channel, Listing.channel_id == Channel.id).where(Channel.name == channel)
        query = query.where(Listing.start_ns < until_ns)
        query = query.where(Listing.start_ns >= from_ns if starting else _stop() > from_ns)
        with self._ledger.read() as session:
            return [_row(one) for one in session.scalars(query.order_by(Listing.start_ns, Listing.id).limit(limit))]


_HOUR_NS = 3600 * NS


def _stop() -> ColumnElement[int]:
    return func.coalesce(Listing.stop_ns, Listing.start_ns + _HOUR_NS)


def _listing(channel_id: int, row: ListingRow, now_ns: int) -> Listing:
    return Listing(
        channel_id=channel_id,
        start_ns=row.start_ns,
        stop_ns=row.stop_ns,
        title=row.title,
        subtitle=row.subtitle,
        description=row.description,
        category=row.category,
        language=row.language,
        episode=row.episode,
        created_ns=now_ns,
    )


def _row(listing: Listing) -> ListingRow:
    return ListingRow(
        start_ns=listing.start_ns,
        stop_ns=listing.stop_ns,
        title=listing.title,
        subtitle=listing.subtitle,
        description=listing.description,
        category=listing.category,
        language=listing.language,
        episode=listing.episode,
    )
