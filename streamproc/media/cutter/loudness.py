"""How loud sound is (EBU R 128), and by what it must be multiplied to be as loud as wanted."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av

from streamproc.media.cutter.audio import decoder_of
from streamproc.media.cutter.plan import Part, Rework
from streamproc.media.footage import AudioFormat, MediaPacket, Track

_RATE = 48_000
_SILENT_LUFS = -69.0
_INTEGRATED, _PEAK = "lavfi.r128.I", "lavfi.r128.true_peak"


@dataclass(frozen=True, slots=True)
class Loudness:
    """What was measured over a whole programme."""

    integrated_lufs: float
    """Integrated loudness; -70 when there is nothing but silence."""
    peak: float
    """True peak, 1 is full scale."""


@dataclass(frozen=True, slots=True)
class Levelling:
    """What is done to make it as loud as wanted."""

    gain: float
    """Factor."""
    note: str
    """That in words."""


def measure(parts: Iterable[Part]) -> Loudness | None:
    """Decode the sound of all parts and measure it as one programme; None when there is no sound."""
    graph, measured = _graph(), None
    for part in parts:
        audio = part.epoch.format.audio
        if audio is None:
            continue
        resampler = av.AudioResampler(format="flt", layout="stereo", rate=_RATE)
        for frame in _frames(part, audio):
            for plain in resampler.resample(frame):
                plain.pts = None
                graph.push(plain)
            measured = _latest(graph) or measured
    if measured is None:
        return None
    return Loudness(float(measured[_INTEGRATED]), float(measured[_PEAK]))


def levelled(loudness: Loudness | None, rework: Rework) -> Levelling | None:
    """Return what brings sound to the loudness wanted, as far as its peaks allow; None when there is nothing to do."""
    wanted = rework.loudness_lufs
    if loudness is None or wanted is None or loudness.integrated_lufs <= _SILENT_LUFS:
        return None
    change = wanted - loudness.integrated_lufs
    room = rework.peak_dbtp - 20 * math.log10(max(loudness.peak, 1e-6))
    gain_db = min(change, room)
    note = (
        f"loudness {loudness.integrated_lufs:.1f} LUFS, changed by {gain_db:+.1f} dB to {wanted:.1f} LUFS (EBU R 128)"
    )
    if gain_db < change:
        reached = loudness.integrated_lufs + gain_db
        note = f"loudness {loudness.integrated_lufs:.1f} LUFS, changed by {gain_db:+.1f} dB to {reached:.1f} LUFS:"
        note += f" {wanted:.1f} would put its peaks above {rework.peak_dbtp:.0f} dBTP"
    return Levelling(10 ** (gain_db / 20), note)


def _graph() -> av.filter.Graph:
    graph = av.filter.Graph()
    source = graph.add_abuffer(format="flt", sample_rate=_RATE, layout="stereo", time_base=Fraction(1, _RATE))
    meter, sink = graph.add("ebur128", "metadata=1:peak=true"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    return graph


def _latest(graph: av.filter.Graph) -> dict[str, str] | None:
    """Return what the meter says by now; None when it has nothing new."""
    found = None
    while True:
        try:
            metadata = graph.pull().metadata
        except (av.error.BlockingIOError, av.error.EOFError):
            return found
        found = metadata if _INTEGRATED in metadata else found


def _frames(part: Part, audio: AudioFormat) -> Iterator[av.AudioFrame]:
    decoder = decoder_of(audio)
    for packet in _sound(part, audio):
        try:
            yield from decoder.decode(av.Packet(packet.data))
        except av.error.InvalidDataError:
            continue


def _sound(part: Part, audio: AudioFormat) -> Iterator[MediaPacket]:
    for packet in part.epoch.packets(part.start):
        if packet.track is Track.AUDIO:
            at = packet.pts * audio.time_base
            if at >= part.end:
                return
            if at >= part.start:
                yield packet
