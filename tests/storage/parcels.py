"""Files to send, and somebody who watches."""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from streamproc.storage import Parcel, Watch

NAME = "one/Вести 100% #1 [19-00].mp4"
"""A path with all that has a meaning somewhere: in addresses, in shells, in patterns."""


def parcel(folder: Path, size_bytes: int = 3_000_000, seed: int = 1) -> Parcel:
    """Write a file that nothing compresses or repeats, and describe it."""
    path = folder / f"clip{seed}.mp4"
    data = random.Random(seed).randbytes(size_bytes)
    path.write_bytes(data)
    return Parcel(path=path, size_bytes=size_bytes, sha256=hashlib.sha256(data).hexdigest())


def _nothing(sent_bytes: int) -> None:
    pass


@dataclass
class Desk:
    """Keeps what it is told, as the catalogue does."""

    resume: str | None = None
    sent: list[int] = field(default_factory=list)
    stop_at: int | None = None
    then: Callable[[int], None] = _nothing

    def watch(self) -> Watch:
        """Return what the sender gets."""
        return Watch(
            resume=self.resume, remember=self._remember, progress=self._progress, stopping=lambda: self._is_reached()
        )

    def _remember(self, text: str | None) -> None:
        self.resume = text

    def _progress(self, sent_bytes: int) -> None:
        self.sent.append(sent_bytes)
        self.then(sent_bytes)

    def _is_reached(self) -> bool:
        return self.stop_at is not None and bool(self.sent) and self.sent[-1] >= self.stop_at
