"""What may stand behind the question mark; one model a route. They are also the OpenAPI parameters."""

from datetime import datetime
from typing import Annotated, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streamproc.catalogue.finishing import DeliveryState
from streamproc.messages import BoundaryState, Kind
from streamproc.timebase import NS, ns_from_utc
from streamproc.web.bodies import Name
from streamproc.web.moments import Moment

Q = TypeVar("Q", bound="Query")
_LONGEST_NS = 8 * 24 * 3600 * NS


class Query(BaseModel):
    """The parameters of a route."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class PageQuery(Query):
    """A part of a list, newest first."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    """At most so many."""
    before: Annotated[int, Field(ge=1, lt=1 << 63)] | None = None
    """Only those with a smaller number; ``next`` of an answer sets it."""


class SegmentsQuery(PageQuery):
    """Which segments are wanted."""

    from_: Annotated[Moment | None, Field(alias="from")] = None
    """Only what ends after this moment; ISO 8601 with an offset."""
    to: Moment | None = None
    """Only what begins before this moment."""
    kind: Kind | None = None
    """Only this kind."""
    state: BoundaryState | None = None
    """Only provisional or only final ones."""


class DeliveriesQuery(PageQuery):
    """Which deliveries are wanted."""

    target: Name | None = None
    """Only those to this target."""
    state: DeliveryState | None = None
    """Only those that are so far."""
    clip: Annotated[int, Field(ge=1, lt=1 << 63)] | None = None
    """Only those of this clip."""
    piece: Annotated[int, Field(ge=1, lt=1 << 63)] | None = None
    """Only those of this piece."""


class StretchQuery(Query):
    """Which stretch of time is drawn."""

    from_: Annotated[Moment, Field(alias="from")]
    """Where it begins; ISO 8601 with an offset."""
    to: Moment
    """Where it ends; at most eight days later."""

    def stretch_ns(self) -> tuple[int, int]:
        """Return its ends, Unix nanoseconds. Raises HTTPBadRequest: it is none, or too long."""
        check_order(self.from_, self.to)
        start_ns, end_ns = ns_from_utc(self.from_), ns_from_utc(self.to)
        if end_ns - start_ns > _LONGEST_NS:
            raise web.HTTPBadRequest(reason="from and to are more than eight days apart; ask for less")
        return start_ns, end_ns


def check_order(start: datetime, end: datetime) -> None:
    """Raises HTTPBadRequest unless one moment is before the other."""
    if end <= start:
        raise web.HTTPBadRequest(reason=f"from = {start.isoformat()} is not before to = {end.isoformat()}")


def parse(query: type[Q], request: web.Request) -> Q:
    """Return the parameters of a request. Raises HTTPBadRequest, which names the first wrong one."""
    if len(set(request.query)) < len(request.query):
        raise web.HTTPBadRequest(reason="a parameter is given twice")
    try:
        return query.model_validate(dict(request.query))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = str(first["loc"][0])
        known = ", ".join(field.alias or key for key, field in query.model_fields.items())
        if first["type"] == "extra_forbidden":
            raise web.HTTPBadRequest(reason=f"there is no parameter {name!r}; there are: {known}") from error
        raise web.HTTPBadRequest(reason=f"{name} = {first['input']!r}: {first['msg']}") from error
