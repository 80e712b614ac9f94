"""How many erased logos are found on television, by one keyframe and by all of a shot, at what false alarms an hour.

    python -m benchmarks.broadcast --work DIR

Logos are erased in stretches of films, which are then coded as H.264 (benchmarks/erased.py). Thresholds are the lowest
that give no more than one false alarm an hour on the films for choosing and on composed broadcasts
(benchmarks/channel.py); figures are measured on other films, adverts and broadcasts. Coded files and heat maps are kept
in the work folder.
"""

import argparse
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from scipy.stats import chi2

from benchmarks.channel import Part, draw_channel
from benchmarks.compose import DATA
from benchmarks.erased import CODINGS, Erased, Stretch, erased, shapes, stretches, untouched
from benchmarks.machine import RESULTS, command, describe
from benchmarks.models import SEED, composed, usable_logos
from streamproc.forensics.evidence import Event, Evidence, EvidenceRules
from streamproc.forensics.scoring import f1, iou
from streamproc.forensics.traces import Box, Mask, Method, Picture, Reliability, Traces
from streamproc.inference.card import file_sha256
from streamproc.inference.forensics import load_method
from streamproc.inference.verifier import shipped_model
from streamproc.media.keyframes import spread_keyframes

EVERYTHING: Final = EvidenceRules(least_score=0.0)
TEXTURED: Final = 1.2  # mean |Laplacian| of luma around a hole from which on its surroundings can tell
BUSY: Final = 3.0  # and from which on they tell well
OVERLAP: Final = 0.3  # intersection over union of an event's box and a hole's, from which on it is found
CHANNELS: Final[dict[Part, tuple[int, ...]]] = {
    "learning": (1, 3, 5),
    "testing": (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
}  # made-up channels whose broadcasts are looked at
MOST_AN_HOUR: Final = 1.0  # false alarms
APART_S: Final = 1.0  # between looks at untouched films

FILE: Final = RESULTS / "broadcast.json"
Alarm = tuple[Box, float]
_NO_HEAT: Final = np.zeros((0, 0), np.float32)  # of no use here, and large


@dataclass(frozen=True, slots=True)
class Seen:
    """What one file's keyframes gave."""

    single: list[list[Alarm]]
    """Of each keyframe alone: boxes and how sure they are."""
    events: list[Event]
    """Of all together, each as it was last told, whatever its score; of what passes, those that are shipped."""
    times: list[float]
    """Of the keyframes, seconds."""

    @property
    def seconds(self) -> float:
        """From the first keyframe to the last, and one step more."""
        step = self.times[-1] - self.times[-2] if len(self.times) > 1 else 0.0
        return self.times[-1] - self.times[0] + step


@dataclass(frozen=True, slots=True)
class Footage:
    """Keyframes of a file, or frames of an untouched film."""

    name: str
    """Tells them from all others."""
    source: Path | Stretch
    passing: bool = False
    """See Stretch."""

    def pictures(self) -> Iterator[tuple[float, Picture]]:
        """Yield seconds and (H, W, 3) of each."""
        if isinstance(self.source, Stretch):
            return self.source.spread(APART_S)
        return spread_keyframes([self.source], every=0)


class Lookers:
    """Look at footage with the shipped method, several at a time; heat maps are kept in a folder."""

    def __init__(self, work: Path, jobs: int) -> None:
        self._model = shipped_model("residual")
        files = sorted(self._model.iterdir())
        digest = "".join(file_sha256(path)[:4] for path in files)  # another model, other boxes
        self._kept = work / f"heat-{digest}"
        self._kept.mkdir(parents=True, exist_ok=True)
        self._jobs = jobs

    def seen(self, footage: Sequence[Footage]) -> list[Seen]:
        """Return what each gave."""
        with ProcessPoolExecutor(self._jobs, get_context("spawn")) as pool:  # a fork would inherit held locks
            return list(pool.map(_looked_at, footage, repeat(self._model), repeat(self._kept)))


def _looked_at(footage: Footage, model: Path, kept: Path) -> Seen:
    cv2.setNumThreads(1)
    seen = Looker(load_method(model), kept).seen(
        footage.name, footage.pictures(), EvidenceRules() if footage.passing else EVERYTHING
    )
    sure = [round(event.score, 2) for event in seen.events if event.score > 0]
    print(footage.name, round(seen.seconds), "s; scores", sorted(sure, reverse=True)[:6], flush=True)
    return seen


class Looker:
    """Looks at pictures with a method; its heat maps are kept in a folder."""

    def __init__(self, method: Method, work: Path) -> None:
        self._method, self._work = method, work

    def seen(self, name: str, pictures: Iterable[tuple[float, Picture]], rules: EvidenceRules) -> Seen:
        """Return what keyframes give, seconds and (H, W, 3) each; ``name`` tells them from all others."""
        path = self._work / f"{name}.npz"
        kept = dict(np.load(path, allow_pickle=False)) if path.exists() else {}
        evidence, events, single, times = Evidence(rules), {}, [], []
        added: dict[str, Any] = {}
        for number, (time, picture) in enumerate(pictures):
            key = f"{number}"
            if key not in kept:
                added[key], added[f"{key}-boxes"] = _packed(self._method.examine(picture))
            heat, boxes = (kept if key in kept else added)[key], (kept if key in kept else added)[f"{key}-boxes"]
            traces = _unpacked(heat, boxes, picture)
            single.append([(_box(row[:4]), float(row[4])) for row in boxes])
            times.append(time)
            for event in evidence.add(Fraction(time), picture, traces):
                events[event.number] = replace(event, heat=_NO_HEAT)
        events |= {event.number: replace(event, heat=_NO_HEAT) for event in evidence.end()}
        if added:
            np.savez_compressed(path, **kept, **added)
        return Seen(single, list(events.values()), times)


def _packed(traces: Traces) -> tuple[Any, Any]:
    """Return heat at a quarter of the scale, and rows of left, top, right, bottom and highest heat."""
    height, width = traces.heat.shape
    small = cv2.resize(traces.heat, (-(-width // 4), -(-height // 4)), interpolation=cv2.INTER_AREA)
    rows = [
        (box.left, box.top, box.right, box.bottom, float(traces.heat[box.top : box.bottom, box.left : box.right].max()))
        for box in traces.boxes
        if traces.reliability is not Reliability.UNDECIDABLE
    ]
    return np.rint(small * 255).astype(np.uint8), np.array(rows, np.float32).reshape(-1, 5)


def _unpacked(heat: Any, rows: Any, picture: Picture) -> Traces:
    large = cv2.resize(heat.astype(np.float32) / 255, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    nothing = np.zeros(picture.shape[:2], bool)
    boxes = tuple(_box(row[:4]) for row in rows)
    return Traces(
        heat=np.asarray(large, np.float32), mask=nothing, boxes=boxes, score=0.0, reliability=Reliability.GOOD
    )


def _box(row: Sequence[float]) -> Box:
    left, top, right, bottom = (round(float(value)) for value in row)
    return Box(left=left, top=top, right=right, bottom=bottom)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """An erased logo and what was found of it."""

    coding: str
    measured: bool
    kind: str
    """Of the stretch."""
    erased: Erased
    event: Event | None
    """The one whose box overlaps it most, if by enough."""
    single: list[float]
    """Of each keyframe, how sure the surest box was that overlaps it by enough; 0 when there is none."""
    off: tuple[int, int]
    """By how many keyframes the event began and ended too late; below 0: too early."""


def look_at_erased(lookers: Lookers, data: Path, work: Path, asked: Sequence[str]) -> list[Hole]:
    """Return all erased logos with what was found of them."""
    logos, rows = shapes(data), []
    for stretch in stretches(data):
        codings = ["CRF 23"] if stretch.scaled or stretch.passing or not stretch.measured else asked
        there, files = erased(stretch, logos, work, codings)
        rows += [(stretch, coding, there, Footage(path.stem, path, stretch.passing)) for coding, path in files.items()]
    found = lookers.seen([footage for *_, footage in rows])
    return [
        _hole(stretch, coding, one, seen)
        for (stretch, coding, there, _), seen in zip(rows, found, strict=True)
        for one in there
    ]


def _hole(stretch: Stretch, coding: str, one: Erased, seen: Seen) -> Hole:
    rows, columns = np.nonzero(one.mask)
    box = _box((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
    near = [event for event in seen.events if event.box.overlap(box) >= OVERLAP]
    event = max(near, key=lambda event: event.score, default=None)
    there = stretch.erased(len(seen.times))
    sure = [[sure for place, sure in alarms if place.overlap(box) >= OVERLAP] for alarms in seen.single]
    return Hole(
        coding=coding,
        measured=stretch.measured,
        kind=stretch.kind,
        erased=one,
        event=event,
        single=[max(each, default=0.0) for each in sure[there.start : there.stop]],
        off=(0, 0) if event is None else _off(event, seen.times, there),
    )


def _off(event: Event, times: Sequence[float], there: range) -> tuple[int, int]:
    began, ended = (
        min(range(len(times)), key=lambda number: abs(times[number] - at)) for at in (event.start, event.end)
    )
    return began - there.start, ended - (there.stop - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Untouched video: its length and the scores of the false alarms in it."""

    name: str
    kind: str
    measured: bool
    seconds: float
    single: list[float]
    """The surest box of each keyframe that has one."""
    events: list[float]


def look_at_untouched(lookers: Lookers, data: Path, work: Path, *, broadcasts: bool) -> list[Quiet]:
    """Return what is found where nobody painted: in all films once, and in composed broadcasts."""
    films = untouched(data)
    footage = [Footage(f"untouched-{stretch.name}", stretch) for stretch in films]
    kinds = [("films and adverts, each once", stretch.measured) for stretch in films]
    logos = usable_logos(data, 1 + max(max(numbers) for numbers in CHANNELS.values()))
    for part, numbers in CHANNELS.items() if broadcasts else ():
        for number in numbers:
            channel = draw_channel(number, logos, SEED)
            composed(channel, part, data, work, {})
            footage.append(Footage(f"{part}-{channel.name}", work / channel.name / f"{part}.mp4"))
            kinds.append(("composed broadcasts", part == "testing"))
    found = lookers.seen(footage)
    return [_quiet(one.name, *kind, seen) for one, kind, seen in zip(footage, kinds, found, strict=True)]


def _quiet(name: str, kind: str, measured: bool, seen: Seen) -> Quiet:
    single = [max(sure for _, sure in alarms) for alarms in seen.single if alarms]
    return Quiet(
        name=name,
        kind=kind,
        measured=measured,
        seconds=seen.seconds,
        single=single,
        events=[event.score for event in seen.events if event.reliability is not Reliability.UNDECIDABLE],
    )


def threshold(scores: Iterable[float], hours: float) -> float:
    """Return the lowest threshold, in steps of a hundredth, that no more false alarms reach than there may be."""
    allowed = math.floor(hours * MOST_AN_HOUR)
    above = sorted(scores, reverse=True)[allowed:]
    return round(min(1.0, math.floor(max(above, default=0.0) * 100) / 100 + 0.01), 2)


def alarms(quiet: Sequence[Quiet], least: float, *, single: bool) -> dict[str, Any]:
    """Return how many false alarms untouched video gives, and the most an hour that this leaves possible."""
    hours = sum(one.seconds for one in quiet) / 3600
    count = sum(score >= least for one in quiet for score in (one.single if single else one.events))
    return {
        "hours": round(hours, 3),
        "false alarms": count,
        "an hour": round(count / hours, 2),
        "an hour, 95 % upper bound": round(_upper(count) / hours, 1),
    }


def _upper(count: int) -> float:
    """Return the greatest mean of a Poisson distribution that gives so few with a probability of 5 %."""
    return float(chi2.ppf(0.95, 2 * (count + 1)) / 2)


def recall(holes: Sequence[Hole], least: float, least_single: float) -> dict[str, Any]:
    """Return the share of erased logos found, together and by single keyframes, and how well."""
    found = [one for one in holes if one.event is not None and one.event.score >= least]
    masks = [(_mask(one), one.erased.mask) for one in found]
    single = [sure >= least_single for one in holes for sure in one.single]
    return {
        "erased logos": len(holes),
        "found over the shot": round(len(found) / len(holes), 3),
        "found by a keyframe alone, mean": round(float(np.mean(single)), 3),
        "found by at least one keyframe alone": round(
            float(np.mean([any(sure >= least_single for sure in one.single) for one in holes])), 3
        ),
        "begun and ended within one keyframe, of those found": (
            round(float(np.mean([abs(off) <= 1 for one in found for off in one.off])), 3) if found else None
        ),
        "F1 of events found": round(float(np.mean([f1(*pair) for pair in masks])), 3) if masks else None,
        "IoU of events found": round(float(np.mean([iou(*pair) for pair in masks])), 3) if masks else None,
    }


def _mask(hole: Hole) -> Mask:
    """Return the event's box as a mask."""
    assert hole.event is not None
    box, mask = hole.event.box, np.zeros(hole.erased.mask.shape, bool)
    mask[box.top : box.bottom, box.left : box.right] = True
    return mask


def table(holes: Sequence[Hole], least: float, least_single: float) -> dict[str, Any]:
    """Return recall by coding and, at CRF 23, by how the logo was erased."""
    rows: dict[str, list[Hole]] = defaultdict(list)
    for one in holes:
        textured = one.erased.ring >= TEXTURED
        if not one.measured:
            rows["for choosing, textured, CRF 23"] += [one] if textured else []
        elif one.kind == "passing":
            rows["erased for a while, textured, CRF 23"] += [one] if textured else []
        elif one.kind == "scaled":
            rows["scaled up to 1080p, textured, CRF 23"] += [one] if textured else []
        elif not textured:
            rows[f"flat surroundings, {one.coding}"].append(one)
        else:
            rows[f"textured, {one.coding}"].append(one)
            if one.erased.ring >= BUSY:
                rows[f"busy, {one.coding}"].append(one)
            if one.coding == "CRF 23":
                shape = "logo's shape" if one.erased.way.logo_shaped else "rectangle"
                rows[f"textured, CRF 23: {one.erased.way.inpainter}, {shape}"].append(one)
                wide = int(one.erased.mask.any(axis=0).sum()) >= 128
                rows[f"textured, CRF 23: {'128 pixels wide and more' if wide else 'narrower'}"].append(one)
    return {name: recall(rows[name], least, least_single) for name in sorted(rows)}


def measured(holes: Sequence[Hole], quiet: Sequence[Quiet]) -> dict[str, Any]:
    """Return all figures."""
    chosen = [one for one in quiet if not one.measured]
    hours = sum(one.seconds for one in chosen) / 3600
    due = threshold((score for one in chosen for score in one.events), hours)
    least = max(due, EvidenceRules().least_score)
    least_single = threshold((score for one in chosen for score in one.single), hours)
    kinds = sorted({one.kind for one in quiet})
    sides = {"for choosing": chosen, "measured": [one for one in quiet if one.measured]}
    return {
        "threshold": {"over the shot": least, "that choosing asks for": due, "a keyframe alone": least_single},
        "recall": table(holes, least, least_single),
        "false alarms": {
            f"{kind}, {side}": {
                "over the shot": alarms([one for one in some if one.kind == kind], least, single=False),
                "a keyframe alone": alarms([one for one in some if one.kind == kind], least_single, single=True),
            }
            for kind in kinds
            for side, some in sides.items()
        },
        "highest score of an untouched film or broadcast": {one.name: _highest(one.events) for one in quiet},
    }


def _highest(scores: Sequence[float]) -> float:
    return round(max(scores, default=0.0), 3)


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="Measure how many erased logos are found on television.")
    parser.add_argument("--work", type=Path, required=True, help="where coded files and heat maps are kept")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--coding", action="append", choices=list(CODINGS), help="may be repeated; all when left out")
    parser.add_argument(
        "--broadcasts", action=argparse.BooleanOptionalAction, default=True, help="look at composed broadcasts, too"
    )
    parser.add_argument("--jobs", type=int, default=1, help="files looked at at a time")
    arguments = parser.parse_args()
    for folder in ("erased", "broadcasts"):
        (arguments.work / folder).mkdir(parents=True, exist_ok=True)
    lookers = Lookers(arguments.work, arguments.jobs)
    holes = look_at_erased(lookers, arguments.data, arguments.work / "erased", arguments.coding or list(CODINGS))
    figures = measured(
        holes,
        look_at_untouched(lookers, arguments.data, arguments.work / "broadcasts", broadcasts=arguments.broadcasts),
    )
    told = {"command": command("broadcast"), "machine": describe(), **figures}
    FILE.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
