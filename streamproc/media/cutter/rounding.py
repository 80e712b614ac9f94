"""Ranges that need nothing coded anew: rounded outward to where the source can be cut as it is."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

from streamproc.media.cutter.plan import Part
from streamproc.media.footage import Epoch, Track

_LOOKAHEAD = 64


def outward(parts: Sequence[Part]) -> list[Part]:
    """Return the parts from keyframe to clean cut, none shorter than before; those that meet thereby become one.

    A clean cut is a place in decoding order where everything before is shown before everything after.
    """
    rounded: list[Part] = []
    for part in parts:
        one = replace(part, start=_begin(part), end=_end(part))
        before = rounded[-1] if rounded else None
        if before is not None and before.epoch is one.epoch and before.start <= one.start <= before.end:
            rounded[-1] = replace(before, end=max(before.end, one.end))
        else:
            rounded.append(one)
    return rounded


def _begin(part: Part) -> Fraction:
    """Return the time of the keyframe that is shown with the part's first picture, or last before it."""
    first = next((time for time in _times(part.epoch, part.start, part.start + 1)), part.start)
    before = part.epoch.keyframe_times(Fraction(0), first + part.epoch.format.video.time_base)
    return before[-1] if before else Fraction(0)


def _times(epoch: Epoch, start: Fraction, end: Fraction) -> list[Fraction]:
    """Return the times of the pictures in [start, end), in order."""
    base = epoch.format.video.time_base
    found = []
    for packet in epoch.packets(start):
        if packet.track is Track.VIDEO:
            if packet.dts * base >= end:
                break
            found.append(packet.pts * base)
    return sorted(time for time in found if start <= time < end)


def _end(part: Part) -> Fraction:
    """Return the first clean cut at or after the part's end; the end of what is there when there is none."""
    epoch, base = part.epoch, part.epoch.format.video.time_base
    shown: list[int] = []
    beyond = 0
    for packet in epoch.packets(part.end):
        if packet.track is Track.VIDEO:
            shown.append(packet.pts)
            beyond += packet.pts * base >= part.end
        if beyond > _LOOKAHEAD:
            break
    highest = list(accumulate(shown, max))
    lowest = list(accumulate(reversed(shown), min))[::-1]
    for before, after in zip(highest, lowest[1:], strict=False):
        if before < after and after * base >= part.end:
            return after * base
    return epoch.end()
