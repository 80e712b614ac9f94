"""A live feed (or anything else with an address) as packets with times to rely on. Only demuxes.

A :class:`Source` is one connection. It yields the packets of one epoch after another: an epoch ends where the format
changes or the count of time jumps, and the next one begins with the very packet that showed it, on the same
connection. What goes wrong is raised as one line that never holds a stream key.
"""

import errno
import os
import re
import socket
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import av

from streamproc.addresses import redact
from streamproc.errors import SourceError, SourceLost, SourceUnsupported
from streamproc.media.cues import WAITING, CuePlacer, HeardCue, pick_cue_streams
from streamproc.media.fields import may_split_fields, whole_frames
from streamproc.media.footage import Track
from streamproc.media.listening import warned_of_wrong_key
from streamproc.media.playlist import Follower
from streamproc.media.probe import (
    RECORDABLE_AUDIO,
    RECORDABLE_VIDEO,
    Packet,
    base_of,
    codec_of,
    demuxed,
    pick_tracks,
)
from streamproc.media.reformat import FormatWatch, Streams
from streamproc.media.timestamps import Mended, Stamp, Timeline

# PyAV 18 fails on metadata that isn't UTF-8 unless it is told not to; 19 never does and has no such argument any more.
_METADATA: Final[dict[str, Any]] = {"metadata_errors": "replace"} if av.__version__.startswith("18.") else {}
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):/*", re.IGNORECASE)
_LISTEN_TIMEOUT_S: Final = 30.0  # for a push the wait is no failure, but the thread must come back now and then
_HLS_STALL_S: Final = 30.0  # segments of HLS come some seconds apart
_AUDIO_WAITING: Final = 1024  # packets of audio in a new format kept for the epoch that begins with the next keyframe
_AUDIO_LOOKAHEAD: Final = 32  # packets read ahead at a change of video, to see whether audio changes with it


class NoPush(SourceLost):
    """Nobody has begun to push yet; wait on."""


class Ending(StrEnum):
    """Why an epoch's packets came to an end without an error."""

    FORMAT = "format"  # the coding of video or audio changed; more follows
    JUMP = "jump"  # the count of time jumped; more follows
    FINISHED = "finished"  # a file is over


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How a kind of address is opened."""

    on_network: bool
    options: dict[str, str]
    format: str | None = None
    stall_timeout_s: float | None = None  # instead of the given one, if longer
    listens: bool = False
    may_be_file: bool = False


def open_source(
    url: str,
    *,
    listen: bool = False,
    connect_timeout_s: float = 10.0,
    stall_timeout_s: float = 5.0,
    playlist_cues: bool = False,
) -> "Source":
    """Connect to (or, with ``listen``, wait for) a source and find out what it holds.

    url: rtmp(s)://, rtmpt://, http(s):// (HLS or a file), udp:// and tcp:// (MPEG-TS), file:// or a path.
    playlist_cues: of HLS, read the cues in the playlist's tags, too.
    Raises SourceLost when it can't be reached, refuses us or falls silent; SourceUnsupported when it holds nothing
    that we can record.
    """
    kind = _kind_of(url, listen)
    timeout = None
    if kind.on_network:
        connect_s = max(connect_timeout_s, _LISTEN_TIMEOUT_S) if listen else connect_timeout_s
        timeout = (connect_s, max(stall_timeout_s, kind.stall_timeout_s or 0.0))
    where = _where(url, listen)
    _refuse_empty(url, where)
    if listen and kind.format == "flv":
        container = _await_push(url, kind, timeout, where)
    else:
        container = _open(url, kind, timeout, where)
    try:
        source = Source(
            container,
            where,
            endless=_is_endless(kind, container),
            stall_timeout_s=timeout[1] if timeout else stall_timeout_s,
        )
    except SourceUnsupported:
        container.close()
        raise
    if playlist_cues and kind.on_network and container.format.name == "hls":
        source.follow_playlist(Follower(url, timeout_s=connect_timeout_s, is_finished=container.duration is not None))
    return source


class Source:
    """One open connection. Not for several threads at once."""

    def __init__(
        self, container: av.container.InputContainer, where: str, *, endless: bool, stall_timeout_s: float
    ) -> None:
        video, audio = pick_tracks(container, where)
        if codec_of(video) not in RECORDABLE_VIDEO:
            raise SourceUnsupported(f"{where}: the video codec {codec_of(video)} can't be recorded")
        self.dropped_audio: str | None = None
        """Codec of an audio track that can't be recorded and is left out."""
        if audio is not None and codec_of(audio) not in RECORDABLE_AUDIO:
            self.dropped_audio, audio = codec_of(audio), None
        self.streams = Streams(video, audio)
        """The tracks as they are coded in the epoch whose packets come now."""
        self.stall_timeout_s = stall_timeout_s
        """How long it may be silent; longer than asked for where packets come in bursts, as of HLS."""
        self.ending = Ending.FINISHED
        """Why ``packets`` came to its end last."""
        self.repairs = 0
        """Timestamps mended so far."""
        self._container = container
        self._where = where
        self._endless = endless
        self._video_index = video.index
        self._bases = (base_of(container, video), None if audio is None else base_of(container, audio))
        cues = pick_cue_streams(container, video)
        self._cue_indexes = frozenset(stream.index for stream in cues)
        self._placer = CuePlacer(self._bases[0])
        self._follower: Follower | None = None
        self._cues: deque[HeardCue] = deque(maxlen=WAITING)
        self._timeline: Timeline[Packet] = Timeline(*self._bases)
        self._formats = FormatWatch(container.format.name, self.streams)
        self._incoming = self._whole_packets(demuxed(container, [s for s in (video, audio, *cues) if s is not None]))
        self._unread: deque[Packet] = deque()  # read ahead, not yet on the timeline
        self._new_audio: deque[Packet] = deque(maxlen=_AUDIO_WAITING)  # audio of a new format
        self._mended: deque[Mended[Packet]] = deque()  # on the timeline, not yet given out

    @property
    def video(self) -> av.VideoStream:
        """The video track of the present epoch."""
        return self.streams.video

    @property
    def audio(self) -> av.AudioStream | None:
        """The audio track of the present epoch, or None."""
        return self.streams.audio

    def packets(self) -> Iterator[Packet]:
        """Yield the packets of one epoch, with mended timestamps; call again for the next one after it has ended.

        ``ending`` says why it ended. Raises SourceLost when the connection breaks, stalls or is closed.
        """
        while True:
            while self._mended:
                mended = self._mended.popleft()
                mended.packet.pts, mended.packet.dts = mended.pts, mended.dts
                yield mended.packet
            packet = self._next()
            if packet is None:
                self.ending = Ending.FINISHED
                return
            ending = self._take(packet)
            if ending is not None:
                # What was mended before the break belongs to the epoch that ends; there is none: a break comes first.
                self.ending = ending
                return

    def follow_playlist(self, follower: Follower) -> None:
        """Read the cues in the tags of the playlist, too; the follower is closed with the source."""
        self._follower = follower

    def take_cues(self) -> list[HeardCue]:
        """Return the cues that have come since this was last asked; they belong to the present epoch."""
        taken = list(self._cues)
        self._cues.clear()
        return taken

    def close(self) -> None:
        """Hang up. Its streams, and the ``stream`` of its packets, must not be touched any more."""
        if self._follower is not None:
            self._follower.close()
        self._container.close()

    def _take(self, packet: Packet) -> Ending | None:
        """Put a packet on the timeline; tell whether the epoch ends before it."""
        if packet.stream_index in self._cue_indexes:
            self._placer.hear(bytes(packet))
            self._place_cues()
            return None
        is_video = packet.stream_index == self._video_index
        changed = self._formats.changed(packet, is_video=is_video)
        if not is_video and (changed or self._new_audio):
            # An epoch begins with a keyframe: until the next one, video goes on in this epoch and audio waits.
            self._new_audio.append(packet)
            return None
        if is_video and (changed or (self._new_audio and packet.is_keyframe)):
            self._unread.extendleft([*reversed(self._new_audio), packet])
            self._new_audio.clear()
            self._renew()
            return Ending.FORMAT
        repairs = self._timeline.repairs
        stamp = Stamp(packet.pts, packet.dts)
        placed = self._timeline.push(Track.VIDEO if is_video else Track.AUDIO, stamp, packet)
        self.repairs += self._timeline.repairs - repairs
        self._mended.extend(placed)
        if is_video:
            self._place_cues()
        return Ending.JUMP if placed and placed[0].breaks else None

    def _place_cues(self) -> None:
        """Put what has come on the timeline, once it has begun."""
        if self._follower is not None:
            self._placer.tell(self._follower.take())
        self._cues.extend(self._placer.place(self._timeline.reading()))

    def _renew(self) -> None:
        """Find out the new format, looking ahead for the audio that goes with it."""
        while len(self._unread) < _AUDIO_LOOKAHEAD:
            if self.audio is not None and any(p.stream_index != self._video_index for p in self._unread):
                break
            packet = self._read()
            if packet is None:
                break
            self._unread.append(packet)
        streams = self._formats.renew(self._unread, self._video_index)
        if streams is None:
            raise SourceLost(f"{self._where}: the format changed and could not be made out; connecting anew")
        self.streams = streams
        self._timeline = Timeline(*self._bases)

    def _next(self) -> Packet | None:
        return self._unread.popleft() if self._unread else self._read()

    def _read(self) -> Packet | None:
        try:
            packet = next(self._incoming, None)
        except (av.FFmpegError, OSError) as error:
            failure = _explained(error, self._where, opening=False)
        else:
            if packet is not None or not self._endless:
                return packet
            failure = SourceLost(f"{self._where}: the feed ended")
        raise failure  # outside the handler: the error of av holds the address with its key

    def _whole_packets(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        """Put fields that belong to one frame together."""
        if may_split_fields(self._container, self.streams.video):
            return whole_frames(packets, self.streams.video)
        return packets


def _kind_of(url: str, listen: bool) -> _Kind:
    match = _SCHEME.match(url)
    scheme = match.group(1).lower() if match else "file"
    if scheme.startswith("rtmp"):
        # Long enough to see that there is no audio; video is known with the first picture.
        # The rate stands in the metadata, so libavformat need not wait for many frames to guess it.
        options = {"analyzeduration": "2000000", "fpsprobesize": "0", **({"listen": "1"} if listen else {})}
        return _Kind(on_network=True, options=options, format="flv", listens=listen)
    if scheme in ("udp", "tcp"):
        options = {"analyzeduration": "3000000"}
        if scheme == "udp":
            options |= {"buffer_size": "4194304", "fifo_size": "57344", "overrun_nonfatal": "1"}
        elif listen:
            options["listen"] = "1"
        return _Kind(on_network=True, options=options, format="mpegts", listens=listen)
    if scheme in ("http", "https"):
        hls = urlsplit(url).path.lower().endswith((".m3u8", ".m3u"))
        return _Kind(
            on_network=True,
            options={"analyzeduration": "3000000"},
            format="hls" if hls else None,
            stall_timeout_s=_HLS_STALL_S if hls else None,
            may_be_file=True,
        )
    return _Kind(on_network=False, options={})


def _is_endless(kind: _Kind, container: av.container.InputContainer) -> bool:
    """Tell whether the end of the data means that the feed was lost, and not that it is over."""
    if not kind.on_network:
        return False
    # A playlist only ends if it says so, and a file on a server has a length.
    return not (kind.may_be_file and (container.format.name == "hls" or container.size > 0))


def _where(url: str, listen: bool) -> str:
    return f"listening on {redact(url)}" if listen else redact(url)


def _refuse_empty(url: str, where: str) -> None:
    match = _SCHEME.match(url)
    if match is not None and match.group(1).lower() != "file":
        return
    path = Path(unquote(urlsplit(url).path)) if match is not None else Path(url)
    if path.is_dir():
        raise SourceUnsupported(f"{where}: is a folder, not a file")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceUnsupported(f"{where}: the file is empty")


def open_container(path: str) -> av.container.InputContainer:
    """Open a file for demuxing. Raises SourceLost when it is not there, SourceUnsupported when it is no video file."""
    where = _where(path, listen=False)
    _refuse_empty(path, where)
    return _open(path, _Kind(on_network=False, options={}), None, where)


def _open(url: str, kind: _Kind, timeout: tuple[float, float] | None, where: str) -> av.container.InputContainer:
    try:
        container: av.container.InputContainer = av.open(
            url, "r", format=kind.format, options=kind.options, timeout=timeout, **_METADATA
        )
    except (av.FFmpegError, OSError) as error:
        failure = _explained(error, where, opening=True, live=kind.on_network and not kind.may_be_file, host=_host(url))
        if kind.listens and isinstance(error, av.error.ExitError | av.error.TimeoutError):
            failure = NoPush(f"{where}: nobody pushes yet")
    else:
        return container
    raise failure  # outside the handler: the error of av holds the address with its key


def _await_push(url: str, kind: _Kind, timeout: tuple[float, float] | None, where: str) -> av.container.InputContainer:
    with warned_of_wrong_key() as wrong:
        container = _open(url, kind, timeout, where)
    if wrong[0]:
        container.close()
        raise SourceLost(f"{where}: refused a push with another app or stream key")
    return container


def _host(url: str) -> str | None:
    match = re.match(r"^[a-z0-9+.-]+://(?:[^/@]*@)?(\[[^\]]*\]|[^:/?#]*)", url, re.IGNORECASE)
    return match.group(1).strip("[]") or None if match else None


def _explained(
    error: Exception, where: str, *, opening: bool, live: bool = True, host: str | None = None
) -> SourceError:
    """Put an error of av into one line of our own; nothing of its own text is used, for it holds the address."""
    code: Any = getattr(error, "errno", None)
    match error:
        case av.error.ExitError() | av.error.TimeoutError():
            said = "no answer in time" if opening else "no packet in time: the feed has stalled"
        case av.error.ConnectionRefusedError():
            said = "connection refused: nothing listens there"
        case av.error.PermissionError():
            said = "refused: wrong stream key, or nobody publishes" if live else "no permission to read it"
        case av.error.FileNotFoundError():
            said = "no such file"
        case av.error.HTTPError() | av.error.HTTPClientError():
            said = f"the server answered: {error.strerror}"
        case av.error.InvalidDataError() | av.error.DemuxerNotFoundError() if not live:
            return SourceUnsupported(f"{where}: not a video file, or damaged beyond reading")
        case av.error.ProtocolNotFoundError():
            return SourceUnsupported(f"{where}: this protocol is not built in")
        case av.error.EOFError():
            said = "the feed ended" if live else "the file ends before its first picture"
        case _ if opening and host is not None and not _resolves(host):
            said = f"the host name {host} can't be resolved"
        case _ if code == errno.EIO:
            said = "the connection broke or was refused" if opening else "the connection broke or the publisher left"
        case _:
            said = os.strerror(code) if isinstance(code, int) and 0 < code < 4096 else type(error).__name__
    return SourceLost(f"{where}: {said[0].lower()}{said[1:]}")


def _resolves(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True
