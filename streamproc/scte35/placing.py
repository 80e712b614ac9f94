"""Puts what a cue says on the timeline of its epoch."""

from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction

from streamproc.messages import Cue, CueKind, CueMessage
from streamproc.scte35.section import HZ, WRAP, SectionDamaged, Splice, read_section, section_of


def read_cue(message: CueMessage) -> tuple[Cue, ...]:
    """Return what a message announces; nothing for a heartbeat. Raises SectionDamaged."""
    if message.payload:
        splices = read_section(section_of(message.payload))
    else:
        splices = (Splice(kind=message.kind or CueKind.OTHER, pts=None, event_id=None, duration=None, name="tag"),)
    return tuple(_placed(splice, message) for splice in splices)


def read_cues(messages: Iterable[CueMessage]) -> list[Cue]:
    """Return what all these messages announce, as they came; damaged ones are left out."""
    found: list[Cue] = []
    for message in messages:
        with suppress(SectionDamaged):
            found += read_cue(message)
    return found


def _placed(splice: Splice, message: CueMessage) -> Cue:
    time, exact = message.at, message.at is not None
    if time is None and splice.pts is not None and message.pts_zero is not None:
        time, exact = _time(splice.pts, message.pts_zero, message.sent), True
    duration = message.duration
    if duration is None and splice.duration is not None:
        duration = Fraction(splice.duration, HZ)
    return Cue(
        kind=splice.kind if message.kind is None or splice.cancels else message.kind,
        time=message.sent if time is None else time,
        exact=exact,
        sent=message.sent,
        event_id=splice.event_id,
        duration=duration,
        returns=splice.returns,
        cancels=splice.cancels,
        name=splice.name,
        origin=message.origin,
        payload=message.payload,
    )


def _time(pts: int, pts_zero: int, sent: Fraction) -> Fraction:
    """Return the epoch's time of a count that wraps: of all that it may mean, the one nearest to when it was sent."""
    near = round(sent * HZ)
    return Fraction(near + (pts - pts_zero - near + WRAP // 2) % WRAP - WRAP // 2, HZ)
