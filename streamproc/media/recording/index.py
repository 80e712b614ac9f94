"""The index of one channel's recording: an SQLite file beside the epochs' folders.

It maps time to file and keyframe. Every row speaks of bytes that already are in the files, so a reader that goes by
the index never sees half a fragment; what a kill left out of it is found in the files again (repair). One
process writes it (the recorder: its writer and its retention), any number read it.

Times are ticks of the video's time base; the first presented frame has ``pts`` 0.
"""

import json
import os
import sqlite3
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from operator import attrgetter
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from streamproc.errors import RecordingError
from streamproc.media.footage import AudioFormat, Format, VideoFormat

INDEX_NAME = "index.sqlite"
SCHEMA_VERSION = 2
_BUSY_S = 10.0
_CUES = """
CREATE TABLE cues (
    epoch INTEGER NOT NULL,
    number INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    pts_zero INTEGER,
    at INTEGER,
    kind TEXT,
    duration TEXT,
    origin TEXT NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (epoch, number)
) WITHOUT ROWID;
"""
_SCHEMA = """
CREATE TABLE epochs (
    id INTEGER PRIMARY KEY,
    started_ns INTEGER NOT NULL,
    utc_zero_ns INTEGER NOT NULL,
    format TEXT NOT NULL,
    video_shift INTEGER NOT NULL,
    next_dts INTEGER NOT NULL,
    end_pts INTEGER NOT NULL,
    ended_ns INTEGER,
    end_reason TEXT
);
CREATE TABLE files (
    epoch INTEGER NOT NULL,
    number INTEGER NOT NULL,
    header_size INTEGER NOT NULL,
    size INTEGER NOT NULL,
    first_pts INTEGER NOT NULL,
    end_pts INTEGER NOT NULL,
    frames_before INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    PRIMARY KEY (epoch, number)
) WITHOUT ROWID;
CREATE TABLE keyframes (
    epoch INTEGER NOT NULL,
    pts INTEGER NOT NULL,
    dts INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    file INTEGER NOT NULL,
    fragment_offset INTEGER NOT NULL,
    data_offset INTEGER NOT NULL,
    data_size INTEGER NOT NULL,
    frames_before INTEGER NOT NULL,
    audio_pts INTEGER,
    PRIMARY KEY (epoch, pts)
) WITHOUT ROWID;
CREATE INDEX keyframes_by_file ON keyframes (epoch, file);
"""
_UPGRADES = {1: _CUES}  # from that version to the next one


@dataclass(frozen=True, slots=True)
class EpochRow:
    """One epoch."""

    TABLE: ClassVar[str] = "epochs"

    id: int
    started_ns: int
    """Wall time at which its first keyframe arrived."""
    utc_zero_ns: int
    """Wall time of presentation time 0, by the least delayed packet so far."""
    format: str
    """JSON, see ``format_from_json``."""
    video_shift: int
    """By how much the files' video times are greater than the true ones (``fmp4.VideoTime.shift``)."""
    next_dts: int
    """Decoding time of the next video packet."""
    end_pts: int
    """The time after the last frame in presentation order; frames before it may still be missing."""
    ended_ns: int | None
    """Wall time at which it ended; None while it grows."""
    end_reason: str | None
    """Why it ended: lost, stopped, format, killed …"""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file; its name is ``<epoch>/<number, six digits>.mp4``."""

    TABLE: ClassVar[str] = "files"

    epoch: int
    number: int
    header_size: int
    """Bytes before the first fragment: what HLS calls the map."""
    size: int
    """Bytes of header and whole fragments."""
    first_pts: int
    """Presentation time of its first keyframe."""
    end_pts: int
    """The time after its last frame in presentation order."""
    frames_before: int
    """Video frames in the epoch's files before this one."""
    closed: int
    """1 when it will not grow any more."""


@dataclass(frozen=True, slots=True)
class KeyframeRow:
    """One keyframe, the first sample of its fragment."""

    TABLE: ClassVar[str] = "keyframes"

    epoch: int
    pts: int
    dts: int
    duration: int
    file: int
    """Number of its file."""
    fragment_offset: int
    """Where its fragment begins in the file."""
    data_offset: int
    """Where its coded bytes begin in the file."""
    data_size: int
    frames_before: int
    """Video frames of the epoch before it, in decoding order."""
    audio_pts: int | None
    """Audio before this, in the audio's ticks, lies in earlier fragments; None where there is no audio."""


@dataclass(frozen=True, slots=True)
class CueRow:
    """One SCTE-35 message, as it came; its table is missing in the index of a recorder of before."""

    TABLE: ClassVar[str] = "cues"

    epoch: int
    number: int
    """Counts the epoch's from 0."""
    sent: int
    """Decoding time of the newest video when it came; may be below 0."""
    pts_zero: int | None
    """What the source counts at the epoch's time 0, 90 kHz in 33 bits; None where its count is another."""
    at: int | None
    """The time of which it speaks, where that was told beside it."""
    kind: str | None
    """What it says (a ``CueKind``), where that was told beside it."""
    duration: str | None
    """Length of the break in seconds, as a fraction, where that was told beside it."""
    origin: str
    """Where it came from: a ``CueOrigin``."""
    payload: str
    """The section as base64."""


class IndexDamaged(RecordingError):
    """The file is not a whole SQLite database; it can be rebuilt from the recording's files."""


Row = TypeVar("Row", EpochRow, FileRow, KeyframeRow, CueRow)


