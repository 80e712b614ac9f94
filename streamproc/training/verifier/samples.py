"""Crops of a screen's corner with any of many logos, with another one, or with none, as they come out of a decoder.

Lots of clips with logos of like shape are drawn at one picture size and go through the encoder together, as in
:mod:`streamproc.training.dataset`, whose coding, panning and scaling are used. A crop keeps what was shown; what it is
an example *of* depends on the reference that it is later paired with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.inference.card import Region
from streamproc.inference.verifier import INPUT, surroundings
from streamproc.training import backgrounds
from streamproc.training.backgrounds import Group
from streamproc.training.composite import fit, overlay, resize_logo
from streamproc.training.dataset import FRAMES, HEIGHTS, as_input, pan, through_coder
from streamproc.training.logos import distorted, drawn_logo
from streamproc.training.verifier.shelf import Shelf

Picture = NDArray[np.uint8]

_WIDTHS = (0.035, 0.13)  # of a logo, as a share of the picture's
_OPACITIES = (0.28, 1.0)
_TALLEST = 0.2  # share of the picture's height
_NARROWEST = 5  # pixels of a logo's shorter side
_LIKE_SHAPED = 60  # neighbours by aspect from which a lot is taken
_TILES = 40


class Shows(IntEnum):
    """What a crop shows."""

    LOGO = 0
    """The logo at an opacity at which it counts as there."""
    FADE = 1
    """The logo at any opacity."""
    NOTHING = 2
    FOREIGN = 3
    """Something else in its place: a drawn logo, or the logo itself mirrored, torn or in other colours."""
    ELSEWHERE = 4
    """The logo, clearly off its place."""
    CAPTION = 5


_SHARES = {
    Shows.LOGO: 0.56,
    Shows.FADE: 0.06,
    Shows.NOTHING: 0.2,
    Shows.FOREIGN: 0.11,
    Shows.ELSEWHERE: 0.04,
    Shows.CAPTION: 0.03,
}


@dataclass(frozen=True, slots=True)
class Samples:
    """Crops, not yet paired with references. N of them; all arrays have N rows."""

    images: NDArray[np.uint8]
    """(N, h, w, 3) RGB, at the network's input size."""
    home: NDArray[np.int32]
    """Whose logo's surroundings are shown: an index on the shelf."""
    shows: NDArray[np.int8]
    """:class:`Shows`."""
    opacity: NDArray[np.float32]
    """Of the logo; 0 where it is not shown."""

    def __len__(self) -> int:
        return len(self.home)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one logo lies within its crop, in pixels."""

    home: int
    logo: Picture
    left: float
    top: float
    crop_width: int
    crop_height: int


def draw_samples(shelf: Shelf, groups: Sequence[Group], count: int, rng: np.random.Generator) -> Samples:
    """Draw crops; the same seed gives the same ones. groups: what the logos are put over."""
    order = np.argsort(shelf.aspects(), kind="stable")
    rows: list[tuple[Picture, int, int, float]] = []
    while len(rows) < count:
        lines = int(rng.choice(HEIGHTS))
        share = float(np.exp(rng.uniform(*np.log(_WIDTHS))))
        middle = int(rng.integers(len(order)))
        first = max(0, min(middle - _LIKE_SHAPED // 2, len(order) - _LIKE_SHAPED))
        near = order[first : first + _LIKE_SHAPED]
        places = [_place(shelf, int(home), lines, share, rng) for home in rng.choice(near, _TILES)]
        height = max(-(-place.crop_height // 16) * 16 for place in places)
        width = max(-(-place.crop_width // 16) * 16 for place in places)
        places = places[: max(1, 1280 // width) * max(1, 768 // height)]
        clips = [_clip(place, groups, (width, height), rng) for place in places]
        coded = through_coder([frames for frames, _, _ in clips], rng)
        for place, (_, shows, opacities), frames in zip(places, clips, coded, strict=True):
            for number in (0, int(rng.integers(1, FRAMES))):
                crop = frames[number][: place.crop_height, : place.crop_width]
                rows.append((as_input(crop, INPUT, rng), place.home, shows, opacities[number]))
    del rows[count:]
    images, home, shown, opacity = zip(*rows, strict=True)
    return Samples(
        np.stack(images),
        np.array(home, np.int32),
        np.array(shown, np.int8),
        np.array(opacity, np.float32),
    )


def _place(shelf: Shelf, home: int, lines: int, share: float, rng: np.random.Generator) -> _Place:
    """Put a logo's box somewhere in a picture, and cut its surroundings out as the daemon does."""
    logo, picture_width = shelf.logos[home], round(lines * 16 / 9 / 2) * 2
    aspect = logo.shape[1] / logo.shape[0]
    width = min(share * picture_width, _TALLEST * lines * aspect)
    width = max(width, _NARROWEST * max(1.0, aspect), _NARROWEST)
    size = width / picture_width, width / aspect / lines
    room = Region(x=rng.uniform(0.05, 0.75), y=rng.uniform(0.06, 0.7), width=size[0], height=size[1])
    fitted, left, top = fit(logo, room, picture_width, lines)
    crop = surroundings(room).pixels(picture_width, lines)
    return _Place(home, fitted, left - crop[0], top - crop[1], crop[2] - crop[0], crop[3] - crop[1])


