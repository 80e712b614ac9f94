"""The OpenAPI 3.1 document, drawn from the table of routes and the models of the answers."""

import re
from collections import defaultdict
from importlib.metadata import version
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from streamproc.web.answers import Problem
from streamproc.web.bodies import JSON, LONGEST_KEY
from streamproc.web.guard import COOKIE
from streamproc.web.queries import Query
from streamproc.web.route import ANY, EVENTS, Route
from streamproc.web.routes import ROUTES

PATH = "/api/openapi.json"
_PARAMETER = re.compile(r"\{(\w+):((?:[^{}]|\{[^{}]*\})*)\}")
_REFERENCE = "#/components/schemas/{model}"
_EMPTY = frozenset({204, 302, 303, 304, 416})
_SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token (docs/sign-in.md)."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A browser's session; writing also needs the header X-CSRF-Token.",
    },
}


def document() -> dict[str, Any]:
    """Return the whole document."""
    answers: set[type[BaseModel]] = {route.answer for route in ROUTES if route.answer is not None} | {Problem}
    answers |= {problem for route in ROUTES for problem in route.problems.values()}
    bodies = {route.body for route in ROUTES if route.body is not None}
    wanted: list[tuple[type[BaseModel], Literal["serialization", "validation"]]] = [
        *((model, "serialization") for model in sorted(answers, key=lambda model: model.__name__)),
        *((model, "validation") for model in sorted(bodies, key=lambda model: model.__name__)),
    ]
    references, schemas = models_json_schema(wanted, ref_template=_REFERENCE)
    shapes = {model: schema for (model, _), schema in references.items()}
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in ROUTES:
        paths[plain(route.path)][route.method.lower()] = _operation(route, shapes)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "streamproc",
            "version": version("streamproc"),
            "description": "Segments and clips of live television. Times are exact fractions of seconds in an epoch.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": dict(paths),
        "components": {"schemas": schemas["$defs"], "securitySchemes": _SECURITY},
    }


def plain(path: str) -> str:
    """Return a path without the patterns of its parameters."""
    return _PARAMETER.sub(r"{\1}", path)


def _operation(route: Route, shapes: dict[Any, Any]) -> dict[str, Any]:
    schema = shapes[route.answer] if route.answer is not None else _text(route)
    schema = _event(schema) if route.media_type == EVENTS else schema
    body = {} if route.status in _EMPTY else {"content": {route.media_type: {"schema": schema}}}
    responses: dict[str, Any] = {str(route.status): {"description": route.summary, **body}}
    for status, meaning in (_of_every(route) | route.statuses).items():
        responses[str(status)] = {"description": meaning, **_other(route, status, body, shapes)}
    operation = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "parameters": [*_path_parameters(route.path), *_query_parameters(route.query), *_header_parameters(route)],
        "responses": responses,
        "security": [] if route.least is None else [{"token": []}, {"session": []}],
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(route, shapes[route.body])}
    return operation


def _event(data: dict[str, Any]) -> dict[str, Any]:
    """Return the shape of one event of a stream; hello and reset have an empty object for data."""
    text = {"type": "string", "contentMediaType": JSON, "contentSchema": {"anyOf": [data, {"maxProperties": 0}]}}
    return {
        "type": "object",
        "properties": {"id": {"type": "string"}, "event": {"type": "string"}, "data": text},
        "required": ["event"],
    }


def _text(route: Route) -> dict[str, Any]:
    """Return the shape of what is not a model: text or bytes, or whatever the media type that is chosen says."""
    return {} if route.media_type == ANY else {"type": "string"}


def _other(route: Route, status: int, good: dict[str, Any], shapes: dict[Any, Any]) -> dict[str, Any]:
    """Return what is answered with another status than the usual one."""
    if status in _EMPTY:
        return {}
    if status < 300 or (status == 503 and 503 in route.statuses):  # as /readyz does, which says why not
        return good
    return {"content": {"application/problem+json": {"schema": shapes[route.problems.get(status, Problem)]}}}


def _of_every(route: Route) -> dict[int, str]:
    """Return what may be answered whatever the route does."""
    least = route.least
    common: dict[int, str] = {}
    if route.method == "GET" and route.media_type == JSON and route.path.startswith("/api/"):
        common[304] = "It is as you have it: If-None-Match names its ETag."
    common |= {
        403: "There are no users yet, and another machine asks.",
        429: "Too many requests; Retry-After says when to come again.",
        503: "The catalogue can't be read or written.",
    }
    if least is None:
        return common
    return common | {
        401: "Nobody is signed in, and there is no valid token.",
        403: f"The role {least} is needed, or a session's X-CSRF-Token is missing or another site's page asks.",
    }


def _content(route: Route, schema: Any) -> dict[str, Any]:
    return {JSON: {"schema": schema}, **{name: {"schema": {"type": "string"}} for name in route.also_takes}}


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    found = []
    if route.has_key:
        said = "The same request with the same key again does nothing more."
        schema: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY}
        found.append({"name": "Idempotency-Key", "in": "header", "required": False, "description": said})
        found[-1]["schema"] = schema
    if route.has_version:
        said = "The version that is changed, as its ETag says it."
        found.append({"name": "If-Match", "in": "header", "required": True, "description": said})
        found[-1]["schema"] = {"type": "string", "pattern": '^("[0-9]{1,9}"|\\*)$'}
    return found


def _operation_id(route: Route) -> str:
    name = "_".join(re.findall(r"\w+", plain(route.path).removeprefix("/api/v1")))
    return name if route.method == "GET" else f"{route.method.lower()}_{name}"


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(name, pattern)}
        for name, pattern in _PARAMETER.findall(path)
    ]


def _path_schema(name: str, pattern: str) -> dict[str, Any]:
    if name == "id":
        return {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
    return {"type": "string", "pattern": f"^{pattern}$"}


def _query_parameters(query: type[Query] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    schema = query.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    return [
        {
            "name": name,
            "in": "query",
            "description": shape.pop("description", ""),
            "schema": _inlined(shape, definitions),
        }
        for name, shape in schema["properties"].items()
    ]


def _inlined(shape: Any, definitions: dict[str, Any]) -> Any:
    """Put definitions where they are referred to: parameters have no place of their own for them."""
    if isinstance(shape, dict):
        if "$ref" in shape:
            return definitions[shape["$ref"].rpartition("/")[2]]
        return {key: _inlined(value, definitions) for key, value in shape.items()}
    return [_inlined(item, definitions) for item in shape] if isinstance(shape, list) else shape
