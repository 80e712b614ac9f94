"""The handlers of users, tokens and the audit log."""

import asyncio
from functools import partial
from http import HTTPStatus

from aiohttp import web

from streamproc.catalogue import UserRole
from streamproc.catalogue.keys import TokenRow
from streamproc.catalogue.signing import UserChange
from streamproc.errors import ConfigError
from streamproc.timebase import NS
from streamproc.web.answers import Page
from streamproc.web.api import json_answer, part
from streamproc.web.bodies import parse_body
from streamproc.web.people_bodies import (
    AuditAnswer,
    AuditQuery,
    MadeToken,
    NewToken,
    NewUser,
    TokenAnswer,
    UserAnswer,
    UserPatch,
    audit_answer,
    token_answer,
    token_fields,
    user_answer,
)
from streamproc.web.person import SCOPES, Person, Way, person_of
from streamproc.web.queries import Query, parse
from streamproc.web.services import SERVICES
from streamproc.web.tries import TRIES

DAY_NS = 86_400 * NS


async def users(request: web.Request) -> web.Response:
    """Everybody who may sign in."""
    parse(Query, request)
    rows = await asyncio.to_thread(request.app[SERVICES].catalogue.people.all)
    return json_answer(Page[UserAnswer](items=[user_answer(row) for row in rows], next=None))


async def user(request: web.Request) -> web.Response:
    """One of them."""
    number = int(request.match_info["id"])
    row = await asyncio.to_thread(request.app[SERVICES].catalogue.people.get, number)
    if row is None:
        raise _no_user(number)
    return json_answer(user_answer(row))


async def add_user(request: web.Request) -> web.Response:
    """Add somebody; the first must be an admin."""
    people, body = request.app[SERVICES].catalogue.people, await parse_body(NewUser, request)
    if body.role is not UserRole.ADMIN and not await asyncio.to_thread(people.exist):
        raise web.HTTPUnprocessableEntity(reason="role: the first user must be an admin, to add the others")
    add = partial(people.add, body.name, body.role, full_name=body.full_name or "", password=body.password)
    try:
        async with request.app[TRIES].at_once:
            row = await asyncio.to_thread(add)
    except ConfigError as error:
        raise web.HTTPUnprocessableEntity(reason=str(error)) from error
    answer = json_answer(user_answer(row), HTTPStatus.CREATED)
    answer.headers["Location"] = f"/api/v1/users/{row.id}"
    return answer


async def change_user(request: web.Request) -> web.Response:
    """Change somebody."""
    number, body = int(request.match_info["id"]), await parse_body(UserPatch, request)
    change = UserChange(full_name=body.full_name, role=body.role, disabled=body.disabled, password=body.password)
    async with request.app[TRIES].at_once:
        row = await asyncio.to_thread(request.app[SERVICES].catalogue.people.change, number, change)
    if row is None:
        raise _no_user(number)
    return json_answer(user_answer(row))


async def remove_user(request: web.Request) -> web.Response:
    """Delete somebody."""
    number = int(request.match_info["id"])
    if not await asyncio.to_thread(request.app[SERVICES].catalogue.people.remove, number):
        raise _no_user(number)
    return web.Response(status=204)


async def tokens(request: web.Request) -> web.Response:
    """One's own tokens; everybody's for an admin."""
    parse(Query, request)
    person = person_of(request)
    whose = None if person.role is UserRole.ADMIN or person.user is None else person.user.id
    rows = await asyncio.to_thread(request.app[SERVICES].catalogue.keys.tokens, whose)
    return json_answer(Page[TokenAnswer](items=[token_answer(row) for row in rows], next=None))


async def add_token(request: web.Request) -> web.Response:
    """Make a token, for oneself, or as an admin for anybody."""
    services, person, body = request.app[SERVICES], person_of(request), await parse_body(NewToken, request)
    whose = _whose(person, body)
    for scope in body.scopes:
        if not person.may(SCOPES[scope]):
            raise web.HTTPForbidden(reason=f"you may not do yourself what the scope '{scope}' is for")
    expires_ns = None if body.days is None else services.clock.utc_ns() + body.days * DAY_NS
    scopes = sorted(set(body.scopes), key=list(SCOPES).index)
    made = await asyncio.to_thread(services.catalogue.keys.add_token, whose, body.name, scopes, expires_ns)
    if made is None:
        raise web.HTTPUnprocessableEntity(reason=f"user_id: no user has the number {whose}")
    row, secret = made
    answer = json_answer(MadeToken.model_validate({**token_fields(row), "secret": secret}), HTTPStatus.CREATED)
    answer.headers["Location"] = f"/api/v1/tokens/{row.id}"
    return answer


async def revoke_token(request: web.Request) -> web.Response:
    """Take a token back."""
    number, person = int(request.match_info["id"]), person_of(request)
    keys = request.app[SERVICES].catalogue.keys
    row = await asyncio.to_thread(keys.token, number)
    if row is None or not _is_theirs(row, person):
        raise web.HTTPNotFound(reason=f"no token of yours has the number {number}")
    await asyncio.to_thread(keys.revoke, number)
    return web.Response(status=204)


async def audit(request: web.Request) -> web.Response:
    """Who did what."""
    query = parse(AuditQuery, request)
    log = request.app[SERVICES].catalogue.audit
    find = partial(log.find, author=query.author, before_id=query.before, limit=query.limit + 1)
    rows = await asyncio.to_thread(find)
    items, following = part(request, rows, query)
    return json_answer(Page[AuditAnswer](items=[audit_answer(row) for row in items], next=following))


def _whose(person: Person, body: NewToken) -> int:
    """Return in whose name a token is wanted. Raises HTTPForbidden, HTTPConflict."""
    if person.way is Way.TOKEN and person.role is not UserRole.ADMIN:
        raise web.HTTPForbidden(reason="a token makes no tokens, unless it has the scope 'admin'; sign in")
    own = None if person.user is None else person.user.id
    if body.user_id is not None and body.user_id != own and person.role is not UserRole.ADMIN:
        raise web.HTTPForbidden(reason="user_id: only an admin makes tokens in somebody else's name")
    whose = body.user_id or own
    if whose is None:
        raise web.HTTPConflict(reason="there are no users yet, so no token is needed; add a user first")
    return whose


def _is_theirs(row: TokenRow, person: Person) -> bool:
    return person.role is UserRole.ADMIN or (person.user is not None and row.user.id == person.user.id)


def _no_user(number: int) -> web.HTTPNotFound:
    return web.HTTPNotFound(reason=f"no user has the number {number}")
