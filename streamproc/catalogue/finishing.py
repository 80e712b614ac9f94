"""The tables of finished work: the schedule, programmes, pieces, orders, deliveries, webhooks, cues, reviews.

docs/decisions/0013-finished-work.md says why they look like this.
"""

from enum import StrEnum
from fractions import Fraction

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from streamproc.catalogue.models import AUTOINCREMENT, Base, Channel, Clip, Epoch, Exact, Id, words
from streamproc.messages import CueKind, CueOrigin, Wanted


class ProgrammeState(StrEnum):
    """How far a programme is."""

    RUNNING = "running"
    COMPLETE = "complete"


class Mode(StrEnum):
    """How a piece is cut out of the recording."""

    EXACT = "exact"  # to the frame; only the pictures around the ends and joints are coded anew
    KEYFRAME = "keyframe"  # nothing is coded anew; rounded outward to keyframes
    REENCODE = "reencode"  # coded anew for the web, loudness normalised


class PieceState(StrEnum):
    """How far a piece is."""

    WAITING = "waiting"  # its footage is not there yet
    QUEUED = "queued"
    CUTTING = "cutting"
    READY = "ready"
    FAILED = "failed"


class OrderState(StrEnum):
    """How far an order is."""

    WAITING = "waiting"  # what it asks for has not been on air yet, or is not finished
    FOUND = "found"  # it is known which programme or range it means
    WORKING = "working"  # its piece is being made or delivered
    DELIVERED = "delivered"
    MISSING = "missing"  # it can't be had; the message says why
    CANCELLED = "cancelled"


class DeliveryState(StrEnum):
    """How far a delivery is."""

    QUEUED = "queued"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"  # it can never be done, for its file is gone


class Verdict(StrEnum):
    """What a person says of something uncertain."""

    ACCEPTED = "accepted"


