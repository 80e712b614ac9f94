"""segments.json: the contract with people's scripts (schema 1)."""

from fractions import Fraction
from typing import TypedDict

from streamproc.catalogue.programmes import ProgrammeRow
from streamproc.catalogue.rows import EpochRow, SegmentRow
from streamproc.catalogue.store import Catalogue
from streamproc.errors import CatalogueError
from streamproc.timebase import iso_utc


class ModelEntry(TypedDict):
    """The model that was used."""

    name: str | None
    sha256: str | None


class SegmentEntry(TypedDict):
    """One segment; seconds and frames count from the beginning of the source, the end is exclusive."""

    id: int
    kind: str
    start_s: float
    end_s: float | None
    start_frame: int | None
    end_frame: int | None
    start_utc: str | None
    end_utc: str | None
    confidence: float
    state: str
    title: str | None
    clip: str | None


class PartEntry(TypedDict):
    """One stretch of a programme; ``*_sure`` is false where somebody should look before it is cut at."""

    start_s: float
    end_s: float | None
    start_sure: bool
    end_sure: bool


class ProgrammeEntry(TypedDict):
    """A programme by its name, with the breaks between its parts."""

    title: str | None
    confidence: float
    scheduled_start_utc: str | None
    scheduled_stop_utc: str | None
    parts: list[PartEntry]


class Document(TypedDict):
    """The whole file; unknown values are null."""

    schema: int
    source: str
    duration_s: float | None
    frame_rate: str | None
    model: ModelEntry
    segments: list[SegmentEntry]
    programmes: list[ProgrammeEntry]


def segments_document(catalogue: Catalogue, channel: str, source: str) -> Document:
    """Return the contents of segments.json for all that is known of a channel.

    Epochs follow each other on one timeline without their gaps, so that segments are contiguous; where there is
    wall time, it tells the gaps. ``source`` is shown as it is: redact it first. Raises CatalogueError.
    """
    feed = next((row for row in catalogue.channels() if row.name == channel), None)
    if feed is None:
        raise CatalogueError(f"the catalogue knows no channel '{channel}'")
    epochs = catalogue.epochs(channel)
    rate = epochs[0].frame_rate if epochs else None
    offsets, total = _offsets(epochs)
    return Document(
        schema=1,
        source=source,
        duration_s=None if total is None else float(total),
        frame_rate=None if rate is None else f"{rate.numerator}/{rate.denominator}",
        model=ModelEntry(name=feed.model_name, sha256=feed.model_sha256),
        segments=[_entry(row, *offsets[row.epoch]) for row in catalogue.segments(channel)],
        programmes=[_programme(row, offsets) for row in reversed(catalogue.programmes.of_channel(channel))],
    )


def _programme(row: ProgrammeRow, offsets: dict[int, tuple[Fraction, int | None]]) -> ProgrammeEntry:
    def utc(moment_ns: int | None) -> str | None:
        return None if moment_ns is None else iso_utc(moment_ns)

    return ProgrammeEntry(
        title=row.title,
        confidence=row.confidence,
        scheduled_start_utc=utc(row.scheduled_start_ns),
        scheduled_stop_utc=utc(row.scheduled_stop_ns),
        parts=[
            PartEntry(
                start_s=float(offsets[part.epoch][0] + part.start),
                end_s=None if part.end is None else float(offsets[part.epoch][0] + part.end),
                start_sure=part.start_sure,
                end_sure=part.end_sure,
            )
            for part in row.parts
        ],
    )


def _offsets(epochs: list[EpochRow]) -> tuple[dict[int, tuple[Fraction, int | None]], Fraction | None]:
    """Return the time and frame at which each epoch begins on the common timeline, and where the last one ends."""
    offsets: dict[int, tuple[Fraction, int | None]] = {}
    time, frame = Fraction(0), 0
    counted = True
    for epoch in epochs:
        offsets[epoch.epoch] = (time, frame if counted else None)
        if epoch.end is None and epoch is not epochs[-1]:
            raise CatalogueError(
                f"channel '{epoch.channel}': epoch {epoch.epoch} was never ended, so what follows has no place"
            )
        if epoch.end is None:
            return offsets, None
        time += epoch.end
        counted = counted and epoch.end_frame is not None
        frame += epoch.end_frame or 0
    return offsets, time


def _entry(row: SegmentRow, offset: Fraction, first_frame: int | None) -> SegmentEntry:
    def frame(number: int | None) -> int | None:
        return None if number is None or first_frame is None else first_frame + number

    start, end = row.start, row.end
    return SegmentEntry(
        id=row.id,
        kind=row.kind.value,
        start_s=float(offset + start.time),
        end_s=None if end is None else float(offset + end.time),
        start_frame=frame(start.placement.frame),
        end_frame=None if end is None else frame(end.placement.frame),
        start_utc=None if start.utc_ns is None else iso_utc(start.utc_ns),
        end_utc=None if end is None or end.utc_ns is None else iso_utc(end.utc_ns),
        confidence=row.confidence,
        state=row.state.value,
        title=row.title,
        clip=None if row.clip is None else row.clip.path,
    )
