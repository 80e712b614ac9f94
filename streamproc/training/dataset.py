"""Pictures of a logo's corner with and without the logo, as they come out of a decoder.

Clips of a few frames are drawn at the size the region has in 360 to 1080 lines, laid side by side, sent through a
real encoder together, and cut apart again. Each crop carries the probability that the network shall give it: the bug
counts as there from half of its nominal opacity on, and near that edge the target rises smoothly, so that the network
learns to be unsure exactly there and the change point of a fade lands on its middle.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.inference.card import Region
from streamproc.media.coding import code_and_decode
from streamproc.training import backgrounds
from streamproc.training.backgrounds import Group
from streamproc.training.composite import fit, overlay, resize_logo
from streamproc.training.logos import LIKE, drawn_logo, foreign_logo

Picture = NDArray[np.uint8]

HEIGHTS = (360, 480, 576, 720, 720, 1080, 1080)
"""Lines of the pictures that are drawn; those that stand twice are drawn twice as often."""
WORST_CRF = 42.0
"""Coding as starved as any channel's: x264's constant quality."""
FRAMES = 4  # of a clip: the keyframe and what hangs on it
KEPT = 3  # of those, in the data set: the keyframe and two others
_TILES = 40  # clips in one trip through the encoder, at most
_OWN_LINES = 0.6  # share of what is drawn at the channel's own picture size, where that is known
_LARGEST = 240  # pixels of the larger side of other logos: as large as a bug gets, and quick to scale


class Shows(StrEnum):
    """What a crop shows."""

    BUG = "bug"
    VARIANT = "bug, decorated or grey"
    FADE = "fade"
    NOTHING = "nothing"
    FOREIGN = "foreign logo"
    ELSEWHERE = "bug elsewhere"
    CAPTION = "caption"


_BT601 = np.array([[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]])
_BT709 = np.array([[0.2126, 0.7152, 0.0722], [-0.1146, -0.3854, 0.5], [0.5, -0.4542, -0.0458]])
_MISREAD = (np.linalg.inv(_BT709) @ _BT601, np.linalg.inv(_BT601) @ _BT709)
"""What colours become when a stream does not say, or wrongly says, which matrix made its luma and chroma."""

_SHARES = {
    Shows.BUG: 0.34,
    Shows.VARIANT: 0.04,
    Shows.FADE: 0.14,
    Shows.NOTHING: 0.10,
    Shows.FOREIGN: 0.26,
    Shows.ELSEWHERE: 0.06,
    Shows.CAPTION: 0.06,
}
"""Of what is drawn; twins come on top."""
_TWINS = (Shows.BUG, Shows.VARIANT)
"""Drawn with and without the bug. Where it can hardly be seen, only their likeness keeps the ground from deciding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The logo to learn and where it lies."""

    logo: Picture
    """(h, w, 4) uint8 RGBA."""
    box: Region
    """Where the logo itself lies."""
    region: Region
    """What the network sees: the box and a margin."""
    opacity: tuple[float, float]
    """Least and greatest opacity on air; both the same when it is known."""
    input_size: tuple[int, int]
    """Width and height of the network's input, pixels."""
    lines: int | None = None
    """Height of the channel's picture, where it is known; others are drawn as well."""
    worst_crf: float = WORST_CRF
    """How starved the channel's coding may be: x264's constant quality."""

    @property
    def edge(self) -> float:
        """The opacity from which on the bug counts as there: half of the least nominal one."""
        return self.opacity[0] / 2

    def target(self, opacity: float) -> float:
        """Return the probability to be learnt for a bug of this opacity; 0.5 at the edge, within 5e-5 of 0 at 0."""
        return float(1 / (1 + np.exp(-10 * (opacity / self.edge - 1))))