def _put(kind: type[Row]) -> tuple[str, Callable[[Any], tuple[object, ...]]]:
    names = [field.name for field in fields(kind)]
    return f"INSERT OR REPLACE INTO {kind.TABLE} VALUES ({', '.join('?' * len(names))})", attrgetter(*names)


# dataclasses.astuple would copy deeply
_PUT = {EpochRow: _put(EpochRow), FileRow: _put(FileRow), KeyframeRow: _put(KeyframeRow), CueRow: _put(CueRow)}


class Index:
    """An open index; methods may be called from several threads."""

    def __init__(self, path: Path, *, create: bool) -> None:
        """Open the index at ``path``; only its writer may ``create`` it. Raises RecordingError."""
        self.path = path
        self._lock = threading.RLock()
        mode = "rwc" if create else "rw"
        with self._translated():
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=_BUSY_S,
                isolation_level=None,
                check_same_thread=False,
            )
        try:
            with self._translated():
                self._prepare(create)
        except RecordingError:
            self._db.close()
            raise

    def _prepare(self, create: bool) -> None:
        self._db.execute("PRAGMA synchronous = NORMAL")
        if create:
            self._db.execute("PRAGMA journal_mode = WAL")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and create:
            self._db.executescript(f"BEGIN; {_SCHEMA} {_CUES} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT")
        elif version in _UPGRADES and create:
            self._db.executescript(f"BEGIN; {_UPGRADES[version]} PRAGMA user_version = {version + 1}; COMMIT")
        elif version not in (0, SCHEMA_VERSION, *_UPGRADES):
            raise RecordingError(f"{self.path}: made by another version (schema {version}, ours is {SCHEMA_VERSION})")
        self.is_ready = create or version != 0
        """False while the writer that makes the file has not got to its tables."""

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:  # can't be opened, read-only, locked, full
            raise RecordingError(f"{self.path}: {error}") from error
        except sqlite3.Error as error:
            raise IndexDamaged(f"{self.path}: {error}") from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is written within it one transaction. Raises RecordingError; nothing is written then."""
        with self._lock, self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def is_sound(self) -> bool:
        """Check the whole file; tell whether SQLite finds it whole."""
        try:
            return bool(self.execute("PRAGMA quick_check")[0][0] == "ok")
        except RecordingError:
            return False

    def version(self) -> int:
        """Return a number that is another one after another connection has written."""
        return int(self.execute("PRAGMA data_version")[0][0])

    def execute(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Run one statement and return all its rows. Raises RecordingError."""
        with self._lock, self._translated():
            return self._db.execute(sql, values).fetchall()

    def put(self, row: EpochRow | FileRow | KeyframeRow | CueRow) -> None:
        """Insert a row, or replace the one with its key."""
        sql, values = _PUT[type(row)]
        self.execute(sql, values(row))

    def rows(self, kind: type[Row], rest: str = "", values: Sequence[object] = ()) -> list[Row]:
        """Return rows of one table. rest: the SQL after the table's name."""
        return [kind(*row) for row in self.execute(f"SELECT * FROM {kind.TABLE} {rest}", values)]

    def row(self, kind: type[Row], rest: str, values: Sequence[object] = ()) -> Row | None:
        """Return the first such row, or None."""
        found = self.rows(kind, f"{rest} LIMIT 1", values)
        return found[0] if found else None

    def delete_file(self, epoch: int, number: int) -> None:
        """Delete a file's row and its keyframes', and an ended epoch's that has no more files."""
        with self.transaction():
            self.execute("DELETE FROM keyframes WHERE epoch = ? AND file = ?", (epoch, number))
            self.execute("DELETE FROM files WHERE epoch = ? AND number = ?", (epoch, number))
            self.execute(
                "DELETE FROM epochs WHERE id = ? AND ended_ns IS NOT NULL"
                " AND NOT EXISTS (SELECT 1 FROM files WHERE epoch = epochs.id)",
                (epoch,),
            )
            if self.has_cues():
                self.execute("DELETE FROM cues WHERE epoch NOT IN (SELECT id FROM epochs)")

    def has_cues(self) -> bool:
        """Tell whether there is a table of cues; where a recorder of before is still to be upgraded, there is none."""
        return bool(self.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'cues'"))


def file_path(folder: Path, epoch: int, number: int) -> Path:
    """Return where a file of a channel's recording lies."""
    return folder / str(epoch) / f"{number:06d}.mp4"


def files_on_disk(folder: Path) -> dict[tuple[int, int], Path]:
    """Return every file of a channel's recording by epoch and number."""
    found = {}
    for epoch in os.scandir(folder):
        if not epoch.name.isdecimal() or not epoch.is_dir():
            continue
        for file in os.scandir(epoch.path):
            stem, _, suffix = file.name.partition(".")
            if suffix == "mp4" and stem.isdecimal():
                found[int(epoch.name), int(stem)] = Path(file.path)
    return found


def format_to_json(value: Format) -> str:
    """Return a format as JSON."""
    return json.dumps(asdict(value), default=_plain)


def _plain(value: object) -> str:
    return b64encode(value).decode() if isinstance(value, bytes) else str(value)


def format_from_json(text: str) -> Format:
    """Return the format that ``format_to_json`` wrote."""
    raw = json.loads(text)
    video, audio = raw["video"], raw["audio"]
    for track in (video, audio):
        if track is not None:
            track["extradata"] = b64decode(track["extradata"])
            track["time_base"] = Fraction(track["time_base"])
    video["sample_aspect"] = Fraction(video["sample_aspect"])
    video["rate"] = None if video["rate"] is None else Fraction(video["rate"])
    return Format(video=VideoFormat(**video), audio=None if audio is None else AudioFormat(**audio))
