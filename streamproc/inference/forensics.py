"""Models of the forensic methods, as folders with a card like every other model."""

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal, Self

import cv2
import numpy as np
import onnxruntime
from pydantic import Field

from streamproc.errors import ConfigError, ModelError
from streamproc.forensics.cleaning import Cleaning
from streamproc.forensics.diffusion import Diffusion
from streamproc.forensics.ensemble import Ensemble
from streamproc.forensics.laplacian import FEATURES, Laplacian
from streamproc.forensics.residual import Verdict, judged, luma
from streamproc.forensics.traces import Map, Method, Picture, Traces, refuse_small
from streamproc.inference.card import CARD_FILE, CardSection, ModelCard, file_sha256, parse_card
from streamproc.inference.heat import heat_of, open_network
from streamproc.inference.session import Provider, open_session
from streamproc.inference.verifier import shipped_model


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


class ResidualCard(ModelCard):
    """The card of our own method's network: ``luma`` (1, H, W, 1) in [0, 255] to ``logit`` (1, H/2, W/2, 1)."""

    kind: Literal["residual"] = "residual"
    verdict: VerdictCard


class UnetCard(ModelCard):
    """The card of the U-Net: ``luma`` (1, H, W, 1) in [0, 255] to ``logit`` (1, H/2, W/2, 1)."""

    kind: Literal["unet"] = "unet"
    verdict: VerdictCard


class DiffusionCard(ModelCard):
    """The card of the published method's model: ``model.npz`` with ``directions`` (L, 16) and ``thresholds`` (L,)."""

    file: ClassVar[str] = "model.npz"
    kind: Literal["diffusion"] = "diffusion"
    laplacian: Laplacian
    cleaning: CleaningCard


_STEP = 8  # height and width of what goes into the network are multiples of it
_MARGIN = 96  # pixels around a pixel that the network looks at, and a few more
_AT_ONCE = 1 << 22  # pixels


SHIPPED: Final = ("residual", "diffusion")
"""Methods whose model comes with streamproc; the first is the default."""
WITHOUT_MODEL: Final[Mapping[str, Callable[[], Method]]] = {}
"""Methods that need no model, by name."""


def named_method(name: str) -> Method:
    """Return a method that comes with streamproc. Raises ConfigError: there is none of this name; ModelError."""
    if name in WITHOUT_MODEL:
        return WITHOUT_MODEL[name]()
    if name not in SHIPPED:
        choices = ", ".join([*SHIPPED, *WITHOUT_MODEL])
        raise ConfigError(f"--method {name}: there is no such method; those that come with streamproc are {choices}")
    return load_method(shipped_model(name))


def load_method(folder: Path) -> Method:
    """Load the model of any method. Raises ModelError: missing, broken, or of another kind."""
    try:
        kind = str(json.loads((folder / CARD_FILE).read_text(encoding="utf-8")).get("kind"))
    except (OSError, ValueError, AttributeError):
        kind = ""  # what is wrong with the card is said by whoever parses it
    networks: dict[str, type[Residual] | type[Unet]] = {"residual": Residual, "unet": Unet}
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


class Residual:
    """Our own method: see :mod:`streamproc.forensics.residual`. Safe to use from several threads."""

    def __init__(self, card: ResidualCard, session: onnxruntime.InferenceSession) -> None:
        self.card = card
        self._session = session
        self._how = Verdict(**card.verdict.model_dump())

    @classmethod
    def load(cls, folder: Path, *, provider: Provider = "cpu") -> Self:
        """Load it. Raises ModelError: missing, broken, or not what the card describes."""
        card = parse_card(folder, ResidualCard)
        path = folder / card.file
        session = open_session(path, provider)
        inputs, outputs = ([one.name for one in side] for side in (session.get_inputs(), session.get_outputs()))
        if (inputs, outputs) != (["luma"], ["logit"]):
            raise ModelError(f"{path}: takes {inputs} and gives {outputs}; it should take luma and give logit")
        return cls(card, session)

    @property
    def name(self) -> str:
        """Short name."""
        return "residual"

    def examine(self, picture: Picture) -> Traces:
        """Look at a picture, (H, W, 3) uint8 RGB. Raises PictureError when it is smaller than 16×16."""
        refuse_small(picture)
        return judged(self.heat(picture), picture, self._how)

    def heat(self, picture: Picture) -> Map:
        """Return how much each pixel looks painted, (H, W) in [0, 1]."""
        height, width = picture.shape[:2]
        light = cv2.copyMakeBorder(luma(picture), 0, -height % _STEP, 0, -width % _STEP, cv2.BORDER_REFLECT_101)
        heat = np.empty(light.shape, np.float32)
        rows = max(_STEP, _AT_ONCE // light.shape[1] // _STEP * _STEP)
        for top in range(0, len(light), rows):  # strips: a whole 8K picture would take gigabytes
            begin, end = max(top - _MARGIN, 0), min(top + rows + _MARGIN, len(light))
            (logit,) = self._session.run(["logit"], {"luma": light[None, begin:end, :, None]})
            odds = cv2.resize(logit[0, :, :, 0], (light.shape[1], end - begin), interpolation=cv2.INTER_LINEAR)
            heat[top : top + rows] = (1 / (1 + np.exp(-np.clip(odds, -30, 30))))[top - begin :][:rows]
        return heat[:height, :width]


class Unet:
    """A U-Net with VGG16's encoder, narrow: the learned baseline. Safe to use from several threads.

    The network: streamproc/training/forensics/unet.py; what its heat says is judged as the residual network's is.
    """

    _STEP: ClassVar = 16
    _MARGIN: ClassVar = 160

    def __init__(self, card: UnetCard, session: onnxruntime.InferenceSession) -> None:
        self.card = card
        self._session = session
        self._how = Verdict(**card.verdict.model_dump())

    @classmethod
    def load(cls, folder: Path, *, provider: Provider = "cpu") -> Self:
        """Load it. Raises ModelError: missing, broken, or not what the card describes."""
        card = parse_card(folder, UnetCard)
        return cls(card, open_network(folder / card.file, provider))

    @property
    def name(self) -> str:
        """Short name."""
        return "unet"

    def examine(self, picture: Picture) -> Traces:
        """Look at a picture, (H, W, 3) uint8 RGB. Raises PictureError when it is smaller than 16×16."""
        refuse_small(picture)
        return judged(self.heat(picture), picture, self._how)

    def heat(self, picture: Picture) -> Map:
        """Return how much each pixel looks painted, (H, W) in [0, 1]."""
        return heat_of(self._session, luma(picture), step=self._STEP, margin=self._MARGIN)


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
