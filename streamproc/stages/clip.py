"""Cuts the clips that the catalogue has queued, one after the other.

The catalogue is the queue, so a kill costs no clip: what was being cut is queued again at the next start, and a file
appears under its name only when it is whole and checked.
"""

import asyncio
import threading
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog

from streamproc.catalogue.rows import ClipJob
from streamproc.catalogue.store import Catalogue
from streamproc.errors import ClipError, ClipStorageError, RecordingError, SourceError, StreamprocError
from streamproc.media.cutter import PART_SUFFIX, CutReport, cut
from streamproc.media.footage import Epoch, Footage
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, Clock, utc_from_ns

log = structlog.get_logger()

POLL_S: Final = 0.25
"""How often the queue is looked at while it is empty."""
RETRY_S: Final = 30.0
"""Pause while the folder of clips can't be written to."""
MAX_ATTEMPTS: Final = 3
"""A cut that fails so often has failed; a folder that can't be written to is waited for without end."""

T = TypeVar("T")


class ClipStage:
    """Works off queued clips; ``run`` goes on until cancelled, ``run_until_empty`` until none is queued."""

    def __init__(
        self,
        catalogue: Catalogue,
        footage_for: Callable[[str], Footage],
        clip_dir: Path,
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        """footage_for: gives a channel's footage by its short name. clip_dir: clips go to a folder for each channel."""
        self._catalogue = catalogue
        self._footage_for = footage_for
        self._folder = clip_dir
        self._telemetry = telemetry
        self._clock = clock
        self._stop = threading.Event()

    async def run(self) -> None:
        """Cut clips until cancelled."""
        await self._call(self._prepare)
        while True:
            if not await self._step():
                await self._clock.sleep(POLL_S)

    async def run_until_empty(self) -> None:
        """Cut what is queued; a clip that fails is tried again at most MAX_ATTEMPTS times, also for want of space."""
        await self._call(self._prepare)
        while await self._step(waits=False):
            pass

    async def _step(self, *, waits: bool = True) -> bool:
        """Work off one clip; tell whether there was one."""
        job = await self._call(self._catalogue.next_clip)
        if job is None:
            return False
        try:
            report = await self._call(partial(self._cut, job))
        except StreamprocError as error:
            retry = _is_worth_retrying(error, job) and (waits or job.attempts < MAX_ATTEMPTS)
            await self._call(partial(self._fail, job, error, retry=retry))
            if retry and waits and isinstance(error, ClipStorageError):
                await self._clock.sleep(RETRY_S)
        else:
            await self._call(partial(self._offer, job, report))
        return True

    async def _call(self, work: Callable[[], T]) -> T:
        """Do blocking work in a thread; when cancelled, have it stop and wait until it has."""
        running = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self._stop.set()
            await asyncio.wait([running])
            if not running.cancelled():
                running.exception()
            raise

    def _prepare(self) -> None:
        """Queue again what a process that is gone was cutting, and remove what it left."""
        requeued = self._catalogue.requeue_clips()
        left = list(self._folder.glob(f"*/.*{PART_SUFFIX}*"))
        try:
            for part in left:
                part.unlink(missing_ok=True)
        except OSError as error:
            log.warning("clip.leftovers_stay", folder=str(self._folder), error=error.strerror)
        if requeued or left:
            log.info("clip.resumed", requeued=requeued, removed=len(left))

    def _cut(self, job: ClipJob) -> CutReport:
        return cut(self._epoch(job), job.start, job.end, self._folder / clip_name(job), stopping=self._stop.is_set)

    def _epoch(self, job: ClipJob) -> Epoch:
        for epoch in self._footage_for(job.channel).epochs():
            if epoch.id == job.epoch:
                return epoch
        raise _GoneError(f"epoch {job.epoch} of {job.channel} is not recorded any more")

    def _offer(self, job: ClipJob, report: CutReport) -> None:
        name = clip_name(job)
        self._catalogue.clip_ready(job.id, str(name), report.size_bytes, report.sha256)
        delay_s = (self._clock.utc_ns() - job.queued_ns) / NS
        self._telemetry.clips.labels(job.channel, "ready").inc()
        self._telemetry.clip_delay.labels(job.channel).observe(max(delay_s, 0.0))
        log.info(
            "clip.ready",
            channel=job.channel,
            segment=job.segment_id,
            file=str(name),
            frames=report.frames,
            encoded=report.encoded_frames,
            delay_s=round(delay_s, 3),
            notes="; ".join(report.notes) or None,
        )

    def _fail(self, job: ClipJob, error: StreamprocError, *, retry: bool) -> None:
        self._catalogue.clip_failed(job.id, str(error), retry=retry)
        self._telemetry.clips.labels(job.channel, "retried" if retry else "failed").inc()
        self._telemetry.errors.labels(job.channel, type(error).__name__).inc()
        log.error(
            "clip.failed",
            channel=job.channel,
            segment=job.segment_id,
            attempt=job.attempts,
            retry=retry,
            error=str(error),
        )


class _GoneError(ClipError):
    """What the clip is made of is gone; trying again will not bring it back."""


def _is_worth_retrying(error: StreamprocError, job: ClipJob) -> bool:
    if isinstance(error, ClipStorageError):
        return True
    may_pass = isinstance(error, ClipError | RecordingError | SourceError) and not isinstance(error, _GoneError)
    return may_pass and job.attempts < MAX_ATTEMPTS


def clip_name(job: ClipJob) -> Path:
    """Return where a clip lies in the folder of clips: ``<channel>/<start>_<channel>_s<segment>.mp4``.

    The start is wall time, as in 20261121T202805Z; or, where that is not known, media time, as in 01h02m03s.
    """
    start = _media_time(job.start)
    if job.start_utc_ns is not None:
        start = f"{utc_from_ns(job.start_utc_ns):%Y%m%dT%H%M%SZ}"
    return Path(job.channel) / f"{start}_{job.channel}_s{job.segment_id}.mp4"


def _media_time(time: Fraction) -> str:
    minutes, seconds = divmod(int(time), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}h{minutes:02}m{seconds:02}s"
