"""Edit lists, tables, chapters and playlists of what was found, with time code that is right. docs/exports.md."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from streamproc.errors import ConfigError
from streamproc.exports import chapters, edl, fcp7, fcpxml, hls, opentimeline, plain, table
from streamproc.exports.timeline import Event, Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One kind of file."""

    name: str
    """How it is asked for."""
    suffixes: tuple[str, ...]
    """How its files' names end; the first is given, the others are understood."""
    media_type: str
    """What HTTP calls it."""
    write: Callable[[Timeline], bytes]
    """Writes it. Raises ConfigError when the timeline can't be told in it."""


FORMATS: Final = (
    Format(name="edl", suffixes=(".edl",), media_type="text/plain", write=edl.write),
    Format(name="otio", suffixes=(".otio",), media_type="application/json", write=opentimeline.write),
    Format(name="fcpxml", suffixes=(".fcpxml",), media_type="application/xml", write=fcpxml.write),
    Format(name="fcp7", suffixes=(".xml",), media_type="application/xml", write=fcp7.write),
    Format(name="csv", suffixes=(".csv",), media_type="text/csv", write=table.write),
    Format(name="csv-semicolon", suffixes=(".csv",), media_type="text/csv", write=lambda line: table.write(line, ";")),
    Format(name="json", suffixes=(".json",), media_type="application/json", write=plain.write),
    Format(name="vtt", suffixes=(".vtt",), media_type="text/vtt", write=chapters.webvtt),
    Format(name="ffmetadata", suffixes=(".ffmetadata", ".ffmeta"), media_type="text/plain", write=chapters.ffmetadata),
    Format(name="kodi", suffixes=(".edl",), media_type="text/plain", write=chapters.kodi),
    Format(name="mplayer", suffixes=(".edl",), media_type="text/plain", write=chapters.mplayer),
    Format(name="hls", suffixes=(".m3u8",), media_type="application/vnd.apple.mpegurl", write=hls.write),
)
"""Of formats with the same suffix the first is meant by it."""


def find_format(name: str) -> Format:
    """Return the format of a name. Raises ConfigError."""
    for known in FORMATS:
        if known.name == name:
            return known
    raise ConfigError(f"there is no format '{name}'; there are: {', '.join(known.name for known in FORMATS)}")


def format_of(path: Path) -> Format:
    """Return the format that a file's name tells. Raises ConfigError."""
    for known in FORMATS:
        if path.suffix.lower() in known.suffixes:
            return known
    raise ConfigError(
        f"{path}: its ending tells no format; say --format with one of: {', '.join(known.name for known in FORMATS)}"
    )


def export(timeline: Timeline, wanted: Format) -> bytes:
    """Return a file of the format. Raises ConfigError when the timeline can't be told in it."""
    return wanted.write(_legible(timeline))


def _legible(timeline: Timeline) -> Timeline:
    """Return the timeline with names that any file may hold: on one line, without control characters."""

    def event(raw: Event) -> Event:
        source = replace(raw.source, name=_one_line(raw.source.name))
        markers = tuple(replace(marker, name=_one_line(marker.name)) for marker in raw.markers)
        return replace(raw, name=_one_line(raw.name), source=source, markers=markers)

    return replace(timeline, title=_one_line(timeline.title), events=tuple(event(raw) for raw in timeline.events))


def _one_line(text: str) -> str:
    kept = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(kept.split()) or "untitled"
