"""Targets that know files and folders: a file is written under another name, read back, and then renamed.

The other name holds the beginning of the file's SHA-256, so that a part of one file is never gone on with as another.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol, TypeVar

from fsspec.implementations.local import LocalFileSystem

from streamproc.errors import DeliveryError, DeliveryRefused
from streamproc.storage.target import BLOCK_BYTES, Parcel, Receipt, Watch

PART_SUFFIX: Final = ".part"
TAIL_BYTES: Final = 1 << 20
"""How much of what is already there is compared before it is gone on with; all of it is read back in the end."""
PROBE_NAME: Final = ".streamproc-probe"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class Shelf(Protocol):
    """What differs from one such target to the other. Paths are whole; every error is the library's own."""

    can_append: bool
    """Whether a file that is there in part can be gone on with."""

    def size(self, path: str) -> int | None:
        """Return a file's size; None when there is no file."""
        ...

    def has_folder(self, path: str) -> bool:
        """Tell whether there is such a folder."""
        ...

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it; one that is there is fine."""
        ...

    def write(self, path: str, blocks: Iterator[bytes], *, at: int, size: int) -> None:
        """Write to a new file (``at`` = 0) or go on with one that has ``at`` bytes, until it has ``size``."""
        ...

    def read(self, path: str, at: int) -> Iterator[bytes]:
        """Yield what a file holds from a byte on."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Give a file another name at one blow, replacing what has it."""
        ...

    def remove(self, path: str) -> None:
        """Delete a file."""
        ...

    def translated(self) -> AbstractContextManager[None]:
        """Turn the library's errors into DeliveryError, in a with statement."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class ShelfTarget:
    """A target on a shelf."""

    def __init__(self, name: str, folder: str, shelf: Shelf) -> None:
        """folder: must be there, for a disk that is not mounted must not be taken for an empty one."""
        self._name = name
        self._folder = PurePosixPath(folder)
        self._shelf = shelf

    def send(self, parcel: Parcel, path: str, watch: Watch) -> Receipt:
        """Bring a file to a path. Raises DeliveryError."""
        parcel.check()
        final = self._folder / path
        part = final.parent / f".{final.name}.{parcel.sha256[:8]}{PART_SUFFIX}"
        with self._shelf.translated():
            self._need_folder()
            if self._shelf.size(str(final)) == parcel.size_bytes and self._holds(str(final), parcel, watch):
                return _receipt(str(final), parcel, parcel.size_bytes)
            self._shelf.make_folder(str(final.parent))
            at = self._usable(str(part), parcel)
            watch.progress(at)
            if at < parcel.size_bytes or at == 0:
                blocks = watch.watched(parcel.blocks(at), at)
                self._shelf.write(str(part), blocks, at=at, size=parcel.size_bytes)
            self._check(str(part), parcel, watch)
            self._shelf.rename(str(part), str(final))
        return _receipt(str(final), parcel, at)

    def probe(self) -> str | None:
        """Write a small file and delete it again. Raises DeliveryError."""
        path = str(self._folder / PROBE_NAME)
        with self._shelf.translated():
            self._need_folder()
            self._shelf.write(path, iter([b"streamproc"]), at=0, size=10)
        try:
            with self._shelf.translated():
                self._shelf.remove(path)
        except DeliveryError as error:
            return f"{PROBE_NAME} can't be deleted again: {error}"
        return None

    def close(self) -> None:
        """Let go of the connection."""
        self._shelf.close()

    def _need_folder(self) -> None:
        if not self._shelf.has_folder(str(self._folder)):
            raise DeliveryRefused(
                f"target '{self._name}': the folder {self._folder} is not there; make it, or mount what it is on"
            )

    def _usable(self, part: str, parcel: Parcel) -> int:
        """Return how many bytes of an earlier attempt can be gone on from; what is of no use is removed."""
        there = self._shelf.size(part)
        if there is None:
            return 0
        if self._shelf.can_append and 0 < there <= parcel.size_bytes:
            at = max(0, there - TAIL_BYTES)
            if b"".join(self._shelf.read(part, at)) == b"".join(parcel.blocks(at, there)):
                return there
        self._shelf.remove(part)
        return 0

    def _check(self, part: str, parcel: Parcel, watch: Watch) -> None:
        """Read back what has arrived and compare it. Raises DeliveryError when it is not the file."""
        if self._shelf.size(part) == parcel.size_bytes and self._holds(part, parcel, watch):
            return
        with suppress(DeliveryError), self._shelf.translated():  # the next attempt compares it anyway
            self._shelf.remove(part)
        if not parcel.is_as_it_was():
            raise parcel.changed("its SHA-256 is another")
        raise DeliveryError(f"target '{self._name}': what arrived of {parcel.path.name} is damaged; it is sent again")

    def _holds(self, path: str, parcel: Parcel, watch: Watch) -> bool:
        digest = hashlib.sha256()
        for block in self._shelf.read(path, 0):
            watch.go_on()
            digest.update(block)
        return digest.hexdigest() == parcel.sha256


def _receipt(path: str, parcel: Parcel, resumed_at: int) -> Receipt:
    return Receipt(
        remote_path=path,
        size_bytes=parcel.size_bytes,
        resumed_at=resumed_at,
        verified="size, and the SHA-256 of what was read back",
    )


class FileSystemShelf:
    """What fsspec makes of a file system, for those that can append."""

    can_append = True

    def __init__(self, name: str, filesystem: Any) -> None:
        """filesystem: an ``fsspec.AbstractFileSystem``, whose package comes without types."""
        self._name = name
        self._fs = filesystem

    def size(self, path: str) -> int | None:
        """Return a file's size; None when there is no file."""
        try:
            return int(self._fs.info(path)["size"])
        except FileNotFoundError:
            return None

    def has_folder(self, path: str) -> bool:
        """Tell whether there is such a folder."""
        try:
            return bool(self._fs.info(path)["type"] == "directory")
        except FileNotFoundError:
            return False

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it."""
        self._fs.makedirs(path, exist_ok=True)

    def write(self, path: str, blocks: Iterator[bytes], *, at: int, size: int) -> None:
        """Write to a new file, or go on with one."""
        with self._fs.open(path, "ab" if at else "wb") as file:
            for block in blocks:
                file.write(block)
            self.settle(file)

    def settle(self, file: Any) -> None:
        """See to it that what was written is on the disk, before the file is closed."""

    def read(self, path: str, at: int) -> Iterator[bytes]:
        """Yield what a file holds from a byte on."""
        with self._fs.open(path, "rb") as file:
            file.seek(at)
            while block := file.read(BLOCK_BYTES):
                yield block

    def rename(self, old: str, new: str) -> None:
        """Give a file another name at one blow."""
        self._fs.mv(old, new)

    def remove(self, path: str) -> None:
        """Delete a file."""
        self._fs.rm_file(path)

    def translated(self) -> AbstractContextManager[None]:
        """Turn errors of the system into DeliveryError."""
        return translating(OSError, lambda error: fault_of_os(self._name, error))

    def close(self) -> None:
        """Let go of nothing: there is no connection."""


class _Folder(FileSystemShelf):
    """A folder of this machine, or one that is mounted on it."""

    def settle(self, file: Any) -> None:
        """Wait until the disk has it."""
        file.flush()
        os.fsync(file.fileno())

    def rename(self, old: str, new: str) -> None:
        """Give a file another name at one blow, and wait until the disk has that as well."""
        super().rename(old, new)
        folder = os.open(Path(new).parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def open_folder(name: str, path: str) -> ShelfTarget:
    """Return a target that is a folder."""
    return ShelfTarget(name, path, _Folder(name, LocalFileSystem(skip_instance_cache=True)))


E = TypeVar("E", bound=Exception)


@contextmanager
def translating(kinds: type[E] | tuple[type[E], ...], fault: Callable[[E], DeliveryError]) -> Iterator[None]:
    """Turn errors of some kinds into what ``fault`` makes of them, in a with statement."""
    try:
        yield
    except kinds as error:
        raise fault(error) from error


def fault_of_os(name: str, error: OSError) -> DeliveryError:
    """Say what an error of the system means for a target."""
    reason = error.strerror or str(error) or type(error).__name__
    if error.errno in _FULL:
        return DeliveryRefused(f"target '{name}' is full ({reason}); make room on it, what was sent is gone on from")
    if error.errno in _FORBIDDEN:
        return DeliveryRefused(f"target '{name}' can't be written to ({reason}); give this user the right to")
    return DeliveryError(f"target '{name}': {reason}")
