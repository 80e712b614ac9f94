"""The scenes a broadcast is made of: each draws its picture for a moment of its shot."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.demo.paint import (
    HEIGHT,
    WHITE,
    WIDTH,
    Colour,
    Ink,
    Picture,
    glow,
    gradient,
    photograph,
    text_width,
    write,
)


class Scene(Protocol):
    """Something that can be drawn at any moment of its shot."""

    def draw(self, time_s: float, progress: float) -> Picture:
        """Return a new picture. time_s: since the shot began; progress: 0 at its first frame, below 1 at its last."""
        ...


def eased(progress: float) -> float:
    """Return progress with a gentle start and end."""
    return progress * progress * (3 - 2 * progress)


@dataclass(frozen=True)
class View:
    """A part of a photograph: its centre as fractions, and its width as a fraction of the widest 16:9 part."""

    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Photo:
    """A camera move over a photograph."""

    name: str
    start: View
    stop: View
    tint: Colour | None = None
    mirrored: bool = False

    def draw(self, time_s: float, progress: float) -> Picture:
        """See Scene."""
        source = photograph(self.name, self.tint)
        part = eased(progress)
        x, y, width = (
            a + (b - a) * part
            for a, b in zip(
                (self.start.x, self.start.y, self.start.width), (self.stop.x, self.stop.y, self.stop.width), strict=True
            )
        )
        rows, columns = source.shape[:2]
        wide = min(columns, rows * WIDTH / HEIGHT) * min(width, 1.0)
        tall = wide * HEIGHT / WIDTH
        left = min(max(x * columns - wide / 2, 0), columns - wide - 1)
        top = min(max(y * rows - tall / 2, 0), rows - tall - 1)
        scale = wide / WIDTH
        matrix = np.array([[scale, 0, left], [0, scale, top]], np.float32)
        if self.mirrored:
            matrix[0] = (-scale, 0, left + wide - scale)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        picture: Picture = cv2.warpAffine(source, matrix, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return picture


@lru_cache(maxsize=24)
def _backdrop(kind: str, first: Colour, second: Colour) -> Picture:
    return glow(first, second) if kind == "glow" else gradient(first, second)


@dataclass(frozen=True)
class Card:
    """A photograph in a frame that floats over a coloured wall."""

    name: str
    centre: Colour
    edge: Colour
    heading: str = ""
    tint: Colour | None = None

    def draw(self, time_s: float, progress: float) -> Picture:
        """See Scene."""
        picture = _backdrop("glow", self.centre, self.edge).copy()
        photo = _framed(self.name, self.tint)
        left = round(90 + 50 * eased(progress))
        top = round(120 + 10 * np.sin(time_s * 1.3))
        picture[top + 16 : top + 16 + photo.shape[0], left + 16 : left + 16 + photo.shape[1]] //= 2
        picture[top : top + photo.shape[0], left : left + photo.shape[1]] = photo
        words = self.heading.split("\n")
        for number, line in enumerate(words):
            slide = round(60 * (1 - eased(min(1.0, max(0.0, time_s * 2 - number * 0.3)))))
            write(picture, line, (856 + slide, 320 + 70 * number), 50, Ink(WHITE, 700 if number == 0 else 400))
        return picture


@lru_cache(maxsize=6)
def _framed(name: str, tint: Colour | None) -> Picture:
    source = photograph(name, tint)
    rows, columns = source.shape[:2]
    height = min(rows, round(columns * 0.72))
    top = (rows - height) // 2
    small = cv2.resize(source[top : top + height], (640, 460), interpolation=cv2.INTER_AREA)
    framed: Picture = cv2.copyMakeBorder(small, 8, 8, 8, 8, cv2.BORDER_CONSTANT, value=WHITE)
    return framed


@dataclass(frozen=True)
class Hills:
    """Ranges of hills that pass by under a sun."""

    sky: tuple[Colour, Colour]
    sun: Colour
    hills: tuple[Colour, ...]
    seed: int = 1

    def draw(self, time_s: float, progress: float) -> Picture:
        """See Scene."""
        picture = _backdrop("linear", *self.sky).copy()
        centre = (round(880 - 220 * progress), round(250 + 130 * progress))
        for radius, weight in ((150, 0.12), (110, 0.25)):
            _disc(picture, centre, radius, self.sun, weight)
        cv2.circle(picture, centre, 76, self.sun, -1, cv2.LINE_AA)
        columns = np.arange(0, WIDTH + 16, 16)
        for layer, colour in enumerate(self.hills):
            phase = time_s * 38 * (layer + 1) + 700 * layer * self.seed
            height = _ridge((columns + phase) / (300 - 50 * layer), layer + 3 * self.seed)
            ridge = 400 + 82 * layer - (95 - 14 * layer) * height
            _fill_below(picture, columns, ridge, colour)
        return picture


def _ridge(x: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    wave = np.sin(x + seed) + 0.5 * np.sin(2.17 * x + 2.3 * seed) + 0.22 * np.sin(5.3 * x + 4.1 * seed)
    return np.asarray(wave, np.float64)


def _fill_below(picture: Picture, columns: NDArray[np.int64], ridge: NDArray[np.float64], colour: Colour) -> None:
    top = np.stack([columns, np.rint(ridge)], axis=1).astype(np.int32)
    corners = np.array([[WIDTH + 16, HEIGHT], [0, HEIGHT]], np.int32)
    cv2.fillPoly(picture, [np.vstack([top, corners])], colour, cv2.LINE_AA)


def _disc(picture: Picture, centre: tuple[int, int], radius: int, colour: Colour, weight: float) -> None:
    left, top = max(centre[0] - radius - 2, 0), max(centre[1] - radius - 2, 0)
    part = picture[top : centre[1] + radius + 2, left : centre[0] + radius + 2]
    drawn = part.copy()
    cv2.circle(drawn, (centre[0] - left, centre[1] - top), radius, colour, -1, cv2.LINE_AA)
    part[:] = cv2.addWeighted(part, 1 - weight, drawn, weight, 0)


@dataclass(frozen=True)
class Sea:
    """Waves, one behind the other, and a small boat."""

    sky: tuple[Colour, Colour]
    water: tuple[Colour, ...]

    def draw(self, time_s: float, progress: float) -> Picture:
        """See Scene."""
        picture = _backdrop("linear", *self.sky).copy()
        columns = np.arange(0, WIDTH + 16, 16)
        for layer, colour in enumerate(self.water):
            x = columns / (150 + 30 * layer) + time_s * (0.9 + 0.35 * layer) * (1 if layer % 2 else -1)
            crest = 350 + 90 * layer + (13 + 7 * layer) * np.sin(x) + 6 * np.sin(2.7 * x)
            if layer == 1:
                self._boat(picture, (round(200 + 760 * progress), round(430 + 9 * np.sin(time_s * 2))))
            _fill_below(picture, columns, crest, colour)
        return picture

    @staticmethod
    def _boat(picture: Picture, at: tuple[int, int]) -> None:
        x, y = at
        hull = np.array([(x - 80, y - 24), (x + 88, y - 24), (x + 56, y + 22), (x - 54, y + 22)], np.int32)
        sail = np.array([(x - 4, y - 170), (x - 4, y - 34), (x + 78, y - 34)], np.int32)
        jib = np.array([(x - 12, y - 150), (x - 12, y - 34), (x - 66, y - 34)], np.int32)
        cv2.fillPoly(picture, [hull], (150, 52, 40), cv2.LINE_AA)
        cv2.fillPoly(picture, [sail], (250, 246, 236), cv2.LINE_AA)
        cv2.fillPoly(picture, [jib], (238, 220, 190), cv2.LINE_AA)


@dataclass(frozen=True)
class Studio:
    """A news studio: a turning globe of lines on a wall of light, with a headline."""

    centre: Colour
    edge: Colour
    headline: str
    line: str

    def draw(self, time_s: float, progress: float) -> Picture:
        """See Scene."""
        picture = _backdrop("glow", self.centre, self.edge).copy()
        for number in range(5):
            x = round((number * 300 + time_s * 60) % 1500) - 120
            _band(picture, x)
        self._globe(picture, time_s)
        write(picture, self.headline, (640, 330), 66, Ink(WHITE, 800))
        write(picture, self.line, (644, 392), 34, Ink((208, 226, 250), 400))
        reach = round(640 + 480 * eased(min(1.0, time_s / 1.5)))
        cv2.line(picture, (644, 420), (reach, 420), (255, 206, 84), 5, cv2.LINE_AA)
        return picture

    @staticmethod
    def _globe(picture: Picture, time_s: float) -> None:
        colour = (190, 222, 255)
        centre, radius = (340, 350), 210
        cv2.circle(picture, centre, radius, colour, 3, cv2.LINE_AA)
        for number in range(6):
            angle = (number / 6 + time_s * 0.07) % 1.0 * np.pi
            cv2.ellipse(
                picture, centre, (round(radius * abs(np.cos(angle))), radius), 0, 0, 360, colour, 2, cv2.LINE_AA
            )
        for latitude in (-0.66, -0.33, 0.0, 0.33, 0.66):
            half = round(radius * float(np.sqrt(1 - latitude * latitude)))
            y = round(centre[1] + radius * latitude)
            cv2.line(picture, (centre[0] - half, y), (centre[0] + half, y), colour, 2, cv2.LINE_AA)


def _band(picture: Picture, left: int) -> None:
    part = picture[:, max(left, 0) : max(left + 90, 0)]
    if part.size:
        cv2.add(part, (16.0, 16.0, 20.0, 0.0), dst=part)


@dataclass(frozen=True)
class Weather:
    """A map of temperatures with drifting clouds."""

    towns: tuple[tuple[str, int, int, str], ...]

    def draw(self, time_s: float, progress: float) -> Picture:
        """See Scene."""
        picture = _backdrop("linear", (58, 120, 186), (120, 178, 224)).copy()
        angles = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        for x, y, size, seed in ((480, 380, 270, 2), (960, 420, 200, 5)):
            radius = size * (1 + 0.16 * np.sin(3 * angles + seed) + 0.09 * np.sin(7 * angles + 2 * seed))
            land = np.stack([x + 1.35 * radius * np.cos(angles), y + 0.85 * radius * np.sin(angles)], axis=1)
            cv2.fillPoly(picture, [np.rint(land).astype(np.int32)], (122, 172, 104), cv2.LINE_AA)
        for name, x, y, degrees in self.towns:
            cv2.circle(picture, (x, y), 9, WHITE, -1, cv2.LINE_AA)
            write(picture, name, (x + 20, y + 10), 28, Ink(WHITE, 500))
            write(picture, degrees, (x + 20, y + 54), 42, Ink((255, 236, 130), 800))
        for number in range(4):
            x = round((number * 390 + time_s * 45) % 1600) - 160
            self._cloud(picture, (x, 150 + 130 * (number % 3)))
        return picture

    @staticmethod
    def _cloud(picture: Picture, at: tuple[int, int]) -> None:
        for dx, dy, radius in ((0, 0, 42), (46, -22, 52), (96, 2, 40)):
            cv2.circle(picture, (at[0] + dx, at[1] + dy), radius, (240, 245, 250), -1, cv2.LINE_AA)


@dataclass(frozen=True)
class Stars:
    """A flight through stars."""

    seed: int = 3

    def draw(self, time_s: float, progress: float) -> Picture:
        """See Scene."""
        picture = _backdrop("glow", (34, 26, 74), (4, 4, 16)).copy()
        stars = np.random.default_rng(self.seed).uniform((-1, -1, 0), (1, 1, 1), (240, 3))
        depth = 1.0 - (stars[:, 2] + time_s * 0.16) % 1.0 + 0.04
        x = np.rint(WIDTH / 2 + stars[:, 0] / depth * 300).astype(int)
        y = np.rint(HEIGHT / 2 + stars[:, 1] / depth * 260).astype(int)
        for column, row, near in zip(x, y, 1 - depth, strict=True):
            shade = round(90 + 160 * max(near, 0.0))
            cv2.circle(picture, (int(column), int(row)), round(1 + 3 * max(near, 0)), (shade, shade, 255), -1)
        return picture


@dataclass(frozen=True)
class Shapes:
    """Coloured balls and boxes that dance on a plain wall: what adverts like."""

    wall: Colour
    colours: tuple[Colour, ...]
    words: str
    ink: Colour = WHITE

    def draw(self, time_s: float, progress: float) -> Picture:
        """See Scene."""
        picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        picture[:] = self.wall
        for number, colour in enumerate(self.colours * 2):
            x = round(640 + 520 * np.sin(time_s * (0.9 + 0.13 * number) + 1.7 * number))
            y = round(360 + 270 * np.cos(time_s * (1.1 + 0.09 * number) + 2.1 * number))
            if number % 2:
                cv2.circle(picture, (x, y), 70, colour, -1, cv2.LINE_AA)
            else:
                cv2.rectangle(picture, (x - 60, y - 60), (x + 60, y + 60), colour, -1)
        size = round(84 + 22 * eased(min(1.0, time_s)))
        left = (WIDTH - text_width(self.words, size, 900)) // 2
        write(picture, self.words, (left, 390), size, Ink(self.ink, 900))
        return picture


@dataclass(frozen=True)
class Plain:
    """One colour, with a line of text if there is one."""

    colour: Colour
    words: str = ""
    ink: Colour = WHITE

    def draw(self, time_s: float, progress: float) -> Picture:
        """See Scene."""
        picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        picture[:] = self.colour
        if self.words:
            left = (WIDTH - text_width(self.words, 72, 700)) // 2
            write(picture, self.words, (left, 380), 72, Ink(self.ink, 700))
        return picture
