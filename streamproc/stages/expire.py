"""Deletes the files of old clips and pieces where ``clips.keep_days`` says so, once they have arrived at every target.

The clip or piece stays in the catalogue, which says that its file is gone.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from streamproc.catalogue.deliveries import Finished
from streamproc.catalogue.store import Catalogue
from streamproc.config import ChannelSettings, Settings
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, Clock

log = structlog.get_logger()

EVERY_S: Final = 600.0
DAY_NS: Final = 86_400 * NS


class ExpireStage:
    """Looks for old files now and then."""

    def __init__(
        self, settings: Callable[[], Settings], catalogue: Catalogue, telemetry: Telemetry, clock: Clock
    ) -> None:
        """settings: the newest, for channels come and go."""
        self._settings = settings
        self._catalogue = catalogue
        self._telemetry = telemetry
        self._clock = clock

    async def run(self) -> None:
        """Delete what is old until cancelled. Raises CatalogueError."""
        while True:
            for channel in self._settings().channels:
                await asyncio.to_thread(self.expire, channel)
            await self._clock.sleep(EVERY_S)

    def expire(self, channel: ChannelSettings) -> int:
        """Delete a channel's old files; returns how many. Raises CatalogueError."""
        if channel.clips.keep_days is None:
            return 0
        before_ns = self._clock.utc_ns() - round(channel.clips.keep_days * DAY_NS)
        deleted = 0
        while found := self._catalogue.deliveries.dispensable(channel.name, before_ns, channel.deliver):
            gone = [self._delete(channel.name, what, path) for what, path in found]
            deleted += sum(gone)
            if not all(gone):
                break  # what can't be deleted now would be found again and again
        if deleted:
            log.info("expire.deleted", channel=channel.name, files=deleted, keep_days=channel.clips.keep_days)
        return deleted

    def _delete(self, channel: str, what: Finished, path: str) -> bool:
        file = self._settings().clip_dir / path  # an absolute path stays what it is
        try:
            size_bytes = file.stat().st_size if file.exists() else 0
            file.unlink(missing_ok=True)
        except OSError as error:
            log.warning("expire.failed", channel=channel, what=str(what), file=str(file), error=error.strerror)
            return False
        self._catalogue.deliveries.removed(what)
        self._telemetry.files.expired.labels(channel).inc()
        self._telemetry.files.expired_bytes.labels(channel).inc(size_bytes)
        return True
