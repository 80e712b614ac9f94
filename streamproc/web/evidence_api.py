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
from enum import StrEnum
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from aiohttp import web

from streamproc.config import Settings
from streamproc.errors import ConfigError, RecordingError, StreamprocError
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
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="evidence-") as folder:
        path = Path(folder) / "pack.zip"
        process = context.Process(target=_work, args=(theirs, settings, kind, number, path), daemon=True)
        try:
            await asyncio.to_thread(process.start)
            theirs.close()  # so that the end of the process is the end of the pipe
            outcome = await asyncio.to_thread(_outcome, ours)
        finally:
            process.kill()  # it has ended, or nobody waits for it any more
        await asyncio.to_thread(process.join)
        if isinstance(outcome, StreamprocError):
            raise outcome
        return outcome, await asyncio.to_thread(path.read_bytes)


def _work(answer: Connection, settings: Settings, kind: SubjectKind, number: int, path: Path) -> None:
    """Make a pack, in the process of its own, and answer with what was made or why not."""
    try:
        answer.send(make_pack(settings, kind, number, path))
    except StreamprocError as error:
        answer.send(error)


def _outcome(answer: Connection) -> Made | StreamprocError:
    try:
        outcome: Made | StreamprocError = answer.recv()
    except EOFError:
        return RecordingError("the process that decodes the recording crashed; the log has more")
    return outcome


def _document(pack: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        return archive.read(DOCUMENT)
