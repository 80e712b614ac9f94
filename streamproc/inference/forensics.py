"""Models of the forensic methods, as folders with a card like every other model."""

import json
import zipfile
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pydantic import Field

from streamproc.errors import ModelError
from streamproc.forensics.cleaning import Cleaning
from streamproc.forensics.diffusion import Diffusion
from streamproc.forensics.ensemble import Ensemble
from streamproc.forensics.laplacian import FEATURES, Laplacian
from streamproc.forensics.residual import FEATURES as PART_FEATURES
from streamproc.forensics.residual import Verdict, judged, luma
from streamproc.forensics.traces import Map, Method, Picture, Traces, refuse_small
from streamproc.inference.card import CARD_FILE, CardSection, ModelCard, file_sha256, parse_card
from streamproc.inference.session import Provider, open_session


class CleaningCard(CardSection):
    """How votes become a mask; see :class:`streamproc.forensics.cleaning.Cleaning`."""

    least_share: Annotated[float, Field(gt=0, le=1)]
    survivors: tuple[Annotated[float, Field(ge=0)], ...]
    most_survivors: Annotated[float, Field(gt=0)]
    growth: Annotated[int, Field(ge=0, le=16)]


class VerdictCard(CardSection):
    """How heat becomes a mask; see :class:`streamproc.forensics.residual.Verdict`."""

    edge: Annotated[float, Field(gt=0, lt=1)]
    least_area: Annotated[int, Field(ge=1)]
    least_texture: Annotated[float, Field(ge=0)]
    weights: Annotated[tuple[float, ...], Field(min_length=len(PART_FEATURES), max_length=len(PART_FEATURES))]
    bias: float
    sure: Annotated[float, Field(gt=0, lt=1)]
    certain: Annotated[float, Field(gt=0, lt=1)]


class FineCard(CardSection):
    """The fine network, ``colours`` (1, H, W, 3) in [0, 255] to ``logit`` (1, H, W, 1), and how both make one heat."""

    file: ClassVar[str] = "fine.onnx"
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    coarse_weight: float
    fine_weight: float
    bias: float
    """Logits are weighed and summed up."""


class ResidualCard(ModelCard):
    """The card of our own method's networks: ``luma`` (1, H, W, 1) in [0, 255] to ``logit`` (1, H/4, W/4, 1)."""

    kind: Literal["residual"] = "residual"
    fine: FineCard | None = None
    """Without it, there is the coarse network only, and small holes are not seen."""
    verdict: VerdictCard


class DiffusionCard(ModelCard):
    """The card of the published method's model: ``model.npz`` with ``directions`` (L, 16) and ``thresholds`` (L,)."""

    file: ClassVar[str] = "model.npz"
    kind: Literal["diffusion"] = "diffusion"
    laplacian: Laplacian
    cleaning: CleaningCard


_STEP = 8  # height and width of what goes into the network are multiples of it
_MARGIN = 160  # pixels around a pixel that the network looks at, and a few more
_SCALE = 4  # pixels a side that the coarse network gives a logit for
_AT_ONCE = 1 << 22  # pixels
_FINE_MARGIN = 48  # pixels around a pixel that the fine network looks at
_SMALL_PICTURE = 1 << 19  # pixels, up to which the fine network looks at all of a picture
_CLOSE_UPS = 160_000  # pixels that it looks at in a larger one
_AROUND = 16  # pixels around what is warm
_WARM = -1.0  # logit of the coarse network
_MOST_PLACES = 64


def load_method(folder: Path) -> Method:
    """Load the model of any method. Raises ModelError: missing, broken, or of another kind."""
    try:
        kind = json.loads((folder / CARD_FILE).read_text(encoding="utf-8")).get("kind")
    except (OSError, ValueError, AttributeError):
        kind = None  # what is wrong with the card is said by whoever parses it
    return Residual.load(folder) if kind == "residual" else load_diffusion(folder)


