"""What the broadcast benchmark looks at: stretches of footage with logos erased, and the same films untouched.

Each stretch has four holes that stay, one in a corner, as wide as a channel's bug: rectangles or the shape of a real
logo. Frames are painted over, then coded as H.264. Coded files are kept in a folder; painting takes longest.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from benchmarks.footage import Look
from benchmarks.models import usable_logos
from streamproc.forensics.refill import harmonic as solved
from streamproc.forensics.residual import luma, texture
from streamproc.forensics.traces import Mask, Picture
from streamproc.media.decoder import decode_frames
from streamproc.media.encode import Coding, Encoder
from streamproc.media.files import FileFootage
from streamproc.training.composite import resize_logo
from streamproc.training.forensics.inpainters import Inpainter, delogo, harmonic, navier_stokes, telea
from streamproc.training.forensics.material import CHOSEN_FILMS, LEARNT_LOGOS, MEASURED_FILMS
from streamproc.training.logos import read_logo

STRIDE: Final = 3
"""Of a film's frames every third is painted over and coded: nothing but keyframes is looked at."""
GOP: Final = 4
"""Coded frames from keyframe to keyframe: half a second, as on air."""
FRAMES: Final = 10 * GOP + 1
"""Of a stretch: eleven keyframes."""
RATE: Final = Fraction(25, STRIDE)
CODINGS: Final = {"CRF 18": "18", "CRF 23": "23", "CRF 28": "28", "broadcast": ""}
_BIT_RATES: Final = {576: 1_600_000, 720: 3_000_000, 1080: 5_000_000}
_WIDTHS: Final = 64, 240  # pixels of a hole's width
_MARGIN: Final = 0.05  # of the picture, between its edge and a hole
_FULL_HD: Final = 1080
_LOGOS: Final = 36  # to draw from
_STARTS: Final = {
    "adverts/spoof_apple.mp4": (0.0, 5.0),
    "adverts/spoof_commercial.mp4": (0.0, 5.0),
    "adverts/spoof_kfc.mp4": (0.0, 5.0),
    "adverts/spoof_subway.mp4": (0.0,),
    "adverts/gillette_public_domain.mp4": (1.0, 9.0, 17.0),
    "footage/bikes.mp4": (0.0, 5.0),
    "broadcast_bugs/sbs_football_10s.mp4": (0.0,),
    "dvb/test-072.ts": (0.0, 6.0),
    "footage/big_buck_bunny_720p.ts": (8.0, 25.0, 40.0, 60.0, 75.0, 95.0, 110.0, 130.0, 145.0),
    "footage/lofoten.mp4": (0.0,),
    "footage/palawan.mp4": (0.0,),
    "adverts/spoof_chevron2.mp4": (0.0, 5.0),
    "adverts/spoof_dorito.mp4": (0.0, 5.0),
    "adverts/spoof_pepsi.mp4": (0.0, 5.0),
    "broadcast_bugs/cnbc_10s.mp4": (0.0,),
    "broadcast_bugs/star_sports_13s.ts": (0.0, 6.0),
    "dvb/test-064.ts": (0.0, 5.0),
}
"""Where stretches begin in films, seconds: first those for choosing thresholds, then those that are measured on."""
_PASSING: Final = (
    *(("footage/big_buck_bunny_720p.ts", start) for start in (20.0, 55.0, 90.0, 120.0)),
    ("adverts/spoof_dorito.mp4", 0.0),
    ("broadcast_bugs/star_sports_13s.ts", 0.0),
    ("dvb/test-064.ts", 0.0),
)


