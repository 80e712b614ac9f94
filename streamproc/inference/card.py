"""A model's card: everything a user of the ONNX file must know, as JSON beside it."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from streamproc.errors import ModelError

MODEL_FILE = "model.onnx"
CARD_FILE = "card.json"


class CardSection(BaseModel):
    """A table of the card."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Region(CardSection):
    """The logo's place, as fractions of the picture's width and height."""

    x: Annotated[float, Field(ge=0, lt=1)]
    """Left edge."""
    y: Annotated[float, Field(ge=0, lt=1)]
    """Top edge."""
    width: Annotated[float, Field(gt=0, le=1)]
    """Width."""
    height: Annotated[float, Field(gt=0, le=1)]
    """Height."""

    @model_validator(mode="after")
    def _inside(self) -> Self:
        if self.x + self.width > 1 + 1e-9 or self.y + self.height > 1 + 1e-9:
            raise ValueError(
                f"the region reaches outside the picture: x + width = {self.x + self.width:g}, "
                f"y + height = {self.y + self.height:g}; both must be at most 1"
            )
        return self

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return (left, top, right, bottom) in pixels of a width × height picture, at least 2 × 2, even-aligned.

        Even, because chroma has half the resolution. Raises ModelError when the picture is smaller than that.
        """
        if width < 2 or height < 2:
            raise ModelError(f"a picture of {width}×{height} is too small for a logo's region")
        left = min(int(self.x * width) // 2 * 2, width - 2)
        top = min(int(self.y * height) // 2 * 2, height - 2)
        right = min(max(left + 2, -(-round((self.x + self.width) * width) // 2) * 2), width)
        bottom = min(max(top + 2, -(-round((self.y + self.height) * height) // 2) * 2), height)
        return left, top, right, bottom


class Input(CardSection):
    """What the network takes: (N, height, width, 3) float32, RGB in [0, 255], resized with cv2.INTER_AREA."""

    name: str = "image"
    """Name of the ONNX input."""
    width: Annotated[int, Field(ge=8, le=512)]
    """Pixels."""
    height: Annotated[int, Field(ge=8, le=512)]
    """Pixels."""


class Calibration(CardSection):
    """probability = sigmoid((logit − bias) / temperature), fitted on held-out material."""

    temperature: Annotated[float, Field(gt=0)] = 1.0
    bias: float = 0.0


class Decision(CardSection):
    """The hysteresis this model was measured with."""

    n_enter: Annotated[int, Field(ge=1)] = 3
    n_leave: Annotated[int, Field(ge=1)] = 3
    min_certainty: Annotated[float, Field(ge=0.5, lt=1)] = 0.7


class ModelCard(CardSection):
    """What the card of every model holds, a channel's or another."""

    file: ClassVar[str] = MODEL_FILE
    """Name of the model's file beside the card."""
    schema_version: Literal[1] = Field(1, alias="schema")
    name: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Of the model's file."""
    metrics: dict[str, Any] = {}
    """What was measured, on what."""
    data: list[str] = []
    """What it was trained on, in words, with rights."""
    licence: str = ""
    created: str = ""
    """ISO date."""

    def write(self, folder: Path) -> None:
        """Write the card beside the model."""
        text = json.dumps(self.model_dump(by_alias=True), indent=2, ensure_ascii=False)
        (folder / CARD_FILE).write_text(text + "\n", encoding="utf-8")


AnyCard = TypeVar("AnyCard", bound=ModelCard)


class Card(ModelCard):
    """A channel's card. Its network gives one logit a picture, ``output``: above 0 means that the bug is there."""

    region: Region
    input: Input
    output: str = "logit"
    """Name of the ONNX output, (N, 1) float32."""
    calibration: Calibration = Calibration()
    decision: Decision = Decision()


def regions(boxes: Iterable[tuple[float, float, float, float]]) -> list[Region]:
    """Return boxes, each x, y, width, height in fractions of the picture, as regions."""
    return [Region(x=x, y=y, width=width, height=height) for x, y, width, height in boxes]


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_card(folder: Path) -> Card:
    """Read a channel's card; see :func:`parse_card`."""
    return parse_card(folder, Card)


def parse_card(folder: Path, kind: type[AnyCard]) -> AnyCard:
    """Read the card of a model folder and check that the model file is the one it describes.

    Raises ModelError: missing, not valid, or the checksum differs.
    """
    path = folder / CARD_FILE
    try:
        card = kind.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"{path}: can't be read ({error.strerror}); a model is a folder with {CARD_FILE} and {kind.file}"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}") from error
    model = folder / kind.file
    if not model.is_file():
        raise ModelError(f"{model}: there is no model file beside its card")
    found = file_sha256(model)
    if found != card.sha256:
        raise ModelError(
            f"{model}: is not the file that its card describes (sha256 {found[:12]}…, card {card.sha256[:12]}…)"
        )
    return card
