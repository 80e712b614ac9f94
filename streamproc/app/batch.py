"""``streamproc process``: the analyser's stages on footage that ends."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from streamproc.addresses import redact
from streamproc.app.analyser import Analysis, Bench, open_bench
from streamproc.app.play import Tools
from streamproc.catalogue.document import Document, segments_document
from streamproc.catalogue.listings import ListingRow
from streamproc.config import ChannelSettings, ClipSettings, DriftSettings, Settings, describe
from streamproc.errors import ConfigError, ScheduleError
from streamproc.media.files import FileFootage, find_sources
from streamproc.media.footage import Epoch, Footage
from streamproc.media.recording.reader import RecordingFootage
from streamproc.schedule.times import zone_named
from streamproc.schedule.xmltv import read_channels, read_guide
from streamproc.stages.clip import ClipStage
from streamproc.stages.ingest import IngestStage
from streamproc.stages.record import RecordStage
from streamproc.stages.schedule import find_channel, listings_of, there_are
from streamproc.telemetry import Telemetry
from streamproc.timebase import SystemClock

BATCH_CHANNEL = "source"


def _silent(what: str, share: float) -> None:
    """Take no notice of the progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The printed schedule of what is processed."""

    schedule: Path
    """The XMLTV file."""
    start_ns: int | None
    """Wall time of the source's first frame; of an address it is known."""
    channel: str | None
    """The channel's id or display name in the schedule; None when it lists one only."""
    zone: str
    """Of times without an offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What ``streamproc process`` is asked to do."""

    source: str
    """A file, a folder of consecutive files, or an address."""
    model: Path | None
    """The model's folder; None for the verifier with a logo."""
    logo: Path | None = None
    """PNG of the logo, when there is no model."""
    region: tuple[str, ...] = ()
    """Where the logo lies, or may lie, each as x,y,width,height."""
    out: Path
    """Where segments.json goes, and clips/."""
    clips: bool
    """Whether to cut a clip of every programme segment."""
    diagnose: Path | None
    """Where classified samples are kept, if they are."""
    naming: "Naming | None" = None
    """The schedule that segments get their titles from, if there is one."""
    progress: Callable[[str, float], None] = _silent
    """Called with what is being done and the share of it that is done, 0 to 1."""


async def process(batch: Batch) -> Document:
    """Find the segments of footage that ends, write segments.json and return its contents. Raises StreamprocError."""
    tools = Tools(telemetry=Telemetry(CollectorRegistry()), clock=SystemClock(), diagnose=batch.diagnose)
    listings = [] if batch.naming is None else await asyncio.to_thread(_listings, batch.naming, batch.source)
    start_ns = None if batch.naming is None else batch.naming.start_ns
    try:
        batch.out.mkdir(parents=True, exist_ok=True)
        work = tempfile.TemporaryDirectory(prefix=".process-", dir=batch.out)
    except OSError as error:
        raise ConfigError(f"{batch.out}: {error.strerror}; give a folder that can be written to") from error
    with work as folder:
        channel = _channel(batch)
        settings = Settings(data_dir=Path(folder), clips_dir=batch.out / "clips", channels=(channel,))
        bench = open_bench(settings, tools)
        try:
            async with open_footage(settings, channel, batch.source, tools, start_ns=start_ns) as footage:
                await _analyse(bench, settings, footage, batch, listings)
            document = segments_document(bench.catalogue, BATCH_CHANNEL, redact(batch.source))
        finally:
            bench.close()
    _write_json(batch.out / "segments.json", document)
    return document


def _channel(batch: Batch) -> ChannelSettings:
    address = batch.source if "://" in batch.source else str(Path(batch.source).absolute())
    if batch.model is None and batch.logo is None:
        raise ConfigError("give either --model, or --logo and --region")
    try:
        return ChannelSettings.model_validate(
            {
                "name": BATCH_CHANNEL,
                "url": address,
                "model": batch.model,
                "logo": batch.logo,
                "region": batch.region or None,
                "clips": ClipSettings(enabled=batch.clips, min_confidence=0),
                "drift": DriftSettings(enabled=False),
            }
        )
    except ValidationError as error:
        raise ConfigError(describe(error)) from error


