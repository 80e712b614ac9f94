"""The universal verifier: tells whether a logo, known only from a picture of it, is on a crop of the screen.

One network with two inputs: a crop, and a reference, which is the logo drawn once where it lies, as colour and alpha.
So a channel has a model the moment it has a PNG:

    model = Verifier.load(shipped_model("verifier")).from_reference(read_reference(path), box, name="one.png")
    model.probabilities([frame.crop(model.card.region.pixels(frame.width, frame.height))])
"""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Literal, Self

import cv2
import numpy as np
import onnxruntime
import structlog
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.inference.card import (
    MODEL_FILE,
    Calibration,
    Card,
    Decision,
    Input,
    ModelCard,
    Region,
    parse_card,
)
from streamproc.inference.moving import MovingModel
from streamproc.inference.session import LogoModel, Provider, open_session

log = structlog.get_logger()

Picture = NDArray[np.uint8]
Layer = NDArray[np.float32]

INPUT = (80, 48)
"""Width and height of what the network sees."""
MARGIN = 0.2
"""Of what is seen around the logo: a share of the square root of its area."""
UNKNOWN_ALPHA = 127.5
"""Stands for the alpha of a reference that is a crop: which of its pixels are logo is not known."""
_SCREEN = (1920, 1080)
"""The picture in which margins are measured and references are drawn."""
_FINE = 4
"""References are drawn so many times as fine as the input and averaged: an even weight for every pixel of theirs."""
_SMALLEST = 4


class VerifierCard(ModelCard):
    """The card of a verifier: its network compares a crop with a reference."""

    kind: Literal["verifier"] = "verifier"
    """So that a channel's card is not taken for a verifier's, or the other way round."""
    input: Input
    """The crop."""
    reference: str = "reference"
    """Name of the other ONNX input: what :func:`draw_reference` gives, (1, height, width, 4) float32 in [0, 255]."""
    output: str = "logit"
    """Name of the ONNX output, (N, 1) float32: above 0 means that the logo is there."""
    calibration: Calibration = Calibration()
    decision: Decision = Decision()


class ReferenceModel(LogoModel):
    """A verifier that was shown one logo: the same face as a channel's own model. Safe to use from several threads."""

    def __init__(self, card: Card, session: onnxruntime.InferenceSession, reference: dict[str, Layer]) -> None:
        super().__init__(card, session)
        self._fed = reference


class Verifier:
    """The network and its card. Safe to use from several threads."""

    def __init__(self, card: VerifierCard, session: onnxruntime.InferenceSession) -> None:
        self.card = card
        self._session = session

    @classmethod
    def load(cls, folder: Path, *, provider: Provider = "cpu") -> Self:
        """Load ``folder``/model.onnx and its card. Raises ModelError when they are missing, broken or don't match."""
        card = parse_card(folder, VerifierCard)
        path = folder / MODEL_FILE
        session = open_session(path, provider)
        _check(path, card, session)
        return cls(card, session)

    def from_reference(self, reference: Picture, box: Region, *, name: str) -> ReferenceModel:
        """Return a model of one logo; it is drawn here, once.

        reference: (h, w, 4) uint8 RGBA, straight alpha, as :func:`read_reference` gives it; or (h, w, 3), a crop of a
        screen that shows the logo and nothing else of note. box: where its edges lie on the screen; it is fitted in,
        centred, keeping its shape. name: what to call it, for the catalogue.
        Raises ModelError when it would be too small to be told from others.
        """
        _check_size(reference, box, name)
        drawn = draw_reference(reference, box)
        card = Card(
            schema=1,
            name=f"verifier of {name}",
            # What was used is the network and the logo and its place; a change of any is another model.
            sha256=hashlib.sha256(self.card.sha256.encode() + drawn.tobytes() + str(box).encode()).hexdigest(),
            region=surroundings(box),
            input=self.card.input,
            output=self.card.output,
            calibration=self.card.calibration,
            decision=self.card.decision,
            metrics=self.card.metrics,
            data=self.card.data,
            licence=self.card.licence,
            created=self.card.created,
        )
        return ReferenceModel(card, self._session, {self.card.reference: drawn[None]})


