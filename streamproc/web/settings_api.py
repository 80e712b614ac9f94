"""The handlers of channels' settings: read, added, changed and removed in the configuration file, without a restart."""

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from streamproc.addresses import redact
from streamproc.config import ChannelSettings, Settings, load
from streamproc.config_file import version_of
from streamproc.errors import ConfigError, ConfigRefused, ConfigStale
from streamproc.web.api import json_answer
from streamproc.web.bodies import parse_body, read
from streamproc.web.engine_answers import ChannelConfig
from streamproc.web.engine_bodies import ChannelBody, NewChannel
from streamproc.web.services import SERVICES, Keeper, Services

TAKE_OVER_S = 5.0
"""An answer waits so long for the daemon to have read the file again."""
_HIDDEN = "***"
_ADDRESSES = ("url", "listen")


async def get(request: web.Request) -> web.Response:
    """A channel's settings."""
    services = request.app[SERVICES]
    keeper = known_keeper(services)
    name = request.match_info["name"]
    table = await _known(keeper, name)
    return await _answer(services, keeper, table)


async def add(request: web.Request) -> web.Response:
    """Add a channel, and have the daemon work on it."""
    services = request.app[SERVICES]
    keeper = known_keeper(services)
    body = await parse_body(NewChannel, request)
    table = {"name": body.name, **_given(await read(request))}
    _refuse_hidden(table)
    await written(services, partial(keeper.file.add, table), HTTPStatus.CONFLICT)
    answer = await _answer(services, keeper, table, HTTPStatus.CREATED)
    answer.headers["Location"] = f"/api/v1/channels/{body.name}/settings"
    return answer


async def put(request: web.Request) -> web.Response:
    """Give a channel other settings, and have the daemon work by them."""
    services = request.app[SERVICES]
    keeper = known_keeper(services)
    name = request.match_info["name"]
    body = await parse_body(ChannelBody, request)
    given = _given(await read(request))
    if given.get("name", name) != name:
        raise web.HTTPUnprocessableEntity(reason=f"name: a channel keeps its name; add '{body.name}', and remove this")
    old = await _known(keeper, name)
    version = wanted_version(request)
    if version is not None and version != version_of(old):  # said before anything that is wrong only for that reason
        raise web.HTTPPreconditionFailed(
            reason=f"the settings of channel '{name}' were changed meanwhile; load them anew"
        )
    table = {"name": name, **given, **_kept_addresses(given, old)}
    _refuse_hidden(table)
    await written(services, partial(keeper.file.put, name, table, version))
    return await _answer(services, keeper, table)


async def remove(request: web.Request) -> web.Response:
    """Stop a channel and take it out of the configuration; what is recorded and found stays."""
    services = request.app[SERVICES]
    keeper = known_keeper(services)
    name = request.match_info["name"]
    table = await _known(keeper, name)
    await written(services, partial(keeper.file.remove, name, wanted_version(request)))
    return await _answer(services, keeper, table)


def known_keeper(services: Services) -> Keeper:
    """Return who changes the configuration. Raises HTTPConflict: nobody may."""
    if services.keeper is None:
        raise web.HTTPConflict(reason="this daemon was not started from a configuration file, so none can be changed")
    return services.keeper


async def table_of(keeper: Keeper, name: str) -> dict[str, Any] | None:
    """Return a channel's table as it is written; None for none. Raises HTTPConflict: the file can't be read."""
    try:
        return await asyncio.to_thread(keeper.file.channel, name)
    except ConfigError as error:
        raise web.HTTPConflict(reason=_one_line(error)) from error


async def written(
    services: Services, change: Callable[[], None], when_stale: HTTPStatus = HTTPStatus.PRECONDITION_FAILED
) -> None:
    """Change the file, have it read again, and wait a while until it is. Raises what the handlers answer with."""
    keeper, before = known_keeper(services), services.settings
    try:
        await asyncio.to_thread(change)
    except ConfigStale as error:
        stale = web.HTTPConflict if when_stale is HTTPStatus.CONFLICT else web.HTTPPreconditionFailed
        raise stale(reason=_one_line(error)) from error
    except ConfigRefused as error:
        raise web.HTTPConflict(reason=_one_line(error)) from error
    except ConfigError as error:
        raise web.HTTPUnprocessableEntity(reason=_one_line(error)) from error
    keeper.reload()
    deadline = services.clock.monotonic_s() + TAKE_OVER_S
    while services.settings is before and services.clock.monotonic_s() < deadline:
        await services.clock.sleep(0.02)


def wanted_version(request: web.Request) -> str | None:
    """Return which version is to be changed, of If-Match; None for whatever is there."""
    given = request.headers.get("If-Match", "*").strip()
    return None if given == "*" else given.removeprefix("W/").strip('"')


async def _answer(
    services: Services, keeper: Keeper, table: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK
) -> web.Response:
    config = await asyncio.to_thread(_config, services.settings, keeper, table)
    answer = json_answer(config, status)
    answer.headers["ETag"] = f'"{config.version}"'
    return answer


async def _known(keeper: Keeper, name: str) -> dict[str, Any]:
    table = await table_of(keeper, name)
    if table is None:
        raise web.HTTPNotFound(reason=f"no channel is named '{name}' in the configuration")
    return table


def _config(current: Settings, keeper: Keeper, table: Mapping[str, Any]) -> ChannelConfig:
    name, problem, applied = str(table["name"]), None, False
    try:
        said = [channel for channel in load(keeper.file.path).channels if channel.name == name]
        applied = said == [channel for channel in current.channels if channel.name == name]
    except ConfigError as error:
        problem = str(error)
    try:
        effective = ChannelSettings.model_validate(table).model_dump(mode="json")
    except ValidationError:  # as the problem says
        effective = {}
    return ChannelConfig(
        name=name,
        version=version_of(table),
        settings=_shown(table),
        effective=_shown(effective),
        applied=applied,
        problem=problem,
    )


def _shown(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as they may be shown: addresses without their keys."""
    return {
        key: redact(value) if key in _ADDRESSES and isinstance(value, str) else value for key, value in table.items()
    }


def _given(data: bytes) -> dict[str, Any]:
    """Return what was sent, as it shall be written: without what is null or empty."""
    raw: dict[str, Any] = json.loads(data)
    return {key: value for key, value in ((key, _clean(value)) for key, value in raw.items()) if value is not None}


def _clean(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: inner for key, inner in value.items() if inner is not None} or None


def _kept_addresses(given: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """Return the addresses that came back as they were shown, as they are."""
    return {
        key: old[key]
        for key in _ADDRESSES
        if key in given and isinstance(old.get(key), str) and given[key] == redact(old[key])
    }


def _refuse_hidden(table: Mapping[str, Any]) -> None:
    for key in _ADDRESSES:
        if _HIDDEN in str(table.get(key, "")):
            shown = f"{key}: it holds {_HIDDEN} in the place of a key"
            raise web.HTTPUnprocessableEntity(reason=f"{shown}; write the whole address, or leave it as it was shown")


def _one_line(error: ConfigError) -> str:
    return " ".join(str(error).split())
