"""/api/v1/channels/NAME/cues: SCTE-35 cues, those of the feed and those for what was found."""

import asyncio

from aiohttp import web

from streamproc.web.answers import Cue, Page, cue_answer
from streamproc.web.api import json_answer, known_channel, part
from streamproc.web.queries import PageQuery, parse
from streamproc.web.services import SERVICES


async def cues(request: web.Request) -> web.Response:
    """A channel's cues."""
    query = parse(PageQuery, request)
    catalogue = request.app[SERVICES].catalogue
    name = await known_channel(request)
    book = catalogue.cues
    rows = await asyncio.to_thread(lambda: book.of_channel(name, before_id=query.before, limit=query.limit + 1))
    items, following = part(request, rows, query)
    return json_answer(Page[Cue](items=[cue_answer(row) for row in items], next=following))
