"""Who may come in: one middleware before all handlers decides by the table of routes, and by nothing else.

In this order: no stranger while there are no users; who asks (a token, a session, a trusted proxy); not too fast;
a session's own token with what it writes; the role that the route needs. docs/decisions/0015-sign-in.md says why.
"""

import asyncio
import hashlib
import hmac
import math
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import structlog
from aiohttp import hdrs, web

from streamproc.catalogue import Catalogue, UserRole
from streamproc.catalogue.audit import Deed
from streamproc.catalogue.keys import TokenRow
from streamproc.catalogue.signing import UserRow
from streamproc.config import AuthSettings, Settings
from streamproc.errors import CatalogueError, ConfigError
from streamproc.logic.pace import Pace
from streamproc.timebase import NS, Clock
from streamproc.web.origin import READS
from streamproc.web.person import CLIENT, NOBODY_YET, PERSON, ROLES, SCOPES, Person, Way, written_author
from streamproc.web.problems import Handler
from streamproc.web.route import Route

COOKIE = "streamproc_session"
CSRF = "X-CSRF-Token"
FORWARDED_FOR = "X-Forwarded-For"
FORWARDED_PROTO = "X-Forwarded-Proto"
BURST_S = 10
API = "/api/v1/"
HOUR_NS = 3600 * NS
log = structlog.get_logger()


