"""The deep inpainter: a small network of gated convolutions that fills holes of pictures of any size.

It makes pictures to measure with. No method learns from them: what deep inpainters leave is to be found unseen.
"""

from pathlib import Path
from typing import Final, Literal, Self

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.forensics.traces import Mask, Picture
from streamproc.inference.card import ModelCard, parse_card
from streamproc.inference.session import open_session
from streamproc.training.forensics.inpainters.contract import inpainter, parts

_STEP: Final = 4  # height and width of what goes into the network are multiples of it
_THICKEST: Final = 32  # pixels across a hole, as it has learnt
_GREY: Final = 127.5
_LEAST_KNOWN: Final = 0.01  # of a pixel of half the size; less is none
_AROUND: Final = 32  # pixels of picture beside a hole that it is shown


class GatedCard(ModelCard):
    """The card of the inpainter's network: ``picture`` (1, H, W, 3), roughly filled, and ``mask`` to ``filled``."""

    kind: Literal["gated"] = "gated"


class Gated:
    """An inpainter as those of :mod:`streamproc.training.forensics.inpainters`."""

    def __init__(self, card: GatedCard, session: onnxruntime.InferenceSession) -> None:
        self.card = card
        self._session = session
        self._held = inpainter(self._paint)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load it. Raises ModelError: missing, broken, or not what the card describes."""
        card = parse_card(folder, GatedCard)
        path = folder / card.file
        session = open_session(path, "cpu")
        inputs, outputs = ([one.name for one in side] for side in (session.get_inputs(), session.get_outputs()))
        if (sorted(inputs), outputs) != (["mask", "picture"], ["filled"]):
            raise ModelError(f"{path}: takes {inputs} and gives {outputs}; it should take picture, mask; give filled")
        return cls(card, session)

    def __call__(self, picture: Picture, mask: Mask) -> Picture:
        """Return a picture, (H, W, 3) uint8 RGB, with the mask's parts filled in; all else stays as it is.

        Raises ValueError as every inpainter does (inpainters/contract.py).
        """
        return self._held(picture, mask)

    def _paint(self, picture: Picture, mask: Mask) -> Picture:
        """Fill the parts one by one, so small that none is thicker than what has been learnt from."""
        thick = 2 * float(cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5).max())
        shrink = max(1.0, thick / _THICKEST)
        painted = picture.copy()
        for part in parts(mask, round(_AROUND * shrink)):
            filled = self._filled(painted[part.window], part.unknown, shrink)
            painted[part.window][part.mine] = filled[part.mine]
        return painted

    def _filled(self, picture: Picture, mask: Mask, shrink: float) -> Picture:
        height, width = mask.shape
        low, narrow = (max(1, round(side / shrink)) for side in (height, width))
        known = (~mask).astype(np.float32)
        share = np.maximum(cv2.resize(known, (narrow, low), interpolation=cv2.INTER_AREA), 1e-6)
        light = cv2.resize(picture * known[..., None], (narrow, low), interpolation=cv2.INTER_AREA) / share[..., None]
        hole = (share < 0.5).astype(np.float32)
        below, beside = -low % _STEP, -narrow % _STEP
        shown, holes = (cv2.copyMakeBorder(one, 0, below, 0, beside, cv2.BORDER_REPLICATE) for one in (light, hole))
        started = rough(shown, holes > 0)
        (filled,) = self._session.run(["filled"], {"picture": started[None], "mask": holes[None, ..., None]})
        whole = np.where(hole[..., None] > 0, filled[0, :low, :narrow], light).astype(np.float32)
        large = whole if shrink == 1 else cv2.resize(whole, (width, height), interpolation=cv2.INTER_CUBIC)
        return np.asarray(np.clip(np.rint(large), 0, 255), np.uint8)


def rough(picture: NDArray[np.float32], mask: Mask) -> NDArray[np.float32]:
    """Return a picture, (H, W, 3), with its hole filled from pictures of ever half the size: the start of a fill."""
    height, width = mask.shape
    if not mask.any():
        return picture
    if mask.all() or max(height, width) <= 1:
        return np.full_like(picture, _GREY)
    size = (width + 1) // 2, (height + 1) // 2
    known = (~mask).astype(np.float32)
    share = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    colours = cv2.resize(picture * known[..., None], size, interpolation=cv2.INTER_AREA)
    half = rough(np.asarray(colours / np.maximum(share, 1e-6)[..., None], np.float32), share < _LEAST_KNOWN)
    whole = cv2.resize(half, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(mask[..., None], whole, picture).astype(np.float32)