@dataclass(frozen=True, slots=True)
class Crops:
    """A labelled data set."""

    images: NDArray[np.uint8]
    """(N, h, w, 3) RGB, at the network's input size."""
    targets: NDArray[np.float32]
    """(N,), the probability to be learnt."""
    shows: tuple[Shows, ...]
    """What each shows."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """The region at one picture size, in pixels."""

    width: int
    height: int
    logo: Picture
    left: float
    top: float
    """Of the logo, within the region."""


def make_crops(
    subject: Subject, groups: Sequence[Group], count: int, rng: np.random.Generator, foreign: Sequence[Picture] = ()
) -> Crops:
    """Draw a data set; the same seed gives the same one.

    groups: the backgrounds. foreign: other channels' logos (RGBA) to use beside the drawn ones.
    """
    images: list[Picture] = []
    targets: list[float] = []
    shows: list[Shows] = []
    while len(images) < count:
        stage = _stage(subject, _lines(subject, rng))
        painter = _Painter(subject, stage, groups, foreign, rng)
        clips: list[_Clip] = []
        while len(clips) < _tiles(stage):
            clips += painter.clips(_draw_kind(rng))
        coded = through_coder([clip.frames for clip in clips], rng, subject.worst_crf)
        for clip, frames in zip(clips, coded, strict=True):
            for number in (0, *rng.choice(np.arange(1, FRAMES), KEPT - 1, replace=False)):
                images.append(as_input(frames[number][: stage.height, : stage.width], subject.input_size, rng))
                targets.append(clip.targets[number])
                shows.append(clip.shows)
    return Crops(np.stack(images[:count]), np.array(targets[:count], np.float32), tuple(shows[:count]))


@dataclass(frozen=True, slots=True)
class _Clip:
    frames: list[Picture]
    targets: list[float]
    shows: Shows


class _Painter:
    """Draws clips of one picture size."""

    def __init__(
        self,
        subject: Subject,
        stage: _Stage,
        groups: Sequence[Group],
        foreign: Sequence[Picture],
        rng: np.random.Generator,
    ) -> None:
        self._subject, self._stage, self._groups, self._foreign, self._rng = subject, stage, groups, foreign, rng
        self._small = _reduced(subject.logo)
        self._by_kind: dict[Shows, Callable[[list[Picture]], tuple[list[Picture], list[float]]]] = {
            Shows.BUG: self._bug,
            Shows.VARIANT: self._variant,
            Shows.FADE: self._fade,
            Shows.NOTHING: lambda frames: (frames, [0.0] * FRAMES),
            Shows.FOREIGN: self._foreign_logo,
            Shows.ELSEWHERE: self._elsewhere,
            Shows.CAPTION: self._caption,
        }

    def clips(self, shows: Shows) -> list[_Clip]:
        """Draw a clip; one with the whole bug comes with its twin: the very same pictures without it."""
        ground = self._ground()
        frames, opacities = self._by_kind[shows](ground)
        clips = [_Clip(frames, [self._subject.target(opacity) for opacity in opacities], shows)]
        if shows in _TWINS:
            clips.append(_Clip(ground, [self._subject.target(0)] * FRAMES, Shows.NOTHING))
        return clips

    def _ground(self) -> list[Picture]:
        rng, stage = self._rng, self._stage
        width, height = _tile(stage)
        if rng.random() < 0.12:
            return pan(backgrounds.flat(rng), width, height, rng)
        group = self._groups[int(rng.integers(len(self._groups)))]
        picture = group.pictures[int(rng.integers(len(group.pictures)))]
        return _relight(pan(picture, width, height, rng), rng)

    def _bug(self, frames: list[Picture]) -> tuple[list[Picture], list[float]]:
        if self._rng.random() < 0.1:
            frames = self._caption(frames)[0]
        return self._blend_bug(frames, [self._nominal()] * FRAMES)

    def _variant(self, frames: list[Picture]) -> tuple[list[Picture], list[float]]:
        """Draw the bug as on holidays, with ornaments, snow or a tint, or as in mourning, without colour."""
        rng, stage = self._rng, self._stage
        logo = stage.logo.copy()
        kind = int(rng.integers(4))
        if kind == 0:
            logo[:, :, :3] = cv2.cvtColor(np.ascontiguousarray(logo[:, :, :3]), cv2.COLOR_RGB2GRAY)[:, :, None]
        elif kind == 1:
            logo[:, :, :3] = np.rint(logo[:, :, :3] * rng.uniform(0.7, 1, 3) + rng.uniform(0, 60, 3)).clip(0, 255)
        elif kind == 2:
            _snow(logo, rng)
        bugged, opacities = self._blend_bug(frames, [self._nominal()] * FRAMES, logo)
        if kind == 3:
            ornament = drawn_logo(rng)
            scale = rng.uniform(0.25, 0.5) * stage.logo.shape[0] / ornament.shape[0]
            ornament = resize_logo(ornament, *(max(3, round(side * scale)) for side in ornament.shape[1::-1]))
            left = stage.left + rng.uniform(-0.1, 1) * stage.logo.shape[1] - ornament.shape[1] / 2
            top = stage.top + (rng.choice(np.array([0.0, 1.0])) * stage.logo.shape[0]) - ornament.shape[0] / 2
            bugged = [overlay(frame, ornament, left, top, rng.uniform(0.5, 1)) for frame in bugged]
        return bugged, opacities

    def _fade(self, frames: list[Picture]) -> tuple[list[Picture], list[float]]:
        nominal = self._nominal()
        if self._rng.random() < 0.5:
            start, end = self._rng.permutation([self._rng.uniform(-0.5, 0.4), self._rng.uniform(0.6, 1.5)])
            steps = np.linspace(start, end, FRAMES).clip(0, 1)
        else:
            steps = np.full(FRAMES, self._rng.random())
        # With an unknown nominal opacity the edge is one of absolute opacity: fades must run down to it.
        return self._blend_bug(frames, [float(step) * nominal for step in steps])

    def _foreign_logo(self, frames: list[Picture]) -> tuple[list[Picture], list[float]]:
        rng, stage = self._rng, self._stage
        other = self._other()
        size = rng.uniform(0.7, 1.3)
        scale = min(stage.logo.shape[1] * size / other.shape[1], stage.logo.shape[0] * size / other.shape[0])
        other = resize_logo(other, max(2, round(other.shape[1] * scale)), max(2, round(other.shape[0] * scale)))
        left = stage.left + (stage.logo.shape[1] - other.shape[1]) / 2 + rng.normal(0, 0.12) * stage.logo.shape[1]
        top = stage.top + (stage.logo.shape[0] - other.shape[0]) / 2 + rng.normal(0, 0.12) * stage.logo.shape[0]
        opacity = rng.uniform(0.35, 1)
        return [overlay(frame, other, left, top, opacity) for frame in frames], [0.0] * FRAMES

    def _other(self) -> Picture:
        if self._foreign and self._rng.random() < 0.5:
            return self._foreign[int(self._rng.integers(len(self._foreign)))]
        return foreign_logo(self._rng, self._small, LIKE)

    def _elsewhere(self, frames: list[Picture]) -> tuple[list[Picture], list[float]]:
        rng, stage = self._rng, self._stage
        angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 0.8)
        left = stage.left + np.cos(angle) * away * stage.logo.shape[1]
        top = stage.top + np.sin(angle) * away * stage.logo.shape[0]
        if max(abs(np.cos(angle)), abs(np.sin(angle))) * away < 0.35:
            return frames, [0.0] * FRAMES
        return [overlay(frame, stage.logo, left, top, self._nominal()) for frame in frames], [0.0] * FRAMES

    def _caption(self, frames: list[Picture]) -> tuple[list[Picture], list[float]]:
        rng = self._rng
        height, width = frames[0].shape[:2]
        size = int(rng.uniform(0.15, 0.6) * height) + 4
        origin = (int(rng.uniform(-0.5, 0.6) * width), int(rng.uniform(0.2, 1.1) * height))
        colour = tuple(int(value) for value in (rng.integers(0, 256, 3) if rng.random() < 0.4 else [255] * 3))
        text = backgrounds.words(rng)
        for frame in frames:
            backgrounds.write(frame, text, origin, colour, size)
        return frames, [0.0] * FRAMES

    def _nominal(self) -> float:
        return float(self._rng.uniform(*self._subject.opacity))

    def _blend_bug(
        self, frames: list[Picture], opacities: list[float], drawn: Picture | None = None
    ) -> tuple[list[Picture], list[float]]:
        """Blend the bug in, a little off its place and size, as no channel's bug sits to the pixel where it should."""
        rng, stage = self._rng, self._stage
        scale = rng.normal(1, 0.012, 2).clip(0.96, 1.04)
        height, width = (max(2, round(side * factor)) for side, factor in zip(stage.logo.shape[:2], scale, strict=True))
        logo = resize_logo(stage.logo if drawn is None else drawn, width, height)
        slack = max(0.5, 0.012 * stage.logo.shape[1])
        left = stage.left + (stage.logo.shape[1] - width) / 2 + rng.normal(0, slack)
        top = stage.top + (stage.logo.shape[0] - height) / 2 + rng.normal(0, slack)
        pairs = zip(frames, opacities, strict=True)
        return [overlay(frame, logo, left, top, opacity) for frame, opacity in pairs], opacities


