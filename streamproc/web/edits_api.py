"""The handlers of edits: what people correct, by whom, and taking it back."""

import asyncio
import re
from fractions import Fraction
from functools import partial
from http import HTTPStatus

from aiohttp import hdrs, web

from streamproc.catalogue import BoundaryRow, Catalogue, Role
from streamproc.catalogue.edits import EditRow, Keep, Mark, Picture, Point
from streamproc.catalogue.people import EditAction
from streamproc.catalogue.programmes import ProgrammeRow
from streamproc.catalogue.reshaping import Placed
from streamproc.errors import RecordingError
from streamproc.media.footage import Epoch, frame_time, frame_time_far_in
from streamproc.media.recording.reader import RecordingFootage
from streamproc.messages import Kind
from streamproc.timebase import iso_utc
from streamproc.web.answers import Answer, Boundary, Page, boundary_answer, fraction, shown
from streamproc.web.api import json_answer, known_channel, part
from streamproc.web.bodies import Author, AuthorBody, MarkBody, MergeBody, MoveBody, SplitBody, one_line, parse_body
from streamproc.web.person import author_of
from streamproc.web.queries import PageQuery, Query, parse
from streamproc.web.services import SERVICES, Services

_VERSION = re.compile(r'"([0-9]{1,9})"')


class EditedBoundary(Answer):
    """A boundary as an edit found or left it."""

    id: int
    """Its number."""
    time: str
    """Exact seconds in the epoch."""
    time_s: float
    """The same, rounded."""
    frame: int | None
    """Number of the first frame after it."""
    before: Kind
    """What is on air before it."""
    after: Kind
    """What is on air from it on."""


class EditedProgramme(Answer):
    """A programme as an edit found or left it."""

    id: int
    """Its number."""
    title: str | None
    """Its name."""
    parts: int
    """How many parts it has."""


class EditedPicture(Answer):
    """What an edit found, or left."""

    boundaries: list[EditedBoundary]
    """The boundaries of its stretch, in time order."""
    programmes: list[EditedProgramme]
    """The programmes that it touched."""


class Edit(Answer):
    """What a person has changed."""

    id: int
    """Its number; greater is later."""
    channel: str
    """The channel's short name."""
    epoch: int | None
    """The stretch of recording that it is in; null where it is about programmes alone."""
    action: EditAction
    """What was done."""
    start: str | None
    """Where what it changed begins, exact seconds in the epoch."""
    end: str | None
    """Where that ends; null where it reaches to what is on air."""
    start_utc: str | None
    """Wall time of the start."""
    end_utc: str | None
    """Wall time of the end."""
    before: EditedPicture
    """What it found."""
    after: EditedPicture
    """What it left."""
    author: str
    """Who did it."""
    created_utc: str
    """When."""
    undoes_id: int | None
    """The edit that it takes back."""
    undone_utc: str | None
    """When it was taken back; null while it stands."""
    undo: str | None
    """Where to POST to take it back; null when that is done."""


class RemoveQuery(Query):
    """How a boundary is taken out."""

    keep: Keep
    """before: what is on air before it goes on after it; after: the other way round."""
    author: Author | None = None
    """Who says so."""


async def boundary(request: web.Request) -> web.Response:
    """One boundary with its versions."""
    row = await _boundary(request)
    return await _answered(request, row.id)


async def move(request: web.Request) -> web.Response:
    """Put a boundary on another frame."""
    services = request.app[SERVICES]
    version = wanted_version(request)
    row = await _boundary(request)
    body = await parse_body(MoveBody, request)
    to = await asyncio.to_thread(_destination, services, row, body)
    edits = services.catalogue.edits
    await asyncio.to_thread(partial(edits.move, row.id, to, author_of(request, body.author), version=version))
    return await _answered(request, row.id)


async def remove(request: web.Request) -> web.Response:
    """Take a boundary out."""
    version = wanted_version(request)
    query = parse(RemoveQuery, request)
    row = await _boundary(request)
    edits, author = request.app[SERVICES].catalogue.edits, author_of(request, query.author)
    number = await asyncio.to_thread(partial(edits.remove, row.id, query.keep, author, version=version))
    return await _edit(request, number)


async def mark(request: web.Request) -> web.Response:
    """Say what a stretch is."""
    services = request.app[SERVICES]
    name = await known_channel(request)
    body = await parse_body(MarkBody, request)
    said = await asyncio.to_thread(_mark, services, name, body)
    number = await asyncio.to_thread(services.catalogue.edits.mark, said, author_of(request, body.author))
    return await _edit(request, number, HTTPStatus.CREATED)


