"""Who asks: what the guard found out, for the handlers."""

from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from streamproc.catalogue import UserRole
from streamproc.catalogue.signing import UserRow

NOBODY_YET = "editor"
"""Whose name is written where nobody has to sign in and nobody says a name."""
ROLES = tuple(UserRole)
"""From the least to the most; each may also do what those before it may."""
SCOPES = {
    "read": UserRole.VIEWER,
    "write": UserRole.EDITOR,
    "engineer": UserRole.ENGINEER,
    "admin": UserRole.ADMIN,
}
"""What a token may at most be used for, by scope."""
MAY = {UserRole.VIEWER: "view", UserRole.EDITOR: "edit", UserRole.ENGINEER: "engineer", UserRole.ADMIN: "admin"}


class Way(StrEnum):
    """How it is known who asks."""

    OPEN = "open"  # it is not: there are no users, and the machine's own are let in
    SESSION = "session"  # a browser that is signed in
    TOKEN = "token"  # a program
    PROXY = "proxy"  # a trusted proxy says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asks."""

    name: str
    """What is written beside what they do."""
    role: UserRole
    """What they may do this time: that of the user, or less where a token's scopes say so."""
    way: Way
    """How that is known."""
    user: UserRow | None = None
    """Their entry; None when there are no users."""
    csrf: str | None = None
    """What a session's writing requests must carry."""

    def may(self, needed: UserRole) -> bool:
        """Tell whether the role is enough."""
        return ROLES.index(self.role) >= ROLES.index(needed)


PERSON = web.RequestKey("person", Person)
CLIENT = web.RequestKey("client", str)
_AUTHOR = web.RequestKey("author", str)


def person_of(request: web.Request) -> Person:
    """Return who asks; the route needs a role, so there is somebody."""
    return request[PERSON]


def author_of(request: web.Request, said: str | None = None) -> str:
    """Return whose name is written beside what is done: the signed-in person's, whatever the request says.

    Where there are no users it is what the request says, and ``editor`` when it says nothing.
    """
    person = request[PERSON]
    name = person.name if person.user is not None or said is None else said
    request[_AUTHOR] = name
    return name


def written_author(request: web.Request) -> str | None:
    """Return the name that a handler wrote down, or the person's; None when nobody is known."""
    person = request.get(PERSON)
    return None if person is None else request.get(_AUTHOR, person.name)


def allowed(role: UserRole) -> list[str]:
    """Return in words what a role may do."""
    return [MAY[each] for each in ROLES[: ROLES.index(role) + 1]]
