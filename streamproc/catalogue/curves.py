"""The book of curves: what was measured along a recording, a row a minute, and a few bytes a value.

Writing a stretch again replaces what was there of it and leaves the rest of its minutes, so that a reader that was
killed comes back and says it again. Nobody is told of it: curves are looked at, not waited for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, cast, delete, select
from sqlalchemy.orm import Session

from streamproc.catalogue import queries
from streamproc.catalogue.ledger import Ledger
from streamproc.catalogue.models import Channel, Epoch
from streamproc.catalogue.people import Curve, CurveKind
from streamproc.timebase import NS

SILENCE_DB: Final = -100.0
"""The lowest level that is kept, dBFS."""
_MINUTE_MS: Final = 60_000
_MINUTE_NS: Final = 60 * NS
_POINT: Final = np.dtype([("at_ms", "<u2"), ("value", "<u2")])
_MOST: Final = 65_535
_RANGES: Final = {CurveKind.SCORE: (0.0, 1.0), CurveKind.LEVEL: (SILENCE_DB, 0.0)}
Measured: TypeAlias = tuple[Fraction, float]
"""Seconds in the epoch, and the value there."""


@dataclass(frozen=True, slots=True)
class Points:
    """A stretch of a curve."""

    times_ns: NDArray[np.int64]
    """(N,) wall time, rising, to the millisecond."""
    values: NDArray[np.float64]
    """(N,) probability in [0, 1], or level in [-100, 0] dBFS; to a part in 65,535 of that."""


class Curves:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def put(self, channel: str, epoch: int, kind: CurveKind, measured: Sequence[Measured]) -> None:
        """Write a stretch of an epoch, in time order. Raises CatalogueError for an epoch that is not known."""
        with self._ledger.quietly() as session:
            number = queries.find_epoch(session, channel, epoch).id
            for minute, points in groupby(measured, key=lambda point: int(point[0] // 60)):
                self._put_minute(session, (number, kind, minute), _packed(kind, list(points)))

    def _put_minute(self, session: Session, key: tuple[int, CurveKind, int], points: NDArray[np.void]) -> None:
        row = session.get(Curve, key)
        now_ns = self._ledger.now_ns()
        if row is None:
            epoch_id, kind, minute = key
            session.add(Curve(epoch_id=epoch_id, kind=kind, minute=minute, values=points.tobytes(), updated_ns=now_ns))
            return
        known = np.frombuffer(row.values, _POINT)
        before = known[known["at_ms"] < points["at_ms"][0]]
        after = known[known["at_ms"] > points["at_ms"][-1]]
        row.values, row.updated_ns = np.concatenate([before, points, after]).tobytes(), now_ns

    def last(self, channel: str, kind: CurveKind) -> tuple[int, Fraction] | None:
        """Return the epoch and the time in it of the channel's newest value; None while there is none."""
        query = (
            select(Epoch.number, Curve.minute, Curve.values)
            .join(Epoch, Curve.epoch_id == Epoch.id)
            .join(Channel, Epoch.channel_id == Channel.id)
            .where(Channel.name == channel, Curve.kind == kind)
            .order_by(Epoch.number.desc(), Curve.minute.desc())
            .limit(1)
        )
        with self._ledger.read() as session:
            found = session.execute(query).first()
        if found is None:
            return None
        number, minute, values = found
        at_ms = int(np.frombuffer(values, _POINT)["at_ms"][-1])
        return number, Fraction(minute * _MINUTE_MS + at_ms, 1000)

    def between(self, channel: str, kind: CurveKind, from_ns: int, until_ns: int) -> Points:
        """Return the curve within a stretch of wall time [from, until)."""
        begin = Epoch.utc_zero_ns + cast(Curve.minute, BigInteger) * _MINUTE_NS
        query = (
            select(Epoch.utc_zero_ns, Curve.minute, Curve.values)
            .join(Epoch, Curve.epoch_id == Epoch.id)
            .join(Channel, Epoch.channel_id == Channel.id)
            .where(Channel.name == channel, Curve.kind == kind, begin < until_ns, begin > from_ns - _MINUTE_NS)
            .order_by(Epoch.number, Curve.minute)
        )
        with self._ledger.read() as session:
            rows = session.execute(query).all()
        times, values = [np.zeros(0, np.int64)], [np.zeros(0)]
        low, high = _RANGES[kind]
        for zero_ns, minute, packed in rows:
            points = np.frombuffer(packed, _POINT)
            assert zero_ns is not None  # the comparison leaves out epochs without wall time
            times.append(points["at_ms"].astype(np.int64) * 1_000_000 + (zero_ns + minute * _MINUTE_NS))
            values.append(low + points["value"] / _MOST * (high - low))
        at, measured = np.concatenate(times), np.concatenate(values)
        wanted = (at >= from_ns) & (at < until_ns)
        return Points(at[wanted], measured[wanted])

    def forget_before(self, channel: str, moment_ns: int) -> None:
        """Delete the channel's minutes that ended before a moment."""
        with self._ledger.quietly() as session:
            epochs = select(Epoch.id, Epoch.utc_zero_ns).join(Channel).where(Channel.name == channel)
            for number, zero_ns in session.execute(epochs).all():
                if zero_ns is not None and zero_ns < moment_ns:
                    minute = (moment_ns - zero_ns) // _MINUTE_NS
                    session.execute(delete(Curve).where(Curve.epoch_id == number, Curve.minute < minute))


def _packed(kind: CurveKind, measured: Sequence[Measured]) -> NDArray[np.void]:
    """Return the points of one minute as they are kept."""
    low, high = _RANGES[kind]
    points = np.zeros(len(measured), _POINT)
    points["at_ms"] = [min(int(time % 60 * 1000), _MINUTE_MS - 1) for time, _ in measured]
    shares = (np.array([value for _, value in measured]) - low) / (high - low)
    points["value"] = np.round(np.clip(shares, 0, 1) * _MOST)
    return points
