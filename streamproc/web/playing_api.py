"""The handlers of playback: HLS playlists over the recorded files, and the header that their segments need."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from threading import Lock
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from streamproc.errors import RecordingError
from streamproc.timebase import NS, ns_from_utc
from streamproc.web.api import known_channel
from streamproc.web.moments import Moment
from streamproc.web.pictures_api import FOR_EVER, find_epoch, unreadable
from streamproc.web.playlists import Head, Item, Numbering, items_of, write
from streamproc.web.queries import Query, parse
from streamproc.web.recordings import RECORDINGS, Recordings
from streamproc.web.services import SERVICES

LIVE_S: Final = 120
"""What the live playlist reaches back."""
WHOLE_AFTER_S: Final = 600
"""A stretch that ended so long ago is played in whole files, which makes a short playlist."""
LONGEST_S: Final = 48 * 3600
MEDIA_TYPE: Final = "application/vnd.apple.mpegurl"


class RangeQuery(Query):
    """Which stretch of time is played."""

    from_: Annotated[Moment, Field(alias="from")]
    """Where it begins; ISO 8601 with an offset."""
    to: Moment | None = None
    """Where it ends; when left out, or still to come, the playlist grows with the recording."""


class _Numberings:
    """The live playlists' numberings by channel; several requests may come at once."""

    def __init__(self) -> None:
        self._of: dict[str, Numbering] = defaultdict(Numbering)
        self._lock = Lock()

    def number(self, channel: str, find: Callable[[], Sequence[Item]]) -> tuple[Sequence[Item], Head]:
        """Find the segments of now and number them; of two requests the later one sees as much, or more."""
        with self._lock:
            items = find()
            return items, self._of[channel].head(items)


NUMBERINGS: Final = web.AppKey("numberings", _Numberings)


async def numberings(app: web.Application) -> AsyncIterator[None]:
    """Remember the live playlists for as long as the application runs."""
    app[NUMBERINGS] = _Numberings()
    yield


async def live(request: web.Request) -> web.Response:
    """The last minutes, as they grow."""
    parse(Query, request)
    name = await known_channel(request)
    numbers, recordings = request.app[NUMBERINGS], request.app[RECORDINGS]
    clock = request.app[SERVICES].clock

    def make() -> str | None:
        items, head = numbers.number(
            name, lambda: _items(recordings, name, clock.utc_ns() - LIVE_S * NS, None, whole=False)
        )
        return write(_base(name), items, head) if items else None

    text = await _read(make)
    if text is None:
        raise web.HTTPConflict(reason=f"nothing of channel '{name}' was recorded in the last {LIVE_S} s")
    return _playlist(text)


async def range_(request: web.Request) -> web.Response:
    """A stretch of time; one whose end is still to come grows."""
    query = parse(RangeQuery, request)
    name = await known_channel(request)
    recordings, now_ns = request.app[RECORDINGS], request.app[SERVICES].clock.utc_ns()
    from_ns = ns_from_utc(query.from_)
    until_ns = None if query.to is None else ns_from_utc(query.to)
    length_ns = (now_ns if until_ns is None else until_ns) - from_ns
    if until_ns is not None and until_ns <= from_ns:
        raise web.HTTPBadRequest(reason=f"from = {query.from_.isoformat()} is not before to = {query.to}")
    if length_ns > LONGEST_S * NS:
        raise web.HTTPBadRequest(reason=f"that is longer than the {LONGEST_S // 3600} hours that one playlist holds")

    def make() -> str | None:
        grows = _grows(recordings, name, until_ns, now_ns)
        # Whoever plays one that has grown until now must find the same segments in it when it ends.
        whole = until_ns is not None and until_ns < now_ns - WHOLE_AFTER_S * NS
        items = _items(recordings, name, from_ns, until_ns, whole=whole)
        return write(_base(name), items, Head(kind="EVENT" if grows else "VOD")) if items else None

    text = await _read(make)
    if text is None:
        raise web.HTTPNotFound(reason="no recording is there of that time; it may be still to come, or deleted by now")
    return _playlist(text)


async def init(request: web.Request) -> web.Response:
    """What a player must have before the segments of an epoch."""
    epoch, _ = await find_epoch(request)
    try:
        header = await asyncio.to_thread(epoch.header)
    except RecordingError as error:
        raise web.HTTPGone(reason=f"the recording of epoch {epoch.id} was deleted by retention") from error
    return web.Response(body=header, content_type="video/mp4", headers={"Cache-Control": FOR_EVER})


async def _read(make: Callable[[], str | None]) -> str | None:
    try:
        return await asyncio.to_thread(make)
    except RecordingError as error:
        raise unreadable(error) from error


def _items(recordings: Recordings, channel: str, from_ns: int, until_ns: int | None, *, whole: bool) -> list[Item]:
    return [item for epoch in recordings.epochs(channel) for item in items_of(epoch, from_ns, until_ns, whole=whole)]


def _grows(recordings: Recordings, channel: str, until_ns: int | None, now_ns: int) -> bool:
    """Tell whether more of a stretch may still be recorded."""
    if until_ns is None or until_ns > now_ns:
        return True
    epochs = recordings.epochs(channel)
    if not epochs or epochs[-1].has_ended():
        return False
    return epochs[-1].utc_zero_ns + round(epochs[-1].end() * NS) < until_ns


def _base(channel: str) -> str:
    return f"/api/v1/channels/{channel}"


def _playlist(text: str) -> web.Response:
    answer = web.Response(text=text, content_type=MEDIA_TYPE, charset="utf-8", headers={"Cache-Control": "no-store"})
    answer.enable_compression()
    return answer
