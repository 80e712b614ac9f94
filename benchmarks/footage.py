"""Excerpts of real footage and photographs, cropped, mirrored and recoloured, at any frame rate and size."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How an excerpt differs from its source, so that the same footage can be shown more than once."""

    zoom: float = 1.0
    """Share of the widest 16:9 part that is shown, at most 1."""
    x: float = 0.5
    """Where that part lies, 0 left to 1 right."""
    y: float = 0.5
    """Where it lies, 0 top to 1 bottom."""
    mirrored: bool = False
    """Left and right exchanged."""
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Of red, green and blue."""

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Look":
        """Draw a look."""
        warm = rng.uniform(0.88, 1.12)
        light = rng.uniform(0.85, 1.12)
        return cls(
            zoom=rng.uniform(0.62, 1.0),
            x=rng.uniform(0, 1),
            y=rng.uniform(0, 1),
            mirrored=bool(rng.random() < 0.5),
            gains=(light * warm, light, light / warm),
        )

    def apply(self, picture: Picture, width: int, height: int) -> Picture:
        """Return the part of a picture at the size asked for. (H, W, 3) uint8 RGB to (height, width, 3)."""
        rows, columns = picture.shape[:2]
        wide = min(columns, rows * width / height) * self.zoom
        tall = wide * height / width
        left, top = round((columns - wide) * self.x), round((rows - tall) * self.y)
        part = picture[top : top + round(tall), left : left + round(wide)]
        shrinks = part.shape[1] > width
        scaled = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        if self.mirrored:
            scaled = cv2.flip(scaled, 1)
        return np.asarray(cv2.LUT(scaled, self._table()), np.uint8)

    def _table(self) -> Picture:
        table = np.clip(np.arange(256)[:, None] * np.array(self.gains), 0, 255)
        return np.ascontiguousarray(np.rint(table).astype(np.uint8)[None])


@dataclass(frozen=True, slots=True)
class Film:
    """An excerpt of a video file."""

    path: Path
    """The file."""
    start_s: float
    """Where the excerpt begins, seconds from the file's first frame."""
    look: Look

    def pictures(self, rate: Fraction, width: int, height: int) -> Iterator[Picture]:
        """Yield pictures at the rate asked for until the file ends; for each moment the source's newest frame."""
        number = 0
        shown: Picture | None = None
        for time_s, picture in _decoded(self.path, self.start_s):
            while shown is not None and number / rate < time_s:
                yield shown
                number += 1
            shown = self.look.apply(picture, width, height)
        if shown is not None:
            yield shown


@dataclass(frozen=True, slots=True)
class Still:
    """A slow move over a photograph; it never ends."""

    path: Path
    """The picture."""
    look: Look
    pan: float = 0.02
    """How much the view widens or narrows a second."""

    def pictures(self, rate: Fraction, width: int, height: int) -> Iterator[Picture]:
        """Yield pictures at the rate asked for."""
        source = cv2.cvtColor(_read(self.path), cv2.COLOR_BGR2RGB)
        number = 0
        while True:
            moved = (self.look.x + self.pan * number / float(rate)) % 2
            look = Look(
                zoom=self.look.zoom * 0.9,
                x=moved if moved <= 1 else 2 - moved,
                y=self.look.y,
                mirrored=self.look.mirrored,
                gains=self.look.gains,
            )
            yield look.apply(source, width, height)
            number += 1


def _read(path: Path) -> Picture:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise OSError(f"{path}: not a picture")
    return np.asarray(picture, np.uint8)


def _decoded(path: Path, start_s: float) -> Iterator[tuple[float, Picture]]:
    """Yield (seconds since ``start_s``, RGB picture) of every frame from there on."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        base = float((stream.start_time or 0) * (stream.time_base or Fraction(1, 25)))
        if start_s > 0:
            container.seek(round((base + start_s) * av.time_base))
        for frame in container.decode(stream):
            if frame.time is not None and frame.time - base >= start_s - 1e-6:
                yield frame.time - base - start_s, np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def length_s(path: Path) -> float:
    """Return how long a video file is, seconds."""
    with av.open(str(path)) as container:
        return float((container.duration or 0) / av.time_base)
