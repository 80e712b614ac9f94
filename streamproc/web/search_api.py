"""Search, and how long programmes took to be handed out: what is shown, and the handlers."""

import asyncio
from functools import partial
from typing import Annotated

from aiohttp import web
from pydantic import Field

from streamproc.catalogue.handouts import HandoutRow
from streamproc.catalogue.searching import FoundRow, Wanted
from streamproc.timebase import NS, iso_utc, ns_from_utc
from streamproc.web.answers import Answer, Page, shown
from streamproc.web.api import channel_named, json_answer, known_channel, part
from streamproc.web.bodies import Name
from streamproc.web.moments import Moment
from streamproc.web.queries import PageQuery, Query, parse
from streamproc.web.services import SERVICES

_BACK_NS = 90 * 24 * 3600 * NS
_AHEAD_NS = 14 * 24 * 3600 * NS


class SearchQuery(Query):
    """What is looked for."""

    q: Annotated[str, Field(max_length=200)] = ""
    """Words that must all be there, in whatever form; left out: everything of the time."""
    channel: Name | None = None
    """Only of this channel."""
    from_: Annotated[Moment | None, Field(alias="from")] = None
    """Only what begins at this moment or later; 90 days ago when left out."""
    to: Moment | None = None
    """Only what begins before this moment; in 14 days when left out."""
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    """At most so many."""


class Found(Answer):
    """A programme, or a listing that is no programme (yet)."""

    programme_id: int | None
    """The programme's number; null for a listing."""
    channel: str
    """The channel's short name."""
    title: str | None
    """Its name."""
    description: str | None
    """What it is about."""
    start_utc: str
    """When it begins."""
    stop_utc: str | None
    """When the schedule has it end."""


class Handout(Answer):
    """The first download of a programme's file, and how long it took from the programme's end."""

    id: int
    """Its number."""
    channel: str
    """The channel's short name."""
    programme_id: int
    """The programme."""
    piece_id: int
    """The piece that was taken."""
    ended_utc: str
    """When the programme ended."""
    wished_utc: str
    """When the piece was wished for."""
    ready_utc: str
    """When its file was there."""
    taken_utc: str
    """When somebody took it."""
    wait_s: float
    """From the programme's end to the wish."""
    make_s: float
    """From there to the file."""
    take_s: float
    """From there to its download."""
    total_s: float
    """All three."""
    author: str
    """Who took it."""


async def search(request: web.Request) -> web.Response:
    """Programmes and listings by their words."""
    query = parse(SearchQuery, request)
    services = request.app[SERVICES]
    if query.channel is not None:
        await channel_named(request, query.channel)
    now_ns = services.clock.utc_ns()
    wanted = Wanted(
        words=query.q,
        from_ns=now_ns - _BACK_NS if query.from_ is None else ns_from_utc(query.from_),
        until_ns=now_ns + _AHEAD_NS if query.to is None else ns_from_utc(query.to),
        channel=query.channel,
        limit=query.limit,
    )
    rows = await asyncio.to_thread(services.catalogue.search.find, wanted)
    return json_answer(Page[Found](items=[_found(row) for row in rows], next=None))


async def handouts(request: web.Request) -> web.Response:
    """How long programmes took to be handed out."""
    query = parse(PageQuery, request)
    name = await known_channel(request)
    book = request.app[SERVICES].catalogue.handouts
    rows = await asyncio.to_thread(partial(book.of_channel, name, before_id=query.before, limit=query.limit + 1))
    items, following = part(request, rows, query)
    return json_answer(Page[Handout](items=[_handout(row) for row in items], next=following))


def _found(row: FoundRow) -> Found:
    return Found(
        programme_id=row.programme_id,
        channel=row.channel,
        title=row.title,
        description=row.description,
        start_utc=iso_utc(row.start_ns),
        stop_utc=shown(row.stop_ns),
    )


def _handout(row: HandoutRow) -> Handout:
    parts = {part: time_ns / NS for part, time_ns in row.parts_ns.items()}
    return Handout(
        id=row.id,
        channel=row.channel,
        programme_id=row.programme_id,
        piece_id=row.piece_id,
        ended_utc=iso_utc(row.ended_ns),
        wished_utc=iso_utc(row.wished_ns),
        ready_utc=iso_utc(row.ready_ns),
        taken_utc=iso_utc(row.taken_ns),
        wait_s=parts["wait"],
        make_s=parts["make"],
        take_s=parts["take"],
        total_s=sum(parts.values()),
        author=row.author,
    )
