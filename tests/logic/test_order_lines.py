from contextlib import suppress
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.logic.order_lines import (
    LONGEST_LINE,
    LONGEST_NAME,
    MOST_LINES,
    Desk,
    Line,
    decode,
    read_list,
    shown_time,
)
from streamproc.logic.order_times import UnclearError
from streamproc.messages import Wanted
from streamproc.timebase import NS

MOSCOW = ZoneInfo("Europe/Moscow")
NOON_NS = 1_795_770_000 * NS  # 2026-11-27 12:00 in Moscow
DESK = Desk(
    now_ns=NOON_NS,
    zone=MOSCOW,
    channels={"ntv": "НТВ", "one": "Первый канал", "r1": "Россия 1"},
    zones={"r1": ZoneInfo("Asia/Vladivostok")},
    targets=frozenset({"site"}),
)


def read(text: str, desk: Desk = DESK) -> list[tuple[str | None, str | None, str | None, str | None]]:
    """(channel, name, start, end) of each line, in Moscow's time; the problem in the place of the name."""
    rows = []
    for line in read_list(text, desk):
        if line.wanting is None:
            assert line.problem is not None
            rows.append((None, f"! {line.problem.en}", None, None))
        else:
            w = line.wanting
            end = None if w.end_ns is None else shown_time(w.end_ns, MOSCOW)
            rows.append((w.channel, w.name, shown_time(w.start_ns, MOSCOW), end))
    return rows


def test_free_lines_are_read_as_desks_write_them() -> None:
    text = "Сегодня в 19:00\nНТВ 12:30-12:45 интервью\nМесто встречи, вчера\n\n2. ЧП 26.11 13:25–13:40\n— Вести на НТВ"
    assert read(text) == [
        (None, "Сегодня", "27.11 19:00", None),
        ("ntv", "интервью", "27.11 12:30", "27.11 12:45"),
        (None, "Место встречи", "26.11 00:00", "27.11 00:00"),
        (None, "ЧП", "26.11 13:25", "26.11 13:40"),
        ("ntv", "Вести", "27.11 00:00", "28.11 00:00"),
    ]


def test_a_line_with_only_a_day_or_a_channel_is_a_heading_for_those_below() -> None:
    text = "Вчера, НТВ:\nСвоя игра\nСегодня 19:00\nПервый канал 21:00 Время"
    assert read(text) == [
        ("ntv", "Своя игра", "26.11 00:00", "27.11 00:00"),
        ("ntv", "Сегодня", "26.11 19:00", None),
        ("one", "Время", "26.11 21:00", None),
    ]


def test_a_range_may_pass_midnight() -> None:
    assert read("НТВ 26.11 23:50-00:10 финал") == [("ntv", "финал", "26.11 23:50", "27.11 00:10")]


def test_times_are_those_of_the_channels_own_zone() -> None:
    assert read("Россия 1, 26.11 19:00 Вести") == [("r1", "Вести", "26.11 12:00", None)]


