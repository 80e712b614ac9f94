"""The handlers of /api/v1: each parses, asks the catalogue in a thread, and answers with one model."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import quote, urlencode

from aiohttp import web
from pydantic import AwareDatetime, BaseModel

from streamproc.addresses import redact
from streamproc.catalogue import (
    BoundaryRow,
    Catalogue,
    ChannelRow,
    ClipRow,
    ClipState,
    SegmentFilter,
)
from streamproc.timebase import ns_from_utc, utc_from_ns
from streamproc.web.answers import (
    Alarm,
    Answer,
    Boundary,
    Channel,
    Clip,
    Epoch,
    Gap,
    Model,
    Page,
    Segment,
    SegmentDetail,
    alarm_answer,
    boundary_answer,
    clip_answer,
    epoch_answer,
    gap_answer,
    segment_answer,
    segment_fields,
    shown,
)
from streamproc.web.queries import PageQuery, SegmentsQuery, parse
from streamproc.web.services import SERVICES, Services


class Numbered(Protocol):
    """What the catalogue numbers."""

    @property
    def id(self) -> int:
        """Its number."""
        ...


T = TypeVar("T")
N = TypeVar("N", bound=Numbered)
A = TypeVar("A", bound=Answer)


def json_answer(body: BaseModel, status: int = 200) -> web.Response:
    """Return a model as JSON that nobody keeps."""
    return web.Response(
        text=body.model_dump_json(by_alias=True),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def channels(request: web.Request) -> web.Response:
    """All channels."""
    services = request.app[SERVICES]

    def find() -> Page[Channel]:
        rows = {row.name: row for row in services.catalogue.channels()}
        configured = [channel.name for channel in services.settings.channels]
        names = [*configured, *(name for name in rows if name not in configured)]
        return Page[Channel](items=[_channel(services, name, rows.get(name)) for name in names], next=None)

    return json_answer(await asyncio.to_thread(find))


async def channel(request: web.Request) -> web.Response:
    """One channel."""
    services = request.app[SERVICES]
    name = await known_channel(request)

    def find() -> Channel:
        row = next((row for row in services.catalogue.channels() if row.name == name), None)
        return _channel(services, name, row)

    return json_answer(await asyncio.to_thread(find))


async def segments(request: web.Request) -> web.Response:
    """A channel's segments."""
    query = parse(SegmentsQuery, request)
    catalogue = request.app[SERVICES].catalogue
    name = await known_channel(request)
    where = SegmentFilter(
        kind=query.kind,
        state=query.state,
        from_ns=_ns(query.from_),
        until_ns=_ns(query.to),
        before_id=query.before,
        newest_first=True,
        limit=query.limit + 1,
    )
    rows = await asyncio.to_thread(catalogue.segments, name, where)
    items, following = part(request, rows, query)
    return json_answer(Page[Segment](items=[segment_answer(row) for row in items], next=following))


async def segment(request: web.Request) -> web.Response:
    """One segment with the story of its boundaries."""
    catalogue = request.app[SERVICES].catalogue
    number = int(request.match_info["id"])

    def find() -> SegmentDetail | None:
        row = catalogue.segment(number)
        if row is None:
            return None
        boundaries = [_boundary(catalogue, edge) for edge in (row.start, row.end) if edge is not None]
        return SegmentDetail.model_validate({**segment_fields(row), "boundaries": boundaries})

    found = await asyncio.to_thread(find)
    if found is None:
        raise web.HTTPNotFound(reason=f"no segment has the number {number}; it may have become part of another")
    return json_answer(found)


async def epochs(request: web.Request) -> web.Response:
    """A channel's epochs."""
    return await _list(
        request, request.app[SERVICES].catalogue.epochs, lambda row: row.epoch, epoch_answer, Page[Epoch]
    )


async def gaps(request: web.Request) -> web.Response:
    """A channel's gaps."""
    return await _list(request, request.app[SERVICES].catalogue.gaps, lambda row: row.id, gap_answer, Page[Gap])


async def clips(request: web.Request) -> web.Response:
    """A channel's clips."""
    query = parse(PageQuery, request)
    catalogue = request.app[SERVICES].catalogue
    name = await known_channel(request)
    rows = await asyncio.to_thread(lambda: catalogue.clips(name, before_id=query.before, limit=query.limit + 1))
    items, following = part(request, rows, query)
    return json_answer(Page[Clip](items=[clip_answer(row) for row in items], next=following))


async def clip(request: web.Request) -> web.Response:
    """One clip."""
    return json_answer(clip_answer(await _known_clip(request)))


async def alarms(request: web.Request) -> web.Response:
    """A channel's alarms."""
    query = parse(PageQuery, request)
    catalogue = request.app[SERVICES].catalogue
    name = await known_channel(request)
    rows = await asyncio.to_thread(lambda: catalogue.alarms(name, before_id=query.before, limit=query.limit + 1))
    items, following = part(request, rows, query)
    return json_answer(Page[Alarm](items=[alarm_answer(row) for row in items], next=following))


async def picture(request: web.Request) -> web.StreamResponse:
    """One picture of an alarm."""
    services = request.app[SERVICES]
    alarm_id, number = int(request.match_info["id"]), int(request.match_info["number"])
    row = await asyncio.to_thread(services.catalogue.alarm, alarm_id)
    if row is None or not 1 <= number <= len(row.pictures):
        raise web.HTTPNotFound(reason=f"no alarm {alarm_id} has a picture {number}")
    path = services.settings.alarm_dir / row.pictures[number - 1]
    if not await asyncio.to_thread(path.is_file):
        raise web.HTTPGone(
            reason=f"picture {number} of alarm {alarm_id} is deleted; only the newest alarms keep theirs"
        )
    return web.FileResponse(path, headers={"Content-Type": "image/jpeg", "Cache-Control": "private, max-age=86400"})


