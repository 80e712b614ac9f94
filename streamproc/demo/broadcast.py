"""The broadcast that the demo draws: programmes with the bug on, advert breaks without, and the truth about both.

It is made for a seed, frame by frame and in any order: programme parts of photographs and drawn scenes with captions;
breaks of several spots with false corner logos, white and black pictures, price tags and quick cuts. The bug comes
with the cut, or fades in up to a second late; it goes with the cut, or fades out up to a second early. Some joints
have black between, some silence around them. A boundary is the first frame of what follows; black belongs to the break.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from streamproc.demo import script
from streamproc.demo.bug import BUG_LEFT, BUG_OPACITY, BUG_TOP
from streamproc.demo.paint import HEIGHT, WIDTH, Picture, channel_bug, stamp
from streamproc.demo.scenes import Plain
from streamproc.demo.script import Clip
from streamproc.demo.sound import SAMPLE_RATE, SILENCE
from streamproc.messages import Kind

RATE = Fraction(25)
_FRAME_SAMPLES = int(SAMPLE_RATE / RATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class BugTiming:
    """When the bug comes and goes within a programme part, in seconds."""

    late_s: float = 0.0
    """From the part's first frame to the first in which the bug shows."""
    fade_in_s: float = 0.0
    """How long it takes to come; 0 for at once."""
    early_s: float = 0.0
    """From the first frame in which it is fainter to the part's end."""
    fade_out_s: float = 0.0
    """How long it takes to go; 0 for at once."""

    def opacity(self, time_s: float, left_s: float) -> float:
        """Return the share of the full opacity at a time from the part's start, with ``left_s`` to its end."""
        rise = _ramp(time_s - self.late_s, self.fade_in_s)
        fall = 1.0 if self.early_s <= 0 else 1.0 - _ramp(self.early_s - left_s, self.fade_out_s)
        return min(rise, fall)


