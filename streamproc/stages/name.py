"""Gives what is on air its name: lays the printed schedule over a channel's segments, and keeps the programmes.

All of the last day is matched anew whenever segments or listings have changed, for what comes later tells what came
before. Programmes keep their numbers; what is long over is left alone, and so is what a person has named and is
complete. Where two programmes meet without a break, the recording is looked at for where exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, TypeAlias

import structlog

from streamproc.catalogue.finishing import ProgrammeState
from streamproc.catalogue.listings import ListingRow
from streamproc.catalogue.programmes import Draft, DraftPart, ProgrammeRow
from streamproc.catalogue.queries import SegmentFilter
from streamproc.catalogue.rows import BoundaryRow, SegmentRow
from streamproc.catalogue.store import Catalogue
from streamproc.errors import RecordingError, SourceError
from streamproc.logic.alignment import (
    SURE,
    SURE_JOINT,
    Day,
    Habit,
    Named,
    Part,
    Slot,
    Stretch,
    align,
    goes_out_live,
    habits,
)
from streamproc.logic.identity import Sighting, identify
from streamproc.media.footage import Footage
from streamproc.media.splitting import REACH, find_split
from streamproc.messages import BoundaryState, Kind
from streamproc.stage import Surroundings
from streamproc.timebase import NS, to_ns

log = structlog.get_logger()

POLL_S: Final = 5.0
WINDOW_NS: Final = 30 * 3600 * NS
"""So much of what was on air is matched again."""
SETTLED_NS: Final = 10 * 3600 * NS
"""A complete programme that ended so long ago is left alone."""
COMPLETE_AFTER_S: Final = 180.0
"""A programme is complete when so much of another one has followed it."""
SEAM_NS: Final = 60 * NS
"""A feed that was lost for less than this makes no break."""
SURE_CUT: Final = 0.9
"""A boundary whose place is surer than this may be cut at by itself."""
_HABIT_NS: Final = 30 * 24 * 3600 * NS
_AHEAD_NS: Final = 6 * 3600 * NS
_HOUR_S: Final = 3600.0


_Span: TypeAlias = tuple[int, Fraction, Fraction | None]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Programme footage as the catalogue has it: a segment, or what a settled programme leaves of one."""

    epoch: int
    start: Fraction
    end: Fraction
    zero_ns: int
    first: BoundaryRow | None
    last: BoundaryRow | None
    runs: bool

    @property
    def start_s(self) -> float:
        return (self.zero_ns + to_ns(self.start)) / NS

    @property
    def end_s(self) -> float:
        return (self.zero_ns + to_ns(self.end)) / NS


@dataclass(frozen=True, slots=True)
class _Look:
    """A split that was looked for."""

    epoch: int
    about: Fraction
    time: Fraction


