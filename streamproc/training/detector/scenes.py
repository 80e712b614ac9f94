"""Whole pictures with bugs and with what is not a bug, as they come out of a decoder.

A ground (footage, a photograph, a drawn scene, a page of text) gets captions, tickers, clocks and packshots, which are
not to be found, and bugs, which are; goes through H.264; and is scaled to what the network sees. There are more bugs
in a picture than on air: each is something to learn from, and the ground between them costs the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.media.coding import code_and_decode
from streamproc.training import backgrounds
from streamproc.training.composite import overlay, resize_logo, trim
from streamproc.training.detector.material import Material
from streamproc.training.logos import drawn_logo

Picture = NDArray[np.uint8]
Boxes = NDArray[np.float32]
Rectangle = tuple[float, float, float, float]

WIDTH, HEIGHT = 512, 288
"""Of what the network sees, pixels."""
LINES = (360, 360, 360, 480, 576, 576, 720, 720, 1080)
"""Lines of the pictures that are drawn; those that stand twice are drawn twice as often."""
SEEN = 5.0
"""Levels of 255 by which a bug changes the picture under it, on average, to count: less, and nobody can see it."""
_TALLEST = 0.16  # of the picture's height
_ALIKE = 8  # pictures of one recording that count: more of them show the same again
_DRAWN = 0.15  # share of bugs that are drawn and not a channel's


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How pictures are drawn."""

    bugs: tuple[float, ...] = (0.06, 0.1, 0.16, 0.2, 0.2, 0.16, 0.12)
    """Probability of 0, 1, 2 … bugs in a picture."""
    corners: float = 0.6
    """Share of bugs that lie in a corner."""
    clutter: float = 1.0
    """Factor on how often captions, tickers, clocks and packshots are drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """A bug in a drawn picture."""

    box: Rectangle
    """Left, top, right, bottom as fractions of the picture."""
    opacity: float
    """0 to 1, beside the logo's own alpha."""
    contrast: float
    """Levels of 255 by which it changes the picture under it, on average."""
    texture: float
    """Standard deviation of the luma under it, levels of 255."""
    light: float
    """Mean luma under it, 0 to 255."""

    @property
    def is_seen(self) -> bool:
        """Whether there is anything to find."""
        return self.contrast >= SEEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A drawn picture."""

    picture: Picture
    """(288, 512, 3) uint8 RGB."""
    bugs: tuple[Bug, ...]
    """What is to be found, and what can't be seen and counts neither way."""
    ground: str
    """What is under it: the group's name."""
    lines: int
    """Of the picture before it was scaled."""


def draw(material: Material, plan: Plan, rng: np.random.Generator) -> Scene:
    """Draw one picture; the same generator state gives the same one."""
    lines = int(rng.choice(LINES))
    name, canvas = _ground(material, lines, rng)
    _clutter(canvas, material, plan, rng)
    bugs: list[Bug] = []
    for _ in range(int(rng.choice(len(plan.bugs), p=plan.bugs))):
        logo, opacity = _logo(material, rng), float(rng.uniform(0.3, 1))
        fitted = _fitted(logo, canvas.shape[1], lines, rng)
        place = _place(fitted, canvas, plan, [bug.box for bug in bugs], rng)
        if place is not None:
            canvas, bug = _blended(canvas, fitted, place, opacity)
            bugs.append(bug)
    return Scene(picture=_seen(canvas, rng), bugs=tuple(bugs), ground=name, lines=lines)


def draw_series(
    material: Material, count: int, present: float, rng: np.random.Generator
) -> tuple[list[Scene], Rectangle]:
    """Draw pictures of one channel: other grounds, and on a share of them the one bug in its one place.

    Returns the pictures and the bug's box, fractions. All pictures have the same number of lines.
    """
    lines, plan = int(rng.choice(LINES)), Plan()
    width = round(lines * 16 / 9 / 2) * 2
    logo, opacity = _fitted(_logo(material, rng), width, lines, rng), float(rng.uniform(0.3, 1))
    place = _place(logo, np.zeros((lines, width, 3), np.uint8), plan, [], rng)
    assert place is not None  # nothing is taken yet
    scenes: list[Scene] = []
    for _ in range(count):
        name, canvas = _ground(material, lines, rng)
        _clutter(canvas, material, plan, rng)
        bugs: tuple[Bug, ...] = ()
        if rng.random() < present:
            canvas, bug = _blended(canvas, logo, place, opacity)
            bugs = (bug,)
        scenes.append(Scene(picture=_seen(canvas, rng), bugs=bugs, ground=name, lines=lines))
    left, top = place
    box = (left / width, top / lines, (left + logo.shape[1]) / width, (top + logo.shape[0]) / lines)
    return scenes, box


