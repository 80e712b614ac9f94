"""Decides what is on air, and writes each change down the moment it is known."""

from collections.abc import AsyncIterator
from fractions import Fraction
from functools import partial

import structlog

from streamproc.catalogue.store import Catalogue
from streamproc.logic.hysteresis import Hysteresis
from streamproc.logic.hysteresis import Thresholds as Thresholds  # who makes the stage needs it
from streamproc.logic.sampling import SamplingPlan
from streamproc.media.footage import Epoch, Footage
from streamproc.messages import Change, EpochEnded, EpochStarted, Kind, Method, Placement, Position, Score
from streamproc.stage import Surroundings

log = structlog.get_logger()

SAVE_EVERY_S = 5.0
"""How much is read again after a kill, at most; changes are saved at once."""
_FIRST_GUESS = 0.5  # confidence of a boundary that only samples have seen


class DecideStage:
    """Steps the hysteresis and keeps the catalogue's provisional segments."""

    def __init__(
        self,
        around: Surroundings,
        footage: Footage,
        catalogue: Catalogue,
        plan: SamplingPlan,
        thresholds: Thresholds,
    ) -> None:
        self._around = around
        self._footage = footage
        self._catalogue = catalogue
        self._plan = plan
        self._thresholds = thresholds
        self._hysteresis = Hysteresis(thresholds)
        self._resume: Position | None = None
        self._saved_at_s = around.clock.monotonic_s()

    async def run(self, scores: AsyncIterator[EpochStarted | Score | EpochEnded]) -> None:
        """Take in scores to their end. They must begin after the catalogue's position of the channel."""
        self._resume = await self._around.call(lambda: self._catalogue.position(self._around.channel))
        async for item in scores:
            if isinstance(item, Score):
                await self._step(item)
            elif isinstance(item, EpochStarted):
                await self._around.call(partial(self._begin, item.epoch))
            else:
                await self._around.call(partial(self._end, item))
        self._show(Kind.UNKNOWN)

    def _begin(self, epoch_id: int) -> None:
        epoch = self._epoch(epoch_id)
        self._hysteresis = Hysteresis(self._thresholds)
        self._plan.begin_epoch(epoch_id)
        resume, self._resume = self._resume, None
        if resume is not None and resume.epoch == epoch_id:
            self._hysteresis.restore(resume.memory)
            if resume.time is not None:
                self._plan.observe(resume.time, suspicious=self._hysteresis.suspicious)
        elif resume is not None:
            self._close_lost(resume)
        video = epoch.format.video
        self._catalogue.begin_epoch(
            self._around.channel,
            epoch_id,
            utc_zero_ns=epoch.utc_zero_ns,
            frame_rate=video.rate,
            description=_description(epoch),
        )
        self._show(self._hysteresis.state)

    def _close_lost(self, resume: Position) -> None:
        """End the epoch that was being read when its recording was deleted, where reading had come to."""
        end = resume.time
        if end is None or end <= 0:
            return
        log.warning("decide.epoch_lost", channel=self._around.channel, epoch=resume.epoch, end_s=float(end))
        self._catalogue.end_epoch(self._around.channel, resume.epoch, end, None, "deleted")

    async def _step(self, score: Score) -> None:
        change = self._hysteresis.step(score)
        position = Position(epoch=score.epoch, time=score.time, memory=self._hysteresis.snapshot())
        if change is not None:
            await self._around.call(partial(self._write, change, position))
        now_s = self._around.clock.monotonic_s()
        if change is None and now_s - self._saved_at_s >= SAVE_EVERY_S:
            self._saved_at_s = now_s
            await self._around.call(partial(self._catalogue.save_position, self._around.channel, position))
        self._plan.observe(score.time, suspicious=self._hysteresis.suspicious)

    def _write(self, change: Change, position: Position) -> None:
        channel = self._around.channel
        at = self._first_placement(change)
        boundary = self._catalogue.add_change(channel, change, at, position)
        self._show(change.after)
        if boundary is None:
            log.info("decide.replayed", channel=channel, epoch=change.epoch, time_s=float(at.time))
            return
        self._around.telemetry.decisions.changes.labels(channel, change.after).inc()
        if at.method is not Method.EPOCH:
            self._around.telemetry.decisions.boundaries.labels(channel, "provisional").inc()
        log.info("decide.changed", channel=channel, epoch=change.epoch, after=change.after, time_s=float(at.time))

    def _first_placement(self, change: Change) -> Placement:
        if change.before is Kind.UNKNOWN:
            return Placement(time=Fraction(0), frame=0, confidence=1.0, method=Method.EPOCH)
        frame = self._epoch(change.epoch).frame_number(change.first_new)
        return Placement(time=change.first_new, frame=frame, confidence=_FIRST_GUESS, method=Method.SAMPLE)

    def _end(self, ended: EpochEnded) -> None:
        channel = self._around.channel
        frames = self._epoch(ended.epoch).frame_number(ended.end)
        self._catalogue.end_epoch(channel, ended.epoch, ended.end, frames, "ended")
        memory = self._hysteresis.snapshot()
        self._catalogue.save_position(channel, Position(epoch=ended.epoch, time=ended.end, memory=memory))
        self._plan.end_epoch()
        self._show(Kind.UNKNOWN)

    def _epoch(self, epoch_id: int) -> Epoch:
        return next(epoch for epoch in self._footage.epochs() if epoch.id == epoch_id)

    def _show(self, on_air: Kind) -> None:
        for kind in Kind:
            self._around.telemetry.reading.on_air.labels(self._around.channel, kind).set(kind is on_air)


def _description(epoch: Epoch) -> str:
    video, audio = epoch.format.video, epoch.format.audio
    sound = "no audio" if audio is None else f"{audio.codec} {audio.rate} Hz {audio.layout}"
    scan = " interlaced" if video.interlaced else ""
    return f"{video.codec} {video.width}x{video.height}{scan}, {sound}"
