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
        rows = _between(picture[:, columns], rows)
        columns = _between(picture[rows].transpose(1, 0, 2), columns)
    return rows, columns


def _between(lines: NDArray[np.uint8], window: slice) -> slice:
    """Return the window without the black lines at its ends. Looks at no line behind the first that is not black."""
    begin, end = window.start, window.stop
    while begin < end and _black(lines[begin]):
        begin += 1
    while begin < end and _black(lines[end - 1]):
        end -= 1
    return slice(begin, end)


def _black(line: NDArray[np.uint8]) -> bool:
    if not line.size:
        return True
    brightest = int(line.max())
    return brightest <= _BRIGHTEST and brightest - int(line.min()) <= _RANGE
