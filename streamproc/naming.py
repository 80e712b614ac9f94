"""Names of files from a pattern: what an editor expects to read, and every file system accepts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from string import Formatter
from typing import Final

from pathvalidate import Platform, sanitize_filename

from streamproc.errors import ConfigError

DEFAULT_PATTERN: Final = "{channel}/{date} {time} {title}"
FIELDS: Final = ("channel", "title", "date", "time", "number")
"""What a pattern may ask for."""
_MOST_BYTES: Final = 200  # of a name: file systems take 255, and something is put before and behind it
_SPACES: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a file shows."""

    channel: str
    """How the channel is called."""
    title: str | None
    """Name of the programme; None leaves the word out."""
    start: datetime | None
    """When it began, in the zone in which the name shall say it; None leaves date and time out."""
    number: int | None
    """What tells it from all others; None leaves it out."""


def check_pattern(pattern: str) -> None:
    """Raise ConfigError, in one line, when a pattern can't be used."""
    try:
        wanted = [name for _, name, _, _ in Formatter().parse(pattern) if name is not None]
    except ValueError as error:
        raise ConfigError(f"the pattern '{pattern}' can't be read: {error}") from error
    for name in wanted:
        if name not in FIELDS:
            raise ConfigError(f"the pattern '{pattern}' asks for {{{name}}}; there are {', '.join(FIELDS)}")
    if not wanted:
        raise ConfigError(f"the pattern '{pattern}' gives every file one name; use {', '.join(FIELDS)}")
    if pattern.startswith("/") or ".." in PurePosixPath(pattern).parts:
        raise ConfigError(f"the pattern '{pattern}' leaves its folder; begin it with a name, and do without '..'")


def name_of(pattern: str, what: Named, suffix: str = ".mp4") -> PurePosixPath:
    """Return a relative path that follows the pattern, safe on Windows, macOS and Linux. Raises ConfigError.

    Letters of all scripts are kept. A slash in a title does not make a folder; one in the pattern does.
    """
    check_pattern(pattern)
    values = _values(what)
    parts = [_SPACES.sub(" ", part.format_map(values)).strip(" .-_") for part in pattern.split("/")]
    safe = [_safe(part, _MOST_BYTES) for part in parts]
    kept = [part for part in safe[:-1] if part]
    return PurePosixPath(*kept, (safe[-1] or _safe(_fallback(what), _MOST_BYTES)) + suffix)


def unique(path: PurePosixPath, taken: Callable[[PurePosixPath], bool]) -> PurePosixPath:
    """Return ``path``, or with `` (2)``, `` (3)`` … before its suffix, whichever is the first that is not taken."""
    number = 1
    candidate = path
    while taken(candidate):
        number += 1
        candidate = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return candidate


def _values(what: Named) -> Mapping[str, str]:
    start = what.start
    return {
        "channel": _word(what.channel),
        "title": _word(what.title or ""),
        "date": "" if start is None else f"{start:%Y-%m-%d}",
        "time": "" if start is None else f"{start:%H.%M.%S}",
        "number": "" if what.number is None else str(what.number),
    }


def _word(text: str) -> str:
    """Return a field's text without what would end a name's part."""
    return text.replace("/", "-").replace("\\", "-").replace(":", ".")


def _fallback(what: Named) -> str:
    return "piece" if what.number is None else f"piece {what.number}"


def _safe(text: str, most_bytes: int) -> str:
    cleaned = str(sanitize_filename(text, platform=Platform.UNIVERSAL, replacement_text="-"))
    return cleaned.encode()[:most_bytes].decode(errors="ignore").rstrip(" .")
