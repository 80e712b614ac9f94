"""The addresses of what is seen of the recording: frames, thumbnails, playlists, the timeline, curves, flows."""

from typing import Final

from streamproc.web import curves_api, flows_api, pictures_api, playing_api, timeline_api
from streamproc.web.curves_api import Curves, CurvesQuery
from streamproc.web.flows_api import Flow, Flows, FlowSegments, FlowSegmentsQuery
from streamproc.web.pictures_api import FrameQuery, ShownFrame, ShownQuery, ThumbnailQuery
from streamproc.web.playing_api import MEDIA_TYPE, RangeQuery
from streamproc.web.queries import Query, StretchQuery
from streamproc.web.route import BAD, EPOCH, NAME, NO_CHANNEL, Route
from streamproc.web.timeline_api import DrawnTimeline

FRAME: Final = "{frame:[0-9]{1,12}}"
SECONDS: Final = "{seconds:[0-9]{1,9}}"
CHANNEL: Final = f"/api/v1/channels/{NAME}"
UNREADABLE: Final = {503: "The recording can't be read now, or the picture's decoder crashed."}
OF_EPOCH: Final = {
    404: "No channel has this name, no such epoch is recorded, or nothing can be decoded there.",
    410: "It was deleted by retention.",
}
BEYOND: Final = {416: "It is not recorded, or not yet; the detail says up to when."}
MANY: Final = {429: "Too many pictures are being made; Retry-After says when to ask again."}

ROUTES: Final = (
    Route(
        path=f"{CHANNEL}/frames/{EPOCH}",
        handler=pictures_api.shown,
        summary="Which frame is shown at a time in an epoch, and when a frame is shown.",
        answer=ShownFrame,
        query=ShownQuery,
        statuses=BAD | OF_EPOCH | BEYOND | UNREADABLE,
    ),
    Route(
        path=f"{CHANNEL}/frames/{EPOCH}/{FRAME}.jpg",
        handler=pictures_api.frame,
        summary="The picture of exactly this frame: the n-th in presentation order, from 0, as boundaries count.",
        answer=None,
        media_type="image/jpeg",
        query=FrameQuery,
        statuses=BAD | OF_EPOCH | BEYOND | MANY | UNREADABLE,
    ),
    Route(
        path=f"{CHANNEL}/thumbnails/{EPOCH}/{SECONDS}.jpg",
        handler=pictures_api.thumbnail,
        summary="The last keyframe at or before a second of an epoch, small.",
        answer=None,
        media_type="image/jpeg",
        query=ThumbnailQuery,
        statuses=BAD | OF_EPOCH | BEYOND | MANY | UNREADABLE,
    ),
    Route(
        path=f"{CHANNEL}/timeline",
        handler=timeline_api.timeline,
        summary="All that is drawn of a stretch of time, in Unix milliseconds.",
        answer=DrawnTimeline,
        query=StretchQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path="/api/v1/flows",
        handler=flows_api.flows,
        summary="The channels' recordings, in the manner of time-addressable media (TAMS).",
        answer=Flows,
        query=Query,
        statuses=BAD | UNREADABLE,
    ),
    Route(
        path=f"/api/v1/flows/{NAME}",
        handler=flows_api.flow,
        summary="One channel's recording, in the same way.",
        answer=Flow,
        query=Query,
        statuses=BAD | NO_CHANNEL | UNREADABLE,
    ),
    Route(
        path=f"/api/v1/flows/{NAME}/segments",
        handler=flows_api.segments,
        summary="The closed files of a channel's recording within a time range, oldest first.",
        answer=FlowSegments,
        query=FlowSegmentsQuery,
        statuses=BAD | NO_CHANNEL | UNREADABLE,
    ),
    Route(
        path=f"{CHANNEL}/curves",
        handler=curves_api.curves,
        summary="The logo's score and the level of the sound along a stretch of time, as finely as can be drawn.",
        answer=Curves,
        query=CurvesQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path=f"{CHANNEL}/hls/live.m3u8",
        handler=playing_api.live,
        summary="An HLS playlist of the last two minutes, which goes on with the recording.",
        answer=None,
        media_type=MEDIA_TYPE,
        query=Query,
        statuses=BAD | NO_CHANNEL | {409: "Nothing was recorded in the last two minutes."} | UNREADABLE,
    ),
    Route(
        path=f"{CHANNEL}/hls/range.m3u8",
        handler=playing_api.range_,
        summary="An HLS playlist of a stretch of time; one whose end is still to come grows with the recording.",
        answer=None,
        media_type=MEDIA_TYPE,
        query=RangeQuery,
        statuses=BAD | {404: "No channel has this name, or nothing of that time is recorded."} | UNREADABLE,
    ),
    Route(
        path=f"{CHANNEL}/hls/{EPOCH}/init.mp4",
        handler=playing_api.init,
        summary="What a player must have before the segments of an epoch.",
        answer=None,
        media_type="video/mp4",
        statuses={
            404: "No channel has this name, or no such epoch is recorded.",
            410: "It was deleted by retention.",
        }
        | UNREADABLE,
    ),
)
