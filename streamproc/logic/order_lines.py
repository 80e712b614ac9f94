"""Reads a list of wanted pieces: pasted lines, or a table, one order a line.

A line is read on its own: what is wrong with it is said of it, and the others are taken. Whatever is pasted, nothing
here raises anything but :class:`UnclearError`, and that only for a list that can't be read at all.
"""

import csv
import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from streamproc.config import Settings
from streamproc.logic.names import stems
from streamproc.logic.order_times import UnclearError, at, start_of, take_times
from streamproc.messages import Note, Wanted
from streamproc.timebase import NS, utc_from_ns

MOST_LINES = 1000
LONGEST_LINE = 1000
LONGEST_NAME = 300
LONGEST_RANGE_NS = 12 * 3600 * NS
_DELIMITERS = ";\t,"
_NUMBERING = re.compile(r"^\s*(?:[-–—*•·]+|\d{1,3}[.)])\s+")
_COLUMNS: Mapping[str, frozenset[str]] = {
    "channel": frozenset({"channel", "канал"}),
    "name": frozenset({"name", "title", "programme", "program", "название", "программа", "передача", "что", "сюжет"}),
    "day": frozenset({"day", "date", "день", "дата"}),
    "from": frozenset({"from", "start", "begin", "time", "in", "начало", "время", "с", "вход", "от"}),
    "to": frozenset({"to", "end", "stop", "out", "конец", "окончание", "до", "по", "выход"}),
    "due": frozenset({"due", "deadline", "срок", "к", "когда"}),
    "target": frozenset({"target", "куда", "назначение"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a list is read against."""

    now_ns: int
    """When it came in, wall time."""
    zone: tzinfo
    """What its times are in where nothing else says so."""
    day: date | None = None
    """What its times are of where a line names no day; the day on which it came in when left out."""
    channels: Mapping[str, str]
    """Short name → name for people of each channel."""
    zones: Mapping[str, tzinfo]
    """Short name → time zone, of the channels that have one of their own."""
    targets: frozenset[str] = frozenset()
    """Names of the targets that there are."""


def desk_of(settings: Settings, channels: Mapping[str, str], now_ns: int, day: date | None = None) -> Desk:
    """Return what a list is read against, by the configuration; channels: those on air, short name → title."""
    titles = {channel.name: channel.display_title for channel in settings.channels}
    return Desk(
        now_ns=now_ns,
        zone=settings.zone_of(None),
        day=day,
        channels={name: titles.get(name, title) for name, title in channels.items()},
        zones={name: settings.zone_of(name) for name in channels},
        targets=frozenset(target.name for target in settings.targets),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanting:
    """What a line asks for."""

    text: str
    """The line, as given."""
    kind: Wanted
    """A programme, or a range."""
    channel: str | None
    """Short name; None: any."""
    name: str | None
    """What the programme is called, or the range shall be; None: what is on air then."""
    start_ns: int
    """Of a range its in point. Of a programme about when it begins; with an end, the day that it is on."""
    end_ns: int | None
    """Of a range its out point; of a programme the end of that day; None where its time is known."""
    due_ns: int | None = None
    """Until when it is wanted; orders that are due sooner go first."""
    target: str | None = None
    """The target that it goes to besides those of its channel."""

    @property
    def key(self) -> str:
        """The same for the same wish, however it is written."""
        name = None if self.name is None else list(stems(self.name)) or self.name
        return wish_key(self.channel, name, self.kind, self.start_ns, self.end_ns, self.target)


def wish_key(*parts: object) -> str:
    """Return a checksum of what makes a wish what it is."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the list, and what came of it."""

    number: int
    """From 1."""
    text: str
    """As given."""
    wanting: Wanting | None
    """What it asks for; None when it can't be read."""
    problem: Note | None
    """Why not."""


@dataclass(frozen=True, slots=True)
class _Heading:
    """What lines above have said for those below."""

    day: date | None = None
    channel: str | None = None


def decode(data: bytes) -> str:
    """Return the text of a file: UTF-8 with or without a mark, UTF-16 with one, else Windows-1251.

    Raises UnclearError: it is no text.
    """
    mark = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    for encoding in dict.fromkeys((mark, "cp1251")):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnclearError(
        "this is not a text: save the list as UTF-8 or Windows-1251",
        "это не текст: сохраните список в UTF-8 или Windows-1251",
    )


def read_list(text: str, desk: Desk) -> list[Line]:
    """Read a list. Raises UnclearError: it has too many lines, or none."""
    rows = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if clean(line)]
    if not rows:
        raise UnclearError("the list is empty", "список пуст")
    if len(rows) > MOST_LINES:
        raise UnclearError(
            f"the list has {len(rows)} lines; give at most {MOST_LINES} at a time",
            f"в списке {len(rows)} строк; давайте не больше {MOST_LINES} за раз",
        )
    columns = _columns(rows[0][1])
    if columns is None:
        return _read_lines(rows, desk)
    delimiter, names = columns
    return [_read_row(number, line, dict(_cells(line, delimiter, names)), desk) for number, line in rows[1:]]


def read_line(number: int, text: str, desk: Desk) -> Line:
    """Read one line that stands alone."""
    try:
        wanting, _ = _read_line(text, desk, _Heading())
        if wanting is None:
            raise UnclearError("there is no name and no time in this line", "в строке нет ни названия, ни времени")
    except UnclearError as error:
        return Line(number=number, text=clean(text)[:LONGEST_LINE], wanting=None, problem=error.note)
    return Line(number=number, text=wanting.text, wanting=wanting, problem=None)


def whole_day(desk: Desk, channel: str | None) -> tuple[int, int]:
    """Return the beginning and the end of the desk's day, wall times."""
    day, zone = _today(desk, channel), _zone(desk, channel)
    return start_of(day, zone), start_of(day + timedelta(days=1), zone)


def clean(text: str) -> str:
    """Return a text on one line, without what can't be seen or kept."""
    kept = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text)
    return " ".join(kept.split())


def shown_time(utc_ns: int, zone: tzinfo) -> str:
    """Return ``26.11 19:00`` as it is on the desk's clock; with seconds where there are some."""
    local = utc_from_ns(utc_ns).astimezone(zone)
    return f"{local:%d.%m %H:%M}" if local.second == 0 else f"{local:%d.%m %H:%M:%S}"


def check_range(start_ns: int, end_ns: int) -> None:
    """Raise UnclearError when this is no range that anybody means."""
    if end_ns <= start_ns:
        raise UnclearError("it ends before it begins", "конец раньше начала")
    if end_ns - start_ns > LONGEST_RANGE_NS:
        raise UnclearError("it is longer than 12 hours", "фрагмент длиннее 12 часов")


def check_target(target: str | None, targets: frozenset[str]) -> None:
    """Raise UnclearError when there is no such target: an order would wait for it without end."""
    if target is not None and target not in targets:
        there = ", ".join(sorted(targets))
        raise UnclearError(
            f"no target is named '{target}'; there are: {there or 'none'}",
            f"нет назначения «{target}»; есть: {there or 'ни одного'}",
        )


def _read_lines(rows: Sequence[tuple[int, str]], desk: Desk) -> list[Line]:
    heading = _Heading()
    lines: list[Line] = []
    for number, text in rows:
        try:
            wanting, heading = _read_line(text, desk, heading)
        except UnclearError as error:
            lines.append(Line(number=number, text=clean(text)[:LONGEST_LINE], wanting=None, problem=error.note))
        else:
            if wanting is not None:
                lines.append(Line(number=number, text=wanting.text, wanting=wanting, problem=None))
    return lines


def _read_line(text: str, desk: Desk, heading: _Heading) -> tuple[Wanting | None, _Heading]:
    """Return what a free line asks for; None for one that only says of which day or channel those below are."""
    line = clean(_NUMBERING.sub("", text.replace(";", " ").replace("\t", " ")))
    if len(line) > LONGEST_LINE:
        raise UnclearError(
            f"the line is longer than {LONGEST_LINE} characters", f"строка длиннее {LONGEST_LINE} знаков"
        )
    today = _today(desk, heading.channel)
    found = take_times(line, today)
    channel, name = _take_channel(found.rest, desk.channels)
    name = _tidy(name)
    day = found.day
    if found.shift is not None:
        day = utc_from_ns(desk.now_ns).astimezone(_zone(desk, channel)).date() + timedelta(days=found.shift)
    if not name and not found.clocks:
        if day is None and channel is None:
            raise UnclearError("there is no name and no time in this line", "в строке нет ни названия, ни времени")
        return None, _Heading(day or heading.day, channel or heading.channel)
    channel = channel or heading.channel
    day = day or heading.day or _today(desk, channel)
    zone = found.zone or _zone(desk, channel)
    return _wanting(clean(text), name, channel, day, found.clocks, zone), heading


def _read_row(number: int, text: str, cells: Mapping[str, str], desk: Desk) -> Line:
    """Read a row of a table with a heading."""
    try:
        wanting = _row_wanting(text, cells, desk)
    except UnclearError as error:
        return Line(number=number, text=clean(text)[:LONGEST_LINE], wanting=None, problem=error.note)
    return Line(number=number, text=wanting.text, wanting=wanting, problem=None)


def _row_wanting(text: str, cells: Mapping[str, str], desk: Desk) -> Wanting:
    if len(text) > LONGEST_LINE:
        raise UnclearError(f"the row is longer than {LONGEST_LINE} characters", f"строка длиннее {LONGEST_LINE} знаков")
    channel = named_channel(cells["channel"], desk.channels) if cells.get("channel") else None
    today = _today(desk, channel)
    day, clocks, zone = today, list[timedelta](), _zone(desk, channel)
    for column in ("day", "from", "to"):
        found = take_times(cells.get(column, ""), today)
        if found.rest.strip(" .,") and not (column == "day" and found.rest.strip().casefold() in ("сегодня", "today")):
            what = clean(found.rest)
            raise UnclearError(f"'{what}' is no day or time", f"«{what}» — не день и не время")
        if found.shift is not None:
            day = utc_from_ns(desk.now_ns).astimezone(zone).date() + timedelta(days=found.shift)
        day, clocks, zone = found.day or day, clocks + found.clocks, found.zone or zone
    if cells.get("to") and len(clocks) < 2:
        raise UnclearError("it has an end and no beginning", "есть конец, но нет начала")
    wanting = _wanting(clean(text), clean(cells.get("name", "")), channel, day, clocks, zone)
    due = take_times(cells.get("due", ""), today)
    due_ns = at(due.day or today, due.clocks[0], due.zone or zone) if due.clocks else None
    target = clean(cells.get("target", "")) or None
    check_target(target, desk.targets)
    return replace(wanting, due_ns=due_ns, target=target)


def _wanting(
    text: str, name: str, channel: str | None, day: date, clocks: Sequence[timedelta], zone: tzinfo
) -> Wanting:
    if len(name) > LONGEST_NAME:
        raise UnclearError(
            f"the name is longer than {LONGEST_NAME} characters", f"название длиннее {LONGEST_NAME} знаков"
        )
    if len(clocks) == 2:
        start, end = at(day, clocks[0], zone), at(day, clocks[1], zone)
        if clocks[1] < clocks[0]:
            end = at(day + timedelta(days=1), clocks[1], zone)
        check_range(start, end)
        return Wanting(text=text, kind=Wanted.RANGE, channel=channel, name=name or None, start_ns=start, end_ns=end)
    if not name and not clocks:
        raise UnclearError("there is no name and no time in this line", "в строке нет ни названия, ни времени")
    if clocks:
        start, over = at(day, clocks[0], zone), None
    else:
        start, over = start_of(day, zone), start_of(day + timedelta(days=1), zone)
    return Wanting(text=text, kind=Wanted.PROGRAMME, channel=channel, name=name or None, start_ns=start, end_ns=over)


def _today(desk: Desk, channel: str | None) -> date:
    return desk.day or utc_from_ns(desk.now_ns).astimezone(_zone(desk, channel)).date()


def _zone(desk: Desk, channel: str | None) -> tzinfo:
    return desk.zone if channel is None else desk.zones.get(channel, desk.zone)


def _take_channel(rest: str, channels: Mapping[str, str]) -> tuple[str | None, str]:
    """Take a channel out that a line begins or ends with, or names after «на»; returns it, and what is left."""
    for called, name in _called(channels):
        word = re.escape(called)
        for pattern in (
            rf"^[\s\W]*{word}(?!\w)[\s:.,|-]*",
            rf"(?<!\w)(?:на\s+|on\s+)?{word}[\s\W]*$",
            rf"(?<!\w)(?:на|on)\s+{word}(?!\w)",
        ):
            match = re.search(pattern, rest, re.IGNORECASE)
            if match is not None:
                return name, f"{rest[: match.start()]} {rest[match.end() :]}"
    return None, rest


def _called(channels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what channels are called and their short names, the longest first: «Россия 1» before «Россия»."""
    called = [(shown, name) for name, title in channels.items() for shown in {name, title} if shown]
    return sorted(called, key=lambda pair: (-len(pair[0]), pair))


def named_channel(cell: str, channels: Mapping[str, str]) -> str:
    """Return the short name of a channel that is called so. Raises UnclearError, which names those that there are."""
    for called, name in _called(channels):
        if called.casefold() == clean(cell).casefold():
            return name
    there = ", ".join(title or name for name, title in channels.items())
    what = clean(cell)
    raise UnclearError(f"no channel is called '{what}'; there are: {there}", f"нет канала «{what}»; есть: {there}")


def _tidy(name: str) -> str:
    """Take off what punctuation taking things out has left."""
    return clean(re.sub(r"(?<!\w)[,:|]+|[,:|]+(?=\s*[,:|]|\s*$)", " ", name)).strip(" .,:|–—-")


def _columns(line: str) -> tuple[str, list[str | None]] | None:
    """Return the delimiter and the columns when a line is the heading of a table."""
    for delimiter in _DELIMITERS:
        cells = [clean(cell).casefold() for cell in _split(line, delimiter)]
        names = [next((name for name, words in _COLUMNS.items() if cell in words), None) for cell in cells]
        known = [name for name in names if name is not None]
        if len(known) >= 2 and len(set(known)) == len(known) and {"name", "from"} & set(known):
            return delimiter, names
    return None


def _cells(line: str, delimiter: str, names: Sequence[str | None]) -> list[tuple[str, str]]:
    return [(name, clean(cell)) for name, cell in zip(names, _split(line, delimiter), strict=False) if name is not None]


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a cell longer than the module allows, or a stray line end
        return line.split(delimiter)


def moment_ns(moment: datetime) -> int:
    """Return an aware moment as wall time, nanoseconds."""
    since = moment - utc_from_ns(0)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * (NS // 1_000_000)
