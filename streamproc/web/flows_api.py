"""The recording for other systems, in the manner of time-addressable media (BBC TAMS): flows, and segments by time.

A channel is a flow, and a closed file of its recording a segment's object. What differs from TAMS is that a flow's id
is the channel's short name, that its time is UTC and not TAI, and that nothing can be written.
"""

import asyncio
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Final, TypeVar
from urllib.parse import urlencode

from aiohttp import web
from pydantic import Field, RootModel

from streamproc.errors import RecordingError
from streamproc.logic.timerange import Stretch, format_moment, format_timerange, parse_timerange
from streamproc.media.recording.reader import RecordedFile, RecordingEpoch
from streamproc.timebase import NS, to_ns
from streamproc.web.answers import Answer
from streamproc.web.api import json_answer, known_channel, title_of
from streamproc.web.pictures_api import unreadable
from streamproc.web.queries import Query, parse
from streamproc.web.recordings import RECORDINGS, Recordings
from streamproc.web.services import SERVICES, Services
from streamproc.web.timelines import RECORDED

T = TypeVar("T")
FORMAT: Final = "urn:x-nmos:format:multi"
_CODECS: Final = {"h264": "video/h264", "hevc": "video/h265", "mpeg2video": "video/mpeg"}


class FlowRate(Answer):
    """Frames a second."""

    numerator: int
    """Of the fraction."""
    denominator: int
    """Of the fraction."""


class FlowPicture(Answer):
    """How the newest of its pictures are."""

    frame_width: int
    """Coded width, pixels."""
    frame_height: int
    """Coded height, pixels."""
    frame_rate: FlowRate | None
    """Frames a second; null when it can't be told."""


class Flow(Answer):
    """A channel's recording."""

    id: str
    """The channel's short name."""
    source_id: str
    """The same: a channel has one flow."""
    label: str
    """The channel's name for people."""
    format: str
    """urn:x-nmos:format:multi: video and audio in the same files."""
    container: str
    """video/mp4, fragmented."""
    codec: str | None
    """Media type of the video; null while nothing is recorded."""
    essence_parameters: FlowPicture | None
    """Of the newest epoch; null while nothing is recorded."""
    timerange: str
    """From the first to the last frame that is kept, UTC: [seconds:nanoseconds_seconds:nanoseconds); () without any."""


class Flows(RootModel[list[Flow]]):
    """All channels."""


class FlowUrl(Answer):
    """Where the bytes are."""

    label: str
    """What kind of address it is."""
    url: str
    """The file; understands Range."""
    presigned: bool
    """Whether it can be had without signing in: false."""


class FlowSegment(Answer):
    """A closed file of the recording."""

    object_id: str
    """Its name: channel, epoch and number; it never comes to mean another file."""
    timerange: str
    """Wall time of what is in it."""
    ts_offset: str
    """What is to be added to the times in the file for wall time: seconds:nanoseconds."""
    get_urls: list[FlowUrl]
    """Where it is to be had."""


class FlowSegments(RootModel[list[FlowSegment]]):
    """Segments in time order."""


