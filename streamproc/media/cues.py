"""Cues as a source brings them: which tracks they are, and where they lie on the timeline of its video."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import av
from av.stream import Discard

from streamproc.media.timestamps import MPEGTS_WRAP, TrackBase
from streamproc.messages import CueKind, CueOrigin

_CODEC: Final = "scte_35"
_COMMAND_AT: Final = 13
_HEARTBEATS: Final = (b"\x00", b"\x07")  # splice_null, bandwidth_reservation: they come every few seconds
WAITING: Final = 64
"""Cues that are kept while it is not known yet where they lie; older ones are let go."""


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


def counts_like_cues(base: TrackBase) -> bool:
    """Tell whether a video track counts as splice times do."""
    return base.wrap == MPEGTS_WRAP


def is_worth_keeping(section: bytes) -> bool:
    """Tell whether a section is more than a heartbeat."""
    return section[_COMMAND_AT : _COMMAND_AT + 1] not in (b"", *_HEARTBEATS)