def load_diffusion(folder: Path) -> Diffusion:
    """Load the published method. Raises ModelError: missing, broken, or not what the card describes."""
    card = parse_card(folder, DiffusionCard)
    path = folder / card.file
    try:
        with np.load(path, allow_pickle=False) as arrays:
            directions, thresholds = arrays["directions"], arrays["thresholds"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: is not a model of this method ({error})") from error
    if directions.shape != (len(thresholds), FEATURES) or not len(thresholds):
        raise ModelError(f"{path}: has learners of shape {directions.shape}; it should be (learners, {FEATURES})")
    return Diffusion(
        laplacian=card.laplacian,
        ensemble=Ensemble(directions=directions, thresholds=thresholds),
        cleaning=Cleaning(**card.cleaning.model_dump()),
    )


class Residual:
    """Our own method: see :mod:`streamproc.forensics.residual`. Safe to use from several threads."""

    def __init__(
        self, card: ResidualCard, coarse: onnxruntime.InferenceSession, fine: onnxruntime.InferenceSession | None
    ) -> None:
        self.card = card
        self._coarse, self._fine = coarse, fine
        self._how = Verdict(**card.verdict.model_dump())

    @classmethod
    def load(cls, folder: Path, *, provider: Provider = "cpu") -> Self:
        """Load it. Raises ModelError: missing, broken, or not what the card describes."""
        card = parse_card(folder, ResidualCard)
        coarse, fine = _network(folder / card.file, "luma", provider), None
        if card.fine is not None:
            path = folder / card.fine.file
            if not path.is_file() or file_sha256(path) != card.fine.sha256:
                raise ModelError(f"{path}: is missing, or is not the file that its card describes")
            fine = _network(path, "colours", provider)
        return cls(card, coarse, fine)

    @property
    def name(self) -> str:
        """Short name."""
        return "residual"

    def examine(self, picture: Picture) -> Traces:
        """Look at a picture, (H, W, 3) uint8 RGB. Raises PictureError when it is smaller than 16×16."""
        refuse_small(picture)
        return judged(self.heat(picture), picture, self._how)

    def heat(self, picture: Picture) -> Map:
        """Return how much each pixel looks painted, (H, W) in [0, 1].

        The coarse network looks at all of it; the fine one at a picture of up to half a megapixel, and of a larger one
        at the hottest places only.
        """
        odds = self.coarse(picture)
        heat = enlarged(_likely(odds), picture)
        if self.card.fine is not None:
            coarse, how = enlarged(odds, picture), self.card.fine
            for window in close_ups(odds, picture.shape[:2]):
                fine = how.fine_weight * self.fine(picture, window)
                heat[window] = _likely(how.coarse_weight * coarse[window] + fine + how.bias)
        return heat

    def coarse(self, picture: Picture) -> Map:
        """Return the coarse network's logits, (⌈H/8⌉ · 2, ⌈W/8⌉ · 2): one for every fourth pixel."""
        height, width = picture.shape[:2]
        light = cv2.copyMakeBorder(luma(picture), 0, -height % _STEP, 0, -width % _STEP, cv2.BORDER_REFLECT_101)
        odds = np.empty((len(light) // _SCALE, light.shape[1] // _SCALE), np.float32)
        rows = max(_STEP, _AT_ONCE // light.shape[1] // _STEP * _STEP)
        for top in range(0, len(light), rows):  # strips: a whole 8K picture would take gigabytes
            begin, end = max(top - _MARGIN, 0), min(top + rows + _MARGIN, len(light))
            (part,) = self._coarse.run(["logit"], {"luma": light[None, begin:end, :, None]})
            found = part[0, (top - begin) // _SCALE :, :, 0][: rows // _SCALE]
            odds[top // _SCALE : top // _SCALE + len(found)] = found
        return odds

    def fine(self, picture: Picture, window: tuple[slice, slice]) -> Map:
        """Return the fine network's logits in a window of the picture, (h, w). There must be a fine network."""
        assert self._fine is not None
        rows, columns = window
        top, left = max(rows.start - _FINE_MARGIN, 0), max(columns.start - _FINE_MARGIN, 0)
        part = picture[top : rows.stop + _FINE_MARGIN, left : columns.stop + _FINE_MARGIN]
        height, width = part.shape[:2]
        even = cv2.copyMakeBorder(part, 0, height % 2, 0, width % 2, cv2.BORDER_REFLECT_101)
        (odds,) = self._fine.run(["logit"], {"colours": even[None].astype(np.float32)})
        down, right = rows.start - top, columns.start - left
        return np.asarray(
            odds[0, down : down + rows.stop - rows.start, right : right + columns.stop - columns.start, 0]
        )


def close_ups(odds: Map, size: tuple[int, int]) -> list[tuple[slice, slice]]:
    """Return the windows of a picture, (H, W) ``size``, that are worth a closer look, by the coarse network's logits.

    All of a small picture; of a larger one the hottest parts, with room around them, until that is a lot.
    """
    height, width = size
    if height * width <= _SMALL_PICTURE:
        return [np.s_[0:height, 0:width]]
    warm = cv2.dilate((odds >= _WARM).astype(np.uint8), np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(warm, connectivity=8)
    hottest = [float(odds[labels == number].max()) for number in range(1, min(count, _MOST_PLACES))]
    found: list[tuple[slice, slice]] = []
    room = _CLOSE_UPS
    for number in sorted(range(1, len(hottest) + 1), key=lambda number: -hottest[number - 1]):
        left, top, wide, high = (int(value) * _SCALE for value in stats[number, :4])
        window = np.s_[
            max(top - _AROUND, 0) : min(top + high + _AROUND, height),
            max(left - _AROUND, 0) : min(left + wide + _AROUND, width),
        ]
        room -= (window[0].stop - window[0].start + 2 * _FINE_MARGIN) * (
            window[1].stop - window[1].start + 2 * _FINE_MARGIN
        )
        if room < 0:
            break
        found.append(window)
    return found


def enlarged(low: Map, picture: Picture) -> Map:
    """Return what there is for every fourth pixel for every one of a picture."""
    size = low.shape[1] * _SCALE, low.shape[0] * _SCALE
    whole = cv2.resize(low, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole[: picture.shape[0], : picture.shape[1]], np.float32)


def _likely(odds: NDArray[np.floating[Any]]) -> Map:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))), np.float32)


def _network(path: Path, seen: str, provider: Provider) -> onnxruntime.InferenceSession:
    session = open_session(path, provider)
    inputs, outputs = ([one.name for one in side] for side in (session.get_inputs(), session.get_outputs()))
    if (inputs, outputs) != ([seen], ["logit"]):
        raise ModelError(f"{path}: takes {inputs} and gives {outputs}; it should take {seen} and give logit")
    return session


def save_diffusion(method: Diffusion, folder: Path, **told: object) -> DiffusionCard:
    """Write a model folder. ``told``: what else the card shall say (name, metrics, data, licence, created)."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / DiffusionCard.file
    np.savez_compressed(path, directions=method.ensemble.directions, thresholds=method.ensemble.thresholds)
    cleaning = {name: getattr(method.cleaning, name) for name in CleaningCard.model_fields}
    card = DiffusionCard.model_validate(
        {"schema": 1, "sha256": file_sha256(path), "laplacian": method.laplacian, "cleaning": cleaning, **told}
    )
    card.write(folder)
    return card
