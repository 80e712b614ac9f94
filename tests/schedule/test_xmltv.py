"""XMLTV as it is found, with its faults."""

import gzip
import resource
import subprocess
import sys
from datetime import UTC
from pathlib import Path

import pytest

from streamproc.errors import ScheduleError
from streamproc.schedule.xmltv import Entry, Guide, read_channels, read_guide
from streamproc.timebase import iso_utc

EPG = Path(__file__).parents[3] / "shared" / "data" / "epg"
CHANNELS = '<channel id="1"><display-name>Первый</display-name></channel><channel id="3"/>'


def programme(start: str, stop: str | None, inside: str = "<title>Сегодня</title>", channel: str = "1") -> str:
    until = "" if stop is None else f' stop="202608{stop}00 +0300"'
    return f'<programme channel="{channel}" start="202608{start}00 +0300"{until}>{inside}</programme>'


def guide(folder: Path, *programmes: str, encoding: str = "utf-8", declared: str = "utf-8") -> Guide:
    path = folder / "guide.xml"
    text = f'<?xml version="1.0" encoding="{declared}"?><tv>{CHANNELS}{"".join(programmes)}</tv>'
    path.write_bytes(text.encode(encoding))
    return read_guide(path, {"1"}, UTC, ("ru", "en"))


def shown(entries: tuple[Entry, ...]) -> list[tuple[str, str | None]]:
    return [(iso_utc(one.start_ns)[11:16], one.stop_ns and iso_utc(one.stop_ns)[11:16]) for one in entries]


def test_a_channel_is_read_with_its_display_names(tmp_path: Path) -> None:
    guide(tmp_path)
    assert read_channels(tmp_path / "guide.xml") == {"1": ("Первый",), "3": ()}


def test_entries_of_the_wanted_channel_are_read_in_order_of_time(tmp_path: Path) -> None:
    found = guide(
        tmp_path,
        programme("221000", "221100"),
        programme("220900", "221000"),
        programme("220900", "221000", channel="3"),
    )
    assert shown(found.entries["1"]) == [("06:00", "07:00"), ("07:00", "08:00")]
    assert found.notes == ()


def test_of_several_languages_the_most_wanted_is_taken(tmp_path: Path) -> None:
    titles = '<title lang="de">Heute</title><title lang="en">Today</title><title lang="ru-RU">Сегодня</title>'
    (entry,) = guide(tmp_path, programme("220900", None, titles)).entries["1"]
    assert (entry.title, entry.language) == ("Сегодня", "ru-RU")


def test_a_title_without_a_language_is_taken_before_one_in_an_unwanted_language(tmp_path: Path) -> None:
    titles = '<title lang="de">Heute</title><title>Сегодня</title>'
    (entry,) = guide(tmp_path, programme("220900", None, titles)).entries["1"]
    assert (entry.title, entry.language) == ("Сегодня", None)


def test_a_title_that_was_escaped_twice_is_read_as_it_was_meant(tmp_path: Path) -> None:
    (entry,) = guide(
        tmp_path, programme("220900", None, "<title>&amp;#34;Утро&amp;#34; &amp;amp; день</title>")
    ).entries["1"]
    assert entry.title == '"Утро" & день'


@pytest.mark.parametrize(
    ("numbers", "episode"),
    [
        ('<episode-num system="xmltv_ns">1 . 4/10 . 0/1</episode-num>', "S02E05"),
        ('<episode-num system="xmltv_ns">.4.</episode-num>', "E05"),
        ('<episode-num system="xmltv_ns">1.4.</episode-num><episode-num>2-я серия</episode-num>', "2-я серия"),
        ("", None),
    ],
)
def test_season_and_episode_are_read_in_both_ways(numbers: str, episode: str | None, tmp_path: Path) -> None:
    (entry,) = guide(tmp_path, programme("220900", None, f"<title>Пёс</title>{numbers}")).entries["1"]
    assert entry.episode == episode


def test_a_missing_stop_is_the_next_start_and_the_last_one_has_none(tmp_path: Path) -> None:
    found = guide(tmp_path, programme("220900", None), programme("221000", None))
    assert shown(found.entries["1"]) == [("06:00", "07:00"), ("07:00", None)]


def test_what_overlaps_is_cut_where_the_next_begins_and_that_is_said(tmp_path: Path) -> None:
    found = guide(tmp_path, programme("220900", "221030"), programme("221000", "221100"))
    assert shown(found.entries["1"]) == [("06:00", "07:00"), ("07:00", "08:00")]
    assert found.notes == ("guide.xml: channel '1': 1 entries overlap the next one; they are cut where it begins",)


def test_of_two_that_begin_together_the_later_one_in_the_file_stays(tmp_path: Path) -> None:
    first, second = (programme("220900", None, f"<title>{name}</title>") for name in ("Прежнее", "Новое"))
    assert [entry.title for entry in guide(tmp_path, first, second).entries["1"]] == ["Новое"]


