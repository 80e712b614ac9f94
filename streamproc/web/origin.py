"""Keeps pages of other sites from writing here through somebody's browser.

There is no sign-in yet, so nothing else stands between a page that an editor happens to have open and our addresses.
Browsers say where a request comes from: Sec-Fetch-Site where the connection is trustworthy (https, or this machine),
Origin always when something is written across sites. Programs send neither, and are let through.
"""

from urllib.parse import urlsplit

from aiohttp import hdrs, web

from streamproc.web.problems import Handler

READS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
_OURS = frozenset({"same-origin", "none"})


@web.middleware
async def own_pages_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse writing requests of other sites' pages. Raises HTTPForbidden."""
    if request.method not in READS and not is_own(request):
        raise web.HTTPForbidden(reason="this request comes from another site's page; writing is for our own")
    return await handler(request)


def is_own(request: web.Request) -> bool:
    """Tell whether a request comes from our own page, or from a program."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in _OURS
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc == request.host
    except ValueError:
        return False
