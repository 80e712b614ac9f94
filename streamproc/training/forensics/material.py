"""What the network learns from: painted photographs and painted moving video, as television's coding leaves them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from streamproc.forensics.traces import Picture
from streamproc.media.decoder import decode_frames
from streamproc.media.files import FileFootage
from streamproc.media.keyframes import spread_keyframes
from streamproc.media.stills import read_picture
from streamproc.training.forensics.coded import h264, jpeg
from streamproc.training.forensics.inpainters import Inpainter, biharmonic, delogo, harmonic, navier_stokes, telea
from streamproc.training.forensics.protocol import cases, painted, photographs, split
from streamproc.training.forensics.scenes import CROP, Crops, Hole, captioned, crops, holes, paint, panned, truth

LEARNT: Final[Mapping[str, Inpainter]] = {"harmonic": harmonic, "telea": telea, "delogo": delogo}
"""Beside G'MIC's three, whose pictures the published protocol brings: what the network sees in training."""
UNSEEN: Final[Mapping[str, Inpainter]] = {"navier-stokes": navier_stokes, "biharmonic": biharmonic}
"""What it is never shown."""
MEASURED_FILMS: Final = ("big_buck_bunny_720p", "kohlipe2", "lofoten", "palawan")
"""Footage that is only ever measured on."""
CLIP: Final = 25
"""Frames of a clip: two keyframes and a bit."""
LEARNT_REDUCED: Final = 150
"""Of the reduced photographs, in order of their names, so many are learnt from."""
_CLIP_SIZE: Final = 320, 448
_CLIPS_A_FILM, _FRAMES_A_FILM = 4, 6

Progress = Callable[[str, float], None]


def halved(picture: Picture) -> Picture:
    """Return a picture at half its size, both sides even: what its coding left is averaged away."""
    height, width = (side // 4 * 4 for side in picture.shape[:2])
    return np.asarray(
        cv2.resize(picture[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8
    )


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


def stills(pictures: Sequence[Picture], rounds: int, rng: np.random.Generator) -> Iterator[Crops]:
    """Yield crops of photographs, painted over, two in three of them then coded as JPEG, some of those twice."""
    for _ in range(rounds):
        for picture in pictures:
            before = captioned(picture, rng) if rng.random() < 0.2 else picture
            most = max(2, before.shape[0] * before.shape[1] // 40_000)
            over = holes(before.shape[:2], LEARNT, most, rng)
            yield crops(coded(paint(before, over), rng), truth(before, over), rng)


def coded(picture: Picture, rng: np.random.Generator) -> Picture:
    """Return a picture as it is, or as it comes back from JPEG once or twice."""
    times = rng.choice(3, p=(0.35, 0.5, 0.15))
    for _ in range(times):
        picture = jpeg(picture, int(rng.integers(60, 99)))
    return picture


def moving(clip: Sequence[Picture], rng: np.random.Generator) -> Iterator[Crops]:
    """Yield crops of a clip's keyframes: painted at places that stay, coded as H.264; sometimes coded before, too."""
    if rng.random() < 0.2:
        clip = [captioned(frame, np.random.default_rng(7)) for frame in clip]
    over = holes(clip[0].shape[:2], LEARNT, max(3, clip[0].shape[0] * clip[0].shape[1] // 40_000), rng)
    painted = [paint(frame, over) for frame in clip]
    if rng.random() < 0.2:
        painted = [jpeg(frame, int(rng.integers(80, 96))) for frame in painted]
    for number, keyframe in h264(painted, int(rng.integers(16, 30))):
        yield crops(keyframe, truth(clip[number], over), rng)


def pans(pictures: Sequence[Picture], count: int, rng: np.random.Generator) -> Iterator[list[Picture]]:
    """Yield clips of a camera that moves over photographs large enough for it."""
    large = [one for one in pictures if one.shape[0] > _CLIP_SIZE[0] + 16 and one.shape[1] > _CLIP_SIZE[1] + 16]
    for number in range(count):
        yield list(panned(large[number % len(large)], _CLIP_SIZE, CLIP, rng))


def reduced_pictures(folder: Path, which: slice) -> list[Picture]:
    """Return pictures of a folder at half their size, those that a crop fits into."""
    found = []
    for path in sorted(folder.iterdir())[which]:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if picture is not None and min(picture.shape[:2]) // 2 >= CROP + 16:
            found.append(halved(np.asarray(picture, np.uint8)))
    return found


def frames_of(film: Path, count: int) -> list[Picture]:
    """Return keyframes spread over a film, at half their size."""
    return [halved(picture) for _, picture in spread_keyframes([film], count=count)]


def _upright(picture: Picture) -> Picture:
    """Return a picture wider than high, turned where it is not."""
    return np.ascontiguousarray(np.rot90(picture)) if picture.shape[0] > picture.shape[1] else picture


def protocol(photographs: Mapping[str, Picture], work: Path, rng: np.random.Generator) -> Iterator[Crops]:
    """Yield crops of the published protocol's pictures, half of them then coded as JPEG."""
    for case in cases(photographs):
        before = photographs[case.image]
        after, mask = painted(case, before, work)
        yield crops(coded(after, rng), truth(before, [Hole(mask, harmonic)]), rng)


def gather(data: Path, work: Path, seed: int = 0, progress: Progress = lambda what, share: None) -> Crops:
    """Return what the network learns from.

    data: a folder with images/ and footage/ and adverts/ (docs/models.md); work: where the protocol's painted pictures
    are kept. Nothing that benchmarks measure on is looked at. Raises ConfigError, SourceError.
    """
    rng = np.random.default_rng(seed)
    kodak = data / "images" / "kodak24"
    lossless = photographs(kodak)
    names, _, _ = split(lossless)
    whole = [_upright(read_picture(kodak / f"{name}.png")) for name in names]
    films = [
        path for path in sorted((data / "footage").iterdir()) if path.stem not in MEASURED_FILMS and path.is_file()
    ]
    films += sorted((data / "adverts").glob("spoof_*.mp4"))[::2]
    clips = [*pans(whole, 32, rng)]
    frames = []
    for film in films:
        clips += [
            [halved(one) if one.shape[0] >= 576 else one for one in clip] for clip in clips_of(film, _CLIPS_A_FILM)
        ]
        frames += [one for one in frames_of(film, _FRAMES_A_FILM) if min(one.shape[:2]) > CROP + 16]
    small = reduced_pictures(data / "images" / "bsds500_jpeg", slice(LEARNT_REDUCED))
    parts: list[Crops] = []
    steps: list[tuple[str, Iterator[Crops]]] = [
        ("photographs", stills(whole, 4, rng)),
        ("reduced photographs", stills(small, 2, rng)),
        ("frames", stills(frames, 2, rng)),
        ("clips", (part for clip in clips for part in moving(clip, rng))),
        ("the protocol's pictures", protocol({name: lossless[name] for name in names}, work, rng)),
    ]
    for number, (what, made) in enumerate(steps):
        progress(what, number / len(steps))
        parts += made
    return Crops.joined(parts)
