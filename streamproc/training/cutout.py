"""Cuts a channel's bug out of pictures of its corner: how opaque each of its pixels is, and of what colour.

A bug lies on the picture as

    I = (1 − s·α)·B + s·α·C                                                                                    (1)

with I what is seen, B the picture behind it, α and C the bug's opacity and colour, which never change, and s how far
it is faded in on this picture, mostly 1. α and C are wanted, B is not known. What is known is how pictures are: a
pixel resembles its neighbours. So B behind the bug is foretold from the pixels around the bug (kriging: the best
linear guess B̂ under a covariance that falls with distance), and since for that guess cov(B, B̂) = var(B̂),

    cov(I, B̂) = (1 − α)·var(B̂)      and       mean(I) = (1 − α)·mean(B̂) + α·C                                  (2)

over many pictures: α is read off a regression without knowing B, and without the shrinkage that a noisy regressor
causes. Far from the edge B̂ tells little; there the variance tells more, for it shrinks as well:

    var(I) = (1 − α)²·var(B)                                                                                   (3)

with var(B) from pictures without the bug, or from the surroundings. Both estimates are joined by their errors and
smoothed where they are weak. s is then fitted on every picture by least squares on (1); pictures on which it is far
from its usual value (fades, wrong labels) lose their weight, and all is done again, now also with those pixels as
surroundings that turned out to be transparent.

Sources: the mixing model and the alternation between layer and pictures are those of T. Dekel, M. Rubinstein, C. Liu,
W. T. Freeman, "On the Effectiveness of Visible Watermarks", CVPR 2017; kriging: N. Cressie, "Statistics for Spatial
Data", 1993, section 3.2.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ModelError

Picture = NDArray[np.uint8]
Values = NDArray[np.float32]
Mask = NDArray[np.bool_]

FEWEST = 8
"""Pictures with the bug without which no bug can be told from what lies behind it."""

_ROUNDS = 4
_SAMPLES = 3_000_000  # pixels of all pictures together that are looked at: 36 MB a copy
_PICTURES = 256  # looked at, at most
_KNOTS = 200  # pixels around the bug that foretell those behind it, at most
_CLEAR = 0.04  # opacity below which a pixel counts as surroundings
_NOISE = 4.0  # variance that coding adds to a pixel, square levels


def cut_out(present: Picture, absent: Picture | None = None) -> Picture:
    """Return the bug that pictures of its corner have in common: (h, w, 4) uint8 RGBA, straight alpha.

    present: (N, h, w, 3) uint8 RGB, the same part of N pictures with the bug, at least 8, better 50 or more, of
        different scenes. Around the bug some margin must be free. A few fades and pictures without it do no harm.
    absent: (M, h, w, 3), the same part without the bug; None or few when there are none. They say how pictures are
        behind the bug; what they show need not be as bright or varied as what `present` shows.
    Alpha is the opacity on air at the bug's usual strength, not the artwork's: a translucent bug comes out translucent.
    Raises ModelError: too few pictures, shapes that differ, or no free margin and nothing in `absent`.
    """
    _check(present, absent)
    seen = _sample(present)
    ground = None if absent is None or len(absent) < FEWEST else _sample(absent)
    around = _free_border(seen, ground)
    weights = np.ones(len(seen), np.float32)
    layer = _Layer(np.zeros(seen.shape[1:3], np.float32), np.zeros(seen.shape[1:], np.float32))
    for _ in range(_ROUNDS):
        backdrop = _Backdrop.of(seen, ground, around)
        behind = backdrop.behind(seen)
        layer = _fit_layer(seen, behind, weights, backdrop)
        weights = _usual(_fit_strengths(seen, behind, layer))
        around = _clear_surroundings(layer, around)
    return layer.as_logo()


def strengths(logo: Picture, pictures: Picture) -> NDArray[np.float32]:
    """Return (N,) how far a bug is faded in on each picture: 1 as cut out, 0 not there; unlimited to both sides.

    logo: (h, w, 4) uint8 RGBA as :func:`cut_out` gives it. pictures: (N, h, w, 3) uint8 RGB, the same part.
    Where the bug can't be seen against what is behind it (white on white), 0.5. Raises ModelError: other sizes, or no
    pixel of the logo is clear.
    """
    if pictures.ndim != 4 or pictures.shape[1:3] != logo.shape[:2]:
        raise ModelError(f"pictures of {pictures.shape[1:3]} rows and columns can't hold a logo of {logo.shape[:2]}")
    alpha = np.asarray(logo[:, :, 3] / 255, np.float32)
    if np.count_nonzero(alpha < _CLEAR) < FEWEST:
        raise ModelError("the logo fills its picture; its strength can't be told without free pixels around it")
    layer = _Layer(alpha, np.asarray(alpha[:, :, None] * logo[:, :, :3], np.float32))
    backdrop = None
    parts = []
    step = max(1, _SAMPLES // alpha.size)
    for at in range(0, len(pictures), step):
        seen = pictures[at : at + step].astype(np.float32)
        backdrop = backdrop or _Backdrop.of(seen, None, alpha < _CLEAR)
        parts.append(_fit_strengths(seen, backdrop.behind(seen), layer, usual=0.5))
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True)
class _Layer:
    """The bug."""

    alpha: Values
    """(h, w), 0 to 1."""
    light: Values
    """(h, w, 3), its colour times its alpha, 0 to 255."""

    def as_logo(self) -> Picture:
        alpha = np.where(self.alpha < _CLEAR, 0, self.alpha)[:, :, None]
        colour = np.divide(self.light, alpha, out=np.zeros_like(self.light), where=alpha > 0)
        return np.asarray(np.rint(np.dstack([colour, alpha * 255])).clip(0, 255), np.uint8)


@dataclass(frozen=True, slots=True)
class _Backdrop:
    """How pictures are where the bug lies, and how they follow from their surroundings."""

    knots: NDArray[np.intp]
    """(K,), places of the pixels in the surroundings that are looked at, row by row."""
    weights: Values
    """(h·w, K), how much each counts for the guess at a pixel."""
    mean: Values
    """(3,), of the surroundings: what a guess falls back to."""
    offset: Values
    """(h, w, 3), what guesses without the bug were wrong by on average."""
    variance: Values
    """(h, w), of what is behind the bug, square levels, mean of the colours."""
    trust: float
    """Relative standard error of its square root."""

    @classmethod
    def of(cls, seen: Values, ground: Values | None, around: Mask) -> "_Backdrop":
        """Learn it. ground: pictures without the bug, or None. around: (h, w), where `seen` is free of the bug.

        One of the two must tell something: `around` may be empty only where there is a ground.
        """
        if np.count_nonzero(around) >= FEWEST:
            plain = cls._of_surroundings(seen, around)
            return plain if ground is None else plain._corrected(ground, around)
        assert ground is not None
        mean, pixels = ground.mean(axis=(0, 1, 2)), around.size
        blind = cls(
            np.zeros(0, np.intp), np.zeros((pixels, 0), np.float32), mean, np.zeros_like(ground[0]), ground[0], 0.1
        )
        return blind._corrected(ground, around)

    @classmethod
    def _of_surroundings(cls, seen: Values, around: Mask) -> "_Backdrop":
        places = np.flatnonzero(around)
        knots = places[np.linspace(0, len(places) - 1, min(_KNOTS, len(places))).astype(np.intp)]
        sites = seen.reshape(len(seen), -1, 3)[:, knots]
        weights = np.asarray(_kriging(sites, knots, around.shape), np.float32)
        variance = np.full(around.shape, _variance(seen)[around].mean(), np.float32)
        return cls(knots, weights, sites.mean(axis=(0, 1)), np.zeros_like(seen[0]), variance, 0.2)

    def _corrected(self, ground: Values, around: Mask) -> "_Backdrop":
        """Return it with what pictures without the bug say of each pixel's mean and variance.

        Programmes are brighter or livelier than adverts or the other way round: only the variance's course over the
        pixels is taken from them; its height comes from the surroundings, where there are any.
        """
        offset = (ground - self.behind(ground)).mean(axis=0) * (len(ground) / (len(ground) + 30))
        variance = _smooth(_variance(ground), 0.05 * min(around.shape) + 1)
        if self.knots.size:
            variance = variance * (self.variance[around].mean() / max(float(variance[around].mean()), 1.0))
        return replace(self, offset=np.asarray(offset, np.float32), variance=variance, trust=0.1)

    def behind(self, pictures: Values) -> Values:
        """Return the guess B̂ of what lies behind the bug, (N, h, w, 3)."""
        sites = pictures.reshape(len(pictures), -1, 3)[:, self.knots] - self.mean
        guess = np.einsum("pk,nkc->npc", self.weights, sites, optimize=True).reshape(pictures.shape)
        return np.asarray(guess + self.mean + self.offset, np.float32)


def _check(present: Picture, absent: Picture | None) -> None:
    if present.ndim != 4 or present.shape[3] != 3 or present.dtype != np.uint8:
        raise ModelError(f"a bug is cut out of RGB pictures of one size, (N, h, w, 3); these are {present.shape}")
    if len(present) < FEWEST:
        raise ModelError(f"{len(present)} pictures with the bug; at least {FEWEST} are needed to cut it out")
    if absent is not None and len(absent) and absent.shape[1:] != present.shape[1:]:
        raise ModelError(f"pictures with the bug are {present.shape[1:3]}, those without {absent.shape[1:3]}")


def _sample(pictures: Picture) -> Values:
    """Take so many pictures, evenly, that memory stays bounded."""
    most = max(FEWEST, min(_PICTURES, _SAMPLES // (pictures.shape[1] * pictures.shape[2])))
    chosen = np.linspace(0, len(pictures) - 1, min(most, len(pictures))).astype(np.intp)
    return pictures[chosen].astype(np.float32)


def _free_border(seen: Values, ground: Values | None) -> Mask:
    """Return which pixels of the outermost rows and columns are surely free of the bug: those that vary most."""
    height, width = seen.shape[1:3]
    ring = np.ones((height, width), np.bool_)
    rim = max(1, round(0.05 * min(height, width)))
    ring[rim:-rim, rim:-rim] = False
    spread = np.sqrt(_smooth(_variance(seen), 1.0))
    # Behind a bug of opacity α the spread is (1 − α) of what it is beside it.
    usual = float(np.quantile(spread[ring], 0.9))
    free: Mask = ring & (spread >= max(0.8 * usual, 2 * _NOISE**0.5))
    if np.count_nonzero(free) < FEWEST and ground is None:
        raise ModelError("around the bug nothing changes: its pictures show one scene only, or have no free margin")
    return free


def _variance(pictures: Values) -> Values:
    """Return (h, w), the variance of each pixel over the pictures, mean of its three colours."""
    return np.asarray(pictures.var(axis=0).mean(axis=2), np.float32)


def _kriging(sites: Values, knots: NDArray[np.intp], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return (h·w, K), the weights of the best linear guess of each pixel from the knots' deviations from the mean.

    The covariance c + (1 − c)·exp(−d/l) is fitted to that of the knots: c for what a whole picture shares.
    """
    height, width = shape
    rows, columns = np.divmod(knots, width)
    apart = np.hypot(rows[:, None] - rows, columns[:, None] - columns)
    share, length = _covariance(sites, apart)
    every_row, every_column = np.divmod(np.arange(height * width), width)
    away = np.hypot(every_row[:, None] - rows, every_column[:, None] - columns)
    between = share + (1 - share) * np.exp(-apart / length) + 0.01 * np.eye(len(knots))
    across = share + (1 - share) * np.exp(-away / length)
    return np.asarray(np.linalg.solve(between, across.T).T, np.float64)


