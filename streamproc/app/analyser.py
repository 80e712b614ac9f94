"""The analyser: sample, classify, decide, refine and clip, for every channel that has a model."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from streamproc.app.play import Tools
from streamproc.catalogue.store import Catalogue
from streamproc.config import ChannelSettings, DecisionSettings, Settings
from streamproc.errors import ConfigError
from streamproc.inference.card import Decision
from streamproc.inference.session import ModelPool
from streamproc.logic.sampling import SamplingPlan
from streamproc.media.footage import Footage
from streamproc.media.recording.reader import RecordingFootage
from streamproc.stage import Stage, Surroundings
from streamproc.stages.classify import ClassifyStage, Observer
from streamproc.stages.clip import ClipStage
from streamproc.stages.decide import DecideStage, Thresholds
from streamproc.stages.refine import Placer, RefineStage
from streamproc.stages.sample import SampleStage


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the analysis of every channel shares."""

    tools: Tools
    catalogue: Catalogue
    executor: ThreadPoolExecutor
    models: ModelPool

    def close(self) -> None:
        """End the threads and let go of the catalogue."""
        self.executor.shutdown()
        self.models.close()
        self.catalogue.close()


def open_bench(settings: Settings, tools: Tools) -> Bench:
    """Return what analysing needs. Raises CatalogueError."""
    return Bench(
        tools=tools,
        catalogue=Catalogue.open(settings.database_url, clock=tools.clock),
        executor=ThreadPoolExecutor(max(2, os.cpu_count() or 1), thread_name_prefix="decode"),
        models=ModelPool(tools.telemetry, provider=settings.inference.provider),
    )


class Analysis:
    """The chain of one channel: sample → classify → decide, and refine beside it."""

    def __init__(self, bench: Bench, settings: ChannelSettings, footage: Footage) -> None:
        """Raises ModelError, or ConfigError when the channel has no model."""
        if settings.model is None:
            raise ConfigError(f"channel '{settings.name}' has no model; without one it is only recorded")
        self._bench = bench
        self._settings = settings
        self._footage = footage
        self._model = bench.models.get(settings.model)
        card = self._model.card
        bench.catalogue.put_channel(
            settings.name, settings.display_title, card.name, card.sha256, clips=settings.clips.enabled
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
            Placer(self._around, self._model),
            plan=self._plan,
            min_segment_s=settings.decision.min_segment_s,
        )

    async def run(self) -> None:
        """Decide until the footage ends, from where the catalogue says that deciding has come to."""
        catalogue, card = self._bench.catalogue, self._model.card
        position = await self._around.call(partial(catalogue.position, self._settings.name))
        thresholds = thresholds_of(self._settings.decision, card.decision)
        with self._observer(thresholds) as observer:
            samples = SampleStage(self._around, self._footage, self._plan, card.region).run(position)
            scores = ClassifyStage(self._around, self._model, observer=observer).run(samples)
            await DecideStage(self._around, self._footage, catalogue, self._plan, thresholds).run(scores)

    @contextmanager
    def _observer(self, thresholds: Thresholds) -> Iterator[Observer | None]:
        """Keep every classified sample for as long as the channel runs, if that is wanted."""
        if self._bench.tools.diagnose is None:
            yield None
            return
        from streamproc.stages.diagnose import Diagnosis

        with Diagnosis(self._bench.tools.diagnose / self._settings.name, thresholds) as diagnosis:
            yield diagnosis.observe


def thresholds_of(wanted: DecisionSettings, card: Decision) -> Thresholds:
    """Return the channel's hysteresis: what its settings say, and where they are silent what the model's card says."""
    return Thresholds(
        n_enter=card.n_enter if wanted.n_enter is None else wanted.n_enter,
        n_leave=card.n_leave if wanted.n_leave is None else wanted.n_leave,
        min_certainty=card.min_certainty if wanted.min_certainty is None else wanted.min_certainty,
    )


class Analyser:
    """Reads the recordings: finds the boundaries and cuts the clips."""

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self.settings = settings
        self._bench = open_bench(settings, tools)

    def common(self) -> Mapping[str, Stage]:
        """Return the cutting of clips, one after the other."""
        tools = self._bench.tools
        clips = ClipStage(self._bench.catalogue, self._footage, self.settings.clip_dir, tools.telemetry, tools.clock)
        return {"clips": clips}

    def channel(self, settings: ChannelSettings) -> Mapping[str, Stage]:
        """Return the analysis of a channel; nothing for one that is only recorded. Raises ModelError."""
        if settings.model is None:
            self._bench.catalogue.put_channel(settings.name, settings.display_title, None, None, clips=False)
            return {}
        analysis = Analysis(self._bench, settings, self._footage(settings.name))
        return {"decide": analysis, "refine": analysis.refine}

    def close(self) -> None:
        """Let go of models, threads and the catalogue."""
        self._bench.close()

    def _footage(self, channel: str) -> Footage:
        return RecordingFootage(self.settings.recording_dir / channel)
