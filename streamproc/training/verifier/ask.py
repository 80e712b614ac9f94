"""Asks the verifier about pictures and footage: what ``streamproc logo verify`` prints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ConfigError, SourceError
from streamproc.inference.card import Region
from streamproc.inference.session import LogoModel
from streamproc.inference.verifier import MARGIN, Verifier, read_reference
from streamproc.media.decoder import decode_keyframes
from streamproc.media.files import FileFootage, find_sources

Picture = NDArray[np.uint8]

_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})
_MOST = 300  # keyframes of footage that are looked at
_MIDDLE = 0.2  # of the screen: about the size of a bug


@dataclass(frozen=True, slots=True)
class Answer:
    """What the verifier says of one picture."""

    time_s: float
    """From the beginning of its epoch, seconds; 0 for a picture."""
    probability: float
    """That the logo is there."""


def ask(verifier: Verifier, reference: Path, shown: str, box: Region | None) -> list[Answer]:
    """Return an answer for a picture, or for footage one for each of at most 300 keyframes.

    reference: a PNG with alpha, or a crop without. shown: a picture or footage. box: where the logo lies on it; when
    None, ``shown`` is a picture of the logo's box alone.
    Raises ModelError (the reference), SourceError (what is shown), ConfigError (footage without a box).
    """
    logo = read_reference(reference, needs_alpha=False)
    if Path(shown).suffix.lower() in _PICTURES:
        picture = _read(Path(shown))
        if box is None:
            picture, box = _on_screen(picture)
        model = verifier.from_reference(logo, box, name=reference.name)
        return [Answer(0.0, _probability(model, picture))]
    if box is None:
        raise ConfigError(f"--region is missing; of footage, give the box of the logo as x,y,width,height: {shown}")
    model = verifier.from_reference(logo, box, name=reference.name)
    return list(_keyframes(model, find_sources(shown)))


def _keyframes(model: LogoModel, sources: Sequence[Path]) -> Iterator[Answer]:
    for epoch in FileFootage(sources).epochs():
        times = epoch.keyframe_times(Fraction(0), epoch.end())
        wanted = set(times[:: max(1, -(-len(times) // _MOST))])
        for frame in decode_keyframes(epoch, Fraction(0), epoch.end(), wanted.__contains__):
            crop = frame.crop(model.card.region.pixels(frame.width, frame.height))
            yield Answer(float(frame.time), float(model.probabilities([crop])[0]))


def _probability(model: LogoModel, picture: Picture) -> float:
    left, top, right, bottom = model.card.region.pixels(picture.shape[1], picture.shape[0])
    return float(model.probabilities([picture[top:bottom, left:right]])[0])


def _on_screen(crop: Picture) -> tuple[Picture, Region]:
    """Put a crop of a logo's box on a 16:9 screen, its edges drawn out: the network wants to see what is around."""
    height, width = crop.shape[:2]
    margin = int(np.ceil(MARGIN * (width * height) ** 0.5)) + 2
    wide = int(max(width + 2 * margin, (height + 2 * margin) * 16 / 9, width / _MIDDLE))
    tall = round(wide * 9 / 16)
    left, top = (wide - width) // 2, (tall - height) // 2
    screen = cv2.copyMakeBorder(crop, top, tall - height - top, left, wide - width - left, cv2.BORDER_REPLICATE)
    return np.asarray(screen, np.uint8), Region(x=left / wide, y=top / tall, width=width / wide, height=height / tall)


def _read(path: Path) -> Picture:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
    if picture is None:
        raise SourceError(f"{path}: is not a picture that can be read")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
