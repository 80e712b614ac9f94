"""The handlers of learning: a model is wished for, watched, looked at, and put to use."""

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path

from aiohttp import web

from streamproc.catalogue.learnings import OFFERED, LearningRow, Learnings, Lesson
from streamproc.catalogue.people import LearningState
from streamproc.errors import ModelError, RecordingError
from streamproc.inference.card import read_card
from streamproc.media.recording.reader import RecordingFootage
from streamproc.messages import Span
from streamproc.timebase import NS, ns_from_utc, to_ns
from streamproc.web.answers import Learning, Page, learning_answer
from streamproc.web.api import json_answer, known_channel, part
from streamproc.web.bodies import KEY, idempotency_key, parse_body
from streamproc.web.engine_bodies import LessonBody, UseBody
from streamproc.web.person import author_of
from streamproc.web.queries import PageQuery, parse
from streamproc.web.services import SERVICES, Services
from streamproc.web.settings_api import known_keeper, table_of, written

_PICTURES = {"mask.png": "image/png", "frame.jpg": "image/jpeg", "marks.png": "image/png"}
_SCRIPT = files("streamproc.training.report") / "templates" / "page.js"


async def of_channel(request: web.Request) -> web.Response:
    """A channel's learnings."""
    query = parse(PageQuery, request)
    name = await known_channel(request)
    rows = await asyncio.to_thread(
        partial(_book(request).of_channel, name, before_id=query.before, limit=query.limit + 1)
    )
    items, following = part(request, rows, query)
    return json_answer(Page[Learning](items=[learning_answer(row) for row in items], next=following))


async def get(request: web.Request) -> web.Response:
    """One learning."""
    return json_answer(learning_answer(await _learning(request)))


async def want(request: web.Request) -> web.Response:
    """Wish for a model, learnt from a stretch of the channel's recording."""
    services = request.app[SERVICES]
    name = await known_channel(request)
    body = await parse_body(LessonBody, request)
    spans = await asyncio.to_thread(_spans, services, name, body)
    lesson = Lesson(
        channel=name,
        spans=spans,
        start_ns=ns_from_utc(body.from_),
        end_ns=ns_from_utc(body.to),
        region=None if body.region is None else ",".join(f"{value:g}" for value in body.region),
        choose=body.choose,
        author=author_of(request, body.author),
        key=idempotency_key(request, "learn-"),
    )
    row = await asyncio.to_thread(_queued, services, lesson)
    if (row.lesson.channel, row.lesson.start_ns, row.lesson.end_ns) != (name, lesson.start_ns, lesson.end_ns):
        raise web.HTTPUnprocessableEntity(reason=f"{KEY}: it was used for another learning before")
    answer = json_answer(learning_answer(row), HTTPStatus.ACCEPTED)
    answer.headers["Location"] = f"/api/v1/learnings/{row.id}"
    return answer


async def take_back(request: web.Request) -> web.Response:
    """Learn it no more."""
    row = await _learning(request)
    await asyncio.to_thread(_book(request).take_back, row.id, author_of(request))
    return json_answer(learning_answer(await _learning(request)))


async def use(request: web.Request) -> web.Response:
    """Make it the channel's model: in the configuration, and at once."""
    services = request.app[SERVICES]
    keeper = known_keeper(services)
    row = await _learning(request)
    author_of(request, (await parse_body(UseBody, request)).author)  # for the audit log
    folder = _folder(services, row)
    try:
        await asyncio.to_thread(read_card, folder)
    except ModelError as error:
        raise web.HTTPConflict(reason=f"learning {row.id}: {error}") from error
    name = row.lesson.channel
    table = await table_of(keeper, name)
    if table is None:
        raise web.HTTPConflict(reason=f"channel '{name}' is not in the configuration any more; add it first")
    kept = {key: value for key, value in table.items() if key not in ("logo", "region")}
    await written(services, partial(keeper.file.put, name, {**kept, "model": str(folder)}))
    await asyncio.to_thread(_book(request).use, row.id)
    return json_answer(learning_answer(await _learning(request)))


