"""Learns from crops of a bug's corner that somebody has sorted: one folder with the bug, one without.

A few hundred crops are few, and what lies behind the bug on them is whatever was on that day. So they are shown
shifted, scaled, relit and coded anew; the bug is cut out of them, and laid over other crops, photographs and drawn
scenes; and other logos are laid where it would be. Crops of one folder are one recording: what a model is examined on
must come from others than it learnt from.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ConfigError, SourceError
from streamproc.inference.card import Region
from streamproc.training import backgrounds, course
from streamproc.training.backgrounds import Group
from streamproc.training.composite import overlay, resize_logo
from streamproc.training.course import Course, LearnReport, LearnSettings
from streamproc.training.cutout import FEWEST, cut_out, strengths
from streamproc.training.dataset import FRAMES, Crops, Picture, Shows, as_input, pan, through_coder
from streamproc.training.learn import input_size
from streamproc.training.logos import foreign_logo

WITH_BUG, WITHOUT_BUG = "logo", "no_logo"
"""Names of the two folders in a recording's folder."""

_T = TypeVar("_T")

_LOT = 40  # crops in one trip through the encoder
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
_VISIBLE = 2.0  # levels that a bug must change its pixels by, on average, to be learnt from
_PARTLY_WHITE = 0.2  # of the grounds: there a white bug can be seen in part only
_OTHER_LOOK = 0.12  # of the crops must show a look of the bug for it to be cut out as one of its own


@dataclass(frozen=True, slots=True)
class SortedCrops:
    """Crops of one recording."""

    images: Picture
    """(N, h, w, 3) uint8 RGB, scaled to one size."""
    present: NDArray[np.bool_]
    """(N,), whether the bug is said to be there."""
    names: tuple[str, ...]
    """Where each came from: recording/folder/file."""

    def chosen(self, which: NDArray[np.bool_]) -> "SortedCrops":
        """Return those that ``which``, (N,), says."""
        names = tuple(name for name, taken in zip(self.names, which, strict=True) if taken)
        return SortedCrops(self.images[which], self.present[which], names)

    def as_is(self) -> Crops:
        """Return them unchanged as a data set to be examined on."""
        shows = tuple(Shows.BUG if there else Shows.NOTHING for there in self.present)
        return Crops(self.images, self.present.astype(np.float32), shows)


