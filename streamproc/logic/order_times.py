"""The days and times in a line of a list of wanted pieces, as desks write them: ``26.11 13:25–13:40``, ``вчера``.

Reading takes what it understands out of the line; what is left is the name. What can be read in two ways is refused
with the way to write it: a wrong day is worse than a question.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from streamproc.messages import Note
from streamproc.timebase import NS

YEARS = range(2000, 2200)
"""What lies outside was not meant as a year."""
_START = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = (
    ("января", "январь", "january"),
    ("февраля", "февраль", "february"),
    ("марта", "март", "march"),
    ("апреля", "апрель", "april"),
    ("мая", "май", "may"),
    ("июня", "июнь", "june"),
    ("июля", "июль", "july"),
    ("августа", "август", "august"),
    ("сентября", "сентябрь", "september"),
    ("октября", "октябрь", "october"),
    ("ноября", "ноябрь", "november"),
    ("декабря", "декабрь", "december"),
)
_DAY_WORDS = {"позавчера": -2, "вчера": -1, "вчерашний": -1, "завтра": 1, "yesterday": -1, "tomorrow": 1}
_ZONES = {"мск": "Europe/Moscow", "msk": "Europe/Moscow", "utc": "UTC", "gmt": "UTC"}

_DASH = r"\s*(?:-|–|—|−|до|to)\s*"
_CLOCK = r"(?<![\d:.])(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?![\d:])"
_COLON = re.compile(_CLOCK)
_DOTTED = re.compile(r"(?<![\d.:])(\d{1,2})\.(\d{2})(?![\d:]|\.\d)")
_DOTTED_RANGE = re.compile(_DOTTED.pattern + _DASH + _DOTTED.pattern, re.IGNORECASE)
_WITH_DASH = re.compile(r"(?<!\w)в\s+(\d{1,2})-(\d{2})(?![\d-])", re.IGNORECASE)
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_NUMERIC = re.compile(r"(?<![\d.])(\d{1,2})[./](\d{1,2})[./](\d{4}|\d{2})(?!\d)")
_SHORT = re.compile(r"(?<![\d.:])(\d{1,2})\.(\d{1,2})(?![\d:]|\.\d)")
_IN_WORDS = re.compile(r"(?<!\d)(\d{1,2})\s+([^\W\d_]{3,9})\b\.?(?:\s+(\d{4})(?:\s*г(?:ода|\.)?)?)?", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_ZONE = re.compile(rf"\b({'|'.join(_ZONES)})\b", re.IGNORECASE)
_BETWEEN = re.compile(_DASH, re.IGNORECASE)
_LEADING = re.compile(r"(?<!\w)(?:в|с|со|к|на|от|до|at|from|on|to)\s*$", re.IGNORECASE)


class UnclearError(ValueError):
    """A line, or a time in it, can't be read; ``note`` says how to write it."""

    def __init__(self, en: str, ru: str) -> None:
        super().__init__(en)
        self.note = Note(en=en, ru=ru)


@dataclass(slots=True)
class Found:
    """What was taken out of a line."""

    rest: str
    """What is left."""
    day: date | None = None
    """The day that it names."""
    shift: int | None = None
    """Or how many days from today: вчера is -1."""
    clocks: list[timedelta] = field(default_factory=list)
    """Times of day, in the order in which they stand; at most two."""
    zone: tzinfo | None = None
    """The time zone that it names."""


def take_times(line: str, today: date) -> Found:
    """Take days and times out of a line. today: what days without a year are near. Raises UnclearError."""
    found = Found(line)
    for take in (_take_dates, _take_clocks, _take_short_date, _take_dotted):
        take(found, today)
    if len(found.clocks) > 2:
        raise UnclearError(
            "more than two times in one line; write one piece a line",
            "в строке больше двух времён; пишите по одному фрагменту в строке",
        )
    _take_words(found)
    return found


def at(day: date, clock: timedelta, zone: tzinfo) -> int:
    """Return a time of a day as wall time, nanoseconds since 1970 UTC. Raises UnclearError: there is none, or two."""
    local = datetime.combine(day, time(), tzinfo=zone) + clock
    first, second = _ns(local), _ns(local.replace(fold=1))
    if first != second:
        shown = local.strftime("%H:%M %d.%m")
        if first > second:
            raise UnclearError(
                f"there is no {shown}: the clocks go forward", f"времени {shown} не было: часы перевели вперёд"
            )
        raise UnclearError(
            f"{shown} comes twice: the clocks go back; write the time in UTC, as 00:30 UTC",
            f"время {shown} наступало дважды: часы перевели назад; напишите его в UTC, например 00:30 UTC",
        )
    return first


def start_of(day: date, zone: tzinfo) -> int:
    """Return when a day begins, wall time."""
    return _ns(datetime.combine(day, time(), tzinfo=zone))


