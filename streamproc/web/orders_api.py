"""The handlers of orders: a list comes in whole, and each line of it is answered for itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from http import HTTPStatus

from aiohttp import web

from streamproc.catalogue.finishing import OrderState
from streamproc.catalogue.orders import Change, OrderRow
from streamproc.logic.order_lines import (
    Desk,
    Line,
    Wanting,
    check_range,
    check_target,
    desk_of,
    moment_ns,
    named_channel,
    read_line,
    read_list,
    whole_day,
    wish_key,
)
from streamproc.logic.order_times import UnclearError
from streamproc.messages import Wanted
from streamproc.web.answers import Order, Page, order_answer, words
from streamproc.web.api import json_answer, part
from streamproc.web.bodies import TABLES, Author, OrderBody, OrderChange, OrdersBody, parse_body, parse_text
from streamproc.web.finished_answers import OrderLine, OrderList
from streamproc.web.moments import Day
from streamproc.web.person import author_of
from streamproc.web.queries import PageQuery, Query, parse
from streamproc.web.services import SERVICES, Services


class OrdersQuery(PageQuery):
    """Which orders are wanted."""

    state: OrderState | None = None
    """Only those that are so far."""


class ListQuery(Query):
    """How a list is read."""

    day: Day | None = None
    """What its times are of where a line names no day: 2026-11-26. Today when left out."""
    author: Author | None = None
    """Who orders; who is signed in, wherever somebody is."""


async def add(request: web.Request) -> web.Response:
    """Add the orders of a list."""
    services = request.app[SERVICES]
    query = parse(ListQuery, request)
    desk = await asyncio.to_thread(_desk, services, query.day)
    keyed: list[tuple[Line, str | None]]
    if request.content_type in TABLES:
        keyed = [(line, None) for line in _lines(await parse_text(request), desk)]
    else:
        body = await parse_body(OrdersBody, request)
        keyed = [(_line(number, item, desk), item.key) for number, item in enumerate(body.root, start=1)]
    wanted = [(line.wanting, _key(line.wanting, key)) for line, key in keyed if line.wanting is not None]
    added = await asyncio.to_thread(services.catalogue.orders.add, wanted, author_of(request, query.author))
    return _answered([line for line, _ in keyed], added)


async def find(request: web.Request) -> web.Response:
    """All orders, newest first."""
    query = parse(OrdersQuery, request)
    book = request.app[SERVICES].catalogue.orders
    states = () if query.state is None else (query.state,)
    ask = partial(book.find, states=states, before_id=query.before, limit=query.limit + 1)
    rows = await asyncio.to_thread(ask)
    items, following = part(request, rows, query)
    return json_answer(Page[Order](items=[order_answer(row) for row in items], next=following))


async def get(request: web.Request) -> web.Response:
    """One order."""
    return json_answer(order_answer(await _known(request)))


async def change(request: web.Request) -> web.Response:
    """Change an order."""
    row = await _known(request)
    body = await parse_body(OrderChange, request)
    catalogue = request.app[SERVICES].catalogue
    wanted = await asyncio.to_thread(_change_of, row, body, request.app[SERVICES])
    return json_answer(order_answer(await asyncio.to_thread(catalogue.orders.change, row.id, wanted)))


async def cancel(request: web.Request) -> web.Response:
    """Take an order back."""
    row = await _known(request)
    return json_answer(order_answer(await asyncio.to_thread(request.app[SERVICES].catalogue.orders.cancel, row.id)))


def _desk(services: Services, day: date | None) -> Desk:
    channels = {row.name: row.title for row in services.catalogue.channels()}
    return desk_of(services.settings, channels, services.clock.utc_ns(), day)


def _lines(text: str, desk: Desk) -> Sequence[Line]:
    try:
        return read_list(text, desk)
    except UnclearError as error:
        raise web.HTTPUnprocessableEntity(reason=error.note.en) from error


def _line(number: int, item: OrderBody, desk: Desk) -> Line:
    """Read one order of a JSON list."""
    if item.text is not None:
        line = read_line(number, item.text, desk)
    else:
        line = Line(number=number, text=item.name or item.channel or "", wanting=None, problem=None)
    try:
        wanting = _wanting(line.text, item, desk) if item.text is None else line.wanting
        check_target(item.target, desk.targets)
    except UnclearError as error:
        return replace(line, wanting=None, problem=error.note)
    if wanting is None:
        return line
    due = None if item.due is None else moment_ns(item.due)
    return replace(line, wanting=replace(wanting, due_ns=due, target=item.target))


def _wanting(text: str, item: OrderBody, desk: Desk) -> Wanting:
    channel = None if item.channel is None else named_channel(item.channel, desk.channels)
    kind = Wanted.PROGRAMME if item.to is None else Wanted.RANGE
    if item.from_ is None:
        start, over = whole_day(desk, channel)
        return Wanting(text=text, kind=kind, channel=channel, name=item.name, start_ns=start, end_ns=over)
    start, end = moment_ns(item.from_), None if item.to is None else moment_ns(item.to)
    if end is not None:
        check_range(start, end)
    return Wanting(text=text, kind=kind, channel=channel, name=item.name, start_ns=start, end_ns=end)


def _key(wanting: Wanting, own: str | None) -> str:
    """Return what makes an order the same: the desk's own number where it gives one, else what it asks for."""
    return wanting.key if own is None else wish_key("desk", own)


