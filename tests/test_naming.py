"""Names of files follow a pattern and suit every file system."""

from datetime import datetime
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pathvalidate import Platform, is_valid_filename

from streamproc.errors import ConfigError
from streamproc.naming import DEFAULT_PATTERN, Named, name_of, unique

START = datetime(2026, 11, 27, 19, 0, 12)  # noqa: DTZ001 - a name says local time
TODAY = Named(channel="НТВ", title="Сегодня", start=START, number=812)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        (DEFAULT_PATTERN, "НТВ/2026-11-27 19.00.12 Сегодня.mp4"),
        ("{date}/{channel} {title} {number}", "2026-11-27/НТВ Сегодня 812.mp4"),
        ("{title}", "Сегодня.mp4"),
    ],
)
def test_a_name_follows_its_pattern_and_keeps_cyrillic(pattern: str, name: str) -> None:
    assert str(name_of(pattern, TODAY)) == name


def test_what_is_not_known_leaves_no_hole() -> None:
    bare = Named(channel="one", title=None, start=None, number=None)
    assert str(name_of(DEFAULT_PATTERN, bare)) == "one/piece.mp4"


@given(title=st.text(max_size=400), channel=st.text(min_size=1, max_size=40))
def test_any_title_gives_a_name_that_every_file_system_takes(title: str, channel: str) -> None:
    name = name_of(DEFAULT_PATTERN, Named(channel=channel, title=title, start=START, number=1))
    assert not name.is_absolute()
    assert ".." not in name.parts
    for part in name.parts:
        assert is_valid_filename(part, platform=Platform.UNIVERSAL)
        assert len(part.encode()) <= 255


def test_a_slash_in_a_title_makes_no_folder() -> None:
    name = name_of("{title}", Named(channel="one", title="../../etc/passwd", start=None, number=1))
    assert len(name.parts) == 1


def test_a_name_that_is_taken_gets_a_number() -> None:
    taken = {PurePosixPath("a/b.mp4"), PurePosixPath("a/b (2).mp4")}
    assert unique(PurePosixPath("a/b.mp4"), taken.__contains__) == PurePosixPath("a/b (3).mp4")


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("{show}", "asks for {show}; there are channel, title"),
        ("{title", "can't be read"),
        ("films", "gives every file one name"),
        ("/srv/{title}", "leaves its folder"),
        ("../{title}", "leaves its folder"),
    ],
)
def test_a_pattern_that_can_not_be_used_is_refused_in_one_line(pattern: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        name_of(pattern, TODAY)
