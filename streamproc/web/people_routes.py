"""The addresses of signing in, users, tokens and the audit log."""

from streamproc.catalogue import UserRole
from streamproc.web import people_api, session_api
from streamproc.web.answers import Page
from streamproc.web.people_bodies import (
    AuditAnswer,
    AuditQuery,
    MadeToken,
    Me,
    NewToken,
    NewUser,
    NotSignedIn,
    OwnPassword,
    SignIn,
    TokenAnswer,
    UserAnswer,
    UserPatch,
)
from streamproc.web.queries import Query
from streamproc.web.route import BAD, NUMBER, WRITES, Route

SESSION = "/api/v1/session"
USERS = "/api/v1/users"
USER = f"{USERS}/{NUMBER}"
TOKENS = "/api/v1/tokens"
NO_USER = {404: "No user has this number."}
LAST = {409: "Nobody would be left who may add people."}

ROUTES = (
    Route(
        path=SESSION,
        handler=session_api.show,
        summary="Who asks, and what they may do.",
        answer=Me,
        query=Query,
        is_public=True,
        statuses=BAD | {401: "Nobody is signed in; sign_in says how one can."},
        problems={401: NotSignedIn},
    ),
    Route(
        path=SESSION,
        method="POST",
        handler=session_api.sign_in,
        summary="Sign in with name and password; the answer sets the cookie streamproc_session.",
        answer=Me,
        body=SignIn,
        is_public=True,
        statuses=WRITES | {401: "Name or password is wrong.", 409: "There are no users."},
    ),
    Route(
        path=SESSION,
        method="DELETE",
        handler=session_api.sign_out,
        summary="Sign out.",
        answer=None,
        status=204,
        needs=UserRole.VIEWER,
    ),
    Route(
        path=f"{SESSION}/password",
        method="POST",
        handler=session_api.change_password,
        summary="Give oneself another password; all other sessions end.",
        answer=Me,
        body=OwnPassword,
        needs=UserRole.VIEWER,
        statuses=WRITES | {409: "Nobody is signed in with a browser."},
    ),
    Route(
        path=USERS,
        handler=people_api.users,
        summary="Everybody who may sign in.",
        answer=Page[UserAnswer],
        query=Query,
        needs=UserRole.ADMIN,
        statuses=BAD,
    ),
    Route(
        path=USERS,
        method="POST",
        handler=people_api.add_user,
        summary="Add somebody; with the first one, who must be an admin, everybody has to sign in.",
        answer=UserAnswer,
        status=201,
        body=NewUser,
        needs=UserRole.ADMIN,
        statuses=WRITES | {409: "The name is taken."},
    ),
    Route(
        path=USER,
        handler=people_api.user,
        summary="One user.",
        answer=UserAnswer,
        needs=UserRole.ADMIN,
        statuses=NO_USER,
    ),
    Route(
        path=USER,
        method="PATCH",
        handler=people_api.change_user,
        summary="Give somebody another role, name or password, or keep them out.",
        answer=UserAnswer,
        body=UserPatch,
        needs=UserRole.ADMIN,
        statuses=WRITES | NO_USER | LAST,
    ),
    Route(
        path=USER,
        method="DELETE",
        handler=people_api.remove_user,
        summary="Delete somebody with their sessions and tokens; what they did keeps their name.",
        answer=None,
        status=204,
        needs=UserRole.ADMIN,
        statuses=NO_USER | LAST,
    ),
    Route(
        path=TOKENS,
        handler=people_api.tokens,
        summary="One's own tokens; everybody's for an admin.",
        answer=Page[TokenAnswer],
        query=Query,
        statuses=BAD,
    ),
    Route(
        path=TOKENS,
        method="POST",
        handler=people_api.add_token,
        summary="Make a token for a program; its secret is shown this once.",
        answer=MadeToken,
        status=201,
        body=NewToken,
        needs=UserRole.VIEWER,
        statuses=WRITES | {409: "There are no users."},
    ),
    Route(
        path=f"{TOKENS}/{NUMBER}",
        method="DELETE",
        handler=people_api.revoke_token,
        summary="Take a token back.",
        answer=None,
        status=204,
        needs=UserRole.VIEWER,
        statuses={404: "No token of yours has this number."},
    ),
    Route(
        path="/api/v1/audit",
        handler=people_api.audit,
        summary="Who changed what, from where, and who signed in or tried to.",
        answer=Page[AuditAnswer],
        query=AuditQuery,
        needs=UserRole.ADMIN,
        statuses=BAD,
    ),
)
