"""Crops of a bug's corner from footage in which it is known where the bug is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np

from streamproc.errors import ConfigError
from streamproc.inference.card import Region
from streamproc.media.decoder import Frame, decode_frames, decode_keyframes
from streamproc.media.files import FileFootage
from streamproc.media.footage import Epoch
from streamproc.training import backgrounds
from streamproc.training.backgrounds import Group
from streamproc.training.composite import overlay, resize_logo
from streamproc.training.dataset import Crops, Picture, Shows, as_input, pan, through_coder
from streamproc.training.logos import LIKE, drawn_logo, foreign_logo

_ENOUGH = 120  # frames a class; with fewer keyframes than that, frames between them are taken too
_MOST = 500  # frames a class that are kept
_FEWEST = 20  # frames a class without which there is nothing to learn from
_BLOCKS = 16  # stretches a class; every fourth is held out
_SLACK = 0.03  # of the region's size, kept around it to shift about in
_WORST_CRF = 32.0  # what comes from footage was starved once already; twice, and a faint bug would be gone
_LOT = 40  # crops in one trip through the encoder

Span = tuple[Fraction, Fraction]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Ranges:
    """What is known of the footage: seconds from its beginning, ends exclusive."""

    programme: Sequence[Span]
    """Where the bug is on the picture."""
    advert: Sequence[Span]
    """Where it is not; may be empty in what was found rather than given: a bug that never goes."""

    def check(self) -> None:
        """Raise ConfigError for missing, empty or contradictory ranges."""
        for name, spans in (("programme", self.programme), ("advert", self.advert)):
            if not spans:
                raise ConfigError(f"no {name} range is given; both kinds are needed to learn from")
            for start, end in spans:
                if start < 0 or end <= start:
                    raise ConfigError(f"the {name} range from {float(start):g} s to {float(end):g} s is empty")
        for start, end in self.programme:
            for other, until in self.advert:
                if start < until and other < end:
                    raise ConfigError(
                        f"programme from {float(start):g} s to {float(end):g} s overlaps "
                        f"advert from {float(other):g} s to {float(until):g} s"
                    )


@dataclass(frozen=True, slots=True)
class _Look:
    """What is kept of one frame."""

    near: Picture
    """The region and a little around it."""
    elsewhere: Picture | None
    """A part of the region's size from another place of the frame; None when there is no room."""


class Material:
    """Frames of both classes, and pictures from elsewhere."""

    def __init__(
        self,
        looks: tuple[list[_Look], list[_Look]],
        grounds: Sequence[Group],
        size: tuple[int, int],
        logo: Picture | None,
    ) -> None:
        (self._programme, self._advert), self._grounds, self._size, self._logo = looks, grounds, size, logo

    def crops(self, count: int, rng: np.random.Generator) -> Crops:
        """Draw a data set: shifted, coded again, scaled; other logos over two in five that have no bug."""
        images: list[Picture] = []
        shows: list[Shows] = []
        while len(images) < count:
            lot = [self._one(rng) for _ in range(_LOT)]
            tile = max(part.shape[0] for _, part in lot), max(part.shape[1] for _, part in lot)
            padded = [[_padded(part, tile)] for _, part in lot]
            coded = through_coder(padded, rng, _WORST_CRF) if rng.random() < 0.6 else padded
            for (kind, part), (picture, *_) in zip(lot, coded, strict=True):
                images.append(as_input(picture[: part.shape[0], : part.shape[1]], self._size, rng))
                shows.append(kind)
        targets = np.array([kind is Shows.BUG for kind in shows], np.float32)
        return Crops(np.stack(images[:count]), targets[:count], tuple(shows[:count]))

    def _one(self, rng: np.random.Generator) -> tuple[Shows, Picture]:
        if rng.random() < 0.40:
            return Shows.BUG, _shaken(_pick(self._programme, rng).near, rng)
        ground = self._ground(rng)
        if rng.random() < 0.6:
            return Shows.NOTHING, ground
        other = drawn_logo(rng) if self._logo is None else foreign_logo(rng, self._logo, LIKE)
        return Shows.FOREIGN, _with_logo(ground, other, rng)

    def _ground(self, rng: np.random.Generator) -> Picture:
        """Return a picture without the bug: the corner in an advert, another place of a frame, or a drawn one."""
        choice = rng.random()
        if choice < 0.5 and self._advert:
            return _shaken(_pick(self._advert, rng).near, rng)
        look = _pick(self._programme if choice < 0.7 or not self._advert else self._advert, rng)
        if choice < 0.85 and look.elsewhere is not None:
            return look.elsewhere
        picture = _pick(_pick(self._grounds, rng).pictures, rng)
        height, width = _shaken(look.near, rng).shape[:2]
        return pan(picture, width, height, rng)[0]


