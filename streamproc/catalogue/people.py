"""The tables of people and what they do: users, sessions, tokens, the audit log, edits, what was seen and taken.

docs/decisions/0015-sign-in.md and 0016-edits.md say why they look like this.
"""

from enum import StrEnum
from fractions import Fraction

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from streamproc.catalogue.models import AUTOINCREMENT, Base, Channel, Epoch, Exact, Id, words


class UserRole(StrEnum):
    """What a person may do; each may also do what those before it may."""

    VIEWER = "viewer"  # see and download
    EDITOR = "editor"  # correct, order, deliver
    ENGINEER = "engineer"  # channels and models
    ADMIN = "admin"  # people


class EditAction(StrEnum):
    """What an edit did."""

    MOVE = "move"  # a boundary to another frame
    ADD = "add"  # a boundary
    REMOVE = "remove"  # a boundary
    MARK = "mark"  # a stretch as programme or advert
    SPLIT = "split"  # a programme into two
    MERGE = "merge"  # two programmes into one
    UNDO = "undo"  # takes an edit back


class CurveKind(StrEnum):
    """What was measured along a recording."""

    SCORE = "score"  # probability that the bug is on the picture
    LEVEL = "level"  # loudness of the sound, dBFS


class LearningState(StrEnum):
    """How far the learning of a model is."""

    QUEUED = "queued"
    LEARNING = "learning"
    READY = "ready"  # learnt, with its report; not in use
    USED = "used"  # the channel's model
    FAILED = "failed"


class User(Base):
    """Somebody who may sign in."""

    __tablename__ = "users"
    __table_args__ = (AUTOINCREMENT,)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    full_name: Mapped[str] = mapped_column(Text)
    role: Mapped[UserRole] = mapped_column(words(UserRole))
    password_hash: Mapped[str | None] = mapped_column(Text)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    disabled_ns: Mapped[int | None] = mapped_column(BigInteger)


class Session(Base):
    """A browser that is signed in; of its secret only the digest is kept."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    client: Mapped[str] = mapped_column(Text)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    used_ns: Mapped[int] = mapped_column(BigInteger)
    expires_ns: Mapped[int] = mapped_column(BigInteger)

    user: Mapped[User] = relationship()


class Token(Base):
    """A program that may use the API in somebody's name; of its secret only the digest is kept."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(Text)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    used_ns: Mapped[int | None] = mapped_column(BigInteger)
    expires_ns: Mapped[int | None] = mapped_column(BigInteger)
    revoked_ns: Mapped[int | None] = mapped_column(BigInteger)

    user: Mapped[User] = relationship()


class Audit(Base):
    """Who did what, from where; never changed."""

    __tablename__ = "audit"
    __table_args__ = (AUTOINCREMENT,)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    created_ns: Mapped[int] = mapped_column(BigInteger, index=True)
    author: Mapped[str] = mapped_column(Text)
    client: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(Text)
    outcome: Mapped[int]


class Edit(Base):
    """What a person changed in the catalogue, with what is needed to take it back; never changed but for ``undone``."""

    __tablename__ = "edits"
    __table_args__ = (AUTOINCREMENT,)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    epoch_id: Mapped[int | None] = mapped_column(ForeignKey("epochs.id"))
    action: Mapped[EditAction] = mapped_column(words(EditAction))
    start: Mapped[Fraction | None] = mapped_column(Exact)
    end: Mapped[Fraction | None] = mapped_column(Exact)
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("edits.id"))
    undone_ns: Mapped[int | None] = mapped_column(BigInteger)
    author: Mapped[str] = mapped_column(Text)
    created_ns: Mapped[int] = mapped_column(BigInteger)

    channel: Mapped[Channel] = relationship()
    epoch: Mapped[Epoch | None] = relationship()


class Seen(Base):
    """That somebody has looked at something that waits for a look."""

    __tablename__ = "seen"

    author: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    created_ns: Mapped[int] = mapped_column(BigInteger)


class Handout(Base):
    """The first download of a programme's file: how long an editor took from the programme's end."""

    __tablename__ = "handouts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    programme_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    piece_id: Mapped[int] = mapped_column(ForeignKey("pieces.id"))
    ended_ns: Mapped[int] = mapped_column(BigInteger)
    wished_ns: Mapped[int] = mapped_column(BigInteger)
    ready_ns: Mapped[int] = mapped_column(BigInteger)
    taken_ns: Mapped[int] = mapped_column(BigInteger)
    author: Mapped[str] = mapped_column(Text)

    channel: Mapped[Channel] = relationship()


class Curve(Base):
    """A minute of something measured along an epoch; written again when the minute is read again."""

    __tablename__ = "curves"

    epoch_id: Mapped[int] = mapped_column(ForeignKey("epochs.id"), primary_key=True)
    kind: Mapped[CurveKind] = mapped_column(words(CurveKind), primary_key=True)
    minute: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    values: Mapped[bytes] = mapped_column(LargeBinary)
    updated_ns: Mapped[int] = mapped_column(BigInteger)


class Learning(Base):
    """The wish for a model, learnt from a channel's recording, and what became of it."""

    __tablename__ = "learnings"
    __table_args__ = (Index(None, "channel_id", "state"), UniqueConstraint("key"), AUTOINCREMENT)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    state: Mapped[LearningState] = mapped_column(words(LearningState))
    wish: Mapped[str] = mapped_column(Text)
    folder: Mapped[str | None] = mapped_column(Text)
    share: Mapped[float | None]
    message: Mapped[str | None] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    key: Mapped[str | None] = mapped_column(String(128))
    created_ns: Mapped[int] = mapped_column(BigInteger)
    updated_ns: Mapped[int] = mapped_column(BigInteger)

    channel: Mapped[Channel] = relationship()
