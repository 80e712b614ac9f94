"""Where two programmes meet that have no break between them: the best of the cuts, blacks and silences around.

The schedule says when, to some minutes; the picture says where. A joint is mostly a black or a cut that falls into a
silence, and there are few of those; a cut alone proves little, for there is one every few seconds. So the farther from
the expected time, the more a place must have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from streamproc.messages import Method

SILENT_DB: Final = -60.0
"""Below full scale; a band that is quieter holds nothing."""
_SILENCE: Final = 3.0
_BLACK: Final = 3.0
_CLEAR: Final = 2.0  # of clear cuts none is clearer than another
_WEAKEST: Final = 0.7  # what is weaker, a pan may be as well
_MINUTE_OFF: Final = 1.0
"""What a minute's distance costs, in the unit of a cut's strength."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A place where the picture changes as a whole."""

    time: Fraction
    """Of the first frame after it, seconds in the epoch."""
    method: Method
    """CUT, BLACK or FADE."""
    strength: float
    """As in :class:`streamproc.logic.shots.Transition`."""
    is_black: bool
    """Whether there is black next to it."""
    is_silent: bool
    """Whether the sound falls silent there."""


def choose(candidates: Sequence[Candidate], about: Fraction) -> Candidate | None:
    """Return the likeliest joint of two programmes near a time; None when the picture changes nowhere."""
    clear = [one for one in candidates if one.strength >= _WEAKEST or one.is_black or one.is_silent]
    return max(clear, key=lambda candidate: worth(candidate, about), default=None)


def worth(candidate: Candidate, about: Fraction) -> float:
    """Return how much speaks for a joint here, less its distance from where it is expected."""
    shown = min(candidate.strength, _CLEAR) + _BLACK * candidate.is_black + _SILENCE * candidate.is_silent
    return shown - _MINUTE_OFF * abs(float(candidate.time - about)) / 60
