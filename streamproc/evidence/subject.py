"""What evidence is about: a clip or a piece, as the catalogue knows it."""

from dataclasses import dataclass
from enum import StrEnum

from streamproc.catalogue import Catalogue
from streamproc.errors import ConfigError
from streamproc.messages import Span


class SubjectKind(StrEnum):
    """Which table it is in."""

    CLIP = "clip"
    PIECE = "piece"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A clip or a piece."""

    kind: SubjectKind
    """Which of the two."""
    id: int
    """Its number."""
    channel: str
    """The channel's short name."""
    title: str | None
    """What it is called."""
    description: str | None
    """What it is about."""
    state: str
    """How far it is."""
    mode: str
    """How it is cut: exact, keyframe or reencode."""
    author: str | None
    """Who wanted it; None for what was cut by itself."""
    segment_id: int | None
    """The segment that a clip shows."""
    programme_id: int | None
    """The programme that a piece shows."""
    spans: tuple[Span, ...]
    """What it is cut from."""
    path: str | None
    """Its file, as its writer named it; None until it is ready."""
    size_bytes: int | None
    """The file's size when it was written."""
    sha256: str | None
    """The file's SHA-256 when it was written."""
    message: str | None
    """Why the last attempt failed."""
    updated_ns: int
    """When its state last changed, wall time."""


def find_subject(catalogue: Catalogue, kind: SubjectKind, number: int) -> Subject:
    """Return a clip or piece. Raises ConfigError when there is none of that number."""
    found = _clip(catalogue, number) if kind is SubjectKind.CLIP else _piece(catalogue, number)
    if found is None:
        raise ConfigError(f"no {kind} has the number {number}")
    return found


def _clip(catalogue: Catalogue, number: int) -> Subject | None:
    row = catalogue.clip(number)
    if row is None:
        return None
    return Subject(
        kind=SubjectKind.CLIP,
        id=row.id,
        channel=row.channel,
        title=row.title,
        description=None,
        state=row.state,
        mode="exact",
        author=None,
        segment_id=row.segment_id,
        programme_id=None,
        spans=(Span(epoch=row.epoch, start=row.start, end=row.end),),
        path=row.path,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        message=row.message,
        updated_ns=row.updated_ns,
    )


def _piece(catalogue: Catalogue, number: int) -> Subject | None:
    row = catalogue.pieces.get(number)
    if row is None:
        return None
    return Subject(
        kind=SubjectKind.PIECE,
        id=row.id,
        channel=row.channel,
        title=row.title,
        description=row.description,
        state=row.state,
        mode=row.mode,
        author=row.author,
        segment_id=None,
        programme_id=row.programme_id,
        spans=row.spans,
        path=row.path,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        message=row.message,
        updated_ns=row.updated_ns,
    )
