"""Gets the schedule's file: from a folder, or from an address, and then only when it has changed."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import aiohttp

from streamproc.addresses import redact
from streamproc.errors import ScheduleError

MAX_BYTES: Final = 500_000_000
"""As it is sent, so gzipped mostly; more is no schedule."""
TIMEOUT_S: Final = 300.0
_CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells whether the schedule has changed since it was last fetched."""

    etag: str | None = None
    """The server's ETag."""
    modified: str | None = None
    """The server's Last-Modified; of a file, its time and size."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A schedule's file that is new."""

    path: Path
    """Where it lies."""
    mark: Mark
    """What to ask with the next time."""


async def fetch(source: str, mark: Mark, folder: Path) -> Fetched | None:
    """Return the schedule's file; None when it is still the one that the mark is of.

    source: a path, or an http(s) address. folder: where what is sent is kept, one file a source. Raises ScheduleError.
    """
    if not source.startswith(("http://", "https://")):
        return _local(Path(source), mark)
    headers = {}
    if mark.etag is not None:
        headers["If-None-Match"] = mark.etag
    if mark.modified is not None:
        headers["If-Modified-Since"] = mark.modified
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session,
            session.get(source, headers=headers) as answer,
        ):
            if answer.status == 304:
                return None
            if answer.status != 200:
                raise ScheduleError(f"{redact(source)}: the server answers {answer.status} {answer.reason}")
            path = await _receive(answer, source, folder)
            return Fetched(path, Mark(answer.headers.get("ETag"), answer.headers.get("Last-Modified")))
    except TimeoutError as error:
        raise ScheduleError(f"{redact(source)}: no whole answer within {TIMEOUT_S:.0f} s") from error
    except (aiohttp.ClientError, ValueError) as error:
        raise ScheduleError(f"{redact(source)}: can't be fetched: {_reason(error)}") from error


def _local(path: Path, mark: Mark) -> Fetched | None:
    try:
        status = path.stat()
    except OSError as error:
        raise ScheduleError(f"{path}: {error.strerror}; name the XMLTV file, or an http(s) address") from error
    now = Mark(modified=f"{status.st_mtime_ns} {status.st_size}")
    return None if now == mark else Fetched(path, now)


def _reason(error: Exception) -> str:
    """Put what aiohttp says into words that hold no address: there may be a key in it."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or "it can't be reached"
    if isinstance(error, aiohttp.InvalidURL):
        return "the address is not written as one"
    return {"ServerDisconnectedError": "the server hung up", "ClientPayloadError": "the answer broke off"}.get(
        type(error).__name__, type(error).__name__
    )


async def _receive(answer: aiohttp.ClientResponse, source: str, folder: Path) -> Path:
    """Write an answer down, whole or not at all."""
    name = Path(unquote(urlsplit(source).path)).name or "schedule.xml"
    path = folder / name
    part = folder / f".{name}.part"
    size = 0
    try:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        with part.open("wb") as file:
            async for data in answer.content.iter_chunked(_CHUNK):
                size += len(data)
                if size > MAX_BYTES:
                    raise ScheduleError(f"{redact(source)}: more than {MAX_BYTES // 1_000_000} MB; that is no schedule")
                await asyncio.to_thread(file.write, data)
        part.replace(path)
    except aiohttp.ClientError:
        raise  # some are OSErrors too
    except OSError as error:
        raise ScheduleError(f"{folder}: the schedule can't be written down: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return path
