"""From the catalogue's programmes, pieces and segments to timelines that can be exported.

Frames are the recording's own count where it is still there; where retention has deleted it, those that were counted
when a boundary was placed, and else the time times the nominal rate.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from fractions import Fraction
from itertools import groupby

from streamproc.catalogue import BoundaryRow, Catalogue, SegmentFilter, SegmentRow
from streamproc.catalogue.pieces import PieceRow
from streamproc.catalogue.programmes import PartRow, ProgrammeRow
from streamproc.config import Settings
from streamproc.errors import ConfigError, RecordingError
from streamproc.exports.document import Wishes
from streamproc.exports.timecode import Counting, standard_rate, time_of_day
from streamproc.exports.timeline import Event, MediaFile, Source, Timeline, dated_reels, one_rate
from streamproc.media.recording.reader import RecordedFile, RecordingEpoch, RecordingFootage
from streamproc.messages import BoundaryState, CueKind, Kind, Span
from streamproc.timebase import NS, to_ns, utc_from_ns

_CUES = 10_000
"""How many of a channel's newest cues are looked through."""
RECORDED = "/api/v1/channels/{channel}/recording/{epoch}/{number}.mp4"


class RunningError(ConfigError):
    """What is asked for has no end yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """An event to be."""

    span: Span
    kind: Kind
    name: str
    edges: tuple[BoundaryRow | None, BoundaryRow | None] = (None, None)
    """The boundaries that it begins and ends at; None at an end that is no boundary."""


class Timelines:
    """Makes timelines of one channel; every call reads catalogue and recording, and so blocks."""

    def __init__(self, catalogue: Catalogue, settings: Settings, channel: str) -> None:
        self._catalogue = catalogue
        self._channel = channel
        self._recording = _Recording(RecordingFootage(settings.recording_dir / channel))
        self._epochs = {row.epoch: row for row in catalogue.epochs(channel)}
        self._cues = {(row.epoch, row.kind, row.time): row for row in catalogue.cues.of_channel(channel, limit=_CUES)}

    def of_programme(self, row: ProgrammeRow, wishes: Wishes) -> Timeline:
        """Return a programme's parts, joined. Raises ConfigError; RunningError when its last part has no end yet."""
        parts = [part for part in row.parts if part.end is not None]
        if len(parts) < len(row.parts) and not wishes.finished:
            raise RunningError(
                f"programme {row.id} is still on air; export again when it has ended, or add finished=true for its "
                "finished parts"
            )
        known = {b.id: b for number in {part.epoch for part in parts} for b in self._boundaries(number)}
        title = row.title or f"programme {row.id}"
        stretches = [self._part(part, _numbered(title, parts.index(part), len(parts)), known) for part in parts]
        return replace(self._timeline(title, stretches, wishes), is_joined=True)

    def of_piece(self, row: PieceRow, wishes: Wishes) -> Timeline:
        """Return the stretches that a piece is made of, joined. Raises ConfigError."""
        title = row.title or f"piece {row.id}"
        kind = Kind.UNKNOWN if row.programme_id is None else Kind.PROGRAMME
        stretches = [
            _Stretch(span=span, kind=kind, name=_numbered(title, number, len(row.spans)))
            for number, span in enumerate(row.spans)
        ]
        return replace(self._timeline(title, stretches, wishes), is_joined=True)

    def of_range(self, title: str, from_ns: int, to_ns_: int, wishes: Wishes) -> Timeline:
        """Return the segments of a stretch of wall time, cut off at its ends. Raises ConfigError."""
        where = SegmentFilter(from_ns=from_ns, until_ns=to_ns_)
        numbers = dict.fromkeys(Kind, 0)
        stretches = []
        for row in self._catalogue.segments(self._channel, where):
            numbers[row.kind] += 1
            name = row.title or f"{row.kind} {numbers[row.kind]}"
            span = self._within(row, from_ns, to_ns_)
            if span is not None and wishes.only in (None, row.kind):
                edges = (
                    row.start if row.start.time == span.start else None,
                    row.end if row.end is not None and row.end.time == span.end else None,
                )
                stretches.append(_Stretch(span=span, kind=row.kind, name=name, edges=edges))
        return self._timeline(title, stretches, wishes)

    def _within(self, row: SegmentRow, from_ns: int, until_ns: int) -> Span | None:
        """Return what of a segment lies in a stretch of wall time and is recorded; None when nothing does."""
        epoch = self._epochs[row.epoch]
        if epoch.utc_zero_ns is None:
            return None
        end = self._recording.end(row.epoch) if row.end is None else row.end.time
        first = max(row.start.time, Fraction(from_ns - epoch.utc_zero_ns, NS))
        last = None if end is None else min(end, Fraction(until_ns - epoch.utc_zero_ns, NS))
        return None if last is None or last <= first else Span(epoch=row.epoch, start=first, end=last)

    def _boundaries(self, epoch: int) -> Sequence[BoundaryRow]:
        return self._catalogue.boundaries(self._channel, epoch)

    def _part(self, part: PartRow, name: str, known: Mapping[int, BoundaryRow]) -> _Stretch:
        assert part.end is not None
        edges = tuple(None if number is None else known.get(number) for number in (part.start_id, part.end_id))
        span = Span(epoch=part.epoch, start=part.start, end=part.end)
        return _Stretch(span=span, kind=Kind.PROGRAMME, name=name, edges=(edges[0], edges[1]))

    def _timeline(self, title: str, stretches: Sequence[_Stretch], wishes: Wishes) -> Timeline:
        if not stretches:
            raise ConfigError("nothing of that kind is known in that time, so there is nothing to export")
        used = list(dict.fromkeys(stretch.span.epoch for stretch in stretches))
        rate = one_rate(self._epochs[number].frame_rate for number in used)
        sources = self._sources(used, rate, stretches[0], wishes)
        zeros = _zeros(stretches)
        events = (self._event(stretch, sources[stretch.span.epoch], rate, zeros) for stretch in stretches)
        return Timeline(
            title=title,
            rate=rate,
            drop_frame=wishes.drops,
            record_start=wishes.record_start,
            events=tuple(event for event in events if event.frames > 0 or rate is None),
            media=tuple(self._media(stretches, zeros)),
        )

    def _sources(
        self, used: Sequence[int], rate: Fraction | None, first: _Stretch, wishes: Wishes
    ) -> dict[int, Source]:
        """Return the epochs as sources; a time code that was asked for is that of the first exported frame."""
        zero = 0
        counting = None
        if rate is not None and (standard_rate(rate) is not None or wishes.drops or wishes.start_timecode is not None):
            counting = Counting.of(rate, drop_frame=wishes.drops)
        if counting is not None and wishes.start_timecode is not None:
            zero = counting.frame(wishes.start_timecode) - self._frame(first.span.epoch, first.span.start, rate)
        reels = dated_reels(self._channel, [self._day(number, wishes.zone) for number in used])
        first_ns = self._epochs[first.span.epoch].utc_zero_ns
        sources = {}
        for number, reel in zip(used, reels, strict=True):
            epoch = self._epochs[number]
            start = zero
            if counting is not None and wishes.start_timecode is None and epoch.utc_zero_ns is not None:
                start = counting.at(time_of_day(epoch.utc_zero_ns, wishes.zone))
            elif counting is not None and epoch.utc_zero_ns is not None and first_ns is not None:
                start = zero + round(Fraction(epoch.utc_zero_ns - first_ns, NS) * counting.rate)
            sources[number] = Source(
                name=f"{self._channel} epoch {number}",
                reel=reel,
                start_frame=0 if counting is None else start % counting.day,
                frames=epoch.end_frame,
                utc_ns=epoch.utc_zero_ns,
                size=self._recording.size(number),
            )
        return sources

    def _day(self, number: int, zone: tzinfo | None) -> str:
        """Return month and day on which an epoch began, as 1121; without wall time, 0000."""
        zero_ns = self._epochs[number].utc_zero_ns
        return "0000" if zero_ns is None else f"{utc_from_ns(zero_ns).astimezone(zone):%m%d}"

    def _event(self, stretch: _Stretch, source: Source, rate: Fraction | None, zeros: Mapping[Span, Fraction]) -> Event:
        span, zero = stretch.span, zeros[stretch.span]
        sure = [edge.placement.confidence for edge in stretch.edges if edge is not None]
        states = {edge.state for edge in stretch.edges if edge is not None}
        settled = BoundaryState.FINAL if states == {BoundaryState.FINAL} else BoundaryState.PROVISIONAL
        return Event(
            source=source,
            kind=stretch.kind,
            name=stretch.name,
            first=self._frame(span.epoch, span.start, rate, stretch.edges[0]),
            end=self._frame(span.epoch, span.end, rate, stretch.edges[1]),
            start=zero,
            stop=zero + span.end - span.start,
            utc_ns=None if source.utc_ns is None else source.utc_ns + to_ns(span.start),
            confidence=min(sure) if sure else None,
            state=settled if states else None,
            cue=self._cue(stretch),
        )

    def _cue(self, stretch: _Stretch) -> str | None:
        """Return the SCTE-35 message that announces what begins here, hexadecimal; None where there is none."""
        kind = {Kind.ADVERT: CueKind.OUT, Kind.PROGRAMME: CueKind.IN}.get(stretch.kind)
        cue = None if kind is None else self._cues.get((stretch.span.epoch, kind, stretch.span.start))
        return f"0x{b64decode(cue.payload).hex().upper()}" if cue is not None and cue.payload else None

    def _frame(self, epoch: int, time: Fraction, rate: Fraction | None, edge: BoundaryRow | None = None) -> int:
        if edge is not None and edge.time == time and edge.placement.frame is not None:
            return edge.placement.frame
        counted = self._recording.frame(epoch, time)
        if counted is not None:
            return counted
        return 0 if rate is None else round(time * rate)

    def _media(self, stretches: Sequence[_Stretch], zeros: Mapping[Span, Fraction]) -> Iterator[MediaFile]:
        """Yield the recorded files that hold the stretches; where two don't meet, the next file is no continuation."""
        last: tuple[int, int] | None = None
        for stretch in stretches:
            span = stretch.span
            zero_ns = self._epochs[span.epoch].utc_zero_ns
            for file in self._recording.files(span):
                if last is not None and last[0] == span.epoch and file.number <= last[1]:
                    continue  # it holds the end of the stretch before, too
                yield MediaFile(
                    url=RECORDED.format(channel=self._channel, epoch=span.epoch, number=f"{file.number:06d}"),
                    start=zeros[span] + file.start - span.start,
                    duration=file.end - file.start,
                    utc_ns=None if zero_ns is None else zero_ns + to_ns(file.start),
                    header_bytes=file.header_bytes,
                    size_bytes=file.size_bytes,
                    is_continued=last == (span.epoch, file.number - 1),
                )
                last = (span.epoch, file.number)


