"""What the model says of every frame around a boundary, read from the recording once more.

The catalogue keeps no scores: they are a function of the recording and the model, so they are computed again when
somebody asks. docs/evidence.md says what they can and can't show.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamproc.config import ChannelSettings, Settings
from streamproc.errors import ConfigError
from streamproc.inference.card import regions
from streamproc.inference.session import LogoModel
from streamproc.inference.verifier import VerifierPool
from streamproc.media.decoder import decode_frames
from streamproc.media.footage import Epoch

AROUND_S: Final = Fraction(3)
"""How far from the boundary frames are scored, on either side."""
_BATCH: Final = 32


@dataclass(frozen=True, slots=True)
class FrameScore:
    """What the model says of one frame."""

    time: Fraction
    """Presentation time, seconds in the epoch."""
    frame: int
    """Its number in the epoch."""
    log_odds: float
    """Calibrated log odds that the bug is there, natural logarithm."""

    @property
    def probability(self) -> float:
        """The same as a probability in [0, 1]."""
        return float(1 / (1 + np.exp(-np.clip(self.log_odds, -60, 60))))


def open_channel_model(settings: Settings, channel: ChannelSettings) -> LogoModel:
    """Return the model that the channel has now. Raises ModelError; ConfigError when it has none."""
    provider = settings.inference.provider
    if channel.model is not None:
        return LogoModel.load(channel.model, provider=provider)
    if channel.logo is None or channel.region is None:
        raise ConfigError(f"channel '{channel.name}' has no model and no logo")
    pool = VerifierPool(settings.inference.verifier, provider=provider)
    return pool.get(channel.logo, regions(channel.region))


def score_around(epoch: Epoch, model: LogoModel, time: Fraction) -> list[FrameScore]:
    """Return the score of each frame within AROUND_S of a time. Raises RecordingError when they are gone."""
    start = max(Fraction(0), time - AROUND_S)
    first = epoch.frame_number(start)
    found: list[tuple[Fraction, float]] = []
    times: list[Fraction] = []
    crops: list[NDArray[np.uint8]] = []
    for frame in decode_frames(epoch, start, time + AROUND_S):
        times.append(frame.time)
        crops.append(frame.crop(model.card.region.pixels(frame.width, frame.height)))
        if len(crops) == _BATCH:
            found += _scored(model, times, crops)
    found += _scored(model, times, crops)
    return [FrameScore(at, first + number, odds) for number, (at, odds) in enumerate(found)]


def _scored(model: LogoModel, times: list[Fraction], crops: list[NDArray[np.uint8]]) -> list[tuple[Fraction, float]]:
    """Score a batch and empty it."""
    odds = [float(value) for value in model.log_odds(crops)]
    pairs = list(zip(times, odds, strict=True))
    times.clear()
    crops.clear()
    return pairs


def table(scores: Sequence[FrameScore]) -> bytes:
    """Return the scores as CSV: frame, exact time, seconds, probability, log odds."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["frame", "time", "time_s", "probability", "log_odds"])
    for score in scores:
        exact = f"{score.time.numerator}/{score.time.denominator}"
        writer.writerow(
            [score.frame, exact, f"{float(score.time):.6f}", f"{score.probability:.6f}", f"{score.log_odds:.4f}"]
        )
    return out.getvalue().encode()
