"""Tells whether a push that libavformat has taken came with the right stream key.

Listening over RTMP, libavformat takes whatever is pushed and, if app or key differ from the address, only writes a
warning. So its warnings are read while it listens, and go nowhere: they name the key.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import av.logging

_LIBAV = logging.getLogger("libav")
_LIBAV.propagate = False  # what libav says holds addresses with their keys; it must reach no handler
_LIBAV.addHandler(logging.NullHandler())
_WRONG: Final = ("Unexpected stream", "App field don't match")


class _Warnings:
    """Lets libav say its warnings while at least one thread listens to them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners = 0

    def __enter__(self) -> None:
        with self._lock:
            self._listeners += 1
            av.logging.set_level(av.logging.WARNING)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._listeners -= 1
            if not self._listeners:
                av.logging.set_level(None)


_warnings = _Warnings()


@contextmanager
def warned_of_wrong_key() -> Iterator[list[bool]]:
    """Yield a list that holds one truth after the block: whether this thread's libav calls met a wrong key."""
    found: list[bool] = []
    with _warnings, av.logging.Capture(True) as said:
        yield found
        found.append(any(text.startswith(_WRONG) for _, _, text in said))
