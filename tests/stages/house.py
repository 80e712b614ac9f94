"""A channel as the stages find it that read what is recorded: a recording, a catalogue, and a clock that tests move."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

from streamproc.catalogue import Catalogue
from streamproc.media.recording.reader import RecordingEpoch
from streamproc.stage import Surroundings
from streamproc.timebase import ManualClock
from tests.media.recorded import record
from tests.stages.broadcast import CHANNEL, surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A recorded channel with its catalogue."""

    around: Surroundings
    clock: ManualClock
    catalogue: Catalogue
    folder: Path
    """Of the recording."""
    rate: Fraction = Fraction(25)

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, **more: Any) -> Iterator[Self]:
        """Open one in an empty folder. more: what else such a house has."""
        clock = ManualClock()
        catalogue = Catalogue.open(f"sqlite:///{folder / 'catalogue.sqlite'}", clock=clock)
        catalogue.put_channel(CHANNEL, CHANNEL, "bug", "1" * 64)
        with surroundings(clock) as around:
            yield cls(around=around, clock=clock, catalogue=catalogue, folder=folder / "recording", **more)
        catalogue.close()

    def record(self, footage: Path) -> RecordingEpoch:
        """Record an epoch that the catalogue does not know yet."""
        return record(footage, self.folder, clock=self.clock)[0]

    def enter(self, epoch: RecordingEpoch) -> RecordingEpoch:
        """Enter an epoch into the catalogue, as the decision does."""
        self.catalogue.begin_epoch(
            CHANNEL, epoch.id, utc_zero_ns=epoch.utc_zero_ns, frame_rate=self.rate, description="h264"
        )
        return epoch
