"""A channel's day in one compact answer: what a timeline is drawn from, in Unix milliseconds."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from streamproc.catalogue import Catalogue, EpochRow
from streamproc.catalogue.findings import FindingFilter
from streamproc.catalogue.finishing import ProgrammeState
from streamproc.catalogue.forensics import FindingKind, FindingVerdict
from streamproc.catalogue.reviews import Doubt
from streamproc.errors import RecordingError
from streamproc.media.recording.reader import RecordingEpoch
from streamproc.messages import BoundaryState, Kind, Reliability
from streamproc.timebase import to_ns
from streamproc.web.answers import Answer
from streamproc.web.api import json_answer, known_channel
from streamproc.web.queries import StretchQuery, parse
from streamproc.web.recordings import RECORDINGS, Recordings
from streamproc.web.services import SERVICES

_FINDINGS: Final = 1000
"""So many are drawn at most."""


class DrawnEpoch(Answer):
    """An unbroken stretch of recording."""

    epoch: int
    """Its number in the recording."""
    start_ms: float
    """Its first frame: its time 0."""
    end_ms: float | None
    """After its last frame; null while it grows."""
    recorded_ms: float | None
    """Up to when it is recorded by now; null when nothing of it is kept."""
    kept_from_ms: float | None
    """From when on it is still there; null when nothing of it is kept."""
    frame_rate: str | None
    """Frames a second, a fraction."""
    width: int | None
    """Width of the picture in square pixels; null when nothing of it is kept."""
    height: int | None
    """Height of the picture."""


class DrawnSegment(Answer):
    """A stretch of one kind."""

    id: int
    """Its number."""
    kind: Kind
    """What is on air."""
    state: BoundaryState
    """final once both ends are, else provisional."""
    start_ms: float
    """Its first frame."""
    end_ms: float | None
    """After its last frame; null while it is on air."""
    confidence: float
    """That of its less certain end."""
    start_id: int
    """The boundary it begins at."""
    end_id: int | None
    """The boundary it ends at."""


class DrawnProgramme(Answer):
    """A programme by its name."""

    id: int
    """Its number."""
    title: str | None
    """Its name; null where no listing fits."""
    state: ProgrammeState
    """running while its last part may grow, or another may follow; else complete."""
    parts: list[tuple[float, float | None]]
    """Start and end of each part; breaks lie between. The end is null while it is on air."""


class DrawnListing(Answer):
    """A programme as the schedule prints it."""

    title: str
    """Its name."""
    start_ms: float
    """When it begins."""
    stop_ms: float | None
    """When it ends; null when the schedule does not say so."""


class DrawnDoubt(Answer):
    """Something that waits for somebody's look."""

    kind: Doubt
    """What is not sure: a boundary's frame, a programme's name, or where two programmes are split."""
    id: int
    """The boundary's number, or the programme's."""
    at_ms: float
    """Where to look."""


class DrawnFinding(Answer):
    """A place of the picture that looks painted over."""

    id: int
    """Its number."""
    kind: FindingKind
    """What it is."""
    start_ms: float
    """The first keyframe that shows it."""
    end_ms: float
    """The last one."""
    open: bool
    """Whether it goes on."""
    score: float
    """In [0, 1]."""
    reliability: Reliability
    """Whether that can be told there."""
    verdict: FindingVerdict | None
    """What a person says of it."""


class DrawnTimeline(Answer):
    """A stretch of a channel's time; all times are Unix milliseconds."""

    from_: Annotated[float, Field(serialization_alias="from")]
    """Where it begins, as asked."""
    to: float
    """Where it ends, as asked."""
    now: float
    """The server's time."""
    epochs: list[DrawnEpoch]
    """By time."""
    segments: list[DrawnSegment]
    """By time; those that share any time with the stretch."""
    programmes: list[DrawnProgramme]
    """By time."""
    gaps: list[tuple[float, float]]
    """Start and end of each time of which nothing is recorded."""
    schedule: list[DrawnListing]
    """By time."""
    uncertain: list[DrawnDoubt]
    """What waits for a look within the stretch, most urgent first."""
    findings: list[DrawnFinding]
    """By time; those that are seen within the stretch, the newest thousand."""


async def timeline(request: web.Request) -> web.Response:
    """All that is drawn of a stretch of time."""
    query = parse(StretchQuery, request)
    name = await known_channel(request)
    services, recordings = request.app[SERVICES], request.app[RECORDINGS]
    stretch, now_ns = query.stretch_ns(), services.clock.utc_ns()
    return await asyncio.to_thread(lambda: json_answer(draw(services.catalogue, recordings, name, stretch, now_ns)))


