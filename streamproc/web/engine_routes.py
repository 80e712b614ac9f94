"""The addresses of channels' settings, learning, models, and the operator's data."""

from streamproc.catalogue import UserRole
from streamproc.web import learnings_api, models_api, operator_api, settings_api
from streamproc.web.answers import Learning, Page
from streamproc.web.engine_answers import ChannelConfig, KnownModel, Operations
from streamproc.web.engine_bodies import ChannelBody, LessonBody, NewChannel, UseBody
from streamproc.web.queries import PageQuery, Query
from streamproc.web.route import BAD, NAME, NO_CHANNEL, NUMBER, WRITES, Route

NO_LEARNING = {404: "No learning has this number."}
NOT_WRITABLE = {409: "The configuration file can't be changed from here; the detail says why."}
STALE = {412: "The settings are others by now than If-Match says."}
SETTINGS = f"/api/v1/channels/{NAME}/settings"
LEARNINGS = f"/api/v1/channels/{NAME}/learnings"
LEARNING = f"/api/v1/learnings/{NUMBER}"

ROUTES = (
    Route(
        path="/api/v1/channels",
        method="POST",
        handler=settings_api.add,
        needs=UserRole.ENGINEER,
        summary="Add a channel: it is written into the configuration, and worked on at once.",
        answer=ChannelConfig,
        status=201,
        body=NewChannel,
        statuses=WRITES | {409: "The name is taken, or the configuration file can't be changed from here."},
    ),
    Route(
        path=SETTINGS,
        handler=settings_api.get,
        needs=UserRole.ENGINEER,
        summary="A channel's settings; the ETag is for If-Match.",
        answer=ChannelConfig,
        statuses=NO_CHANNEL | NOT_WRITABLE,
    ),
    Route(
        path=SETTINGS,
        method="PUT",
        handler=settings_api.put,
        needs=UserRole.ENGINEER,
        summary="Give a channel these settings and no others; it begins again with them, the others are not touched.",
        answer=ChannelConfig,
        body=ChannelBody,
        statuses=WRITES | NO_CHANNEL | NOT_WRITABLE | STALE,
    ),
    Route(
        path=SETTINGS,
        method="DELETE",
        handler=settings_api.remove,
        needs=UserRole.ENGINEER,
        summary="Stop a channel and take it out of the configuration; what is recorded and found stays.",
        answer=ChannelConfig,
        statuses=NO_CHANNEL | NOT_WRITABLE | STALE,
    ),
    Route(
        path=LEARNINGS,
        handler=learnings_api.of_channel,
        summary="A channel's learnings.",
        answer=Page[Learning],
        query=PageQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path=LEARNINGS,
        method="POST",
        handler=learnings_api.want,
        needs=UserRole.ENGINEER,
        summary="Have the channel's bug learnt from a stretch of its recording, beside everything else.",
        answer=Learning,
        status=202,
        body=LessonBody,
        has_key=True,
        statuses=WRITES | NO_CHANNEL,
    ),
    Route(path=LEARNING, handler=learnings_api.get, summary="One learning.", answer=Learning, statuses=NO_LEARNING),
    Route(
        path=LEARNING,
        method="DELETE",
        handler=learnings_api.take_back,
        needs=UserRole.ENGINEER,
        summary="Learn it no more.",
        answer=Learning,
        statuses=NO_LEARNING | {409: "It is done."},
    ),
    Route(
        path=f"{LEARNING}/use",
        method="POST",
        handler=learnings_api.use,
        needs=UserRole.ENGINEER,
        summary="Make it the channel's model: written into the configuration, and at work at once.",
        answer=Learning,
        body=UseBody,
        statuses=WRITES | NO_LEARNING | STALE | {409: "It has no model, or the configuration can't be changed."},
    ),
    Route(
        path=f"{LEARNING}/report",
        handler=learnings_api.report,
        summary="How good the model is and where it is wrong, for people: one sandboxed HTML file.",
        answer=None,
        media_type="text/html",
        statuses=NO_LEARNING
        | {206: "A range.", 304: "It is as you have it.", 409: "It has no model.", 410: "Gone."}
        | {416: "The file has no such range."},
    ),
    Route(
        path=f"{LEARNING}/{{picture:(?:mask\\.png|frame\\.jpg|marks\\.png)}}",
        handler=learnings_api.picture,
        summary="mask.png: the bug as it was found; frame.jpg: where it lies; marks.png: of which one must be chosen.",
        answer=None,
        media_type="image/*",
        statuses={206: "A range.", 304: "It is as you have it.", 404: "No learning has this number, or no marks."}
        | {409: "It has no model.", 410: "Gone.", 416: "The file has no such range."},
    ),
    Route(
        path="/api/v1/models",
        handler=models_api.models,
        needs=UserRole.ENGINEER,
        summary="The models of channels and those that were learnt here, with their cards.",
        answer=Page[KnownModel],
        query=Query,
        statuses=BAD,
    ),
    Route(
        path="/api/v1/operations",
        handler=operator_api.operations,
        summary="How the daemon is doing: roles, channels, disks, queues, and what went wrong, in words.",
        answer=Operations,
        query=Query,
        statuses=BAD,
    ),
)
