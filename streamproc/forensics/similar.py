"""Where a picture repeats itself nearly: a dense field of nearest neighbours with tolerance, for coded pictures.

Windows are described by their mean and their strongest principal components (Popescu, Farid 2004, "Exposing Digital
Forgeries by Detecting Duplicated Image Regions"), which coding changes least; they are hashed by random directions, and
windows that fall together are compared; then each takes over its neighbours' offsets where they fit better (propagation
as in Barnes and others 2009, "PatchMatch"; He, Sun 2012, "Computing Nearest-Neighbor Fields via Propagation-Assisted
KD-Trees"). Random search alone does not hit pieces of fifty pixels, and a KD-tree took 6 to 130 s a picture of 512×384.
"""

from dataclasses import dataclass
from itertools import product
from typing import Final

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Light = NDArray[np.float32]
Index = NDArray[np.int64]
SIDE: Final = 7
"""Side of the windows."""
_COMPONENTS = 10  # that describe a window, its mean among them
_TABLES, _PROJECTIONS, _KEYS = 12, 6, 5  # hash tables; directions of each, of which all but the last make its key
_CELL = 28.0  # width of a hash's cell: what differs by a few grey levels at each pixel falls into one
_COMPARED = 1, 2, 3  # neighbours in the order of a table that each window is compared with
_ROUNDS = 3  # of propagation
_STEPS: Final = (
    *(one for one in product((-1, 0, 1), repeat=2) if sum(map(abs, one)) == 1),
    *product((-2, 2), repeat=2),
)
_LEAST_DETAIL = 4.0  # mean square of what a window has beyond a blur, grey levels: flatter ones are like any other
_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """For each window of a picture the one elsewhere that is most like it."""

    partner: Index
    """(h, w), h = H - 6: the number of the partner, row · w + column; -1 where none was found."""

    def offsets(self) -> tuple[Index, Index]:
        """Return by how many rows and columns the partners are away, (h, w); meaningless where there is none."""
        height, width = self.partner.shape
        rows, columns = np.divmod(self.partner, width)
        return rows - np.arange(height)[:, None], columns - np.arange(width)[None]


def similar(light: Light) -> Field:
    """Return the field of a picture's luma, (H, W) in [0, 255], both sides at least 8."""
    described = _described(light)
    search = _Search(described, (light.shape[0] - SIDE + 1, light.shape[1] - SIDE + 1))
    detail = cv2.boxFilter((light - cv2.blur(light, (3, 3))) ** 2, -1, (SIDE, SIDE))
    rim = SIDE // 2
    busy = np.flatnonzero(detail[rim:-rim, rim:-rim] > _LEAST_DETAIL)
    rng = np.random.default_rng(_SEED)
    for _ in range(_TABLES):
        order = _order(described[busy], rng)
        for step in _COMPARED:
            same = order.key[step:] == order.key[:-step]
            search.offer(busy[order.place[:-step][same]], busy[order.place[step:][same]])
    for _ in range(_ROUNDS):
        for rows, columns in _STEPS:
            search.propagate(busy, rows, columns)
    return Field(partner=search.partner.reshape(search.shape))


def _described(light: Light) -> Light:
    """Return the mean and the strongest components of each window, (N, 10)."""
    windows = sliding_window_view(light, (SIDE, SIDE)).reshape(-1, SIDE * SIDE)
    means = windows.mean(axis=1, keepdims=True)
    centred = windows - means
    some = centred[::13]
    _, directions = np.linalg.eigh(some.T @ some)
    strongest = centred @ directions[:, ::-1][:, : _COMPONENTS - 1]
    return np.hstack([means * SIDE, strongest]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Table:
    place: Index
    key: Index


def _order(described: Light, rng: np.random.Generator) -> _Table:
    """Return windows sorted by a hash, and within one by another direction."""
    turned, _ = np.linalg.qr(rng.standard_normal((_COMPONENTS, _COMPONENTS)))
    lengths = described @ turned[:, :_PROJECTIONS].astype(np.float32)
    cells = np.floor(lengths / _CELL + rng.random(_PROJECTIONS)).astype(np.int64)
    key = np.zeros(len(described), np.int64)
    for number in range(_KEYS):
        key = key * 1_000_003 + cells[:, number]
    place = np.lexsort((lengths[:, -1], key))
    return _Table(place, key[place])


class _Search:
    """The best partner so far of each window."""

    def __init__(self, described: Light, shape: tuple[int, int]) -> None:
        self.shape = shape
        self.partner = np.full(len(described), -1, np.int64)
        self._described = described
        self._distance = np.full(len(described), np.inf, np.float32)
        self._row, self._column = np.divmod(np.arange(len(described)), shape[1])

    def offer(self, some: Index, others: Index) -> None:
        """Let windows try one another as partners."""
        far = np.maximum(np.abs(self._row[some] - self._row[others]), np.abs(self._column[some] - self._column[others]))
        some, others = some[far > SIDE], others[far > SIDE]
        distance = self._between(some, others)
        self._take(some, others, distance)
        self._take(others, some, distance)

    def propagate(self, places: Index, rows: int, columns: int) -> None:
        """Let windows try the offset of the one that is so many rows and columns before them."""
        height, width = self.shape
        row, column = self._row[places] - rows, self._column[places] - columns
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        places, before = places[inside], (row * width + column)[inside]
        partner = self.partner[before]
        places, partner = places[partner >= 0], partner[partner >= 0]
        row, column = self._row[partner] + rows, self._column[partner] + columns
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        places, partner = places[inside], (row * width + column)[inside]
        self._take(places, partner, self._between(places, partner))

    def _between(self, some: Index, others: Index) -> Light:
        return np.asarray(((self._described[some] - self._described[others]) ** 2).sum(axis=1))

    def _take(self, places: Index, partners: Index, distance: Light) -> None:
        better = distance < self._distance[places]
        self._distance[places[better]] = distance[better]
        self.partner[places[better]] = partners[better]
