"""What becomes of an order: the programme or the range that it means, or in words what is missing.

A pure decision over what is known of the air; asked again whenever something changes, and as time passes. Nothing is
guessed: where two programmes may be meant, the order waits and its message names them.

========== ==================================================================
step       means
========== ==================================================================
WAIT       what it asks for has not been on air yet, or not to its end
ASK        more than one may be meant, or it can't be told: a person must say
FOUND      it is known which programme is meant; that is not ready to be cut
CUT        its spans are there: make the piece
MISSING    it can't be had, and the message says why
========== ==================================================================
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from enum import Enum, auto
from fractions import Fraction

from streamproc.logic.names import FITS, RIVALS, likeness
from streamproc.logic.order_lines import shown_time
from streamproc.messages import Note, Span, Wanted
from streamproc.timebase import NS, to_ns

NEAR_NS = 30 * 60 * NS
"""A programme begins at most so far from the time that an order gives."""
CLEARLY_NEARER_NS = 10 * 60 * NS
"""Of two programmes of one name the nearer is meant when the other is at least so much farther off."""
PRINTED_NS = 5 * 60 * NS
"""A range whose ends are so near to those of a programme of that name is the programme."""
PATIENCE_NS = 3 * 3600 * NS
"""So long after its time a programme may still turn up: it overran, or is named late."""
SHORTEST_GAP_NS = NS // 5
"""Epochs that are nearer than this have no gap between them that anybody would notice."""
_MOST_SHOWN = 5
_TODAY = re.compile(r"^(?:сегодня|today)\b[\s,.:]*|[\s,]*\b(?:сегодня|today)$", re.IGNORECASE)


class Step(Enum):
    """See the module."""

    WAIT = auto()
    ASK = auto()
    FOUND = auto()
    CUT = auto()
    MISSING = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """An order, as far as it matters here."""

    kind: Wanted
    """A programme, or a range."""
    channel: str | None
    """Short name; None: any."""
    name: str | None
    """What the programme is called; None: what is on air then."""
    start_ns: int
    """See :class:`streamproc.logic.order_lines.Wanting`."""
    end_ns: int | None
    """See there."""
    programme_id: int | None = None
    """The programme that a person has said it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """A programme that was found on air."""

    id: int
    """Its number."""
    channel: str
    """Short name of its channel."""
    title: str | None
    """Its name."""
    description: str | None
    """What it is about."""
    start_ns: int
    """When it began, wall time."""
    end_ns: int
    """When it ended; of one that still runs, until when is known."""
    printed_start_ns: int | None
    """When the schedule has it begin."""
    printed_stop_ns: int | None
    """When the schedule has it end."""
    is_complete: bool
    """Whether nothing can be added to it any more."""
    doubts: tuple[Note, ...]
    """What a person must look at before it may be cut."""
    spans: tuple[Span, ...]
    """Its parts, breaks left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """An entry of the printed schedule."""

    channel: str
    """Short name of its channel."""
    title: str
    """Its name."""
    start_ns: int
    """When it is to begin."""
    stop_ns: int
    """When it is to end."""
    description: str | None
    """What it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An epoch."""

    channel: str
    """Short name of its channel."""
    epoch: int
    """Its number."""
    start_ns: int
    """Wall time of its time 0."""
    end_ns: int
    """Wall time after its last frame; of one that still runs, of what is recorded by now."""
    is_running: bool
    """Whether more will be recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """What is known of what was, and will be, on air."""

    now_ns: int
    """Wall time."""
    channels: tuple[str, ...]
    """Short names."""
    shows: tuple[Show, ...]
    """In time order."""
    slots: tuple[Slot, ...]
    """In time order."""
    recorded: tuple[Recorded, ...]
    """In time order within a channel; also what is deleted since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an order has come to."""

    step: Step
    """See the module."""
    note: Note
    """What is so, in words."""
    channel: str | None = None
    """The channel it is on, once that is known."""
    show: Show | None = None
    """The programme that it means."""
    spans: tuple[Span, ...] = ()
    """What to cut."""
    description: str | None = None
    """What it is about."""


def decide(order: Query, air: Air, zone: tzinfo) -> Outcome:
    """Return what becomes of an order now. zone: of the times in what is said."""
    if order.programme_id is not None:
        chosen = next((show for show in air.shows if show.id == order.programme_id), None)
        if chosen is not None:
            return _of_show(chosen, air, zone)
    if order.kind is Wanted.PROGRAMME:
        return _find(order, air, zone)
    printed = [show for show in air.shows if _is_on(show.channel, order) and _is_printed_as(show, order)]
    if len(printed) == 1:
        return _of_show(printed[0], air, zone)
    return _range(order, air, zone)


