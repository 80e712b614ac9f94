"""Does a shot look and sound like programme, or like advert? Compared with what is surely each, around one boundary.

Near a boundary there may be several cuts that could be it. What lies between two of them belongs to one side, and
mostly looks like it: the same set, the same light, the same music under it. Colours (a histogram of chroma) tell that
better than composition does, and the level of the sound's bands helps. Programmes and adverts are also cut at different
pace: a cut is a small surprise in footage that has few.

The weights were fitted by logistic regression on composed broadcasts (a shot of 0.1 to 1.5 s is put on its own side in
80 to 85 of 100 cases), then rounded; evidence is clipped, because 80 of 100 is not certainty.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamproc.logic.shots import Thumbnails, Transition

_CHROMA_BINS = 16
_CHROMA_STEP = 8  # levels of U or V to a bin, around neutral
_LIKE_MEAN, _LIKE_NEAREST, _LIKE_SOUND = 3.0, 3.0, 1.2
_MOST = 2.5  # log odds that the look of one shot may contribute
_MOST_HEARD = 2.5  # and its sound
_LEAST_HEARD = 8  # frames of a side
_SPREAD_DB = 4.0  # by which a band varies at least
_SHORT_FRAMES = 5  # shots shorter than this count for less
_LEAST_KNOWN = 3  # pictures of a side below which nothing can be compared
_PACE = 0.5  # cuts come in bursts, so their pace tells less than it would if they did not
_QUIET_DB = -65.0
_PRIOR_CUTS, _PRIOR_S = 0.6, 2.0  # of a side whose pace is not known yet: one cut in three seconds


class Sides:
    """What lies in the doubtful zone [begin, end) of a window of frames; before it is one side, after it the other."""

    def __init__(
        self,
        *,
        thumbnails: tuple[Thumbnails, Thumbnails, Thumbnails],
        sound: NDArray[np.float32] | None,
        zone: tuple[int, int],
        found: Sequence[Transition],
        rate: float,
    ) -> None:
        """thumbnails: from before the window, the window's N frames, from after it. sound: (N, B) decibels or None.

        found: the clear transitions, at which shots begin; of a gradual one, the frames of both pictures tell nothing.
        rate: frames a second.
        """
        begin, end = zone
        before, inside, after = thumbnails
        self._zone = zone
        edges = [one.at for one in found]
        self._edges = edges
        inner = sorted({edge for edge in edges if begin < edge < end})
        self._pace = self._paces(edges, len(inside), rate)
        chroma = _chroma(inside)
        old = np.concatenate([_chroma(before), chroma[:begin]])
        new = np.concatenate([chroma[end:], _chroma(after)])
        self._shots: list[tuple[int, float]] = []
        """(end, log odds that it is of the old side) of the shots in the zone."""
        if len(old) < _LEAST_KNOWN or len(new) < _LEAST_KNOWN:
            return
        mixed = {frame for one in found for frame in range(one.first, one.last)}
        for first, last in zip([begin, *inner], [*inner, end], strict=True):
            pure = [frame for frame in range(first, last) if frame not in mixed]
            if not pure:
                continue
            alike = _nearness(chroma[pure], new) - _nearness(chroma[pure], old)
            odds = float(np.clip(alike, -_MOST, _MOST))
            if sound is not None:
                odds += _sound_odds(np.maximum(sound, _QUIET_DB), (first, last), zone)
            self._shots.append((last, min(1.0, len(pure) / _SHORT_FRAMES) * odds))

    def log_evidence(self, at: int) -> float:
        """Return how well everything in the zone before ``at`` fits the old side and after it the new, a logarithm."""
        begin, end = self._zone
        old, new = self._pace
        alike = sum(odds for last, odds in self._shots if last <= at)
        # Every cut but the boundary itself, also those outside the zone, which may be rivals, is a surprise.
        cuts = sum(float(np.log(old if edge < at else new)) for edge in self._edges if edge != at)
        inside = min(max(at, begin), end)
        return alike + _PACE * (cuts - old * (inside - begin) - new * (end - inside))

    def _paces(self, edges: Sequence[int], count: int, rate: float) -> tuple[float, float]:
        """Return how many cuts a frame there are on either side."""
        begin, end = self._zone
        prior = _PRIOR_S * rate
        old = (sum(edge <= begin for edge in edges) + _PRIOR_CUTS) / (begin + prior)
        new = (sum(edge >= end for edge in edges) + _PRIOR_CUTS) / (count - end + prior)
        return old, new


def _chroma(thumbnails: Thumbnails) -> NDArray[np.float32]:
    """Return (N, 256): the square root of each picture's histogram of U and V."""
    cells = thumbnails.shape[1] * thumbnails.shape[2]
    around = thumbnails[..., 1:].astype(np.int64) - 128 + _CHROMA_BINS * _CHROMA_STEP // 2
    bins = np.clip(around // _CHROMA_STEP, 0, _CHROMA_BINS - 1)
    numbers = (bins[..., 0] * _CHROMA_BINS + bins[..., 1]).reshape(len(thumbnails), cells)
    result = np.zeros((len(thumbnails), _CHROMA_BINS**2), np.float32)
    for row, cell_bins in zip(result, numbers, strict=True):
        row[:] = np.bincount(cell_bins, minlength=_CHROMA_BINS**2)
    return np.asarray(np.sqrt(result / cells))


def _nearness(shot: NDArray[np.float32], known: NDArray[np.float32]) -> float:
    """Return how far a shot is from a side, weighted: from its mean and from its nearest picture."""
    mean = shot.mean(axis=0)
    average = known.mean(axis=0)
    from_mean = 1 - float(mean @ average) / (float(np.linalg.norm(mean) * np.linalg.norm(average)) + 1e-9)
    return _LIKE_MEAN * from_mean + _LIKE_NEAREST * (1 - float((known @ mean).max()))


def _sound_odds(sound: NDArray[np.float32], shot: tuple[int, int], zone: tuple[int, int]) -> float:
    """Return the log odds that a shot sounds like the old side, from level and spread of each band on either side.

    Where each side has a steady sound of its own this is decisive; where both vary it says little, as it should.
    """
    old, new, here = sound[: zone[0]], sound[zone[1] :], sound[shot[0] : shot[1]]
    if len(old) < _LEAST_HEARD or len(new) < _LEAST_HEARD:
        return 0.0
    misfit = [
        (here - side.mean(axis=0)) ** 2 / (2 * (side.std(axis=0) + _SPREAD_DB) ** 2)
        + np.log(side.std(axis=0) + _SPREAD_DB)
        for side in (old, new)
    ]
    per_frame = (misfit[1] - misfit[0]).mean(axis=1)
    return _LIKE_SOUND * float(np.clip(per_frame, -_MOST_HEARD, _MOST_HEARD).mean())
