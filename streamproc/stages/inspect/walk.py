"""Where in the recording the search is, and which keyframe it looks at next."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import structlog

from streamproc.catalogue.store import Catalogue
from streamproc.config import InspectSettings
from streamproc.errors import RecordingError
from streamproc.logic.inspecting import next_step
from streamproc.media.recording.reader import RecordingEpoch, RecordingFootage
from streamproc.stage import Surroundings
from streamproc.stages.inspect.eye import Look
from streamproc.stages.inspect.ledger import Ledger

_ALL: Final = Fraction(1 << 31)

log = structlog.get_logger()


class Walk:
    """A way through the recording of one channel, from keyframe to keyframe."""

    def __init__(
        self,
        around: Surroundings,
        footage: RecordingFootage,
        catalogue: Catalogue,
        ledger: Ledger,
        settings: InspectSettings,
    ) -> None:
        self._around = around
        self._footage = footage
        self._catalogue = catalogue
        self._ledger = ledger
        self._settings = settings
        self._entered: set[int] = set()
        self.epoch: RecordingEpoch | None = None
        """Where it is; None before it has begun."""
        self.after: Fraction | None = None
        """Up to where it was there; None at the beginning."""
        self.is_over = False
        """Whether there will be nothing more to look at there."""

    def epochs(self) -> list[RecordingEpoch]:
        """Return the recorded epochs that the decision has entered into the catalogue, oldest first."""
        epochs = list(self._footage.epochs())
        if any(epoch.id not in self._entered for epoch in epochs):
            self._entered = {row.epoch for row in self._catalogue.epochs(self._around.channel)}
        return [epoch for epoch in epochs if epoch.id in self._entered]

    def following(self) -> RecordingEpoch | None:
        """Return the epoch after this one, if there is one by now."""
        assert self.epoch is not None
        here = self.epoch.id
        return next((epoch for epoch in self.epochs() if epoch.id > here), None)

    def open(self, epoch: RecordingEpoch, start: Fraction | None) -> None:
        """Go to an epoch: to the first keyframe from a time on, or to its first one."""
        self.epoch = epoch
        self.after = None if start is None or start <= 0 else start - epoch.format.video.time_base
        self.is_over = False

    def next(self, epochs: Sequence[RecordingEpoch]) -> Look | None:
        """Return the next keyframe to look at; None when there is none by now. It is passed when ``after`` is set."""
        epoch = self.epoch
        assert epoch is not None
        self.is_over = epoch.has_ended()  # asked first: what comes later is still looked at
        waiting = self._waiting(epoch)
        resumed = self._ledger.resumed
        fresh = [time for time in waiting if resumed is None or time > resumed]
        if self._is_late(epoch, epochs, fresh):
            return self._newest(epoch, epochs, fresh)
        step = next_step(waiting, self._settings.one_in, late=False)
        if step is None:
            return None
        self.is_over = False
        return self._read(epoch, step.at)

    def _waiting(self, epoch: RecordingEpoch) -> list[Fraction]:
        start = Fraction(0) if self.after is None else self.after + epoch.format.video.time_base
        return epoch.keyframe_times(start, _ALL)

    def _is_late(self, here: RecordingEpoch, epochs: Sequence[RecordingEpoch], waiting: list[Fraction]) -> bool:
        """Tell whether more is recorded after the first keyframe that waits than there is patience for."""
        behind = here.end() - waiting[0] if waiting else Fraction(0)
        behind += sum((epoch.end() for epoch in epochs if epoch.id > here.id), Fraction(0))
        self._around.telemetry.reading.lag.labels(self._around.channel, "inspect").set(float(max(behind, Fraction(0))))
        return behind > self._settings.most_behind_s

    def _newest(self, here: RecordingEpoch, epochs: Sequence[RecordingEpoch], waiting: list[Fraction]) -> Look | None:
        """Go on at the newest keyframe, having counted what is left out; None: at the next epoch, or at none."""
        if here.id != epochs[-1].id:
            self._ledger.left_out("behind", len(waiting) // self._settings.one_in)
            self.is_over = True
            return None
        step = next_step(waiting, self._settings.one_in, late=True)
        if step is None:
            return None
        self._ledger.left_out("behind", step.left_out)
        self.is_over = False
        return self._read(here, step.at)

    def _read(self, epoch: RecordingEpoch, time: Fraction) -> Look | None:
        tick = epoch.format.video.time_base
        try:
            packet = next(iter(epoch.keyframes(time - tick)), None)
        except RecordingError as error:
            log.info("inspect.unread", channel=self._around.channel, error=str(error))
            packet = None
        if packet is None or packet.pts * tick != time:  # retention was faster
            self._ledger.left_out("unreadable", 1)
            self.after = time
            return None
        return Look(packet=packet, time=time)
