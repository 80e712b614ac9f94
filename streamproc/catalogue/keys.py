"""The book of keys: the sessions of browsers and the tokens of programs. Of a secret only its SHA-256 is kept.

The secrets are 256 random bits, so a plain digest is enough: there is nothing to guess. A session ends when it was not
used for some hours, when it is too old, and when its person signs out, is kept out or gets a new password.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import joinedload

from streamproc.catalogue.ledger import Ledger
from streamproc.catalogue.people import Session, Token, User
from streamproc.catalogue.signing import UserRow, user_row
from streamproc.errors import CatalogueError
from streamproc.timebase import NS

PREFIX = "streamproc_"
"""What a token begins with, so that one in the wrong place is known for what it is."""
NOTED_EVERY_NS = 60 * NS
"""When a key was used last is written down at most so often: reading must not become writing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A token, without its secret."""

    id: int
    """Its number."""
    user: UserRow
    """In whose name it speaks."""
    name: str
    """What it is for."""
    scopes: tuple[str, ...]
    """What it may be used for."""
    created_ns: int
    """Since when, wall time."""
    used_ns: int | None
    """When it was used last, to the minute."""
    expires_ns: int | None
    """Until when; None for ever."""
    revoked_ns: int | None
    """When it was taken back."""


class Keys:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def open_session(self, user_id: int, client: str, longest_ns: int) -> str:
        """Begin a session and return its secret; those that are over are forgotten."""
        secret = secrets.token_urlsafe(32)
        with self._ledger.write() as write:
            write.session.execute(delete(Session).where(Session.expires_ns < write.now_ns))
            session = Session(user_id=user_id, secret_sha256=_digest(secret), client=client)
            session.created_ns = session.used_ns = write.now_ns
            session.expires_ns = write.now_ns + longest_ns
            write.session.add(session)
        return secret

    def of_session(self, secret: str, idle_ns: int) -> UserRow | None:
        """Return whose session it is; None when it is over, or they are kept out."""
        now_ns = self._ledger.now_ns()
        query = select(Session).where(Session.secret_sha256 == _digest(secret)).options(joinedload(Session.user))
        with self._ledger.read() as reading:
            session = reading.scalar(query)
            if session is None or session.user.disabled_ns is not None:
                return None
            if session.expires_ns <= now_ns or session.used_ns + idle_ns <= now_ns:
                return None
            number, used_ns, row = session.id, session.used_ns, user_row(session.user)
        if used_ns + NOTED_EVERY_NS <= now_ns:
            self._note(Session, number)
        return row

    def close_session(self, secret: str) -> None:
        """End a session."""
        with self._ledger.write() as write:
            write.session.execute(delete(Session).where(Session.secret_sha256 == _digest(secret)))

    def add_token(
        self, user_id: int, name: str, scopes: Sequence[str], expires_ns: int | None
    ) -> tuple[TokenRow, str] | None:
        """Make a token; returns it and its secret, which nobody can see again. None when there is no such user."""
        secret = PREFIX + secrets.token_urlsafe(32)
        with self._ledger.write() as write:
            user = write.session.get(User, user_id)
            if user is None:
                return None
            token = Token(user=user, name=name, scopes=" ".join(scopes), secret_sha256=_digest(secret))
            token.created_ns, token.expires_ns = write.now_ns, expires_ns
            write.session.add(token)
            write.session.flush()
            return _token_row(token), secret

    def of_token(self, secret: str) -> TokenRow | None:
        """Return the token with this secret; None when it is over or taken back, or its person is kept out."""
        now_ns = self._ledger.now_ns()
        query = select(Token).where(Token.secret_sha256 == _digest(secret)).options(joinedload(Token.user))
        with self._ledger.read() as reading:
            token = reading.scalar(query)
            if token is None or token.revoked_ns is not None or token.user.disabled_ns is not None:
                return None
            if token.expires_ns is not None and token.expires_ns <= now_ns:
                return None
            row = _token_row(token)
        if row.used_ns is None or row.used_ns + NOTED_EVERY_NS <= now_ns:
            self._note(Token, row.id)
        return row

    def tokens(self, user_id: int | None = None) -> list[TokenRow]:
        """Return somebody's tokens, or everybody's, newest first, those that are over among them."""
        query = select(Token).options(joinedload(Token.user)).order_by(Token.id.desc())
        if user_id is not None:
            query = query.where(Token.user_id == user_id)
        with self._ledger.read() as session:
            return [_token_row(token) for token in session.scalars(query)]

    def token(self, token_id: int) -> TokenRow | None:
        """Return a token by its number."""
        query = select(Token).where(Token.id == token_id).options(joinedload(Token.user))
        with self._ledger.read() as session:
            token = session.scalar(query)
            return None if token is None else _token_row(token)

    def revoke(self, token_id: int) -> None:
        """Take a token back; it stays in the list. Raises CatalogueError: there is no such."""
        with self._ledger.write() as write:
            token = write.session.get(Token, token_id)
            if token is None:
                raise CatalogueError(f"the catalogue knows no token {token_id}")
            token.revoked_ns = write.now_ns if token.revoked_ns is None else token.revoked_ns

    def _note(self, kind: type[Session] | type[Token], number: int) -> None:
        with self._ledger.write() as write:
            write.session.execute(update(kind).where(kind.id == number).values(used_ns=write.now_ns))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _token_row(token: Token) -> TokenRow:
    return TokenRow(
        id=token.id,
        user=user_row(token.user),
        name=token.name,
        scopes=tuple(token.scopes.split()),
        created_ns=token.created_ns,
        used_ns=token.used_ns,
        expires_ns=token.expires_ns,
        revoked_ns=token.revoked_ns,
    )
