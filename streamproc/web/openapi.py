"""The OpenAPI 3.1 document, drawn from the table of routes and the models of the answers."""

import re
from importlib.metadata import version
from typing import Any

from pydantic.json_schema import models_json_schema

from streamproc.web.answers import Problem
from streamproc.web.queries import Query
from streamproc.web.routes import ROUTES, Route

PATH = "/api/openapi.json"
_PARAMETER = re.compile(r"\{(\w+):((?:[^{}]|\{[^{}]*\})*)\}")
_REFERENCE = "#/components/schemas/{model}"
_WHOLE = frozenset({206, 503})  # answered with the same shape as 200
_EMPTY = frozenset({304, 416})


def document() -> dict[str, Any]:
    """Return the whole document."""
    models = {route.answer for route in ROUTES if route.answer is not None} | {Problem}
    references, schemas = models_json_schema(
        [(model, "serialization") for model in sorted(models, key=lambda model: model.__name__)],
        ref_template=_REFERENCE,
    )
    shapes = {model: schema for (model, _), schema in references.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "streamproc",
            "version": version("streamproc"),
            "description": "Segments and clips of live television. Times are exact fractions of seconds in an epoch.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {plain(route.path): {"get": _operation(route, shapes)} for route in ROUTES},
        "components": {"schemas": schemas["$defs"]},
    }


def plain(path: str) -> str:
    """Return a path without the patterns of its parameters."""
    return _PARAMETER.sub(r"{\1}", path)


def _operation(route: Route, shapes: dict[Any, Any]) -> dict[str, Any]:
    schema = shapes[route.answer] if route.answer is not None else {"type": "string"}
    body = {"content": {route.media_type: {"schema": schema}}}
    mishap = {"content": {"application/problem+json": {"schema": shapes[Problem]}}}
    responses: dict[str, Any] = {"200": {"description": route.summary, **body}}
    for status, meaning in route.statuses.items():
        content = body if status in _WHOLE else {} if status in _EMPTY else mishap
        responses[str(status)] = {"description": meaning, **content}
    responses["default"] = {"description": "Something else went wrong.", **mishap}
    return {
        "operationId": _operation_id(route.path),
        "summary": route.summary,
        "parameters": [*_path_parameters(route.path), *_query_parameters(route.query)],
        "responses": responses,
    }


def _operation_id(path: str) -> str:
    return "_".join(re.findall(r"\w+", plain(path).removeprefix("/api/v1")))


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
