"""The search for paint on a real recording, with the real network, in a real catalogue."""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from threading import get_native_id

import cv2
import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from streamproc.app.analyser import Analyser
from streamproc.app.play import Tools
from streamproc.catalogue import Catalogue
from streamproc.catalogue.findings import Examiner, FindingRow, Looked
from streamproc.config import InspectSettings, Settings
from streamproc.errors import ModelError
from streamproc.logic.inspecting import WARM_UP_S
from streamproc.media.encode import Coding, Encoder
from streamproc.media.recording.reader import RecordingFootage
from streamproc.messages import Sample, Score
from streamproc.stages.inspect import Inspector, InspectStage, Pulse
from streamproc.stages.inspect.events import heat_picture
from streamproc.stages.inspect.ledger import FLUSH_S
from streamproc.telemetry import Telemetry
from streamproc.timebase import SystemClock
from tests.erased import HOLE, draw_erased
from tests.findings import find
from tests.stages.broadcast import CHANNEL, DEMO
from tests.stages.house import House

FRAMES, ERASED = 160, range(40, 120)
KEYFRAMES = 32
FIRST, LAST = Fraction(4), Fraction(23, 2)
"""The keyframes between which the hole is painted over."""
KEYFRAME = Fraction(1, 2)
"""From one to the next, seconds."""


def lasts(row: FindingRow) -> bool:
    """Tell whether a finding lasts as long as the hole does, to one keyframe."""
    return abs(row.start - FIRST) <= KEYFRAME and abs(row.end - LAST) <= KEYFRAME


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_erased(tmp_path_factory.mktemp("erased") / "erased.mp4", FRAMES, ERASED)


@pytest.fixture(scope="module")
def inspector() -> Iterator[Inspector]:
    made = Inspector()
    yield made
    made.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched(House):
    """A recorded channel that is searched for paint."""

    inspector: Inspector
    pulse: Pulse = field(default_factory=lambda: Pulse(4.0))

    def stage(self, **settings: float) -> InspectStage:
        wanted = InspectSettings.model_validate({"most_behind_s": 600, **settings})
        footage = RecordingFootage(self.folder)
        return InspectStage(self.around, footage, self.catalogue, self.inspector, self.pulse, wanted)

    def findings(self) -> list[FindingRow]:
        return self.catalogue.findings.of_channel(CHANNEL)[::-1]

    def counted(self, name: str, **labels: str) -> float:
        found = self.around.telemetry.registry.get_sample_value(f"streamproc_{name}", {"channel": CHANNEL, **labels})
        return found or 0.0


@pytest.fixture
def house(tmp_path: Path, inspector: Inspector) -> Iterator[Searched]:
    with Searched.opened(tmp_path, rate=Fraction(10), inspector=inspector) as house:
        yield house


async def look(stage: InspectStage, times: int = 1000) -> None:
    for _ in range(times):
        if not await stage.step():
            return


async def test_an_erased_logo_is_one_finding_where_it_is_and_as_long_as_it_lasts(
    house: Searched, footage: Path
) -> None:
    epoch = house.enter(house.record(footage))
    await look(house.stage())
    (row,) = house.findings()
    assert (row.epoch, row.open, lasts(row)) == (epoch.id, False, True)
    assert FIRST <= row.shown <= LAST
    assert row.box.overlap(HOLE) > 0.7
    assert (row.width, row.height) == (640, 360)
    assert row.examiner.name == house.inspector.method().card.name
    assert house.counted("inspected_keyframes_total") == KEYFRAMES
    assert house.counted("findings_total") == 1
    assert house.counted("findings_open") == 0


