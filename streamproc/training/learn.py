"""Learns a channel's bug: from footage alone, from a picture of the logo, or from footage with labels.

TensorFlow is imported when training starts, not when this module is.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from streamproc.errors import ModelError
from streamproc.inference.card import Region
from streamproc.training import backgrounds, course, find
from streamproc.training.backgrounds import Group
from streamproc.training.composite import fit
from streamproc.training.course import Course, LearnReport, LearnSettings
from streamproc.training.dataset import Crops, Picture, Subject, make_crops
from streamproc.training.labelled import Ranges, labelled_crops
from streamproc.training.locate import Located, locate
from streamproc.training.logos import check_logo, read_logo
from streamproc.training.presence import ranges_of
from streamproc.training.real import lines_of, scenery, stills

__all__ = [
    "LearnReport",
    "LearnSettings",
    "learn_from_footage",
    "learn_from_labels",
    "learn_from_logo",
    "learn_picture",
]

_INPUT_AREA = 4400  # pixels of the network's input, whatever its shape
_REFERENCE = (1920, 1080)  # the picture in which margins are measured
_ANY_OPACITY = (0.3, 1.0)
_CUT_OPACITY = (0.85, 1.0)  # of a logo cut out of the footage, whose own alpha is that on air
_FEED_CRF = 36.0  # the most starved coding that is drawn where the channel's own feed is there to learn from
_LARGEST = 0.4  # of the picture's width and height, that a bug may take
_EXAMINED = 10  # pictures learnt from, for each that is held out
_DRAWN = 0.5  # share of drawn pictures among those learnt from, where there is footage with the bug


def learn_from_footage(
    sources: Sequence[Path],
    out: Path,
    settings: LearnSettings | None = None,
    *,
    region: Region | None = None,
    choice: int | None = None,
) -> LearnReport:
    """Find the bug in footage about which nothing is known, train its model from that footage, and write it.

    sources: five minutes or more of the channel, best with an advert break. region: where to look; everywhere when
    None. choice: the number of the mark to take. When it can't be told which mark is the bug, ``out``/marks.png shows
    them, numbered, and the error says so.
    Raises ModelError (no bug, too little footage, several marks), SourceError (the footage), ConfigError (settings).
    """
    settings = settings or LearnSettings()
    settings.check()
    begun = time.monotonic()
    finding = find.find_bug(sources, region=region, choice=choice, progress=settings.progress)
    mark = _chosen(finding, sources, out)
    ranges = ranges_of(finding.times, mark.presence)
    if not ranges.programme:
        raise ModelError(
            f"{sources[0]}: the mark at {_place(mark.box)} is never there for long enough to learn from; "
            "give more footage, or another mark with --choose"
        )
    seen = with_margin(mark.box, settings.margin)
    subject = Subject(
        logo=mark.logo,
        box=mark.box,
        region=seen,
        opacity=_CUT_OPACITY,
        input_size=input_size(seen),
        lines=lines_of(sources),
        worst_crf=_FEED_CRF,
    )
    lesson, examination = _lessons(sources, ranges, subject, settings)
    lessons = Course(
        region=seen,
        input_size=subject.input_size,
        lesson=lesson,
        examination=examination,
        data=_data([path.name for path in sources]),
        notes=_notes(finding, ranges),
        mask=mark.logo,
        frame=None if finding.frame is None else _boxed(finding.frame, mark.box),
    )
    return course.run(lessons, out, settings, begun)


def learn_from_logo(
    logo: Path, box: Region | None, sources: Sequence[Path], out: Path, settings: LearnSettings | None = None
) -> LearnReport:
    """Train a channel's model from its logo and the place where it lies, and write it to a folder.

    logo: a PNG with alpha. box: where the logo's edges lie; it is fitted in, centred, keeping its shape.
    sources: footage to put it over. If the bug is on it, its place, size and opacity are measured there, and the box
    may be left out or be a rough one.
    Raises ModelError (the logo; not found in the footage while there is no box), SourceError, ConfigError (settings).
    """
    return learn_picture(read_logo(logo), box, sources, out, settings or LearnSettings())


def learn_picture(
    logo: Picture, box: Region | None, sources: Sequence[Path], out: Path, settings: LearnSettings
) -> LearnReport:
    """Do what :func:`learn_from_logo` does, for a logo that is in memory already: (h, w, 4) uint8 RGBA."""
    begun = time.monotonic()
    settings.check()
    logo = check_logo(logo, "logo")
    if box is not None:
        subject_of(logo, box, settings)  # refuses what can't be learnt before anything is read
    located = locate(logo, sources, within=box, progress=settings.progress) if sources else None
    notes = _located_notes(located, box, sources)
    place = located.box if located is not None else box
    assert place is not None
    subject = subject_of(logo, place, settings, located)
    if sources:
        subject = replace(subject, lines=lines_of(sources))
    rng = np.random.default_rng(settings.seed)
    footage = scenery(sources, subject.region, settings.progress)
    taught, held_out = _ground(footage, rng)
    lesson, examination = _drawn(subject, taught, held_out, settings, rng)
    names = tuple(dict.fromkeys(group.name for group in footage))
    frame = _boxed(next(stills(sources[0], 1)), subject.box) if sources else None
    lessons = Course(
        region=subject.region,
        input_size=subject.input_size,
        lesson=lesson,
        examination=examination,
        data=_data(names),
        notes=notes,
        mask=logo,
        frame=frame,
    )
    return course.run(lessons, out, settings, begun)


def learn_from_labels(
    sources: Sequence[Path], ranges: Ranges, box: Region, out: Path, settings: LearnSettings | None = None
) -> LearnReport:
    """Train a channel's model from footage in which it is known where programme and adverts are.

    box: where the bug's edges lie; the network sees it with the margin of the settings.
    Raises SourceError (the footage), ConfigError (ranges, settings).
    """
    settings = settings or LearnSettings()
    settings.check()
    ranges.check()
    begun = time.monotonic()
    rng = np.random.default_rng(settings.seed)
    region = with_margin(box, settings.margin)
    size = input_size(region)
    settings.progress("reading footage", 0.0)
    taught, held_out = labelled_crops(sources, ranges, region, size, rng)
    settings.progress("drawing pictures", 0.0)
    lesson = taught.crops(settings.crops, rng)
    examination = held_out.crops(_examined(settings.crops), rng)
    settings.progress("drawing pictures", 1.0)
    lessons = Course(
        region=region,
        input_size=size,
        lesson=lesson,
        examination=examination,
        data=_data([path.name for path in sources]),
    )
    return course.run(lessons, out, settings, begun)


def input_size(region: Region) -> tuple[int, int]:
    """Return the network's input, width and height, for a region: its shape on a 16:9 picture, in multiples of 8."""
    aspect = region.width * _REFERENCE[0] / (region.height * _REFERENCE[1])
    width = round((_INPUT_AREA * aspect) ** 0.5 / 8) * 8
    height = round((_INPUT_AREA / aspect) ** 0.5 / 8) * 8
    return min(max(width, 24), 184), min(max(height, 24), 184)


