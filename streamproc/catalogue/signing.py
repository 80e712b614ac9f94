"""The book of people: who may sign in, as what, and with which password.

Passwords are kept as argon2id hashes (docs/decisions/0015-sign-in.md). Checking one takes tens of milliseconds and
64 MiB on purpose, and is done outside of any transaction.
"""

import re
import unicodedata
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.orm import Session as Transaction

from streamproc.catalogue.ledger import Ledger
from streamproc.catalogue.people import Session, User, UserRole
from streamproc.errors import CatalogueConflict, ConfigError

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 256
_NAME = re.compile(r"[\w.@+-]{1,64}")
_hasher = PasswordHasher()
_OF_NOBODY = _hasher.hash("nobody has this password")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    """Somebody who may sign in."""

    id: int
    """Their number."""
    name: str
    """What they sign in with: small letters, digits, ``. @ + - _``."""
    full_name: str
    """What people call them; may be empty."""
    role: UserRole
    """What they may do."""
    has_password: bool
    """Whether they can sign in with one; those of an identity provider or a proxy need none."""
    created_ns: int
    """Since when, wall time."""
    disabled_ns: int | None
    """Since when they may no longer come in; None while they may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChange:
    """What of somebody is changed; None stays as it is."""

    full_name: str | None = None
    """What people call them."""
    role: UserRole | None = None
    """What they may do."""
    disabled: bool | None = None
    """Whether they are kept out."""
    password: str | None = None
    """A new password."""


class People:
    """See the module. Every call is one transaction and raises CatalogueError when the database fails."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def exist(self) -> bool:
        """Tell whether anybody was ever added, those who are kept out among them."""
        with self._ledger.read() as session:
            return bool(session.scalar(select(exists().where(User.id.is_not(None)))))

    def all(self) -> list[UserRow]:
        """Return everybody, by name."""
        with self._ledger.read() as session:
            return [user_row(user) for user in session.scalars(select(User).order_by(User.name))]

    def get(self, user_id: int) -> UserRow | None:
        """Return somebody by their number."""
        return self._find(User.id == user_id)

    def named(self, name: str) -> UserRow | None:
        """Return somebody by their name, however it is written."""
        return self._find(User.name == plain_name(name))

    def add(self, name: str, role: UserRole, *, full_name: str = "", password: str | None = None) -> UserRow:
        """Add somebody. Raises ConfigError: name or password can't be; CatalogueConflict: the name is taken."""
        wanted = check_name(name)
        hashed = None if password is None else hash_password(password)
        with self._ledger.write() as write:
            if write.session.scalar(select(User.id).where(User.name == wanted)) is not None:
                raise CatalogueConflict(f"there is a user '{wanted}' already; choose another name")
            user = User(name=wanted, full_name=full_name, role=role, password_hash=hashed, created_ns=write.now_ns)
            write.session.add(user)
            write.session.flush()
            return user_row(user)

    def change(self, user_id: int, change: UserChange) -> UserRow | None:
        """Change somebody; None when there is no such. Whoever is kept out, or has a new password, is signed out.

        Raises CatalogueConflict: nobody would be left to add people; ConfigError: the password can't be.
        """
        hashed = None if change.password is None else hash_password(change.password)
        with self._ledger.write() as write:
            user = write.session.get(User, user_id)
            if user is None:
                return None
            admins = _admins(write.session)
            user.full_name = user.full_name if change.full_name is None else change.full_name
            user.role = user.role if change.role is None else change.role
            user.password_hash = user.password_hash if hashed is None else hashed
            if change.disabled is not None and change.disabled != (user.disabled_ns is not None):
                user.disabled_ns = write.now_ns if change.disabled else None
            if change.disabled or hashed is not None:
                write.session.execute(delete(Session).where(Session.user_id == user_id))
            write.session.flush()
            _check_left(write.session, admins)
            return user_row(user)

    def remove(self, user_id: int) -> bool:
        """Delete somebody with their sessions and tokens; what they did keeps their name. False when there is no such.

        Raises CatalogueConflict: nobody would be left to add people.
        """
        with self._ledger.write() as write:
            user = write.session.get(User, user_id)
            if user is None:
                return False
            admins = _admins(write.session)
            write.session.delete(user)
            write.session.flush()
            _check_left(write.session, admins)
            return True

    def verify(self, name: str, password: str) -> UserRow | None:
        """Return who has this name and password, and may come in; takes as long for a name that nobody has."""
        with self._ledger.read() as session:
            user = session.scalar(select(User).where(User.name == plain_name(name)))
            hashed = None if user is None or user.disabled_ns is not None else user.password_hash
            row = None if user is None or hashed is None else user_row(user)
        try:
            _hasher.verify(_OF_NOBODY if hashed is None else hashed, password)
        except (Argon2Error, InvalidHashError):
            return None
        if row is None or hashed is None:
            return None
        if _hasher.check_needs_rehash(hashed):
            self._renew(row.id, _hasher.hash(password))
        return row

    def from_outside(self, name: str, full_name: str, role: UserRole | None) -> UserRow | None:
        """Return whom an identity provider or a proxy vouches for; somebody new is added with ``role``.

        None: they are kept out, or are new and ``role`` is None, or their name can't be one of ours.
        """
        known = self.named(name)
        if known is not None or role is None or _NAME.fullmatch(plain_name(name)) is None:
            return None if known is None or known.disabled_ns is not None else known
        try:
            return self.add(name, role, full_name=full_name)
        except CatalogueConflict:  # two requests of the same new person at once
            return self.named(name)

    def _find(self, where: ColumnElement[bool]) -> UserRow | None:
        with self._ledger.read() as session:
            user = session.scalar(select(User).where(where))
            return None if user is None else user_row(user)

    def _renew(self, user_id: int, hashed: str) -> None:
        with self._ledger.write() as write:
            user = write.session.get(User, user_id)
            if user is not None:
                user.password_hash = hashed


def user_row(user: User) -> UserRow:
    """Return what is shown of a user: everything but the hash."""
    return UserRow(
        id=user.id,
        name=user.name,
        full_name=user.full_name,
        role=user.role,
        has_password=user.password_hash is not None,
        created_ns=user.created_ns,
        disabled_ns=user.disabled_ns,
    )


def plain_name(name: str) -> str:
    """Return a name as it is kept: in small letters, composed, without blanks at its ends."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def check_name(name: str) -> str:
    """Return the plain name. Raises ConfigError: it can't be a name."""
    wanted = plain_name(name)
    if _NAME.fullmatch(wanted) is None:
        raise ConfigError("a user's name has 1 to 64 letters, digits and . @ + - _, without blanks")
    return wanted


def hash_password(password: str) -> str:
    """Return the hash that is kept. Raises ConfigError: the password can't be."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise ConfigError(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    return _hasher.hash(password)


def _admins(session: Transaction) -> int:
    """Return how many may add people."""
    active = select(func.count()).select_from(User).where(User.role == UserRole.ADMIN, User.disabled_ns.is_(None))
    return session.scalar(active) or 0


def _check_left(session: Transaction, admins: int) -> None:
    """See to it that somebody can still add people, where somebody could. Raises CatalogueConflict."""
    if admins and not _admins(session):
        raise CatalogueConflict("nobody would be left who may add people; make somebody else an admin first")
