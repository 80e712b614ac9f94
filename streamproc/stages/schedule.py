"""Keeps the listings of all channels as the printed schedule has them.

The schedule is fetched when it is due, and only if it has changed; listings are replaced only when all of it could be
read, so a broken or missing file leaves what was read before.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import structlog

from streamproc.catalogue.listings import ListingRow
from streamproc.catalogue.store import Catalogue
from streamproc.config import Settings
from streamproc.errors import ScheduleError
from streamproc.schedule.fetch import Mark, fetch
from streamproc.schedule.times import zone_named
from streamproc.schedule.xmltv import Entry, read_channels, read_guide
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, Clock

log = structlog.get_logger()

KEPT_NS: Final = 40 * 24 * 3600 * NS
"""Listings older than this are forgotten."""
RETRY_S: Final = 60.0
"""After a failure the next attempt comes so soon; the wait doubles up to the usual one."""
LOOK_S: Final = 5.0
"""How soon a changed configuration is noticed."""


class ScheduleStage:
    """Refreshes the listings; :meth:`refresh` does so once."""

    def __init__(
        self, current: Callable[[], Settings], catalogue: Catalogue, telemetry: Telemetry, clock: Clock
    ) -> None:
        """current: returns what the configuration says now."""
        self._current = current
        self._catalogue = catalogue
        self._telemetry = telemetry
        self._clock = clock
        self._mark = Mark()
        self._taken: list[str] = []
        self._asked: object = None

    async def run(self) -> None:
        """Refresh until cancelled."""
        due_s, wait_s = 0.0, RETRY_S
        while True:
            settings = self._current()
            if _question(settings) != self._asked:
                self._asked, self._mark, due_s, wait_s = _question(settings), Mark(), 0.0, RETRY_S
                self._begin(settings)
            if settings.schedule.source is not None and self._clock.monotonic_s() >= due_s:
                usual_s = settings.schedule.refresh_min * 60
                well = await self.refresh()
                due_s = self._clock.monotonic_s() + (usual_s if well else min(wait_s, usual_s))
                wait_s = RETRY_S if well else wait_s * 2
            await self._clock.sleep(LOOK_S)

    def _begin(self, settings: Settings) -> None:
        """Count the age of what is never read from now on."""
        if settings.schedule.source is not None:
            for channel in settings.channels:
                self._telemetry.schedule.read.labels(channel.name).set(self._clock.utc_ns() / NS)

    async def refresh(self) -> bool:
        """Fetch the schedule and take its listings over; tell whether that went well.

        What can't be read is said in the log; the listings that were there stay.
        """
        settings = self._current()
        source = settings.schedule.source
        assert source is not None
        try:
            fetched = await fetch(source, self._mark, settings.schedule_dir)
            if fetched is not None:
                self._taken, complete = await asyncio.to_thread(self._take_over, settings, fetched.path)
                self._mark = fetched.mark if complete else Mark()
        except ScheduleError as error:
            self._fail("", str(error))
            return False
        for name in self._taken:
            self._telemetry.schedule.read.labels(name).set(self._clock.utc_ns() / NS)
        return True

    def _take_over(self, settings: Settings, path: Path) -> tuple[list[str], bool]:
        """Replace the listings of each channel whose entries can be used.

        Return which these are, and whether the catalogue knew all channels; if not, the file is to be read again.
        """
        known = {row.name for row in self._catalogue.channels()}
        listed = read_channels(path)
        ids = {}
        for channel in settings.channels:
            number = find_channel(channel.schedule_id or channel.display_title, listed)
            if number is not None and channel.name in known:
                ids[channel.name] = number
            elif channel.schedule_id is not None and channel.name in known:
                self._fail(channel.name, f"{path.name}: no channel '{channel.schedule_id}'; {there_are(listed)}")
        schedule = settings.schedule
        guide = read_guide(path, set(ids.values()), zone_named(schedule.zone), schedule.languages.split(","))
        for note in guide.notes:
            log.warning("schedule.mended", note=note)
        for name, number in ids.items():
            if number in guide.faults:
                self._fail(name, guide.faults[number])
            else:
                self._replace(name, listings_of(guide.entries[number]))
        taken = [name for name, number in ids.items() if number in guide.entries]
        return taken, known >= {channel.name for channel in settings.channels}

    def _replace(self, name: str, listings: list[ListingRow]) -> None:
        changed = self._catalogue.listings.replace(name, listings)
        self._catalogue.listings.forget_before(name, self._clock.utc_ns() - KEPT_NS)
        self._telemetry.schedule.until.labels(name).set(listings[-1].start_ns / NS)
        if changed:
            log.info("schedule.read", channel=name, listings=len(listings))

    def _fail(self, channel: str, why: str) -> None:
        self._telemetry.daemon.errors.labels(channel, ScheduleError.__name__).inc()
        log.error("schedule.failed", channel=channel or None, error=why, listings="those before stay")


def _question(settings: Settings) -> object:
    """Return what decides which listings are wanted; when it changes, the schedule is read anew."""
    return settings.schedule, [(channel.name, channel.title, channel.schedule_id) for channel in settings.channels]


def find_channel(wanted: str, listed: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return the id of a channel by its id or one of its display names; None when there is none."""
    if wanted in listed:
        return wanted
    return next(
        (number for number, names in listed.items() if wanted.casefold() in (name.casefold() for name in names)), None
    )


def there_are(listed: Mapping[str, tuple[str, ...]]) -> str:
    """Name the channels of a schedule, for an error: a few of them when there are many."""
    shown = [f"{number} ({names[0]})" if names else number for number, names in listed.items()]
    more = f" and {len(shown) - 8} more" if len(shown) > 8 else ""
    return f"there are: {', '.join(shown[:8])}{more}" if shown else "it lists none"


def listings_of(entries: Sequence[Entry]) -> list[ListingRow]:
    """Return entries of a file as the catalogue keeps them."""
    return [
        ListingRow(
            start_ns=entry.start_ns,
            stop_ns=entry.stop_ns,
            title=entry.title,
            subtitle=entry.subtitle,
            description=entry.description,
            category=entry.category,
            language=entry.language,
            episode=entry.episode,
        )
        for entry in entries
    ]
