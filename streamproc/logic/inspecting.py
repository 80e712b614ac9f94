"""From where on a recording is looked at, and which keyframe is next, by whoever may be late: pure decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

THUMBNAIL: Final = (32, 18)
"""Width and height of the thumbnails that tell shots apart."""
_ANOTHER_SHOT: Final = 12.0  # grey levels by which thumbnails of one shot do not differ, a fast pan's aside
LONGEST_SHOT_S: Final = 60
"""A shot that lasts longer is looked at again."""
WARM_UP_S: Final = 60
"""So far it goes back when it begins anew, to know again what it saw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """From where a recording is looked at by a process that has just begun."""

    epoch: int
    start: Fraction | None
    """The time in that epoch; None for its first keyframe."""
    resumed: Fraction | None = None
    """Up to where the epoch was looked at before; None when it was not."""


def where_to_begin(
    place: tuple[int, Fraction] | None, recorded: Sequence[int], end: Fraction, most_behind: Fraction
) -> Beginning:
    """Return where to go on: a little before the last process' place, or before the end of what is recorded.

    place: the epoch and the time in it up to which was looked; recorded: the numbers of the epochs that there are,
    ascending, at least one; end: of the last; most_behind: how far behind that is not too late, seconds.
    """
    newest = recorded[-1]
    if place is not None and place[0] in recorded:
        epoch, time = place
        return Beginning(epoch=epoch, start=max(time - WARM_UP_S, Fraction(0)), resumed=time)
    following = newest if place is None else next((one for one in recorded if one > place[0]), newest)
    return Beginning(epoch=following, start=max(end - most_behind, Fraction(0)) if following == newest else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to look at next."""

    at: Fraction
    """The keyframe's time."""
    left_out: int
    """How many keyframes before it would have been looked at, had there been time."""


def next_step(waiting: Sequence[Fraction], one_in: int, *, late: bool) -> Step | None:
    """Return which of the keyframes that wait is next, one in so many; the newest where it is late. None: wait."""
    if late and waiting:
        return Step(at=waiting[-1], left_out=(len(waiting) - 1) // one_in)
    return Step(at=waiting[one_in - 1], left_out=0) if len(waiting) >= one_in else None


def is_another_shot(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    """Tell whether two thumbnails, (h, w, 3) Y, U, V, can't be of one shot. A fast pan counts as another one."""
    return float(np.abs(before.astype(np.int16) - after.astype(np.int16)).mean()) >= _ANOTHER_SHOT