def harmonic_rectangle(picture: Picture, mask: Mask) -> Picture:
    """Solve Laplace's equation in the hole's rectangle; far faster than in a hole of any shape."""
    rows, columns = np.nonzero(mask)
    window = np.s_[rows.min() - 1 : rows.max() + 2, columns.min() - 1 : columns.max() + 2]
    painted = picture.copy()
    filled = [solved(picture[window][:, :, channel].astype(np.float32)) for channel in range(3)]
    painted[window] = np.clip(np.rint(np.stack(filled, axis=2)), 0, 255).astype(np.uint8)
    return painted


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a logo is erased."""

    inpainter: str
    logo_shaped: bool
    paint: Inpainter


WAYS: Final = (
    Way(inpainter="delogo", logo_shaped=False, paint=delogo),
    Way(inpainter="telea", logo_shaped=True, paint=telea),
    Way(inpainter="harmonic", logo_shaped=False, paint=harmonic_rectangle),
    Way(inpainter="navier-stokes", logo_shaped=True, paint=navier_stokes),
    Way(inpainter="harmonic", logo_shaped=True, paint=harmonic),
    Way(inpainter="navier-stokes", logo_shaped=False, paint=navier_stokes),
    Way(inpainter="telea", logo_shaped=False, paint=telea),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Consecutive frames of a film."""

    film: Path
    start_s: float
    measured: bool
    """Whether figures are measured on it; on the others thresholds are chosen."""
    scaled: bool = False
    """Whether it is scaled up to 1080p; at its own size otherwise."""
    passing: bool = False
    """Whether it is twice as long, and logos are erased in its middle third only."""

    @property
    def kind(self) -> str:
        """In a word, empty where there is nothing to say."""
        return "scaled" if self.scaled else "passing" if self.passing else ""

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.film.stem}-{round(self.start_s * 1000):06d}{self.kind and '-'}{self.kind}"

    def erased(self, keyframes: int) -> range:
        """Return on which of so many keyframes logos are erased."""
        third = keyframes // 3
        return range(third, 2 * third) if self.passing else range(keyframes)

    def frames(self) -> Iterator[Picture]:
        """Yield its frames, both sides even."""
        count = 2 * FRAMES if self.passing else FRAMES
        epoch = FileFootage([self.film]).epochs()[0]
        for frame in islice(decode_frames(epoch, Fraction(self.start_s), epoch.end()), 0, count * STRIDE, STRIDE):
            picture = frame.crop((0, 0, frame.width // 2 * 2, frame.height // 2 * 2))
            yield Look().apply(picture, 1920, _FULL_HD) if self.scaled else picture

    def spread(self, apart_s: float) -> Iterator[tuple[float, Picture]]:
        """Yield frames of the whole film and their seconds, so many apart, both sides even."""
        epoch, due = FileFootage([self.film]).epochs()[0], Fraction(0)
        for frame in decode_frames(epoch, Fraction(0), epoch.end()):
            if frame.time >= due:
                due = frame.time + Fraction(apart_s)
                yield float(frame.time), frame.crop((0, 0, frame.width // 2 * 2, frame.height // 2 * 2))


def stretches(data: Path) -> list[Stretch]:
    """Return the stretches that logos are erased in."""
    scaled = [("footage/big_buck_bunny_720p.ts", 40.0), ("adverts/spoof_chevron2.mp4", 0.0)]
    return [
        *(
            Stretch(film=data / name, start_s=start, measured=(data / name).stem in MEASURED_FILMS)
            for name, starts in _STARTS.items()
            for start in starts
        ),
        *(Stretch(film=data / name, start_s=start, measured=True, scaled=True) for name, start in scaled),
        *(Stretch(film=data / name, start_s=start, measured=True, passing=True) for name, start in _PASSING),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """A logo that was erased."""

    way: Way
    mask: Mask
    """(H, W)"""
    ring: float
    """Mean |Laplacian| of luma around it, before it was erased and coded, over the keyframes."""


def shapes(data: Path) -> list[Path]:
    """Return the logos that holes are shaped like: none whose shape was learnt."""
    learnt = sorted((data / "logos").glob("*.png"))[LEARNT_LOGOS]
    return [path for path in usable_logos(data, _LOGOS) if path not in learnt]


def holes(size: tuple[int, int], logos: Sequence[Path], rng: np.random.Generator) -> list[tuple[Way, Mask]]:
    """Return a hole for each corner of a picture of (H, W) ``size``, each painted another way."""
    height, width = size
    found = []
    for corner, number in enumerate(rng.permutation(len(WAYS))[:4]):
        way = WAYS[int(number)]
        patch = _patch(way, logos, min(1.0, height / 540), rng)
        rows = round(height * _MARGIN), height - round(height * _MARGIN) - patch.shape[0]
        columns = round(width * _MARGIN), width - round(width * _MARGIN) - patch.shape[1]
        mask = np.zeros(size, bool)
        top, left = rows[corner // 2], columns[corner % 2]
        mask[top : top + patch.shape[0], left : left + patch.shape[1]] = patch
        found.append((way, mask))
    return found


def _patch(way: Way, logos: Sequence[Path], most: float, rng: np.random.Generator) -> Mask:
    """Return a hole's own pixels: a logo's, with its gaps closed and a little around it, or its rectangle."""
    logo = read_logo(logos[int(rng.integers(len(logos)))])
    across = float(np.exp(rng.uniform(*np.log(_WIDTHS)))) * most
    scale = across / max(logo.shape[:2])
    height, width = (max(24, round(side * scale)) for side in logo.shape[:2])
    if not way.logo_shaped:
        return np.ones((height, width), bool)
    alpha = np.pad(resize_logo(logo, width, height)[:, :, 3], 4)
    closed = cv2.morphologyEx((alpha > 32).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    return np.asarray(cv2.dilate(closed, np.ones((7, 7), np.uint8)) > 0)


def erased(
    stretch: Stretch, logos: Sequence[Path], work: Path, codings: Sequence[str]
) -> tuple[list[Erased], dict[str, Path]]:
    """Return what was erased in a stretch, and each coding's file, from the work folder when they are there."""
    files = {coding: work / f"{stretch.name}-{coding.replace(' ', '')}.mp4" for coding in codings}
    told = work / f"{stretch.name}.json"
    frames = stretch.frames()
    first = next(frames)
    seed = [ord(letter) for letter in stretch.name]
    places = holes(first.shape[:2], logos, np.random.default_rng(seed))
    if not all(path.exists() for path in (told, *files.values())):
        shown = [first, *frames]
        rings = _painted(shown, stretch.erased(-(-len(shown) // GOP)), places, files)
        told.write_text(json.dumps(rings), encoding="utf-8")
    rings = json.loads(told.read_text(encoding="utf-8"))
    return [Erased(way=way, mask=mask, ring=ring) for (way, mask), ring in zip(places, rings, strict=True)], files


def _painted(
    frames: Sequence[Picture], over_in: range, places: Sequence[tuple[Way, Mask]], files: dict[str, Path]
) -> list[float]:
    """Paint frames over, those of some keyframes, write the files, and return the texture around each hole."""
    rings = [_ring(mask) for _, mask in places]
    busy = [texture(luma(frame)) for frame in frames[::GOP]]

    def over() -> Iterator[Picture]:
        for number, frame in enumerate(frames):
            for way, mask in places if number // GOP in over_in else ():
                frame = _inside(way.paint, frame, mask)
            yield frame

    coded(over(), files)
    return [float(np.mean([one[ring].mean() for one in busy])) for ring in rings]


def _inside(paint: Inpainter, frame: Picture, mask: Mask) -> Picture:
    """Paint a window around the hole alone: inpainters take their time for a whole picture."""
    rows, columns = np.nonzero(mask)
    window = np.s_[max(rows.min() - 16, 0) : rows.max() + 17, max(columns.min() - 16, 0) : columns.max() + 17]
    painted = frame.copy()
    painted[window] = paint(np.ascontiguousarray(frame[window]), mask[window])
    return painted


def _ring(mask: Mask) -> Mask:
    return np.asarray((cv2.dilate(mask.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0) & ~mask)


def coded(frames: Iterator[Picture], files: dict[str, Path]) -> None:
    """Write frames as H.264, once a coding (see CODINGS)."""
    first = next(frames)
    height, width = first.shape[:2]
    with ExitStack() as stack:
        encoders = [
            stack.enter_context(Encoder(f"{path}.part.mp4", _coding(coding, width, height)))
            for coding, path in files.items()
        ]
        for frame in chain([first], frames):
            for encoder in encoders:
                encoder.write(frame)
    for path in files.values():
        Path(f"{path}.part.mp4").replace(path)


def _coding(coding: str, width: int, height: int) -> Coding:
    options = {"crf": CODINGS[coding]} if CODINGS[coding] else {}
    rate = next((rate for lines, rate in _BIT_RATES.items() if height <= lines), max(_BIT_RATES.values()))
    return Coding(
        width=width, height=height, rate=RATE, bit_rate=rate, gop_frames=GOP, audio_rate=None, x264_options=options
    )


def untouched(data: Path) -> list[Stretch]:
    """Return the films that nobody painted over, whole and each once; none that the network learns from."""
    films = [
        path
        for folder in ("footage", "adverts", "broadcast_bugs", "dvb")
        for path in sorted((data / folder).iterdir())
        if path.stem in {*CHOSEN_FILMS, *MEASURED_FILMS} - {*_UNDECODABLE}
    ]
    return [Stretch(film=film, start_s=0.0, measured=film.stem in MEASURED_FILMS) for film in films]


_UNDECODABLE: Final = ("test-108",)  # its clock wraps: it would seem to last for 20 hours
