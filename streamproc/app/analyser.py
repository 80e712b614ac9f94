"""The analyser: sample, classify, decide, refine and clip, for every channel that has a model."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from pathlib import Path

import structlog

from streamproc.app.outbound import outbound
from streamproc.app.play import Tools
from streamproc.catalogue.store import Catalogue, Rules
from streamproc.config import ChannelSettings, ClipSettings, CueSettings, DecisionSettings, Settings
from streamproc.errors import ConfigError, ModelError
from streamproc.inference.card import CARD_FILE, Decision, file_sha256, regions
from streamproc.inference.session import LogoModel, ModelPool
from streamproc.inference.verifier import VerifierPool
from streamproc.logic.drift import Limits
from streamproc.logic.sampling import SamplingPlan
from streamproc.media.footage import Epoch, Footage
from streamproc.media.recording.reader import RecordingFootage
from streamproc.messages import Change, Sample, Score
from streamproc.stage import Stage, Surroundings
from streamproc.stages.abandoned import AbandonedStage
from streamproc.stages.classify import ClassifyStage, Observer
from streamproc.stages.clip import ClipStage
from streamproc.stages.cues import CueStage
from streamproc.stages.curves import CurveStage, ScoreCurve
from streamproc.stages.decide import DecideStage, Thresholds
from streamproc.stages.drift import DriftWatch, end_watch
from streamproc.stages.inspect import Inspector, InspectStage, Pulse, end_inspection
from streamproc.stages.learn import LearnStage
from streamproc.stages.name import NameStage
from streamproc.stages.orders import OrdersStage
from streamproc.stages.piece import PieceStage, Place
from streamproc.stages.refine import Look, Placer, RefineStage, Room
from streamproc.stages.sample import SampleStage
from streamproc.stages.schedule import ScheduleStage
from streamproc.timebase import NS

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the analysis of every channel shares."""

    tools: Tools
    catalogue: Catalogue
    executor: ThreadPoolExecutor
    models: ModelPool
    verifiers: VerifierPool
    inspector: Inspector
    alarms: Path

    def close(self) -> None:
        """End the threads and let go of the catalogue."""
        self.executor.shutdown()
        self.inspector.close()
        self.models.close()
        self.catalogue.close()


def open_bench(settings: Settings, tools: Tools) -> Bench:
    """Return what analysing needs. Raises CatalogueError."""
    return Bench(
        tools=tools,
        catalogue=Catalogue.open(settings.database_url, clock=tools.clock),
        executor=ThreadPoolExecutor(max(2, os.cpu_count() or 1), thread_name_prefix="decode"),
        models=ModelPool(tools.telemetry, provider=settings.inference.provider),
        verifiers=VerifierPool(settings.inference.verifier, provider=settings.inference.provider),
        inspector=Inspector(settings.inference.forensics),
        alarms=settings.alarm_dir,
    )


class UndisturbedPlacer(Placer):
    """Places boundaries, and has the search for paint wait meanwhile."""

    def __init__(self, around: Surroundings, model: LogoModel, cues: CueSettings, inspector: Inspector) -> None:
        super().__init__(around, model, cues)
        self._inspector = inspector

    def place(self, epoch: Epoch, change: Change, room: Room) -> Look:
        """Return where the boundary of a change is. Raises RecordingError when the recording can't be read."""
        with self._inspector.held():
            return super().place(epoch, change, room)


