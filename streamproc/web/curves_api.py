"""Curves along a channel's time, as many values as can be drawn."""

import asyncio
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from streamproc.catalogue import Catalogue
from streamproc.catalogue.people import CurveKind
from streamproc.logic.decimate import decimated
from streamproc.web.answers import Answer
from streamproc.web.api import json_answer, known_channel
from streamproc.web.queries import StretchQuery, parse
from streamproc.web.services import SERVICES

_MS: Final = 1_000_000
Drawn = tuple[float, float, float, float]


class CurvesQuery(StretchQuery):
    """Which stretch of time is drawn, and how finely."""

    points: Annotated[int, Field(ge=1, le=5000)] = 1000
    """At most so many values of each curve."""


class Curves(Answer):
    """What was measured along a stretch of a channel's time; all times are Unix milliseconds."""

    from_: Annotated[float, Field(serialization_alias="from")]
    """Where it begins, as asked."""
    to: float
    """Where it ends, as asked."""
    score: list[Drawn]
    """Probability that the bug is on the picture: time, least, mean and greatest value of each bucket with any."""
    level: list[Drawn]
    """Level of the sound, dBFS, mean square over half a second: the same; -100 is silence."""


async def curves(request: web.Request) -> web.Response:
    """The curves of a stretch of time."""
    query = parse(CurvesQuery, request)
    name = await known_channel(request)
    catalogue = request.app[SERVICES].catalogue
    stretch = query.stretch_ns()
    return await asyncio.to_thread(lambda: json_answer(draw_curves(catalogue, name, stretch, query.points)))


def draw_curves(catalogue: Catalogue, name: str, stretch: tuple[int, int], points: int) -> Curves:
    """Return the curves of a stretch of wall time, nanoseconds; reads the catalogue."""
    return Curves(
        from_=stretch[0] / _MS,
        to=stretch[1] / _MS,
        score=_drawn(catalogue, name, CurveKind.SCORE, stretch, points),
        level=_drawn(catalogue, name, CurveKind.LEVEL, stretch, points),
    )


def _drawn(catalogue: Catalogue, name: str, kind: CurveKind, stretch: tuple[int, int], points: int) -> list[Drawn]:
    found = catalogue.curves.between(name, kind, *stretch)
    # In milliseconds: nanoseconds times the number of buckets would not fit into 64 bits.
    ends = stretch[0] // _MS, -(-stretch[1] // _MS)
    times, values = decimated(found.times_ns // _MS, found.values, ends, points)
    digits = 4 if kind is CurveKind.SCORE else 2
    rows = zip(times.tolist(), values.round(digits).tolist(), strict=True)
    return [(time, low, mean, high) for time, (low, mean, high) in rows]
