"""The OpenAPI 3.1 document, drawn from the table of routes and the models of the answers."""

import re
from collections import defaultdict
from importlib.metadata import version
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from streamproc.web.answers import Problem
from streamproc.web.bodies import JSON, LONGEST_KEY
from streamproc.web.queries import Query
from streamproc.web.route import Route
from streamproc.web.routes import ROUTES

PATH = "/api/openapi.json"
_PARAMETER = re.compile(r"\{(\w+):((?:[^{}]|\{[^{}]*\})*)\}")
_REFERENCE = "#/components/schemas/{model}"
_WHOLE = frozenset({206, 503})  # answered with the same shape as 200
_EMPTY = frozenset({304, 416})


def document() -> dict[str, Any]:
    """Return the whole document."""
    answers: set[type[BaseModel]] = {route.answer for route in ROUTES if route.answer is not None} | {Problem}
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
        "components": {"schemas": schemas["$defs"]},
    }


def plain(path: str) -> str:
    """Return a path without the patterns of its parameters."""
    return _PARAMETER.sub(r"{\1}", path)


def _operation(route: Route, shapes: dict[Any, Any]) -> dict[str, Any]:
    schema = shapes[route.answer] if route.answer is not None else {"type": "string"}
    body = {"content": {route.media_type: {"schema": schema}}}
    mishap = {"content": {"application/problem+json": {"schema": shapes[Problem]}}}
    responses: dict[str, Any] = {str(route.status): {"description": route.summary, **body}}
    for status, meaning in route.statuses.items():
        content = body if status in _WHOLE or status < 300 else {} if status in _EMPTY else mishap
        responses[str(status)] = {"description": meaning, **content}
    responses["default"] = {"description": "Something else went wrong.", **mishap}
    operation = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "parameters": [*_path_parameters(route.path), *_query_parameters(route.query), *_header_parameters(route)],
        "responses": responses,
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(route, shapes[route.body])}
    return operation


def _content(route: Route, schema: Any) -> dict[str, Any]:
    return {JSON: {"schema": schema}, **{name: {"schema": {"type": "string"}} for name in route.also_takes}}


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    if not route.has_key:
        return []
    said = "The same request with the same key again does nothing more."
    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY}
    return [{"name": "Idempotency-Key", "in": "header", "required": False, "description": said, "schema": schema}]


def _operation_id(route: Route) -> str:
    name = "_".join(re.findall(r"\w+", plain(route.path).removeprefix("/api/v1")))
    return name if route.method == "GET" else f"{route.method.lower()}_{name}"


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(name, pattern)}
        for name, pattern in _PARAMETER.findall(path)
    ]


def _path_schema(name: str, pattern: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0} if name == "id" else {"type": "string", "pattern": f"^{pattern}$"}


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
