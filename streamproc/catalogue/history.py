"""What was ever found in a stretch of an epoch, and who said what of it: for evidence, nothing is left out."""

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import false, or_, select

from streamproc.catalogue import queries
from streamproc.catalogue.finishing import Review, Verdict
from streamproc.catalogue.ledger import Ledger
from streamproc.catalogue.models import Boundary, BoundaryVersion
from streamproc.catalogue.rows import BoundaryRow
from streamproc.timebase import to_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """What a person said of something uncertain."""

    id: int
    """Number in the catalogue."""
    boundary_id: int | None
    """The boundary it is about, or None."""
    programme_id: int | None
    """The programme it is about, or None."""
    verdict: Verdict
    """What was said."""
    author: str
    """Who said it."""
    created_ns: int
    """When, wall time."""


class History:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def boundaries(self, channel: str, epoch: int, start: Fraction, end: Fraction) -> list[BoundaryRow]:
        """Return the boundaries that have ever lain in [start, end] of an epoch, also withdrawn ones, in time order.

        Raises CatalogueError when there is no such epoch.
        """
        with self._ledger.read() as session:
            row = queries.find_epoch(session, channel, epoch)
            within = select(Boundary.id).where(
                Boundary.epoch_id == row.id, Boundary.time_ns >= to_ns(start), Boundary.time_ns <= to_ns(end)
            )
            found = set(session.scalars(within))
            # The place of a version is text, which no database can compare; there are a few to a boundary.
            versions = select(BoundaryVersion.boundary_id, BoundaryVersion.time).join(Boundary)
            for number, time in session.execute(versions.where(Boundary.epoch_id == row.id)):
                if start <= time <= end:
                    found.add(number)
            boundaries = session.scalars(select(Boundary).where(Boundary.id.in_(found)).order_by(Boundary.time_ns))
            return [queries.boundary_row(boundary, row, channel) for boundary in boundaries]

    def reviews(self, boundaries: Collection[int], programme_id: int | None) -> list[ReviewRow]:
        """Return what people said of some boundaries and of a programme, oldest first."""
        of_programme = false() if programme_id is None else Review.programme_id == programme_id
        about = or_(Review.boundary_id.in_(boundaries), of_programme)
        with self._ledger.read() as session:
            return [
                ReviewRow(
                    id=row.id,
                    boundary_id=row.boundary_id,
                    programme_id=row.programme_id,
                    verdict=row.verdict,
                    author=row.author,
                    created_ns=row.created_ns,
                )
                for row in session.scalars(select(Review).where(about).order_by(Review.id))
            ]
