"""Which pictures of a clip are copied and which are coded anew.

The pictures of [start, end) in three parts, in the order in which they are shown::

    head   from start to the first keyframe K in the range          coded anew
    body   from K on, everything that needs nothing left out         copied
    tail   from the first picture that would need a left out one     coded anew

The body ends where a *clean cut* lies: a place in decoding order where everything before is shown before everything
after. So the tail is at most the pictures between two such places (a run of B-frames), not a GOP. docs/decisions/0004
says why all of this is exact.
"""

from array import array
from bisect import bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol, TypeAlias

import av

from streamproc.media.cutter import h264
from streamproc.media.cutter.check import Look, look_at
from streamproc.media.cutter.encode import AROUND, EXACT, EncoderNeed, PictureEncoder, Quality
from streamproc.media.cutter.sets import FileSets, Renumbering
from streamproc.media.cutter.slices import Reanchor
from streamproc.media.footage import Format, MediaPacket, Track, VideoFormat

_WINDOW = 64
_AROUND = 2
_AFTER_OPEN_JOINT = 48
_USUAL_RATE = Fraction(25)
_PARAMETER_SETS = frozenset({h264.SPS, h264.PPS})


class Unfit(Exception):
    """These pictures can't be copied exactly; coding them anew can."""


class PacketSource(Protocol):
    """What of an epoch is needed here."""

    @property
    def format(self) -> Format:
        """How it is coded."""
        ...

    def packets(self, start: Fraction) -> Iterator[MediaPacket]:
        """Yield packets from the last keyframe presented at or before ``start``; see ``Epoch``."""
        ...


@dataclass(frozen=True, slots=True)
class Picture:
    """One coded picture for the file: length-prefixed NAL units; times are ticks of the source."""

    data: bytes
    pts: int
    dts: int
    is_sync: bool


FrameMaker: TypeAlias = Callable[[MediaPacket | None], Iterator[av.VideoFrame]]
"""Gives the frames that a packet brings out of a decoder, or with None all that are left."""
EncoderOpener: TypeAlias = Callable[[av.VideoFrame], PictureEncoder]
"""Opens the encoder for pictures like this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """How the pictures of one part of a file are dealt with."""

    copying: bool
    """Whether pictures are copied where they can be."""
    sets: FileSets
    """The parameter sets of the file they go into."""
    frames: Callable[[], FrameMaker]
    """Begins to decode this part's pictures (and to make them fit, where they must be)."""
    video: VideoFormat
    """What those coded anew look like."""
    quality: Quality = EXACT
    """How those coded anew are coded."""
    regrids: bool = False
    """Whether ``frames`` changes the frame rate, so that other pictures come out than go in."""
    lead: int | None = None
    """Ticks by which the last picture of the part before is decoded earlier than this part's first is shown."""


class Recoding:
    """Codes the pictures shown in [low, limit) anew, and keeps the looks of those around its ends.

    ``limit`` may be lowered while it runs, as long as no picture at or after it was given.
    """

    def __init__(
        self, make: FrameMaker, opener: EncoderOpener, limits: tuple[int, int], looks: dict[int, Look]
    ) -> None:
        self._make, self._opener = make, opener
        self._low, self.limit = limits
        self._looks = looks
        self._encoder: PictureEncoder | None = None
        self._recent: deque[av.VideoFrame] = deque(maxlen=_AROUND)
        self._shown = self._beyond = 0
        self.after = _AROUND + 1
        """How many pictures from ``limit`` on are kept in mind."""

    @property
    def complete(self) -> bool:
        """All its pictures came, and enough of those after it to compare the joint."""
        return self._beyond >= self.after

    def take(self, packet: MediaPacket | None) -> Iterator[Picture]:
        """Decode one packet, or with None what is left; yield coded pictures."""
        for frame in self._make(packet):
            yield from self._take_frame(frame)

    def finish(self) -> Iterator[Picture]:
        """Yield the coded pictures that are left."""
        self._keep_recent()
        if self._encoder is not None:
            yield from self._coded(None)
        self._encoder = None
        self.drain()

    def drain(self) -> None:
        """Let the decoder come to rest; one whose threads still work must not be let go of: PyAV would wait for ever.

        They free packets, for which they need the lock that whoever lets go of the decoder holds.
        """
        for _ in self._make(None):
            pass

    def _take_frame(self, frame: av.VideoFrame) -> Iterator[Picture]:
        pts = frame.pts
        assert pts is not None
        if pts >= self.limit:
            self._keep_recent()
            if self._beyond < self.after:
                self._looks[pts] = look_at(frame, exactly=self._beyond > _AROUND)
            self._beyond += 1
            return
        if pts >= self._low:
            if not self._shown:
                self._keep_recent()
                self._encoder = self._opener(frame)
            if self._shown < _AROUND:
                self._looks[pts] = look_at(frame)
            self._shown += 1
            yield from self._coded(frame)
            frame.pts = pts
        self._recent.append(frame)

    def _keep_recent(self) -> None:
        for frame in self._recent:
            assert frame.pts is not None
            self._looks[frame.pts] = look_at(frame)
        self._recent.clear()

    def _coded(self, frame: av.VideoFrame | None) -> Iterator[Picture]:
        assert self._encoder is not None
        for data, pts, dts, is_sync in self._encoder.encode(frame):
            yield Picture(h264.join_prefixed(h264.split_annex_b(data)), pts, dts, is_sync)


