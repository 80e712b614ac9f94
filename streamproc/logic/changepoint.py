"""Puts a boundary on its frame: one maximum-likelihood problem over everything that a window of footage shows.

What is looked for is the frame at which programme footage gives way to advert footage (or back). Two things tell:

1. The bug. It is on the whole programme, except that a channel may fade it out up to about a second before the
   programme ends, and in up to about a second after it began; it is never on an advert. The model's log odds of a
   fading bug sink with its opacity, so the window shows a *ramp*: full until some frame, gone from some later frame,
   and straight between. A bug that is cut off hard is a ramp of no length.
2. The picture. It changes as a whole at the boundary: nearly always by a hard cut, else by a dissolve or a dip to black
   (:mod:`streamproc.logic.shots`). But programmes and adverts are full of cuts of their own.

A *hypothesis* is a transition k of the picture. For each, all ramps (b, e) are weighed: how likely are the log odds of
the window's frames given that ramp, times how likely is that ramp when the boundary is at k:

- *hard* (the prior gives it half): the ramp is a step exactly at k, or lies within k's dissolve;
- *early* (the other half): the ramp takes up to 1.2 s and ends up to about a second before k;
- and, with the little that is left, anything else: people switch bugs by hand.

The sum over ramps, times how often a boundary (and how seldom another moment) comes with a transition as strong as k's,
times what colour and sound say (does what lies between two rival cuts look and sound like what is surely programme, or
like what is surely advert?), times what the feed's cues add to it (:mod:`streamproc.logic.cues`), is the weight of k.
The heaviest wins; its share of all weight is the confidence. When no
transition is near, the end of the ramp itself is a hypothesis like others, a light one.

An entering bug is the same problem backwards in time: everything is mirrored, solved, and mirrored back.

docs/decisions/0005-where-a-boundary-is-put.md has the conventions (where in a dip, which side of hard black) and
what was tried.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamproc.logic.shots import Thumbnails, Transition, black_runs, transitions
from streamproc.logic.sides import Sides
from streamproc.messages import Method

Floats = NDArray[np.float64]

_LONGEST_FADE_S = 1.2
_LONGEST_LEAD_S = 1.1  # from the end of the fade to the boundary
_NOISE = 0.07  # of one frame's opacity estimate
_OUTLIERS = 0.03  # frames whose estimate means nothing: a flash, a white sky behind a white bug
_DEPENDENCE = 0.4  # neighbouring frames err alike; so much of a frame's log likelihood is its own
_HARD, _EARLY, _ANYHOW = np.log([0.5, 0.499, 0.001])
_SAFETY_S = 0.1  # from the ramp to what is surely one side
_CLEAR = 0.5  # strength of a transition that parts shots
_SURELY, _SURELY_NOT = 10.0, 3.0  # log odds; past them the numbers tell of the background, from shot to shot
_BLACK_OF_THE_BREAK = 5.0  # log odds against a boundary where hard-edged black ends and not where it begins
_END_ERROR_FRAMES = 1.2  # by which the end of a ramp is misjudged
_LEAST_CONTRAST = 2.0  # log odds between full and none, below which the ramp says little


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is known of N consecutive frames around a change."""

    log_odds: NDArray[np.float32]
    """(N,) that the bug is there."""
    thumbnails: Thumbnails
    """(N, h, w, 3) uint8, Y U V."""
    sound: NDArray[np.float32] | None
    """(N, B) decibels of the sound's bands during each frame; None without sound."""
    rate: float
    """Frames a second."""
    before: Thumbnails
    """(K, h, w, 3): pictures from before the window, but after the boundary before; may be empty."""
    after: Thumbnails
    """(K, h, w, 3): pictures from after the window, but before the next boundary; may be empty."""
    cues: NDArray[np.float64] | None = None
    """(N + 1,) log odds that cues add to a boundary before each frame (:mod:`streamproc.logic.cues`); None without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where the boundary is."""

    at: int
    """Number of the first frame after it, within the window."""
    confidence: float
    """Share of all weight that lies within a frame of it, in [0, 1]."""
    method: Method
    """What put it there."""


def locate(window: Window, *, entering: bool) -> Found:
    """Return the most likely boundary within a window that holds exactly one; 4 frames at least."""
    if not entering:
        return _locate_leaving(window)
    mirrored = Window(
        log_odds=window.log_odds[::-1],
        thumbnails=window.thumbnails[::-1],
        sound=None if window.sound is None else window.sound[::-1],
        rate=window.rate,
        before=window.after,
        after=window.before,
        cues=None if window.cues is None else window.cues[::-1],
    )
    found = _locate_leaving(mirrored)
    return Found(at=len(window.log_odds) - found.at, confidence=found.confidence, method=found.method)


def _locate_leaving(window: Window) -> Found:
    count = len(window.log_odds)
    ramps = Ramps(opacity(window.log_odds), window.rate)
    hypotheses = transitions(window.thumbnails)
    taken = {one.at for one in hypotheses}
    hypotheses += [Transition(i, i, i, Method.BUG, 0.0) for i in range(1, count) if i not in taken]
    sides = _sides(window, ramps, hypotheses)
    ends_of_black = _ends_of_black(window.thumbnails, hypotheses)
    weights = np.array([ramps.log_evidence(one) + _rarity(one) + sides.log_evidence(one.at) for one in hypotheses])
    weights -= [_BLACK_OF_THE_BREAK if one.at in ends_of_black else 0.0 for one in hypotheses]
    if window.cues is not None:
        weights += window.cues[[one.at for one in hypotheses]]
    share = np.exp(weights - weights.max())
    share /= share.sum()
    best = int(share.argmax())
    chosen = hypotheses[best]
    near = np.array([abs(one.at - chosen.at) <= 1 for one in hypotheses])
    return Found(at=chosen.at, confidence=float(share[near].sum()), method=chosen.method)


