from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from streamproc.catalogue import Catalogue
from streamproc.messages import Change, Kind, Method, Placement, Position
from streamproc.timebase import NS, ManualClock

ZERO_NS = 1_790_000_000 * NS


class Feed:
    """A channel called "one" in a catalogue, spoken to in few words."""

    def __init__(self, catalogue: Catalogue, clock: ManualClock) -> None:
        self.catalogue = catalogue
        self.clock = clock

    def begin(self, epoch: int = 1, *, clips: bool = True, utc_zero_ns: int | None = ZERO_NS) -> None:
        self.catalogue.put_channel("one", "Channel One", "model", "0" * 64, clips=clips)
        self.catalogue.begin_epoch(
            "one", epoch, utc_zero_ns=utc_zero_ns, frame_rate=Fraction(25), description="h264 1920x1080"
        )

    def name(self, kind: Kind, epoch: int = 1) -> int | None:
        return self.change(Kind.UNKNOWN, kind, 2, epoch=epoch, at=self.place(0, Method.EPOCH))

    def change(
        self, before: Kind, after: Kind, first_new: float | Fraction, *, epoch: int = 1, at: Placement | None = None
    ) -> int | None:
        new = Fraction(first_new)
        change = Change(
            epoch=epoch, before=before, after=after, last_old=new - 2, first_new=new, decided=new + Fraction(1, 2)
        )
        position = Position(epoch=epoch, time=change.decided, memory=f'{{"state": "{after}"}}')
        return self.catalogue.add_change("one", change, self.place(new) if at is None else at, position)

    def place(self, time: float | Fraction, method: Method = Method.SAMPLE, confidence: float = 0.9) -> Placement:
        exact = Fraction(time)
        return Placement(time=exact, frame=int(exact * 25), confidence=confidence, method=method)

    def end(self, end: float | Fraction, epoch: int = 1, reason: str = "lost") -> None:
        self.catalogue.end_epoch("one", epoch, Fraction(end), int(Fraction(end) * 25), reason)

    def shape(self) -> list[tuple[str, float, float | None, str]]:
        return [
            (row.kind.value, float(row.start.time), None if row.end is None else float(row.end.time), row.state.value)
            for row in self.catalogue.segments("one")
        ]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(ZERO_NS)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'catalogue.sqlite'}"


@pytest.fixture
def catalogue(url: str, clock: ManualClock) -> Iterator[Catalogue]:
    opened = Catalogue.open(url, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def feed(catalogue: Catalogue, clock: ManualClock) -> Feed:
    return Feed(catalogue, clock)