def with_margin(box: Region, margin: float) -> Region:
    """Return a box grown on all sides by a share of its shorter side, kept inside the picture."""
    extra = margin * min(box.width * _REFERENCE[0], box.height * _REFERENCE[1])
    left, right = (max(0.0, box.x - extra / _REFERENCE[0]), min(1.0, box.x + box.width + extra / _REFERENCE[0]))
    top, bottom = (max(0.0, box.y - extra / _REFERENCE[1]), min(1.0, box.y + box.height + extra / _REFERENCE[1]))
    return Region(x=left, y=top, width=right - left, height=bottom - top)


def _chosen(finding: find.Finding, sources: Sequence[Path], out: Path) -> find.Mark:
    """Return the mark that is the bug; else show the marks, if there are any, and raise ModelError."""
    if finding.chosen is not None:
        return finding.chosen
    if not finding.marks:
        raise ModelError(f"{sources[0]}: {finding.message}")
    course.make_folder(out)
    picture = out / "marks.png"
    find.draw_marks(finding, picture)
    raise ModelError(f"{sources[0]}: {finding.message} (the marks are numbered in {picture})")


def _lessons(sources: Sequence[Path], ranges: Ranges, subject: Subject, settings: LearnSettings) -> tuple[Crops, Crops]:
    """Return what to learn from and what to be examined on: the footage's own pictures, and drawn ones."""
    rng = np.random.default_rng(settings.seed)
    settings.progress("reading footage", 0.0)
    taught, held_out = labelled_crops(
        sources, ranges, subject.region, subject.input_size, rng, logo=subject.logo, least_advert=0
    )
    grounds = _ground(scenery(sources, subject.region, settings.progress), rng)
    drawn = replace(settings, crops=round(settings.crops * _DRAWN))
    lesson, examination = _drawn(subject, *grounds, drawn, rng)
    own = settings.crops - drawn.crops
    return (
        joined(lesson, taught.crops(own, rng)),
        joined(examination, held_out.crops(_examined(own), rng)),
    )


def _drawn(
    subject: Subject,
    taught: Sequence[Group],
    held_out: Sequence[Group],
    settings: LearnSettings,
    rng: np.random.Generator,
) -> tuple[Crops, Crops]:
    settings.progress("drawing pictures", 0.0)
    lesson = make_crops(subject, taught, settings.crops, rng)
    settings.progress("drawing pictures", 0.8)
    examination = make_crops(subject, held_out, _examined(settings.crops), rng)
    settings.progress("drawing pictures", 1.0)
    return lesson, examination


