"""What the API answers with for cues."""

from streamproc.catalogue.cues import CueRow
from streamproc.messages import CueKind, CueOrigin
from streamproc.timebase import iso_utc
from streamproc.web.answers import Answer, fraction, shown


class Cue(Answer):
    """An SCTE-35 cue."""

    id: int
    """Its number."""
    channel: str
    """The channel's short name."""
    epoch: int
    """Its epoch's number in the recording."""
    kind: CueKind
    """out where a break begins, in where it ends, other for anything else."""
    time: str
    """Of which frame it speaks: exact seconds in the epoch, a fraction; may be below 0."""
    time_s: float
    """The same, rounded."""
    utc: str | None
    """Wall time of that frame."""
    event_id: int | None
    """Number of the event in the message; a break's out and in mostly have the same."""
    duration_s: float | None
    """Length of the break, where it is told."""
    origin: CueOrigin
    """stream and hls come with the feed; found was written for a boundary that was found."""
    payload: str | None
    """The splice_info_section as base64; null where a playlist only had a plain tag. The splice time of a found one
    counts from the epoch's first frame."""
    created_utc: str
    """When it was entered."""


def cue_answer(row: CueRow) -> Cue:
    """Show a cue."""
    return Cue(
        id=row.id,
        channel=row.channel,
        epoch=row.epoch,
        kind=row.kind,
        time=fraction(row.time),
        time_s=float(row.time),
        utc=shown(row.utc_ns),
        event_id=row.event_id,
        duration_s=None if row.duration is None else float(row.duration),
        origin=row.origin,
        payload=row.payload or None,
        created_utc=iso_utc(row.created_ns),
    )
