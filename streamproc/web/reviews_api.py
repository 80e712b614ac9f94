"""The handlers of reviews: what waits for somebody's look, and what they say of it."""

import asyncio
from functools import partial
from http import HTTPStatus

from aiohttp import web

from streamproc.web.answers import Page
from streamproc.web.api import json_answer, known_channel
from streamproc.web.bodies import SeenBody, VerdictBody, parse_body
from streamproc.web.finished_answers import ReviewSaid, SeenBy, Waiting, waiting_answer
from streamproc.web.person import author_of
from streamproc.web.queries import Query, parse
from streamproc.web.services import SERVICES


async def waiting(request: web.Request) -> web.Response:
    """What waits, most urgent first."""
    parse(Query, request)
    name = await known_channel(request)
    catalogue, person = request.app[SERVICES].catalogue, author_of(request)
    rows = await asyncio.to_thread(catalogue.reviews.waiting, name)
    seen = await asyncio.to_thread(catalogue.sightings.seen_by, person)
    items = [waiting_answer(row, is_seen=(row.doubt, row.subject_id) in seen) for row in rows]
    return json_answer(Page[Waiting](items=items, next=None))


async def see(request: web.Request) -> web.Response:
    """Say that you have looked at something that waits."""
    book, person = request.app[SERVICES].catalogue.sightings, author_of(request)
    body = await parse_body(SeenBody, request)
    await asyncio.to_thread(book.see, person, body.kind, body.subject_id)
    return json_answer(SeenBy(kind=body.kind, subject_id=body.subject_id, author=person))


async def of_boundary(request: web.Request) -> web.Response:
    """Say that a boundary is right."""
    catalogue, number = request.app[SERVICES].catalogue, int(request.match_info["id"])
    body = await parse_body(VerdictBody, request)
    if await asyncio.to_thread(catalogue.boundary, number) is None:
        raise web.HTTPNotFound(reason=f"no boundary has the number {number}")
    author = author_of(request, body.author)
    review = await asyncio.to_thread(partial(catalogue.reviews.accept_boundary, number, author))
    return json_answer(ReviewSaid(id=review, verdict=body.verdict), HTTPStatus.CREATED)


async def of_programme(request: web.Request) -> web.Response:
    """Say that a programme's name and splits are right."""
    catalogue, number = request.app[SERVICES].catalogue, int(request.match_info["id"])
    body = await parse_body(VerdictBody, request)
    if await asyncio.to_thread(catalogue.programmes.get, number) is None:
        raise web.HTTPNotFound(reason=f"no programme has the number {number}")
    author = author_of(request, body.author)
    review = await asyncio.to_thread(partial(catalogue.reviews.accept_programme, number, author))
    return json_answer(ReviewSaid(id=review, verdict=body.verdict), HTTPStatus.CREATED)
