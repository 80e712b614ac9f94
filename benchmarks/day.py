"""A day in the catalogue as full as a day can be: 2,000 segments, with programmes and a schedule beside them."""

from fractions import Fraction

from sqlalchemy import select

from streamproc.catalogue import Catalogue
from streamproc.catalogue.finishing import Listing, Programme, ProgrammePart, ProgrammeState
from streamproc.catalogue.models import Boundary, Role, Segment
from streamproc.catalogue.queries import find_channel, find_epoch
from streamproc.messages import BoundaryState, Kind, Method
from streamproc.timebase import NS, to_ns

SEGMENTS = 2000
PROGRAMMES = 100
DAY_S = 86_400
FROM_NS = 1_790_000_000 * NS


def draw_day(catalogue: Catalogue, channel: str, *, epoch: int = 1, from_ns: int = FROM_NS) -> int:
    """Fill a day of a channel that is not there yet; return when it begins, wall time."""
    catalogue.put_channel(channel, channel, "bug", "1" * 64)
    rate = Fraction(25)
    catalogue.begin_epoch(channel, epoch, utc_zero_ns=from_ns, frame_rate=rate, description="h264 1920x1080")
    length = Fraction(DAY_S, SEGMENTS)
    with catalogue.ledger.write() as write:
        session = write.session
        row = find_epoch(session, channel, epoch)
        (first,) = session.scalars(select(Segment).where(Segment.epoch_id == row.id))
        first.start.after, first.start.confidence = Kind.PROGRAMME, 0.97
        boundaries = [
            first.start,
            *(
                _boundary(row.id, number, Fraction(int(number * length * rate), 25))
                for number in range(1, SEGMENTS + 1)
            ),
        ]
        session.add_all(boundaries)
        session.flush()
        first.end_id = boundaries[1].id
        session.add_all(
            Segment(epoch_id=row.id, start_id=boundaries[number].id, end_id=boundaries[number + 1].id)
            for number in range(1, SEGMENTS)
        )
        feed = find_channel(session, channel)
        each = SEGMENTS // PROGRAMMES
        for number in range(PROGRAMMES):
            ends = boundaries[number * each : (number + 1) * each + 1]
            session.add(_programme(feed.id, row.id, number, ends))
            start_ns = from_ns + to_ns(ends[0].time)
            listing = Listing(channel_id=feed.id, start_ns=start_ns, stop_ns=None, title=f"programme {number}")
            listing.created_ns = write.now_ns
            session.add(listing)
    return from_ns


def _boundary(epoch_id: int, number: int, time: Fraction) -> Boundary:
    before, after = (Kind.PROGRAMME, Kind.ADVERT) if number % 2 else (Kind.ADVERT, Kind.PROGRAMME)
    return Boundary(
        epoch_id=epoch_id,
        role=Role.CHANGE,
        state=BoundaryState.FINAL,
        before=before,
        after=after,
        decided=time + 1,
        first_new=time,
        time=time,
        time_ns=to_ns(time),
        frame=int(time * 25),
        confidence=0.97,
        method=Method.CUT,
        created_ns=0,
    )


def _programme(channel_id: int, epoch_id: int, number: int, ends: list[Boundary]) -> Programme:
    parts = [
        ProgrammePart(
            number=place,
            epoch_id=epoch_id,
            start=start.time,
            end=end.time,
            start_id=start.id,
            end_id=end.id,
            start_sure=True,
            end_sure=True,
        )
        for place, (start, end) in enumerate(zip(ends[0::2], ends[1::2], strict=False))
    ]
    return Programme(
        channel_id=channel_id,
        state=ProgrammeState.COMPLETE,
        title=f"programme {number}",
        confidence=1.0,
        created_ns=0,
        updated_ns=0,
        parts=parts,
    )
