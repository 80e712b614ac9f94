"""WebDAV, through fsspec and webdav4. Its PUT can't go on with a file, so what was interrupted begins anew."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Final
from urllib.parse import quote, urlsplit
from xml.etree.ElementTree import ParseError

import httpx
from webdav4.client import Client, ClientError, HTTPError, InsufficientStorage, IsAResourceError
from webdav4.fsspec import WebdavFileSystem

from streamproc.config import TargetSettings
from streamproc.errors import DeliveryError, DeliveryRefused
from streamproc.storage.opening import Access
from streamproc.storage.shelf import FileSystemShelf, ShelfTarget, fault_of_os, translating
from streamproc.storage.target import BLOCK_BYTES

TIMEOUT: Final = httpx.Timeout(60.0, connect=15.0)
ERRORS: Final = (
    *(ClientError, httpx.HTTPError, httpx.InvalidURL, OSError),
    *(ValueError, LookupError, AttributeError, ParseError),  # what webdav4 raises over an answer that is no WebDAV
)


class _Client(Client):  # type: ignore[misc]  # it comes without types
    """webdav4's client, for any name: left alone it takes ``#``, ``?`` and ``%`` in one for parts of an address."""

    def join_url(self, path: str, add_trailing_slash: bool = False) -> httpx.URL:
        """Return the address of a path."""
        return httpx.URL(super().join_url(quote(path, safe="/"), add_trailing_slash=add_trailing_slash))


class _WebdavShelf(FileSystemShelf):
    """A WebDAV server."""

    can_append = False

    def __init__(self, settings: TargetSettings, filesystem: WebdavFileSystem) -> None:
        super().__init__(settings.name, filesystem)
        self._host = urlsplit(settings.url).netloc.rpartition("@")[2]

    def write(self, path: str, blocks: Iterator[bytes], *, at: int, size: int) -> None:
        """Write a new file; ``at`` is 0, for nothing can be gone on with."""
        self._fs.client.upload_fileobj(_Stream(blocks), path, overwrite=True, size=size, chunk_size=BLOCK_BYTES)

    def read(self, path: str, at: int) -> Iterator[bytes]:
        """Yield what a file holds from a byte on."""
        with self._fs.client.open(path, "rb", chunk_size=BLOCK_BYTES) as file:
            if at:
                file.seek(at)
            while block := file.read(BLOCK_BYTES):
                yield block

    def rename(self, old: str, new: str) -> None:
        """Give a file another name at one blow."""
        self._fs.client.move(old, new, overwrite=True)

    def translated(self) -> AbstractContextManager[None]:
        """Turn the client's errors into DeliveryError."""
        return translating(ERRORS, self._fault)

    def close(self) -> None:
        """Close the connections."""
        self._fs.client.http.close()

    def _fault(self, error: Exception) -> DeliveryError:
        what = f"target '{self._name}'"
        status = error.status_code if isinstance(error, HTTPError) else None
        if isinstance(error, InsufficientStorage) or status in (413, 507):
            return DeliveryRefused(f"{what} is full, says {self._host}; make room on it")
        if status in (401, 403):
            return DeliveryRefused(f"{what}: {self._host} does not let us in ({status}); check user_env, password_env")
        if status in (404, 405, 409, 501) or isinstance(error, IsAResourceError):
            return DeliveryRefused(
                f"{what}: {self._host} can't do this there ({error}); check the url, its rights and its space"
            )
        if isinstance(error, OSError) and error.errno is not None:
            return fault_of_os(self._name, error)
        if isinstance(error, ValueError | LookupError | AttributeError | ParseError):
            return DeliveryRefused(f"{what}: {self._host} does not answer as WebDAV does ({error}); check the url")
        reason = str(error) or type(error).__name__
        return DeliveryError(f"{what}: {self._host}: {reason}")


class _Stream:
    """Makes of blocks what can be read from as from a file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        """Return at most ``size`` bytes; none at the end."""
        if not self._left:
            self._left = next(self._blocks, b"")
        if size < 0:
            size = len(self._left)
        block, self._left = self._left[:size], self._left[size:]
        return block


def open_webdav(settings: TargetSettings, access: Access) -> ShelfTarget:
    """Return a target on a server, which is asked only when something is sent."""
    url = urlsplit(settings.url)
    host = url.netloc.rpartition("@")[2]
    auth: Any = None if access.user is None else (access.user, access.password or "")
    client = _Client(
        f"{url.scheme.removeprefix('webdav+')}://{host}{url.path}",
        auth=auth,
        timeout=TIMEOUT,
        retry=False,  # whoever sends tries again, and says so
    )
    filesystem = WebdavFileSystem(client.base_url, client=client, skip_instance_cache=True)
    return ShelfTarget(settings.name, "/", _WebdavShelf(settings, filesystem))
