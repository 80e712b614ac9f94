"""Models of the forensic methods, as folders with a card like every other model."""

import json
import zipfile
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

import cv2
import numpy as np
import onnxruntime
from pydantic import Field

from streamproc.errors import ModelError
from streamproc.forensics.cleaning import Cleaning
from streamproc.forensics.diffusion import Diffusion
from streamproc.forensics.ensemble import Ensemble
from streamproc.forensics.laplacian import FEATURES, Laplacian
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

    sure: Annotated[float, Field(gt=0, lt=1)]
    edge: Annotated[float, Field(gt=0, lt=1)]
    least_area: Annotated[int, Field(ge=1)]
    least_texture: Annotated[float, Field(ge=0)]


class NetworkCard(ModelCard):
    """The card of a network that gives a heat: ``luma`` (1, H, W, 1) in [0, 255] to ``logit`` (1, H/2, W/2, 1)."""

    kind: str
    verdict: VerdictCard


class ResidualCard(NetworkCard):
    """The card of our own method's network."""

    kind: Literal["residual"] = "residual"


class UnetCard(NetworkCard):
    """The card of the U-Net."""

    kind: Literal["unet"] = "unet"


class DiffusionCard(ModelCard):
    """The card of the published method's model: ``model.npz`` with ``directions`` (L, 16) and ``thresholds`` (L,)."""

    file: ClassVar[str] = "model.npz"
    kind: Literal["diffusion"] = "diffusion"
    laplacian: Laplacian
    cleaning: CleaningCard


_AT_ONCE = 1 << 22  # pixels


def load_method(folder: Path) -> Method:
    """Load the model of any method. Raises ModelError: missing, broken, or of another kind."""
    try:
        kind = str(json.loads((folder / CARD_FILE).read_text(encoding="utf-8")).get("kind"))
    except (OSError, ValueError, AttributeError):
        kind = ""  # what is wrong with the card is said by whoever parses it
    networks: dict[str, type[LumaNetwork]] = {"residual": Residual, "unet": Unet}
    return networks[kind].load(folder) if kind in networks else load_diffusion(folder)


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


class LumaNetwork:
    """A method whose heat a network gives, from luma. Safe to use from several threads."""

    card_kind: ClassVar[type[NetworkCard]]
    step: ClassVar[int]
    """Height and width of what goes into the network are multiples of it."""
    margin: ClassVar[int]
    """Pixels around a pixel that the network looks at, and a few more; a multiple of the step."""

    def __init__(self, card: NetworkCard, session: onnxruntime.InferenceSession) -> None:
        self.card = card
        self._session = session
        self._how = Verdict(**card.verdict.model_dump())

    @classmethod
    def load(cls, folder: Path, *, provider: Provider = "cpu") -> Self:
        """Load it. Raises ModelError: missing, broken, or not what the card describes."""
        card = parse_card(folder, cls.card_kind)
        path = folder / card.file
        session = open_session(path, provider)
        _refuse_other(path, session)
        return cls(card, session)

    @property
    def name(self) -> str:
        """Short name."""
        return self.card.kind

    def examine(self, picture: Picture) -> Traces:
        """Look at a picture, (H, W, 3) uint8 RGB. Raises PictureError when it is smaller than 16×16."""
        refuse_small(picture)
        return judged(self.heat(picture), picture, self._how)

    def heat(self, picture: Picture) -> Map:
        """Return how much each pixel looks painted, (H, W) in [0, 1]."""
        height, width = picture.shape[:2]
        light = cv2.copyMakeBorder(luma(picture), 0, -height % self.step, 0, -width % self.step, cv2.BORDER_REFLECT_101)
        heat = np.empty(light.shape, np.float32)
        rows = max(self.step, _AT_ONCE // light.shape[1] // self.step * self.step)
        for top in range(0, len(light), rows):  # strips: a whole 8K picture would take gigabytes
            begin, end = max(top - self.margin, 0), min(top + rows + self.margin, len(light))
            (logit,) = self._session.run(["logit"], {"luma": light[None, begin:end, :, None]})
            odds = cv2.resize(logit[0, :, :, 0], (light.shape[1], end - begin), interpolation=cv2.INTER_LINEAR)
            heat[top : top + rows] = (1 / (1 + np.exp(-np.clip(odds, -30, 30))))[top - begin :][:rows]
        return heat[:height, :width]


class Residual(LumaNetwork):
    """Our own method: see :mod:`streamproc.forensics.residual`."""

    card_kind = ResidualCard
    step = 8
    margin = 96


class Unet(LumaNetwork):
    """A U-Net with VGG16's encoder, narrow: the learned baseline (streamproc/training/forensics/unet.py)."""

    card_kind = UnetCard
    step = 16
    margin = 160


def _refuse_other(path: Path, session: onnxruntime.InferenceSession) -> None:
    """Raise ModelError when a network does not take luma, (N, H, W, 1), and give logits, (N, h, w, 1)."""
    ends = [*session.get_inputs(), *session.get_outputs()]
    if [(one.name, len(one.shape), one.shape[-1:]) for one in ends] != [("luma", 4, [1]), ("logit", 4, [1])]:
        takes, gives = (
            ", ".join(f"{one.name} of {len(one.shape)} dimensions, the last {one.shape[-1:]}" for one in side)
            for side in (session.get_inputs(), session.get_outputs())
        )
        raise ModelError(f"{path}: takes {takes}; gives {gives}; it should take luma (N, H, W, 1) and give logit alike")


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
