import re
from pathlib import Path

import pytest

from streamproc.config import load
from streamproc.errors import ConfigError

GOOD = """
data_dir = "data"
[web]
port = 9000
[[channels]]
name = "ntv"
url = "rtmp://user:secret@example.org/live/KEY"
model = "models/ntv"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "streamproc.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load(write(tmp_path, GOOD), {})
    assert settings.data_dir == tmp_path / "data"
    assert settings.channels[0].model == tmp_path / "models/ntv"


def test_the_environment_overrides_single_keys(tmp_path: Path) -> None:
    settings = load(write(tmp_path, GOOD), {"STREAMPROC_WEB__PORT": "9001", "STREAMPROC_DATA_DIR": "/srv/x"})
    assert (settings.web.port, settings.data_dir) == (9001, Path("/srv/x"))


def test_the_page_binds_to_loopback_unless_told_otherwise(tmp_path: Path) -> None:
    assert load(write(tmp_path, GOOD), {}).web.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("port = 9000", "prot = 9000"), "unknown key 'web.prot'"),
        (("port = 9000", "port = 70000"), "web.port = 70000: .*65535"),
        (('data_dir = "data"', ""), "'data_dir' is missing"),
        (('url = "rtmp', 'url = "gopher'), "scheme 'gopher'; use one of"),
        (('name = "ntv"', 'name = "НТВ"'), "channels.0.name = 'НТВ'"),
        (('model = "models/ntv"', 'listen = "rtmp://0.0.0.0/live/x"'), "either url or listen"),
        (("port = 9000", "port = "), "not valid TOML"),
        (
            ('model = "models/ntv"', "ingest.retry_initial_s = 9\ningest.retry_max_s = 3"),
            "retry_initial_s = 9.0 is above",
        ),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    path = write(tmp_path, GOOD.replace(*change))
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    message = str(caught.value)
    assert re.search(says, message)
    assert str(path) in message
    assert "\n" not in message


def test_a_stream_key_is_never_part_of_a_message(tmp_path: Path) -> None:
    for change in (('url = "rtmp', 'url = "gopher'), ('url = "', 'url = 5 # "'), ('name = "ntv"', 'name = "N"')):
        with pytest.raises(ConfigError) as caught:
            load(write(tmp_path, GOOD.replace(*change)), {})
        assert "KEY" not in str(caught.value)
        assert "secret" not in str(caught.value)


def test_two_channels_of_one_name_are_refused(tmp_path: Path) -> None:
    again = '[[channels]]\nname = "ntv"\nurl = "rtmp://example.org/live/b"\n'
    with pytest.raises(ConfigError, match="two channels are named 'ntv'"):
        load(write(tmp_path, GOOD + again), {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: can't be read"):
        load(tmp_path / "nowhere.toml", {})