class VerifierPool:
    """The verifier of a process: loaded when a channel first asks for it, one for all channels."""

    def __init__(self, folder: Path | None = None, *, provider: Provider = "cpu") -> None:
        """folder: the verifier's; the one that comes with streamproc when None."""
        self._folder = folder
        self._provider = provider
        self._verifier: Verifier | None = None
        self._lock = Lock()

    def get(self, reference: Path, places: Sequence[Region]) -> LogoModel:
        """Return a model of a logo: a PNG with alpha, and where its edges lie, or may lie. Raises ModelError."""
        logo = read_reference(reference)
        with self._lock:
            if self._verifier is None:
                folder = shipped_model("verifier") if self._folder is None else self._folder
                self._verifier = Verifier.load(folder, provider=self._provider)
            models = [self._verifier.from_reference(logo, place, name=reference.name) for place in places]
        model = models[0] if len(models) == 1 else MovingModel(models)
        log.info("model.loaded", model=model.card.name, provider=model.provider, asked_for=self._provider)
        return model


def shipped_model(name: str) -> Path:
    """Return the folder of a model that comes with streamproc: of the checkout, or where the wheel put it.

    Raises ModelError when it is in neither.
    """
    places = (Path(__file__).parents[2] / "models" / name, Path(sys.prefix) / "share" / "streamproc" / "models" / name)
    for place in places:
        if place.is_dir():
            return place
    raise ModelError(f"the {name} that comes with streamproc is missing: neither {places[0]} nor {places[1]} is there")


def read_reference(path: Path, *, needs_alpha: bool = True) -> Picture:
    """Read a logo as (h, w, 4) uint8 RGBA, cut to what is visible; without alpha, if allowed, as (h, w, 3) RGB.

    Raises ModelError: can't be read, no alpha where it is needed, nothing visible.
    """
    logo = read_picture(path, needs_alpha=needs_alpha)
    return _visible(logo, path) if logo.shape[2] == 4 else logo