class Analysis:
    """The chain of one channel: sample → classify → decide, with refine and name beside it."""

    def __init__(self, bench: Bench, settings: ChannelSettings, footage: Footage) -> None:
        """Raises ModelError, or ConfigError when the channel has no model."""
        self._bench = bench
        self._settings = settings
        self._footage = footage
        self._model = open_model(bench, settings)
        card = self._model.card
        bench.catalogue.put_channel(
            settings.name,
            settings.display_title,
            card.name,
            card.sha256,
            clips=settings.clips.enabled,
            rules=rules_of(settings.clips),
        )
        self._around = Surroundings(
            channel=settings.name,
            telemetry=bench.tools.telemetry,
            clock=bench.tools.clock,
            executor=bench.executor,
        )
        sampling = settings.sampling
        self._plan = SamplingPlan(
            rate_hz=sampling.rate_hz, max_gap_s=sampling.max_gap_s, dense_rate_hz=sampling.dense_rate_hz
        )
        self.refine = RefineStage(
            self._around,
            footage,
            bench.catalogue,
            UndisturbedPlacer(self._around, self._model, settings.cues, bench.inspector),
            plan=self._plan,
            min_segment_s=settings.decision.min_segment_s,
        )
        self.cues = CueStage(self._around, footage, bench.catalogue, plan=self._plan, settings=settings.cues)
        self.name = NameStage(self._around, footage, bench.catalogue)
        apart_s = sampling.max_gap_s if sampling.rate_hz is None else max(sampling.max_gap_s, 1 / sampling.rate_hz)
        self._pulse = Pulse(apart_s)

    async def run(self) -> None:
        """Decide until the footage ends, from where the catalogue says that deciding has come to."""
        catalogue, card = self._bench.catalogue, self._model.card
        position = await self._around.call(partial(catalogue.position, self._settings.name))
        thresholds = thresholds_of(self._settings.decision, card.decision)
        watch = self._watch(thresholds)
        if watch is None:
            await self._around.call(partial(end_watch, self._settings.name, catalogue, self._around.telemetry))
        else:
            await self._around.call(partial(watch.begin, card.sha256))
        with self._observer(thresholds, watch) as observer:
            samples = SampleStage(self._around, self._footage, self._plan, card.region).run(position)
            scores = ClassifyStage(self._around, self._model, observer=observer).run(samples)
            await DecideStage(self._around, self._footage, catalogue, self._plan, thresholds).run(scores)

    def name_all(self) -> None:
        """Name the programmes of footage that is over. Raises CatalogueError."""
        NameStage(self._around, self._footage, self._bench.catalogue, whole=True).name_round()

    def curves(self, footage: RecordingFootage) -> CurveStage:
        """Return what reads the sound of a recording, and deletes old curves."""
        wanted, catalogue = self._settings.curves, self._bench.catalogue
        return CurveStage(self._around, footage, catalogue, level=wanted.level, keep_days=wanted.keep_days)

    def inspect(self, footage: RecordingFootage) -> InspectStage:
        """Return what looks for paint in a recording. Raises ModelError: its network can't be used."""
        bench, wanted = self._bench, self._settings.inspect
        return InspectStage(self._around, footage, bench.catalogue, bench.inspector, self._pulse, wanted)

    def _watch(self, thresholds: Thresholds) -> DriftWatch | None:
        """Return the watch over the model, if there shall be one."""
        settings, name = self._settings.drift, self._settings.name
        if not settings.enabled:
            return None
        limits = Limits(
            window_s=settings.window_min * 60,
            sureness=settings.sureness,
            vanished_after_s=settings.vanished_after_h * 3600,
            min_certainty=thresholds.min_certainty,
        )
        return DriftWatch(self._around, self._footage, self._bench.catalogue, limits, self._bench.alarms / name)

    @contextmanager
    def _observer(self, thresholds: Thresholds, watch: DriftWatch | None) -> Iterator[Observer]:
        """Show every classified sample to the watch, and keep it for as long as the channel runs, if that is wanted."""
        observers = [self._pulse.observe, *([] if watch is None else [watch.observe])]
        with ExitStack() as stack:
            if self._settings.curves.score and not self._footage.has_ended():  # of a file nobody would read it
                curve = stack.enter_context(ScoreCurve(self._around, self._bench.catalogue))
                observers.append(curve.observe)
            if self._bench.tools.diagnose is not None:
                from streamproc.stages.diagnose import Diagnosis

                folder = self._bench.tools.diagnose / self._settings.name
                observers.append(stack.enter_context(Diagnosis(folder, thresholds)).observe)

            def observe(sample: Sample, score: Score, took_s: float) -> None:
                for observer in observers:
                    observer(sample, score, took_s)

            yield observe


def rules_of(wanted: ClipSettings) -> Rules:
    """Return what of a channel is cut by itself."""
    return Rules(min_confidence=wanted.min_confidence, review_ns=round(wanted.review_h * 3600 * NS))


def thresholds_of(wanted: DecisionSettings, card: Decision) -> Thresholds:
    """Return the channel's hysteresis: what its settings say, and where they are silent what the model's card says."""
    return Thresholds(
        n_enter=card.n_enter if wanted.n_enter is None else wanted.n_enter,
        n_leave=card.n_leave if wanted.n_leave is None else wanted.n_leave,
        min_certainty=card.min_certainty if wanted.min_certainty is None else wanted.min_certainty,
    )


