"""What an address is, for the table of them."""

from dataclasses import dataclass, field

from pydantic import BaseModel

from streamproc.catalogue import UserRole
from streamproc.web.answers import Problem
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
EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address and method."""

    path: str
    """As aiohttp wants it; a part in braces is a parameter."""
    handler: Handler
    """What answers."""
    summary: str
    """What it answers, one line."""
    answer: type[BaseModel] | None
    """The shape of a good answer; None when it is not JSON."""
    media_type: str = JSON
    """How it comes."""
    query: type[Query] | None = None
    """What may stand behind the question mark."""
    method: str = "GET"
    """GET (and so HEAD), POST, PUT, PATCH or DELETE."""
    status: int = 200
    """That of a good answer."""
    body: type[BaseModel] | None = None
    """What is sent as JSON; None where nothing is."""
    also_takes: tuple[str, ...] = ()
    """Media types besides JSON in which the body may come, as text."""
    has_key: bool = False
    """Whether Idempotency-Key is understood: the same request again does nothing more."""
    has_version: bool = False
    """Whether If-Match must say which version is changed."""
    statuses: dict[int, str] = field(default_factory=dict)
    """Other answers and what they mean."""
    problems: dict[int, type[Problem]] = field(default_factory=dict)
    """The shapes of problems that say more than others, by status."""
    needs: UserRole | None = None
    """The role that it needs, where that is not a viewer's for reading and an editor's for writing."""
    is_public: bool = False
    """Whether anybody may ask, signed in or not."""

    @property
    def least(self) -> UserRole | None:
        """The least role that may ask; None when anybody may."""
        if self.is_public:
            return None
        return self.needs or (UserRole.VIEWER if self.method == "GET" else UserRole.EDITOR)


NO_CHANNEL = {404: "No channel has this name."}
BAD = {400: "A parameter is wrong."}
VERSIONED = {
    412: "It is another version by now; the detail says who changed it, and how.",
    428: "If-Match is missing: it must say which version is changed.",
}
WRITES = {
    400: "The body is not JSON.",
    413: "The body is too large.",
    415: "The body is of a type that is not understood here.",
    422: "The body says something that makes no sense; the detail names it.",
}
