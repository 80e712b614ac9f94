"""Puts the application together: routes, middlewares, headers, live events."""

import asyncio
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from aiohttp import hdrs, web

from streamproc.catalogue import Catalogue
from streamproc.config import Settings
from streamproc.telemetry import Telemetry
from streamproc.timebase import Clock
from streamproc.web import evidence_api, openapi, pictures, playing_api, recordings
from streamproc.web.bodies import LARGEST_BODY
from streamproc.web.etags import tagged
from streamproc.web.events import EventHub
from streamproc.web.guard import GUARD, Guard, audited, guarded
from streamproc.web.health import HealthReader
from streamproc.web.origin import own_pages_only
from streamproc.web.problems import Handler, problems
from streamproc.web.route import NAME, NUMBER
from streamproc.web.routes import ROUTES
from streamproc.web.services import SERVICES, Keeper, Services
from streamproc.web.tries import TRIES, Tries

STATIC = Path(str(files("streamproc.web") / "static"))
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
BUILT = STATIC / "built"
PAGES = ("/", "/channels", "/reviews", "/search", "/engineer", "/operator", "/people")
PAGES_OF_ONE = (f"/channel/{NAME}", f"/programme/{NUMBER}", f"/finding/{NUMBER}", f"/engineer/{NAME}")


def create_app(
    settings: Callable[[], Settings],
    catalogue: Catalogue,
    telemetry: Telemetry,
    clock: Clock,
    keeper: Keeper | None = None,
) -> web.Application:
    """Return the application.

    ``settings`` is asked on every request, so that a configuration that is read again shows at once;
    ``telemetry.registry`` is what /metrics shows when the daemon is one process. ``keeper`` changes the configuration.
    """
    hub = EventHub(catalogue, telemetry, clock)
    app = web.Application(
        middlewares=[counted, audited, problems, own_pages_only, guarded, tagged], client_max_size=LARGEST_BODY
    )
    app[SERVICES] = Services(
        current=settings,
        catalogue=catalogue,
        telemetry=telemetry,
        clock=clock,
        health=HealthReader(settings, catalogue, clock),
        hub=hub,
        keeper=keeper,
    )
    app[GUARD] = Guard(
        settings, catalogue, clock, {(route.method, openapi.plain(route.path)): route for route in ROUTES}
    )
    app[TRIES] = Tries(clock)
    for route in ROUTES:
        if route.method == "GET":
            app.router.add_get(route.path, route.handler)
        else:
            app.router.add_route(route.method, route.path, route.handler)
    app.router.add_get(openapi.PATH, _openapi())
    for path in (*PAGES, *PAGES_OF_ONE):
        app.router.add_get(path, _page)
    app.router.add_get("/icon.svg", _icon)
    app.router.add_get("/built/{file:[A-Za-z0-9_.-]+}", _built)
    app.on_response_prepare.append(_secure)
    app.on_shutdown.append(hub.close)
    app.cleanup_ctx.append(hub.running)
    app.cleanup_ctx.append(evidence_api.desk)
    app.cleanup_ctx.append(recordings.recordings)
    app.cleanup_ctx.append(pictures.desk)
    app.cleanup_ctx.append(playing_api.numberings)
    return app


@web.middleware
async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count every answer by the route's template, so that labels stay few."""
    status = 500
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        resource = request.match_info.route.resource
        route = "none" if resource is None else resource.canonical
        method = request.method if request.method in hdrs.METH_ALL else "other"
        request.app[SERVICES].telemetry.web.http_requests.labels(method, route, str(status)).inc()
    return response


async def _secure(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)


def _openapi() -> Handler:
    text = json.dumps(openapi.document(), ensure_ascii=False)

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type="application/json")

    return handler


# The browser keeps the page's files but asks whether they are still the same: an upgrade shows at once.
_ASK_AGAIN = {"Cache-Control": "no-cache"}


async def _page(_request: web.Request) -> web.StreamResponse:
    if not await asyncio.to_thread((BUILT / "page.js").is_file):
        raise web.HTTPServiceUnavailable(reason="the page is not built; run `make page` where streamproc was installed")
    return web.FileResponse(STATIC / "index.html", headers=_ASK_AGAIN)


async def _icon(_request: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "icon.svg", headers=_ASK_AGAIN)


async def _built(request: web.Request) -> web.StreamResponse:
    path = BUILT / request.match_info["file"]
    if not await asyncio.to_thread(path.is_file):
        raise web.HTTPNotFound(reason=f"the page has no file {path.name}")
    return web.FileResponse(path, headers=_ASK_AGAIN)
