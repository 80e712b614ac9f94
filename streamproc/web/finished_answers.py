"""The shapes of answers to what is written, and about what waits for people."""

from streamproc.catalogue.finishing import Verdict
from streamproc.catalogue.reviews import Doubt, WaitingRow
from streamproc.messages import Kind
from streamproc.timebase import iso_utc
from streamproc.web.answers import Answer, Order, Words, shown, words


class OrderLine(Answer):
    """What came of one line of a list."""

    line: int
    """Its number, from 1."""
    text: str
    """As given."""
    order: Order | None
    """The order; null when the line can't be read."""
    is_new: bool
    """False when the very same was ordered before."""
    problem: Words | None
    """Why it can't be read."""


class OrderList(Answer):
    """What came of a list."""

    lines: list[OrderLine]
    """Each line that orders something, or should."""
    added: int
    """How many orders are new."""
    known: int
    """How many were there before."""
    refused: int
    """How many lines can't be read."""


class Waiting(Answer):
    """Something that waits for somebody's look."""

    doubt: Doubt
    """boundary: the right frame? name: the right name? split: the right place between two programmes?"""
    subject_id: int
    """The boundary's number, or the programme's for a name or a split."""
    channel: str
    """The channel's short name."""
    title: str | None
    """The programme's name; null for a boundary."""
    programme_id: int | None
    """The programme that it is about; null for a boundary where none begins or ends."""
    epoch: int
    """Where to look: the stretch of recording."""
    frame: int | None
    """Where to look: number of the first frame after the boundary or split; null when not known."""
    utc: str | None
    """Where to look, wall time."""
    before: Kind
    """What is on air before it."""
    after: Kind
    """What is on air from it on."""
    confidence: float
    """In [0, 1]."""
    message: Words
    """What is asked."""
    orders: list[int]
    """Numbers of the orders that wait for it."""
    until_utc: str
    """Until when the recording is kept for it."""
    review: str
    """Where to POST what you say of it."""
    seen: bool
    """Whether you have looked at it (POST /api/v1/seen)."""


class ReviewSaid(Answer):
    """What somebody said."""

    id: int
    """Its number."""
    verdict: Verdict
    """What was said."""


class SeenBy(Answer):
    """That somebody has looked at something."""

    kind: Doubt
    """What is not sure."""
    subject_id: int
    """The boundary's number, or the programme's for a name or a split."""
    author: str
    """Who has looked at it."""


class Naming(Answer):
    """What a programme is called."""

    id: int
    """The programme's number."""
    channel: str
    """The channel's short name."""
    title: str | None
    """Its name."""
    description: str | None
    """What it is about."""
    title_author: str | None
    """Who gave it its name by hand."""


def waiting_answer(row: WaitingRow, *, is_seen: bool) -> Waiting:
    """Show what waits."""
    subject = "boundaries" if row.doubt is Doubt.BOUNDARY else "programmes"
    return Waiting(
        doubt=row.doubt,
        subject_id=row.subject_id,
        channel=row.channel,
        title=row.title,
        programme_id=row.programme_id,
        epoch=row.look.epoch,
        frame=row.look.frame,
        utc=shown(row.look.utc_ns),
        before=row.look.before,
        after=row.look.after,
        confidence=row.confidence,
        message=words(row.note),
        orders=list(row.orders),
        until_utc=iso_utc(row.until_ns),
        review=f"/api/v1/{subject}/{row.subject_id}/review",
        seen=is_seen,
    )
