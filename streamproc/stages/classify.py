"""Asks the model whether the bug is on each sample."""

import asyncio
from collections.abc import AsyncIterator, Callable
from time import perf_counter
from typing import TypeAlias

from streamproc.inference.session import LogoModel
from streamproc.messages import EpochEnded, EpochStarted, Sample, Score
from streamproc.stage import Surroundings

Observer: TypeAlias = Callable[[Sample, Score, float], None]
"""Is shown each sample, its score, and the seconds that the model took; called in a thread."""


class ClassifyStage:
    """Turns samples into scores, one for one."""

    def __init__(self, around: Surroundings, model: LogoModel, *, observer: Observer | None = None) -> None:
        self._around = around
        self._model = model
        self._observer = observer

    async def run(
        self, samples: AsyncIterator[EpochStarted | Sample | EpochEnded]
    ) -> AsyncIterator[EpochStarted | Score | EpochEnded]:
        """Yield a score for each sample; the starts and ends of epochs pass through."""
        loop = asyncio.get_running_loop()
        async for item in samples:
            if isinstance(item, Sample):
                yield await loop.run_in_executor(self._around.executor, self._classify, item)
            else:
                yield item

    def _classify(self, sample: Sample) -> Score:
        telemetry, channel = self._around.telemetry, self._around.channel
        begun = perf_counter()
        probability = float(self._model.probabilities([sample.crop])[0])
        took_s = perf_counter() - begun
        score = Score(epoch=sample.epoch, time=sample.time, probability=probability)
        telemetry.reading.samples.labels(channel).inc()
        telemetry.reading.score.labels(channel).observe(probability)
        telemetry.reading.inference.labels(channel).observe(took_s)
        if self._observer is not None:
            self._observer(sample, score, took_s)
        return score