def _ends_of_black(thumbnails: Thumbnails, found: list[Transition]) -> set[int]:
    """Return where black ends that a cut began: it belongs to the break, so the programme ended with that cut."""
    cuts = {one.at for one in found if one.method is Method.CUT}
    return {end for begin, end in black_runs(thumbnails) if begin in cuts}


def _sides(window: Window, ramps: "Ramps", found: list[Transition]) -> Sides:
    """Compare what lies between rival hypotheses with what is surely the one side, and surely the other."""
    _, end = ramps.best()
    lead = round((_LONGEST_LEAD_S + _SAFETY_S) * window.rate)
    return Sides(
        thumbnails=(window.before, window.thumbnails, window.after),
        sound=window.sound,
        zone=(max(0, end - round(_SAFETY_S * window.rate)), min(len(window.log_odds), end + lead)),
        found=[one for one in found if one.method is not Method.BUG and one.strength > _CLEAR],
        rate=window.rate,
    )


def opacity(log_odds: NDArray[np.float32]) -> Floats:
    """Return (N,) in [0, 1]: how much of the bug is there, from full (the window's start) to none (its end)."""
    count = len(log_odds)
    third = max(1, count // 4)
    full = float(np.median(log_odds[:third]))
    none = float(np.median(log_odds[-third:]))
    # Beyond "surely" the model's numbers follow the background, not the bug.
    full = min(max(full, _LEAST_CONTRAST / 2), _SURELY)
    none = max(min(none, -_LEAST_CONTRAST / 2), -_SURELY_NOT)
    return np.clip((log_odds.astype(np.float64) - none) / (full - none), 0, 1)


class Ramps:
    """The log likelihood of every ramp (begin, end): full before ``begin``, none from ``end``, straight between."""

    def __init__(self, seen: Floats, rate: float) -> None:
        self._rate = rate
        count = len(seen)
        longest = min(round(_LONGEST_FADE_S * rate), count - 1)
        full = np.concatenate([[0], np.cumsum(_log_likelihood(seen - 1))])
        none = np.concatenate([[0], np.cumsum(_log_likelihood(seen))])
        ends = np.arange(count + 1)
        self.table = np.full((longest + 1, count + 1), -np.inf)
        """(length, end): log likelihood; a step has length 0."""
        for length in range(longest + 1):
            expected = 1 - (np.arange(length) + 0.5) / max(length, 1)
            for end in ends[max(1, length) : count]:
                inside = _log_likelihood(seen[end - length : end] - expected).sum() if length else 0.0
                self.table[length, end] = full[end - length] + inside + none[-1] - none[end]
        self.table -= self.table[np.isfinite(self.table)].max()

    def best(self) -> tuple[int, int]:
        """Return the begin and end of the likeliest ramp."""
        length, end = np.unravel_index(int(self.table.argmax()), self.table.shape)
        return int(end - length), int(end)

    def log_evidence(self, transition: Transition) -> float:
        """Return the log of the likelihood of all ramps, each weighed by how well it fits the transition."""
        lengths, ends = np.indices(self.table.shape)
        return float(_log_sum(self.table + self._prior(transition, lengths, ends)))

    def _prior(self, transition: Transition, lengths: NDArray[np.intp], ends: NDArray[np.intp]) -> Floats:
        """Return the log probability of each ramp given that the boundary is at the transition."""
        rate = self._rate
        begins = ends - lengths
        if transition.first == transition.last:
            near = np.abs(ends - transition.at)
            hard = np.where(
                lengths == 0, np.select([near == 0, near == 1], [np.log(0.9), np.log(0.04)], -np.inf), -np.inf
            )
        else:
            # The bug goes with the picture, more or less: it may be keyed over it, and black hides it early.
            spread = transition.last - transition.first + 3
            within = (begins >= transition.first - 1) & (ends <= transition.last + 2)
            along = -(np.abs(begins - transition.first) + np.abs(ends - transition.last)) / 2 - np.log(16)
            hard = np.where(within, np.logaddexp(along, -2 * np.log(spread)) - np.log(2), -np.inf)
        lead = (transition.at - ends) / rate
        # While the old picture still shows, in a dissolve, so may its bug; after that it may not.
        beyond = np.maximum(ends - transition.last, 0)
        outside = np.maximum(lead - _LONGEST_LEAD_S, 0) / 0.08 + beyond / _END_ERROR_FRAMES
        choices = _LONGEST_LEAD_S * rate * _LONGEST_FADE_S * rate
        early = -np.log(choices) - outside
        anyhow = -np.log(self.table.size) - np.abs(ends - transition.at) / rate
        return np.asarray(np.logaddexp.reduce([_HARD + hard, _EARLY + early, _ANYHOW + anyhow]))


def _log_likelihood(error: Floats) -> Floats:
    """Return the log likelihood of errors of the opacity: Laplace with outliers."""
    laplace = np.exp(-np.abs(error) / _NOISE) / (2 * _NOISE)
    return np.asarray(_DEPENDENCE * np.log((1 - _OUTLIERS) * laplace + _OUTLIERS))


def _rarity(transition: Transition) -> float:
    """Return how much likelier so strong a transition is at a boundary than at any other moment, as a logarithm."""
    if transition.method is Method.BUG:
        return -5.0
    if transition.method is Method.CUT:
        return float(np.clip(-3 + 6 * transition.strength, -5, 3.5) + 0.4 * max(transition.strength - 1, 0))
    return -2.5 + 4 * transition.strength


def _log_sum(values: Floats) -> float:
    top = values.max()
    return float(top + np.log(np.exp(values - top).sum()))