def as_input(picture: Picture) -> Picture:
    """Scale a whole picture to what the network sees, as the detector itself does."""
    return np.asarray(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def _ground(material: Material, lines: int, rng: np.random.Generator) -> tuple[str, Picture]:
    """Return a ground's name and a 16:9 picture of so many lines: a part of it, mirrored or not, in another light."""
    width = round(lines * 16 / 9 / 2) * 2
    if rng.random() < 0.06:
        return "flat", backgrounds.flat(rng, lines, width)
    weights = np.array([min(len(group.pictures), _ALIKE) for group in material.grounds], float)
    group = material.grounds[int(rng.choice(len(weights), p=weights / weights.sum()))]
    picture = group.pictures[int(rng.integers(len(group.pictures)))]
    rows, columns = picture.shape[:2]
    wide = min(columns, rows * 16 / 9) * rng.uniform(0.6, 1)
    tall = wide * 9 / 16
    left, top = int(rng.uniform(0, columns - wide)), int(rng.uniform(0, rows - tall))
    part = picture[top : top + max(2, int(tall)), left : left + max(2, int(wide))]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    shrinks = part.shape[1] > width
    scaled = cv2.resize(part, (width, lines), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return group.name, _relit(np.asarray(scaled, np.uint8), rng)


def _relit(picture: Picture, rng: np.random.Generator) -> Picture:
    gain, lift = rng.uniform(0.6, 1.25), rng.normal(0, 12)
    kind = rng.random()
    if kind < 0.1:
        gain, lift = rng.uniform(0.15, 0.5), rng.uniform(-10, 10)
    elif kind < 0.2:
        gain, lift = rng.uniform(0.4, 1.0), rng.uniform(60, 160)
    table = np.arange(256)[:, None] * (gain * rng.normal(1, 0.06, 3)) + lift
    return np.asarray(cv2.LUT(picture, np.rint(table).clip(0, 255).astype(np.uint8)[None]), np.uint8)


def _clutter(canvas: Picture, material: Material, plan: Plan, rng: np.random.Generator) -> None:
    """Draw what is no bug. Changes the canvas."""
    if rng.random() < 0.12 * plan.clutter:
        _packshot(canvas, material, rng)
    kinds: tuple[tuple[float, Callable[[Picture, np.random.Generator], None]], ...] = (
        (0.22, _caption),
        (0.14, _ticker),
        (0.14, _clock),
        (0.1, _subtitle),
        (0.1, _shapes),
    )
    for share, kind in kinds:
        if rng.random() < share * plan.clutter:
            kind(canvas, rng)


def _packshot(canvas: Picture, material: Material, rng: np.random.Generator) -> None:
    """Show a brand large, as an advert does."""
    logo = _logo(material, rng)
    height, width = canvas.shape[:2]
    scale = rng.uniform(0.24, 0.6) * width / logo.shape[1]
    scale = min(scale, 0.8 * height / logo.shape[0])
    large = resize_logo(logo, max(2, round(logo.shape[1] * scale)), max(2, round(logo.shape[0] * scale)))
    if large.shape[1] < 0.2 * width and large.shape[0] < 0.25 * height:
        return
    left, top = rng.uniform(0, width - large.shape[1]), rng.uniform(0, max(1, height - large.shape[0]))
    canvas[:] = overlay(canvas, large, left, top, 1.0)


def _caption(canvas: Picture, rng: np.random.Generator) -> None:
    """Name who speaks: one or two lines on a plate in the lower third."""
    height, width = canvas.shape[:2]
    left, top = int(rng.uniform(0.02, 0.4) * width), int(rng.uniform(0.66, 0.86) * height)
    right, bottom = left + int(rng.uniform(0.25, 0.7) * width), top + int(rng.uniform(0.07, 0.16) * height)
    if rng.random() < 0.8:
        _plate(canvas, (left, top, right, bottom), rng)
    count = int(rng.integers(1, 3))
    size = max(6, int((bottom - top) / count * 0.6))
    for line in range(count):
        baseline = top + int((line + 0.75) * (bottom - top) / count)
        _write(canvas, backgrounds.words(rng, 40), (left + size // 2, baseline), size, rng)


def _ticker(canvas: Picture, rng: np.random.Generator) -> None:
    """Run a line of text along the bottom, seldom the top."""
    height, width = canvas.shape[:2]
    tall = int(rng.uniform(0.045, 0.09) * height)
    top = height - tall - int(rng.uniform(0, 0.06) * height) if rng.random() < 0.85 else int(rng.uniform(0, 20))
    _plate(canvas, (0, top, width, top + tall), rng)
    size = max(6, int(tall * 0.65))
    text = " ".join(backgrounds.words(rng, 30) for _ in range(8))
    _write(canvas, text, (int(rng.uniform(-60, 40)), top + int(tall * 0.76)), size, rng)


def _clock(canvas: Picture, rng: np.random.Generator) -> None:
    """Tell the time, a score or a temperature, where bugs lie, too."""
    height, width = canvas.shape[:2]
    size = max(6, int(rng.uniform(0.03, 0.065) * height))
    digits = rng.integers(0, 60, 4)
    text = str(
        rng.choice(
            [
                f"{digits[0] % 24:02d}:{digits[1]:02d}",
                f"{digits[0]:02d}:{digits[1]:02d}:{digits[2]:02d}",
                f"{digits[0] % 6}:{digits[1] % 6}",
                f"+{digits[0] % 40}°",
                f"{digits[0] * 7}.{digits[1]:02d} {digits[2]}%",
            ]
        )
    )
    wide = int(size * 0.62 * len(text))
    left = int(rng.uniform(0.03, 0.1) * width) if rng.random() < 0.5 else int(rng.uniform(0.88, 0.96) * width) - wide
    baseline = int((rng.uniform(0.08, 0.16) if rng.random() < 0.6 else rng.uniform(0.86, 0.96)) * height)
    if rng.random() < 0.4:
        _plate(canvas, (left - size // 3, baseline - size, left + wide + size // 3, baseline + size // 3), rng)
    _write(canvas, text, (left, baseline), size, rng)


def _subtitle(canvas: Picture, rng: np.random.Generator) -> None:
    """Write what is said, centred at the bottom, or a title anywhere."""
    height, width = canvas.shape[:2]
    size = max(6, int(rng.uniform(0.035, 0.1) * height))
    baseline = int((0.92 if rng.random() < 0.6 else rng.uniform(0.2, 0.9)) * height)
    text = backgrounds.words(rng, 36)
    _write(canvas, text, (int(width / 2 - 0.3 * size * len(text)), baseline), size, rng)


def _shapes(canvas: Picture, rng: np.random.Generator) -> None:
    """Draw a few small hard-edged shapes, as signs, lamps and windows are."""
    height, width = canvas.shape[:2]
    for _ in range(int(rng.integers(1, 6))):
        left, top = int(rng.uniform(0, width)), int(rng.uniform(0, height))
        size = int(rng.uniform(0.01, 0.08) * width)
        _plate(canvas, (left, top, left + size, top + int(size * rng.uniform(0.2, 1.2))), rng)


def _plate(canvas: Picture, box: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    """Blend a rectangle of one colour in."""
    left, top, right, bottom = (max(0, side) for side in box)
    part = canvas[top:bottom, left:right]
    if part.size:
        colour, opacity = rng.integers(0, 256, 3), rng.uniform(0.5, 1)
        part[:] = np.rint(part * (1 - opacity) + colour * opacity)


def _write(canvas: Picture, text: str, origin: tuple[int, int], size: int, rng: np.random.Generator) -> None:
    colour = rng.integers(0, 256, 3) if rng.random() < 0.35 else np.full(3, 255 if rng.random() < 0.8 else 0)
    backgrounds.write(canvas, text, origin, tuple(int(value) for value in colour), size)


def _logo(material: Material, rng: np.random.Generator) -> Picture:
    """Return a bug as a channel would show it: as it is, or in white or grey, or with a shadow."""
    number = int(rng.integers(len(material.logos)))
    logo = trim(drawn_logo(rng)) if rng.random() < _DRAWN else material.logos[number][1]
    kind = rng.random()
    if kind < 0.25:
        logo = _pale(logo, rng)
    elif kind < 0.35:
        logo = _shadowed(logo)
    return logo


def _pale(logo: Picture, rng: np.random.Generator) -> Picture:
    """Take the colour out: shades of white, so that what stood out by its colour alone goes on standing out."""
    luma = logo[:, :, :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    seen = luma[logo[:, :, 3] > 127]
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 255.0)
    least = rng.uniform(120, 255)
    shade = np.full_like(luma, 255.0) if high - low < 40 else least + (luma - low) / (high - low) * (255 - least)
    return np.dstack([*[np.rint(shade).clip(0, 255).astype(np.uint8)] * 3, logo[:, :, 3]])


def _shadowed(logo: Picture) -> Picture:
    """Lay a soft black edge under it."""
    wide = np.pad(logo, ((12, 12), (12, 12), (0, 0)))
    soft = cv2.GaussianBlur(wide[:, :, 3], (0, 0), 5).astype(np.float32) * 0.8
    own = wide[:, :, 3].astype(np.float32)
    alpha = own + soft * (1 - own / 255)
    share = np.divide(own, alpha, out=np.zeros_like(own), where=alpha > 0)[:, :, None]
    colour = np.rint(wide[:, :, :3] * share).astype(np.uint8)
    return np.dstack([colour, np.rint(alpha).clip(0, 255).astype(np.uint8)])


def _fitted(logo: Picture, width: int, height: int, rng: np.random.Generator) -> Picture:
    """Scale to 4 to 12 % of the picture's width, small ones more often, and to no more than 16 % of its height."""
    wide = 0.04 * 3 ** rng.uniform(0, 1) * width
    scale = min(wide / logo.shape[1], _TALLEST * height / logo.shape[0])
    return resize_logo(logo, max(4, round(logo.shape[1] * scale)), max(4, round(logo.shape[0] * scale)))


def _place(
    logo: Picture, canvas: Picture, plan: Plan, taken: list[Rectangle], rng: np.random.Generator
) -> tuple[float, float] | None:
    """Return left and top of a free place, pixels; None when none was found."""
    height, width = canvas.shape[:2]
    room_x, room_y = width - logo.shape[1], height - logo.shape[0]
    for _ in range(8):
        if rng.random() < plan.corners:
            inset_x, inset_y = rng.uniform(0.015, 0.1) * width, rng.uniform(0.02, 0.13) * height
            left = inset_x if rng.random() < 0.5 else room_x - inset_x
            top = inset_y if rng.random() < 0.65 else room_y - inset_y
        else:
            left, top = rng.uniform(0, room_x), rng.uniform(0, room_y)
        gap = 0.02
        box = (left / width - gap, top / height - gap)
        box_end = ((left + logo.shape[1]) / width + gap, (top + logo.shape[0]) / height + gap)
        if all(
            box[0] > other[2] or box_end[0] < other[0] or box[1] > other[3] or box_end[1] < other[1] for other in taken
        ):
            return float(left), float(top)
    return None


def _blended(canvas: Picture, logo: Picture, place: tuple[float, float], opacity: float) -> tuple[Picture, Bug]:
    height, width = canvas.shape[:2]
    left, top = place
    after = overlay(canvas, logo, left, top, opacity)
    rows = slice(int(top), int(top) + logo.shape[0])
    columns = slice(int(left), int(left) + logo.shape[1])
    under, over = canvas[rows, columns].astype(np.int16), after[rows, columns].astype(np.int16)
    cover = logo[: under.shape[0], : under.shape[1], 3] > 64
    change = np.abs(over - under).max(axis=2)
    contrast = float(change[cover].mean()) if cover.any() else 0.0
    luma = under @ np.array([0.299, 0.587, 0.114])
    box = (left / width, top / height, (left + logo.shape[1]) / width, (top + logo.shape[0]) / height)
    return after, Bug(box=box, opacity=opacity, contrast=contrast, texture=float(luma.std()), light=float(luma.mean()))


def _seen(canvas: Picture, rng: np.random.Generator) -> Picture:
    """Send a picture through H.264, seven times out of eight, and scale it for the network."""
    if rng.random() < 7 / 8:
        (canvas,) = code_and_decode([canvas], crf=float(rng.triangular(16, 26, 40)))
    return as_input(canvas)