def _covariance(sites: Values, apart: NDArray[np.float64]) -> tuple[float, float]:
    """Fit the share of the variance that a whole picture has in common, and the length over which the rest fades."""
    deviation = sites - sites.mean(axis=(0, 1))
    found = np.einsum("nkc,nlc->kl", deviation, deviation) / max(float((deviation**2).sum()) / sites.shape[1], 1e-6)
    # Pairs are pooled by their distance in whole pixels: a fit to each pair would cost more than all the rest.
    bins = np.rint(apart).astype(np.intp).ravel()
    pairs = np.bincount(bins)
    correlation = np.bincount(bins, found.ravel()) / np.maximum(pairs, 1)
    distance = np.arange(len(pairs))
    shares, lengths = np.linspace(0, 0.9, 19)[:, None, None], np.geomspace(2, 2 * len(pairs) + 2, 16)[None, :, None]
    fitted = shares + (1 - shares) * np.exp(-distance / lengths)
    wrong = ((fitted - correlation) ** 2 * pairs).sum(axis=2)
    share, length = np.unravel_index(int(wrong.argmin()), wrong.shape)
    return float(shares[share, 0, 0]), float(lengths[0, length, 0])


def _fit_layer(seen: Values, behind: Values, weights: Values, backdrop: _Backdrop) -> _Layer:
    """Solve (2) and (3) for every pixel, with one alpha for its three colours."""
    total = float(weights.sum())
    share = (weights / total)[:, None, None, None]
    mean, mean_behind = (seen * share).sum(axis=0), (behind * share).sum(axis=0)
    varied = behind - mean_behind
    spread = (varied**2 * share).sum(axis=(0, 3))
    together = ((seen - mean) * varied * share).sum(axis=(0, 3))
    variance = ((seen - mean) ** 2 * share).sum(axis=(0, 3))
    slope = together / (spread + _NOISE)
    left_over = np.maximum(variance - slope * together, _NOISE)
    error_of_slope = left_over / ((spread + _NOISE) * total)
    ratio = np.sqrt(np.maximum(variance / 3 - _NOISE, 0) / np.maximum(backdrop.variance, _NOISE))
    error_of_ratio = np.maximum(ratio, 0.1) ** 2 * (backdrop.trust**2 + 1 / total) + 1e-4
    precision = 1 / error_of_slope + 1 / error_of_ratio
    clear = (slope / error_of_slope + ratio / error_of_ratio) / precision
    clear = _steadied(clear, precision).clip(0, 1)
    light = (mean - clear[:, :, None] * mean_behind).clip(0, 255 * (1 - clear)[:, :, None])
    return _Layer(np.asarray(1 - clear, np.float32), np.asarray(light, np.float32))


