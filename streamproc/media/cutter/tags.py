"""What a file says of itself: title, channel, air time, chapters."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

_UTF8 = 1
_MOST_CHAPTERS = 255
_CHAPTER_TICKS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """What is written into the file beside picture and sound; None is left out."""

    title: str | None = None
    """Name of the programme."""
    description: str | None = None
    """What it is about."""
    channel: str | None = None
    """Who broadcast it."""
    aired: str | None = None
    """When: ISO 8601, to the second."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A place in the file with a name."""

    at: Fraction
    """Seconds."""
    title: str


def user_data(tags: Tags, chapters: Sequence[Chapter]) -> bytes:
    """Return the movie's udta box: iTunes' list of tags and Nero's list of chapters; empty when there is nothing.

    Both are understood by FFmpeg, VLC and the browsers' downloads; the tags by Apple's players, too.
    """
    items = _items(tags)
    parts = []
    if items:
        handler = _box(b"hdlr", bytes(8), b"mdirappl", bytes(9))
        parts.append(_box(b"meta", bytes(4), handler, _box(b"ilst", *items)))
    if chapters:
        parts.append(_chapter_list(chapters[:_MOST_CHAPTERS]))
    return _box(b"udta", *parts) if parts else b""


def _items(tags: Tags) -> list[bytes]:
    found = [
        (b"\xa9nam", tags.title),
        (b"desc", None if tags.description is None else _short(tags.description, 255)),
        (b"ldes", tags.description),
        (b"tvnn", tags.channel),
        (b"\xa9ART", tags.channel),
        (b"\xa9day", tags.aired),
        (b"\xa9too", "streamproc"),
    ]
    items = [_box(kind, _data(_UTF8, text.encode())) for kind, text in found if text]
    return items if len(items) > 1 else []


def _data(kind: int, content: bytes) -> bytes:
    return _box(b"data", kind.to_bytes(4, "big"), bytes(4), content)


def _chapter_list(chapters: Sequence[Chapter]) -> bytes:
    entries = []
    for chapter in chapters:
        title = _short(chapter.title, 255).encode()
        entries.append(round(chapter.at * _CHAPTER_TICKS).to_bytes(8, "big") + bytes([len(title)]) + title)
    return _box(b"chpl", b"\1\0\0\0", bytes(4), bytes([len(entries)]), *entries)


def _short(text: str, size: int) -> str:
    """Return as much of the beginning as fits into ``size`` bytes of UTF-8."""
    return text.encode()[:size].decode(errors="ignore")


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return (8 + len(body)).to_bytes(4, "big") + kind + body
