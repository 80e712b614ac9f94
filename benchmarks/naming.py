"""Whether programmes get their names: composed days, a printed schedule that is wrong, and what is made of them.

``python -m benchmarks.naming``. A day's listings (real ones of seven channels where the team's data is at hand, and
drawn ones) are put on air as channels do it: late or early by up to ten minutes, with breaks and trailers, now and then
without a break between two programmes, with a live overrun that pushes what follows, with a listing that is dropped or
gives way to something else. What the bug would show (stretches of programme) and the printed schedule go into
:func:`streamproc.logic.alignment.align`; the names that come out are compared with what was put on air.

A programme is *named right* when at least half of its footage is in the programme that was found under its listing. A
name is *wrong* when less than half of the footage under it belongs to its listing. Weights and the table of confidence
are chosen on the days with even seeds (``--tune`` shows them); figures are of the days with odd seeds.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.compose import DATA
from benchmarks.machine import RESULTS, describe
from streamproc.logic.alignment import Day, Named, Slot, Stretch, align
from streamproc.schedule.xmltv import read_channels, read_guide

HOUR = 3600.0
DAYS = 200
BINS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 1.01)


@dataclass(frozen=True, slots=True)
class Aired:
    """A programme as it was put on air."""

    slot: int | None
    """Its listing's number; None for what is in none."""
    pieces: tuple[tuple[float, float], ...]
    """Its footage, seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a channel goes about it."""

    break_every_min: float
    """Programme between two breaks; 0 has breaks only between programmes."""
    independent: bool
    """Whether each start is off by itself, evenly up to ten minutes; else starts drift."""
    drift_min: float
    """How much they drift."""
    unbroken: float
    """Share of joints without a break."""
    overruns: int
    """Live programmes that overrun."""
    overrun_min: tuple[float, float] = (5, 30)
    """By how much, from and to."""
    cancelled: int
    """Listings that are not shown, because what comes before goes on."""
    replaced: int = 0
    """Listings in whose place something is shown that is in none."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A day with its truth."""

    day: Day
    aired: tuple[Aired, ...]
    style: Style


def draw_style(rng: np.random.Generator) -> Style:
    """Draw how a channel goes about it."""
    return Style(
        break_every_min=float(rng.choice([0, 9, 12, 15, 20], p=[0.15, 0.2, 0.3, 0.2, 0.15])),
        independent=bool(rng.random() < 0.3),
        drift_min=float(rng.uniform(1, 4)),
        unbroken=float(rng.uniform(0.05, 0.2)),
        overruns=int(rng.integers(0, 3)),
        cancelled=int(rng.integers(0, 2)),
    )


def drawn_listings(rng: np.random.Generator) -> list[Slot]:
    """Return a day of many short programmes, printed to five minutes."""
    slots: list[Slot] = []
    at = 0.0
    while at < 24 * HOUR:
        length = float(rng.choice([10, 15, 20, 25, 30, 45, 60, 90], p=[0.1, 0.2, 0.15, 0.1, 0.2, 0.1, 0.1, 0.05])) * 60
        slots.append(Slot(at, at + length))
        at += length
    return slots


def real_listings(data: Path) -> list[list[Slot]]:
    """Return the whole days of all channels in the team's listings; nothing where they are not."""
    days: list[list[Slot]] = []
    for path in sorted((data / "epg").glob("*.xml")):
        guide = read_guide(path, read_channels(path), timezone(timedelta(hours=3)), ("ru",))
        for entries in guide.entries.values():
            slots = [
                Slot(entry.start_ns / 1e9, (entry.stop_ns or entry.start_ns + 3600 * 10**9) / 1e9) for entry in entries
            ]
            first = slots[0].start if slots else 0.0
            for number in range(int(((slots[-1].stop if slots else 0.0) - first) / (24 * HOUR))):
                begin = first + number * 24 * HOUR
                chosen = [slot for slot in slots if begin <= slot.start < begin + 24 * HOUR]
                if len(chosen) > 8:
                    days.append([Slot(one.start - begin, one.stop - begin) for one in chosen])
    return days


