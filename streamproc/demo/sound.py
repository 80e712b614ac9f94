"""Sound of the demo: chords, beats and noise, exact to the sample."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000


@dataclass(frozen=True)
class Tune:
    """What is heard during a shot."""

    notes_hz: tuple[float, ...]
    """The chord."""
    beat_hz: float = 0.0
    """How often a second it swells; 0 for a steady chord."""
    noise: float = 0.0
    """Loudness of noise (wind, waves, a crowd) in [0, 1]."""
    loudness: float = 0.12
    """Amplitude of the chord in [0, 1]."""

    def samples(self, first: int, count: int) -> NDArray[np.float32]:
        """Return ``count`` samples from number ``first`` of the shot on.

        returns: (2, count) float32 in [−1, 1].
        """
        time_s = np.arange(first, first + count) / SAMPLE_RATE
        chord = np.zeros((2, count))
        for number, note in enumerate(self.notes_hz):
            wave = np.sin(2 * np.pi * note * time_s) + 0.3 * np.sin(4 * np.pi * note * time_s)
            lean = (number - (len(self.notes_hz) - 1) / 2) * 0.3
            chord += np.array([[1 - lean], [1 + lean]]) * wave
        chord *= self.loudness / max(len(self.notes_hz), 1)
        if self.beat_hz:
            chord *= 0.25 + 0.75 * np.exp(-5 * (time_s * self.beat_hz % 1.0))
        if self.noise:
            chord += self.noise * 0.2 * np.random.default_rng(first).standard_normal((2, count)).clip(-2, 2) / 2
        return chord.astype(np.float32)


def chord(root_hz: float, *semitones: int) -> tuple[float, ...]:
    """Return the notes that many semitones above the root, in Hz."""
    return tuple(root_hz * 2.0 ** (step / 12) for step in semitones)


CALM = Tune(chord(220.0, 0, 4, 7, 11))
BRIGHT = Tune(chord(261.6, 0, 4, 7), beat_hz=1.5)
DEEP = Tune(chord(110.0, 0, 7, 12, 15), loudness=0.14)
WAVES = Tune(chord(174.6, 0, 5, 9), noise=0.5, loudness=0.06)
NEWS = Tune(chord(293.7, 0, 7, 12), beat_hz=2.0)
JINGLE = Tune(chord(392.0, 0, 4, 7, 12), beat_hz=3.0, loudness=0.2)
FUNK = Tune(chord(98.0, 0, 10, 16), beat_hz=4.0, loudness=0.24, noise=0.06)
HISS = Tune((), noise=0.35)
SILENCE = Tune(())