def _examined(crops: int) -> int:
    return max(200, crops // _EXAMINED)


def joined(first: Crops, second: Crops) -> Crops:
    """Return two data sets as one."""
    return Crops(
        np.concatenate([first.images, second.images]),
        np.concatenate([first.targets, second.targets]),
        first.shows + second.shows,
    )


def subject_of(logo: Picture, box: Region, settings: LearnSettings, located: Located | None = None) -> Subject:
    """Return a logo, (h, w, 4) uint8 RGBA, fitted into a box as what is to be drawn and learnt.

    Raises ModelError: the box is larger than any bug, or the logo would be too small to be told from others.
    """
    if max(box.width, box.height) > _LARGEST:
        raise ModelError(
            f"the region takes {box.width:.0%} of the picture's width and {box.height:.0%} of its height: a bug takes "
            f"{_LARGEST:.0%} at most; give the box of the logo alone"
        )
    fitted, left, top = fit(logo, box, *_REFERENCE)
    if min(fitted.shape[:2]) < 12:
        raise ModelError(
            f"the logo would be {fitted.shape[1]}×{fitted.shape[0]} pixels in a picture of 1080 lines; "
            "at least 12×12 are needed to tell it from others: check the region"
        )
    tight = Region(
        x=max(0.0, left / _REFERENCE[0]),
        y=max(0.0, top / _REFERENCE[1]),
        width=fitted.shape[1] / _REFERENCE[0],
        height=fitted.shape[0] / _REFERENCE[1],
    )
    region = with_margin(tight, settings.margin)
    span = _opacity(settings.opacity, located)
    return Subject(logo=logo, box=tight, region=region, opacity=span, input_size=input_size(region))


def _opacity(given: float | None, located: Located | None) -> tuple[float, float]:
    """Return the least and greatest opacity on air: as given, about what was measured, or any."""
    if given is not None:
        return given, given
    if located is None:
        return _ANY_OPACITY
    return 0.8 * located.opacity, min(1.0, 1.4 * located.opacity)  # it is measured low on thin lines


def _located_notes(located: Located | None, box: Region | None, sources: Sequence[Path]) -> list[str]:
    """Say what became of the search for the logo. Raises ModelError when there is no place to put it."""
    if located is not None:
        return [f"The logo was found in the footage at {_place(located.box)}, about {located.opacity:.0%} opaque."]
    if box is None:
        where = (
            f"{sources[0]}: the logo was not found in the footage" if sources else "there is no footage to find it in"
        )
        raise ModelError(f"{where}; give its place with --region x,y,width,height")
    if sources:
        return ["The logo was not found in the footage; it was put where the region says, at any opacity."]
    return []


def _place(box: Region) -> str:
    return f"{box.x:.3f},{box.y:.3f},{box.width:.3f},{box.height:.3f}"


def _notes(finding: find.Finding, ranges: Ranges) -> list[str]:
    def minutes(spans: Sequence[tuple[Fraction, Fraction]]) -> float:
        return float(sum((end - start for start, end in spans), Fraction(0))) / 60

    notes = [
        finding.message,
        f"Learnt from {minutes(ranges.programme):.1f} minutes with the bug and {minutes(ranges.advert):.1f} without; "
        "which is which was found in the footage, not told by a person.",
    ]
    if not ranges.advert:
        notes.append("No advert was seen: pictures without the bug are other parts of the footage, and drawn ones.")
    return notes


def _boxed(frame: Picture, box: Region) -> Picture:
    """Return a copy of a picture with a box around a region."""
    height, width = frame.shape[:2]
    left, top, right, bottom = box.pixels(width, height)
    boxed = np.ascontiguousarray(frame).copy()
    cv2.rectangle(boxed, (left - 3, top - 3), (right + 2, bottom + 2), (255, 220, 0), max(1, height // 360))
    return boxed


def _ground(footage: Sequence[Group], rng: np.random.Generator) -> tuple[list[Group], list[Group]]:
    """Return backgrounds to learn from and to be examined on: footage and photographs apart, drawn scenes anew."""
    sides = []
    photographs = backgrounds.split(backgrounds.photographs())
    for part, photos, scenes in zip(backgrounds.split(footage), photographs, (120, 30), strict=True):
        drawn = backgrounds.drawn(rng, scenes)
        # A recording holds many pictures and a photograph one: each kind gets a like share of the crops.
        weight = max(1, len(photos) // max(1, len(part)))
        sides.append([*photos, *part * weight, *[drawn] * max(1, len(photos) // 2)])
    return sides[0], sides[1]


def _data(footage: Sequence[str]) -> list[str]:
    """Say in words what the network saw."""
    return [
        "scenes, captions and other logos drawn by streamproc.training, seeded",
        f"photographs that ship with scikit-image ({', '.join(backgrounds.PHOTOGRAPHS)})",
        *(f"footage: {name}" for name in footage),
    ]
