"""Cues in the tags of an HLS playlist, beside the stream: libavformat follows playlists itself and shows no tags.

A tag stands before a segment, and a segment begins with a frame. So the head of that segment is fetched once more and
its first picture's time read: that is the splice's time as the stream itself counts, exactly. A date range is told
in wall time; it is as exact as the playlist's PROGRAM-DATE-TIME, mostly a millisecond.
"""

import io
import threading
import urllib.request
from base64 import b64decode
from binascii import Error as Base64Error
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Final
from urllib.parse import urljoin

import av
import m3u8
import structlog

from streamproc.addresses import redact
from streamproc.media.probe import demuxed, time_base
from streamproc.messages import CueKind

log = structlog.get_logger()

_PLAYLIST_BYTES: Final = 8 << 20  # a whole day of two-second segments has half of that
_HEAD_BYTES: Final = 1 << 20  # holds the tables and the first picture
_TAGS_KEPT: Final = 4096
_MIN_POLL_S, _MAX_POLL_S = 1.0, 10.0
_AT_ONCE: Final = Fraction(0)


@dataclass(frozen=True, slots=True)
class Tag:
    """A cue in a playlist."""

    key: tuple[object, ...]
    """Tells it from all others of this playlist, also when that is loaded again."""
    segment: int
    """Position of the segment it stands before."""
    after: Fraction
    """How much later than that segment's first picture the splice is, seconds."""
    kind: CueKind | None
    """What it says; None where only the section does."""
    duration: Fraction | None
    """Length of the break, seconds."""
    section: bytes
    """The splice_info_section, if it holds one."""


@dataclass(frozen=True, slots=True)
class TimedTag:
    """A tag's cue, and its time as the stream counts."""

    count: Fraction
    """Seconds; wraps as the stream's own count does."""
    tag: Tag


def tags_of(playlist: m3u8.M3U8) -> list[Tag]:
    """Return the cues of a media playlist, in its order."""
    first = playlist.media_sequence or 0
    found: list[Tag] = []
    before = None
    for position, segment in enumerate(playlist.segments):
        number, text = first + position, segment.oatcls_scte35
        told = None if text == before else text  # the library hands the one of an out on, up to the in
        before = text
        if segment.cue_in:
            found.append(Tag(("in", number), position, _AT_ONCE, CueKind.IN, None, _section(told)))
        elif segment.cue_out_start:
            duration = _seconds(segment.scte35_duration)
            section = _section(segment.oatcls_scte35 or segment.scte35)
            found.append(Tag(("out", number), position, _AT_ONCE, CueKind.OUT, duration, section))
        elif told:
            found.append(Tag(("section", number), position, _AT_ONCE, None, None, _section(told)))
        found += _ranges(segment, position)
    return found