def gone(outcome: Outcome, lost: Sequence[tuple[int, int]], zone: tzinfo) -> Outcome:
    """Return the outcome where parts of what was to be cut, wall times, are recorded no more."""
    times = ", ".join(_shown_range(start, end, zone) for start, end in lost[:_MOST_SHOWN])
    note = Note(en=f"the recording of {times} is deleted", ru=f"запись за {times} удалена")
    return Outcome(step=Step.MISSING, note=note, channel=outcome.channel, show=outcome.show)


def spans_between(
    recorded: Sequence[Recorded], start_ns: int, end_ns: int
) -> tuple[tuple[Span, ...], tuple[tuple[int, int], ...]]:
    """Return what of a channel is recorded between two moments, and the gaps, wall times, of which nothing is."""
    spans: list[Span] = []
    gaps: list[tuple[int, int]] = []
    reached = start_ns
    for part in sorted(recorded, key=lambda part: part.start_ns):
        begin, end = max(part.start_ns, reached), min(part.end_ns, end_ns)
        if begin >= end:
            continue
        if begin - reached > SHORTEST_GAP_NS:
            gaps.append((reached, begin))
        zero = part.start_ns
        spans.append(Span(epoch=part.epoch, start=Fraction(begin - zero, NS), end=Fraction(end - zero, NS)))
        reached = end
    if end_ns - reached > SHORTEST_GAP_NS:
        gaps.append((reached, end_ns))
    return tuple(spans), tuple(gaps)


def wall_times(spans: Sequence[Span], recorded: Sequence[Recorded]) -> list[tuple[int, int]]:
    """Return when stretches of epochs were on air."""
    zeros = {part.epoch: part.start_ns for part in recorded}
    return [
        (zeros[span.epoch] + to_ns(span.start), zeros[span.epoch] + to_ns(span.end))
        for span in spans
        if span.epoch in zeros
    ]


def short(description: str | None, most: int = 300) -> str | None:
    """Return a description's first sentences, as many as fit; None for none."""
    if description is None or not description.strip():
        return None
    text = " ".join(description.split())
    if len(text) <= most:
        return text
    ends = [match.end() for match in re.finditer(r"[.!?…](?=\s)", text[: most + 1])]
    if ends:
        return text[: ends[-1]]
    return text[: text.rfind(" ", 0, most) if " " in text[:most] else most] + "…"


def _find(order: Query, air: Air, zone: tzinfo) -> Outcome:
    """Find the programme that an order means by name and time; one that is still to come may be meant as well."""
    shows = [show for show in air.shows if _is_on(show.channel, order) and _is_then(show, order)]
    pending = [] if order.name is None and shows else _pending(order, air)
    fitting = _nearest(_best_named([*shows, *pending], order), order)
    if len(fitting) > 1:
        return _which(fitting, zone)
    if not fitting:
        return _not_there(order, air, zone, shows)
    (only,) = fitting
    return _of_show(only, air, zone) if isinstance(only, Show) else _coming(only, air, zone)


def _pending(order: Query, air: Air) -> list[Slot]:
    """Return the entries of the schedule that may be meant and are not found yet."""
    found = {(show.channel, show.printed_start_ns) for show in air.shows}
    return [
        slot
        for slot in air.slots
        if _is_on(slot.channel, order)
        and _is_slot_then(slot, order)
        and slot.stop_ns + PATIENCE_NS > air.now_ns
        and (slot.channel, slot.start_ns) not in found
    ]


def _best_named(candidates: Sequence[Show | Slot], order: Query) -> list[Show | Slot]:
    """Return those whose name is the wanted one, or so nearly that any of them may be meant."""
    if order.name is None:
        return list(candidates)
    scored = [(_likeness(order.name, one.title), one) for one in candidates if one.title is not None]
    best = max((score for score, _ in scored), default=0.0)
    return [one for score, one in scored if score >= max(FITS, best - RIVALS)]


def _likeness(name: str, title: str) -> float:
    """Compare names; «сегодня» may be a day, which is no part of the name, or the news of that name."""
    without = _TODAY.sub("", name)
    return max(likeness(name, title), likeness(without, title) if without and without != name else 0.0)


def _nearest(candidates: list[Show | Slot], order: Query) -> list[Show | Slot]:
    """Leave the one that is clearly nearest to the wanted time, or all where none is."""
    if order.end_ns is not None or len(candidates) < 2:
        return candidates
    by_distance = sorted(candidates, key=lambda one: _distance(one, order.start_ns))
    first, second = (_distance(one, order.start_ns) for one in by_distance[:2])
    return by_distance[:1] if second - first >= CLEARLY_NEARER_NS else candidates


def _distance(one: Show | Slot, time_ns: int) -> int:
    begins = [one.start_ns]
    if isinstance(one, Show) and one.printed_start_ns is not None:
        begins.append(one.printed_start_ns)
    return min(abs(begin - time_ns) for begin in begins)


