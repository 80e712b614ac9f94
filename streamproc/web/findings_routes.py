"""The addresses of what was found painted over."""

from streamproc.web import findings_api
from streamproc.web.answers import Finding, Page
from streamproc.web.findings_api import FindingsQuery, FindingVerdictBody
from streamproc.web.route import BAD, NAME, NO_CHANNEL, NUMBER, VERSIONED, WRITES, Route

FINDING = f"/api/v1/findings/{NUMBER}"
NO_FINDING = {404: "No finding has this number, or it was deleted because it was old."}

ROUTES = (
    Route(
        path=f"/api/v1/channels/{NAME}/findings",
        handler=findings_api.findings,
        summary="What was found painted over on a channel, newest first.",
        answer=Page[Finding],
        query=FindingsQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path=FINDING,
        handler=findings_api.finding,
        summary="One finding.",
        answer=Finding,
        statuses=NO_FINDING,
    ),
    Route(
        path=f"{FINDING}/heat.png",
        handler=findings_api.heat,
        summary="How much each place looks painted over: 8-bit grey, at most 480 pixels wide, as wide for its height "
        "as the picture is shown.",
        answer=None,
        media_type="image/png",
        statuses=NO_FINDING,
    ),
    Route(
        path=f"{FINDING}/verdict",
        method="PUT",
        handler=findings_api.judge,
        summary="Say that something was painted over, or that nothing was; null takes that back.",
        answer=Finding,
        body=FindingVerdictBody,
        has_version=True,
        statuses=WRITES | NO_FINDING | VERSIONED,
    ),
)