def learn_from_crops(
    folders: Sequence[Path], region: Region, out: Path, settings: LearnSettings | None = None
) -> LearnReport:
    """Train a channel's model from crops that are sorted into ``logo`` and ``no_logo``, and write it to a folder.

    folders: one a recording; of several, every fourth (at least one) is held out for the examination. region: which
    part of the picture was cut out, margins and all. The settings' margin and opacity are of no account.
    Raises SourceError (the crops), ConfigError (too few of them, settings), ModelError (no bug can be cut out).
    """
    begun = time.monotonic()
    settings = settings or LearnSettings()
    settings.check()
    if not folders:
        raise ConfigError("no folder of crops is given; there is nothing to learn from")
    size = input_size(region)
    taught, held_out, notes = _apart([read_crops(folder, size) for folder in folders])
    rng = np.random.default_rng(settings.seed)
    photographs = backgrounds.photographs()
    grounds = [*photographs, *[backgrounds.drawn(rng, 120)] * (len(photographs) // 2)]
    lesson = Lesson(taught, grounds, size)
    wrong = [name for name, bad in zip(taught.names, lesson.doubtful, strict=True) if bad]
    if wrong:
        notes.append(f"{len(wrong)} crops look like the contrary of their folder and were left out: {', '.join(wrong)}")
    settings.progress("drawing pictures", 0.0)
    drawn = lesson.crops(settings.crops, rng)
    settings.progress("drawing pictures", 1.0)
    data = [f"crops sorted by hand: {folder.name}" for folder in folders]
    plan = Course(region=region, input_size=size, lesson=drawn, examination=held_out.as_is(), data=data, notes=notes)
    return course.run(plan, out, settings, begun)


def _apart(recordings: list[SortedCrops]) -> tuple[SortedCrops, SortedCrops, list[str]]:
    """Return what to learn from, what to be examined on, and what must be said about it."""
    if len(recordings) > 1:
        held_out = recordings[min(3, len(recordings) - 1) :: 4]
        kept = [recording for recording in recordings if not any(recording is other for other in held_out)]
        return joined(kept), joined(held_out), []
    only = recordings[0]
    last = np.arange(len(only.names)) % 4 == 3
    note = "All crops are of one recording: those held out resemble those learnt from, and the figures are too good."
    return only.chosen(~last), only.chosen(last), [note]


def read_crops(folder: Path, size: tuple[int, int]) -> SortedCrops:
    """Read a recording's folders ``logo`` and ``no_logo``; crops are scaled to ``size``, width and height.

    Raises SourceError: a folder is missing or empty, a file is not a picture.
    """
    images: list[Picture] = []
    present: list[bool] = []
    names: list[str] = []
    for kind in (WITH_BUG, WITHOUT_BUG):
        paths = sorted(path for path in (folder / kind).glob("*") if path.suffix.lower() in _SUFFIXES)
        if not paths:
            raise SourceError(f"{folder / kind}: holds no picture; crops lie in {WITH_BUG}/ and {WITHOUT_BUG}/")
        for path in paths:
            images.append(_read(path, size))
            present.append(kind == WITH_BUG)
            names.append(f"{folder.name}/{kind}/{path.name}")
    return SortedCrops(np.stack(images), np.array(present), tuple(names))


def joined(parts: Sequence[SortedCrops]) -> SortedCrops:
    """Return the crops of several recordings as one. Raises ConfigError when there are none or their sizes differ."""
    if len({part.images.shape[1:] for part in parts}) != 1:
        raise ConfigError("crops can be joined when there are some and all have one size")
    names = tuple(name for part in parts for name in part.names)
    return SortedCrops(
        np.concatenate([part.images for part in parts]), np.concatenate([part.present for part in parts]), names
    )


def looks(crops: SortedCrops) -> list[Picture]:
    """Cut out the bug as it looks on the crops, the commonest look first: one to three (h, w, 4) uint8 RGBA.

    Some channels show their bug solid in programmes and translucent, or at another size, in trailers. Each round cuts
    out the look that most of the remaining crops agree on and puts these aside. Raises ModelError: too few crops.
    """
    rest, absent = crops.images[crops.present], crops.images[~crops.present]
    found: list[Picture] = []
    least = max(FEWEST, round(_OTHER_LOOK * len(rest)))
    while len(found) < 3 and (not found or len(rest) >= least):
        look = cut_out(rest, absent)
        found.append(look)
        strength = strengths(look, rest)
        usual = float(np.quantile(strength, 0.75))
        rest = rest[np.abs(strength - usual) > 0.25 * abs(usual)]
    return found


def doubtful(crops: SortedCrops, cut: Sequence[Picture]) -> NDArray[np.bool_]:
    """Return (N,), which crops look like the contrary of what they are sorted as, judged by the bug's looks.

    Without the bug, but a look of it stands out at more than 0.38 of its strength; or with it, and none reaches 0.15.
    Sorting by hand goes wrong in about one crop of a hundred, and a bug learnt as none does more harm than one missing.
    """
    strongest = np.max([strengths(look, crops.images) for look in cut], axis=0)
    return np.asarray(np.where(crops.present, strongest < 0.15, strongest > 0.38), np.bool_)


class Lesson:
    """Draws a data set from sorted crops: the bug on them, cut out of them, and what is not the bug."""

    def __init__(self, crops: SortedCrops, grounds: Sequence[Group], size: tuple[int, int]) -> None:
        """crops: of all recordings to learn from. grounds: other pictures. size: of the network's input."""
        with_bug, without = int(crops.present.sum()), int((~crops.present).sum())
        if min(with_bug, without) < FEWEST:
            raise ConfigError(
                f"{with_bug} crops with the bug, {without} without; at least {FEWEST} of each are needed to learn from"
            )
        self._looks = looks(crops)
        self.doubtful = doubtful(crops, self._looks)
        """(N,), which crops are not learnt from, see :func:`doubtful`."""
        self._present = list(crops.images[crops.present & ~self.doubtful])
        self._absent = list(crops.images[~crops.present & ~self.doubtful])
        self._grounds, self._size = grounds, size

    def crops(self, count: int, rng: np.random.Generator) -> Crops:
        """Draw so many; the same seed gives the same ones."""
        images: list[Picture] = []
        shows: list[Shows] = []
        while len(images) < count:
            lot = [self._one(rng) for _ in range(_LOT)]
            tile = [-(-side // 16) * 16 for side in lot[0][1].shape[:2]]
            padded = [[_padded(picture, tile)] for _, picture in lot]
            coded = through_coder(padded, rng) if rng.random() < 0.3 else padded
            for (kind, picture), (seen, *_) in zip(lot, coded, strict=True):
                images.append(as_input(seen[: picture.shape[0], : picture.shape[1]], self._size, rng))
                shows.append(kind)
        targets = np.array([kind is Shows.BUG for kind in shows], np.float32)
        return Crops(np.stack(images[:count]), targets[:count], tuple(shows[:count]))

    def _one(self, rng: np.random.Generator) -> tuple[Shows, Picture]:
        choice = rng.random()
        if choice < 0.2:
            return Shows.BUG, moved(_pick(self._present, rng), rng)
        if choice < 0.5:
            return Shows.BUG, moved(self._with_bug(rng), rng)
        if choice < 0.65:
            return Shows.NOTHING, moved(_pick(self._absent, rng), rng)
        if choice < 0.85:
            return Shows.NOTHING, self._ground(rng)
        return Shows.FOREIGN, self._with_foreign_logo(rng)

    def _with_bug(self, rng: np.random.Generator) -> Picture:
        look = _pick(self._looks, rng)
        for _ in range(8):
            ground = self._ground(rng)
            seen = overlay(ground, look, 0, 0, rng.uniform(0.85, 1))
            # White on white can't be learnt: the same picture stands for both answers.
            if cv2.absdiff(seen, ground)[look[:, :, 3] > 0].mean() >= _VISIBLE:
                break
        return seen

    def _ground(self, rng: np.random.Generator) -> Picture:
        ground = self._lit(rng)
        return backgrounds.partly_white([ground], rng)[0] if rng.random() < _PARTLY_WHITE else ground

    def _lit(self, rng: np.random.Generator) -> Picture:
        height, width = self._absent[0].shape[:2]
        choice = rng.random()
        if choice < 0.25:
            ground = _pick(self._absent, rng)
        elif choice < 0.4:
            ground = backgrounds.flat(rng, height, width)
        else:
            picture = _pick(_pick(self._grounds, rng).pictures, rng)
            ground = pan(picture, width, height, rng)[int(rng.integers(FRAMES))]
        if rng.random() < 0.35:  # blown out, in part or wholly: there a white bug is hard to see
            lit = ground * rng.uniform(0.5, 1.3) + rng.uniform(60, 200)
            return np.asarray(lit.clip(0, rng.choice(np.array([235, 255]))), np.uint8)
        return np.ascontiguousarray(ground, np.uint8)

    def _with_foreign_logo(self, rng: np.random.Generator) -> Picture:
        ground = self._ground(rng)
        height, width = ground.shape[:2]
        other = foreign_logo(rng, _pick(self._looks, rng))
        scale = rng.uniform(0.6, 1.3) * min(width / other.shape[1], height / other.shape[0])
        other = resize_logo(other, max(2, round(other.shape[1] * scale)), max(2, round(other.shape[0] * scale)))
        left, top = rng.uniform(-0.2, 1, 2) * (width - other.shape[1], height - other.shape[0])
        return overlay(ground, other, float(left), float(top), rng.uniform(0.35, 1))


def moved(crop: Picture, rng: np.random.Generator) -> Picture:
    """Return a crop shifted and scaled as crops are that were cut by hand: some per cent, now and then up to a fifth.

    crop: (h, w, 3) uint8 RGB; edges are continued by mirroring. Of every two, one is a little brighter or darker.
    """
    height, width = crop.shape[:2]
    reach = 0.18 if rng.random() < 0.1 else 0.05
    scale = float(np.exp(rng.normal(0, 0.03)))
    shift = rng.uniform(-reach, reach, 2) * (width, height)
    matrix = np.array(
        [
            [scale, 0, (1 - scale) * width / 2 + shift[0]],
            [0, scale, (1 - scale) * height / 2 + shift[1]],
        ]
    )
    seen = cv2.warpAffine(crop, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    if rng.random() < 0.5:
        seen = cv2.convertScaleAbs(seen, alpha=rng.uniform(0.8, 1.08))
    return np.asarray(seen, np.uint8)


def _read(path: Path, size: tuple[int, int]) -> Picture:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise SourceError(f"{path}: is not a picture that can be read")
    shrinks = picture.shape[0] * picture.shape[1] >= size[0] * size[1]
    scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.ascontiguousarray(scaled[:, :, ::-1], np.uint8)


def _padded(picture: Picture, tile: Sequence[int]) -> Picture:
    below, beside = tile[0] - picture.shape[0], tile[1] - picture.shape[1]
    return np.pad(picture, ((0, below), (0, beside), (0, 0)), mode="edge")


def _pick(choices: Sequence[_T], rng: np.random.Generator) -> _T:
    return choices[int(rng.integers(len(choices)))]
