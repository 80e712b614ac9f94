"""The one shape all video has here: epochs of packets with exact time.

A live recording, a file and a folder of hour files all look the same to whoever samples, refines or cuts:
a :class:`Footage` is a sequence of :class:`Epoch`; an epoch is one unbroken timeline with one format. Its time 0
is its first presented frame. A live epoch still grows; the epoch of a file has ended.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from streamproc.messages import CueMessage


class Track(StrEnum):
    """Which of the two tracks a packet belongs to."""

    VIDEO = "video"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFormat:
    """How the video is coded."""

    codec: str
    """FFmpeg's name: h264, hevc, mpeg2video …"""
    width: int
    """Coded picture width, pixels."""
    height: int
    """Coded picture height, pixels."""
    time_base: Fraction
    """Seconds a tick of pts and dts."""
    rate: Fraction | None
    """Nominal frames a second (50 fields interlaced are 25); None when it can't be told."""
    extradata: bytes
    """The codec's global header as the container keeps it (for H.264 in MP4: the avcC box's content)."""
    sample_aspect: Fraction
    """Pixel width / height; 1 when not stated."""
    interlaced: bool
    """True when the stream says that its frames hold two fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFormat:
    """How the audio is coded."""

    codec: str
    """FFmpeg's name: aac, mp2 …"""
    time_base: Fraction
    """Seconds a tick of pts and dts."""
    rate: int
    """Samples a second."""
    layout: str
    """FFmpeg's name of the channel layout: mono, stereo, 5.1 …"""
    extradata: bytes
    """The codec's global header (for AAC: the AudioSpecificConfig)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """The format of one epoch."""

    video: VideoFormat
    """The video track; footage without one is refused at the door."""
    audio: AudioFormat | None
    """The first audio track, or None."""


@dataclass(frozen=True, slots=True)
class MediaPacket:
    """One coded frame of video or audio. Times are zero-based ticks of its track's time base in the epoch."""

    track: Track
    """Video or audio."""
    pts: int
    """Presentation time, ticks; video's first presented frame of the epoch is 0, audio may start below 0."""
    dts: int
    """Decoding time, ticks."""
    duration: int
    """Ticks; 0 when not known."""
    is_keyframe: bool
    """True for a random access point."""
    data: bytes
    """The coded bytes, in the container's form (length-prefixed NAL units with an avcC, else as they came)."""


class Epoch(Protocol):
    """One unbroken timeline with one format."""

    @property
    def id(self) -> int:
        """Number of this epoch in its footage; later epochs have greater ones."""
        ...

    @property
    def format(self) -> Format:
        """How it is coded."""
        ...

    @property
    def utc_zero_ns(self) -> int | None:
        """Wall time of media time 0; None for a file."""
        ...

    def end(self) -> Fraction:
        """Return the time after the last video frame that can be read now, in presentation order."""
        ...

    def has_ended(self) -> bool:
        """Tell whether nothing will ever be added (the feed broke off, or it is a file)."""
        ...

    def packets(self, start: Fraction = Fraction(0)) -> Iterator[MediaPacket]:
        """Yield what is there now, in decoding order, from the last keyframe presented at or before ``start``.

        Audio from a little before ``start`` comes with it. The iterator ends at what is recorded at this moment;
        it never waits. Raises RecordingError or SourceError when the bytes can't be read.
        """
        ...

    def keyframes(self, after: Fraction | None = None) -> Iterator[MediaPacket]:
        """Yield the video keyframes presented later than ``after`` (all when None) that are there now."""
        ...

    def keyframe_times(self, start: Fraction, end: Fraction) -> list[Fraction]:
        """Return the presentation times of the keyframes within [start, end)."""
        ...

    def frame_number(self, time: Fraction) -> int:
        """Return how many frames are presented before ``time`` in this epoch: the number of the frame shown at it."""
        ...

    def cues(self, after: int | None = None) -> Sequence[CueMessage]:
        """Return the cues that have come by now, as they came; only those of a number above ``after``, if given."""
        ...


class Footage(Protocol):
    """Epochs in order; a live one grows new ones."""

    def epochs(self) -> Sequence[Epoch]:
        """Return the epochs that are there now, oldest first."""
        ...

    def has_ended(self) -> bool:
        """Tell whether no epoch will be added any more (it is a file, or files)."""
        ...


def frame_time(epoch: Epoch, number: int, within: tuple[Fraction, Fraction] | None = None) -> Fraction:
    """Return the presentation time of the frame with that number, from 0. Raises IndexError past the last one.

    within: where to look for it, seconds, when that is known; it is raised as well when the frame is not there.
    """
    base = epoch.format.video.time_base
    start, end = (Fraction(0), epoch.end()) if within is None else (max(Fraction(0), within[0]), within[1])
    ticks = range(int(start / base), int(min(end, epoch.end()) / base) + 1)
    after = bisect_right(ticks, number, key=lambda tick: epoch.frame_number(tick * base))
    if after in (0, len(ticks)):
        raise IndexError(number)
    return ticks[after - 1] * base


_ABOUT = Fraction(2)


def frame_time_far_in(epoch: Epoch, number: int) -> Fraction:
    """Return the same, without looking at the beginning of an epoch, which may be deleted. Raises IndexError.

    Where the frame should be is worked out from the rate, and mended by what is counted there.
    """
    rate = epoch.format.video.rate or Fraction(25)
    about = number / rate
    for _ in range(8):
        about = min(max(about, Fraction(0)), epoch.end())
        missing = number - epoch.frame_number(about)
        if abs(missing) <= rate:
            break
        about += missing / rate
    return frame_time(epoch, number, (about - _ABOUT, about + _ABOUT))
