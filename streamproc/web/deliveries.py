"""The handlers of /api/v1/deliveries."""

import asyncio
from http import HTTPStatus

from aiohttp import web

from streamproc.catalogue.deliveries import DeliveryFilter, DeliveryRow, Finished
from streamproc.web.answers import Answer, Delivery, Page, delivery_answer
from streamproc.web.api import json_answer, part
from streamproc.web.bodies import DeliveryBody, parse_body
from streamproc.web.queries import DeliveriesQuery, Query, parse
from streamproc.web.services import SERVICES


class Target(Answer):
    """A place that finished files are sent to."""

    name: str
    """Its name in the configuration."""


async def targets(request: web.Request) -> web.Response:
    """The targets of the configuration; their addresses are nobody's business here."""
    parse(Query, request)
    names = [target.name for target in request.app[SERVICES].settings.targets]
    return json_answer(Page[Target](items=[Target(name=name) for name in names], next=None))


async def deliveries(request: web.Request) -> web.Response:
    """Deliveries, newest first."""
    query = parse(DeliveriesQuery, request)
    if query.clip is not None and query.piece is not None:
        raise web.HTTPBadRequest(reason="clip and piece are given; a delivery is of one of them")
    is_of_one = query.clip is not None or query.piece is not None
    where = DeliveryFilter(
        target=query.target,
        state=query.state,
        what=Finished(clip_id=query.clip, piece_id=query.piece) if is_of_one else None,
        before_id=query.before,
        limit=query.limit + 1,
    )
    rows = await asyncio.to_thread(request.app[SERVICES].catalogue.deliveries.all, where)
    items, following = part(request, rows, query)
    return json_answer(Page[Delivery](items=[delivery_answer(row) for row in items], next=following))


async def want(request: web.Request) -> web.Response:
    """Have a clip or piece delivered as soon as it is ready; said again, it is tried at once."""
    services = request.app[SERVICES]
    body = await parse_body(DeliveryBody, request)
    known = [target.name for target in services.settings.targets]
    if body.target not in known:
        there = ", ".join(known) or "none; add a [[targets]] table to the configuration"
        raise web.HTTPUnprocessableEntity(reason=f"no target is named '{body.target}'; there are: {there}")

    def work() -> DeliveryRow | None:
        if body.clip is not None and services.catalogue.clip(body.clip) is None:
            raise web.HTTPNotFound(reason=f"no clip has the number {body.clip}")
        if body.piece is not None and services.catalogue.pieces.get(body.piece) is None:
            raise web.HTTPNotFound(reason=f"no piece has the number {body.piece}")
        book = services.catalogue.deliveries
        return book.get(book.want(body.target, Finished(clip_id=body.clip, piece_id=body.piece)))

    row = await asyncio.to_thread(work)
    assert row is not None  # it was written a moment ago, and nothing deletes one
    answer = json_answer(delivery_answer(row), HTTPStatus.ACCEPTED)
    answer.headers["Location"] = f"/api/v1/deliveries/{row.id}"
    return answer


async def delivery(request: web.Request) -> web.Response:
    """One delivery."""
    number = int(request.match_info["id"])
    row = await asyncio.to_thread(request.app[SERVICES].catalogue.deliveries.get, number)
    if row is None:
        raise web.HTTPNotFound(reason=f"no delivery has the number {number}")
    return json_answer(delivery_answer(row))
