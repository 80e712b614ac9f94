"""The watch over a model at work: alarms, their pictures, and what a restart leaves of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamproc.catalogue import AlarmRow, Catalogue
from streamproc.catalogue.edits import Mark, Point
from streamproc.logic.drift import Limits
from streamproc.logic.labels import Label
from streamproc.media.files import FileFootage
from streamproc.messages import AlarmKind, Change, Kind, Method, Placement, Position, Sample, Score
from streamproc.stage import Surroundings
from streamproc.stages.drift import CROPS, FRAME, KEPT, DriftWatch, end_watch
from streamproc.timebase import NS, ManualClock
from tests.stages.broadcast import CHANNEL, HEIGHT, WIDTH, Part, broadcast, surroundings

LIMITS = Limits(window_s=60, sureness=0.75, vanished_after_s=600, min_certainty=0.7, seen_s=10)
MODEL = "1" * 64
NOW_NS = 1_790_000_000 * NS


@dataclass
class Desk:
    """A channel, its watch, and everything that it writes to."""

    folder: Path
    footage: FileFootage
    catalogue: Catalogue
    around: Surroundings
    clock: ManualClock
    limits: Limits = LIMITS
    watch: DriftWatch = field(init=False)
    at: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self, model: str = MODEL) -> None:
        """Start, as a process that knows nothing does."""
        self.watch = DriftWatch(self.around, self.footage, self.catalogue, self.limits, self.folder / CHANNEL)
        self.catalogue.put_channel(CHANNEL, "One", "model", model)
        self.watch.begin(model)

    def show(self, probability: float, seconds: int) -> AlarmRow | None:
        """Show a picture of this probability once a second; return the alarm that stands then."""
        for _ in range(seconds):
            self.at += 1
            self.clock.advance(1)
            crop = np.full((20, 30, 3), round(probability * 255), np.uint8)
            score = Score(epoch=1, time=self.at, probability=probability)
            self.watch.observe(Sample(epoch=1, time=self.at, crop=crop), score, 0.001)
        return self.catalogue.standing_alarm(CHANNEL)

    def gauge(self, name: str, **labels: str) -> float | None:
        value: float | None = self.around.telemetry.registry.get_sample_value(
            f"streamproc_drift_{name}", {"channel": CHANNEL, **labels}
        )
        return value


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> FileFootage:
    path = tmp_path_factory.mktemp("footage") / "feed.mp4"
    broadcast(path, [Part(True, [30])])
    return FileFootage([path])


@pytest.fixture
def desk(footage: FileFootage, tmp_path: Path) -> Iterator[Desk]:
    clock = ManualClock(NOW_NS)
    catalogue = Catalogue.open(f"sqlite:///{tmp_path / 'catalogue.sqlite'}", clock=clock)
    with surroundings(clock) as around:
        yield Desk(tmp_path / "alarms", footage, catalogue, around, clock)
    catalogue.close()


def test_scores_that_slide_raise_an_alarm_with_its_figures(desk: Desk) -> None:
    assert desk.show(0.999, 90) is None
    alarm = desk.show(0.6, 60)
    assert alarm is not None
    assert (alarm.kind, alarm.model_sha256) == (AlarmKind.UNSURE, MODEL)
    assert alarm.footing.sureness < 0.75
    assert (desk.gauge("alarm", kind="unsure"), desk.gauge("alarms_total", kind="unsure")) == (1, 1)


def test_an_alarm_shows_the_whole_picture_and_the_corners_that_were_unsure(desk: Desk) -> None:
    desk.limits = replace(LIMITS, window_s=6)
    desk.begin()
    alarm = desk.show(0.6, 20)
    assert alarm is not None
    whole, *corners = [cv2.imread(str(desk.folder / name)) for name in alarm.pictures]
    assert alarm.pictures[0].endswith(f"/{FRAME}")
    assert whole.shape == (HEIGHT, WIDTH, 3)
    assert 1 < len(corners) <= CROPS
    assert all(abs(float(corner.mean()) - 153) < 3 for corner in corners)


def test_an_alarm_is_cleared_when_the_model_is_sure_again(desk: Desk) -> None:
    desk.show(0.6, 60)
    assert desk.show(0.999, 90) is None
    assert desk.catalogue.alarms(CHANNEL)[0].reason == "the model is sure of what it sees again"
    assert desk.gauge("alarm", kind="unsure") == 0


def test_a_bug_that_stays_away_raises_an_alarm_dated_to_when_it_was_last_seen(desk: Desk) -> None:
    desk.show(0.999, 60)
    alarm = desk.show(0.001, 620)
    assert alarm is not None
    assert alarm.kind is AlarmKind.VANISHED
    assert desk.gauge("bug_absent_seconds") == pytest.approx(620, abs=3)


def test_after_a_restart_the_watch_goes_on_where_it_was(desk: Desk) -> None:
    desk.show(0.999, 60)
    assert desk.show(0.001, 400) is None
    desk.begin()
    alarm = desk.show(0.001, 210)
    assert alarm is not None
    assert alarm.kind is AlarmKind.VANISHED


def test_an_alarm_that_stood_before_a_restart_is_not_raised_again(desk: Desk) -> None:
    desk.show(0.6, 60)
    desk.begin()
    desk.show(0.6, 60)
    assert len(desk.catalogue.alarms(CHANNEL)) == 1


def test_what_a_watch_of_another_version_remembered_does_no_harm(desk: Desk) -> None:
    desk.show(0.6, 60)
    desk.catalogue.save_watch(CHANNEL, f'{MODEL} {{"window": []}}')
    desk.begin()
    assert desk.show(0.999, 90) is None


def test_a_model_that_people_contradict_raises_an_alarm_until_they_say_otherwise(desk: Desk) -> None:
    desk.catalogue.begin_epoch(CHANNEL, 1, utc_zero_ns=NOW_NS, frame_rate=None, description="")
    change = Change(
        epoch=1, before=Kind.UNKNOWN, after=Kind.PROGRAMME, last_old=None, first_new=Fraction(1), decided=Fraction(1)
    )
    start = Placement(time=Fraction(0), frame=0, confidence=1.0, method=Method.EPOCH)
    desk.catalogue.add_change(CHANNEL, change, start, Position(epoch=1, time=Fraction(1), memory="{}"))
    assert desk.show(0.999, 100) is None
    wrong = Label(epoch=1, start=Fraction(20), end=Fraction(90), kind=Kind.ADVERT)
    desk.catalogue.add_label(CHANNEL, wrong, "anna")
    alarm = desk.show(0.999, 10)
    assert alarm is not None
    assert alarm.kind is AlarmKind.DISPUTED
    desk.begin()
    assert desk.show(0.999, 10) == alarm
    desk.catalogue.add_label(CHANNEL, replace(wrong, kind=Kind.PROGRAMME), "anna")
    assert desk.show(0.999, 10) is None
    assert desk.catalogue.alarms(CHANNEL)[0].reason == "what people say does not contradict the model any more"


def test_what_people_correct_counts_against_the_model_though_the_segments_are_right_then(desk: Desk) -> None:
    desk.catalogue.begin_epoch(CHANNEL, 1, utc_zero_ns=NOW_NS, frame_rate=None, description="")
    change = Change(
        epoch=1, before=Kind.UNKNOWN, after=Kind.PROGRAMME, last_old=None, first_new=Fraction(1), decided=Fraction(1)
    )
    start = Placement(time=Fraction(0), frame=0, confidence=1.0, method=Method.EPOCH)
    desk.catalogue.add_change(CHANNEL, change, start, Position(epoch=1, time=Fraction(1), memory="{}"))
    assert desk.show(0.999, 100) is None
    desk.catalogue.save_position(CHANNEL, Position(epoch=1, time=Fraction(100), memory="{}"))
    ends = (Point(time=Fraction(20), frame=None), Point(time=Fraction(90), frame=None))
    said = Mark(channel=CHANNEL, epoch=1, start=ends[0], end=ends[1], kind=Kind.ADVERT)
    edit = desk.catalogue.edits.mark(said, "olga")
    alarm = desk.show(0.999, 10)
    assert alarm is not None
    assert alarm.kind is AlarmKind.DISPUTED
    desk.catalogue.edits.undo(edit, "olga")
    assert desk.show(0.999, 10) is None


def test_another_model_clears_the_alarm_and_begins_anew(desk: Desk) -> None:
    desk.show(0.6, 60)
    desk.begin("2" * 64)
    (alarm,) = desk.catalogue.alarms(CHANNEL)
    assert alarm.reason == "another model has taken the place of the one it was about"
    assert desk.show(0.6, 20) is None


def test_an_alarm_over_a_model_that_is_not_watched_any_more_is_cleared(desk: Desk) -> None:
    desk.show(0.6, 60)
    end_watch(CHANNEL, desk.catalogue, desk.around.telemetry)
    assert desk.catalogue.alarms(CHANNEL)[0].reason == "the model is not watched any more"
    assert desk.gauge("alarm", kind="unsure") == 0


def test_only_the_newest_alarms_keep_their_pictures(desk: Desk) -> None:
    for number in range(KEPT + 2):
        (desk.folder / CHANNEL / f"20000101T0000{number:02}-unsure").mkdir(parents=True)
    desk.show(0.6, 60)
    left = sorted(path.name for path in (desk.folder / CHANNEL).iterdir())
    assert len(left) == KEPT
    assert left[0] == "20000101T000003-unsure"


def test_an_alarm_without_room_for_pictures_is_raised_all_the_same(desk: Desk) -> None:
    desk.folder.write_text("in the way")
    alarm = desk.show(0.6, 60)
    assert alarm is not None
    assert alarm.pictures == ()


def test_a_catalogue_that_is_away_for_a_moment_gets_the_alarm_later(desk: Desk) -> None:
    desk.show(0.6, 20)
    engine = desk.catalogue.ledger._database._engine
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE alarms RENAME TO gone")
    for _ in range(20):
        desk.watch.observe(*_sample(desk, 0.6))
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO alarms")
    assert desk.show(0.6, 4) is not None


def _sample(desk: Desk, probability: float) -> tuple[Sample, Score, float]:
    desk.at += 1
    crop = np.zeros((20, 30, 3), np.uint8)
    return Sample(epoch=1, time=desk.at, crop=crop), Score(epoch=1, time=desk.at, probability=probability), 0.0