def compose(slots: list[Slot], style: Style, rng: np.random.Generator) -> Composed:
    """Put a day on air. One listing in eight is live, and so may overrun."""
    slots = [replace(slot, is_live=bool(rng.random() < 0.125)) for slot in slots]
    shown, starts = _running_order(slots, style, rng)
    stretches: list[tuple[float, float]] = []
    aired: list[Aired] = []
    for place, number in enumerate(shown):
        begin, until = starts[place], starts[place + 1]
        joined = place + 1 < len(shown) and rng.random() < style.unbroken
        pieces, tail = _pieces(begin, until, joined, style, rng)
        aired.append(Aired(number, tuple(pieces)))
        stretches += pieces + tail
    return Composed(Day(_merged(stretches), slots), tuple(aired), style)


def _running_order(slots: list[Slot], style: Style, rng: np.random.Generator) -> tuple[list[int | None], list[float]]:
    """Draw what is shown (a listing's number, or None for something else) and when each begins, and the last ends.

    A programme lasts 0.7 to 1.4 times what is printed, or five minutes more; one that overruns lasts 5 to 30 minutes
    longer, or just as long as the listing after it, which is cancelled. What is late then catches up by trimming, or by
    dropping a listing that would fill the time.
    """
    overran, cancelled, replaced = _accidents(slots, style, rng)
    shown: list[int | None] = []
    starts: list[float] = []
    drift = late = least = 0.0
    most = np.inf
    for number, slot in enumerate(slots):
        length = slot.stop - slot.start
        fills = 0 < number < len(slots) - 1 and length < min(late, 1800) and rng.random() < 0.5
        if number in cancelled or fills:
            late = max(0.0, late - length)
            continue
        drift = 0.7 * drift + float(rng.normal(0, style.drift_min))
        off = float(rng.uniform(-10, 10)) if style.independent else drift + float(rng.uniform(-2.5, 2.5))
        start = slot.start + 60 * float(np.clip(off, -10, 10)) + late
        if number in replaced:
            length *= float(rng.uniform(0.5, 1.8))
        starts.append(max(min(start, most), least))
        shown.append(None if number in replaced else number)
        late = max(0.0, late - 0.1 * length)
        extra = 60 * float(rng.uniform(*style.overrun_min)) if number in overran else 0.0
        if number + 1 in cancelled:
            extra = slots[number + 1].stop - slots[number + 1].start
        late += extra
        least = starts[-1] + max(150.0, 0.7 * length + extra)
        most = starts[-1] + max(1.4 * length, length + 300) + extra
    return shown, [*starts, max(least, min(slots[-1].stop + late, most))]


def _accidents(slots: list[Slot], style: Style, rng: np.random.Generator) -> tuple[set[int], set[int], set[int]]:
    """Draw which listings overrun, which are cancelled because the one before goes on, and which give way."""
    numbers = list(range(1, len(slots) - 2))
    rng.shuffle(numbers)
    live = [number for number in numbers if slots[number].is_live]
    short = [number for number in live if slots[number + 1].stop - slots[number + 1].start <= 45 * 60]
    cancelled = {number + 1 for number in short[: style.cancelled]}
    overran = [number for number in live if not {number, number + 1} & cancelled][: style.overruns]
    replaced = [number for number in numbers if number not in cancelled and number not in overran]
    return set(overran), cancelled, set(replaced[: style.replaced])