class NameStage:
    """Keeps a channel's programmes; :meth:`name_round` does all of it once."""

    def __init__(self, around: Surroundings, footage: Footage, catalogue: Catalogue, *, whole: bool = False) -> None:
        """whole: the footage is over, and all of it is matched at once."""
        self._around = around
        self._footage = footage
        self._catalogue = catalogue
        self._whole = whole
        self._looks: list[_Look] = []
        self._seen: object = None

    async def run(self) -> None:
        """Name until cancelled."""
        while True:
            await self._around.call(self.name_round)
            await self._around.clock.sleep(POLL_S)

    def name_round(self) -> None:
        """Match what has changed; nothing happens when nothing has. Raises CatalogueError."""
        channel, book = self._around.channel, self._catalogue
        end_ns = self._end_ns()
        if end_ns is None:
            return
        from_ns = 0 if self._whole else end_ns - WINDOW_NS
        segments = book.segments(channel, SegmentFilter(from_ns=from_ns))
        listings = book.listings.between(channel, from_ns - _AHEAD_NS, end_ns + _AHEAD_NS)
        minute = end_ns // (60 * NS) if segments and segments[-1].end is None else 0
        known = book.programmes.since(channel, from_ns - WINDOW_NS)
        shaped = [(row.id, row.state, row.parts) for row in known if row.shape_author is not None]
        now = (segments, listings, minute, shaped)
        if now == self._seen or not segments or not listings:
            return
        settled = [row for row in known if _is_settled(row, end_ns)]
        zeros = {row.epoch: row.utc_zero_ns for row in book.epochs(channel) if row.utc_zero_ns is not None}
        pieces = _without(_pieces(segments, zeros, end_ns), settled)
        taken = {row.scheduled_start_ns for row in settled}
        free = [row for row in listings if row.start_ns not in taken]
        drafts = self._drafts(pieces, free, settled) if pieces else []
        self._write(drafts, [row for row in known if row not in settled], zeros, end_ns)
        self._seen = now

    def _end_ns(self) -> int | None:
        """Return the wall time until which the footage is known; None without any."""
        ends = [
            epoch.utc_zero_ns + to_ns(epoch.end()) for epoch in self._footage.epochs() if epoch.utc_zero_ns is not None
        ]
        return max(ends, default=None)

    def _drafts(self, pieces: list[_Piece], listings: list[ListingRow], settled: list[ProgrammeRow]) -> list[Draft]:
        runs = _runs(pieces)
        day = Day(
            stretches=[Stretch(run[0].start_s, run[-1].end_s) for run in runs],
            slots=_slots(listings),
            barriers=[_middle_s(row) for row in settled],
            begins_whole=any((row.parts[-1].end_utc_ns or 0) / NS <= pieces[0].start_s for row in settled),
            is_running=pieces[-1].runs,
            habits=self._habits(pieces[0]),
        )
        drafts = [self._draft(one, runs, listings) for one in align(day)]
        edges = [edge for piece in pieces for edge in (piece.first, piece.last) if edge is not None]
        unsettled = {edge.id for edge in edges if edge.state is not BoundaryState.FINAL}
        return _with_states([draft for draft in drafts if draft.parts], unsettled, pieces[-1].end, is_over=self._whole)

    def _habits(self, first: _Piece) -> dict[str, Habit]:
        """Return what is known of series from programmes that were named surely before."""
        since_ns = round(first.start_s * NS) - _HABIT_NS
        seen = [
            (row.title, (row.parts[0].start_utc_ns - row.scheduled_start_ns) / NS)
            for row in self._catalogue.programmes.since(self._around.channel, since_ns)
            if row.title is not None
            and row.scheduled_start_ns is not None
            and row.parts[0].start_utc_ns is not None
            and row.state is ProgrammeState.COMPLETE
            and row.confidence > SURE
        ]
        return habits(seen)

    def _draft(self, named: Named, runs: Sequence[Sequence[_Piece]], listings: Sequence[ListingRow]) -> Draft:
        listing = None if named.slot is None else listings[named.slot]
        parts: list[DraftPart] = []
        for number, part in enumerate(named.parts):
            joint_sure = (
                number > 0 or named.begins > SURE_JOINT,
                number < len(named.parts) - 1 or named.ends > SURE_JOINT,
            )
            parts += self._parts(part, runs[part.stretch], joint_sure)
        return Draft(
            id=None,
            state=ProgrammeState.COMPLETE,
            title=None if listing is None else listing.title,
            description=None if listing is None else listing.description or listing.subtitle,
            confidence=round(named.confidence, 2),  # finer than that it only flickers
            scheduled_start_ns=None if listing is None else listing.start_ns,
            scheduled_stop_ns=None if listing is None else listing.stop_ns,
            parts=tuple(parts),
        )

    def _parts(self, part: Part, run: Sequence[_Piece], joint_sure: tuple[bool, bool]) -> list[DraftPart]:
        """Return the stretches of the recording that a part is: more than one where the feed was lost in it."""
        parts: list[DraftPart] = []
        for piece in run:
            if piece.end_s <= part.start or piece.start_s >= part.end:
                continue
            start, first, end, last = piece.start, piece.first, piece.end, piece.last
            if part.begins_inside and piece.start_s < part.start:
                start, first = self._split(piece, part.start), None
            if part.ends_inside and piece.end_s > part.end:
                end, last = self._split(piece, part.end), None
            runs = piece.runs and end == piece.end
            if end > start:
                parts.append(
                    DraftPart(
                        epoch=piece.epoch,
                        start=start,
                        end=None if runs else end,
                        start_id=None if first is None else first.id,
                        end_id=None if last is None or runs else last.id,
                        start_sure=_is_sure(first) and joint_sure[0],
                        end_sure=not runs and _is_sure(last) and joint_sure[1],
                    )
                )
        return parts

    def _split(self, piece: _Piece, at_s: float) -> Fraction:
        """Return where the second of two programmes begins, looking at the recording once enough is there."""
        about = piece.start + Fraction(round((at_s - piece.start_s) * 1000), 1000)
        for look in self._looks:
            if look.epoch == piece.epoch and abs(look.about - about) < REACH / 2:
                return look.time if piece.start < look.time < piece.end else about
        epoch = next((one for one in self._footage.epochs() if one.id == piece.epoch), None)
        if epoch is None or (piece.runs and epoch.end() < about + REACH):
            return about
        try:
            time = find_split(epoch, about, (piece.start, piece.end)).time
        except (RecordingError, SourceError) as error:
            log.warning("name.unreadable", channel=self._around.channel, epoch=piece.epoch, error=str(error))
            time = about
        self._looks = [*self._looks[-100:], _Look(piece.epoch, about, time)]
        return time

    def _write(self, drafts: list[Draft], known: Sequence[ProgrammeRow], zeros: dict[int, int], end_ns: int) -> None:
        def sighting(one: Draft | ProgrammeRow) -> Sighting:
            spans = [(part.epoch, part.start, part.end) for part in one.parts]
            return Sighting(one.scheduled_start_ns, _spans_s(spans, zeros, end_ns))

        same = identify([sighting(draft) for draft in drafts], [sighting(row) for row in known])
        named = [
            replace(draft, id=None if number is None else known[number].id)
            for draft, number in zip(drafts, same, strict=True)
        ]
        kept = {draft.id for draft in named}
        self._count(named, {row.id: row for row in known})
        self._catalogue.programmes.rewrite(self._around.channel, named, [row.id for row in known if row.id not in kept])

    def _count(self, drafts: Sequence[Draft], known: dict[int, ProgrammeRow]) -> None:
        """Count what is complete now and was not."""
        for draft in drafts:
            before = None if draft.id is None else known[draft.id]
            if draft.state is ProgrammeState.COMPLETE and (before is None or before.state is not draft.state):
                telemetry, channel = self._around.telemetry, self._around.channel
                telemetry.schedule.programmes.labels(channel, _certainty(draft)).inc()
                log.info(
                    "name.complete",
                    channel=channel,
                    title=draft.title,
                    parts=len(draft.parts),
                    confidence=round(draft.confidence, 3),
                )