class Listing(Base):
    """An entry of a channel's printed schedule; replaced when the schedule is read again."""

    __tablename__ = "listings"
    __table_args__ = (Index(None, "channel_id", "start_ns"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    start_ns: Mapped[int] = mapped_column(BigInteger)
    stop_ns: Mapped[int | None] = mapped_column(BigInteger)
    title: Mapped[str] = mapped_column(Text)
    subtitle: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(16))
    episode: Mapped[str | None] = mapped_column(Text)
    created_ns: Mapped[int] = mapped_column(BigInteger)


class Programme(Base):
    """What an editor thinks in: a name, and parts with breaks between them."""

    __tablename__ = "programmes"
    __table_args__ = (AUTOINCREMENT,)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    state: Mapped[ProgrammeState] = mapped_column(words(ProgrammeState))
    title: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    confidence: Mapped[float]
    title_author: Mapped[str | None] = mapped_column(Text)
    shape_author: Mapped[str | None] = mapped_column(Text)
    scheduled_start_ns: Mapped[int | None] = mapped_column(BigInteger)
    scheduled_stop_ns: Mapped[int | None] = mapped_column(BigInteger)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    updated_ns: Mapped[int] = mapped_column(BigInteger)

    channel: Mapped[Channel] = relationship()
    parts: Mapped[list["ProgrammePart"]] = relationship(
        order_by="ProgrammePart.number", cascade="all, delete-orphan", back_populates="programme"
    )


class ProgrammePart(Base):
    """One stretch of a programme."""

    __tablename__ = "programme_parts"

    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    epoch_id: Mapped[int] = mapped_column(ForeignKey("epochs.id"), index=True)
    start: Mapped[Fraction] = mapped_column(Exact)
    end: Mapped[Fraction | None] = mapped_column(Exact)
    start_id: Mapped[int | None] = mapped_column(ForeignKey("boundaries.id"))
    end_id: Mapped[int | None] = mapped_column(ForeignKey("boundaries.id"))
    start_sure: Mapped[bool]
    end_sure: Mapped[bool]

    programme: Mapped[Programme] = relationship(back_populates="parts")
    epoch: Mapped[Epoch] = relationship()


class Piece(Base):
    """A finished file, made or to be made, out of one or more stretches of the recording."""

    __tablename__ = "pieces"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    programme_id: Mapped[int | None] = mapped_column(ForeignKey("programmes.id", ondelete="SET NULL"), index=True)
    title: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    mode: Mapped[Mode] = mapped_column(words(Mode))
    state: Mapped[PieceState] = mapped_column(words(PieceState), index=True)
    attempts: Mapped[int]
    path: Mapped[str | None] = mapped_column(Text)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    message: Mapped[str | None] = mapped_column(Text)
    report: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    key: Mapped[str | None] = mapped_column(String(128), unique=True)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    updated_ns: Mapped[int] = mapped_column(BigInteger)
    removed_ns: Mapped[int | None] = mapped_column(BigInteger)

    channel: Mapped[Channel] = relationship()
    ranges: Mapped[list["PieceRange"]] = relationship(order_by="PieceRange.number", cascade="all, delete-orphan")


class PieceRange(Base):
    """One stretch of a piece."""

    __tablename__ = "piece_ranges"

    piece_id: Mapped[int] = mapped_column(ForeignKey("pieces.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    epoch_id: Mapped[int] = mapped_column(ForeignKey("epochs.id"))
    start: Mapped[Fraction] = mapped_column(Exact)
    end: Mapped[Fraction] = mapped_column(Exact)

    epoch: Mapped[Epoch] = relationship()


class Order(Base):
    """A line of the desk's list of wanted pieces."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channels.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    kind: Mapped[Wanted] = mapped_column(words(Wanted))
    title: Mapped[str | None] = mapped_column(Text)
    wanted_start_ns: Mapped[int | None] = mapped_column(BigInteger)
    wanted_end_ns: Mapped[int | None] = mapped_column(BigInteger)
    due_ns: Mapped[int | None] = mapped_column(BigInteger)
    target: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[OrderState] = mapped_column(words(OrderState), index=True)
    programme_id: Mapped[int | None] = mapped_column(ForeignKey("programmes.id", ondelete="SET NULL"), index=True)
    chosen: Mapped[bool]
    piece_id: Mapped[int | None] = mapped_column(ForeignKey("pieces.id"), index=True)
    message: Mapped[str | None] = mapped_column(Text)
    message_ru: Mapped[str | None] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    key: Mapped[str | None] = mapped_column(String(128), unique=True)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    updated_ns: Mapped[int] = mapped_column(BigInteger)

    channel: Mapped[Channel | None] = relationship()
    piece: Mapped[Piece | None] = relationship()


class Delivery(Base):
    """A file on its way to a target."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("target", "clip_id"), UniqueConstraint("target", "piece_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    target: Mapped[str] = mapped_column(String(64))
    clip_id: Mapped[int | None] = mapped_column(ForeignKey("clips.id"))
    piece_id: Mapped[int | None] = mapped_column(ForeignKey("pieces.id"))
    state: Mapped[DeliveryState] = mapped_column(words(DeliveryState), index=True)
    attempts: Mapped[int]
    next_ns: Mapped[int] = mapped_column(BigInteger)
    remote_path: Mapped[str | None] = mapped_column(Text)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sent_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    resume: Mapped[str | None] = mapped_column(Text)
    message: Mapped[str | None] = mapped_column(Text)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    updated_ns: Mapped[int] = mapped_column(BigInteger)

    clip: Mapped[Clip | None] = relationship()
    piece: Mapped[Piece | None] = relationship()


class Hook(Base):
    """How far a webhook has been told of what happened."""

    __tablename__ = "hooks"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    last_event_id: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int]
    next_ns: Mapped[int] = mapped_column(BigInteger)
    disabled: Mapped[bool]
    message: Mapped[str | None] = mapped_column(Text)
    updated_ns: Mapped[int] = mapped_column(BigInteger)


class Cue(Base):
    """An SCTE-35 message of a feed, or one that we wrote for a break that was found."""

    __tablename__ = "cues"
    __table_args__ = (
        UniqueConstraint("epoch_id", "origin", "time_ns", "kind", "payload_sha256"),
        Index(None, "epoch_id", "time_ns"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    epoch_id: Mapped[int] = mapped_column(ForeignKey("epochs.id"))
    time: Mapped[Fraction] = mapped_column(Exact)
    time_ns: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[CueKind] = mapped_column(words(CueKind))
    event_id: Mapped[int | None] = mapped_column(BigInteger)
    duration: Mapped[Fraction | None] = mapped_column(Exact)
    payload: Mapped[str] = mapped_column(Text)
    payload_sha256: Mapped[str] = mapped_column(String(64))
    origin: Mapped[CueOrigin] = mapped_column(words(CueOrigin))
    created_ns: Mapped[int] = mapped_column(BigInteger)

    epoch: Mapped[Epoch] = relationship()


class Review(Base):
    """What a person said of a boundary or a programme's name that we were not sure of; never changed, never deleted."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    boundary_id: Mapped[int | None] = mapped_column(ForeignKey("boundaries.id"), index=True)
    programme_id: Mapped[int | None] = mapped_column(ForeignKey("programmes.id", ondelete="SET NULL"), index=True)
    verdict: Mapped[Verdict] = mapped_column(words(Verdict))
    author: Mapped[str] = mapped_column(Text)
    created_ns: Mapped[int] = mapped_column(BigInteger)
