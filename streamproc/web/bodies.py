"""What may be sent; one model a request. They are also the schemas of the bodies in the OpenAPI document."""

import hashlib
import re
import unicodedata
from fractions import Fraction
from typing import Annotated, Literal, Self, TypeVar

from aiohttp import web
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    ValidationError,
    model_validator,
)

from streamproc.catalogue.finishing import Mode, Verdict
from streamproc.catalogue.reviews import Doubt
from streamproc.logic.order_lines import LONGEST_LINE, LONGEST_NAME, LONGEST_RANGE_NS, MOST_LINES, decode
from streamproc.logic.order_times import UnclearError
from streamproc.messages import Kind
from streamproc.timebase import NS
from streamproc.web.moments import Moment

B = TypeVar("B", bound=BaseModel)
LARGEST_BODY = 1 << 20
LONGEST_DESCRIPTION = 5000
LONGEST_KEY = 200
KEY = "Idempotency-Key"
JSON = "application/json"
TABLES = ("text/csv", "text/plain")
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,18})?|[0-9]{1,20}/[0-9]{1,20}")


def _line(text: str) -> str:
    """Return a text without blanks at its ends. Raises ValueError: it is empty, or has what is no text."""
    text = _paragraphs(text)
    if "\n" in text:
        raise ValueError("write it on one line")
    return text


def _paragraphs(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise ValueError("it is empty")
    if any(unicodedata.category(letter) in ("Cc", "Cs") and letter != "\n" for letter in text):
        raise ValueError("it holds control characters")
    return text


def _seconds(value: object) -> object:
    """Take seconds as 12.5, "12.5" or "25/2", exactly. Raises ValueError."""
    text = str(value).strip() if isinstance(value, float | str) or type(value) is int else ""
    if not _SECONDS.fullmatch(text):  # before any arithmetic: 1e999999999 would keep the machine busy for ever
        raise ValueError('write seconds as 12.5, "12.5" or "25/2"')
    try:
        return Fraction(text)
    except ZeroDivisionError as error:
        raise ValueError("it divides by 0") from error


Name = Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(_line)]
Paragraph = Annotated[str, Field(max_length=LONGEST_DESCRIPTION), AfterValidator(_paragraphs)]
Seconds = Annotated[
    Fraction,
    BeforeValidator(_seconds, json_schema_input_type=str | float),
]
Author = Annotated[str, Field(max_length=64), AfterValidator(_line)]


class Body(BaseModel):
    """A JSON object that is sent; unknown keys are refused, and 0 is not false."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
        arbitrary_types_allowed=True,
        populate_by_name=False,
    )


class OrderBody(Body):
    """A wanted piece: a line as it would be pasted, or the same said apart."""

    text: Annotated[str, Field(max_length=LONGEST_LINE), AfterValidator(_line)] | None = None
    """A line of a list: "НТВ 26.11 12:30-12:45 интервью". With it, only target, due and key."""
    name: Name | None = None
    """What the programme is called, or the range shall be."""
    channel: Annotated[str, Field(max_length=64)] | None = None
    """Short name of the channel."""
    from_: Annotated[Moment | None, Field(alias="from")] = None
    """Of a range its in point; of a programme about when it begins."""
    to: Moment | None = None
    """Of a range its out point; left out for a programme."""
    due: Moment | None = None
    """Until when it is wanted."""
    target: Annotated[str, Field(max_length=64), AfterValidator(_line)] | None = None
    """A target it goes to besides those of its channel."""
    key: Annotated[str, Field(min_length=1, max_length=LONGEST_KEY)] | None = None
    """The desk's own number of it: an order with the same key is the same order."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        apart = [self.name, self.channel, self.from_, self.to]
        if self.text is not None and any(value is not None for value in apart):
            raise ValueError("give either text, or name, channel, from and to")
        if self.text is None and self.name is None and self.from_ is None:
            raise ValueError("give text, or a name, or from")
        if self.to is not None and self.from_ is None:
            raise ValueError("it has an end and no beginning")
        return self


class OrdersBody(RootModel[Annotated[list[OrderBody], Field(min_length=1, max_length=MOST_LINES)]]):
    """A list of wanted pieces."""


class OrderChange(Body):
    """What of an order is changed; what is left out stays."""

    channel: Annotated[str, Field(max_length=64)] | None = None
    """Short name of the channel that it is on."""
    title: Name | None = None
    """The name that is looked for, or that the range shall have."""
    programme_id: Annotated[int, Field(ge=1, lt=1 << 63)] | None = None
    """The programme that it means: the answer when it asks which."""
    from_: Annotated[Moment | None, Field(alias="from")] = None
    """Its beginning."""
    to: Moment | None = None
    """The end of a range."""
    target: Annotated[str, Field(max_length=64), AfterValidator(_line)] | None = None
    """The target."""


