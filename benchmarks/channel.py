"""Makes up channels and draws their broadcasts, sampled: one picture every two seconds, each a keyframe.

A broadcast is long, and a model looks at its keyframes. So nothing but keyframes is drawn, and each is coded with 30 %
of the bits that its channel spends in two seconds, which is what a keyframe takes of its group of pictures. The part
for learning and the part for testing share no film, advert, photograph or other channel's logo.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.footage import Look, Picture
from streamproc.errors import ModelError
from streamproc.inference.card import Region
from streamproc.media.encode import Coding, Encoder
from streamproc.training.composite import fit, overlay
from streamproc.training.logos import read_logo

RATE = Fraction(1, 2)
KEYFRAME_SHARE = 0.3
Part = Literal["learning", "testing"]

FILMS: dict[Part, tuple[str, ...]] = {
    "learning": ("kohlipe1.mp4", "bikes.mp4", "vtest.avi"),
    "testing": ("big_buck_bunny_720p.ts", "kohlipe2.mp4", "lofoten.mp4", "palawan.mp4"),
}
"""Films of the programme; adverts and photographs are dealt out alternately."""
_STILLS_A_FILM = 80
_LINES = (360, 480, 576, 720, 1080)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A made-up channel."""

    name: str
    logo: str
    """File name of its logo."""
    box: Region
    """Where the logo's edges lie."""
    opacity: float
    """Of the bug on air, times the logo's own alpha."""
    lines: int
    """Height of its picture."""
    bit_rate: int
    """Bits a second."""
    seed: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its picture, pixels."""
        return round(self.lines * 16 / 9 / 2) * 2, self.lines

    def strata(self) -> dict[str, str]:
        """Return by what results are told apart."""
        width = self.box.width
        mbit = self.bit_rate / 1e6
        return {
            "opacity": f"opacity {_band(self.opacity, (0.3, 0.5, 0.75, 1.0))}",
            "width": f"width {_band(width * 100, (4, 6, 9, 12))} %",
            "lines": f"{self.lines} lines",
            "bit rate": f"{_band(mbit, (0.8, 1.6, 3.5, 8))} Mbit/s",
        }


def _band(value: float, edges: Sequence[float]) -> str:
    at = int(np.searchsorted(edges, value, side="right"))
    at = min(max(at, 1), len(edges) - 1)
    return f"{edges[at - 1]:g}–{edges[at]:g}"


def draw_channel(number: int, logos: Sequence[Path], seed: int) -> Channel:
    """Make up a channel: lines go round, opacity and width fill their ranges evenly, the rest is drawn."""
    rng = np.random.default_rng([seed, number])
    opacity = 0.3 + 0.7 * ((number * 0.618 + rng.uniform(0, 0.1)) % 1)
    width = 0.04 + 0.08 * ((number * 0.382 + 0.5 + rng.uniform(0, 0.1)) % 1)
    path = logos[number % len(logos)]
    logo = read_logo(path)
    height = min(width * 16 / 9 * logo.shape[0] / logo.shape[1], 0.14)
    width = height * 9 / 16 * logo.shape[1] / logo.shape[0]
    left = rng.uniform(0.03, 0.07) if rng.random() < 0.4 else 1 - width - rng.uniform(0.03, 0.07)
    top = 1 - height - rng.uniform(0.05, 0.09) if rng.random() < 0.15 else rng.uniform(0.04, 0.09)
    return Channel(
        name=f"{number:02d}",
        logo=path.name,
        box=Region(x=left, y=top, width=width, height=height),
        opacity=round(opacity, 2),
        lines=_LINES[number % len(_LINES)],
        bit_rate=round(float(np.exp(rng.uniform(np.log(0.8e6), np.log(8e6))))),
        seed=int(rng.integers(1 << 30)),
    )


class Material:
    """What is shown: stills of films, adverts and photographs, coded as JPEG to save memory."""

    def __init__(self, data: Path, part: Part) -> None:
        side = 0 if part == "learning" else 1
        films = [data / "footage" / name for name in FILMS[part]]
        adverts = sorted((data / "adverts").glob("*.mp4"))[side::2]
        photographs = sorted((data / "images" / "bsds500_jpeg").glob("*.jpg"))[side::2]
        if part == "testing":
            photographs += sorted((data / "images" / "kodak24").glob("*.png"))
        self.films = [_stills(path) for path in films]
        self.adverts = [_stills(path) for path in adverts]
        self.photographs = photographs
        self.logos = sorted((data / "logos").glob("*.png"))[side::2]
        """Other channels' logos, for adverts."""


