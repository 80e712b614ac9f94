"""The addresses of what people correct, look at, look for and take home."""

from streamproc.catalogue import UserRole
from streamproc.web import edits_api, reviews_api, search_api
from streamproc.web.answers import Boundary, Page
from streamproc.web.bodies import AuthorBody, MarkBody, MergeBody, MoveBody, SeenBody, SplitBody
from streamproc.web.edits_api import Edit, RemoveQuery
from streamproc.web.finished_answers import SeenBy
from streamproc.web.queries import PageQuery
from streamproc.web.route import BAD, NAME, NO_CHANNEL, NUMBER, VERSIONED, WRITES, Route
from streamproc.web.search_api import Found, Handout, SearchQuery

BOUNDARY = f"/api/v1/boundaries/{NUMBER}"
NO_BOUNDARY = {404: "No boundary has this number."}
NO_PROGRAMME = {404: "No programme has this number."}
NOT_NOW = {409: "It is not possible as things stand; the detail says why."}
GONE = {410: "The recording there is deleted, so no frame can be found."}

ROUTES = (
    Route(
        path=BOUNDARY,
        handler=edits_api.boundary,
        summary="One boundary with all its versions; its ETag is the number of the newest.",
        answer=Boundary,
        statuses=NO_BOUNDARY,
    ),
    Route(
        path=BOUNDARY,
        method="PATCH",
        handler=edits_api.move,
        summary="Put a boundary on another frame, between its neighbours.",
        answer=Boundary,
        body=MoveBody,
        has_version=True,
        statuses=WRITES | NO_BOUNDARY | NOT_NOW | GONE | VERSIONED,
    ),
    Route(
        path=BOUNDARY,
        method="DELETE",
        handler=edits_api.remove,
        summary="Take a boundary out: what is on air before it, or after it, goes on.",
        answer=Edit,
        query=RemoveQuery,
        has_version=True,
        statuses=BAD | NO_BOUNDARY | NOT_NOW | VERSIONED,
    ),
    Route(
        path=f"/api/v1/channels/{NAME}/marks",
        method="POST",
        handler=edits_api.mark,
        summary="Say that a stretch is programme, or advert; boundaries follow: added, moved, taken out.",
        answer=Edit,
        status=201,
        body=MarkBody,
        statuses=WRITES | NO_CHANNEL | NOT_NOW | GONE,
    ),
    Route(
        path=f"/api/v1/programmes/{NUMBER}/split",
        method="POST",
        handler=edits_api.split,
        summary="Say that another programme begins at a frame of one; no schedule joins them again.",
        answer=Edit,
        status=201,
        body=SplitBody,
        statuses=WRITES | NO_PROGRAMME | NOT_NOW | GONE,
    ),
    Route(
        path=f"/api/v1/programmes/{NUMBER}/merge",
        method="POST",
        handler=edits_api.merge,
        summary="Say that two programmes are one; the first keeps its number and name.",
        answer=Edit,
        status=201,
        body=MergeBody,
        statuses=WRITES | NO_PROGRAMME | NOT_NOW,
    ),
    Route(
        path=f"/api/v1/channels/{NAME}/edits",
        handler=edits_api.edits,
        summary="What people have edited of a channel.",
        answer=Page[Edit],
        query=PageQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path=f"/api/v1/edits/{NUMBER}/undo",
        method="POST",
        handler=edits_api.undo,
        summary="Take an edit back, where what it left is still as it left it; undoing that does it again.",
        answer=Edit,
        status=201,
        body=AuthorBody,
        statuses=WRITES | {404: "No edit has this number."} | NOT_NOW,
    ),
    Route(
        path="/api/v1/seen",
        method="POST",
        handler=reviews_api.see,
        summary="Say that you have looked at something that waits for a look; it goes on waiting.",
        answer=SeenBy,
        body=SeenBody,
        statuses=WRITES,
        needs=UserRole.VIEWER,
    ),
    Route(
        path=f"/api/v1/channels/{NAME}/handouts",
        handler=search_api.handouts,
        summary="How long it took from each programme's end until somebody had its file.",
        answer=Page[Handout],
        query=PageQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path="/api/v1/search",
        handler=search_api.search,
        summary="Programmes and listings by their words, of all channels, latest first.",
        answer=Page[Found],
        query=SearchQuery,
        statuses=BAD | NO_CHANNEL,
    ),
)
