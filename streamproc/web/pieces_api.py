"""The handlers of pieces: any range, or a programme joined, is wished for, watched and fetched."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from http import HTTPStatus
from pathlib import Path

from aiohttp import hdrs, web

from streamproc.catalogue import EpochRow
from streamproc.catalogue.finishing import PieceState, ProgrammeState
from streamproc.catalogue.pieces import PieceRow, Wish
from streamproc.catalogue.programmes import ProgrammeRow
from streamproc.errors import StreamprocError
from streamproc.logic.order_lines import LONGEST_RANGE_NS, moment_ns
from streamproc.logic.orders import Recorded, short, spans_between
from streamproc.media.footage import frame_time
from streamproc.media.recording.reader import RecordingFootage
from streamproc.messages import Span
from streamproc.timebase import NS, to_ns, utc_from_ns
from streamproc.web.answers import Page, Piece, piece_answer
from streamproc.web.api import disposition, json_answer, known_channel, part
from streamproc.web.bodies import KEY, Description, PieceWish, RangeBody, idempotency_key, parse_body
from streamproc.web.finished_answers import Naming
from streamproc.web.person import Way, author_of, person_of
from streamproc.web.queries import PageQuery, parse
from streamproc.web.services import SERVICES, Services

_MOST_BYTES_OF_NAME = 180


async def of_channel(request: web.Request) -> web.Response:
    """A channel's pieces."""
    query = parse(PageQuery, request)
    name = await known_channel(request)
    book = request.app[SERVICES].catalogue.pieces
    rows = await asyncio.to_thread(partial(book.of_channel, name, before_id=query.before, limit=query.limit + 1))
    items, following = part(request, rows, query)
    return json_answer(Page[Piece](items=[piece_answer(row) for row in items], next=following))


async def of_programme(request: web.Request) -> web.Response:
    """The pieces that show a programme."""
    programme = await _programme(request)
    rows = await asyncio.to_thread(request.app[SERVICES].catalogue.pieces.of_programme, programme.id)
    return json_answer(Page[Piece](items=[piece_answer(row) for row in rows], next=None))


async def get(request: web.Request) -> web.Response:
    """One piece."""
    return json_answer(piece_answer(await _piece(request)))


async def want_range(request: web.Request) -> web.Response:
    """Wish for a range of a channel."""
    services = request.app[SERVICES]
    name = await known_channel(request)
    body = await parse_body(RangeBody, request)
    spans = await asyncio.to_thread(_spans, services, name, body)
    return await _wanted(request, _wish(request, name, spans, body))


async def want_programme(request: web.Request) -> web.Response:
    """Wish for a programme as one file, without its breaks; of one on air, as far as it has come."""
    programme = await _programme(request)
    body = await parse_body(PieceWish, request)
    spans = _spans_of(programme, request.app[SERVICES].clock.utc_ns())
    if not spans:
        raise web.HTTPConflict(reason=f"programme {programme.id} has no part that can be cut yet")
    named = body.model_copy(
        update={
            "title": programme.title if body.title is None else body.title,
            "description": short(programme.description) if body.description is None else body.description,
        }
    )
    return await _wanted(request, _wish(request, programme.channel, spans, named, programme.id))


async def describe(request: web.Request) -> web.Response:
    """Give a piece another title or description."""
    row = await _piece(request)
    body = await parse_body(Description, request)
    book = request.app[SERVICES].catalogue.pieces
    changed = await asyncio.to_thread(book.describe, row.id, body.title, body.description)
    return json_answer(piece_answer(row if changed is None else changed))


async def name_programme(request: web.Request) -> web.Response:
    """Give a programme the name that a person wants; no schedule overwrites it."""
    row = await _programme(request)
    body = await parse_body(Description, request)
    title = row.title if body.title is None else body.title
    if title is None:
        raise web.HTTPUnprocessableEntity(reason="title: the programme has no name yet; give one with the description")
    book, author = request.app[SERVICES].catalogue.programmes, author_of(request, body.author)
    named = await asyncio.to_thread(book.name_by_hand, row.id, title, body.description, author)
    shown = row if named is None else named
    return json_answer(
        Naming(
            id=shown.id,
            channel=shown.channel,
            title=shown.title,
            description=shown.description,
            title_author=shown.title_author,
        )
    )


async def download(request: web.Request) -> web.StreamResponse:
    """A piece's file, or a range of it."""
    services = request.app[SERVICES]
    row = await _piece(request)
    if row.state is not PieceState.READY or row.path is None:
        raise web.HTTPConflict(reason=f"piece {row.id} is {row.state}; it can be had when it is ready")
    path = services.settings.clip_dir / row.path  # an absolute path stays what it is
    if not await asyncio.to_thread(path.is_file):
        raise web.HTTPGone(reason=f"piece {row.id} was ready, but its file is gone")
    await _count(request, row)
    headers = {
        "Content-Type": "video/mp4",
        "Content-Disposition": disposition(file_name(row, path)),
        "Cache-Control": "private, no-cache",  # keep it, but ask whether it is still the same
    }
    return web.FileResponse(path, headers=headers)


async def _count(request: web.Request, row: PieceRow) -> None:
    """Measure how long the first person who takes a programme has waited for it; programs do not count."""
    if request.method != hdrs.METH_GET or row.programme_id is None or person_of(request).way is Way.TOKEN:
        return
    services = request.app[SERVICES]
    taken = await asyncio.to_thread(services.catalogue.handouts.taken, row.id, author_of(request))
    if taken is not None:
        for part, time_ns in taken.parts_ns.items():
            services.telemetry.files.handout.labels(taken.channel, part).observe(time_ns / NS)