def _stills(path: Path) -> list[NDArray[np.uint8]]:
    """Return stills of a film as JPEG: its keyframes, or every twelfth frame where it has few."""
    stills = list(islice(_decoded(path, "NONKEY", 1), _STILLS_A_FILM))
    return stills if len(stills) >= 12 else list(islice(_decoded(path, "DEFAULT", 12), _STILLS_A_FILM))


def _decoded(path: Path, skip: Literal["NONKEY", "DEFAULT"], stride: int) -> Iterator[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = skip
        for number, frame in enumerate(container.decode(stream)):
            if number % stride == 0:
                yield _packed(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))


def _packed(picture: Picture) -> NDArray[np.uint8]:
    return np.asarray(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 96])[1], np.uint8)


def _unpacked(coded: NDArray[np.uint8]) -> Picture:
    return np.asarray(cv2.cvtColor(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB), np.uint8)


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture of a broadcast and the truth about it."""

    picture: Picture
    """(H, W, 3) uint8 RGB."""
    opacity: float
    """The bug's, of its nominal one: 1 in programmes, 0 in adverts, between in fades."""
    foreign: bool
    """Whether another logo stands in the bug's place."""
    ground: str
    """white, dark, busy or plain, as it is where the bug lies or would lie."""
    mark: float
    """By how much the bug changes the picture where it lies: mean of absolute differences, levels."""


