"""Programmes and the printed schedule over HTTP: what is shown, and the handlers."""

import asyncio
from typing import Annotated

from aiohttp import web
from pydantic import Field

from streamproc.catalogue.finishing import ProgrammeState
from streamproc.catalogue.listings import ListingRow
from streamproc.catalogue.programmes import PartRow, ProgrammeRow
from streamproc.timebase import NS, iso_utc, ns_from_utc
from streamproc.web.answers import Answer, Page, shown
from streamproc.web.api import json_answer, known_channel, part
from streamproc.web.moments import Moment
from streamproc.web.queries import PageQuery, Query, parse
from streamproc.web.services import SERVICES

_BEFORE_NS = 6 * 3600 * NS
_AFTER_NS = 24 * 3600 * NS


class ProgrammePart(Answer):
    """One stretch of a programme, [start, end), without a break."""

    epoch: int
    """The stretch of recording that it lies in."""
    start: str
    """Exact seconds in the epoch, a fraction in lowest terms: 801/25."""
    start_s: float
    """The same, rounded."""
    start_utc: str | None
    """Wall time of its first frame."""
    start_sure: bool
    """Whether it may be cut here without anybody having looked at it."""
    end: str | None
    """Exact seconds in the epoch; null while it is on air."""
    end_s: float | None
    """The same, rounded."""
    end_utc: str | None
    """Wall time after its last frame."""
    end_sure: bool
    """Whether it may be cut here without anybody having looked at it."""


class Programme(Answer):
    """A programme by its name, with the breaks between its parts."""

    id: int
    """Its number; stays while the programme does."""
    channel: str
    """The channel's short name."""
    state: ProgrammeState
    """running while its last part may grow, or another may follow; else complete."""
    title: str | None
    """Its name; null where no listing fits."""
    description: str | None
    """What it is about."""
    confidence: float
    """In [0, 1]: how sure the name is; 1 when a person gave it."""
    title_author: str | None
    """Who gave it its name by hand; null while the schedule did."""
    shape_author: str | None
    """Who has split or merged it by hand; null while the schedule says where it begins and ends."""
    scheduled_start_utc: str | None
    """When the schedule has it begin."""
    scheduled_stop_utc: str | None
    """When the schedule has it end."""
    duration_s: float | None
    """Length of its parts together; null while it is on air."""
    parts: list[ProgrammePart]
    """In time order; breaks lie between them."""


class Listing(Answer):
    """A programme as the schedule prints it."""

    start_utc: str
    """When it begins."""
    stop_utc: str | None
    """When it ends; null when the schedule does not say so."""
    title: str
    """Its name."""
    subtitle: str | None
    """The episode's name."""
    description: str | None
    """What it is about."""
    category: str | None
    """What kind it is."""
    episode: str | None
    """Season and episode."""


class Schedule(Answer):
    """A channel's printed schedule."""

    items: list[Listing]
    """By start."""


class ScheduleQuery(Query):
    """Which part of the schedule is wanted."""

    from_: Annotated[Moment | None, Field(alias="from")] = None
    """Only what ends after this moment; six hours ago when left out."""
    to: Moment | None = None
    """Only what begins before this moment; in 24 hours when left out."""


async def programmes(request: web.Request) -> web.Response:
    """A channel's programmes."""
    query = parse(PageQuery, request)
    name = await known_channel(request)
    book = request.app[SERVICES].catalogue.programmes
    rows = await asyncio.to_thread(
        lambda: book.of_channel(name, before_id=query.before, limit=query.limit + 1)  # one more: is there a next part?
    )
    items, following = part(request, rows, query)
    return json_answer(Page[Programme](items=[programme_answer(row) for row in items], next=following))


async def programme(request: web.Request) -> web.Response:
    """One programme."""
    number = int(request.match_info["id"])
    row = await asyncio.to_thread(request.app[SERVICES].catalogue.programmes.get, number)
    if row is None:
        raise web.HTTPNotFound(reason=f"no programme has the number {number}; it may have become part of another")
    return json_answer(programme_answer(row))


async def schedule(request: web.Request) -> web.Response:
    """A channel's printed schedule."""
    query = parse(ScheduleQuery, request)
    name = await known_channel(request)
    services = request.app[SERVICES]
    now_ns = services.clock.utc_ns()
    from_ns = now_ns - _BEFORE_NS if query.from_ is None else ns_from_utc(query.from_)
    until_ns = now_ns + _AFTER_NS if query.to is None else ns_from_utc(query.to)
    rows = await asyncio.to_thread(services.catalogue.listings.between, name, from_ns, until_ns)
    return json_answer(Schedule(items=[listing_answer(row) for row in rows]))


def programme_answer(row: ProgrammeRow) -> Programme:
    """Show a programme."""
    spans = row.spans
    return Programme(
        id=row.id,
        channel=row.channel,
        state=row.state,
        title=row.title,
        description=row.description,
        confidence=row.confidence,
        title_author=row.title_author,
        shape_author=row.shape_author,
        scheduled_start_utc=shown(row.scheduled_start_ns),
        scheduled_stop_utc=shown(row.scheduled_stop_ns),
        duration_s=float(sum(span.end - span.start for span in spans)) if len(spans) == len(row.parts) else None,
        parts=[_part(part) for part in row.parts],
    )


def listing_answer(row: ListingRow) -> Listing:
    """Show a listing."""
    return Listing(
        start_utc=iso_utc(row.start_ns),
        stop_utc=shown(row.stop_ns),
        title=row.title,
        subtitle=row.subtitle,
        description=row.description,
        category=row.category,
        episode=row.episode,
    )


def _part(row: PartRow) -> ProgrammePart:
    return ProgrammePart(
        epoch=row.epoch,
        start=str(row.start),
        start_s=float(row.start),
        start_utc=shown(row.start_utc_ns),
        start_sure=row.start_sure,
        end=None if row.end is None else str(row.end),
        end_s=None if row.end is None else float(row.end),
        end_utc=shown(row.end_utc_ns),
        end_sure=row.end_sure,
    )
