"""The tables. docs/decisions/0006-catalogue.md says why they look like this.

A boundary is the truth; a segment is nothing but the space between two neighbouring boundaries that still stand,
with an id that stays. Its kind, its state and its times are those of its boundaries, so they can't disagree.
"""

from enum import StrEnum
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, MetaData, String, Text, TypeDecorator, UniqueConstraint
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from streamproc.messages import AlarmKind, BoundaryState, Kind, Method

Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER keys by itself
AUTOINCREMENT = {"sqlite_autoincrement": True}  # an id that was shown to somebody is never given again


class Exact(TypeDecorator[Fraction]):
    """Exact seconds, kept as the text ``numerator/denominator`` in lowest terms, so that equal means equal."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Fraction | None, dialect: Dialect) -> str | None:
        """Return the text of a fraction."""
        return None if value is None else f"{value.numerator}/{value.denominator}"

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Fraction | None:
        """Return the fraction of a text."""
        return None if value is None else Fraction(value)


def words(enum: type[StrEnum]) -> SqlEnum:
    """Return the column type of an enumeration: its values as text, the same on every database."""
    return SqlEnum(enum, native_enum=False, length=16, values_callable=lambda kind: [member.value for member in kind])


class Role(StrEnum):
    """What a boundary is in its epoch."""

    START = "start"  # the feed began; always there, always at 0
    CHANGE = "change"  # what is on air changed
    END = "end"  # the feed ended


class ClipState(StrEnum):
    """How far a clip is."""

    QUEUED = "queued"
    CUTTING = "cutting"
    READY = "ready"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"  # an edit took back what it shows


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Channel(Base):
    """One feed."""

    __tablename__ = "channels"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(Text)
    model_name: Mapped[str | None] = mapped_column(Text)
    model_sha256: Mapped[str | None] = mapped_column(String(64))
    clips: Mapped[bool]
    min_confidence: Mapped[float] = mapped_column(server_default="0")
    review_ns: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_ns: Mapped[int] = mapped_column(BigInteger)


class Epoch(Base):
    """One unbroken stretch of a channel's recording."""

    __tablename__ = "epochs"
    __table_args__ = (UniqueConstraint("channel_id", "number"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    number: Mapped[int] = mapped_column(BigInteger)
    utc_zero_ns: Mapped[int | None] = mapped_column(BigInteger)
    frame_rate: Mapped[Fraction | None] = mapped_column(Exact)
    description: Mapped[str] = mapped_column(Text)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    end: Mapped[Fraction | None] = mapped_column(Exact)
    end_frame: Mapped[int | None] = mapped_column(BigInteger)
    end_reason: Mapped[str | None] = mapped_column(Text)

    channel: Mapped[Channel] = relationship()


class Gap(Base):
    """The time between two epochs, of which nothing is recorded."""

    __tablename__ = "gaps"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    before_id: Mapped[int] = mapped_column(ForeignKey("epochs.id"), unique=True)
    after_id: Mapped[int] = mapped_column(ForeignKey("epochs.id"), unique=True)

    before: Mapped[Epoch] = relationship(foreign_keys=before_id)
    after: Mapped[Epoch] = relationship(foreign_keys=after_id)


class Boundary(Base):
    """A place in an epoch where what is on air changes, or the feed begins or ends; its newest version's values."""

    __tablename__ = "boundaries"
    __table_args__ = (UniqueConstraint("epoch_id", "decided"), Index(None, "epoch_id", "time_ns"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    epoch_id: Mapped[int] = mapped_column(ForeignKey("epochs.id"))
    role: Mapped[Role] = mapped_column(words(Role))
    state: Mapped[BoundaryState] = mapped_column(words(BoundaryState), index=True)
    before: Mapped[Kind] = mapped_column(words(Kind))
    after: Mapped[Kind] = mapped_column(words(Kind))
    last_old: Mapped[Fraction | None] = mapped_column(Exact)
    first_new: Mapped[Fraction | None] = mapped_column(Exact)
    decided: Mapped[Fraction | None] = mapped_column(Exact)
    time: Mapped[Fraction] = mapped_column(Exact)
    time_ns: Mapped[int] = mapped_column(BigInteger)
    frame: Mapped[int | None] = mapped_column(BigInteger)
    confidence: Mapped[float]
    method: Mapped[Method] = mapped_column(words(Method))
    version: Mapped[int] = mapped_column(server_default="1")
    created_ns: Mapped[int] = mapped_column(BigInteger)

    epoch: Mapped[Epoch] = relationship()


class BoundaryVersion(Base):
    """Where a boundary was at some time, and how settled; never changed, never deleted."""

    __tablename__ = "boundary_versions"
    __table_args__ = (UniqueConstraint("boundary_id", "number"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    boundary_id: Mapped[int] = mapped_column(ForeignKey("boundaries.id"))
    number: Mapped[int]
    state: Mapped[BoundaryState] = mapped_column(words(BoundaryState))
    time: Mapped[Fraction] = mapped_column(Exact)
    frame: Mapped[int | None] = mapped_column(BigInteger)
    confidence: Mapped[float]
    method: Mapped[Method] = mapped_column(words(Method))
    author: Mapped[str | None] = mapped_column(Text)
    created_ns: Mapped[int] = mapped_column(BigInteger)


class Segment(Base):
    """The space between two neighbouring boundaries; without an end it is what is on air now.

    One that had a clip when an edit took its start back stays as a row without an end, for the clip's sake: it is no
    segment any more, unless the edit is undone.
    """

    __tablename__ = "segments"
    __table_args__ = (AUTOINCREMENT,)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    epoch_id: Mapped[int] = mapped_column(ForeignKey("epochs.id"), index=True)
    start_id: Mapped[int] = mapped_column(ForeignKey("boundaries.id"), unique=True)
    end_id: Mapped[int | None] = mapped_column(ForeignKey("boundaries.id"), unique=True)
    title: Mapped[str | None] = mapped_column(Text)

    epoch: Mapped[Epoch] = relationship()
    start: Mapped[Boundary] = relationship(foreign_keys=start_id)
    end: Mapped[Boundary | None] = relationship(foreign_keys=end_id)


class Clip(Base):
    """A file cut, or to be cut, from a final segment."""

    __tablename__ = "clips"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    segment_id: Mapped[int] = mapped_column(ForeignKey("segments.id"), unique=True)
    state: Mapped[ClipState] = mapped_column(words(ClipState), index=True)
    attempts: Mapped[int]
    path: Mapped[str | None] = mapped_column(Text)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    message: Mapped[str | None] = mapped_column(Text)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    updated_ns: Mapped[int] = mapped_column(BigInteger)
    removed_ns: Mapped[int | None] = mapped_column(BigInteger)

    segment: Mapped[Segment] = relationship()


class Reader(Base):
    """Where a reader of a channel's recording is."""

    __tablename__ = "readers"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger)
    time: Mapped[Fraction | None] = mapped_column(Exact)
    memory: Mapped[str] = mapped_column(Text)
    updated_ns: Mapped[int] = mapped_column(BigInteger)


class Label(Base):
    """What a person says is on air; never changed, never deleted: a later one overrides."""

    __tablename__ = "labels"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    epoch_id: Mapped[int] = mapped_column(ForeignKey("epochs.id"), index=True)
    kind: Mapped[Kind] = mapped_column(words(Kind))
    start: Mapped[Fraction] = mapped_column(Exact)
    end: Mapped[Fraction] = mapped_column(Exact)
    author: Mapped[str] = mapped_column(Text)
    created_ns: Mapped[int] = mapped_column(BigInteger)

    epoch: Mapped[Epoch] = relationship()


class Alarm(Base):
    """A time in which a channel's model did not seem to fit; it stands until it is cleared."""

    __tablename__ = "alarms"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    kind: Mapped[AlarmKind] = mapped_column(words(AlarmKind))
    model_sha256: Mapped[str | None] = mapped_column(String(64))
    since_ns: Mapped[int] = mapped_column(BigInteger)
    raised_ns: Mapped[int] = mapped_column(BigInteger)
    cleared_ns: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(Text)
    sureness: Mapped[float]
    usual: Mapped[float]
    unsure_share: Mapped[float]
    absent_s: Mapped[float]
    pictures: Mapped[str] = mapped_column(Text)

    channel: Mapped[Channel] = relationship()


class Watch(Base):
    """What the watch over a channel's model remembers."""

    __tablename__ = "watches"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), primary_key=True)
    memory: Mapped[str] = mapped_column(Text)
    updated_ns: Mapped[int] = mapped_column(BigInteger)


class Event(Base):
    """The outbox: one row for each thing that happened, written in the transaction that made it happen."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    channel: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[int] = mapped_column(BigInteger)


class Outbox(Base):
    """One row: the number of the newest event.

    Whoever writes locks it first. So the numbers are given in the order of the commits on every database, and a
    reader that has seen event n can be sure that no event below n will appear later.
    """

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_event_id: Mapped[int] = mapped_column(BigInteger)
