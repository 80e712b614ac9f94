"""Classifying: a score for each sample, and nothing lost between."""

from collections.abc import AsyncIterator
from fractions import Fraction

import numpy as np

from streamproc.demo.bug import BUG_LEFT, BUG_OPACITY, BUG_TOP, draw_bug
from streamproc.inference.session import LogoModel
from streamproc.messages import EpochEnded, EpochStarted, Sample, Score
from streamproc.stages.classify import ClassifyStage
from streamproc.timebase import ManualClock
from streamproc.training.composite import overlay
from tests.stages.broadcast import DEMO, HEIGHT, WIDTH, surroundings


async def test_samples_become_scores_and_the_rest_passes_through() -> None:
    model = LogoModel.load(DEMO)
    left, top, right, bottom = model.card.region.pixels(WIDTH, HEIGHT)
    grey = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    pictures = [grey, overlay(grey, draw_bug(HEIGHT), BUG_LEFT * WIDTH, BUG_TOP * HEIGHT, BUG_OPACITY)]

    async def samples() -> AsyncIterator[EpochStarted | Sample | EpochEnded]:
        yield EpochStarted(epoch=1)
        for at, picture in enumerate(pictures):
            yield Sample(epoch=1, time=Fraction(at), crop=picture[top:bottom, left:right])
        yield EpochEnded(epoch=1, end=Fraction(2))

    seen: list[tuple[Sample, Score, float]] = []
    with surroundings(ManualClock()) as around:
        stage = ClassifyStage(around, model, observer=lambda *args: seen.append(args))
        items = [item async for item in stage.run(samples())]
        counted = around.telemetry.registry.get_sample_value("streamproc_samples_total", {"channel": "one"})
    scores = [item for item in items if isinstance(item, Score)]
    assert [type(item) for item in items] == [EpochStarted, Score, Score, EpochEnded]
    assert [round(score.probability) for score in scores] == [0, 1]
    assert [score for _, score, _ in seen] == scores
    assert counted == 2
