"""Undoes what happens to timestamps on the way: wraps, steps back, doubles, jumps, holes. Pure; docs/time.md explains.

A source counts in a few bits: MPEG-TS in 33 bits of 90 kHz (wraps after 26.5 hours), RTMP and FLV in milliseconds of
32 bits, of which some writers leave the sign bit zero (so it wraps after 49.7 or after 24.9 days; both are whole
multiples of 2**31). :class:`Timeline` turns that into times that only grow:

===============================  =====================================================================================
what arrives                     what becomes of it
===============================  =====================================================================================
a wrap                           the count goes on; nobody notices
DTS doubled, or back ≤ 0.2 s     one tick after the last one (a *repair*)
PTS before DTS                   the track's DTS is led by so much from then on (a *repair*)
PTS or DTS missing, or absurd    taken from the neighbours (a *repair*)
one wild video DTS               held until the next one shows that it was wild, then put between (a *repair*)
video jumps, and stays there     a break: a new epoch, or joined on without a hole, as the owner wishes
audio jumps                      held; goes with the video if that jumps too; dropped if it comes back; else taken to
                                 belong to the newest video (a *repair*)
===============================  =====================================================================================

Video and audio always share one shift, so they stay in sync.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Generic, NamedTuple, TypeVar

from streamproc.media.footage import Track

MPEGTS_WRAP = 1 << 33
FLV_WRAP = 1 << 31
BACK_LIMIT = Fraction(1, 5)
"""A DTS that goes back by more than so many seconds is a jump, not a slip."""
GAP_LIMIT = Fraction(10)
"""A DTS farther ahead of everything seen than so many seconds is a jump, not a hole."""
SEAM_LIMIT = Fraction(1, 2)
"""A file whose first DTS comes so many seconds after the last one of the file before goes on with its count."""
REORDER_LIMIT = Fraction(5)
"""PTS and DTS of one packet can't be farther apart than so many seconds."""
LEAD_LIMIT = Fraction(1)
"""A PTS farther before its DTS than so many seconds is absurd."""
PARKED_LIMIT = 128
"""Audio packets that are held while audio is off the timeline; then it is taken to be right."""

P = TypeVar("P")


class Stamp(NamedTuple):
    """A packet's timestamps as they came, in ticks of its track."""

    pts: int | None
    dts: int | None


class Mended(NamedTuple, Generic[P]):
    """A packet with timestamps to rely on: per track, DTS grows strictly within an epoch and PTS is never before it."""

    packet: P
    track: Track
    pts: int
    dts: int
    breaks: bool = False
    """True for the first packet after a jump: it begins a new epoch, or was joined on."""


@dataclass(frozen=True, slots=True)
class TrackBase:
    """How a track counts."""

    time_base: Fraction
    """Seconds a tick."""
    wrap: int | None = None
    """The count starts again at (a divisor of) so many ticks; None when it never does."""


def nearest(value: int, reference: int, wrap: int | None) -> int:
    """Return ``value`` plus the multiple of ``wrap`` that brings it nearest to ``reference``."""
    if wrap is None:
        return value
    half = wrap // 2
    return reference + (value - reference + half) % wrap - half


@dataclass(slots=True)
class _Track:
    kind: Track
    base: TrackBase
    offset: int = 0  # what is added to a raw timestamp; wraps are folded in as they happen
    last: int | None = None  # the DTS before, on the timeline
    step: int = 1  # from the one before that to it
    lead: int = 0  # how much earlier a DTS must be given out so that no PTS is before it
    given: int | None = None  # the DTS given out last
    shown: int | None = None  # the greatest PTS given out
    back: int = field(init=False)
    gap: int = field(init=False)
    lead_limit: int = field(init=False)
    reorder_limit: int = field(init=False)

    def __post_init__(self) -> None:
        self.back = int(BACK_LIMIT / self.base.time_base)
        self.gap = int(GAP_LIMIT / self.base.time_base)
        self.lead_limit = int(LEAD_LIMIT / self.base.time_base)
        self.reorder_limit = int(REORDER_LIMIT / self.base.time_base)

    def ticks(self, time: Fraction) -> int:
        return round(time / self.base.time_base)

    def forget(self) -> None:
        """Begin a timeline anew; what is known of the source's habits stays."""
        self.last, self.given, self.shown, self.step = None, None, None, 1

    def expected(self) -> int:
        return 0 if self.last is None else self.last + max(self.step, 1)

    def unwrapped(self, stamp: Stamp, reference: int | None) -> int | None:
        """Return the DTS on the timeline, near ``reference``; guessed if there is only a PTS; None without either."""
        if stamp.dts is not None:
            dts = stamp.dts + self.offset
            return dts if reference is None else nearest(dts, reference, self.base.wrap)
        if stamp.pts is None:
            return None if self.last is None else self.expected()
        pts = stamp.pts + self.offset
        if reference is not None:
            pts = nearest(pts, reference, self.base.wrap)
        if self.last is not None and self.expected() <= pts <= self.expected() + self.gap:
            return self.expected()
        return pts

    def presented(self, stamp: Stamp, dts: int) -> int | None:
        """Return the PTS that goes with ``dts`` on the timeline; None when there is none that can be true."""
        if stamp.pts is None:
            return None
        raw_dts = dts - self.offset if stamp.dts is None else stamp.dts
        delay = stamp.pts - raw_dts
        if not -self.lead_limit <= delay <= self.reorder_limit:
            delay = nearest(delay, 0, self.base.wrap)
        return dts + delay if -self.lead_limit <= delay <= self.reorder_limit else None


