"""What must stay recorded, because work that is still to be done needs it: see Catalogue.held."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from streamproc.catalogue.finishing import Order, OrderState, Piece, PieceRange, PieceState, ProgrammePart
from streamproc.catalogue.learnings import UNDONE, spans_of
from streamproc.catalogue.models import Boundary, Channel, Clip, ClipState, Epoch
from streamproc.catalogue.people import Learning
from streamproc.catalogue.queries import End, Start, segments_query
from streamproc.catalogue.reviews import unsure
from streamproc.messages import BoundaryState, Kind

Ranges: TypeAlias = "Iterator[tuple[int, Fraction, Fraction]]"
"""Epoch, start, end."""


def held_ranges(session: Session, channel: str, margin: Fraction, now_ns: int) -> list[tuple[int, Fraction, Fraction]]:
    """Return epoch, start and end of each; margin: around boundaries that are not settled yet."""
    feed = session.scalar(select(Channel).where(Channel.name == channel))
    if feed is None:
        return []
    return sorted(
        {
            *_for_clips(session, feed, now_ns),
            *_for_boundaries(session, feed, margin),
            *_for_pieces(session, feed),
            *_for_orders(session, feed, now_ns),
            *_for_learnings(session, feed),
        }
    )


def _for_clips(session: Session, feed: Channel, now_ns: int) -> Ranges:
    """Yield the programmes whose clip is not there yet; one that waits for a look does so for a limited time."""
    if not feed.clips:
        return
    waiting = segments_query().where(
        Channel.id == feed.id,
        Start.after == Kind.PROGRAMME,
        End.id.is_not(None),
        or_(Clip.id.is_(None), Clip.state.in_([ClipState.QUEUED, ClipState.CUTTING])),
    )
    rows = session.execute(waiting).all()
    ends = {end.id: end for _, start, stop, *_ in rows for end in (start, stop) if end is not None}
    doubted = {boundary.id for boundary in unsure(session, ends.values(), feed.min_confidence)}
    for _, start, end, epoch, _, clip in rows:
        assert end is not None  # as the query asks
        final = {start.state, end.state} == {BoundaryState.FINAL}
        lapsed = max(start.created_ns, end.created_ns) + feed.review_ns <= now_ns
        if clip is None and final and lapsed and doubted & {start.id, end.id}:
            continue
        yield epoch.number, start.time, end.time


def _for_boundaries(session: Session, feed: Channel, margin: Fraction) -> Ranges:
    """Yield what refining may read again."""
    zero = Fraction(0)
    unsettled = select(Boundary, Epoch).join(Epoch)
    unsettled = unsettled.where(Epoch.channel_id == feed.id, Boundary.state == BoundaryState.PROVISIONAL)
    for boundary, epoch in session.execute(unsettled):
        first = min(boundary.last_old or zero, boundary.time)
        last = max(boundary.first_new or zero, boundary.time)
        yield epoch.number, max(zero, first - margin), last + margin


def _for_pieces(session: Session, feed: Channel) -> Ranges:
    """Yield what pieces are made of that are to be cut."""
    undone = [PieceState.WAITING, PieceState.QUEUED, PieceState.CUTTING]
    query = select(PieceRange, Epoch.number).join(Epoch).join(Piece, Piece.id == PieceRange.piece_id)
    for part, number in session.execute(query.where(Piece.channel_id == feed.id, Piece.state.in_(undone))):
        yield number, part.start, part.end


def _for_learnings(session: Session, feed: Channel) -> Ranges:
    """Yield what models are to be learnt from."""
    undone = select(Learning.wish).where(Learning.channel_id == feed.id, Learning.state.in_(UNDONE))
    for wish in session.scalars(undone):
        for span in spans_of(wish):
            yield span.epoch, span.start, span.end


def _for_orders(session: Session, feed: Channel, now_ns: int) -> Ranges:
    """Yield the programmes that orders have found and wait for, as long as a look is waited for."""
    query = (
        select(ProgrammePart, Epoch.number)
        .join(Epoch)
        .join(Order, Order.programme_id == ProgrammePart.programme_id)
        .where(Epoch.channel_id == feed.id, Order.state == OrderState.FOUND)
        .where(Order.updated_ns > now_ns - feed.review_ns)
    )
    for part, number in session.execute(query):
        if part.end is not None:
            yield number, part.start, part.end