def test_a_list_may_be_of_another_day() -> None:
    desk = Desk(now_ns=NOON_NS, zone=MOSCOW, day=date(2026, 11, 20), channels={}, zones={})
    assert read("Вести 20:00", desk) == [(None, "Вести", "20.11 20:00", None)]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_table_with_a_heading_is_read_by_its_columns(delimiter: str) -> None:
    rows = [
        ["Канал", "Название", "Дата", "Начало", "Конец", "Куда", "Срок"],
        ["НТВ", '"Место; встречи, итоги"', "26.11", "14:00", "", "site", "18:00"],
        ["ntv", "интервью", "вчера", "12:30", "12:45", "", ""],
        ["Звезда", "Вести", "", "", "", "", ""],
        ["", "Вести", "", "", "12:00", "", ""],
        ["", "Вести", "", "20:00", "", "ftp", ""],
    ]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    assert read(text) == [
        ("ntv", "Место; встречи, итоги", "26.11 14:00", None),
        ("ntv", "интервью", "26.11 12:30", "26.11 12:45"),
        (None, "! no channel is called 'Звезда'; there are: НТВ, Первый канал, Россия 1", None, None),
        (None, "! it has an end and no beginning", None, None),
        (None, "! no target is named 'ftp'; there are: site", None, None),
    ]
    first = read_list(text, DESK)[0].wanting
    assert first is not None
    assert first.due_ns is not None
    assert (first.target, shown_time(first.due_ns, MOSCOW)) == ("site", "27.11 18:00")


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_table_without_a_heading_is_read_like_free_lines(delimiter: str) -> None:
    text = delimiter.join(["НТВ", "26.11", "12:30", "12:45", "интервью"])
    assert read(text) == [("ntv", "интервью", "26.11 12:30", "26.11 12:45")]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("12:45-12:30 интервью", "longer than 12 hours"),
        ("12:30-12:30 интервью", "ends before it begins"),
        ("25:00 Вести", "no time '25:00'"),
        ("...", "no name and no time"),
        ("x" * (LONGEST_LINE + 1), f"longer than {LONGEST_LINE}"),
        ("x" * (LONGEST_NAME + 1), f"longer than {LONGEST_NAME}"),
    ],
)
def test_a_line_that_makes_no_sense_says_why_and_the_next_is_taken(line: str, words: str) -> None:
    wrong, right = read_list(f"{line}\nВести 20:00", DESK)
    assert wrong.problem is not None
    assert words in wrong.problem.en
    assert right.wanting is not None


def test_the_same_wish_written_otherwise_has_the_same_key() -> None:
    first, second, other = read_list("НТВ 26.11 14:00 Место встречи\n«Месту встречи», 14.00, вчера, НТВ\nВести", DESK)
    keys = [line.wanting.key for line in (first, second, other) if line.wanting is not None]
    assert keys[0] == keys[1] != keys[2]


def test_a_line_asks_for_a_programme_or_for_a_range() -> None:
    kinds = [line.wanting.kind for line in read_list("Вести 20:00\nВести 20:00-20:05", DESK) if line.wanting]
    assert kinds == [Wanted.PROGRAMME, Wanted.RANGE]


@pytest.mark.parametrize("text", ["", " \n\t\n"])
def test_an_empty_list_is_said_so(text: str) -> None:
    with pytest.raises(UnclearError, match="empty"):
        read_list(text, DESK)


def test_a_list_that_is_too_long_is_refused_as_a_whole() -> None:
    with pytest.raises(UnclearError, match=f"at most {MOST_LINES}"):
        read_list("Вести\n" * (MOST_LINES + 1), DESK)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
def test_the_encodings_that_desks_save_in_are_told_apart(encoding: str) -> None:
    assert decode("Место встречи, вчера — «ЧП»".encode(encoding)) == "Место встречи, вчера — «ЧП»"


@pytest.mark.parametrize("data", [b"\x00\x01\x02", b"\x98\xff\x00", "x".encode("utf-16-be")])
def test_what_is_no_text_is_said_so(data: bytes) -> None:
    with pytest.raises(UnclearError, match="not a text"):
        decode(data)


ODD = st.sampled_from(list("0123456789:.,;-–—/\\\"'«»\t\n\r\x00\x0b\u2028\ud800 вчераКНТВсегодня"))
PASTED = st.one_of(st.text(), st.lists(ODD).map("".join))


@settings(max_examples=400)
@given(PASTED)
def test_whatever_is_pasted_each_line_is_an_order_or_says_what_is_wrong(text: str) -> None:
    lines: list[Line] = []
    with suppress(UnclearError):
        lines = read_list(text, DESK)
    for line in lines:
        assert (line.wanting is None) != (line.problem is None)
        if line.wanting is not None:
            assert line.wanting.key
            line.wanting.text.encode()  # a database takes it
            assert "\0" not in line.wanting.text
            assert line.wanting.name is None or line.wanting.name.encode()


@given(st.binary())
def test_whatever_the_bytes_they_are_a_text_or_said_to_be_none(data: bytes) -> None:
    text = ""
    with suppress(UnclearError):
        text = decode(data)
    assert "\0" not in text
