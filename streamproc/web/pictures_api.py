"""The handlers of pictures: an exact frame of the recording, which frame is shown when, and keyframe thumbnails."""

import asyncio
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from time import perf_counter
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from streamproc.errors import RecordingError, SourceUnsupported
from streamproc.media.pictures import LARGEST_WIDTH, FramesWish, KeyframeWish, Wish
from streamproc.media.recording.reader import RecordingEpoch
from streamproc.timebase import iso_utc, to_ns
from streamproc.web.answers import Answer
from streamproc.web.api import json_answer, known_channel
from streamproc.web.pictures import DESK, Key
from streamproc.web.queries import Query, parse
from streamproc.web.recordings import RECORDINGS
from streamproc.web.services import SERVICES

BEHIND: Final = 8
"""So many frames before the one that is asked for are made with it: they are decoded on the way to it."""
_LARGE: Final = 1280  # wider pictures cost more than the way to them, and are made alone
FOR_EVER: Final = "private, max-age=31536000, immutable"  # a number never comes back: see Place.next_epoch
_TIME: Final = r"^[0-9]{1,9}(/[1-9][0-9]{0,8}|\.[0-9]{1,9})?$"


class FrameQuery(Query):
    """How a frame's picture is wanted."""

    width: Annotated[int, Field(ge=16, le=LARGEST_WIDTH)] = 640
    """Width in square pixels; never more than the frame has."""


class ThumbnailQuery(Query):
    """How a thumbnail is wanted."""

    width: Annotated[int, Field(ge=16, le=640)] = 160
    """Width in square pixels."""


class ShownQuery(Query):
    """Which frame is asked for: give one of the two."""

    time: Annotated[str, Field(pattern=_TIME)] | None = None
    """Seconds in the epoch, exact (801/25) or with a point (32.04): the frame that is shown then."""
    frame: Annotated[int, Field(ge=0, lt=10**12)] | None = None
    """Its number in the epoch, in presentation order from 0."""


class ShownFrame(Answer):
    """A frame of the recording."""

    channel: str
    """The channel's short name."""
    epoch: int
    """The epoch's number in the recording."""
    frame: int
    """Its number in the epoch, in presentation order from 0: the one that boundaries have."""
    time: str
    """When it is presented: exact seconds in the epoch, a fraction in lowest terms: 801/25."""
    time_s: float
    """The same, rounded."""
    utc: str
    """Wall time of it."""
    keyframe: bool
    """Whether it is one."""


@dataclass(frozen=True, slots=True)
class _Sought:
    """A picture that is to be had."""

    key: Key
    wish: Wish
    what: str


async def frame(request: web.Request) -> web.Response:
    """The picture of one frame."""
    query = parse(FrameQuery, request)
    epoch, folder = await find_epoch(request)
    number = int(request.match_info["frame"])
    behind = BEHIND if query.width <= _LARGE else 0

    def seek() -> _Sought:
        times = _times(epoch, number, 1 + behind)
        wish = FramesWish(folder=folder, epoch=epoch.id, times=tuple(times), width=query.width)
        return _Sought((folder, epoch.id, times[-1], query.width), wish, f"frame {number} of epoch {epoch.id}")

    return await _picture(request, await asyncio.to_thread(seek), "frame")


async def thumbnail(request: web.Request) -> web.Response:
    """The keyframe before a moment, small."""
    query = parse(ThumbnailQuery, request)
    epoch, folder = await find_epoch(request)
    at = int(request.match_info["seconds"])

    def seek() -> _Sought:
        _check_recorded(epoch, Fraction(at))
        try:
            time = epoch.keyframe_before(Fraction(at))
        except RecordingError as error:
            raise web.HTTPGone(reason=_deleted(epoch, f"second {at}")) from error
        wish = KeyframeWish(folder=folder, epoch=epoch.id, time=time, width=query.width)
        return _Sought((folder, epoch.id, time, query.width), wish, f"second {at} of epoch {epoch.id}")

    return await _picture(request, await asyncio.to_thread(seek), "thumbnail")


async def shown(request: web.Request) -> web.Response:
    """Which frame is shown at a time, and when a frame is shown."""
    query = parse(ShownQuery, request)
    if (query.time is None) == (query.frame is None):
        raise web.HTTPBadRequest(reason="give either time or frame, not both and not neither")
    epoch, _ = await find_epoch(request)

    def find() -> ShownFrame:
        number = query.frame
        if number is None:
            assert query.time is not None
            number = _number_at(epoch, Fraction(query.time))
        return _shown(request.match_info["name"], epoch, number)

    return json_answer(await asyncio.to_thread(find))


