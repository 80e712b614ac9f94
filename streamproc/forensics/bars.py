"""The black bars of a letterbox or a pillarbox: as smooth as paint, and painted by nobody."""

import numpy as np
from numpy.typing import NDArray

from streamproc.forensics.traces import Picture

_BRIGHTEST = 32
_RANGE = 6  # grey levels between the darkest and the brightest pixel of a line, coding noise included


def within_bars(picture: Picture) -> tuple[slice, slice]:
    """Return the rows and columns of a picture, (H, W, 3), without black lines at its rim.

    A picture that is black all over has none left.
    """
    rows, columns = slice(0, picture.shape[0]), slice(0, picture.shape[1])
    for _ in range(2):  # bars on all four sides: the rows' are seen only without the columns'
        rows = _between(_light(picture[:, columns], 1))
        columns = _between(_light(picture[rows], 0))
    return rows, columns


def _light(part: Picture, axis: int) -> NDArray[np.bool_]:
    """Tell of each row or column whether it is not black."""
    if 0 in part.shape:
        return np.zeros(part.shape[1 - axis], bool)
    brightest, darkest = part.max(axis=(axis, 2)), part.min(axis=(axis, 2))
    return np.asarray((brightest > _BRIGHTEST) | (brightest - darkest > _RANGE))


def _between(light: NDArray[np.bool_]) -> slice:
    lines = np.flatnonzero(light)
    return slice(int(lines[0]), int(lines[-1]) + 1) if len(lines) else slice(0, 0)
