"""The handlers of signing in and out."""

import asyncio
from functools import partial

from aiohttp import web

from streamproc.catalogue.audit import Deed
from streamproc.catalogue.signing import UserChange, UserRow, plain_name
from streamproc.web.api import json_answer
from streamproc.web.bodies import parse_body
from streamproc.web.guard import COOKIE, GUARD, HOUR_NS, Guard, too_many, unauthorized
from streamproc.web.people_bodies import Me, Myself, NotSignedIn, OwnPassword, SignIn
from streamproc.web.person import CLIENT, Person, Way, allowed, person_of
from streamproc.web.queries import Query, parse
from streamproc.web.services import SERVICES
from streamproc.web.tries import TRIES

LONGEST_CLIENT = 300


async def show(request: web.Request) -> web.Response:
    """Who asks."""
    parse(Query, request)
    guard = request.app[GUARD]
    try:
        person = await guard.identify(request)
    except web.HTTPUnauthorized as error:
        return _not_signed_in(guard, error.reason)
    if person is None:
        return _not_signed_in(guard, "nobody is signed in")
    return json_answer(_me(guard, person))


async def sign_in(request: web.Request) -> web.Response:
    """Sign in with name and password."""
    guard, services = request.app[GUARD], request.app[SERVICES]
    body = await parse_body(SignIn, request)
    if await guard.is_open():
        raise web.HTTPConflict(reason="there are no users yet; add one with: streamproc users add NAME --role admin")
    tries, name = request.app[TRIES], plain_name(body.name)
    wait_s = tries.take(name, request[CLIENT])
    if wait_s:
        await note(request, name, 429)
        services.telemetry.web.sign_ins.labels("password", "refused").inc()
        raise too_many(wait_s, "too many attempts to sign in")
    async with tries.at_once:
        user = await asyncio.to_thread(services.catalogue.people.verify, name, body.password)
    services.telemetry.web.sign_ins.labels("password", "refused" if user is None else "done").inc()
    if user is None:
        await note(request, name, 401)
        raise unauthorized("name or password is wrong")
    tries.give_back(name, request[CLIENT])
    person, cookie = await begin(request, user)
    answer = json_answer(_me(guard, person))
    set_cookie(request, answer, cookie)
    return answer


async def sign_out(request: web.Request) -> web.Response:
    """Sign out."""
    services, cookie = request.app[SERVICES], request.cookies.get(COOKIE)
    if cookie is not None:
        await asyncio.to_thread(services.catalogue.keys.close_session, cookie)
    answer = web.Response(status=204)
    answer.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=request.app[GUARD].is_https(request))
    return answer


async def change_password(request: web.Request) -> web.Response:
    """Give oneself another password; all other sessions end."""
    services, person, tries = request.app[SERVICES], person_of(request), request.app[TRIES]
    body = await parse_body(OwnPassword, request)
    if person.user is None or person.way is not Way.SESSION:
        raise web.HTTPConflict(reason="only who is signed in with a browser has a password to change")
    wait_s = tries.take(person.name, request[CLIENT])
    if wait_s:
        raise too_many(wait_s, "too many attempts")
    people = services.catalogue.people
    async with tries.at_once:
        if await asyncio.to_thread(people.verify, person.name, body.old) is None:
            raise web.HTTPUnprocessableEntity(reason="old: it is not your password")
        tries.give_back(person.name, request[CLIENT])
        await asyncio.to_thread(partial(people.change, person.user.id, UserChange(password=body.new)))
    renewed, cookie = await begin(request, person.user)
    answer = json_answer(_me(request.app[GUARD], renewed))
    set_cookie(request, answer, cookie)
    return answer


async def begin(request: web.Request, user: UserRow) -> tuple[Person, str]:
    """Begin a session, in the place of the one that the browser may have; returns who it is and the cookie."""
    services, guard = request.app[SERVICES], request.app[GUARD]
    old = request.cookies.get(COOKIE)
    if old is not None:
        await asyncio.to_thread(services.catalogue.keys.close_session, old)
    longest_ns = round(guard.auth.longest_h * HOUR_NS)
    client = f"{request[CLIENT]} {request.headers.get('User-Agent', '')}"[:LONGEST_CLIENT]
    secret = await asyncio.to_thread(services.catalogue.keys.open_session, user.id, client, longest_ns)
    await note(request, user.name, 200)
    return guard.of_session(user, secret), secret


def set_cookie(request: web.Request, answer: web.StreamResponse, secret: str) -> None:
    """Give the browser its session: no script sees it, no other site's request carries it."""
    guard = request.app[GUARD]
    answer.set_cookie(
        COOKIE,
        secret,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=guard.is_https(request),
        max_age=round(guard.auth.longest_h * 3600),
    )


async def note(request: web.Request, name: str, outcome: int) -> None:
    """Write down that somebody signed in, or tried to."""
    deed = Deed(author=name, client=request[CLIENT], action="sign in", subject=request.path, outcome=outcome)
    await request.app[GUARD].write_down(deed)


def _me(guard: Guard, person: Person) -> Me:
    user = person.user
    myself = None
    if user is not None:
        myself = Myself(id=user.id, name=user.name, full_name=user.full_name, role=user.role)
    return Me.model_validate(
        {
            "user": myself,
            "open": person.way is Way.OPEN,
            "may": allowed(person.role),
            "csrf": person.csrf,
            **_ways(guard),
        }
    )


def _not_signed_in(guard: Guard, why: str) -> web.Response:
    problem = NotSignedIn.model_validate({"title": "Unauthorized", "status": 401, "detail": why, **_ways(guard)})
    answer = json_answer(problem, 401)
    answer.content_type = "application/problem+json"
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _ways(guard: Guard) -> dict[str, object]:
    oidc = guard.auth.oidc
    has_oidc = oidc.issuer is not None
    return {"sign_in": ["password", *(["oidc"] if has_oidc else [])], "oidc_title": oidc.title if has_oidc else None}
