"""``streamproc cues``: cues of files, read and written."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from streamproc.errors import ConfigError, SourceError, SourceUnsupported
from streamproc.media.files import FileEpoch, FileFootage, find_sources, transport_pid
from streamproc.media.footage import Epoch, frame_time
from streamproc.messages import Cue, Kind
from streamproc.scte35.placing import read_cue
from streamproc.scte35.section import SectionDamaged
from streamproc.scte35.splices import SpliceCue, Stretch, as_json, as_xml, plan_cues, sidecar
from streamproc.scte35.transport import Injected, Injector, Insertion, NotTransport, count_damaged

HZ = 90_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A cue of a file."""

    time: Fraction
    """Of which moment it speaks, seconds from the source's first frame."""
    frame: int | None
    """The number of the frame shown then; None where it is outside of the source."""
    cue: Cue


@dataclass(frozen=True, slots=True)
class Listing:
    """The cues of files."""

    cues: Sequence[Listed]
    """By the time of which they speak."""
    damaged: int
    """Messages that could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What ``streamproc cues write`` is asked to do."""

    source: Path
    """The transport stream."""
    segments: Path
    """Its segments.json."""
    preroll: Fraction
    """How many seconds ahead cues are sent."""
    out: Path | None = None
    """The transport stream with cues."""
    sidecar: Path | None = None
    """The cues in threefive's sidecar form."""
    xml: Path | None = None
    """The cues as a DASH EventStream."""
    json: Path | None = None
    """The cues as JSON."""


@dataclass(frozen=True, slots=True)
class Written:
    """What it did."""

    cues: Sequence[SpliceCue]
    injected: Injected | None
    """What was put into the stream, if it was."""


def list_cues(source: str) -> Listing:
    """Return the cues of a file, or of a folder of consecutive files. Raises SourceError."""
    found: list[Listed] = []
    damaged = 0
    offset, frames = Fraction(0), 0
    paths = find_sources(source)
    for epoch in FileFootage(paths).epochs():
        end, count = epoch.end(), epoch.frame_number(epoch.end())
        for message in epoch.cues():
            try:
                cues = read_cue(message)
            except SectionDamaged:
                damaged += 1
                continue
            for cue in cues:
                inside = 0 <= cue.time < end
                found.append(Listed(offset + cue.time, frames + _frame(epoch, cue.time) if inside else None, cue))
        offset, frames = offset + end, frames + count
    damaged += sum(map(_damaged_in, paths))
    return Listing(sorted(found, key=lambda one: one.time), damaged)


def _damaged_in(path: Path) -> int:
    """Return how many damaged cues a file holds that libavformat has not shown us."""
    try:
        if transport_pid(path) is None:
            return 0
        with path.open("rb") as stream:
            return count_damaged(stream)
    except (SourceError, OSError):
        return 0  # a file that can't be read was left out and complained of before


def write_cues(job: Writing) -> Written:
    """Write the cues of a file's segments. Raises SourceError, ConfigError."""
    epochs = FileFootage([job.source]).epochs()
    epoch = epochs[0]
    if len(epochs) > 1 or not isinstance(epoch, FileEpoch):
        raise SourceUnsupported(f"{job.source}: its format changes in the middle; cut it apart there")
    pid = transport_pid(job.source)
    if pid is None:
        raise SourceUnsupported(f"{job.source}: is no MPEG transport stream; only that can carry cues")
    zero = epoch.count_at(Fraction(0))
    cues = plan_cues(_stretches(job.segments, epoch), zero, job.preroll)
    beside = ((job.sidecar, sidecar(cues, zero)), (job.xml, as_xml(cues)), (job.json, as_json(cues)))
    for path, text in beside:
        if path is not None:
            _write_new(path, iter([text.encode()]))
    return Written(cues, _inject(job, pid, zero, cues))


def _inject(job: Writing, pid: int, zero: int, cues: Sequence[SpliceCue]) -> Injected | None:
    source, out = job.source, job.out
    if out is None:
        return None
    if out.exists() and out.samefile(source):
        raise ConfigError(f"{out}: is the source; give another file, the source stays as it is")
    insertions = [Insertion(round(cue.sent * HZ), cue.section) for cue in cues]
    try:
        with source.open("rb") as stream:
            injector = Injector(stream, pid, zero, insertions)
            _write_new(out, injector.run())
    except NotTransport as error:
        raise SourceUnsupported(f"{source}: {error}") from error
    return injector.done


def _write_new(path: Path, parts: Iterator[bytes]) -> None:
    """Write a file under another name, and rename it when it is whole. Raises ConfigError."""
    new = path.with_name(f"{path.name}.new")
    try:
        with new.open("wb") as file:
            for part in parts:
                file.write(part)
        new.replace(path)
    except OSError as error:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise ConfigError(f"{path}: {error.strerror}; give a file that can be written") from error


def _stretches(path: Path, epoch: Epoch) -> list[Stretch]:
    """Read segments.json. Raises ConfigError with one line that says what is wrong in it."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found = [_stretch(entry, epoch) for entry in document["segments"]]
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({error.strerror})") from error
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise ConfigError(f"{path}: is no segments.json of this source ({type(error).__name__}: {error})") from error
    if any(one.start >= other.start for one, other in pairwise(found)):
        raise ConfigError(f"{path}: its segments are not in order")
    return found


def _stretch(entry: dict[str, Any], epoch: Epoch) -> Stretch:
    start = _moment(entry, "start", epoch)
    if start is None:
        raise ValueError("a segment without a start")
    return Stretch(Kind(entry["kind"]), start, _moment(entry, "end", epoch))


def _moment(entry: dict[str, Any], edge: str, epoch: Epoch) -> Fraction | None:
    frame, seconds = entry[f"{edge}_frame"], entry[f"{edge}_s"]
    if frame is not None:
        return epoch.end() if frame >= epoch.frame_number(epoch.end()) else frame_time(epoch, frame)
    return None if seconds is None else Fraction(str(seconds))


def _frame(epoch: Epoch, time: Fraction) -> int:
    """Return the number of the frame shown at a time."""
    base = epoch.format.video.time_base
    return epoch.frame_number(time + base) - 1
