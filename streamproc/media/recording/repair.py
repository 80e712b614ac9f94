"""Brings files and index into agreement when a recording is opened: what a kill, a power cut or a full disk left.

Whole fragments on the disk are never lost: a file that the index doesn't know, or knows otherwise than it is, is
parsed, cut back to its last whole fragment, and entered. The files describe themselves well enough that an index can
be rebuilt from nothing.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from streamproc.errors import RecordingError
from streamproc.media.recording import fmp4
from streamproc.media.recording.fragments import Description
from streamproc.media.recording.index import (
    EpochRow,
    FileRow,
    Index,
    IndexDamaged,
    KeyframeRow,
    files_on_disk,
    format_from_json,
)
from streamproc.timebase import to_ns

_log = structlog.get_logger()
_HEADER_BYTES = 65536  # holds every header


@dataclass(slots=True)
class _Scan:
    """What is in one file."""

    description: Description
    file: FileRow
    keyframes: list[KeyframeRow]
    next_dts: int
    utc_zero_ns: int
    frames: int = 0

    def take(self, offset: int, fragment: fmp4.Fragment, audio_pts: int | None) -> None:
        """Account for the next fragment, which begins at ``offset``."""
        video = fragment.video
        self.utc_zero_ns = min(self.utc_zero_ns, fragment.utc_zero_ns)
        if video and video[0].is_keyframe:
            if not self.keyframes:
                self.file = replace(self.file, first_pts=video[0].pts)
            self.keyframes.append(self._keyframe_row(offset, video[0], audio_pts))
        if video:
            self.next_dts = video[-1].dts + video[-1].duration
            self.frames += len(video)
        end_pts = max((sample.pts + sample.duration for sample in video), default=0)
        self.file = replace(self.file, size=offset + fragment.size, end_pts=max(self.file.end_pts, end_pts))

    def _keyframe_row(self, offset: int, sample: fmp4.Sample, audio_pts: int | None) -> KeyframeRow:
        return KeyframeRow(
            epoch=self.file.epoch,
            pts=sample.pts,
            dts=sample.dts,
            duration=sample.duration,
            file=self.file.number,
            fragment_offset=offset,
            data_offset=offset + sample.offset,
            data_size=sample.size,
            frames_before=self.file.frames_before + self.frames,
            audio_pts=audio_pts,
        )


def open_index(path: Path) -> Index:
    """Open the index for writing; move a damaged one aside, for ``repair`` to fill a new one. Raises RecordingError."""
    try:
        index = Index(path, create=True)
        if index.is_sound():
            return index
        index.close()
    except IndexDamaged:
        pass
    aside = path.with_suffix(f".damaged-{path.stat().st_mtime_ns}")
    _log.warning("recording.index_damaged", path=str(path), moved_to=aside.name)
    for end in ("", "-wal", "-shm"):
        part = path.with_name(path.name + end)
        if part.exists():
            part.rename(aside.with_name(aside.name + end))
    return Index(path, create=True)


def repair(folder: Path, index: Index, *, reason: str) -> None:
    """Make the index say what is in the files, and end the epochs that were open. Raises RecordingError.

    reason: why such an epoch ended, in one word.
    """
    try:
        on_disk = files_on_disk(folder)
        known = {(row.epoch, row.number): row for row in index.rows(FileRow)}
        for epoch, number in known.keys() - on_disk.keys():
            index.delete_file(epoch, number)
        for (epoch, number), path in sorted(on_disk.items()):
            row = known.get((epoch, number))
            if row is None or not row.closed or row.size != path.stat().st_size:
                _adopt(index, path, epoch, number)
        for epoch_folder in folder.glob("[0-9]*/"):
            with suppress(OSError):  # not empty
                epoch_folder.rmdir()
    except OSError as error:
        raise RecordingError(f"{folder}: can't be repaired: {error.strerror}") from error
    _end_epochs(index, reason)


def _adopt(index: Index, path: Path, epoch: int, number: int) -> None:
    """Cut a file back to its whole fragments and enter it; delete one that has none."""
    scan = _scan(path, epoch, number)
    if scan is None:
        _log.warning("recording.file_empty", path=str(path))
        index.delete_file(epoch, number)
        path.unlink()
        return
    surplus = path.stat().st_size - scan.file.size
    if surplus:
        os.truncate(path, scan.file.size)
    with index.transaction():
        known = index.row(EpochRow, "WHERE id = ?", (epoch,)) or EpochRow(
            id=epoch,
            started_ns=scan.description.started_ns,
            utc_zero_ns=scan.utc_zero_ns,
            format=scan.description.format,
            video_shift=scan.description.video_shift,
            next_dts=0,
            end_pts=0,
            ended_ns=None,
            end_reason="recovered",
        )
        index.put(
            replace(
                known,
                utc_zero_ns=min(known.utc_zero_ns, scan.utc_zero_ns),
                next_dts=max(known.next_dts, scan.next_dts),
                end_pts=max(known.end_pts, scan.file.end_pts),
            )
        )
        index.execute("DELETE FROM keyframes WHERE epoch = ? AND file = ?", (epoch, number))
        index.put(scan.file)
        for row in scan.keyframes:
            index.put(row)
    _log.info("recording.file_repaired", path=str(path), cut_bytes=surplus, keyframes=len(scan.keyframes))


def _scan(path: Path, epoch: int, number: int) -> _Scan | None:
    """Read a file's header and the boxes of its whole fragments; None when it has none."""
    with path.open("rb") as file:
        header = fmp4.parse_header(file.read(_HEADER_BYTES))
        if header is None:
            return None
        header_size, raw = header
        description = Description.from_bytes(raw)
        format_ = format_from_json(description.format)
        row = FileRow(epoch, number, header_size, header_size, 0, 0, description.frames_before, 1)
        scan = _Scan(description, row, [], 0, description.started_ns)
        time = fmp4.VideoTime(format_.video.time_base.denominator, description.video_shift)
        audio_end = None if format_.audio is None else 0
        try:
            end = os.fstat(file.fileno()).st_size
            for offset, fragment in fmp4.fragments(file.fileno(), header_size, end, time):
                if fragment.audio and audio_end is not None:
                    audio_end = fragment.audio[0].dts
                scan.take(offset, fragment, audio_end)
                if fragment.audio:
                    audio_end = fragment.audio[-1].dts + fragment.audio[-1].duration
        except RecordingError as error:
            _log.warning("recording.file_damaged", path=str(path), error=str(error))
    return scan if scan.keyframes else None


def _end_epochs(index: Index, reason: str) -> None:
    """End the epochs that were open, where their files end."""
    index.execute("DELETE FROM epochs WHERE NOT EXISTS (SELECT 1 FROM files WHERE epoch = epochs.id)")
    for row in index.rows(EpochRow, "WHERE ended_ns IS NULL"):
        end_ns = row.utc_zero_ns + to_ns(row.end_pts * format_from_json(row.format).video.time_base)
        index.put(replace(row, ended_ns=end_ns, end_reason=row.end_reason or reason))
        _log.info("recording.epoch_repaired", epoch=row.id, reason=row.end_reason or reason)
