"""What the networks that give a heat have in common once they are trained: their cards, and the choice of verdicts."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from streamproc.forensics.residual import Verdict
from streamproc.inference.card import MODEL_FILE, file_sha256
from streamproc.inference.forensics import ResidualCard, UnetCard, VerdictCard
from streamproc.training.forensics.choosing import Heating, chosen, examples

DATA = (
    "12 of the 24 lossless Kodak photographs, painted over by G'MIC's three PDE inpainters, Telea's, Navier–Stokes', "
    "delogo, harmonic",
    "photographs of BSDS500 and frames of footage, broadcasts and adverts, used locally, painted over likewise, and "
    "untouched, with logos, captions, bars and blur on some; some holes have the shape of a logo",
    "drawn pictures; all of it lossless, or coded as JPEG, H.264, or one after the other",
)
LICENCE = "MIT, like the project, for the weights; none of the pictures can be drawn from them"

AnyCard = TypeVar("AnyCard", ResidualCard, UnetCard)
CardOf = Callable[[Path, Verdict, dict[str, Any]], AnyCard]
"""Makes the card of a model folder, with this verdict and these metrics."""


def network_card(kind: type[AnyCard], out: Path, how: Verdict, metrics: dict[str, Any], **more: object) -> AnyCard:
    """Return the card of this kind of the network in ``out``. more: what such a card says besides."""
    told: dict[str, Any] = {
        "schema": 1,
        "name": kind.model_fields["kind"].default,
        "sha256": file_sha256(out / MODEL_FILE),
        "metrics": metrics,
        "data": list(DATA),
        "licence": LICENCE,
        "created": f"{datetime.now(UTC):%Y-%m-%d}",
        "verdict": VerdictCard(**asdict(how)),
    }
    return kind.model_validate(told | more)


def settled(
    card_of: CardOf[AnyCard], load: Callable[[Path], Heating], out: Path, data: Path, told: dict[str, Any]
) -> AnyCard:
    """Choose what makes a verdict of the networks in ``out``, on sources that they have not learnt from; write it."""
    card_of(out, Verdict(), told).write(out)
    best, reached = chosen(load(out), examples(data))
    card = card_of(out, best, told | {"on the pictures that thresholds were chosen with": reached})
    card.write(out)
    return card
