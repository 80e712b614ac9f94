"""Programmes as naming leaves them in the catalogue, for tests of what is done with them."""

from fractions import Fraction

from streamproc.catalogue import Catalogue
from streamproc.catalogue.finishing import Programme, ProgrammePart, ProgrammeState
from streamproc.catalogue.queries import find_channel, find_epoch


def add_programme(
    catalogue: Catalogue,
    title: str | None = "Место встречи",
    *,
    parts: tuple[tuple[int, int | None], ...] = ((1, 8),),
    confidence: float = 1.0,
    description: str | None = "Ток-шоу. Подробности.",
    epoch: int = 1,
    channel: str = "one",
) -> int:
    """Add a programme with parts of whole seconds; it runs when its last part has no end."""
    with catalogue.ledger.write() as write:
        row = Programme(channel_id=find_channel(write.session, channel).id, title=title, confidence=confidence)
        row.state = ProgrammeState.RUNNING if parts[-1][1] is None else ProgrammeState.COMPLETE
        row.description, row.created_ns, row.updated_ns = description, write.now_ns, write.now_ns
        row.parts = [
            ProgrammePart(
                number=number,
                epoch_id=find_epoch(write.session, channel, epoch).id,
                start=Fraction(start),
                end=None if end is None else Fraction(end),
                start_sure=True,
                end_sure=True,
            )
            for number, (start, end) in enumerate(parts)
        ]
        write.session.add(row)
        write.session.flush()
        return row.id
