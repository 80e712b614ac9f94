"""Turns what is known of a mark's coming and going into ranges to learn from."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streamproc.training.labelled import Ranges, Span

_SURE = 0.9  # probability from which on a picture counts as labelled
_GAP = 3  # unsure pictures in a row, between sure ones of one kind, that are taken for the same kind
_END = Fraction(1, 1000)  # added to a range's end, so that its last picture is in it


def ranges_of(times: NDArray[np.float64], presence: NDArray[np.float32]) -> Ranges:
    """Return where a mark surely is and where it surely is not.

    times: (N,) seconds, rising. presence: (N,) probability that the mark is there.
    Where the kind changes, the pictures next to the change are left out: they may show a fade. A few unsure pictures
    among sure ones are kept: a white bug on white is what is hard, and worth learning.
    """
    kinds = np.where(presence >= _SURE, 1, np.where(presence <= 1 - _SURE, -1, 0))
    programme = _spans(times, _bridged(kinds) == 1)
    advert = _spans(times, _bridged(kinds) == -1)
    return Ranges(programme=programme, advert=advert)


def _bridged(kinds: NDArray[np.int_]) -> NDArray[np.int_]:
    """Give short unsure stretches the kind of their neighbours, where both are of one kind."""
    bridged = kinds.copy()
    sure = np.flatnonzero(kinds)
    for left, right in pairwise(sure):
        if 1 < right - left <= _GAP + 1 and kinds[left] == kinds[right]:
            bridged[left + 1 : right] = kinds[left]
    return bridged


def _spans(times: NDArray[np.float64], inside: NDArray[np.bool_]) -> Sequence[Span]:
    """Return the runs of pictures without those next to another kind; the footage's own ends are no change."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int)))
    spans = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        first = start if start == 0 else start + 1
        last = end - 1 if end == len(inside) else end - 2
        if first <= last:
            spans.append((Fraction(float(times[first])), Fraction(float(times[last])) + _END))
    return spans
