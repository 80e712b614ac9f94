"""Errors as problem details (RFC 9457): one JSON shape for every answer that is not what was asked for."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from aiohttp import hdrs, web

from streamproc.errors import CatalogueConflict, CatalogueError, CatalogueOutdated
from streamproc.web.answers import Problem

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger()
_KEPT = frozenset({hdrs.ALLOW, hdrs.RETRY_AFTER, hdrs.WWW_AUTHENTICATE})


def problem(status: HTTPStatus, detail: str) -> web.Response:
    """Return the answer for a request that failed."""
    body = Problem(title=status.phrase, status=status, detail=detail)
    return web.Response(text=body.model_dump_json(), status=status, content_type="application/problem+json")


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what handlers raise on purpose into problem details."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        answer = problem(HTTPStatus(error.status), _detail(request, error))
        answer.headers.update({name: value for name, value in error.headers.items() if name in _KEPT})
        return answer
    except CatalogueOutdated as error:
        return problem(HTTPStatus.PRECONDITION_FAILED, str(error))
    except CatalogueConflict as error:
        return problem(HTTPStatus.CONFLICT, str(error))
    except CatalogueError as error:
        log.error("web.catalogue_failed", route=request.path, error=str(error))
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))


def _detail(request: web.Request, error: web.HTTPException) -> str:
    if error.status == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{request.method} is not possible at {request.path}"
    if error.status == HTTPStatus.NOT_FOUND and not error.reason.startswith("no "):
        return f"there is nothing at {request.path}; /api/openapi.json lists what there is"
    return error.reason
