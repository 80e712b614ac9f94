"""One bug at several places: for channels whose bug moves between them.

``streamproc logo detect`` finds the places. A channel's configuration names them as ``region`` of its ``logo``
(:class:`~streamproc.inference.verifier.VerifierPool`); each has a model of its own.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ModelError
from streamproc.inference.card import Card, Decision, Region
from streamproc.inference.session import LogoModel

Picture = NDArray[np.uint8]


class MovingModel(LogoModel):
    """Tells whether a bug is at any of several places. The same face as a channel's own model, and as thread-safe.

    Its card's region holds all of theirs, and may be most of the picture. Each look costs as many as there are places.
    """

    def __init__(self, models: Sequence[LogoModel]) -> None:
        """models: one a place, all of the same bug. Raises ModelError when there is none."""
        if not models:
            raise ModelError("a bug that moves needs a model for each of its places; none was given")
        self._models = tuple(models)
        cards = [model.card for model in models]
        whole = _around([card.region for card in cards])
        sha256 = hashlib.sha256("".join(card.model_dump_json() for card in cards).encode()).hexdigest()
        # What is learnt and measured is the single models'; their log odds are calibrated already.
        card = Card(
            schema=1,
            name=f"{cards[0].name}, {len(cards)} places",
            sha256=sha256,
            region=whole,
            input=cards[0].input,
            decision=_wariest([card.decision for card in cards]),
        )
        super().__init__(card, models[0]._session)

    def log_odds(self, crops: Sequence[Picture]) -> NDArray[np.float32]:
        """Return the greatest log odds, natural logarithm, of all places.

        crops: each (H, W, 3) uint8 RGB, the card's region of a picture.
        returns: (N,) float32; 0 is undecided.
        """
        if not crops:
            return np.zeros(0, np.float32)
        odds = [model.log_odds([_part(crop, self.card.region, model) for crop in crops]) for model in self._models]
        return np.asarray(np.max(odds, axis=0), np.float32)


def _wariest(decisions: Sequence[Decision]) -> Decision:
    """Return a hysteresis that is as wary as each of several."""
    return Decision(
        n_enter=max(one.n_enter for one in decisions),
        n_leave=max(one.n_leave for one in decisions),
        min_certainty=max(one.min_certainty for one in decisions),
    )


def _around(regions: Sequence[Region]) -> Region:
    """Return the least region that holds all of several."""
    left, top = min(region.x for region in regions), min(region.y for region in regions)
    right = max(region.x + region.width for region in regions)
    bottom = max(region.y + region.height for region in regions)
    return Region(x=left, y=top, width=right - left, height=bottom - top)


def _part(crop: Picture, whole: Region, model: LogoModel) -> Picture:
    """Cut what a model looks at out of a crop of the whole, to the pixel."""
    place = model.card.region
    height, width = crop.shape[0] / whole.height, crop.shape[1] / whole.width
    left, top = round((place.x - whole.x) * width), round((place.y - whole.y) * height)
    right = max(left + 1, round((place.x + place.width - whole.x) * width))
    bottom = max(top + 1, round((place.y + place.height - whole.y) * height))
    return crop[top:bottom, left:right]
