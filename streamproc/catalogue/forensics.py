"""The tables of what was found painted over, and of how far each channel was looked through for it."""

from enum import StrEnum
from fractions import Fraction

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from streamproc.catalogue.models import AUTOINCREMENT, Base, Epoch, Exact, Id, words
from streamproc.messages import Reliability


class FindingKind(StrEnum):
    """What was found."""

    ERASED = "erased"  # something was painted over


class FindingVerdict(StrEnum):
    """What a person says of it."""

    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class Finding(Base):
    """A place of the picture that looks painted over for a while; while ``over_ns`` is null it goes on."""

    __tablename__ = "findings"
    __table_args__ = (Index(None, "epoch_id", "start_ns"), AUTOINCREMENT)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    epoch_id: Mapped[int] = mapped_column(ForeignKey("epochs.id"))
    kind: Mapped[FindingKind] = mapped_column(words(FindingKind))
    start: Mapped[Fraction] = mapped_column(Exact)
    start_ns: Mapped[int] = mapped_column(BigInteger)
    end: Mapped[Fraction] = mapped_column(Exact)
    end_ns: Mapped[int] = mapped_column(BigInteger)
    shown: Mapped[Fraction] = mapped_column(Exact)
    left: Mapped[int]
    top: Mapped[int]
    right: Mapped[int]
    bottom: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    score: Mapped[float]
    reliability: Mapped[Reliability] = mapped_column(words(Reliability))
    keyframes: Mapped[int]
    heat: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    model_name: Mapped[str] = mapped_column(Text)
    model_sha256: Mapped[str] = mapped_column(String(64))
    verdict: Mapped[FindingVerdict | None] = mapped_column(words(FindingVerdict))
    verdict_version: Mapped[int] = mapped_column(default=0)
    verdict_author: Mapped[str | None] = mapped_column(Text)
    verdict_ns: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str | None] = mapped_column(Text)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    told_ns: Mapped[int] = mapped_column(BigInteger)
    found_ns: Mapped[int | None] = mapped_column(BigInteger)
    over_ns: Mapped[int | None] = mapped_column(BigInteger)

    epoch: Mapped[Epoch] = relationship()


class Inspection(Base):
    """Up to where a channel's recording was looked through."""

    __tablename__ = "inspections"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger)
    time: Mapped[Fraction] = mapped_column(Exact)
    updated_ns: Mapped[int] = mapped_column(BigInteger)
