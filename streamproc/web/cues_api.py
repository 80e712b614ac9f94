"""/api/v1/channels/NAME/cues: SCTE-35 cues, those of the feed and those for what was found."""

import asyncio

from aiohttp import web

from streamproc.catalogue.cues import CueRow
from streamproc.messages import CueKind, CueOrigin
from streamproc.timebase import iso_utc
from streamproc.web.answers import Answer, Page, fraction, shown
from streamproc.web.api import json_answer, known_channel, next_part
from streamproc.web.queries import PageQuery, parse
from streamproc.web.services import SERVICES


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


async def cues(request: web.Request) -> web.Response:
    """A channel's cues."""
    query = parse(PageQuery, request)
    catalogue = request.app[SERVICES].catalogue
    name = await known_channel(request)
    book = catalogue.cues
    rows = await asyncio.to_thread(lambda: book.of_channel(name, before_id=query.before, limit=query.limit + 1))
    shown_rows = rows[: query.limit]
    following = next_part(request, shown_rows[-1].id) if len(rows) > query.limit else None
    return json_answer(Page[Cue](items=[cue_answer(row) for row in shown_rows], next=following))


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
