"""Looks for what was painted over: reads the recording beside everything else, and gives way to all of it.

One thread of the process examines, for all channels, at the lowest priority that the system gives; what it finds is
written by other threads, so that it holds no lock of the catalogue when it has to wait for a core. It rests while the
analysis of its channel is late, and when it is late itself it goes on at the newest keyframe and counts what it left
out. What it has found and how far it has come is written together: one that was killed goes back a little, so that it
knows again what it saw, and takes up the findings that are open.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from threading import Lock, get_native_id
from time import perf_counter
from typing import Final, TypeVar

import cv2
import numpy as np
import structlog
from numpy.typing import NDArray

from streamproc.catalogue.findings import Examiner, FindingRow, Looked, Sight
from streamproc.catalogue.store import Catalogue
from streamproc.config import InspectSettings
from streamproc.errors import PictureError, RecordingError, SourceUnsupported
from streamproc.forensics.evidence import Event, Evidence
from streamproc.forensics.traces import Map
from streamproc.inference.card import parse_card
from streamproc.inference.forensics import Residual, ResidualCard
from streamproc.inference.session import Provider
from streamproc.inference.verifier import shipped_model
from streamproc.logic.inspecting import LONGEST_SHOT_S, THUMBNAIL, is_another_shot, next_step, overlap
from streamproc.media.decoder import Frame, KeyframeDecoder
from streamproc.media.footage import MediaPacket, VideoFormat
from streamproc.media.recording.reader import RecordingEpoch, RecordingFootage
from streamproc.messages import Sample, Score
from streamproc.stage import Surroundings
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS

POLL_S: Final = 1.0
PAUSE_S: Final = 0.02
"""Between two keyframes where there are more: others may have the thread meanwhile."""
LATE_S: Final = 4
"""It rests while the analysis is so much farther behind than its samples are apart, seconds."""
FLUSH_S: Final = 10.0
"""What only grows is written so often; a kill loses that, and looking again brings it back."""
WARM_UP_S: Final = 60
"""So far it goes back when it begins anew, to know again what it saw."""
TAKEN_UP_S: Final = 60
"""An open finding that is not seen again for so long after a new beginning is over."""
HEAT_WIDTH: Final = 480
"""Width of the picture of heat, pixels, at most."""
_SAME_PLACE: Final = 0.5
_LOWEST: Final = 19
_TIDY_S: Final = 3600.0
_ALL: Final = Fraction(1 << 31)

log = structlog.get_logger()
T = TypeVar("T")


class Inspector:
    """The network and the thread that all channels of a process share; the former is loaded when it is wanted."""

    def __init__(self, folder: Path | None = None, *, provider: Provider = "cpu") -> None:
        """folder: the network's; the one that comes with streamproc when None."""
        self._folder = folder
        self._provider = provider
        self._method: Residual | None = None
        self._lock = Lock()
        self._holds = 0
        self.executor = ThreadPoolExecutor(1, thread_name_prefix="inspect", initializer=_step_back)
        """Where keyframes are examined."""

    def method(self) -> Residual:
        """Return the network, loading it when it is asked for first, or has been replaced.

        Raises ModelError: missing, broken, or of another kind.
        """
        with self._lock:
            folder = shipped_model("residual") if self._folder is None else self._folder
            if self._method is None or self._method.card != parse_card(folder, ResidualCard):
                self._method = Residual.load(folder, provider=self._provider)
                log.info("model.loaded", model=self._method.card.name, asked_for=self._provider)
            return self._method

    @contextmanager
    def held(self) -> Iterator[None]:
        """While this is open, no channel begins to examine a keyframe: cores share more than their time."""
        with self._lock:
            self._holds += 1
        try:
            yield
        finally:
            with self._lock:
                self._holds -= 1

    @property
    def is_held(self) -> bool:
        """Whether somebody wants it to wait."""
        return self._holds > 0

    def close(self) -> None:
        """End the thread; a keyframe that is being examined is finished."""
        self.executor.shutdown()


def _step_back() -> None:
    """Let everything else have the cores first; what this thread starts inherits that."""
    if sys.platform == "linux":  # elsewhere it would be the whole process
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, get_native_id(), _LOWEST)