class Broadcast:
    """Draws a channel's pictures."""

    def __init__(self, channel: Channel, material: Material, data: Path, seed: int) -> None:
        self._channel, self._material = channel, material
        self._rng = np.random.default_rng([channel.seed, seed])
        self._bug, self._left, self._top = fit(read_logo(data / "logos" / channel.logo), channel.box, *channel.size)

    def pictures(self, seconds: float) -> Iterator[Shown]:
        """Yield the broadcast's pictures: programmes of 60 to 120 s and breaks of 25 to 60 s in turns."""
        left, programme = round(seconds * float(RATE)), True
        while left > 0:
            length = self._rng.uniform(60, 120) if programme else self._rng.uniform(25, 60)
            frames = min(left, round(length * float(RATE)))
            yield from self._block(frames, programme=programme)
            left, programme = left - frames, not programme

    def _block(self, frames: int, *, programme: bool) -> Iterator[Shown]:
        faded = self._rng.random(2) < 0.3
        index = 0
        while index < frames:
            shot = min(frames - index, int(self._rng.integers(1, 4)))
            source = self._programme() if programme or self._rng.random() < 0.3 else self._advert()
            foreign = None if programme or self._rng.random() > 0.3 else self._foreign()
            for picture in (source() for _ in range(shot)):
                share = 0.0
                if programme:
                    edge = (index == 0 and faded[0]) or (index == frames - 1 and faded[1])
                    share = float(self._rng.random()) if edge else 1.0
                yield self._shown(picture, share, foreign)
                index += 1

    def _shown(self, ground: Picture, share: float, foreign: tuple[Picture, float, float] | None) -> Shown:
        x, y = max(0, int(self._left)), max(0, int(self._top))
        place = slice(y, y + self._bug.shape[0] + 1), slice(x, x + self._bug.shape[1] + 1)
        kind = _ground_kind(ground[place])
        picture = ground
        if foreign is not None:
            picture = overlay(ground, *foreign, 0.9)
        with_bug = overlay(ground, self._bug, self._left, self._top, self._channel.opacity)
        covered = self._bug[:, :, 3] > 60
        change = np.abs(with_bug[place].astype(np.int16) - ground[place]).max(axis=2)
        change = change[: covered.shape[0], : covered.shape[1]][covered[: change.shape[0], : change.shape[1]]]
        if share > 0:
            picture = overlay(picture, self._bug, self._left, self._top, self._channel.opacity * share)
        return Shown(picture, share, foreign is not None, kind, float(change.mean()) if change.size else 0.0)

    def _programme(self) -> Callable[[], Picture]:
        if self._rng.random() < 0.5:
            films = self._material.films
            return self._film(films[int(self._rng.integers(len(films)))])
        path = self._material.photographs[int(self._rng.integers(len(self._material.photographs)))]
        still = cv2.cvtColor(np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB)
        return self._moved(lambda: np.asarray(still, np.uint8), moving=True)

    def _advert(self) -> Callable[[], Picture]:
        adverts = self._material.adverts
        return self._film(adverts[int(self._rng.integers(len(adverts)))])

    def _film(self, stills: list[NDArray[np.uint8]]) -> Callable[[], Picture]:
        at = int(self._rng.integers(max(1, len(stills) - 8)))
        numbers = iter(range(at, at + 10_000))
        return self._moved(lambda: _unpacked(stills[next(numbers) % len(stills)]), moving=False)

    def _moved(self, draw: Callable[[], Picture], *, moving: bool) -> Callable[[], Picture]:
        rng, size = self._rng, self._channel.size
        look = Look.random(rng)
        table = _light(rng)
        speed = rng.normal(0, 0.03) if moving else 0.0
        places = iter(np.clip(look.x + speed * np.arange(64), 0, 1))

        def picture() -> Picture:
            moved = Look(zoom=look.zoom, x=float(next(places)), y=look.y, mirrored=look.mirrored, gains=look.gains)
            return np.asarray(cv2.LUT(moved.apply(draw(), *size), table), np.uint8)

        return picture

    def _foreign(self) -> tuple[Picture, float, float]:
        others = [path for path in self._material.logos if path.name != self._channel.logo]
        while True:
            try:
                logo = read_logo(others[int(self._rng.integers(len(others)))])
            except ModelError:
                continue  # one of those without alpha
            return fit(logo, self._channel.box, *self._channel.size)


def _light(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a table of levels: one shot in eight nearly white, one in eight dark, the others as they are."""
    gain, lift = 1.0, 0.0
    kind = rng.random()
    if kind < 0.125:
        gain, lift = rng.uniform(0.15, 0.5), rng.uniform(120, 200)
    elif kind < 0.25:
        gain, lift = rng.uniform(0.05, 0.35), rng.uniform(0, 16)
    levels = np.rint(np.arange(256) * gain + lift).clip(0, 255).astype(np.uint8)
    return np.repeat(levels[None, :, None], 3, axis=2)


def _ground_kind(place: Picture) -> str:
    grey = cv2.cvtColor(np.ascontiguousarray(place), cv2.COLOR_RGB2GRAY).astype(np.float32)
    if grey.mean() > 190:
        return "white"
    if grey.mean() < 45:
        return "dark"
    rough = np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()
    return "busy" if rough > 12 else "plain"


def write_broadcast(channel: Channel, material: Material, data: Path, seconds: float, video: Path) -> list[Shown]:
    """Write a broadcast's video; return the truth about each of its pictures, without the pictures."""
    seed = sum(video.stem.encode())
    width, height = channel.size
    coding = Coding(
        width=width,
        height=height,
        rate=RATE,
        bit_rate=round(channel.bit_rate * KEYFRAME_SHARE),
        gop_frames=1,
        b_frames=0,
        preset="superfast",
        audio_rate=None,
        x264_options={"threads": "1"},
    )
    nothing = np.zeros((0, 0, 3), np.uint8)
    truth = []
    with Encoder(str(video), coding) as encoder:
        for shown in Broadcast(channel, material, data, seed).pictures(seconds):
            encoder.write(shown.picture, None)
            truth.append(Shown(nothing, shown.opacity, shown.foreign, shown.ground, shown.mark))
    return truth
