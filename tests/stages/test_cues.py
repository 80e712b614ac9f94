"""Cues beside the logo, through the whole chain: used, entered, contradicted, and written for what was found."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from streamproc.catalogue.rows import BoundaryRow
from streamproc.catalogue.store import Catalogue
from streamproc.config import CueSettings
from streamproc.inference.session import LogoModel
from streamproc.logic.cues import DOUBTED
from streamproc.logic.hysteresis import Thresholds
from streamproc.logic.sampling import SamplingPlan
from streamproc.media.cues import HeardCue
from streamproc.media.files import FileFootage
from streamproc.media.recording.reader import RecordingFootage
from streamproc.media.recording.writer import RecordingWriter
from streamproc.media.source import open_source
from streamproc.messages import CueKind, CueOrigin
from streamproc.scte35.section import HZ, read_section, section_of
from streamproc.scte35.transport import Insertion
from streamproc.stages.classify import ClassifyStage
from streamproc.stages.cues import CueStage
from streamproc.stages.decide import DecideStage
from streamproc.stages.refine import Placer, RefineStage
from streamproc.stages.sample import SampleStage
from streamproc.timebase import SystemClock
from tests.media.cued import Wanted, first_pts, injected, insertion
from tests.stages.broadcast import CHANNEL, DEMO, Part, broadcast, surroundings

PARTS = [Part(True, [60, 65]), Part(False, [50, 75]), Part(True, [130])]
RIGHT = (Wanted(frame=125, event_id=5), Wanted(frame=250, out=False, event_id=5))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """A broadcast without cues, and the frames of its boundaries."""
    path = tmp_path_factory.mktemp("broadcast") / "plain.ts"
    return path, broadcast(path, PARTS)


class Run:
    """The whole chain over one stream with cues."""

    def __init__(self, folder: Path, plain: Path, insertions: Sequence[Insertion], settings: CueSettings) -> None:
        path = folder / "it.ts"
        path.write_bytes(injected(plain, insertions))
        self.footage = FileFootage([path])
        self.clock = SystemClock()
        self.catalogue = Catalogue.open(f"sqlite:///{folder / 'catalogue.sqlite'}", clock=self.clock)
        self.model = LogoModel.load(DEMO)
        self.settings = settings
        self.catalogue.put_channel(CHANNEL, "One", self.model.card.name, self.model.card.sha256)
        self.counted: dict[str, float] = {}

    async def work(self) -> None:
        """Decide, refine and read the cues, to the end."""
        plan = SamplingPlan(rate_hz=None, max_gap_s=4, dense_rate_hz=5)
        with surroundings(self.clock) as around:
            placer = Placer(around, self.model, self.settings)
            refine = RefineStage(around, self.footage, self.catalogue, placer, plan=plan, min_segment_s=3)
            cues = CueStage(around, self.footage, self.catalogue, plan=plan, settings=self.settings)

            async def decide() -> None:
                samples = SampleStage(around, self.footage, plan, self.model.card.region)
                scores = ClassifyStage(around, self.model).run(samples.run(self.catalogue.position(CHANNEL)))
                thresholds = Thresholds(n_enter=3, n_leave=3, min_certainty=0.7)
                await DecideStage(around, self.footage, self.catalogue, plan, thresholds).run(scores)
                refine.finish()

            await asyncio.gather(decide(), refine.run())
            cues.finish()
            await cues.run()
            for verdict in ("agrees", "contradicts", "unanswered"):
                value = around.telemetry.registry.get_sample_value(
                    "streamproc_cue_verdicts_total", {"channel": CHANNEL, "verdict": verdict}
                )
                self.counted[verdict] = value or 0

    def boundaries(self) -> list[BoundaryRow]:
        """Return the boundaries within the epoch."""
        (epoch,) = self.footage.epochs()
        return self.catalogue.boundaries(CHANNEL, epoch.id)[1:-1]

    def frames(self) -> list[int | None]:
        """Return their frames."""
        return [row.placement.frame for row in self.boundaries()]


async def test_cues_that_agree_are_entered_and_counted(tmp_path: Path, plain: tuple[Path, list[int]]) -> None:
    path, truth = plain
    run = Run(tmp_path, path, [insertion(first_pts(path), one) for one in RIGHT], CueSettings())
    await run.work()
    assert run.frames() == truth
    assert run.counted == {"agrees": 2, "contradicts": 0, "unanswered": 0}
    rows = run.catalogue.cues.of_channel(CHANNEL)
    assert [(row.kind, row.time * 25, row.origin) for row in rows] == [
        (CueKind.IN, 250, CueOrigin.STREAM),
        (CueKind.OUT, 125, CueOrigin.STREAM),
    ]
    assert {event.type for event in run.catalogue.events(0)} >= {"cue"}


async def test_cues_that_contradict_move_nothing_and_lower_confidence(
    tmp_path: Path, plain: tuple[Path, list[int]]
) -> None:
    path, truth = plain
    wrong = [Wanted(frame=60, event_id=1), Wanted(frame=125, out=False, event_id=1)]
    run = Run(tmp_path, path, [insertion(first_pts(path), one) for one in wrong], CueSettings())
    await run.work()
    assert run.frames() == truth
    assert run.counted == {"agrees": 0, "contradicts": 1, "unanswered": 2}
    first, second = run.boundaries()
    assert first.placement.confidence <= DOUBTED < second.placement.confidence


async def test_cues_that_shall_not_be_used_are_not_there(tmp_path: Path, plain: tuple[Path, list[int]]) -> None:
    path, truth = plain
    wrong = [Wanted(frame=125, out=False)]
    run = Run(tmp_path, path, [insertion(first_pts(path), one) for one in wrong], CueSettings(use=False))
    await run.work()
    assert run.frames() == truth
    assert min(row.placement.confidence for row in run.boundaries()) > DOUBTED
    assert run.catalogue.cues.of_channel(CHANNEL) == []


async def test_what_was_found_gets_its_cues_once(tmp_path: Path, plain: tuple[Path, list[int]]) -> None:
    path, truth = plain
    run = Run(tmp_path, path, [], CueSettings(write=True))
    await run.work()
    with surroundings(run.clock) as around:
        plan = SamplingPlan(rate_hz=None, max_gap_s=4, dense_rate_hz=5)
        CueStage(around, run.footage, run.catalogue, plan=plan, settings=run.settings).round()
    back, out = run.catalogue.cues.of_channel(CHANNEL)
    assert [(row.kind, row.origin) for row in (out, back)] == [
        (CueKind.OUT, CueOrigin.FOUND),
        (CueKind.IN, CueOrigin.FOUND),
    ]
    assert out.event_id == back.event_id
    splices = [read_section(section_of(row.payload))[0] for row in (out, back)]
    assert [splice.kind for splice in splices] == [CueKind.OUT, CueKind.IN]
    assert [Fraction(splice.pts or 0, HZ) * 25 for splice in splices] == truth
    assert run.catalogue.cues.get(out.id) == out


async def test_a_restarted_reader_says_nothing_twice(tmp_path: Path, plain: tuple[Path, list[int]]) -> None:
    path, _ = plain
    run = Run(tmp_path, path, [insertion(first_pts(path), one) for one in RIGHT], CueSettings())
    await run.work()
    events = len(run.catalogue.events(0))
    with surroundings(run.clock) as around:
        plan = SamplingPlan(rate_hz=None, max_gap_s=4, dense_rate_hz=5)
        stage = CueStage(around, run.footage, run.catalogue, plan=plan, settings=run.settings)
        stage.finish()
        await stage.run()
        counted = around.telemetry.registry.get_sample_value(
            "streamproc_cues_total", {"channel": CHANNEL, "origin": "stream"}
        )
    assert len(run.catalogue.events(0)) == events
    assert counted is None


async def test_a_damaged_cue_is_counted_and_said_once_and_the_others_stand(
    tmp_path: Path, plain: tuple[Path, list[int]]
) -> None:
    section = insertion(first_pts(plain[0]), RIGHT[0]).section
    damaged = HeardCue(sent=0, count_offset=0, at=0, origin=CueOrigin.HLS, section=section[:-1] + b"\x00")
    epoch = record_with(plain[0], tmp_path / "recording", [damaged, replace(damaged, section=section)])
    catalogue = Catalogue.open(f"sqlite:///{tmp_path / 'catalogue.sqlite'}", clock=SystemClock())
    catalogue.put_channel(CHANNEL, "One", None, None)
    catalogue.begin_epoch(CHANNEL, epoch, utc_zero_ns=None, frame_rate=None, description="")
    footage = RecordingFootage(tmp_path / "recording")
    with surroundings(SystemClock()) as around, capture_logs() as logs:
        plan = SamplingPlan(rate_hz=None, max_gap_s=4, dense_rate_hz=5)
        stage = CueStage(around, footage, catalogue, plan=plan, settings=CueSettings())
        for _ in range(3):
            stage.round()
        counted = around.telemetry.registry.get_sample_value("streamproc_cues_damaged_total", {"channel": CHANNEL})
    assert counted == 1
    assert [log["why"] for log in logs if log["event"] == "cues.damaged"] == ["wrong checksum"]
    assert [row.kind for row in catalogue.cues.of_channel(CHANNEL)] == [CueKind.OUT]
    assert footage.epoch(epoch).end() == Fraction(380, 25)


def record_with(path: Path, folder: Path, cues: Sequence[HeardCue]) -> int:
    """Record a file, with cues as a playlist brings them; return the epoch's number."""
    source = open_source(str(path))
    writer = RecordingWriter(folder, file_s=2.0, fragment_s=0.4, clock=SystemClock())
    epoch = writer.begin_epoch(source.video, source.audio)
    for cue in cues:
        epoch.write_cue(cue)
    for packet in source.packets():
        epoch.write(packet)
    epoch.close("finished")
    writer.close()
    source.close()
    assert epoch.id is not None
    return epoch.id
