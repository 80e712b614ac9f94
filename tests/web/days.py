"""Days to look at: what a channel's catalogue and recording hold after hours of work."""

import threading
import time
from fractions import Fraction
from itertools import cycle
from pathlib import Path

from streamproc.catalogue import Catalogue
from streamproc.catalogue.listings import ListingRow
from streamproc.config import Settings
from streamproc.media.recording.reader import RecordingEpoch
from streamproc.media.recording.writer import RecordingWriter
from streamproc.messages import Change, Kind, Method, Placement, Position
from streamproc.timebase import NS, ManualClock, SystemClock
from tests.footage import Drawn, draw
from tests.media.recorded import read_source, record
from tests.programmes import add_programme

RATE = 25
P, A, U = Kind.PROGRAMME, Kind.ADVERT, Kind.UNKNOWN


def film(path: Path, seconds: int, *, size: tuple[int, int] = (320, 192)) -> Path:
    """Draw footage whose every picture carries its number, with a keyframe each second."""
    return draw(path, Drawn(frames=seconds * RATE, size=size, options={"g": "25", "bf": "2"}, container_options={}))


def recorded(settings: Settings, source: Path, began_ns: int, seconds: int, channel: str = "one") -> RecordingEpoch:
    """Record footage as if it had come in at a time."""
    clock = ManualClock(began_ns + seconds * NS)
    return record(source, settings.recording_dir / channel, clock=clock)[0]


def catalogued(catalogue: Catalogue, epoch: RecordingEpoch, channel: str = "one") -> None:
    """Enter a recorded epoch into the catalogue, as the analyser does."""
    catalogue.begin_epoch(
        channel, epoch.id, utc_zero_ns=epoch.utc_zero_ns, frame_rate=Fraction(RATE), description="h264 320x192"
    )


def change(
    catalogue: Catalogue,
    epoch: int,
    kinds: tuple[Kind, Kind],
    at: Fraction,
    *,
    channel: str = "one",
    final: bool = True,
    confidence: float = 0.97,
) -> int:
    """Add a boundary; final ones stay."""
    place = Placement(time=at, frame=int(at * RATE), confidence=confidence, method=Method.SAMPLE)
    if at == 0:
        place = Placement(time=at, frame=0, confidence=1.0, method=Method.EPOCH)
    decided = at + Fraction(1, 2)
    found = Change(epoch=epoch, before=kinds[0], after=kinds[1], last_old=at - 1, first_new=at, decided=decided)
    number = catalogue.add_change(channel, found, place, Position(epoch=epoch, time=decided, memory="{}"))
    assert number is not None
    if final and at > 0:
        catalogue.finalize(number, place)
    return number


def segments(catalogue: Catalogue, epoch: int, lengths: list[int], *, channel: str = "one") -> list[int]:
    """Add programme and adverts in turn, of so many seconds; the last one goes on. Returns the boundaries' numbers."""
    at, found, kind = Fraction(0), [change(catalogue, epoch, (U, P), Fraction(0), channel=channel)], P
    for length, after in zip(lengths, cycle((A, P)), strict=False):
        at += length
        found.append(change(catalogue, epoch, (kind, after), at, channel=channel))
        kind = after
    return found


def programme(
    catalogue: Catalogue, title: str, parts: list[tuple[int, int | None]], *, epoch: int = 1, channel: str = "one"
) -> int:
    """Add a programme with parts of whole seconds, and no description."""
    return add_programme(catalogue, title, parts=tuple(parts), description=None, epoch=epoch, channel=channel)


def schedule(catalogue: Catalogue, entries: list[tuple[int, int, str]], channel: str = "one") -> None:
    """Print a schedule: start and stop in Unix nanoseconds, and a title."""
    rows = [ListingRow(start_ns=start, stop_ns=stop, title=title) for start, stop, title in entries]
    catalogue.listings.replace(channel, rows)


class Feed(threading.Thread):
    """Records footage at the pace at which it would come in, until it is over or stopped."""

    def __init__(self, settings: Settings, source: Path, channel: str = "one") -> None:
        super().__init__(daemon=True)
        self._source, self._packets = read_source(source)
        folder = settings.recording_dir / channel
        self._writer = RecordingWriter(folder, file_s=10.0, fragment_s=0.4, clock=SystemClock())
        self._stopped = threading.Event()
        self.begun = threading.Event()
        self.epoch: int | None = None

    def run(self) -> None:
        """Write each packet when its time has come."""
        epoch = self._writer.begin_epoch(self._source.video, self._source.audio)
        started = time.monotonic()
        for packet in self._packets:
            due = float((packet.dts or 0) * packet.time_base)
            if self._stopped.wait(max(0.0, started + due - time.monotonic())):
                break
            epoch.write(packet)
            self.epoch = epoch.id
            if due > 2:
                self.begun.set()
        epoch.close("stopped")
        self._writer.close()
        self._source.close()

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self._stopped.set()
        self.join()