class Pulse:
    """How far the analysis of a channel has come; ``observe`` is an observer of ClassifyStage."""

    def __init__(self, longest_gap_s: float) -> None:
        """longest_gap_s: so far apart its samples may be."""
        self._patience = Fraction(longest_gap_s) + LATE_S
        self._latest: tuple[int, Fraction] | None = None

    def observe(self, sample: Sample, score: Score, took_s: float) -> None:
        """Take note of a sample that was classified."""
        self._latest = (sample.epoch, sample.time)

    def is_late(self, newest: RecordingEpoch) -> bool:
        """Tell whether the analysis is farther behind the end of the newest epoch than its samples are apart."""
        if self._latest is None:  # it has not begun, or has nothing to do
            return False
        epoch, time = self._latest
        return newest.end() - (time if epoch == newest.id else 0) > self._patience


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A keyframe that is to be examined."""

    epoch: RecordingEpoch
    packet: MediaPacket
    time: Fraction


class _Eye:
    """Decodes and examines the keyframes of one epoch, and takes them together; for one thread at a time."""

    def __init__(self, video: VideoFormat, *, one_a_shot: bool) -> None:
        self._video = video
        self._one_a_shot = one_a_shot
        self._decoder: KeyframeDecoder | None = None
        self._evidence = Evidence()
        self._shot: tuple[Fraction, NDArray[np.uint8]] | None = None

    def look(self, method: Residual, look: _Look) -> tuple[Event, ...] | None:
        """Return what a keyframe changed; None when it was not examined: its shot was looked at before.

        Raises PictureError, SourceUnsupported: it can't be decoded, or is too small.
        """
        if self._decoder is None:
            self._decoder = KeyframeDecoder(self._video)
        frame = self._decoder.decode(look.packet)
        if frame is None:
            raise PictureError("the keyframe is broken")
        if self._one_a_shot and not self._is_news(frame):
            return None
        picture = frame.crop((0, 0, frame.width // 2 * 2, frame.height // 2 * 2))
        return self._evidence.add(look.time, picture, method.examine(picture))

    def end(self) -> tuple[Event, ...]:
        """Return what was open, over."""
        return self._evidence.end()

    def _is_news(self, frame: Frame) -> bool:
        thumbnail = frame.thumbnail(*THUMBNAIL)
        if self._shot is not None:
            time, before = self._shot
            if frame.time - time < LONGEST_SHOT_S and not is_another_shot(before, thumbnail):
                return False
        self._shot = (frame.time, thumbnail)
        return True


@dataclass(slots=True, kw_only=True)
class _Open:
    """A finding of the catalogue that an event makes grow."""

    event: Event
    id: int | None = None
    before: FindingRow | None = None
    """The finding as it was before a new beginning."""
    known: int = 0
    """Keyframes of the event that were counted before it."""
    shown: Fraction | None = None
    """Which keyframe's heat is kept."""
    waits: bool = True
    """Whether it says more than is written."""


@dataclass(slots=True, kw_only=True)
class _Events:
    """Which finding each event of an epoch is."""

    pixel_aspect: Fraction
    """Width over height of a pixel."""
    resumed: Fraction | None = None
    """Up to where it was looked at before this process began; None when it was not."""
    left: list[FindingRow] = field(default_factory=list)
    """What was open or just seen then, and has not come again."""
    open: dict[int, _Open] = field(default_factory=dict)

    def take(self, time: Fraction, events: Iterable[Event]) -> bool:
        """Take in what a keyframe changed; tell whether something began or ended, and so must be written now."""
        is_news = False
        for event in events:
            one = self.open.get(event.number)
            if one is None:
                one = self.open[event.number] = self._begun(event)
                is_news = True
            one.event, one.waits = event, True
            if self.resumed is not None and time <= self.resumed:
                one.known = event.keyframes
            is_news = is_news or event.over
        return is_news

    def _begun(self, event: Event) -> _Open:
        for row in self.left:
            if row.end >= event.start - TAKEN_UP_S and overlap(row.box, event.box) >= _SAME_PLACE:
                self.left.remove(row)
                return _Open(event=event, id=row.id, before=row)
        return _Open(event=event)

    def due(self) -> list[tuple[_Open, Sight]]:
        """Return what must be written, as it is written."""
        return [(one, self._sight(one)) for one in self.open.values() if one.waits]

    def written(self, done: Iterable[tuple[_Open, Sight]], numbers: Iterable[int]) -> None:
        """Take note that this was written, under those numbers."""
        for (one, sight), number in zip(done, numbers, strict=True):
            one.id, one.waits = number, False
            if sight.heat is not None:
                one.shown = sight.shown
        self.open = {number: one for number, one in self.open.items() if not one.event.over}

    def lost(self, time: Fraction) -> bool:
        """Tell once whether what was left open has not come again, and is over."""
        if self.resumed is None or time <= self.resumed + TAKEN_UP_S:
            return False
        self.resumed, self.left = None, []
        return True

    def _sight(self, one: _Open) -> Sight:
        event, before = one.event, one.before
        height, width = event.heat.shape
        is_best = before is None or event.score >= before.score
        kept = one.shown if one.shown is not None else None if before is None or is_best else before.shown
        shown = event.shown if is_best or before is None else before.shown
        return Sight(
            id=one.id,
            start=event.start if before is None else min(before.start, event.start),
            end=event.end if before is None else max(before.end, event.end),
            shown=shown,
            box=event.box,
            width=width,
            height=height,
            score=event.score if is_best or before is None else before.score,
            reliability=event.reliability,
            keyframes=event.keyframes if before is None else before.keyframes + event.keyframes - one.known,
            heat=heat_picture(event.heat, self.pixel_aspect) if shown != kept or event.over else None,
            over=event.over,
        )


