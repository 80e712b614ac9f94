"""What people send about themselves and each other, and what they are answered."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from streamproc.catalogue import UserRole
from streamproc.catalogue.audit import AuditRow
from streamproc.catalogue.keys import TokenRow
from streamproc.catalogue.signing import LONGEST_PASSWORD, SHORTEST_PASSWORD, UserRow
from streamproc.timebase import iso_utc
from streamproc.web.answers import Answer, Problem
from streamproc.web.bodies import Body, Name
from streamproc.web.queries import PageQuery

LONGEST_LIFE_DAYS = 3650
Scope = Literal["read", "write", "engineer", "admin"]
Password = Annotated[str, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]
UserName = Annotated[str, Field(pattern=r"^[\w.@+\-]{1,64}$")]


class SignIn(Body):
    """Name and password."""

    name: Annotated[str, Field(max_length=64)]
    """The user's name."""
    password: Annotated[str, Field(max_length=LONGEST_PASSWORD)]
    """The password."""


class OwnPassword(Body):
    """A new password for oneself."""

    old: Annotated[str, Field(max_length=LONGEST_PASSWORD)]
    """The one until now."""
    new: Password
    """The one from now on."""


class NewUser(Body):
    """Somebody to be added."""

    name: UserName
    """What they sign in with: letters, digits, ``. @ + - _``; kept in small letters."""
    full_name: Name | None = None
    """What people call them."""
    role: UserRole
    """What they may do."""
    password: Password | None = None
    """Their first password; without one they come in by OpenID or a proxy only."""


class UserPatch(Body):
    """What of somebody is changed; what is left out stays."""

    full_name: Name | None = None
    """What people call them."""
    role: UserRole | None = None
    """What they may do."""
    disabled: bool | None = None
    """Whether they are kept out."""
    password: Password | None = None
    """A new password."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set or all(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("give full_name, role, disabled or password")
        return self


class NewToken(Body):
    """A token to be made."""

    name: Name
    """What it is for."""
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=4)]
    """What it may be used for; each may also what those before it may: read, write, engineer, admin."""
    days: Annotated[int, Field(ge=1, le=LONGEST_LIFE_DAYS)] | None = 365
    """For how long; null for ever."""
    user_id: Annotated[int, Field(ge=1, lt=1 << 63)] | None = None
    """In whose name, where that is somebody else; for admins."""


class AuditQuery(PageQuery):
    """Which entries are wanted."""

    author: Name | None = None
    """Only what this person did."""


class Myself(Answer):
    """Who is signed in."""

    id: int
    """Their number."""
    name: str
    """Their name."""
    full_name: str
    """What people call them; may be empty."""
    role: UserRole
    """What they may do."""


class Me(Answer):
    """Who asks, and what they may do."""

    user: Myself | None
    """Who is signed in; null when nobody has to."""
    open: bool
    """Whether nobody has to sign in: there are no users, and only this machine is answered."""
    may: list[Literal["view", "edit", "engineer", "admin"]]
    """What this request's way of coming in allows."""
    csrf: str | None
    """What a browser's writing requests must carry as X-CSRF-Token; null where none is needed."""
    sign_in: list[Literal["password", "oidc"]]
    """How one can sign in."""
    oidc_title: str | None
    """What the provider's button is called."""


class NotSignedIn(Problem):
    """Nobody is signed in."""

    sign_in: list[Literal["password", "oidc"]]
    """How one can sign in."""
    oidc_title: str | None
    """What the provider's button is called."""


class UserAnswer(Answer):
    """Somebody who may sign in."""

    id: int
    """Their number."""
    name: str
    """What they sign in with."""
    full_name: str
    """What people call them; may be empty."""
    role: UserRole
    """What they may do."""
    has_password: bool
    """Whether they can sign in with one."""
    created_utc: str
    """Since when."""
    disabled_utc: str | None
    """Since when they are kept out."""


class TokenAnswer(Answer):
    """A token."""

    id: int
    """Its number."""
    user: str
    """In whose name it speaks."""
    name: str
    """What it is for."""
    scopes: list[Scope]
    """What it may be used for."""
    created_utc: str
    """Since when."""
    used_utc: str | None
    """When it was used last, to the minute."""
    expires_utc: str | None
    """Until when."""
    revoked_utc: str | None
    """When it was taken back."""


class MadeToken(TokenAnswer):
    """A token that was just made."""

    secret: str
    """The token itself; nobody can see it again."""


class AuditAnswer(Answer):
    """What somebody did."""

    id: int
    """Its number."""
    created_utc: str
    """When."""
    author: str
    """Who."""
    client: str
    """From where."""
    action: str
    """What."""
    subject: str
    """To what."""
    outcome: int
    """The HTTP status it was answered with."""


def user_answer(row: UserRow) -> UserAnswer:
    """Show a user."""
    return UserAnswer(
        id=row.id,
        name=row.name,
        full_name=row.full_name,
        role=row.role,
        has_password=row.has_password,
        created_utc=iso_utc(row.created_ns),
        disabled_utc=_utc(row.disabled_ns),
    )


def token_answer(row: TokenRow) -> TokenAnswer:
    """Show a token."""
    return TokenAnswer.model_validate(token_fields(row))


def token_fields(row: TokenRow) -> dict[str, object]:
    """Return what a token and one that was just made have in common."""
    return {
        "id": row.id,
        "user": row.user.name,
        "name": row.name,
        "scopes": list(row.scopes),
        "created_utc": iso_utc(row.created_ns),
        "used_utc": _utc(row.used_ns),
        "expires_utc": _utc(row.expires_ns),
        "revoked_utc": _utc(row.revoked_ns),
    }


def audit_answer(row: AuditRow) -> AuditAnswer:
    """Show an entry of the audit log."""
    return AuditAnswer(
        id=row.id,
        created_utc=iso_utc(row.created_ns),
        author=row.deed.author,
        client=row.deed.client,
        action=row.deed.action,
        subject=row.deed.subject,
        outcome=row.deed.outcome,
    )


def _utc(moment_ns: int | None) -> str | None:
    return None if moment_ns is None else iso_utc(moment_ns)
