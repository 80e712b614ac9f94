"""Makes the pieces that the catalogue has queued: joined programmes, and any other ranges.

As with clips, the catalogue is the queue. A piece whose end is still to come is written while the recording grows, so
it is there seconds after its last frame; a few workers see to it that others don't wait for that.
"""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, tzinfo
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Final

import structlog

from streamproc.catalogue.pieces import PieceRow
from streamproc.catalogue.store import Catalogue
from streamproc.errors import StreamprocError
from streamproc.media.cutter import PART_SUFFIX, CutReport, Mode, Part, Tags, make
from streamproc.media.footage import Epoch, Footage
from streamproc.naming import Named, name_of, unique
from streamproc.telemetry import Telemetry
from streamproc.timebase import NS, Clock, to_ns, utc_from_ns
from streamproc.workshop import GoneError, Workshop

log = structlog.get_logger()

WORKERS: Final = 4
"""Pieces made at the same time, those that wait for their end among them."""
_PAUSE_S: Final = 0.2
_OF_CLIP: Final = re.compile(r"^\.\d{8}T\d{6}Z_.*_s\d+\.mp4|^\.\d+h\d\dm\d\ds_.*_s\d+\.mp4")  # being cut beside


class PieceStage:
    """Works off queued pieces; ``run`` goes on until cancelled, ``run_until_empty`` until none is queued."""

    def __init__(
        self,
        catalogue: Catalogue,
        footage_for: Callable[[str], Footage],
        place: "Place",
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        """footage_for: gives a channel's footage by its short name. place: where the files go."""
        self._workshop = Workshop(_Pieces(catalogue, footage_for, place, telemetry, clock), clock, workers=WORKERS)

    async def run(self) -> None:
        """Make pieces until cancelled."""
        await self._workshop.run()

    async def run_until_empty(self) -> None:
        """Make what is queued."""
        await self._workshop.run_until_empty()


class Place:
    """The folder that pieces are written to, and how they are named there."""

    def __init__(self, folder: Path, pattern: str, zone_of: Callable[[str], tzinfo]) -> None:
        """pattern: see ``naming``. zone_of: gives the time zone of a channel's clock."""
        self.folder = folder
        self.zone_of = zone_of
        self._pattern = pattern
        self._lock = threading.Lock()
        self._promised: set[PurePosixPath] = set()

    def promise(self, what: Named) -> PurePosixPath:
        """Return a name that nobody else has or gets, until it is released."""
        with self._lock:
            name = unique(name_of(self._pattern, what), self._is_taken)
            self._promised.add(name)
            return name

    def release(self, name: PurePosixPath) -> None:
        """Say that a promised name is a file by now, or will not be one."""
        with self._lock:
            self._promised.discard(name)

    def leftovers(self) -> Iterator[Path]:
        """Yield what an earlier process left unfinished."""
        for part in self.folder.rglob(f".*.mp4{PART_SUFFIX}*"):
            if not _OF_CLIP.match(part.name):
                yield part

    def _is_taken(self, name: PurePosixPath) -> bool:
        return name in self._promised or (self.folder / name).exists()


class _Pieces:
    """The catalogue's queue of pieces."""

    def __init__(
        self,
        catalogue: Catalogue,
        footage_for: Callable[[str], Footage],
        place: Place,
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        self._catalogue = catalogue
        self._footage_for = footage_for
        self._place = place
        self._telemetry = telemetry
        self._clock = clock

    def prepare(self) -> None:
        requeued = self._catalogue.pieces.requeue()
        left = list(self._place.leftovers())
        try:
            for part in left:
                part.unlink(missing_ok=True)
        except OSError as error:
            log.warning("piece.leftovers_stay", folder=str(self._place.folder), error=error.strerror)
        if requeued or left:
            log.info("piece.resumed", requeued=requeued, removed=len(left))

    def take(self) -> PieceRow | None:
        return self._catalogue.pieces.take()

    def work(self, job: PieceRow, stop: threading.Event) -> tuple[PurePosixPath, CutReport]:
        parts = [self._part(job, number) for number in range(len(job.spans))]
        channel, start = self._channel(job.channel), self._local(job.channel, job.start_utc_ns)
        named = Named(channel=channel, title=job.title, start=start, number=job.id)
        tags = Tags(
            title=job.title,
            description=job.description,
            channel=channel,
            aired=None if start is None else start.isoformat(timespec="seconds"),
        )
        short_s = sum((span.end - part.end for span, part in zip(job.spans, parts, strict=True)), Fraction(0))
        name = self._place.promise(named)
        try:
            report = make(
                parts,
                self._place.folder / name,
                Mode(job.mode.value),
                tags=tags,
                pause=lambda: _pause(stop),
                stopping=stop.is_set,
            )
        finally:
            self._place.release(name)
        if short_s:
            note = f"{float(short_s):.3f} s of it are not recorded, for the feed broke off"
            report = replace(report, notes=(note, *report.notes))
        return name, report

    def _part(self, job: PieceRow, number: int) -> Part:
        span = job.spans[number]
        epoch = self._epoch(job.channel, span.epoch)
        zero_ns = epoch.utc_zero_ns
        begins = None if zero_ns is None else self._local(job.channel, zero_ns + to_ns(span.start))
        title = None if begins is None else f"{begins:%H:%M:%S}"
        end = min(span.end, epoch.end()) if epoch.has_ended() else span.end
        if end <= span.start:
            raise GoneError(f"nothing is recorded of epoch {span.epoch} from {float(span.start):.3f} s on")
        return Part(epoch=epoch, start=span.start, end=end, title=title)

    def _epoch(self, channel: str, number: int) -> Epoch:
        for epoch in self._footage_for(channel).epochs():
            if epoch.id == number:
                return epoch
        raise GoneError(f"epoch {number} of {channel} is not recorded any more")

    def _local(self, channel: str, utc_ns: int | None) -> datetime | None:
        """Return a moment as the channel's clock has it, to the second."""
        if utc_ns is None:
            return None
        return utc_from_ns(utc_ns).astimezone(self._place.zone_of(channel)).replace(microsecond=0)

    def _channel(self, name: str) -> str:
        return next((row.title or row.name for row in self._catalogue.channels() if row.name == name), name)

    def done(self, job: PieceRow, result: tuple[PurePosixPath, CutReport]) -> None:
        name, report = result
        self._catalogue.pieces.ready(job.id, str(name), report.size_bytes, report.sha256, _described(report))
        delay_s = (self._clock.utc_ns() - max(job.created_ns, self._arrived_ns(job))) / NS
        self._telemetry.files.pieces.labels(job.channel, "ready").inc()
        self._telemetry.files.piece_delay.labels(job.channel).observe(max(delay_s, 0.0))
        log.info(
            "piece.ready",
            channel=job.channel,
            piece=job.id,
            file=str(name),
            frames=report.frames,
            encoded=report.encoded_frames,
            delay_s=round(delay_s, 3),
            notes="; ".join(report.notes) or None,
        )

    def _arrived_ns(self, job: PieceRow) -> int:
        span = job.spans[-1]
        for epoch in self._footage_for(job.channel).epochs():
            if epoch.id == span.epoch and epoch.utc_zero_ns is not None:
                return epoch.utc_zero_ns + to_ns(span.end)
        return job.created_ns

    def failed(self, job: PieceRow, error: StreamprocError, *, retry: bool) -> None:
        self._catalogue.pieces.failed(job.id, str(error), retry=retry)
        self._telemetry.files.pieces.labels(job.channel, "retried" if retry else "failed").inc()
        self._telemetry.daemon.errors.labels(job.channel, type(error).__name__).inc()
        log.error(
            "piece.failed",
            channel=job.channel,
            piece=job.id,
            attempt=job.attempts,
            retry=retry,
            error=str(error),
        )


def _described(report: CutReport) -> dict[str, object]:
    """Return what the catalogue keeps of a report."""
    return {
        "frames": report.frames,
        "duration_s": float(report.duration),
        "copied_frames": report.copied_frames,
        "encoded_frames": report.encoded_frames,
        "joints_s": [float(joint) for joint in report.joints],
        "notes": list(report.notes),
    }


def _pause(stop: threading.Event) -> None:
    stop.wait(_PAUSE_S)