class VideoCut:
    """Takes the source's packets in decoding order, gives the clip's pictures in decoding order."""

    def __init__(self, epoch: PacketSource, start: int, end: int, handling: Handling) -> None:
        self._epoch = epoch
        self._video = epoch.format.video
        self._start, self._end = start, end
        self._handling = handling
        self._copying = handling.copying and self._video.codec == "h264"
        self._sets = h264.ParameterSets()
        if self._video.codec == "h264":
            self._sets = h264.ParameterSets.from_extradata(self._video.extradata)
        self._body_sets = self._sets
        self.looks: dict[int, Look] = {}
        """How the source's pictures look, by presentation tick, around each end and joint."""
        self.expected = array("q")
        """Presentation ticks of the pictures of the range, in decoding order."""
        self.given = array("q")
        """Presentation ticks of the pictures given, in decoding order."""
        self.following: int | None = None
        """Presentation tick of the first picture after the range."""
        self.copied = range(0)
        """Presentation ticks within which every picture is copied."""
        self.copied_count = 0
        self.last_duration = 0
        """Ticks, as the latest packet states them."""
        self.done = False
        """No packet that comes can belong to the range."""
        self._working: list[Recoding] = []
        self._head: Recoding | None = self._recoding("head", start, end)
        self._renumbering: Renumbering | None = None
        self._joint: MediaPacket | None = None
        self._reanchor: Reanchor | None = None
        self._window: list[Picture] = []
        self._lag: int | None = None
        self._last_dts: int | None = None
        self._recent_pts: list[int] = []

    def take(self, packet: MediaPacket) -> Iterator[Picture]:
        """Take the next packet; yield the pictures that are settled by it."""
        if self._lag is None:
            self._lag = max(packet.pts - packet.dts, 0)
        self.done, self.last_duration = packet.dts >= self._end, packet.duration
        self._note(packet)
        self._follow_sets(packet)
        if self._joint is not None:
            self._follow(packet)
        elif self._copying and packet.is_keyframe and self._start <= packet.pts < self._end:
            self._try_joint(packet)
        if self._head is not None:
            yield from self._feed_head(packet)
        if self._head is None and len(self._window) >= _WINDOW:
            yield from self._commit(packet.dts)

    def finish(self) -> Iterator[Picture]:
        """Yield what is left: the rest of the body, and the tail."""
        if self._head is not None:
            yield from self._paced(self._head.take(None), self._lag)
            yield from self._close_head()
        if self._joint is not None:
            yield from self._commit(None)
            yield from self._tail()

    def close(self) -> None:
        """Give up in the middle."""
        for recoding in self._working:
            recoding.drain()

    def _note(self, packet: MediaPacket) -> None:
        if self._start <= packet.pts < self._end:
            self.expected.append(packet.pts)
        elif packet.pts >= self._end and (self.following is None or packet.pts < self.following):
            self.following = packet.pts

    def _recoding(self, role: str, low: int, limit: int) -> Recoding:
        handling = self._handling
        whole = not self._copying

        def opened(frame: av.VideoFrame) -> PictureEncoder:
            profiles = [h264.read_sps(nal).profile for nal in self._sets.sps.values()]
            quality = handling.quality if whole else AROUND
            need = EncoderNeed(profile=max(profiles, default=0), b_frames=whole, quality=quality)
            return handling.sets.open_encoder(
                "whole" if whole else role, lambda number: PictureEncoder(frame, handling.video, number, need)
            )

        self._working = [Recoding(handling.frames(), opened, (low, limit), self.looks)]
        return self._working[0]

    # The head

    def _try_joint(self, packet: MediaPacket) -> None:
        """Begin the body here if nothing after this keyframe needs anything before it, or can be made not to."""
        nals = self._sets.split(packet.data)
        if not h264.is_idr(nals):
            count = h264.recovery_count(nals)
            if count or (count is None and not h264.is_intra(nals)):
                return
            reanchor = Reanchor(self._sets)
            try:
                nals = reanchor.first(nals)
            except h264.BitstreamError:
                return
            self._reanchor = reanchor
        self._joint = packet
        self._body_sets = self._sets
        self._renumbering = self._handling.sets.adopt(self._sets)
        self._window = [self._carried(packet, nals)]
        assert self._head is not None
        self._head.limit = packet.pts
        if self._reanchor is not None:
            self._head.after = _AFTER_OPEN_JOINT

    def _follow(self, packet: MediaPacket) -> None:
        """Take a packet after the joint into the body."""
        assert self._joint is not None
        nals = self._body_sets.split(packet.data)
        if self._reanchor is not None and h264.is_idr(nals):
            self._reanchor = None
        if packet.pts < self._joint.pts:
            if self._reanchor is not None:
                self._reanchor.leave_out(nals)
            return
        if self._reanchor is not None:
            nals = self._reanchor.rewrite(nals)
        if len(self._window) == 1 and self._reanchor is not None and self._window[0].pts == self._joint.pts:
            # The leading pictures' time is free: players seek by decoding time, and would come here too early.
            late = min(self._joint.pts, packet.dts - 1)
            self._window[0] = replace(self._window[0], dts=max(self._window[0].dts, late))
        for index in range(len(self._window) - 1, -1, -1):
            key = self._window[index]
            if key.is_sync:
                # Chromium gives up for good when it seeks to an open group and meets its leading pictures.
                if packet.pts < key.pts:
                    self._window[index] = replace(key, is_sync=False)
                break
        self._window.append(self._carried(packet, nals))

    def _feed_head(self, packet: MediaPacket) -> Iterator[Picture]:
        assert self._head is not None
        yield from self._paced(self._head.take(packet), self._lag)
        if self._joint is not None and self._head.complete:
            yield from self._close_head()

    def _close_head(self) -> Iterator[Picture]:
        assert self._head is not None
        head, self._head = self._head, None
        yield from self._paced(head.finish(), self._lag)

    def _paced(self, pictures: Iterator[Picture], lag: int | None) -> Iterator[Picture]:
        """Put decoding times ``lag`` ticks ahead, and keep them rising."""
        for picture in pictures:
            dts = picture.dts - (lag or 0)
            if self._last_dts is None and self._handling.lead is not None:
                self._last_dts = picture.pts - self._handling.lead
            if self._last_dts is not None and dts <= self._last_dts:
                dts = self._last_dts + 1
            if dts > picture.pts:
                raise Unfit("decoding times do not fit at a joint")
            self._last_dts = dts
            self.given.append(picture.pts)
            yield Picture(picture.data, picture.pts, dts, picture.is_sync)

    # The body

    def _follow_sets(self, packet: MediaPacket) -> None:
        """Take note of parameter sets that come inside packets."""
        if self._video.codec != "h264" or (self._joint is not None and not packet.is_keyframe):
            return
        found = [nal for nal in self._sets.split(packet.data) if h264.nal_type(nal) in _PARAMETER_SETS]
        if any(not self._sets.holds(nal) for nal in found):
            self._sets = self._sets.updated(found)

    def _commit(self, bound: int | None) -> Iterator[Picture]:
        """Give the longest start of the window that needs nothing left out.

        bound: no packet that is still to come is presented before this; None when the rest is out of the range.
        """
        count = self._clean_cut(self._end if bound is None else min(bound, self._end))
        yield from self._paced(self._copy(self._window[:count]), 0)
        del self._window[:count]

    def _clean_cut(self, bound: int) -> int:
        count, lowest = 0, bound
        highest = array("q")
        for packet in self._window:
            highest.append(max(packet.pts, highest[-1]) if highest else packet.pts)
        for index in range(len(self._window), 0, -1):
            if highest[index - 1] < lowest:
                count = index
                break
            lowest = min(lowest, self._window[index - 1].pts)
        return count

    def _copy(self, pictures: list[Picture]) -> Iterator[Picture]:
        for picture in pictures:
            self._measure_reorder(picture.pts)
            low = self.copied.start if self.copied_count else picture.pts
            self.copied = range(low, max(self.copied.stop, picture.pts + 1))
            self.copied_count += 1
            yield picture

    def _measure_reorder(self, pts: int) -> None:
        later = len(self._recent_pts) - bisect_right(self._recent_pts, pts)
        if later > self._handling.sets.reorder:
            self._handling.sets.reorder = later
        insort(self._recent_pts, pts)
        if len(self._recent_pts) > _WINDOW:
            del self._recent_pts[0]

    def _carried(self, packet: MediaPacket, nals: list[bytes]) -> Picture:
        """Return the picture as the file keeps it: parameter sets only where they change."""
        kept = [nal for nal in nals if nal[0] & 31 not in _PARAMETER_SETS or not self._body_sets.holds(nal)]
        if self._renumbering is not None:
            if any(nal[0] & 31 in _PARAMETER_SETS for nal in kept):
                raise Unfit("the source changes its parameter sets on the way, and their ids are taken")
            kept = self._renumbering.rewrite(kept)
        return Picture(h264.join_prefixed(kept), packet.pts, packet.dts, packet.is_keyframe)

    # The tail

    def _tail(self) -> Iterator[Picture]:
        """Code what is left of the range anew; where nothing is left, only look at the clip's last pictures."""
        left = [packet.pts for packet in self._window if packet.pts < self._end]
        low = min(left, default=self._end)
        tail = self._recoding("tail", low, self._end)
        back = (_AROUND + 1) / (self._video.rate or _USUAL_RATE)
        begin = max(low * self._video.time_base - back, Fraction(0))
        for packet in self._epoch.packets(begin):
            if packet.track is Track.VIDEO:
                yield from self._paced(tail.take(packet), 0)
                if tail.complete or packet.dts > self._end:
                    break
        yield from self._paced(tail.take(None), 0)
        yield from self._paced(tail.finish(), 0)
