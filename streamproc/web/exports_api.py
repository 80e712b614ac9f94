"""The handlers of exports: a programme, a piece or a stretch of a channel's time as a file of some format."""

import asyncio
from collections.abc import Callable
from datetime import tzinfo
from typing import Annotated

from aiohttp import web
from pydantic import Field

from streamproc.errors import ConfigError
from streamproc.exports import FORMATS, Format, export
from streamproc.exports.document import Wishes
from streamproc.exports.timecode import find_zone
from streamproc.exports.timeline import RECORD_START, Timeline
from streamproc.media.recording.index import file_path
from streamproc.messages import Kind
from streamproc.timebase import ns_from_utc
from streamproc.web.api import disposition, known_channel, safe_name, title_of
from streamproc.web.moments import Moment
from streamproc.web.queries import Query, check_order, parse
from streamproc.web.services import SERVICES, Services
from streamproc.web.timelines import RunningError, Timelines


class ExportQuery(Query):
    """How an export is counted."""

    start_timecode: str | None = None
    """Time code of the first exported frame; the time of day when left out."""
    drop_frame: bool = False
    """Count in drop frame (29.97 and 59.94 frames a second only)."""
    record_start: str = RECORD_START
    """Time code at which the result begins."""
    zone: str | None = None
    """Whose time of day, as in Europe/Moscow; the machine's own when left out."""
    finished: bool = False
    """Leave out what is still on air, instead of refusing it."""


class RangeExportQuery(ExportQuery):
    """Which stretch of time is exported, and how."""

    from_: Annotated[Moment, Field(alias="from")]
    """Where it begins; ISO 8601 with an offset."""
    to: Moment
    """Where it ends."""
    only: Kind | None = None
    """Only segments of this kind."""


async def programme(request: web.Request) -> web.Response:
    """A programme's parts."""
    query = parse(ExportQuery, request)
    services, number = request.app[SERVICES], int(request.match_info["id"])

    def make() -> Timeline:
        row = services.catalogue.programmes.get(number)
        if row is None:
            raise web.HTTPNotFound(reason=f"no programme has the number {number}")
        wishes = _wishes(query, services.settings.zone_of(row.channel))
        return Timelines(services.catalogue, services.settings, row.channel).of_programme(row, wishes)

    return await _answer(request, make)


async def piece(request: web.Request) -> web.Response:
    """The stretches that a piece is made of."""
    query = parse(ExportQuery, request)
    services, number = request.app[SERVICES], int(request.match_info["id"])

    def make() -> Timeline:
        row = services.catalogue.pieces.get(number)
        if row is None:
            raise web.HTTPNotFound(reason=f"no piece has the number {number}")
        wishes = _wishes(query, services.settings.zone_of(row.channel))
        return Timelines(services.catalogue, services.settings, row.channel).of_piece(row, wishes)

    return await _answer(request, make)


async def channel(request: web.Request) -> web.Response:
    """The segments of a stretch of time."""
    query = parse(RangeExportQuery, request)
    check_order(query.from_, query.to)
    services, name = request.app[SERVICES], await known_channel(request)

    def make() -> Timeline:
        timelines = Timelines(services.catalogue, services.settings, name)
        title = _range_title(services, name, query)
        wishes = _wishes(query, services.settings.zone_of(name), query.only)
        return timelines.of_range(title, ns_from_utc(query.from_), ns_from_utc(query.to), wishes)

    return await _answer(request, make)


async def recorded(request: web.Request) -> web.StreamResponse:
    """A file of the recording, as playlists name them."""
    services, name = request.app[SERVICES], await known_channel(request)
    epoch, number = int(request.match_info["epoch"]), int(request.match_info["number"])
    path = file_path(services.settings.recording_dir / name, epoch, number)
    if not await asyncio.to_thread(path.is_file):
        raise web.HTTPNotFound(reason=f"no file {number} of epoch {epoch} is recorded; it may have been deleted by now")
    return web.FileResponse(path, headers={"Content-Type": "video/mp4", "Cache-Control": "private, no-cache"})


async def _answer(request: web.Request, make: Callable[[], Timeline]) -> web.Response:
    wanted = _format(request.match_info["format"])

    def work() -> tuple[Timeline, bytes]:
        timeline = make()
        return timeline, export(timeline, wanted)

    try:
        timeline, data = await asyncio.to_thread(work)
    except RunningError as error:
        raise web.HTTPConflict(reason=str(error)) from error
    except ConfigError as error:
        raise web.HTTPBadRequest(reason=" ".join(str(error).split())) from error
    headers = {
        "Content-Type": f"{wanted.media_type}; charset=utf-8",
        "Content-Disposition": disposition(safe_name(f"{timeline.title}{wanted.suffixes[0]}")),
        "Cache-Control": "no-store",
    }
    return web.Response(body=data, headers=headers)


def _format(name: str) -> Format:
    for known in FORMATS:
        if known.name == name:
            return known
    raise web.HTTPNotFound(reason=f"no format is named '{name}'; there are: {', '.join(f.name for f in FORMATS)}")


def _wishes(query: ExportQuery, channels: tzinfo, only: Kind | None = None) -> Wishes:
    """Return what a query wishes, by the channel's own zone unless it names one. Raises ConfigError: no such zone."""
    return Wishes(
        start_timecode=query.start_timecode,
        drop_frame=query.drop_frame,
        record_start=query.record_start,
        zone=find_zone(query.zone) or channels,
        only=only,
        finished=query.finished,
    )


def _range_title(services: Services, name: str, query: RangeExportQuery) -> str:
    """Return the channel's title with the stretch's ends, in the zone in which they were asked for."""
    return f"{title_of(services, name)} {query.from_:%Y-%m-%d %H.%M} - {query.to:%H.%M}"
