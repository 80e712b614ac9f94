"""Models of the forensic methods, as folders with a card like every other model."""

import json
import zipfile
from abc import ABC, abstractmethod
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
from streamproc.forensics.laplacian import FEATURES, Laplacian, colours_and_change
from streamproc.forensics.odds import likelihood
from streamproc.forensics.patches import Patches
from streamproc.forensics.residual import FEATURES as PART_FEATURES
from streamproc.forensics.residual import Verdict, judged, luma
from streamproc.forensics.traces import Map, Method, Picture, Traces, refuse_small
from streamproc.inference.card import CARD_FILE, CardSection, ModelCard, file_sha256, parse_card
from streamproc.inference.heat import enlarged, odds_of, open_network
from streamproc.inference.session import Provider
from streamproc.inference.verifier import shipped_model


class CleaningCard(CardSection):
    """How votes become a mask; see :class:`streamproc.forensics.cleaning.Cleaning`."""

    least_share: Annotated[float, Field(gt=0, le=1)]
    survivors: tuple[Annotated[float, Field(ge=0)], ...]
    most_survivors: Annotated[float, Field(gt=0)]
    growth: Annotated[int, Field(ge=0, le=16)]


PartWeights = Annotated[tuple[float, ...], Field(min_length=len(PART_FEATURES), max_length=len(PART_FEATURES))]


class VerdictCard(CardSection):
    """How heat becomes a mask; see :class:`streamproc.forensics.residual.Verdict`."""

    edge: Annotated[float, Field(gt=0, lt=1)]
    least_area: Annotated[int, Field(ge=1)]
    least_texture: Annotated[float, Field(ge=0)]
    weights: PartWeights = Verdict().weights
    bias: float = Verdict().bias
    small_weights: PartWeights = Verdict().small_weights
    small_bias: float = Verdict().small_bias
    sure: Annotated[float, Field(gt=0, lt=1)]
    certain: Annotated[float, Field(gt=0, lt=1)] = Verdict().certain


class FineCard(CardSection):
    """The fine network beside the coarse one: ``colours`` (1, H, W, 6) to ``logit`` (1, H, W, 1)."""

    file: ClassVar[str] = "fine.onnx"
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ResidualCard(ModelCard):
    """The card of our own method's networks: ``luma`` (1, H, W, 1) in [0, 255] to ``logit`` (1, H/4, W/4, 1)."""

    kind: Literal["residual"] = "residual"
    fine: FineCard | None = None
    """Without it, there is the coarse network only, and small holes are not seen."""
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
_MARGIN = 160  # pixels around a pixel that the network looks at, and a few more
SCALE: Final = 4
"""Pixels a side that the coarse network gives a logit for."""
_SMALL_PICTURE = 1 << 19  # pixels, up to which the fine network looks at all of a picture


SHIPPED: Final = ("residual", "diffusion", "unet")
"""Methods whose model comes with streamproc; the first is the default."""
WITHOUT_MODEL: Final[Mapping[str, Callable[[], Method]]] = {"patches": Patches}
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


class _Heating(ABC):
    """A method whose networks give a heat, of which streamproc/forensics/residual.py makes a verdict."""

    def __init__(self, card: ResidualCard | UnetCard) -> None:
        self._name = card.kind
        self.how = Verdict(**card.verdict.model_dump())
        """How its heat becomes a mask."""

    @property
    def name(self) -> str:
        """Short name."""
        return self._name

    def examine(self, picture: Picture) -> Traces:
        """Look at a picture, (H, W, 3) uint8 RGB. Raises PictureError when it is smaller than 16×16."""
        refuse_small(picture)
        return judged(self.heat(picture), picture, self.how)

    @abstractmethod
    def heat(self, picture: Picture) -> Map:
        """Return how much each pixel looks painted, (H, W) in [0, 1]."""


class Residual(_Heating):
    """Our own method: see :mod:`streamproc.forensics.residual`. Safe to use from several threads."""

    def __init__(
        self, card: ResidualCard, coarse: onnxruntime.InferenceSession, fine: onnxruntime.InferenceSession | None
    ) -> None:
        super().__init__(card)
        self.card = card
        self._coarse, self._fine = coarse, fine

    @classmethod
    def load(cls, folder: Path, *, provider: Provider = "cpu") -> Self:
        """Load it. Raises ModelError: missing, broken, or not what the card describes."""
        card = parse_card(folder, ResidualCard)
        coarse, fine = open_network(folder / card.file, "luma", provider), None
        if card.fine is not None:
            path = folder / card.fine.file
            if not path.is_file() or file_sha256(path) != card.fine.sha256:
                raise ModelError(f"{path}: is missing, or is not the file that its card describes")
            fine = open_network(path, "colours", provider)
        return cls(card, coarse, fine)

    def heat(self, picture: Picture) -> Map:
        """Return how much each pixel looks painted, (H, W) in [0, 1].

        The coarse network looks at all of it; the fine one, too, when the picture has up to half a megapixel, and what
        either sees counts. Of a larger one, keyframes above all, it would take too long.
        """
        odds = self.coarse(picture)
        if self._fine is None or picture.shape[0] * picture.shape[1] > _SMALL_PICTURE:
            return enlarged(likelihood(odds), picture.shape[:2], SCALE)
        return likelihood(np.maximum(enlarged(odds, picture.shape[:2], SCALE), self.fine(picture)))

    def coarse(self, picture: Picture) -> Map:
        """Return the coarse network's logits, (⌈H/8⌉ · 2, ⌈W/8⌉ · 2): one for every fourth pixel."""
        return odds_of(self._coarse, luma(picture), step=_STEP, margin=_MARGIN)

    def fine(self, picture: Picture) -> Map:
        """Return the fine network's logits, (H, W). There must be a fine network."""
        assert self._fine is not None
        height, width = picture.shape[:2]
        even = cv2.copyMakeBorder(picture, 0, height % 2, 0, width % 2, cv2.BORDER_REFLECT_101)
        (odds,) = self._fine.run(["logit"], {"colours": colours_and_change(np.asarray(even, np.uint8))[None]})
        return np.asarray(odds[0, :height, :width, 0])


class Unet(_Heating):
    """A U-Net with VGG16's encoder, narrow: the learned baseline. Safe to use from several threads.

    The network: streamproc/training/forensics/unet.py; what its heat says is judged as the residual network's is.
    """

    _STEP: ClassVar = 16
    _MARGIN: ClassVar = 160
    _SCALE: ClassVar = 2

    def __init__(self, card: UnetCard, session: onnxruntime.InferenceSession) -> None:
        super().__init__(card)
        self.card = card
        self._session = session

    @classmethod
    def load(cls, folder: Path, *, provider: Provider = "cpu") -> Self:
        """Load it. Raises ModelError: missing, broken, or not what the card describes."""
        card = parse_card(folder, UnetCard)
        return cls(card, open_network(folder / card.file, "luma", provider))

    def heat(self, picture: Picture) -> Map:
        """Return how much each pixel looks painted, (H, W) in [0, 1]."""
        odds = odds_of(self._session, luma(picture), step=self._STEP, margin=self._MARGIN)
        return enlarged(likelihood(odds), picture.shape[:2], self._SCALE)


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
