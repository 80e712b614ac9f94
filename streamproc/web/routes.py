"""Every address there is, in one table; the OpenAPI document is drawn from it."""

from functools import partial

from aiohttp import web

from streamproc.web import (
    api,
    cues_api,
    deliveries,
    edits_routes,
    engine_routes,
    evidence_api,
    exports_api,
    finished_routes,
    operations,
    people_routes,
    picture_routes,
    programmes_api,
)
from streamproc.web.answers import (
    Alarm,
    Channel,
    Clip,
    Cue,
    Delivery,
    Epoch,
    Gap,
    Liveness,
    Notice,
    Page,
    Readiness,
    Segment,
    SegmentDetail,
)
from streamproc.web.bodies import DeliveryBody
from streamproc.web.evidence_api import EvidenceQuery
from streamproc.web.exports_api import ExportQuery, RangeExportQuery
from streamproc.web.guard import GUARD
from streamproc.web.programmes_api import Programme, Schedule, ScheduleQuery
from streamproc.web.queries import DeliveriesQuery, PageQuery, Query, SegmentsQuery
from streamproc.web.route import ANY, BAD, EPOCH, EVENTS, FILE, FORMAT, NAME, NO_CHANNEL, NUMBER, PICTURE, WRITES, Route
from streamproc.web.services import SERVICES


async def events(request: web.Request) -> web.StreamResponse:
    """Live events."""
    return await request.app[SERVICES].hub.stream(request, partial(request.app[GUARD].is_welcome, request))