async def split(request: web.Request) -> web.Response:
    """Say that another programme begins at a frame of one."""
    services = request.app[SERVICES]
    row = await _programme(request, int(request.match_info["id"]))
    body = await parse_body(SplitBody, request)
    at = await asyncio.to_thread(_split_at, services, row.channel, body)
    author = author_of(request, body.author)
    number = await asyncio.to_thread(services.catalogue.edits.split, row.id, body.epoch, at, author)
    return await _edit(request, number, HTTPStatus.CREATED)


async def merge(request: web.Request) -> web.Response:
    """Say that two programmes are one."""
    row = await _programme(request, int(request.match_info["id"]))
    body = await parse_body(MergeBody, request)
    other = await _programme(request, body.with_)
    book, author = request.app[SERVICES].catalogue.edits, author_of(request, body.author)
    return await _edit(request, await asyncio.to_thread(book.merge, row.id, other.id, author), HTTPStatus.CREATED)


async def edits(request: web.Request) -> web.Response:
    """What people have edited of a channel."""
    query = parse(PageQuery, request)
    name = await known_channel(request)
    book = request.app[SERVICES].catalogue.edits
    rows = await asyncio.to_thread(partial(book.of_channel, name, before_id=query.before, limit=query.limit + 1))
    items, following = part(request, rows, query)
    return json_answer(Page[Edit](items=[edit_answer(row) for row in items], next=following))


async def undo(request: web.Request) -> web.Response:
    """Take an edit back."""
    book, number = request.app[SERVICES].catalogue.edits, int(request.match_info["id"])
    body = await parse_body(AuthorBody, request)
    if await asyncio.to_thread(book.get, number) is None:
        raise web.HTTPNotFound(reason=f"no edit has the number {number}")
    undoing = await asyncio.to_thread(book.undo, number, author_of(request, body.author))
    return await _edit(request, undoing, HTTPStatus.CREATED)


def wanted_version(request: web.Request) -> int | None:
    """Return the version that If-Match asks for; None for any. Raises HTTPPreconditionRequired, HTTPBadRequest."""
    said = request.headers.get(hdrs.IF_MATCH)
    if said is None:
        raise web.HTTPPreconditionRequired(
            reason='If-Match is missing: send the version that you have seen, in quotes: If-Match: "3"'
        )
    if said.strip() == "*":
        return None
    found = _VERSION.fullmatch(said.strip())
    if found is None:
        raise web.HTTPBadRequest(reason='If-Match: write one version in quotes, as the ETag has it: "3"')
    return int(found[1])


def edit_answer(row: EditRow) -> Edit:
    """Show an edit."""
    return Edit(
        id=row.id,
        channel=row.channel,
        epoch=row.epoch,
        action=row.action,
        start=None if row.start is None else fraction(row.start),
        end=None if row.end is None else fraction(row.end),
        start_utc=shown(row.start_utc_ns),
        end_utc=shown(row.end_utc_ns),
        before=_picture(row.before),
        after=_picture(row.after),
        author=row.author,
        created_utc=iso_utc(row.created_ns),
        undoes_id=row.undoes_id,
        undone_utc=shown(row.undone_ns),
        undo=f"/api/v1/edits/{row.id}/undo" if row.undone_ns is None else None,
    )


def _picture(picture: Picture) -> EditedPicture:
    return EditedPicture(
        boundaries=[_edited(one) for one in picture.boundaries],
        programmes=[
            EditedProgramme(id=memory["id"], title=memory["title"], parts=len(memory["parts"]))
            for memory in picture.programmes
        ],
    )


def _edited(one: Placed) -> EditedBoundary:
    assert one.edge.id is not None  # it was written down
    return EditedBoundary(
        id=one.edge.id,
        time=fraction(one.edge.time),
        time_s=float(one.edge.time),
        frame=one.at.frame,
        before=one.edge.before,
        after=one.edge.after,
    )


async def _answered(request: web.Request, number: int) -> web.Response:
    """Return a boundary as it is now, with its version as ETag."""
    catalogue = request.app[SERVICES].catalogue
    found = await asyncio.to_thread(_shown, catalogue, number)
    answer = json_answer(found)
    answer.headers[hdrs.ETAG] = f'"{found.version}"'
    return answer


def _shown(catalogue: Catalogue, number: int) -> Boundary:
    row = catalogue.boundary(number)
    assert row is not None  # boundaries are never deleted
    return boundary_answer(row, catalogue.versions(number))


