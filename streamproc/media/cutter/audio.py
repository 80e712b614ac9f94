"""The clip's sound: copied frame by frame, or coded as AAC where players of MP4 could not play it."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import av
import numpy as np
from av.codec.context import Flags
from numpy.typing import NDArray

from streamproc.media.cutter.mp4 import AUDIO_CODECS, AudioEntry
from streamproc.media.footage import AudioFormat, MediaPacket

_AAC_FRAME = 1024
_BIT_RATE_PER_CHANNEL = 96_000
_SLACK_S = Fraction(3, 2000)
_ADTS_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
CODED_LAYOUTS = frozenset({"mono", "stereo", "3.0", "4.0", "5.0", "5.1"})
"""Channel layouts that can be coded as AAC."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One coded frame of sound."""

    data: bytes
    """What the file keeps."""
    at: int
    """Its first sample, counted from the epoch's time 0."""
    duration: int
    """Samples."""


class SoundTrack(Protocol):
    """Takes the source's audio packets in order and gives the clip's."""

    @property
    def entry(self) -> AudioEntry:
        """What the file says of the track; settled once the first sound was given."""
        ...

    @property
    def begin(self) -> int | None:
        """The first sample that is meant to be heard; None before the first."""
        ...

    def take(self, packet: MediaPacket) -> Iterator[Sound]:
        """Take the next packet; yield what belongs to the clip."""
        ...

    def finish(self) -> Iterator[Sound]:
        """Yield what is left."""
        ...


def sound_track(audio: AudioFormat, low: Fraction, high: Fraction) -> SoundTrack:
    """Return the track for the sound of [low, high): a copy where that can be played, else AAC."""
    if is_copied(audio):
        return CopiedSound(audio, low, high)
    return CodedSound(audio, low, high)


def is_copied(audio: AudioFormat) -> bool:
    """Tell whether this sound goes into the clip untouched."""
    return audio.codec in AUDIO_CODECS and (audio.codec == "mp3" or audio.codec == "aac" or bool(audio.extradata))


def channels_of(layout: str) -> int:
    """Return how many channels a layout has."""
    return av.AudioLayout(layout).nb_channels


class _Grid:
    """Puts rounded times (RTMP has whole milliseconds) back on the grid of samples they came from.

    A frame that starts within 1.5 ms of the end of the one before follows it without a gap; else it is where it
    says that it is, and a hole stays a hole.
    """

    def __init__(self, audio: AudioFormat) -> None:
        # Whole numbers: this is done for every frame, and fractions take ten times as long.
        self._up, self._down = (audio.time_base * audio.rate).as_integer_ratio()
        self._slack = int(max(_SLACK_S * audio.rate, audio.time_base * audio.rate))
        self._following: int | None = None

    def place(self, pts: int, duration: int) -> int:
        """Return the sample at which this frame of ``duration`` samples starts."""
        at = self.samples(pts)
        if self._following is not None and abs(at - self._following) <= self._slack:
            at = self._following
        self._following = at + duration
        return at

    def samples(self, ticks: int) -> int:
        """Return a duration in samples."""
        return (2 * ticks * self._up + self._down) // (2 * self._down)