def draw(
    catalogue: Catalogue, recordings: Recordings, name: str, stretch: tuple[int, int], now_ns: int
) -> DrawnTimeline:
    """Return all that is drawn of a stretch of wall time, nanoseconds; reads catalogue and recording."""
    from_ns, until_ns = stretch
    epochs = _epochs(catalogue.epochs(name), _recorded(recordings, name), stretch)
    return DrawnTimeline(
        from_=_ms(from_ns),
        to=_ms(until_ns),
        now=_ms(now_ns),
        epochs=epochs,
        segments=[
            DrawnSegment(
                id=mark.id,
                kind=mark.kind,
                state=mark.state,
                start_ms=_ms(mark.start_ns),
                end_ms=_maybe_ms(mark.end_ns),
                confidence=mark.confidence,
                start_id=mark.start_id,
                end_id=mark.end_id,
            )
            for mark in catalogue.timeline.segments(name, from_ns, until_ns)
        ],
        programmes=[
            DrawnProgramme(
                id=mark.id,
                title=mark.title,
                state=mark.state,
                parts=[(_ms(start), _maybe_ms(end)) for start, end in mark.parts],
            )
            for mark in catalogue.timeline.programmes(name, from_ns, until_ns)
        ],
        gaps=_gaps(catalogue, name, stretch),
        schedule=[
            DrawnListing(title=row.title, start_ms=_ms(row.start_ns), stop_ms=_maybe_ms(row.stop_ns))
            for row in catalogue.listings.between(name, from_ns, until_ns)
        ],
        uncertain=[
            DrawnDoubt(kind=row.doubt, id=row.subject_id, at_ms=_ms(row.look.utc_ns))
            for row in catalogue.reviews.waiting(name)
            if row.look.utc_ns is not None and from_ns <= row.look.utc_ns < until_ns
        ],
        findings=_findings(catalogue, name, stretch),
    )


def _recorded(recordings: Recordings, name: str) -> Sequence[RecordingEpoch]:
    try:
        return recordings.epochs(name)
    except RecordingError:
        return ()  # an index that can't be read now leaves the rest of the day to be seen


def _epochs(rows: Sequence[EpochRow], recorded: Sequence[RecordingEpoch], stretch: tuple[int, int]) -> list[DrawnEpoch]:
    """Return what the catalogue knows and what is recorded; of a channel without a model only the latter."""
    kept = {epoch.id: epoch for epoch in recorded}
    found = [_kept(epoch, next((row for row in rows if row.epoch == number), None)) for number, epoch in kept.items()]
    for row in rows:
        if row.epoch not in kept and row.utc_zero_ns is not None:
            end_ns = None if row.end is None else row.utc_zero_ns + to_ns(row.end)
            found.append(
                DrawnEpoch(
                    epoch=row.epoch,
                    start_ms=_ms(row.utc_zero_ns),
                    end_ms=_maybe_ms(end_ns),
                    recorded_ms=None,
                    kept_from_ms=None,
                    frame_rate=None if row.frame_rate is None else str(row.frame_rate),
                    width=None,
                    height=None,
                )
            )
    first, last = _ms(stretch[0]), _ms(stretch[1])
    seen = [one for one in found if one.start_ms < last and (one.end_ms is None or one.end_ms > first)]
    return sorted(seen, key=lambda one: one.epoch)


def _kept(epoch: RecordingEpoch, row: EpochRow | None) -> DrawnEpoch:
    zero_ns, video = epoch.utc_zero_ns, epoch.format.video
    recorded_ns = zero_ns + to_ns(epoch.end())
    first = epoch.first_kept()
    rate = video.rate if row is None or row.frame_rate is None else row.frame_rate
    return DrawnEpoch(
        epoch=epoch.id,
        start_ms=_ms(zero_ns),
        end_ms=_ms(recorded_ns) if epoch.has_ended() else None,
        recorded_ms=_ms(recorded_ns),
        kept_from_ms=None if first is None else _ms(zero_ns + to_ns(first)),
        frame_rate=None if rate is None else str(rate),
        width=round(video.width * video.sample_aspect),
        height=video.height,
    )


def _gaps(catalogue: Catalogue, name: str, stretch: tuple[int, int]) -> list[tuple[float, float]]:
    return [
        (_ms(row.start_utc_ns), _ms(row.end_utc_ns))
        for row in catalogue.gaps(name)
        if row.start_utc_ns is not None
        and row.end_utc_ns is not None
        and row.start_utc_ns < stretch[1]
        and row.end_utc_ns > stretch[0]
    ]


def _findings(catalogue: Catalogue, name: str, stretch: tuple[int, int]) -> list[DrawnFinding]:
    rows = catalogue.findings.of_channel(name, FindingFilter(from_ns=stretch[0], until_ns=stretch[1], limit=_FINDINGS))
    found = [
        DrawnFinding(
            id=row.id,
            kind=row.kind,
            start_ms=_ms(row.start_utc_ns),
            end_ms=_ms(row.end_utc_ns),
            open=row.open,
            score=row.score,
            reliability=row.reliability,
            verdict=row.verdict,
        )
        for row in rows
        if row.start_utc_ns is not None and row.end_utc_ns is not None
    ]
    return sorted(found, key=lambda one: (one.start_ms, one.id))


def _ms(utc_ns: int) -> float:
    return utc_ns / 1_000_000


def _maybe_ms(utc_ns: int | None) -> float | None:
    return None if utc_ns is None else _ms(utc_ns)