def _is_then(show: Show, order: Query) -> bool:
    if order.end_ns is not None:
        return order.start_ns <= show.start_ns < order.end_ns
    on_air = show.start_ns <= order.start_ns < show.end_ns
    return on_air if order.name is None else on_air or _distance(show, order.start_ns) <= NEAR_NS


def _is_printed_as(show: Show, order: Query) -> bool:
    """Tell whether a range is nothing but the printed, or the true, time of a programme of that name."""
    if order.name is None or order.end_ns is None or show.title is None:
        return False
    times = [(show.start_ns, show.end_ns)]
    if show.printed_start_ns is not None and show.printed_stop_ns is not None:
        times.append((show.printed_start_ns, show.printed_stop_ns))
    is_then = any(
        abs(start - order.start_ns) <= PRINTED_NS and abs(end - order.end_ns) <= PRINTED_NS for start, end in times
    )
    return is_then and _likeness(order.name, show.title) >= FITS


def _is_on(channel: str, order: Query) -> bool:
    return order.channel is None or order.channel == channel


def _of_show(show: Show, air: Air, zone: tzinfo) -> Outcome:
    """Return what becomes of an order whose programme is known."""
    what = _shown_show(show, zone)
    if not show.is_complete:
        note = Note(
            en=f"{what} is on air; it is cut when it has ended", ru=f"{what} в эфире; вырежем, когда закончится"
        )
        return _found(show, note)
    if show.doubts:
        why = Note(en="; ".join(d.en for d in show.doubts), ru="; ".join(d.ru for d in show.doubts))
        note = Note(
            en=f"{what} waits in the review list: {why.en}", ru=f"{what} ждёт проверки: {why.ru}"
        )  # a person looks at it first: nothing unsure is delivered by itself
        return _found(show, note)
    if not show.spans:
        return _found(show, Note(en=f"{what} has no finished part yet", ru=f"у {what} ещё нет готовых частей"))
    note = Note(en=what, ru=what)
    return Outcome(
        step=Step.CUT,
        note=note,
        channel=show.channel,
        show=show,
        spans=show.spans,
        description=short(show.description),
    )


def _found(show: Show, note: Note) -> Outcome:
    return Outcome(step=Step.FOUND, note=note, channel=show.channel, show=show)


def _which(candidates: Sequence[Show | Slot], zone: tzinfo) -> Outcome:
    names = "; ".join(_candidate(one, zone) for one in candidates[:_MOST_SHOWN])
    more = len(candidates) - _MOST_SHOWN
    rest = Note(en=f" and {more} more" if more > 0 else "", ru=f" и ещё {more}" if more > 0 else "")
    note = Note(
        en=f"which of these is meant: {names}{rest.en}? Give its time, or its number",
        ru=f"какая из программ нужна: {names}{rest.ru}? Укажите время или номер",
    )
    return Outcome(step=Step.ASK, note=note)


def _candidate(one: Show | Slot, zone: tzinfo) -> str:
    number = f", {one.id}" if isinstance(one, Show) else ""
    return f"«{one.title or '?'}» {shown_time(one.start_ns, zone)} ({one.channel}{number})"


def _not_there(order: Query, air: Air, zone: tzinfo, shows: Sequence[Show]) -> Outcome:
    """Say why no programme is found, nor in the schedule: not yet, not recorded, or no such name."""
    slots = [slot for slot in air.slots if _is_on(slot.channel, order) and _is_slot_then(slot, order)]
    named = [slot for slot in slots if order.name is None or _likeness(order.name, slot.title) >= FITS]
    until = order.start_ns + NEAR_NS if order.end_ns is None else order.end_ns
    called = "" if order.name is None else f" «{order.name}»"
    if until > air.now_ns:
        note = Note(
            en=f"{called.strip() or 'it'} has not been on air yet", ru=f"{called.strip()} ещё не было в эфире".strip()
        )
        return Outcome(step=Step.WAIT, note=note, channel=order.channel)
    when = shown_time(order.start_ns, zone) if order.end_ns is None else shown_time(order.start_ns, zone)[:5]
    if until + PATIENCE_NS > air.now_ns and air.recorded:
        note = Note(en=f"no programme{called} is found at {when} yet", ru=f"программа{called} {when} пока не найдена")
        return Outcome(step=Step.WAIT, note=note, channel=order.channel)
    lost = _unrecorded(order, named, air)
    if lost:
        times = "; ".join(_shown_range(start, end, zone) for start, end in lost[:_MOST_SHOWN])
        note = Note(en=f"nothing is recorded: there was a gap, {times}", ru=f"записи нет: перерыв, {times}")
        return Outcome(step=Step.MISSING, note=note, channel=order.channel)
    return Outcome(step=Step.MISSING, note=_no_such_name(order, called, when, shows, zone), channel=order.channel)