def _stage(subject: Subject, lines: int) -> _Stage:
    width = round(lines * 16 / 9 / 2) * 2
    left, top, right, bottom = subject.region.pixels(width, lines)
    logo, logo_left, logo_top = fit(subject.logo, subject.box, width, lines)
    return _Stage(right - left, bottom - top, logo, logo_left - left, logo_top - top)


def _lines(subject: Subject, rng: np.random.Generator) -> int:
    if subject.lines is not None and rng.random() < _OWN_LINES:
        return subject.lines
    return int(rng.choice(HEIGHTS))


def _reduced(logo: Picture) -> Picture:
    scale = min(1.0, _LARGEST / max(logo.shape[:2]))
    return logo if scale == 1 else resize_logo(logo, *(max(1, round(side * scale)) for side in logo.shape[1::-1]))


def _snow(logo: Picture, rng: np.random.Generator) -> None:
    """Put a white cap on the upper part of a logo's shape. Changes the logo."""
    depth = max(1, round(rng.uniform(0.1, 0.3) * logo.shape[0]))
    covered = logo[:, :, 3] > 60
    above = np.roll(covered, depth, axis=0)
    above[:depth] = False
    logo[covered & ~above, :3] = 245


def _tile(stage: _Stage) -> tuple[int, int]:
    """Return the region's size rounded up to whole macroblocks, so that neighbours share no block."""
    return -(-stage.width // 16) * 16, -(-stage.height // 16) * 16


def _columns(stage: _Stage) -> int:
    return max(1, 1280 // _tile(stage)[0])


def _tiles(stage: _Stage) -> int:
    return min(_TILES, _columns(stage) * max(1, 768 // _tile(stage)[1]))


def _draw_kind(rng: np.random.Generator) -> Shows:
    return list(_SHARES)[int(rng.choice(len(_SHARES), p=list(_SHARES.values())))]


def pan(picture: Picture, width: int, height: int, rng: np.random.Generator) -> list[Picture]:
    """Cut a moving window out of a picture, anywhere, at a random scale: FRAMES pictures, (height, width, 3)."""
    speed = rng.normal(0, 3, 2) if rng.random() < 0.6 else np.zeros(2)
    reach = np.abs(speed) * FRAMES + 2
    need = np.array([width, height]) + reach
    most = min(picture.shape[1] / need[0], picture.shape[0] / need[1])
    scale = float(min(most, np.exp(rng.uniform(np.log(0.35), np.log(3)))))
    size = np.ceil(need * scale).astype(int).clip(1, [picture.shape[1], picture.shape[0]])
    left, top = (int(rng.integers(0, room + 1)) for room in (picture.shape[1] - size[0], picture.shape[0] - size[1]))
    window = picture[top : top + size[1], left : left + size[0]]
    if rng.random() < 0.5:
        window = window[:, ::-1]
    target = tuple(int(side) for side in np.ceil(need))
    still = cv2.resize(window, target, interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR)
    if not speed.any():
        return [np.ascontiguousarray(still[:height, :width]) for _ in range(FRAMES)]
    middle = np.array(still.shape[1::-1]) / 2 - 0.5
    centres = [middle + speed * (number - (FRAMES - 1) / 2) for number in range(FRAMES)]
    return [np.asarray(cv2.getRectSubPix(still, (width, height), centre.tolist()), np.uint8) for centre in centres]


def _relight(frames: list[Picture], rng: np.random.Generator) -> list[Picture]:
    """Change light and colour of a shot: some dark, some blown out, most as they are."""
    gain, lift = rng.uniform(0.6, 1.3), rng.normal(0, 15)
    kind = rng.random()
    if kind < 0.1:
        gain, lift = rng.uniform(0.1, 0.5), rng.uniform(-10, 10)
    elif kind < 0.25:
        gain, lift = rng.uniform(0.3, 1.2), rng.uniform(80, 200)
    gains = gain * rng.normal(1, 0.08, 3)
    table = np.rint(np.arange(256)[:, None] * gains + lift).clip(0, 255).astype(np.uint8)
    return [np.asarray(cv2.LUT(frame, table[None]), np.uint8) for frame in frames]


def through_coder(
    clips: list[list[Picture]], rng: np.random.Generator, worst_crf: float = WORST_CRF
) -> list[list[Picture]]:
    """Send clips of one size and length through H.264 side by side, from nearly lossless to starved.

    One lot in twelve stays uncoded. Sides are multiples of 16, so that neighbours share no macroblock.
    """
    if rng.random() < 1 / 12:
        return clips
    height, width = clips[0][0].shape[:2]
    columns = min(len(clips), max(1, 1280 // width))
    rows = -(-len(clips) // columns)
    walls = [np.zeros((rows * height, columns * width, 3), np.uint8) for _ in clips[0]]
    places = [(index // columns * height, index % columns * width) for index in range(len(clips))]
    for (top, left), clip in zip(places, clips, strict=True):
        for wall, frame in zip(walls, clip, strict=True):
            wall[top : top + height, left : left + width] = frame
    crf = float(rng.triangular(14, 26, worst_crf))
    seen = code_and_decode(walls, crf=crf)
    return [[wall[top : top + height, left : left + width] for wall in seen] for top, left in places]


def as_input(crop: Picture, size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """Scale a crop as the daemon does; one in five went through a smaller picture before."""
    if rng.random() < 0.2:
        factor = rng.uniform(0.4, 0.9)
        small = cv2.resize(crop, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        crop = np.asarray(cv2.resize(small, crop.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < 0.3:
        crop = np.asarray(cv2.transform(crop, _MISREAD[int(rng.integers(2))]), np.uint8)
    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
