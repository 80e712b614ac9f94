"""A recorded programme and adverts with the demo's bug, and the clip and piece that were cut from it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from streamproc.catalogue import Catalogue
from streamproc.catalogue.pieces import Wish
from streamproc.config import Settings
from streamproc.logic.labels import Label
from streamproc.messages import Change, Kind, Method, Placement, Position, Span
from streamproc.timebase import SystemClock
from tests.media.recorded import record
from tests.stages.broadcast import DEMO, Part, broadcast

CUT = 150
"""The frame at which the adverts begin."""


@dataclass(frozen=True)
class Air:
    """What there is of channel one."""

    settings: Settings
    config: Path
    catalogue: Catalogue
    epoch: int
    clip: int
    piece: int
    boundary: int

    @property
    def recording(self) -> Path:
        return self.settings.recording_dir / "one"


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with a recording of 12 seconds, in files of 2 s."""
    folder = tmp_path_factory.mktemp("air")
    broadcast(folder / "air.mp4", [Part(True, [CUT]), Part(False, [CUT])])
    record(folder / "air.mp4", folder / "data" / "recording" / "one")
    return folder / "data"


@pytest.fixture
def air(data: Path, tmp_path: Path) -> Iterator[Air]:
    shutil.copytree(data, tmp_path / "data")
    config = tmp_path / "streamproc.toml"
    config.write_text(f'data_dir = "data"\n[[channels]]\nname = "one"\nurl = "rtmp://h/x"\nmodel = "{DEMO}"\n')
    channel = {"name": "one", "title": "Один", "url": "rtmp://h/x", "model": DEMO}
    settings = Settings.model_validate({"data_dir": tmp_path / "data", "channels": [channel]})
    catalogue = Catalogue.open(settings.database_url, clock=SystemClock())
    yield _found(settings, config, catalogue)
    catalogue.close()


def _found(settings: Settings, config: Path, catalogue: Catalogue) -> Air:
    from streamproc.inference.card import read_card
    from streamproc.media.recording.reader import RecordingFootage

    (epoch,) = RecordingFootage(settings.recording_dir / "one").epochs()
    card = read_card(DEMO)
    catalogue.put_channel("one", "Один", card.name, card.sha256)
    catalogue.begin_epoch("one", epoch.id, utc_zero_ns=epoch.utc_zero_ns, frame_rate=Fraction(25), description="h264")
    for before, after, frame in ((Kind.UNKNOWN, Kind.PROGRAMME, 0), (Kind.PROGRAMME, Kind.ADVERT, CUT - 3)):
        time = Fraction(frame, 25)
        change = Change(
            epoch=epoch.id, before=before, after=after, last_old=None, first_new=time, decided=time + Fraction(1, 2)
        )
        method = Method.SAMPLE if frame else Method.EPOCH
        at = Placement(time=time, frame=frame, confidence=0.9, method=method)
        boundary = catalogue.add_change("one", change, at, Position(epoch=epoch.id, time=change.decided, memory="{}"))
    assert boundary is not None
    there = Placement(time=Fraction(CUT, 25), frame=CUT, confidence=0.99, method=Method.CUT)
    catalogue.finalize(boundary, there)
    catalogue.add_label("one", Label(epoch=epoch.id, start=Fraction(1), end=Fraction(2), kind=Kind.PROGRAMME), "анна")
    job = catalogue.next_clip()
    assert job is not None
    spans = tuple(Span(epoch=epoch.id, start=Fraction(a), end=Fraction(b)) for a, b in ((1, 3), (5, 8)))
    piece = catalogue.pieces.want(Wish(channel="one", spans=spans, title="Лучшее", author="борис"))
    return Air(
        settings=settings,
        config=config,
        catalogue=catalogue,
        epoch=epoch.id,
        clip=job.id,
        piece=piece,
        boundary=boundary,
    )
