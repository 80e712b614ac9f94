"""Evidence over HTTP: made by a process of its own."""

import asyncio
import hashlib
import io
import json
import os
import signal
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from prometheus_client import CollectorRegistry

from streamproc.telemetry import Telemetry
from streamproc.timebase import SystemClock
from streamproc.web import WebStage, create_app

Air = Any


@pytest.fixture
async def http(air: Air) -> AsyncIterator[ClientSession]:
    app = create_app(lambda: air.settings, air.catalogue, Telemetry(CollectorRegistry()), SystemClock())
    stage = WebStage(app, "127.0.0.1", 0)
    task = asyncio.create_task(stage.run())
    async with ClientSession(await asyncio.wait_for(stage.address(), 10)) as session:
        yield session
    task.cancel()
    await asyncio.wait([task])


async def test_a_clips_pack_comes_with_the_checksum_of_its_list(air: Air, http: ClientSession) -> None:
    async with http.get(f"/api/v1/clips/{air.clip}/evidence") as answer:
        assert (answer.status, answer.content_type) == (200, "application/zip")
        assert answer.content_disposition is not None
        assert answer.content_disposition.filename == f"evidence-one-clip-{air.clip}.zip"
        pack = zipfile.ZipFile(io.BytesIO(await answer.read()))
        checksum = answer.headers["X-Manifest-SHA256"]
    assert hashlib.sha256(pack.read("SHA256SUMS")).hexdigest() == checksum
    assert f"plots/boundary-{air.boundary}.png" in pack.namelist()


async def test_a_pieces_document_alone_is_json(air: Air, http: ClientSession) -> None:
    async with http.get(f"/api/v1/pieces/{air.piece}/evidence?form=json") as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        body = json.loads(await answer.read())
    assert (body["subject"]["kind"], body["subject"]["title"], body["missing"]) == ("piece", "Лучшее", [])


async def test_evidence_of_nothing_is_not_found(http: ClientSession) -> None:
    async with http.get("/api/v1/clips/99/evidence") as answer:
        assert (answer.status, "no clip has the number 99" in await answer.text()) == (404, True)


async def test_more_than_a_few_at_once_are_told_to_come_back(air: Air, http: ClientSession) -> None:
    async def ask() -> int:
        async with http.get(f"/api/v1/clips/{air.clip}/evidence?form=json") as answer:
            return answer.status

    statuses = await asyncio.gather(*(ask() for _ in range(6)))
    assert (statuses.count(200), statuses.count(429)) == (4, 2)


async def test_a_crash_of_the_decoder_is_an_answer_and_not_the_end_of_the_web(
    air: Air, http: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamproc.web.evidence_api._work", crash)
    async with http.get(f"/api/v1/clips/{air.clip}/evidence") as answer:
        assert (answer.status, "crashed" in await answer.text()) == (503, True)
    async with http.get("/healthz") as answer:
        assert answer.status == 200


def crash(*_: object) -> None:
    """End as a process does that reads where it may not."""
    os.kill(os.getpid(), signal.SIGSEGV)