def _ns(moment: datetime) -> int:
    since = moment.astimezone(UTC) - _START
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * (NS // 1_000_000)


def _take_dates(found: Found, today: date) -> None:
    """Take dates that can be nothing else."""
    for pattern, order in ((_ISO, (3, 2, 1)), (_NUMERIC, (1, 2, 3))):
        match = pattern.search(found.rest)
        if match is not None:
            day, month, year = (int(match.group(place)) for place in order)
            _set_day(found, match, day, month, year + 2000 if year < 100 else year)
    for match in _IN_WORDS.finditer(found.rest):
        named = _month(match.group(2))
        if named is not None:
            written = int(match.group(3)) if match.group(3) else None
            _set_day(found, match, int(match.group(1)), named, written, today)
            return


def _take_clocks(found: Found, today: date) -> None:
    """Take 13:25, and 13.25-13.40, which can't both be dates."""
    match = _DOTTED_RANGE.search(found.rest)
    if match is not None:
        pairs = [(int(match.group(1)), int(match.group(2))), (int(match.group(3)), int(match.group(4)))]
        if all(_is_clock(*pair) for pair in pairs):
            if all(_is_date(*pair, today) for pair in pairs):
                raise UnclearError(
                    f"'{match.group()}' could be days or times; write times with a colon: 10:10-10:25",
                    f"«{match.group()}» может быть и датами, и временем; пишите время через двоеточие: 10:10-10:25",
                )
            _cut(found, match)
            found.clocks += [timedelta(hours=hours, minutes=minutes) for hours, minutes in pairs]
    while (match := _COLON.search(found.rest)) is not None and len(found.clocks) <= 2:
        found.clocks.append(_clock(match.group(), *match.groups()))
        after = found.rest[match.end() :]
        between = _BETWEEN.match(after)
        if between is not None and len(found.clocks) == 1 and _COLON.match(after, between.end()):
            found.rest = found.rest[: match.end()] + " " + after[between.end() :]
        _cut(found, match)
    while (match := _WITH_DASH.search(found.rest)) is not None and len(found.clocks) <= 2:
        found.clocks.append(_clock(match.group(), match.group(1), match.group(2)))
        _cut(found, match)


def _take_short_date(found: Found, today: date) -> None:
    """Take 26.11: a date where it can be one."""
    for match in _SHORT.finditer(found.rest):
        day, month = int(match.group(1)), int(match.group(2))
        if _is_date(day, month, today):
            _set_day(found, match, day, month, None, today)
            return


def _take_dotted(found: Found, _today: date) -> None:
    """Take 19.00, which is no date."""
    for match in _DOTTED.finditer(found.rest):
        if _is_clock(int(match.group(1)), int(match.group(2))):
            found.clocks.append(timedelta(hours=int(match.group(1)), minutes=int(match.group(2))))
            _cut(found, match)
            return


def _take_words(found: Found) -> None:
    """Take вчера and its like, and the zone of the times."""
    for match in _WORD.finditer(found.rest):
        shift = _DAY_WORDS.get(match.group().casefold())
        if shift is not None:
            if found.day is not None:
                raise UnclearError("two days in one line; leave one out", "в строке два дня; оставьте один")
            found.shift = shift
            _cut(found, match)
            break
    if found.clocks:
        zone = _ZONE.search(found.rest)
        if zone is not None:
            found.zone = ZoneInfo(_ZONES[zone.group().casefold()])
            _cut(found, zone)


def _cut(found: Found, match: "re.Match[str]") -> None:
    """Take a match out of the line, with the preposition before it."""
    before = _LEADING.sub("", found.rest[: match.start()])
    found.rest = f"{before} {found.rest[match.end() :]}"


def _set_day(
    found: Found, match: "re.Match[str]", day: int, month: int, year: int | None, today: date | None = None
) -> None:
    if found.day is not None:
        raise UnclearError("two days in one line; leave one out", "в строке два дня; оставьте один")
    wanted = _nearest(day, month, today) if year is None and today is not None else _date(year, month, day)
    if wanted is None:
        raise UnclearError(f"there is no day '{match.group().strip()}'", f"дня «{match.group().strip()}» не бывает")
    found.day = wanted
    _cut(found, match)


def _nearest(day: int, month: int, today: date) -> date | None:
    """Return the day of that name that is nearest to today."""
    years = (today.year - 1, today.year, today.year + 1)
    days = [found for year in years if (found := _date(year, month, day)) is not None]
    return min(days, key=lambda found: abs(found - today), default=None)


def _date(year: int | None, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year is not None and year in YEARS else None
    except ValueError:
        return None


def _is_date(day: int, month: int, today: date) -> bool:
    return _nearest(day, month, today) is not None


def _is_clock(hours: int, minutes: int) -> bool:
    return hours < 24 and minutes < 60


def _clock(text: str, hours: str, minutes: str, seconds: str | None = None, part: str | None = None) -> timedelta:
    """Return a time of day; 24:00 is the next day's beginning. Raises UnclearError."""
    h, m, s = int(hours), int(minutes), int(seconds or 0)
    if m > 59 or s > 59 or h > 24 or (h == 24 and (m or s)):
        raise UnclearError(f"there is no time '{text.strip()}'", f"времени «{text.strip()}» не бывает")
    micros = int((part or "0").ljust(6, "0")[:6])
    return timedelta(hours=h, minutes=m, seconds=s, microseconds=micros)


def _month(word: str) -> int | None:
    """Return the month that a word of three letters or more is the name of, or begins."""
    begin = word.casefold()
    for number, names in enumerate(_MONTHS, start=1):
        if any(name.startswith(begin) for name in names):
            return number
    return None
