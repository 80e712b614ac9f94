"""The search itself: samples, places where something stays, their coming and going, the verdict, the cut-out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.inference.card import Region
from streamproc.training.cutout import FEWEST, cut_out
from streamproc.training.find import verdict
from streamproc.training.find.candidates import (
    Lines,
    Proposal,
    View,
    also,
    gap,
    inside_rim,
    overlap,
    propose,
    union,
)
from streamproc.training.find.extent import Seen, reach
from streamproc.training.find.finding import Finding, Kind, Mark, Picture
from streamproc.training.find.gradients import Field, persistences
from streamproc.training.find.samples import BLUE, LUMA, RED, Box, Progress, Samples, cuts, sample
from streamproc.training.find.tracks import Track, Tracker
from streamproc.training.find.verdict import Footing, Sighting

_PLAIN = View()
_GREYS = 90.0, 130.0, 170.0  # of marks that are darker than some grounds and brighter than others
_TOGETHER = 0.97  # of the time; two marks near each other that come and go together are one
_ALIKE = 0.8  # the same of marks that lie upon each other
_MOSTLY = 0.6  # of its box
_PLENTY = 12.0  # contrast from which on nothing clearer is looked for in the same place
_TRACE = 3.0  # contrast below which a place is not worth naming
_SURE = 0.99  # probability of pictures that the cut-out is made from
_PRESENT, _ABSENT = 120, 60  # pictures that the cut-out is made from, at most
_PIXELS = 3_000_000  # of either kind together; `cut_out` looks at no more
_MARGIN = 0.5  # of the box's sides, around the cut-out's pictures, for what lies behind


def _quiet(_doing: str, _share: float) -> None:
    """Tell nobody."""


def find_bug(
    sources: Sequence[Path],
    *,
    region: Region | None = None,
    choice: int | None = None,
    progress: Progress = _quiet,
) -> Finding:
    """Return where the bug is in footage about which nothing is known, and when it is there.

    sources: consecutive files of one channel, 5 minutes or more together, best with an advert break in them.
    region: where to look (fractions of the picture); without it, everywhere.
    choice: the number of the mark to take, from 1, as an earlier finding ranked them.
    Looks at 600 pictures at most; takes 10 to 25 s for 10 minutes. Never says FOUND unless one mark alone
    comes and goes with long blocks, clearly. Raises SourceError when no source can be read, ConfigError when no mark
    has the number chosen.
    """
    samples = sample(sources, progress)
    return finished(look_at(samples, region, progress).finding(choice), sources, progress)


def finished(finding: Finding, sources: Sequence[Path], progress: Progress = _quiet) -> Finding:
    """Return a finding with a whole picture, and with the chosen mark's likeness cut out, from the footage itself."""
    progress("cutting the mark out", 0.0)
    finding = replace(finding, frame=_fullest_frame(finding, sources))
    if finding.chosen is not None:
        size = (0, 0) if finding.frame is None else finding.frame.shape[:2]
        chosen = _with_logo(finding.chosen, finding.times, sources, size[0] * size[1])
        marks = tuple(chosen if mark is finding.chosen else mark for mark in finding.marks)
        finding = replace(finding, marks=marks, chosen=chosen)
    progress("cutting the mark out", 1.0)
    return finding


@dataclass(frozen=True, slots=True)
class Survey:
    """All marks of some samples."""

    samples: Samples
    marks: tuple[tuple[Sighting, Kind], ...]
    """Ranked."""
    likenesses: tuple[Picture, ...]
    """Of each, see Mark.logo."""
    asked: bool
    """Whether only a region was looked at."""

    def finding(self, choice: int | None = None) -> Finding:
        """Return the verdict on it."""
        samples = self.samples
        scenes = len(np.unique(samples.scenes))
        footing = Footing(duration_s=samples.duration_s, scenes=scenes, asked=self.asked, choice=choice)
        result, index, message = verdict.judge(self.marks, footing)
        marks = tuple(
            Mark(
                box=seen.box,
                score=seen.contrast,
                presence=seen.presence.astype(np.float32),
                logo=logo,
                kind=kind,
            )
            for (seen, kind), logo in zip(self.marks, self.likenesses, strict=True)
        )
        return Finding(
            verdict=result,
            marks=marks,
            chosen=None if index is None else marks[index],
            times=samples.times,
            lines=samples.lines,
            frame=None,
            message=message,
        )


