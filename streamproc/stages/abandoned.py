"""Ends findings that nobody follows any more: of channels that are gone, or not inspected, and of deleted epochs.

The search for paint ends its own findings. But it does not run for a channel that was taken out of the configuration,
and what was deleted while it was down it never comes to.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Final

import structlog

from streamproc.catalogue.findings import FindingRow
from streamproc.catalogue.store import Catalogue
from streamproc.config import Settings
from streamproc.errors import RecordingError
from streamproc.media.recording.reader import RecordingFootage
from streamproc.telemetry import Telemetry
from streamproc.timebase import Clock

log = structlog.get_logger()

EVERY_S: Final = 60.0


class AbandonedStage:
    """Looks for such findings at the start, and now and then: channels come and go, and retention deletes."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        catalogue: Catalogue,
        footage: Callable[[str], RecordingFootage],
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        """settings: the newest; footage: the recording of a channel."""
        self._settings = settings
        self._catalogue = catalogue
        self._footage = footage
        self._telemetry = telemetry
        self._clock = clock

    async def run(self) -> None:
        """End what is abandoned until cancelled. Raises CatalogueError."""
        while True:
            await asyncio.to_thread(self.end)
            await self._clock.sleep(EVERY_S)

    def end(self) -> int:
        """End what nobody follows any more where it was last seen; returns how many. Raises CatalogueError."""
        going_on: dict[str, list[FindingRow]] = defaultdict(list)
        for row in self._catalogue.findings.going_on():
            going_on[row.channel].append(row)
        return sum(self._end(channel, rows) for channel, rows in going_on.items())

    def _end(self, channel: str, rows: list[FindingRow]) -> int:
        followed = self._followed(channel)
        kept = [row.id for row in rows if row.epoch in followed]
        if len(kept) == len(rows):
            return 0
        ended = self._catalogue.findings.close(channel, besides=kept)
        self._telemetry.inspection.findings_open.labels(channel).set(len(kept))
        log.info("inspect.abandoned", channel=channel, findings=ended)
        return ended

    def _followed(self, channel: str) -> set[int]:
        """Return the epochs that are searched, or will be."""
        wanted = any(one.name == channel and one.enabled and one.inspect.enabled for one in self._settings().channels)
        if not wanted:
            return set()
        try:
            return {epoch.id for epoch in self._footage(channel).epochs()}
        except RecordingError as error:  # it may be readable again soon: nothing is ended for that
            log.info("inspect.unread", channel=channel, error=str(error))
            return {row.epoch for row in self._catalogue.epochs(channel)}