async def download(request: web.Request) -> web.StreamResponse:
    """A clip's file, or a range of it."""
    services = request.app[SERVICES]
    row = await _known_clip(request)
    if row.state is not ClipState.READY or row.path is None:
        raise web.HTTPConflict(reason=f"clip {row.id} is {row.state}; it can be had when it is ready")
    path = services.settings.clip_dir / row.path  # an absolute path stays what it is
    if not await asyncio.to_thread(path.is_file):
        raise web.HTTPGone(reason=f"clip {row.id} was ready, but its file is gone")
    title = await asyncio.to_thread(title_of, services, row.channel)
    headers = {
        "Content-Type": "video/mp4",
        "Content-Disposition": disposition(file_name(title, row, path)),
        "Cache-Control": "private, no-cache",  # keep it, but ask whether it is still the same
    }
    return web.FileResponse(path, headers=headers)


def disposition(name: str) -> str:
    """Return Content-Disposition for a file name in any script (RFC 6266)."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_").replace("\\", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def file_name(title: str, row: ClipRow, path: Path) -> str:
    """Return what a clip is called when it is saved: title and wall time, or the file's own name for a file."""
    if row.start_utc_ns is None:
        return path.name
    start = utc_from_ns(row.start_utc_ns)
    return safe_name(f"{row.title or title} {start:%Y-%m-%d %H.%M.%S}Z{path.suffix}")


def safe_name(name: str) -> str:
    """Return a file name without the letters that some system does not take in one."""
    return "".join("_" if letter in '/\\:*?"<>|' or ord(letter) < 32 else letter for letter in name)


def title_of(services: Services, name: str) -> str:
    """Return a channel's name for people, or its short name."""
    rows = (row.title for row in services.catalogue.channels() if row.name == name)
    return next(rows, name)


def _channel(services: Services, name: str, row: ChannelRow | None) -> Channel:
    settings = next((channel for channel in services.settings.channels if channel.name == name), None)
    source = None if settings is None else settings.url or settings.listen
    running = services.catalogue.segments(name, SegmentFilter(newest_first=True, limit=1))
    on_air = running[0] if running and running[0].end is None else None
    alarm = services.catalogue.standing_alarm(name)
    model = None
    if row is not None and row.model_name is not None:
        model = Model(name=row.model_name, sha256=row.model_sha256)
    return Channel(
        name=name,
        title=settings.display_title if settings is not None else row.title if row is not None else name,
        source=None if source is None else redact(source),
        model=model,
        clips=row.clips if row is not None else settings is not None and settings.clips.enabled,
        inspect=settings is not None and settings.enabled and settings.inspect.enabled,
        inspected_utc=shown(services.catalogue.findings.reached_ns(name)),
        health=services.health.channel(name),
        on_air=None if on_air is None else segment_answer(on_air),
        alarm=None if alarm is None else alarm_answer(alarm),
    )


def _boundary(catalogue: Catalogue, row: BoundaryRow) -> Boundary:
    return boundary_answer(row, catalogue.versions(row.id))


async def known_channel(request: web.Request) -> str:
    """Return the channel's name in the path. Raises HTTPNotFound when nobody knows it."""
    return await channel_named(request, request.match_info["name"])


async def channel_named(request: web.Request, name: str) -> str:
    """Return a channel's name. Raises HTTPNotFound when nobody knows it."""
    services = request.app[SERVICES]
    if any(channel.name == name for channel in services.settings.channels):
        return name
    if any(row.name == name for row in await asyncio.to_thread(services.catalogue.channels)):
        return name
    raise web.HTTPNotFound(reason=f"no channel is named '{name}'")


async def _known_clip(request: web.Request) -> ClipRow:
    number = int(request.match_info["id"])
    row = await asyncio.to_thread(request.app[SERVICES].catalogue.clip, number)
    if row is None:
        raise web.HTTPNotFound(reason=f"no clip has the number {number}")
    return row


async def _list(
    request: web.Request,
    find: Callable[[str], list[T]],
    number: Callable[[T], int],
    show: Callable[[T], A],
    page: type[Page[A]],
) -> web.Response:
    """Answer with a part of a list that the catalogue gives whole, oldest first."""
    query = parse(PageQuery, request)
    name = await known_channel(request)
    rows = [row for row in await asyncio.to_thread(find, name) if query.before is None or number(row) < query.before]
    newest = rows[::-1][: query.limit]
    following = next_part(request, number(newest[-1])) if len(rows) > query.limit else None
    return json_answer(page(items=[show(row) for row in newest], next=following))


def part(request: web.Request, rows: Sequence[N], query: PageQuery) -> tuple[Sequence[N], str | None]:
    """Cut off the one row too many that was asked for: it says that there is a next part, whose address is returned."""
    if len(rows) <= query.limit:
        return rows, None
    return rows[: query.limit], next_part(request, rows[query.limit - 1].id)


def next_part(request: web.Request, before: int) -> str:
    return f"{request.path}?{urlencode({**request.query, 'before': str(before)})}"


def _ns(moment: AwareDatetime | None) -> int | None:
    return None if moment is None else ns_from_utc(moment)
