"""Takes samples: the logo's region of as few decoded frames as the decision needs."""

from collections.abc import AsyncIterator, Iterator
from fractions import Fraction

from streamproc.inference.card import Region
from streamproc.logic.sampling import SamplingPlan
from streamproc.media.decoder import Frame, FrameReader, KeyframeDecoder
from streamproc.media.footage import Epoch, Footage, MediaPacket
from streamproc.messages import EpochEnded, EpochStarted, Position, Sample
from streamproc.stage import Surroundings

POLL_S = 0.2
"""How often a live recording is asked for more."""
_PATIENCE = 0.7  # of a group of pictures: so long nothing new can be expected after a keyframe
_LONGEST_PATIENCE_S = 1.4


class SampleStage:
    """Reads a footage from a position to its end, epoch by epoch, as far as it is recorded, then waits for more."""

    def __init__(self, around: Surroundings, footage: Footage, plan: SamplingPlan, region: Region) -> None:
        self._around = around
        self._footage = footage
        self._plan = plan
        self._region = region

    async def run(self, start: Position | None = None) -> AsyncIterator[EpochStarted | Sample | EpochEnded]:
        """Yield samples later than ``start``, in order, each epoch between its start and its end."""
        after = None if start is None else start.time
        epoch = await self._next_epoch(None if start is None else start.epoch - 1)
        while epoch is not None:
            if start is None or epoch.id != start.epoch:
                after = None
            yield EpochStarted(epoch=epoch.id)
            async for sample in self._samples(epoch, after):
                yield sample
            yield EpochEnded(epoch=epoch.id, end=await self._around.call(epoch.end))
            epoch = await self._next_epoch(epoch.id)

    async def _next_epoch(self, after: int | None) -> Epoch | None:
        """Wait for an epoch with a greater number; None when the footage has ended without one."""
        while True:
            ended = self._footage.has_ended()
            for epoch in await self._around.call(lambda: list(self._footage.epochs())):
                if after is None or epoch.id > after:
                    return epoch
            if ended:
                return None
            await self._around.clock.sleep(POLL_S)

    async def _samples(self, epoch: Epoch, after: Fraction | None) -> AsyncIterator[Sample]:
        cursor = SampleCursor(epoch, self._plan, self._region, after)
        telemetry, channel = self._around.telemetry, self._around.channel
        waited = False
        while True:
            ended = await self._around.call(epoch.has_ended)
            sample = await self._around.call(cursor.take)
            telemetry.reading.frames_decoded.labels(channel, "sample").inc(cursor.take_count())
            if sample is not None:
                telemetry.reading.lag.labels(channel, "sample").set(float(cursor.behind))
                waited = False
                yield sample
            elif ended:
                return
            else:
                # After a keyframe there is none for almost a group of pictures: don't ask for it all the time.
                await self._around.clock.sleep(POLL_S if waited or self._plan.dense else cursor.patience_s)
                waited = True


class SampleCursor:
    """Where sampling is within one epoch. It never waits; not safe to call from two threads at once."""

    def __init__(self, epoch: Epoch, plan: SamplingPlan, region: Region, after: Fraction | None) -> None:
        video = epoch.format.video
        self._epoch = epoch
        self._plan = plan
        self._region = region
        self._time_base = video.time_base
        self._decoder = KeyframeDecoder(video)
        self._last = after
        self._keyframes: Iterator[MediaPacket] | None = None
        self._held: MediaPacket | None = None
        self._reader: FrameReader | None = None
        self._frames: Iterator[Frame] = iter(())
        self._reader_at = Fraction(0)
        self._gap = Fraction(0)
        self._decoded = 0
        self.behind = Fraction(0)
        """How far the last sample was behind the end of what is recorded, seconds."""

    @property
    def patience_s(self) -> float:
        """How long nothing new can be expected when the last sample was the newest keyframe."""
        return max(POLL_S, min(_PATIENCE * float(self._gap), _LONGEST_PATIENCE_S))

    def take_count(self) -> int:
        """Return how many frames were decoded since this was last asked."""
        count, self._decoded = self._decoded, 0
        return count

    def take(self) -> Sample | None:
        """Return the next sample of the plan; None when it is not recorded yet."""
        frame = self._next_frame()
        if frame is None:
            return None
        self._last = frame.time
        self.behind = max(self._epoch.end() - frame.time, Fraction(0))
        # A picture's size may change within an epoch; the region is a fraction of whatever it is.
        box = self._region.pixels(frame.width, frame.height)
        return Sample(epoch=self._epoch.id, time=frame.time, crop=frame.crop(box))

    def _next_frame(self) -> Frame | None:
        while True:
            if self._last is None:
                return self._keyframe()
            wanted = self._plan.next(self._last)
            if not wanted.keyframe_first:
                self._keyframes, self._held = None, None
                return self._frame_from(wanted.at)
            packet = self._peek()
            if packet is None and self._epoch.end() <= wanted.at:
                return None
            if packet is None or packet.pts * self._time_base > wanted.at:
                return self._frame_from(wanted.at)
            frame = self._keyframe()
            if frame is not None:
                return frame

    def _peek(self) -> MediaPacket | None:
        """Return the next keyframe's packet without taking it; None when it is not recorded yet."""
        if self._held is None:
            if self._keyframes is None:
                self._keyframes = self._epoch.keyframes(self._last)
            self._held = next(self._keyframes, None)
            if self._held is None:
                self._keyframes = None
        return self._held

    def _keyframe(self) -> Frame | None:
        """Decode the next keyframe; None when it is not recorded yet, or broken (then it is behind us)."""
        packet = self._peek()
        if packet is None:
            return None
        self._held = None
        # What reads frame by frame holds a decoder and its frames, about 20 MB; so does the iterator that it gave.
        self._reader, self._frames = None, iter(())
        time = packet.pts * self._time_base
        self._gap = time - (self._last or Fraction(0))
        self._last = time
        self._decoded += 1
        return self._decoder.decode(packet)

    def _frame_from(self, at: Fraction) -> Frame | None:
        """Return the first frame presented at or after ``at``, decoding from the keyframe before it."""
        if self._reader is None or self._epoch.keyframe_times(self._reader_at, at):
            self._reader = FrameReader(self._epoch, at)
            self._frames = iter(())
        self._reader_at = at
        before = self._reader.decoded
        try:
            return self._search(self._reader, at)
        finally:
            self._decoded += self._reader.decoded - before

    def _search(self, reader: FrameReader, at: Fraction) -> Frame | None:
        for _ in range(2):  # what was begun, then what has been recorded since
            for frame in self._frames:
                if frame.time >= at:
                    return frame
            self._frames = reader.read()
        return None
