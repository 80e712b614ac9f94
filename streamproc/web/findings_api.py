"""The handlers of findings: what was found painted over, and what people say of it."""

import asyncio
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Annotated

from aiohttp import hdrs, web
from pydantic import Field

from streamproc.catalogue.findings import FindingFilter, FindingRow, Findings
from streamproc.catalogue.forensics import FindingVerdict
from streamproc.timebase import ns_from_utc
from streamproc.web.answers import Finding, Page, finding_answer
from streamproc.web.api import json_answer, known_channel, part
from streamproc.web.bodies import Author, Body, Paragraph, parse_body
from streamproc.web.edits_api import wanted_version
from streamproc.web.moments import Moment
from streamproc.web.person import author_of
from streamproc.web.queries import PageQuery, check_order, parse
from streamproc.web.services import SERVICES


class Judged(StrEnum):
    """What people have said so far."""

    NONE = "none"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class FindingsQuery(PageQuery):
    """Which findings are wanted."""

    from_: Annotated[Moment | None, Field(alias="from")] = None
    """Only what is seen at or after this moment; ISO 8601 with an offset."""
    to: Moment | None = None
    """Only what begins before this moment."""
    verdict: Judged | None = None
    """Only what people have said this of; none: nobody has said anything."""


class FindingVerdictBody(Body):
    """What somebody says of a finding."""

    verdict: FindingVerdict | None
    """confirmed: something was painted over; dismissed: nothing was; null takes back what was said."""
    note: Paragraph | None = None
    """In their own words."""
    author: Author | None = None
    """Who says so; who is signed in, wherever somebody is."""


async def findings(request: web.Request) -> web.Response:
    """A channel's findings, newest first."""
    query = parse(FindingsQuery, request)
    if query.from_ is not None and query.to is not None:
        check_order(query.from_, query.to)
    name = await known_channel(request)
    where = FindingFilter(
        from_ns=_ns(query.from_),
        until_ns=_ns(query.to),
        verdict=None if query.verdict in (None, Judged.NONE) else FindingVerdict(query.verdict),
        unjudged=query.verdict is Judged.NONE,
        before_id=query.before,
        limit=query.limit + 1,
    )
    rows = await asyncio.to_thread(_book(request).of_channel, name, where)
    items, following = part(request, rows, query)
    return json_answer(Page[Finding](items=[finding_answer(row) for row in items], next=following))


async def finding(request: web.Request) -> web.Response:
    """One finding."""
    return json_answer(finding_answer(await _known(request)))


async def heat(request: web.Request) -> web.Response:
    """How much each place looks painted over."""
    number = int(request.match_info["id"])
    picture = await asyncio.to_thread(_book(request).heat, number)
    if picture is None:
        raise _none(number)
    headers = {"Content-Type": "image/png", "Cache-Control": "private, no-cache"}  # it changes while the finding grows
    return web.Response(body=picture, headers=headers)


async def judge(request: web.Request) -> web.Response:
    """Say what a finding is, or take that back."""
    body = await parse_body(FindingVerdictBody, request)
    row, version = await _known(request), wanted_version(request)
    author = author_of(request, body.author)
    judge = partial(_book(request).judge, row.id, body.verdict, body.note, author, version=version)
    await asyncio.to_thread(judge)
    judged = finding_answer(await _known(request))
    answer = json_answer(judged)
    answer.headers[hdrs.ETAG] = f'"{judged.verdict_version}"'
    return answer


def _book(request: web.Request) -> Findings:
    return request.app[SERVICES].catalogue.findings


async def _known(request: web.Request) -> FindingRow:
    number = int(request.match_info["id"])
    row = await asyncio.to_thread(_book(request).get, number)
    if row is None:
        raise _none(number)
    return row


def _none(number: int) -> web.HTTPNotFound:
    return web.HTTPNotFound(reason=f"no finding has the number {number}")


def _ns(moment: datetime | None) -> int | None:
    return None if moment is None else ns_from_utc(moment)
