"""Looks at the keyframes of one epoch."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from streamproc.errors import PictureError
from streamproc.forensics.evidence import Event, Evidence
from streamproc.inference.forensics import Residual
from streamproc.logic.inspecting import LONGEST_SHOT_S, THUMBNAIL, is_another_shot
from streamproc.media.decoder import Frame, KeyframeDecoder
from streamproc.media.footage import MediaPacket, VideoFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A keyframe that is to be examined."""

    packet: MediaPacket
    time: Fraction
    """In its epoch, seconds."""


class Eye:
    """Decodes and examines the keyframes of one epoch, and takes them together; for one thread at a time."""

    def __init__(self, video: VideoFormat, *, one_a_shot: bool) -> None:
        self._video = video
        self._one_a_shot = one_a_shot
        self._decoder: KeyframeDecoder | None = None
        self._evidence = Evidence()
        self._shot: tuple[Fraction, NDArray[np.uint8]] | None = None

    def look(self, method: Residual, look: Look) -> tuple[Event, ...] | None:
        """Return what a keyframe changed; None when it was not examined: its shot was looked at before.

        Raises PictureError, SourceUnsupported: it can't be decoded, or is too small.
        """
        if self._decoder is None:
            self._decoder = KeyframeDecoder(self._video)
        frame = self._decoder.decode(look.packet)
        if frame is None:
            raise PictureError("the keyframe is broken")
        if self._one_a_shot and not self._is_news(frame):
            return None
        picture = frame.crop((0, 0, frame.width // 2 * 2, frame.height // 2 * 2))
        return self._evidence.add(look.time, picture, method.examine(picture))

    def end(self) -> tuple[Event, ...]:
        """Return what was open, over."""
        return self._evidence.end()

    def _is_news(self, frame: Frame) -> bool:
        thumbnail = frame.thumbnail(*THUMBNAIL)
        if self._shot is not None:
            time, before = self._shot
            if frame.time - time < LONGEST_SHOT_S and not is_another_shot(before, thumbnail):
                return False
        self._shot = (frame.time, thumbnail)
        return True