def end_inspection(channel: str, catalogue: Catalogue, telemetry: Telemetry) -> None:
    """Where nobody looks any more, nothing goes on. Raises CatalogueError."""
    if catalogue.findings.close(channel):
        telemetry.findings_open.labels(channel).set(0)


class InspectStage:
    """Looks through the recording of one channel, as it grows."""

    def __init__(
        self,
        around: Surroundings,
        footage: RecordingFootage,
        catalogue: Catalogue,
        inspector: Inspector,
        pulse: Pulse,
        settings: InspectSettings,
    ) -> None:
        """Raises ModelError: there is no network."""
        self._around = around
        self._footage = footage
        self._catalogue = catalogue
        self._inspector = inspector
        self._method = inspector.method()
        self._examiner = Examiner(name=self._method.card.name, sha256=self._method.card.sha256)
        self._pulse = pulse
        self._settings = settings
        self._forget()

    def _forget(self) -> None:
        self._entered: set[int] = set()
        self._epoch: RecordingEpoch | None = None
        self._after: Fraction | None = None
        self._written: Fraction | None = None
        """Up to where it is written that this epoch was looked at."""
        self._is_over = False
        self._eye: _Eye | None = None
        """What looks at this epoch; None when that is over."""
        self._events = _Events(pixel_aspect=Fraction(1))
        self._flushed_s = self._around.clock.monotonic_s()

    async def run(self) -> None:
        """Work until cancelled. Raises CatalogueError, RecordingError."""
        clock, tidied_s = self._around.clock, -_TIDY_S
        self._forget()
        while True:
            if clock.monotonic_s() - tidied_s >= _TIDY_S:
                tidied_s = clock.monotonic_s()
                await self._around.call(self._tidy)
            has_more = await self.step()
            await clock.sleep(PAUSE_S if has_more else POLL_S)

    async def step(self) -> bool:
        """Look at one keyframe, if there is one and there is time; tell whether there may be more.

        Raises CatalogueError, RecordingError.
        """
        resting = self._around.telemetry.inspect_resting.labels(self._around.channel)
        if await self._around.call(self._must_rest):
            resting.set(1)
            return False
        resting.set(0)
        if self._inspector.is_held:
            return False
        look = await self._around.call(self._next)
        if look is None:
            return await self._pass_on()
        is_news = await self._thread(partial(self._examine, look))
        self._after = look.time
        if is_news or self._around.clock.monotonic_s() - self._flushed_s >= FLUSH_S:
            await self._flush()
        return True

    async def _thread(self, function: Callable[[], T]) -> T:
        """Call a function in the thread that gives way to all others."""
        return await asyncio.get_running_loop().run_in_executor(self._inspector.executor, function)

    def _must_rest(self) -> bool:
        epochs = self._footage.epochs()
        return bool(epochs) and self._pulse.is_late(epochs[-1])

    # Which keyframe

    def _next(self) -> _Look | None:
        """Return the next keyframe to look at; None when there is none by now."""
        epochs = self._known_epochs()
        if self._epoch is None and not self._begin(epochs):
            return None
        epoch = self._epoch
        assert epoch is not None
        self._is_over = epoch.has_ended()  # asked first: what comes later is still looked at
        waiting = self._waiting(epoch, self._after)
        resumed = self._events.resumed
        fresh = [time for time in waiting if resumed is None or time > resumed]
        if self._is_late(epochs, fresh):
            return self._newest(epochs, fresh)
        step = next_step(waiting, self._settings.one_in, late=False)
        if step is None:
            return None
        self._is_over = False
        return self._read(epoch, step.at)

    def _is_late(self, epochs: list[RecordingEpoch], waiting: list[Fraction]) -> bool:
        """Tell whether more is recorded after the first keyframe that waits than there is patience for."""
        assert self._epoch is not None
        behind = self._epoch.end() - waiting[0] if waiting else Fraction(0)
        behind += sum((epoch.end() for epoch in epochs if epoch.id > self._epoch.id), Fraction(0))
        self._around.telemetry.lag.labels(self._around.channel, "inspect").set(float(max(behind, Fraction(0))))
        return behind > self._settings.most_behind_s

    def _newest(self, epochs: list[RecordingEpoch], waiting: list[Fraction]) -> _Look | None:
        """Go on at the newest keyframe, having counted what is left out; None: at the next epoch, or at none."""
        assert self._epoch is not None
        if self._epoch.id != epochs[-1].id:
            self._left_out("behind", len(waiting) // self._settings.one_in)
            self._is_over = True
            return None
        step = next_step(waiting, self._settings.one_in, late=True)
        if step is None:
            return None
        self._left_out("behind", step.left_out)
        self._is_over = False
        return self._read(self._epoch, step.at)

    def _read(self, epoch: RecordingEpoch, time: Fraction) -> _Look | None:
        tick = epoch.format.video.time_base
        try:
            packet = next(iter(epoch.keyframes(time - tick)), None)
        except RecordingError as error:
            log.info("inspect.unread", channel=self._around.channel, error=str(error))
            packet = None
        if packet is None or packet.pts * tick != time:  # retention was faster
            self._left_out("unreadable", 1)
            self._after = time
            return None
        return _Look(epoch=epoch, packet=packet, time=time)

    def _waiting(self, epoch: RecordingEpoch, after: Fraction | None) -> list[Fraction]:
        start = Fraction(0) if after is None else after + epoch.format.video.time_base
        return epoch.keyframe_times(start, _ALL)

    def _left_out(self, reason: str, count: int) -> None:
        self._around.telemetry.inspect_left_out.labels(self._around.channel, reason).inc(count)

    def _known_epochs(self) -> list[RecordingEpoch]:
        """Return the recorded epochs that the decision has entered into the catalogue, oldest first."""
        epochs = list(self._footage.epochs())
        if any(epoch.id not in self._entered for epoch in epochs):
            self._entered = {row.epoch for row in self._catalogue.epochs(self._around.channel)}
        return [epoch for epoch in epochs if epoch.id in self._entered]

    # From where to where

    def _begin(self, epochs: list[RecordingEpoch]) -> bool:
        """Go on where the last process was, or a little before the end of what is recorded; False: nothing is."""
        if not epochs:
            return False
        place = self._catalogue.findings.place(self._around.channel)
        epoch = None if place is None else next((one for one in epochs if one.id == place[0]), None)
        if place is None or epoch is None:
            self._catalogue.findings.close(self._around.channel)
            following = epochs[-1] if place is None else next((one for one in epochs if one.id > place[0]), epochs[-1])
            back = Fraction(self._settings.most_behind_s)
            self._open(following, max(following.end() - back, Fraction(0)) if following is epochs[-1] else None)
            return True
        time = place[1]
        left = self._catalogue.findings.unfinished(self._around.channel, epoch.id, time - WARM_UP_S)
        left = [row for row in left if row.epoch == epoch.id and row.examiner == self._examiner]
        self._catalogue.findings.close(self._around.channel, besides=[row.id for row in left])
        self._open(epoch, max(time - WARM_UP_S, Fraction(0)))
        self._events.resumed, self._events.left = time, left
        return True

    def _open(self, epoch: RecordingEpoch, start: Fraction | None) -> None:
        video = epoch.format.video
        self._epoch = epoch
        self._after = None if start is None or start <= 0 else start - video.time_base
        self._written = self._after
        self._is_over = False
        self._eye = _Eye(video, one_a_shot=self._settings.one_a_shot)
        self._events = _Events(pixel_aspect=video.sample_aspect)

    async def _pass_on(self) -> bool:
        """Where an epoch is over, end what is open in it and go on to the next; tell whether there is one."""
        if self._epoch is None or not self._is_over:
            if self._around.clock.monotonic_s() - self._flushed_s >= FLUSH_S:
                await self._flush()
            return False
        if self._eye is not None:
            self._events.take(self._after or Fraction(0), await self._thread(self._eye.end))
            await self._flush()
            await self._around.call(partial(self._catalogue.findings.close, self._around.channel))  # not taken up
            self._eye = None
        return await self._around.call(self._go_on)

    def _go_on(self) -> bool:
        """Begin the next epoch; where there is too much of it, at its newest keyframe."""
        assert self._epoch is not None
        epochs = self._known_epochs()
        following = next((epoch for epoch in epochs if epoch.id > self._epoch.id), None)
        if following is None:
            return False
        self._open(following, None)
        return True

    # What comes of it

    def _examine(self, look: _Look) -> bool:
        """Examine a keyframe; tell whether something began or ended."""
        assert self._eye is not None
        telemetry, channel = self._around.telemetry, self._around.channel
        begun = perf_counter()
        try:
            events = self._eye.look(self._method, look)
        except (PictureError, SourceUnsupported) as error:
            log.info("inspect.unread", channel=channel, error=str(error))
            self._left_out("unreadable", 1)
            return False
        if events is None:
            return False
        telemetry.inspected.labels(channel).inc()
        telemetry.inspect_time.labels(channel).observe(perf_counter() - begun)
        return self._events.take(look.time, events)

    async def _flush(self) -> None:
        """Write what waits, and how far it has come."""
        self._flushed_s = self._around.clock.monotonic_s()
        waits = any(one.waits for one in self._events.open.values())
        if self._epoch is None or self._after is None or (self._after == self._written and not waits):
            return
        due = await self._thread(self._events.due)
        await self._around.call(partial(self._write, self._epoch.id, self._after, due))
        self._written = self._after

    def _write(self, epoch: int, time: Fraction, due: list[tuple[_Open, Sight]]) -> None:
        events, channel = self._events, self._around.channel
        resumed = events.resumed
        looked = Looked(
            channel=channel,
            epoch=epoch,
            time=time if resumed is None else max(time, resumed),
            examiner=self._examiner,
            sights=[sight for _, sight in due],
            sure_after=Fraction(self._settings.sure_after_s),
        )
        numbers = self._catalogue.findings.save(looked)
        began = [number for (one, _), number in zip(due, numbers, strict=True) if one.id is None]
        for number in began:
            log.info("inspect.found", channel=channel, finding=number)
        self._around.telemetry.findings.labels(channel).inc(len(began))
        events.written(due, numbers)
        going_on = [one.id for one in events.open.values() if one.id is not None]
        if events.lost(time):
            self._catalogue.findings.close(channel, besides=going_on)
        self._around.telemetry.findings_open.labels(channel).set(len(going_on))

    def _tidy(self) -> None:
        keep_ns = round(self._settings.keep_days * 24 * 3600 * NS)
        self._catalogue.findings.forget_before(self._around.channel, self._around.clock.utc_ns() - keep_ns)


def heat_picture(heat: Map, pixel_aspect: Fraction) -> bytes:
    """Return heat, (H, W) in [0, 1], as an 8-bit grey PNG of the aspect of the frame, at most 480 pixels wide.

    pixel_aspect: width over height of a pixel.
    """
    height, across = heat.shape[0], heat.shape[1] * pixel_aspect
    width = min(HEAT_WIDTH, max(1, round(across)))
    size = (width, max(1, round(height * width / across)))
    small = cv2.resize(heat, size, interpolation=cv2.INTER_AREA)
    done, coded = cv2.imencode(".png", np.round(np.clip(small, 0, 1) * 255).astype(np.uint8))
    assert done  # a picture of this size always can be
    return coded.tobytes()