class Guard:
    """See the module."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        catalogue: Catalogue,
        clock: Clock,
        routes: Mapping[tuple[str, str], Route],
    ) -> None:
        """routes: by method and by path as aiohttp calls it."""
        self._settings = settings
        self._catalogue = catalogue
        self._clock = clock
        self._routes = routes
        self._is_closed = False
        rate = settings().web.auth.requests_per_s
        self._pace = Pace(rate, max(1, round(rate * BURST_S)))

    @property
    def auth(self) -> AuthSettings:
        """What the configuration says now."""
        return self._settings().web.auth

    async def is_open(self) -> bool:
        """Tell whether nobody has to sign in: no user was ever added, and nobody outside vouches for people."""
        if self.auth.vouches or self._is_closed:
            return False
        # Once closed it stays closed, whatever becomes of the table, until the process starts anew.
        self._is_closed = await asyncio.to_thread(self._catalogue.people.exist)
        return not self._is_closed

    async def identify(self, request: web.Request) -> Person | None:
        """Return who asks; None when that is not known. Raises HTTPUnauthorized: what they show is not valid."""
        if await self.is_open():
            return Person(name=NOBODY_YET, role=UserRole.ADMIN, way=Way.OPEN)
        scheme, _, secret = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.casefold() == "bearer":
            return await self._of_token(secret.strip())
        cookie = request.cookies.get(COOKIE)
        if cookie is not None:
            idle_ns = round(self.auth.idle_h * HOUR_NS)
            user = await asyncio.to_thread(self._catalogue.keys.of_session, cookie, idle_ns)
            if user is not None:
                return self.of_session(user, cookie)
        return await self._of_proxy(request)

    async def is_welcome(self, request: web.Request) -> bool:
        """Tell whether a request that is answered for a long time may still be."""
        try:
            person = await self.identify(request)
        except web.HTTPException:
            return False
        needed = self.needed(request)
        return person is not None and (needed is None or person.may(needed))

    def of_session(self, user: UserRow, secret: str) -> Person:
        """Return somebody who is signed in."""
        return Person(name=user.name, role=user.role, way=Way.SESSION, user=user, csrf=csrf_of(secret))

    async def _of_token(self, secret: str) -> Person:
        row = await asyncio.to_thread(self._catalogue.keys.of_token, secret)
        if row is None:
            raise unauthorized("the token is not valid: it was taken back, is over, or was never one of ours")
        return Person(name=row.user.name, role=_least(row), way=Way.TOKEN, user=row.user)

    async def _of_proxy(self, request: web.Request) -> Person | None:
        auth = self.auth
        if auth.proxy_header is None or not self.is_trusted(request.remote):
            return None
        name = request.headers.get(auth.proxy_header)
        if not name:
            return None
        role = None if auth.new_people is None else UserRole(auth.new_people)
        user = await asyncio.to_thread(self._catalogue.people.from_outside, name, "", role)
        if user is None:
            raise web.HTTPForbidden(reason=not_let_in(name))
        return Person(name=user.name, role=user.role, way=Way.PROXY, user=user)

    def is_trusted(self, address: str | None) -> bool:
        """Tell whether an address is that of a proxy that is believed."""
        ip = _ip(address)
        return ip is not None and any(ip in ip_network(one, strict=False) for one in self.auth.trusted_proxies)

    def client(self, request: web.Request) -> str:
        """Return the address that a request comes from, as far as it can be believed."""
        address = request.remote or ""
        said = [part.strip() for part in ",".join(request.headers.getall(FORWARDED_FOR, [])).split(",")]
        while self.is_trusted(address) and said:
            last = said.pop()
            if _ip(last) is None:
                break
            address = last
        return address

    def is_https(self, request: web.Request) -> bool:
        """Tell whether the browser's connection is encrypted."""
        if request.secure:
            return True
        return self.is_trusted(request.remote) and request.headers.get(FORWARDED_PROTO, "").strip() == "https"

    async def refuse_strangers(self, request: web.Request) -> None:
        """Let only this machine in while there are no users. Raises HTTPForbidden.

        The Host is looked at as well: a page of another site may have its own name lead to this machine.
        """
        if is_loopback(request.remote or "") and is_loopback(_host(request)):
            return
        if await self.is_open():
            raise web.HTTPForbidden(
                reason="there are no users yet, so only this machine is answered, as 127.0.0.1 or localhost; "
                "add a user with: streamproc users add NAME --role admin"
            )

    async def write_down(self, deed: Deed) -> None:
        """Add to the audit log; that it can't be written is said in the log, and does not undo what was done."""
        keep_ns = round(self.auth.audit_days * 24 * HOUR_NS)
        try:
            await asyncio.to_thread(self._catalogue.audit.add, deed, keep_ns)
        except CatalogueError as error:
            log.error("web.audit_failed", author=deed.author, action=deed.action, error=str(error))

    def slow_down(self, key: str) -> None:
        """Count a request. Raises HTTPTooManyRequests."""
        wait_s = self._pace.take(key, self._clock.monotonic_s())
        if wait_s:
            raise too_many(wait_s, "too many requests")

    def needed(self, request: web.Request) -> UserRole | None:
        """Return the role that a request needs; None when anybody may ask.

        What is below /api/v1 and in no table needs the least role: forgetting must not open anything.
        """
        resource = request.match_info.route.resource
        method = hdrs.METH_GET if request.method == hdrs.METH_HEAD else request.method
        route = None if resource is None else self._routes.get((method, resource.canonical))
        if route is not None:
            return route.least
        return UserRole.VIEWER if request.path.startswith(API) else None


GUARD = web.AppKey("guard", Guard)


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request pass, or refuse it. Raises HTTPUnauthorized, HTTPForbidden, HTTPTooManyRequests."""
    guard = request.app[GUARD]
    request[CLIENT] = guard.client(request)
    await guard.refuse_strangers(request)
    needed = guard.needed(request)
    if needed is None:
        guard.slow_down(f"address {request[CLIENT]}")
        return await handler(request)
    person = await _known(guard, request)
    if person is None:
        guard.slow_down(f"address {request[CLIENT]}")
        raise unauthorized("sign in first, or send a token: Authorization: Bearer streamproc_…")
    request[PERSON] = person
    guard.slow_down(f"address {request[CLIENT]}" if person.user is None else f"user {person.user.id}")
    if request.method not in READS and person.way is Way.SESSION:
        _check_csrf(request, person)
    if not person.may(needed):
        raise web.HTTPForbidden(reason=_too_little(person, needed))
    return await handler(request)


@web.middleware
async def audited(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write down what somebody changed or tried to change."""
    response = await handler(request)
    author = written_author(request)
    if request.method in READS or author is None:
        return response
    resource = request.match_info.route.resource
    what = request.path if resource is None else resource.canonical
    action = f"{request.method} {what.removeprefix(API)}"
    deed = Deed(author=author, client=request[CLIENT], action=action, subject=request.path, outcome=response.status)
    await request.app[GUARD].write_down(deed)
    return response