class _Held(NamedTuple, Generic[P]):
    stamp: Stamp
    packet: P
    where: int  # its DTS, were it believed


class Timeline(Generic[P]):
    """Mends the timestamps of one video and at most one audio track, packet by packet.

    With ``join`` a jump is closed: what follows is put right after what was before, as for files laid end to end.
    Without, the first packet after it is marked ``breaks`` and keeps its own count: a new epoch.
    """

    def __init__(self, video: TrackBase, audio: TrackBase | None, *, join: bool = False) -> None:
        self._video = _Track(Track.VIDEO, video)
        self._audio = None if audio is None else _Track(Track.AUDIO, audio)
        self._join = join
        self._suspect: _Held[P] | None = None  # a video packet off the timeline
        self._parked: list[tuple[Stamp, P]] = []  # audio packets off the timeline
        self.repairs = 0
        """How many timestamps had to be mended so far."""

    def push(self, track: Track, stamp: Stamp, packet: P) -> Sequence[Mended[P]]:
        """Take one packet in; return those, none or several, whose times are now known."""
        if track is Track.VIDEO:
            return self._push_video(stamp, packet)
        return () if self._audio is None else self._push_audio(self._audio, stamp, packet)

    def resume(self, raw_dts: int, dts: int) -> None:
        """Go on as if the next video packet, ``raw_dts`` in its own count, belonged at ``dts``."""
        for track in self._tracks():
            track.forget()
        self._shift_to(dts - raw_dts)
        self._video.last = self._video.given = dts - 1
        self._suspect = None
        self._parked.clear()

    def continues(self, stamp: Stamp) -> bool:
        """Tell whether a video packet would follow the last one without a hole, as if the source had not ended."""
        last = self._video.last
        where = self._video.unwrapped(stamp, last)
        return last is not None and where is not None and 0 < where - last <= self._video.ticks(SEAM_LIMIT)

    def reading(self) -> tuple[int, int] | None:
        """Return the newest DTS of video, and what is added to the source's count to get there; None before any."""
        return None if self._video.last is None else (self._video.last, self._video.offset)

    def newest(self) -> Fraction | None:
        """Return the greatest DTS so far, seconds; None before the first packet."""
        return max((t.last * t.base.time_base for t in self._tracks() if t.last is not None), default=None)

    def _tracks(self) -> Sequence[_Track]:
        return (self._video,) if self._audio is None else (self._video, self._audio)

    def _push_video(self, stamp: Stamp, packet: P) -> Sequence[Mended[P]]:
        had_audio = self._audio is not None and self._audio.last is not None
        dts = self._accepted(self._video, stamp)
        if dts is not None:
            if self._suspect is None:
                given = self._give(self._video, stamp, packet, dts)
                if had_audio and self._audio is not None and self._audio.last is None:
                    given = given._replace(breaks=True)  # the first picture has shown that audio counted otherwise
                return (given,)
            return (self._mend_suspect(self._suspect, dts), self._give(self._video, stamp, packet, dts))
        where = self._video.unwrapped(stamp, self._reference(self._video))
        if where is None:
            return ()  # no timestamp at all yet: nothing to go by
        before, self._suspect = self._suspect, _Held(stamp, packet, where)
        if before is None:
            return ()
        if 0 < where - before.where <= self._video.gap:
            return self._jump(before, self._suspect)
        return (self._mend_suspect(before, self._video.expected(), keep=True),)

    def _push_audio(self, audio: _Track, stamp: Stamp, packet: P) -> Sequence[Mended[P]]:
        dts = self._accepted(audio, stamp)
        if dts is not None:
            self.repairs += len(self._parked)
            self._parked.clear()
            return (self._give(audio, stamp, packet, dts),)
        self._parked.append((stamp, packet))
        return self._adopt_parked(audio) if len(self._parked) >= PARKED_LIMIT else ()

    def _accepted(self, track: _Track, stamp: Stamp) -> int | None:
        """Return the DTS on the timeline if the stamp fits on it, else None."""
        if track.last is not None and stamp.dts is not None:
            dts = stamp.dts + track.offset
            if 0 < dts - track.last <= track.gap:
                return dts
        where = track.unwrapped(stamp, self._reference(track))
        if where is None or not self._fits(track, where):
            return None
        if stamp.dts is not None:
            track.offset = where - stamp.dts
        return where

    def _fits(self, track: _Track, where: int) -> bool:
        newest = self.newest()
        if newest is None:
            return True
        ahead = where - track.ticks(newest)
        if track.last is not None:
            return where > track.last - track.back and ahead <= track.gap
        if track is self._video and self._audio is not None and abs(ahead) > track.gap:
            self._audio.forget()  # the picture sets the clock; audio that came first is taken to be off it
            return True
        return abs(ahead) <= track.gap

    def _reference(self, track: _Track) -> int | None:
        if track.last is not None:
            return track.last
        newest = self.newest()
        return None if newest is None else track.ticks(newest)

    def _give(self, track: _Track, stamp: Stamp, packet: P, dts: int) -> Mended[P]:
        """Put a packet on the timeline at ``dts`` or right after the last one."""
        pts = track.presented(stamp, dts)
        repaired = pts is None or stamp.dts is None
        if pts is None:
            pts = dts
        if pts < dts - track.lead:
            track.lead, repaired = dts - pts, True
        if track.last is not None:
            if dts <= track.last:
                dts, repaired = track.last + 1, True
            track.step = dts - track.last
        track.last = dts
        dts -= track.lead
        if track.given is not None and dts <= track.given:
            dts = track.given + 1
        track.given = dts
        self.repairs += repaired
        pts = max(pts, dts)
        if track.shown is None or pts > track.shown:
            track.shown = pts
        return Mended(packet, track.kind, pts, dts)

    def _mend_suspect(self, held: _Held[P], before: int, *, keep: bool = False) -> Mended[P]:
        """Put a video packet whose DTS was wild between the last one and ``before``."""
        if not keep:
            self._suspect = None
        video = self._video
        dts = before if video.last is None else video.last + max((before - video.last) // 2, 1)
        pts = video.presented(held.stamp, dts)
        self.repairs += 1
        raw = Stamp(None if pts is None else pts - video.offset, dts - video.offset)
        return self._give(video, raw, held.packet, dts)

    def _jump(self, first: _Held[P], second: _Held[P]) -> Sequence[Mended[P]]:
        """Two in a row agree: the source's count has jumped."""
        self._suspect = None
        if self._join:
            self._join_on(first)
        else:
            for track in self._tracks():
                track.forget()
        begun = [m for held in (first, second) for m in self._push_video(held.stamp, held.packet)]
        begun[0] = begun[0]._replace(breaks=True)
        parked, self._parked = self._parked, []
        for stamp, packet in parked:
            begun.extend(self.push(Track.AUDIO, stamp, packet))
        return begun

    def _join_on(self, first: _Held[P]) -> None:
        """Let a packet's picture be shown right after all that were before."""
        video = self._video
        pts = video.presented(first.stamp, first.where)
        begin = first.where if pts is None else pts
        after = 0 if video.shown is None else video.shown + max(video.step, 1)
        self._shift_to(video.offset + after - begin)
        if video.last is not None:
            # With more reordering than before, its DTS would fall among those that are gone.
            video.last = min(video.last, first.where + after - begin - 1)

    def _shift_to(self, video_offset: int) -> None:
        """Let both tracks be shifted by the same time."""
        self._video.offset = video_offset
        if self._audio is not None:
            self._audio.offset = self._audio.ticks(video_offset * self._video.base.time_base)

    def _adopt_parked(self, audio: _Track) -> Sequence[Mended[P]]:
        """Audio stays where it is: believe that what arrives now belongs to the newest video."""
        parked, self._parked = self._parked, []
        newest = self.newest()
        where = audio.unwrapped(parked[-1][0], self._reference(audio))
        if newest is None or where is None:
            return ()
        audio.offset += audio.ticks(newest) - where
        self.repairs += 1
        mended: list[Mended[P]] = []
        for stamp, packet in parked:
            dts = audio.unwrapped(stamp, self._reference(audio))
            if dts is not None and (audio.last is None or dts > audio.last):
                mended.append(self._give(audio, stamp, packet, dts))
        return mended