def file_name(row: PieceRow, path: Path) -> str:
    """Return what a piece is called when it is saved: title and wall time, or the file's own name without a title."""
    if row.title is None:
        return path.name
    start = "" if row.start_utc_ns is None else f" {utc_from_ns(row.start_utc_ns):%Y-%m-%d %H.%M.%S}Z"
    title = "".join("_" if letter in '/\\:*?"<>|' or ord(letter) < 32 else letter for letter in row.title)
    kept = title.encode()[:_MOST_BYTES_OF_NAME].decode(errors="ignore")  # file systems count bytes
    return f"{kept.strip(' .')}{start}{path.suffix}"


async def _wanted(request: web.Request, wish: Wish) -> web.Response:
    """Queue a wish, or find it under its key; what the key was used for before must be the same."""
    book = request.app[SERVICES].catalogue.pieces
    number = await asyncio.to_thread(book.want, replace(wish, key=idempotency_key(request, "api-")))
    row = await asyncio.to_thread(book.get, number)
    if row is None or (row.channel, row.spans, row.mode) != (wish.channel, wish.spans, wish.mode):
        raise web.HTTPUnprocessableEntity(reason=f"{KEY}: it was used for another piece before")
    answer = json_answer(piece_answer(row), HTTPStatus.ACCEPTED)
    answer.headers["Location"] = f"/api/v1/pieces/{row.id}"
    return answer


def _wish(
    request: web.Request, channel: str, spans: tuple[Span, ...], body: PieceWish, programme_id: int | None = None
) -> Wish:
    return Wish(
        channel=channel,
        spans=spans,
        mode=body.mode,
        title=body.title,
        description=body.description,
        programme_id=programme_id,
        author=author_of(request, body.author),
    )


def _spans(services: Services, channel: str, body: RangeBody) -> tuple[Span, ...]:
    """Return the stretches that are meant. Raises HTTPUnprocessableEntity: nothing of it is recorded."""
    epochs = services.catalogue.epochs(channel)
    if body.in_ is not None and body.out is not None:
        if moment_ns(body.in_) > services.clock.utc_ns():
            raise web.HTTPUnprocessableEntity(reason="in: it lies ahead; order it instead (POST /api/v1/orders)")
        spans, _ = spans_between(_recorded(epochs), moment_ns(body.in_), moment_ns(body.out))
        if not spans:
            raise web.HTTPUnprocessableEntity(reason=f"in, out: nothing of this time is recorded of '{channel}'")
        return spans
    epoch = next((row for row in epochs if row.epoch == body.epoch), None)
    if epoch is None:
        raise web.HTTPUnprocessableEntity(reason=f"epoch: channel '{channel}' has no epoch {body.epoch}")
    if body.in_s is not None and body.out_s is not None:
        start, end = body.in_s, body.out_s
    else:
        start, end = _frames(services, channel, epoch.epoch, (body.in_frame or 0, body.out_frame or 0))
    if epoch.end is not None:
        if start >= epoch.end:
            raise web.HTTPUnprocessableEntity(reason=f"epoch {epoch.epoch} ends at {float(epoch.end):.3f} s")
        end = min(end, epoch.end)
    return (Span(epoch=epoch.epoch, start=start, end=end),)


def _recorded(epochs: Sequence[EpochRow]) -> list[Recorded]:
    """Return the epochs by wall time; one that runs is taken to go on, for a range may end ahead."""
    return [
        Recorded(
            channel=row.channel,
            epoch=row.epoch,
            start_ns=row.utc_zero_ns,
            end_ns=row.utc_zero_ns + (_AHEAD_NS if row.end is None else to_ns(row.end)),
            is_running=row.end is None,
        )
        for row in epochs
        if row.utc_zero_ns is not None
    ]


_AHEAD_NS = 1 << 60
"""Longer than any epoch."""


def _frames(services: Services, channel: str, number: int, frames: tuple[int, int]) -> tuple[Fraction, Fraction]:
    """Return the times of two frames. Raises HTTPUnprocessableEntity: they are not recorded."""
    footage = RecordingFootage(services.settings.recording_dir / channel)
    try:
        epoch = footage.epoch(number)
        first, last = (frame_time(epoch, frame) for frame in frames)
    except (StreamprocError, IndexError) as error:
        said = str(error) if isinstance(error, StreamprocError) else f"frame {error} is not recorded"
        raise web.HTTPUnprocessableEntity(reason=f"in_frame, out_frame: {said}") from error
    return first, last


def _spans_of(programme: ProgrammeRow, now_ns: int) -> tuple[Span, ...]:
    """Return the stretches of a programme; its last part, while it is on air, as far as it has come."""
    spans = list(programme.spans)
    last = programme.parts[-1]
    if programme.state is ProgrammeState.RUNNING and last.end is None and last.start_utc_ns is not None:
        end = last.start + Fraction(now_ns - last.start_utc_ns, NS)
        if last.start < end <= last.start + Fraction(LONGEST_RANGE_NS, NS):
            spans.append(Span(epoch=last.epoch, start=last.start, end=end))
    return tuple(spans)


async def _piece(request: web.Request) -> PieceRow:
    number = int(request.match_info["id"])
    row = await asyncio.to_thread(request.app[SERVICES].catalogue.pieces.get, number)
    if row is None:
        raise web.HTTPNotFound(reason=f"no piece has the number {number}")
    return row


async def _programme(request: web.Request) -> ProgrammeRow:
    number = int(request.match_info["id"])
    row = await asyncio.to_thread(request.app[SERVICES].catalogue.programmes.get, number)
    if row is None:
        raise web.HTTPNotFound(reason=f"no programme has the number {number}")
    return row
