"""Long series made short enough to draw, without losing their peaks."""

import numpy as np
from numpy.typing import NDArray


def decimated(
    times: NDArray[np.int64], values: NDArray[np.float64], stretch: tuple[int, int], most: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Cut a stretch of time into equal buckets and return what is in each that is not empty.

    times: (N,) rising, within the stretch. values: (N,). stretch: [start, end), in the unit of the times. most: how
    many buckets. returns: (M,) the time of each bucket's first value, and (M, 3) its least, mean and greatest value;
    M <= most. The buckets are the same whatever values there are, so a picture does not flicker as more come.
    """
    if not len(times):
        return np.zeros(0, np.int64), np.zeros((0, 3))
    start, end = stretch
    buckets = (times - start) * most // (end - start)
    firsts = np.flatnonzero(np.diff(buckets, prepend=-1))
    counts = np.diff(firsts, append=len(times))
    shown = np.stack(
        [
            np.minimum.reduceat(values, firsts),
            np.add.reduceat(values, firsts) / counts,
            np.maximum.reduceat(values, firsts),
        ],
        axis=1,
    )
    return times[firsts], shown
