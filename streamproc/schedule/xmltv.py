"""Reads XMLTV as it is found: plain or gzipped, of any size, with its usual faults.

What is a fault of one entry (a time that is none, an end before its start) costs that entry; what is a fault of the
file (not XML, another encoding than it says, every time in an unknown zone) costs the file, in one line. Memory is that
of the wanted listings: the file is read as a stream, twice, first for its channels.
"""

import gzip
import html
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import pairwise
from pathlib import Path
from typing import IO, Final

from lxml import etree

from streamproc.errors import ScheduleError
from streamproc.schedule.times import parse_moment

MAX_BYTES: Final = 4_000_000_000
"""Unpacked; a file that has more is no schedule."""
_GZIP: Final = b"\x1f\x8b"
_FAULTY_SHARE: Final = 0.1
"""When more of a channel's entries than this are faulty, its listings are not taken."""
_CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A programme as the schedule prints it."""

    start_ns: int
    """When it begins, nanoseconds since 1970 UTC."""
    stop_ns: int | None
    """When it ends; None when the file does not say so."""
    title: str
    """Its name, in the first wanted language that there is."""
    subtitle: str | None = None
    """The episode's name."""
    description: str | None = None
    """What it is about."""
    category: str | None = None
    """What kind it is."""
    language: str | None = None
    """The language of the title, as the file writes it."""
    episode: str | None = None
    """Season and episode, as shown on screen, else S02E05."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """What a file says of the wanted channels."""

    entries: Mapping[str, tuple[Entry, ...]]
    """By the channel's id in the file; in order, not overlapping."""
    notes: tuple[str, ...]
    """What was wrong and got mended or left out, a line each."""
    faults: Mapping[str, str]
    """Of the channels whose entries can't be used, by id: why, one line. They are in ``entries`` no more."""


