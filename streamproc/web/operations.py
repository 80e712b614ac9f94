"""Health and metrics, for machines that watch this one."""

import asyncio
import os
from pathlib import Path

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from streamproc.errors import CatalogueError
from streamproc.web.answers import Liveness, Readiness
from streamproc.web.api import json_answer
from streamproc.web.services import SERVICES, Services

METRICS_DIR = "PROMETHEUS_MULTIPROC_DIR"


async def healthz(request: web.Request) -> web.Response:
    """The process answers."""
    return json_answer(Liveness(status="alive"))


async def readyz(request: web.Request) -> web.Response:
    """The daemon does its work; 503 with reasons when it does not."""
    answer = await asyncio.to_thread(_readiness, request.app[SERVICES])
    return json_answer(answer, 200 if answer.ready else 503)


async def metrics(request: web.Request) -> web.Response:
    """All metrics of all roles, for Prometheus."""
    registry = request.app[SERVICES].telemetry.registry
    body = await asyncio.to_thread(_exposition, registry)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


def _exposition(registry: CollectorRegistry) -> bytes:
    folder = os.environ.get(METRICS_DIR)
    if folder is not None and Path(folder).is_dir():
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _readiness(services: Services) -> Readiness:
    try:
        channels = services.health.all()
    except CatalogueError as error:
        return Readiness(ready=False, reasons=[str(error)], channels={})
    reasons = [f"channel '{name}': {health.message}" for name, health in channels.items() if not health.ready]
    if not channels:
        reasons = ["no channel is configured; add a [[channels]] table to the configuration"]
    return Readiness(ready=not reasons, reasons=reasons, channels=channels)
