"""Cuts the clips that the catalogue has queued, one after the other.

The catalogue is the queue, so a kill costs no clip: what was being cut is queued again at the next start, and a file
appears under its name only when it is whole and checked.
"""

import re
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Final

import structlog

from streamproc.catalogue.rows import ClipJob
from streamproc.catalogue.store import Catalogue
from streamproc.errors import StreamprocError
from streamproc.media.cutter import PART_SUFFIX, CutReport, cut
from streamproc.media.footage import Epoch, Footage
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, Clock, utc_from_ns
from streamproc.workshop import GoneError, Workshop

log = structlog.get_logger()

_LEFTOVER: Final = re.compile(rf"^\..*_s\d+\.mp4{re.escape(PART_SUFFIX)}")


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
        self._workshop = Workshop(_Clips(catalogue, footage_for, clip_dir, telemetry, clock), clock)

    async def run(self) -> None:
        """Cut clips until cancelled."""
        await self._workshop.run()

    async def run_until_empty(self) -> None:
        """Cut what is queued."""
        await self._workshop.run_until_empty()


class _Clips:
    """The catalogue's queue of clips."""

    def __init__(
        self,
        catalogue: Catalogue,
        footage_for: Callable[[str], Footage],
        folder: Path,
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        self._catalogue = catalogue
        self._footage_for = footage_for
        self._folder = folder
        self._telemetry = telemetry
        self._clock = clock

    def prepare(self) -> None:
        requeued = self._catalogue.requeue_clips()
        left = [part for part in self._folder.glob(f"*/.*{PART_SUFFIX}*") if _LEFTOVER.match(part.name)]
        try:
            for part in left:
                part.unlink(missing_ok=True)
        except OSError as error:
            log.warning("clip.leftovers_stay", folder=str(self._folder), error=error.strerror)
        if requeued or left:
            log.info("clip.resumed", requeued=requeued, removed=len(left))

    def take(self) -> ClipJob | None:
        return self._catalogue.next_clip()

    def work(self, job: ClipJob, stop: threading.Event) -> CutReport:
        return cut(self._epoch(job), job.start, job.end, self._folder / clip_name(job), stopping=stop.is_set)

    def _epoch(self, job: ClipJob) -> Epoch:
        for epoch in self._footage_for(job.channel).epochs():
            if epoch.id == job.epoch:
                return epoch
        raise GoneError(f"epoch {job.epoch} of {job.channel} is not recorded any more")

    def done(self, job: ClipJob, report: CutReport) -> None:
        name = clip_name(job)
        useless = self._catalogue.clip_ready(job.id, str(name), report.size_bytes, report.sha256)
        if useless is not None:
            self._delete(job, useless)
        if useless == str(name):
            log.info("clip.outdated", channel=job.channel, segment=job.segment_id, file=useless)
            return
        delay_s = (self._clock.utc_ns() - job.queued_ns) / NS
        self._telemetry.files.clips.labels(job.channel, "ready").inc()
        self._telemetry.files.clip_delay.labels(job.channel).observe(max(delay_s, 0.0))
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

    def _delete(self, job: ClipJob, name: str) -> None:
        """Delete a file that shows what a person has corrected since."""
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            log.warning("clip.outdated_stays", channel=job.channel, file=name, error=error.strerror)

    def failed(self, job: ClipJob, error: StreamprocError, *, retry: bool) -> None:
        self._catalogue.clip_failed(job.id, str(error), retry=retry)
        self._telemetry.files.clips.labels(job.channel, "retried" if retry else "failed").inc()
        self._telemetry.daemon.errors.labels(job.channel, type(error).__name__).inc()
        log.error(
            "clip.failed",
            channel=job.channel,
            segment=job.segment_id,
            attempt=job.attempts,
            retry=retry,
            error=str(error),
        )


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