def look_at(samples: Samples, region: Region | None, progress: Progress = _quiet) -> Survey:
    """Return all marks of some samples, ranked."""
    progress("looking for what stays", 0.0)
    if len(samples.times) < 2:
        return Survey(samples, (), (), region is not None)
    allowed = inside_rim(samples.shape)
    if region is not None:
        allowed &= _inside(region, samples.shape)
    places, lines = _places(samples, allowed)
    tracker = Tracker(samples, [place.box for place in places], allowed, lines)
    tracks: list[Track] = []
    for number, place in enumerate(places):
        progress("looking for what stays", number / len(places))
        if any(known.contrast > _PLENTY and _share_within(place.box, known.box) > _MOSTLY for known in tracks):
            continue
        track = tracker.track(place.box, place.view)
        if track is not None and not any(_doubles(track, other) for other in tracks):
            tracks.append(track)
    tracks = [track for track in _joined(tracks, tracker) if track.contrast >= _TRACE]
    tracks = _whole_marks(tracks, samples)
    sightings = [_sighting(track, samples.shape) for track in tracks]
    marks = verdict.ranked(sightings, samples.times)
    by_sighting = {id(seen): track for seen, track in zip(sightings, tracks, strict=True)}
    likenesses = tuple(_likeness(by_sighting[id(seen)], samples) for seen, _ in marks)
    return Survey(samples, tuple(marks), likenesses, region is not None)


def _places(samples: Samples, allowed: NDArray[np.bool_]) -> tuple[list[Proposal], dict[View, Lines]]:
    """Return places where something stays, strongest first, and the lines across the picture, view by view.

    allowed: (h, w), where a mark may be.
    """
    plain, *turned = (one.evidence for one in persistences(samples.luma, samples.weights, _GREYS))
    evidences = {_PLAIN: plain}
    evidences |= {View(grey=grey): evidence for grey, evidence in zip(_GREYS, turned, strict=True)}
    evidences |= {View(plane): _of_colour(samples, plane) for plane in (BLUE, RED)}
    # A line is broader in the other views; that must not hide what is plain beside it.
    lines = {view: Lines.of(plain).joined(Lines.of(evidence)) for view, evidence in evidences.items()}
    found = {
        view: propose(evidence * (allowed & lines[view].off()), lines[view], view)
        for view, evidence in evidences.items()
    }
    greys = [place for view in found if view.grey is not None for place in found[view]]
    coloured = [place for view in found if view.plane != LUMA for place in found[view]]
    places = also(found[_PLAIN], greys) + coloured
    return sorted(places, key=lambda place: -place.strength), lines