class PieceWish(Body):
    """A piece that is wanted."""

    mode: Mode = Mode.EXACT
    """exact: to the frame; keyframe: rounded outward; reencode: for the web, with loudness normalised."""
    title: Name | None = None
    """What it is called."""
    description: Paragraph | None = None
    """What it is about."""
    author: Author | None = None
    """Who wants it; who is signed in, wherever somebody is."""


class DeliveryBody(Body):
    """A file to be delivered."""

    target: Annotated[str, Field(max_length=64), AfterValidator(_line)]
    """Name of a target of the configuration."""
    clip: Annotated[int, Field(ge=1, lt=1 << 63)] | None = None
    """The clip's number; or"""
    piece: Annotated[int, Field(ge=1, lt=1 << 63)] | None = None
    """the piece's."""

    @model_validator(mode="after")
    def _one_file(self) -> Self:
        if (self.clip is None) == (self.piece is None):
            raise ValueError("name either a clip or a piece")
        return self


class RangeBody(PieceWish):
    """A range: by wall time, or by seconds or frames of an epoch. The out point is exclusive, and may lie ahead."""

    in_: Annotated[Moment | None, Field(alias="in")] = None
    """In point, wall time with an offset."""
    out: Moment | None = None
    """Out point, wall time with an offset."""
    epoch: Annotated[int, Field(ge=0, lt=1 << 63)] | None = None
    """The epoch that the following count in."""
    in_s: Seconds | None = None
    """In point, seconds; a number, or exactly as "25/2"."""
    out_s: Seconds | None = None
    """Out point, seconds."""
    in_frame: Annotated[int, Field(ge=0, lt=1 << 31)] | None = None
    """Number of the first frame, from 0 in presentation order."""
    out_frame: Annotated[int, Field(ge=0, lt=1 << 31)] | None = None
    """Number of the first frame that no longer belongs to it."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        pairs = {
            "in and out": (self.in_, self.out),
            "in_s and out_s": (self.in_s, self.out_s),
            "in_frame and out_frame": (self.in_frame, self.out_frame),
        }
        given = [name for name, pair in pairs.items() if pair != (None, None)]
        if len(given) != 1 or None in pairs[given[0]]:
            raise ValueError(f"give both of one pair: {', or '.join(pairs)}")
        if (given[0] == "in and out") != (self.epoch is None):
            raise ValueError("epoch belongs to in_s and out_s, or in_frame and out_frame, and to nothing else")
        first, last = pairs[given[0]]
        if not first < last:  # type: ignore[operator]  # both are there, and of one kind
            raise ValueError("it ends before it begins")
        return self._not_too_long()

    def _not_too_long(self) -> Self:
        if self.in_ is not None and self.out is not None:
            length = Fraction((self.out - self.in_).total_seconds())
        elif self.in_s is not None and self.out_s is not None:
            length = self.out_s - self.in_s
        else:
            return self
        if length > LONGEST_RANGE_NS // NS:
            raise ValueError("it is longer than 12 hours")
        return self


class Description(Body):
    """Another title, another description; what is left out stays."""

    title: Name | None = None
    """What it is called."""
    description: Paragraph | None = None
    """What it is about."""
    author: Author | None = None
    """Who says so; who is signed in, wherever somebody is."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.title is None and self.description is None:
            raise ValueError("give a title, a description, or both")
        return self


class VerdictBody(Body):
    """What somebody says of what was not sure."""

    verdict: Verdict
    """accepted: it is right as it is."""
    author: Author | None = None
    """Who says so; who is signed in, wherever somebody is."""


class SeenBody(Body):
    """What somebody has looked at."""

    kind: Doubt
    """boundary, name or split, as the list of reviews has it."""
    subject_id: Annotated[int, Field(ge=1, lt=1 << 63)]
    """The boundary's number, or the programme's."""


