"""Deletes the oldest recorded files: by age, by bytes, and to keep space free on the disk."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from streamproc.config import RetentionSettings
from streamproc.errors import RecordingError
from streamproc.media.recording.index import INDEX_NAME, EpochRow, FileRow, Index, file_path, format_from_json
from streamproc.timebase import NS, Clock, to_ns

Held: TypeAlias = Sequence[tuple[int, Fraction, Fraction]]
"""Epoch, start and end (seconds in the epoch) of what must stay."""
_FOR_EVER_NS = 1 << 64
_BATCH = 100
_MARGIN_S = 5
"""Kept around a held range: refining looks a little farther, and audio may lie a little away from its picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionReport:
    """What one run of retention did and found."""

    deleted_files: int
    """Files that were deleted."""
    deleted_bytes: int
    """Their size."""
    recording_bytes: int
    """What the channel's recording takes now."""
    free_bytes: int
    """Free space of the disk now."""
    missing_bytes: int
    """Free space that is wanted but can't be had, because what is left is held or being written; else 0."""
    oldest_ns: int | None
    """Wall time of the end of the oldest file left; None where there is none."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file, as retention sees it."""

    row: FileRow
    end_ns: int
    is_held: bool


def apply_retention(
    folder: Path, settings: RetentionSettings, *, clock: Clock, held: Callable[[], Held]
) -> RetentionReport:
    """Delete what is too old or too much, oldest first, never what is held nor the file being written.

    folder: one channel's recording; run it in the process that records. Raises RecordingError.
    """
    index = Index(folder / INDEX_NAME, create=False) if (folder / INDEX_NAME).is_file() else None
    if index is None or not index.is_ready:
        free = _free_bytes(folder)
        missing = max(0, settings.min_free_bytes - free)
        return RetentionReport(
            deleted_files=0, deleted_bytes=0, recording_bytes=0, free_bytes=free, missing_bytes=missing, oldest_ns=None
        )
    try:
        return _apply(folder, index, settings, held(), clock.utc_ns())
    finally:
        index.close()


def _apply(folder: Path, index: Index, settings: RetentionSettings, held: Held, now_ns: int) -> RetentionReport:
    total = left = index.execute("SELECT coalesce(sum(size), 0) FROM files")[0][0]
    free = _free_bytes(folder)
    too_old_ns = now_ns - (_FOR_EVER_NS if settings.max_age_h is None else round(settings.max_age_h * 3600 * NS))
    deleted = 0
    oldest_ns = None
    for candidate in _candidates(index, held):
        is_surplus = settings.max_bytes is not None and left > settings.max_bytes
        is_young = candidate.end_ns >= too_old_ns
        wanted = is_surplus or not is_young or free < settings.min_free_bytes
        if not wanted or candidate.is_held or not candidate.row.closed:
            oldest_ns = candidate.end_ns if oldest_ns is None else oldest_ns
            if not wanted:
                break  # what follows is younger still
            continue
        _delete(folder, index, candidate.row)
        deleted += 1
        left -= candidate.row.size
        # Some file systems free space later, and another channel's files may have gone meanwhile.
        free = max(free + candidate.row.size, _free_bytes(folder))
    return RetentionReport(
        deleted_files=deleted,
        deleted_bytes=total - left,
        recording_bytes=left,
        free_bytes=_free_bytes(folder),
        missing_bytes=max(0, settings.min_free_bytes - free),
        oldest_ns=oldest_ns,
    )


def _candidates(index: Index, held: Held) -> Iterator[_Candidate]:
    """Yield the files, oldest first; read little by little, since mostly only the first is looked at."""
    for epoch in index.rows(EpochRow, "ORDER BY id"):
        tick = format_from_json(epoch.format).video.time_base
        ranges = [(start, end) for number, start, end in held if number == epoch.id]
        number = -1
        while rows := index.rows(
            FileRow, "WHERE epoch = ? AND number > ? ORDER BY number LIMIT ?", (epoch.id, number, _BATCH)
        ):
            for row in rows:
                first, last = row.first_pts * tick - _MARGIN_S, row.end_pts * tick + _MARGIN_S
                is_held = any(start < last and end > first for start, end in ranges)
                yield _Candidate(row, epoch.utc_zero_ns + to_ns(row.end_pts * tick), is_held)
            number = rows[-1].number


def _delete(folder: Path, index: Index, row: FileRow) -> None:
    """Delete the rows first: a kill in between leaves a file, which the next start enters again."""
    path = file_path(folder, row.epoch, row.number)
    index.delete_file(row.epoch, row.number)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise RecordingError(f"{path}: can't be deleted ({error.strerror})") from error
    with suppress(OSError):  # not empty yet
        path.parent.rmdir()


def _free_bytes(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
