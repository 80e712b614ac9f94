"""What a target is given, and what it gives back."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from streamproc.errors import DeliveryError, DeliveryImpossible

BLOCK_BYTES = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A finished file."""

    path: Path
    """Where it lies."""
    size_bytes: int
    """Its size when it was finished."""
    sha256: str
    """Its SHA-256 then, hex."""

    def check(self) -> None:
        """Raise DeliveryImpossible when there is no such file any more."""
        try:
            size_bytes = self.path.stat().st_size
        except FileNotFoundError as error:
            raise DeliveryImpossible(f"{self.path.name}: the file is gone; nothing can be sent") from error
        except OSError as error:
            raise DeliveryError(f"{self.path.name}: can't be read ({error.strerror})") from error
        if size_bytes != self.size_bytes:
            raise self.changed(f"it has {size_bytes} bytes and had {self.size_bytes}")

    def changed(self, how: str) -> DeliveryImpossible:
        """Return the error that says that somebody changed the file."""
        return DeliveryImpossible(f"{self.path.name}: is not the file that was finished and checked ({how})")

    def blocks(self, start: int = 0, end: int | None = None, size: int = BLOCK_BYTES) -> Iterator[bytes]:
        """Yield what lies from ``start`` to ``end``, in blocks of ``size`` bytes. Raises DeliveryError."""
        left = (self.size_bytes if end is None else end) - start
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                while left > 0 and (block := file.read(min(size, left))):
                    left -= len(block)
                    yield block
        except FileNotFoundError as error:
            raise DeliveryImpossible(f"{self.path.name}: the file is gone; nothing can be sent") from error
        except OSError as error:
            raise DeliveryError(f"{self.path.name}: can't be read ({error.strerror})") from error

    def is_as_it_was(self) -> bool:
        """Read the whole file and tell whether it still has its SHA-256. Raises DeliveryError."""
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
        return digest.hexdigest() == self.sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Whoever has a file sent, while it is under way. All are called from the thread that sends."""

    resume: str | None
    """What ``remember`` was last told in an earlier attempt to send this file to this path."""
    remember: Callable[[str | None], None]
    """Is told what the next attempt needs to go on, should this one be killed."""
    progress: Callable[[int], None]
    """Is told how many bytes have arrived, those of earlier attempts among them."""
    stopping: Callable[[], bool]
    """Is asked often whether to break off."""

    def go_on(self) -> None:
        """Raise Interrupted when it is time to stop."""
        if self.stopping():
            raise Interrupted("told to stop")

    def watched(self, blocks: Iterator[bytes], at: int = 0) -> Iterator[bytes]:
        """Pass blocks on; when the next is asked for, those before it are under way. Raises Interrupted."""
        for block in blocks:
            self.go_on()
            yield block
            at += len(block)
            self.progress(at)


class Interrupted(DeliveryError):
    """Sending was broken off because ``stopping`` said so; what has arrived is gone on from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A file has arrived."""

    remote_path: str
    """Where, in the target's own terms: a path or a key. Holds no secret."""
    size_bytes: int
    """How large it is there."""
    resumed_at: int
    """So many bytes were there from an earlier attempt; the whole size when it had arrived before."""
    verified: str
    """What was compared, in English words."""


class Target(Protocol):
    """A place that files can be sent to; used by one thread at a time."""

    def send(self, parcel: Parcel, path: str, watch: Watch) -> Receipt:
        """Bring a file to a path below the target's own, and return when it is there and checked.

        path: with ``/`` between folders, which are made. A file of that name is replaced, at one blow. Raises
        DeliveryError, of which DeliveryRefused waits for somebody, DeliveryImpossible is final; Interrupted.
        """
        ...

    def probe(self) -> str | None:
        """Write a small file and delete it again; return what could not be done apart from writing. Raises likewise."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...
