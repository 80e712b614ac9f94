"""People of the tests, and clients that are signed in as them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, CookieJar

from streamproc.catalogue import Catalogue, UserRole
from streamproc.catalogue.signing import UserChange, UserRow

PASSWORD = "correct horse battery"
SESSION = "/api/v1/session"
KEPT_OUT = UserChange(disabled=True)


def add(catalogue: Catalogue, name: str, role: UserRole = UserRole.EDITOR) -> UserRow:
    return catalogue.people.add(name, role, password=PASSWORD)


def token(catalogue: Catalogue, user: UserRow, *scopes: str) -> dict[str, str]:
    """Return the headers of a program that has a token with these scopes."""
    made = catalogue.keys.add_token(user.id, "test", scopes, None)
    assert made is not None
    return {"Authorization": f"Bearer {made[1]}"}


@asynccontextmanager
async def browser(address: str) -> AsyncIterator[ClientSession]:
    """A client that keeps cookies, also those of an address that is no name."""
    async with ClientSession(address, cookie_jar=CookieJar(unsafe=True)) as client:
        yield client


async def sign_in(client: ClientSession, name: str, password: str = PASSWORD) -> dict[str, Any]:
    """Sign in; from then on the client sends the session's token as our page does."""
    async with client.post(SESSION, json={"name": name, "password": password}) as answer:
        me: dict[str, Any] = await answer.json(content_type=None)
        me["status"] = answer.status
        if answer.status == 200:
            client.headers["X-CSRF-Token"] = me["csrf"]
    return me
