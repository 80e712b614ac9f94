"""Finds bugs anywhere in a picture: whose they are it does not know.

One network, one look: for each cell of 8×8 pixels a logit that a bug has its middle there, and that bug's box. What
the network gives is decoded and thinned out here by pure functions.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pydantic import Field

from streamproc.errors import ModelError
from streamproc.inference.card import MODEL_FILE, Input, ModelCard, Region, parse_card
from streamproc.inference.session import Provider, open_session

Boxes = NDArray[np.float32]
Cells = NDArray[np.float32]

_LARGEST = 5.0  # of log width or height in cells, as in training: a raw output must not overflow


class DetectorCard(ModelCard):
    """The card of a detector. The network gives (N, rows, columns, 5) float32, see :func:`decode`."""

    kind: Literal["detector"] = "detector"
    """So that a channel's card is not taken for a detector's, or the other way round."""
    input: Input
    output: str = "cells"
    """Name of the ONNX output."""
    stride: Annotated[int, Field(ge=1)] = 8
    """Pixels of the input a cell."""
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """The least score of what is given as found: on held-out pictures about one false box in ten pictures."""
    overlap: Annotated[float, Field(gt=0, lt=1)] = 0.4
    """Of two boxes that overlap more than this (intersection over union) only the better-scored is kept."""


@dataclass(frozen=True, slots=True)
class Found:
    """A bug in a picture."""

    region: Region
    """Its box."""
    score: float
    """0 to 1; not a calibrated probability."""


class LogoDetector:
    """A network that finds bugs anywhere in a picture. Safe to use from several threads."""

    def __init__(self, card: DetectorCard, session: onnxruntime.InferenceSession) -> None:
        self.card = card
        self._session = session

    @classmethod
    def load(cls, folder: Path, *, provider: Provider = "cpu") -> Self:
        """Load ``folder``/model.onnx and its card. Raises ModelError when they are missing, broken or don't match."""
        card = parse_card(folder, DetectorCard)
        path = folder / MODEL_FILE
        session = open_session(path, provider)
        _check(path, card, session)
        return cls(card, session)

    def find(self, picture: NDArray[np.uint8], *, threshold: float | None = None) -> list[Found]:
        """Return the bugs of a picture, best score first.

        picture: (H, W, 3) uint8 RGB, whole, of any size. threshold: the least score; the card's when None.
        """
        boxes, scores = self.boxes(picture, self.card.threshold if threshold is None else threshold)
        return [Found(as_region(box), float(score)) for box, score in zip(boxes, scores, strict=True)]

    def boxes(self, picture: NDArray[np.uint8], threshold: float) -> tuple[Boxes, NDArray[np.float32]]:
        """Return (N, 4) boxes (left, top, right, bottom, fractions) and (N,) scores, best first, thinned out."""
        boxes, scores = decode(self.cells(picture), threshold)
        kept = suppress(boxes, scores, self.card.overlap)
        return boxes[kept], scores[kept]

    def cells(self, picture: NDArray[np.uint8]) -> Cells:
        """Return what the network gives for a picture: (rows, columns, 5) float32."""
        size = (self.card.input.width, self.card.input.height)
        scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        (cells,) = self._session.run([self.card.output], {self.card.input.name: scaled[None]})
        return np.asarray(cells[0], np.float32)


def decode(cells: Cells, threshold: float) -> tuple[Boxes, NDArray[np.float32]]:
    """Return the boxes whose middle's cell scores best among its eight neighbours, best first.

    cells: (rows, columns, 5) float32: logit; offset of the box's middle from the cell's middle, right and down;
    natural logarithms of width and height; all in cells.
    returns: (N, 4) float32 left, top, right, bottom as fractions, within the picture; (N,) scores, at least threshold.
    """
    rows, columns = cells.shape[:2]
    score = 1 / (1 + np.exp(-np.clip(cells[:, :, 0], -60, 60)))
    best = cv2.dilate(score, np.ones((3, 3), np.uint8))
    down, across = np.nonzero((score >= threshold) & (score >= best))
    order = np.argsort(-score[down, across], kind="stable")
    down, across = down[order], across[order]
    raw = cells[down, across, 1:]
    middle = np.stack([across, down], axis=1) + 0.5 + raw[:, :2]
    half = np.exp(np.clip(raw[:, 2:], -_LARGEST, _LARGEST)) / 2
    sides = np.concatenate([middle - half, middle + half], axis=1) / np.array([columns, rows, columns, rows])
    return np.asarray(sides.clip(0, 1), np.float32), np.asarray(score[down, across], np.float32)


def suppress(boxes: Boxes, scores: NDArray[np.float32], overlap: float) -> NDArray[np.intp]:
    """Return the indices of the boxes to keep, best first: none overlaps a better one by more than ``overlap``."""
    kept: list[int] = []
    overlaps = iou(boxes, boxes)
    for index in np.argsort(-scores, kind="stable"):
        if all(overlaps[index, other] <= overlap for other in kept):
            kept.append(int(index))
    return np.array(kept, np.intp)


def iou(first: Boxes, second: Boxes) -> NDArray[np.float32]:
    """Return (N, M) intersection over union, 0 to 1, of (N, 4) and (M, 4) boxes: left, top, right, bottom."""
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    far = np.minimum(first[:, None, 2:], second[None, :, 2:])
    both = np.prod(np.clip(far - corner, 0, None), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second)]
    either = areas[0][:, None] + areas[1][None] - both
    return np.asarray(np.divide(both, either, out=np.zeros_like(both), where=either > 0), np.float32)


def as_region(box: NDArray[np.float32]) -> Region:
    """Return a (4,) box of fractions as a region inside the picture, at least a thousandth wide and high."""
    left, top = (float(np.clip(side, 0, 0.999)) for side in box[:2])
    right, bottom = (float(np.clip(side, low + 0.001, 1)) for side, low in zip(box[2:], (left, top), strict=True))
    return Region(x=left, y=top, width=right - left, height=bottom - top)


def _check(path: Path, card: DetectorCard, session: onnxruntime.InferenceSession) -> None:
    """Compare names and shapes with the card. Raises ModelError."""
    inputs = {node.name: node.shape for node in session.get_inputs()}
    outputs = {node.name: node.shape for node in session.get_outputs()}
    if list(inputs) != [card.input.name] or card.output not in outputs:
        raise ModelError(
            f"{path}: has inputs {list(inputs)} and outputs {list(outputs)}, "
            f"but the card says '{card.input.name}' and '{card.output}'"
        )
    expected = [card.input.height, card.input.width, 3]
    if list(inputs[card.input.name][1:]) != expected:
        raise ModelError(f"{path}: takes pictures of {inputs[card.input.name][1:]}, but the card says {expected}")
    cells = [card.input.height // card.stride, card.input.width // card.stride, 5]
    if list(outputs[card.output][1:]) != cells:
        raise ModelError(f"{path}: gives {outputs[card.output][1:]} a picture, but a detector gives {cells}")