class MoveBody(Body):
    """Where a boundary shall be: one of the three."""

    frame: Annotated[int, Field(ge=0, lt=1 << 31)] | None = None
    """Number of the first frame after it, from 0 in presentation order in its epoch."""
    time: Seconds | None = None
    """Seconds in its epoch, a number or exactly as "801/25"; the first frame from there on is taken."""
    by_frames: Annotated[int, Field(gt=-(1 << 24), lt=1 << 24)] | None = None
    """So many frames later; earlier where it is below 0."""
    author: Author | None = None
    """Who says so."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(value is not None for value in (self.frame, self.time, self.by_frames)) != 1:
            raise ValueError("give one of frame, time and by_frames")
        return self


class MarkBody(Body):
    """A stretch of an epoch, and what it is."""

    epoch: Annotated[int, Field(ge=0, lt=1 << 63)]
    """The epoch that the following count in."""
    start: Seconds | None = None
    """Where it begins, seconds; the first frame from there on is taken. Or"""
    start_frame: Annotated[int, Field(ge=0, lt=1 << 31)] | None = None
    """the number of its first frame."""
    end: Seconds | None = None
    """Where it ends, exclusive, seconds. Or"""
    end_frame: Annotated[int, Field(ge=0, lt=1 << 31)] | None = None
    """the number of the first frame that no longer belongs to it."""
    kind: Literal[Kind.PROGRAMME, Kind.ADVERT]
    """programme or advert."""
    author: Author | None = None
    """Who says so."""

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if (self.start is None) == (self.start_frame is None):
            raise ValueError("give either start or start_frame")
        if (self.end is None) == (self.end_frame is None):
            raise ValueError("give either end or end_frame")
        return self


class SplitBody(Body):
    """Where the second of two programmes begins: a frame, or a time."""

    epoch: Annotated[int, Field(ge=0, lt=1 << 63)]
    """The epoch that it counts in."""
    frame: Annotated[int, Field(ge=0, lt=1 << 31)] | None = None
    """Number of its first frame. Or"""
    time: Seconds | None = None
    """its time, seconds."""
    author: Author | None = None
    """Who says so."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.frame is None) == (self.time is None):
            raise ValueError("give either frame or time")
        return self


class MergeBody(Body):
    """What a programme is one with."""

    with_: Annotated[int, Field(alias="with", ge=1, lt=1 << 63)]
    """The other programme's number; it becomes part of the first."""
    author: Author | None = None
    """Who says so."""


class AuthorBody(Body):
    """Who does it."""

    author: Author | None = None
    """Who says so."""


async def parse_body(body: type[B], request: web.Request) -> B:
    """Return what was sent. Raises HTTPUnsupportedMediaType, HTTPBadRequest, HTTPUnprocessableEntity and so on."""
    if request.content_type != JSON:
        raise web.HTTPUnsupportedMediaType(reason=f"send {JSON}, with a Content-Type that says so")
    data = await read(request)
    try:
        return body.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise web.HTTPBadRequest(reason=one_line(f"the body is no JSON: {first['msg']}")) from error
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise web.HTTPUnprocessableEntity(reason=one_line(f"{where}: {said}" if where else said)) from error


async def parse_text(request: web.Request) -> str:
    """Return a list that was sent as text. Raises HTTPUnprocessableEntity, HTTPRequestEntityTooLarge."""
    data = await read(request)
    charset = (request.charset or "").casefold()
    try:
        if charset and charset not in ("utf-8", "utf8"):
            return data.decode(charset)
        return decode(data)
    except (UnclearError, UnicodeDecodeError, LookupError) as error:
        said = error.note.en if isinstance(error, UnclearError) else f"the body is no text in {charset}"
        raise web.HTTPUnprocessableEntity(reason=one_line(said)) from error


async def read(request: web.Request) -> bytes:
    """Return the body. Raises HTTPRequestEntityTooLarge; HTTPBadRequest when it broke off."""
    try:
        return await request.read()
    except ConnectionError as error:
        raise web.HTTPBadRequest(reason="the connection was lost before all of the body had come") from error
    except web.HTTPRequestEntityTooLarge as error:
        raise web.HTTPRequestEntityTooLarge(
            LARGEST_BODY, error.status, reason=f"the body is larger than {LARGEST_BODY} bytes; send it in parts"
        ) from error


def idempotency_key(request: web.Request, prefix: str) -> str | None:
    """Return what the catalogue keeps of a request's Idempotency-Key; None without one. Raises HTTPBadRequest.

    prefix: keeps the keys of different queues and origins apart.
    """
    key = request.headers.get(KEY)
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY:
        raise web.HTTPBadRequest(reason=f"{KEY}: it must have 1 to {LONGEST_KEY} characters")
    return prefix + hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def one_line(text: str) -> str:
    """Return what may stand in a status line: aiohttp puts reasons there."""
    return " ".join(text.split())