class CopiedSound:
    """Untouched frames: from the one before the one that sounds at ``low``, for a decoder needs its overlap."""

    def __init__(self, audio: AudioFormat, low: Fraction, high: Fraction) -> None:
        self._audio = audio
        self._low, self._high = round(low * audio.rate), round(high * audio.rate)
        self._grid = _Grid(audio)
        self._header = audio.extradata
        self._last: int | None = None
        self.begin: int | None = None

    @property
    def entry(self) -> AudioEntry:
        """What the file says of the track."""
        audio = self._audio
        return AudioEntry(codec=audio.codec, channels=channels_of(audio.layout), rate=audio.rate, header=self._header)

    def take(self, packet: MediaPacket) -> Iterator[Sound]:
        """Yield the packet if it belongs to the clip."""
        data, duration = packet.data, self._duration(packet)
        if self._audio.codec == "aac" and not self._audio.extradata and data[:1] == b"\xff":
            data = self._without_adts(data)
        at = self._grid.place(packet.pts, duration)
        wanted = at + 2 * duration > self._low and at < self._high
        if data and wanted and (self._last is None or at > self._last):
            self._last = at
            self.begin = at if self.begin is None else self.begin
            yield Sound(data, at, duration)

    def finish(self) -> Iterator[Sound]:
        """Yield nothing: every packet was given at once."""
        return iter(())

    def _duration(self, packet: MediaPacket) -> int:
        stated = self._grid.samples(packet.duration)
        if self._audio.codec == "aac":
            # Stated durations may be rounded to milliseconds; AAC has frames of 1024, or 2048 with SBR.
            return _AAC_FRAME if stated < _AAC_FRAME * 3 // 2 else 2 * _AAC_FRAME
        return stated

    def _without_adts(self, data: bytes) -> bytes:
        """Return the frame without its ADTS header (ISO/IEC 13818-7, 6.2), which says what AudioSpecificConfig says."""
        if len(data) < 9:
            return b""
        kind, rate = (data[2] >> 6) + 1, data[2] >> 2 & 15
        channels = (data[2] & 1) << 2 | data[3] >> 6
        self._header = (kind << 11 | rate << 7 | channels << 3).to_bytes(2, "big")
        return data[7 if data[1] & 1 else 9 :]


def decoder_of(audio: AudioFormat) -> av.AudioCodecContext:
    """Return a decoder for a source's sound."""
    decoder = av.CodecContext.create(audio.codec, "r")
    assert isinstance(decoder, av.AudioCodecContext)
    if audio.extradata:
        decoder.extradata = audio.extradata
    decoder.sample_rate, decoder.layout = audio.rate, audio.layout
    return decoder


def aac_encoder(rate: int, layout: str, bit_rate: int = 0) -> av.AudioCodecContext:
    """Return an open encoder of AAC-LC; a packet's ``pts`` is the first sample that it lets a decoder give out."""
    encoder = av.AudioCodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = rate, layout, "fltp"
    encoder.time_base = Fraction(1, rate)
    encoder.bit_rate = max(bit_rate, _BIT_RATE_PER_CHANNEL * channels_of(layout))
    encoder.flags |= Flags.global_header
    encoder.open()
    return encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How sound that is coded anew is coded."""

    rate: int
    """Samples a second."""
    layout: str
    """FFmpeg's name of the channel layout."""
    gain: float = 1.0
    """Factor on every sample."""

    @classmethod
    def like(cls, audio: AudioFormat) -> "Coding":
        """Return what comes closest to the source's."""
        return cls(rate=audio.rate, layout=audio.layout if audio.layout in CODED_LAYOUTS else "stereo")


