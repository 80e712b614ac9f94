"""HLS playlists of the recording for players: the last minutes as they grow, or a stretch of time.

A media segment is a run of bytes of a recorded file, from a keyframe to another: nothing is copied, and what is whole
of a file that grows can be played at once. RFC 8216 says what the tags mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Final

from streamproc.media.recording.reader import RecordedRun, RecordingEpoch
from streamproc.timebase import NS, iso_utc, to_ns

RUN_S: Final = Fraction(2)
"""A segment is at least so long, where its file goes on: the delay behind live is some of them."""
_VERSION: Final = 7  # EXT-X-MAP outside of I-frame playlists, byte ranges
_LEAST_TARGET_S: Final = 2


@dataclass(frozen=True, slots=True)
class Item:
    """A segment to be played."""

    epoch: int
    """The epoch's number in the recording."""
    run: RecordedRun
    """Its bytes."""
    utc_ns: int
    """Wall time of its keyframe."""


def items_of(epoch: RecordingEpoch, from_ns: int, until_ns: int | None, *, whole: bool) -> list[Item]:
    """Return what of an epoch is recorded of a stretch of wall time; ``until_ns`` None: all that there is by now.

    whole: closed files within the stretch are one segment each; else all are short. Raises RecordingError.
    """
    zero_ns = epoch.utc_zero_ns
    start = max(Fraction(0), Fraction(from_ns - zero_ns, NS))
    end = epoch.end() if until_ns is None else min(epoch.end(), Fraction(until_ns - zero_ns, NS))
    if end <= start:
        return []
    return [Item(epoch.id, run, zero_ns + to_ns(run.start)) for run in epoch.runs(start, end, RUN_S, whole=whole)]


def breaks_between(before: Item, after: Item) -> bool:
    """Tell whether one segment does not go on where the other ends: another epoch, or a deleted file between them."""
    return before.epoch != after.epoch or before.run.end != after.run.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a playlist says of itself."""

    sequence: int = 0
    """Number of its first segment; grows as segments leave a live one."""
    breaks: int = 0
    """How many discontinuities have left a live one."""
    kind: str | None = None
    """VOD: it is whole; EVENT: it only grows; None: a live one, whose oldest segments leave."""


def write(base: str, items: Sequence[Item], head: Head) -> str:
    """Return a playlist. base: what stands before ``hls/…`` and ``recording/…`` in addresses."""
    longest = max((ceil(item.run.end - item.run.start) for item in items), default=0)
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{_VERSION}",
        f"#EXT-X-TARGETDURATION:{max(longest, _LEAST_TARGET_S)}",
        f"#EXT-X-MEDIA-SEQUENCE:{head.sequence}",
    ]
    if head.breaks:
        lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{head.breaks}")
    if head.kind is not None:
        lines.append(f"#EXT-X-PLAYLIST-TYPE:{head.kind}")
    lines.append("#EXT-X-INDEPENDENT-SEGMENTS")
    before: Item | None = None
    for item in items:
        lines += _item(base, item, before)
        before = item
    if head.kind == "VOD":
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _item(base: str, item: Item, before: Item | None) -> list[str]:
    run = item.run
    lines = []
    is_break = before is not None and breaks_between(before, item)
    if is_break:
        lines.append("#EXT-X-DISCONTINUITY")
    if before is None or before.epoch != item.epoch:
        lines.append(f'#EXT-X-MAP:URI="{base}/hls/{item.epoch}/init.mp4"')
    if before is None or is_break:
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{iso_utc(item.utc_ns)}")
    return [
        *lines,
        f"#EXTINF:{float(run.end - run.start):.6f},",
        f"#EXT-X-BYTERANGE:{run.size_bytes}@{run.offset}",
        f"{base}/recording/{item.epoch}/{run.file:06d}.mp4",
    ]


class Numbering:
    """Numbers the segments of one channel's live playlist, so that one keeps its number while the playlist slides.

    It remembers only the playlist before. Where there is none, or nobody has asked for so long that nothing of it is
    left, numbers go on from the seconds of wall time: segments are longer than a second in the mean, so these are
    always greater than what was given before, also by a process before this one.
    """

    def __init__(self) -> None:
        self._items: Sequence[Item] = ()
        self._head = Head()

    def head(self, items: Sequence[Item]) -> Head:
        """Return the head of a live playlist of these segments."""
        if not items:
            return self._head
        gone = self._gone(items[0])
        if gone is None:
            sequence = max(items[0].utc_ns // NS, self._head.sequence + len(self._items))
            self._head = Head(sequence=sequence, breaks=self._head.breaks + 1 if self._items else 0)
        else:
            left = self._items[: gone + 1]
            breaks = sum(breaks_between(one, other) for one, other in pairwise(left))
            self._head = Head(sequence=self._head.sequence + gone, breaks=self._head.breaks + breaks)
        self._items = items
        return self._head

    def _gone(self, first: Item) -> int | None:
        """Return how many segments have left; None when the first of now was not among those of before."""
        for place, item in enumerate(self._items):
            if (item.epoch, item.run.file, item.run.offset) == (first.epoch, first.run.file, first.run.offset):
                return place
        return None
