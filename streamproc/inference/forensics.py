"""Models of the forensic methods, as folders with a card like every other model."""

import zipfile
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from streamproc.errors import ModelError
from streamproc.forensics.cleaning import Cleaning
from streamproc.forensics.diffusion import Diffusion
from streamproc.forensics.ensemble import Ensemble
from streamproc.forensics.laplacian import FEATURES, Laplacian
from streamproc.inference.card import CardSection, ModelCard, file_sha256, parse_card


class CleaningCard(CardSection):
    """How votes become a mask; see :class:`streamproc.forensics.cleaning.Cleaning`."""

    least_share: Annotated[float, Field(gt=0, le=1)]
    survivors: tuple[Annotated[float, Field(ge=0)], ...]
    most_survivors: Annotated[float, Field(gt=0)]
    growth: Annotated[int, Field(ge=0, le=16)]


class DiffusionCard(ModelCard):
    """The card of the published method's model: ``model.npz`` with ``directions`` (L, 16) and ``thresholds`` (L,)."""

    file: ClassVar[str] = "model.npz"
    kind: Literal["diffusion"] = "diffusion"
    laplacian: Laplacian
    cleaning: CleaningCard


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
