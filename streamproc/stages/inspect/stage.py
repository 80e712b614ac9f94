"""The stage: what happens in which order, and in which thread."""

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from time import perf_counter
from typing import Final

import structlog

from streamproc.catalogue.findings import Examiner
from streamproc.catalogue.store import Catalogue
from streamproc.config import InspectSettings
from streamproc.errors import PictureError, SourceUnsupported
from streamproc.logic.inspecting import where_to_begin
from streamproc.media.recording.reader import RecordingEpoch, RecordingFootage
from streamproc.stage import Surroundings
from streamproc.stages.inspect.eye import Eye, Look
from streamproc.stages.inspect.inspector import Inspector, Pulse
from streamproc.stages.inspect.ledger import Ledger
from streamproc.stages.inspect.walk import Walk

POLL_S: Final = 1.0
PAUSE_S: Final = 0.02
"""Between two keyframes where there are more: others may have the thread meanwhile."""
_TIDY_S: Final = 3600.0

log = structlog.get_logger()


class InspectStage:
    """Looks through the recording of one channel, as it grows."""

    def __init__(
        self,
        around: Surroundings,
        footage: RecordingFootage,
        catalogue: Catalogue,
        inspector: Inspector,
        pulse: Pulse,
        settings: InspectSettings,
    ) -> None:
        """Raises ModelError: there is no network."""
        self._around = around
        self._footage = footage
        self._catalogue = catalogue
        self._inspector = inspector
        self._method = inspector.method()
        self._pulse = pulse
        self._settings = settings
        self._forget()

    def _forget(self) -> None:
        examiner = Examiner(name=self._method.card.name, sha256=self._method.card.sha256)
        self._ledger = Ledger(self._around, self._catalogue, self._inspector, examiner, self._settings)
        self._walk = Walk(self._around, self._footage, self._catalogue, self._ledger, self._settings)
        self._eye: Eye | None = None
        """What looks at this epoch; None when that is over."""

    async def run(self) -> None:
        """Work until cancelled. Raises CatalogueError, RecordingError."""
        clock, tidied_s = self._around.clock, -_TIDY_S
        self._forget()
        while True:
            if clock.monotonic_s() - tidied_s >= _TIDY_S:
                tidied_s = clock.monotonic_s()
                await self._around.call(self._ledger.tidy)
            has_more = await self.step()
            await clock.sleep(PAUSE_S if has_more else POLL_S)

    async def step(self) -> bool:
        """Look at one keyframe, if there is one and there is time; tell whether there may be more.

        Raises CatalogueError, RecordingError.
        """
        resting = self._around.telemetry.inspection.resting.labels(self._around.channel)
        if await self._around.call(self._must_rest):
            resting.set(1)
            return False
        resting.set(0)
        if self._inspector.is_held:
            return False
        look = await self._around.call(self._next)
        if look is None:
            return await self._pass_on()
        is_news = await self._inspector.call(partial(self._examine, look))
        self._walk.after = look.time
        if is_news or self._ledger.is_due:
            await self._ledger.flush(self._walk.after)
        return True

    def _must_rest(self) -> bool:
        epochs = self._footage.epochs()
        return bool(epochs) and self._pulse.is_late(epochs[-1])

    def _next(self) -> Look | None:
        """Return the next keyframe to look at; None when there is none by now."""
        epochs = self._walk.epochs()
        if self._walk.epoch is None:
            if not epochs:
                return None
            self._begin(epochs)
        return self._walk.next(epochs)

    def _begin(self, epochs: Sequence[RecordingEpoch]) -> None:
        """Go on where the last process was, or a little before the end of what is recorded."""
        recorded = {epoch.id: epoch for epoch in epochs}
        most_behind = Fraction(self._settings.most_behind_s)
        beginning = where_to_begin(self._ledger.place(), list(recorded), epochs[-1].end(), most_behind)
        self._open(recorded[beginning.epoch], beginning.start)
        if beginning.resumed is None:
            self._ledger.close()
        else:
            self._ledger.resume(beginning.resumed)

    def _open(self, epoch: RecordingEpoch, start: Fraction | None) -> None:
        video = epoch.format.video
        self._walk.open(epoch, start)
        self._ledger.open(epoch.id, self._walk.after, video.sample_aspect)
        self._eye = Eye(video, one_a_shot=self._settings.one_a_shot)

    def _examine(self, look: Look) -> bool:
        """Examine a keyframe; tell whether something began or ended."""
        assert self._eye is not None
        telemetry, channel = self._around.telemetry, self._around.channel
        begun = perf_counter()
        try:
            events = self._eye.look(self._method, look)
        except (PictureError, SourceUnsupported) as error:
            log.info("inspect.unread", channel=channel, error=str(error))
            self._ledger.left_out("unreadable", 1)
            return False
        if events is None:
            return False
        telemetry.inspection.inspected.labels(channel).inc()
        telemetry.inspection.time.labels(channel).observe(perf_counter() - begun)
        return self._ledger.take(look.time, events)

    async def _pass_on(self) -> bool:
        """Where an epoch is over, end what is open in it and go on to the next; tell whether there is one."""
        after = self._walk.after
        if self._walk.epoch is None or not self._walk.is_over:
            if self._ledger.is_due:
                await self._ledger.flush(after)
            return False
        if self._eye is not None:
            self._ledger.take(after or Fraction(0), await self._inspector.call(self._eye.end))
            await self._ledger.flush(after)
            await self._around.call(self._ledger.close)
            self._eye = None
        return await self._around.call(self._go_on)

    def _go_on(self) -> bool:
        """Begin the next epoch, if there is one."""
        following = self._walk.following()
        if following is None:
            return False
        self._open(following, None)
        return True