async def test_its_heat_is_a_small_grey_picture_that_is_bright_where_it_is(house: Searched, footage: Path) -> None:
    house.enter(house.record(footage))
    await look(house.stage())
    (row,) = house.findings()
    data = house.catalogue.findings.heat(row.id)
    assert data is not None
    assert len(data) < 480 * 270
    heat = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (heat.shape, heat.dtype) == ((270, 480), np.uint8)
    left, top, right, bottom = (value * 3 // 4 for value in (HOLE.left, HOLE.top, HOLE.right, HOLE.bottom))
    assert heat[top:bottom, left:right].mean() > heat.mean() + 50


async def test_what_has_been_there_for_long_enough_is_told_once(house: Searched, footage: Path) -> None:
    house.enter(house.record(footage))
    await look(house.stage(sure_after_s=5))
    (row,) = house.findings()
    told = [(one.type, one.subject_id) for one in house.catalogue.events(0)]
    assert told.count(("finding.found", row.id)) == 1


@pytest.mark.parametrize("killed_after", [3, 14, 20, 26, 31])
async def test_wherever_it_is_killed_nothing_is_doubled_and_nothing_lost(
    house: Searched, footage: Path, killed_after: int
) -> None:
    house.enter(house.record(footage))
    killed = house.stage()
    await look(killed, killed_after - 1)
    house.clock.advance(FLUSH_S)
    await look(killed, 1)
    await look(house.stage())
    (row,) = house.findings()
    assert (lasts(row), row.open) == (True, False)
    assert row.box.overlap(HOLE) > 0.7
    assert row.keyframes <= KEYFRAMES


async def test_what_waited_in_a_killed_ones_memory_is_found_again(house: Searched, footage: Path) -> None:
    house.enter(house.record(footage))
    await look(house.stage(), 20)  # the growth of the last seconds was not written
    (before,) = house.findings()
    await look(house.stage())
    (row,) = house.findings()
    assert (row.id, lasts(row)) == (before.id, True)
    assert before.end < row.end


async def test_an_open_finding_that_does_not_come_again_is_over_where_it_was_last_seen(
    house: Searched, footage: Path
) -> None:
    epoch = house.enter(house.record(footage))
    card = house.inspector.method().card
    examiner = Examiner(name=card.name, sha256=card.sha256)
    number = find(house.catalogue, 0, 1, channel=CHANNEL, epoch=epoch.id, examiner=examiner)
    await look(house.stage(), KEYFRAMES)
    row = house.catalogue.findings.get(number)
    assert row is not None
    assert (row.end, row.open) == (1, True)
    await look(house.stage())
    row = house.catalogue.findings.get(number)
    assert row is not None
    assert (row.end, row.open) == (1, False)


async def test_what_another_network_found_is_not_taken_up(house: Searched, footage: Path) -> None:
    epoch = house.enter(house.record(footage))
    number = find(house.catalogue, 4, 8, channel=CHANNEL, epoch=epoch.id)
    await look(house.stage(), 1)
    row = house.catalogue.findings.get(number)
    assert row is not None
    assert not row.open


async def test_when_it_is_late_it_goes_on_at_the_newest_keyframe_and_counts_what_it_left_out(
    house: Searched, footage: Path
) -> None:
    epoch = house.enter(house.record(footage))
    method = house.inspector.method().card
    house.catalogue.findings.save(
        Looked(
            channel=CHANNEL,
            epoch=epoch.id,
            time=Fraction(0),
            examiner=Examiner(name=method.name, sha256=method.sha256),
        )
    )
    await look(house.stage(most_behind_s=3))
    assert house.counted("inspected_keyframes_total") == 1
    assert (
        house.counted("inspect_left_out_keyframes_total", reason="behind") == KEYFRAMES - 2
    )  # the first was looked at
    assert house.catalogue.findings.place(CHANNEL) == (epoch.id, Fraction(31, 2))


async def test_it_rests_while_the_analysis_is_late(house: Searched, footage: Path) -> None:
    epoch = house.enter(house.record(footage))
    stage = house.stage()
    crop = np.zeros((2, 2, 3), np.uint8)

    def analyse(time: int) -> None:
        score = Score(epoch=epoch.id, time=Fraction(time), probability=0.5)
        house.pulse.observe(Sample(epoch=epoch.id, time=Fraction(time), crop=crop), score, 0.0)

    analyse(2)
    assert not await stage.step()
    assert (house.counted("inspect_resting"), house.counted("inspected_keyframes_total")) == (1, 0)
    analyse(15)
    assert await stage.step()
    assert (house.counted("inspect_resting"), house.counted("inspected_keyframes_total")) == (0, 1)


async def test_it_waits_while_boundaries_are_placed(house: Searched, footage: Path) -> None:
    house.enter(house.record(footage))
    stage = house.stage()
    with house.inspector.held(), house.inspector.held():
        assert not await stage.step()
    assert house.counted("inspected_keyframes_total") == 0
    assert await stage.step()
    assert house.counted("inspected_keyframes_total") == 1


async def test_one_in_three_keyframes_is_looked_at_if_that_is_wanted(house: Searched, footage: Path) -> None:
    house.enter(house.record(footage))
    await look(house.stage(one_in=3))
    assert house.counted("inspected_keyframes_total") == KEYFRAMES // 3
    assert house.counted("inspect_left_out_keyframes_total", reason="behind") == 0


async def test_one_keyframe_a_shot_is_looked_at_if_that_is_wanted(house: Searched, tmp_path: Path) -> None:
    chance = np.random.default_rng(2)
    shots = [cv2.resize(chance.integers(0, 256, (6, 10, 3), dtype=np.uint8), (160, 96)) for _ in range(2)]
    coding = Coding(width=160, height=96, rate=Fraction(10), gop_frames=5, audio_rate=None, preset="ultrafast")
    with Encoder(str(tmp_path / "cut.mp4"), coding) as encoder:
        for number in range(40):
            encoder.write(shots[number // 20])
    epoch = house.enter(house.record(tmp_path / "cut.mp4"))
    await look(house.stage(one_a_shot=True))
    assert house.counted("inspected_keyframes_total") == len(shots)
    assert house.catalogue.findings.place(CHANNEL) == (epoch.id, Fraction(7, 2))


async def test_a_recording_that_is_deleted_under_it_stops_nothing(house: Searched, footage: Path) -> None:
    epoch = house.enter(house.record(footage))
    stage = house.stage()
    await look(stage, 20)
    shutil.rmtree(house.folder / str(epoch.id))
    for _ in range(KEYFRAMES):
        await stage.step()
    assert house.counted("inspect_left_out_keyframes_total", reason="unreadable") == KEYFRAMES - 20
    (row,) = house.findings()
    assert (row.start < FIRST + 1, row.open) == (True, False)


async def test_an_epoch_that_is_not_in_the_catalogue_is_waited_for(house: Searched, footage: Path) -> None:
    house.record(footage)
    assert not await house.stage().step()
    assert house.counted("inspected_keyframes_total") == 0


async def test_each_epoch_has_findings_of_its_own(house: Searched, footage: Path) -> None:
    first = house.enter(house.record(footage))
    stage = house.stage()
    await look(stage)
    house.clock.advance(WARM_UP_S * 2)
    second = house.enter(house.record(footage))
    await look(stage)
    assert [(row.epoch, lasts(row)) for row in house.findings()] == [(first.id, True), (second.id, True)]


async def test_old_findings_are_deleted_as_it_runs(house: Searched, footage: Path) -> None:
    epoch = house.enter(house.record(footage))
    find(house.catalogue, channel=CHANNEL, epoch=epoch.id, over=True)
    house.clock.advance(3 * 24 * 3600)
    task = asyncio.create_task(house.stage(keep_days=2).run())
    async with asyncio.timeout(30):
        while any(row.width == 1920 for row in house.findings()):
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux alone")
async def test_the_thread_that_examines_gives_way_and_no_other_does(inspector: Inspector) -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, get_native_id())

    before = priority()
    assert await inspector.call(priority) == 19
    assert priority() == before < 19


def test_another_kind_of_model_is_refused_in_one_line() -> None:
    broken = Inspector(DEMO)
    with pytest.raises(ModelError, match=r"card\.json") as refusal:
        broken.method()
    assert "\n" not in str(refusal.value)
    broken.close()


def test_a_channel_whose_network_is_missing_goes_on_without_it(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {
            "data_dir": tmp_path,
            "inference": {"forensics": tmp_path / "nowhere"},
            "channels": [{"name": CHANNEL, "url": "udp://127.0.0.1:9", "model": DEMO, "inspect": {"enabled": True}}],
        }
    )
    tools = Tools(telemetry=Telemetry(CollectorRegistry()), clock=SystemClock(), diagnose=None)
    analyser = Analyser(settings, tools)
    with capture_logs() as logged:
        stages = analyser.channel(settings.channels[0])
    analyser.close()
    assert "decide" in stages
    assert "inspect" not in stages
    (line,) = [entry for entry in logged if entry["event"] == "inspect.failed"]
    assert "nowhere" in line["error"]


def test_nothing_goes_on_where_nobody_looks_any_more(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "channels": [{"name": CHANNEL, "url": "udp://127.0.0.1:9", "model": DEMO}]}
    )
    tools = Tools(telemetry=Telemetry(CollectorRegistry()), clock=SystemClock(), diagnose=None)
    catalogue = Catalogue.open(settings.database_url, clock=tools.clock)
    catalogue.put_channel(CHANNEL, CHANNEL, "bug", "1" * 64)
    catalogue.begin_epoch(CHANNEL, 1, utc_zero_ns=0, frame_rate=Fraction(25), description="h264")
    find(catalogue, channel=CHANNEL)
    analyser = Analyser(settings, tools)
    assert "inspect" not in analyser.channel(settings.channels[0])
    analyser.close()
    assert [row.open for row in catalogue.findings.of_channel(CHANNEL)] == [False]
    catalogue.close()


def test_the_heat_of_wide_pixels_is_as_wide_as_they_are_shown() -> None:
    heat = np.zeros((576, 720), np.float32)
    picture = cv2.imdecode(np.frombuffer(heat_picture(heat, Fraction(64, 45)), np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture.shape == (270, 480)
