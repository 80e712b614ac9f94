import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.config import load
from streamproc.config_file import ConfigFile, version_of
from streamproc.errors import ConfigError, ConfigRefused, ConfigStale

STUDIO = """# Our studio
data_dir = "data"  # on the large disk

# the first channel
[[channels]]
name = "one"  # short
url = "udp://127.0.0.1:9"   # the feed
[channels.retention]
max_age_h = 24  # a day

# the second channel
[[channels]]
name = "two"
url = "udp://127.0.0.1:10"

# --- what follows is for the archive

# the archive
[[targets]]
name = "site"
url = "file:///tmp"
"""
ONE = {"name": "one", "url": "udp://127.0.0.1:9", "retention": {"max_age_h": 24}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "streamproc.toml"
    written.write_text(STUDIO, encoding="utf-8")
    return written


def names(path: Path) -> list[str]:
    return [channel.name for channel in load(path).channels]


def test_a_changed_channel_keeps_every_comment_and_what_did_not_change(path: Path) -> None:
    ConfigFile(path).put("one", {**ONE, "retention": {"max_age_h": 48}})
    assert path.read_text() == STUDIO.replace("max_age_h = 24", "max_age_h = 48")


def test_what_is_left_out_of_the_settings_is_taken_out_of_the_file(path: Path) -> None:
    ConfigFile(path).put("one", {"name": "one", "listen": "udp://127.0.0.1:9"})
    assert tomllib.loads(path.read_text())["channels"][0] == {"name": "one", "listen": "udp://127.0.0.1:9"}


def test_the_same_settings_leave_the_file_untouched(path: Path) -> None:
    before = path.stat().st_ino
    ConfigFile(path).put("one", ONE)
    assert (path.read_text(), path.stat().st_ino) == (STUDIO, before)


def test_a_new_channel_stands_after_the_others_and_before_what_follows(path: Path) -> None:
    ConfigFile(path).add({"name": "three", "url": "udp://127.0.0.1:11", "deliver": ["site"]})
    text = path.read_text()
    assert names(path) == ["one", "two", "three"]
    assert text.index('"two"') < text.index('"three"') < text.index("# the archive\n[[targets]]")


def test_a_removed_channel_takes_its_own_comment_along_and_no_other(path: Path) -> None:
    ConfigFile(path).remove("one")
    head, tail = STUDIO.split("# the first channel\n")
    assert path.read_text() == head + "# the second channel\n" + tail.split("# the second channel\n")[1]
    ConfigFile(path).remove("two")
    assert names(path) == []
    assert "# --- what follows is for the archive\n\n# the archive\n[[targets]]" in path.read_text()


def test_the_first_channel_of_a_file_without_any_is_written(path: Path) -> None:
    path.write_text('data_dir = "data"')
    ConfigFile(path).add(ONE)
    assert load(path).channel("one").retention.max_age_h == 24


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"name": "x"}, "needs either url or listen"),
        ({"name": "x", "url": "udp://a:1", "deliver": ["tape"]}, "deliver names no target 'tape'; there are: site"),
        ({"name": "x", "url": "udp://a:1", "retention": {"max_age_h": -1}}, "channels.2.retention.max_age_h = -1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words_and_leaves_the_file_alone(
    path: Path, table: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        ConfigFile(path).add(table)
    assert str(path.parent) not in str(caught.value)
    assert path.read_text() == STUDIO
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_name_that_is_taken_is_refused(path: Path) -> None:
    with pytest.raises(ConfigStale, match="a channel is named 'two' already"):
        ConfigFile(path).add({"name": "two", "url": "udp://127.0.0.1:1"})


def test_settings_that_somebody_else_has_changed_are_not_overwritten(path: Path) -> None:
    file = ConfigFile(path)
    seen = version_of(file.channel("one") or {})
    file.put("one", {**ONE, "title": "Первый"}, seen)
    with pytest.raises(ConfigStale, match="were changed meanwhile"):
        file.put("one", {**ONE, "title": "Другой"}, seen)
    with pytest.raises(ConfigStale, match="were changed meanwhile"):
        file.remove("one", seen)
    assert load(path).channel("one").title == "Первый"


def test_what_the_environment_overrides_counts_and_is_not_written_down(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text(STUDIO.replace('data_dir = "data"', "# data_dir comes from the environment"))
    monkeypatch.setenv("STREAMPROC_DATA_DIR", "/srv/elsewhere")
    ConfigFile(path).put("one", {**ONE, "title": "Первый"})
    assert "elsewhere" not in path.read_text()
    assert load(path).channel("one").title == "Первый"


def test_the_files_rights_stay_and_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    path.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    ConfigFile(link).remove("one")
    assert link.is_symlink()
    assert (names(path), stat.S_IMODE(path.stat().st_mode)) == (["two"], 0o640)


def test_line_ends_of_another_system_stay(path: Path) -> None:
    path.write_bytes(STUDIO.replace("\n", "\r\n").encode())
    ConfigFile(path).put("one", {**ONE, "retention": {"max_age_h": 48}})
    assert path.read_bytes() == STUDIO.replace("max_age_h = 24", "max_age_h = 48").replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    "text",
    [
        'data_dir = "d"\nchannels = [{name = "one", url = "udp://127.0.0.1:9"}]\n',
        'data_dir = """\n[[channels]]\n"""\n[[channels]]\nname = "one"\nurl = "udp://127.0.0.1:9"\n',
    ],
)
def test_a_file_that_can_not_be_changed_without_harm_is_left_to_a_person(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigRefused, match="by hand"):
        ConfigFile(path).put("one", {"name": "one", "url": "udp://127.0.0.1:8"})
    assert path.read_text() == text


def test_a_folder_that_can_not_be_written_to_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("streamproc.config_file.tempfile.mkstemp", refuse)  # root may write everywhere
    with pytest.raises(ConfigRefused, match=r"can't be replaced \(Permission denied\); let the daemon's user write"):
        ConfigFile(path).remove("one")


TITLES = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
TABLES = st.fixed_dictionaries(
    {"name": st.sampled_from(["one", "two", "three", "four"]), "url": st.just("udp://127.0.0.1:9")},
    optional={
        "title": TITLES,
        "retention": st.fixed_dictionaries({}, optional={"max_age_h": st.integers(1, 99), "max_bytes": st.integers(1)}),
        "deliver": st.lists(st.just("site"), max_size=1),
        "logo": st.just("l.png"),
        "region": st.lists(st.just("0,0,0.1,0.1"), min_size=1, max_size=3),
    },
).filter(lambda table: ("logo" in table) == ("region" in table))
STEPS = st.lists(st.tuples(st.sampled_from(["add", "put", "remove"]), TABLES), max_size=6)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_whatever_is_done_the_file_says_it_and_everything_else_stays(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, dict[str, Any]]]
) -> None:
    path = tmp_path_factory.mktemp("file") / "streamproc.toml"
    path.write_text(STUDIO, encoding="utf-8")
    file = ConfigFile(path)
    said = {str(table["name"]): table for table in file.channels()}
    for what, table in steps:
        name = table["name"]
        if (what == "add") == (name in said):
            continue
        if what == "remove":
            file.remove(name)
            del said[name]
        else:
            (file.add if what == "add" else lambda new, name=name: file.put(name, new))(table)
            said[name] = table
    assert {str(table["name"]): table for table in file.channels()} == said
    text = path.read_text(encoding="utf-8")
    assert text.startswith('# Our studio\ndata_dir = "data"  # on the large disk\n')
    assert '# the archive\n[[targets]]\nname = "site"\nurl = "file:///tmp"\n' in text
