"""What the networks learn from: painted photographs and frames, and untouched ones, as television's coding leaves them.

A keyframe is coded by itself, whatever moves around it; so pictures are coded one by one, over a wide range of
quality, and need not move.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from streamproc.errors import SourceError
from streamproc.forensics.traces import Picture
from streamproc.media.decoder import decode_frames
from streamproc.media.files import FileFootage
from streamproc.media.stills import read_picture
from streamproc.training.forensics.coded import h264, jpeg
from streamproc.training.forensics.inpainters import Inpainter, biharmonic, delogo, harmonic, navier_stokes, telea
from streamproc.training.forensics.protocol import cases, painted, photographs, split
from streamproc.training.forensics.scenery import Logo, drawn, dressed, logos
from streamproc.training.forensics.scenes import CROP, Crops, Hole, crops, holes, paint, truth

LEARNT: Final[Mapping[str, Inpainter]] = {
    "harmonic": harmonic,
    "telea": telea,
    "delogo": delogo,
    "navier-stokes": navier_stokes,
}
"""Beside G'MIC's three, whose pictures the published protocol brings: what the networks see in training."""
UNSEEN: Final[Mapping[str, Inpainter]] = {"biharmonic": biharmonic}
"""What they are never shown."""
MEASURED_FILMS: Final = (
    *("big_buck_bunny_720p", "kohlipe2", "lofoten", "palawan"),
    *("cnbc_10s", "star_sports_13s", "test-064"),
    *("spoof_chevron2", "spoof_dorito", "spoof_pepsi"),
)
"""Films, broadcasts and adverts that are only ever measured on."""
CHOSEN_FILMS: Final = (
    *("gillette_public_domain", "sbs_football_10s", "test-072", "test-108", "bikes"),
    *("spoof_apple", "spoof_commercial", "spoof_kfc", "spoof_subway"),
)
"""Those that thresholds are chosen with."""
LEARNT_LOGOS: Final = slice(0, None, 6)
"""Of the logos, in order of their names: those whose shapes and looks are learnt."""
CLIP: Final = 25
"""Frames of a clip: two keyframes and a bit."""
LEARNT_REDUCED: Final = 220
"""Of the photographs that came as JPEG, in order of their names, so many are learnt from."""
_WINDOW: Final = 480, 640  # what is painted over at once
_FRAMES_A_FILM: Final = 16
_DRAWN: Final = 60
_LOSSLESS: Final = 10  # crops of a lossless picture of the protocol: small holes are seen in such ones only

Progress = Callable[[str, float], None]


def halved(picture: Picture) -> Picture:
    """Return a picture at half its size, both sides even: what its coding left is averaged away."""
    height, width = (side // 4 * 4 for side in picture.shape[:2])
    return scaled(picture[:height, :width], 0.5)


def scaled(picture: Picture, factor: float) -> Picture:
    """Return a picture at another size, both sides even."""
    height, width = (max(2, round(side * factor) // 2 * 2) for side in picture.shape[:2])
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)


def clips_of(film: Path, count: int, length: int = CLIP) -> Iterator[list[Picture]]:
    """Yield clips of a film's consecutive frames, spread over it, at full size. Raises SourceError."""
    footage = FileFootage([film])
    epoch = footage.epochs()[0]
    for number in range(count):
        start = epoch.end() * number / count
        frames = islice(decode_frames(epoch, start, epoch.end()), length)
        pictures = [frame.crop((0, 0, frame.width // 2 * 2, frame.height // 2 * 2)) for frame in frames]
        if len(pictures) == length:
            yield pictures


def films(data: Path) -> tuple[list[Path], list[Path]]:
    """Return the footage to learn from, and that to choose thresholds with; what is measured on is in neither."""
    folders = ("footage", "broadcast_bugs", "dvb", "adverts")
    found = [path for folder in folders for path in sorted((data / folder).glob("*.*"))]
    found = [path for path in found if path.stem not in MEASURED_FILMS]
    learnt = [path for path in found if path.stem not in CHOSEN_FILMS]
    return learnt, [path for path in found if path.stem in CHOSEN_FILMS]


def frames_of(sources: Sequence[Path], count: int) -> Iterator[Picture]:
    """Yield frames spread over each film, at full size; none of a film that is too small or can't be decoded."""
    for film in sources:
        try:
            epoch = max(FileFootage([film]).epochs(), key=lambda one: one.end())
        except SourceError:
            continue
        due = Fraction(0)
        for frame in decode_frames(epoch, Fraction(0), epoch.end()):
            if frame.time >= due and min(frame.width, frame.height) >= CROP:
                due += epoch.end() / count
                yield frame.crop((0, 0, frame.width // 2 * 2, frame.height // 2 * 2))


def jpegs(folder: Path, which: slice) -> list[Picture]:
    """Return photographs that came as JPEG, those that a crop fits into, even sides."""
    found = [read_picture(path) for path in sorted(folder.iterdir())[which]]
    return [
        one[: one.shape[0] // 2 * 2, : one.shape[1] // 2 * 2] for one in found if min(one.shape[:2]) // 1.6 >= CROP + 2
    ]


def reduced_pictures(folder: Path, which: slice) -> list[Picture]:
    """Return pictures of a folder at half their size, those that are still 144 pixels high and wide."""
    found = [read_picture(path) for path in sorted(folder.iterdir())[which]]
    return [halved(one) for one in found if min(one.shape[:2]) >= 288]


def window_of(picture: Picture, rng: np.random.Generator) -> Picture:
    """Return a part of the picture, (480, 640, 3) at most, that a crop fits into."""
    height, width = (min(have, want) for have, want in zip(picture.shape[:2], _WINDOW, strict=True))
    top = int(rng.integers(0, picture.shape[0] - height + 1))
    left = int(rng.integers(0, picture.shape[1] - width + 1))
    return np.ascontiguousarray(picture[top : top + height // 2 * 2, left : left + width // 2 * 2])


def coded(picture: Picture, rng: np.random.Generator) -> Picture:
    """Return a picture as it is, or as it comes back from JPEG or H.264, or from one after the other."""
    draw = rng.random()
    if draw < 0.15:
        return picture
    if draw < 0.5:
        picture = jpeg(picture, int(rng.integers(60, 99)))
        return jpeg(picture, int(rng.integers(60, 99))) if draw < 0.25 else picture
    if draw < 0.6:
        picture = jpeg(picture, int(rng.integers(75, 99)))
    return h264([picture], int(rng.integers(10, 32)), 1)[0][1]


def painted_crops(pictures: Iterator[Picture], brands: Sequence[Logo], rng: np.random.Generator) -> Iterator[Crops]:
    """Yield crops of pictures painted over in several places, then coded."""
    for before in pictures:
        if rng.random() < 0.25:  # what came to the forger had been coded before
            before = coded(before, rng)
        most = max(2, before.shape[0] * before.shape[1] // 50_000)
        over = holes(before.shape[:2], LEARNT, most, rng, brands)
        after = coded(paint(before, over), rng)
        yield crops(after, truth(after, over), max(1, len(over) // 3), rng)


def untouched_crops(pictures: Iterator[Picture], each: int, rng: np.random.Generator) -> Iterator[Crops]:
    """Yield crops of pictures that nobody painted over, as they came or coded again."""
    for picture in pictures:
        after = picture if rng.random() < 0.5 else coded(picture, rng)
        yield crops(after, np.zeros(after.shape[:2], np.uint8), each, rng)


def on_the_air(
    pictures: Sequence[Picture], rounds: int, brands: Sequence[Logo], rng: np.random.Generator
) -> Iterator[Picture]:
    """Yield windows of pictures at several sizes, with what television draws over them."""
    for _ in range(rounds):
        for picture in pictures:
            least = (CROP + 2) / min(picture.shape[:2])
            factor = max(float(rng.choice([1, 1, 1, 0.62, 0.5, 1.5])), least)
            sized = picture if factor == 1 else scaled(picture, factor)
            yield dressed(window_of(sized, rng), brands, rng)


def protocol(photographs: Mapping[str, Picture], work: Path, rng: np.random.Generator) -> Iterator[Crops]:
    """Yield crops of the published protocol's pictures: several of each lossless one, and one of it coded."""
    for case in cases(photographs):
        after, mask = painted(case, photographs[case.image], work)
        over = [Hole(mask, harmonic)]
        for number in range(_LOSSLESS):
            yield crops(after, truth(after, over), int(number == 0), rng)
        if case.area > 64:
            after = coded(after, rng)
            yield crops(after, truth(after, over), 0, rng)


def gather(data: Path, work: Path, seed: int = 0, progress: Progress = lambda what, share: None) -> Crops:
    """Return what the networks learn from.

    data: a folder with images/ and footage/ and adverts/, and logos/, broadcast_bugs/ and dvb/ where there are some
    (docs/forensics.md); work: where the protocol's painted pictures are kept. Nothing that benchmarks measure on, and
    nothing that thresholds are chosen with, is looked at. Raises ConfigError, SourceError.
    """
    rng = np.random.default_rng(seed)
    kodak = data / "images" / "kodak24"
    lossless = photographs(kodak)
    names, _, _ = split(lossless)
    whole = [read_picture(kodak / f"{name}.png") for name in names]
    brands = logos(data / "logos", LEARNT_LOGOS)
    frames = [*frames_of(films(data)[0], _FRAMES_A_FILM)]
    small = jpegs(data / "images" / "bsds500_jpeg", slice(LEARNT_REDUCED))
    invented = [drawn(_WINDOW, rng) for _ in range(_DRAWN)]
    parts: list[Crops] = []
    steps: list[tuple[str, Iterator[Crops]]] = [
        ("the protocol's pictures", protocol({name: lossless[name] for name in names}, work, rng)),
        ("photographs", painted_crops(on_the_air(whole, 16, brands, rng), brands, rng)),
        ("photographs that came as JPEG", painted_crops(on_the_air(small, 2, brands, rng), brands, rng)),
        ("frames", painted_crops(on_the_air(frames, 2, brands, rng), brands, rng)),
        ("untouched frames", untouched_crops(iter(frames), 10, rng)),
        ("untouched, on the air", untouched_crops(on_the_air([*whole, *small, *frames], 1, brands, rng), 2, rng)),
        ("drawn pictures", untouched_crops(iter(invented), 4, rng)),
    ]
    for number, (what, made) in enumerate(steps):
        progress(what, number / len(steps))
        parts += made
    return Crops.joined(parts)