class CodedSound:
    """The sound decoded and coded as AAC: exactly the samples of [low, high), holes filled with silence.

    Positions are counted at the rate it is coded with.
    """

    def __init__(self, audio: AudioFormat, low: Fraction, high: Fraction, coding: Coding | None = None) -> None:
        coding = coding or Coding.like(audio)
        self._low, self._high = round(low * coding.rate), round(high * coding.rate)
        self._grid = _Grid(audio)
        self._decoder = decoder_of(audio)
        self._source_rate = audio.rate
        self._resampler = av.AudioResampler(format="fltp", layout=coding.layout, rate=coding.rate)
        self._encoder = aac_encoder(coding.rate, coding.layout)
        self._layout, self._rate, self._gain = coding.layout, coding.rate, np.float32(coding.gain)
        layout = coding.layout
        self._waiting: NDArray[np.float32] = np.zeros((channels_of(layout), 0), np.float32)
        self._at: int | None = None
        self.begin: int | None = None

    @property
    def entry(self) -> AudioEntry:
        """What the file says of the track."""
        header = bytes(self._encoder.extradata or b"")
        return AudioEntry(codec="aac", channels=channels_of(self._layout), rate=self._rate, header=header)

    def take(self, packet: MediaPacket) -> Iterator[Sound]:
        """Decode the packet and yield what could be coded of it."""
        coded = av.Packet(packet.data)
        coded.pts = packet.pts
        try:
            frames = self._decoder.decode(coded)
        except av.error.InvalidDataError:
            return
        for frame in frames:
            if frame.pts is None:
                continue
            frame.pts = self._grid.place(frame.pts, frame.samples)
            frame.time_base = Fraction(1, self._source_rate)
            self._resampled(frame)
        yield from self._code(whole_frames=True)

    def _resampled(self, frame: av.AudioFrame | None) -> None:
        for plain in self._resampler.resample(frame):
            assert plain.pts is not None
            at = round(plain.pts * Fraction(plain.time_base or Fraction(1, self._rate)) * self._rate)
            self._append(np.asarray(plain.to_ndarray(), np.float32) * self._gain, at)

    def finish(self) -> Iterator[Sound]:
        """Yield what is left."""
        self._resampled(None)
        yield from self._code(whole_frames=False)
        if self._at is not None:
            yield from self._packets(None)

    def _append(self, samples: NDArray[np.float32], at: int) -> None:
        skip = max((self._low if self._at is None else self._following) - at, 0)
        samples = samples[:, skip : max(self._high - at, 0)]
        at += skip
        if not samples.shape[1]:
            return
        if self._at is None:
            self._at = self.begin = at
        silence = np.zeros((samples.shape[0], at - self._following), np.float32)
        self._waiting = np.concatenate([self._waiting, silence, samples], axis=1)

    @property
    def _following(self) -> int:
        assert self._at is not None
        return self._at + int(self._waiting.shape[1])

    def _code(self, *, whole_frames: bool) -> Iterator[Sound]:
        while self._waiting.shape[1] >= (_AAC_FRAME if whole_frames else 1):
            block = np.ascontiguousarray(self._waiting[:, :_AAC_FRAME])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=self._layout)
            assert self._at is not None
            frame.sample_rate, frame.time_base, frame.pts = self._rate, Fraction(1, self._rate), self._at
            self._waiting = self._waiting[:, _AAC_FRAME:]
            self._at += block.shape[1]
            yield from self._packets(frame)

    def _packets(self, frame: av.AudioFrame | None) -> Iterator[Sound]:
        for packet in self._encoder.encode(frame):
            yield Sound(bytes(packet), packet.pts or 0, _AAC_FRAME)


class FileSound(Protocol):
    """The file's sound, given part by part; positions in the file are samples from its time 0."""

    @property
    def entry(self) -> AudioEntry:
        """What the file says of the track; settled once the first sound was given."""
        ...

    @property
    def begin(self) -> int | None:
        """The first sample in the file that is meant to be heard; None before the first."""
        ...

    def start(self, source: SoundTrack | None, low: int, at: int, planned: int) -> None:
        """Begin a part; see Splice."""
        ...

    def take(self, packet: MediaPacket) -> Iterator[Sound]:
        """Take the part's next packet; yield what is settled."""
        ...

    def end(self, high: int) -> Iterator[Sound]:
        """End the part; yield what is settled."""
        ...

    def finish(self) -> Iterator[Sound]:
        """Yield what is left."""
        ...


class LoneSound:
    """The sound of a file's only part: the source's frames, put at their places in the file."""

    def __init__(self) -> None:
        self._source: SoundTrack | None = None
        self._shift = 0

    @property
    def entry(self) -> AudioEntry:
        """What the source says."""
        assert self._source is not None
        return self._source.entry

    @property
    def begin(self) -> int | None:
        """The first sample in the file that is meant to be heard."""
        first = None if self._source is None else self._source.begin
        return None if first is None else first + self._shift

    def start(self, source: SoundTrack | None, low: int, at: int, planned: int) -> None:
        """Begin the only part."""
        self._source, self._shift = source, at - low

    def take(self, packet: MediaPacket) -> Iterator[Sound]:
        """Yield what a packet brings out."""
        assert self._source is not None
        return self._moved(self._source.take(packet))

    def end(self, high: int) -> Iterator[Sound]:
        """Yield what is left."""
        assert self._source is not None
        return self._moved(self._source.finish())

    def finish(self) -> Iterator[Sound]:
        """Yield nothing: the part's end was the file's."""
        return iter(())

    def _moved(self, sounds: Iterator[Sound]) -> Iterator[Sound]:
        for sound in sounds:
            yield Sound(sound.data, sound.at + self._shift, sound.duration)