def _certainty(draft: Draft) -> str:
    if draft.title is None:
        return "none"
    return "sure" if draft.confidence > SURE else "likely" if draft.confidence > 0.5 else "unsure"


def _is_settled(row: ProgrammeRow, end_ns: int) -> bool:
    if row.state is not ProgrammeState.COMPLETE:
        return False
    end = row.parts[-1].end_utc_ns
    by_hand = row.title_author is not None or row.shape_author is not None
    return by_hand or (end is not None and end < end_ns - SETTLED_NS)


def _is_sure(boundary: BoundaryRow | None) -> bool:
    if boundary is None:
        return False
    return boundary.state is BoundaryState.FINAL and boundary.placement.confidence >= SURE_CUT


def _pieces(segments: Sequence[SegmentRow], zeros: dict[int, int], end_ns: int) -> list[_Piece]:
    """Return the programme footage in order; a segment on air reaches to where the footage is known."""
    pieces = []
    for row in segments:
        if row.kind is not Kind.PROGRAMME or row.epoch not in zeros:
            continue
        zero_ns = zeros[row.epoch]
        end = Fraction(end_ns - zero_ns, NS) if row.end is None else row.end.time
        if end > row.start.time:
            pieces.append(_Piece(row.epoch, row.start.time, end, zero_ns, row.start, row.end, row.end is None))
    return pieces


def _without(pieces: list[_Piece], settled: Sequence[ProgrammeRow]) -> list[_Piece]:
    """Take away what belongs to settled programmes."""
    for row in settled:
        for part in row.parts:
            if part.end is not None:
                pieces = [left for piece in pieces for left in _cut(piece, part.epoch, part.start, part.end)]
    return pieces


def _cut(piece: _Piece, epoch: int, start: Fraction, end: Fraction) -> list[_Piece]:
    if piece.epoch != epoch or piece.end <= start or piece.start >= end:
        return [piece]
    before = replace(piece, end=start, last=None, runs=False)
    after = replace(piece, start=end, first=None)
    return [left for left in (before, after) if left.start < left.end]


def _runs(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Join footage that only a short loss of the feed divides: that is no break."""
    runs: list[list[_Piece]] = []
    for piece in pieces:
        last = runs[-1][-1] if runs else None
        lost_ns = 0 if last is None else round((piece.start_s - last.end_s) * NS)
        if last is not None and last.epoch != piece.epoch and piece.start == 0 and lost_ns < SEAM_NS:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def _slots(listings: Sequence[ListingRow]) -> list[Slot]:
    """Return the listings for the alignment; one without an end lasts to the next one, the last for an hour."""
    slots = []
    for number, row in enumerate(listings):
        following = listings[number + 1].start_ns / NS if number + 1 < len(listings) else None
        start = row.start_ns / NS
        stop = row.stop_ns / NS if row.stop_ns is not None else following or start + _HOUR_S
        slots.append(Slot(start, max(stop, start + 60), row.title, goes_out_live(row.title, row.category)))
    return slots


def _middle_s(row: ProgrammeRow) -> float:
    start, end = row.parts[0].start_utc_ns or 0, row.parts[-1].end_utc_ns or 0
    return (start + end) / 2 / NS


def _with_states(drafts: list[Draft], unsettled: set[int], until: Fraction, *, is_over: bool) -> list[Draft]:
    """Say which are complete: those whose ends stay, and that enough of another has followed; at last all of them.

    unsettled: the boundaries that may still move. until: what is on air reaches to there.
    """
    followed_s = COMPLETE_AFTER_S if is_over else 0.0
    result: list[Draft] = []
    for draft in reversed(drafts):
        ends = {number for part in draft.parts for number in (part.start_id, part.end_id)}
        complete = followed_s >= COMPLETE_AFTER_S and not ends & unsettled and draft.parts[-1].end is not None
        result.append(replace(draft, state=ProgrammeState.COMPLETE if complete else ProgrammeState.RUNNING))
        followed_s += sum(float((until if part.end is None else part.end) - part.start) for part in draft.parts)
    return result[::-1]


def _spans_s(spans: Sequence[_Span], zeros: dict[int, int], end_ns: int) -> tuple[tuple[float, float], ...]:
    """Return (epoch, start, end) as wall time; what is on air reaches to where the footage is known."""
    return tuple(
        ((zeros[epoch] + to_ns(start)) / NS, end_ns / NS if end is None else (zeros[epoch] + to_ns(end)) / NS)
        for epoch, start, end in spans
        if epoch in zeros
    )