def _pieces(
    begin: float, until: float, joined: bool, style: Style, rng: np.random.Generator
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Draw a programme's footage, and the trailers in the break after it."""
    room = until - begin
    pause = 0.0 if joined else min(float(rng.uniform(60, 300)), 0.3 * room)
    end = until - pause
    pieces: list[tuple[float, float]] = []
    at = begin
    while style.break_every_min:
        part = 60 * style.break_every_min * float(rng.uniform(0.6, 1.4))
        gap = float(rng.uniform(120, 300))
        if at + part + gap + 180 > end:
            break
        pieces.append((at, at + part))
        at += part + gap
    pieces.append((at, end))
    trailers: list[tuple[float, float]] = []
    if pause > 120 and rng.random() < 0.3:
        middle = end + float(rng.uniform(20, pause - 70))
        trailers.append((middle, middle + float(rng.uniform(8, 40))))
    return pieces, trailers


def _merged(pieces: list[tuple[float, float]]) -> list[Stretch]:
    """Join what follows without a break."""
    merged: list[Stretch] = []
    for start, end in sorted(pieces):
        if merged and start - merged[-1].end < 0.01:
            merged[-1] = Stretch(merged[-1].start, end)
        else:
            merged.append(Stretch(start, end))
    return merged


def _common(one: Sequence[tuple[float, float]], other: Sequence[tuple[float, float]]) -> float:
    return sum(max(0.0, min(a[1], b[1]) - max(a[0], b[0])) for a in one for b in other)


def _length(pieces: Sequence[tuple[float, float]]) -> float:
    return sum(end - start for start, end in pieces)


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a day."""

    right: int
    """Programmes named right."""
    exact: int
    """Programmes of which all footage, within a minute, and no other is under their name."""
    listed: int
    """Programmes that were put on air and are in the schedule."""
    names: tuple[tuple[float, bool], ...]
    """Of each name that was given: its confidence (or agreement), and whether it is right."""


def judge(composed: Composed, found: Sequence[Named], *, raw: bool = False) -> Judged:
    """Compare what was found with what was put on air."""
    truth = {one.slot: one.pieces for one in composed.aired if one.slot is not None}
    pieces = {one.slot: [(part.start, part.end) for part in one.parts] for one in found if one.slot is not None}
    right = exact = 0
    for slot, real in truth.items():
        common = _common(real, pieces.get(slot, []))
        right += common >= 0.5 * _length(real)
        exact += common > _length(real) - 60 and _length(pieces.get(slot, [])) < common + 60
    names = tuple(
        (
            one.agreement if raw else one.confidence,
            _common(truth.get(one.slot, ()), pieces[one.slot]) >= 0.5 * _length(pieces[one.slot]),
        )
        for one in found
        if one.slot is not None
    )
    return Judged(right, exact, len(truth), names)


def days(data: Path, seeds: Sequence[int], **accidents: object) -> Iterator[Composed]:
    """Compose a day for each seed; real listings and drawn ones in turn. accidents: what of the style is not drawn."""
    real = real_listings(data)
    for seed in seeds:
        rng = np.random.default_rng(seed)
        slots = real[int(rng.integers(len(real)))] if real and seed // 2 % 2 else drawn_listings(rng)
        style = draw_style(rng)
        yield compose(slots, replace(style, **accidents), rng)  # type: ignore[arg-type]


def summary(judged: Sequence[Judged]) -> dict[str, object]:
    """Return the figures of many days."""
    names = [name for one in judged for name in one.names]
    listed = sum(one.listed for one in judged)
    table = {
        f"{low:.1f}–{min(high, 1.0):.1f}": {
            "names": len(inside := [right for sure, right in names if low <= sure < high]),
            "right": round(sum(inside) / len(inside), 4) if inside else None,
        }
        for low, high in pairwise(BINS)
    }
    above = [right for sure, right in names if sure > 0.9]
    return {
        "days": len(judged),
        "programmes": listed,
        "named_right": round(sum(one.right for one in judged) / listed, 4),
        "exact_to_a_minute": round(sum(one.exact for one in judged) / listed, 4),
        "names": len(names),
        "wrong_names": sum(not right for _, right in names),
        "wrong_above_0.9": sum(not right for right in above),
        "share_above_0.9": round(len(above) / len(names), 4),
        "by_confidence": table,
    }


def measure(data: Path, seeds: Sequence[int]) -> dict[str, object]:
    """Return the figures of all families of days."""
    judged = [(one.style, judge(one, align(one.day))) for one in days(data, seeds)]
    groups = {
        "all": [one for _, one in judged],
        "starts drift": [one for style, one in judged if not style.independent],
        "each start off by itself": [one for style, one in judged if style.independent],
        "nothing overruns": [one for style, one in judged if style.overruns == style.cancelled == 0],
        "overruns or cancelled": [one for style, one in judged if style.overruns + style.cancelled > 0],
    }
    few = seeds[: len(seeds) // 4]
    harder: dict[str, dict[str, object]] = {
        "overruns of 30 to 45 minutes": {"overruns": 2, "overrun_min": (30, 45)},
        "two listings give way to something else": {"replaced": 2},
    }
    for name, accidents in harder.items():
        groups[name] = [judge(one, align(one.day)) for one in days(data, few, **accidents)]
    return {name: summary(group) for name, group in groups.items() if group}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with the team's data")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--tune", action="store_true", help="the days that weights were chosen on; writes nothing")
    arguments = parser.parse_args()
    seeds = [2 * number + (0 if arguments.tune else 1) for number in range(arguments.days)]
    figures = measure(arguments.data, seeds)
    print(json.dumps(figures, indent=2, ensure_ascii=False))
    if arguments.tune:
        return
    document = {
        "command": f"python -m benchmarks.naming --days {arguments.days}",
        "machine": describe(),
        "real_listings": len(real_listings(arguments.data)),
        "figures": figures,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "naming.json"
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
