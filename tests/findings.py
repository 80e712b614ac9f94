"""Findings, put into a catalogue as the stage puts them."""

from fractions import Fraction

import cv2
import numpy as np

from streamproc.catalogue import Catalogue
from streamproc.catalogue.findings import Examiner, Looked, Sight
from streamproc.messages import Box, Reliability

HEAT = cv2.imencode(".png", np.arange(480 * 270, dtype=np.uint32).reshape(270, 480).astype(np.uint8))[1].tobytes()
"""A picture of heat."""
EXAMINER = Examiner(name="residual", sha256="a" * 64)
"""A model."""


def find(
    catalogue: Catalogue,
    start: float = 2,
    end: float = 8,
    *,
    channel: str = "one",
    epoch: int = 1,
    over: bool = False,
    score: float = 0.75,
    examiner: Examiner = EXAMINER,
) -> int:
    """Put a finding into the catalogue; return its number."""
    sight = Sight(
        id=None,
        start=Fraction(str(start)),
        end=Fraction(str(end)),
        shown=Fraction(str(end)),
        box=Box(left=96, top=80, right=224, bottom=144),
        width=1920,
        height=1080,
        score=score,
        reliability=Reliability.GOOD,
        keyframes=4,
        heat=HEAT,
        over=over,
    )
    looked = Looked(channel=channel, epoch=epoch, time=sight.end, examiner=examiner, sights=[sight])
    return catalogue.findings.save(looked)[0]