async def _known(guard: Guard, request: web.Request) -> Person | None:
    try:
        return await guard.identify(request)
    except web.HTTPException:
        guard.slow_down(f"address {request[CLIENT]}")
        raise


def _check_csrf(request: web.Request, person: Person) -> None:
    said = request.headers.get(CSRF, "")
    if person.csrf is None or not hmac.compare_digest(said.encode("utf-8", "surrogateescape"), person.csrf.encode()):
        raise web.HTTPForbidden(reason=f"send {CSRF} with what you write: it is the csrf of GET /api/v1/session")


def csrf_of(secret: str) -> str:
    """Return what a session's writing requests must carry; another site's page can't know it."""
    return hmac.new(secret.encode("utf-8", "surrogateescape"), b"csrf", hashlib.sha256).hexdigest()


def unauthorized(reason: str) -> web.HTTPUnauthorized:
    """Return the answer to somebody who is not known."""
    return web.HTTPUnauthorized(reason=reason, headers={hdrs.WWW_AUTHENTICATE: "Bearer"})


def too_many(wait_s: float, what: str) -> web.HTTPTooManyRequests:
    """Return the answer to somebody who is too fast."""
    seconds = max(1, math.ceil(wait_s))
    return web.HTTPTooManyRequests(reason=f"{what}; try again in {seconds} s", headers={hdrs.RETRY_AFTER: str(seconds)})


def not_let_in(name: str) -> str:
    """Say that somebody is known outside, but not here."""
    return f"'{' '.join(name.split())[:64]}' is not one of our users, or is kept out; ask an admin to add you"


def check_host(settings: Settings, catalogue: Catalogue) -> None:
    """Refuse to let the network in while nobody has to sign in. Raises ConfigError."""
    web_settings = settings.web
    if is_loopback(web_settings.host) or web_settings.auth.vouches or catalogue.people.exist():
        return
    raise ConfigError(
        f"web: host = '{web_settings.host}' would let the network in, and there are no users; "
        "add one with: streamproc users add NAME --role admin --config FILE, or set host = '127.0.0.1'"
    )


def is_loopback(host: str) -> bool:
    """Tell whether a host or an address is this machine's own, by name."""
    ip = _ip(host)
    if ip is None:
        return host.casefold() == "localhost" or host.casefold().endswith(".localhost")
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return (mapped or ip).is_loopback


def _ip(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        return None if text is None else ip_address(text)
    except ValueError:
        return None


def _host(request: web.Request) -> str:
    """Return the host that was asked, without its port."""
    host = request.host
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _least(token: TokenRow) -> UserRole:
    """Return what a token may be used for: the highest of its scopes, and never more than its person may."""
    scopes = [SCOPES[scope] for scope in token.scopes if scope in SCOPES]
    highest = max(scopes, key=ROLES.index, default=UserRole.VIEWER)
    return min(highest, token.user.role, key=ROLES.index)


def _too_little(person: Person, needed: UserRole) -> str:
    if person.way is Way.TOKEN and person.user is not None and Person.may(_as_user(person.user), needed):
        scope = next(name for name, role in SCOPES.items() if role is needed)
        return f"this token may not do that: it needs the scope '{scope}'"
    return f"{person.name} is {_article(person.role)}; this needs {_article(needed)}"


def _as_user(user: UserRow) -> Person:
    return Person(name=user.name, role=user.role, way=Way.SESSION, user=user)


def _article(role: UserRole) -> str:
    return f"a {role}" if role is UserRole.VIEWER else f"an {role}"
