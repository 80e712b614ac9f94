"""Enters the cues of a channel's feed into the catalogue, says where they and the logo disagree, and writes our own.

What a feed announces never makes a boundary: the logo does (:mod:`streamproc.logic.cues`). A break that is announced
and does not come is worth a line in the log, and no more.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import structlog

from streamproc.catalogue.cues import Found
from streamproc.catalogue.store import Catalogue
from streamproc.config import CueSettings
from streamproc.logic.cues import announced, is_far, unanswered
from streamproc.logic.sampling import SamplingPlan, Settled
from streamproc.media.footage import Epoch, Footage
from streamproc.messages import BoundaryState, Cue, CueKind, CueMessage, CueOrigin
from streamproc.scte35.placing import read_cue
from streamproc.scte35.section import HZ, SectionDamaged, make_splice_insert, to_text
from streamproc.stage import Surroundings
from streamproc.timebase import NS

log = structlog.get_logger()

POLL_S = 1.0
WRITE_BACK_S = 3600
"""Boundaries found longer ago than this get no cue any more: whoever turns writing on does not want last month's."""


@dataclass(slots=True)
class _Reading:
    """How far the cues of an epoch are read."""

    number: int | None = None
    """Of the newest message that was read."""
    cues: list[Cue] = field(default_factory=list)
    """Not compared with the logo yet."""


class CueStage:
    """Works until cancelled, or until :meth:`finish` was called and everything is compared."""

    def __init__(
        self,
        around: Surroundings,
        footage: Footage,
        catalogue: Catalogue,
        *,
        plan: SamplingPlan,
        settings: CueSettings,
    ) -> None:
        self._around = around
        self._footage = footage
        self._catalogue = catalogue
        self._plan = plan
        self._settings = settings
        self._tolerance = Fraction(settings.tolerance_s).limit_denominator(1000)
        self._readings: dict[int, _Reading] = {}
        self._finished: set[int] = set()  # epochs that have ended and are read
        self._finishing = asyncio.Event()

    def finish(self) -> None:
        """Say that all boundaries are final: compare what is left and end."""
        self._finishing.set()

    async def run(self) -> None:
        """Work; see the class."""
        while True:
            finishing = self._finishing.is_set()
            await self._around.call(self.round)
            if finishing:
                return
            await self._around.clock.sleep(POLL_S)

    def round(self) -> None:
        """Read what has come, compare what can be compared by now, and write what was found."""
        finishing, settled = self._finishing.is_set(), self._plan.settled
        if self._settings.use:
            epochs = self._footage.epochs()
            self._forget_all_but({epoch.id for epoch in epochs})
            for epoch in epochs:
                if epoch.id not in self._finished:
                    self._read(epoch, settled, finishing=finishing)
        if self._settings.write:
            self._write()

    def _forget_all_but(self, epochs: set[int]) -> None:
        """Forget epochs that retention has deleted."""
        self._finished &= epochs
        self._readings = {number: reading for number, reading in self._readings.items() if number in epochs}

    def _read(self, epoch: Epoch, settled: Settled, *, finishing: bool) -> None:
        reading = self._readings.setdefault(epoch.id, _Reading())
        has_ended = epoch.has_ended()  # before its cues are read: after that no more can come
        messages = epoch.cues(reading.number)
        if messages:
            if not self._is_known(epoch):
                return
            reading.cues += self._entered(epoch, self._understood(epoch, messages))
            reading.number = messages[-1].number
        reading.cues = self._compare(epoch, reading.cues, settled, finishing=finishing)
        if has_ended and not reading.cues:
            self._finished.add(epoch.id)
            del self._readings[epoch.id]

    def _is_known(self, epoch: Epoch) -> bool:
        """Tell whether the decision has come to an epoch, which enters it."""
        return any(row.epoch == epoch.id for row in self._catalogue.epochs(self._around.channel))

    def _understood(self, epoch: Epoch, messages: Sequence[CueMessage]) -> list[Cue]:
        """Return what the messages say; what is damaged gets a line in the log."""
        found: list[Cue] = []
        for message in messages:
            try:
                found += read_cue(message)
            except SectionDamaged as error:
                self._around.telemetry.cues.damaged.labels(self._around.channel).inc()
                log.warning("cues.damaged", channel=self._around.channel, epoch=epoch.id, why=str(error))
        return found

    def _entered(self, epoch: Epoch, cues: Sequence[Cue]) -> list[Cue]:
        """Enter cues; return those that nobody has entered before, to be compared."""
        new = self._catalogue.cues.add(self._around.channel, epoch.id, cues)
        for cue in new:
            self._around.telemetry.cues.handled.labels(self._around.channel, cue.origin).inc()
            log.info(
                "cues.read",
                channel=self._around.channel,
                epoch=epoch.id,
                kind=cue.kind,
                time_s=round(float(cue.time), 3),
                event_id=cue.event_id,
                name=cue.name,
            )
        if any(is_far(cue) for cue in new):
            log.warning(
                "cues.other_clock",
                channel=self._around.channel,
                epoch=epoch.id,
                does="splice times lie far from when they were sent: the encoder counts by another clock; not used",
            )
        return new

    def _compare(self, epoch: Epoch, cues: list[Cue], settled: Settled, *, finishing: bool) -> list[Cue]:
        """Say which cues the logo does not answer; return those of which it is too early to tell."""
        if not cues:
            return cues
        standing = self._catalogue.boundaries(self._around.channel, epoch.id)
        open_from = min((row.time for row in standing if row.state is BoundaryState.PROVISIONAL), default=None)

        def is_due(cue: Cue) -> bool:
            until = cue.time + self._tolerance
            if finishing or cue.kind is CueKind.OTHER or is_far(cue):
                return True
            return settled.covers(epoch.id, until) and (open_from is None or open_from > until + self._tolerance)

        due = [cue for cue in cues if is_due(cue)]
        changes = [(row.time, row.after) for row in standing]
        wanted = [cue for cue in announced(cues) if cue in due]  # with all, so that a withdrawal counts
        for cue in unanswered(wanted, changes, self._tolerance):
            self._around.telemetry.cues.verdicts.labels(self._around.channel, "unanswered").inc()
            log.warning(
                "cues.unanswered",
                channel=self._around.channel,
                epoch=epoch.id,
                kind=cue.kind,
                time_s=round(float(cue.time), 3),
                event_id=cue.event_id,
                does="the logo shows no such change there; nothing was cut",
            )
        return [cue for cue in cues if cue not in due]

    def _write(self) -> None:
        since_ns = self._around.clock.utc_ns() - WRITE_BACK_S * NS
        for found in self._catalogue.cues.unannounced(self._around.channel, since_ns):
            self._catalogue.cues.add(self._around.channel, found.epoch, [_written(found)])
            self._around.telemetry.cues.handled.labels(self._around.channel, CueOrigin.FOUND).inc()


def _written(found: Found) -> Cue:
    """Return the cue for a boundary; its splice time counts from the epoch's first frame."""
    section = make_splice_insert(found.event_id, round(found.time * HZ), out=found.kind is CueKind.OUT)
    return Cue(
        kind=found.kind,
        time=found.time,
        exact=True,
        sent=found.time,
        event_id=found.event_id,
        duration=None,
        returns=False,
        cancels=False,
        name="splice_insert",
        origin=CueOrigin.FOUND,
        payload=to_text(section),
    )
