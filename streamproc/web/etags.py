"""Tells who asks again that nothing has changed: every JSON object has an ETag, by what it says."""

import hashlib
from http import HTTPStatus

from aiohttp import hdrs, web

from streamproc.web.problems import Handler

_READS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
_UNKEPT = frozenset({"/api/v1/session"})  # it says what a session's requests must carry: nothing to be kept on a disk


@web.middleware
async def tagged(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give a good JSON answer an ETag, unless it has one, and answer 304 where If-None-Match names it."""
    response = await handler(request)
    if not request.path.startswith("/api/") or request.path in _UNKEPT:
        return response
    is_json = isinstance(response, web.Response) and response.content_type == "application/json"
    if request.method not in _READS or not is_json or response.status != HTTPStatus.OK:
        return response
    assert isinstance(response, web.Response)
    tag = response.headers.get(hdrs.ETAG)
    if tag is None and isinstance(response.body, bytes):
        tag = f'W/"{hashlib.sha256(response.body).hexdigest()[:32]}"'
        response.headers[hdrs.ETAG] = tag
    if tag is None:
        return response
    if response.headers.get(hdrs.CACHE_CONTROL) == "no-store":
        response.headers[hdrs.CACHE_CONTROL] = "private, no-cache"  # keep it, but ask whether it is still the same
    if not _names(request.headers.get(hdrs.IF_NONE_MATCH, ""), tag):
        return response
    kept = {name: response.headers[name] for name in (hdrs.ETAG, hdrs.CACHE_CONTROL) if name in response.headers}
    return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=kept)


def _names(said: str, tag: str) -> bool:
    """Tell whether If-None-Match names a tag; weak and strong ones compare alike there (RFC 9110, 13.1.2)."""
    tags = [one.strip().removeprefix("W/") for one in said.split(",")]
    return "*" in tags or tag.removeprefix("W/") in tags