class FlowSegmentsQuery(Query):
    """Which segments are wanted."""

    timerange: Annotated[str, Field(max_length=100)] = "_"
    """Those that share any time with it: [seconds:nanoseconds_seconds:nanoseconds), either end may be missing."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    """At most so many."""
    page: Annotated[str, Field(pattern=r"^[0-9]{1,12}:[0-9]{1,9}$")] | None = None
    """Where the next part begins; the link to it (Link, rel="next") sets it."""


async def flows(request: web.Request) -> web.Response:
    """All flows."""
    parse(Query, request)
    services, recordings = request.app[SERVICES], request.app[RECORDINGS]

    def find() -> Flows:
        names = dict.fromkeys(channel.name for channel in services.settings.channels)
        names |= dict.fromkeys(row.name for row in services.catalogue.channels())
        return Flows([_flow(services, recordings, name) for name in names])

    return json_answer(await _read(find))


async def flow(request: web.Request) -> web.Response:
    """One flow."""
    parse(Query, request)
    name = await known_channel(request)
    services, recordings = request.app[SERVICES], request.app[RECORDINGS]
    return json_answer(await _read(lambda: _flow(services, recordings, name)))


async def segments(request: web.Request) -> web.Response:
    """The segments of a flow."""
    query = parse(FlowSegmentsQuery, request)
    name = await known_channel(request)
    recordings, origin = request.app[RECORDINGS], f"{request.scheme}://{request.host}"
    try:
        stretch = parse_timerange(query.timerange)
        after = 0 if query.page is None else parse_timerange(query.page)[0]
    except ValueError as error:
        raise web.HTTPBadRequest(reason=f"timerange = {query.timerange!r}: {error}") from error
    found = await _read(lambda: _segments(recordings, name, stretch, after or 0, query.limit + 1))
    items = found[: query.limit]
    shown = [_segment(name, epoch, file, origin) for epoch, file in items]
    answer = json_answer(FlowSegments(shown))
    answer.headers["X-Paging-Limit"] = str(query.limit)
    if len(found) > query.limit:
        key = format_moment(_start_ns(*found[query.limit]))
        following = f"{request.path}?{urlencode({**request.query, 'page': key})}"
        answer.headers["X-Paging-NextKey"] = key
        answer.headers["Link"] = f'<{origin}{following}>; rel="next"'
    return answer


async def _read(find: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(find)
    except RecordingError as error:
        raise unreadable(error) from error


def _flow(services: Services, recordings: Recordings, name: str) -> Flow:
    epochs = recordings.epochs(name)
    kept = [(epoch, first) for epoch in epochs if (first := epoch.first_kept()) is not None]
    video = kept[-1][0].format.video if kept else None
    timerange = "()"
    if kept:
        (oldest, start), (newest, _) = kept[0], kept[-1]
        timerange = format_timerange(oldest.utc_zero_ns + to_ns(start), newest.utc_zero_ns + to_ns(newest.end()))
    return Flow(
        id=name,
        source_id=name,
        label=title_of(services, name),
        format=FORMAT,
        container="video/mp4",
        codec=None if video is None else _CODECS.get(video.codec, f"video/{video.codec}"),
        essence_parameters=None
        if video is None
        else FlowPicture(frame_width=video.width, frame_height=video.height, frame_rate=_rate(video.rate)),
        timerange=timerange,
    )


def _rate(rate: Fraction | None) -> FlowRate | None:
    return None if rate is None else FlowRate(numerator=rate.numerator, denominator=rate.denominator)


def _segments(
    recordings: Recordings, name: str, stretch: Stretch, after_ns: int, most: int
) -> list[tuple[RecordingEpoch, RecordedFile]]:
    """Return the closed files of a stretch that begin at ``after_ns`` or later, at most so many."""
    found: list[tuple[RecordingEpoch, RecordedFile]] = []
    for epoch in recordings.epochs(name):
        zero_ns = epoch.utc_zero_ns
        start = Fraction(0) if stretch[0] is None else max(Fraction(0), Fraction(stretch[0] - zero_ns, NS))
        end = epoch.end() if stretch[1] is None else min(epoch.end(), Fraction(stretch[1] - zero_ns, NS))
        files = epoch.files(start, end) if start < end else []
        found += [(epoch, file) for file in files if file.closed and _start_ns(epoch, file) >= after_ns]
        if len(found) >= most:
            break
    return found[:most]


def _start_ns(epoch: RecordingEpoch, file: RecordedFile) -> int:
    return epoch.utc_zero_ns + to_ns(file.start)


def _segment(name: str, epoch: RecordingEpoch, file: RecordedFile, origin: str) -> FlowSegment:
    zero_ns, number = epoch.utc_zero_ns, f"{file.number:06d}"
    address = RECORDED.format(channel=name, epoch=epoch.id, number=number)
    return FlowSegment(
        object_id=f"{name}/{epoch.id}/{number}",
        timerange=format_timerange(zero_ns + to_ns(file.start), zero_ns + to_ns(file.end)),
        ts_offset=format_moment(zero_ns),
        get_urls=[FlowUrl(label="streamproc", url=f"{origin}{address}", presigned=False)],
    )
