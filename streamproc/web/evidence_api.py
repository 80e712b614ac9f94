"""The handlers of evidence packs.

Making one decodes and hashes, which this role never does itself: each is made by a process of its own that ends with
it, so that a codec that crashes takes nothing with it. One at a time; a few wait, more are told to come back.
"""

import asyncio
import io
import multiprocessing
import tempfile
import zipfile
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from enum import StrEnum
from pathlib import Path
from typing import Final

from aiohttp import web

from streamproc.config import Settings
from streamproc.errors import ConfigError, RecordingError
from streamproc.evidence import Made, make_pack
from streamproc.evidence.pack import DOCUMENT
from streamproc.evidence.subject import SubjectKind
from streamproc.web.api import disposition
from streamproc.web.queries import Query, parse
from streamproc.web.services import SERVICES

MOST_WAITING: Final = 4
CHECKSUM: Final = "X-Manifest-SHA256"
"""Header with the checksum of the pack's list of checksums."""


class Form(StrEnum):
    """How evidence comes."""

    ZIP = "zip"
    JSON = "json"


class EvidenceQuery(Query):
    """How evidence is wanted."""

    form: Form = Form.ZIP
    """zip: the whole pack with plots; json: its document alone."""


class Desk:
    """Where packs are made, one after the other."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()
        self._waiting = 0

    async def make(self, settings: Settings, kind: SubjectKind, number: int) -> tuple[Made, bytes]:
        """Return a pack. Raises ConfigError, RecordingError, CatalogueError, HTTPTooManyRequests."""
        if self._waiting >= MOST_WAITING:
            raise web.HTTPTooManyRequests(reason="other evidence is being made; ask again in a minute")
        self._waiting += 1
        try:
            async with self._one:
                return await _in_a_process(settings, kind, number)
        finally:
            self._waiting -= 1


DESK: Final = web.AppKey("desk", Desk)


async def desk(app: web.Application) -> AsyncIterator[None]:
    """Set up the desk for as long as the application runs."""
    app[DESK] = Desk()
    yield


async def clip(request: web.Request) -> web.Response:
    """The evidence of a clip."""
    return await _answer(request, SubjectKind.CLIP)


async def piece(request: web.Request) -> web.Response:
    """The evidence of a piece."""
    return await _answer(request, SubjectKind.PIECE)


async def _answer(request: web.Request, kind: SubjectKind) -> web.Response:
    query = parse(EvidenceQuery, request)
    services, number = request.app[SERVICES], int(request.match_info["id"])
    book = services.catalogue.clip if kind is SubjectKind.CLIP else services.catalogue.pieces.get
    if await asyncio.to_thread(book, number) is None:
        raise web.HTTPNotFound(reason=f"no {kind} has the number {number}")
    try:
        made, data = await request.app[DESK].make(services.settings, kind, number)
    except (ConfigError, RecordingError) as error:
        raise web.HTTPServiceUnavailable(reason=f"the evidence can't be made: {error}") from error
    if query.form is Form.JSON:
        data = await asyncio.to_thread(_document, data)
    media_type = "application/zip" if query.form is Form.ZIP else "application/json"
    headers = {
        "Content-Type": media_type,
        "Content-Disposition": disposition(f"{made.name}.{query.form}"),
        "Cache-Control": "no-store",
        CHECKSUM: made.manifest_sha256,
    }
    return web.Response(body=data, headers=headers)


async def _in_a_process(settings: Settings, kind: SubjectKind, number: int) -> tuple[Made, bytes]:
    with tempfile.TemporaryDirectory(prefix="evidence-") as folder:
        path = Path(folder) / "pack.zip"
        pool = ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn"))
        try:
            made = await asyncio.get_running_loop().run_in_executor(pool, make_pack, settings, kind, number, path)
        except BrokenProcessPool as error:
            raise RecordingError("the process that decodes the recording crashed; the log has more") from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return made, await asyncio.to_thread(path.read_bytes)


def _document(pack: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        return archive.read(DOCUMENT)
