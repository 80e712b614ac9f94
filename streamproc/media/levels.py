"""How loud the sound of a recording is, half a second at a time; the video beside it is not even read."""

from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamproc.media.decoder import sound_decoder
from streamproc.media.recording.reader import RecordingEpoch

STEP_S: Final = Fraction(1, 2)
"""Length of one step, seconds."""
_FLOOR: Final = 1e-10  # of the mean square: -100 dBFS


class LevelReader:
    """Where the reading of an epoch's sound is. It never waits; for one thread at a time."""

    def __init__(self, epoch: RecordingEpoch, start: Fraction) -> None:
        """Read from the first whole step at or after ``start``. Raises SourceUnsupported without a decoder."""
        audio = epoch.format.audio
        assert audio is not None  # whoever asks has looked
        self._epoch = epoch
        self._audio = audio
        self._decode = sound_decoder(audio)
        self._step = -(-start // STEP_S)
        self._resume = self._step * STEP_S
        self._last_pts: int | None = None
        self._power, self._count = 0.0, 0

    def read(self, most: int) -> list[tuple[Fraction, float]]:
        """Return the time and level, dBFS, of at most about ``most`` steps that are recorded and were not read before.

        Raises RecordingError when the bytes can't be read.
        """
        found: list[tuple[Fraction, float]] = []
        for packet in self._epoch.sound(self._resume):
            if self._last_pts is not None and packet.pts <= self._last_pts:
                continue
            self._last_pts = packet.pts
            at = packet.pts * self._audio.time_base
            self._resume = at
            for samples in self._decode(packet):
                self._add(at, samples.astype(np.float64), found)
                at += Fraction(samples.shape[-1], self._audio.rate)
            if len(found) >= most:
                break
        return found

    def _add(self, at: Fraction, samples: NDArray[np.float64], found: list[tuple[Fraction, float]]) -> None:
        """Add what a decoded frame holds to the step in which its middle lies."""
        step = (at + Fraction(samples.shape[-1], 2 * self._audio.rate)) // STEP_S
        if step > self._step:
            if self._count:
                found.append((self._step * STEP_S, float(10 * np.log10(max(self._power / self._count, _FLOOR)))))
            self._step, self._power, self._count = step, 0.0, 0
        if step == self._step:
            self._power += float(np.square(samples).sum())
            self._count += samples.size