def read_picture(path: Path, *, needs_alpha: bool = True) -> Picture:
    """Read a logo's file as (h, w, 4) uint8 RGBA; without alpha, if allowed, as (h, w, 3) RGB.

    Raises ModelError: can't be read, no alpha where it is needed.
    """
    try:
        coded = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise ModelError(f"{path}: can't be read ({error.strerror}); give the logo as a PNG with alpha") from error
    picture = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED) if coded.size else None
    if picture is None:
        raise ModelError(f"{path}: is not a picture; give the logo as a PNG with alpha")
    levels = np.asarray(picture // 257 if picture.dtype == np.uint16 else picture, np.uint8)
    if levels.ndim == 3 and levels.shape[2] == 4:
        return np.asarray(cv2.cvtColor(levels, cv2.COLOR_BGRA2RGBA), np.uint8)
    if needs_alpha:
        raise ModelError(f"{path}: has no alpha channel; save the logo as a PNG with a transparent ground")
    return np.asarray(cv2.cvtColor(levels, cv2.COLOR_BGR2RGB if levels.ndim == 3 else cv2.COLOR_GRAY2RGB), np.uint8)


def surroundings(box: Region) -> Region:
    """Return what the network sees of a picture: the logo's box and a margin, kept inside the picture."""
    extra = MARGIN * (box.width * _SCREEN[0] * box.height * _SCREEN[1]) ** 0.5
    left, right = max(0.0, box.x - extra / _SCREEN[0]), min(1.0, box.x + box.width + extra / _SCREEN[0])
    top, bottom = max(0.0, box.y - extra / _SCREEN[1]), min(1.0, box.y + box.height + extra / _SCREEN[1])
    return Region(x=left, y=top, width=right - left, height=bottom - top)


def draw_reference(reference: Picture, box: Region) -> Layer:
    """Draw a logo as the network is shown it: where it lies within its surroundings, keeping its shape, centred.

    reference: (h, w, 4) uint8 RGBA, straight alpha, or (h, w, 3) RGB.
    returns: (48, 80, 4) float32: colour × alpha, and alpha, both in [0, 255].
    """
    seen = surroundings(box)
    origin, extent = (np.array(pair) * _SCREEN for pair in ((seen.x, seen.y), (seen.width, seen.height)))
    corner, room = (np.array(pair) * _SCREEN for pair in ((box.x, box.y), (box.width, box.height)))
    size = min(room / reference.shape[1::-1]) * np.array(reference.shape[1::-1])
    grid = np.array(INPUT) * _FINE / extent
    width, height = (max(1, round(float(side))) for side in size * grid)
    left, top = (round(float(at)) for at in (corner + (room - size) / 2 - origin) * grid)
    layer = _premultiplied(reference)
    shrinks = width * height < layer.shape[0] * layer.shape[1]
    scaled = cv2.resize(layer, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    canvas = np.zeros((INPUT[1] * _FINE, INPUT[0] * _FINE, 4), np.float32)
    top, left = max(0, top), max(0, left)
    part = scaled[: canvas.shape[0] - top, : canvas.shape[1] - left]
    canvas[top : top + part.shape[0], left : left + part.shape[1]] = part
    return np.asarray(cv2.resize(canvas, INPUT, interpolation=cv2.INTER_AREA), np.float32)


def _premultiplied(reference: Picture) -> Layer:
    layer = reference.astype(np.float32)
    if layer.shape[2] == 3:
        return np.dstack([layer * (UNKNOWN_ALPHA / 255), np.full(layer.shape[:2], UNKNOWN_ALPHA, np.float32)])
    layer[:, :, :3] *= layer[:, :, 3:] / 255
    return layer


def _visible(logo: Picture, path: Path) -> Picture:
    """Cut away the fully transparent rows and columns around a logo. Raises ModelError when nothing is left."""
    rows = np.flatnonzero(logo[:, :, 3].any(axis=1))
    columns = np.flatnonzero(logo[:, :, 3].any(axis=0))
    if rows.size == 0:
        raise ModelError(f"{path}: the logo is fully transparent; there is nothing to look for")
    return logo[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _check_size(reference: Picture, box: Region, name: str) -> None:
    if min(reference.shape[:2]) < _SMALLEST:
        raise ModelError(
            f"{name}: the visible part is {reference.shape[1]}×{reference.shape[0]} pixels; "
            f"at least {_SMALLEST}×{_SMALLEST} are needed"
        )
    scale = min(box.width * _SCREEN[0] / reference.shape[1], box.height * _SCREEN[1] / reference.shape[0])
    width, height = (scale * side for side in reference.shape[1::-1])
    if min(width, height) < 12:
        raise ModelError(
            f"{name}: the logo would be {width:.0f}×{height:.0f} pixels in a picture of 1080 lines; "
            "at least 12×12 are needed to tell it from others: check the region"
        )


def _check(path: Path, card: VerifierCard, session: onnxruntime.InferenceSession) -> None:
    """Compare names and shapes with the card. Raises ModelError."""
    inputs = {node.name: list(node.shape[1:]) for node in session.get_inputs()}
    outputs = [node.name for node in session.get_outputs()]
    size = [card.input.height, card.input.width]
    if inputs != {card.input.name: [*size, 3], card.reference: [*size, 4]} or outputs != [card.output]:
        raise ModelError(f"{path}: has inputs {inputs} and outputs {outputs}, which are not those of its card")
    if (card.input.width, card.input.height) != INPUT:
        raise ModelError(f"{path}: sees {size[1]}×{size[0]} pixels, but this streamproc draws {INPUT[0]}×{INPUT[1]}")