@asynccontextmanager
async def open_footage(
    settings: Settings, channel: ChannelSettings, source: str, tools: Tools, *, start_ns: int | None = None
) -> AsyncIterator[Footage]:
    """Give the footage of a source: files as they are; what an address sends is recorded and read while it grows.

    start_ns: the wall time of files' first frame. Raises SourceError.
    """
    if "://" not in source:
        files = FileFootage(find_sources(source), start_ns)
        await asyncio.to_thread(files.epochs)  # so that what is wrong with them is said at once
        yield files
        return
    folder = settings.recording_dir / channel.name
    record = RecordStage(channel.name, folder, channel.record, tools.telemetry, tools.clock)
    ingest = IngestStage(channel, folder, record, tools.telemetry, tools.clock)
    footage = SessionFootage(RecordingFootage(folder))

    async def receive() -> None:
        try:
            session = await ingest.run_once()
        finally:
            record.end("finished")
            record.close()
            footage.end()
        if session.failure is not None and session.packets == 0:
            raise session.failure

    async with asyncio.TaskGroup() as group:
        group.create_task(receive(), name="receive")
        yield footage


class SessionFootage:
    """The recording of one connection: it ends when the connection does."""

    def __init__(self, recording: RecordingFootage) -> None:
        self._recording = recording
        self._ended = False

    def epochs(self) -> Sequence[Epoch]:
        """Return the epochs recorded so far."""
        return self._recording.epochs()

    def has_ended(self) -> bool:
        """Tell whether the connection is over."""
        return self._ended

    def end(self) -> None:
        """Say that the connection is over."""
        self._ended = True


def _listings(naming: Naming, source: str) -> list[ListingRow]:
    """Read the schedule before anything else, so that what is wrong with it is said at once. Raises ScheduleError."""
    if naming.start_ns is None and "://" not in source:
        raise ConfigError("a file does not know when it was on air: give --start, like 2026-08-01T06:00+03:00")
    listed = read_channels(naming.schedule)
    number = find_channel(naming.channel, listed) if naming.channel is not None else None
    if naming.channel is None and len(listed) == 1:
        (number,) = listed
    if number is None:
        wanted = "say which channel with --schedule-id" if naming.channel is None else f"no channel '{naming.channel}'"
        raise ScheduleError(f"{naming.schedule.name}: {wanted}; {there_are(listed)}")
    guide = read_guide(naming.schedule, {number}, zone_named(naming.zone), ("ru", "en"))
    if number in guide.faults:
        raise ScheduleError(guide.faults[number])
    return listings_of(guide.entries[number])


async def _analyse(
    bench: Bench, settings: Settings, footage: Footage, batch: Batch, listings: list[ListingRow]
) -> None:
    (channel,) = settings.channels
    analysis = Analysis(bench, channel, footage)
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(_watch(bench, footage, batch.progress), name="progress")
        refine = group.create_task(analysis.refine.run(), name="refine")
        await analysis.run()
        analysis.refine.finish()
        await refine
        watch.cancel()
    analysis.cues.finish()
    await analysis.cues.run()
    if listings:
        bench.catalogue.listings.replace(channel.name, listings)
        await asyncio.to_thread(analysis.name_all)
    if batch.clips:
        batch.progress("cutting clips", 1.0)
        tools = bench.tools
        clips = ClipStage(bench.catalogue, lambda _: footage, settings.clip_dir, tools.telemetry, tools.clock)
        await clips.run_until_empty()


async def _watch(bench: Bench, footage: Footage, show: Callable[[str, float], None]) -> None:
    """Show how far the analysis of files is; what an address will send is not known."""
    while True:
        position = await asyncio.to_thread(bench.catalogue.position, BATCH_CHANNEL)
        if position is not None and position.time is not None and footage.has_ended():
            ends = {epoch.id: epoch.end() for epoch in footage.epochs()}
            done = sum(end for number, end in ends.items() if number < position.epoch) + position.time
            show("looking for the bug", float(done / sum(ends.values())))
        await bench.tools.clock.sleep(0.5)


def _write_json(path: Path, document: Document) -> None:
    new = path.with_suffix(".json.new")
    try:
        new.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give a folder that can be written to") from error
