"""What is found, and how sure it is."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from streamproc.inference.card import Region

Picture = NDArray[np.uint8]


class Verdict(StrEnum):
    """What the search comes to."""

    FOUND = "found"
    """One mark comes and goes with long blocks, clearly."""
    NO_CHANGE = "always there"
    """The only mark worth choosing is on every picture: there was no advert, or it stays through adverts."""
    AMBIGUOUS = "ambiguous"
    """There are marks, but it takes a person to tell which one is the bug."""
    NO_BUG = "no bug"
    """Nothing stays while pictures change."""
    TOO_SHORT = "too short"
    """The footage is too short to tell what stays from what happens to be there."""
    ONE_SHOT = "one shot"
    """The picture hardly changes, so that everything stays."""


class Kind(StrEnum):
    """What a mark is taken for, from how it comes and goes."""

    BUG = "comes and goes with long blocks, as a bug does"
    ALWAYS = "is there all the time"
    RARE = "is there for the smaller part of the time, as an age mark or an advert's logo is"
    RESTLESS = "comes and goes too often for a bug"
    CHANGING = "changes inside, as a clock does"
    FAINT = "is too faint to be sure of"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that stays while pictures change."""

    box: Region
    """Where it is, tight."""
    score: float
    """How far pictures with it differ from pictures without it, in spreads of the latter: 10 is very clear."""
    presence: NDArray[np.float32]
    """(N,) probability that it is there, at each of the finding's times; between 0.01 and 0.99 where it comes or goes,
    or can't be seen."""
    logo: Picture
    """(h, w, 4) uint8 RGBA: its estimated likeness and opacity, at the footage's own size."""
    kind: Kind
    """What it is taken for."""

    @property
    def why(self) -> str:
        """In words, what it is taken for."""
        return self.kind.value

    @property
    def share(self) -> float:
        """Part of the time for which it is there."""
        return float((self.presence > 0.5).mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The marks of some footage, and which one is the bug."""

    verdict: Verdict
    marks: tuple[Mark, ...]
    """Ranked, the likeliest bug first."""
    chosen: Mark | None
    """The bug; None unless the verdict is FOUND or NO_CHANGE."""
    times: NDArray[np.float64]
    """(N,) seconds from the beginning of the footage, over all sources, at which it was looked at."""
    lines: int
    """Height of the picture that the marks' likenesses were taken from, pixels."""
    frame: Picture | None
    """(H, W, 3) uint8 RGB: a whole picture with as many of the marks on it as any; None when there is no picture."""
    message: str
    """One line: what was found, and what to do if that does not suffice."""