def _answered(lines: Sequence[Line], added: Sequence[tuple[OrderRow, bool]]) -> web.Response:
    """Answer for each line; a list of which nothing can be read is a problem."""
    if not added:
        first = next((line for line in lines if line.problem is not None), None)
        said = (
            "there is nothing to order in it"
            if first is None or first.problem is None
            else (f"line {first.number}: {first.problem.en}")
        )
        raise web.HTTPUnprocessableEntity(reason=f"no line can be taken; {said}")
    rest = iter(added)
    answers = []
    for line in lines:
        row, is_new = next(rest) if line.wanting is not None else (None, False)
        answers.append(
            OrderLine(
                line=line.number,
                text=line.text,
                order=None if row is None else order_answer(row),
                is_new=is_new,
                problem=None if line.problem is None else words(line.problem),
            )
        )
    new = sum(is_new for _, is_new in added)
    refused = sum(line.wanting is None for line in lines)
    body = OrderList(lines=answers, added=new, known=len(added) - new, refused=refused)
    answer = json_answer(body, HTTPStatus.CREATED if new else HTTPStatus.OK)
    if new:
        ids = [row.id for row, is_new in added if is_new]
        answer.headers["Location"] = f"/api/v1/orders/{ids[0]}" if len(ids) == 1 else "/api/v1/orders"
    return answer


def _change_of(row: OrderRow, body: OrderChange, services: Services) -> Change:
    """Check what an order is changed to. Raises HTTPUnprocessableEntity."""
    catalogue = services.catalogue
    if body.channel is not None and body.channel not in {feed.name for feed in catalogue.channels()}:
        raise web.HTTPUnprocessableEntity(reason=f"channel: no channel is named '{body.channel}'")
    if body.programme_id is not None and catalogue.programmes.get(body.programme_id) is None:
        raise web.HTTPUnprocessableEntity(reason=f"programme_id: no programme has the number {body.programme_id}")
    start = None if body.from_ is None else moment_ns(body.from_)
    end = None if body.to is None else moment_ns(body.to)
    if row.kind is not Wanted.RANGE and end is not None:
        raise web.HTTPUnprocessableEntity(reason="to: a programme ends where it ends; order a range instead")
    try:
        check_target(body.target, frozenset(target.name for target in services.settings.targets))
        if row.kind is Wanted.RANGE:
            check_range(row.start_ns if start is None else start, (row.end_ns or 0) if end is None else end)
    except UnclearError as error:
        raise web.HTTPUnprocessableEntity(reason=error.note.en) from error
    return Change(
        channel=body.channel,
        title=body.title,
        start_ns=start,
        end_ns=end,
        target=body.target,
        programme_id=body.programme_id,
    )


async def _known(request: web.Request) -> OrderRow:
    number = int(request.match_info["id"])
    row = await asyncio.to_thread(request.app[SERVICES].catalogue.orders.get, number)
    if row is None:
        raise web.HTTPNotFound(reason=f"no order has the number {number}")
    return row
