"""Findings that nobody follows any more are over where they were last seen."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from streamproc.app.analyser import Analyser
from streamproc.app.play import Tools
from streamproc.catalogue import Catalogue
from streamproc.config import Settings
from streamproc.media.recording.reader import RecordingFootage
from streamproc.stages.abandoned import AbandonedStage
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, ManualClock, SystemClock
from tests.findings import find
from tests.footage import Drawn, draw
from tests.media.recorded import record
from tests.stages.broadcast import DEMO

ONE = {"name": "one", "url": "udp://127.0.0.1:9", "model": DEMO, "inspect": {"enabled": True}}
OTHER = {"name": "other", "url": "udp://127.0.0.1:9"}


@dataclass
class House:
    """A channel that was recorded and searched, and found to be painted over when its analyser went down."""

    settings: Settings
    catalogue: Catalogue
    telemetry: Telemetry
    finding: int

    def configure(self, *channels: dict[str, object]) -> None:
        self.settings = Settings.model_validate({"data_dir": self.settings.data_dir, "channels": channels})

    def end(self) -> int:
        def footage(channel: str) -> RecordingFootage:
            return RecordingFootage(self.settings.recording_dir / channel)

        stage = AbandonedStage(lambda: self.settings, self.catalogue, footage, self.telemetry, ManualClock())
        return stage.end()

    def seen(self) -> tuple[bool, Fraction]:
        """Return whether the finding goes on, and where it was last seen."""
        row = self.catalogue.findings.get(self.finding)
        assert row is not None
        return row.open, row.end


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("film") / "film.mp4", Drawn(frames=75, options={"g": "25"}))


@pytest.fixture
def house(tmp_path: Path, film: Path) -> Iterator[House]:
    settings = Settings.model_validate({"data_dir": tmp_path, "channels": [ONE]})
    catalogue = Catalogue.open(settings.database_url, clock=SystemClock())
    catalogue.put_channel("one", "one", "bug", "1" * 64)
    epoch, _ = record(film, settings.recording_dir / "one")
    catalogue.begin_epoch("one", epoch.id, utc_zero_ns=0, frame_rate=Fraction(25), description="h264")
    yield House(settings, catalogue, Telemetry(CollectorRegistry()), find(catalogue, 1, 2, epoch=epoch.id))
    catalogue.close()


def test_what_is_followed_goes_on(house: House) -> None:
    assert house.end() == 0
    assert house.seen() == (True, 2)


@pytest.mark.parametrize(
    "channels",
    [(OTHER,), (ONE | {"enabled": False}, OTHER), (ONE | {"inspect": {"enabled": False}},)],
    ids=["removed", "disabled", "not inspected"],
)
def test_where_nobody_looks_any_more_it_ends_where_it_was_last_seen(
    house: House, channels: tuple[dict[str, object], ...]
) -> None:
    newest = house.catalogue.event_range()[1]
    house.configure(*channels)
    assert house.end() == 1
    assert house.seen() == (False, 2)
    told = [(row.type, row.subject_id) for row in house.catalogue.events(newest)]
    assert told == [("finding", house.finding)]
    assert house.end() == 0


def test_where_its_epoch_is_deleted_it_ends_and_those_of_other_epochs_go_on(house: House, film: Path) -> None:
    recording = house.settings.recording_dir / "one"
    shutil.rmtree(recording)
    epoch, _ = record(film, recording, clock=ManualClock(SystemClock().utc_ns() + 3600 * NS))
    house.catalogue.begin_epoch("one", epoch.id, utc_zero_ns=0, frame_rate=Fraction(25), description="h264")
    going_on = find(house.catalogue, 1, 2, epoch=epoch.id)
    assert house.end() == 1
    assert house.seen() == (False, 2)
    assert [row.id for row in house.catalogue.findings.going_on()] == [going_on]


def test_a_recording_that_can_not_be_read_ends_nothing(house: House) -> None:
    (house.settings.recording_dir / "one" / "index.sqlite").write_bytes(b"Dear editor, " * 100)
    assert house.end() == 0
    assert house.seen() == (True, 2)


def test_the_analyser_ends_them_by_itself(house: House) -> None:
    house.configure(OTHER)
    analyser = Analyser(house.settings, Tools(telemetry=house.telemetry, clock=SystemClock(), diagnose=None))
    stage = analyser.common()["abandoned"]
    assert isinstance(stage, AbandonedStage)
    assert stage.end() == 1
    analyser.close()