def _clip(
    place: _Place, groups: Sequence[Group], size: tuple[int, int], rng: np.random.Generator
) -> tuple[list[Picture], Shows, list[float]]:
    frames = _ground(groups, size, rng)
    shows = list(_SHARES)[int(rng.choice(len(_SHARES), p=list(_SHARES.values())))]
    opacities = [0.0] * FRAMES
    if shows is Shows.CAPTION or (shows is Shows.LOGO and rng.random() < 0.06):
        _caption(frames, rng)
    if shows is Shows.LOGO:
        opacities = [_opacity(rng)] * FRAMES
        frames = _with_logo(frames, place, opacities, rng)
    elif shows is Shows.FADE:
        opacities = _fade(rng)
        frames = _with_logo(frames, place, opacities, rng)
    elif shows is Shows.FOREIGN:
        frames = _with_foreign(frames, place, rng)
    elif shows is Shows.ELSEWHERE:
        frames = _with_strayed(frames, place, rng)
    return frames, shows, opacities


def _opacity(rng: np.random.Generator) -> float:
    """Low opacities, the hard ones, come more often."""
    least, most = _OPACITIES
    return float(least + (most - least) * rng.random() ** 1.5)


def _fade(rng: np.random.Generator) -> list[float]:
    if rng.random() < 0.4:
        start, end = rng.permutation([0.0, rng.uniform(0.4, 1)])
        return [float(step) for step in np.linspace(start, end, FRAMES)]
    return [float(rng.uniform(0, 0.3))] * FRAMES


def _ground(groups: Sequence[Group], size: tuple[int, int], rng: np.random.Generator) -> list[Picture]:
    if rng.random() < 0.12:
        return pan(backgrounds.flat(rng), *size, rng)
    group = groups[int(rng.integers(len(groups)))]
    picture = group.pictures[int(rng.integers(len(group.pictures)))]
    return _relit(pan(picture, *size, rng), rng)


def _relit(frames: list[Picture], rng: np.random.Generator) -> list[Picture]:
    """Change light and colour of a shot: some nearly black, more of them blown out, most as they are."""
    gain, lift, kind = rng.uniform(0.6, 1.3), rng.normal(0, 15), rng.random()
    if kind < 0.1:
        gain, lift = rng.uniform(0.1, 0.5), rng.uniform(-10, 10)
    elif kind < 0.25:
        gain, lift = rng.uniform(0.3, 1.2), rng.uniform(80, 200)
    levels = np.arange(256)[:, None] * (gain * rng.normal(1, 0.08, 3)) + lift
    table = np.rint(levels).clip(0, 255).astype(np.uint8)[None]
    return [np.asarray(cv2.LUT(frame, table), np.uint8) for frame in frames]


def _with_logo(frames: list[Picture], place: _Place, opacities: list[float], rng: np.random.Generator) -> list[Picture]:
    """Blend the logo in, a little off its place and size: a region given by hand is never exact."""
    height, width = place.logo.shape[:2]
    factor = rng.normal(1, 0.02, 2).clip(0.94, 1.06) * rng.normal(1, 0.015)
    logo = resize_logo(place.logo, max(2, round(width * factor[0])), max(2, round(height * factor[1])))
    slack = max(0.4, 0.018 * (width * height) ** 0.5)
    left = place.left + (width - logo.shape[1]) / 2 + rng.normal(0, slack)
    top = place.top + (height - logo.shape[0]) / 2 + rng.normal(0, slack)
    return [overlay(frame, logo, left, top, opacity) for frame, opacity in zip(frames, opacities, strict=True)]


def _with_foreign(frames: list[Picture], place: _Place, rng: np.random.Generator) -> list[Picture]:
    other = distorted(rng, place.logo) if rng.random() < 0.5 else drawn_logo(rng)
    height, width = place.logo.shape[:2]
    scale = rng.uniform(0.6, 1.4) * min(width / other.shape[1], height / other.shape[0])
    other = resize_logo(other, max(2, round(other.shape[1] * scale)), max(2, round(other.shape[0] * scale)))
    left = place.left + (width - other.shape[1]) / 2 + rng.normal(0, 0.15) * width
    top = place.top + (height - other.shape[0]) / 2 + rng.normal(0, 0.15) * height
    opacity = _opacity(rng)
    return [overlay(frame, other, left, top, opacity) for frame in frames]


def _with_strayed(frames: list[Picture], place: _Place, rng: np.random.Generator) -> list[Picture]:
    height, width = place.logo.shape[:2]
    away = rng.uniform(0.35, 0.8) * np.array([width, height]) * rng.choice(np.array([-1, 1]), 2)
    opacity = _opacity(rng)
    return [overlay(frame, place.logo, place.left + away[0], place.top + away[1], opacity) for frame in frames]


def _caption(frames: list[Picture], rng: np.random.Generator) -> None:
    height, width = frames[0].shape[:2]
    size = int(rng.uniform(0.15, 0.6) * height) + 4
    origin = (int(rng.uniform(-0.5, 0.6) * width), int(rng.uniform(0.2, 1.1) * height))
    colour = tuple(int(value) for value in (rng.integers(0, 256, 3) if rng.random() < 0.4 else [255] * 3))
    text = backgrounds.words(rng)
    for frame in frames:
        backgrounds.write(frame, text, origin, colour, size)