async def _edit(request: web.Request, number: int, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    row = await asyncio.to_thread(request.app[SERVICES].catalogue.edits.get, number)
    assert row is not None  # it has just been written
    return json_answer(edit_answer(row), status)


async def _boundary(request: web.Request) -> BoundaryRow:
    number = int(request.match_info["id"])
    row = await asyncio.to_thread(request.app[SERVICES].catalogue.boundary, number)
    if row is None:
        raise web.HTTPNotFound(reason=f"no boundary has the number {number}")
    return row


async def _programme(request: web.Request, number: int) -> ProgrammeRow:
    row = await asyncio.to_thread(request.app[SERVICES].catalogue.programmes.get, number)
    if row is None:
        raise web.HTTPNotFound(reason=f"no programme has the number {number}; it may have become part of another")
    return row


def _split_at(services: Services, channel: str, body: SplitBody) -> Point:
    if all(row.epoch != body.epoch for row in services.catalogue.epochs(channel)):
        raise web.HTTPUnprocessableEntity(reason=f"epoch: channel '{channel}' has no epoch {body.epoch}")
    epoch = _recorded(services, channel, body.epoch)
    return _at_frame(epoch, "frame", body.frame or 0) if body.time is None else _at_time(epoch, "time", body.time)


def _destination(services: Services, row: BoundaryRow, body: MoveBody) -> Point:
    """Return where a boundary is wanted."""
    if row.role is not Role.CHANGE:
        return Point(time=row.time, frame=row.placement.frame)  # the catalogue says that it stays
    epoch = _recorded(services, row.channel, row.epoch)
    if body.time is not None:
        return _at_time(epoch, "time", body.time)
    if body.frame is not None:
        return _at_frame(epoch, "frame", body.frame)
    with _Found("by_frames", row.epoch):
        first = epoch.frame_number(row.time) if row.placement.frame is None else row.placement.frame
        number = first + (body.by_frames or 0)
        if number < 0:
            raise IndexError(number)
        far = abs(body.by_frames or 0) / (epoch.format.video.rate or Fraction(25)) * 2 + 2
        return Point(time=frame_time(epoch, number, (row.time - far, row.time + far)), frame=number)


def _mark(services: Services, channel: str, body: MarkBody) -> Mark:
    rows = {row.epoch: row for row in services.catalogue.epochs(channel)}
    if body.epoch not in rows:
        raise web.HTTPUnprocessableEntity(reason=f"epoch: channel '{channel}' has no epoch {body.epoch}")
    row = rows[body.epoch]
    epoch = _recorded(services, channel, body.epoch)
    last = None if row.end is None else Point(time=row.end, frame=row.end_frame)

    def point(what: str, time: Fraction | None, frame: int | None) -> Point:
        if last is not None and (time == last.time or (frame is not None and frame == last.frame)):
            return last
        return _at_frame(epoch, f"{what}_frame", frame or 0) if time is None else _at_time(epoch, what, time)

    start, end = point("start", body.start, body.start_frame), point("end", body.end, body.end_frame)
    if start.time >= end.time:
        raise web.HTTPUnprocessableEntity(reason="start, end: it ends before it begins, or holds no frame")
    return Mark(channel=channel, epoch=body.epoch, start=start, end=end, kind=body.kind)


def _at_time(epoch: Epoch, what: str, time: Fraction) -> Point:
    """Return the first frame from a time on."""
    with _Found(what, epoch.id):
        number = epoch.frame_number(time)
        return Point(time=frame_time(epoch, number, (time - 1, time + 2)), frame=number)


def _at_frame(epoch: Epoch, what: str, number: int) -> Point:
    with _Found(what, epoch.id):
        return Point(time=frame_time_far_in(epoch, number), frame=number)


class _Found:
    """Says in an HTTP error what could not be found in an epoch."""

    def __init__(self, what: str, epoch: int) -> None:
        self._what = what
        self._epoch = epoch

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, IndexError):
            raise web.HTTPUnprocessableEntity(
                reason=f"{self._what}: no such frame is recorded in epoch {self._epoch}"
            ) from error
        if isinstance(error, RecordingError):
            raise web.HTTPGone(reason=one_line(str(error))) from error


def _recorded(services: Services, channel: str, number: int) -> Epoch:
    """Return an epoch as it is recorded. Raises HTTPGone when it is deleted."""
    try:
        return RecordingFootage(services.settings.recording_dir / channel).epoch(number)
    except RecordingError as error:
        raise web.HTTPGone(reason=one_line(str(error))) from error
