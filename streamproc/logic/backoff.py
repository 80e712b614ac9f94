"""How long to wait before a delivery is tried again. There is no last attempt."""

from typing import Final

FIRST_S: Final = 1.0
LONGEST_S: Final = 600.0
REFUSED_S: Final = 60.0
"""The first wait after a refusal: whoever mends credentials or makes room needs a while, and asking on is no help."""


def wait_s(failures: int, *, refused: bool) -> float:
    """Return the wait after so many failures in a row (from 1): it doubles, up to ten minutes.

    >>> [wait_s(n, refused=False) for n in (1, 2, 3, 10, 11, 99)]
    [1.0, 2.0, 4.0, 512.0, 600.0, 600.0]
    """
    first = REFUSED_S if refused else FIRST_S
    return min(first * 2.0 ** min(failures - 1, 30), LONGEST_S)
