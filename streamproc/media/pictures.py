"""Pictures of the recording for people: any frame exactly, or the keyframe before a moment, as JPEG.

A :class:`PictureMaker` keeps one decoder open where it has come to, so that the frame after the one it gave last costs
one packet. It is made to live in a process of its own (:func:`serve`): a codec that crashes takes only that along.
"""

import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import StreamprocError
from streamproc.media.decoder import Frame, FrameReader, KeyframeDecoder
from streamproc.media.footage import Epoch, VideoFormat
from streamproc.media.recording.reader import RecordingFootage

IDLE_S: Final = 120.0
"""A process that has made no picture for so long ends; its memory is that of a decoder and the libraries."""
LARGEST_WIDTH: Final = 3840
_QUALITY: Final = 88
_FOOTAGES: Final = 16  # whose indexes are kept open
_NEAR: Final = Fraction(2)  # to decode on for so long is cheaper than to begin at a keyframe
_NICENESS: Final = 5  # the recorder and the analyser come first


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesWish:
    """Consecutive frames of an epoch."""

    folder: Path
    """Where the channel's recording lies."""
    epoch: int
    """The epoch's number."""
    times: tuple[Fraction, ...]
    """Exactly when each is presented, in order."""
    width: int
    """How wide the pictures shall be, square pixels; never wider than the frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyframeWish:
    """One keyframe of an epoch."""

    folder: Path
    """Where the channel's recording lies."""
    epoch: int
    """The epoch's number."""
    time: Fraction
    """Exactly when it is presented."""
    width: int
    """How wide the picture shall be."""


Wish: TypeAlias = FramesWish | KeyframeWish
Made: TypeAlias = dict[Fraction, bytes]
"""JPEG files by the time of their frame; what can't be decoded is not there."""


class PictureMaker:
    """Makes pictures of any channel, for one thread. Raises RecordingError and SourceUnsupported."""

    def __init__(self) -> None:
        self._footages: dict[Path, RecordingFootage] = {}
        self._run: _Run | None = None

    def make(self, wish: Wish) -> Made:
        """Return the pictures that are wished for."""
        epoch = self._footage(wish.folder).epoch(wish.epoch)
        if isinstance(wish, KeyframeWish):
            return _keyframe(epoch, wish)
        run, self._run = self._run, None
        if run is None or not run.reaches(wish):
            run = _Run(wish.folder, epoch, wish.times[0])
        made = {frame.time: _jpeg(frame, epoch.format.video, wish.width) for frame in run.frames(wish.times)}
        self._run = run
        return made

    def _footage(self, folder: Path) -> RecordingFootage:
        if folder not in self._footages and len(self._footages) >= _FOOTAGES:
            self._footages.clear()
        return self._footages.setdefault(folder, RecordingFootage(folder))


class _Run:
    """A decoder that goes on frame by frame."""

    def __init__(self, folder: Path, epoch: Epoch, start: Fraction) -> None:
        self._of = (folder, epoch.id)
        self._frames = FrameReader(epoch, start).read(drain=True)
        self._at = start

    def reaches(self, wish: FramesWish) -> bool:
        """Tell whether the frames lie ahead of it, and so near that it need not begin anew."""
        return self._of == (wish.folder, wish.epoch) and self._at < wish.times[0] <= self._at + _NEAR

    def frames(self, times: Sequence[Fraction]) -> Iterator[Frame]:
        """Yield those frames that can be decoded."""
        wanted = set(times)
        for frame in self._frames:
            if frame.time in wanted:
                yield frame
            if frame.time >= times[-1]:
                self._at = frame.time
                return
        self._at = Fraction(-1_000_000_000)  # it has come to the end of what was recorded, and can't go on


def _keyframe(epoch: Epoch, wish: KeyframeWish) -> Made:
    tick = epoch.format.video.time_base
    packet = next(iter(epoch.keyframes(wish.time - tick)), None)
    if packet is None or packet.pts * tick != wish.time:
        return {}
    frame = KeyframeDecoder(epoch.format.video).decode(packet)
    return {} if frame is None else {wish.time: _jpeg(frame, epoch.format.video, wish.width)}


def _jpeg(frame: Frame, video: VideoFormat, width: int) -> bytes:
    size = picture_size(frame.width, frame.height, video.sample_aspect, width)
    picture: NDArray[np.uint8] = frame.scaled(*size)
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done  # a picture of bytes can always be coded
    return data.tobytes()


def picture_size(width: int, height: int, sample_aspect: Fraction, wanted: int) -> tuple[int, int]:
    """Return width and height of a picture with square pixels, at most ``wanted`` wide and no wider than shown."""
    shown = width * (sample_aspect or 1)
    across = max(2, min(wanted, round(shown)))
    return across, max(2, round(across * height / shown))


def serve(connection: Connection) -> None:
    """Answer wishes that come over a connection, each with what was made or the error, until it ends or is idle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks ends us
    os.nice(_NICENESS)
    cv2.setNumThreads(1)
    maker = PictureMaker()
    try:
        while connection.poll(IDLE_S):
            wish = connection.recv()
            try:
                answer: Made | StreamprocError = maker.make(wish)
            except StreamprocError as error:
                answer = error
            connection.send(answer)
    except (EOFError, OSError):
        return  # whoever asked is gone