def read_channels(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the ids of a file's channels with their display names. Raises ScheduleError.

    Channels stand before programmes (the DTD says so), so the rest of the file need not be read.
    """
    channels: dict[str, tuple[str, ...]] = {}
    for element in _elements(path):
        if element.tag == "programme" and channels:
            break
        number = element.get("id")
        if element.tag == "channel" and number:
            names = [(name.text or "").strip() for name in element.iterfind("display-name")]
            channels[number] = tuple(name for name in names if name)
    return channels


def read_guide(path: Path, wanted: Collection[str], zone: tzinfo, languages: Sequence[str]) -> Guide:
    """Return the listings of the channels with the wanted ids.

    zone: of times without an offset. languages: of titles, the most wanted first. Raises ScheduleError when the file
    can't be used: what was read from an earlier one is then still the best there is.
    """
    reading = {number: _Reading(path.name, number) for number in wanted}
    for element in _elements(path):
        channel = reading.get(element.get("channel") or "") if element.tag == "programme" else None
        if channel is not None:
            channel.add(element, zone, languages)
    notes: list[str] = []
    entries: dict[str, tuple[Entry, ...]] = {}
    faults: dict[str, str] = {}
    for number, channel in reading.items():
        try:
            entries[number] = channel.finish(notes)
        except ScheduleError as error:
            faults[number] = str(error)
    return Guide(entries=entries, notes=tuple(notes), faults=faults)


class _Reading:
    """The entries of one channel while they are read."""

    def __init__(self, file: str, channel: str) -> None:
        self._where = f"{file}: channel '{channel}'"
        self._entries: list[Entry] = []
        self._faults: list[str] = []

    def add(self, element: etree._Element, zone: tzinfo, languages: Sequence[str]) -> None:
        before_ns = self._entries[-1].start_ns if self._entries else None
        try:
            self._entries.append(_entry(element, zone, languages, before_ns))
        except ScheduleError as error:
            self._faults.append(f"line {element.sourceline}: {error}")

    def finish(self, notes: list[str]) -> tuple[Entry, ...]:
        """Return the entries in order, mended. Raises ScheduleError when there are none, or too many are faulty."""
        total = len(self._entries) + len(self._faults)
        if total == 0:
            raise ScheduleError(f"{self._where} has no programmes")
        if self._faults:
            said = f"{self._where}: {len(self._faults)} of {total} entries can't be read; {self._faults[0]}"
            if len(self._faults) > _FAULTY_SHARE * total:
                raise ScheduleError(said)
            notes.append(f"{said}; they are left out")
        entries, overlaps = _without_overlaps(sorted(self._entries, key=lambda entry: entry.start_ns))
        if overlaps:
            notes.append(f"{self._where}: {overlaps} entries overlap the next one; they are cut where it begins")
        return entries


def _without_overlaps(entries: list[Entry]) -> tuple[tuple[Entry, ...], int]:
    """Cut each entry where the next begins; of several that begin together the last one stays."""
    distinct = [one for one, following in pairwise(entries) if one.start_ns != following.start_ns] + entries[-1:]
    overlaps = len(entries) - len(distinct)
    mended: list[Entry] = []
    for one, following in pairwise(distinct):
        overlaps += one.stop_ns is not None and one.stop_ns > following.start_ns
        stop_ns = following.start_ns if one.stop_ns is None else min(one.stop_ns, following.start_ns)
        mended.append(replace(one, stop_ns=stop_ns))
    return (*mended, *distinct[-1:]), overlaps


def _entry(element: etree._Element, zone: tzinfo, languages: Sequence[str], before_ns: int | None) -> Entry:
    start_ns = parse_moment(element.get("start") or "", zone, not_before_ns=before_ns)
    stop = element.get("stop")
    stop_ns = None if stop is None else parse_moment(stop, zone, not_before_ns=start_ns)
    if stop_ns is not None and stop_ns <= start_ns:
        raise ScheduleError(f"it stops at {stop}, which is not after its start at {element.get('start')}")
    title, language = _best(element, "title", languages)
    if title is None:
        raise ScheduleError("it has no title")
    return Entry(
        start_ns=start_ns,
        stop_ns=stop_ns,
        title=title,
        subtitle=_best(element, "sub-title", languages)[0],
        description=_best(element, "desc", languages)[0],
        category=_best(element, "category", languages)[0],
        language=language,
        episode=_episode(element),
    )


def _best(element: etree._Element, tag: str, languages: Sequence[str]) -> tuple[str | None, str | None]:
    """Return the text of a child in the first wanted language, and which that is: else one without, else the first."""
    found = [(_text(child), child.get("lang")) for child in element.iterfind(tag)]
    texts = [(text, language) for text, language in found if text]
    if not texts:
        return None, None

    def rank(language: str | None) -> int:
        if language is None:
            return len(languages)
        short = language.lower().replace("_", "-").partition("-")[0]
        return languages.index(short) if short in languages else len(languages) + 1

    return min(texts, key=lambda pair: rank(pair[1]))


def _text(element: etree._Element) -> str:
    """Return the text in one line; what was escaped twice is unescaped."""
    return " ".join(html.unescape("".join(str(text) for text in element.itertext(with_tail=False))).split())


def _episode(element: etree._Element) -> str | None:
    numbers = {child.get("system") or "onscreen": _text(child) for child in element.iterfind("episode-num")}
    if numbers.get("onscreen"):
        return numbers["onscreen"]
    parts = [part.partition("/")[0].strip() for part in numbers.get("xmltv_ns", "").split(".")]
    named = [f"{letter}{int(part) + 1:02}" for letter, part in zip("SE", parts, strict=False) if part.isdecimal()]
    return "".join(named) or None


def _elements(path: Path) -> Iterator[etree._Element]:
    """Yield a file's channels and programmes and let go of each after it was looked at. Raises ScheduleError."""
    tags = ("channel", "programme")
    try:
        with closing(_open(path)) as stream:
            reader = etree.iterparse(
                _Bounded(stream, path.name), tag=tags, resolve_entities=False, no_network=True, load_dtd=False
            )
            for _, element in reader:
                yield element
                element.clear()
                parent = element.getparent()
                while parent is not None and parent[0] is not element:
                    del parent[0]
            if etree.QName(reader.root).localname != "tv":
                raise ScheduleError(f"{path.name}: not XMLTV; its root is <{reader.root.tag}> and not <tv>")
    except etree.XMLSyntaxError as error:
        raise ScheduleError(f"{path.name}: not readable as XML: {' '.join(str(error.msg).split())}") from error
    except (OSError, EOFError) as error:
        raise ScheduleError(f"{path.name}: can't be read: {error}") from error


def _open(path: Path) -> IO[bytes] | gzip.GzipFile:
    stream = path.open("rb")
    if stream.read(2) == _GZIP:
        stream.close()
        return gzip.open(path, "rb")
    stream.seek(0)
    return stream


class _Bounded:
    """A file that refuses to unpack without end."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, name: str) -> None:
        self._stream = stream
        self._name = name
        self._left = MAX_BYTES

    def read(self, size: int = _CHUNK) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ScheduleError(f"{self._name}: more than {MAX_BYTES // 1_000_000_000} GB when unpacked; no schedule")
        return data
