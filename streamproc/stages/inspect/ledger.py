"""What was found on a channel and how far the search has come, written together; and what was left out, counted."""

from collections.abc import Iterable
from fractions import Fraction
from functools import partial
from typing import Final, Literal

import structlog

from streamproc.catalogue.findings import Examiner, Looked, Sight
from streamproc.catalogue.store import Catalogue
from streamproc.config import InspectSettings
from streamproc.forensics.evidence import Event
from streamproc.logic.inspecting import WARM_UP_S
from streamproc.stage import Surroundings
from streamproc.stages.inspect.events import Events, Growing
from streamproc.stages.inspect.inspector import Inspector
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS

FLUSH_S: Final = 10.0
"""What only grows is written so often; a kill loses that, and looking again brings it back."""

log = structlog.get_logger()


def end_inspection(channel: str, catalogue: Catalogue, telemetry: Telemetry) -> None:
    """Where nobody looks any more, nothing goes on. Raises CatalogueError."""
    if catalogue.findings.close(channel):
        telemetry.inspection.findings_open.labels(channel).set(0)


class Ledger:
    """The book of one channel. All its methods that reach the catalogue raise CatalogueError."""

    def __init__(
        self,
        around: Surroundings,
        catalogue: Catalogue,
        inspector: Inspector,
        examiner: Examiner,
        settings: InspectSettings,
    ) -> None:
        self._around = around
        self._findings = catalogue.findings
        self._inspector = inspector
        self._examiner = examiner
        self._settings = settings
        self._epoch: int | None = None
        self._events = Events(pixel_aspect=Fraction(1))
        self._written: Fraction | None = None
        """Up to where it is written that this epoch was looked at."""
        self._flushed_s = around.clock.monotonic_s()

    # Where it begins

    def place(self) -> tuple[int, Fraction] | None:
        """Return up to where the last process has looked: the epoch, and the time in it; None when nowhere."""
        return self._findings.place(self._around.channel)

    @property
    def resumed(self) -> Fraction | None:
        """Up to where this epoch was looked at before this process began; None when that is not open any more."""
        return self._events.resumed

    def open(self, epoch: int, after: Fraction | None, pixel_aspect: Fraction) -> None:
        """Begin an epoch's page. after: the keyframe up to which nothing is looked at."""
        self._epoch, self._written = epoch, after
        self._events = Events(pixel_aspect=pixel_aspect)

    def resume(self, time: Fraction) -> None:
        """Take up what the last process has left open in this epoch, which it has looked at up to then."""
        assert self._epoch is not None
        left = self._findings.unfinished(self._around.channel, self._epoch, time - WARM_UP_S)
        left = [row for row in left if row.epoch == self._epoch and row.examiner == self._examiner]
        self._findings.close(self._around.channel, besides=[row.id for row in left])
        self._events.resumed, self._events.left = time, left

    def close(self) -> None:
        """End what is open in the catalogue, and not taken up."""
        self._findings.close(self._around.channel)

    # What comes in

    def take(self, time: Fraction, events: Iterable[Event]) -> bool:
        """Take in what a keyframe changed; tell whether something began or ended, and so must be written now."""
        return self._events.take(time, events)

    def left_out(self, reason: Literal["behind", "unreadable"], count: int) -> None:
        """Count keyframes that were not looked at."""
        self._around.telemetry.inspection.left_out.labels(self._around.channel, reason).inc(count)

    # What is written

    @property
    def is_due(self) -> bool:
        """Whether even what only grows is to be written."""
        return self._around.clock.monotonic_s() - self._flushed_s >= FLUSH_S

    async def flush(self, after: Fraction | None) -> None:
        """Write what waits, and how far it has come."""
        self._flushed_s = self._around.clock.monotonic_s()
        if self._epoch is None or after is None or (after == self._written and not self._events.wait):
            return
        due = await self._inspector.call(self._events.due)
        await self._around.call(partial(self._write, self._epoch, after, due))
        self._written = after

    def _write(self, epoch: int, time: Fraction, due: list[tuple[Growing, Sight]]) -> None:
        events, channel = self._events, self._around.channel
        resumed = events.resumed
        looked = Looked(
            channel=channel,
            epoch=epoch,
            time=time if resumed is None else max(time, resumed),
            examiner=self._examiner,
            sights=[sight for _, sight in due],
            sure_after=Fraction(self._settings.sure_after_s),
        )
        numbers = self._findings.save(looked)
        began = [number for (one, _), number in zip(due, numbers, strict=True) if one.id is None]
        for number in began:
            log.info("inspect.found", channel=channel, finding=number)
        self._around.telemetry.inspection.findings.labels(channel).inc(len(began))
        events.written(due, numbers)
        going_on = [one.id for one in events.open.values() if one.id is not None]
        if events.lost(time):
            self._findings.close(channel, besides=going_on)
        self._around.telemetry.inspection.findings_open.labels(channel).set(len(going_on))

    def tidy(self) -> None:
        """Delete findings that are older than they are kept."""
        keep_ns = round(self._settings.keep_days * 24 * 3600 * NS)
        self._findings.forget_before(self._around.channel, self._around.clock.utc_ns() - keep_ns)
