"""The channels' recordings, opened once for all handlers; every call blocks, so handlers make it in a thread."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from aiohttp import web

from streamproc.config import Settings
from streamproc.media.recording.reader import RecordingEpoch, RecordingFootage
from streamproc.web.services import SERVICES


class Recordings:
    """As many open indexes as there are channels."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._open: dict[Path, RecordingFootage] = {}

    def folder(self, channel: str) -> Path:
        """Return where a channel's recording lies."""
        return self._settings().recording_dir / channel

    def footage(self, channel: str) -> RecordingFootage:
        """Return a channel's recording, which need not exist yet."""
        folder = self.folder(channel)
        return self._open.setdefault(folder, RecordingFootage(folder))

    def epochs(self, channel: str) -> list[RecordingEpoch]:
        """Return what is still there of a channel, oldest first. Raises RecordingError."""
        return list(self.footage(channel).epochs())


RECORDINGS: Final = web.AppKey("recordings", Recordings)


async def recordings(app: web.Application) -> AsyncIterator[None]:
    """Keep the recordings open for as long as the application runs."""
    app[RECORDINGS] = Recordings(app[SERVICES].current)
    yield