BUSY = {429: "Too many ask at once; ask again in a minute."}
ROUTES = (
    Route(path="/healthz", handler=operations.healthz, summary="The process answers.", answer=Liveness, is_public=True),
    Route(
        path="/readyz",
        handler=operations.readyz,
        summary="Whether the daemon does its work, with reasons in words when not.",
        answer=Readiness,
        statuses={503: "It does not; the body says why."},
        is_public=True,
    ),
    Route(
        path="/metrics",
        handler=operations.metrics,
        summary="All metrics, for Prometheus.",
        answer=None,
        media_type="text/plain",
        is_public=True,
    ),
    Route(path="/api/v1/channels", handler=api.channels, summary="All channels.", answer=Page[Channel]),
    Route(
        path=f"/api/v1/channels/{NAME}",
        handler=api.channel,
        summary="One channel: how it is, what is on air.",
        answer=Channel,
        statuses=NO_CHANNEL,
    ),
    Route(
        path=f"/api/v1/channels/{NAME}/segments",
        handler=api.segments,
        summary="A channel's segments.",
        answer=Page[Segment],
        query=SegmentsQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path=f"/api/v1/channels/{NAME}/clips",
        handler=api.clips,
        summary="A channel's clips.",
        answer=Page[Clip],
        query=PageQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path=f"/api/v1/channels/{NAME}/epochs",
        handler=api.epochs,
        summary="A channel's unbroken stretches of recording; before counts their own numbers.",
        answer=Page[Epoch],
        query=PageQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path=f"/api/v1/channels/{NAME}/gaps",
        handler=api.gaps,
        summary="The time between epochs, of which nothing is recorded.",
        answer=Page[Gap],
        query=PageQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path=f"/api/v1/channels/{NAME}/alarms",
        handler=api.alarms,
        summary="The times in which a channel's model did not seem to fit.",
        answer=Page[Alarm],
        query=PageQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path=f"/api/v1/channels/{NAME}/cues",
        handler=cues_api.cues,
        summary="A channel's SCTE-35 cues: those of the feed, and those for what was found.",
        answer=Page[Cue],
        query=PageQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path=f"/api/v1/alarms/{NUMBER}/pictures/{PICTURE}",
        handler=api.picture,
        summary="A picture of an alarm, as the alarm lists them.",
        answer=None,
        media_type="image/jpeg",
        statuses={404: "No alarm has this picture.", 410: "It is deleted: only the newest alarms keep theirs."},
    ),
    Route(
        path=f"/api/v1/segments/{NUMBER}",
        handler=api.segment,
        summary="One segment with its boundaries and their versions.",
        answer=SegmentDetail,
        statuses={404: "No segment has this number, or it became part of another."},
    ),
    Route(
        path=f"/api/v1/clips/{NUMBER}",
        handler=api.clip,
        summary="One clip.",
        answer=Clip,
        statuses={404: "No clip has this number."},
    ),
    Route(
        path=f"/api/v1/clips/{NUMBER}/download",
        handler=api.download,
        summary="A clip's file. Range, If-None-Match and If-Modified-Since are understood.",
        answer=None,
        media_type="video/mp4",
        statuses={
            206: "The range that was asked for.",
            304: "The file is as you have it.",
            404: "No clip has this number.",
            409: "The clip is not ready.",
            410: "The clip's file is gone.",
            416: "The file has no such range.",
        },
    ),
    Route(
        path=f"/api/v1/programmes/{NUMBER}/export/{FORMAT}",
        handler=exports_api.programme,
        summary="A programme's parts as an edit list, table, chapters or playlist (docs/exports.md).",
        answer=None,
        media_type=ANY,
        query=ExportQuery,
        statuses=BAD | {404: "No programme has this number, or there is no such format.", 409: "It is still on air."},
    ),
    Route(
        path=f"/api/v1/pieces/{NUMBER}/export/{FORMAT}",
        handler=exports_api.piece,
        summary="What a piece is made of, as an edit list, table, chapters or playlist.",
        answer=None,
        media_type=ANY,
        query=ExportQuery,
        statuses=BAD | {404: "No piece has this number, or there is no such format."},
    ),
    Route(
        path=f"/api/v1/channels/{NAME}/export/{FORMAT}",
        handler=exports_api.channel,
        summary="The segments of a stretch of time as an edit list, table, chapters or playlist.",
        answer=None,
        media_type=ANY,
        query=RangeExportQuery,
        statuses=BAD | {404: "No channel has this name, or there is no such format."},
    ),
    Route(
        path=f"/api/v1/channels/{NAME}/recording/{EPOCH}/{FILE}.mp4",
        handler=exports_api.recorded,
        summary="A file of the recording, as playlists name them. Range is understood.",
        answer=None,
        media_type="video/mp4",
        statuses={
            206: "The range that was asked for.",
            304: "The file is as you have it.",
            404: "No channel has this name, or no such file is recorded.",
            416: "The file has no such range.",
        },
    ),
    Route(
        path=f"/api/v1/clips/{NUMBER}/evidence",
        handler=evidence_api.clip,
        summary="The evidence of a clip, as a pack or a document (docs/evidence.md); takes seconds to minutes.",
        answer=None,
        media_type=ANY,
        query=EvidenceQuery,
        statuses=BAD | {404: "No clip has this number."} | BUSY,
    ),
    Route(
        path=f"/api/v1/pieces/{NUMBER}/evidence",
        handler=evidence_api.piece,
        summary="The evidence of a piece, in the same way.",
        answer=None,
        media_type=ANY,
        query=EvidenceQuery,
        statuses=BAD | {404: "No piece has this number."} | BUSY,
    ),
    Route(
        path="/api/v1/targets",
        handler=deliveries.targets,
        summary="The places that finished files can be sent to.",
        answer=Page[deliveries.Target],
        query=Query,
        statuses=BAD,
    ),
    Route(
        path="/api/v1/deliveries",
        handler=deliveries.deliveries,
        summary="Finished files on their way to targets, those that have arrived among them.",
        answer=Page[Delivery],
        query=DeliveriesQuery,
        statuses=BAD,
    ),
    Route(
        path="/api/v1/deliveries",
        method="POST",
        handler=deliveries.want,
        summary="Have a clip or piece delivered to a target as soon as it is ready; said again, it is tried at once.",
        answer=Delivery,
        status=202,
        body=DeliveryBody,
        statuses=WRITES | {404: "No clip or piece has this number."},
    ),
    Route(
        path=f"/api/v1/deliveries/{NUMBER}",
        handler=deliveries.delivery,
        summary="One delivery.",
        answer=Delivery,
        statuses={404: "No delivery has this number."},
    ),
    Route(
        path=f"/api/v1/channels/{NAME}/programmes",
        handler=programmes_api.programmes,
        summary="A channel's programmes by name, with their parts.",
        answer=Page[Programme],
        query=PageQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path=f"/api/v1/programmes/{NUMBER}",
        handler=programmes_api.programme,
        summary="One programme.",
        answer=Programme,
        statuses={404: "No programme has this number, or it became part of another."},
    ),
    Route(
        path=f"/api/v1/channels/{NAME}/schedule",
        handler=programmes_api.schedule,
        summary="A channel's printed schedule.",
        answer=Schedule,
        query=ScheduleQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path="/api/v1/events",
        handler=events,
        summary="Live events (SSE); the data of each is a Notice, Last-Event-ID resumes, reset means: fetch all again.",
        answer=Notice,
        media_type=EVENTS,
    ),
    *finished_routes.ROUTES,
    *people_routes.ROUTES,
    *engine_routes.ROUTES,
    *picture_routes.ROUTES,
    *edits_routes.ROUTES,
)