async def report(request: web.Request) -> web.StreamResponse:
    """The report, as a page that can do nothing but show itself."""
    services = request.app[SERVICES]
    row = await _learning(request)
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": await asyncio.to_thread(_policy),
    }
    return web.FileResponse(await _file(_folder(services, row) / "report.html", row), headers=headers)


async def picture(request: web.Request) -> web.StreamResponse:
    """The bug as it was found, where it lies, or the marks of which one must be chosen."""
    services = request.app[SERVICES]
    name = request.match_info["picture"]
    row = await _learning(request)
    if name == "marks.png":
        if row.state is not LearningState.FAILED or row.folder is None:
            raise web.HTTPNotFound(reason=f"no marks are left to choose from in learning {row.id}")
        folder = services.settings.learnt_dir / row.folder
    else:
        folder = _folder(services, row)
    headers = {"Content-Type": _PICTURES[name], "Cache-Control": "private, no-cache"}
    return web.FileResponse(await _file(folder / name, row), headers=headers)


def _book(request: web.Request) -> Learnings:
    return request.app[SERVICES].catalogue.learnings


def _policy() -> str:
    """Allow the report its own style and script and nothing else; sandboxed, it is of no site, so has no session."""
    script = f"\n{_SCRIPT.read_text(encoding='utf-8').rstrip()}".encode()  # as the template puts it between its tags
    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
    return (
        f"sandbox allow-scripts; default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def _queued(services: Services, lesson: Lesson) -> LearningRow:
    catalogue = services.catalogue
    if all(row.name != lesson.channel for row in catalogue.channels()):  # it is new, and nothing was analysed yet
        catalogue.put_channel(lesson.channel, _title(services, lesson.channel), None, None, clips=False)
    row = catalogue.learnings.get(catalogue.learnings.want(lesson))
    assert row is not None  # rows are never deleted
    return row


def _title(services: Services, name: str) -> str:
    return next((one.display_title for one in services.settings.channels if one.name == name), name)


def _spans(services: Services, channel: str, body: LessonBody) -> tuple[Span, ...]:
    """Return the stretches that are recorded of it. Raises HTTPUnprocessableEntity: none is."""
    start_ns, end_ns = ns_from_utc(body.from_), ns_from_utc(body.to)
    if start_ns > services.clock.utc_ns():
        raise web.HTTPUnprocessableEntity(reason="from: it lies ahead; a model is learnt from what is recorded")
    try:
        recorded = [
            (epoch.id, epoch.utc_zero_ns, epoch.begins(), epoch.end())
            for epoch in RecordingFootage(services.settings.recording_dir / channel).epochs()
        ]
    except RecordingError as error:
        raise web.HTTPUnprocessableEntity(reason=f"from, to: {error}") from error
    spans = _shared(recorded, start_ns, end_ns)
    if not spans:
        raise web.HTTPUnprocessableEntity(reason=f"from, to: nothing of this time is recorded of '{channel}'")
    return spans


def _shared(recorded: Sequence[tuple[int, int, Fraction, Fraction]], start_ns: int, end_ns: int) -> tuple[Span, ...]:
    """Return what two moments share with epochs: number, wall time of their 0, first and last time."""
    spans = []
    for number, zero_ns, first, last in recorded:
        begin = max(Fraction(start_ns - zero_ns, NS), first)
        end = min(Fraction(end_ns - zero_ns, NS), last)
        if to_ns(begin) < to_ns(end):
            spans.append(Span(epoch=number, start=begin, end=end))
    return tuple(spans)


def _folder(services: Services, row: LearningRow) -> Path:
    """Return where a learnt model lies. Raises HTTPConflict: there is none."""
    if row.state not in OFFERED or row.folder is None:
        raise web.HTTPConflict(reason=f"learning {row.id} is {row.state}; there is a model when it is ready")
    return services.settings.learnt_dir / row.folder


async def _file(path: Path, row: LearningRow) -> Path:
    if not await asyncio.to_thread(path.is_file):
        raise web.HTTPGone(reason=f"learning {row.id}: {path.name} is not there any more")
    return path


async def _learning(request: web.Request) -> LearningRow:
    number = int(request.match_info["id"])
    row = await asyncio.to_thread(_book(request).get, number)
    if row is None:
        raise web.HTTPNotFound(reason=f"no learning has the number {number}")
    return row