def labelled_crops(
    sources: Sequence[Path],
    ranges: Ranges,
    region: Region,
    size: tuple[int, int],
    rng: np.random.Generator,
    *,
    logo: Picture | None = None,
    least_advert: int = _FEWEST,
) -> tuple[Material, Material]:
    """Read the footage; return what to learn from and, from other stretches, what to be examined on.

    size: of the network's input. logo: what is to be learnt, (h, w, 4) uint8 RGBA, where it is known: others are drawn
    in its manner. least_advert: frames of adverts without which nothing can be learnt; where there are
    none at all, what has no bug comes from elsewhere in the pictures.
    Raises ConfigError (too little footage) and SourceError.
    """
    taken = [_looks(sources, spans, region, rng) for spans in (ranges.programme, ranges.advert)]
    for name, looks, least in zip(("programme", "advert"), taken, (_FEWEST, least_advert), strict=True):
        if len(looks) < least:
            raise ConfigError(f"the {name} ranges hold {len(looks)} frames; at least {least} are needed")
    halves = [_split(looks) for looks in taken]
    grounds = backgrounds.split(backgrounds.photographs())
    sides = [
        Material(
            (halves[0][side], halves[1][side]),
            [*grounds[side], *[backgrounds.drawn(rng, 40)] * len(grounds[side])],
            size,
            logo,
        )
        for side in (0, 1)
    ]
    return sides[0], sides[1]


def _looks(sources: Sequence[Path], spans: Sequence[Span], region: Region, rng: np.random.Generator) -> list[_Look]:
    frames = list(_frames(sources, spans, region, rng, every_frame=False))
    if len(frames) < _ENOUGH:
        frames = list(_frames(sources, spans, region, rng, every_frame=True))
    return frames


def _frames(
    sources: Sequence[Path], spans: Sequence[Span], region: Region, rng: np.random.Generator, *, every_frame: bool
) -> Iterator[_Look]:
    begun = Fraction(0)
    for epoch in FileFootage(sources).epochs():
        for start, end in spans:
            first, last = max(start - begun, Fraction(0)), min(end - begun, epoch.end())
            if first < last:
                stride = _stride(epoch, (first, last), spans, every_frame=every_frame)
                chosen = decode_frames(epoch, first, last) if every_frame else decode_keyframes(epoch, first, last)
                for number, frame in enumerate(chosen):
                    if number % stride == 0:
                        yield _look(frame, region, rng)
        begun += epoch.end()


def _stride(epoch: Epoch, span: Span, spans: Sequence[Span], *, every_frame: bool) -> int:
    """Return that of so many frames one is to be kept, for the class to stay below its limit."""
    length = sum((end - start for start, end in spans), Fraction(0))
    if every_frame:
        return max(1, int(length * (epoch.format.video.rate or 25) / _ENOUGH))
    here = len(epoch.keyframe_times(*span)) / float(span[1] - span[0])
    return max(1, int(here * float(length) / _MOST))


def _look(frame: Frame, region: Region, rng: np.random.Generator) -> _Look:
    left, top, right, bottom = region.pixels(frame.width, frame.height)
    extra_x, extra_y = (int(_SLACK * side) // 2 * 2 for side in (right - left, bottom - top))
    wide = (
        max(0, left - extra_x),
        max(0, top - extra_y),
        min(frame.width // 2 * 2, right + extra_x),
        min(frame.height // 2 * 2, bottom + extra_y),
    )
    width, height = right - left, bottom - top
    x = int(rng.integers(0, max(1, frame.width - width))) // 2 * 2
    y = int(rng.integers(0, max(1, frame.height - height))) // 2 * 2
    apart = x + width <= left or x >= right or y + height <= top or y >= bottom
    elsewhere = frame.crop((x, y, x + width, y + height)) if apart else None
    return _Look(frame.crop(wide), elsewhere)


def _split(looks: list[_Look]) -> tuple[list[_Look], list[_Look]]:
    """Split by stretches of time, never by frame: neighbours look alike."""
    block = max(1, -(-len(looks) // _BLOCKS))
    held_out = [look for index, look in enumerate(looks) if index // block % 4 == 3]
    return [look for index, look in enumerate(looks) if index // block % 4 != 3], held_out


def _pick(choices: Sequence[_T], rng: np.random.Generator) -> _T:
    return choices[int(rng.integers(len(choices)))]


def _shaken(near: Picture, rng: np.random.Generator) -> Picture:
    """Cut the region out of its surroundings, a little off its place."""
    height, width = (round(side / (1 + 2 * _SLACK)) for side in near.shape[:2])
    top = int(rng.integers(0, near.shape[0] - height + 1))
    left = int(rng.integers(0, near.shape[1] - width + 1))
    return near[top : top + height, left : left + width]


def _padded(picture: Picture, tile: tuple[int, int]) -> Picture:
    """Grow a picture to whole macroblocks of the lot's largest."""
    height, width = (-(-side // 16) * 16 for side in tile)
    below, beside = height - picture.shape[0], width - picture.shape[1]
    return np.pad(picture, ((0, below), (0, beside), (0, 0)), mode="edge")


def _with_logo(ground: Picture, logo: Picture, rng: np.random.Generator) -> Picture:
    """Put a logo somewhere on a picture, every second one in the middle, where the bug is."""
    height, width = ground.shape[:2]
    scale = rng.uniform(0.4, 0.9) * min(width / logo.shape[1], height / logo.shape[0])
    logo = resize_logo(logo, max(2, round(logo.shape[1] * scale)), max(2, round(logo.shape[0] * scale)))
    middle = rng.random() < 0.5
    left, top = (
        (rng.normal(0.5, 0.05) if middle else rng.uniform(0, 1)) * room
        for room in (width - logo.shape[1], height - logo.shape[0])
    )
    return overlay(ground, logo, left, top, rng.uniform(0.4, 1))