def _steadied(values: Values, precision: Values) -> Values:
    """Draw values that are badly known towards those around them, the less the more these differ among themselves."""
    scale = _smooth(precision, 1.0)
    around = _smooth(values * precision, 1.0) / scale
    unlike = _smooth((values - around) ** 2 * precision, 1.0) / scale
    prior = 1 / (unlike + 0.02**2)
    return np.asarray((values * precision + around * prior) / (precision + prior), np.float32)


def _fit_strengths(seen: Values, behind: Values, layer: _Layer, usual: float = 1.0) -> Values:
    """Return (N,) the least-squares s of (1) on every picture, drawn to the usual one where the bug hardly shows."""
    difference = layer.light - layer.alpha[:, :, None] * behind
    against = ((seen - behind) * difference).sum(axis=(1, 2, 3))
    energy = (difference**2).sum(axis=(1, 2, 3))
    # A bug that differs from its ground by less than about three levels can't be told from coding noise.
    doubt = 9.0 * 3 * max(float((layer.alpha > _CLEAR).sum()), 1.0)
    return np.asarray((against + usual * doubt) / (energy + doubt), np.float32)


def _usual(strength: Values) -> Values:
    """Return (N,) weights: 1 where the strength is near its usual value, falling to nothing away from it."""
    middle = float(np.quantile(strength, 0.75))
    away = np.abs(strength - middle) / max(0.35 * abs(middle), 0.05)
    weights = np.where(away < 1, (1 - away**2) ** 2, 0)
    return np.asarray(np.maximum(weights, 1e-6), np.float32)


def _clear_surroundings(layer: _Layer, before: Mask) -> Mask:
    """Return the pixels that turned out transparent, but for those next to the bug; the ones before when too few."""
    faint = (layer.alpha >= 2 * _CLEAR).astype(np.uint8)
    # Single faint pixels are noise; what is beside the bug has been blurred into by scaling and coding.
    patches = np.asarray(cv2.morphologyEx(faint, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)), np.uint8)
    bug = np.maximum(patches, layer.alpha >= 5 * _CLEAR)
    clear: Mask = np.asarray(cv2.dilate(bug, np.ones((3, 3), np.uint8)), np.uint8) == 0
    return clear if int(clear.sum()) >= max(FEWEST, int(before.sum()) // 2) else before


def _smooth(values: Values, sigma: float) -> Values:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float32)
