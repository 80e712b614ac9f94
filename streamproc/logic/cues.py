"""What cues say beside the logo: evidence for the frame of a boundary, and doubt where they say otherwise.

The logo decides whether there is a boundary at all. A cue never makes one and never takes one away; near a change that
the logo shows it helps to choose the frame, and it is held against the change when it says the contrary:

=====================================================  ===========  ==================================================
near a change the cues have                            stance       what becomes of the boundary
=====================================================  ===========  ==================================================
nothing, and it is not within an announced break       SILENT       as without cues
one of its kind (out: a break begins; in: it ends)     AGREES       its frames weigh more; so confidence rises
only the other kind                                    CONTRADICTS  confidence is at most DOUBTED
nothing, but the programme comes back (or a break      CONTRADICTS  confidence is at most DOUBTED
begins once more) in the middle of an announced break
=====================================================  ===========  ==================================================

An ``in`` at the same time as an ``out`` is the seam between two adverts of one break, and says nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from streamproc.messages import Cue, CueKind, Kind

DOUBTED = 0.5
"""The most confidence a boundary has that cues contradict: it waits for a person."""
FAR_S = Fraction(600)
"""A splice farther from its cue's arrival than this is counted by another clock than the video, and not believed."""
_SAME_S = Fraction(1, 50)  # of two cues: less than a frame
_GAIN = 3.0  # log odds that a cue adds to its very frame
_NEARBY = 1.5  # and to those around it, sinking to 0 at the tolerance


class Stance(StrEnum):
    """What the cues say to a change."""

    SILENT = "silent"
    AGREES = "agrees"
    CONTRADICTS = "contradicts"


def announced(cues: Iterable[Cue]) -> list[Cue]:
    """Return what stands of the cues, given in the order in which they came, by time: outs and ins only.

    Repetitions count once (the last one's time stands), cancelled events not at all; a break that returns by itself
    gets its ``in`` unless one was sent; what lies before the epoch or is counted by another clock is left out.
    """
    standing: dict[tuple[object, ...], Cue] = {}
    for cue in cues:
        if cue.cancels:
            for key in [key for key, other in standing.items() if other.event_id == cue.event_id]:
                if standing[key].time > cue.sent:  # what has already happened can't be taken back
                    del standing[key]
        elif cue.kind is not CueKind.OTHER and not is_far(cue):
            standing[_identity(cue, standing)] = cue
    ins = {cue.event_id for cue in standing.values() if cue.kind is CueKind.IN}
    returns = [
        replace(cue, kind=CueKind.IN, time=cue.time + cue.duration, name="end of the break's duration")
        for cue in standing.values()
        if cue.kind is CueKind.OUT and cue.returns and cue.duration is not None and cue.event_id not in ins
    ]
    found = sorted([*standing.values(), *returns], key=lambda cue: cue.time)
    return [cue for cue in found if cue.time >= 0 and not _is_seam(cue, found)]


def is_far(cue: Cue) -> bool:
    """Tell whether a cue speaks of a time so far from its arrival that another clock must have counted it."""
    return abs(cue.time - cue.sent) > FAR_S


def stance(cues: Sequence[Cue], at: Fraction, kind: CueKind, tolerance: Fraction) -> Stance:
    """Tell what the announced cues, by time, say to a change at ``at``: OUT when a break begins, IN when it ends."""
    near = {cue.kind for cue in cues if abs(cue.time - at) <= tolerance}
    if kind in near:
        return Stance.AGREES
    if near or _in_break(cues, at, tolerance):
        return Stance.CONTRADICTS
    return Stance.SILENT


def unanswered(cues: Sequence[Cue], changes: Sequence[tuple[Fraction, Kind]], tolerance: Fraction) -> list[Cue]:
    """Return the announced cues to which the logo shows nothing.

    changes: when what is on air changed, and to what, in time order. A cue is answered by a change of its kind within
    the tolerance; and it says nothing new where what it announces is on air already.
    """
    wanted = {CueKind.OUT: Kind.ADVERT, CueKind.IN: Kind.PROGRAMME}

    def is_answered(cue: Cue) -> bool:
        kind = wanted[cue.kind]
        if any(after is kind and abs(time - cue.time) <= tolerance for time, after in changes):
            return True
        on_air = [after for time, after in changes if time <= cue.time]
        return not on_air or on_air[-1] in (kind, Kind.UNKNOWN)

    return [cue for cue in cues if not is_answered(cue)]


def confidence(located: float, said: Stance) -> float:
    """Return how sure a boundary is, in [0, 1], given what the cues say to it."""
    return min(located, DOUBTED) if said is Stance.CONTRADICTS else located


def weights(
    cues: Sequence[Cue], times: Sequence[Fraction], kind: CueKind, tolerance: Fraction
) -> NDArray[np.float64] | None:
    """Return (N + 1,) log odds that cues of a kind add to a boundary before each frame; None when none is near.

    times: of N consecutive frames; the last of the odds is for a boundary after all of them. Most goes to the very
    frame of an exact cue; what came without a time of its own, and the frames around, get less.
    """
    near = [
        cue for cue in cues if cue.kind is kind and times and times[0] - tolerance <= cue.time <= times[-1] + tolerance
    ]
    if not near or tolerance <= 0:
        return None
    step = (times[-1] - times[0]) / max(1, len(times) - 1)
    edges = [*times, times[-1] + step]
    gained = np.zeros(len(edges))
    for cue in near:
        away = np.array([float(abs(edge - cue.time)) for edge in edges])
        gain = _NEARBY * np.clip(1 - away / float(tolerance), 0, None)
        if cue.exact:
            gain[away <= float(step) / 2] = _GAIN
        gained = np.maximum(gained, gain)
    return gained


def _identity(cue: Cue, standing: dict[tuple[object, ...], Cue]) -> tuple[object, ...]:
    """Return under which key a cue stands: that of the one it repeats, if it does."""
    if cue.event_id is not None and cue.exact:
        # Numbers are used again, but not within minutes; a repetition may correct the time.
        for key, other in standing.items():
            if (other.event_id, other.kind) == (cue.event_id, cue.kind) and abs(other.time - cue.time) < FAR_S / 10:
                return key
    for key, other in standing.items():
        if other.kind is cue.kind and abs(other.time - cue.time) < _SAME_S:
            return key
    return (len(standing), cue.kind, cue.event_id, cue.time)


def _is_seam(cue: Cue, found: Sequence[Cue]) -> bool:
    return any(other.kind is not cue.kind and abs(other.time - cue.time) < _SAME_S for other in found)


def _in_break(cues: Sequence[Cue], at: Fraction, tolerance: Fraction) -> bool:
    """Tell whether a time lies within a break whose both ends are announced, and not near either."""
    before = [cue for cue in cues if cue.time <= at]
    if not before or before[-1].kind is not CueKind.OUT:
        return False
    end = next((cue.time for cue in cues if cue.time > at), None)
    if end is None and before[-1].duration is not None:
        end = before[-1].time + before[-1].duration
    return end is not None and before[-1].time + tolerance < at < end - tolerance