def _ranges(segment: Any, position: int) -> Iterator[Tag]:
    """Yield the cues of the date ranges before a segment."""
    for one in segment.dateranges:
        began = segment.current_program_date_time
        start = _moment(one.start_date)
        if began is None or start is None:
            continue
        length = _seconds(one.duration) if one.duration is not None else _seconds(one.planned_duration)
        end = _moment(one.end_date)
        if end is None:
            end = None if one.duration is None or length is None else start + timedelta(seconds=float(length))
        told = (("scte35_out", CueKind.OUT, start), ("scte35_cmd", None, start), ("scte35_in", CueKind.IN, end))
        for name, kind, at in told:
            text = getattr(one, name)
            if text is None or at is None:
                continue
            after = Fraction((at - _aware(began)) // timedelta(microseconds=1), 1_000_000)
            duration = length if kind is CueKind.OUT else None
            yield Tag((name, one.id, at), position, after, kind, duration, _section(text))


class Follower:
    """Loads a playlist again and again, in a thread of its own, and gives out its new cues."""

    def __init__(self, url: str, *, timeout_s: float, is_finished: bool) -> None:
        """Begin to follow; a finished playlist, which is read faster than it plays, is looked at here and now."""
        self._url = url
        self._timeout_s = timeout_s
        self._seen: dict[tuple[object, ...], None] = {}
        self._found: deque[TimedTag] = deque(maxlen=_TAGS_KEPT)
        self._closed = threading.Event()
        self._complained = False
        self._poll_s = _MIN_POLL_S
        if is_finished:
            self._look()
        else:
            threading.Thread(target=self._follow, name="playlist", daemon=True).start()

    def take(self) -> list[TimedTag]:
        """Return the cues found since this was last asked."""
        return [self._found.popleft() for _ in range(len(self._found))]

    def close(self) -> None:
        """Follow it no longer; does not wait for a request that is under way."""
        self._closed.set()

    def _follow(self) -> None:
        while self._look() and not self._closed.wait(self._poll_s):
            pass

    def _look(self) -> bool:
        """Load the playlist once; tell whether it may still change."""
        try:
            playlist = self._media_playlist()
            tags = tags_of(playlist)
        except (OSError, ValueError) as error:
            self._complain(f"the playlist can't be read ({type(error).__name__})")
            return True
        for tag in tags:
            if tag.key not in self._seen and not self._closed.is_set():
                self._take_in(playlist, tag)
        self._poll_s = min(max((playlist.target_duration or 0) / 2, _MIN_POLL_S), _MAX_POLL_S)
        return not playlist.is_endlist

    def _take_in(self, playlist: m3u8.M3U8, tag: Tag) -> None:
        """Find out the time of a tag; where that fails it is tried again with the next look, while it is there."""
        segment = playlist.segments[tag.segment]
        is_encrypted = segment.key is not None and segment.key.method not in (None, "", "NONE")
        try:
            begins = None if is_encrypted else self._first_picture(segment)
        except (OSError, ValueError, av.FFmpegError) as error:
            self._complain(f"a segment can't be read ({type(error).__name__})")
            return
        self._seen[tag.key] = None
        while len(self._seen) > _TAGS_KEPT:
            del self._seen[next(iter(self._seen))]
        if begins is None:
            self._complain("the segments are encrypted" if is_encrypted else "a segment begins without a picture")
        else:
            self._found.append(TimedTag(begins + tag.after, tag))

    def _complain(self, why: str) -> None:
        """Say once what is wrong; the stream itself goes on all the same."""
        if not self._complained:
            self._complained = True
            log.warning("cues.playlist", address=redact(self._url), why=why)

    def _media_playlist(self) -> m3u8.M3U8:
        playlist, url = self._loaded(self._url)
        if playlist.is_variant:
            # Every rendition has the same tags and counts the same time.
            best = max(playlist.playlists, key=lambda one: one.stream_info.bandwidth or 0)
            playlist, _ = self._loaded(urljoin(url, best.uri))
        return playlist

    def _loaded(self, url: str) -> tuple[m3u8.M3U8, str]:
        with urllib.request.urlopen(url, timeout=self._timeout_s) as answer:
            text = answer.read(_PLAYLIST_BYTES).decode("utf-8", errors="replace")
            return m3u8.loads(text, uri=answer.geturl()), answer.geturl()

    def _first_picture(self, segment: Any) -> Fraction | None:
        """Return the time of a segment's first picture, as the stream counts, seconds."""
        head = b""
        if segment.init_section is not None:
            head = self._fetched(segment.init_section.absolute_uri, segment.init_section.byterange)
        head += self._fetched(segment.absolute_uri, segment.byterange)
        with av.open(io.BytesIO(head), "r") as container:
            if not container.streams.video:
                return None
            video = container.streams.video[0]
            for packet in demuxed(container, [video]):
                if packet.is_keyframe and packet.pts is not None:
                    return packet.pts * time_base(video)
        return None

    def _fetched(self, url: str, part: str | None) -> bytes:
        """Return the head of a file, or of the part of it that is written ``length@offset``."""
        first, most = 0, _HEAD_BYTES
        if part:
            length, _, offset = part.partition("@")
            first, most = int(offset or 0), min(most, int(length))
        asked = urllib.request.Request(url, headers={"Range": f"bytes={first}-{first + most - 1}"})
        with urllib.request.urlopen(asked, timeout=self._timeout_s) as answer:
            if answer.status != 206:
                answer.read(first)  # a server that knows no ranges begins at the beginning
            data: bytes = answer.read(most)
            return data


def _section(text: str | None) -> bytes:
    """Return the section in a tag; nothing where there is none that can be read."""
    if not text:
        return b""
    text = text.strip().strip('"')
    try:
        if text[:2].lower() == "0x":
            return bytes.fromhex(text[2:])
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (ValueError, Base64Error):
        return b""


def _seconds(value: object) -> Fraction | None:
    try:
        return None if value is None else Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        return None


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else _aware(datetime.fromisoformat(text))
    except ValueError:
        return None


def _aware(moment: datetime) -> datetime:
    """Take a moment without a zone for UTC."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