def _ramp(time_s: float, duration_s: float) -> float:
    if time_s < -1e-9:
        return 0.0
    return 1.0 if duration_s <= 0 else min(1.0, (time_s + 1 / float(RATE)) / duration_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The truth about one stretch of the broadcast."""

    kind: Kind
    """Programme or advert."""
    start_frame: int
    """Its first frame."""
    end_frame: int
    """The first frame after it."""
    joint: str
    """How it begins, in words."""


@dataclass(frozen=True, slots=True)
class _Part:
    kind: Kind
    shots: tuple[tuple[Clip, int], ...]  # each with its number of frames
    timing: BugTiming
    silence_s: float  # of silence around its start
    joint: str

    @property
    def frames(self) -> int:
        return sum(frames for _, frames in self.shots)


# How a part of programme ends, how the next begins, and what of it is said in the table.
_ENDS = (
    (BugTiming(early_s=0.96, fade_out_s=0.6), "bug fades out early"),
    (BugTiming(), "hard cut"),
    (BugTiming(early_s=0.6, fade_out_s=0.6), "fades early, then black"),
    (BugTiming(early_s=0.48, fade_out_s=0.0), "bug off 0.5 s early"),
)
_STARTS = (
    (BugTiming(late_s=0.6, fade_in_s=0.4), "bug fades in late"),
    (BugTiming(), "hard cut"),
    (BugTiming(fade_in_s=0.6), "out of black, bug fades"),
    (BugTiming(late_s=0.92), "bug on 0.9 s late"),
)
_BLACK = 2  # the break of every four that begins and ends with black


class Broadcast:
    """A broadcast of ``breaks`` advert breaks, about 80 s for each; the same for the same seed."""

    width = WIDTH
    height = HEIGHT
    rate = RATE

    def __init__(self, seed: int = 1, breaks: int = 3) -> None:
        self._parts = _arrange(np.random.default_rng(seed), breaks)
        self._starts = [0, *accumulate(part.frames for part in self._parts)]
        self._bug = channel_bug()

    @property
    def frame_count(self) -> int:
        """How many frames it has."""
        return self._starts[-1]

    @property
    def truth(self) -> list[Segment]:
        """Its segments, contiguous and in order."""
        return [
            Segment(kind=part.kind, start_frame=start, end_frame=start + part.frames, joint=part.joint)
            for part, start in zip(self._parts, self._starts[:-1], strict=True)
        ]

    def picture(self, frame: int) -> Picture:
        """Draw one frame.

        returns: (720, 1280, 3) uint8, RGB.
        """
        part, offset = self._part_at(frame)
        clip, start, frames = _shot_at(part.shots, offset)
        time_s = (offset - start) / float(RATE)
        picture = clip.draw(time_s, frames / float(RATE))
        if part.kind is Kind.PROGRAMME:
            shown = part.timing.opacity(offset / float(RATE), (part.frames - offset) / float(RATE))
            stamp(picture, self._bug, (round(BUG_LEFT * WIDTH), round(BUG_TOP * HEIGHT)), BUG_OPACITY * shown)
        return picture

    def sound(self, frame: int) -> NDArray[np.float32]:
        """Return the sound of one frame.

        returns: (2, 1920) float32 in [−1, 1], 48 kHz.
        """
        part, offset = self._part_at(frame)
        clip, start, _ = _shot_at(part.shots, offset)
        if self._is_silent(frame):
            return np.zeros((2, _FRAME_SAMPLES), np.float32)
        return clip.tune.samples((offset - start) * _FRAME_SAMPLES, _FRAME_SAMPLES)

    def frames(self) -> Iterator[tuple[Picture, NDArray[np.float32]]]:
        """Draw everything, in order: pictures and their sound."""
        for frame in range(self.frame_count):
            yield self.picture(frame), self.sound(frame)

    def _part_at(self, frame: int) -> tuple[_Part, int]:
        index = bisect_right(self._starts, frame) - 1
        return self._parts[index], frame - self._starts[index]

    def _is_silent(self, frame: int) -> bool:
        return any(
            start > 0 and abs(frame - start + 0.5) / float(RATE) < part.silence_s / 2
            for part, start in zip(self._parts, self._starts[:-1], strict=True)
        )


def _shot_at(shots: Sequence[tuple[Clip, int]], offset: int) -> tuple[Clip, int, int]:
    """Return the shot that a frame of the part belongs to, that shot's first frame, and its length in frames."""
    starts = [0, *accumulate(frames for _, frames in shots)]
    index = bisect_right(starts, offset) - 1
    clip, frames = shots[index]
    return clip, starts[index], frames


def _arrange(random: np.random.Generator, breaks: int) -> list[_Part]:
    programmes = script.programmes(breaks + 1)
    spots = script.spots()
    order = random.permutation(len(spots))
    parts: list[_Part] = []
    used = 0
    for number, clips in enumerate(programmes):
        start, start_words = _STARTS[(number - 1) % len(_STARTS)] if number else (BugTiming(), "")
        end, end_words = _ENDS[number % len(_ENDS)] if number < breaks else (BugTiming(), "")
        timing = replace(start, early_s=end.early_s, fade_out_s=end.fade_out_s)
        silence_s = 0.28 if number % 2 else 0.0
        parts.append(_Part(Kind.PROGRAMME, _timed(clips, random), timing, silence_s, start_words))
        if number == breaks:
            break
        count = 4 if number % 2 == 0 else 3
        chosen = [spots[order[(used + i) % len(spots)]] for i in range(count)]
        used += count
        shots = _break(chosen, random, is_framed=number % len(_ENDS) == _BLACK)
        parts.append(_Part(Kind.ADVERT, shots, BugTiming(), 0.28 if number % 2 == 0 else 0.0, end_words))
    return parts


def _break(
    chosen: Sequence[Sequence[Clip]], random: np.random.Generator, *, is_framed: bool
) -> tuple[tuple[Clip, int], ...]:
    """Put spots behind each other, with a few black frames between some of them, and around all if asked."""
    black = Clip(Plain((0, 0, 0)), 0.2, tune=SILENCE)
    shots: list[tuple[Clip, int]] = [(black, 8)] if is_framed else []
    for number, spot in enumerate(chosen):
        if number and number % 2 == 0:
            shots.append((black, int(random.integers(3, 8))))
        shots.extend(_timed(spot, random))
    if is_framed:
        shots.append((black, 7))
    return tuple(shots)


def _timed(clips: Sequence[Clip], random: np.random.Generator) -> tuple[tuple[Clip, int], ...]:
    return tuple((clip, round(clip.duration_s * float(RATE) * random.uniform(0.92, 1.08))) for clip in clips)