class _Recording:
    """What of a recording is still there; None, or nothing, for what is not."""

    def __init__(self, footage: RecordingFootage) -> None:
        self._footage = footage

    def end(self, number: int) -> Fraction | None:
        epoch = self._epoch(number)
        return None if epoch is None else epoch.end()

    def size(self, number: int) -> tuple[int, int] | None:
        epoch = self._epoch(number)
        return None if epoch is None else (epoch.format.video.width, epoch.format.video.height)

    def frame(self, number: int, time: Fraction) -> int | None:
        epoch = self._epoch(number)
        try:
            return None if epoch is None else epoch.frame_number(time)
        except RecordingError:
            return None

    def files(self, span: Span) -> list[RecordedFile]:
        epoch = self._epoch(span.epoch)
        return [] if epoch is None else epoch.files(span.start, span.end)

    def _epoch(self, number: int) -> RecordingEpoch | None:
        try:
            return self._footage.epoch(number)
        except RecordingError:
            return None


def _zeros(stretches: Sequence[_Stretch]) -> dict[Span, Fraction]:
    """Return where each stretch begins for a player: epochs follow each other without their gaps."""
    zeros: dict[Span, Fraction] = {}
    at = Fraction(0)
    for _, group in groupby(stretches, key=lambda stretch: stretch.span.epoch):
        of_epoch = [stretch.span for stretch in group]
        zeros |= {span: at + span.start - of_epoch[0].start for span in of_epoch}
        at += of_epoch[-1].end - of_epoch[0].start
    return zeros


def _numbered(title: str, number: int, count: int) -> str:
    return title if count == 1 else f"{title} ({number + 1}/{count})"
