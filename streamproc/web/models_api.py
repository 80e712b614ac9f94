"""The handler of models: those in use and those that were learnt here, with what their cards say."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from streamproc.errors import ModelError
from streamproc.inference.card import Card, read_card
from streamproc.web.answers import Page
from streamproc.web.api import json_answer
from streamproc.web.engine_answers import KnownModel
from streamproc.web.queries import Query, parse
from streamproc.web.services import SERVICES, Services


async def models(request: web.Request) -> web.Response:
    """All models that channels use or could use."""
    parse(Query, request)
    found = await asyncio.to_thread(_models, request.app[SERVICES])
    return json_answer(Page[KnownModel](items=found, next=None))


def _models(services: Services) -> list[KnownModel]:
    settings = services.settings
    learnt = {settings.learnt_dir / row.folder: row.id for row in services.catalogue.learnings.offered() if row.folder}
    used: dict[Path, list[str]] = {}
    for channel in settings.channels:
        if channel.model is not None:
            used.setdefault(channel.model, []).append(channel.name)
    folders = [*used, *(folder for folder in learnt if folder not in used)]
    return [_model(folder, used.get(folder, ()), learnt.get(folder)) for folder in folders]


def _model(folder: Path, channels: Iterable[str], learning: int | None) -> KnownModel:
    card, problem = None, None
    try:
        card = read_card(folder)
    except ModelError as error:
        problem = str(error)
    return KnownModel(
        folder=str(folder),
        channels=list(channels),
        learning=learning,
        problem=problem,
        **_of_card(card),
    )


def _of_card(card: Card | None) -> dict[str, object]:
    if card is None:
        nothing = dict.fromkeys(("name", "sha256", "created", "region", "decision", "licence"))
        return {**nothing, "metrics": {}, "data": []}
    region = card.region
    return {
        "name": card.name,
        "sha256": card.sha256,
        "created": card.created or None,
        "region": [region.x, region.y, region.width, region.height],
        "decision": card.decision.model_dump(),
        "metrics": card.metrics,
        "data": card.data,
        "licence": card.licence or None,
    }
