"""SFTP, through fsspec and paramiko, and only to a server whose key is known."""

import base64
import hashlib
import logging
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

from streamproc.config import TargetSettings
from streamproc.errors import DeliveryError, DeliveryRefused
from streamproc.storage.opening import Access
from streamproc.storage.shelf import FileSystemShelf, ShelfTarget, fault_of_os, translating
from streamproc.storage.target import BLOCK_BYTES

CONNECT_TIMEOUT_S: Final = 15.0
SILENT_S: Final = 60.0
"""A server that says nothing for so long is gone."""
KEEPALIVE_S: Final = 15
WINDOW_BYTES: Final = 8 * BLOCK_BYTES
"""How much is asked for at a time when a file is read back: a long line is kept busy, and memory small."""
_FINGERPRINT: Final = re.compile(r"^SHA256:[A-Za-z0-9+/]{43}=?$")


# It would write tracebacks into the log; what it raises says the same in one line.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


class _UnknownHost(paramiko.SSHException):
    """The server showed a key that nobody told us of."""


class _Strict(paramiko.MissingHostKeyPolicy):
    """Lets in a key of a given fingerprint, and no other that is not in known_hosts."""

    def __init__(self, fingerprint: str | None) -> None:
        self._fingerprint = fingerprint

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Raise unless the key has the fingerprint."""
        shown = fingerprint(key)
        if self._fingerprint is None or shown != self._fingerprint.rstrip("="):
            raise _UnknownHost(f"the server shows the key {shown} ({key.get_name()})")


def fingerprint(key: paramiko.PKey) -> str:
    """Return a key's fingerprint as ``ssh-keygen -l`` shows it."""
    return f"SHA256:{base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip('=')}"


class _Known(SFTPFileSystem):  # type: ignore[misc]  # it comes without types
    """fsspec's file system, which would trust any host key, made to trust only those that are known."""

    cachable = False

    def __init__(self, host: str, *, settings: TargetSettings, **connection: Any) -> None:
        self._settings = settings
        super().__init__(host, **connection)

    def _connect(self) -> None:
        self.client = paramiko.SSHClient()
        if self._settings.known_hosts is not None:
            self.client.load_host_keys(str(self._settings.known_hosts))
        self.client.set_missing_host_key_policy(_Strict(self._settings.host_key))
        try:
            self.client.connect(self.host, **self.ssh_kwargs)
            transport = self.client.get_transport()
            assert transport is not None
            transport.set_keepalive(KEEPALIVE_S)
            self.ftp = self.client.open_sftp()
            channel = self.ftp.get_channel()
            assert channel is not None
            channel.settimeout(SILENT_S)
        except BaseException:
            self.client.close()
            raise


class _SftpShelf(FileSystemShelf):
    """SFTP, which waits for no answer between blocks: over a long line it would otherwise crawl."""

    def __init__(self, settings: TargetSettings, filesystem: _Known) -> None:
        super().__init__(settings.name, filesystem)
        self._settings = settings

    def write(self, path: str, blocks: Iterator[bytes], *, at: int, size: int) -> None:
        """Write to a new file, or go on with one."""
        with self._fs.ftp.open(path, "ab" if at else "wb", bufsize=0) as file:
            file.set_pipelined(True)
            for block in blocks:
                file.write(block)

    def read(self, path: str, at: int) -> Iterator[bytes]:
        """Yield what a file holds from a byte on."""
        with self._fs.ftp.open(path, "rb") as file:
            size = file.stat().st_size
            while at < size:
                end = min(at + WINDOW_BYTES, size)
                yield from file.readv([(start, min(BLOCK_BYTES, end - start)) for start in range(at, end, BLOCK_BYTES)])
                at = end

    def translated(self) -> AbstractContextManager[None]:
        """Turn paramiko's errors into DeliveryError."""
        return translating(ERRORS, lambda error: _fault(self._settings, error))

    def close(self) -> None:
        """Close the connection."""
        self._fs.client.close()


ERRORS: Final = (OSError, EOFError, paramiko.SSHException)


def open_sftp(settings: TargetSettings, access: Access) -> ShelfTarget:
    """Connect to a server. Raises DeliveryRefused, DeliveryError."""
    url = urlsplit(settings.url)
    if settings.host_key is not None and not _FINGERPRINT.match(settings.host_key):
        raise DeliveryRefused(
            f"target '{settings.name}': host_key is no fingerprint (SHA256:…), as ssh-keygen -l shows it"
        )
    for key, file in (("known_hosts", settings.known_hosts), ("key_file", settings.key_file)):
        _need_readable(settings, key, file)
    with_key = settings.key_file is not None
    with translating((*ERRORS, ValueError), lambda error: _fault(settings, error)):
        filesystem = _Known(
            url.hostname or "",
            settings=settings,
            port=url.port or 22,
            username=access.user,
            password=None if with_key else access.password,
            key_filename=str(settings.key_file) if with_key else None,
            passphrase=access.password if with_key else None,
            allow_agent=False,
            look_for_keys=False,
            timeout=CONNECT_TIMEOUT_S,
            banner_timeout=CONNECT_TIMEOUT_S,
            auth_timeout=CONNECT_TIMEOUT_S,
        )
    return ShelfTarget(settings.name, unquote(url.path) or "/", _SftpShelf(settings, filesystem))


def _need_readable(settings: TargetSettings, key: str, file: Any) -> None:
    if file is None:
        return
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise DeliveryRefused(f"target '{settings.name}': {key} {file} can't be read ({error.strerror})") from error


def _fault(settings: TargetSettings, error: Exception) -> DeliveryError:
    """Say what an error of paramiko's means for a target."""
    url = urlsplit(settings.url)
    what = f"target '{settings.name}'"
    host = f"{url.hostname}:{url.port or 22}"
    if isinstance(error, _UnknownHost):
        known = "host_key" if settings.known_hosts is None else f"{settings.known_hosts}"
        return DeliveryRefused(
            f"{what}: {host} is not the server that {known} tells of: {error}; check it, then add it"
        )
    if isinstance(error, paramiko.BadHostKeyException):
        return DeliveryRefused(
            f"{what}: {host} shows another key than {settings.known_hosts} has "
            f"({fingerprint(error.key)}); somebody may be in between: ask who runs it"
        )
    if isinstance(error, paramiko.AuthenticationException):
        return DeliveryRefused(f"{what}: {host} does not let us in ({error}); check user, password_env and key_file")
    if isinstance(error, paramiko.SSHException | ValueError) and settings.key_file and "key" in str(error).lower():
        return DeliveryRefused(f"{what}: key_file {settings.key_file} can't be used ({error}); check its pass phrase")
    if isinstance(error, OSError) and error.errno is None and str(error) == "Failure":
        return DeliveryRefused(
            f"{what}: {host} says 'Failure', as a server does whose disk or quota is full; make room on it"
        )
    if isinstance(error, EOFError):
        return DeliveryError(f"{what}: {host} closed the connection")
    if isinstance(error, OSError):
        return fault_of_os(settings.name, error)
    return DeliveryError(f"{what}: {host}: {error}")