def _of_colour(samples: Samples, plane: int) -> Field:
    """Return the evidence (h, w) of what stays in a difference of colour."""
    found = persistences(samples.chroma[:, :, :, plane - 1], samples.weights, ())[0].evidence
    height, width = samples.shape
    return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _inside(region: Region, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    allowed = np.zeros(shape, bool)
    left, top, right, bottom = region.pixels(shape[1], shape[0])
    allowed[top:bottom, left:right] = True
    return allowed


def _sighting(track: Track, shape: tuple[int, int]) -> Sighting:
    return Sighting(_region(track.box, shape), track.contrast, track.probability, track.changes)


def _region(box: Box, shape: tuple[int, ...]) -> Region:
    left, top, right, bottom = box
    height, width = shape
    return Region(x=left / width, y=top / height, width=(right - left) / width, height=(bottom - top) / height)


def _joined(tracks: list[Track], tracker: Tracker) -> list[Track]:
    """Join marks that lie near each other and come and go together: the parts of one."""
    done: list[Track] = []
    for track in tracks:
        partner = next((other for other in done if _belong(track, other)), None)
        whole = None if partner is None else _whole(track, partner, tracker)
        if partner is None or whole is None:
            done.append(track)
        else:
            done[done.index(partner)] = whole
    return done


def _doubles(one: Track, other: Track) -> bool:
    """Tell whether a mark is what was found before, or lies upon it without being a part of it."""
    return overlap(one.box, other.box) and (one.view == other.view or not _alike(one, other))


def _whole(part: Track, first: Track, tracker: Tracker) -> Track | None:
    """Return the mark that has two parts."""
    box = union(part.box, first.box)
    if part.view == first.view:
        return tracker.track(box, first.view)
    # A light part and a grey one can't be followed together; the clearer one tells when both are there.
    return replace(max(part, first, key=lambda track: track.contrast), box=box)


def _whole_marks(tracks: Sequence[Track], samples: Samples) -> list[Track]:
    """Return marks with all that belongs to them, the clearest first; what lies within another is a part of it."""
    done: list[Track] = []
    for track in sorted(tracks, key=lambda one: -one.contrast):
        if any(_part_of(track, other) for other in done):
            continue
        if verdict.kind(_sighting(track, samples.shape), samples.times) in (Kind.BUG, Kind.ALWAYS):
            others = [other.box for other in tracks if other.changes or not _alike(track, other)]
            box = reach(samples, Seen(track.box, track.probability), others)
            track = replace(track, box=box)
        done.append(track)
    return done


def _part_of(track: Track, other: Track) -> bool:
    """Tell whether a mark lies in another one's box, for the most part, and comes and goes with it."""
    return _share_within(track.box, other.box) > _MOSTLY and _alike(track, other)


def _share_within(box: Box, other: Box) -> float:
    """Return how large a share of a box lies in another one."""
    left, top, right, bottom = box
    across = min(right, other[2]) - max(left, other[0])
    down = min(bottom, other[3]) - max(top, other[1])
    return max(across, 0) * max(down, 0) / ((right - left) * (bottom - top))


def _alike(one: Track, other: Track, share: float = _ALIKE) -> bool:
    """Tell whether two marks are there, or not, at the same times, for a share of the time."""
    return float(((one.probability > 0.5) == (other.probability > 0.5)).mean()) > share


def _belong(one: Track, other: Track) -> bool:
    sides = [side for box in (one.box, other.box) for side in (box[2] - box[0], box[3] - box[1])]
    same = one.changes == other.changes  # a clock beside a bug is not a part of it
    if one.view != other.view and overlap(one.box, other.box):
        return _alike(one, other)
    return same and _alike(one, other, _TOGETHER) and gap(one.box, other.box) <= max(sides) // 3


def _likeness(track: Track, samples: Samples) -> Picture:
    """Return a mark's brightness, opaque, from the searched pictures: something to show of those not chosen."""
    left, top, right, bottom = track.box
    there = np.flatnonzero(track.probability > 0.5)
    chosen = there if len(there) else np.arange(len(samples.times))
    mean = samples.luma[chosen, top:bottom, left:right].mean(axis=0)
    grey = np.asarray(np.rint(mean), np.uint8)
    return np.dstack([grey, grey, grey, np.full(grey.shape, 255, np.uint8)])


def _fullest_frame(finding: Finding, sources: Sequence[Path]) -> Picture | None:
    """Return a whole picture with as many of the marks on it as any has; clear marks count more."""
    if not len(finding.times):
        return None
    fullness = sum((mark.score * mark.presence for mark in finding.marks), np.zeros(len(finding.times)))
    everything = Region(x=0, y=0, width=1, height=1)
    return cuts(sources, everything, [float(finding.times[int(np.argmax(fullness))])])[0]


def _with_logo(mark: Mark, times: NDArray[np.float64], sources: Sequence[Path], pixels: int) -> Mark:
    """Return the mark with its likeness cut out of pictures of the footage's own size, so many pixels."""
    wide = _widened(mark.box)
    most = max(2 * FEWEST, int(_PIXELS / max(1.0, wide.width * wide.height * pixels)))
    present = _spread(np.flatnonzero(mark.presence > _SURE), min(most, _PRESENT))
    absent = _spread(np.flatnonzero(mark.presence < 1 - _SURE), min(most, _ABSENT))
    if len(present) < FEWEST:
        return mark
    chosen = np.sort(np.concatenate([present, absent]))
    pictures = np.stack(cuts(sources, wide, times[chosen].tolist()))
    there = np.isin(chosen, present)
    try:
        logo = cut_out(pictures[there], pictures[~there] if len(absent) else None)
    except ModelError:
        return mark
    return replace(mark, logo=_cropped(logo, mark.box, wide))


def _spread(indices: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    if len(indices) <= most:
        return indices
    return np.asarray(indices[np.linspace(0, len(indices) - 1, most).astype(int)])


def _widened(box: Region) -> Region:
    left, top = max(0.0, box.x - _MARGIN * box.width), max(0.0, box.y - _MARGIN * box.height)
    right = min(1.0, box.x + box.width * (1 + _MARGIN))
    bottom = min(1.0, box.y + box.height * (1 + _MARGIN))
    return Region(x=left, y=top, width=right - left, height=bottom - top)


def _cropped(logo: Picture, box: Region, wide: Region) -> Picture:
    height, width = logo.shape[:2]
    left, right = (round((x - wide.x) / wide.width * width) for x in (box.x, box.x + box.width))
    top, bottom = (round((y - wide.y) / wide.height * height) for y in (box.y, box.y + box.height))
    return np.ascontiguousarray(logo[max(top, 0) : bottom, max(left, 0) : right])