def _no_such_name(order: Query, called: str, when: str, shows: Sequence[Show], zone: tzinfo) -> Note:
    titled = [show for show in shows if show.title is not None]
    if order.name is not None:
        name = order.name
        titled.sort(key=lambda show: -_likeness(name, show.title or ""))
    there = ", ".join(_shown_show(show, zone) for show in titled[:_MOST_SHOWN])
    en, ru = f"no programme{called} was on air at {when}", f"программы{called} в эфире не было: {when}"
    return Note(en=f"{en}; there were: {there}", ru=f"{ru}; были: {there}") if there else Note(en=en, ru=ru)


def _coming(slot: Slot, air: Air, zone: tzinfo) -> Outcome:
    when = shown_time(slot.start_ns, zone)
    if slot.start_ns > air.now_ns:
        note = Note(en=f"«{slot.title}» is on air at {when}", ru=f"«{slot.title}» будет в эфире {when}")
    else:
        note = Note(
            en=f"«{slot.title}» should be on air since {when}; it is not found yet",
            ru=f"«{slot.title}» по программе идёт с {when}; пока не найдена",
        )
    return Outcome(step=Step.WAIT, note=note, channel=slot.channel)


def _is_slot_then(slot: Slot, order: Query) -> bool:
    if order.end_ns is not None:
        return order.start_ns <= slot.start_ns < order.end_ns
    return slot.start_ns <= order.start_ns < slot.stop_ns or abs(slot.start_ns - order.start_ns) <= NEAR_NS


def _unrecorded(order: Query, named: Sequence[Slot], air: Air) -> list[tuple[int, int]]:
    """Return the gaps of the time that is meant, where nothing of it is recorded."""
    channel = order.channel or (named[0].channel if named else air.channels[0] if len(air.channels) == 1 else None)
    if channel is None or order.end_ns is not None:
        return []
    start, end = order.start_ns, order.start_ns + NEAR_NS
    if named:
        start, end = named[0].start_ns, named[0].stop_ns
    spans, gaps = spans_between([part for part in air.recorded if part.channel == channel], start, end)
    return list(gaps) if not spans else []


def _range(order: Query, air: Air, zone: tzinfo) -> Outcome:
    """Return what becomes of a range."""
    channel = order.channel or (air.channels[0] if len(air.channels) == 1 else None)
    if channel is None:
        there = ", ".join(air.channels)
        note = Note(en=f"on which channel? There are: {there}", ru=f"на каком канале? Есть: {there}")
        return Outcome(step=Step.ASK, note=note)
    assert order.end_ns is not None  # a range has an end
    shown = _shown_range(order.start_ns, order.end_ns, zone)
    if order.end_ns > air.now_ns:
        note = Note(en=f"{shown} has not been on air to its end yet", ru=f"{shown}: эфир ещё не закончился")
        return Outcome(step=Step.WAIT, note=note, channel=channel)
    recorded = [part for part in air.recorded if part.channel == channel]
    spans, gaps = spans_between(recorded, order.start_ns, order.end_ns)
    last = max(recorded, key=lambda part: part.start_ns, default=None)
    if last is not None and last.is_running and last.start_ns < order.end_ns and last.end_ns < order.end_ns:
        return Outcome(
            step=Step.WAIT, note=Note(en=f"{shown} is being recorded", ru=f"{shown}: ещё записывается"), channel=channel
        )
    lost = "; ".join(_shown_range(start, end, zone) for start, end in gaps[:_MOST_SHOWN])
    if not spans:
        note = Note(en=f"nothing of {shown} is recorded: there was a gap", ru=f"записи за {shown} нет: перерыв")
        return Outcome(step=Step.MISSING, note=note, channel=channel)
    note = Note(en=shown, ru=shown)
    if gaps:
        note = Note(en=f"{shown}, but there was a gap: {lost}", ru=f"{shown}, но был перерыв: {lost}")
    return Outcome(step=Step.CUT, note=note, channel=channel, spans=spans, description=_described(order, channel, air))


def _described(order: Query, channel: str, air: Air) -> str | None:
    """Return what the programme is about that a range lies in."""
    end = order.end_ns or order.start_ns
    for show in air.shows:
        if show.channel == channel and show.start_ns <= order.start_ns and end <= show.end_ns:
            return short(show.description)
    for slot in air.slots:
        if slot.channel == channel and slot.start_ns <= order.start_ns and end <= slot.stop_ns:
            return short(slot.description)
    return None


def _shown_show(show: Show, zone: tzinfo) -> str:
    return f"«{show.title or '?'}» {shown_time(show.start_ns, zone)}"


def _shown_range(start_ns: int, end_ns: int, zone: tzinfo) -> str:
    start, end = shown_time(start_ns, zone), shown_time(end_ns, zone)
    return f"{start}–{end[6:] if end[:5] == start[:5] else end}"
