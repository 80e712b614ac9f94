"""The sound of several parts as one track: copied, but for a few frames of AAC around each joint.

Frames of AAC are 1024 samples long, and a part may begin anywhere. So where two parts meet, the frames around the
joint are decoded, cross-faded and coded anew, up to where the next part's own frames take over; the sound in the
last block before the copies and in the first of them is the source's own, so that the halves which overlap there
belong to the same sound.

The next part's frames lie at another phase. Their times say so, to the sample; and as many frames are coded anew as
keep the mere count of samples within half a frame (11 ms) of the times, now and after any number of joints: players
that only count stay in sync, too.

All positions are samples at the track's rate: of a source from its epoch's time 0, of the track from the file's.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from streamproc.media.cutter.audio import Sound, SoundTrack, aac_encoder, channels_of
from streamproc.media.cutter.mp4 import AudioEntry
from streamproc.media.footage import MediaPacket

BLOCK = 1024
"""Samples of a frame of AAC."""
FADE_S = Fraction(5, 1000)
"""Length of a cross-fade."""
LEAD_S = Fraction(1, 10)
"""A part's source should give sound from so long before the part, and until so long after it."""
_HOLD_S = Fraction(1, 4)
_PREROLL = 3
_KEPT = 8
_CHOICE = 8
_LAST_CHOICE = 4
_HALF = BLOCK // 2
_ONLY_LONG, _LONG_START, _LONG_STOP = 0, 1, 3
_SINE = 0
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpliceFormat:
    """What the track is coded as: AAC-LC throughout."""

    rate: int
    """Samples a second."""
    layout: str
    """FFmpeg's name of the channel layout."""
    header: bytes
    """AudioSpecificConfig."""

    @property
    def entry(self) -> AudioEntry:
        """What the file says of the track."""
        return AudioEntry(codec="aac", channels=channels_of(self.layout), rate=self.rate, header=self.header)

    def silence(self) -> bytes:
        """Return a frame of silence."""
        encoder = aac_encoder(self.rate, self.layout)
        zeros = np.zeros((channels_of(self.layout), BLOCK), np.float32)
        packets = [bytes(p) for n in range(_PREROLL) for p in encoder.encode(_frame(self, zeros, n * BLOCK))]
        return (packets + [bytes(packet) for packet in encoder.encode(None)])[1]


@dataclass(slots=True)
class _Segment:
    """One part near a joint."""

    low: int
    """The first sample of the source that belongs to the part."""
    at: int
    """Where that lies in the track."""
    frames: list[Sound]
    """Those around, in the source's positions."""
    high: int | None = None
    """The sample of the source after the part; None while it goes on."""
    given: int = 0
    """How many of the frames are in the track already."""


