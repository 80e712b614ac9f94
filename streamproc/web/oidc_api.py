"""The handlers of signing in with an identity provider: the browser goes there, and comes back.

A person sees these addresses, so what fails leads back to the page, which says so in words; the log says why.
"""

import asyncio
import hmac

import structlog
from aiohttp import web

from streamproc.catalogue import UserRole
from streamproc.web.guard import GUARD
from streamproc.web.oidc import Attempt, Provider, ProviderFailed, Vouched
from streamproc.web.person import CLIENT
from streamproc.web.queries import Query
from streamproc.web.services import SERVICES
from streamproc.web.session_api import begin, note, set_cookie

BACK = "/api/v1/session/oidc/back"
ATTEMPT_COOKIE = "streamproc_oidc"
ATTEMPT_S = 600
SIGNED_IN = "/"
FAILED = "/?sign_in=failed"
UNKNOWN = "/?sign_in=unknown"
log = structlog.get_logger()


class BackQuery(Query):
    """What the provider says; it may say more."""

    state: str | None = None
    """What ties it to the browser that began."""
    code: str | None = None
    """What the provider gives a token for."""
    error: str | None = None
    """Why there is no code."""


async def go(request: web.Request) -> web.StreamResponse:
    """Send the browser to the provider."""
    attempt = Attempt.begin()
    try:
        address = await _provider(request).address(_back(request), attempt)
    except ProviderFailed as error:
        return await _failed(request, str(error))
    answer = _leading_to(address, 302)
    answer.set_cookie(
        ATTEMPT_COOKIE,
        attempt.written(),
        path="/api/v1/session/oidc",
        httponly=True,
        samesite="Lax",  # it must come along when the provider sends the browser back
        secure=request.app[GUARD].is_https(request),
        max_age=ATTEMPT_S,
    )
    return answer


async def back(request: web.Request) -> web.StreamResponse:
    """Take up a browser that the provider sends back."""
    provider, query = _provider(request), request.query
    attempt = Attempt.read(request.cookies.get(ATTEMPT_COOKIE, ""))
    if attempt is None or not hmac.compare_digest(query.get("state", "").encode(), attempt.state.encode()):
        return await _failed(request, "it came back to a browser that had not begun, or too late")
    if "code" not in query:
        return await _failed(request, f"the provider gave no code: {' '.join(query.get('error', '').split())[:100]}")
    try:
        vouched = await provider.vouched(query["code"], _back(request), attempt)
    except ProviderFailed as error:
        return await _failed(request, str(error))
    return await _let_in(request, vouched)


async def _let_in(request: web.Request, vouched: Vouched) -> web.StreamResponse:
    services, new = request.app[SERVICES], request.app[GUARD].auth.new_people
    role = None if new is None else UserRole(new)
    user = await asyncio.to_thread(services.catalogue.people.from_outside, vouched.name, vouched.full_name, role)
    services.telemetry.web.sign_ins.labels("oidc", "refused" if user is None else "done").inc()
    if user is None:
        await note(request, vouched.name, 403)
        return _over(UNKNOWN)
    _, secret = await begin(request, user)
    answer = _over(SIGNED_IN)
    set_cookie(request, answer, secret)
    return answer


async def _failed(request: web.Request, why: str) -> web.StreamResponse:
    log.warning("web.oidc_failed", client=request[CLIENT], why=why)
    request.app[SERVICES].telemetry.web.sign_ins.labels("oidc", "refused").inc()
    return _over(FAILED)


def _over(address: str) -> web.Response:
    """Lead back to the page; the attempt is over."""
    answer = _leading_to(address, 303)
    answer.del_cookie(ATTEMPT_COOKIE, path="/api/v1/session/oidc", httponly=True, samesite="Lax")
    return answer


def _leading_to(address: str, status: int) -> web.Response:
    return web.Response(status=status, headers={"Location": address, "Cache-Control": "no-store"})


def _provider(request: web.Request) -> Provider:
    settings = request.app[GUARD].auth.oidc
    if settings.issuer is None:
        raise web.HTTPNotFound(reason="no identity provider is configured; sign in with name and password")
    return Provider(settings)


def _back(request: web.Request) -> str:
    scheme = "https" if request.app[GUARD].is_https(request) else "http"
    return f"{scheme}://{request.host}{BACK}"