def open_model(bench: Bench, settings: ChannelSettings) -> LogoModel:
    """Return the channel's own model, or the verifier with the channel's logo. Raises ModelError, ConfigError."""
    if settings.model is not None:
        return bench.models.get(settings.model)
    if settings.logo is None or settings.region is None:
        raise ConfigError(f"channel '{settings.name}' has no model and no logo; without them it is only recorded")
    return bench.verifiers.get(settings.logo, regions(settings.region))


def _card(folder: Path | None) -> str:
    """Return the card of a model; nothing where it can't be read, which is said when the model is loaded."""
    try:
        return "" if folder is None else (folder / CARD_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


class Analyser:
    """Reads the recordings: finds the boundaries and cuts the clips."""

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self.settings = settings
        self._bench = open_bench(settings, tools)

    def common(self) -> Mapping[str, Stage]:
        """Return what every channel shares: clips, pieces, the schedule, orders, what delivers, tells and ends."""
        tools, catalogue, folder = self._bench.tools, self._bench.catalogue, self.settings.clip_dir
        place = Place(folder, self.settings.piece_names, self._zone_of)
        return {
            "clips": ClipStage(catalogue, self._footage, folder, tools.telemetry, tools.clock),
            "pieces": PieceStage(catalogue, self._footage, place, tools.telemetry, tools.clock),
            "orders": OrdersStage(catalogue, self._footage, self._zone_of, tools.telemetry, tools.clock),
            "learnings": LearnStage(catalogue, self._footage, self.settings.learnt_dir, tools.telemetry, tools.clock),
            "schedule": ScheduleStage(lambda: self.settings, catalogue, tools.telemetry, tools.clock),
            "abandoned": AbandonedStage(lambda: self.settings, catalogue, self._footage, tools.telemetry, tools.clock),
            **outbound(lambda: self.settings, catalogue, tools),
        }

    def channel(self, settings: ChannelSettings) -> Mapping[str, Stage]:
        """Return the analysis of a channel; nothing for one that is only recorded. Raises ModelError."""
        if not settings.is_watched:
            self._bench.catalogue.put_channel(settings.name, settings.display_title, None, None, clips=False)
            end_watch(settings.name, self._bench.catalogue, self._bench.tools.telemetry)
            end_inspection(settings.name, self._bench.catalogue, self._bench.tools.telemetry)
            return {}
        analysis = Analysis(self._bench, settings, self._footage(settings.name))
        return {
            "decide": analysis,
            "refine": analysis.refine,
            "cues": analysis.cues,
            "name": analysis.name,
            "curves": analysis.curves(self._footage(settings.name)),
            **self._inspection(settings, analysis),
        }

    def _inspection(self, settings: ChannelSettings, analysis: Analysis) -> Mapping[str, Stage]:
        """Return what looks for paint, where that is wanted; without its network the channel goes on without it."""
        telemetry = self._bench.tools.telemetry
        if not settings.inspect.enabled:
            end_inspection(settings.name, self._bench.catalogue, telemetry)
            return {}
        try:
            return {"inspect": analysis.inspect(self._footage(settings.name))}
        except ModelError as error:
            telemetry.daemon.errors.labels(settings.name, type(error).__name__).inc()
            log.error("inspect.failed", channel=settings.name, error=str(error))
            end_inspection(settings.name, self._bench.catalogue, telemetry)
            return {}

    def material(self, settings: ChannelSettings) -> str | None:
        """Return what changes when the model does: its card, which names the file by checksum, or the logo's own."""
        if not settings.is_watched:
            return None
        network = _card(self.settings.inference.forensics) if settings.inspect.enabled else ""
        try:
            if settings.logo is not None:
                return f"{file_sha256(settings.logo)} {network}"
            assert settings.model is not None
            return f"{_card(settings.model)} {network}"
        except OSError:
            return None  # what is wrong with it is said when it is loaded

    def close(self) -> None:
        """Let go of models, threads and the catalogue."""
        self._bench.close()

    def _zone_of(self, channel: str | None) -> tzinfo:
        return self.settings.zone_of(channel)

    def _footage(self, channel: str) -> RecordingFootage:
        return RecordingFootage(self.settings.recording_dir / channel)
