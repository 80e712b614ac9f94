"""Cues as a source brings them: which tracks they are, and where they lie on the timeline of its video."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import av
from av.stream import Discard

from streamproc.media.playlist import TimedTag
from streamproc.media.timestamps import MPEGTS_WRAP, TrackBase, nearest
from streamproc.messages import CueKind, CueOrigin

_CODEC: Final = "scte_35"
_COMMAND_AT: Final = 13
_HEARTBEATS: Final = (b"\x00", b"\x07")  # splice_null, bandwidth_reservation: they come every few seconds
WAITING: Final = 64
"""Cues that are kept while it is not known yet where they lie; older ones are let go."""
_TAGS_WAITING: Final = 4096
_BEHIND, _AHEAD = 60, 30  # seconds from the newest picture within which a tag's count can be meant


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardCue:
    """A cue on a source's timeline; times are ticks of its video's time base, before the epoch's zero is known."""

    sent: int
    """Decoding time of the newest video when it came."""
    count_offset: int | None
    """What is to be added to the source's own count, 90 kHz in 33 bits, to get to the timeline; None where the
    source's count is another."""
    at: int | None = None
    """The time of which it speaks, where that is told beside it."""
    kind: CueKind | None = None
    """What it says, where that is told beside it."""
    duration: Fraction | None = None
    """How long the break will be, seconds, where that is told beside it."""
    origin: CueOrigin = CueOrigin.STREAM
    """Where it comes from."""
    section: bytes = b""
    """The splice_info_section as it came; empty where a playlist only has a plain tag."""


def pick_cue_streams(container: av.container.InputContainer, video: av.VideoStream) -> list[Any]:
    """Return the tracks with cues for this video, to be read beside it."""
    found: list[Any] = [stream for stream in container.streams if stream.type == "data" and stream.name == _CODEC]
    if len(container.streams.video) > 1:
        # Of several programmes: another one's cues are nothing to us.
        related = container.streams.best("data", related=video)
        found = [stream for stream in found if stream is related]
    for stream in found:
        stream.discard = Discard.default
    return found


class CuePlacer:
    """Puts the cues of a source on the timeline of its video, as soon as that is known."""

    def __init__(self, base: TrackBase) -> None:
        """base: how the video counts."""
        self._base = base
        self._sections: deque[bytes] = deque(maxlen=WAITING)
        self._tags: deque[TimedTag] = deque(maxlen=_TAGS_WAITING)

    def hear(self, section: bytes) -> None:
        """Take in a section from the stream."""
        if is_worth_keeping(section):
            self._sections.append(section)

    def tell(self, tags: Iterable[TimedTag]) -> None:
        """Take in cues of a playlist, which may be far ahead of the stream."""
        self._tags.extend(tags)

    def place(self, reading: tuple[int, int] | None) -> list[HeardCue]:
        """Return the cues that can be placed. reading: what ``Timeline.reading`` says."""
        if reading is None or not (self._sections or self._tags):
            return []
        sent, offset = reading
        count_offset = offset if counts_like_cues(self._base) else None
        placed = [HeardCue(sent=sent, count_offset=count_offset, section=section) for section in self._sections]
        self._sections.clear()
        waiting: list[TimedTag] = []
        for timed in self._tags:
            at = nearest(round(timed.count / self._base.time_base) + offset, sent, self._base.wrap)
            if -_BEHIND <= (at - sent) * self._base.time_base <= _AHEAD:
                placed.append(_of_tag(timed, sent, count_offset, at))
            else:
                waiting.append(timed)
        self._tags = deque(waiting, maxlen=_TAGS_WAITING)
        return placed


def _of_tag(timed: TimedTag, sent: int, count_offset: int | None, at: int) -> HeardCue:
    tag = timed.tag
    return HeardCue(
        sent=sent,
        count_offset=count_offset,
        at=at,
        kind=tag.kind,
        duration=tag.duration,
        origin=CueOrigin.HLS,
        section=tag.section,
    )


def counts_like_cues(base: TrackBase) -> bool:
    """Tell whether a video track counts as splice times do."""
    return base.wrap == MPEGTS_WRAP


def is_worth_keeping(section: bytes) -> bool:
    """Tell whether a section is more than a heartbeat."""
    return section[_COMMAND_AT : _COMMAND_AT + 1] not in (b"", *_HEARTBEATS)
