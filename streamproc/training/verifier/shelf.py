"""A shelf of logos: read from a folder, split by brand, so that a held-out logo has no sister that was learnt."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ConfigError, ModelError
from streamproc.training.composite import resize_logo
from streamproc.training.logos import read_logo

Picture = NDArray[np.uint8]

LONGEST = 260
"""Pixels of a logo's longer side on the shelf: a little more than 12 % of a picture of 1080 lines."""
_ALIKE = 0.6  # correlation of two logos above which they may be the same one to the eye
_HELD_OUT = 0.2  # share of the brands
_SPLIT = 7  # seed of what is held out: measuring must find the same logos unseen that training left out
_SIDE = 24  # pixels of the pictures that are compared


@dataclass(frozen=True, slots=True)
class Shelf:
    """Logos, and which of them can't be told apart."""

    names: tuple[str, ...]
    """File names without suffix."""
    logos: tuple[Picture, ...]
    """Each (h, w, 4) uint8 RGBA, trimmed, at most 260 pixels a side."""

    def aspects(self) -> NDArray[np.float64]:
        """Return width divided by height of each, (N,)."""
        return np.array([logo.shape[1] / logo.shape[0] for logo in self.logos])

    def alike(self) -> NDArray[np.bool_]:
        """Return (N, N): which pairs are of one brand, or look alike when stretched to one size."""
        brands = np.array([brand(name) for name in self.names])
        same: NDArray[np.bool_] = brands[:, None] == brands[None, :]
        closest = np.ones(same.shape)
        for ground in (0.0, 128.0, 255.0):
            views = np.stack([_view(logo, ground) for logo in self.logos])
            views -= views.mean(axis=1, keepdims=True)
            views /= np.linalg.norm(views, axis=1, keepdims=True) + 1e-6
            closest = np.minimum(closest, views @ views.T)
        return same | (closest > _ALIKE)


def brand(name: str) -> str:
    """Return what sister channels' logos share: ``germany__sky-cinema-de`` is of the brand ``sky``."""
    title = name.rpartition("__")[2].lower()
    return re.split(r"[-_ 0-9]+", title)[0] or title


def read_shelf(folder: Path) -> Shelf:
    """Read every PNG with alpha of a folder; others are passed over. Raises ConfigError when fewer than 8 are left."""
    names, logos = [], []
    for path in sorted(folder.glob("*.png")):
        try:
            logo = read_logo(path)
        except ModelError:
            continue
        scale = LONGEST / max(logo.shape[:2])
        if scale < 1:
            logo = resize_logo(logo, max(1, round(logo.shape[1] * scale)), max(1, round(logo.shape[0] * scale)))
        names.append(path.stem)
        logos.append(logo)
    if len(logos) < 8:
        raise ConfigError(
            f"{folder}: holds {len(logos)} logos (PNG with alpha); at least 8 are needed, hundreds are better"
        )
    return Shelf(tuple(names), tuple(logos))


def split_brands(shelf: Shelf) -> tuple[Shelf, Shelf]:
    """Split into logos to learn from and logos held out; every brand lies wholly on one side, always the same one."""
    brands = sorted({brand(name) for name in shelf.names})
    mixed = np.random.default_rng(_SPLIT).permutation(np.array(brands))
    held_out = set(mixed[: max(1, round(_HELD_OUT * len(brands)))].tolist())
    sides = []
    for wanted in (False, True):
        chosen = [index for index, name in enumerate(shelf.names) if (brand(name) in held_out) == wanted]
        sides.append(Shelf(tuple(shelf.names[i] for i in chosen), tuple(shelf.logos[i] for i in chosen)))
    return sides[0], sides[1]


def _view(logo: Picture, ground: float) -> NDArray[np.float64]:
    small = resize_logo(logo, _SIDE, _SIDE).astype(np.float64)
    alpha = small[:, :, 3:] / 255
    # A ramp keeps the correlation defined where a logo vanishes on its ground.
    ramp = np.linspace(0, 1, _SIDE)[None, :, None]
    return np.asarray((small[:, :, :3] * alpha + ground * (1 - alpha) + ramp).ravel(), np.float64)