@pytest.mark.parametrize(
    "bad", [programme("229900", None), programme("220900", "220800"), programme("220900", None, "<desc>?</desc>")]
)
def test_a_faulty_entry_is_left_out_and_named_with_its_line(bad: str, tmp_path: Path) -> None:
    good = [programme(f"22{hour:02}00", None) for hour in range(10, 22)]
    found = guide(tmp_path, *good, bad)
    assert len(found.entries["1"]) == len(good)
    assert len(found.notes) == 1
    assert "1 of 13 entries can't be read; line 1:" in found.notes[0]


def test_a_channel_of_which_too_much_is_faulty_is_not_taken_and_the_zone_is_named(tmp_path: Path) -> None:
    found = guide(tmp_path, *(programme(f"22{hour:02}00", None).replace(" +0300", " MSQ") for hour in range(10, 13)))
    assert found.entries == {}
    assert "3 of 3 entries can't be read" in found.faults["1"]
    assert "unknown zone 'MSQ'" in found.faults["1"]


def test_a_channel_without_programmes_is_not_taken(tmp_path: Path) -> None:
    assert guide(tmp_path).faults == {"1": "guide.xml: channel '1' has no programmes"}


@pytest.mark.parametrize("encoding", ["windows-1251", "koi8-r", "utf-16"])
def test_a_file_in_the_encoding_that_it_declares_is_read(encoding: str, tmp_path: Path) -> None:
    (entry,) = guide(tmp_path, programme("220900", None), encoding=encoding, declared=encoding).entries["1"]
    assert entry.title == "Сегодня"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (f"<tv>{programme('220900', None)}</tv>".encode("windows-1251"), "guide.xml: not readable as XML: .*line 1"),
        (b"<tv><channel id='1'>", "guide.xml: not readable as XML: "),
        (b"", "guide.xml: not readable as XML: "),
        (b"<html></html>", "guide.xml: not XMLTV; its root is <html>"),
        (gzip.compress(b"<tv></tv>", mtime=0)[:-6], "guide.xml: can't be read: "),
    ],
)
def test_a_file_that_is_no_xmltv_is_refused_in_one_line(content: bytes, what: str, tmp_path: Path) -> None:
    (tmp_path / "guide.xml").write_bytes(content)
    with pytest.raises(ScheduleError, match=what) as caught:
        read_guide(tmp_path / "guide.xml", {"1"}, UTC, ("ru",))
    assert "\n" not in str(caught.value)


def test_a_gzipped_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "guide").write_bytes(gzip.compress(f"<tv>{CHANNELS}{programme('220900', None)}</tv>".encode()))
    assert len(read_guide(tmp_path / "guide", {"1"}, UTC, ("ru",)).entries["1"]) == 1


def test_an_entity_that_would_read_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    text = f'<!DOCTYPE tv [<!ENTITY x SYSTEM "{tmp_path / "secret"}">]><tv>{CHANNELS}'
    (tmp_path / "guide.xml").write_text(f"{text}{programme('220900', None, '<title>a&x;b</title>')}</tv>")
    (entry,) = read_guide(tmp_path / "guide.xml", {"1"}, UTC, ("ru",)).entries["1"]
    assert "s3cret" not in entry.title


def test_a_hundred_megabytes_take_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "guide.xml"
    filler = programme("220900", "221000", f"<title>Сериал</title><desc>{'о' * 400}</desc>", channel="3") + "\n"
    with path.open("w", encoding="utf-8") as file:
        file.write(f"<tv>{CHANNELS}{programme('220900', None)}")
        for _ in range(100_000_000 // len(filler.encode())):
            file.write(filler)
        file.write("</tv>")
    code = (
        "import resource, sys; from datetime import UTC; from pathlib import Path\n"
        "from streamproc.schedule.xmltv import read_channels, read_guide\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "assert read_channels(Path(sys.argv[1])).keys() == {'1', '3'}\n"
        "assert len(read_guide(Path(sys.argv[1]), {'1'}, UTC, ('ru',)).entries['1']) == 1\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) * resource.getpagesize() // 4096 < 30_000  # kilobytes


@pytest.mark.shared_data
@pytest.mark.skipif(not EPG.exists(), reason="the team's listings are not here")
@pytest.mark.parametrize("name", ["ntv_and_others_2022-06.xml", "ntv_and_others_2026-08.xml"])
def test_real_listings_are_read_without_a_fault(name: str) -> None:
    channels = read_channels(EPG / name)
    found = read_guide(EPG / name, channels, UTC, ("ru",))
    assert any("НТВ" in names for names in channels.values())
    assert sum(len(entries) for entries in found.entries.values()) > 400
    assert all("&#" not in entry.title for entries in found.entries.values() for entry in entries)