async def find_epoch(request: web.Request) -> tuple[RecordingEpoch, Path]:
    """Return the epoch in the path, and its channel's folder. Raises HTTPNotFound; HTTPGone when it was deleted."""
    name, number = await known_channel(request), int(request.match_info["epoch"])
    services, recordings = request.app[SERVICES], request.app[RECORDINGS]

    def find() -> RecordingEpoch:
        for epoch in recordings.epochs(name):
            if epoch.id == number:
                return epoch
        if any(row.epoch == number for row in services.catalogue.epochs(name)):
            raise web.HTTPGone(reason=f"the recording of epoch {number} was deleted by retention")
        raise web.HTTPNotFound(reason=f"no epoch {number} is recorded of channel '{name}'")

    try:
        return await asyncio.to_thread(find), recordings.folder(name)
    except RecordingError as error:
        raise unreadable(error) from error


def _times(epoch: RecordingEpoch, number: int, count: int) -> list[Fraction]:
    """Return the times of frames, the last of that number. Raises HTTPGone, HTTPRequestRangeNotSatisfiable."""
    try:
        return epoch.times_until(number, count)
    except IndexError:
        raise _beyond(epoch, f"frame {number}") from None
    except RecordingError as error:
        raise web.HTTPGone(reason=_deleted(epoch, f"frame {number}")) from error


def _number_at(epoch: RecordingEpoch, time: Fraction) -> int:
    """Return the number of the frame that is shown at a time. Raises HTTPGone, HTTPRequestRangeNotSatisfiable."""
    _check_recorded(epoch, time)
    try:
        return max(0, epoch.frame_number(time + epoch.format.video.time_base) - 1)
    except RecordingError as error:
        raise web.HTTPGone(reason=_deleted(epoch, f"second {float(time):.3f}")) from error


def _shown(channel: str, epoch: RecordingEpoch, number: int) -> ShownFrame:
    time = _times(epoch, number, 1)[-1]
    return ShownFrame(
        channel=channel,
        epoch=epoch.id,
        frame=number,
        time=str(time),
        time_s=float(time),
        utc=iso_utc(epoch.utc_zero_ns + to_ns(time)),
        keyframe=bool(epoch.keyframe_times(time, time + epoch.format.video.time_base)),
    )


def _check_recorded(epoch: RecordingEpoch, time: Fraction) -> None:
    if time >= epoch.end():
        raise _beyond(epoch, f"second {float(time):g}")


def _beyond(epoch: RecordingEpoch, what: str) -> web.HTTPRequestRangeNotSatisfiable:
    end, over = float(epoch.end()), epoch.has_ended()
    said = f"epoch {epoch.id} ends at {end:.3f} s" if over else f"epoch {epoch.id} is recorded up to {end:.3f} s by now"
    return web.HTTPRequestRangeNotSatisfiable(reason=f"{what} is not recorded: {said}")


def _deleted(epoch: RecordingEpoch, what: str) -> str:
    return f"{what} of epoch {epoch.id} was deleted by retention"


def unreadable(error: Exception) -> web.HTTPServiceUnavailable:
    """Return the answer for a recording that can't be read."""
    return web.HTTPServiceUnavailable(reason=" ".join(str(error).split()))


async def _picture(request: web.Request, sought: _Sought, kind: str) -> web.Response:
    """Answer with a picture, kept or made."""
    desk, telemetry = request.app[DESK], request.app[SERVICES].telemetry
    began, outcome = perf_counter(), "failed"
    picture = desk.kept(sought.key)
    try:
        if picture is not None:
            outcome = "kept"
        else:
            picture = await desk.picture(sought.key, sought.wish, lambda: _is_open(request))
            outcome = "made" if picture is not None else "failed"
    except (RecordingError, SourceUnsupported) as error:
        raise unreadable(error) from error
    finally:
        telemetry.web.pictures.labels(kind, outcome).inc()
        telemetry.web.picture_time.labels(kind).observe(perf_counter() - began)
    if picture is None:
        raise web.HTTPNotFound(reason=f"no picture of {sought.what} can be decoded: the recording is damaged there")
    return web.Response(body=picture, content_type="image/jpeg", headers={"Cache-Control": FOR_EVER})


def _is_open(request: web.Request) -> bool:
    """Tell whether the browser still waits: one that scrolls on breaks off what it has asked for."""
    return request.transport is not None and not request.transport.is_closing()
