"""Finds the frame at which one programme follows another without a break, decoding as little as possible.

The sound of the whole search is decoded, which is cheap, and its keyframes; every frame only around silences and
blacks, and around the expected time itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from streamproc.logic.shots import black_runs, transitions
from streamproc.logic.splits import SILENT_DB, Candidate, choose
from streamproc.media.decoder import AUDIO_STEP, SoundEnvelope, decode_audio, decode_frames, decode_keyframes
from streamproc.media.footage import Epoch
from streamproc.messages import Method

THUMBNAIL: Final = (32, 18)
REACH: Final = Fraction(240)
"""How far from the expected time a joint is looked for, seconds."""
_NEAR: Final = Fraction(12)
_AROUND: Final = Fraction(2)
_MOST: Final = 12  # places besides the expected one that are looked at frame by frame
_SILENT_STEPS: Final = 4
_BESIDE: Final = 3  # frames on either side of a cut in which black counts as next to it


@dataclass(frozen=True, slots=True)
class Split:
    """Where two programmes were split."""

    time: Fraction
    """Of the second one's first frame, seconds in the epoch."""
    method: Method | None
    """What is there; None when nothing is, and it is only where the schedule says."""


def find_split(epoch: Epoch, about: Fraction, room: tuple[Fraction, Fraction]) -> Split:
    """Return where one programme follows another near a time, inside (start, end) of the footage that they share.

    Raises RecordingError or SourceError when the footage can't be read.
    """
    low, high = max(room[0], about - REACH), min(room[1], about + REACH)
    sound = decode_audio(epoch, low, high)
    silences = _silences(sound)
    blacks = [
        frame.time for frame in decode_keyframes(epoch, low, high) if len(black_runs(frame.thumbnail(*THUMBNAIL)[None]))
    ]
    places = sorted([*silences, *blacks], key=lambda time: abs(time - about))[:_MOST]
    windows = [(about - _NEAR, about + _NEAR), *((time - _AROUND, time + _AROUND) for time in places)]
    found: list[Candidate] = []
    for start, end in _joined(windows):
        found += _candidates(epoch, max(start, low), min(end, high), silences)
    best = choose([one for one in found if room[0] < one.time < room[1]], about)
    if best is None:
        return Split(_frame_at(epoch, about, room), None)
    return Split(best.time, best.method)


def _joined(windows: Sequence[tuple[Fraction, Fraction]]) -> list[tuple[Fraction, Fraction]]:
    joined: list[tuple[Fraction, Fraction]] = []
    for start, end in sorted(windows):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _silences(sound: SoundEnvelope | None) -> list[Fraction]:
    """Return the middles of the silences; none where there is no sound at all."""
    if sound is None:
        return []
    quiet = np.concatenate([[0], (sound.bands.max(axis=1) < SILENT_DB).astype(np.int8), [0]])
    runs = np.flatnonzero(np.diff(quiet)).reshape(-1, 2)
    if len(runs) == 1 and runs[0][1] - runs[0][0] == len(quiet) - 2:
        return []
    return [sound.start + int(a + b) * AUDIO_STEP / 2 for a, b in runs if b - a >= _SILENT_STEPS]


def _candidates(epoch: Epoch, start: Fraction, end: Fraction, silences: Sequence[Fraction]) -> list[Candidate]:
    times: list[Fraction] = []
    thumbnails = []
    for frame in decode_frames(epoch, start, end):
        times.append(frame.time)
        thumbnails.append(frame.thumbnail(*THUMBNAIL))
    if len(times) < 4:
        return []
    pictures = np.stack(thumbnails)
    dark = black_runs(pictures)
    return [
        Candidate(
            time=times[one.at],
            method=one.method,
            strength=one.strength,
            is_black=one.method is Method.BLACK or any(a - _BESIDE <= one.at <= b + _BESIDE for a, b in dark),
            is_silent=any(abs(times[one.at] - silence) < _AROUND / 2 for silence in silences),
        )
        for one in transitions(pictures)
        if one.at < len(times)
    ]


def _frame_at(epoch: Epoch, about: Fraction, room: tuple[Fraction, Fraction]) -> Fraction:
    """Return the time of the frame that is shown at a time, or of the first one in the room after it."""
    for frame in decode_frames(epoch, max(about, room[0]), room[1]):
        if frame.time > room[0]:
            return frame.time
    return about
