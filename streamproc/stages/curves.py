"""Writes curves along the recording: what the model says of each sample, and how loud the sound is.

Curves are for people to look at. So they give way: the sound is read in small bites with pauses, and a curve that can't
be written is logged and left with a hole, but stops nobody.
"""

from fractions import Fraction
from types import TracebackType
from typing import Final, Self

import structlog

from streamproc.catalogue.curves import Measured
from streamproc.catalogue.people import CurveKind
from streamproc.catalogue.store import Catalogue
from streamproc.errors import CatalogueError, RecordingError, SourceUnsupported
from streamproc.media.levels import STEP_S, LevelReader
from streamproc.media.recording.reader import RecordingEpoch, RecordingFootage
from streamproc.messages import Sample, Score
from streamproc.stage import Surroundings
from streamproc.timebase import NS

FLUSH_S: Final = 10.0
"""Values wait at most so long before they are written; a kill loses them, and reading again brings them back."""
MOST_WAITING: Final = 1200
"""So many values are written at once, however fast they come."""
POLL_S: Final = 5.0
BITE: Final = 40
"""Steps of sound that are read at a time: 20 seconds."""
PAUSE_S: Final = 0.5
"""Pause between bites where there is more to read: the decision has the threads meanwhile."""
BACK_S: Final = Fraction(600)
"""The sound of a channel that has no curve yet is read from so long before the end of what is recorded."""
_TIDY_S: Final = 3600.0

log = structlog.get_logger()


class _Book:
    """One curve of one channel: values gather here, and are written now and then; for one thread at a time."""

    def __init__(self, around: Surroundings, catalogue: Catalogue, kind: CurveKind) -> None:
        self._around = around
        self._catalogue = catalogue
        self._kind = kind
        self._epoch: int | None = None
        self._waiting: list[Measured] = []
        self._flushed_s = around.clock.monotonic_s()

    def add(self, epoch: int, time: Fraction, value: float) -> None:
        """Take in a value; times rise, but for a reading that begins anew."""
        if epoch != self._epoch or (self._waiting and time <= self._waiting[-1][0]):
            self.flush()
            self._epoch = epoch
        self._waiting.append((time, value))
        if len(self._waiting) >= MOST_WAITING or self._around.clock.monotonic_s() - self._flushed_s >= FLUSH_S:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        self._flushed_s = self._around.clock.monotonic_s()
        if not waiting or self._epoch is None:
            return
        try:
            self._catalogue.curves.put(self._around.channel, self._epoch, self._kind, waiting)
        except CatalogueError as error:
            log.warning("curves.not_written", channel=self._around.channel, kind=self._kind, error=str(error))


class ScoreCurve:
    """Writes the model's scores for as long as it is open; ``observe`` is an observer of ClassifyStage."""

    def __init__(self, around: Surroundings, catalogue: Catalogue) -> None:
        self._book = _Book(around, catalogue, CurveKind.SCORE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._book.flush()

    def observe(self, sample: Sample, score: Score, took_s: float) -> None:
        """Take in the score of one sample."""
        self._book.add(sample.epoch, sample.time, score.probability)


class CurveStage:
    """Reads the sound of a channel as it is recorded, writes its level, and deletes what is old of every curve."""

    def __init__(
        self, around: Surroundings, footage: RecordingFootage, catalogue: Catalogue, *, level: bool, keep_days: float
    ) -> None:
        self._around = around
        self._footage = footage
        self._catalogue = catalogue
        self._level = level
        self._keep_ns = round(keep_days * 24 * 3600 * NS)
        self._book = _Book(around, catalogue, CurveKind.LEVEL)
        self._reader: LevelReader | None = None
        self._epoch: RecordingEpoch | None = None

    async def run(self) -> None:
        """Work until cancelled."""
        clock, tidied_s = self._around.clock, -_TIDY_S
        self._reader = self._epoch = None
        try:
            while True:
                if clock.monotonic_s() - tidied_s >= _TIDY_S:
                    tidied_s = clock.monotonic_s()
                    await self._around.call(self._tidy)
                has_more = self._level and await self._around.call(self.bite)
                await clock.sleep(PAUSE_S if has_more else POLL_S)
        finally:
            self._book.flush()

    def bite(self) -> bool:
        """Read and write a little; tell whether there is more. Raises RecordingError, CatalogueError."""
        if self._epoch is None:
            return self._begin()
        ended = self._epoch.has_ended()
        found = [] if self._reader is None else self._read(self._reader)
        for time, level in found:
            self._book.add(self._epoch.id, time, level)
        if found:
            behind = max(self._epoch.end() - found[-1][0], Fraction(0))
            self._around.telemetry.reading.lag.labels(self._around.channel, "level").set(float(behind))
        if len(found) < BITE and ended:
            self._book.flush()
            return self._next(self._epoch.id, None)
        return len(found) >= BITE

    def _read(self, reader: LevelReader) -> list[tuple[Fraction, float]]:
        try:
            return reader.read(BITE)
        except RecordingError as error:  # retention was faster
            log.info("curves.unread", channel=self._around.channel, error=str(error))
            return []

    def _begin(self) -> bool:
        """Go to where the curve ends, or to a little before the end of the recording."""
        known = self._catalogue.curves.last(self._around.channel, CurveKind.LEVEL)
        epochs = self._known_epochs()
        if known is not None:
            number, time = known
            if any(epoch.id == number for epoch in epochs):
                return self._next(number - 1, time + STEP_S)
            return self._next(number, None)
        if not epochs:
            return False
        newest = epochs[-1]
        return self._next(newest.id - 1, max(Fraction(0), newest.end() - BACK_S))

    def _next(self, after: int, start: Fraction | None) -> bool:
        """Open the first epoch with a greater number; tell whether there is one."""
        self._epoch = next((epoch for epoch in self._known_epochs() if epoch.id > after), self._epoch)
        if self._epoch is None or self._epoch.id <= after:
            return False
        self._reader = None
        if self._epoch.format.audio is not None:
            try:
                self._reader = LevelReader(self._epoch, start or Fraction(0))
            except SourceUnsupported as error:
                log.info("curves.unread", channel=self._around.channel, error=str(error))
        return True

    def _known_epochs(self) -> list[RecordingEpoch]:
        """Return the recorded epochs that the decision has entered into the catalogue."""
        known = {row.epoch for row in self._catalogue.epochs(self._around.channel)}
        return [epoch for epoch in self._footage.epochs() if epoch.id in known]

    def _tidy(self) -> None:
        self._catalogue.curves.forget_before(self._around.channel, self._around.clock.utc_ns() - self._keep_ns)