class Splice:
    """Takes parts one after the other, each as packets in order, and gives the track's frames."""

    def __init__(self, form: SpliceFormat) -> None:
        self._form = form
        self._fade = round(FADE_S * form.rate)
        self._silence = form.silence()
        self._source: SoundTrack | None = None
        self._last: int | None = None  # position of the source's latest frame
        self._settled = 0
        self._low = self._at = 0
        self._held: deque[Sound] = deque()  # of the present part, not given yet
        self._given: deque[Sound] = deque(maxlen=_KEPT)  # of the present part, the latest given
        self._joint: list[_Segment] = []  # parts that have ended and are not given whole
        self._first: int | None = None
        self._count = 0
        self._latest = b""
        self._latest_at = 0

    @property
    def entry(self) -> AudioEntry:
        """What the file says of the track."""
        return self._form.entry

    @property
    def begin(self) -> int | None:
        """The track's first sample that is meant to be heard; None before the first."""
        return self._first

    def start(self, source: SoundTrack | None, low: int, at: int, planned: int) -> None:
        """Begin a part. source: gives its frames; None for a part without sound.

        low: its first sample in the source. at: where that lies in the track. planned: about where it ends.
        """
        self._source, self._low, self._at = source, low, at
        self._settled = planned - round(_HOLD_S * self._form.rate)
        self._last = None
        self._held.clear()
        self._given.clear()

    def take(self, packet: MediaPacket) -> Iterator[Sound]:
        """Take the part's next packet; yield what is settled."""
        if self._source is not None:
            for sound in self._source.take(packet):
                self._hold(sound)
        yield from self._advance(self._settled)

    def end(self, high: int) -> Iterator[Sound]:
        """End the part at ``high``, a sample of the source; yield what is settled."""
        if self._source is not None:
            for sound in self._source.finish():
                self._hold(sound)
        while self._last is None or self._last < high + BLOCK:
            at = self._low - 2 * BLOCK if self._last is None else self._last + BLOCK
            self._hold(Sound(self._silence, at, BLOCK))
        yield from self._advance(high - self._fade - (1 + _LAST_CHOICE) * BLOCK)
        given = [] if self._joint else list(self._given)
        self._joint.append(_Segment(self._low, self._at, [*given, *self._held], high, len(given)))

    def finish(self) -> Iterator[Sound]:
        """Yield what is left of the last part."""
        if not self._joint:
            return
        if len(self._joint) > 1:
            yield from self._bridge(None)
            return
        segment = self._joint[0]
        assert segment.high is not None
        for sound in self._held:
            if sound.at < segment.high:
                yield from self._give(sound.data, sound.at - segment.low + segment.at)

    # The present part's frames, without holes

    def _hold(self, sound: Sound) -> None:
        """Take in a frame of the present part; what is missing before it becomes silence."""
        if self._last is None:
            missing = max(-(-(sound.at - (self._low - BLOCK)) // BLOCK), 0)
            expected = sound.at - missing * BLOCK
        else:
            expected = self._last + BLOCK
            missing = (sound.at - expected + _HALF) // BLOCK
            if missing < 0:
                return
        for number in range(missing):
            self._held.append(Sound(self._silence, expected + number * BLOCK, BLOCK))
        self._held.append(sound)
        self._last = sound.at

    def _advance(self, until: int) -> Iterator[Sound]:
        """Give the frames that end by ``until``; first those of a joint that waits, if its seam can be told."""
        if self._joint:
            seam = self._seam(until)
            if seam is None:
                return
            yield from self._bridge(seam)
            for _ in range(seam):
                self._given.append(self._held.popleft())
        while self._held and self._held[0].at + BLOCK <= until:
            sound = self._held.popleft()
            self._given.append(sound)
            yield from self._give(sound.data, sound.at - self._low + self._at)

    def _seam(self, until: int) -> int | None:
        """Return the index of the present part's first frame that is copied; None while it can't be told."""
        earliest = self._low + self._fade + BLOCK
        held = list(self._held)
        fitting = [n for n in range(1, len(held) - 1) if held[n].at >= earliest and held[n].at + BLOCK <= until]
        plain = next((n for n in fitting[:_CHOICE] if begins_plainly(held[n - 1].data, held[n].data)), None)
        if plain is None and len(fitting) >= _CHOICE:
            return fitting[0]
        return plain

    # The track's frames

    def _give(self, data: bytes, at: int) -> Iterator[Sound]:
        """Yield a frame at its place, so that the count of samples stays within half a frame of the times."""
        if self._first is None:
            self._first = at
        while at - (self._first + BLOCK * self._count) > _HALF and self._count:
            yield self._placed(self._latest, self._latest_at + BLOCK)
        if at - (self._first + BLOCK * self._count) >= -_HALF - 1 and (not self._count or at > self._latest_at):
            yield self._placed(data, at)

    def _placed(self, data: bytes, at: int) -> Sound:
        self._count += 1
        self._latest, self._latest_at = data, at
        return Sound(data, at, BLOCK)

    # Joints

    def _bridge(self, seam: int | None) -> Iterator[Sound]:
        """Yield the frames from the last copied one up to the seam, coded anew; up to the end without one."""
        segments = list(self._joint)
        self._joint.clear()
        copied, begin = self._copied_still(segments[0])
        for sound in copied:
            yield from self._give(sound.data, sound.at - segments[0].low + segments[0].at)
        out = begin - segments[0].low + segments[0].at
        first = out if self._first is None else self._first
        if seam is None:
            end = segments[-1].at + (segments[-1].high or 0) - segments[-1].low
            count, later = -(-(end - out) // BLOCK), out
        else:
            held = list(self._held)
            end = held[seam].at - self._low + self._at
            count = round(Fraction(end - first, BLOCK)) - self._count
            later = end - count * BLOCK
            segments.append(_Segment(self._low, self._at, [*self._given, *held[: seam + 3]]))
        signal, turn = self._signal(segments, begin, later, count)
        for number, data in enumerate(_coded(self._form, signal, count, segments[0].frames)):
            yield from self._give(data, (out if number * BLOCK <= turn else later) + number * BLOCK)

    def _copied_still(self, segment: _Segment) -> tuple[list[Sound], int]:
        """Return which frames of the first segment are copied still, and where in it coding anew begins."""
        assert segment.high is not None
        waiting = segment.frames[segment.given :]
        bound = segment.high - self._fade - 2 * BLOCK
        fitting = [number for number, sound in enumerate(waiting) if sound.at <= bound]
        plain = [number for number in fitting if ends_plainly(waiting[number].data)]
        count = (plain or fitting or [-1])[-1] + 1
        return waiting[:count], waiting[count].at

    def _signal(self, segments: Sequence[_Segment], begin: int, later: int, count: int) -> tuple[Samples, int]:
        """Return what is heard from ``_PREROLL`` blocks before the first frame coded anew, and where the joint is.

        begin: that frame's position in the first segment. later: where it would lie in the track if it went with the
        segments that follow; their sound is laid out from there.
        """
        shifts = [-begin] + [segment.at - segment.low - later for segment in segments[1:]]
        size = (_PREROLL + count + 2) * BLOCK
        lows = [segment.low + shift for segment, shift in zip(segments, shifts, strict=True)]
        highs = [None if s.high is None else s.high + shift for s, shift in zip(segments, shifts, strict=True)]
        signal = np.zeros((channels_of(self._form.layout), size), np.float32)
        gains = [np.ones(size, np.float32) for _ in segments]
        places = np.arange(size) - _PREROLL * BLOCK
        turn: int | None = None
        for number, (high, low) in enumerate(zip(highs[:-1], lows[1:], strict=True)):
            assert high is not None
            down, up = high - self._fade, low
            if high - low >= self._fade:
                down = up = (high + low - self._fade) // 2
            gains[number] *= 1 - _ramp(places, down, self._fade)
            gains[number + 1] *= _ramp(places, up, self._fade)
            turn = min(down, up) if turn is None else turn
        for segment, shift, gain in zip(segments, shifts, gains, strict=True):
            signal += self._decoded(segment, shift + _PREROLL * BLOCK, size) * gain
        return signal, turn or 0

    def _decoded(self, segment: _Segment, shift: int, size: int) -> Samples:
        """Return (channels, size) samples of a segment, each frame's where ``shift`` puts it."""
        decoder = av.CodecContext.create("aac", "r")
        assert isinstance(decoder, av.AudioCodecContext)
        decoder.extradata = self._form.header
        decoder.sample_rate, decoder.layout = self._form.rate, self._form.layout
        whole = np.zeros((channels_of(self._form.layout), size), np.float32)
        for sound in segment.frames:
            try:
                frames = decoder.decode(av.Packet(sound.data))
            except av.error.FFmpegError:
                continue
            for frame in frames:
                _lay(whole, np.asarray(frame.to_ndarray(), np.float32), sound.at + shift)
        return whole


def _ramp(places: NDArray[np.int_], begin: int, length: int) -> Samples:
    return np.clip((places - begin) / length, 0, 1).astype(np.float32)


def _lay(whole: Samples, samples: Samples, at: int) -> None:
    first, last = max(at, 0), min(at + samples.shape[1], whole.shape[1])
    if first < last:
        whole[:, first:last] = samples[:, first - at : last - at]


def _frame(form: SpliceFormat, samples: Samples, at: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=form.layout)
    frame.sample_rate, frame.time_base, frame.pts = form.rate, Fraction(1, form.rate), at
    return frame


def _coded(form: SpliceFormat, signal: Samples, count: int, like: Sequence[Sound]) -> list[bytes]:
    """Return ``count`` frames that a decoder turns into the signal behind its ``_PREROLL`` blocks."""
    sizes = [len(sound.data) for sound in like]
    encoder = aac_encoder(form.rate, form.layout, sum(sizes) * 8 * form.rate // (BLOCK * max(len(sizes), 1)))
    packets = []
    for number in range(signal.shape[1] // BLOCK):
        block = signal[:, number * BLOCK : (number + 1) * BLOCK]
        packets += encoder.encode(_frame(form, block, (number - _PREROLL) * BLOCK))
    packets += encoder.encode(None)
    return [bytes(packet) for packet in packets if packet.pts is not None and 0 <= packet.pts < count * BLOCK]


# How a frame of AAC is windowed (ISO/IEC 14496-3, 4.4.2.7, ics_info); only sine windows fit those of our encoder


def window_of(data: bytes) -> tuple[int, int] | None:
    """Return window_sequence and window_shape of a frame's first channel; None when they can't be found."""
    bits = int.from_bytes(data[:4], "big")
    element, common = bits >> 29, bits >> 24 & 1
    if element > 1:
        return None
    at = 8 if element == 1 and common else (16 if element == 1 else 15)
    info = bits >> (32 - at - 4) & 15
    return info >> 1 & 3, info & 1


def begins_plainly(before: bytes, data: bytes) -> bool:
    """Tell whether a frame's first half has the window that our encoder's frames end in."""
    previous, own = window_of(before), window_of(data)
    if previous is None or own is None:
        return False
    return previous[1] == _SINE and own[0] in (_ONLY_LONG, _LONG_START)


def ends_plainly(data: bytes) -> bool:
    """Tell whether a frame's second half has the window that our encoder's frames begin with."""
    own = window_of(data)
    return own is not None and own[1] == _SINE and own[0] in (_ONLY_LONG, _LONG_STOP)
