"""What an address is, for the table of them."""

from dataclasses import dataclass, field

from pydantic import BaseModel

from streamproc.web.answers import Answer
from streamproc.web.problems import Handler
from streamproc.web.queries import Query

NAME = "{name:[a-z0-9][a-z0-9_-]{0,63}}"
NUMBER = r"{id:[0-9]{1,18}}"
PICTURE = "{number:[0-9]{1,2}}"
EPOCH = "{epoch:[0-9]{1,18}}"
FILE = "{number:[0-9]{1,9}}"
FORMAT = "{format:[a-z0-9-]{1,16}}"
JSON = "application/json"
ANY = "*/*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address and method."""

    path: str
    """As aiohttp wants it; a part in braces is a parameter."""
    handler: Handler
    """What answers."""
    summary: str
    """What it answers, one line."""
    answer: type[Answer] | None
    """The shape of a good answer; None when it is not JSON."""
    media_type: str = JSON
    """How it comes."""
    query: type[Query] | None = None
    """What may stand behind the question mark."""
    method: str = "GET"
    """GET (and so HEAD), POST, PATCH or DELETE."""
    status: int = 200
    """That of a good answer."""
    body: type[BaseModel] | None = None
    """What is sent as JSON; None where nothing is."""
    also_takes: tuple[str, ...] = ()
    """Media types besides JSON in which the body may come, as text."""
    has_key: bool = False
    """Whether Idempotency-Key is understood: the same request again does nothing more."""
    statuses: dict[int, str] = field(default_factory=dict)
    """Other answers and what they mean."""


NO_CHANNEL = {404: "No channel has this name."}
BAD = {400: "A parameter is wrong."}
WRITES = {
    400: "The body is not JSON.",
    403: "The request comes from another site's page.",
    413: "The body is too large.",
    415: "The body is of a type that is not understood here.",
    422: "The body says something that makes no sense; the detail names it.",
}
