"""Reading a stretch of an epoch that is still being recorded: what is not there yet is waited for."""

from collections.abc import Callable, Iterator
from fractions import Fraction

from streamproc.media.footage import Epoch, Format, MediaPacket, Track

_GRACE_S = Fraction(1, 5)
"""Sound is sent a little later than its pictures."""


class Growing:
    """An epoch whose packets come until everything before ``until`` is there, or the epoch has ended."""

    def __init__(self, epoch: Epoch, until: Fraction, pause: Callable[[], None]) -> None:
        """pause: returns after a moment in which more may have been recorded; may raise to give up."""
        self._epoch = epoch
        self._until = until + _GRACE_S
        self._pause = pause

    @property
    def format(self) -> Format:
        """The epoch's."""
        return self._epoch.format

    def packets(self, start: Fraction) -> Iterator[MediaPacket]:
        """Yield packets in decoding order as ``Epoch.packets`` does, each once; pauses where there is no more yet."""
        video = self._epoch.format.video
        latest: dict[Track, int] = {}
        while True:
            complete = self._epoch.end() >= self._until or self._epoch.has_ended()
            for packet in self._epoch.packets(start):
                if packet.dts <= latest.get(packet.track, packet.dts - 1):
                    continue
                latest[packet.track] = packet.dts
                if packet.track is Track.VIDEO and packet.is_keyframe:
                    start = max(start, packet.pts * video.time_base)
                yield packet
            if complete:
                return
            self._pause()
